// The section “Your music”: choosing, how far it is, what is wrong, and the list of songs.

import { format, t } from '../i18n/i18n.js';
import { byId, make, moveWithArrows, rawText, setRawText } from '../lib/dom.js';
import { clock, duration, formatCount } from '../lib/format.js';
import { genreName, paintGenre } from '../lib/genres.js';
import { FileLists } from './file-lists.js';
import { folderOfHandle, foldersOfInput } from './folder.js';
import { folderOf } from './names.js';
import { playButton, showPlaying } from './play-button.js';

/** @import { Folder } from './folder.js' */
/** @import { LibraryState } from './library.js' */
/** @import { LibraryRecord } from '../types.js' */
/**
 * @typedef {{state: LibraryState, songs: number, onlyTags: boolean, done: number, total: number,
 *   perMinute: number, secondsLeft: number | null, folders: {name: string, canGoOn: boolean, left: number}[],
 *   failed: LibraryRecord[], troubles: string[]}} Shown
 */

/** Songs in the list, at most. */
const MOST = 50;

export class LibraryView {
  #words = byId('library-words', HTMLElement);
  #about = byId('library-about', HTMLElement);
  #progress = byId('library-progress', HTMLElement);
  #meter = byId('library-meter', HTMLProgressElement);
  #doing = byId('library-doing', HTMLElement);
  #said = byId('library-said', HTMLElement);
  #trouble = byId('library-trouble', HTMLElement);
  #choose = byId('library-choose', HTMLButtonElement);
  #pause = byId('library-pause', HTMLButtonElement);
  #goOn = byId('library-go-on', HTMLElement);
  #forget = byId('library-forget', HTMLButtonElement);
  #folder = byId('library-folder', HTMLInputElement);
  #catalog = byId('library-catalog', HTMLInputElement);
  #box = byId('library-songs', HTMLElement);
  #find = byId('library-find', HTMLInputElement);
  #list = byId('library-list', HTMLElement);
  #rest = byId('library-rest', HTMLElement);
  #lists = new FileLists();
  /** @type {LibraryRecord[]} */
  #songs = [];
  /** The genre of each. @type {string[]} */
  #genres = [];
  #playing = '';
  /** The last buttons to go on, so that they are made again only where they differ. */
  #offered = '';

  /** @type {(folders: Folder[]) => void} */
  onFolders = () => {};
  /** @type {(file: File) => void} */
  onCatalog = () => {};
  onPause = () => {};
  onForget = () => {};
  /** Called when a folder of an earlier visit, or what was paused, is to go on. @type {(name: string) => void} */
  onGoOn = () => {};
  /** @type {(key: string) => void} */
  onPlay = () => {};
  /** Called when songs like this one are wanted. @type {(key: string) => void} */
  onOpen = () => {};

  constructor() {
    this.#choose.addEventListener('click', () => this.#chooseFolder());
    this.#folder.addEventListener('change', () => {
      const files = [...(this.#folder.files ?? [])];
      this.#folder.value = ''; // so that the same folder can be chosen again
      if (files.length > 0) this.onFolders(foldersOfInput(files));
    });
    byId('library-open', HTMLButtonElement).addEventListener('click', () => this.#catalog.click());
    this.#catalog.addEventListener('change', () => {
      const [file] = this.#catalog.files ?? [];
      this.#catalog.value = '';
      if (file) this.onCatalog(file);
    });
    this.#pause.addEventListener('click', () => this.onPause());
    this.#forget.addEventListener('click', () => this.onForget());
    this.#find.addEventListener('input', () => this.#showList());
    moveWithArrows(this.#list, 'button.song');
  }

  /** @param {Shown} shown */
  show({ state, songs, onlyTags, done, total, perMinute, secondsLeft, ...shown }) {
    const { folders, failed, troubles } = shown;
    const hears = state === 'hearing';
    setRawText(this.#words, words(state, songs, total - done, onlyTags));
    this.#about.hidden = songs > 0 || state !== 'idle';
    this.#progress.hidden = state === 'idle';
    if (state !== 'looking') {
      this.#meter.value = total > 0 ? done / total : 0;
      setRawText(this.#doing, progressText(done, total, hears ? perMinute : 0, secondsLeft));
    }
    if (document.activeElement === this.#pause && !hears) this.#choose.focus();
    this.#pause.hidden = !hears;
    this.#choose.disabled = state === 'looking';
    this.#forget.disabled = songs + failed.length + folders.length === 0 && state === 'idle';
    this.#offer(state, folders);
    this.#lists.showFailed(failed);
    this.showTroubles([...troubles, ...unfinished(state, folders)]);
  }

  /** @param {string} folder @param {number} songs found in it so far */
  showLooking(folder, songs) {
    this.#meter.removeAttribute('value');
    setRawText(
      this.#doing,
      format('Looking through “{}”: {} songs so far', folder, formatCount(songs)),
    );
  }

  /** @param {string[]} troubles a sentence each */
  showTroubles(troubles) {
    setRawText(this.#trouble, troubles.join('\n'));
  }

  /** Tells screen readers. @param {string} sentence */
  say(sentence) {
    setRawText(this.#said, sentence);
  }

  /** @param {LibraryRecord[]} songs @param {string[]} genres of each */
  showSongs(songs, genres) {
    this.#songs = songs;
    this.#genres = genres;
    this.#box.hidden = songs.length === 0;
    this.#lists.showNotes(songs);
    // Whoever is in the list keeps it as it is while songs are added.
    if (!this.#list.contains(document.activeElement)) this.#showList();
  }

  /** @param {string} key of the song that plays; empty for none */
  showPlaying(key) {
    this.#playing = key;
    showPlaying(this.#list, key);
  }

  async #chooseFolder() {
    const picker = /** @type {any} */ (window).showDirectoryPicker;
    if (!picker) {
      this.#folder.click();
      return;
    }
    let handle;
    try {
      handle = await picker.call(window, { id: 'music', mode: 'read', startIn: 'music' });
    } catch (reason) {
      // The visitor chose none; anything else, such as a frame that may not ask, has the other way.
      if (/** @type {any} */ (reason)?.name !== 'AbortError') this.#folder.click();
      return;
    }
    this.onFolders([folderOfHandle(handle)]);
  }

  /** The ways to go on with what is not done. @param {LibraryState} state @param {Shown['folders']} folders */
  #offer(state, folders) {
    const ways =
      state === 'paused'
        ? [{ name: '', text: t('Go on') }]
        : folders
            .filter(({ canGoOn }) => canGoOn && state === 'idle')
            .map(({ name, left }) => ({
              name,
              text: format(left > 0 ? 'Go on with “{}”' : 'Look for new songs in “{}”', name),
            }));
    const offered = JSON.stringify(ways);
    if (offered === this.#offered) return;
    this.#offered = offered;
    this.#goOn.replaceChildren(
      ...ways.map(({ name, text }) => {
        const button = make('button', 'pill', rawText(text));
        button.type = 'button';
        button.addEventListener('click', () => this.onGoOn(name));
        return button;
      }),
    );
  }

  #showList() {
    const wanted = this.#find.value.trim().toLowerCase();
    const rows = this.#songs
      .map((song, i) => ({ song, genre: this.#genres[i] ?? '' }))
      .filter(({ song }) =>
        `${song.artist} ${song.album} ${song.title} ${song.key}`.toLowerCase().includes(wanted),
      );
    rows.sort((a, b) => (a.song.key < b.song.key ? -1 : 1));
    this.#list.replaceChildren(
      ...rows.slice(0, MOST).map(({ song, genre }) => this.#makeRow(song, genre)),
    );
    const more = rows.length - MOST;
    const text = rows.length === 0 ? t('No song is called so.') : '';
    setRawText(
      this.#rest,
      more > 0 ? format('and {} more: type to find them', formatCount(more)) : text,
    );
  }

  /** @param {LibraryRecord} song @param {string} genre */
  #makeRow(song, genre) {
    const row = make('li', 'own-song');
    paintGenre(row, genre);
    const open = make('button', 'song', rawText(song.title));
    open.type = 'button';
    open.setAttribute('aria-label', format('Songs like “{}”', song.title));
    open.addEventListener('click', () => this.onOpen(song.key));
    const by = [song.artist, song.album].filter(Boolean).join(' · ') || folderOf(song.path);
    const more = make('span', 'more');
    if (by) more.append(make('span', 'place', rawText(by)));
    more.append(make('span', '', make('span', 'genre', genreName(genre))));
    if (song.seconds > 0) more.append(make('span', '', rawText(clock(song.seconds))));
    const play = playButton(song.key, song.title, this.#playing, () => this.onPlay(song.key));
    row.append(play, make('span', 'what', open, more));
    row.dataset.key = song.key;
    return row;
  }
}

/** @param {LibraryState} state @param {number} songs that are heard @param {number} left @param {boolean} onlyTags of those left only tags are read */
function words(state, songs, left, onlyTags) {
  if (state === 'hearing' && onlyTags) return format('Reading tags: {} to go', formatCount(left));
  if (state === 'hearing') return format('Hearing your music: {} to go', formatCount(left));
  if (state === 'paused') return format('Paused: {} to go', formatCount(left));
  if (songs === 0) return t(state === 'looking' ? 'Looking for songs' : 'None yet');
  return format(songs === 1 ? '{} song' : '{} songs', formatCount(songs));
}

/** @param {number} done @param {number} total @param {number} perMinute @param {number | null} secondsLeft */
function progressText(done, total, perMinute, secondsLeft) {
  const parts = [format('{} of {} songs', formatCount(done), formatCount(total))];
  if (perMinute > 0) parts.push(format('{} a minute', formatCount(Math.round(perMinute))));
  if (perMinute > 0 && secondsLeft !== null) {
    parts.push(format('about {} left', duration(Math.max(10, secondsLeft))));
  }
  return parts.join(' · ');
}

/**
 * What an earlier visit left and cannot go on by itself.
 * @param {LibraryState} state
 * @param {Shown['folders']} folders
 */
function unfinished(state, folders) {
  if (state !== 'idle') return [];
  const left = folders.filter((folder) => folder.left > 0 && !folder.canGoOn);
  return left.map((folder) =>
    format(
      folder.left === 1
        ? '{} song of “{}” is not heard yet. Choose the folder again to go on.'
        : '{} songs of “{}” are not heard yet. Choose the folder again to go on.',
      formatCount(folder.left),
      folder.name,
    ),
  );
}
