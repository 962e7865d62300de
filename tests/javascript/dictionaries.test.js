// Every language has every text of the page.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { MESSAGES } from '../../www/lib/page-error.js';
import { LANGUAGES } from '../../www/i18n/languages.js';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const scripts = readdirSync(new URL('www/', root), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.js'))
  .map((path) => read(`www/${path}`));

/** String literals that are translated where they are used. */
function textsOfScripts() {
  const literal = String.raw`'((?:[^'\\]|\\.)+)'`;
  const uses = [
    String.raw`\b(?:t|format|formatParts|showStatus)\(\s*${literal}`,
    String.raw`\b(?:setText|complain)\(\s*[\w.#]+,\s*${literal}`,
    String.raw`\bmake\(\s*'\w+',\s*'[^']*',\s*${literal}`,
    String.raw`\bparagraph\(\s*'[^']*',\s*${literal}`,
    String.raw`\bheading: ${literal}`,
  ];
  const found = uses.flatMap((use) =>
    scripts.flatMap((script) => [...script.matchAll(new RegExp(use, 'g'))].map(([, text]) => text)),
  );
  return new Set(found.map((text) => text.replaceAll("\\'", "'")));
}

/** Texts and readable attributes of index.html. */
function textsOfPage() {
  const html = read('index.html')
    .replace(/<!--.*?-->|<!doctype[^>]*>/gs, '')
    .replace(/<(script|noscript)\b[^>]*>.*?<\/\1>/gs, '');
  const attributes = [...html.matchAll(/\b(?:aria-label|title|placeholder)="([^"]+)"/g)];
  const texts = html.split(/<[^>]*>/).map((text) => text.trim().replace(/\s+/g, ' '));
  return new Set([...attributes.map(([, text]) => text), ...texts]);
}

/** Words that are the same everywhere, and what is no word. */
const UNIVERSAL = /^(Soundalike|Esc|MP3|2D|3D|CPU|Code|SIL Open Font License|[^\p{L}]*|\p{L})$/u;

for (const code of Object.keys(LANGUAGES).filter((key) => key !== 'en')) {
  const dictionary = JSON.parse(read(`www/i18n/${code}.json`));

  test(`${code}: no text of the page is missing`, () => {
    const missing = [...textsOfPage(), ...textsOfScripts()].filter(
      (text) => !UNIVERSAL.test(text) && !Object.hasOwn(dictionary.texts, text),
    );
    assert.deepEqual(missing, []);
  });

  test(`${code}: every error of the page's own code has a text with its values`, () => {
    const values = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].join(' ');
    for (const [error, text] of Object.entries(MESSAGES)) {
      const translation = dictionary.messages[error] ?? '';
      assert.equal(values(translation), values(text), error);
    }
  });

  test(`${code}: each translation has the placeholders of its text`, () => {
    const count = (text) => text.split('{}').length - 1;
    const entries = Object.entries({ ...dictionary.texts, ...dictionary.sentences });
    const different = entries.filter(([text, translation]) => count(text) !== count(translation));
    assert.deepEqual(different, []);
  });
}

test('every error that the page throws by a code is in the table', () => {
  const thrown = scripts.flatMap((script) =>
    [...script.matchAll(/new PageError\('([^']+)'/g)].map(([, code]) => code),
  );
  assert.deepEqual([...new Set(thrown)].sort(), Object.keys(MESSAGES).sort());
});
