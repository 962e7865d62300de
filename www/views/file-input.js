// The ways in: drop anywhere, choose, paste.

import { byId } from '../lib/dom.js';
import { folderOfEntry, folderOfHandle } from '../library/folder.js';

/** @import { Folder } from '../library/folder.js' */

/**
 * @param {(files: File[], folders: Folder[]) => void} onFiles files, and folders that were dropped
 */
export function acceptFiles(onFiles) {
  const input = byId('file', HTMLInputElement);
  for (const id of ['drop', 'choose']) {
    byId(id, HTMLButtonElement).addEventListener('click', () => input.click());
  }
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    input.value = ''; // so that the same file can be chosen again
    if (files.length > 0) onFiles(files, []);
  });

  // Entering a child fires before leaving its parent, hence the count.
  let depth = 0;
  const mark = (/** @type {number} */ next) => {
    depth = Math.max(0, next);
    document.body.classList.toggle('over', depth > 0);
  };
  const hasFiles = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes('Files') ?? false;
  window.addEventListener('dragenter', (event) => {
    if (hasFiles(event)) mark(depth + 1);
  });
  window.addEventListener('dragleave', (event) => {
    if (hasFiles(event)) mark(depth - 1);
  });
  window.addEventListener('dragover', (event) => {
    if (!hasFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  window.addEventListener('drop', (event) => {
    mark(0);
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault(); // else the browser would leave the page for the file
    take(event.dataTransfer);
  });
  window.addEventListener('paste', (event) => {
    const data = event.clipboardData;
    if (!data || data.files.length === 0) return;
    event.preventDefault();
    take(data);
  });

  /** @param {DataTransfer} data */
  async function take(data) {
    const files = [];
    /** @type {Promise<Folder>[]} */
    const folders = [];
    // All at once: the browser takes them away after this task.
    for (const item of data.items) {
      if (item.kind !== 'file') continue;
      const entry = item.webkitGetAsEntry?.();
      const file = item.getAsFile();
      if (entry?.isDirectory) folders.push(droppedFolder(item, entry));
      else if (file) files.push(file);
    }
    if (files.length + folders.length > 0) onFiles(files, await Promise.all(folders));
  }
}

/**
 * By its handle, which can be kept, where the browser gives one.
 * @param {DataTransferItem} item
 * @param {FileSystemEntry} entry
 * @returns {Promise<Folder>}
 */
async function droppedFolder(item, entry) {
  const asked = /** @type {any} */ (item).getAsFileSystemHandle?.();
  const handle = await Promise.resolve(asked).catch(() => null);
  return handle?.kind === 'directory'
    ? folderOfHandle(handle)
    : folderOfEntry(/** @type {FileSystemDirectoryEntry} */ (entry));
}
