// Which processor runs the model, and why: the one place that decides.
//
// 1. The CPU module always loads first and answers.
// 2. `?device=cpu` ends the matter there.
// 3. Without WebGPU, without an adapter, or with one that is software, the CPU stays. A software
//    adapter is slower than the CPU module by a factor of ten and more.
// 4. With a real adapter, once the page is ready and idle, the GPU module (many times larger) is
//    fetched in a second worker. It must give the CPU's answer for the reference input within
//    0.01, and it must be faster; then it takes over, else the CPU stays.
// 5. `?device=gpu` skips the judgement on the adapter (3) and on the speed (4), never the one on
//    the answer; the page then waits for it before it is ready.
//
// Every way ends with a short sentence in the page's language, which the badge shows.

import { Engine } from './engine.js';
import { format, t } from '../i18n/i18n.js';

/** @import { Device } from '../types.js' */

/** Probabilities may differ by this much between the processors. */
const TOLERANCE = 1e-2;

/** A graphics processor that takes longer for the reference input is given up, in milliseconds. */
const PATIENCE = 240_000;

const ASKED_FOR = 'The address asks for it: {}.';
const SLOWER = 'The graphics processor is slower here: {} ms for ten segments, CPU {} ms.';
const FASTER = 'The graphics processor is faster here: {} ms for ten segments, CPU {} ms.';

/** @typedef {{engine: Engine | null, reason: string}} Choice an engine on the GPU, or null to stay on the CPU */

/** What `?device=` asks for. @param {string} query @returns {Device | null} */
export function askedDevice(query) {
  const asked = new URLSearchParams(query).get('device');
  return asked === 'cpu' || asked === 'gpu' ? asked : null;
}

/**
 * Whether the GPU is worth trying, without fetching anything.
 * @param {Device | null} asked
 * @returns {Promise<{worth: boolean, reason: string}>}
 */
export async function judgeAdapter(asked) {
  if (asked === 'cpu') return { worth: false, reason: format(ASKED_FOR, '?device=cpu') };
  const refusal = (/** @type {string} */ words) =>
    asked === 'gpu'
      ? format('?device=gpu asks for the graphics processor, but {}', words)
      : opening(words);
  const gpu = /** @type {any} */ (navigator).gpu;
  if (!gpu) return { worth: false, reason: refusal(t('this browser does not offer WebGPU.')) };
  let adapter;
  try {
    adapter = await gpu.requestAdapter();
  } catch {
    adapter = null;
  }
  if (!adapter) {
    return {
      worth: false,
      reason: refusal(t('this browser found no graphics processor it can use.')),
    };
  }
  if (asked === 'gpu') return { worth: true, reason: format(ASKED_FOR, '?device=gpu') };
  const software =
    adapter.info?.isFallbackAdapter ||
    adapter.isFallbackAdapter ||
    adapter.info?.architecture === 'swiftshader';
  if (software) {
    return {
      worth: false,
      reason: t('WebGPU is only emulated in software here; the CPU is faster.'),
    };
  }
  if (/** @type {any} */ (navigator).connection?.saveData) {
    return { worth: false, reason: t('The browser asks to save data; the GPU module is large.') };
  }
  return { worth: true, reason: t('There is a graphics processor; it is being tried.') };
}

/** A sentence begins with a capital. @param {string} text */
const opening = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Loads the GPU module and judges its answer and its speed.
 * @param {Device | null} asked
 * @param {Engine} cpu
 * @param {(done: number, total: number) => void} [onBytes]
 * @returns {Promise<Choice>}
 */
export async function tryGpu(asked, cpu, onBytes) {
  let engine = null;
  try {
    engine = await Engine.start('gpu', onBytes);
    const gpu = await within(PATIENCE, engine.check());
    if (!(gpu.difference <= TOLERANCE)) {
      engine.close();
      return {
        engine: null,
        reason: t('The graphics processor gave wrong answers.'),
      };
    }
    if (asked === 'gpu') return { engine, reason: format(ASKED_FOR, '?device=gpu') };
    const { milliseconds } = await cpu.check();
    const times = [gpu.milliseconds, milliseconds].map(Math.round);
    if (gpu.milliseconds >= milliseconds) {
      engine.close();
      return { engine: null, reason: format(SLOWER, ...times) };
    }
    return { engine, reason: format(FASTER, ...times) };
  } catch (error) {
    engine?.close();
    console.info('Soundalike, graphics processor:', error);
    return { engine: null, reason: t('The graphics processor could not be used.') };
  }
}

/**
 * The promise, or an error when it takes longer.
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function within(milliseconds, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
