// How a spectrogram is coloured. The intensity of a cell goes from the background where it is silent, through
// the colour of the genre predicted for that moment, to the foreground where it is loudest. It is neutral
// grey where nothing is predicted yet, or where the model is unsure.

import { GENRES, ranked } from './genres.js';

/** @import { Picture, Probabilities, Segment } from '../types.js' */
/** @typedef {[number, number, number]} Rgb */
/** @typedef {{background: Rgb, foreground: Rgb, neutral: Rgb, genres: Map<string, Rgb>}} Palette */

/** The quietest level that is visible, of 255; below it (about -64 dB) all is background. */
const FLOOR = 52;
/** Above 1, quiet sounds get paler. */
const GAMMA = 1.3;
/** Up to this probability a moment stays neutral, from the second on it has the genre's full colour. */
const NEUTRAL_TO = 0.2;
const FULL_FROM = 0.6;

/**
 * The colours of the present theme, from the style sheet.
 * @param {Element} element
 * @returns {Palette}
 */
export function readPalette(element) {
  const style = getComputedStyle(element);
  const rgb = (/** @type {string} */ name) => hexToRgb(style.getPropertyValue(name).trim());
  return {
    background: rgb('--surface'),
    foreground: rgb('--ink'),
    neutral: rgb('--neutral'),
    genres: new Map(GENRES.map((genre) => [genre, rgb(`--genre-${genre}`)])),
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
function smoothstep(x) {
  const t = Math.max(0, Math.min(1, x));
  return t * t * (3 - 2 * t);
}

/**
 * The colour of a prediction: the top genre's, the paler the less sure.
 * @param {Probabilities | undefined} probabilities
 * @param {Palette} palette
 * @returns {Rgb}
 */
export function predictionColour(probabilities, palette) {
  const [genre, probability] = ranked(probabilities ?? {})[0] ?? ['', 0];
  const colour = palette.genres.get(genre) ?? palette.neutral;
  const strength = smoothstep((probability - NEUTRAL_TO) / (FULL_FROM - NEUTRAL_TO));
  return mix(palette.neutral, colour, strength);
}

/**
 * The colour of every column: each segment's at its middle, blended in between.
 * @param {number} columns
 * @param {number} seconds
 * @param {Segment[]} timeline
 * @param {Palette} palette
 * @returns {Rgb[]}
 */
function columnColours(columns, seconds, timeline, palette) {
  const stops = timeline.map(({ start, end, probabilities }) => {
    return { at: (start + end) / 2, colour: predictionColour(probabilities, palette) };
  });
  const predictedTo = timeline.at(-1)?.end ?? 0;
  const colours = [];
  let next = 0;
  for (let column = 0; column < columns; column++) {
    const time = ((column + 0.5) / columns) * seconds;
    while (next < stops.length && /** @type {{at: number}} */ (stops[next]).at <= time) next++;
    const before = stops[next - 1] ?? stops[next];
    const after = stops[next] ?? before;
    if (!before || !after) {
      colours.push(palette.neutral);
      continue;
    }
    const span = after.at - before.at;
    const share = span > 0 ? smoothstep((time - before.at) / span) : 0;
    const beyond = smoothstep((time - predictedTo) / Math.max(0.5, seconds / 60));
    colours.push(mix(mix(before.colour, after.colour, share), palette.neutral, beyond));
  }
  return colours;
}

/** Of each level 0 to 255 how far its colour is from the background to the genre's, and from there to the foreground. @typedef {{tints: Float32Array, darks: Float32Array}} Shades */

/** @param {number} strength 1 for a song, less for a faint one @returns {Shades} */
function shadesOf(strength) {
  const tints = new Float32Array(256);
  const darks = new Float32Array(256);
  for (let level = FLOOR; level < 256; level++) {
    const intensity = ((level - FLOOR) / (255 - FLOOR)) ** GAMMA * strength;
    // The genre's colour is reached at two thirds of the way, from there it goes to the foreground.
    tints[level] = Math.min(1, intensity * 1.5);
    darks[level] = Math.max(0, intensity - 0.66) * 2;
  }
  return { tints, darks };
}

const SHADES = shadesOf(1);

/**
 * @param {Uint8ClampedArray} pixels of an image
 * @param {number} at where the cell's pixel begins
 * @param {number} level 0 to 255
 * @param {Rgb} colour
 * @param {Palette} palette
 * @param {Shades} shades
 */
function drawCell(pixels, at, level, colour, { background, foreground }, { tints, darks }) {
  const tint = tints[level] ?? 0;
  const dark = darks[level] ?? 0;
  for (let i = 0; i < 3; i++) {
    const from = background[i] ?? 0;
    const tinted = from + ((colour[i] ?? 0) - from) * tint;
    pixels[at + i] = tinted + ((foreground[i] ?? 0) - tinted) * dark;
  }
  pixels[at + 3] = 255;
}

/**
 * Draws a spectrogram on a canvas, one pixel per cell.
 * @param {HTMLCanvasElement} canvas
 * @param {Picture} picture
 * @param {number} seconds
 * @param {Segment[]} timeline what is predicted so far
 * @param {Palette} palette
 * @param {number} strength 1 for a song, less for a faint one
 */
export function drawSpectrogram(canvas, picture, seconds, timeline, palette, strength = 1) {
  const { rows, columns, levels } = picture;
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(columns, rows);
  const shades = shadesOf(strength);
  const colours = columnColours(columns, seconds, timeline, palette);
  for (let row = 0; row < rows; row++) {
    const start = (rows - 1 - row) * columns;
    for (let column = 0; column < columns; column++) {
      const level = levels[start + column] ?? 0;
      const colour = colours[column] ?? palette.neutral;
      drawCell(image.data, (row * columns + column) * 4, level, colour, palette, shades);
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * Draws one column of a song.
 * @param {Uint8ClampedArray} pixels of an image
 * @param {number} width of the image
 * @param {number} column
 * @param {number} rows
 * @param {Rgb} colour
 * @param {Palette} palette
 * @param {(row: number) => number} level 0 to 255 of a row, counted from the bottom
 */
export function drawColumn(pixels, width, column, rows, colour, palette, level) {
  for (let row = 0; row < rows; row++) {
    drawCell(pixels, (row * width + column) * 4, level(rows - 1 - row), colour, palette, SHADES);
  }
}
