// An answer to a survey: how it begins, how it is kept in this browser, and what of it is sent.

import { translateSentence } from '../lib/format.js';
import { format } from './words.js';
import { firstUnrated, isListening, keyOf, orderOf } from './listening.js';
import { stepsOf } from './steps/step.js';

/** @import { ListeningAnswer, StoredAnswer, SurveyAnswer, SurveyConfig, SurveyStep } from '../types.js' */

/** Of the answer's schema (src/survey/answer.rs), as what follows. */
const VERSION = 1;
const LISTENING_VERSION = 2;
export const COMMENT_MOST = 2000;
export const FAVOURITES = 3;
/** Numbers of a sound's small pictures: rows of each, and columns. */
export const FEATURES = (20 + 64 + 7) * 64;

/** Whether it can still be changed. @param {StoredAnswer} answer */
export function isOpen({ state }) {
  return state === 'draft' || state === 'refused';
}

/** Whether nobody has it but this browser. @param {StoredAnswer} answer */
export function isOnlyHere({ state, tries }) {
  return state === 'local' || (state === 'waiting' && tries === 0);
}

/**
 * The first step that still lacks something, else the review.
 * @param {StoredAnswer} answer
 * @param {SurveyConfig} config
 * @returns {SurveyStep}
 */
export function firstGap(answer, config) {
  if (!answer.consent) return 'consent';
  if (isListening(config)) {
    const gap = firstUnrated(answer);
    if (gap >= 0) answer.at = gap;
    // Without an order nothing was asked yet.
    return gap >= 0 || !answer.order?.length ? 'ratings' : 'review';
  }
  const { songs } = config;
  if (!answer.favourite) return 'favourite';
  const unrated = songs.findIndex(({ id }) => !answer.opinions[id]);
  if (unrated >= 0) {
    answer.at = unrated;
    return 'songs';
  }
  return answer.favourites.length < FAVOURITES ? 'three' : 'review';
}

/**
 * Drops what does not fit a survey that has changed since it was answered.
 * @param {StoredAnswer} answer
 * @param {SurveyConfig} config
 */
export function adaptAnswer(answer, config) {
  const { consent_version: version, songs } = config;
  if (!isOpen(answer)) return;
  if (isListening(config) && config.study && answer.order) {
    answer.order = orderOf(config.study, answer.order);
  }
  const asked = new Set(songs.map(({ id }) => id));
  const ratings = Object.entries(answer.opinions).filter(([id]) => asked.has(id));
  answer.opinions = Object.fromEntries(ratings);
  answer.favourites = answer.favourites.filter((id) => asked.has(id));
  const asks = isListening(config) ? (answer.order ?? []) : songs;
  answer.at = Math.max(0, Math.min(answer.at, asks.length - 1));
  if (answer.consent && answer.consent.version !== version) answer.consent = null;
  if (!answer.consent || !stepsOf(config).includes(answer.step)) answer.step = 'consent';
}

/** Why an answer still waits, in the page's language. @param {StoredAnswer} answer */
export function reasonOf({ said, tries }) {
  if (said) return format('The collector said: {}', translateSentence(said));
  if (tries > 0) return format('Attempts so far: {}.', tries);
  return '';
}

/** @param {string} survey its id @returns {StoredAnswer} */
export function newAnswer(survey) {
  return {
    begun: Date.now(),
    survey,
    state: 'draft',
    step: 'consent',
    consent: null,
    favourite: null,
    opinions: {},
    at: 0,
    favourites: [],
    order: [],
    ratings: {},
    comment: '',
    participant: '',
    secret: '',
    answer: null,
    tries: 0,
    notBefore: 0,
    said: '',
  };
}

/**
 * What is sent.
 * @param {StoredAnswer} kept
 * @param {SurveyConfig} config
 * @param {string} model its SHA-256
 * @returns {SurveyAnswer | ListeningAnswer}
 */
export function answerOf(kept, config, model) {
  if (isListening(config)) return listeningAnswer(kept, config);
  if (!kept.consent || !kept.favourite) throw new Error('The answer is not complete yet.');
  return {
    version: VERSION,
    survey: config.id,
    participant: kept.participant,
    consent: kept.consent,
    model_sha256: model,
    favourite: kept.favourite.sent,
    labels: config.songs.flatMap(({ id }) => {
      const opinion = kept.opinions[id];
      return opinion ? [{ song: id, opinion }] : [];
    }),
    favourites: kept.favourites,
    comment: kept.comment.trim(),
    simulated: false,
  };
}

/** @param {StoredAnswer} kept @param {SurveyConfig} config @returns {ListeningAnswer} */
function listeningAnswer({ consent, participant, comment, order = [], ratings = {} }, config) {
  if (!consent) throw new Error('The answer is not complete yet.');
  return {
    version: LISTENING_VERSION,
    kind: 'recommendations',
    survey: config.id,
    participant,
    consent,
    // In the order in which they were asked.
    ratings: order.flatMap((pair) => {
      const rating = ratings[keyOf(pair)];
      return rating ? [{ ...pair, rating }] : [];
    }),
    comment: comment.trim(),
    simulated: false,
  };
}

/** The digits that a 32-bit number has, and no more. @param {number} value */
export function short(value) {
  return Number(value.toPrecision(9));
}

/** @param {number} count */
export function random(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** Text without what no text has: control characters, halves of characters. @param {string} text */
export function plainText(text) {
  return text.replace(/(?![\n\r\t])\p{Cc}/gu, '').replace(/\p{Cs}/gu, '\uFFFD');
}
