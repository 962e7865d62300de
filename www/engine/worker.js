// The worker owns the WebAssembly module, the model and every decoded sound; the page only
// draws. One worker runs one module: the CPU's or, in a second worker, the graphics processor's.
//
// A request is { id, method, args }; its replies are { id, value }, { id, error } and, on the
// way, { id, event, data }. `cancel` ends a running `analyse` before its next step.

import { ByteProgress, fetchWithProgress } from './fetch-with-progress.js';
import { FileSource } from './file-source.js';
import { analysed } from './hear.js';
import { toPlainObject } from './plain-object.js';
import { RangeSource } from './range-source.js';
import { encodeWav, wavHeader } from './wav.js';
import { PageError } from '../lib/page-error.js';

/** @import { LiveSession } from './live-session.js' */
/** @import { Palette } from '../lib/spectrogram-colours.js' */
/** @import { Answer, Device, EngineFailure, HeardSong, LibraryRows, Message, StoredRating, LearntTaste, Narrowing, OpenedCells, FoundInCells, Request, SongNames, WasmAnalysis, WasmCells, WasmEngine, WasmModule, WasmSound } from '../types.js' */

/** Segments per step: small enough that bands grow and cancel is prompt. */
const STEP = { cpu: 4, gpu: 10 };
/** The code of the error of a module that lacks a model's network. */
const OTHER_NETWORK = 'model.needs_networks';
/** Columns of the picture at most; a column of a short sound is one frame of the model's. */
const COLUMNS = 1280;

/** @type {WasmModule} */
let wasm;
/** @type {WasmEngine} */
let engine;
/** @type {Device} */
let device = 'cpu';
/** @type {string[]} */
let genres = [];
/** Rows and columns of the model's spectrogram. */
let shape = { band_hertz: /** @type {number[]} */ ([]), frames_per_second: 1 };
/** @type {string[]} */
let tags = [];
/** The sample rate to decode at, Hz. @type {number | undefined} */
let readingRate;

/** The listening that goes on, and how it ends. @type {{session: LiveSession, end: () => void} | null} */
let listening = null;
/** How often listening was asked for or ended. */
let listenings = 0;

/** A catalogue of which each search fetches a part. @type {{catalog: WasmCells, source: RangeSource} | null} */
let cells = null;
let modelSha256 = '';

/** Sounds that are not analysed yet, and the files that the rest of them is read from. @type {Map<number, {sound: WasmSound, source: FileSource | null}>} */
const sounds = new Map();
let lastSound = 0;
/** The analyses of the last songs, to be explained. @type {Map<number, WasmAnalysis>} */
const analyses = new Map();
/** Segments that are kept, half an hour of sound and some 80 MB; the last song always is. */
const CACHED_SEGMENTS = 600;
const ROWS_EXPLAINED = 8;
/** Requests that shall end early. @type {Set<number>} */
const cancelled = new Set();

/** What runs jobs one after another. */
function makeTurns() {
  let last = Promise.resolve();
  /**
   * @template T
   * @param {() => T | Promise<T>} job
   * @returns {Promise<T>}
   */
  return (job) => {
    const done = last.then(job);
    last = done.then(
      () => {},
      () => {},
    );
    return done;
  };
}

/** One call into the engine at a time: it may be borrowed across an await. */
const exclusively = makeTurns();
/** The same for the catalogue in cells, which waits for a server. */
const cellsExclusively = makeTurns();

/** Lets messages in, a cancel among them: promises alone never reach the event loop. */
const yieldToMessages = () => new Promise((resolve) => setTimeout(resolve));

/** Keeps a sound and describes it. @param {WasmSound} sound @param {FileSource | null} source */
function storeSound(sound, source) {
  const handle = ++lastSound;
  sounds.set(handle, { sound, source });
  return {
    handle,
    seconds: sound.seconds,
    notes: sound.notes(),
    wav: /** @type {Blob | null} */ (null),
  };
}

/** @param {number} handle */
function release(handle) {
  sounds.get(handle)?.sound.free();
  sounds.delete(handle);
}

/** A sound that is not analysed yet, and where the rest of it comes from. @param {number} handle */
function soundOf(handle) {
  const kept = sounds.get(handle);
  if (!kept) throw new Error('This sound is no longer in memory. Choose the file again.');
  return kept;
}

/** @template T @param {FileSource | null} source @param {() => T | Promise<T>} job */
const during = async (source, job) => (source ? source.during(job) : job());

/** A file that the visitor chose by itself. @param {File} file */
const chosen = (file) => new FileSource(file, () => new PageError('file.unreadable'));

/** @param {number} handle @param {WasmAnalysis} analysis */
function cacheAnalysis(handle, analysis) {
  analyses.set(handle, analysis);
  for (const [oldest, old] of analyses) {
    const all = [...analyses.values()].reduce((sum, { segments }) => sum + segments, 0);
    if (all <= CACHED_SEGMENTS || analyses.size === 1) break;
    analyses.delete(oldest);
    exclusively(() => old.free());
  }
}

/** @typedef {(event: string, data: unknown, transfer?: Transferable[]) => void} Emit */

/** @type {Record<string, (args: any, emit: Emit, id: number) => unknown>} */
const methods = {
  /** @param {{ device: Device, program: string }} args */
  async load(args, emit) {
    device = args.device;
    const count = new ByteProgress((done, total) => emit('bytes', { done, total }));
    const models = new URL('../../models/', import.meta.url);
    const bytes = async (
      /** @type {string} */ name,
      /** @type {string} */ what,
      /** @type {string} */ part,
    ) => {
      const response = await fetchWithProgress(new URL(name, models), what, part, count);
      return new Uint8Array(await response.arrayBuffer());
    };
    const program = async (/** @type {string} */ name) => {
      const pkg = new URL(`../../pkg/${name}/`, import.meta.url);
      const body = fetchWithProgress(
        new URL('soundalike_bg.wasm', pkg),
        'The program',
        'wasm',
        count,
        'application/wasm',
      );
      const glue = import(new URL('soundalike.js', pkg).href).catch(() => {
        throw new Error(BROKEN);
      });
      const [module, response] = await Promise.all([glue, body]);
      await module.default({ module_or_path: response });
      return module;
    };
    const [module, model, catalog] = await Promise.all([
      program(args.program),
      bytes('two-stream.safetensors', 'The model', 'model'),
      bytes('catalog.safetensors', 'The catalogue', 'catalog'),
    ]);
    wasm = module;
    try {
      engine = await wasm.Engine.load(model, catalog, device);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === OTHER_NETWORK)) throw error;
      // The first module has only the network that ships; a site may have a model of another one.
      wasm = await program('networks');
      engine = await wasm.Engine.load(model, catalog, device);
    }
    readingRate = engine.rate;
    // Listening live begins later, if at all: what it needs does not hold up the first song. Workers that hear a folder
    // have another program, and never need it.
    if (args.program === device) import('./live-session.js').catch(() => {});
    const info = toPlainObject(engine.info());
    genres = info.genres;
    shape = info;
    tags = info.tags;
    modelSha256 = info.model_sha256;
    return info;
  },

  ping: () => null,

  check: () => exclusively(async () => toPlainObject(await engine.check())),

  /** Hands the bytes back, so that the page need not keep a copy. @param {{ bytes: ArrayBuffer }} args */
  probe({ bytes }) {
    let rate;
    try {
      rate = wasm.probeRate(new Uint8Array(bytes));
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      rate = undefined; // decoding will say what is wrong
    }
    return { rate, bytes };
  },

  /**
   * Opens a file, which is read as it is needed.
   * @param {{ file: File, fullBand: boolean }} args whether it keeps its own sample rate, for more than the model needs
   */
  async decode({ file, fullBand }) {
    const source = chosen(file);
    const open = () => wasm.decode(source, file.name, fullBand ? undefined : readingRate);
    return storeSound(await source.during(open), source);
  },

  /**
   * A sound's file as a WAV, for what the browser cannot play; null of a longer one than is kept.
   * @param {{ sound: number, file: File }} args
   */
  async wav({ sound: handle, file }) {
    if (!sounds.get(handle)?.sound.whole) return null;
    const source = chosen(file);
    return source.during(() => {
      const plain = wasm.PlainSound.open(source, file.name);
      /** @type {Blob[]} */
      const parts = [];
      try {
        // The browser keeps a blob outside this worker's memory.
        for (let part = plain.nextPiece(); part; part = plain.nextPiece())
          parts.push(new Blob([part]));
        const size = parts.reduce((sum, part) => sum + part.size, 0);
        return new Blob([wavHeader(size, plain.rate), ...parts], { type: 'audio/wav' });
      } finally {
        plain.free();
      }
    });
  },

  /** @param {{ channels: Float32Array[], rate: number }} args */
  channels: ({ channels, rate }) => storeSound(wasm.soundFromChannels(channels, rate), null),

  sample() {
    const sound = wasm.sampleSong();
    return { ...storeSound(sound, null), wav: encodeWav(sound.samples(), sound.rate) };
  },

  /** @param {{ sound: number }} args */
  release: ({ sound }) => release(sound),

  /**
   * Analyses a sound and frees it. Emits `picture` for each piece and `partial` on the way.
   * @param {{ sound: number }} args
   * @returns {Promise<Answer>}
   */
  async analyse({ sound: handle }, emit, id) {
    const { sound, source } = soundOf(handle);
    const begun = exclusively(() => engine.begin(sound));
    const analysis = await begun.finally(() => release(handle));
    let whole = false;
    let drawn = 0;
    const draw = () => {
      if (drawn === analysis.pieces) return;
      drawn = analysis.pieces;
      const frames = Math.ceil(analysis.seconds * shape.frames_per_second);
      const columns = Math.max(1, Math.min(COLUMNS, frames));
      const levels = analysis.picture(columns);
      emit('picture', { rows: Math.round(levels.length / columns), columns, levels }, [
        levels.buffer,
      ]);
    };
    try {
      let sentAt = -Infinity;
      for (;;) {
        draw();
        await yieldToMessages();
        if (cancelled.has(id)) throw new Cancelled();
        const step = () => analysis.step(engine, STEP[device]);
        const done = await exclusively(() => during(source, step));
        const { segments, seconds, finished } = analysis;
        if (finished) {
          draw();
          whole = true;
          return toPlainObject(analysis.answer());
        }
        // A partial answer grows with the song: for a long one it is sent less often.
        const now = performance.now();
        if (now - sentAt < Math.max(100, segments / 2)) continue;
        sentAt = now;
        emit('partial', {
          answer: toPlainObject(analysis.answer()),
          seconds: (seconds * done) / segments,
        });
      }
    } finally {
      if (whole) cacheAnalysis(handle, analysis);
      else analysis.free();
    }
  },

  /**
   * Which parts of a segment point to a genre, row by row from the lowest. Emits `part` on the way.
   * @param {{ handle: number, seconds: number, genre: string }} args
   */
  async explain({ handle, seconds, genre }, emit) {
    const analysis = analyses.get(handle);
    if (!analysis) throw new Error('This song is no longer in memory. Choose its file again.');
    const [segment = 0, start = 0, end = 0] = analysis.segmentAt(seconds);
    const saliency = { genre, start, end, rows: /** @type {number[][]} */ ([]) };
    for (let row = 0; row < ROWS_EXPLAINED; row++) {
      await yieldToMessages();
      const patches = await exclusively(() =>
        analyses.has(handle)
          ? analysis.patchSaliency(engine, segment, genre, row)
          : new Float32Array(),
      );
      saliency.rows.push([...patches]);
      emit('part', saliency);
    }
    return saliency;
  },

  /**
   * Hears a whole song without pictures and parts: one that it reads, or a sound that it then frees.
   * @param {{ file?: File, sound?: number }} args
   * @returns {Promise<HeardSong>}
   */
  async hear({ file, sound: handle }, _, id) {
    const isCancelled = () => cancelled.has(id);
    const hearAll = (/** @type {WasmSound} */ sound) =>
      exclusively(() => analysed(engine, sound, isCancelled, yieldToMessages));
    let answer;
    if (file) {
      const source = new FileSource(file, () => new PageError('file.gone'));
      const open = () => wasm.decode(source, file.name, readingRate);
      answer = await source.during(() => hearAll(open()));
    } else {
      const { sound } = soundOf(handle ?? 0);
      sounds.delete(handle ?? 0);
      answer = await hearAll(sound);
    }
    if (answer === null) throw new Cancelled();
    return {
      seconds: answer.seconds,
      music: answer.music,
      notes: toPlainObject(answer.notices),
      embedding: Float32Array.from(answer.embedding),
      probabilities: probabilitiesOf(answer),
      tags: Float32Array.from(tags, (tag) => answer.tags[tag] ?? 0),
    };
  },

  /** What a file's tags say of its song, as far as they can be read. @param {{ file: File }} args @returns {SongNames} */
  names({ file }) {
    const source = new FileSource(file, () => new PageError('file.gone'));
    return toPlainObject(wasm.namesOf(source, file.name));
  },

  /** @param {{ bytes: ArrayBuffer }} args @returns {Promise<LibraryRows>} */
  openCatalog: ({ bytes }) =>
    exclusively(() => {
      const opened = engine.openCatalog(new Uint8Array(bytes));
      const songs = toPlainObject(opened.songs());
      const [embeddings, probabilities, allTags] = [
        opened.embeddings(),
        opened.probabilities(),
        opened.tags(),
      ];
      opened.free();
      return { songs, embeddings, probabilities, tags: allTags };
    }),

  /** Opens a catalogue in cells, in place of another. @param {{ url: string }} args @returns {Promise<OpenedCells>} */
  openCells: ({ url }) =>
    cellsExclusively(async () => {
      cells?.catalog.free();
      cells = null;
      const source = new RangeSource(url);
      const catalog = await source.during(() =>
        wasm.CellCatalog.open(source.fetchRanges, modelSha256),
      );
      cells = { catalog, source };
      return { songs: catalog.songs, bytes: catalog.bytesRead };
    }),

  /** @param {{ embedding: number[], k: number }} args @returns {Promise<FoundInCells>} */
  searchCells: ({ embedding, k }) =>
    cellsExclusively(async () => {
      if (!cells) return { songs: [], bytes: 0 };
      const { catalog, source } = cells;
      const before = catalog.bytesRead;
      const songs = await source.during(() => catalog.search(Float32Array.from(embedding), k));
      return { songs: toPlainObject(songs), bytes: catalog.bytesRead - before };
    }),

  /** @param {LibraryRows} args @returns {Promise<string[]>} the genre of each song */
  setLibrary: ({ songs, embeddings, probabilities, tags: allTags }) =>
    exclusively(() => {
      engine.setLibrary(songs, embeddings, probabilities, allTags);
      return engine.libraryGenres();
    }),

  libraryPlaces: () => exclusively(() => engine.libraryPlaces()),

  /** @param {{ answer: Answer, k: number, narrowing: Narrowing }} args */
  similar: ({ answer, k, narrowing: { mode, sameGenre, artists, steer, source } }) =>
    exclusively(() => {
      const song = {
        weight: 1,
        embedding: Float32Array.from(answer.embedding),
        probabilities: probabilitiesOf(answer),
        tags: Float32Array.from(tags, (tag) => answer.tags[tag] ?? 0),
      };
      return toPlainObject(
        engine.similar({
          parts: [song, ...steer],
          k,
          mode,
          genre: sameGenre ? answer.genre : undefined,
          exclude_artists: artists,
          exclude_tracks: steer.map(({ track }) => track),
          source,
        }),
      );
    }),

  /** @param {{ answer: Answer }} args */
  verdict: ({ answer }) =>
    exclusively(() => toPlainObject(engine.verdict(probabilitiesOf(answer), answer.music))),

  /** @param {{ track: number, k: number, mode: Narrowing['mode'], source: Narrowing['source'] }} args */
  like: ({ track, k, mode, source }) =>
    exclusively(() =>
      toPlainObject(
        engine.similar({
          parts: [{ weight: 1, track }],
          k,
          mode,
          exclude_artists: [],
          exclude_tracks: [track],
          source,
        }),
      ),
    ),

  map: () => exclusively(() => toPlainObject(engine.map())),

  /**
   * What other people like counts before the first opinion, or does not; those people, or null.
   * @param {{ others: boolean }} args
   */
  async setPopulation({ others }) {
    /** @type {Uint8Array | undefined} */
    let bytes;
    if (others) {
      const response = await fetch(
        new URL('../../models/taste.safetensors', import.meta.url),
      ).catch(() => null);
      if (!response?.ok) throw new Error(NO_POPULATION);
      bytes = new Uint8Array(await response.arrayBuffer());
    }
    return exclusively(() => toPlainObject(engine.setPopulation(bytes)) ?? null);
  },

  /** @param {{ opinions: StoredRating[] }} args @returns {Promise<LearntTaste>} */
  learnTaste: ({ opinions }) =>
    exclusively(() => {
      const began = performance.now();
      const learning = toPlainObject(
        engine.learnTaste(
          opinions.map(({ opinion, path, embedding }) =>
            path === undefined ? { opinion, embedding: embedding ?? [] } : { opinion, path },
          ),
        ),
      );
      return { ...learning, ask: learning.ask ?? null, milliseconds: performance.now() - began };
    }),

  /** @param {{ track: number }} args */
  pathOf: ({ track }) => exclusively(() => engine.pathOf(track)),

  /** @param {{ embedding: number[] }} args */
  place: ({ embedding }) => exclusively(() => [...engine.place(Float32Array.from(embedding))]),

  /**
   * Listens until `unlisten`; then the value is the picture that was last to be seen. Emits `level`
   * and `now`.
   * @param {{ rate: number, port: MessagePort, canvas: OffscreenCanvas, palette: Palette }} args
   */
  async listen({ rate, port, canvas, palette }, emit) {
    listening?.end();
    const turn = ++listenings;
    const [{ LiveSession }, live] = await Promise.all([
      import('./live-session.js'),
      exclusively(() => engine.listen(rate)),
    ]);
    const session = new LiveSession(live, canvas, palette, rate, shape, emit);
    return new Promise((resolve, reject) => {
      const end = () => {
        port.close();
        listening = null;
        exclusively(() => resolve(session.finish()));
      };
      const fail = (/** @type {unknown} */ error) => {
        if (error instanceof WebAssembly.RuntimeError) crash(error);
        port.close();
        listening = null;
        reject(error);
      };
      const mine = () => listening?.session === session;
      // It was ended, or begun anew, before it was ready.
      if (turn !== listenings) {
        port.close();
        exclusively(() => resolve(session.finish()));
        return;
      }
      listening = { session, end };
      port.onmessage = ({ data }) => {
        // Behind one another, since the engine is borrowed while it predicts.
        exclusively(() => {
          if (mine()) session.push(data);
        }).catch(fail);
        if (session.due)
          exclusively(async () => mine() && session.ask(engine, toPlainObject)).catch(fail);
      };
    });
  },

  unlisten() {
    listenings++;
    listening?.end();
  },

  tracks: () => exclusively(() => toPlainObject(engine.tracks())),

  /** @param {{ sound: number }} args */
  features({ sound: handle }) {
    return JSON.parse(soundOf(handle).sound.features());
  },

  /** @param {{ random: Uint8Array }} args */
  participantCode: ({ random }) => wasm.participantCode(random),

  /** @param {{ answer: string, config: string }} args */
  surveyCheck: ({ answer, config }) => wasm.surveyCheck(answer, config),
};

const MISFIT =
  'The program could not be started: its parts do not fit together. Reload the page without the cache (Shift and reload); if that does not help, the site is not built properly.';
const BROKEN =
  'The program could not be loaded completely. Check the connection, then start again; if that does not help, the site is not fully installed.';

const NO_POPULATION =
  'What other people like could not be fetched. Check the connection, then try again.';

/** In the order of the model's genres. @param {Answer} answer */
function probabilitiesOf(answer) {
  return Float32Array.from(genres, (genre) => answer.probabilities[genre] ?? 0);
}

class Cancelled extends Error {}

/** What the page is told of an error: the engine's have a code. @param {unknown} error @returns {Message} */
function messageOf(error) {
  if (error instanceof Error && 'code' in error && 'arguments' in error) {
    const { code, arguments: values, details, subject } = /** @type {EngineFailure} */ (error);
    return {
      code,
      arguments: Object.entries(values),
      details: details ?? [],
      text: error.message,
      ...(subject && { subject }),
    };
  }
  if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) {
    return 'This browser cannot run the program. It needs WebAssembly with SIMD: a browser from 2023 or later has it.';
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * The message of a failed load. A body that breaks off, or a module that does not fit its glue,
 * ends in a TypeError in the browser's own words, which are for the console.
 * @param {unknown} error
 * @returns {Message}
 */
function loadMessage(error) {
  if (!(error instanceof TypeError)) return messageOf(error);
  console.error(error);
  return /network|fetch|load/i.test(error.message) ? BROKEN : MISFIT;
}

/** After a trap the module's memory cannot be trusted: the page starts a new worker. @param {unknown} error */
function crash(error) {
  self.postMessage({ crash: error instanceof Error ? error.message : String(error) });
}

self.addEventListener('unhandledrejection', (event) => crash(event.reason));

self.addEventListener('message', async (/** @type {MessageEvent<Request>} */ event) => {
  const { id, method, args } = event.data;
  if (method === 'cancel') {
    cancelled.add(args.id);
    return;
  }
  /** @type {Emit} */
  const emit = (name, data, transfer = []) =>
    self.postMessage({ id, event: name, data }, { transfer });
  try {
    const run = methods[method];
    if (!run) throw new Error(`The worker knows no ${method}.`);
    const value = await run(args, emit, id);
    const transfer = method === 'probe' ? [/** @type {any} */ (value).bytes] : [];
    self.postMessage({ id, value }, { transfer });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) crash(error);
    else
      self.postMessage({
        id,
        error: method === 'load' ? loadMessage(error) : messageOf(error),
        cancelled: error instanceof Cancelled,
      });
  } finally {
    cancelled.delete(id);
  }
});
