// Languages that only the survey has: their files, and how their texts are used.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { furtherLanguages, nameOf, textsIn } from '../../www/survey/words.js';
import { literals } from './literals.js';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const german = JSON.parse(read('www/i18n/de.json')).texts;

/** Words of the code that are texts of the page elsewhere. */
const NOT_TEXTS = ['waiting', 'done', 'yes', 'licence', ', '];

/** The texts of the survey: what German has a translation of. */
function textsOfSurvey() {
  const scripts = readdirSync(new URL('www/survey/', root), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.js'))
    .map((path) => read(`www/survey/${path}`));
  const found = scripts.flatMap(literals).filter((text) => Object.hasOwn(german, text));
  return [...new Set(found)].filter((text) => !NOT_TEXTS.includes(text));
}

const files = readdirSync(new URL('survey/', root)).filter((name) => /^[a-z]{2}\.json$/.test(name));

test('French is there', () => assert.ok(files.includes('fr.json')));

for (const file of files) {
  const { texts } = JSON.parse(read(`survey/${file}`));

  test(`${file}: has every text of the survey and no other`, () => {
    assert.deepEqual(Object.keys(texts).sort(), textsOfSurvey().sort());
  });

  test(`${file}: each translation has the placeholders of its text`, () => {
    const count = (text) => text.split('{}').length - 1;
    const different = Object.entries(texts).filter(([a, b]) => count(a) !== count(b) || !b.trim());
    assert.deepEqual(different, []);
  });
}

test('the survey offers what the page lacks', () => {
  assert.deepEqual(furtherLanguages(['en', 'de', 'fr', 'config', '../x', 'it']), ['fr', 'it']);
  assert.equal(nameOf('fr'), 'Français');
  assert.equal(nameOf('not a language'), 'not a language');
});

test('a language file is read with care', () => {
  assert.equal(textsIn(null), null);
  assert.equal(textsIn({ texts: 'none' }), null);
  assert.deepEqual(
    [...(textsIn({ texts: { Back: 'Retour', Code: 7 } }) ?? [])],
    [['Back', 'Retour']],
  );
});
