// The strip: the song's spectrogram, the time axis and the genres over time below it, with one
// play head and one reading line through all of them.

import { bandHertz, clock, heightOfHertz, percent, frequency } from '../lib/format.js';
import { byId, make, rawText, setRawText, setText } from '../lib/dom.js';
import { GENRES, genreName, paintGenre, ranked } from '../lib/genres.js';
import { drawSpectrogram, readPalette } from '../lib/spectrogram-colours.js';
import { LIVE_WINDOW_SECONDS } from '../engine/live-session.js';
import { placeholderSpectrogram, placeholderTimeline } from './placeholder-spectrogram.js';
import { format, t } from '../i18n/i18n.js';

/** @import { Picture, Segment, Song } from '../types.js' */

const FAINT = 0.62;
const SVG = 'http://www.w3.org/2000/svg';
/** Nothing can be dropped where there is only a finger. */
const INVITATION = matchMedia('(hover: none) and (pointer: coarse)').matches
  ? 'Choose a song'
  : 'Drop a song anywhere';
const PITCHES = [200, 1000, 4000];

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
    this.#listen();
    this.clear();
  }

  /** Marks some frequencies, once the bands of the model's picture are known. */
  markFrequencies() {
    const marks = PITCHES.flatMap((hertz) => {
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
   * The genres over the time that the strip shows of a sound that goes on.
   * @param {Song} song its timeline is measured from the strip's left edge
   * @param {number} drift seconds that it moves until it is drawn anew
   */
  showLiveBands(song, drift) {
    this.#drawBands(song);
    this.#bands.style.setProperty('--drift', `${(-100 * drift) / song.seconds}%`);
  }

  /** Shows a song, or what has changed about it. @param {Song} song */
  showSong(song) {
    const other = song !== this.#song;
    this.#song = song;
    this.#endLive();
    this.#stage.dataset.song = song.picture ? 'yes' : 'no';
    if (other) this.setTime(0);
    this.#drawSoon();
    this.#drawAxis();
    this.#drawBands(song);
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

  /** @param {Song} song */
  #drawBands(song) {
    const timeline = song.answer?.timeline ?? [];
    this.#bands.replaceChildren();
    if (timeline.length === 0) return;
    const genres = Object.keys(timeline[0]?.probabilities ?? {});
    const points = flow(timeline, genres, song.complete ? song.seconds : song.analysedSeconds);
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', `0 0 ${song.seconds} 1`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    this.#bands.append(svg);
    const floor = points.map(() => 0);
    for (const [at, genre] of genres.entries()) {
      const top = points.map(({ shares }, i) => (floor[i] ?? 0) + (shares[at] ?? 0));
      const upper = points.map(
        ({ time }, i) => `${time.toFixed(2)} ${(1 - (top[i] ?? 0)).toFixed(4)}`,
      );
      const lower = points.map(
        ({ time }, i) => `${time.toFixed(2)} ${(1 - (floor[i] ?? 0)).toFixed(4)}`,
      );
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', `M${upper.join('L')}L${lower.reverse().join('L')}Z`);
      paintGenre(path, genre);
      svg.append(path);
      this.#labelBand(song, genre, points, at, floor);
      for (const [i, value] of top.entries()) floor[i] = value;
    }
  }

  /**
   * Writes a genre's name where its band is thickest, if there is room for it.
   * @param {Song} song
   * @param {string} genre
   * @param {{time: number, shares: number[]}[]} points
   * @param {number} at index of the genre
   * @param {number[]} floor
   */
  #labelBand(song, genre, points, at, floor) {
    const em = parseFloat(getComputedStyle(this.#bands).fontSize);
    const word = genreName(genre);
    const half = ((word.length * em * 0.32) / Math.max(1, this.#bands.clientWidth)) * song.seconds;
    const needed = (em * 1.3) / Math.max(1, this.#bands.clientHeight);
    const last = points.at(-1)?.time ?? 0;
    let best = { room: needed, time: 0, middle: 0 };
    for (const [i, { time }] of points.entries()) {
      if (time < half * 1.2 || time > last - half * 1.2) continue;
      let low = 0;
      let high = 1;
      for (let j = i; j >= 0 && time - (points[j]?.time ?? 0) <= half; j--) {
        low = Math.max(low, floor[j] ?? 0);
        high = Math.min(high, (floor[j] ?? 0) + (points[j]?.shares[at] ?? 0));
      }
      for (let j = i; j < points.length && (points[j]?.time ?? 0) - time <= half; j++) {
        low = Math.max(low, floor[j] ?? 0);
        high = Math.min(high, (floor[j] ?? 0) + (points[j]?.shares[at] ?? 0));
      }
      if (high - low > best.room) best = { room: high - low, time, middle: (low + high) / 2 };
    }
    if (best.room <= needed) return;
    const label = make('span', 'band', rawText(word));
    label.style.left = `${(best.time / song.seconds) * 100}%`;
    label.style.bottom = `${best.middle * 100}%`;
    paintGenre(label, genre);
    label.style.setProperty('--on', `var(--on-${GENRES.includes(genre) ? genre : 'unknown'})`);
    this.#bands.append(label);
  }

  #listen() {
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

/**
 * The genre of a moment and its probability.
 * @param {Segment[]} timeline
 * @param {number} time
 * @returns {[string, number] | undefined}
 */
export function topGenreAt(timeline, time) {
  const near = timeline.find(({ start, end }) => time >= start && time <= end);
  return near && ranked(near.probabilities)[0];
}

/** @param {Segment[]} timeline @param {number} time @returns {string} such as "blues 71 %" */
function genreAt(timeline, time) {
  const top = topGenreAt(timeline, time);
  return top ? `${genreName(top[0])} ${percent(top[1])}` : '';
}

/**
 * The timeline as a smooth flow: each segment's shares at its middle, eased in between, flat at
 * both ends. Shares keep adding up to one.
 * @param {Segment[]} timeline
 * @param {string[]} genres
 * @param {number} end
 */
function flow(timeline, genres, end) {
  const STEPS = timeline.length > 200 ? 2 : 8;
  const stops = timeline.map((segment) => ({
    time: (segment.start + segment.end) / 2,
    shares: genres.map((genre) => segment.probabilities[genre] ?? 0),
  }));
  const points = [{ time: timeline[0]?.start ?? 0, shares: stops[0]?.shares ?? [] }];
  for (const [i, stop] of stops.entries()) {
    const next = stops[i + 1];
    points.push(stop);
    if (!next) break;
    for (let step = 1; step < STEPS; step++) {
      const t = step / STEPS;
      const eased = t * t * (3 - 2 * t);
      points.push({
        time: stop.time + (next.time - stop.time) * t,
        shares: stop.shares.map((share, k) => share + ((next.shares[k] ?? 0) - share) * eased),
      });
    }
  }
  const last = points.at(-1);
  if (last && end > last.time) points.push({ time: end, shares: last.shares });
  return points;
}
