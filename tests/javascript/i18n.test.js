import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  format,
  formatParts,
  locale,
  setDictionary,
  t,
  translateMessage,
} from '../../www/i18n/i18n.js';
import { inGerman } from './german.js';
import { reasonText } from '../../www/lib/reason.js';

test('without a dictionary texts stay English', () => {
  assert.equal(locale(), 'en');
  assert.equal(t('Your song'), 'Your song');
  assert.equal(format('{} of {}', 1, 2), '1 of 2');
  assert.equal(translateMessage('Anything at all.'), 'Anything at all.');
});

test('what a dictionary lacks stays English', () => {
  inGerman(() => {
    assert.equal(t('Your song'), 'Dein Song');
    assert.equal(t('A text that nobody has translated'), 'A text that nobody has translated');
    assert.equal(translateMessage('A message of the future.'), 'A message of the future.');
  });
});

test('values fill the placeholders in order and are not taken for placeholders', () => {
  assert.equal(format('{} of {}, {}', 1, 2, '{}'), '1 of 2, {}');
  const node = { tag: 'b' };
  assert.deepEqual(formatParts('Chosen: {}.', node), ['Chosen: ', node, '.']);
});

test('a message is matched by its most specific pattern, and its values are translated', () => {
  inGerman(() => {
    assert.equal(
      translateMessage('Error: It knows 10 genres and names one of them whatever the music is.'),
      'Fehler: Es kennt 10 Genres und nennt immer eines davon, was für Musik es auch ist.',
    );
  });
});

test('a message of the engine is translated by its code, not by its text', () => {
  const notice = {
    code: 'predict.too_short',
    arguments: [
      ['seconds', '0.2'],
      ['least', '0.5'],
    ],
    details: [],
    text: 'whatever the English text is',
  };
  assert.equal(translateMessage(notice), notice.text);
  inGerman(() => {
    assert.equal(
      translateMessage(notice),
      'dauert nur 0,2 Sekunden; wähle etwas, das mindestens 0,5 Sekunden dauert',
    );
    const about = {
      code: 'model.sizes',
      arguments: [],
      details: [],
      subject: 'model',
      text: 'English',
    };
    assert.match(translateMessage(about), /^Das Modell lässt sich nicht benutzen \(nennt Größen/);
    assert.equal(
      translateMessage({ code: 'new', arguments: [], details: [], text: 'English.' }),
      'English.',
    );
  });
});

test('a message within a message is translated by its own code', () => {
  const damage = {
    code: 'damage.no_chunk',
    arguments: [['chunk', 'fmt']],
    details: [],
    text: 'its fmt chunk is missing',
  };
  const notice = {
    code: 'audio.damaged',
    arguments: [],
    details: [['damage', damage]],
    text: 'is damaged beyond use (its fmt chunk is missing); download or export it again',
  };
  inGerman(() => {
    assert.match(translateMessage(notice), /^ist zu sehr beschädigt \(ihr fmt-Abschnitt fehlt\)/);
  });
});

test('characters of regular expressions are plain in a pattern', () => {
  setDictionary('xx', {
    texts: {},
    messages: {},
    subjects: {},
    sentences: { 'is (a) {} [b]?': 'ist {}' },
  });
  assert.equal(translateMessage('is (a) c [b]?'), 'ist c');
  assert.equal(translateMessage('is a c b'), 'is a c b');
  setDictionary('en', { texts: {}, messages: {}, subjects: {}, sentences: {} });
});

test('what two songs have in common is a sentence with their genres and tags', () => {
  const both = { alike: true, genres: ['blues', 'hiphop'], tags: ['guitar', 'sad'] };
  assert.equal(reasonText(both), 'both sound like blues and hip-hop; guitar, sad');
  assert.equal(reasonText({ ...both, genres: ['jazz'], tags: [] }), 'both sound like jazz');
  assert.equal(reasonText({ ...both, genres: [], tags: ['sad'] }), 'in common: sad');
  const unnamed = { alike: true, genres: [], tags: [] };
  assert.equal(reasonText(unnamed), 'alike in sound rather than in genre');
  assert.equal(reasonText({ ...unnamed, alike: false }), 'little in common');
  inGerman(() => {
    assert.equal(reasonText({ ...both, tags: [] }), 'beide klingen nach Blues und Hip-Hop');
  });
});
