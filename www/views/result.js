// The verdict in words, the genres in numbers, and the answer as a file.

import { duration, percent } from '../lib/format.js';
import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { genreName, paintGenre, ranked } from '../lib/genres.js';
import { save, stem } from '../lib/download.js';
import { showRating, ratingButtons } from './rating-buttons.js';
import { verdict, verdictText } from '../lib/verdict.js';
import { localiseDecimal, format, t, translateMessage } from '../i18n/i18n.js';

/** @import { Rating, Song } from '../types.js' */

/** Tags that are shown, at most. */
const TAGS = 8;
/** Less probable ones are not shown: most of fifty tags fit hardly any song. */
const LEAST_TAG = 0.05;

export class ResultView {
  #section = byId('answer', HTMLElement);
  #verdict = byId('verdict', HTMLElement);
  #more = byId('more', HTMLElement);
  #list = byId('result', HTMLElement);
  #tags = byId('tags', HTMLElement);
  #took = byId('took', HTMLElement);
  #download = byId('embedding', HTMLButtonElement);
  #thumbs = byId('own-thumbs', HTMLElement);
  /** @type {Song | null} */
  #song = null;

  /** Called when the visitor has an opinion on the song. @type {(song: Song, opinion: Rating | null) => void} */
  onRate = () => {};
  /** What the visitor thinks of a song. @type {(song: Song) => Rating | null} */
  ratingOf = () => null;

  constructor() {
    this.#download.addEventListener('click', () => this.#save());
  }

  /** Shows a song's answer, the whole or the part that is there; null hides it. @param {Song | null} song */
  show(song) {
    const answer = song?.answer ?? null;
    const other = song !== this.#song;
    this.#song = song;
    this.#section.hidden = !answer;
    if (other) this.#thumbs.replaceChildren();
    if (!song || !answer) {
      this.#list.replaceChildren();
      return;
    }
    const live = song.state === 'listening';
    this.#section.dataset.whole = live ? 'live' : String(song.complete);
    const said = verdict(answer);
    const { sure } = said;
    // What goes on may yet become clear.
    const waits = live && !sure;
    const parts = waits ? [{ text: t('Listening, not sure yet') }] : said.parts;
    const more = waits ? `${verdictText(answer)}.` : said.more;
    this.#section.dataset.sure = String(sure);
    this.#verdict.replaceChildren(
      ...parts.map(({ text, genre }) => {
        if (!genre) return rawText(text);
        const word = make('span', 'word', rawText(text));
        paintGenre(word, genre);
        return word;
      }),
    );
    const before = song.restored ? t('From an earlier visit.') : '';
    const notes =
      song.complete || live
        ? [more, ...song.notes.map(translateMessage), before]
        : [t('This is the result so far; the analysis goes on.')];
    setRawText(this.#more, notes.filter(Boolean).join(' '));
    this.#more.hidden = this.#more.textContent === '';
    this.#showBars(ranked(answer.probabilities), other);
    this.#showTags(ranked(answer.tags));
    const time =
      song.took < 100 ? t('under 0.1 s') : localiseDecimal(`${(song.took / 1000).toFixed(1)} s`);
    setRawText(
      this.#took,
      song.complete && song.took > 0
        ? format('{} for {} of music', time, duration(song.seconds))
        : '',
    );
    this.#download.disabled = !song.complete;
    this.#thumbs.hidden = !song.complete || live;
    if (!this.#thumbs.hasChildNodes()) {
      this.#thumbs.append(
        ratingButtons(song.name, this.ratingOf(song), (opinion) => this.onRate(song, opinion)),
      );
    }
  }

  /** Shows what the visitor thinks of the song now. */
  showRating() {
    if (this.#song) showRating(this.#thumbs, this.ratingOf(this.#song));
  }

  /**
   * One row per genre, the most probable first. Rows are kept from one partial answer to the
   * next, so that bars move instead of starting anew.
   * @param {[string, number][]} order
   * @param {boolean} anew
   */
  #showBars(order, anew) {
    const rows = new Map(
      anew
        ? []
        : [...this.#list.children].map((row) => [
            /** @type {HTMLElement} */ (row).dataset.genre,
            row,
          ]),
    );
    const next = order.map(([genre, share]) => {
      const row = /** @type {HTMLElement} */ (rows.get(genre) ?? makeBar(genre));
      row.dataset.probability = String(share);
      row.style.setProperty('--share', String(share));
      const number = row.querySelector('.number');
      if (number) setRawText(number, percent(share));
      return row;
    });
    const same = next.every((row, at) => this.#list.children[at] === row);
    if (!same || next.length !== this.#list.children.length) this.#list.replaceChildren(...next);
  }

  /** The most probable tags, each with its probability. @param {[string, number][]} order */
  #showTags(order) {
    const shown = order.slice(0, TAGS).filter(([, share]) => share >= LEAST_TAG);
    this.#tags.hidden = shown.length === 0;
    this.#tags.replaceChildren(
      ...shown.map(([tag, share]) => {
        const item = make('li', '', rawText(tag), ' ', make('span', 'number', percent(share)));
        item.dataset.tag = tag;
        item.dataset.probability = String(share);
        return item;
      }),
    );
  }

  /** Saves the answer as JSON. */
  #save() {
    const song = this.#song;
    if (!song?.answer || !song.complete) return;
    const { seconds, genre, probabilities, tags, music, timeline, embedding } = song.answer;
    const record = {
      file: song.name,
      seconds,
      genre,
      probabilities,
      tags,
      music,
      timeline,
      embedding,
      model_sha256: song.modelSha256,
    };
    save(`${stem(song.name)}.soundalike.json`, 'application/json', JSON.stringify(record, null, 2));
  }
}

/** @param {string} genre */
function makeBar(genre) {
  const row = make(
    'li',
    'bar',
    make('span', 'name', genreName(genre)),
    make('span', 'number'),
    make('span', 'track', make('span', 'fill')),
  );
  row.dataset.genre = genre;
  paintGenre(row, genre);
  return row;
}
