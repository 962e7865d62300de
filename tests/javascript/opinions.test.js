import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FORMAT, readOpinions } from '../../www/lib/opinions.js';

const opinion = {
  key: 'own:a.mp3:12.00',
  opinion: 'like',
  title: 'a.mp3',
  artist: '',
  embedding: [0.5, -1],
  modelSha256: 'ab'.repeat(32),
  when: 1,
};
const file = (/** @type {object} */ change) => ({
  soundalike_taste: FORMAT,
  opinions: [{ ...opinion, ...change }],
});

test('opinions with numbers that no model gives are refused', () => {
  assert.equal(typeof readOpinions(file({})), 'object');
  for (const wrong of [1e300, -1e300, 3e38, null, '1']) {
    assert.equal(typeof readOpinions(file({ embedding: [wrong, 0] })), 'string', String(wrong));
  }
});
