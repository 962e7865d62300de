// A file at a server of which only parts are fetched: a catalogue too large for a browser.

import { PageError } from '../lib/page-error.js';
import { Source } from './source.js';

export class RangeSource extends Source {
  #url;

  /** @param {string} url */
  constructor(url) {
    super();
    this.#url = url;
  }

  /** The bytes of ranges from, to (not included), all asked for at once. @param {[number, number][]} ranges */
  fetchRanges = async (ranges) => {
    const pieces = ranges.map(([from, to]) => this.#fetch(from, to));
    // None is left that could fail during the next job.
    await Promise.allSettled(pieces);
    return Promise.all(pieces);
  };

  /** @param {number} from @param {number} to */
  async #fetch(from, to) {
    const url = this.#url;
    try {
      const answer = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` } });
      if (answer.status === 206) return new Uint8Array(await answer.arrayBuffer());
      // The whole file may be larger than what a browser can hold.
      await answer.body?.cancel();
      if (!answer.ok) throw new PageError('cells.not_there', { url, status: answer.status });
      throw new PageError('cells.no_ranges', { url });
    } catch (error) {
      const known = error instanceof PageError;
      throw this.failed(known ? error : new PageError('cells.no_answer', { url }));
    }
  }
}
