// The answers to surveys, kept in this browser (IndexedDB, a database of its own) from the consent on until
// the visitor forgets them: what is being answered, what waits to be sent, and the codes and secrets of what
// was sent. Where the browser keeps nothing they live as long as the page does.

/** @import { StoredAnswer, SurveyConfig } from '../types.js' */

const DATABASE = 'soundalike-survey';
const VERSION = 1;
const ANSWERS = 'answers';
/** The collector's survey as it was last fetched, for visits without a network. */
const SURVEYS = 'surveys';
const LAST = 'last';
/** The page does not wait longer to begin, in milliseconds. */
const PATIENCE = 2000;

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;
/** Answers that the browser cannot store. @type {Map<number, StoredAnswer>} */
const memory = new Map();
/** Whether all that was to be kept is kept. */
let keeps = true;

/** False once something could not be kept: it does not survive a reload. */
export const isPersistent = () => keeps;

/** Every answer, the oldest first. @returns {Promise<StoredAnswer[]>} */
export async function allAnswers() {
  const kept = await ask(ANSWERS, 'readonly', (store) => store.getAll());
  /** @type {Map<number, StoredAnswer>} */
  const all = new Map(
    (kept ?? []).map((/** @type {StoredAnswer} */ answer) => [answer.begun, answer]),
  );
  for (const [begun, answer] of memory) all.set(begun, answer);
  return [...all.values()].sort((a, b) => a.begun - b.begun);
}

/** Keeps an answer as it is now. @param {StoredAnswer} answer */
export async function keepAnswer(answer) {
  const copy = structuredClone(answer);
  if ((await ask(ANSWERS, 'readwrite', (store) => store.put(copy))) === null) {
    keeps = false;
    memory.set(copy.begun, copy);
  } else memory.delete(copy.begun);
}

/** @param {number} begun of the answer to forget */
export async function dropAnswer(begun) {
  memory.delete(begun);
  await ask(ANSWERS, 'readwrite', (store) => store.delete(begun));
}

/** @param {SurveyConfig} config what the collector asks */
export async function keepSurvey(config) {
  await ask(SURVEYS, 'readwrite', (store) => store.put(config, LAST));
}

/** What a collector asked last. @returns {Promise<SurveyConfig | null>} */
export async function keptSurvey() {
  return (await ask(SURVEYS, 'readonly', (store) => store.get(LAST))) ?? null;
}

/** Forgets all. @returns {Promise<boolean>} false if something may be left */
export async function clearAnswers() {
  memory.clear();
  if ((await database()) === null) return true;
  const forgotten = [
    await ask(ANSWERS, 'readwrite', (store) => store.clear()),
    await ask(SURVEYS, 'readwrite', (store) => store.clear()),
  ];
  return !forgotten.includes(null);
}

/**
 * @param {string} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<any>} question
 * @returns {Promise<any>} null where nothing can be kept; undefined where nothing lies there
 */
async function ask(name, mode, question) {
  const base = await database();
  if (!base) return null;
  try {
    const transaction = base.transaction(name, mode);
    const asked = question(transaction.objectStore(name));
    transaction.commit?.(); // at once: the page may be left any moment
    const value = await done(transaction, asked);
    return value;
  } catch (reason) {
    console.info('Soundalike, answers that are kept:', reason);
    return null;
  }
}

/** The value, once it lies there for good. @param {IDBTransaction} transaction @param {IDBRequest<any>} asked */
function done(transaction, asked) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve(asked.result));
    transaction.addEventListener('abort', () => reject(transaction.error));
    transaction.addEventListener('error', () => reject(transaction.error));
  });
}

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opened ??= Promise.race([
    open(),
    new Promise((/** @type {(none: null) => void} */ resolve) =>
      setTimeout(resolve, PATIENCE, null),
    ),
  ]);
  return opened;
}

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, VERSION);
      request.addEventListener('upgradeneeded', () => {
        request.result.createObjectStore(ANSWERS, { keyPath: 'begun' });
        request.result.createObjectStore(SURVEYS);
      });
      request.addEventListener('success', () => {
        const base = request.result;
        // Another tab has a newer page.
        base.addEventListener('versionchange', () => {
          base.close();
          opened = null;
        });
        resolve(base);
      });
      request.addEventListener('error', () => {
        console.info('Soundalike, no answer can be kept:', request.error);
        resolve(null);
      });
    } catch (reason) {
      console.info('Soundalike, no answer can be kept:', reason);
      resolve(null);
    }
  });
}
