import { genreName } from './genres.js';
import { formatParts, t } from '../i18n/i18n.js';

/** @import { Answer } from '../types.js' */
/** @typedef {{text: string, genre?: string}} Part */

/**
 * The engine's verdict as a sentence in the page's language, in parts, so that genres can be shown in
 * their colour, and a second sentence where it is not sure.
 * @param {Pick<Answer, 'verdict' | 'head'>} answer
 * @returns {{sure: boolean, parts: Part[], more: string}}
 */
export function verdict({ verdict: found, head }) {
  const word = (/** @type {string} */ genre) => [{ text: genreName(genre), genre }];
  const words = (/** @type {string[]} */ genres) => listed(genres.map(word));
  const sure = (/** @type {Part[]} */ parts) => ({ sure: true, parts, more: '' });
  switch (found?.kind) {
    case 'not_music':
      return {
        sure: false,
        parts: inParts('Not sure: this does not sound like music'),
        more: t(
          'It may be speech, noise or a tone. If it is music, the songs below are still the nearest.',
        ),
      };
    case 'unsure':
      return {
        sure: false,
        parts: inParts('Not sure: a little {}', words(found.near)),
        more:
          head === 'sigmoid'
            ? ''
            : t('No genre stands out. This may be music unlike the ten kinds this page knows.'),
      };
    case 'clearly':
      return sure(inParts('Clearly {}', word(found.genre)));
    case 'between':
      return sure(inParts('Between {} and {}', word(found.first), word(found.second)));
    case 'mostly': {
      const most = inParts(found.closest ? 'Closest to {}' : 'Mostly {}', word(found.genre));
      if (found.some.length === 0) return sure(most);
      return sure(inParts('{}, with some {}', most, words(found.some)));
    }
    case 'tags': {
      const [top, ...rest] = words(found.tags);
      const capital = top && { ...top, text: top.text.charAt(0).toUpperCase() + top.text.slice(1) };
      return sure(capital ? [capital, ...rest] : rest);
    }
    default:
      return { sure: false, parts: inParts('Not sure'), more: '' };
  }
}

/** The verdict as one plain string. @param {Pick<Answer, 'verdict' | 'head'>} answer */
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
