// The page's language. Texts are written in English where they are shown; a dictionary (de.json) maps
// them to another language, and what it lacks stays English. A dictionary has four parts:
//
// - `texts`: what the page itself says. `format` fills in each {}, in the text's order.
// - `messages`: errors and notes of the engine by their codes, with their values by name.
// - `subjects`: what such a message is about, where its text goes on from a name.
// - `sentences`: other texts that arrive complete, as from the model card. Here {} matches anything.
//
// A new language needs its dictionary in this folder and a line in languages.js.

import { LANGUAGES } from './languages.js';

/** The key of localStorage under which the choice is kept. */
const STORAGE_KEY = 'soundalike.language';
/** Attributes that hold text. */
const ATTRIBUTES = ['aria-label', 'title', 'content', 'placeholder'];
/** The page does not wait longer for a dictionary, in milliseconds. */
const TIMEOUT = 5000;
const PLACEHOLDER = '{}';

/** @import { Message, Notice } from '../types.js' */
/**
 * @typedef {{texts: Record<string, string>, messages: Record<string, string>,
 *   subjects: Record<string, string>, sentences: Record<string, string>}} Dictionary
 */

/** @type {Map<string, string>} */
let texts = new Map();
/** @type {Map<string, string>} */
let messages = new Map();
/** @type {Map<string, string>} */
let subjects = new Map();
/** @type {{pattern: RegExp, translation: string}[]} */
let sentences = [];
let language = 'en';
/** The decimal separator, and of which language: Intl takes long to tell it. */
let decimal = { language: '', separator: '.' };

/** The code of the page's language. */
export const locale = () => language;

/**
 * A text in the page's language.
 * @param {string} text
 * @returns {string}
 */
export function t(text) {
  return texts.get(text) ?? text;
}

/**
 * A text in the page's language with its placeholders filled in. The values go in as they are: a word among
 * them has to be translated before.
 * @param {string} text
 * @param {...(string | number)} values
 * @returns {string}
 */
export function format(text, ...values) {
  return formatParts(text, ...values).join('');
}

/**
 * The same in parts, where a value is more than text.
 * @template T
 * @param {string} text
 * @param {...T} values
 * @returns {(string | T)[]}
 */
export function formatParts(text, ...values) {
  return fillIn(t(text), ...values);
}

/**
 * A text that is translated already, in parts, its placeholders filled in.
 * @template T
 * @param {string} translated
 * @param {...T} values
 * @returns {(string | T)[]}
 */
export function fillIn(translated, ...values) {
  /** @type {(string | T)[]} */
  const parts = [];
  for (const [at, literal] of translated.split(PLACEHOLDER).entries()) {
    const value = values[at - 1];
    if (at > 0 && value !== undefined) parts.push(value);
    if (literal) parts.push(literal);
  }
  return parts;
}

/**
 * A message of the engine or of an error, in the page's language.
 * @param {Message} message
 * @returns {string}
 */
export function translateMessage(message) {
  if (typeof message !== 'string') return translateNotice(message);
  const text = texts.get(message);
  if (text !== undefined) return text;
  for (const { pattern, translation } of sentences) {
    const values = pattern.exec(message)?.slice(1).map(translateValue);
    if (values) return translation.replaceAll(PLACEHOLDER, () => values.shift() ?? '');
  }
  return message;
}

/** @param {Notice} notice */
function translateNotice({ code, arguments: values, details, subject, text }) {
  const template = messages.get(code);
  if (template === undefined) return text;
  const byName = new Map(values.map(([name, value]) => [name, translateValue(value)]));
  for (const [name, detail] of details) byName.set(name, translateNotice(detail));
  const translation = template.replace(/\{(\w+)\}/gu, (_, name) => byName.get(name) ?? '');
  const about = subject ? subjects.get(subject) : undefined;
  return about ? about.replace(PLACEHOLDER, () => translation) : translation;
}

/** What fills a placeholder: a number, a word such as a genre, or a sentence. @param {string} value */
function translateValue(value) {
  return /^[\d.]+$/.test(value) ? localiseDecimal(value) : translateMessage(value);
}

/**
 * A number with the decimal separator of the page's language.
 * @param {string} digits such as 0.94
 * @returns {string}
 */
export function localiseDecimal(digits) {
  if (decimal.language !== language) {
    const parts = new Intl.NumberFormat(language).formatToParts(0.5);
    const separator = parts.find(({ type }) => type === 'decimal')?.value ?? '.';
    decimal = { language, separator };
  }
  return digits.replace('.', decimal.separator);
}

/** The language asked for by the address, else by an earlier choice, else by the browser's settings. */
function preferredLanguage() {
  const asked = new URLSearchParams(location.search).get('lang');
  let stored = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage is blocked.
  }
  const candidates = [asked, stored, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return candidates.find((code) => code !== null && Object.hasOwn(LANGUAGES, code)) ?? 'en';
}

/** Stores a choice and reloads the page in that language. @param {string} chosen */
export function setLanguage(chosen) {
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  try {
    localStorage.setItem(STORAGE_KEY, chosen);
  } catch {
    address.searchParams.set('lang', chosen); // storage is blocked, but the address can carry it
  }
  history.replaceState(null, '', address);
  location.reload();
}

/** Loads the dictionary of the preferred language and translates index.html. */
export async function loadLanguage() {
  const preferred = preferredLanguage();
  if (preferred === 'en') return;
  try {
    const response = await fetch(new URL(`${preferred}.json`, import.meta.url), {
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (!response.ok) return;
    setDictionary(preferred, await response.json());
  } catch {
    return; // the page stays English
  }
  document.documentElement.lang = language;
  translateElement(document.documentElement);
}

/** @param {string} code of the language @param {Dictionary} dictionary */
export function setDictionary(code, dictionary) {
  texts = new Map(Object.entries(dictionary.texts));
  messages = new Map(Object.entries(dictionary.messages));
  subjects = new Map(Object.entries(dictionary.subjects));
  const literalLength = (/** @type {string} */ key) => key.replaceAll(PLACEHOLDER, '').length;
  sentences = Object.entries(dictionary.sentences)
    // The most specific pattern comes first.
    .sort(([a], [b]) => literalLength(b) - literalLength(a))
    .map(([key, translation]) => ({ pattern: toPattern(key), translation }));
  language = code;
}

/** @param {string} key */
function toPattern(key) {
  const parts = key.split(PLACEHOLDER).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(.+?)')}$`, 'su');
}

/** Translates every text and every attribute that holds text. @param {Element} root */
function translateElement(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.closest('script, style')) continue;
    const [, before = '', text = '', after = ''] =
      /^(\s*)(.*?)(\s*)$/s.exec(node.textContent ?? '') ?? [];
    const translated = t(text.replace(/\s+/g, ' '));
    if (translated !== text) node.textContent = before + translated + after;
  }
  for (const attribute of ATTRIBUTES) {
    for (const element of root.querySelectorAll(`[${attribute}]`)) {
      const value = element.getAttribute(attribute) ?? '';
      const translated = t(value);
      if (translated !== value) element.setAttribute(attribute, translated);
    }
  }
}
