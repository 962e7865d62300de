// What the names of files say: which are songs, what a song is called, where it lies.

/** Files that systems leave beside others. */
const LEFT_BY_SYSTEMS = ['.ds_store', 'thumbs.db', 'desktop.ini'];

/** @param {string} name of a file or folder */
export function isLeftBySystem(name) {
  return name.startsWith('._') || LEFT_BY_SYSTEMS.includes(name.toLowerCase());
}

/** @param {string} name @param {string[]} extensions of sound files, in small letters */
export function isSound(name, extensions) {
  const dot = name.lastIndexOf('.');
  return dot >= 0 && extensions.includes(name.slice(dot + 1).toLowerCase());
}

/** A file's name without folders and extension. @param {string} path @returns {string} */
export function titleOf(path) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(/(?<=.)\.[^.]*$/, '');
}

/** The folder that a file lies in; empty if it lies in none. @param {string} path @returns {string} */
export function folderOf(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** By what a song of the library is known. @param {string} folder @param {string} path in the folder */
export function keyOf(folder, path) {
  return `${folder}/${path}`;
}

/**
 * What a directory input calls a file, in two parts: the chosen folder, and the path in it.
 * @param {string} relative such as Music/a/b.mp3
 */
export function splitRelative(relative) {
  const slash = relative.indexOf('/');
  return { folder: relative.slice(0, Math.max(0, slash)), path: relative.slice(slash + 1) };
}
