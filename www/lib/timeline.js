// The predictions over time.

import { ranked } from './genres.js';

/** @import { Segment } from '../types.js' */

/**
 * The genre of a moment and its probability.
 * @param {Segment[]} timeline
 * @param {number} time
 * @returns {[string, number] | undefined}
 */
export function topGenreAt(timeline, time) {
  const segment = timeline.find(({ start, end }) => time >= start && time <= end);
  return segment && ranked(segment.probabilities)[0];
}

/**
 * The timeline as a smooth curve: each segment's probabilities at its middle, eased in between, flat at both
 * ends. They keep adding up to one.
 * @param {Segment[]} timeline
 * @param {string[]} genres
 * @param {number} end
 * @returns {{time: number, shares: number[]}[]}
 */
export function smoothTimeline(timeline, genres, end) {
  const steps = timeline.length > 200 ? 2 : 8;
  const stops = timeline.map((segment) => ({
    time: (segment.start + segment.end) / 2,
    shares: genres.map((genre) => segment.probabilities[genre] ?? 0),
  }));
  const points = [{ time: timeline[0]?.start ?? 0, shares: stops[0]?.shares ?? [] }];
  for (const [i, stop] of stops.entries()) {
    const next = stops[i + 1];
    points.push(stop);
    if (!next) break;
    for (let step = 1; step < steps; step++) {
      const x = step / steps;
      const eased = x * x * (3 - 2 * x);
      points.push({
        time: stop.time + (next.time - stop.time) * x,
        shares: stop.shares.map((share, k) => share + ((next.shares[k] ?? 0) - share) * eased),
      });
    }
  }
  const last = points.at(-1);
  if (last && end > last.time) points.push({ time: end, shares: last.shares });
  return points;
}
