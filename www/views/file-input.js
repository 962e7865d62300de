// The ways in: drop anywhere, choose, paste.

import { byId } from '../lib/dom.js';

/**
 * @param {(files: File[], folders: string[]) => void} onFiles files, and names of folders
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
  function take(data) {
    const files = [];
    const folders = [];
    for (const item of data.items) {
      if (item.kind !== 'file') continue;
      const entry = item.webkitGetAsEntry?.();
      const file = item.getAsFile();
      if (entry?.isDirectory) folders.push(entry.name);
      else if (file) files.push(file);
    }
    if (files.length + folders.length > 0) onFiles(files, folders);
  }
}
