// The visitor's opinions on songs, kept in this browser (IndexedDB) until they are forgotten.

import { Database } from './database.js';

/** @import { KeptOpinion } from '../types.js' */

const DATABASE = 'soundalike-taste';
const VERSION = 1;
const OPINIONS = 'opinions';
const SETTINGS = 'settings';
/** Whether it is learnt with what other people like. */
const OTHERS = 'others';

export class TasteStore {
  #kept = new Database(DATABASE, VERSION, (database) => {
    database.createObjectStore(OPINIONS, { keyPath: 'key' });
    database.createObjectStore(SETTINGS);
  });

  /** @returns {Promise<KeptOpinion[]>} the oldest first */
  async all() {
    /** @type {KeptOpinion[]} */
    const opinions = (await this.#kept.ask(OPINIONS, 'readonly', (kept) => kept.getAll())) ?? [];
    return opinions.sort((a, b) => a.when - b.when);
  }

  /** @param {KeptOpinion} opinion */
  keep(opinion) {
    return this.#kept.ask(OPINIONS, 'readwrite', (kept) => kept.put(opinion));
  }

  /** @param {string} key */
  drop(key) {
    return this.#kept.ask(OPINIONS, 'readwrite', (kept) => kept.delete(key));
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
    const done = [await this.#kept.clear(OPINIONS), await this.#kept.clear(SETTINGS)];
    return done.every(Boolean);
  }
}
