// The visitor's own music: chosen as a folder, heard once by several workers, kept in this browser, and searched by
// the engine beside the catalogue.

import { Crashed, Engine, messageOf } from '../engine/engine.js';
import { decodedByBrowser } from '../engine/open-sound.js';
import { format, t } from '../i18n/i18n.js';
import { fileError, formatCount } from '../lib/format.js';
import { LibraryStorage } from '../storage/library-storage.js';
import { Collection, rowsOf } from './collection.js';
import { folderOfHandle, lookThrough, mayRead } from './folder.js';
import { Hearing } from './hearing.js';
import { LibraryView } from './library-view.js';
import { OtherTabs } from './other-tabs.js';
import { Pace, workerCount } from './pace.js';
import { Playback } from './playback.js';
import { failedRecord, heardRecord, openedRecords } from './record.js';
import { SongFiles } from './song-files.js';
import { Tally } from './tally.js';

/** @import { Folder } from './folder.js' */
/** @import { Found } from './collection.js' */
/** @import { HeardSong, LibraryRecord, SongNames } from '../types.js' */
/** @typedef {Found & {open: () => Promise<File>, known?: LibraryRecord}} Waiting a song that is to be heard, or whose tags are to be read */
/** @typedef {'idle' | 'looking' | 'hearing' | 'paused'} LibraryState */

/** Milliseconds between two times that the engine is given the songs while they are heard. */
const SYNC_EVERY = 3000;
/** The engine shall not spend more than this share of its time with that. */
const SYNC_SHARE = 0.05;

export class Library {
  #storage = new LibraryStorage();
  #collection = new Collection();
  #view = new LibraryView();
  #tabs = new OtherTabs();
  #pace = new Pace();
  #playback = new Playback();
  /** @type {Hearing<Waiting>} */
  #hearing = new Hearing(startListener, workerCount(navigator, location.search));

  /** @type {Engine | null} */
  #engine = null;
  /** @type {LibraryState} */
  #state = 'idle';
  /** Ends what goes on. @type {AbortController | null} */
  #controller = null;
  /** The last run: it may take a moment to end, and the next one waits for it. */
  #ended = Promise.resolve();
  /** Songs that are to be heard. @type {Waiting[]} */
  #queue = [];
  /** How far this run is. */
  #tally = new Tally();
  #files = new SongFiles();
  /** Folders that wait until the model is there. @type {Folder[]} */
  #early = [];
  /** What is kept was read. @type {Promise<void> | null} */
  #restored = null;
  /** What is wrong, a sentence of a kind each. @type {Map<string, string>} */
  #troubles = new Map();

  /** The songs as the engine has them, and how they have changed until then. @type {LibraryRecord[]} */
  #synced = [];
  #syncedChanges = -1;
  #syncTimer = 0;
  #syncedAt = 0;
  #syncTook = 0;
  /** The genre of each. @type {string[]} */
  genres = [];

  /** Called when the engine has other songs; whether some are gone. @type {(removed: boolean) => void} */
  onChange = () => {};
  /** Called when another song plays, or none. @type {() => void} */
  onPlay = () => {};
  /** Called when songs like one of the visitor's are wanted; without a file where there is none to read. @type {(song: LibraryRecord, file: File | null) => void} */
  onOpen = () => {};

  constructor() {
    this.#hearing.onHeard = (item, heard) => this.#heard(item, heard);
    this.#hearing.onFailed = (item, reason) => this.#failed(item, reason);
    this.#playback.onChange = () => {
      this.#view.showPlaying(this.#playback.playing);
      this.onPlay();
    };
    this.#tabs.onChanged = () => this.#reread();
    this.#tabs.onForgotten = () => this.#empty();
    this.#connectView();
  }

  // --- what others see ---

  /** The songs that the engine has, in its order. */
  get songs() {
    return this.#synced;
  }

  /** What a list of similar songs depends on; empty without songs of one's own. */
  get revision() {
    const last = this.#synced.at(-1);
    return last ? `${this.#synced.length} ${last.when} ${this.#syncedChanges}` : '';
  }

  /** The key of the song that plays; empty for none. */
  get playing() {
    return this.#playback.playing;
  }

  /** Where a song lies. @param {string} key */
  placeOf(key) {
    const song = this.#collection.get(key);
    return song && this.#files.placeOf(song);
  }

  stopPlaying() {
    this.#playback.stop();
  }

  /**
   * Plays a song, or stops it.
   * @param {string} key
   * @returns {Promise<string>} why it cannot be played; empty if it plays
   */
  async togglePlaying(key) {
    if (this.#playback.playing === key) {
      this.#playback.stop();
      return '';
    }
    const song = this.#collection.get(key);
    if (!song) return '';
    let file;
    try {
      file = await this.#files.fileOf(song);
    } catch {
      return format(MOVED, song.path);
    }
    if (!file) return format(NO_FILE, song.folder, song.title);
    const plays = await this.#playback.play(key, file);
    return plays ? '' : format('This browser cannot play “{}”.', song.title);
  }

  /** Another engine answers from now on; it has no songs yet. @param {Engine} engine */
  async attach(engine) {
    this.#engine = engine;
    this.#synced = [];
    this.#syncedChanges = -1;
    await (this.#restored ??= this.#restore(engine));
    await this.#sync();
    const early = this.#early.splice(0);
    if (early.length > 0) await this.add(early);
  }

  /** Looks through folders, and hears what is new in them. @param {Folder[]} folders */
  async add(folders) {
    if (!this.#engine || !this.#restored) {
      this.#early.push(...folders);
      return;
    }
    await this.#restored;
    this.#troubles.clear();
    const hears = this.#controller !== null;
    const controller = (this.#controller ??= new AbortController());
    if (!hears) this.#enter('looking');
    for (const folder of folders) await this.#look(folder, controller.signal);
    if (hears || this.#controller !== controller) {
      this.#showState();
      return;
    }
    this.#controller = null;
    await this.#hear();
  }

  /** Adds the songs of a catalogue that was made in the terminal. @param {File} file */
  async openCatalog(file) {
    this.#troubles.delete('catalog');
    try {
      const engine = this.#engine;
      if (!engine) throw new Error('The model is not there yet. Try again in a moment.');
      const rows = await engine.openCatalog(await file.arrayBuffer());
      const records = openedRecords(file.name, rows, engine.info);
      const old = this.#collection.songs.filter(
        ({ opened, folder }) => opened && folder === file.name,
      );
      await this.#remove(old);
      for (const record of records) this.#collection.put(record);
      this.#written(await this.#storage.keep(records));
      this.#tabs.tell('changed');
    } catch (reason) {
      this.#troubles.set('catalog', fileError(file.name, messageOf(reason)));
    }
    await this.#sync();
    this.#showState();
  }

  /** Forgets all. @returns {Promise<boolean>} false if something may be left */
  async forget() {
    this.#empty();
    const forgotten = await this.#storage.clear();
    this.#tabs.tell('forgotten');
    if (!forgotten) this.#troubles.set('forget', t(NOT_FORGOTTEN));
    this.#showState();
    this.#view.say(forgotten ? t('Your music is forgotten.') : '');
    return forgotten;
  }

  // --- what is kept ---

  /** @param {Engine} engine */
  async #restore(engine) {
    const [records, folders] = await Promise.all([this.#storage.all(), this.#storage.folders()]);
    let others = 0;
    for (const record of records) {
      if (record.modelSha256 === engine.info.model_sha256) this.#collection.put(record);
      else others++;
    }
    this.#files.recall(folders);
    if (others > 0) this.#troubles.set('model', counted(others, OTHER_MODEL));
    this.#showState();
  }

  /** Another tab has changed what is kept. */
  async #reread() {
    if (!this.#engine || this.#controller) return;
    this.#collection.clear();
    this.#troubles.clear();
    await this.#restore(this.#engine);
    await this.#sync();
  }

  #empty() {
    this.#controller?.abort();
    this.#controller = null;
    this.#playback.stop();
    this.#queue = [];
    this.#tally.clear();
    this.#files.clear();
    this.#troubles.clear();
    this.#collection.clear();
    this.#enter('idle');
    this.#sync();
  }

  /** @param {LibraryRecord[]} records */
  async #remove(records) {
    for (const { key } of records) this.#collection.remove(key);
    if (records.length > 0) await this.#storage.drop(records.map(({ key }) => key));
  }

  /** @param {import('../storage/database.js').Written} written */
  #written(written) {
    if (written === 'kept' || this.#troubles.has('storage')) return;
    this.#troubles.set('storage', t(written === 'full' ? NO_ROOM : KEEPS_NOTHING));
    this.#showState();
  }

  // --- looking and hearing ---

  /** @param {Folder} folder @param {AbortSignal} signal */
  async #look(folder, signal) {
    const extensions = this.#engine?.info.extensions ?? [];
    const { name, handle } = folder;
    const count = (/** @type {number} */ songs) => this.#view.showLooking(name, songs);
    const { songs, others, unreadable } = await lookThrough(folder, extensions, count, signal);
    if (signal.aborted) return;
    this.#files.hold(songs);
    const waits = new Set(this.#queue.map(({ key }) => key));
    /** @type {Waiting[]} */
    const fresh = [];
    for (const song of songs) {
      const known = this.#collection.untagged(song);
      if (waits.has(song.key)) continue;
      if (known) fresh.push({ ...song, known });
      else if (!this.#collection.isKnown(song)) fresh.push(song);
    }
    this.#queue.push(...fresh);
    this.#tally.add(fresh);
    if (songs.length === 0) {
      const text = unreadable.length > 0 ? CLOSED : NO_SONGS;
      this.#troubles.set(`none ${name}`, format(text, name, formatCount(others)));
      return;
    }
    if (unreadable.length > 0) {
      const text = counted(unreadable.length, UNREADABLE, name, unreadable[0] || name);
      this.#troubles.set(`closed ${name}`, text);
    } else {
      const missing = this.#collection.missing(name, new Set(songs.map(({ key }) => key)));
      await this.#remove(missing);
      if (missing.length > 0) {
        this.#troubles.set(`gone ${name}`, counted(missing.length, GONE, name));
      }
    }
    const kept = { name, handle, songs: songs.length };
    this.#files.folders.set(name, kept);
    this.#written(await this.#storage.keepFolder(kept));
  }

  /** Hears what waits, until it is done or paused. */
  async #hear() {
    if (this.#controller) return;
    if (this.#queue.length === 0) {
      this.#finish();
      return;
    }
    const controller = (this.#controller = new AbortController());
    this.#enter('hearing');
    const { onlyTags, now } = this.#tally;
    const left = formatCount(now.total - now.done);
    this.#view.say(
      onlyTags ? format('Reading tags: {} to go', left) : format('Hearing {} songs.', left),
    );
    this.#ended = this.#ended.then(() => this.#run(controller.signal));
    await this.#ended;
    if (this.#controller !== controller) return;
    this.#controller = null;
    if (this.#queue.length === 0) this.#finish();
    else this.#enter('paused');
    await this.#sync();
    this.#tabs.tell('changed');
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    if (signal.aborted) return;
    this.#pace.begin(performance.now());
    try {
      const alone = await this.#tabs.alone(() => this.#hearing.run(this.#queue, signal));
      if (!alone) this.#troubles.set('tab', t(OTHER_TAB));
    } catch (reason) {
      this.#troubles.set('start', fileError(t('Your music'), messageOf(reason)));
    }
  }

  #finish() {
    const { heard, tagged } = this.#tally;
    this.#tally.clear();
    this.#enter('idle');
    this.#sync();
    const read = tagged.done > 0 ? t('The tags are read.') : '';
    const songs = formatCount(this.#collection.size);
    this.#view.say(heard.done > 0 ? format('All {} songs are heard.', songs) : read);
  }

  #pause() {
    this.#controller?.abort();
    this.#controller = null;
    this.#enter('paused');
    this.#view.say(t('Paused.'));
    this.#sync();
  }

  /** @param {Waiting} item @param {HeardSong & Partial<SongNames>} heard */
  async #heard(item, heard) {
    await this.#settle(item, heardRecord(item, heard, this.#model), true);
  }

  /** @param {Waiting} item @param {unknown} reason */
  async #failed(item, reason) {
    // A song whose tags cannot be read stays as it was heard.
    if (item.known) {
      this.#count(item);
      return;
    }
    const { record, lasts } = failedRecord(item, reason, this.#model);
    await this.#settle(item, record, lasts);
  }

  get #model() {
    return this.#engine?.info.model_sha256 ?? '';
  }

  /** @param {Waiting} item @param {LibraryRecord} record @param {boolean} lasts whether it is kept for later visits */
  async #settle(item, record, lasts) {
    this.#collection.put(record);
    this.#count(item);
    this.#syncSoon();
    if (lasts) this.#written(await this.#storage.keep([record]));
  }

  /** One is done. @param {Waiting} item */
  #count(item) {
    this.#tally.count(item);
    if (!item.known) this.#pace.count(performance.now());
    this.#showState();
  }

  // --- the engine's songs ---

  #syncSoon() {
    if (this.#syncTimer) return;
    const wait = Math.max(SYNC_EVERY, this.#syncTook / SYNC_SHARE);
    const due = this.#syncedAt + wait - performance.now();
    this.#syncTimer = window.setTimeout(() => this.#sync(), Math.max(0, due));
  }

  /** Gives the engine the songs, if they are others than it has. */
  async #sync() {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = 0;
    const engine = this.#engine;
    const { songs, changes } = this.#collection;
    if (!engine || changes === this.#syncedChanges) return;
    this.#syncedChanges = changes;
    const began = performance.now();
    try {
      const genres = await engine.setLibrary(rowsOf(songs));
      if (engine !== this.#engine) return;
      const kept = new Set(songs.map(({ key }) => key));
      const removed = this.#synced.some(({ key }) => !kept.has(key));
      this.#synced = songs;
      this.genres = genres;
      this.#syncedAt = performance.now();
      this.#syncTook = this.#syncedAt - began;
      this.#view.showSongs(songs, genres);
      this.#showState();
      this.onChange(removed);
    } catch {
      this.#syncedChanges = -1; // a crash is reported by onCrash
    }
  }

  // --- what is on show ---

  /** @param {LibraryState} state */
  #enter(state) {
    this.#state = state;
    this.#showState();
  }

  #showState() {
    const folders = [...this.#files.folders.values()].map((folder) => ({
      name: folder.name,
      canGoOn: folder.handle !== null,
      left: Math.max(0, folder.songs - this.#collection.countOf(folder.name)),
    }));
    const { onlyTags, now } = this.#tally;
    this.#view.show({
      state: this.#state,
      songs: this.#collection.size,
      onlyTags,
      done: now.done,
      total: now.total,
      // Tags are read much faster than songs are heard.
      perMinute: onlyTags ? 0 : this.#pace.perMinute,
      secondsLeft: this.#pace.secondsFor(now.total - now.done),
      folders,
      failed: this.#collection.failed,
      troubles: [...this.#troubles.values()],
    });
  }

  #connectView() {
    const view = this.#view;
    view.onFolders = (folders) => this.add(folders);
    view.onCatalog = (file) => this.openCatalog(file);
    view.onPause = () => this.#pause();
    view.onForget = () => this.forget();
    view.onGoOn = async (name) => {
      if (this.#queue.length > 0) {
        await this.#hear();
        return;
      }
      const handle = this.#files.folders.get(name)?.handle;
      if (!handle) return;
      if (await mayRead(handle)) await this.add([folderOfHandle(handle)]);
      else view.showTroubles([format(NO_PERMISSION, name)]);
    };
    view.onPlay = async (key) => {
      const trouble = await this.togglePlaying(key);
      if (trouble) view.showTroubles([trouble]);
    };
    view.onOpen = async (key) => {
      const song = this.#collection.get(key);
      if (song) this.onOpen(song, await this.#files.fileOf(song).catch(() => null));
    };
  }
}

const MOVED = '“{}” is no longer in its folder: it was moved, renamed or deleted.';
const NO_FILE =
  'The browser does not let this page read “{}” now. Choose the folder again to play “{}”.';
const NO_PERMISSION =
  'The browser did not let this page read “{}”. Choose the folder again to go on.';
/** Of one, and of more. */
const OTHER_MODEL = [
  '{} song was heard by another version of the model and cannot be compared. Choose its folder again to have it heard anew.',
  '{} songs were heard by another version of the model and cannot be compared. Choose their folder again to have them heard anew.',
];
const NO_SONGS = '“{}” has no songs that can be heard, only {} other files. Choose another folder.';
const CLOSED = '“{}” cannot be read. Choose it again, or another folder.';
const UNREADABLE = [
  '{} file or folder in “{}” cannot be read: “{}”. The others are heard.',
  '{} files or folders in “{}” cannot be read, “{}” for one. The others are heard.',
];
const GONE = [
  '{} song is no longer in “{}”, and no longer in your music.',
  '{} songs are no longer in “{}”, and no longer in your music.',
];
const NO_ROOM =
  'This browser has no room left for more of your music: what is heard from now on is there until the page is closed.';
const KEEPS_NOTHING =
  'This browser keeps nothing, as in a private window: your music is there until the page is closed.';
const OTHER_TAB =
  'Another tab of this page is hearing your music. Let it finish, or pause it there and go on here.';
const NOT_FORGOTTEN =
  'This browser did not forget your music. Clear this page’s data in its settings.';

/** @param {number} count @param {string[]} texts of one, and of more @param {...string} values */
function counted(count, texts, ...values) {
  return format(texts[count === 1 ? 0 : 1] ?? '', formatCount(count), ...values);
}

/** A worker of its own that hears songs. */
async function startListener() {
  // Without the module that reads tags songs are called by their files.
  const engine = await Engine.start('cpu', () => {}, 'library').catch(() => Engine.start('cpu'));
  let died = false;
  const heard = async (/** @type {File} */ file, /** @type {AbortSignal} */ signal) => {
    try {
      return await engine.hear(file, signal);
    } catch (error) {
      return engine.hear(await decodedByBrowser(file, engine, signal, error), signal);
    }
  };
  /** What the tags say; nothing where reading them fails. @param {File} file */
  const names = async (file) => {
    try {
      return await engine.names(file);
    } catch (error) {
      // The song was heard all the same; the next one is for another worker.
      died = error instanceof Crashed;
      return {};
    }
  };
  return {
    /** @param {File} file @param {AbortSignal} signal @param {LibraryRecord} [known] what was heard before */
    async hear(file, signal, known) {
      const song = known ?? (await heard(file, signal));
      return { ...song, ...(await names(file)) };
    },
    died: () => died,
    close: () => engine.close(),
  };
}
