// From a file to a sound in the worker. The browser decodes where it can, because it knows the
// most formats; where it cannot, the decoder in Rust tries, and its sentence is the one shown.

import { Cancelled } from './engine.js';
import { PageError } from '../lib/page-error.js';

/** @import { Engine } from './engine.js' */
/** @import { SoundHandle } from '../types.js' */

const MEGABYTES = 500;

/** Samples that are copied at once: a few milliseconds' work. */
const PIECE = 1_000_000;

/** The rate to decode at where the file's header does not tell one. */
const COMMON_RATE = 44100;

/**
 * @param {File} file
 * @param {Engine} engine
 * @param {AbortSignal} signal
 * @param {(state: 'reading' | 'decoding') => void} onState
 * @returns {Promise<{sound: SoundHandle, playable: Blob}>}
 */
export async function openSound(file, engine, signal, onState) {
  onState('reading');
  if (file.size > MEGABYTES * 1e6) {
    const megabytes = Math.round(file.size / 1e6);
    throw new PageError('file.too_large', { megabytes, most: MEGABYTES });
  }
  const { rate, bytes } = await engine.probe(await read(file));
  stopIf(signal);

  onState('decoding');
  const buffer = await decodeInBrowser(bytes, rate ?? COMMON_RATE);
  stopIf(signal);
  if (buffer) {
    const channels = [];
    for (let i = 0; i < buffer.numberOfChannels; i++) channels.push(await copied(buffer, i));
    stopIf(signal);
    return { sound: await engine.channels(channels, buffer.sampleRate), playable: file };
  }
  const sound = await engine.decode(await read(file), file.name);
  return { sound, playable: sound.wav ?? file };
}

/** @param {File} file */
async function read(file) {
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new Error(
      'This cannot be read. It may be a folder, or a file that was moved or is still being written. Choose the song itself.',
    );
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
