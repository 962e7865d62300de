// What was said of the last songs, kept in this browser (IndexedDB) until the visitor forgets it. The
// sound itself is never kept. Where the browser keeps nothing, the page works without.

/** @import { KeptSong } from './types.js' */

const DATABASE = 'soundalike';
const SONGS = 'songs';
/** More songs than this are too many to find one again. */
const MOST = 200;

export class Store {
  /** @type {Promise<IDBDatabase | null>} */
  #database = open();

  /** The kept songs, the oldest first. @returns {Promise<KeptSong[]>} */
  async all() {
    return (await this.#ask('readonly', (songs) => songs.getAll())) ?? [];
  }

  /** Keeps a song; the oldest goes when there are too many. @param {KeptSong} song */
  async keep(song) {
    await this.#ask('readwrite', (songs) => songs.add(song));
    const keys = (await this.#ask('readonly', (songs) => songs.getAllKeys())) ?? [];
    for (const key of keys.slice(0, Math.max(0, keys.length - MOST))) {
      await this.#ask('readwrite', (songs) => songs.delete(key));
    }
  }

  /** Forgets all. */
  async clear() {
    await this.#ask('readwrite', (songs) => songs.clear());
  }

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(songs: IDBObjectStore) => IDBRequest<T>} question
   * @returns {Promise<T | null>} null where nothing can be kept
   */
  async #ask(mode, question) {
    const database = await this.#database;
    if (!database) return null;
    try {
      return await result(question(database.transaction(SONGS, mode).objectStore(SONGS)));
    } catch (reason) {
      console.info('Soundalike, songs that are kept:', reason);
      return null;
    }
  }
}

/** @returns {Promise<IDBDatabase | null>} */
async function open() {
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore(SONGS, { autoIncrement: true });
    });
    return await result(request);
  } catch (reason) {
    console.info('Soundalike, nothing can be kept:', reason);
    return null;
  }
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
