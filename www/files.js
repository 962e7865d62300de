// The table of several files: every one in its own state, one of them shown.

import { clock, closed } from './format.js';
import { byId, make, moveWithArrows } from './dom.js';
import { paintGenre, ranked } from './genres.js';
import { verdictText } from './verdict.js';

/** @import { Song, SongState } from './types.js' */

/** @type {Record<SongState, string>} */
const WORDS = {
  listening: 'listening',
  waiting: 'waiting',
  reading: 'reading',
  decoding: 'decoding',
  analysing: 'analysing',
  comparing: 'comparing',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

export class Files {
  #box = byId('files', HTMLElement);
  #body = byId('files-body', HTMLTableSectionElement);
  /** @type {Map<Song, HTMLTableRowElement>} */
  #rows = new Map();

  /** Called when the visitor selects a song. @type {(song: Song) => void} */
  onSelect = () => {};

  constructor() {
    moveWithArrows(this.#body, 'button');
  }

  /**
   * @param {Song[]} songs
   * @param {Song | null} selected
   */
  show(songs, selected) {
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
  }

  /** @param {Song} song @param {boolean} selected */
  #showRow(song, selected) {
    let row = this.#rows.get(song);
    if (!row) {
      row = make('tr');
      const button = make('button', '', song.name);
      button.type = 'button';
      button.addEventListener('click', () => this.onSelect(song));
      const name = make('th', 'name', button);
      name.scope = 'row';
      row.append(name, make('td', 'length'), make('td', 'verdict'), make('td', 'state'));
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
    const [, length, verdict, state] = row.cells;
    if (!length || !verdict || !state) return;
    length.textContent = song.seconds > 0 ? clock(song.seconds) : '';
    verdict.textContent =
      song.state === 'failed'
        ? closed(song.error)
        : song.answer && song.whole
          ? verdictText(song.answer)
          : '';
    state.textContent =
      song.state === 'analysing' && song.seconds > 0
        ? `${Math.round((100 * song.heard) / song.seconds)} %`
        : WORDS[song.state];
    const top = song.answer && ranked(song.answer.probabilities)[0];
    if (top) paintGenre(row, top[0]);
  }
}
