// Answers and lists of songs as files.

import { ranked } from './genres.js';
import { secureLink } from './source-links.js';

/** @import { Recommendation, Song } from '../types.js' */

/** Tags in the table of answers, at most. */
const TAGS = 5;

/** @param {Song} song */
export function toRecord({ name: file, answer, modelSha256 }) {
  return { file, ...answer, model_sha256: modelSha256 };
}

/** The answers as comma-separated values (RFC 4180), a line per song. @param {Song[]} songs */
export function toCsv(songs) {
  const genres = Object.keys(songs[0]?.answer?.probabilities ?? {});
  const head = ['file', 'seconds', 'genre', 'confidence', 'music', ...genres, 'tags'];
  const lines = songs.map(({ name: file, answer }) => [
    file,
    answer?.seconds.toFixed(2),
    answer?.genre,
    answer?.confidence.toFixed(4),
    answer?.music.toFixed(4),
    ...genres.map((genre) => answer?.probabilities[genre]?.toFixed(4)),
    ranked(answer?.tags ?? {})
      .slice(0, TAGS)
      .map(([tag]) => tag)
      .join('; '),
  ]);
  return [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** What begins a formula, after the start of a cell or after whatever a spreadsheet may take for a separator. */
const FORMULA = /(^|[,;|\t\r\n])([\s"]*)(?=[=+\-@＝＋－＠])/g;

/**
 * A cell: quoted, because a spreadsheet may expect another separator, and without formulas, as in the
 * collector's export.
 * @param {string | undefined} value
 */
function cell(value = '') {
  return `"${harmless(value).replaceAll('"', '""')}"`;
}

/** @param {string} value */
function harmless(value) {
  if (value !== '' && !Number.isNaN(Number(value))) return value;
  const safe = value.replace(FORMULA, "$1$2'");
  return /^[\t\r\n]/.test(safe) ? `'${safe}` : safe;
}

/**
 * Where a song of the visitor's lies: the folder that was chosen, empty if it is not known, and the path in it.
 * @typedef {{folder: string, path: string}} Place
 */

/** Whether a song is of the visitor's own library. @param {Partial<Recommendation>} song */
export function isOwn({ mine }) {
  return typeof mine === 'number';
}

/**
 * The list as extended M3U in UTF-8 (https://en.wikipedia.org/wiki/M3U). A song of the visitor's is its path in
 * the folder that was chosen, where the playlist is to lie; if there are several, where these lie. The catalogue
 * has no sound, so another entry is where its song can be listened to or found, or else its name, which players
 * look for in their own library.
 * @param {string} of
 * @param {Recommendation[]} songs
 * @param {(key: string) => Place | undefined} placeOf where a song of the visitor's lies
 */
export function toPlaylist(of, songs, placeOf = () => undefined) {
  const line = (/** @type {string} */ text) => text.replace(/[\r\n]+/g, ' ');
  const places = songs.map((song) => (isOwn(song) ? placeOf(song.path) : undefined));
  const folders = new Set(places.flatMap((place) => place?.folder || []));
  const entries = songs.map(({ title, artist, source, link }, i) => {
    const called = line([artist, title || 'Untitled'].filter(Boolean).join(' - '));
    const found = secureLink(link) || (/^https?:\/\//.test(source) ? source : '');
    const place = places[i];
    const own = place && relativePath(place, folders.size > 1);
    const where = own ?? line(found || `${called.replace(/[\\/:]/g, '_')}.mp3`);
    return `#EXTINF:-1,${called}\n${where}`;
  });
  return `#EXTM3U\n#PLAYLIST:Sounds like ${line(of)}\n${entries.join('\n')}\n`;
}

/**
 * A path that no player takes for a comment or an address.
 * @param {Place} place
 * @param {boolean} withFolder
 */
function relativePath({ folder, path }, withFolder) {
  const whole = withFolder && folder ? `${folder}/${path}` : path;
  // A line break in a name cannot be written; players do not find such a file.
  const oneLine = whole.replace(/[\r\n]/g, ' ');
  return /^#|^[a-z][a-z0-9+.-]*:|^\s/i.test(oneLine) ? `./${oneLine}` : oneLine;
}
