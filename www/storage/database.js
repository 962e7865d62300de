// What is kept in this browser (IndexedDB), for the modules that keep something. Where the browser keeps
// nothing, every question is answered with null and the page works without.

/** The page does not wait longer for what it can do without, in milliseconds. */
const PATIENCE = 2000;

/**
 * Whether something was kept: `full` where the browser has no room left for it, `nowhere` where it keeps nothing.
 * @typedef {'kept' | 'full' | 'nowhere'} Written
 */

export class Database {
  /** @type {Promise<IDBDatabase | null>} */
  #opened;
  /** @type {Promise<IDBDatabase | null>} */
  #database;

  /**
   * @param {string} name
   * @param {number} version
   * @param {(database: IDBDatabase) => void} upgrade makes the stores of this version
   */
  constructor(name, version, upgrade) {
    this.#opened = open(name, version, upgrade);
    this.#database = Promise.race([this.#opened, later(PATIENCE)]);
  }

  /** Whether the browser keeps anything. */
  async works() {
    return (await this.#opened) !== null;
  }

  /**
   * @template T
   * @param {string} store
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} question
   * @returns {Promise<T | null>} null where nothing can be kept
   */
  async ask(store, mode, question) {
    const database = (await this.#database) ?? (mode === 'readwrite' ? await this.#opened : null);
    if (!database) return null;
    try {
      const transaction = database.transaction(store, mode);
      const asked = question(transaction.objectStore(store));
      transaction.commit(); // at once: the page may be left any moment
      return await result(asked);
    } catch (reason) {
      console.info('Soundalike, what is kept:', reason);
      return null;
    }
  }

  /**
   * Changes a store, and waits until it is done.
   * @param {string} store
   * @param {(store: IDBObjectStore) => void} change
   * @returns {Promise<Written>}
   */
  async write(store, change) {
    const database = await this.#opened;
    if (!database) return 'nowhere';
    try {
      const transaction = database.transaction(store, 'readwrite');
      const done = new Promise((resolve, reject) => {
        transaction.addEventListener('complete', resolve);
        transaction.addEventListener('abort', () => reject(transaction.error));
      });
      change(transaction.objectStore(store));
      await done;
      return 'kept';
    } catch (reason) {
      console.info('Soundalike, what is kept:', reason);
      const full = reason instanceof DOMException && reason.name === 'QuotaExceededError';
      return full ? 'full' : 'nowhere';
    }
  }

  /** Forgets all of a store. @param {string} store @returns {Promise<boolean>} false if something may be left */
  async clear(store) {
    const nothing = !(await this.works());
    return nothing || (await this.ask(store, 'readwrite', (kept) => kept.clear())) !== null;
  }
}

/**
 * @param {string} name
 * @param {number} version
 * @param {(database: IDBDatabase) => void} upgrade
 * @returns {Promise<IDBDatabase | null>}
 */
async function open(name, version, upgrade) {
  try {
    const request = indexedDB.open(name, version);
    request.addEventListener('upgradeneeded', () => upgrade(request.result));
    const database = await result(request);
    // Another tab has a newer page.
    database.addEventListener('versionchange', () => database.close());
    return database;
  } catch (reason) {
    console.info('Soundalike, nothing can be kept:', reason);
    return null;
  }
}

/** @param {number} milliseconds @returns {Promise<null>} */
function later(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, null));
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}
