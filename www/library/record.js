// What is kept of a song, from what was heard of it.

import { Crashed, messageOf } from '../engine/engine.js';
import { PageError } from '../lib/page-error.js';
import { Changed } from './hearing.js';
import { keyOf, titleOf } from './names.js';

/** @import { Found } from './collection.js' */
/** @import { EngineInfo, HeardSong, LibraryRecord, LibraryRows, Message, SongNames } from '../types.js' */

const NOTHING = new Float32Array();
const CRASHED =
  'This file made the decoder fail: it may be damaged. Download or export it again. The other songs go on.';

/** @param {Found} file @param {HeardSong & Partial<SongNames>} heard with what its tags say @param {string} modelSha256 @returns {LibraryRecord} */
export function heardRecord({ key, folder, path, size, modified }, heard, modelSha256) {
  const names = { title: titleOf(path), artist: '', album: '', genre: '' };
  const about = { key, folder, path, size, modified, opened: false, tagged: true, error: '' };
  return { ...names, ...heard, ...about, modelSha256, when: Date.now() };
}

/**
 * A file that could not be heard. What may be better the next time is not kept, and does not count as known.
 * @param {Found} file
 * @param {unknown} reason
 * @param {string} modelSha256
 * @returns {{record: LibraryRecord, lasts: boolean}}
 */
export function failedRecord(file, reason, modelSha256) {
  /** @type {Message} */
  let error = messageOf(reason instanceof Changed ? new PageError('file.gone') : reason);
  if (reason instanceof Crashed && reason.trapped) error = CRASHED;
  // A worker that died by itself, of too little memory for one, says nothing of the file.
  const died = reason instanceof Crashed && !reason.trapped;
  const lasts = !died && (typeof error === 'string' || error.code !== 'file.gone');
  const nothing = { embedding: NOTHING, probabilities: NOTHING, tags: NOTHING };
  const heard = { seconds: 0, music: 0, notes: [], ...nothing };
  const record = { ...heardRecord(file, heard, modelSha256), error };
  return { record: lasts ? record : { ...record, size: -1 }, lasts };
}

/**
 * The songs of a catalogue that was made in the terminal.
 * @param {string} folder the file's name
 * @param {LibraryRows} rows
 * @param {EngineInfo} info
 * @returns {LibraryRecord[]}
 */
export function openedRecords(folder, { songs, embeddings, probabilities, tags }, info) {
  const width = embeddings.length / songs.length;
  const when = Date.now();
  return songs.map((song, i) => {
    const path = song.path || `${i + 1}`;
    const row = (/** @type {Float32Array} */ all, /** @type {number} */ length) =>
      all.slice(i * length, (i + 1) * length);
    return {
      ...song,
      key: keyOf(folder, path),
      folder,
      path,
      title: song.title || titleOf(path),
      opened: true,
      tagged: true,
      size: 0,
      modified: 0,
      seconds: 0,
      music: 1,
      notes: [],
      error: '',
      embedding: row(embeddings, width),
      probabilities: row(probabilities, info.genres.length),
      tags: row(tags, info.tags.length),
      modelSha256: info.model_sha256,
      when,
    };
  });
}
