// How far a run is: songs that are heard, and songs heard before of which only the tags are read.

/** @typedef {{known?: unknown}} Item known if it was heard before */

export class Tally {
  heard = { done: 0, total: 0 };
  tagged = { done: 0, total: 0 };

  /** Something more is to be done. @param {Item[]} items */
  add(items) {
    for (const item of items) this.#of(item).total++;
  }

  /** One is done. @param {Item} item */
  count(item) {
    this.#of(item).done++;
  }

  clear() {
    this.heard = { done: 0, total: 0 };
    this.tagged = { done: 0, total: 0 };
  }

  /** Whether no song is left to be heard, only tags to be read. */
  get onlyTags() {
    return this.tagged.total > 0 && this.heard.done === this.heard.total;
  }

  /** Of what goes on: songs to be heard as long as there are any, then those whose tags are read. */
  get now() {
    return this.onlyTags ? this.tagged : this.heard;
  }

  /** @param {Item} item */
  #of({ known }) {
    return known ? this.tagged : this.heard;
  }
}
