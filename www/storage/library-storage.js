// What is known of the visitor's own songs, kept in this browser (IndexedDB) until it is forgotten: numbers,
// names and paths, never the sound.

import { Database } from './database.js';

/** @import { KeptFolder, LibraryRecord } from '../types.js' */

const DATABASE = 'soundalike-library';
const VERSION = 1;
const SONGS = 'songs';
const FOLDERS = 'folders';

export class LibraryStorage {
  #kept = new Database(DATABASE, VERSION, (database) => {
    database.createObjectStore(SONGS, { keyPath: 'key' });
    database.createObjectStore(FOLDERS, { keyPath: 'name' });
  });

  /** Whether this browser keeps anything. */
  works() {
    return this.#kept.works();
  }

  /** The songs and failures, in the order in which they were heard. @returns {Promise<LibraryRecord[]>} */
  async all() {
    /** @type {LibraryRecord[]} */
    const records = (await this.#kept.ask(SONGS, 'readonly', (kept) => kept.getAll())) ?? [];
    return records.sort((a, b) => a.when - b.when || (a.key < b.key ? -1 : 1));
  }

  /** The folders that were chosen. @returns {Promise<KeptFolder[]>} */
  async folders() {
    return (await this.#kept.ask(FOLDERS, 'readonly', (kept) => kept.getAll())) ?? [];
  }

  /** @param {LibraryRecord[]} records */
  keep(records) {
    return this.#kept.write(SONGS, (kept) => {
      for (const record of records) kept.put(record);
    });
  }

  /** @param {string[]} keys */
  drop(keys) {
    return this.#kept.write(SONGS, (kept) => {
      for (const key of keys) kept.delete(key);
    });
  }

  /** Keeps a folder, without its handle where the browser does not keep such. @param {KeptFolder} folder */
  async keepFolder(folder) {
    const put = (/** @type {KeptFolder} */ value) =>
      this.#kept.write(FOLDERS, (kept) => {
        kept.put(value);
      });
    const written = await put(folder);
    return written === 'nowhere' && folder.handle ? put({ ...folder, handle: null }) : written;
  }

  /** Forgets all. @returns {Promise<boolean>} false if something may be left */
  async clear() {
    const done = [await this.#kept.clear(SONGS), await this.#kept.clear(FOLDERS)];
    return done.every(Boolean);
  }
}
