// Listening to a microphone, or to the sound of another tab: getting the sound, and the row with level,
// source and stop. What is heard is the engine's matter, what is shown the page's.

import { byId, make, rawText, setText } from '../lib/dom.js';
import { format, t } from '../i18n/i18n.js';

/** @typedef {'microphone' | 'tab'} Kind */

/** The level's scale begins here, in dB below full scale. */
const FAINTEST = -60;
/** Quieter than this there is hardly anything to hear. */
const QUIET = -50;
/** How long a clipping stays on show, in milliseconds. */
const CLIP_SHOWN = 1500;

/** Music as it is: what helps a voice on the telephone bends a song. */
const AS_IT_IS = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};

/** What goes wrong, by the name that the browser gives it, for microphone and tab. */
const TROUBLES = {
  microphone: {
    NotAllowedError:
      'The browser does not let this page use the microphone. Allow it in the address bar and press Listen again, or choose a file.',
    NotFoundError:
      'There is no microphone here. Connect one and press Listen again, or choose a file.',
    NotReadableError:
      'The microphone cannot be opened; another program may be using it. Close that one and press Listen again, or choose a file.',
    OverconstrainedError:
      'That microphone is gone. Press Listen again to use another one, or choose a file.',
    other: 'The microphone could not be started. Press Listen again, or choose a file.',
  },
  tab: {
    NotAllowedError:
      'No tab was shared. Press “Listen to a tab” again and choose one, or choose a file.',
    NotFoundError: 'There is nothing to share here. Choose a file instead.',
    NotReadableError: 'That tab could not be heard. Try another one, or choose a file.',
    OverconstrainedError: 'That tab could not be heard. Try another one, or choose a file.',
    other: 'The tab could not be heard. Try another one, or choose a file.',
  },
};
const SILENT_TAB =
  'What was shared has no sound. Share a tab, and tick the box that shares its sound too.';
const INSECURE =
  'Browsers let a page listen only over https or on the computer itself. Open it that way, or choose a file.';
const ENDED = {
  microphone:
    'The microphone was unplugged or taken away. What was heard so far stays; press Listen to go on.',
  tab: 'The tab is no longer shared. What was heard so far stays.',
};

/** A sentence for the visitor. */
export class CaptureError extends Error {}

/** Where sound comes from: an open device and a port that gives its samples. */
export class Capture {
  #stream;
  #context;
  /** The other end is in the audio thread. */
  port;

  /** @param {MediaStream} stream @param {AudioContext} context @param {MessagePort} port */
  constructor(stream, context, port) {
    this.#stream = stream;
    this.#context = context;
    this.port = port;
  }

  /** Samples per second. */
  get rate() {
    return this.#context.sampleRate;
  }

  /** The device's id, where it has one. */
  get device() {
    return this.#stream.getAudioTracks()[0]?.getSettings().deviceId ?? '';
  }

  /**
   * Opens a device.
   * @param {Kind} kind
   * @param {string} device id of a microphone, or empty for the usual one
   * @param {(sentence: string) => void} onEnd called if it ends by itself
   * @returns {Promise<Capture>}
   */
  static async open(kind, device, onEnd) {
    const devices = navigator.mediaDevices;
    if (!devices || !('AudioWorkletNode' in window)) throw new CaptureError(INSECURE);
    let stream;
    let context;
    try {
      if (kind === 'tab') {
        // Browsers share sound only together with the picture, which is looked at by nobody.
        stream = await devices.getDisplayMedia({ video: true, audio: AS_IT_IS });
        if (stream.getAudioTracks().length === 0) throw new CaptureError(SILENT_TAB);
      } else {
        const audio = device ? { ...AS_IT_IS, deviceId: { exact: device } } : AS_IT_IS;
        stream = await devices.getUserMedia({ audio });
      }
      context = contextFor(stream);
      await context.audioWorklet.addModule(new URL('../engine/worklet.js', import.meta.url));
      const tap = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0 });
      const { port1, port2 } = new MessageChannel();
      tap.port.postMessage(port1, [port1]);
      context.createMediaStreamSource(stream).connect(tap);
      await context.resume();
      for (const track of stream.getAudioTracks()) {
        track.addEventListener('ended', () => onEnd(ENDED[kind]), { once: true });
      }
      return new Capture(stream, context, port2);
    } catch (reason) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      context?.close();
      if (reason instanceof CaptureError) throw reason;
      console.info('Soundalike, listening:', reason);
      const kindOf = reason instanceof DOMException ? reason.name : '';
      const sentences = /** @type {Record<string, string>} */ (TROUBLES[kind]);
      throw new CaptureError(sentences[kindOf] ?? TROUBLES[kind].other);
    }
  }

  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
  }
}

/** An audio context at the device's own rate, where the browser lets it have that. @param {MediaStream} stream */
function contextFor(stream) {
  const sampleRate = stream.getAudioTracks()[0]?.getSettings().sampleRate;
  const context = new AudioContext(sampleRate ? { sampleRate } : {});
  try {
    // Firefox joins only what has one rate, and says so here.
    context.createMediaStreamSource(stream).disconnect();
    return context;
  } catch {
    context.close();
    return new AudioContext();
  }
}

/** The row under the strip while the page listens. */
export class ListenRow {
  #row = byId('listening', HTMLElement);
  #level = byId('level', HTMLElement);
  #word = byId('level-word', HTMLElement);
  #source = byId('source', HTMLSelectElement);
  #clippedUntil = 0;
  #said = 0;

  /** @type {(kind: Kind) => void} */
  onStart = () => {};
  /** @type {() => void} */
  onStop = () => {};
  /** @type {(device: string) => void} */
  onSource = () => {};

  constructor() {
    for (const id of ['listen', 'listen-again']) {
      byId(id, HTMLButtonElement).addEventListener('click', () => this.onStart('microphone'));
    }
    // On a phone the button floats above the foot of the page, as long as the strip is in view.
    new IntersectionObserver(([entry]) => {
      document.body.classList.toggle('past', !entry?.isIntersecting);
    }).observe(byId('stage', HTMLElement));
    const tab = byId('listen-tab', HTMLButtonElement);
    // On phones there is none; elsewhere a tab's sound may be shared, or the browser says it cannot.
    tab.hidden = !('getDisplayMedia' in (navigator.mediaDevices ?? {}));
    tab.addEventListener('click', () => this.onStart('tab'));
    byId('stop', HTMLButtonElement).addEventListener('click', () => this.onStop());
    this.#source.addEventListener('change', () => this.onSource(this.#source.value));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => {
      if (!this.#row.hidden) this.#showSources(this.#source.value);
    });
  }

  /** @param {Kind} kind @param {string} device */
  show(kind, device) {
    this.#row.hidden = false;
    byId('from', HTMLElement).hidden = kind === 'tab';
    this.showLevel({ peak: 0, rms: 0, clipped: false });
    if (kind === 'microphone') this.#showSources(device);
  }

  hide() {
    this.#row.hidden = true;
  }

  /** @param {{peak: number, rms: number, clipped: boolean}} level */
  showLevel({ peak, rms, clipped }) {
    const now = performance.now();
    if (clipped) this.#clippedUntil = now + CLIP_SHOWN;
    const clips = now < this.#clippedUntil;
    const share = (/** @type {number} */ x) => Math.max(0, 1 - decibels(x) / FAINTEST);
    this.#level.style.setProperty('--rms', share(rms).toFixed(3));
    this.#level.style.setProperty('--peak', share(peak).toFixed(3));
    this.#level.dataset.clips = String(clips);
    // Words change slowly enough to be read, by eye and by ear.
    if (now - this.#said < 1000 && !clipped) return;
    this.#said = now;
    const quiet = decibels(peak) < QUIET;
    const word = clips ? 'Too loud: turn it down' : quiet ? 'Quiet: hold it closer' : 'Good level';
    setText(this.#word, word);
    this.#level.setAttribute('aria-valuenow', String(Math.round(decibels(rms))));
    this.#level.setAttribute('aria-valuetext', t(word));
  }

  /** The microphones there are. @param {string} chosen */
  async #showSources(chosen) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const inputs = devices.filter(({ kind }) => kind === 'audioinput');
    this.#source.replaceChildren(
      ...inputs.map(({ deviceId, label }, at) => {
        const option = make('option', '', rawText(label || format('Microphone {}', at + 1)));
        option.value = deviceId;
        option.selected = deviceId === chosen;
        return option;
      }),
    );
    byId('from', HTMLElement).hidden = inputs.length < 2;
  }
}

/** @param {number} amplitude */
function decibels(amplitude) {
  return Math.max(FAINTEST, 20 * Math.log10(Math.max(1e-9, amplitude)));
}
