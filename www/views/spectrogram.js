// The song's spectrogram, the time axis and the genres over time below it, with one play head and one
// reading line through all of them.

import { bandHertz, heightOfHertz } from '../lib/bands.js';
import { clock, frequency, percent } from '../lib/format.js';
import { byId, make, rawText, setRawText, setText } from '../lib/dom.js';
import { GENRES, genreName } from '../lib/genres.js';
import { drawSpectrogram, readPalette } from '../lib/spectrogram-colours.js';
import { LIVE_WINDOW_SECONDS } from '../engine/live-session.js';
import { topGenreAt } from '../lib/timeline.js';
import { drawGenreFlow } from './genre-flow.js';
import { placeholderSpectrogram, placeholderTimeline } from './placeholder-spectrogram.js';
import { format, t } from '../i18n/i18n.js';

/** @import { Picture, Segment, Song } from '../types.js' */

const FAINT = 0.62;
/** Nothing can be dropped where there is only a finger. */
const INVITATION = matchMedia('(hover: none) and (pointer: coarse)').matches
  ? 'Choose a song'
  : 'Drop a song anywhere';
const MARKED_HERTZ = [200, 1000, 4000];

export class SpectrogramView {
  #stage = byId('stage', HTMLElement);
  #canvas = byId('picture', HTMLCanvasElement);
  #seek = byId('seek', HTMLElement);
  #axis = byId('axis', HTMLElement);
  #bands = byId('bands', HTMLElement);
  #readout = byId('readout', HTMLElement);
  #headline = byId('headline', HTMLElement);
  #head = byId('head', HTMLElement);
  #cursor = byId('cursor', HTMLElement);
  #palette = readPalette(document.body);
  #placeholder = placeholderSpectrogram();
  /** Share of the model that is loaded. */
  #loaded = 0;
  /** @type {Song | null} */
  #song = null;
  /** The frame in which the picture is drawn. */
  #due = 0;
  /** Where a sound that goes on is drawn. @type {HTMLCanvasElement | null} */
  #live = null;
  #waiting = false;
  #time = 0;
  /** @type {number | null} */
  #hover = null;

  /** Called when the visitor points at a moment to play from. @type {(seconds: number) => void} */
  onSeek = () => {};

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#palette = readPalette(document.body);
      this.#draw();
    });
    new ResizeObserver(() => this.#drawAxis()).observe(this.#axis);
    this.#listenToPointer();
    this.clear();
  }

  /** Marks some frequencies, once the bands of the model's picture are known. */
  markFrequencies() {
    const marks = MARKED_HERTZ.flatMap((hertz) => {
      const height = heightOfHertz(hertz);
      if (height === null) return [];
      const mark = make('span', 'pitch', hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`);
      mark.style.bottom = `${height * 100}%`;
      return [mark];
    });
    byId('pitches', HTMLElement).replaceChildren(...marks);
  }

  /** How far the model is loaded: so many of the ten genres get their colour. @param {number} share 0 to 1 */
  showLoading(share) {
    const loaded = Math.floor(share * GENRES.length);
    if (loaded === this.#loaded) return;
    this.#loaded = loaded;
    if (!this.#song) this.#draw();
  }

  /**
   * No song: the ten genres, or in grey with a song's name while it is not to be seen yet.
   * @param {string} [waitingFor]
   */
  clear(waitingFor = '') {
    this.#song = null;
    this.#endLive();
    this.#waiting = waitingFor !== '';
    this.#stage.dataset.waiting = String(this.#waiting);
    if (waitingFor) setRawText(this.#headline, waitingFor);
    else setText(this.#headline, INVITATION);
    this.#hover = null;
    this.#stage.dataset.song = 'no';
    this.#bands.replaceChildren();
    this.#draw();
    this.#drawAxis();
    this.#describe();
  }

  /** The colours of the present theme, for who draws elsewhere. */
  get palette() {
    return this.#palette;
  }

  /** A sound that goes on: a canvas that somebody else draws on. @returns {HTMLCanvasElement} */
  showLive() {
    this.clear();
    this.#stage.dataset.song = 'live';
    setText(this.#readout, '');
    const canvas = make('canvas', 'live');
    canvas.setAttribute('aria-hidden', 'true');
    this.#live = canvas;
    this.#seek.append(canvas);
    this.#seek.setAttribute('aria-disabled', 'true');
    this.#drawAxis();
    return canvas;
  }

  /**
   * The genres over the time that is shown of a live sound.
   * @param {Song} song its timeline is measured from the left edge
   * @param {number} drift seconds that it moves until it is drawn anew
   */
  showLiveBands(song, drift) {
    drawGenreFlow(this.#bands, song);
    this.#bands.style.setProperty('--drift', `${(-100 * drift) / song.seconds}%`);
  }

  /** Shows a song, or what has changed about it. @param {Song} song */
  showSong(song) {
    const other = song !== this.#song;
    this.#song = song;
    this.#endLive();
    this.#stage.dataset.song = song.picture ? 'yes' : 'no';
    if (!song.picture) setText(this.#headline, INVITATION);
    if (other) this.setTime(0);
    this.#drawSoon();
    this.#drawAxis();
    drawGenreFlow(this.#bands, song);
    this.#describe();
  }

  /** Moves the play head. @param {number} seconds */
  setTime(seconds) {
    this.#time = seconds;
    const length = this.#song?.seconds || 1;
    this.#head.style.left = `${Math.min(1, seconds / length) * 100}%`;
    this.#describe();
  }

  #endLive() {
    this.#live?.remove();
    this.#live = null;
    this.#seek.removeAttribute('aria-disabled');
  }

  /** Draws in a task of its own, so that none is long, and once a frame at most. */
  #drawSoon() {
    if (this.#due) return;
    this.#due = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#due);
    this.#due = 0;
    const song = this.#song;
    if (song?.picture) {
      drawSpectrogram(
        this.#canvas,
        song.picture,
        song.seconds,
        song.answer?.timeline ?? [],
        this.#palette,
      );
    } else {
      const timeline = placeholderTimeline(this.#waiting ? 0 : this.#loaded / GENRES.length);
      drawSpectrogram(
        this.#canvas,
        this.#placeholder,
        GENRES.length,
        timeline,
        this.#palette,
        FAINT,
      );
    }
  }

  #drawAxis() {
    const seconds = this.#song?.seconds ?? 0;
    this.#axis.replaceChildren();
    if (this.#live) {
      for (let back = 5; back < LIVE_WINDOW_SECONDS; back += 5) {
        const tick = make('span', '', rawText(format('{} s ago', back)));
        tick.style.left = `${100 * (1 - back / LIVE_WINDOW_SECONDS)}%`;
        this.#axis.append(tick);
      }
      this.#axis.append(make('span', 'end', 'now'));
      return;
    }
    if (!this.#song?.picture || seconds <= 0) return;
    const room = this.#axis.clientWidth / (parseFloat(getComputedStyle(this.#axis).fontSize) * 5);
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
    const step = steps.find((candidate) => seconds / candidate <= room) ?? 7200;
    for (let at = 0; at <= seconds - step * 0.35; at += step) {
      const tick = make('span', '', clock(at));
      tick.style.left = `${(at / seconds) * 100}%`;
      this.#axis.append(tick);
    }
    const end = make('span', 'end', clock(seconds));
    this.#axis.append(end);
  }

  #listenToPointer() {
    const timeAt = (/** @type {PointerEvent} */ event) => {
      const box = this.#seek.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      return share * (this.#song?.seconds ?? 0);
    };
    let dragging = false;
    const area = byId('timed', HTMLElement);
    area.addEventListener('pointermove', (event) => {
      if (!this.#song?.picture) return;
      this.#hover = timeAt(event);
      if (dragging) this.onSeek(this.#hover);
      this.#describe();
    });
    area.addEventListener('pointerdown', (event) => {
      if (!this.#song?.picture || event.button !== 0) return;
      dragging = true;
      area.setPointerCapture(event.pointerId);
      this.#hover = timeAt(event);
      this.onSeek(this.#hover);
    });
    for (const end of ['pointerup', 'pointercancel', 'pointerleave']) {
      area.addEventListener(end, (event) => {
        dragging = false;
        const touch = /** @type {PointerEvent} */ (event).pointerType !== 'mouse';
        if (end === 'pointerleave' || touch) this.#hover = null;
        this.#describe();
      });
    }
  }

  /** Says what stands at the reading line: time, loudest band, genre. */
  #describe() {
    const song = this.#song;
    this.#cursor.hidden = this.#hover === null || !song?.picture;
    if (!song?.picture) {
      setText(this.#readout, '');
      return;
    }
    const time = this.#hover ?? this.#time;
    if (this.#hover !== null) {
      this.#cursor.style.left = `${(this.#hover / song.seconds) * 100}%`;
    }
    const words = [format('{} of {}', clock(time), clock(song.seconds))];
    const hertz = loudest(song.picture, time / song.seconds);
    words.push(hertz === null ? t('silent here') : format('loudest at {}', frequency(hertz)));
    const genre = genreAt(song.answer?.timeline ?? [], time);
    if (genre) words.push(genre);
    setRawText(this.#readout, words.join(' · '));
    this.#seek.setAttribute('aria-valuemax', song.seconds.toFixed(1));
    this.#seek.setAttribute('aria-valuenow', this.#time.toFixed(1));
    if (this.#hover === null) this.#seek.setAttribute('aria-valuetext', words.join(', '));
  }
}

/**
 * The loudest band of a moment.
 * @param {Picture} picture
 * @param {number} share of the song's length, 0 to 1
 * @returns {number | null} its centre in hertz, null where all is silent
 */
function loudest({ rows, columns, levels }, share) {
  const column = Math.max(0, Math.min(columns - 1, Math.floor(share * columns)));
  let best = 0;
  for (let row = 1; row < rows; row++) {
    if ((levels[row * columns + column] ?? 0) > (levels[best * columns + column] ?? 0)) best = row;
  }
  return (levels[best * columns + column] ?? 0) > 0 ? bandHertz(best) : null;
}

/** @param {Segment[]} timeline @param {number} time @returns {string} such as "blues 71 %" */
function genreAt(timeline, time) {
  const top = topGenreAt(timeline, time);
  return top ? `${genreName(top[0])} ${percent(top[1])}` : '';
}
