// Small helpers to build the page. Text goes in as text: nothing here ever parses HTML,
// so a file name or a song title cannot become markup.

import { t } from '../i18n/i18n.js';

/**
 * The element with this id, which index.html promises.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return element;
}

/**
 * A new element with a class name and children; strings become text nodes, in the page's language.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = '', ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.map((child) => (typeof child === 'string' ? t(child) : child)));
  return element;
}

/**
 * Text as it is: a name (a song's, an artist's, a file's), which is in no language, or what `say` has said.
 * @param {string} text
 */
export function rawText(text) {
  return document.createTextNode(text);
}

/**
 * Sets text as it is, a name or what `say` has said, and only where it differs, so that nothing is redrawn or
 * read out twice.
 * @param {Element} element
 * @param {string} text
 */
export function setRawText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The same with text that is put into the page's language first.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  setRawText(element, t(text));
}

/**
 * Up and down arrows move the focus among the matching elements inside a container.
 * @param {HTMLElement} container
 * @param {string} selector
 */
export function moveWithArrows(container, selector) {
  container.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const stops = /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]);
    const row = document.activeElement?.closest('li, tr');
    const at = stops.findIndex((stop) => stop.closest('li, tr') === row);
    const next = stops[at + step];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  });
}
