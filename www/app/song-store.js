// The songs of the page: those of this visit, and those that this browser has stored on earlier ones.

import { ranked } from '../lib/genres.js';
import { SongStorage } from '../storage/song-storage.js';

/** @import { EngineInfo, LibraryRecord, Song } from '../types.js' */

/** States in which nothing more happens to a song. */
const SETTLED = ['done', 'failed', 'cancelled'];

/** @param {string} name @param {File | null} file @returns {Song} */
export function newSong(name, file) {
  return {
    name,
    file,
    state: 'waiting',
    fromFile: file !== null,
    restored: false,
    seconds: 0,
    analysedSeconds: 0,
    picture: null,
    answer: null,
    complete: false,
    similar: [],
    narrowing: null,
    notes: [],
    error: '',
    playable: null,
    handle: null,
    took: 0,
    modelSha256: '',
  };
}

/**
 * A song of the visitor's library as it was heard, without picture and time line.
 * @param {LibraryRecord} record
 * @param {EngineInfo} info
 * @returns {Song}
 */
export function rememberedSong(record, info) {
  const { title, seconds, music, notes, embedding, modelSha256 } = record;
  const named = (/** @type {string[]} */ names, /** @type {Float32Array} */ row) =>
    Object.fromEntries(names.map((name, i) => [name, row[i] ?? 0]));
  const probabilities = named(info.genres, record.probabilities);
  const [[genre = '', confidence = 0] = []] = ranked(probabilities);
  const answer = {
    seconds,
    genre,
    confidence,
    probabilities,
    timeline: [],
    embedding: [...embedding],
    tags: named(info.tags, record.tags),
    music,
    notes: notes.map(({ text }) => text),
    notices: notes,
  };
  return {
    ...newSong(title, null),
    state: 'done',
    fromFile: true,
    restored: true,
    seconds,
    analysedSeconds: seconds,
    answer,
    complete: true,
    notes,
    modelSha256,
  };
}

export class SongStore {
  #storage = new SongStorage();
  /** In the order in which they came. @type {Song[]} */
  songs = [];
  /** The song on show. @type {Song | null} */
  selected = null;

  /** Those whose analysis has not begun. */
  get waiting() {
    return this.songs.filter(({ state }) => state === 'waiting');
  }

  get failed() {
    return this.songs.filter(({ state }) => state === 'failed');
  }

  /** Those whose answer covers the whole song. */
  get complete() {
    return this.songs.filter(({ answer, complete }) => answer && complete);
  }

  /** @param {Song[]} songs */
  add(songs) {
    this.songs = [...this.songs, ...songs];
  }

  keepDone() {
    this.songs = this.songs.filter(({ state }) => state === 'done');
  }

  dropFailed() {
    this.songs = this.songs.filter(({ state }) => state !== 'failed');
  }

  /** The worker that knew the songs is gone. */
  clearHandles() {
    for (const song of this.songs) song.handle = null;
  }

  /**
   * Puts the stored songs before the others.
   * @param {string} modelSha256 of the model whose answers they have to be
   * @returns {Promise<Song | null>} the last one, if there are no others
   */
  async restore(modelSha256) {
    if (this.songs.some(({ restored }) => restored)) return null;
    const stored = await this.#storage.all(modelSha256);
    // After a restart the songs of this visit are stored too.
    const isNew = (/** @type {{ name: string, seconds: number }} */ { name, seconds }) =>
      !this.songs.some((song) => song.name === name && song.seconds === seconds);
    const restored = stored.filter(isNew).map((song) => ({
      ...newSong(song.name, null),
      ...song,
      state: /** @type {const} */ ('done'),
      restored: true,
      analysedSeconds: song.seconds,
      complete: true,
    }));
    const alone = this.songs.length === 0;
    this.songs = [...restored, ...this.songs];
    return alone ? (restored.at(-1) ?? null) : null;
  }

  /** Stores a song, in place of an earlier one of the same name and length. @param {Song} song */
  save(song) {
    const { name, seconds, answer, picture, similar, narrowing, notes, took } = song;
    const { modelSha256, fromFile } = song;
    const result = { answer, picture, similar, narrowing, notes, took, modelSha256 };
    this.#storage.keep({ name, seconds, fromFile, ...result, when: Date.now() });
    this.songs = this.songs.filter(
      (old) => old === song || old.name !== name || old.seconds !== seconds,
    );
  }

  /** @returns {Promise<boolean>} false if this browser may still store some of them */
  clearStorage() {
    return this.#storage.clear();
  }

  /** Drops those among some songs that nothing more happens to. @param {Set<Song>} songs */
  dropSettled(songs) {
    this.songs = this.songs.filter((song) => !songs.has(song) || !SETTLED.includes(song.state));
  }
}
