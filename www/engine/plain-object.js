// What the WebAssembly module returns, as the page takes it.

/**
 * Plain objects out of what the module returns, whether it makes maps or objects.
 * @param {any} value
 * @returns {any}
 */
export function toPlainObject(value) {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, toPlainObject(item)]));
  }
  if (ArrayBuffer.isView(value)) {
    return [.../** @type {Iterable<number>} */ (/** @type {unknown} */ (value))];
  }
  if (Array.isArray(value)) return value.map(toPlainObject);
  if (value && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toPlainObject(item)]),
    );
  }
  return value;
}
