// What is shown before there is a song: ten imagined moments, one per genre in its
// colour, drawn from a few rules each. It is the legend of the colours, and the progress bar of
// loading: what is not there yet is grey.

import { GENRES } from '../lib/genres.js';

/** @import { Picture, Segment } from '../types.js' */

const COLUMNS_EACH = 96;
const ROWS = 128;

/** A repeatable noise, 0 to 1. @param {number} a @param {number} b */
function noise(a, b) {
  const x = Math.sin(a * 127.1 + b * 311.7) * 43758.5453;
  return x - Math.floor(x);
}

/**
 * Overtones of a note: ridges that grow closer and fainter upwards.
 * @param {number} row @param {number} low row of the lowest @param {number} partials
 * @param {number} width
 */
function tones(row, low, partials, width) {
  let level = 0;
  for (let n = 1; n <= partials; n++) {
    const centre = low + 30 * Math.log2(n);
    const distance = (row - centre) / width;
    level = Math.max(level, Math.exp(-distance * distance) * (1 - (n - 1) / (partials + 3)));
  }
  return level;
}

/** A soft band around a row. @param {number} row @param {number} centre @param {number} width */
const band = (row, centre, width) => Math.exp(-(((row - centre) / width) ** 2));

/** A stroke `times` in the moment, ringing out. @param {number} x @param {number} times @param {number} speed */
function strokes(x, times, speed) {
  const phase = (((x * times) % 1) + 1) % 1;
  return Math.min(1, phase * 12) * Math.exp(-phase * speed);
}

/** One of some values, in turn. @param {number[]} values @param {number} at */
const turn = (values, at) => values[Math.floor(at) % values.length] ?? 0;

/** Level 0 to 1 of a genre's texture at x (0 to 1) and row. @type {Record<string, (x: number, row: number) => number>} */
const TEXTURES = {
  // Notes that are bent, slowly.
  blues: (x, row) =>
    tones(row, 12 + 9 * Math.sin(((x * 3) % 1) * 2.6) ** 2, 6, 2.4) * strokes(x, 3, 1.2),
  // Long chords that swell and climb.
  classical: (x, row) =>
    tones(row, 14 + turn([0, 4, 9], x * 3), 7, 1.4) *
    (0.35 + 0.65 * Math.sin(((x * 3) % 1) * Math.PI)),
  // A picked pattern.
  country: (x, row) => tones(row, turn([10, 22, 17, 27], x * 8), 5, 1.8) * strokes(x, 8, 2.4),
  // Four on the floor, an open hat between, strings above.
  disco: (x, row) =>
    Math.max(
      band(row, 5, 8) * strokes(x, 6, 3),
      0.6 * band(row, 74, 16) * strokes(x + 1 / 12, 6, 4),
      0.75 * tones(row, 33 + turn([0, 3], x * 2), 2, 1.6),
    ),
  // A deep bass, and words.
  hiphop: (x, row) =>
    Math.max(
      band(row, 6, 7) * strokes(x, 3, 1.1),
      0.9 *
        tones(row, 30 + 5 * noise(Math.floor(x * 14), 5), 4, 2.2) *
        strokes(x, 14, 1.5) *
        (0.3 + 0.7 * noise(Math.floor(x * 14), 2)),
    ),
  // A walking bass, brushes.
  jazz: (x, row) =>
    Math.max(
      tones(row, 7 + turn([0, 4, 8, 12, 9, 5], x * 6), 3, 2) * strokes(x, 6, 1),
      0.45 * band(row, 70, 14) * strokes(x, 9, 2.5) * (0.6 + 0.4 * noise(row, 1)),
    ),
  // A wall.
  metal: (x, row) =>
    (0.95 - row / 150) *
    (0.45 + 0.55 * noise(Math.floor(x * 96), row)) *
    (0.6 + 0.4 * strokes(x, 12, 1.5)),
  // A tune in steps over a beat.
  pop: (x, row) =>
    Math.max(
      tones(row, 20 + turn([0, 7, 4, 9], x * 4), 5, 1.6) * (0.55 + 0.45 * strokes(x, 4, 1)),
      band(row, 4, 6) * strokes(x, 4, 3),
    ),
  // The off-beat over a round bass.
  reggae: (x, row) =>
    Math.max(
      band(row, 6, 6) * strokes(x, 2, 1.3),
      tones(row, 30, 4, 2.2) * strokes(x + 1 / 8, 4, 4),
    ),
  // Power chords and a backbeat.
  rock: (x, row) =>
    Math.max(
      tones(row, 9 + turn([0, 5], x * 4), 8, 2) * (0.65 + 0.35 * noise(Math.floor(x * 96), row)),
      0.7 * strokes(x + 1 / 8, 4, 7) * (1 - row / 128),
    ),
};

/** Upwards the picture fades out, to leave room for words. @param {number} row */
function fade(row) {
  const t = Math.max(0, Math.min(1, (row - 30) / 52));
  return 1 - 0.97 * t * t * (3 - 2 * t);
}

/** The picture of all ten. @returns {Picture} */
export function placeholderSpectrogram() {
  const columns = COLUMNS_EACH * GENRES.length;
  const levels = new Uint8Array(ROWS * columns);
  GENRES.forEach((genre, at) => {
    const texture = TEXTURES[genre];
    for (let i = 0; i < COLUMNS_EACH; i++) {
      const x = i / COLUMNS_EACH;
      const edge = Math.min(1, i / 6, (COLUMNS_EACH - 1 - i) / 6);
      for (let row = 0; row < ROWS; row++) {
        const level = (texture?.(x, row) ?? 0) * edge * fade(row);
        levels[row * columns + at * COLUMNS_EACH + i] = 40 + 200 * Math.min(1, level);
      }
    }
  });
  return { rows: ROWS, columns, levels };
}

/**
 * Its timeline, as far as it is loaded.
 * @param {number} share 0 to 1
 * @returns {Segment[]} one second per genre
 */
export function placeholderTimeline(share) {
  return GENRES.slice(0, Math.floor(share * GENRES.length + 1e-6)).flatMap((genre, at) => [
    { start: at, end: at + 0.02, probabilities: { [genre]: 1 } },
    { start: at + 0.98, end: at + 1, probabilities: { [genre]: 1 } },
  ]);
}
