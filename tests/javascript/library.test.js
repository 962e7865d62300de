// The visitor's own music: which files are songs, which are heard, in what order, how fast.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cancelled, Crashed, EngineError } from '../../www/engine/engine.js';
import { Collection, rowsOf } from '../../www/library/collection.js';
import {
  folderOfEntry,
  folderOfHandle,
  foldersOfInput,
  lookThrough,
} from '../../www/library/folder.js';
import { Hearing } from '../../www/library/hearing.js';
import { folderOf, isLeftBySystem, isSound, titleOf } from '../../www/library/names.js';
import { Pace, workerCount } from '../../www/library/pace.js';
import { failedRecord, heardRecord, openedRecords } from '../../www/library/record.js';
import { SongFiles } from '../../www/library/song-files.js';
import { Tally } from '../../www/library/tally.js';

const EXTENSIONS = ['mp3', 'flac'];
const never = new AbortController().signal;

test('what systems leave beside songs is no song', () => {
  for (const name of ['._a.mp3', '.DS_Store', 'thumbs.db', 'Desktop.ini']) {
    assert.ok(isLeftBySystem(name), name);
  }
  for (const name of ['.a.mp3', '_.mp3', 'DS_Store.mp3']) assert.ok(!isLeftBySystem(name), name);
  assert.ok(isSound('A/b.MP3', EXTENSIONS));
  for (const name of ['mp3', 'a.txt', 'a.mp3.part']) assert.ok(!isSound(name, EXTENSIONS), name);
});

test('a song without tags is called as its file', () => {
  assert.equal(titleOf('a/b.c/01 Sugar Mama.mp3'), '01 Sugar Mama');
  assert.equal(titleOf('.mp3'), '.mp3');
  assert.deepEqual(['a/b/c.mp3', 'c.mp3', ''].map(folderOf), ['a/b', '', '']);
});

/** @param {string} path @param {number} [size] */
function inputFile(path, size = 1) {
  const file = new File([new Uint8Array(size)], path.split('/').pop() ?? '', { lastModified: 5 });
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}

async function look(folder) {
  return lookThrough(folder, EXTENSIONS, () => {}, never);
}

test('a directory input gives paths in the chosen folder', async () => {
  const files = ['Music/a/b.mp3', 'Music/._b.mp3', 'Music/a/cover.jpg', 'Music/c.flac'];
  const [folder, ...others] = foldersOfInput(files.map((path) => inputFile(path)));
  assert.equal(others.length, 0);
  assert.equal(folder.name, 'Music');
  const { songs, others: rest } = await look(folder);
  assert.deepEqual(
    songs.map(({ key, path, size, modified }) => [key, path, size, modified]),
    [
      ['Music/a/b.mp3', 'a/b.mp3', 1, 5],
      ['Music/c.flac', 'c.flac', 1, 5],
    ],
  );
  assert.equal(rest, 1);
});

const fileHandle = (name, getFile = async () => new File(['x'], name)) => ({
  kind: 'file',
  name,
  getFile,
});
const folderHandle = (name, entries, broken = false) => ({
  kind: 'directory',
  name,
  async *values() {
    yield* entries;
    if (broken) throw new DOMException('gone', 'NotFoundError');
  },
});

test('what cannot be read of a folder is named, and the rest is found', async () => {
  const denied = async () => {
    throw new DOMException('no', 'NotReadableError');
  };
  const handle = folderHandle('M', [
    folderHandle('z', [fileHandle('q.mp3')], true),
    fileHandle('b.mp3', denied),
    fileHandle('a.mp3'),
    folderHandle('.DS_Store', []),
  ]);
  const { songs, unreadable } = await look(folderOfHandle(handle));
  assert.deepEqual(
    songs.map(({ path }) => path),
    ['a.mp3', 'z/q.mp3'],
  );
  assert.deepEqual(unreadable, ['b.mp3', 'z']);
});

test('a dropped folder is read to its end, though it is given in parts', async () => {
  const entry = (name) => ({
    name,
    isDirectory: false,
    file: (done) => done(new File(['x'], name)),
  });
  const parts = [[entry('b.mp3')], [entry('a.mp3')], []];
  const folder = {
    name: 'D',
    createReader: () => ({ readEntries: (done) => done(parts.shift()) }),
  };
  const { songs } = await look(folderOfEntry(folder));
  assert.deepEqual(
    songs.map(({ path }) => path),
    ['a.mp3', 'b.mp3'],
  );
});

const found = (path, size = 1, modified = 1) => ({
  key: `M/${path}`,
  folder: 'M',
  path,
  size,
  modified,
});
const heard = (value = 1) => ({
  seconds: 2,
  music: 1,
  notes: [],
  embedding: Float32Array.of(value, 0),
  probabilities: Float32Array.of(1),
  tags: Float32Array.of(0.5),
});

test('only what is new or has changed is heard', () => {
  const songs = new Collection();
  songs.put(heardRecord(found('a.mp3'), heard(), 'model'));
  assert.ok(songs.isKnown(found('a.mp3')));
  assert.ok(!songs.isKnown(found('a.mp3', 2)));
  assert.ok(!songs.isKnown(found('a.mp3', 1, 2)));
  assert.ok(!songs.isKnown(found('b.mp3')));
});

test('a damaged file is not tried again, one that went away is', () => {
  const songs = new Collection();
  const damaged = failedRecord(found('a.mp3'), new EngineError('is damaged'), 'model');
  const gone = failedRecord(
    found('b.mp3'),
    new EngineError({ code: 'file.gone', arguments: [], text: 'gone' }),
    'model',
  );
  assert.deepEqual([damaged.lasts, gone.lasts], [true, false]);
  songs.put(damaged.record);
  songs.put(gone.record);
  assert.ok(songs.isKnown(found('a.mp3')));
  assert.ok(!songs.isKnown(found('b.mp3')));
  assert.equal(songs.failed.length, 2);
  songs.put(heardRecord(found('b.mp3'), heard(), 'model'));
  assert.equal(songs.failed.length, 1);
  assert.equal(songs.size, 1);
});

test('a song is called by its tags, and those of an earlier version of the page are read once', async () => {
  const names = { title: 'Wings', artist: 'Somebody', album: 'First' };
  const song = heardRecord(found('01 w.mp3'), { ...heard(), ...names }, 'model');
  assert.deepEqual([song.title, song.artist, song.album], ['Wings', 'Somebody', 'First']);

  const songs = new Collection();
  const { tagged, ...old } = heardRecord(found('01 w.mp3'), heard(3), 'model');
  assert.ok(tagged);
  songs.put({ ...old, notes: ['a note'] });
  const known = songs.untagged(found('01 w.mp3'));
  assert.equal(known?.title, '01 w');
  assert.equal(songs.untagged(found('01 w.mp3', 2)), undefined, 'it is heard anew');
  assert.equal(songs.untagged(found('b.mp3')), undefined);
  // Its tags are read, and all else stays.
  const { pool } = hearing(1, async (_, __, before) => ({ ...before, ...names }));
  let read;
  pool.onHeard = (item, what) => (read = heardRecord(found('01 w.mp3'), what, 'model'));
  await pool.run([{ ...waiting('01 w.mp3'), known }], never);
  songs.put(read);
  const { title, artist, embedding, notes } = songs.get('M/01 w.mp3');
  assert.deepEqual(
    [title, artist, [...embedding], notes],
    ['Wings', 'Somebody', [3, 0], ['a note']],
  );
  assert.equal(songs.untagged(found('01 w.mp3')), undefined);
});

test('songs that are gone are missing, but not from another folder of the same name', () => {
  const songs = new Collection();
  for (const path of ['a.mp3', 'b.mp3']) songs.put(heardRecord(found(path), heard(), 'model'));
  const missing = (keys) => songs.missing('M', new Set(keys)).map(({ path }) => path);
  assert.deepEqual(missing(['M/a.mp3']), ['b.mp3']);
  assert.deepEqual(missing(['M/other.mp3']), []);
  assert.deepEqual(missing(['M/a.mp3', 'M/b.mp3']), []);
});

test('rows keep the order of the songs', () => {
  const records = [3, 4].map((value) => heardRecord(found(`${value}.mp3`), heard(value), 'model'));
  const rows = rowsOf(records);
  assert.deepEqual([...rows.embeddings], [3, 0, 4, 0]);
  assert.deepEqual(
    rows.songs.map(({ path, title }) => [path, title]),
    [
      ['M/3.mp3', '3'],
      ['M/4.mp3', '4'],
    ],
  );
});

test('a catalogue becomes songs without files', () => {
  const rows = {
    songs: [
      { path: 'x/y.mp3', title: '', artist: 'A', album: '', genre: 'jazz' },
      { path: '', title: 'T', artist: '', album: '', genre: '' },
    ],
    embeddings: Float32Array.of(1, 2, 3, 4),
    probabilities: Float32Array.of(5, 6),
    tags: Float32Array.of(7, 8),
  };
  const info = { genres: ['g'], tags: ['t'], model_sha256: 'model' };
  const [first, second] = openedRecords('mine.safetensors', rows, info);
  assert.deepEqual(
    [first.key, first.title, first.genre],
    ['mine.safetensors/x/y.mp3', 'y', 'jazz'],
  );
  assert.deepEqual([...second.embedding, ...second.probabilities, ...second.tags], [3, 4, 6, 8]);
  assert.ok(first.opened && second.key !== first.key);
});

/** A file as it was found. */
function waiting(name, open = async () => new File(['x'], name, { lastModified: 1 })) {
  return { name, open, size: 1, modified: 1 };
}

/** Hears with workers that a test makes. */
function hearing(count, hear, start = async () => {}, died = () => false) {
  const log = { heard: [], failed: [], started: 0, closed: 0 };
  const pool = new Hearing(async () => {
    log.started++;
    await start(log.started);
    return { hear, died, close: () => log.closed++ };
  }, count);
  pool.onHeard = ({ name }) => log.heard.push(name);
  pool.onFailed = ({ name }, reason) => log.failed.push([name, reason]);
  return { pool, log };
}

test('several workers hear every song once, and all of them are closed', async () => {
  const { pool, log } = hearing(3, async () => heard());
  const queue = ['a', 'b', 'c', 'd', 'e'].map((name) => waiting(name));
  await pool.run(queue, never);
  assert.deepEqual(log.heard.sort(), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual([log.started, log.closed, queue.length], [3, 3, 0]);
});

test('a song that kills its worker costs only itself', async () => {
  const { pool, log } = hearing(1, async ({ name }) => {
    if (name === 'b') throw new Crashed('trap', true);
    return heard();
  });
  await pool.run(
    ['a', 'b', 'c'].map((name) => waiting(name)),
    never,
  );
  assert.deepEqual(log.heard, ['a', 'c']);
  assert.equal(log.failed[0][0], 'b');
  assert.equal(log.started, 2);
});

test('a worker that died of the tags of a song keeps that song, and costs no other', async () => {
  const items = () => ['a', 'b', 'c'].map((name) => waiting(name));
  let dead = false;
  const hear = async ({ name }) => {
    assert.ok(!dead, `${name} is heard by a dead worker`);
    dead = name === 'a';
    return heard();
  };
  const start = async () => {
    dead = false;
  };
  const again = hearing(1, hear, start, () => dead);
  await again.pool.run(items(), never);
  assert.deepEqual([again.log.heard, again.log.started], [['a', 'b', 'c'], 2]);

  // Where no other one starts, the songs wait.
  const once = async (nth) => {
    if (nth > 1) throw new Error('no memory');
    dead = false;
  };
  const none = hearing(1, hear, once, () => dead);
  const queue = items();
  await assert.rejects(none.pool.run(queue, never), /no memory/);
  assert.deepEqual([none.log.heard, none.log.failed, queue.length], [['a'], [], 2]);
});

test('what is paused goes back to its place', async () => {
  const controller = new AbortController();
  const { pool, log } = hearing(1, async ({ name }, signal) => {
    if (name !== 'b') return heard();
    controller.abort();
    assert.ok(signal.aborted);
    throw new Cancelled();
  });
  const queue = ['a', 'b', 'c'].map((name) => waiting(name));
  await pool.run(queue, controller.signal);
  assert.deepEqual(log.heard, ['a']);
  assert.deepEqual(
    queue.map(({ name }) => name),
    ['b', 'c'],
  );
  assert.deepEqual(log.failed, []);
});

test('a file that changes while it is heard is not taken', async () => {
  let opened = 0;
  const changing = async () => new File(['x'], 'a', { lastModified: ++opened });
  const gone = async () => {
    throw new DOMException('gone', 'NotFoundError');
  };
  const { pool, log } = hearing(1, async () => heard());
  await pool.run([waiting('a', changing), waiting('b', gone), waiting('c')], never);
  assert.deepEqual(log.heard, ['c']);
  const codes = log.failed.map(([name, reason]) => failedRecord(found(name), reason, 'm'));
  assert.deepEqual(
    codes.map(({ record, lasts }) => [record.path, record.error.code, lasts]),
    [
      ['a', 'file.gone', false],
      ['b', 'file.gone', false],
    ],
  );
});

test('one worker that starts is enough, none is an error', async () => {
  const fails = (from) => async (nth) => {
    if (nth >= from) throw new Error('no memory');
  };
  const some = hearing(3, async () => heard(), fails(2));
  await some.pool.run(
    ['a', 'b', 'c', 'd'].map((name) => waiting(name)),
    never,
  );
  assert.equal(some.log.heard.length, 4);
  const none = hearing(2, async () => heard(), fails(1));
  await assert.rejects(none.pool.run([waiting('a')], never), /no memory/);
});

test('the time left follows from the last songs', () => {
  const pace = new Pace();
  pace.begin(1000);
  assert.equal(pace.secondsFor(10), null);
  for (const at of [2, 3, 4]) pace.count(at * 1000);
  assert.equal(pace.perMinute, 60);
  assert.equal(pace.secondsFor(30), 30);
  pace.begin(100_000);
  assert.equal(pace.perMinute, 0);
});

test('songs of which only the tags are read do not count as heard', () => {
  const tally = new Tally();
  const [song, tags] = [{}, { known: {} }];
  assert.deepEqual([tally.onlyTags, tally.now.total], [false, 0]);
  tally.add([song, tags, tags]);
  tally.count(tags);
  assert.deepEqual([tally.onlyTags, tally.now], [false, { done: 0, total: 1 }]);
  tally.count(song);
  assert.deepEqual([tally.onlyTags, tally.now], [true, { done: 1, total: 2 }]);
  tally.clear();
  tally.add([song]);
  tally.count(song);
  assert.deepEqual([tally.onlyTags, tally.now], [false, { done: 1, total: 1 }]);
});

test('one of more than two processors is left to the page, and there are no more workers than memory', () => {
  assert.equal(workerCount({ hardwareConcurrency: 1 }, ''), 1);
  assert.equal(workerCount({ hardwareConcurrency: 2 }, ''), 2);
  assert.equal(workerCount({ hardwareConcurrency: 4 }, ''), 3);
  assert.equal(workerCount({ hardwareConcurrency: 64 }, ''), 8);
  assert.equal(workerCount({ hardwareConcurrency: 8, deviceMemory: 1 }, ''), 2);
  assert.equal(workerCount({ hardwareConcurrency: 8 }, '?workers=2'), 2);
  assert.equal(workerCount({ hardwareConcurrency: 4 }, '?workers=no'), 3);
});

/** A folder of an earlier visit with one file, in a folder of its own. */
function keptFolder(name, permission) {
  const inner = { getFileHandle: async (file) => fileHandle(file) };
  const handle = {
    queryPermission: async () => 'prompt',
    requestPermission: async () => permission,
    getDirectoryHandle: async () => inner,
  };
  return { name, handle, songs: 1 };
}

test('a song of an earlier visit plays only where the browser lets its folder be read', async () => {
  for (const [permission, expected] of [
    ['granted', 'b.mp3'],
    ['denied', undefined],
  ]) {
    const files = new SongFiles();
    files.recall([keptFolder('M', permission)]);
    const file = await files.fileOf({ folder: 'M', path: 'a/b.mp3', opened: false });
    assert.equal(file?.name, expected);
  }
});

test("a catalogue's song is found in a folder that was chosen", async () => {
  const files = new SongFiles();
  const song = { folder: 'x.safetensors', path: 'a/b.mp3', opened: true };
  assert.equal(await files.fileOf(song), null);
  assert.deepEqual(files.placeOf(song), { folder: '', path: 'a/b.mp3' });
  files.recall([{ name: 'M', handle: null, songs: 1 }]);
  files.hold([{ key: 'M/a/b.mp3', open: async () => new File(['x'], 'b.mp3') }]);
  assert.equal((await files.fileOf(song))?.name, 'b.mp3');
  assert.deepEqual(files.placeOf(song), { folder: 'M', path: 'a/b.mp3' });
});
