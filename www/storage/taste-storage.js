// The visitor's opinions on songs, kept in this browser (IndexedDB) until they are forgotten.

import { Database } from './database.js';

/** @import { StoredRating } from '../types.js' */

const DATABASE = 'soundalike-taste';
const VERSION = 1;
const RATINGS = 'opinions';
const SETTINGS = 'settings';
/** Whether it is learnt with what other people like. */
const OTHERS = 'others';

export class TasteStorage {
  #kept = new Database(DATABASE, VERSION, (database) => {
    database.createObjectStore(RATINGS, { keyPath: 'key' });
    database.createObjectStore(SETTINGS);
  });

  /** @returns {Promise<StoredRating[]>} the oldest first */
  async all() {
    /** @type {StoredRating[]} */
    const opinions = (await this.#kept.ask(RATINGS, 'readonly', (kept) => kept.getAll())) ?? [];
    return opinions.sort((a, b) => a.when - b.when);
  }

  /** @param {StoredRating} opinion */
  keep(opinion) {
    return this.#kept.ask(RATINGS, 'readwrite', (kept) => kept.put(opinion));
  }

  /** @param {string} key */
  drop(key) {
    return this.#kept.ask(RATINGS, 'readwrite', (kept) => kept.delete(key));
  }

  /** @returns {Promise<boolean>} */
  async others() {
    return (await this.#kept.ask(SETTINGS, 'readonly', (kept) => kept.get(OTHERS))) === true;
  }

  /** @param {boolean} others */
  keepOthers(others) {
    return this.#kept.ask(SETTINGS, 'readwrite', (kept) => kept.put(others, OTHERS));
  }

  /** Forgets all. @returns {Promise<boolean>} false if something may be left */
  async clear() {
    const done = [await this.#kept.clear(RATINGS), await this.#kept.clear(SETTINGS)];
    return done.every(Boolean);
  }
}
