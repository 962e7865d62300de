// The page's language. Everything is written in English where it is said; a dictionary in languages/
// gives the same in another language, and what it lacks stays English. It has two parts:
//
// - `texts` by what the page itself says. {} in a text is filled in by `say`, in the text's order.
// - `sentences` by what errors and the engine say, which come as they are. Here {} stands for anything.

/** Languages that the page speaks; each but English has a dictionary. */
const LANGUAGES = ['en', 'de'];
/** Where the choice is kept in this browser. */
const KEPT = 'soundalike.language';
/** Attributes that are read or seen. */
const ATTRIBUTES = ['aria-label', 'title', 'content', 'placeholder'];
/** The page does not wait longer for a dictionary, in milliseconds. */
const PATIENCE = 5000;
const BLANK = '{}';

/** @typedef {{texts: Record<string, string>, sentences: Record<string, string>}} Dictionary */

/** @type {Map<string, string>} */
let texts = new Map();
/** @type {{key: RegExp, value: string}[]} */
let sentences = [];
let language = 'en';

/** The language now spoken. */
export const spoken = () => language;

/**
 * A text in the page's language.
 * @param {string} text
 * @returns {string}
 */
export function t(text) {
  return texts.get(text) ?? text;
}

/**
 * A text in the page's language with its blanks filled in as it is told: what is a word and no name has to be
 * in the page's language already.
 * @param {string} text
 * @param {...(string | number)} values
 * @returns {string}
 */
export function say(text, ...values) {
  return pieces(text, ...values).join('');
}

/**
 * The same in pieces, for what is more than text.
 * @template T
 * @param {string} text
 * @param {...T} values
 * @returns {(string | T)[]}
 */
export function pieces(text, ...values) {
  /** @type {(string | T)[]} */
  const found = [];
  for (const [at, piece] of t(text).split(BLANK).entries()) {
    const value = values[at - 1];
    if (at > 0 && value !== undefined) found.push(value);
    if (piece) found.push(piece);
  }
  return found;
}

/**
 * What an error or the engine says, in the page's language.
 * @param {string} sentence
 * @returns {string}
 */
export function tell(sentence) {
  const known = texts.get(sentence);
  if (known !== undefined) return known;
  for (const { key, value } of sentences) {
    const found = key.exec(sentence);
    if (found) return fill(value, found.slice(1).map(part));
  }
  return sentence;
}

/** What stands within a sentence: a number, a word such as a genre, or a sentence of its own. @param {string} text */
function part(text) {
  return /^[\d.]+$/.test(text) ? numeral(text) : tell(text);
}

/** @param {string} text @param {string[]} values */
function fill(text, values) {
  let at = 0;
  return text.replaceAll(BLANK, () => values[at++] ?? '');
}

/**
 * A number as the page's language writes it.
 * @param {string} digits such as 0.94
 * @returns {string}
 */
export function numeral(digits) {
  const parts = new Intl.NumberFormat(language).formatToParts(0.5);
  return digits.replace('.', parts.find(({ type }) => type === 'decimal')?.value ?? '.');
}

/** What is asked for: by the address, by an earlier choice, by the browser's settings. */
function wanted() {
  const asked = new URLSearchParams(location.search).get('lang');
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // The browser keeps nothing.
  }
  const candidates = [asked, kept, ...navigator.languages.map((name) => name.slice(0, 2))];
  return candidates.find((name) => name !== null && LANGUAGES.includes(name)) ?? 'en';
}

/** Keeps a choice and begins anew in that language. @param {string} chosen */
export function choose(chosen) {
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    address.searchParams.set('lang', chosen); // the browser keeps nothing, but the address does
  }
  history.replaceState(null, '', address);
  location.reload();
}

/** Loads the dictionary, and turns what index.html says into the page's language. */
export async function speak() {
  const asked = wanted();
  if (asked === 'en') return;
  try {
    const response = await fetch(new URL(`${asked}.json`, import.meta.url), {
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (!response.ok) return;
    learn(asked, await response.json());
  } catch {
    return; // it is said in English
  }
  document.documentElement.lang = language;
  translate(document.documentElement);
}

/** @param {string} name @param {Dictionary} dictionary */
function learn(name, dictionary) {
  texts = new Map(Object.entries(dictionary.texts));
  const length = (/** @type {string} */ key) => key.replaceAll(BLANK, '').length;
  sentences = Object.entries(dictionary.sentences)
    // What says more comes first.
    .sort(([a], [b]) => length(b) - length(a))
    .map(([key, value]) => ({ key: pattern(key), value }));
  language = name;
}

/** @param {string} key */
function pattern(key) {
  const parts = key.split(BLANK).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(.+?)')}$`, 'su');
}

/** Every text and every readable attribute below an element. @param {Element} root */
function translate(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.closest('script, style')) continue;
    const [, before = '', text = '', after = ''] =
      /^(\s*)(.*?)(\s*)$/s.exec(node.textContent ?? '') ?? [];
    const next = t(text.replace(/\s+/g, ' '));
    if (next !== text) node.textContent = before + next + after;
  }
  for (const name of ATTRIBUTES) {
    for (const element of root.querySelectorAll(`[${name}]`)) {
      const value = element.getAttribute(name) ?? '';
      const next = t(value);
      if (next !== value) element.setAttribute(name, next);
    }
  }
}
