// A catalogue of any size at the page's own server, of which a search fetches only the parts near a song.

import { messageOf } from '../engine/engine.js';
import { format, t, translateMessage } from '../i18n/i18n.js';
import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { formatCount, kilobytes } from '../lib/format.js';
import { genreName, paintGenre } from '../lib/genres.js';
import { sourceLinks } from '../lib/source-links.js';
import { localiseDecimal } from '../i18n/i18n.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { Answer, CellSong } from '../types.js' */

/** Songs in the list. */
const HOW_MANY = 10;

export class CellCatalogView {
  #words = byId('cells-words', HTMLElement);
  #address = byId('cells-address', HTMLInputElement);
  #box = byId('cells-found', HTMLElement);
  #of = byId('cells-of', HTMLElement);
  #list = byId('cells-list', HTMLElement);
  #fetched = byId('cells-fetched', HTMLElement);
  #trouble = byId('cells-trouble', HTMLElement);

  /** @type {Engine | null} */
  #engine = null;
  /** The address of the catalogue that is open; empty for none. */
  #url = '';
  /** The song that is asked about. @type {{answer: Answer, name: string} | null} */
  #song = null;
  /** Of several questions in a row the last one is answered. */
  #turn = 0;

  constructor() {
    byId('cells-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#open(this.#address.value.trim());
    });
  }

  /** Another engine answers from now on; it has no catalogue open yet. @param {Engine} engine */
  attach(engine) {
    this.#engine = engine;
    if (this.#url) this.#open(this.#url);
  }

  /** The song on show; null for none. @param {Answer | null} answer of the whole song @param {string} name */
  show(answer, name) {
    if (answer === (this.#song?.answer ?? null)) return;
    this.#song = answer && { answer, name };
    this.#search();
  }

  /** @param {string} address */
  async #open(address) {
    const engine = this.#engine;
    this.#url = '';
    this.#clear();
    setRawText(this.#words, t('None open'));
    if (!address) return;
    try {
      if (!engine) throw new Error('The model is not there yet. Try again in a moment.');
      const { href } = new URL(address, location.href);
      const { songs, bytes } = await engine.openCells(href);
      if (engine !== this.#engine) return;
      this.#url = href;
      setRawText(this.#words, format(songs === 1 ? '{} song' : '{} songs', formatCount(songs)));
      setRawText(this.#fetched, format('{} were fetched to open it.', kilobytes(bytes)));
    } catch (reason) {
      setRawText(this.#trouble, translateMessage(messageOf(reason)));
      return;
    }
    await this.#search();
  }

  #clear() {
    this.#turn++;
    this.#box.hidden = true;
    setRawText(this.#trouble, '');
    setRawText(this.#fetched, '');
  }

  async #search() {
    const [engine, song] = [this.#engine, this.#song];
    const turn = ++this.#turn;
    if (!engine || !this.#url || !song) {
      this.#box.hidden = true;
      return;
    }
    setRawText(this.#trouble, '');
    try {
      const { songs, bytes } = await engine.searchCells(song.answer, HOW_MANY);
      if (turn !== this.#turn) return;
      setRawText(this.#of, format('Like “{}”', song.name));
      this.#list.replaceChildren(...songs.map(makeRow));
      setRawText(this.#fetched, format('{} were fetched for this search.', kilobytes(bytes)));
      this.#fetched.dataset.bytes = String(bytes);
      this.#box.hidden = false;
    } catch (reason) {
      if (turn !== this.#turn) return;
      this.#box.hidden = true;
      setRawText(this.#trouble, translateMessage(messageOf(reason)));
    }
  }
}

/** @param {CellSong} song */
function makeRow(song) {
  const row = make('li', 'cell-song');
  row.dataset.song = String(song.song);
  row.dataset.similarity = String(song.similarity);
  paintGenre(row, song.genre);
  const artist = song.artist ? rawText(song.artist) : 'unknown artist';
  const more = make('span', 'more');
  if (song.genre) more.append(make('span', '', make('span', 'genre', genreName(song.genre))));
  more.append(make('span', '', rawText(localiseDecimal(song.similarity.toFixed(2)))));
  more.append(...sourceLinks(song));
  const title = rawText(song.title || t('Untitled'));
  row.append(make('strong', '', title), ' ', make('span', 'artist', artist), more);
  return row;
}
