// The string literals of a module, for tests of its texts.

/** @param {string} source @returns {string[]} literals in single quotes, in their order */
export function literals(source) {
  const found = [];
  for (let at = 0; at < source.length; at += 1) {
    const two = source.slice(at, at + 2);
    if (two === '//') at = end(source, '\n', at);
    else if (two === '/*') at = end(source, '*/', at) + 1;
    else if ('\'"`'.includes(source[at] ?? '')) {
      const quote = source[at];
      let text = '';
      for (at += 1; at < source.length && source[at] !== quote; at += 1) {
        if (source[at] === '\\') at += 1;
        text += source[at];
      }
      if (quote === "'") found.push(text);
      if (quote !== '`') continue;
      for (const [, code = ''] of text.matchAll(/\$\{([^{}]*)\}/g)) found.push(...literals(code));
    }
  }
  return found;
}

/** @param {string} source @param {string} mark @param {number} from */
function end(source, mark, from) {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at;
}
