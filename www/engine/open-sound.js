// From a file to a sound in the worker. The decoder in Rust is the terminal's, so both hear the same and say the
// same of damaged files. The browser decodes only what it cannot, such as AAC of many channels.

import { Cancelled, EngineError } from './engine.js';
import { PageError } from '../lib/page-error.js';

/** @import { Engine } from './engine.js' */
/** @import { SoundHandle } from '../types.js' */

const MEGABYTES = 500;

/** What the decoder in Rust says of formats that the browser may know. */
const BROWSER_MAY = ['audio.unsupported_codec', 'audio.not_sound'];

/** The browser says by then whether it plays a file, in milliseconds. */
const PLAYS_WITHIN = 3000;

/** Samples that are copied at once: a few milliseconds' work. */
const PIECE = 1_000_000;

/** The rate to decode at where the file's header does not tell one. */
const COMMON_RATE = 44100;

/** @typedef {(state: 'reading' | 'decoding') => void} OnState */

/**
 * A sound for the model, and what of it the browser can play.
 * @param {File} file
 * @param {Engine} engine
 * @param {AbortSignal} signal
 * @param {OnState} onState
 * @returns {Promise<{sound: SoundHandle, playable: Blob}>}
 */
export async function openSound(file, engine, signal, onState) {
  await begin(file, signal, onState);
  const playable = plays(file);
  const sound = await decoded(file, engine, signal, false);
  if (await playable) return { sound, playable: file };
  // A song of which no WAV can be made is heard all the same.
  const wav = await engine.wav(sound, file).catch(() => null);
  return { sound, playable: wav ?? file };
}

/**
 * A sound of which more is asked than the model needs, and that is not played.
 * @param {File} file
 * @param {Engine} engine
 * @param {AbortSignal} signal
 * @param {OnState} onState
 * @returns {Promise<SoundHandle>}
 */
export async function openFullBand(file, engine, signal, onState) {
  await begin(file, signal, onState);
  return decoded(file, engine, signal, true);
}

/**
 * Something that cannot be read is told before anything else is tried with it.
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {OnState} onState
 */
async function begin(file, signal, onState) {
  onState('reading');
  await read(file.slice(0, 1));
  stopIf(signal);
  onState('decoding');
}

/**
 * @param {File} file
 * @param {Engine} engine
 * @param {AbortSignal} signal
 * @param {boolean} fullBand whether it keeps its own sample rate
 */
async function decoded(file, engine, signal, fullBand) {
  try {
    return await engine.decode(file, fullBand);
  } catch (error) {
    return decodedByBrowser(file, engine, signal, error);
  }
}

/**
 * What the browser decodes of a file whose format the decoder in Rust lacks.
 * @param {File} file
 * @param {Engine} engine
 * @param {AbortSignal} signal
 * @param {unknown} error what the decoder in Rust said; thrown if the browser knows no better
 * @returns {Promise<SoundHandle>}
 */
export async function decodedByBrowser(file, engine, signal, error) {
  if (!(error instanceof EngineError) || !isUnknown(error)) throw error;
  checkSize(file);
  const { rate, bytes } = await engine.probe(await read(file));
  const buffer = await decodeInBrowser(bytes, rate ?? COMMON_RATE);
  stopIf(signal);
  if (!buffer) throw error;
  const channels = [];
  for (let i = 0; i < buffer.numberOfChannels; i++) channels.push(await copied(buffer, i));
  stopIf(signal);
  return engine.channels(channels, buffer.sampleRate);
}

/** Refuses what does not fit into memory, where the browser wants the whole file at once. @param {File} file */
function checkSize(file) {
  if (file.size <= MEGABYTES * 1e6) return;
  const megabytes = Math.round(file.size / 1e6);
  throw new PageError('file.too_large', { megabytes, most: MEGABYTES });
}

/** Whether the decoder in Rust lacks the format, rather than finding fault with the file. @param {EngineError} error */
function isUnknown({ reason }) {
  return typeof reason !== 'string' && BROWSER_MAY.includes(reason.code);
}

/** Whether the browser can play a file. @param {File} file @returns {Promise<boolean>} */
function plays(file) {
  return new Promise((resolve) => {
    const address = URL.createObjectURL(file);
    const audio = new Audio();
    const answer = (/** @type {boolean} */ can) => {
      clearTimeout(patience);
      audio.removeAttribute('src');
      URL.revokeObjectURL(address);
      resolve(can);
    };
    const patience = setTimeout(() => answer(false), PLAYS_WITHIN);
    audio.addEventListener('loadedmetadata', () => answer(true), { once: true });
    audio.addEventListener('error', () => answer(false), { once: true });
    audio.preload = 'metadata';
    audio.src = address;
  });
}

/** @param {Blob} file */
async function read(file) {
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new PageError('file.unreadable');
  }
  if (bytes.byteLength === 0) {
    throw new Error('This file is empty: it has 0 bytes. Choose another one.');
  }
  return bytes;
}

/**
 * What the browser decodes, at the file's own rate so that the browser does not resample (its
 * resamplers differ; ours is the one the model was trained with). Null where it cannot.
 * @param {ArrayBuffer} bytes given away
 * @param {number} rate
 * @returns {Promise<AudioBuffer | null>}
 */
async function decodeInBrowser(bytes, rate) {
  try {
    const context = new OfflineAudioContext(1, 1, rate);
    return await context.decodeAudioData(bytes);
  } catch {
    return null;
  }
}

/**
 * A channel's samples, copied piece by piece so that the page is never busy for long.
 * @param {AudioBuffer} buffer
 * @param {number} channel
 */
async function copied(buffer, channel) {
  const samples = new Float32Array(buffer.length);
  for (let from = 0; from < samples.length; from += PIECE) {
    buffer.copyFromChannel(samples.subarray(from, from + PIECE), channel, from);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return samples;
}

/** @param {AbortSignal} signal */
function stopIf(signal) {
  if (signal.aborted) throw new Cancelled();
}
