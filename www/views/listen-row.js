// The row under the spectrogram while the page listens: level, source and stop.

import { byId, make, rawText, setText } from '../lib/dom.js';
import { format, t } from '../i18n/i18n.js';

/** @import { CaptureKind } from '../engine/capture.js' */

/** The level's scale begins here, in dB below full scale. */
const LOWEST = -60;
/** Quieter than this there is hardly anything to hear. */
const QUIET = -50;
/** How long a clipping stays on show, in milliseconds. */
const CLIP_SHOWN = 1500;

export class ListenRow {
  #row = byId('listening', HTMLElement);
  #level = byId('level', HTMLElement);
  #word = byId('level-word', HTMLElement);
  #stop = byId('stop', HTMLButtonElement);
  #status = byId('said', HTMLElement);
  #source = byId('source', HTMLSelectElement);
  #clippedUntil = 0;
  #describedAt = 0;

  /** @type {(kind: CaptureKind) => void} */
  onStart = () => {};
  /** @type {() => void} */
  onStop = () => {};
  /** @type {(device: string) => void} */
  onSource = () => {};

  constructor() {
    for (const id of ['listen', 'listen-again']) {
      byId(id, HTMLButtonElement).addEventListener('click', () => this.onStart('microphone'));
    }
    // On a phone the button floats above the foot of the page, as long as the spectrogram is in view.
    new IntersectionObserver(([entry]) => {
      document.body.classList.toggle('past', !entry?.isIntersecting);
    }).observe(byId('stage', HTMLElement));
    const tab = byId('listen-tab', HTMLButtonElement);
    // On phones there is none; elsewhere a tab's sound may be shared, or the browser says it cannot.
    tab.hidden = !('getDisplayMedia' in (navigator.mediaDevices ?? {}));
    tab.addEventListener('click', () => this.onStart('tab'));
    this.#stop.addEventListener('click', () => this.onStop());
    this.#source.addEventListener('change', () => this.onSource(this.#source.value));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => {
      if (!this.#row.hidden) this.#showSources(this.#source.value);
    });
  }

  /** @param {CaptureKind} kind @param {string} device */
  show(kind, device) {
    this.#row.hidden = false;
    byId('from', HTMLElement).hidden = kind === 'tab';
    this.showStatus('Listening');
    this.showLevel({ peak: 0, rms: 0, clipped: false });
    if (kind === 'microphone') this.#showSources(device);
  }

  focus() {
    this.#stop.focus({ preventScroll: true });
  }

  /** What is going on, besides the answer. @param {string} text */
  showStatus(text) {
    setText(this.#status, text);
  }

  hide() {
    this.#row.hidden = true;
  }

  /** @param {{peak: number, rms: number, clipped: boolean}} level */
  showLevel({ peak, rms, clipped }) {
    const now = performance.now();
    if (clipped) this.#clippedUntil = now + CLIP_SHOWN;
    const clips = now < this.#clippedUntil;
    const share = (/** @type {number} */ x) => Math.max(0, 1 - decibels(x) / LOWEST);
    this.#level.style.setProperty('--rms', share(rms).toFixed(3));
    this.#level.style.setProperty('--peak', share(peak).toFixed(3));
    this.#level.dataset.clips = String(clips);
    // Words change slowly enough to be read, by eye and by ear.
    if (now - this.#describedAt < 1000 && !clipped) return;
    this.#describedAt = now;
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
  return Math.max(LOWEST, 20 * Math.log10(Math.max(1e-9, amplitude)));
}
