// The files of a folder, whichever way the browser gives it: a handle (File System Access), a directory input,
// or a dropped folder.

import { isLeftBySystem, isSound, keyOf, splitRelative } from './names.js';

/**
 * A file of a folder; `open` fails if it is gone or may not be read.
 * @typedef {{path: string, open: () => Promise<File>}} FolderFile
 */
/**
 * A folder: its name, a way to all its files, and a handle where there is one to keep. What cannot be looked
 * into is told to `onTrouble`.
 * @typedef {{name: string, handle: FileSystemDirectoryHandle | null,
 *   files: (onTrouble: (path: string) => void) => AsyncIterable<FolderFile>}} Folder
 */

/** What songs are kept under where the browser lets files be chosen, but no folder. */
const LOOSE = 'Files';

/** @param {FileSystemDirectoryHandle} handle @returns {Folder} */
export function folderOfHandle(handle) {
  return { name: handle.name, handle, files: (onTrouble) => filesOfHandle(handle, '', onTrouble) };
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} before the path of the folder with a slash at its end
 * @param {(path: string) => void} onTrouble
 * @returns {AsyncGenerator<FolderFile>}
 */
async function* filesOfHandle(folder, before, onTrouble) {
  /** @type {FileSystemHandle[]} */
  const entries = [];
  try {
    for await (const entry of /** @type {any} */ (folder).values()) entries.push(entry);
  } catch {
    onTrouble(before.slice(0, -1));
  }
  entries.sort(byName);
  for (const entry of entries) {
    const path = before + entry.name;
    if (isLeftBySystem(entry.name)) continue;
    if (entry.kind === 'directory') {
      const inner = /** @type {FileSystemDirectoryHandle} */ (entry);
      yield* filesOfHandle(inner, `${path}/`, onTrouble);
    } else {
      yield { path, open: () => /** @type {FileSystemFileHandle} */ (entry).getFile() };
    }
  }
}

/** The folders of a directory input. @param {File[]} files @returns {Folder[]} */
export function foldersOfInput(files) {
  /** @type {Map<string, FolderFile[]>} */
  const folders = new Map();
  for (const file of files) {
    const { folder, path } = splitRelative(file.webkitRelativePath || file.name);
    if (path.split('/').some(isLeftBySystem)) continue;
    const name = folder || LOOSE;
    const found = folders.get(name) ?? [];
    found.push({ path, open: async () => file });
    folders.set(name, found);
  }
  return [...folders].map(([name, found]) => ({
    name,
    handle: null,
    async *files() {
      yield* found;
    },
  }));
}

/** A folder that was dropped, where the browser gives no handle. @param {FileSystemDirectoryEntry} entry @returns {Folder} */
export function folderOfEntry(entry) {
  return {
    name: entry.name,
    handle: null,
    files: (onTrouble) => filesOfEntry(entry, '', onTrouble),
  };
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @param {string} before
 * @param {(path: string) => void} onTrouble
 * @returns {AsyncGenerator<FolderFile>}
 */
async function* filesOfEntry(folder, before, onTrouble) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  try {
    for (;;) {
      // A reader gives about a hundred at a time, and none at the end.
      /** @type {FileSystemEntry[]} */
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      entries.push(...some);
    }
  } catch {
    onTrouble(before.slice(0, -1));
  }
  entries.sort(byName);
  for (const entry of entries) {
    const path = before + entry.name;
    if (isLeftBySystem(entry.name)) continue;
    if (entry.isDirectory) {
      yield* filesOfEntry(/** @type {FileSystemDirectoryEntry} */ (entry), `${path}/`, onTrouble);
    } else {
      const file = /** @type {FileSystemFileEntry} */ (entry);
      yield { path, open: () => new Promise((resolve, reject) => file.file(resolve, reject)) };
    }
  }
}

/**
 * Looks through a folder for songs.
 * @param {Folder} folder
 * @param {string[]} extensions of sound files
 * @param {(songs: number) => void} onCount
 * @param {AbortSignal} signal
 */
export async function lookThrough(folder, extensions, onCount, signal) {
  /** @type {{key: string, folder: string, path: string, size: number, modified: number, open: () => Promise<File>}[]} */
  const songs = [];
  /** Files and folders that cannot be read. @type {string[]} */
  const unreadable = [];
  let others = 0;
  for await (const { path, open } of folder.files((trouble) => unreadable.push(trouble))) {
    if (signal.aborted) break;
    if (!isSound(path, extensions)) {
      others++;
      continue;
    }
    try {
      const { size, lastModified: modified } = await open();
      songs.push({
        key: keyOf(folder.name, path),
        folder: folder.name,
        path,
        size,
        modified,
        open,
      });
    } catch {
      unreadable.push(path);
    }
    if (songs.length % 100 === 0) onCount(songs.length);
  }
  return { songs, others, unreadable };
}

/**
 * A file of a folder that was chosen in an earlier visit.
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} path
 */
export async function fileIn(folder, path) {
  const names = path.split('/');
  const last = names.pop() ?? '';
  for (const name of names) folder = await folder.getDirectoryHandle(name);
  return (await folder.getFileHandle(last)).getFile();
}

/**
 * Whether a folder of an earlier visit may be read; asks the visitor if it was not said yet, which needs a
 * click.
 * @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<boolean>}
 */
export async function mayRead(folder) {
  const asking = /** @type {any} */ (folder);
  try {
    if ((await asking.queryPermission({ mode: 'read' })) === 'granted') return true;
    return (await asking.requestPermission({ mode: 'read' })) === 'granted';
  } catch {
    return false;
  }
}

/** @param {{name: string}} a @param {{name: string}} b */
const byName = (a, b) => (a.name < b.name ? -1 : 1);
