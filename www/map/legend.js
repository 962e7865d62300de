// The list of genres beside the map: what each looks like, and which are shown.

import { t } from '../i18n/i18n.js';
import { byId, make, setRawText, setText } from '../lib/dom.js';
import { GENRES, genreName } from '../lib/genres.js';
import { OTHER, OWN, glyph } from './painter.js';

const ROWS = [...GENRES, OTHER, OWN];

export class Legend {
  #list = byId('map-genres', HTMLElement);
  #all = byId('map-all', HTMLButtonElement);
  /** In the order of `ROWS`. */
  #rows = ROWS.map((genre) => this.#makeRow(genre));

  /** Genres that are not shown. @type {Set<string>} */
  hidden = new Set();
  /** The genre that is pointed at. */
  highlighted = '';
  /** Called when other genres are shown or pointed at. @type {() => void} */
  onChange = () => {};

  constructor() {
    this.#list.replaceChildren(...this.#rows);
    this.#all.addEventListener('click', () => {
      this.hidden = new Set(this.hidden.size > 0 ? [] : ROWS);
      this.#showHidden();
    });
  }

  /** @param {(genre: string) => string} about what there is to say of a genre; empty if it has no songs */
  describe(about) {
    for (const [i, row] of this.#rows.entries()) {
      const genre = ROWS[i] ?? '';
      const text = about(genre) || (isSpare(genre) ? '' : t('no songs'));
      setRawText(/** @type {Element} */ (row.lastElementChild), text);
      row.hidden = text === '';
    }
  }

  /** @param {string} genre */
  #makeRow(genre) {
    const button = make(
      'button',
      '',
      glyph(genre),
      make('span', '', genre === OWN ? 'your music' : genreName(genre)),
    );
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      if (!this.hidden.delete(genre)) this.hidden.add(genre);
      this.#showHidden();
    });
    const row = make('li', '', button, make('span', 'about', ''));
    row.hidden = isSpare(genre);
    row.addEventListener('pointerenter', ({ pointerType }) => {
      if (pointerType === 'mouse') this.#highlight(genre);
    });
    row.addEventListener('pointerleave', () => this.#highlight(''));
    button.addEventListener('focus', () => {
      if (button.matches(':focus-visible')) this.#highlight(genre);
    });
    button.addEventListener('blur', () => this.#highlight(''));
    return row;
  }

  /** @param {string} genre */
  #highlight(genre) {
    this.highlighted = genre;
    this.onChange();
  }

  #showHidden() {
    for (const [i, row] of this.#rows.entries()) {
      const shown = !this.hidden.has(ROWS[i] ?? '');
      row.firstElementChild?.setAttribute('aria-pressed', String(shown));
    }
    setText(this.#all, this.hidden.size > 0 ? 'Show all' : 'Hide all');
    this.onChange();
  }
}

/** Whether a row is only there if there are such songs. @param {string} genre */
const isSpare = (genre) => genre === OTHER || genre === OWN;
