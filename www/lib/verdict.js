import { genreName, ranked } from './genres.js';
import { formatParts, t } from '../i18n/i18n.js';

/** @import { Answer } from '../types.js' */
/** @typedef {{text: string, genre?: string}} Part */

/** Below this it is more probably no music than music. */
const MUSIC = 0.5;
/**
 * Below this the top genre is not called an answer: with ten genres a guess is right once in
 * ten, and under about a third no genre stands out from the rest.
 */
const SURE = 0.35;
/** From here on one genre has more than half of the song and may be called "mostly". */
const MOSTLY = 0.5;
/** From here on the others are not worth a word. */
const CLEARLY = 0.85;
/** A second or third genre is named from this probability on. */
const SOME = 0.12;
/** A second genre at least this much of the first shares the first place. */
const EVEN = 0.8;
/** A tag is called from here on. */
const TAG = 0.5;
/** Tags that are named at most. */
const TAGS = 5;

/**
 * The verdict in words: the one rule that turns probabilities into a sentence.
 *
 * - more probably no music than music: "Not sure: this does not sound like music";
 * - top under 0.35: "Not sure: …", naming up to three genres that come nearest;
 * - top from 0.85: "Clearly blues";
 * - the second at least four fifths of the top: "Between blues and jazz";
 * - top from 0.5: "Mostly blues", below that "Closest to blues", both followed by
 *   "with some jazz and rock" for the next two genres that reach 0.12;
 * - of a model of tags: all from 0.5 on, "Guitar, slow and rock", up to five.
 *
 * @param {Pick<Answer, 'probabilities' | 'music' | 'head'>} answer
 * @returns {{sure: boolean, parts: Part[], more: string}}
 *   the sentence in parts, so that genre words can be shown in their colour, and a second
 *   sentence for the unsure case, all in the page's language
 */
export function verdict({ probabilities, music, head }) {
  const order = ranked(probabilities);
  const [first, second] = order;
  if (!first) return { sure: false, parts: inParts('Not sure'), more: '' };
  const word = (/** @type {[string, number]} */ [genre]) => [{ text: genreName(genre), genre }];

  if (music < MUSIC) {
    return {
      sure: false,
      parts: inParts('Not sure: this does not sound like music'),
      more: t(
        'It may be speech, noise or a tone. If it is music, the songs below are still the nearest.',
      ),
    };
  }
  const ofTags = head === 'sigmoid';
  if (ofTags && first[1] >= TAG) {
    const called = order.filter(([, share]) => share >= TAG).slice(0, TAGS);
    const [top, ...rest] = listed(called.map(word));
    const capital = top && { ...top, text: top.text.charAt(0).toUpperCase() + top.text.slice(1) };
    return { sure: true, parts: capital ? [capital, ...rest] : rest, more: '' };
  }
  if (first[1] < SURE || ofTags) {
    const near = order.slice(0, 3).filter(([, share]) => share >= SOME);
    const named = near.length > 0 ? near : [first];
    return {
      sure: false,
      parts: inParts('Not sure: a little {}', listed(named.map(word))),
      more: ofTags
        ? ''
        : t('No genre stands out. This may be music unlike the ten kinds this page knows.'),
    };
  }
  if (first[1] >= CLEARLY) {
    return { sure: true, parts: inParts('Clearly {}', word(first)), more: '' };
  }
  if (second && second[1] >= EVEN * first[1]) {
    return { sure: true, parts: inParts('Between {} and {}', word(first), word(second)), more: '' };
  }
  const most = inParts(first[1] >= MOSTLY ? 'Mostly {}' : 'Closest to {}', word(first));
  const some = order.slice(1, 3).filter(([, share]) => share >= SOME);
  if (some.length === 0) return { sure: true, parts: most, more: '' };
  const parts = inParts('{}, with some {}', most, listed(some.map(word)));
  return { sure: true, parts, more: '' };
}

/** The verdict as one plain string. @param {Pick<Answer, 'probabilities' | 'music' | 'head'>} answer */
export function verdictText(answer) {
  return verdict(answer)
    .parts.map((part) => part.text)
    .join('');
}

/**
 * A text with its blanks filled, in parts.
 * @param {string} text
 * @param {...Part[]} values
 * @returns {Part[]}
 */
function inParts(text, ...values) {
  return formatParts(text, ...values).flatMap((part) =>
    typeof part === 'string' ? [{ text: part }] : part,
  );
}

/** "a", "a and b", "a, b and c", in parts. @param {Part[][]} words @returns {Part[]} */
function listed(words) {
  const last = words.at(-1) ?? [];
  if (words.length < 2) return last;
  const others = words.slice(0, -1).flatMap((word, at) => (at ? [{ text: ', ' }, ...word] : word));
  return inParts('{} and {}', others, last);
}
