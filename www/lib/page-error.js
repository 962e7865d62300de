// The errors of the page's own code. As those of the engine they have a stable code and values by name,
// by which i18n.js translates them.

/** The English text of each code. */
export const MESSAGES = {
  'cells.no_address':
    '“{address}” is no address of a catalogue. Type its path at this site, such as songs.cells, or its whole address.',
  'cells.no_answer':
    '{url} could not be fetched. Check the address and the connection; this page may fetch only from its own site, unless whoever runs it allows others.',
  'cells.no_ranges':
    'The server sends only the whole of {url}, not parts of it. Put the catalogue on a server that answers Range requests.',
  'cells.not_there':
    'The server answered {status} for {url}, so there is no catalogue. Check the address.',
  'fetch.no_answer':
    '{what} could not be fetched: the server did not answer. Check the connection, then start again.',
  'fetch.status':
    '{what} could not be fetched: the server answered {status} for {path}. Reload the page; if it stays, the site is not fully installed.',
  'file.gone':
    'This file cannot be read any more: it was moved, changed or locked while it was heard. Choose its folder again, and it is heard anew.',
  'file.too_large':
    "This file has {megabytes} MB, more than the {most} MB that fit into a browser's memory. Cut a piece out of it and try that.",
  'file.unreadable':
    'This cannot be read. It may be a folder, or a file that was moved or is still being written. Choose the song itself.',
};

export class PageError extends Error {
  /**
   * @param {keyof typeof MESSAGES} code
   * @param {Record<string, string | number>} [values] what fills the blanks of the text
   */
  constructor(code, values = {}) {
    super(MESSAGES[code].replace(/\{(\w+)\}/gu, (_, name) => String(values[name] ?? '')));
    this.code = code;
    this.arguments = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    );
  }
}
