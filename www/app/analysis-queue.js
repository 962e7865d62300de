// Analyses the waiting songs, one after another: from the file to the answer and its neighbours.

import { Cancelled, Crashed, messageOf } from '../engine/engine.js';
import { openSound } from '../engine/open-sound.js';
import { HOW_MANY, NO_NARROWING } from '../views/similar-songs.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { Narrowing, Song, Message, SongState } from '../types.js' */
/** @import { SongStore } from './song-store.js' */

export class AnalysisQueue {
  #store;
  /** @type {AbortController | null} */
  #controller = null;
  /** The songs of this run that have begun. @type {Song[]} */
  #begun = [];

  /** The engine that is there now; another one may take its place between two songs. @type {() => Engine | null} */
  engine = () => null;
  /** How the neighbours are to be found. @type {() => Narrowing} */
  narrowing = () => NO_NARROWING;
  /** Called when a song enters another state, and as its analysis proceeds. @type {(song: Song) => void} */
  onState = () => {};
  /** Called when there is more to show of a song. @type {(song: Song) => void} */
  onPart = () => {};
  /** Called when a song is done. @type {(song: Song) => void} */
  onDone = () => {};
  /** Called when a song has failed or was cancelled. @type {(song: Song) => void} */
  onFailed = () => {};
  /** Called after each song, however it ended. @type {() => void} */
  onNext = () => {};

  /** @param {SongStore} store */
  constructor(store) {
    this.#store = store;
  }

  get running() {
    return this.#controller !== null;
  }

  /** Which song it is at, and of how many. */
  get progress() {
    const at = this.#begun.length;
    return { at, of: at + this.#store.waiting.length };
  }

  cancel() {
    this.#controller?.abort();
  }

  /** Works until no song waits. @returns {Promise<Song[]>} the songs that have an answer now */
  async run() {
    const { signal } = (this.#controller = new AbortController());
    this.#begun = [];
    for (;;) {
      const [song] = this.#store.waiting;
      const engine = this.engine();
      if (!song || !engine || signal.aborted) break;
      this.#begun.push(song);
      await this.#analyse(song, engine, signal);
      this.onNext();
    }
    if (signal.aborted) for (const song of this.#store.waiting) song.state = 'cancelled';
    this.#controller = null;
    return this.#begun.filter(({ state }) => state === 'done');
  }

  /** @param {Song} song @param {Engine} engine @param {AbortSignal} signal */
  async #analyse(song, engine, signal) {
    const began = performance.now();
    try {
      const sound = await this.#open(song, engine, signal);
      song.seconds = sound.seconds;
      song.notes = sound.notes;
      this.#enter(song, 'analysing');
      const answer = await engine.analyse(
        sound,
        (picture) => {
          song.picture = picture;
          this.onPart(song);
        },
        (partial) => {
          song.answer = partial.answer;
          song.seconds = partial.answer.seconds;
          song.analysedSeconds = partial.seconds;
          this.onPart(song);
          this.onState(song);
        },
        signal,
      );
      if (signal.aborted) throw new Cancelled();
      song.answer = answer;
      song.seconds = answer.seconds;
      song.analysedSeconds = song.seconds;
      const heard = new Set(song.notes.map(textOf));
      song.notes = [...song.notes, ...answer.notices.filter(({ text }) => !heard.has(text))];
      this.#enter(song, 'comparing');
      song.narrowing = this.narrowing();
      song.similar = await engine.similar(answer, HOW_MANY, song.narrowing);
      song.modelSha256 = engine.info.model_sha256;
      song.complete = true;
      song.handle = sound.handle;
      song.took = performance.now() - began;
      song.state = 'done';
      this.onDone(song);
    } catch (reason) {
      fail(song, reason);
      this.onFailed(song);
    }
  }

  /** The decoded sound of a song's file, or the sample. @param {Song} song @param {Engine} engine @param {AbortSignal} signal */
  async #open(song, engine, signal) {
    let sound;
    if (song.file) {
      const opened = await openSound(song.file, engine, signal, (state) =>
        this.#enter(song, state),
      );
      sound = opened.sound;
      song.playable = opened.playable;
    } else {
      this.#enter(song, 'decoding');
      sound = await engine.sample();
      song.playable = sound.wav;
    }
    if (signal.aborted) {
      engine.release(sound);
      throw new Cancelled();
    }
    return sound;
  }

  /** @param {Song} song @param {SongState} state */
  #enter(song, state) {
    song.state = state;
    this.onState(song);
  }
}

const STOPPED = 'The program stopped while it analysed this.';
const CRASHED =
  'This file made the decoder fail: it may be damaged. Download or export it again. The other songs go on.';

/** @param {Song} song @param {unknown} reason */
function fail(song, reason) {
  song.answer = null;
  song.picture = null;
  song.playable = null;
  song.state = reason instanceof Cancelled ? 'cancelled' : 'failed';
  if (song.state === 'cancelled') return;
  song.error = messageOf(reason);
  if (reason instanceof Crashed) song.error = reason.trapped ? CRASHED : STOPPED;
}

/** @param {Message} message */
function textOf(message) {
  return typeof message === 'string' ? message : message.text;
}
