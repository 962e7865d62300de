// A listening study: which ratings it asks for, and in which order. Nothing here knows the page.

/** @import { ListeningStudy, RatedPair, StoredAnswer, SurveyConfig } from '../types.js' */

/** The ratings, the lowest first. @type {{rating: number, text: string}[]} */
export const RATINGS = [
  { rating: 1, text: 'Not at all' },
  { rating: 2, text: 'Hardly' },
  { rating: 3, text: 'Somewhat' },
  { rating: 4, text: 'Well' },
  { rating: 5, text: 'Very well' },
];

/** What a rating is stored under. @param {RatedPair} pair */
export const keyOf = ({ seed, song }) => JSON.stringify([seed, song]);

/** Whether a survey is a listening study. @param {SurveyConfig} config */
export const isListening = (config) => config.kind === 'recommendations' && Boolean(config.study);

/**
 * The recommendations of each seed, each song once, whichever method it is of.
 * @param {ListeningStudy} study
 * @returns {RatedPair[][]}
 */
function pairsBySeed({ seeds }) {
  return seeds.map(({ song: seed, recommendations }) =>
    [...new Set(recommendations.flat())].map((song) => ({ seed, song })),
  );
}

/** A whole number below `count`, each as probable as the others. @param {number} count */
export function randomBelow(count) {
  const most = Math.floor(2 ** 32 / count) * count;
  for (;;) {
    const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < most) return drawn % count;
  }
}

/**
 * The items in random order (Fisher and Yates).
 * @template T
 * @param {T[]} items
 * @param {(count: number) => number} draw a whole number below its argument
 * @returns {T[]}
 */
export function shuffled(items, draw = randomBelow) {
  const order = [...items];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = draw(at + 1);
    [order[at], order[other]] = [/** @type {T} */ (order[other]), /** @type {T} */ (order[at])];
  }
  return order;
}

/**
 * The order in which a participant is asked: seed by seed, the seeds and the songs of each in random order, so that
 * no place tells the method. What was drawn before stays, without what is not asked any more.
 * @param {ListeningStudy} study
 * @param {RatedPair[]} before
 * @param {(count: number) => number} draw
 * @returns {RatedPair[]}
 */
export function orderOf(study, before = [], draw = randomBelow) {
  const asked = pairsBySeed(study);
  const keys = new Set(asked.flat().map(keyOf));
  const kept = before.filter((pair) => keys.has(keyOf(pair)));
  const known = new Set(kept.map(keyOf));
  const fresh = asked.map((pairs) => pairs.filter((pair) => !known.has(keyOf(pair))));
  return [...kept, ...shuffled(fresh, draw).flatMap((pairs) => shuffled(pairs, draw))];
}

/**
 * The first pair without a rating, by its place; −1 if all have one.
 * @param {StoredAnswer} answer
 */
export function firstUnrated({ order = [], ratings = {} }) {
  return order.findIndex((pair) => !ratings[keyOf(pair)]);
}
