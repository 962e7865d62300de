// Files of the library that could not be heard, and notes on those that were.

import { format, translateMessage } from '../i18n/i18n.js';
import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { fileError, formatCount } from '../lib/format.js';

/** @import { LibraryRecord } from '../types.js' */

/** Lines of a list, at most. */
const MOST = 500;

export class FileLists {
  #failed = new FileList('library-failed');
  #notes = new FileList('library-notes');

  /** @param {LibraryRecord[]} failed */
  showFailed(failed) {
    const title =
      failed.length === 1 ? '{} file could not be heard' : '{} files could not be heard';
    this.#failed.show(title, failed, ({ path, error }) => fileError(path, error));
  }

  /** @param {LibraryRecord[]} songs */
  showNotes(songs) {
    const noted = songs.filter(({ notes }) => notes.length > 0);
    const title = noted.length === 1 ? 'Note on {} song' : 'Notes on {} songs';
    this.#notes.show(title, noted, ({ path, notes }) =>
      format('“{}”: {}', path, notes.map(translateMessage).join(' ')),
    );
  }
}

class FileList {
  #details;
  #summary = make('summary');
  #list = make('ul');
  /** @type {LibraryRecord[]} */
  #records = [];

  /** @param {string} id */
  constructor(id) {
    this.#details = byId(id, HTMLDetailsElement);
    this.#details.append(this.#summary, this.#list);
  }

  /** @param {string} title @param {LibraryRecord[]} records @param {(record: LibraryRecord) => string} sentence */
  show(title, records, sentence) {
    const same =
      records.length === this.#records.length && records.every((r, i) => r === this.#records[i]);
    if (same) return;
    this.#records = records;
    this.#details.hidden = records.length === 0;
    setRawText(this.#summary, format(title, formatCount(records.length)));
    const shown = records.slice(0, MOST).map((record) => make('li', '', rawText(sentence(record))));
    const more = records.length - MOST;
    if (more > 0) shown.push(make('li', '', rawText(format('and {} more', formatCount(more)))));
    this.#list.replaceChildren(...shown);
  }
}
