import assert from 'node:assert/strict';
import { test } from 'node:test';

import { GENRES, genreColour, genreName, ranked } from '../../www/lib/genres.js';
import { smoothTimeline, topGenreAt } from '../../www/lib/timeline.js';
import { inGerman } from './german.js';

test('ten genres, each with a name and a colour', () => {
  assert.equal(new Set(GENRES).size, 10);
  assert.equal(genreName('hiphop'), 'hip-hop');
  assert.equal(genreColour('jazz'), 'var(--genre-jazz)');
  assert.equal(genreColour('polka'), 'var(--unknown)');
  inGerman(() => assert.equal(genreName('classical'), 'Klassik'));
});

test('the most probable comes first, equal ones stay in order', () => {
  assert.deepEqual(ranked({ a: 0.2, b: 0.5, c: 0.2 }), [
    ['b', 0.5],
    ['a', 0.2],
    ['c', 0.2],
  ]);
  assert.deepEqual(ranked({}), []);
});

const timeline = [
  { start: 0, end: 2, probabilities: { pop: 1, rock: 0 } },
  { start: 2, end: 4, probabilities: { pop: 0.2, rock: 0.8 } },
];

test('the genre of a moment', () => {
  assert.deepEqual(topGenreAt(timeline, 1), ['pop', 1]);
  assert.deepEqual(topGenreAt(timeline, 3), ['rock', 0.8]);
  assert.equal(topGenreAt(timeline, 5), undefined);
});

test('a smooth timeline rises in time and its shares add up to one', () => {
  const points = smoothTimeline(timeline, ['pop', 'rock'], 4);
  assert.deepEqual(points[0], { time: 0, shares: [1, 0] });
  assert.deepEqual(points.at(-1), { time: 4, shares: [0.2, 0.8] });
  for (const [i, { time, shares }] of points.entries()) {
    assert.ok(Math.abs(shares[0] + shares[1] - 1) < 1e-12);
    assert.ok(i === 0 || time >= points[i - 1].time);
  }
});
