// A catalogue of any size at the page's own server, of which a search fetches only the parts near a song.

import { EngineError, messageOf } from '../engine/engine.js';
import { format, localiseDecimal, t, translateMessage } from '../i18n/i18n.js';
import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { formatCount, kilobytes } from '../lib/format.js';
import { genreName, paintGenre } from '../lib/genres.js';
import { PageError } from '../lib/page-error.js';
import { sourceLinks } from '../lib/source-links.js';

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
  /** The address of the catalogue that is open or being opened; empty for none. */
  #wanted = '';
  /** Whether the engine has it open. */
  #isOpen = false;
  /** The song that is asked about. @type {{answer: Answer, name: string} | null} */
  #song = null;
  /** Of several openings and searches in a row only the last one is shown. */
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
    if (this.#wanted) this.#open(this.#wanted);
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
    const turn = ++this.#turn;
    this.#wanted = address;
    this.#clear();
    if (!address) return;
    try {
      if (!engine) throw new Error('The model is not there yet. Try again in a moment.');
      const { songs, bytes } = await engine.openCells(wholeAddress(address));
      if (turn !== this.#turn) return;
      this.#isOpen = true;
      setRawText(this.#words, format(songs === 1 ? '{} song' : '{} songs', formatCount(songs)));
      setRawText(this.#fetched, format('{} were fetched to open it.', kilobytes(bytes)));
    } catch (reason) {
      // Another opening has begun, perhaps of the same catalogue by another engine.
      if (turn !== this.#turn) return;
      this.#wanted = '';
      // Neither a model that is not there nor a crash is the address's fault.
      const bad = reason instanceof PageError || reason instanceof EngineError;
      if (bad) this.#address.setAttribute('aria-invalid', 'true');
      setRawText(this.#trouble, translateMessage(messageOf(reason)));
      return;
    }
    if (this.#song) await this.#search();
  }

  /** Shows that none is open. */
  #clear() {
    this.#isOpen = false;
    this.#box.hidden = true;
    this.#address.removeAttribute('aria-invalid');
    setRawText(this.#words, t('None open'));
    setRawText(this.#trouble, '');
    this.#showFetched('', null);
  }

  async #search() {
    const [engine, song] = [this.#engine, this.#song];
    if (!engine || !this.#isOpen) return;
    const turn = ++this.#turn;
    this.#showFetched('', null);
    if (!song) {
      this.#box.hidden = true;
      return;
    }
    setRawText(this.#trouble, '');
    try {
      const { songs, bytes } = await engine.searchCells(song.answer, HOW_MANY);
      if (turn !== this.#turn) return;
      setRawText(this.#of, format('Like “{}”', song.name));
      this.#list.replaceChildren(...songs.map(makeRow));
      this.#showFetched(format('{} were fetched for this search.', kilobytes(bytes)), bytes);
      this.#box.hidden = false;
    } catch (reason) {
      if (turn !== this.#turn) return;
      this.#box.hidden = true;
      setRawText(this.#trouble, translateMessage(messageOf(reason)));
    }
  }

  /** @param {string} text @param {number | null} bytes of a search; null for none */
  #showFetched(text, bytes) {
    setRawText(this.#fetched, text);
    if (bytes === null) delete this.#fetched.dataset.bytes;
    else this.#fetched.dataset.bytes = String(bytes);
  }
}

/** An address as a visitor types it, which may be a path at this site. @param {string} address */
function wholeAddress(address) {
  try {
    return new URL(address, location.href).href;
  } catch {
    throw new PageError('cells.no_address', { address });
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
