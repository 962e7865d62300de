// The song of the map that is open: what it is, and the songs like it.

import { format, t } from '../i18n/i18n.js';
import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { genreName } from '../lib/genres.js';
import { isOwn } from '../lib/export.js';
import { sourceLinks } from '../lib/source-links.js';
import { playButton, showPlaying } from '../library/play-button.js';
import { ratingButtons, showRating } from '../views/rating-buttons.js';
import { glyph } from './painter.js';

/** @import { MapPoint, Rating, Recommendation } from '../types.js' */

export class SongPanel {
  #panel = byId('map-song', HTMLElement);
  /** @type {MapPoint | null} */
  #song = null;
  /** @type {HTMLElement | null} */
  #ratingButtons = null;
  #playing = '';

  /** Called when the visitor wants songs like a track. @type {(track: number) => void} */
  onLike = () => {};
  /** Called when the visitor has an opinion on a song. @type {(song: MapPoint, rating: Rating | null) => void} */
  onRate = () => {};
  /** Called when the visitor closes it, by key or by button. @type {(byKey: boolean) => void} */
  onClose = () => {};
  /** Called when the visitor opens a song like this one. @type {(track: number) => void} */
  onOpen = () => {};
  /** Called when the visitor points at a song like this one, or no longer. @type {(track: number | null) => void} */
  onPoint = () => {};
  /** Plays a song of the visitor's library, or stops it; why it cannot. @type {(key: string) => Promise<string>} */
  onPlay = async () => '';
  /** What the visitor thinks of a track. @type {(track: number) => Rating | null} */
  ratingOf = () => null;

  constructor() {
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      this.onClose(true);
    });
  }

  /** @param {MapPoint} song @param {boolean} focus whether its heading takes the focus */
  show(song, focus) {
    this.#song = song;
    const title = song.title || t('Untitled');
    const heading = make('h3', 'large', rawText(title));
    heading.tabIndex = -1;
    const genre = make('span', 'genre-word', glyph(song.genre), genreName(song.genre));
    if (song.genre_predicted) {
      genre.append(make('span', 'predicted', ' (predicted)'));
      genre.title = t('The model predicts this genre; nobody has labelled the song');
    }
    const own = isOwn(song);
    const by = song.artist || (own ? t('your music') : t('unknown artist'));
    const links = own ? [] : sourceLinks(song);
    const more = make('p', 'more', make('span', '', rawText(by)), genre, ...links);
    const like = textButton('pill', t('Songs like this one'), () => this.onLike(song.track));
    const close = textButton('quiet', t('Close'), () => this.onClose(false));
    const trouble = make('span', 'trouble');
    trouble.setAttribute('role', 'alert');
    const play = playButton(song.path, title, this.#playing, async () => {
      setRawText(trouble, await this.onPlay(song.path));
    });
    this.#ratingButtons = ratingButtons(title, this.ratingOf(song.track), (rating) =>
      this.onRate(song, rating),
    );
    const ways = make('p', 'ways', like, own ? play : this.#ratingButtons, close, trouble);
    this.#panel.replaceChildren(make('div', '', heading, more, ways), make('div', 'alike'));
    this.#panel.setAttribute('aria-label', title);
    this.#panel.hidden = false;
    if (focus) heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: 'nearest' });
  }

  hide() {
    this.#song = null;
    this.#panel.hidden = true;
  }

  /** @param {Pick<Recommendation, 'track' | 'title' | 'artist' | 'genre'>[]} songs */
  showLike(songs) {
    const rows = songs.map(({ track, title, artist, genre }) => {
      const button = textButton('quiet', title || t('Untitled'), () => this.onOpen(track));
      button.addEventListener('pointerenter', () => this.onPoint(track));
      button.addEventListener('pointerleave', () => this.onPoint(null));
      const by = make('span', 'artist', rawText(artist || t('unknown artist')));
      return make(
        'li',
        '',
        glyph(genre),
        make('span', 'unseen', genreName(genre)),
        make('span', '', button, ' ', by),
      );
    });
    const list = make('ol', '', ...rows);
    list.setAttribute('aria-label', format('Songs like “{}”', this.#song?.title || t('Untitled')));
    this.#panel.querySelector('.alike')?.replaceChildren(list);
  }

  /** @param {string} key of the song of the library that plays; empty for none */
  showPlaying(key) {
    this.#playing = key;
    showPlaying(this.#panel, key);
  }

  /** Shows what the visitor thinks of the song now. */
  showRating() {
    if (this.#song && this.#ratingButtons) {
      showRating(this.#ratingButtons, this.ratingOf(this.#song.track));
    }
  }
}

/** @param {string} className @param {string} text in the page's language @param {() => void} onClick */
function textButton(className, text, onClick) {
  const button = make('button', className, rawText(text));
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}
