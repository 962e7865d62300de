// Requests to the collector of the survey's answers, which is there if it answers `GET /api/v1/survey`.

import { translateMessage } from '../i18n/i18n.js';
import { keepSurvey, keptSurvey } from './answer-storage.js';
import { invitation } from './invitation.js';
import { format } from './words.js';

/** @import { SurveyConfig } from '../types.js' */

const API = new URL('../../api/v1/', import.meta.url);
const STATIC = new URL('../../survey/config.json', import.meta.url);

/** The collector gets as long as this to answer, in milliseconds. */
const PATIENCE = 20_000;
/** Answers that say: not now. */
const LATER = [408, 425, 429];
/** What servers of plain files answer to what they cannot take. */
const ELSEWHERE = [403, 404, 405, 501];
/** The problem that this page's own server has where it collects no answers. */
const NO_SUCH_PATH = 'urn:soundalike:problem:no-such-path';

/**
 * The survey, and whether somebody collects its answers: not known without a network.
 * @returns {Promise<{config: SurveyConfig, collector: boolean | null} | null>} null where there is no survey
 */
export async function fetchSurvey() {
  // The link of this visit is remembered, wherever it leads from here.
  invitation();
  let collector = /** @type {boolean | null} */ (null);
  if (navigator.onLine) {
    try {
      const response = await fetch(new URL('survey', API), {
        cache: 'no-store',
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.ok) {
        const config = await json(response);
        if (isSurvey(config)) {
          await keepSurvey(config);
          return { config, collector: true };
        }
      }
      // A server without a collector knows no such address; one in trouble may have one.
      collector = response.status < 500 && !LATER.includes(response.status) ? false : null;
    } catch {
      // No connection, or a server that says nothing.
    }
  }
  const kept = collector === false ? null : await keptSurvey();
  if (isSurvey(kept)) return { config: kept, collector };
  try {
    const response = await fetch(STATIC);
    const config = response.ok ? await json(response) : null;
    return isSurvey(config) ? { config, collector } : null;
  } catch {
    return null;
  }
}

/** @param {any} config @returns {config is SurveyConfig} */
function isSurvey(config) {
  return typeof config?.id === 'string' && Array.isArray(config.songs) && Boolean(config.model);
}

/** @param {Response} response @returns {Promise<any>} null if it is none */
async function json(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** What came of one try. @typedef {'done' | 'later' | 'gone' | 'none' | 'refused'} Outcome */

/**
 * @param {'POST' | 'DELETE'} method
 * @param {string} participant
 * @param {string} secret
 * @param {unknown} [body]
 * @returns {Promise<{outcome: Outcome, said: string, wait: number}>} `wait` in milliseconds, if it was asked for
 */
export async function send(method, participant, secret, body) {
  const address = method === 'POST' ? 'answers' : `answers/${encodeURIComponent(participant)}`;
  let response;
  try {
    response = await fetch(new URL(address, API), {
      method,
      headers: headersOf(method, secret),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    return { outcome: 'later', said: '', wait: 0 };
  }
  if (response.ok) return { outcome: 'done', said: '', wait: 0 };
  const { status } = response;
  const problem = response.headers.get('content-type')?.includes('json')
    ? await json(response)
    : null;
  const said = typeof problem?.detail === 'string' ? translateProblem(problem) : '';
  // Without a problem of its own it is not the collector that speaks, but a server that has none.
  const speaks = problem && problem.type !== NO_SUCH_PATH;
  if (!speaks && ELSEWHERE.includes(status)) return { outcome: 'none', said, wait: 0 };
  if (status >= 500 || LATER.includes(status)) {
    return { outcome: 'later', said, wait: waitOf(response.headers.get('retry-after')) };
  }
  if (status === 410) return { outcome: 'gone', said, wait: 0 };
  if (method === 'DELETE' && status === 404) return { outcome: 'gone', said, wait: 0 };
  return {
    outcome: 'refused',
    said: said || format('The collector answered {}.', status),
    wait: 0,
  };
}

/** What the collector says, in the page's language. @param {{type?: string, detail: string}} problem */
function translateProblem({ type, detail }) {
  const code = `problem.${type?.split(':').at(-1)?.replaceAll('-', '_')}`;
  return translateMessage({ code, arguments: [], details: [], text: detail });
}

/** @param {'POST' | 'DELETE'} method @param {string} secret */
function headersOf(method, secret) {
  const headers = new Headers({ Authorization: `Bearer ${secret}` });
  if (method === 'DELETE') return headers;
  headers.set('Content-Type', 'application/json');
  const code = invitation();
  if (code) headers.set('Soundalike-Invitation', code);
  return headers;
}

/** @param {string | null} header seconds, or a date @returns {number} milliseconds */
function waitOf(header) {
  if (!header) return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.min(Math.max(0, wait || 0), 24 * 3600_000);
}
