// The worker's side of listening: pieces of sound come in from the audio thread, columns go onto the
// canvas, and once a second the model says what the last seconds sound like.

import { drawColumn, mix, predictionColour } from '../lib/spectrogram-colours.js';

/** @import { Palette, Rgb } from '../lib/spectrogram-colours.js' */
/** @import { LiveOutput, Picture, WasmEngine, WasmLive } from '../types.js' */

/** Seconds that are shown. */
export const LIVE_WINDOW_SECONDS = 20;
/** Levels a second that are sent to the page. */
const LEVELS_PER_SECOND = 12;
/** How fast a column's colour goes over to that of the genre now predicted. */
const EASE = 0.06;

export class LiveSession {
  #live;
  #context;
  #palette;
  /** The colour that columns have now. @type {Rgb} */
  #colour;
  /** What they are on their way to. @type {Rgb} */
  #goal;
  #rows;
  /** Columns that are shown. */
  #width;
  #columnsPerSecond;
  /** The last columns, one after another, low band first. */
  #levels;
  #columns = 0;
  #rate;
  #sinceLevel = 0;
  #sinceNow = 0;
  #asking = false;
  #emit;

  /**
   * @param {WasmLive} live
   * @param {OffscreenCanvas} canvas
   * @param {Palette} palette
   * @param {number} rate of the device
   * @param {{ band_hertz: number[], frames_per_second: number }} shape of the model's spectrogram
   * @param {(event: string, data: unknown) => void} emit
   */
  constructor(live, canvas, palette, rate, shape, emit) {
    this.#rows = shape.band_hertz.length;
    this.#columnsPerSecond = shape.frames_per_second;
    this.#width = Math.round(LIVE_WINDOW_SECONDS * shape.frames_per_second);
    this.#levels = new Uint8Array(this.#rows * this.#width);
    canvas.width = this.#width;
    canvas.height = this.#rows;
    this.#live = live;
    this.#palette = palette;
    this.#colour = palette.neutral;
    this.#goal = palette.neutral;
    this.#rate = rate;
    this.#emit = emit;
    this.#context = canvas.getContext('2d', { alpha: false });
    if (!this.#context) return;
    this.#context.fillStyle = `rgb(${palette.background.join(' ')})`;
    this.#context.fillRect(0, 0, this.#width, this.#rows);
  }

  /** Takes a piece of sound. @param {Float32Array} samples */
  push(samples) {
    this.#live.push(samples);
    this.#draw(this.#live.takePicture());
    this.#sinceLevel += samples.length;
    this.#sinceNow += samples.length;
    if (this.#sinceLevel * LEVELS_PER_SECOND < this.#rate) return;
    this.#sinceLevel = 0;
    const [peak = 0, rms = 0, clipped = 0] = this.#live.takeLevel();
    this.#emit('level', { peak, rms, clipped: clipped > 0 });
  }

  /** True once a second, if the last question is answered. */
  get due() {
    return !this.#asking && this.#sinceNow >= this.#rate;
  }

  /** Asks the model. @param {WasmEngine} engine @param {(value: any) => any} plain */
  async ask(engine, plain) {
    this.#asking = true;
    this.#sinceNow = 0;
    try {
      const now = /** @type {LiveOutput} */ (plain(await this.#live.now(engine)));
      this.#goal = now.quiet
        ? this.#palette.neutral
        : predictionColour(now.answer?.probabilities, this.#palette);
      this.#emit('now', now);
    } finally {
      this.#asking = false;
    }
  }

  /** The end: what was shown, as a spectrogram. @returns {{picture: Picture, seconds: number}} */
  finish() {
    this.#live.free();
    const columns = Math.max(1, this.#columns);
    const levels = new Uint8Array(this.#rows * columns);
    for (let column = 0; column < this.#columns; column++) {
      for (let row = 0; row < this.#rows; row++) {
        levels[row * columns + column] = this.#levels[column * this.#rows + row] ?? 0;
      }
    }
    return {
      picture: { rows: this.#rows, columns, levels },
      seconds: columns / this.#columnsPerSecond,
    };
  }

  /** Moves the picture to the left and puts new columns on its right. @param {Uint8Array} fresh */
  #draw(fresh) {
    const count = fresh.length / this.#rows;
    if (count === 0) return;
    const gone = Math.max(0, this.#columns + count - this.#width);
    this.#levels.copyWithin(0, gone * this.#rows, this.#columns * this.#rows);
    this.#columns -= gone;
    this.#levels.set(fresh, this.#columns * this.#rows);
    this.#columns += count;
    const context = this.#context;
    if (!context) return;
    context.drawImage(context.canvas, -count, 0);
    const image = context.createImageData(count, this.#rows);
    for (let column = 0; column < count; column++) {
      this.#colour = mix(this.#colour, this.#goal, EASE);
      drawColumn(image.data, count, column, this.#rows, this.#colour, this.#palette, (row) => {
        return fresh[column * this.#rows + row] ?? 0;
      });
    }
    context.putImageData(image, this.#width - count, 0);
  }
}
