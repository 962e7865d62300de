import assert from 'node:assert/strict';
import { test } from 'node:test';

import { adaptAnswer, answerOf, firstGap, newAnswer } from '../../www/survey/answer.js';
import {
  firstUnrated,
  isListening,
  keyOf,
  orderOf,
  randomBelow,
  shuffled,
} from '../../www/survey/listening.js';
import { soundOf } from '../../www/survey/song-sound.js';

const study = {
  methods: ['one', 'two'],
  seeds: [
    {
      song: 'a',
      recommendations: [
        ['b', 'c'],
        ['d', 'c'],
      ],
    },
    { song: 'e', recommendations: [['b'], ['f']] },
  ],
};
const config = {
  id: 'listening',
  kind: 'recommendations',
  consent_version: 2,
  songs: ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id })),
  study,
};
const last = (count) => count - 1;

test('each recommendation is asked once, seed by seed, whichever method it is of', () => {
  const order = orderOf(study, [], last);
  assert.deepEqual(order.map(keyOf).sort(), [
    '["a","b"]',
    '["a","c"]',
    '["a","d"]',
    '["e","b"]',
    '["e","f"]',
  ]);
  const seeds = orderOf(study).map(({ seed }) => seed);
  const blocks = seeds.filter((seed, at) => seed !== seeds[at - 1]);
  assert.equal(blocks.length, 2);
});

test('what was drawn stays, and what is new comes after it', () => {
  const before = [
    { seed: 'e', song: 'f' },
    { seed: 'x', song: 'y' },
    { seed: 'a', song: 'c' },
  ];
  const order = orderOf(study, before);
  assert.deepEqual(order.slice(0, 2).map(keyOf), ['["e","f"]', '["a","c"]']);
  assert.equal(order.length, 5);
});

test('every order is as probable as the others', () => {
  const counts = new Map();
  for (let at = 0; at < 6000; at += 1) {
    const order = shuffled([1, 2, 3]).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  // The standard deviation of each count is 29; a deviation of 200 is seven of them.
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 200, `${count}`);
  assert.equal(randomBelow(1), 0);
});

test('the steps of a listening study', () => {
  assert.ok(isListening(config));
  assert.ok(!isListening({ ...config, kind: undefined }));
  const answer = newAnswer('listening');
  assert.equal(firstGap(answer, config), 'consent');
  answer.consent = { version: 2, at: '2026-01-01T00:00:00Z' };
  assert.equal(firstGap(answer, config), 'ratings');
  answer.order = orderOf(study, [], last);
  for (const pair of answer.order.slice(0, 3)) answer.ratings[keyOf(pair)] = 4;
  assert.equal(firstGap(answer, config), 'ratings');
  assert.equal(answer.at, 3);
  for (const pair of answer.order) answer.ratings[keyOf(pair)] = 4;
  assert.equal(firstUnrated(answer), -1);
  assert.equal(firstGap(answer, config), 'review');
});

test('what is sent of a listening study has its order', () => {
  const answer = newAnswer('listening');
  assert.throws(() => answerOf(answer, config, 'model'));
  answer.consent = { version: 2, at: '2026-01-01T00:00:00Z' };
  answer.participant = 'CODE';
  answer.order = orderOf(study, [], () => 0);
  for (const [at, pair] of answer.order.entries()) answer.ratings[keyOf(pair)] = at + 1;
  const sent = answerOf(answer, config, 'model');
  assert.equal(sent.version, 2);
  assert.equal(sent.kind, 'recommendations');
  assert.deepEqual(
    sent.ratings.map(({ rating }) => rating),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(sent.ratings.map(keyOf), answer.order.map(keyOf));
});

test('an answer of an earlier version of the page goes on', () => {
  const answer = { ...newAnswer('listening'), step: 'songs' };
  delete answer.order;
  delete answer.ratings;
  answer.consent = { version: 2, at: '2026-01-01T00:00:00Z' };
  adaptAnswer(answer, config);
  assert.equal(answer.step, 'consent');
  assert.equal(firstGap(answer, config), 'ratings');
});

test('a song plays where its sound file has a plain name', () => {
  assert.ok(soundOf({ audio: 'song-1.mp3' })?.pathname.endsWith('/survey/audio/song-1.mp3'));
  for (const audio of [
    undefined,
    '',
    '../config.json',
    'a/b.mp3',
    '.mp3',
    'song.html',
    'https://x/y.mp3',
  ]) {
    assert.equal(soundOf({ audio }), null, audio);
  }
});
