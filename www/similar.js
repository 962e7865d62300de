// The ten songs of the catalogue that sound most alike.

import { byId, make, moveWithArrows } from './dom.js';
import { genreName, paintGenre } from './genres.js';

/** @import { Mode, Recommendation } from './types.js' */

export const HOW_MANY = 10;

export class Similar {
  #list = byId('similar', HTMLElement);
  #box = byId('neighbours', HTMLElement);
  #modes = byId('modes', HTMLFieldSetElement);

  /** Called when the visitor wants neighbours of another kind. @type {(mode: Mode) => void} */
  onMode = () => {};

  constructor() {
    this.#modes.addEventListener('change', () => this.onMode(this.mode));
    moveWithArrows(this.#list, 'a.search');
  }

  /** @returns {Mode} */
  get mode() {
    const chosen = this.#modes.querySelector('input:checked');
    return chosen instanceof HTMLInputElement && chosen.value === 'cosine'
      ? 'cosine'
      : 'genre-aware';
  }

  /** @param {Recommendation[]} songs none hides the list */
  show(songs) {
    this.#box.hidden = songs.length === 0;
    this.#list.replaceChildren(...songs.map(makeRow));
  }
}

/** @param {Recommendation} song */
function makeRow(song) {
  const row = make('li', 'neighbour');
  row.dataset.track = String(song.track);
  row.dataset.similarity = String(song.similarity);
  row.style.setProperty('--share', String(Math.max(0, Math.min(1, song.similarity))));
  paintGenre(row, song.genre);

  const title = song.title || 'Untitled';
  const artist = song.artist || 'unknown artist';
  const genre = make('span', 'genre', genreName(song.genre));
  if (song.genre_heard) {
    genre.append(make('span', 'heard', ' (heard)'));
    genre.title = 'The genre is what the model hears, not a label';
  }
  const more = make('span', 'more');
  if (song.why) more.append(make('span', 'why', song.why));
  // A song that the catalogue knows for research only has no licence to offer a visitor.
  if (song.licence && !song.licence.startsWith('research use only')) {
    more.append(make('span', 'licence', song.licence));
  }
  if (/^https?:\/\//.test(song.source)) {
    more.append(outside('source', song.source, 'Source', `Source of “${title}”`));
  } else if (song.source) {
    more.append(make('span', 'licence', `from ${song.source}`));
  }
  const query = encodeURIComponent(`${song.artist} ${title}`.trim());
  more.append(
    outside(
      'search',
      `https://duckduckgo.com/?q=${query}`,
      'Search the web',
      `Search the web for “${title}” by ${artist}`,
    ),
  );

  row.append(
    make('span', 'rank', String(song.rank)),
    make('span', 'what', make('strong', '', title), ' ', make('span', 'artist', artist)),
    make(
      'span',
      'marks',
      genre,
      make(
        'span',
        'similarity',
        make('span', 'number', song.similarity.toFixed(2)),
        make('span', 'track', make('span', 'fill')),
      ),
    ),
    more,
  );
  return row;
}

/**
 * A link that leaves the page, only when it is followed.
 * @param {string} className
 * @param {string} href
 * @param {string} text
 * @param {string} label
 */
function outside(className, href, text, label) {
  const link = make('a', className, text);
  link.href = href;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.setAttribute('aria-label', `${label} (new tab)`);
  return link;
}
