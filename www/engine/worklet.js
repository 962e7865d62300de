// In the audio thread: mixes what the device gives to mono and passes it on in pieces, to a port
// that leads to the worker, past the page.

/** Samples of a piece: some 20 ms, about a column of the picture. */
const PIECE = 1024;

class CaptureProcessor extends AudioWorkletProcessor {
  #piece = new Float32Array(PIECE);
  #filled = 0;
  /** @type {MessagePort | null} */
  #out = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#out = data;
    };
  }

  /**
   * @param {Float32Array[][]} inputs
   * @returns {boolean} true, to be kept alive
   */
  process([input]) {
    const channels = input ?? [];
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i] ?? 0;
      this.#piece[this.#filled++] = sum / channels.length;
      if (this.#filled < PIECE) continue;
      this.#out?.postMessage(this.#piece, [this.#piece.buffer]);
      this.#piece = new Float32Array(PIECE);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('capture', CaptureProcessor);
