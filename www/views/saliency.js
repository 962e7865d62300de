// Which parts of a segment point to the genre: a veil over the spectrogram lets only these show through.

import { bandCount, bandHertz } from '../lib/bands.js';
import { clock, frequency } from '../lib/format.js';
import { byId, setRawText } from '../lib/dom.js';
import { genreName } from '../lib/genres.js';
import { format, translateMessage } from '../i18n/i18n.js';

/** @import { SaliencyMap } from '../types.js' */

/** Patches across and upwards. */
const PATCHES = 8;
/** How much the veil hides where nothing points to it. */
const VEIL = 0.88;
/** Less than this, in nats, counts as nothing. */
const LEAST = 0.02;

export class Saliency {
  #canvas = byId('veil', HTMLCanvasElement);
  #button = byId('why', HTMLButtonElement);
  #words = byId('why-words', HTMLElement);

  /** Called when the visitor asks about the moment at the play head. @type {() => void} */
  onAsk = () => {};

  constructor() {
    this.#button.addEventListener('click', () => {
      if (this.#canvas.hidden) this.onAsk();
      else this.clear();
    });
  }

  /** @param {boolean} can whether there is something to ask about */
  offer(can) {
    this.#button.hidden = !can;
    if (!can) this.clear();
  }

  clear() {
    this.#canvas.hidden = true;
    this.#button.disabled = false;
    this.#button.setAttribute('aria-pressed', 'false');
    setRawText(this.#words, '');
  }

  /** It takes seconds: says so. @param {string} genre */
  wait(genre) {
    this.#button.disabled = true;
    setRawText(this.#words, format('Looking for what points to {} here', genreName(genre)));
  }

  /** Why there is none. @param {import('../types.js').Message} sentence */
  complain(sentence) {
    setRawText(this.#words, translateMessage(sentence));
  }

  /**
   * Shows what is known so far.
   * @param {SaliencyMap} saliency
   * @param {number} seconds length of the song
   */
  show({ genre, start, end, rows }, seconds) {
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    this.#canvas.hidden = false;
    this.#button.setAttribute('aria-pressed', 'true');
    this.#canvas.width = PATCHES;
    this.#canvas.height = PATCHES;
    this.#canvas.style.left = `${(100 * start) / seconds}%`;
    this.#canvas.style.width = `${(100 * Math.min(end - start, seconds - start)) / seconds}%`;
    const most = Math.max(LEAST, ...rows.flat());
    for (let row = 0; row < PATCHES; row++) {
      for (let column = 0; column < PATCHES; column++) {
        const share = Math.max(0, (rows[row]?.[column] ?? 0) / most);
        // Of the context's own colour, which the style sheet gives it.
        context.globalAlpha = VEIL * (1 - Math.sqrt(share));
        context.fillStyle = getComputedStyle(this.#canvas).color;
        context.fillRect(column, PATCHES - 1 - row, 1, 1);
      }
    }
    if (rows.length < PATCHES) return;
    this.#button.disabled = false;
    setRawText(this.#words, localisedText(genre, start, end, rows));
  }
}

/**
 * The two rows and the part of the segment that point to it most, in words.
 * @param {string} genre @param {number} start @param {number} end @param {number[][]} rows
 */
function localisedText(genre, start, end, rows) {
  /** @type {[string, string, string]} */
  const what = [genreName(genre), clock(start), clock(end)];
  const positive = rows.map((row) => row.reduce((sum, value) => sum + Math.max(0, value), 0));
  const order = [...positive.keys()].sort((a, b) => (positive[b] ?? 0) - (positive[a] ?? 0));
  const best = order[0] ?? 0;
  if ((positive[best] ?? 0) < LEAST) {
    return format(
      'No single part points to {} from {} to {}; it is the sound as a whole.',
      ...what,
    );
  }
  const bands = bandCount();
  const range = (/** @type {number} */ row) => {
    const low = bandHertz((row * bands) / PATCHES);
    const high = bandHertz(((row + 1) * bands) / PATCHES - 1);
    return format('{} to {}', row === 0 ? '0' : frequency(low), frequency(high));
  };
  const second = order[1] ?? best;
  if ((positive[second] ?? 0) > 0.5 * (positive[best] ?? 0)) {
    return format(
      'What points to {} from {} to {}: most of all {}, then {}.',
      ...what,
      range(best),
      range(second),
    );
  }
  return format('What points to {} from {} to {}: most of all {}.', ...what, range(best));
}
