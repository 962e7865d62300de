// The model's card, as the file beside the model tells it.

import { byId, make, rawText } from '../lib/dom.js';
import { formatCount } from '../lib/format.js';
import { localiseDecimal, t, translateMessage } from '../i18n/i18n.js';

/** Card keys whose words do not follow from the key. @type {Record<string, string>} */
const NAMES = {
  f1: 'F1',
  macro_f1: 'F1, mean over genres',
  sha256: 'SHA-256',
  model_sha256: 'Model’s SHA-256',
  n_fft: 'Fourier window',
  mfcc: 'MFCC',
  macro_f1_from: 'F1 from',
  macro_f1_to: 'F1 to',
  per_genre: 'Genre by genre',
  limits: 'Bad at',
  hiphop: 'hip-hop',
};

/** Fetches the card once the page has nothing better to do, and shows it. */
export async function showModelCard() {
  const place = byId('card', HTMLElement);
  try {
    const response = await fetch(new URL('../../models/card.json', import.meta.url));
    if (!response.ok) throw new Error(String(response.status));
    place.replaceChildren(...summary(await response.json()));
  } catch {
    place.replaceChildren(
      make(
        'p',
        '',
        'The model card could not be loaded. It is the file card.json beside the model.',
      ),
    );
  }
}

/** What of the card is shown at once; the rest unfolds. */
const FIRST = ['data', 'network', 'accuracy', 'per_genre', 'limits'];

/** @param {Record<string, unknown>} card @returns {HTMLElement[]} */
function summary(card) {
  const first = Object.fromEntries(FIRST.filter((key) => key in card).map((k) => [k, card[k]]));
  const rest = Object.fromEntries(Object.entries(card).filter(([key]) => !FIRST.includes(key)));
  const more = make('details', '', make('summary', '', 'The whole model card'));
  more.append(describe(rest));
  return [describe(first), more];
}

/** @param {string} key @returns {string} in the page's language */
function label(key) {
  const words = t(NAMES[key] ?? key.replaceAll('_', ' '));
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Any JSON as a description list: whoever writes the card decides what it tells.
 * @param {unknown} value
 * @returns {HTMLElement}
 */
function describe(value) {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) {
      const short = value.every((item) => String(item).length < 40);
      if (short) return make('span', '', rawText(value.map(plainValue).join(t(', '))));
    }
    if (value.every(Array.isArray)) return matrix(value);
    return make('ul', '', ...value.map((item) => make('li', '', describe(item))));
  }
  if (value && typeof value === 'object') {
    const table = tableOf(value);
    if (table) return table;
    const list = make('dl');
    for (const [key, item] of Object.entries(value)) {
      if (item === null || item === '') continue;
      list.append(make('dt', '', rawText(label(key))), make('dd', '', describe(item)));
    }
    return list;
  }
  return make('span', '', rawText(plainValue(value)));
}

/**
 * An object of objects with the same plain fields is a table, such as figures per genre.
 * @param {object} value
 * @returns {HTMLElement | null}
 */
function tableOf(value) {
  const rows = Object.entries(value);
  const fields = rows[0]?.[1] && typeof rows[0][1] === 'object' ? Object.keys(rows[0][1]) : [];
  const alike = rows.every(
    ([, row]) =>
      row &&
      typeof row === 'object' &&
      Object.keys(row).join() === fields.join() &&
      Object.values(row).every((cell) => typeof cell !== 'object'),
  );
  if (rows.length < 3 || fields.length === 0 || !alike) return null;
  rows.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const columns = fields.filter((field) => !boundOf(field, fields));
  const head = make('tr', '', make('td'));
  for (const field of columns) {
    const cell = make('th', '', rawText(label(field)));
    cell.scope = 'col';
    head.append(cell);
  }
  const body = make('tbody');
  for (const [key, row] of rows) {
    const heading = make('th', '', rawText(label(key)));
    heading.scope = 'row';
    const cells = columns.map((field) => make('td', '', rawText(withInterval(row, field, fields))));
    body.append(make('tr', '', heading, ...cells));
  }
  return scrolling(make('table', 'figures', make('thead', '', head), body));
}

/**
 * The field whose interval a field bounds: `accuracy_from` bounds `accuracy`, and a plain `from` the first field.
 * @param {string} field
 * @param {string[]} fields
 * @returns {string | undefined}
 */
function boundOf(field, fields) {
  const [, of] = /^(.*?)_?(?:from|to)$/.exec(field) ?? [];
  if (of === undefined) return undefined;
  return fields.find((other) => other === (of || fields[0]) && other !== field);
}

/**
 * A figure with its interval, if it has one.
 * @param {Record<string, unknown>} row
 * @param {string} field
 * @param {string[]} fields
 */
function withInterval(row, field, fields) {
  const bounds = fields.filter((other) => boundOf(other, fields) === field);
  const [from, to] = bounds.map((bound) => figure(row[bound]));
  const value = figure(row[field]);
  return to === undefined ? value : `${value} (${from}–${to})`;
}

/** A cell of a table: fractions have three decimals, so that they can be compared. @param {unknown} value */
function figure(value) {
  return typeof value === 'number' && !Number.isInteger(value)
    ? localiseDecimal(value.toFixed(3))
    : plainValue(value);
}

/** Rows of numbers, such as a confusion matrix. @param {unknown[][]} rows */
function matrix(rows) {
  const body = make('tbody');
  for (const row of rows) {
    body.append(make('tr', '', ...row.map((cell) => make('td', '', rawText(plainValue(cell))))));
  }
  return scrolling(make('table', 'matrix', body));
}

/** @param {unknown} value @returns {string} in the page's language */
function plainValue(value) {
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? formatCount(value)
      : localiseDecimal(String(+value.toPrecision(4)));
  }
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  return translateMessage(String(value));
}

/** A table that may be wider than its place; the keyboard can move it too. @param {HTMLElement} table */
function scrolling(table) {
  const scroll = make('div', 'scroll', table);
  scroll.tabIndex = 0;
  return scroll;
}
