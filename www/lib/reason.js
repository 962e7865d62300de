// What two songs have in common, as a text.

import { format, t } from '../i18n/i18n.js';
import { genreName } from './genres.js';

/** @import { Reason } from '../engine/engine-types.js' */

/** In the page's language. @param {Reason} reason */
export function reasonText({ alike, genres, tags }) {
  if (!alike) return t('little in common');
  const names = genres.map(genreName);
  const inCommon = tags.map((tag) => t(tag)).join(', ');
  const [first = '', second] = names;
  if (!first) {
    return inCommon ? format('in common: {}', inCommon) : t('alike in sound rather than in genre');
  }
  const sound = second
    ? format('both sound like {} and {}', first, second)
    : format('both sound like {}', first);
  return inCommon ? `${sound}; ${inCommon}` : sound;
}
