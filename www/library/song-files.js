// Where the sound of each song is: in files of this visit, or in folders that the browser gives again.

import { fileIn, mayRead } from './folder.js';
import { keyOf } from './names.js';

/** @import { KeptFolder, LibraryRecord } from '../types.js' */

export class SongFiles {
  /** Files of folders that were chosen in this visit, by their songs' keys. @type {Map<string, () => Promise<File>>} */
  #held = new Map();
  /** Folders of this and earlier visits, by name. @type {Map<string, KeptFolder>} */
  folders = new Map();

  /** @param {{key: string, open: () => Promise<File>}[]} songs that were found in this visit */
  hold(songs) {
    for (const { key, open } of songs) this.#held.set(key, open);
  }

  /** @param {KeptFolder[]} folders of earlier visits */
  recall(folders) {
    for (const folder of folders) {
      if (!this.folders.has(folder.name)) this.folders.set(folder.name, folder);
    }
  }

  clear() {
    this.#held.clear();
    this.folders.clear();
  }

  /**
   * Where a song lies for a player. A catalogue does not say which folder its paths begin in: it is one that was
   * chosen and has the song, or it stays open.
   * @param {LibraryRecord} song
   */
  placeOf({ folder, path, opened }) {
    if (!opened) return { folder, path };
    const holds = (/** @type {string} */ name) => this.#held.has(keyOf(name, path));
    return { folder: [...this.folders.keys()].find(holds) ?? '', path };
  }

  /**
   * A song's file; fails if it is gone.
   * @param {LibraryRecord} song
   * @returns {Promise<File | null>} null where the folder has to be chosen again
   */
  async fileOf({ folder, path, opened }) {
    // A catalogue's songs may lie in any folder that was chosen.
    const names = opened ? [...this.folders.keys()] : [folder];
    for (const name of names) {
      const open = this.#held.get(keyOf(name, path));
      if (open) return open();
    }
    for (const name of names) {
      const handle = this.folders.get(name)?.handle;
      if (handle && (await mayRead(handle))) return fileIn(handle, path);
    }
    return null;
  }
}
