import assert from 'node:assert/strict';
import { test } from 'node:test';

import { verdict, verdictText } from '../../www/lib/verdict.js';
import { inGerman } from './german.js';

const answer = (kind, rest = {}) => ({ verdict: { kind, ...rest } });

for (const [text, found] of [
  ['Clearly blues', answer('clearly', { genre: 'blues' })],
  ['Between blues and jazz', answer('between', { first: 'blues', second: 'jazz' })],
  [
    'Mostly blues, with some jazz and rock',
    answer('mostly', { genre: 'blues', closest: false, some: ['jazz', 'rock'] }),
  ],
  [
    'Closest to blues, with some hip-hop',
    answer('mostly', { genre: 'blues', closest: true, some: ['hiphop'] }),
  ],
  ['Mostly blues', answer('mostly', { genre: 'blues', closest: false, some: [] })],
  ['Guitar, slow and rock', answer('tags', { tags: ['guitar', 'slow', 'rock'] })],
]) {
  test(text, () => {
    assert.equal(verdictText(found), text);
    assert.equal(verdict(found).sure, true);
  });
}

test('it is not sure where nothing stands out, and where it is no music', () => {
  const unsure = answer('unsure', { near: ['blues', 'jazz', 'rock'] });
  assert.equal(verdictText(unsure), 'Not sure: a little blues, jazz and rock');
  assert.equal(verdict(unsure).sure, false);
  const noise = answer('not_music');
  assert.match(verdictText(noise), /does not sound like music/);
  assert.equal(verdict(noise).sure, false);
  assert.equal(verdict({}).sure, false);
});

test('genres are marked, so that they can be shown in their colour', () => {
  const { parts } = verdict(answer('clearly', { genre: 'blues' }));
  assert.deepEqual(parts, [{ text: 'Clearly ' }, { text: 'blues', genre: 'blues' }]);
});

test('in German', () => {
  inGerman(() =>
    assert.equal(
      verdictText(answer('between', { first: 'blues', second: 'jazz' })),
      'Zwischen Blues und Jazz',
    ),
  );
});
