// The page's side of the worker: one Engine is one worker with one module in it.

import { PageError } from '../lib/page-error.js';

/** @import { Palette } from '../lib/spectrogram-colours.js' */
/** @import { Answer, CatalogMap, Check, CatalogTrack, Device, EngineInfo, HeardSong, LibraryRows, StoredRating, LearntTaste, Mode, Source, Narrowing, FoundInCells, OpenedCells, LiveOutput, Message, TastePopulation, Picture, Recommendation, Reply, SoundFeatures, SaliencyMap, SongNames, SoundHandle, ListeningAnswer, SurveyAnswer, SurveyConfig, Verdict } from '../types.js' */

/** The visitor ended it; nothing went wrong. */
export class Cancelled extends Error {}

/** What went wrong in the worker. */
export class EngineError extends Error {
  /** @param {Message} reason */
  constructor(reason) {
    super(typeof reason === 'string' ? reason : reason.text);
    this.reason = reason;
  }
}

/** What can be shown of a failure. @param {unknown} failure @returns {Message} */
export function messageOf(failure) {
  if (failure instanceof EngineError) return failure.reason;
  if (failure instanceof PageError) {
    const { code, arguments: values, message: text } = failure;
    return { code, arguments: Object.entries(values), details: [], text };
  }
  return failure instanceof Error ? failure.message : String(failure);
}

/** The worker died; only a new one helps. */
export class Crashed extends Error {
  /**
   * @param {string} message
   * @param {boolean} trapped whether it died of what it was working on, rather than by itself
   */
  constructor(message, trapped) {
    super(message);
    this.trapped = trapped;
  }
}

/** The message of a crash. The technical reason goes to the console. */
const CRASH =
  'The analysis stopped unexpectedly. It may have run out of memory or hit a bug. Start again; your files were not changed.';

/** How often the worker is looked after while it works, in milliseconds. */
const WATCH = 1000;

const NO_START =
  'The program could not be started in this browser. Start again; if that does not help, try a newer browser, or one without extensions that block scripts.';

export class Engine {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void, on: Record<string, (data: any) => void>}>} */
  #waiting = new Map();
  #last = 0;
  #worker;
  /** When the last message of the worker came. */
  #lastMessageAt = 0;
  #watch = 0;
  #lookedAt = 0;
  /** @type {Crashed | null} */
  #crashed = null;
  /** Called once if the worker dies. @type {(error: Crashed) => void} */
  onCrash = () => {};
  /** @type {EngineInfo} */
  info = {
    genres: [],
    tags: [],
    tracks: 0,
    model_sha256: '',
    parameters: 0,
    segment_seconds: 3,
    frames_per_second: 0,
    band_hertz: [],
    device: 'cpu',
    extensions: [],
  };

  constructor() {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', (event) => this.#receive(event.data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#crash(event.message || 'the worker could not be started');
    });
    this.#worker.addEventListener('messageerror', () => this.#crash('a message could not be read'));
  }

  /**
   * Starts a worker and loads module, model and catalogue into it.
   * @param {Device} device
   * @param {(done: number, total: number) => void} [onBytes]
   * @param {string} [program] the folder of its module in pkg/, by default the device's
   * @returns {Promise<Engine>}
   */
  static async start(device, onBytes = () => {}, program = device) {
    const engine = new Engine();
    try {
      engine.info = await engine.#call('load', { device, program }, [], {
        bytes: ({ done, total }) => onBytes(done, total),
      });
      return engine;
    } catch (error) {
      engine.close();
      throw error instanceof Crashed ? new Error(NO_START) : error;
    }
  }

  /** Compares with the reference output stored in the model, and takes the time. @returns {Promise<Check>} */
  check() {
    return this.#call('check', {});
  }

  /**
   * The sample rate in a file's header, and the bytes back.
   * @param {ArrayBuffer} bytes given away
   * @returns {Promise<{rate: number | undefined, bytes: ArrayBuffer}>}
   */
  probe(bytes) {
    return this.#call('probe', { bytes }, [bytes]);
  }

  /**
   * Decodes in Rust, at least the beginning. The worker reads the file as it needs it.
   * @param {File} file
   * @param {boolean} fullBand whether more is asked of the sound than the model needs
   * @returns {Promise<SoundHandle>}
   */
  decode(file, fullBand) {
    return this.#call('decode', { file, fullBand });
  }

  /** The file of a sound as a WAV; null of one that is too long. @param {SoundHandle} sound @param {File} file @returns {Promise<Blob | null>} */
  wav(sound, file) {
    return this.#call('wav', { sound: sound.handle, file });
  }

  /**
   * Takes what the browser decoded.
   * @param {Float32Array<ArrayBuffer>[]} channels given away
   * @param {number} rate
   * @returns {Promise<SoundHandle>}
   */
  channels(channels, rate) {
    return this.#call(
      'channels',
      { channels, rate },
      channels.map((channel) => channel.buffer),
    );
  }

  /** A song that the engine makes up. @returns {Promise<SoundHandle>} */
  sample() {
    return this.#call('sample', {});
  }

  /** Forgets a sound that will not be analysed. @param {SoundHandle} sound */
  release(sound) {
    this.#call('release', { sound: sound.handle }).catch(() => {});
  }

  /**
   * Analyses a sound, which the worker then forgets.
   * @param {SoundHandle} sound
   * @param {(picture: Picture) => void} onPicture
   * @param {(partial: {answer: Answer, seconds: number}) => void} onPartial
   * @param {AbortSignal} signal
   * @returns {Promise<Answer>}
   */
  analyse(sound, onPicture, onPartial, signal) {
    const on = { picture: onPicture, partial: onPartial };
    return this.#cancellable(this.#call('analyse', { sound: sound.handle }, [], on), signal);
  }

  /**
   * Hears a whole song for the library: a file that the worker reads, or a sound that it then forgets.
   * @param {File | SoundHandle} song
   * @param {AbortSignal} signal
   * @returns {Promise<HeardSong>}
   */
  hear(song, signal) {
    const args = song instanceof File ? { file: song } : { sound: song.handle };
    return this.#cancellable(this.#call('hear', args), signal);
  }

  /** What a file's tags say of its song. @param {File} file @returns {Promise<SongNames>} */
  names(file) {
    return this.#call('names', { file });
  }

  /**
   * The call that was made last, ended by a signal.
   * @template T
   * @param {Promise<T>} call
   * @param {AbortSignal} signal
   * @returns {Promise<T>}
   */
  #cancellable(call, signal) {
    const id = this.#last;
    const cancel = () => this.#worker.postMessage({ id: 0, method: 'cancel', args: { id } });
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    return call.finally(() => signal.removeEventListener('abort', cancel));
  }

  /**
   * Which parts of the segment nearest to a time point to a genre.
   * @param {number} handle of a song that was analysed
   * @param {number} seconds
   * @param {string} genre
   * @param {(saliency: SaliencyMap) => void} onPart
   * @returns {Promise<SaliencyMap>}
   */
  explain(handle, seconds, genre, onPart) {
    return this.#call('explain', { handle, seconds, genre }, [], { part: onPart });
  }

  /** The verdict on an answer that this model gave. @param {Answer} answer @returns {Promise<Verdict>} */
  verdict(answer) {
    return this.#call('verdict', { answer });
  }

  /**
   * The songs of the catalogue that sound most alike.
   * @param {Answer} answer
   * @param {number} k
   * @param {Narrowing} narrowing
   * @returns {Promise<Recommendation[]>}
   */
  similar(answer, k, narrowing) {
    return this.#call('similar', { answer, k, narrowing });
  }

  /**
   * The songs that sound like one of the catalogue, or like one of the visitor's own behind it.
   * @param {number} track
   * @param {number} k
   * @param {Mode} mode
   * @param {Source} source
   * @returns {Promise<Recommendation[]>}
   */
  like(track, k, mode, source) {
    return this.#call('like', { track, k, mode, source });
  }

  /**
   * Sets the visitor's own songs, in place of those that were there.
   * @param {LibraryRows} rows
   * @returns {Promise<string[]>} the genre of each
   */
  setLibrary(rows) {
    const { embeddings, probabilities, tags } = rows;
    return this.#call('setLibrary', rows, [embeddings.buffer, probabilities.buffer, tags.buffer]);
  }

  /** Where the visitor's own songs lie on the map: x, y and z of each. @returns {Promise<Float32Array>} */
  libraryPlaces() {
    return this.#call('libraryPlaces', {});
  }

  /** A catalogue that was made in the terminal. @param {ArrayBuffer} bytes given away @returns {Promise<LibraryRows>} */
  openCatalog(bytes) {
    return this.#call('openCatalog', { bytes }, [bytes]);
  }

  /** Opens a catalogue in cells at an address, in place of another. @param {string} url @returns {Promise<OpenedCells>} */
  openCells(url) {
    return this.#call('openCells', { url });
  }

  /** The songs of the catalogue in cells that sound most alike. @param {Answer} answer @param {number} k @returns {Promise<FoundInCells>} */
  searchCells({ embedding }, k) {
    return this.#call('searchCells', { embedding, k });
  }

  /** The map of the catalogue. @returns {Promise<CatalogMap>} */
  map() {
    return this.#call('map', {});
  }

  /** Where an answer lies on it. @param {Answer} answer @returns {Promise<[number, number, number]>} */
  place({ embedding }) {
    return this.#call('place', { embedding });
  }

  /**
   * Whether what other people like counts before the first opinion.
   * @param {boolean} others
   * @returns {Promise<TastePopulation | null>} those people
   */
  setPopulation(others) {
    return this.#call('setPopulation', { others });
  }

  /** Learns the visitor's taste from all opinions. @param {StoredRating[]} opinions @returns {Promise<LearntTaste>} */
  learnTaste(opinions) {
    return this.#call('learnTaste', { opinions });
  }

  /** By what a song of the catalogue is known. @param {number} track @returns {Promise<string | undefined>} */
  pathOf(track) {
    return this.#call('pathOf', { track });
  }

  /**
   * Listens until `stopListening`, and draws the spectrogram.
   * @param {number} rate of the device
   * @param {MessagePort} port gives samples; given away
   * @param {OffscreenCanvas} canvas given away
   * @param {Palette} palette
   * @param {(level: {peak: number, rms: number, clipped: boolean}) => void} onLevel
   * @param {(now: LiveOutput) => void} onNow about once a second
   * @returns {Promise<{picture: Picture, seconds: number}>} what was last to be seen
   */
  listen(rate, port, canvas, palette, onLevel, onNow) {
    return this.#call('listen', { rate, port, canvas, palette }, [port, canvas], {
      level: onLevel,
      now: onNow,
    });
  }

  /** The songs of the catalogue. @returns {Promise<CatalogTrack[]>} */
  tracks() {
    return this.#call('tracks', {});
  }

  /** What a survey keeps of a sound that is not analysed yet. @param {SoundHandle} sound @returns {Promise<SoundFeatures>} */
  features(sound) {
    return this.#call('features', { sound: sound.handle });
  }

  /** @param {Uint8Array} random ten bytes @returns {Promise<string>} */
  participantCode(random) {
    return this.#call('participantCode', { random });
  }

  /**
   * Fails with what is wrong with an answer.
   * @param {SurveyAnswer | ListeningAnswer} answer
   * @param {SurveyConfig} config
   * @returns {Promise<void>}
   */
  surveyCheck(answer, config) {
    return this.#call('surveyCheck', {
      answer: JSON.stringify(answer),
      config: JSON.stringify(config),
    });
  }

  stopListening() {
    this.#call('unlisten', {}).catch(() => {});
  }

  /** Ends it; whatever was still asked of it fails. */
  close() {
    clearInterval(this.#watch);
    this.#worker.terminate();
    this.#crashed ??= new Crashed(CRASH, false);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#crashed);
  }

  /** Whether the worker is still there while something is asked of it. */
  #look() {
    const now = performance.now();
    // A computer that slept, or a page that was put aside, says nothing of the worker.
    if (now - this.#lookedAt > 10 * WATCH) this.#lastMessageAt = now;
    this.#lookedAt = now;
    if (this.#waiting.size === 0) {
      clearInterval(this.#watch);
      this.#watch = 0;
    } else if (now - this.#lastMessageAt > window.soundalike.patience) {
      this.#crash('the worker has been silent for too long');
    } else {
      // It answers as soon as it is not at work.
      this.#worker.postMessage({ id: 0, method: 'ping', args: {} });
    }
  }

  /**
   * @param {string} method
   * @param {unknown} args
   * @param {Transferable[]} transfer
   * @param {Record<string, (data: any) => void>} on
   * @returns {Promise<any>}
   */
  #call(method, args, transfer = [], on = {}) {
    if (this.#crashed) return Promise.reject(this.#crashed);
    const id = ++this.#last;
    this.#lastMessageAt = performance.now();
    // A browser that ends a worker for want of memory does not tell the page.
    if (!this.#watch) this.#lookedAt = this.#lastMessageAt;
    if (!this.#watch) this.#watch = window.setInterval(() => this.#look(), WATCH);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, on });
      this.#worker.postMessage({ id, method, args }, transfer);
    });
  }

  /** @param {Reply} reply */
  #receive(reply) {
    this.#lastMessageAt = performance.now();
    if ('crash' in reply) return this.#crash(reply.crash, true);
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    if ('event' in reply) {
      waiting.on[reply.event]?.(reply.data);
      return;
    }
    this.#waiting.delete(reply.id);
    if (!('error' in reply)) waiting.resolve(reply.value);
    else if (reply.cancelled) waiting.reject(new Cancelled());
    else waiting.reject(new EngineError(reply.error));
  }

  /** @param {string} reason @param {boolean} trapped see `Crashed` */
  #crash(reason, trapped = false) {
    if (this.#crashed) return;
    console.error('Soundalike worker:', reason);
    this.#crashed = new Crashed(CRASH, trapped);
    this.close();
    this.onCrash(this.#crashed);
  }
}
