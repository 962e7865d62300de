// The page in German, for tests.

import { readFileSync } from 'node:fs';

import { setDictionary } from '../../www/i18n/i18n.js';

export const german = JSON.parse(
  readFileSync(new URL('../../www/i18n/de.json', import.meta.url), 'utf8'),
);
const english = { texts: {}, messages: {}, subjects: {}, sentences: {} };

/** Runs a check in German, then the page is English again. */
export function inGerman(check) {
  setDictionary('de', german);
  try {
    check();
  } finally {
    setDictionary('en', english);
  }
}
