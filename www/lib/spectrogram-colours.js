// How the spectrogram is inked: paper where it is silent, the colour of the genre heard at that
// moment where it sounds, ink where it is loudest. Grey where nothing is heard yet, or where the
// model is unsure.

import { GENRES, ranked } from './genres.js';

/** @import { Picture, Probabilities, Segment } from '../types.js' */
/** @typedef {[number, number, number]} Rgb */
/** @typedef {{paper: Rgb, ink: Rgb, grey: Rgb, genre: Map<string, Rgb>}} Inks */

/** The quietest level that leaves a mark, of 255; below it (about -64 dB) all is paper. */
const FLOOR = 52;
/** Above 1, quiet sounds leave a fainter mark. */
const CURVE = 1.3;
/** Under this probability a moment stays grey, from the second on it has its full colour. */
const PALE = 0.2;
const FULL = 0.6;
const CHANNELS = /** @type {const} */ ([0, 1, 2]);

/**
 * The colours of the present theme, from style.css.
 * @param {Element} element
 * @returns {Inks}
 */
export function readInks(element) {
  const style = getComputedStyle(element);
  const rgb = (/** @type {string} */ name) => hexToRgb(style.getPropertyValue(name).trim());
  return {
    paper: rgb('--strip'),
    ink: rgb('--ink'),
    grey: rgb('--unheard'),
    genre: new Map(GENRES.map((genre) => [genre, rgb(`--genre-${genre}`)])),
  };
}

/** @param {string} hex #rrggbb @returns {Rgb} */
function hexToRgb(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** @param {Rgb} a @param {Rgb} b @param {number} t @returns {Rgb} */
export function mix(a, b, t) {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** @param {number} x @returns {number} 0 to 1, flat at both ends */
function smooth(x) {
  const t = Math.max(0, Math.min(1, x));
  return t * t * (3 - 2 * t);
}

/**
 * The colour of what is heard: the top genre's, the paler the less sure.
 * @param {Probabilities | undefined} probabilities
 * @param {Inks} inks
 * @returns {Rgb}
 */
export function towards(probabilities, inks) {
  const [genre, share] = ranked(probabilities ?? {})[0] ?? ['', 0];
  const colour = inks.genre.get(genre) ?? inks.grey;
  return mix(inks.grey, colour, smooth((share - PALE) / (FULL - PALE)));
}

/**
 * The colour of every column: each segment's genre at its middle, blended in between.
 * @param {number} columns
 * @param {number} seconds
 * @param {Segment[]} timeline
 * @param {Inks} inks
 * @returns {Rgb[]}
 */
function columnColours(columns, seconds, timeline, inks) {
  const stops = timeline.map(({ start, end, probabilities }) => {
    return { at: (start + end) / 2, colour: towards(probabilities, inks) };
  });
  const heardTo = timeline.at(-1)?.end ?? 0;
  const result = [];
  let next = 0;
  for (let column = 0; column < columns; column++) {
    const time = ((column + 0.5) / columns) * seconds;
    while (next < stops.length && /** @type {{at: number}} */ (stops[next]).at <= time) next++;
    const before = stops[next - 1] ?? stops[next];
    const after = stops[next] ?? before;
    if (!before || !after) {
      result.push(inks.grey);
      continue;
    }
    const span = after.at - before.at;
    const heard = mix(
      before.colour,
      after.colour,
      span > 0 ? smooth((time - before.at) / span) : 0,
    );
    const unheard = smooth((time - heardTo) / Math.max(0.5, seconds / 60));
    result.push(mix(heard, inks.grey, unheard));
  }
  return result;
}

/**
 * Draws a picture on a canvas, one pixel per cell.
 * @param {HTMLCanvasElement} canvas
 * @param {Picture} picture
 * @param {number} seconds
 * @param {Segment[]} timeline what is heard so far
 * @param {Inks} inks
 * @param {number} strength 1 for a song, less for a faint one
 */
export function inkPicture(canvas, picture, seconds, timeline, inks, strength = 1) {
  const { rows, columns, levels } = picture;
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(columns, rows);
  columnColours(columns, seconds, timeline, inks).forEach((colour, column) => {
    const level = (/** @type {number} */ row) => levels[row * columns + column] ?? 0;
    inkColumn(image.data, columns, column, rows, colour, inks, level, strength);
  });
  context.putImageData(image, 0, 0);
}

/**
 * Inks one column.
 * @param {Uint8ClampedArray} pixels of an image
 * @param {number} width of the image
 * @param {number} column
 * @param {number} rows
 * @param {Rgb} colour
 * @param {Inks} inks
 * @param {(row: number) => number} level 0 to 255 of a row, counted from the bottom
 * @param {number} strength
 */
export function inkColumn(pixels, width, column, rows, colour, inks, level, strength = 1) {
  const { paper, ink } = inks;
  for (let row = 0; row < rows; row++) {
    const loud = (Math.max(0, level(rows - 1 - row) - FLOOR) / (255 - FLOOR)) ** CURVE * strength;
    // To the colour by two thirds of the way, from there towards ink.
    const tint = Math.min(1, loud * 1.5);
    const dark = Math.max(0, loud - 0.66) * 2;
    const at = (row * width + column) * 4;
    for (const i of CHANNELS) {
      const c = paper[i] + (colour[i] - paper[i]) * tint;
      pixels[at + i] = c + (ink[i] - c) * dark;
    }
    pixels[at + 3] = 255;
  }
}
