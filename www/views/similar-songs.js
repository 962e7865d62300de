// The ten songs of the catalogue that sound most alike, and what narrows them down.

import { byId, make, moveWithArrows, rawText, setRawText } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { genreName, paintGenre } from '../lib/genres.js';
import { reasonText } from '../lib/reason.js';
import { isOwn, toPlaylist } from '../lib/export.js';
import { sourceLinks } from '../lib/source-links.js';
import { save, stem } from '../lib/download.js';
import { folderOf } from '../library/names.js';
import { playButton, showPlaying } from '../library/play-button.js';
import { showRating, ratingButtons } from './rating-buttons.js';
import { localiseDecimal, format, t } from '../i18n/i18n.js';

/** @import { Place } from '../lib/export.js' */
/** @import { Mode, Narrowing, Rating, Recommendation, Source } from '../types.js' */

export const HOW_MANY = 10;

/** How neighbours are found where nobody has said how. @type {Narrowing} */
export const NO_NARROWING = {
  mode: 'genre-aware',
  sameGenre: false,
  artists: [],
  steer: [],
  taste: '',
  source: 'catalog',
  library: '',
};

/** How much a song counts that is to be more or less like, beside the visitor's own with one. */
const STEP = 0.5;

export class SimilarSongs {
  #list = byId('similar', HTMLElement);
  #box = byId('neighbours', HTMLElement);
  #modes = byId('modes', HTMLFieldSetElement);
  #sameGenre = byId('same-genre', HTMLInputElement);
  #steering = byId('steering', HTMLElement);
  #none = byId('none-left', HTMLElement);
  #sources = byId('sources', HTMLFieldSetElement);
  #trouble = byId('similar-trouble', HTMLElement);
  #where = byId('playlist-where', HTMLElement);
  /** What the list is of. */
  #of = '';
  /** @type {Recommendation[]} */
  #songs = [];
  /** Artists that are not wanted. @type {string[]} */
  #artists = [];
  /** Songs that it shall be more or less like. @type {Map<number, {title: string, weight: number}>} */
  #steer = new Map();

  /** The state of the visitor's taste that ranks them. */
  taste = '';

  /** The state of the visitor's own library; empty without one. */
  #library = '';
  /** The key of the visitor's own song that plays. */
  #playing = '';

  /** Called when the visitor wants other neighbours. @type {() => void} */
  onChange = () => {};
  /** Called when the visitor has an opinion on a song. @type {(song: Recommendation, opinion: Rating | null) => void} */
  onRate = () => {};
  /** What the visitor thinks of a track. @type {(track: number) => Rating | null} */
  ratingOf = () => null;
  /** Plays a song of the visitor's, or stops it; why it cannot. @type {(key: string) => Promise<string>} */
  onPlay = async () => '';
  /** Where a song of the visitor's lies. @type {(key: string) => Place | undefined} */
  placeOf = () => undefined;

  constructor() {
    this.#sources.addEventListener('change', () => this.onChange());
    this.#modes.addEventListener('change', () => this.onChange());
    moveWithArrows(this.#list, 'a.search, button.play-own');
    byId('save-m3u', HTMLButtonElement).addEventListener('click', () => {
      const playlist = toPlaylist(this.#of, this.#songs, this.placeOf);
      save(`${stem(this.#of)}.m3u8`, 'application/vnd.apple.mpegurl', playlist);
    });
    byId('save-similar', HTMLButtonElement).addEventListener('click', () => {
      const record = { song: this.#of, narrowing: this.narrowing, similar: this.#songs };
      save(`${stem(this.#of)}.similar.json`, 'application/json', JSON.stringify(record, null, 2));
    });
  }

  /** @returns {Narrowing} */
  get narrowing() {
    const chosen = this.#modes.querySelector('input[name="mode"]:checked');
    /** @type {Mode} */
    const mode =
      chosen instanceof HTMLInputElement && chosen.value === 'cosine' ? 'cosine' : 'genre-aware';
    return {
      mode,
      sameGenre: this.#sameGenre.checked,
      artists: [...this.#artists],
      steer: [...this.#steer].map(([track, { weight }]) => ({ track, weight })),
      taste: this.taste,
      source: this.#source,
      library: this.#library,
    };
  }

  /** @returns {Source} */
  get #source() {
    const chosen = this.#sources.querySelector('input:checked');
    if (!this.#library || !(chosen instanceof HTMLInputElement)) return 'catalog';
    return /** @type {Source} */ (chosen.value);
  }

  /**
   * The visitor's own songs are others now.
   * @param {string} revision empty if there are none
   * @param {boolean} removed whether some are gone, so that numbers of others are not what they were
   */
  setLibrary(revision, removed) {
    this.#library = revision;
    this.#sources.hidden = !revision;
    if (removed) this.resetAdjustments();
  }

  /** @param {string} key of the visitor's own song that plays; empty for none */
  showPlaying(key) {
    this.#playing = key;
    showPlaying(this.#list, key);
  }

  /** Another song: what was wished for of the last one is forgotten. */
  resetAdjustments() {
    this.#artists = [];
    this.#steer.clear();
    this.#showAdjustments();
  }

  /**
   * @param {Recommendation[]} songs none hides the list, unless it is narrowed down to none
   * @param {string} of the song that they are like
   */
  show(songs, of) {
    this.#of = of;
    const narrowed = this.#sameGenre.checked || this.#artists.length + this.#steer.size > 0;
    this.#box.hidden = songs.length === 0 && !(narrowed && of);
    this.#none.hidden = songs.length > 0;
    // A list that stays the same keeps its rows, and with them the focus.
    if (JSON.stringify(songs) === JSON.stringify(this.#songs)) return;
    this.#songs = songs;
    setRawText(this.#trouble, '');
    this.#where.hidden = !songs.some(isOwn);
    // Whoever goes through the list by keyboard stays at the same place of it.
    const at = document.activeElement;
    const row = at?.closest('#similar > li');
    const place = row ? [...this.#list.children].indexOf(row) : -1;
    const which = row
      ? [...row.querySelectorAll('button, a')].findIndex((stop) => stop === at)
      : -1;
    this.#list.replaceChildren(...songs.map((song) => this.#makeRow(song)));
    const stop = this.#list.children[place]?.querySelectorAll('button, a')[which];
    if (stop instanceof HTMLElement) stop.focus({ preventScroll: true });
  }

  /** Shows what the visitor thinks of the songs now. */
  showRatings() {
    for (const row of this.#list.children) {
      const { track, mine } = /** @type {HTMLElement} */ (row).dataset;
      if (mine === undefined) showRating(row, this.ratingOf(Number(track)));
    }
  }

  /** What the visitor wishes, each with a way to take it back. */
  #showAdjustments() {
    const adjustments = [
      ...this.#artists.map((artist) => ({
        words: format('not {}', artist),
        undo: () => {
          this.#artists = this.#artists.filter((other) => other !== artist);
        },
      })),
      ...[...this.#steer].map(([track, { title, weight }]) => ({
        words: format(weight > 0 ? 'more like “{}”' : 'less like “{}”', title),
        undo: () => {
          this.#steer.delete(track);
        },
      })),
    ];
    this.#steering.hidden = adjustments.length === 0;
    this.#steering.replaceChildren(
      ...adjustments.map(({ words, undo }) => {
        const button = make('button', 'adjustment', rawText(words), make('span', 'cross', '×'));
        button.type = 'button';
        button.setAttribute('aria-label', format('Remove: {}', words));
        button.addEventListener('click', () => this.#adjust(undo));
        return make('li', '', button);
      }),
    );
  }

  /** @param {() => void} change */
  #adjust(change) {
    change();
    this.#showAdjustments();
    this.onChange();
    // The button that was pressed is gone or will be.
    const last = this.#steering.querySelector('li:last-child button');
    if (last instanceof HTMLElement) last.focus();
    else this.#sameGenre.focus();
  }

  /** @param {string} key */
  async #play(key) {
    setRawText(this.#trouble, await this.onPlay(key));
  }

  /** Whose song it is: the artist's, and the visitor's. @param {Recommendation} song */
  #byline(song) {
    const { artist, path } = song;
    if (!isOwn(song)) return [make('span', 'artist', artist ? rawText(artist) : 'unknown artist')];
    const by = artist || folderOf(this.placeOf(path)?.path ?? '');
    const words = by ? [make('span', 'artist', rawText(by)), ' '] : [];
    return [...words, make('span', 'yours', 'yours')];
  }

  /** @param {Recommendation} song */
  #makeRow(song) {
    const row = make('li', 'neighbour');
    row.dataset.track = String(song.track);
    row.dataset.similarity = String(song.similarity);
    const own = isOwn(song);
    if (own) row.dataset.mine = song.path;
    row.style.setProperty('--share', String(Math.max(0, Math.min(1, song.similarity))));
    paintGenre(row, song.genre);

    const title = song.title || t('Untitled');
    const genre = make('span', 'genre', genreName(song.genre));
    if (song.genre_predicted) {
      genre.append(make('span', 'predicted', ' (predicted)'));
      genre.title = t('The model predicts this genre; nobody has labelled the song');
    }
    const more = make('span', 'more');
    more.append(make('span', 'why', rawText(reasonText(song.reason))));
    if (typeof song.liked === 'number') {
      const words = make(
        'span',
        'liked',
        rawText(format('to your taste: {}', percent(song.liked))),
      );
      words.dataset.liked = String(song.liked);
      more.append(words);
    }
    if (!own) more.append(...sourceLinks(song));
    const adjustments = make('span', 'adjust');
    const steer = (/** @type {number} */ weight) => () =>
      this.#adjust(() => this.#steer.set(song.track, { title, weight }));
    adjustments.append(
      adjustButton('More like this', format('More like this: “{}”', title), steer(STEP)),
      adjustButton('Less like this', format('Less like this: “{}”', title), steer(-STEP)),
    );
    if (song.artist) {
      const exclude = () => this.#adjust(() => this.#artists.push(song.artist));
      adjustments.append(
        adjustButton('Not this artist', format('Not this artist: {}', song.artist), exclude),
      );
    }

    adjustments.prepend(
      own
        ? playButton(song.path, title, this.#playing, () => this.#play(song.path))
        : ratingButtons(title, this.ratingOf(song.track), (opinion) => this.onRate(song, opinion)),
    );

    row.append(
      make('span', 'rank', String(song.rank)),
      make('span', 'what', make('strong', '', rawText(title)), ' ', ...this.#byline(song)),
      make(
        'span',
        'marks',
        genre,
        make(
          'span',
          'similarity',
          make('span', 'number', localiseDecimal(song.similarity.toFixed(2))),
          make('span', 'track', make('span', 'fill')),
        ),
      ),
      more,
      adjustments,
    );
    return row;
  }
}

/** @param {string} text @param {string} label in the page's language @param {() => void} onClick */
function adjustButton(text, label, onClick) {
  const button = make('button', 'quiet', text);
  button.type = 'button';
  button.setAttribute('aria-label', label);
  button.addEventListener('click', onClick);
  return button;
}
