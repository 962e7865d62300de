// Plays the visitor's own file.

import { byId, setText } from '../lib/dom.js';

/** Seconds that the system's own controls skip. */
const SKIP = 10;

export class Player {
  #audio = byId('player', HTMLAudioElement);
  #button = byId('play', HTMLButtonElement);
  #label = byId('play-label', HTMLElement);
  #noSound = byId('no-sound', HTMLElement);
  #url = '';
  #frame = 0;

  /** Called with the position, many times a second while it plays. @type {(seconds: number) => void} */
  onTime = () => {};
  /** Called with a sentence if the browser cannot play the file. @type {(sentence: string) => void} */
  onFailure = () => {};
  /** Called when it begins to play. */
  onPlay = () => {};

  constructor() {
    this.#button.addEventListener('click', () => this.toggle());
    const session = navigator.mediaSession;
    /** @type {[MediaSessionAction, MediaSessionActionHandler][]} */
    const actions = [
      ['play', () => this.#play()],
      ['pause', () => this.#audio.pause()],
      ['seekbackward', ({ seekOffset }) => this.move(-(seekOffset ?? SKIP))],
      ['seekforward', ({ seekOffset }) => this.move(seekOffset ?? SKIP)],
      ['seekto', ({ seekTime }) => this.seek(seekTime ?? 0)],
    ];
    for (const [action, handler] of actions) {
      try {
        session?.setActionHandler(action, handler);
      } catch {
        // This browser does not know the action.
      }
    }
    for (const event of ['durationchange', 'seeked', 'play', 'pause', 'ratechange']) {
      this.#audio.addEventListener(event, () => this.#tellPosition());
    }
    for (const event of ['play', 'pause', 'ended']) {
      this.#audio.addEventListener(event, () => this.#show());
    }
    this.#audio.addEventListener('play', () => this.onPlay());
    this.#audio.addEventListener('seeked', () => this.onTime(this.#audio.currentTime));
    this.#audio.addEventListener('error', () => {
      if (this.#url) this.onFailure('This browser could decode the file but cannot play it.');
    });
  }

  /** True if there is something to play. */
  get ready() {
    return this.#url !== '';
  }

  /** Where it is, in seconds. */
  get time() {
    return this.#audio.currentTime;
  }

  /**
   * Takes a file to play, or nothing.
   * @param {Blob | null} blob
   * @param {string} [name]
   * @param {boolean} [gone] there was a file, but the page no longer has it
   */
  load(blob, name = '', gone = false) {
    this.#audio.pause();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = blob ? URL.createObjectURL(blob) : '';
    if (blob) this.#audio.src = this.#url;
    else this.#audio.removeAttribute('src');
    this.#button.hidden = !blob && !gone;
    this.#button.disabled = !blob;
    this.#noSound.hidden = !gone || blob !== null;
    this.#tell(blob ? name : '');
    this.#show();
  }

  /** What the system's own controls say. @param {string} name */
  #tell(name) {
    const { mediaSession } = navigator;
    if (!mediaSession) return;
    mediaSession.metadata = name ? new MediaMetadata({ title: name, artist: 'Soundalike' }) : null;
    mediaSession.playbackState = name ? 'paused' : 'none';
    mediaSession.setPositionState?.(); // not known yet
  }

  #tellPosition() {
    const { duration, currentTime, playbackRate } = this.#audio;
    const { mediaSession } = navigator;
    if (!mediaSession || !this.ready) return;
    mediaSession.playbackState = this.#audio.paused ? 'paused' : 'playing';
    if (!Number.isFinite(duration) || duration <= 0) return;
    const position = Math.min(currentTime, duration);
    mediaSession.setPositionState?.({ duration, position, playbackRate });
  }

  pause() {
    this.#audio.pause();
  }

  toggle() {
    if (this.#audio.paused) this.#play();
    else this.#audio.pause();
  }

  #play() {
    if (this.ready) this.#audio.play().catch(() => {});
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!this.ready) return;
    this.#audio.currentTime = Math.max(0, seconds);
    this.onTime(this.#audio.currentTime);
  }

  /** Moves by some seconds. @param {number} seconds */
  move(seconds) {
    this.seek(this.#audio.currentTime + seconds);
  }

  #show() {
    const plays = !this.#audio.paused && !this.#audio.ended;
    this.#button.dataset.plays = String(plays);
    setText(this.#label, plays ? 'Pause' : 'Play');
    cancelAnimationFrame(this.#frame);
    const follow = () => {
      this.onTime(this.#audio.currentTime);
      this.#frame = requestAnimationFrame(follow);
    };
    if (plays) follow();
  }
}
