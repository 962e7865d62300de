import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bandHertz, heightOfHertz, setBands } from '../../www/lib/bands.js';
import {
  clock,
  duration,
  fileError,
  formatCount,
  frequency,
  megabytes,
  percent,
  translateSentence,
} from '../../www/lib/format.js';
import { inGerman } from './german.js';

test('times', () => {
  assert.deepEqual([0, 65.9, 3729, -3].map(clock), ['0:00', '1:05', '1:02:09', '0:00']);
  assert.deepEqual([2.04, 30, 89.6, 185].map(duration), [
    '2.0 s',
    '30 s',
    '1 min 30 s',
    '3 min 5 s',
  ]);
});

test('shares, sizes, frequencies and counts', () => {
  assert.deepEqual([0, 0.001, 0.714, 1].map(percent), [
    '0\u00a0%',
    '<\u00a01\u00a0%',
    '71\u00a0%',
    '100\u00a0%',
  ]);
  assert.equal(megabytes(2_149_000), '2.1 MB');
  assert.deepEqual([443, 2099].map(frequency), ['440\u00a0Hz', '2.1\u00a0kHz']);
  assert.equal(formatCount(1336), '1,336');
});

test('numbers are written as the language writes them', () => {
  inGerman(() => {
    assert.equal(megabytes(2_149_000), '2,1 MB');
    assert.equal(duration(2.04), '2,0 s');
    assert.equal(formatCount(1336), '1.336');
  });
});

test('an error of a file is one sentence with a full stop', () => {
  assert.equal(fileError('a.mp3', 'is empty'), '“a.mp3” is empty.');
  assert.equal(fileError('a.mp3', 'This file is empty.'), '“a.mp3”: This file is empty.');
  assert.equal(translateSentence('Why?'), 'Why?');
});

test('bands of the spectrogram', () => {
  setBands([100, 200, 400, 800]);
  assert.deepEqual([-1, 0, 2.4, 9].map(bandHertz), [100, 100, 400, 800]);
  assert.equal(heightOfHertz(200), 1.5 / 4);
  assert.equal(heightOfHertz(300), 2 / 4);
  assert.equal(heightOfHertz(900), null);
});
