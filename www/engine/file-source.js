// A file that the decoder in Rust reads block by block, so that it never lies in memory as a whole; in the worker.

import { Source } from './source.js';

export class FileSource extends Source {
  #file;
  #reader = new FileReaderSync();
  #gone;

  /**
   * @param {File} file
   * @param {() => Error} gone what is wrong if it cannot be read any more
   */
  constructor(file, gone) {
    super();
    if (file.size === 0) {
      throw new Error('This file is empty: it has 0 bytes. Choose another one.');
    }
    this.#file = file;
    this.#gone = gone;
  }

  /** Length in bytes. */
  get size() {
    return this.#file.size;
  }

  /** The engine calls it. @param {number} at @param {number} count */
  read(at, count) {
    let bytes;
    try {
      bytes = new Uint8Array(this.#reader.readAsArrayBuffer(this.#file.slice(at, at + count)));
    } catch {
      throw this.failed(this.#gone());
    }
    // The file has shrunk.
    if (bytes.length < count) throw this.failed(this.#gone());
    return bytes;
  }
}
