// Listening to a microphone or a tab: about once a second the engine says what the last seconds sound like.

import { Crashed, messageOf } from '../engine/engine.js';
import { LIVE_WINDOW_SECONDS } from '../engine/live-session.js';
import { format, locale } from '../i18n/i18n.js';
import { HOW_MANY, NO_NARROWING } from '../views/similar-songs.js';
import { newSong } from './song-store.js';

/** @import { Capture, CaptureKind } from '../engine/capture.js' */
/** @import { Engine } from '../engine/engine.js' */
/** @import { Answer, LiveOutput, Message, Narrowing, Segment, Song } from '../types.js' */
/** @import { ListenRow } from '../views/listen-row.js' */
/** @import { SpectrogramView } from '../views/spectrogram.js' */

/** Seconds between two searches for similar songs. */
const COMPARE_EVERY = 3;

export class LiveListening {
  #spectrogram;
  #row;
  /**
   * The session that runs: its last answer, the segments on show, how many seconds it lasts and when it was
   * compared last.
   * @type {{song: Song, kind: CaptureKind, engine: Engine, answer: Answer | null, segments: Segment[], seconds: number, comparedAt: number} | null}
   */
  #session = null;

  /** How the neighbours are to be found. @type {() => Narrowing} */
  narrowing = () => NO_NARROWING;
  /** Called about once a second; the song has no answer while it is too quiet. @type {(song: Song) => void} */
  onAnswer = () => {};
  /** Called when other songs sound like it. @type {(song: Song) => void} */
  onSimilar = () => {};

  /** @param {SpectrogramView} spectrogram @param {ListenRow} row */
  constructor(spectrogram, row) {
    this.#spectrogram = spectrogram;
    this.#row = row;
  }

  get running() {
    return this.#session !== null;
  }

  /** The song that is made of what is heard. */
  get song() {
    return this.#session?.song ?? null;
  }

  /** What it listens to. */
  get kind() {
    return this.#session?.kind ?? null;
  }

  stop() {
    this.#session?.engine.stopListening();
  }

  /**
   * Listens until `stop` or until the capture ends.
   * @param {Capture} capture
   * @param {CaptureKind} kind
   * @param {Engine} engine
   * @returns {Promise<{song: Song, error: Message}>} the song has an answer if anything was heard
   */
  async run(capture, kind, engine) {
    const song = newSong(songName(kind), null);
    song.state = 'listening';
    song.seconds = LIVE_WINDOW_SECONDS;
    const session = { song, kind, engine, answer: null, segments: [], seconds: 0, comparedAt: 0 };
    this.#session = session;
    this.#row.show(kind, capture.device);
    const canvas = this.#spectrogram.showLive().transferControlToOffscreen();
    /** @type {Message} */
    let error = '';
    const listened = engine.listen(
      capture.rate,
      capture.port,
      canvas,
      this.#spectrogram.palette,
      (level) => this.#row.showLevel(level),
      (output) => this.#show(output),
    );
    this.#row.focus();
    try {
      const { picture, seconds } = await listened;
      song.picture = picture;
      song.seconds = seconds;
    } catch (reason) {
      // A crash is reported by onCrash.
      if (!(reason instanceof Crashed)) error = messageOf(reason);
    }
    capture.close();
    this.#session = null;
    this.#row.hide();
    finish(session);
    return { song, error };
  }

  /** @param {LiveOutput} output */
  #show({ answer, quiet, seconds }) {
    const session = this.#session;
    if (!session) return;
    const { song, engine } = session;
    session.seconds = seconds;
    this.#row.showStatus(quiet ? 'Too quiet to hear anything' : answer ? '' : 'Listening');
    song.answer = answer;
    if (answer) {
      session.answer = answer;
      // After a pause it speaks for the segment that was heard, not for the pause.
      const start = Math.max(
        session.segments.at(-1)?.end ?? 0,
        seconds - engine.info.segment_seconds,
      );
      const next = { start, end: seconds, probabilities: answer.probabilities };
      const edge = seconds - LIVE_WINDOW_SECONDS;
      session.segments = [...session.segments, next].filter(({ end }) => end > edge);
      answer.timeline = fromEdge(session.segments, edge);
    }
    this.#spectrogram.showLiveBands(song, 1);
    this.onAnswer(song);
    if (answer && seconds - session.comparedAt >= COMPARE_EVERY) this.#compare(answer, seconds);
  }

  /** @param {Answer} answer @param {number} seconds */
  #compare(answer, seconds) {
    const session = this.#session;
    if (!session) return;
    const { song, engine } = session;
    session.comparedAt = seconds;
    song.narrowing = this.narrowing();
    engine.similar(answer, HOW_MANY, song.narrowing).then(
      (songs) => {
        song.similar = songs;
        if (this.#session?.song === song) this.onSimilar(song);
      },
      () => {}, // a crash is reported by onCrash
    );
  }
}

/** What was heard last becomes the song's answer. @param {{song: Song, answer: Answer | null, segments: Segment[], seconds: number, engine: Engine}} session */
function finish({ song, answer, segments, seconds, engine }) {
  song.answer = song.picture ? answer : null;
  if (!song.answer) return;
  song.answer.timeline = fromEdge(segments, Math.max(0, seconds - song.seconds));
  song.answer.seconds = song.seconds;
  song.state = 'done';
  song.complete = true;
  song.analysedSeconds = song.seconds;
  song.modelSha256 = engine.info.model_sha256;
  song.narrowing = null; // its neighbours were searched for a while ago
}

/** Segments as they are shown, measured from the left edge. @param {Segment[]} segments @param {number} edge */
function fromEdge(segments, edge) {
  const shown = segments.filter(({ end }) => end > edge);
  return shown.map(({ start, end, probabilities }) => ({
    start: Math.max(0, start - edge),
    end: end - edge,
    probabilities,
  }));
}

/** @param {CaptureKind} kind */
function songName(kind) {
  // English times in the visitor's own way of writing them.
  const language = locale() === 'en' ? [] : locale();
  const time = new Date().toLocaleString(language, {
    ...{ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  return format(kind === 'tab' ? 'A tab, {}' : 'Microphone, {}', time);
}
