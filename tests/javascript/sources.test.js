// What the engine reads from, and from a file to a sound: what is told where something cannot be read.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { EngineError } from '../../www/engine/engine.js';
import { FileSource } from '../../www/engine/file-source.js';
import { openFullBand, openSound } from '../../www/engine/open-sound.js';
import { RangeSource } from '../../www/engine/range-source.js';
import { Source } from '../../www/engine/source.js';

const { fetch } = globalThis;

afterEach(() => {
  globalThis.fetch = fetch;
  delete globalThis.FileReaderSync;
  delete globalThis.Audio;
});

const never = new AbortController().signal;
const gone = new Error('gone');

/** A file of ten bytes of which only some are there. @param {() => Uint8Array} bytes */
function fileOf(bytes) {
  globalThis.FileReaderSync = class {
    readAsArrayBuffer(slice) {
      return slice().buffer;
    }
  };
  const file = { size: 10, slice: (from, to) => () => bytes().slice(from, to) };
  return new FileSource(file, () => gone);
}

test('a file that cannot be read, or has become shorter, says that it is gone', async () => {
  const whole = fileOf(() => Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  assert.deepEqual([...whole.read(4, 3)], [4, 5, 6]);
  const unreadable = () => {
    throw new DOMException('no', 'NotReadableError');
  };
  for (const bytes of [() => new Uint8Array(6), unreadable]) {
    const source = fileOf(bytes);
    const job = () => {
      try {
        return source.read(4, 6);
      } catch {
        throw new Error('what the engine says of bytes');
      }
    };
    await assert.rejects(source.during(job), gone);
  }
});

test('what was not read fails a job that made do without it, and no later one', async () => {
  const source = new Source();
  const swallows = () => {
    source.failed(gone);
    return 'half an answer';
  };
  await assert.rejects(
    source.during(async () => swallows()),
    gone,
  );
  assert.equal(await source.during(() => 'all of it'), 'all of it');
  await assert.rejects(
    source.during(() => {
      throw new Error('its own');
    }),
    /its own/,
  );
});

test('a range that fails late belongs to its own search', async () => {
  let failLate = () => {};
  globalThis.fetch = (_, { headers }) =>
    headers.Range === 'bytes=0-0'
      ? Promise.reject(new TypeError('no network'))
      : new Promise((_resolve, reject) => (failLate = () => reject(new TypeError('late'))));
  const source = new RangeSource('https://site/songs.cells');
  const ranges = [
    [0, 1],
    [5, 9],
  ];
  const search = source.during(() => source.fetchRanges(ranges));
  const early = await Promise.race([
    search.catch(() => 'failed'),
    new Promise((resolve) => setTimeout(resolve, 0, 'waits')),
  ]);
  assert.equal(early, 'waits');
  failLate();
  await assert.rejects(search, { code: 'cells.no_answer' });
  assert.equal(await source.during(() => 'the next one'), 'the next one');
});

/** A browser that can play files, or cannot. @param {boolean} can */
function browserThatPlays(can) {
  globalThis.Audio = class extends EventTarget {
    set src(_) {
      queueMicrotask(() => this.dispatchEvent(new Event(can ? 'loadedmetadata' : 'error')));
    }
    removeAttribute() {}
  };
}

const song = () => new File(['x'], 'a.wma');
const sound = { handle: 1 };

/** An engine that decodes, and what it was asked for. @param {() => Promise<Blob | null>} wav */
function decoder(wav) {
  /** @type {unknown[]} */
  const asked = [];
  return {
    asked,
    decode: async (_, fullBand) => {
      asked.push(['decode', fullBand]);
      return sound;
    },
    wav: (what) => {
      asked.push(['wav', what]);
      return wav();
    },
  };
}

test('a song of which no WAV can be made is heard all the same, and decoded once', async () => {
  browserThatPlays(false);
  const file = song();
  const engine = decoder(async () => {
    throw new EngineError({ code: 'audio.not_sound', arguments: [], details: [], text: 'no' });
  });
  const opened = await openSound(file, engine, never, () => {});
  assert.deepEqual(opened, { sound, playable: file });
  assert.deepEqual(engine.asked, [
    ['decode', false],
    ['wav', sound],
  ]);
});

test('a WAV is made only of what the browser cannot play', async () => {
  const wav = new Blob(['wav']);
  for (const [can, calls] of [
    [false, 2],
    [true, 1],
  ]) {
    browserThatPlays(can);
    const file = song();
    const engine = decoder(async () => wav);
    const { playable } = await openSound(file, engine, never, () => {});
    assert.equal(playable, can ? file : wav);
    assert.equal(engine.asked.length, calls);
  }
});

test('a sound that is not played is asked neither of the browser nor for a WAV', async () => {
  const engine = decoder(async () => assert.fail('a WAV'));
  assert.equal(await openFullBand(song(), engine, never, () => {}), sound);
  assert.deepEqual(engine.asked, [['decode', true]]);
});

test('a file that cannot be read says so before anything else is tried', async () => {
  const file = song();
  file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('no')) });
  const engine = decoder(async () => null);
  await assert.rejects(
    openSound(file, engine, never, () => {}),
    { code: 'file.unreadable' },
  );
  assert.deepEqual(engine.asked, []);
});
