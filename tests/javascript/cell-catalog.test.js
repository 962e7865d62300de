// A catalogue in cells: what the page shows of it is what the engine has open.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Crashed, EngineError } from '../../www/engine/engine.js';
import { CellCatalogView } from '../../www/views/cell-catalog.js';

class HTMLElement extends EventTarget {
  textContent = '';
  value = '';
  hidden = true;
  /** @type {Record<string, string>} */
  dataset = {};
  #attributes = new Map();
  setAttribute(name, value) {
    this.#attributes.set(name, value);
  }
  getAttribute(name) {
    return this.#attributes.get(name) ?? null;
  }
  removeAttribute(name) {
    this.#attributes.delete(name);
  }
  replaceChildren() {}
}
class HTMLInputElement extends HTMLElement {}
class HTMLFormElement extends HTMLElement {}

/** The elements of index.html. @type {Map<string, HTMLElement>} */
const elements = new Map();
const $ = (name) => elements.get(`cells-${name}`);

beforeEach(() => {
  elements.clear();
  for (const name of ['words', 'found', 'of', 'list', 'fetched', 'trouble']) {
    elements.set(`cells-${name}`, new HTMLElement());
  }
  elements.set('cells-address', new HTMLInputElement());
  elements.set('cells-form', new HTMLFormElement());
  Object.assign(globalThis, {
    HTMLElement,
    HTMLInputElement,
    HTMLFormElement,
    document: { getElementById: (id) => elements.get(id) },
    location: { href: 'https://site/' },
  });
});

/** An engine whose answers come when a test gives them. */
function engine() {
  /** @type {Map<string, {resolve: (value: unknown) => void, reject: (reason: unknown) => void}>} */
  const opened = new Map();
  return {
    opened,
    bytes: 7000,
    openCells: (url) =>
      new Promise((resolve, reject) => opened.set(url.slice(13), { resolve, reject })),
    async searchCells() {
      return { songs: [], bytes: this.bytes };
    },
  };
}

function submit(address) {
  $('address').value = address;
  $('form').dispatchEvent(new Event('submit'));
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const there = { songs: 3, bytes: 2000 };
const notThere = () =>
  new EngineError({ code: 'cells.not_there', arguments: [], details: [], text: 'not there' });
const answer = { embedding: [] };
const shown = () => [$('words').textContent, $('trouble').textContent, $('found').hidden];

test('an opening that another engine interrupts goes on there, without a complaint', async () => {
  const view = new CellCatalogView();
  const [first, second] = [engine(), engine()];
  view.attach(first);
  submit('a.cells');
  first.opened.get('a.cells').reject(new Crashed('The analysis stopped unexpectedly.', false));
  view.attach(second);
  await settled();
  assert.deepEqual(shown(), ['None open', '', true]);
  second.opened.get('a.cells').resolve(there);
  await settled();
  assert.deepEqual(shown(), ['3 songs', '', true]);
});

test('of two openings in a row the last one is shown, however they end', async () => {
  const view = new CellCatalogView();
  const worker = engine();
  view.attach(worker);
  view.show(answer, 'Song');
  submit('a.cells');
  submit('b.cells');
  worker.opened.get('a.cells').resolve(there);
  await settled();
  worker.opened.get('b.cells').reject(notThere());
  await settled();
  assert.deepEqual(shown(), ['None open', 'not there', true]);
  submit('c.cells');
  submit('d.cells');
  worker.opened.get('c.cells').reject(notThere());
  await settled();
  // A song that comes meanwhile waits.
  view.show({ ...answer }, 'Another');
  worker.opened.get('d.cells').resolve({ songs: 4, bytes: 1 });
  await settled();
  assert.deepEqual(shown(), ['4 songs', '', false]);
  assert.equal($('of').textContent, 'Like “Another”');
});

test('an address is told of in the page’s own words, and a model that is not there is not its fault', async () => {
  const view = new CellCatalogView();
  submit('a.cells');
  await settled();
  assert.match($('trouble').textContent, /^The model is not there yet/);
  assert.equal($('address').getAttribute('aria-invalid'), null);
  view.attach(engine());
  submit('https://');
  await settled();
  assert.match($('trouble').textContent, /^“https:\/\/” is no address of a catalogue\./);
  assert.equal($('address').getAttribute('aria-invalid'), 'true');
  submit('b.cells');
  assert.equal($('trouble').textContent, '');
  assert.equal($('address').getAttribute('aria-invalid'), null);
});

test('how much was fetched is of the search on show', async () => {
  const view = new CellCatalogView();
  const worker = engine();
  view.attach(worker);
  submit('a.cells');
  worker.opened.get('a.cells').resolve(there);
  await settled();
  const fetched = () => [$('fetched').textContent, $('fetched').dataset.bytes];
  assert.deepEqual(fetched(), ['2\u00a0kB were fetched to open it.', undefined]);
  view.show(answer, 'Song');
  await settled();
  assert.deepEqual(fetched(), ['7\u00a0kB were fetched for this search.', '7000']);
  view.show(null, '');
  assert.deepEqual(fetched(), ['', undefined]);
  view.show({ ...answer }, 'Another');
  await settled();
  worker.searchCells = async () => {
    throw notThere();
  };
  view.show({ ...answer }, 'A third');
  assert.deepEqual(fetched(), ['', undefined], 'while it is searched for');
  await settled();
  assert.deepEqual(fetched(), ['', undefined]);
  assert.deepEqual(shown(), ['3 songs', 'not there', true]);
});
