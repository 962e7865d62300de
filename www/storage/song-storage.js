// What was said of the last songs, kept in this browser (IndexedDB) until the visitor forgets it. The
// sound itself is never kept. Where the browser keeps nothing, the page works without.

import { Database } from './database.js';

/** @import { StoredSong } from '../types.js' */

const DATABASE = 'soundalike';
/** Of what is kept; songs of another one are dropped. */
const VERSION = 2;
const SONGS = 'songs';
/** A file that is analysed again is the same song. */
const KEY = ['name', 'seconds'];
const AGE = 'when';
/** More songs than this are too many to find one again. */
const MOST = 200;

export class SongStorage {
  #kept = new Database(DATABASE, VERSION, (database) => {
    if (database.objectStoreNames.contains(SONGS)) database.deleteObjectStore(SONGS);
    database.createObjectStore(SONGS, { keyPath: KEY }).createIndex(AGE, AGE);
  });

  /**
   * The songs that this model analysed, the oldest first; those of another one are dropped.
   * @param {string} model its SHA-256
   * @returns {Promise<StoredSong[]>}
   */
  async all(model) {
    /** @type {StoredSong[]} */
    const songs = (await this.#ask('readonly', (kept) => kept.index(AGE).getAll())) ?? [];
    const mine = songs.filter(({ modelSha256 }) => modelSha256 === model);
    const others = songs.filter((song) => !mine.includes(song));
    await this.#drop(others.map(({ name, seconds }) => [name, seconds]));
    return mine;
  }

  /** Keeps a song; the oldest goes when there are too many. @param {StoredSong} song */
  async keep(song) {
    await this.#ask('readwrite', (kept) => kept.put(song));
    const keys = (await this.#ask('readonly', (kept) => kept.index(AGE).getAllKeys())) ?? [];
    await this.#drop(keys.slice(0, Math.max(0, keys.length - MOST)));
  }

  /** Forgets all. @returns {Promise<boolean>} false if something may be left */
  clear() {
    return this.#kept.clear(SONGS);
  }

  /** @param {IDBValidKey[]} keys */
  async #drop(keys) {
    for (const key of keys) await this.#ask('readwrite', (kept) => kept.delete(key));
  }

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(songs: IDBObjectStore) => IDBRequest<T>} question
   */
  #ask(mode, question) {
    return this.#kept.ask(SONGS, mode, question);
  }
}
