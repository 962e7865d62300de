import assert from 'node:assert/strict';
import { test } from 'node:test';

import { verdict, verdictText } from '../../www/lib/verdict.js';
import { inGerman } from './german.js';

const music = (probabilities) => ({ probabilities, music: 1 });

for (const [text, probabilities] of [
  ['Clearly blues', { blues: 0.9, jazz: 0.1 }],
  ['Between blues and jazz', { blues: 0.45, jazz: 0.4, rock: 0.15 }],
  ['Mostly blues, with some jazz and rock', { blues: 0.6, jazz: 0.2, rock: 0.15, pop: 0.05 }],
  ['Closest to blues, with some hip-hop', { blues: 0.45, hiphop: 0.3, rock: 0.11 }],
  ['Mostly blues', { blues: 0.8, jazz: 0.1 }],
]) {
  test(text, () => {
    assert.equal(verdictText(music(probabilities)), text);
    assert.equal(verdict(music(probabilities)).sure, true);
  });
}

test('it is not sure where nothing stands out, and where it is no music', () => {
  const unsure = music({ blues: 0.3, jazz: 0.25, rock: 0.2, pop: 0.1 });
  assert.equal(verdictText(unsure), 'Not sure: a little blues, jazz and rock');
  assert.equal(verdict(unsure).sure, false);
  const noise = { probabilities: { blues: 0.9 }, music: 0.2 };
  assert.match(verdictText(noise), /does not sound like music/);
  assert.equal(verdict(noise).sure, false);
  assert.equal(verdict(music({})).sure, false);
});

test('a model of tags names every tag that fits', () => {
  const tags = {
    probabilities: { guitar: 0.9, slow: 0.6, rock: 0.5, pop: 0.4 },
    music: 1,
    head: 'sigmoid',
  };
  assert.equal(verdictText(tags), 'Guitar, slow and rock');
});

test('genres are marked, so that they can be shown in their colour', () => {
  const { parts } = verdict(music({ blues: 0.9 }));
  assert.deepEqual(parts, [{ text: 'Clearly ' }, { text: 'blues', genre: 'blues' }]);
});

test('in German', () => {
  inGerman(() =>
    assert.equal(verdictText(music({ blues: 0.45, jazz: 0.4 })), 'Zwischen Blues und Jazz'),
  );
});
