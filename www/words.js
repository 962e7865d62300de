// The page's language. Everything is written in English where it is said; a dictionary in languages/
// gives the same in another language. In its keys {} stands for anything: a word that
// stands there is looked up in turn, so that a genre inside a sentence is translated too. What a dictionary lacks
// stays English.

/** Languages there is a dictionary for, and what they call themselves. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };

/** Where the choice is kept in this browser. */
const KEPT = 'soundalike.language';
/** Attributes that are read or seen. */
const ATTRIBUTES = ['aria-label', 'title', 'content', 'placeholder'];

/** @type {Map<string, string>} */
let exact = new Map();
/** @type {{key: RegExp, value: string}[]} */
let patterns = [];
let language = 'en';

/** The language now spoken. */
export const spoken = () => language;

/**
 * The same text in the page's language.
 * @param {string} text
 * @returns {string}
 */
export function t(text) {
  if (language === 'en' || !/\p{L}/u.test(text)) return text;
  const known = exact.get(text);
  if (known !== undefined) return known;
  for (const { key, value } of patterns) {
    const found = key.exec(text);
    if (!found) continue;
    let at = 0;
    // Only words that stand there alone: what stands there may be a name.
    return value.replaceAll('{}', () => exact.get(found[++at] ?? '') ?? found[at] ?? '');
  }
  return text;
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
  return candidates.find((name) => name !== null && Object.hasOwn(LANGUAGES, name)) ?? 'en';
}

/** Keeps a choice and begins anew in that language. @param {string} chosen */
export function choose(chosen) {
  try {
    localStorage.setItem(KEPT, chosen);
    const address = new URL(location.href);
    address.searchParams.delete('lang');
    history.replaceState(null, '', address);
  } catch {
    // It then lasts for this visit only.
  }
  location.reload();
}

/** Loads the dictionary, and turns what index.html says into the page's language. */
export async function speak() {
  const asked = wanted();
  if (asked === 'en') return;
  try {
    const response = await fetch(new URL(`languages/${asked}.json`, import.meta.url));
    if (!response.ok) return;
    learn(asked, await response.json());
  } catch {
    return; // it is said in English
  }
  document.documentElement.lang = language;
  translate(document.documentElement);
}

/** @param {string} name @param {Record<string, string>} dictionary */
function learn(name, dictionary) {
  language = name;
  const entries = Object.entries(dictionary);
  exact = new Map(entries.filter(([key]) => !key.includes('{}')));
  patterns = entries
    .filter(([key]) => key.includes('{}'))
    // What says more comes first.
    .sort(([a], [b]) => b.replaceAll('{}', '').length - a.replaceAll('{}', '').length)
    .map(([key, value]) => ({ key: new RegExp(`^${pattern(key)}$`, 'su'), value }));
}

/** @param {string} key */
function pattern(key) {
  return key
    .split('{}')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.+?)');
}

/** Every text and every readable attribute below an element. @param {Element} root */
function translate(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent?.closest('script, style')) continue;
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
