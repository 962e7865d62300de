// Two thumbs beside a song: liked, not liked. What is pressed already is taken back.

import { make } from '../lib/dom.js';
import { format } from '../i18n/i18n.js';

/** @import { Rating } from '../types.js' */

/**
 * @param {string} song its name as it is read out
 * @param {Rating | null} opinion
 * @param {(opinion: Rating | null) => void} onPress null takes the opinion back
 */
export function ratingButtons(song, opinion, onPress) {
  const both = make('span', 'thumbs');
  for (const way of /** @type {const} */ (['like', 'dislike'])) {
    const button = make('button', `thumb ${way}`, thumbIcon());
    button.type = 'button';
    button.dataset.opinion = way;
    const label = way === 'like' ? 'I like “{}”' : 'I do not like “{}”';
    button.setAttribute('aria-label', format(label, song));
    button.addEventListener('click', () => {
      onPress(button.getAttribute('aria-pressed') === 'true' ? null : way);
    });
    both.append(button);
  }
  showRating(both, opinion);
  return both;
}

/** Shows which thumb is pressed. @param {Element} both @param {Rating | null} opinion */
export function showRating(both, opinion) {
  for (const button of both.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.opinion === opinion));
  }
}

const SVG = 'http://www.w3.org/2000/svg';

/** A thumb that points up; the style sheet turns the other one. */
function thumbIcon() {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', '0 0 16 16');
  picture.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute(
    'd',
    'M1.5 7h3v7.5h-3zM6 7l2.6-5.6c1.3 0 2 1 1.7 2.2L9.8 6h3a1.6 1.6 0 0 1 1.6 1.9l-1.1 5.2a1.8 1.8 0 0 1-1.7 1.4H6z',
  );
  picture.append(path);
  return picture;
}
