// The survey's texts: in the page's language, or in one that only the survey has. Such a language is a file
// survey/CODE.json with the same texts as survey/fr.json; what it lacks is English.

import * as page from '../i18n/i18n.js';
import { LANGUAGES } from '../i18n/languages.js';
import { make as makeElement, rawText, setRawText } from '../lib/dom.js';

/** The key of localStorage under which the choice is kept. */
const STORAGE_KEY = 'soundalike.survey-language';
/** The page does not wait longer for the texts, in milliseconds. */
const PATIENCE = 5000;

/** The survey's own texts; null in the page's language. @type {Map<string, string> | null} */
let texts = null;
let code = '';

/** The code of the survey's language. */
export const locale = () => code || page.locale();

/** A text in the survey's language. @param {string} text */
export function t(text) {
  return texts ? (texts.get(text) ?? text) : page.t(text);
}

/** A whole number, its thousands set apart as in the survey's language. @param {number} count */
export const formatCount = (count) => count.toLocaleString(locale());

/** A text with its placeholders filled in. @param {string} text @param {...(string | number)} values */
export function format(text, ...values) {
  return page.fillIn(t(text), ...values).join('');
}

/**
 * The same in parts, where a value is more than text.
 * @template T
 * @param {string} text
 * @param {...T} values
 * @returns {(string | T)[]}
 */
export function formatParts(text, ...values) {
  return page.fillIn(t(text), ...values);
}

/**
 * A new element; strings become text nodes in the survey's language.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function make(tag, className = '', ...children) {
  const translated = children.map((child) =>
    typeof child === 'string' ? rawText(t(child)) : child,
  );
  return makeElement(tag, className, ...translated);
}

/** Sets text in the survey's language. @param {Element} element @param {string} text */
export function setText(element, text) {
  setRawText(element, t(text));
}

/**
 * The languages that a survey offers beside the page's: those of its description that the page lacks.
 * @param {string[]} languages
 */
export function furtherLanguages(languages) {
  return languages.filter((one) => /^[a-z]{2}$/.test(one) && !Object.hasOwn(LANGUAGES, one));
}

/** A language by its own name. @param {string} language its code */
export function nameOf(language) {
  try {
    const names = new Intl.DisplayNames([language], { type: 'language' });
    const name = names.of(language) ?? language;
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  } catch {
    return language;
  }
}

/** The language that was chosen before, if the survey still has it. @param {string[]} languages */
export function rememberedLanguage(languages) {
  const further = furtherLanguages(languages);
  const asked = new URLSearchParams(location.search).get('lang');
  let stored = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage is blocked.
  }
  return [asked, stored].find((one) => one !== null && further.includes(one)) ?? '';
}

/**
 * Speaks a language that only the survey has, or the page's.
 * @param {string} language its code; empty for the page's
 * @returns {Promise<boolean>} false if its texts cannot be had: then nothing changes
 */
export async function speak(language) {
  if (language) {
    const found = await fetchTexts(language);
    if (!found) return false;
    texts = found;
  } else texts = null;
  code = language;
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // Storage is blocked: it is the page's language again after a reload.
  }
  return true;
}

/** @param {string} language */
async function fetchTexts(language) {
  try {
    const address = new URL(`../../survey/${language}.json`, import.meta.url);
    const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? textsIn(await response.json()) : null;
  } catch {
    return null;
  }
}

/** The texts of a language file; null if it is none. @param {any} file */
export function textsIn(file) {
  if (typeof file?.texts !== 'object' || file.texts === null) return null;
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const [text, translation] of Object.entries(file.texts)) {
    if (typeof translation === 'string') found.set(text, translation);
  }
  return found;
}
