// The songs of the library, and what is known of each: which have to be heard, which are gone.

/** @import { LibraryRecord } from '../types.js' */
/** @typedef {{key: string, folder: string, path: string, size: number, modified: number}} Found a file in a folder */

export class Collection {
  /** Those heard by the model in use, in the order in which they came. @type {Map<string, LibraryRecord>} */
  #songs = new Map();
  /** Files that could not be heard. @type {Map<string, LibraryRecord>} */
  #failed = new Map();
  #changes = 0;

  /** Every song that was heard. @returns {LibraryRecord[]} */
  get songs() {
    return [...this.#songs.values()];
  }

  /** @returns {LibraryRecord[]} */
  get failed() {
    return [...this.#failed.values()];
  }

  get size() {
    return this.#songs.size;
  }

  /** How often the songs have changed. */
  get changes() {
    return this.#changes;
  }

  /** @param {string} key */
  get(key) {
    return this.#songs.get(key);
  }

  /** Puts a song or a failure in place of what was known of its file. @param {LibraryRecord} record */
  put(record) {
    this.#failed.delete(record.key);
    if (!record.error) {
      this.#songs.set(record.key, record);
      this.#changes++;
      return;
    }
    if (this.#songs.delete(record.key)) this.#changes++;
    this.#failed.set(record.key, record);
  }

  /** @param {string} key */
  remove(key) {
    if (this.#songs.delete(key)) this.#changes++;
    this.#failed.delete(key);
  }

  clear() {
    this.#songs.clear();
    this.#failed.clear();
    this.#changes++;
  }

  /**
   * Whether a file is as it was when it was heard, or could not be.
   * @param {Found} file
   */
  isKnown({ key, size, modified }) {
    const known = this.#songs.get(key) ?? this.#failed.get(key);
    return known !== undefined && known.size === size && known.modified === modified;
  }

  /**
   * What an earlier version of the page kept of a file, without its tags; nothing of any other.
   * @param {Found} file
   */
  untagged(file) {
    const known = this.#songs.get(file.key);
    return known && this.isKnown(file) && !known.tagged ? known : undefined;
  }

  /**
   * What is no longer in a folder that was looked through. A folder in which nothing known is left is another
   * one of the same name, and says nothing.
   * @param {string} folder
   * @param {Set<string>} found keys of the files that are in it
   * @returns {LibraryRecord[]}
   */
  missing(folder, found) {
    const all = [...this.#songs.values(), ...this.#failed.values()];
    const ours = all.filter((record) => record.folder === folder && !record.opened);
    const missing = ours.filter(({ key }) => !found.has(key));
    return missing.length < ours.length ? missing : [];
  }

  /** How many files of a folder are known. @param {string} folder */
  countOf(folder) {
    const all = [...this.#songs.values(), ...this.#failed.values()];
    return all.filter((record) => record.folder === folder && !record.opened).length;
  }
}

/**
 * The songs as the engine takes them: what is to be shown, and the numbers row by row.
 * @param {LibraryRecord[]} songs
 */
export function rowsOf(songs) {
  return {
    songs: songs.map(({ key: path, title, artist, album, genre }) => ({
      path,
      title,
      artist,
      album,
      genre,
    })),
    embeddings: joined(songs.map(({ embedding }) => embedding)),
    probabilities: joined(songs.map(({ probabilities }) => probabilities)),
    tags: joined(songs.map(({ tags }) => tags)),
  };
}

/** @param {Float32Array[]} rows */
function joined(rows) {
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}
