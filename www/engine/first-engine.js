// Starts the page's first engine as soon as this module is there, while the browser still fetches the modules of the
// views: the program and the model are most of what a visitor waits for. index.html names it first, to wait for nothing.

import { Engine } from './engine.js';

// Long enough for shaders that are compiled in software, and for hours of sound that are decoded.
window.soundalike = { answer: null, patience: 300_000 };

/** The last count of bytes, for who asks later. @type {[number, number] | null} */
let counted = null;
/** @type {(done: number, total: number) => void} */
let onBytes = (done, total) => (counted = [done, total]);

/** @type {Promise<Engine> | null} */
let first = Engine.start('cpu', (done, total) => onBytes(done, total));
// Who takes it learns of a failure.
first.catch(() => {});

/**
 * An engine on the processor: the one that was started with the page, or where that is taken, a new one.
 * @param {(done: number, total: number) => void} report
 * @returns {Promise<Engine>}
 */
export function cpuEngine(report) {
  if (!first) return Engine.start('cpu', report);
  const engine = first;
  first = null;
  onBytes = report;
  if (counted) report(...counted);
  return engine;
}
