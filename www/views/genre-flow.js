// The genres over time as a stacked area chart, each labelled where it is thickest.

import { make, rawText } from '../lib/dom.js';
import { GENRES, genreName, paintGenre } from '../lib/genres.js';
import { smoothTimeline } from '../lib/timeline.js';

/** @import { Song } from '../types.js' */
/** @typedef {{time: number, low: number, high: number}} Edge where a genre's area begins and ends at a time */

const SVG = 'http://www.w3.org/2000/svg';

/** @param {HTMLElement} container @param {Song} song */
export function drawGenreFlow(container, song) {
  const timeline = song.answer?.timeline ?? [];
  container.replaceChildren();
  if (timeline.length === 0) return;
  const genres = Object.keys(timeline[0]?.probabilities ?? {});
  const end = song.complete ? song.seconds : song.analysedSeconds;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${song.seconds} 1`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  container.append(svg);
  let edges = smoothTimeline(timeline, genres, end).map((point) => ({ ...point, low: 0, high: 0 }));
  for (const [at, genre] of genres.entries()) {
    edges = edges.map((edge) => ({
      ...edge,
      low: edge.high,
      high: edge.high + (edge.shares[at] ?? 0),
    }));
    svg.append(area(edges, genre));
    label(container, edges, genre, song.seconds);
  }
}

/** @param {Edge[]} edges @param {string} genre */
function area(edges, genre) {
  const point = (/** @type {number} */ time, /** @type {number} */ height) =>
    `${time.toFixed(2)} ${(1 - height).toFixed(4)}`;
  const upper = edges.map(({ time, high }) => point(time, high));
  const lower = edges.map(({ time, low }) => point(time, low)).reverse();
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', `M${upper.join('L')}L${lower.join('L')}Z`);
  paintGenre(path, genre);
  return path;
}

/**
 * Writes a genre's name where its area is thickest, if there is room for it.
 * @param {HTMLElement} container
 * @param {Edge[]} edges
 * @param {string} genre
 * @param {number} seconds
 */
function label(container, edges, genre, seconds) {
  const em = parseFloat(getComputedStyle(container).fontSize);
  const text = genreName(genre);
  const half = ((text.length * em * 0.32) / Math.max(1, container.clientWidth)) * seconds;
  const needed = (em * 1.3) / Math.max(1, container.clientHeight);
  const last = edges.at(-1)?.time ?? 0;
  let best = { room: needed, time: 0, middle: 0 };
  // The edges that the text would span move along with it.
  let from = 0;
  let to = 0;
  for (const { time } of edges) {
    while ((edges[from]?.time ?? Infinity) < time - half) from++;
    while ((edges[to]?.time ?? Infinity) <= time + half) to++;
    if (time < half * 1.2 || time > last - half * 1.2) continue;
    const spanned = edges.slice(from, to);
    const low = Math.max(0, ...spanned.map((edge) => edge.low));
    const high = Math.min(1, ...spanned.map((edge) => edge.high));
    if (high - low > best.room) best = { room: high - low, time, middle: (low + high) / 2 };
  }
  if (best.room <= needed) return;
  const element = make('span', 'band', rawText(text));
  element.style.left = `${(best.time / seconds) * 100}%`;
  element.style.bottom = `${best.middle * 100}%`;
  paintGenre(element, genre);
  element.style.setProperty('--on', `var(--on-${GENRES.includes(genre) ? genre : 'unknown'})`);
  container.append(element);
}
