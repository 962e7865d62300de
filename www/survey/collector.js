// The way of answers to the collector: what is asked, and a queue that sends what waits, again and again with
// growing pauses, until the collector has it. A collector is one that answers `GET /api/v1/survey`.

import { allAnswers, dropAnswer, keepAnswer, keepSurvey, keptSurvey } from './answer-storage.js';

/** @import { StoredAnswer, SurveyConfig } from '../types.js' */

const API = new URL('../../api/v1/', import.meta.url);
const STATIC = new URL('../../survey/config.json', import.meta.url);

/** The collector gets as long as this to answer, in milliseconds. */
const PATIENCE = 20_000;
/** The first pause and the longest, in milliseconds. */
const PAUSE = { first: 5_000, longest: 15 * 60_000 };
/** Answers that say: not now. */
const LATER = [408, 425, 429];
/** What servers of plain files answer to what they cannot take. */
const ELSEWHERE = [403, 404, 405, 501];

/**
 * The survey, and whether somebody collects its answers: not known without a network.
 * @returns {Promise<{config: SurveyConfig, collector: boolean | null} | null>} null where there is no survey
 */
export async function fetchSurvey() {
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
  const headers = new Headers({ Authorization: `Bearer ${secret}` });
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  let response;
  try {
    response = await fetch(new URL(address, API), {
      method,
      headers,
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
  const said = typeof problem?.detail === 'string' ? problem.detail : '';
  // Without a problem of its own it is not the collector that speaks, but a server that has none.
  if (!problem && ELSEWHERE.includes(status)) return { outcome: 'none', said, wait: 0 };
  if (status >= 500 || LATER.includes(status)) {
    return { outcome: 'later', said, wait: waitOf(response.headers.get('retry-after')) };
  }
  if (status === 410) return { outcome: 'gone', said, wait: 0 };
  if (method === 'DELETE' && status === 404) return { outcome: 'gone', said, wait: 0 };
  return { outcome: 'refused', said: said || `The collector answered ${status}.`, wait: 0 };
}

/** @param {string | null} header seconds, or a date @returns {number} milliseconds */
function waitOf(header) {
  if (!header) return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.min(Math.max(0, wait || 0), 24 * 3600_000);
}

/** Sends what waits. There is one in a page; several tabs take turns. */
export class SendQueue {
  /** Other tabs of this page, which show the same answers. */
  #tabs = new BroadcastChannel('soundalike-survey');
  #timer = 0;
  /** @type {Promise<void> | null} */
  #running = null;

  /** Called after each change of an answer that waited; null where it is gone for good. @type {(begun: number, now: StoredAnswer | null) => void} */
  onChange = () => {};

  constructor() {
    window.addEventListener('online', () => this.send());
    this.#tabs.addEventListener('message', ({ data }) => this.onChange(data.begun, data.now));
  }

  /** Tries now whatever waits. */
  send() {
    this.#running ??= this.#alone().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  #alone() {
    const locks = navigator.locks;
    if (!locks) return this.#work();
    return locks.request('soundalike-survey', () => this.#work());
  }

  async #work() {
    clearTimeout(this.#timer);
    const waiting = (await allAnswers()).filter(({ state }) =>
      ['waiting', 'withdrawing'].includes(state),
    );
    let next = Infinity;
    for (const answer of waiting) {
      const early = answer.notBefore - Date.now();
      // Seen from a clock that was set back, a time may never come.
      if (early > 0 && early <= 24 * 3600_000) next = Math.min(next, early);
      else next = Math.min(next, await this.#try(answer));
    }
    if (next < Infinity) this.#timer = window.setTimeout(() => this.send(), next);
  }

  /** @param {StoredAnswer} answer @returns {Promise<number>} milliseconds to the next try */
  async #try(answer) {
    if (!navigator.onLine) return Infinity; // `online` will tell
    const { participant, secret, state } = answer;
    answer.tries += 1; // before it leaves: from now on the collector may have it
    await keepAnswer(answer);
    const withdrawn = state === 'withdrawing';
    const told = withdrawn
      ? await send('DELETE', participant, secret)
      : await send('POST', participant, secret, answer.answer);
    const { outcome, said, wait } = told;
    let pause = Infinity;
    // It may have been changed or forgotten here meanwhile.
    const now = (await allAnswers()).find(({ begun }) => begun === answer.begun);
    if (!now) return Infinity;
    if (now.state !== state) return 0;
    now.said = said;
    now.notBefore = 0;
    if (outcome === 'later') {
      const grown = Math.min(PAUSE.longest, PAUSE.first * 2 ** Math.min(now.tries - 1, 10));
      pause = wait || grown * (0.75 + Math.random() / 2); // so that not all come at once
      if (wait) now.notBefore = Date.now() + wait;
    } else if (withdrawn) {
      if (outcome === 'done' || outcome === 'gone') {
        await dropAnswer(now.begun);
        this.#tell(now.begun, null);
        return Infinity;
      }
      now.state = 'sent';
      now.said ||= 'Nobody collects answers here now, so it could not be withdrawn.';
    } else if (outcome === 'done') {
      now.state = 'sent';
      now.tries = 0;
    } else if (outcome === 'none') now.state = 'local';
    else {
      now.state = 'refused';
      if (outcome === 'gone') {
        // This code was withdrawn and is never taken again.
        now.participant = '';
        now.secret = '';
        now.said ||= 'This answer was withdrawn before.';
      }
    }
    await keepAnswer(now);
    this.#tell(now.begun, now);
    return pause;
  }

  /** @param {number} begun @param {StoredAnswer | null} now */
  #tell(begun, now) {
    this.onChange(begun, now);
    this.#tabs.postMessage({ begun, now });
  }
}
