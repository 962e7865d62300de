// Saving what the page made as a file on the visitor's computer.

/**
 * @param {string} name
 * @param {string} type such as application/json
 * @param {string} text
 */
export function save(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A file's name without its ending. @param {string} name */
export function stem(name) {
  return name.replace(/\.[^.]*$/, '') || 'song';
}
