// Parts of which the survey's steps are made.

import { rawText } from '../lib/dom.js';
import { formatParts, locale, make, t } from './words.js';

/** @import { SurveyConfig, LocalisedText } from '../types.js' */

/** @param {...Node} children */
export function heading(...children) {
  const element = make('h3', '', ...children);
  element.tabIndex = -1;
  return element;
}

/** @param {string} text @param {() => void} onClick @param {string} className */
export function button(text, onClick, className = 'pill') {
  const element = make('button', className);
  if (text) element.append(t(text));
  element.type = 'button';
  element.addEventListener('click', onClick);
  return element;
}

/**
 * A button that shows its key.
 * @param {string} text
 * @param {string} sign
 * @param {string} key
 * @param {() => void} onClick
 * @param {string} className
 */
export function keyButton(text, sign, key, onClick, className) {
  const element = button('', onClick, className);
  const kbd = make('kbd', '', sign);
  kbd.ariaHidden = 'true';
  element.append(make('span', '', text), ' ', kbd);
  element.setAttribute('aria-keyshortcuts', key);
  return element;
}

/** @param {...Node} children */
export function buttonRow(...children) {
  return make('p', 'ways', ...children);
}

/**
 * A paragraph, its blanks filled in with text as it is, or with more than text.
 * @param {string} className
 * @param {string} text in English
 * @param {...(string | number | Node)} values
 */
export function paragraph(className, text, ...values) {
  const parts = formatParts(text, ...values);
  return make('p', className, ...parts.map((x) => (x instanceof Node ? x : rawText(String(x)))));
}

/**
 * A button that asks once more before it does what cannot be undone.
 * @param {string} text
 * @param {string} question
 * @param {() => void} onYes
 * @param {{ className?: string, others?: Node[] }} [look] buttons that stand before it
 */
export function confirmButton(text, question, onYes, { className = 'pill', others = [] } = {}) {
  const ask = (/** @type {boolean} */ now) => {
    first.hidden = now;
    second.hidden = !now;
    (now ? yes : begin).focus();
  };
  const begin = button(text, () => ask(true), className);
  begin.dataset.do = 'ask';
  const yes = button('Yes, for good', onYes);
  yes.dataset.do = 'yes';
  const words = paragraph('', question);
  words.id = `survey-sure-${(sure += 1)}`;
  yes.setAttribute('aria-describedby', words.id);
  const first = buttonRow(...others, begin);
  const second = make(
    'div',
    'survey-sure',
    words,
    buttonRow(
      yes,
      button('No, keep it', () => ask(false)),
    ),
  );
  second.hidden = true;
  return make('div', '', first, second);
}
let sure = 0;

/** A song's title and artist. @param {string} title @param {string} artist */
export function songLabel(title, artist) {
  const element = make('span', '', make('strong', '', rawText(title || t('Untitled'))));
  if (artist) element.append(' ', make('span', 'artist', rawText(artist)));
  return element;
}

/** @param {string} id @param {string} text */
export function labelledInput(id, text) {
  const label = make('label', '', text);
  label.htmlFor = id;
  const input = make('input');
  input.id = id;
  input.autocomplete = 'off';
  input.spellcheck = false;
  return { label, input };
}

/**
 * One of the researcher's texts, in the page's language, else in English, else in any.
 * @param {'p'} tag
 * @param {string} className
 * @param {LocalisedText} words
 */
export function localisedText(tag, className, words) {
  const language = [locale(), 'en', ...Object.keys(words)].find((key) => words[key]) ?? 'en';
  const element = make(tag, className, rawText(words[language] ?? ''));
  element.lang = language;
  return element;
}

/** Whom participants can ask: a link where it is a mail or web address. @param {SurveyConfig} config */
export function contactLink({ contact: whom }) {
  const web = /^https?:\/\//.test(whom);
  if (!web && !/^[^\s@:/?]+@[^\s@:/?]+$/.test(whom)) return rawText(whom);
  const link = make('a', '', rawText(whom));
  link.href = web ? whom : `mailto:${whom}`;
  link.rel = 'noopener noreferrer';
  if (web) link.target = '_blank';
  return link;
}
