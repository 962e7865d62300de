import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  adaptAnswer,
  answerOf,
  firstGap,
  isOnlyHere,
  isOpen,
  newAnswer,
  plainText,
  short,
} from '../../www/survey/answer.js';
import { normalise } from '../../www/survey/song-search.js';

const songs = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
const config = { id: 'survey', consent_version: 2, songs };

function complete() {
  return {
    ...newAnswer('survey'),
    step: 'review',
    participant: 'CODE',
    consent: { version: 2, at: '2026-01-01T00:00:00Z' },
    favourite: { title: 'T', artist: 'A', sent: { song: { id: 'x' } } },
    opinions: { a: 'like', b: 'dislike', c: 'unknown', d: 'like' },
    favourites: ['a', 'b', 'c'],
    comment: ' Hello ',
  };
}

test('the first step that lacks something', () => {
  const answer = complete();
  assert.equal(firstGap(answer, config), 'review');
  assert.equal(firstGap({ ...answer, consent: null }, config), 'consent');
  assert.equal(firstGap({ ...answer, favourite: null }, config), 'favourite');
  assert.equal(firstGap({ ...answer, favourites: ['a'] }, config), 'three');
  const unrated = { ...answer, opinions: { a: 'like', b: 'like' } };
  assert.equal(firstGap(unrated, config), 'songs');
  assert.equal(unrated.at, 2);
});

test('an answer fits a survey that has changed', () => {
  const answer = { ...complete(), at: 3 };
  adaptAnswer(answer, { ...config, consent_version: 3, songs: songs.slice(0, 2) });
  assert.deepEqual(answer.opinions, { a: 'like', b: 'dislike' });
  assert.deepEqual(answer.favourites, ['a', 'b']);
  assert.equal(answer.at, 1);
  assert.equal(answer.consent, null);
  assert.equal(answer.step, 'consent');
  const sent = { ...complete(), state: 'sent' };
  adaptAnswer(sent, { ...config, songs: [] });
  assert.equal(sent.favourites.length, 3);
});

test('what is sent', () => {
  const sent = answerOf(complete(), config, 'model');
  assert.deepEqual(sent.labels[1], { song: 'b', opinion: 'dislike' });
  assert.equal(sent.comment, 'Hello');
  assert.equal(sent.model_sha256, 'model');
  assert.equal(sent.simulated, false);
  assert.throws(() => answerOf(newAnswer('survey'), config, 'model'));
});

test('states', () => {
  assert.ok(isOpen({ state: 'draft' }) && isOpen({ state: 'refused' }));
  assert.ok(!isOpen({ state: 'sent' }));
  assert.ok(isOnlyHere({ state: 'waiting', tries: 0 }));
  assert.ok(!isOnlyHere({ state: 'waiting', tries: 1 }));
});

test('text and numbers as they are sent', () => {
  assert.equal(plainText('a\u0000b\nc\ud800'), 'ab\nc\ufffd');
  assert.equal(short(Math.fround(0.1)), 0.100000001);
});

test('a search knows no case, accents or punctuation', () => {
  assert.equal(normalise('  Sigur Rós – Ágætis'), 'sigur ros agætis');
  assert.equal(normalise('Straße!'), 'strasse');
});
