// The ten genres of the shipped model (genre-names.js, made from Rust) and their colours. A colour means the same genre everywhere on the page; its
// values for light and dark stand in styles/theme.css as --genre-NAME. They were searched for so that
// any two differ in OKLab by at least 0.14 to full colour vision and 0.09 to the three kinds of
// dichromat, and each stands out from the page by 3:1 or more. A name always stands beside.

import { t } from '../i18n/i18n.js';
import { GENRE_NAMES } from './genre-names.js';

export const GENRES = [...GENRE_NAMES.keys()];

/** The genre in running text, in the page's language. @param {string} genre */
export function genreName(genre) {
  return t(GENRE_NAMES.get(genre) ?? genre);
}

/** The genre's colour as a CSS value. @param {string} genre */
export function genreColour(genre) {
  return GENRES.includes(genre) ? `var(--genre-${genre})` : 'var(--unknown)';
}

/** Gives an element the genre's colour, as --colour. @param {HTMLElement | SVGElement} element @param {string} genre */
export function paintGenre(element, genre) {
  element.style.setProperty('--colour', genreColour(genre));
}

/**
 * Genres in falling order of probability; equal ones in the order they came.
 * @param {import('../types.js').Probabilities} probabilities
 * @returns {[string, number][]}
 */
export function ranked(probabilities) {
  return Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
}
