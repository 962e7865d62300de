import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { invitation } from '../../www/survey/invitation.js';

const kept = new Map();

beforeEach(() => {
  kept.clear();
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
});

function open(hash) {
  globalThis.location = { hash };
  return invitation();
}

test('an invitation is remembered after the visit whose link had it', () => {
  assert.equal(open(''), '');
  assert.equal(open('#invitation=ABCD-1234-EFGH-5678'), 'ABCD-1234-EFGH-5678');
  assert.equal(open(''), 'ABCD-1234-EFGH-5678');
  assert.equal(open('#invitation=0000-0000-0000-0001'), '0000-0000-0000-0001');
});

test('what is no invitation is not sent', () => {
  for (const hash of [
    '#invitation=',
    '#invitation=abcd',
    '#invitation=ABCD-1234-EFGH-5678%0d%0aX',
  ]) {
    assert.equal(open(hash), '', hash);
  }
});

test('an invitation works where the browser keeps nothing', () => {
  globalThis.localStorage = {
    getItem() {
      throw new Error('denied');
    },
    setItem() {
      throw new Error('denied');
    },
  };
  assert.equal(open('#invitation=ABCD-1234-EFGH-5678'), 'ABCD-1234-EFGH-5678');
});
