// The table of several files: every one in its own state, one of them shown.

import { clock, translateSentence, duration } from '../lib/format.js';
import { byId, make, moveWithArrows, rawText, setRawText } from '../lib/dom.js';
import { genreName, paintGenre, ranked } from '../lib/genres.js';
import { save } from '../lib/download.js';
import { toCsv, toRecord } from '../lib/export.js';
import { verdict, verdictText } from '../lib/verdict.js';
import { format, t } from '../i18n/i18n.js';

/** @import { Song } from '../types.js' */

/** @typedef {'name' | 'seconds' | 'verdict' | 'state'} Column */

export class FileTable {
  #box = byId('files', HTMLElement);
  #body = byId('files-body', HTMLTableSectionElement);
  #head = byId('files-head', HTMLTableSectionElement);
  #totals = byId('totals', HTMLElement);
  #csv = byId('save-csv', HTMLButtonElement);
  #json = byId('save-json', HTMLButtonElement);
  /** @type {Map<Song, HTMLTableRowElement>} */
  #rows = new Map();
  /** @type {Song[]} */
  #songs = [];
  /** @type {Song | null} */
  #selected = null;
  /** What it is sorted by; null is the order in which they came. @type {{column: Column, falls: boolean} | null} */
  #order = null;

  /** Called when the visitor selects a song. @type {(song: Song) => void} */
  onSelect = () => {};

  constructor() {
    moveWithArrows(this.#body, 'button');
    this.#head.addEventListener('click', ({ target }) => {
      const heading = target instanceof Element ? target.closest('th') : null;
      if (heading) this.#sortBy(/** @type {Column} */ (heading.dataset.column));
    });
    this.#csv.addEventListener('click', () => {
      save('soundalike.csv', 'text/csv', toCsv(answered(this.#sorted())));
    });
    this.#json.addEventListener('click', () => {
      const records = answered(this.#sorted()).map(toRecord);
      save('soundalike.json', 'application/json', JSON.stringify(records, null, 2));
    });
  }

  /**
   * @param {Song[]} songs
   * @param {Song | null} selected
   */
  show(songs, selected) {
    this.#songs = songs;
    this.#box.hidden = songs.length < 2;
    if (this.#box.hidden) {
      this.#body.replaceChildren();
      this.#rows.clear();
      return;
    }
    for (const [song, row] of this.#rows) {
      if (!songs.includes(song)) {
        row.remove();
        this.#rows.delete(song);
      }
    }
    for (const song of songs) this.#showRow(song, song === selected);
    this.#arrange();
    if (selected !== this.#selected) this.#reveal(selected);
    this.#selected = selected;
    const count = answered(songs).length;
    setRawText(this.#totals, count > 0 ? totals(songs) : '');
    this.#csv.disabled = count === 0;
    this.#json.disabled = count === 0;
  }

  /** Moves the table, and only the table, until a song's row is in it. @param {Song | null} song */
  #reveal(song) {
    const row = song && this.#rows.get(song);
    const box = row?.closest('.table');
    if (!row || !box) return;
    const head = this.#head.offsetHeight;
    const lowest = row.offsetTop + row.offsetHeight - box.clientHeight;
    box.scrollTop = Math.max(lowest, Math.min(box.scrollTop, row.offsetTop - head));
  }

  /** Once up, once down, and back to the order in which they came. @param {Column} column */
  #sortBy(column) {
    if (this.#order?.column !== column) this.#order = { column, falls: false };
    else this.#order = this.#order.falls ? null : { column, falls: true };
    for (const heading of this.#head.querySelectorAll('th')) {
      const mine = heading.dataset.column === this.#order?.column;
      const way = this.#order?.falls ? 'descending' : 'ascending';
      heading.setAttribute('aria-sort', mine ? way : 'none');
    }
    this.#arrange();
  }

  #sorted() {
    const order = this.#order;
    if (!order) return [...this.#songs];
    const way = order.falls ? -1 : 1;
    return this.#songs.toSorted((a, b) => {
      const [x, y] = [sortKey(a, order.column), sortKey(b, order.column)];
      const numbers = typeof x === 'number' && typeof y === 'number';
      return way * (numbers ? x - y : String(x).localeCompare(String(y), undefined, NUMERIC));
    });
  }

  #arrange() {
    const rows = this.#sorted().map((song) => this.#rows.get(song));
    if (rows.every((row, at) => this.#body.children[at] === row)) return;
    const focused = document.activeElement;
    this.#body.append(...rows.filter((row) => row !== undefined));
    // A row that is moved loses the focus.
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
  }

  /** @param {Song} song @param {boolean} selected */
  #showRow(song, selected) {
    let row = this.#rows.get(song);
    if (!row) {
      row = make('tr');
      const button = make('button', '', rawText(song.name));
      button.type = 'button';
      button.addEventListener('click', () => this.onSelect(song));
      const heading = make('th', 'name', button);
      heading.scope = 'row';
      row.append(heading, make('td', 'length'), make('td', 'verdict'), make('td', 'state'));
      this.#rows.set(song, row);
      this.#body.append(row);
    }
    row.dataset.state = song.state;
    row.dataset.selected = String(selected);
    const button = row.querySelector('button');
    if (button) {
      button.setAttribute('aria-pressed', String(selected));
      button.disabled = !song.answer && song.state !== 'analysing';
    }
    const [, length, result, state] = row.cells;
    if (!length || !result || !state) return;
    setRawText(length, song.seconds > 0 ? clock(song.seconds) : '');
    setRawText(result, resultText(song));
    setRawText(
      state,
      song.state === 'analysing' && song.seconds > 0
        ? `${Math.round((100 * song.analysedSeconds) / song.seconds)} %`
        : stateWord(song),
    );
    const top = song.answer && ranked(song.answer.probabilities)[0];
    if (top) paintGenre(row, top[0]);
  }
}

const NUMERIC = { numeric: true };

/** @param {Song} song */
const stateWord = (song) => t(song.restored ? 'earlier visit' : song.state);

/** @param {Song} song */
function resultText(song) {
  if (song.state === 'failed') return translateSentence(song.error);
  return song.answer && song.complete ? verdictText(song.answer) : '';
}

/** @param {Song} song @param {Column} column @returns {string | number} */
function sortKey(song, column) {
  if (column === 'seconds') return song.seconds;
  if (column === 'state') return stateWord(song);
  return column === 'verdict' ? resultText(song) : song.name;
}

/** Songs with a whole answer. @param {Song[]} songs */
const answered = (songs) => songs.filter(({ answer, complete }) => answer && complete);

/** How many songs, how long together, and of which genres. @param {Song[]} songs */
function totals(songs) {
  const whole = answered(songs);
  const seconds = whole.reduce((sum, song) => sum + song.seconds, 0);
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { answer } of whole) {
    const { sure } = answer ? verdict(answer) : { sure: false };
    const kind = sure && answer ? genreName(answer.genre) : t('not sure');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const kinds = ranked(counts).map(([kind, count]) => `${count} ${kind}`);
  const count = format(whole.length === 1 ? '{} song' : '{} songs', whole.length);
  return `${count}, ${duration(seconds)}: ${kinds.join(', ')}`;
}
