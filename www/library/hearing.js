// Several workers hear the songs of a queue, each with a module of its own.

import { Cancelled, Crashed } from '../engine/engine.js';

/** @import { HeardSong, LibraryRecord, SongNames } from '../types.js' */
/**
 * A worker, as far as it is needed here.
 * @typedef {{hear: (file: File, signal: AbortSignal, known?: LibraryRecord) => Promise<HeardSong & Partial<SongNames>>, died: () => boolean, close: () => void}} Listener
 */

/**
 * What is to be heard, or of what is known already only the tags to be read.
 * @template {{open: () => Promise<File>, size: number, modified: number, known?: LibraryRecord}} Item
 */
export class Hearing {
  #start;
  #count;

  /** Called when a song was heard. @type {(item: Item, heard: HeardSong & Partial<SongNames>) => void} */
  onHeard = () => {};
  /** Called when one could not be. @type {(item: Item, reason: unknown) => void} */
  onFailed = () => {};

  /**
   * @param {() => Promise<Listener>} start starts a worker
   * @param {number} count workers at most
   */
  constructor(start, count) {
    this.#start = start;
    this.#count = count;
  }

  /**
   * Hears until the queue is empty, or until it is to stop; what is not done then is in the queue again. What
   * comes into the queue meanwhile is heard too.
   * @param {Item[]} queue
   * @param {AbortSignal} signal
   */
  async run(queue, signal) {
    /** @type {unknown} */
    let noStart = null;
    const workers = Array.from({ length: Math.min(this.#count, queue.length) }, () =>
      this.#work(queue, signal).catch((reason) => {
        noStart = reason;
      }),
    );
    await Promise.all(workers);
    // One worker is enough; where none starts there is nothing more to try.
    if (noStart && queue.length > 0 && !signal.aborted) throw noStart;
  }

  /** @param {Item[]} queue @param {AbortSignal} signal */
  async #work(queue, signal) {
    /** @type {Listener | null} */
    let worker = null;
    try {
      while (!signal.aborted && queue.length > 0) {
        // One that died of a song's tags has heard the song all the same.
        if (!worker || worker.died()) worker = await this.#start();
        const item = queue.shift();
        if (!item || signal.aborted) {
          if (item) queue.unshift(item);
          break;
        }
        try {
          const heard = await hear(worker, item, signal);
          if (signal.aborted) throw new Cancelled();
          this.onHeard(item, heard);
        } catch (reason) {
          if (reason instanceof Cancelled || signal.aborted) {
            queue.unshift(item);
            break;
          }
          // The worker died of this song; the next one is for another.
          if (reason instanceof Crashed) worker = null;
          this.onFailed(item, reason);
        }
      }
    } finally {
      worker?.close();
    }
  }
}

/** A file that is not as it was found, so that what was heard may be half of one and half of another. */
export class Changed extends Error {}

/**
 * @param {Listener} worker
 * @param {{open: () => Promise<File>, size: number, modified: number, known?: LibraryRecord}} item
 * @param {AbortSignal} signal
 */
async function hear(worker, item, signal) {
  const heard = await worker.hear(await opened(item), signal, item.known);
  const after = await opened(item);
  if (after.size !== item.size || after.lastModified !== item.modified) throw new Changed();
  return heard;
}

/** @param {{open: () => Promise<File>}} item */
async function opened(item) {
  try {
    return await item.open();
  } catch {
    throw new Changed();
  }
}
