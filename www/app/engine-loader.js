// Starts the engine and shows how far it is. See device.js for which processor runs it.

import { askedDevice, judgeAdapter, tryGpu } from '../engine/device.js';
import { cpuEngine } from '../engine/first-engine.js';
import { format, t } from '../i18n/i18n.js';
import { setBands } from '../lib/bands.js';
import { megabytes } from '../lib/format.js';
import { showDevice } from '../views/device-badge.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { SpectrogramView } from '../views/spectrogram.js' */
/** @import { StatusView } from '../views/status-view.js' */

export class EngineLoader {
  #status;
  #spectrogram;
  #asked = askedDevice(location.search);
  #gpuIsWorthATry = false;

  /** Called if an engine dies. @type {(reason: unknown) => void} */
  onCrash = () => {};

  /** @param {StatusView} status @param {SpectrogramView} spectrogram */
  constructor(status, spectrogram) {
    this.#status = status;
    this.#spectrogram = spectrogram;
  }

  /** The engine that the page begins with: the CPU's, unless the address asks for the GPU's. */
  async load() {
    this.#spectrogram.showLoading(0);
    this.#showProgress(t('Loading the model'), 0);
    const cpu = await cpuEngine((done, total) => {
      const text = format('Loading the model: {} of {}', megabytes(done), megabytes(total));
      this.#showProgress(text, done / total);
      this.#spectrogram.showLoading((done / total) * 0.999);
    });
    cpu.onCrash = this.onCrash;
    setBands(cpu.info.band_hertz);
    this.#spectrogram.markFrequencies();
    const { worth, reason } = await judgeAdapter(this.#asked);
    this.#gpuIsWorthATry = worth;
    showDevice('cpu', reason);
    return worth && this.#asked === 'gpu' ? this.#loadGpu(cpu) : cpu;
  }

  /** @param {Engine} cpu */
  async #loadGpu(cpu) {
    this.#showProgress(t('Preparing the graphics processor'), -1);
    const { engine, reason } = await tryGpu(this.#asked, cpu, (done, total) => {
      const bytes = [megabytes(done), megabytes(total)];
      const text = format('Preparing the graphics processor: {} of {}', ...bytes);
      this.#showProgress(text, done < total ? done / total : -1);
    });
    showDevice(engine ? 'gpu' : 'cpu', reason);
    if (!engine) return cpu;
    engine.onCrash = this.onCrash;
    cpu.close();
    return engine;
  }

  /**
   * Tries the GPU beside an engine that runs; null if it is not worth it.
   * @param {Engine} engine
   */
  async upgrade(engine) {
    if (!this.#gpuIsWorthATry || this.#asked === 'gpu') return null;
    return tryGpu(this.#asked, engine);
  }

  /** @param {string} text @param {number} share */
  #showProgress(text, share) {
    this.#status.showProgress(text, share, false);
  }
}
