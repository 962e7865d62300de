// What happens when: connects the views with the songs and the engine, and moves the page through its states,
// `body[data-state]` = loading | ready | working | answer | listening | error.

import { Capture, CaptureError } from '../engine/capture.js';
import { Crashed, messageOf } from '../engine/engine.js';
import { format, locale, setLanguage, t, translateMessage } from '../i18n/i18n.js';
import { LANGUAGES } from '../i18n/languages.js';
import { byId, make, setRawText } from '../lib/dom.js';
import { clock, fileError } from '../lib/format.js';
import { genreColour, ranked } from '../lib/genres.js';
import { topGenreAt } from '../lib/timeline.js';
import { verdict, verdictText } from '../lib/verdict.js';
import { Library } from '../library/library.js';
import { MapView } from '../map/map-view.js';
import { CellCatalogView } from '../views/cell-catalog.js';
import { showDevice } from '../views/device-badge.js';
import { acceptFiles } from '../views/file-input.js';
import { FileTable } from '../views/file-table.js';
import { ListenRow } from '../views/listen-row.js';
import { showModelCard } from '../views/model-card.js';
import { Offline } from '../views/offline.js';
import { Player } from '../views/player.js';
import { ResultView } from '../views/result.js';
import { Saliency } from '../views/saliency.js';
import { HOW_MANY, SimilarSongs } from '../views/similar-songs.js';
import { SpectrogramView } from '../views/spectrogram.js';
import { StatusView } from '../views/status-view.js';
import { TasteView } from '../views/taste.js';
import { AnalysisQueue } from './analysis-queue.js';
import { EngineLoader } from './engine-loader.js';
import { listenToKeys } from './keyboard.js';
import { LiveListening } from './live-listening.js';
import { MapController } from './map-controller.js';
import { SongStore, newSong, rememberedSong } from './song-store.js';

/** @import { CaptureKind } from '../engine/capture.js' */
/** @import { Engine } from '../engine/engine.js' */
/** @import { Folder } from '../library/folder.js' */
/** @import { SurveyView } from '../survey/survey-view.js' */
/** @import { LibraryRecord, Message, Narrowing, Song } from '../types.js' */
/** @typedef {'loading' | 'ready' | 'working' | 'answer' | 'listening' | 'error'} PageState */

export class App {
  #store = new SongStore();
  #status = new StatusView();
  #spectrogram = new SpectrogramView();
  #player = new Player();
  #result = new ResultView();
  #similar = new SimilarSongs();
  #saliency = new Saliency();
  #files = new FileTable();
  #listenRow = new ListenRow();
  #offline = new Offline();
  /** @type {SurveyView | null} */
  #survey = null;
  #taste = new TasteView();
  #library = new Library();
  #cells = new CellCatalogView();
  #mapView = new MapView();
  #deck = byId('deck', HTMLElement);
  #songName = byId('song-name', HTMLElement);

  #loader = new EngineLoader(this.#status, this.#spectrogram);
  #queue = new AnalysisQueue(this.#store);
  #listening = new LiveListening(this.#spectrogram, this.#listenRow);
  #map = new MapController(this.#mapView, this.#store);

  /** @type {Engine | null} */
  #engine = null;
  /** An engine on the graphics processor that waits until the page is idle. @type {{engine: Engine, reason: string} | null} */
  #nextEngine = null;
  /** Listening was asked for before the model was there. @type {(() => void) | null} */
  #listenLater = null;
  /** Another source was chosen while it listens. @type {(() => void) | null} */
  #listenNext = null;
  /** What went wrong: with the page, with listening, and with what was dropped but is no file. */
  /** @type {Message} */
  #fatalError = '';
  /** Whether the engine died over a song, so that another one has to go on. */
  #restartWanted = false;
  /** @type {Message} */
  #listenError = '';
  /** @type {string[]} */
  #dropErrors = [];

  constructor() {
    this.#connectSongs();
    this.#connectViews();
    this.#connectTaste();
    this.#connectLibrary();
    this.#connectButtons();
  }

  get #busy() {
    return this.#queue.running || this.#listening.running;
  }

  // --- the engine ---

  async start() {
    setState('loading');
    this.#fatalError = '';
    this.#status.offerRestart(false);
    this.#showErrors();
    this.#engine?.close();
    this.#engine = null;
    let engine;
    try {
      engine = await this.#loader.load();
    } catch (reason) {
      this.#fail(reason);
      return;
    } finally {
      whenIdle(() => this.#loadSurvey());
    }
    await this.#restoreSongs(engine);
    if (this.#fatalError) return;
    this.#setEngine(engine); // from here on songs are worked on
    this.#status.hideProgress();
    this.#spectrogram.showLoading(1);
    if (this.#store.waiting.length > 0) this.#analyseWaiting();
    else if (this.#store.selected) setState('answer');
    else setState(this.#errorText() ? 'error' : 'ready');
    this.#listenLater?.();
    this.#listenLater = null;
    whenIdle(() => this.#afterStart(engine));
  }

  /** What has time until the page is ready. @param {Engine} engine */
  async #afterStart(engine) {
    this.#offline.register();
    showModelCard();
    const upgrade = await this.#loader.upgrade(engine);
    if (!upgrade) return;
    const { engine: next, reason } = upgrade;
    if (this.#engine !== engine) next?.close();
    else if (!next) showDevice('cpu', reason);
    else {
      this.#nextEngine = { engine: next, reason };
      this.#switchEngine();
    }
  }

  /** The engine that waits takes over, unless something is going on. */
  #switchEngine() {
    if (!this.#nextEngine || this.#busy) return;
    const { engine, reason } = this.#nextEngine;
    this.#nextEngine = null;
    this.#forgetHandles();
    this.#engine?.close();
    engine.onCrash = (error) => this.#recover(error);
    showDevice('gpu', reason);
    this.#setEngine(engine);
    this.#map.showSongs();
  }

  /** @param {Engine} engine */
  #setEngine(engine) {
    this.#engine = engine;
    this.#survey?.setEngine(engine);
    // What was asked of another engine has no answer.
    this.#taste.attach(engine);
    this.#similar.setLibrary('', false);
    this.#library.attach(engine);
    this.#cells.attach(engine);
    this.#compareAgain();
  }

  /** Loads the survey's view: a fifth of the page's modules, and none that a first song needs. */
  async #loadSurvey() {
    if (this.#survey) return;
    try {
      const { SurveyView } = await import('../survey/survey-view.js');
      this.#survey ??= new SurveyView();
    } catch {
      const sorry = make('p', '', 'There is no survey here now. Come back later, or try again.');
      byId('survey-form', HTMLFormElement).replaceChildren(sorry);
      return;
    }
    this.#survey.currentSong = () => this.#store.selected;
    this.#survey.setEngine(this.#engine);
  }

  /** A worker that is gone knows no song any more. */
  #forgetHandles() {
    this.#store.clearHandles();
    this.#saliency.offer(false);
  }

  /**
   * The engine died. A song that it was working on is to blame: it is marked as failed, and a new engine goes on
   * with the others.
   * @param {unknown} reason
   */
  #recover(reason) {
    const trapped = reason instanceof Crashed && reason.trapped;
    if (!trapped || !this.#queue.running) {
      this.#fail(reason);
      return;
    }
    this.#engine = null;
    this.#survey?.setEngine(null);
    this.#forgetHandles();
    this.#restartWanted = true;
  }

  /** The engine cannot go on: say so, offer a new one. @param {unknown} reason */
  #fail(reason) {
    this.#fatalError = messageOf(reason);
    this.#engine = null;
    this.#survey?.setEngine(null);
    this.#forgetHandles();
    this.#status.hideProgress();
    this.#status.offerRestart(true);
    this.#showErrors();
    setState('error');
  }

  // --- songs ---

  /**
   * Takes new songs, after those that are there already.
   * @param {Song[]} songs
   */
  #add(songs) {
    if (!this.#busy && (this.#engine || this.#fatalError)) {
      this.#store.keepDone();
      this.#dropErrors = [];
      this.#listenError = '';
      this.#select(null);
    }
    this.#store.add(songs);
    this.#showErrors();
    this.#showFiles();
    if (this.#fatalError) this.start();
    if (!this.#engine) {
      this.#spectrogram.clear(songs[0]?.name); // they wait for the model
      return;
    }
    if (!this.#busy) this.#analyseWaiting();
  }

  /** Songs of earlier visits that this model has analysed. @param {Engine} engine */
  async #restoreSongs(engine) {
    const last = await this.#store.restore(engine.info.model_sha256);
    for (const { answer } of this.#store.songs) {
      // Stored by a version of the page whose answers had no verdict.
      if (answer && !answer.verdict) answer.verdict = await engine.verdict(answer);
    }
    if (last) this.#select(last);
    else this.#showFiles();
  }

  /** @param {Song} song */
  #save(song) {
    const { selected } = this.#store;
    this.#store.save(song);
    if (selected && !this.#store.songs.includes(selected)) this.#select(song);
  }

  /**
   * Forgets every song; what is worked on goes on, and so does what was chosen in the meantime.
   * @param {Promise<boolean>} cleared whether this browser stores nothing of them any more
   */
  async #forget(cleared) {
    const old = new Set(this.#store.songs);
    const forgotten = await cleared;
    this.#store.dropSettled(old);
    const { songs, selected } = this.#store;
    if (document.activeElement?.closest('#files')) focusOn('main');
    if (this.#busy || songs.length > 0) {
      if (selected && !songs.includes(selected)) this.#select(null);
      else this.#showFiles();
    } else {
      this.#dropErrors = [];
      this.#listenError = '';
      this.#select(null);
      if (this.#engine) setState('ready');
    }
    this.#showErrors();
    this.#map.showSongs();
    if (forgotten) this.#status.announce(t('Your songs are forgotten.'));
    else this.#status.showErrors(t(NOT_FORGOTTEN));
  }

  async #analyseWaiting() {
    setState('working');
    const answered = await this.#queue.run();
    this.#status.hideProgress();
    if (this.#restartWanted) {
      this.#restartWanted = false;
      this.start();
      return;
    }
    if (this.#fatalError) return;
    this.#switchEngine();
    if (this.#store.selected?.state !== 'done') this.#select(answered.at(-1) ?? null);
    this.#showFiles();
    if (answered.length > 0) setState('answer');
    else setState(this.#errorText() ? 'error' : 'ready');
    this.#announceAnswer();
  }

  #connectSongs() {
    const queue = this.#queue;
    queue.engine = () => this.#engine;
    queue.narrowing = () => this.#similar.narrowing;
    queue.onState = (song) => {
      if (!this.#store.selected) this.#spectrogram.clear(song.name);
      this.#showProgress(song);
    };
    queue.onPart = (song) => this.#showPart(song);
    queue.onDone = (song) => {
      this.#save(song);
      this.#showPart(song);
      this.#map.showSongsSoon();
    };
    queue.onFailed = (song) => {
      if (song === this.#store.selected) this.#select(null);
    };
    queue.onNext = () => {
      this.#showFiles();
      this.#showErrors();
    };
    this.#map.engine = () => this.#engine;
    this.#map.mode = () => this.#similar.narrowing.mode;
  }

  /** Shows what is new about a song, if it is the one to show. @param {Song} song */
  #showPart(song) {
    if (song === this.#store.selected) this.#show(song);
    else if (!this.#store.selected) this.#select(song);
  }

  /** Searches again for the neighbours of the song on show, if they are to be found in another way now. */
  async #compareAgain() {
    const song = this.#store.selected;
    const { narrowing } = this.#similar;
    if (!song?.answer || !song.complete || !this.#engine) return;
    if (isSame(song.narrowing, narrowing)) return;
    try {
      const songs = await this.#engine.similar(song.answer, HOW_MANY, narrowing);
      if (!isSame(narrowing, this.#similar.narrowing)) return; // changed again meanwhile
      song.similar = songs;
      song.narrowing = narrowing;
      if (song === this.#store.selected) this.#show(song);
    } catch {
      // A crash is reported by onCrash.
    }
  }

  // --- what is on show ---

  /** @param {Song | null} song */
  #select(song) {
    const other = song !== this.#store.selected;
    this.#store.selected = song;
    if (other) {
      this.#similar.resetAdjustments();
      this.#saliency.clear();
      // Space shall play, not press once more the button that brought the song.
      const brought = document.activeElement?.closest('#welcome, #deck .ways');
      if (song && brought) queueMicrotask(() => focusOn('seek'));
    }
    if (!song) {
      this.#deck.hidden = true;
      this.#player.load(null);
      this.#spectrogram.clear();
      this.#showNoAnswer();
      document.body.style.removeProperty('--accent');
    } else {
      if (other) this.#player.load(song.playable, song.name, song.restored && song.fromFile);
      this.#show(song);
      this.#compareAgain();
    }
    this.#showFiles();
  }

  /** @param {Song} song */
  #show(song) {
    this.#deck.hidden = false;
    setRawText(this.#songName, song.name);
    this.#saliency.offer(song.complete && song.handle !== null);
    this.#spectrogram.showSong(song);
    this.#showAnswer(song);
  }

  /** @param {Song} song */
  #showAnswer(song) {
    const { answer, similar, name } = song;
    this.#result.show(song);
    this.#similar.show(similar, song.complete ? name : '');
    this.#cells.show(song.complete ? answer : null, name);
    const top = answer && ranked(answer.probabilities)[0];
    if (top && verdict(answer).sure) {
      document.body.style.setProperty('--accent', genreColour(top[0]));
    } else document.body.style.removeProperty('--accent');
    const final = song.complete || song.state === 'listening';
    window.soundalike.answer = answer && final ? { ...answer, name, similar } : null;
  }

  #showNoAnswer() {
    this.#result.show(null);
    this.#similar.show([], '');
    this.#cells.show(null, '');
    window.soundalike.answer = null;
  }

  #showFiles() {
    this.#files.show(this.#store.songs, this.#store.selected);
  }

  /** @param {Song} song that is analysed */
  #showProgress(song) {
    const { at, of } = this.#queue.progress;
    const { state, analysedSeconds: done, seconds } = song;
    const which = of > 1 ? format('{} of {}, {}', at, of, song.name) : song.name;
    const analysing = state === 'analysing';
    const share = analysing ? done / seconds : done > 0 ? 1 : -1;
    const doing = analysing ? format('analysing, {} of {}', clock(done), clock(seconds)) : t(state);
    this.#status.showProgress(`${which}: ${doing}`, share, this.#busy);
    // Screen readers are told of each state once.
    if (!analysing || done === 0) this.#status.announce(`${which}: ${t(state)}`);
    this.#showFiles();
  }

  /** Everything that went wrong, one sentence per line, in the page's language. */
  #errorText() {
    const failures = this.#store.failed.map((song) => fileError(song.name, song.error));
    const messages = [this.#fatalError, this.#listenError].map(translateMessage);
    return [...messages, ...this.#dropErrors, ...failures].filter(Boolean).join('\n');
  }

  #showErrors() {
    this.#status.showErrors(this.#errorText());
  }

  #announceAnswer() {
    const song = this.#store.selected;
    this.#status.announce(song?.answer ? `${song.name}: ${verdictText(song.answer)}` : '');
  }

  // --- listening ---

  /** @param {CaptureKind} kind @param {string} [device] */
  async #listen(kind, device = '') {
    if (!this.#engine) {
      this.#listenLater = () => this.#listen(kind, device); // as files do, it waits for the model
      if (this.#fatalError) this.start();
      return;
    }
    if (this.#busy) return;
    this.#setListenError('');
    let capture;
    try {
      capture = await Capture.open(kind, device, (sentence) => {
        this.#setListenError(sentence);
        this.#listening.stop();
      });
    } catch (reason) {
      if (!(reason instanceof CaptureError)) throw reason;
      this.#setListenError(reason.message);
      if (!this.#store.selected) setState('error');
      return;
    }
    // The question for permission may have taken a while.
    if (!this.#engine || this.#busy) {
      capture.close();
      return;
    }
    this.#select(null);
    setState('listening');
    const { song, error } = await this.#listening.run(capture, kind, this.#engine);
    if (error) this.#listenError = error;
    this.#listened(song);
  }

  /** Listening is over. @param {Song} song */
  #listened(song) {
    const next = this.#listenNext;
    this.#listenNext = null;
    if (this.#fatalError || next) this.#select(null);
    if (this.#fatalError) return;
    if (!next && song.answer) {
      this.#store.add([song]);
      this.#save(song);
      this.#map.showSongs();
      this.#select(song);
      setState('answer');
      this.#announceAnswer();
      focusOn('seek');
    } else if (!next) {
      this.#select(null);
      setState(this.#errorText() ? 'error' : 'ready');
      focusOn('main');
    }
    this.#showErrors();
    this.#switchEngine();
    if (next) next();
    else if (this.#store.waiting.length > 0) this.#analyseWaiting();
  }

  /** @param {string} sentence why it does not listen, or no longer */
  #setListenError(sentence) {
    this.#listenError = sentence;
    this.#showErrors();
  }

  // --- what the visitor does ---

  #connectViews() {
    this.#loader.onCrash = (reason) => this.#recover(reason);
    this.#listening.narrowing = () => this.#similar.narrowing;
    this.#listening.onAnswer = (song) => {
      if (song.answer) this.#showAnswer(song);
      else this.#showNoAnswer();
    };
    this.#listening.onSimilar = (song) => this.#similar.show(song.similar, '');
    this.#listenRow.onStart = (kind) => this.#listen(kind);
    this.#listenRow.onStop = () => this.#listening.stop();
    this.#listenRow.onSource = (device) => {
      const { kind } = this.#listening;
      if (!kind) return;
      this.#listenNext = () => this.#listen(kind, device);
      this.#listening.stop();
    };
    this.#files.onSelect = (song) => {
      this.#select(song);
      this.#announceAnswer();
    };
    this.#similar.onChange = () => this.#compareAgain();
    this.#spectrogram.onSeek = (seconds) => this.#player.seek(seconds);
    this.#player.onTime = (seconds) => this.#spectrogram.setTime(seconds);
    this.#player.onFailure = (sentence) => this.#status.announce(t(sentence));
    this.#saliency.onAsk = () => this.#explain();
  }

  #connectTaste() {
    const taste = this.#taste;
    taste.onChange = () => {
      this.#similar.taste = taste.revision;
      this.#similar.showRatings();
      this.#result.showRating();
      this.#mapView.showRating();
      this.#compareAgain();
    };
    this.#similar.ratingOf = (track) => taste.ratingOf(track);
    this.#similar.onRate = (song, rating) => taste.rate(song, rating);
    this.#mapView.ratingOf = (track) => taste.ratingOf(track);
    this.#mapView.onRate = (song, rating) => taste.rate(song, rating);
    this.#result.ratingOf = (song) => taste.ratingOfOwn(song.name, song.seconds);
    this.#result.onRate = (song, rating) => taste.rateOwn(song, rating);
  }

  #connectLibrary() {
    const library = this.#library;
    library.onChange = (removed) => {
      this.#similar.setLibrary(library.revision, removed);
      this.#compareAgain();
      this.#map.showLibrary();
    };
    library.onPlay = () => {
      if (library.playing) this.#player.pause();
      this.#similar.showPlaying(library.playing);
      this.#mapView.showPlaying(library.playing);
    };
    library.onOpen = (song, file) => {
      if (file) this.#add([newSong(file.name, file)]);
      else this.#showRemembered(song);
      focusOn('main');
      byId('main', HTMLElement).scrollIntoView({ block: 'start' });
    };
    this.#player.onPlay = () => library.stopPlaying();
    this.#similar.onPlay = (key) => library.togglePlaying(key);
    this.#similar.placeOf = (key) => library.placeOf(key);
    this.#mapView.onPlay = (key) => library.togglePlaying(key);
    this.#map.library = () => ({ songs: library.songs, genres: library.genres });
  }

  /** Shows what was heard of a song whose file is not there. @param {LibraryRecord} record */
  async #showRemembered(record) {
    const engine = this.#engine;
    if (!engine || this.#busy) return;
    const song = rememberedSong(record, engine.info);
    try {
      if (song.answer) song.answer.verdict = await engine.verdict(song.answer);
    } catch {
      return; // a crash is reported by onCrash
    }
    if (this.#busy) return;
    this.#store.keepDone();
    this.#store.add([song]);
    this.#select(song);
    setState('answer');
    this.#announceAnswer();
  }

  /** Takes what was dropped or chosen: songs are analysed, folders and catalogues belong to the library. @param {File[]} files @param {Folder[]} folders */
  #take(files, folders) {
    const isCatalog = (/** @type {File} */ { name }) => name.endsWith('.safetensors');
    for (const file of files.filter(isCatalog)) this.#library.openCatalog(file);
    const songs = files.filter((file) => !isCatalog(file));
    if (songs.length > 0) this.#add(songs.map((file) => newSong(file.name, file)));
    if (folders.length > 0) this.#library.add(folders);
    if (songs.length === 0) {
      byId('library', HTMLElement).scrollIntoView({ block: 'start' });
    }
  }

  #connectButtons() {
    acceptFiles((files, folders) => this.#take(files, folders));
    const sample = () => this.#add([newSong(t('A synthetic sample'), null)]);
    onClick('sample', sample);
    onClick('sample-again', sample);
    onClick('forget-list', () => this.#forget(this.#store.clearStorage()));
    onClick('forget', () => {
      const cleared = Promise.all([
        this.#store.clearStorage(),
        forgetSurvey(),
        this.#taste.forget(),
        this.#library.forget(),
      ]);
      this.#forget(cleared.then((all) => !all.includes(false)));
    });
    const languages = byId('language', HTMLSelectElement);
    for (const [code, ownName] of Object.entries(LANGUAGES)) {
      const option = new Option(ownName, code);
      option.lang = code;
      languages.append(option);
    }
    languages.value = locale();
    languages.addEventListener('change', () => setLanguage(languages.value));
    this.#status.onCancel = () => this.#queue.cancel();
    this.#status.onRestart = () => {
      this.#store.dropFailed();
      this.#dropErrors = [];
      this.start();
    };
    listenToKeys(
      this.#player,
      () => this.#store.selected?.seconds ?? 0,
      () => {
        if (!this.#busy) return false;
        this.#listening.stop();
        this.#queue.cancel();
        return true;
      },
    );
  }

  /** Shows which parts of the segment at the play head point to its genre. */
  async #explain() {
    const song = this.#store.selected;
    const { answer, handle = null } = song ?? {};
    if (!song || !answer || handle === null || !this.#engine) return;
    // The genre of the moment, which need not be the whole song's.
    const [genre] = topGenreAt(answer.timeline, this.#player.time) ?? [answer.genre];
    const onShow = () => song === this.#store.selected;
    this.#saliency.wait(genre);
    try {
      await this.#engine.explain(handle, this.#player.time, genre, (saliency) => {
        if (onShow()) this.#saliency.show(saliency, song.seconds);
      });
    } catch (reason) {
      if (!onShow()) return;
      this.#saliency.clear();
      if (reason instanceof Crashed) return;
      song.handle = null;
      this.#saliency.offer(false);
      this.#saliency.complain(messageOf(reason));
    }
  }
}

const NOT_FORGOTTEN =
  'This browser did not forget the songs. Clear this page’s data in its settings.';

/** @param {PageState} state */
function setState(state) {
  document.body.dataset.state = state;
}

/** @param {string} id */
function focusOn(id) {
  byId(id, HTMLElement).focus({ preventScroll: true });
}

/** @param {string} id @param {() => void} action */
function onClick(id, action) {
  byId(id, HTMLButtonElement).addEventListener('click', action);
}

/** @param {Narrowing | null} a @param {Narrowing} b */
const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** @param {() => void} job */
function whenIdle(job) {
  // Not in every browser yet.
  if ('requestIdleCallback' in window) requestIdleCallback(job, { timeout: 3000 });
  else setTimeout(job, 500);
}

/** Forgets the answers to surveys too. @returns {Promise<boolean>} false if something may be left */
async function forgetSurvey() {
  const survey = await import('../survey/survey-view.js').catch(() => null);
  return survey ? survey.forgetSurvey() : false;
}
