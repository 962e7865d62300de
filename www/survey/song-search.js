// A field to search a song of the catalogue in, with a list of what is found: the combobox pattern.

import { setRawText } from '../lib/dom.js';
import { songLabel } from './parts.js';
import { format, formatCount, make, setText, t } from './words.js';

/** @import { CatalogTrack } from '../types.js' */

/** Songs that a search shows. */
const FOUND_MOST = 8;

/** Text to compare: no case, no accents, no punctuation. @param {string} text */
export function normalise(text) {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

export class SongSearch {
  element = make('div', 'survey-box');
  #input = make('input');
  #list = make('ul');
  #status = make('p', 'survey-quiet');
  /** @type {{song: CatalogTrack, text: string, title: string}[] | null} */
  #songs = null;
  /** @type {CatalogTrack[]} */
  #found = [];
  #active = -1;
  #onChoose;

  /** @param {HTMLLabelElement} label @param {(song: CatalogTrack) => void} onChoose */
  constructor(label, onChoose) {
    this.#onChoose = onChoose;
    const input = this.#input;
    input.id = 'survey-search';
    input.type = 'text';
    input.autocomplete = 'off';
    input.spellcheck = false;
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-controls', 'survey-found');
    input.setAttribute('aria-expanded', 'false');
    label.htmlFor = input.id;
    this.#list.id = 'survey-found';
    this.#list.setAttribute('role', 'listbox');
    this.#list.setAttribute('aria-label', t('Songs found'));
    this.#list.hidden = true;
    this.#status.setAttribute('role', 'status');
    this.element.append(input, this.#list, this.#status);
    input.addEventListener('input', () => this.#search());
    input.addEventListener('keydown', (event) => this.#press(event));
    input.addEventListener('blur', () => this.#close());
    input.addEventListener('focus', () => {
      if (input.value) this.#search();
    });
    // Before the line loses the focus, and with it the list.
    this.#list.addEventListener('pointerdown', (event) => event.preventDefault());
    this.#list.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('li') : null;
      if (row) this.#choose([...this.#list.children].indexOf(row));
    });
  }

  /** @param {CatalogTrack[] | null} songs null while they are not there */
  setSongs(songs) {
    this.#songs =
      songs?.map((song) => ({
        song,
        text: normalise(`${song.title} ${song.artist}`),
        title: normalise(song.title),
      })) ?? null;
    this.#search(document.activeElement === this.#input);
  }

  #search(show = true) {
    const query = normalise(this.#input.value);
    this.#found = [];
    if (!this.#songs) setText(this.#status, 'The catalogue appears once the model has loaded.');
    else if (!query) setRawText(this.#status, format('{} songs', formatCount(this.#songs.length)));
    else {
      const parts = query.split(' ');
      const fit = this.#songs.filter(({ text }) => parts.every((part) => text.includes(part)));
      const rank = (/** @type {{title: string}} */ { title }) =>
        title === query ? 0 : title.startsWith(query) ? 1 : title.includes(query) ? 2 : 3;
      fit.sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title));
      this.#found = fit.slice(0, FOUND_MOST).map(({ song }) => song);
      setRawText(
        this.#status,
        fit.length === 0
          ? t('No song in the catalogue has these words.')
          : fit.length > FOUND_MOST
            ? format('{} songs, the first {} shown', formatCount(fit.length), FOUND_MOST)
            : fit.length === 1
              ? t('1 song')
              : format('{} songs', fit.length),
      );
    }
    this.#list.replaceChildren(
      ...this.#found.map(({ title, artist }, at) => {
        const row = make('li', '', songLabel(title, artist));
        row.id = `survey-found-${at}`;
        row.setAttribute('role', 'option');
        return row;
      }),
    );
    this.#mark(-1);
    this.#list.hidden = !show || this.#found.length === 0;
    this.#input.setAttribute('aria-expanded', String(!this.#list.hidden));
  }

  #close() {
    this.#list.hidden = true;
    this.#mark(-1);
    this.#input.setAttribute('aria-expanded', 'false');
  }

  /** @param {number} at the row that Enter takes */
  #mark(at) {
    this.#active = at;
    for (const [row, element] of [...this.#list.children].entries()) {
      element.setAttribute('aria-selected', String(row === at));
      if (row === at) element.scrollIntoView({ block: 'nearest' });
    }
    if (at < 0) this.#input.removeAttribute('aria-activedescendant');
    else this.#input.setAttribute('aria-activedescendant', `survey-found-${at}`);
  }

  /** @param {number} at */
  #choose(at) {
    const song = this.#found[at];
    if (!song) return;
    this.#input.value = [song.title, song.artist].filter(Boolean).join(' – ');
    this.#close();
    setRawText(this.#status, '');
    this.#onChoose(song);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const count = this.#found.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (this.#list.hidden) this.#search();
      else if (count > 0) {
        const from = this.#active < 0 && step < 0 ? 0 : this.#active;
        this.#mark((from + step + count) % count);
      }
    } else if (event.key === 'Enter' && !this.#list.hidden) {
      this.#choose(Math.max(0, this.#active));
    } else if (event.key === 'Escape' && !this.#list.hidden) {
      this.#close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
