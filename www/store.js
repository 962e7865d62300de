// What was said of the last songs, kept in this browser (IndexedDB) until the visitor forgets it. The
// sound itself is never kept. Where the browser keeps nothing, the page works without.

/** @import { KeptSong } from './types.js' */

const DATABASE = 'soundalike';
/** Of what is kept; songs of another one are dropped. */
const VERSION = 2;
const SONGS = 'songs';
/** A file that is heard once more is the same song. */
const KEY = ['name', 'seconds'];
const AGE = 'when';
/** More songs than this are too many to find one again. */
const MOST = 200;
/** The page does not wait longer for what it can do without, in milliseconds. */
const PATIENCE = 2000;

export class Store {
  /** @type {Promise<IDBDatabase | null>} */
  #opened = open();
  /** @type {Promise<IDBDatabase | null>} */
  #database = Promise.race([this.#opened, later(PATIENCE)]);

  /**
   * The kept songs that this model heard, the oldest first; what another one said is dropped.
   * @param {string} model its SHA-256
   * @returns {Promise<KeptSong[]>}
   */
  async all(model) {
    /** @type {KeptSong[]} */
    const songs = (await this.#ask('readonly', (kept) => kept.index(AGE).getAll())) ?? [];
    const mine = songs.filter(({ modelSha256 }) => modelSha256 === model);
    const others = songs.filter((song) => !mine.includes(song));
    await this.#drop(others.map(({ name, seconds }) => [name, seconds]));
    return mine;
  }

  /** Keeps a song; the oldest goes when there are too many. @param {KeptSong} song */
  async keep(song) {
    await this.#ask('readwrite', (kept) => kept.put(song));
    const keys = (await this.#ask('readonly', (kept) => kept.index(AGE).getAllKeys())) ?? [];
    await this.#drop(keys.slice(0, Math.max(0, keys.length - MOST)));
  }

  /** Forgets all. @returns {Promise<boolean>} false if something may be left */
  async clear() {
    const nothing = (await this.#opened) === null;
    return nothing || (await this.#ask('readwrite', (kept) => kept.clear())) !== null;
  }

  /** @param {IDBValidKey[]} keys */
  async #drop(keys) {
    for (const key of keys) await this.#ask('readwrite', (kept) => kept.delete(key));
  }

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(songs: IDBObjectStore) => IDBRequest<T>} question
   * @returns {Promise<T | null>} null where nothing can be kept
   */
  async #ask(mode, question) {
    const database = (await this.#database) ?? (mode === 'readwrite' ? await this.#opened : null);
    if (!database) return null;
    try {
      const transaction = database.transaction(SONGS, mode);
      const asked = question(transaction.objectStore(SONGS));
      transaction.commit(); // at once: the page may be left any moment
      return await result(asked);
    } catch (reason) {
      console.info('Soundalike, songs that are kept:', reason);
      return null;
    }
  }
}

/** @returns {Promise<IDBDatabase | null>} */
async function open() {
  try {
    const request = indexedDB.open(DATABASE, VERSION);
    request.addEventListener('upgradeneeded', () => {
      const { result: database } = request;
      if (database.objectStoreNames.contains(SONGS)) database.deleteObjectStore(SONGS);
      database.createObjectStore(SONGS, { keyPath: KEY }).createIndex(AGE, AGE);
    });
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
