// Hears a whole song at once, for the library; in the worker.

/** @import { WasmEngine, WasmSound } from '../types.js' */

/** Segments per step: as many as go through the model together. */
const STEP = 8;

/**
 * Analyses a sound and frees it.
 * @param {WasmEngine} engine
 * @param {WasmSound} sound
 * @param {() => boolean} isCancelled
 * @param {() => Promise<unknown>} yieldToMessages
 * @returns {Promise<any>} what the engine says of it; null if it was cancelled
 */
export async function analysed(engine, sound, isCancelled, yieldToMessages) {
  let analysis;
  try {
    analysis = engine.begin(sound);
  } finally {
    sound.free();
  }
  try {
    while (!analysis.finished) {
      await yieldToMessages();
      if (isCancelled()) return null;
      await analysis.step(engine, STEP);
    }
    return analysis.answer();
  } finally {
    analysis.free();
  }
}
