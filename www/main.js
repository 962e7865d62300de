// The page: what happens when. Views draw (strip, result, similar, files, about, badge); this
// module holds the songs and the engine and moves the page through its states,
// `body[data-state]` = loading | ready | working | answer | listening | error.

import { showModelCard } from './views/model-card.js';
import { showDevice } from './views/device-badge.js';
import { askedDevice, judgeAdapter, tryGpu } from './engine/device.js';
import { byId, setRawText, setText } from './lib/dom.js';
import { acceptFiles } from './views/file-input.js';
import { Cancelled, Crashed, Engine } from './engine/engine.js';
import { FileTable } from './views/file-table.js';
import { clock, fileError, megabytes, setBands } from './lib/format.js';
import { genreColour, ranked } from './lib/genres.js';
import { Capture, ListenRow, CaptureError } from './views/listen-row.js';
import { LIVE_WINDOW_SECONDS } from './engine/live-session.js';
import { MapView } from './map/map-view.js';
import { Offline } from './views/offline.js';
import { Player } from './views/player.js';
import { ResultView } from './views/result.js';
import { Saliency } from './views/saliency.js';
import { HOW_MANY, SimilarSongs } from './views/similar-songs.js';
import { openSound } from './engine/open-sound.js';
import { SongStorage } from './storage/song-storage.js';
import { SpectrogramView, topGenreAt } from './views/spectrogram.js';
import { SurveyView, forgetSurvey } from './survey/survey-view.js';
import { TasteView } from './views/taste.js';
import { LANGUAGES } from './i18n/languages.js';
import { verdict, verdictText } from './lib/verdict.js';
import { setLanguage, format, loadLanguage, locale, t, translateMessage } from './i18n/i18n.js';

/** @import { Kind } from './views/listen-row.js' */
/** @import { Answer, CatalogMap, Narrowing, LiveOutput, Segment, Song } from './types.js' */
/** @typedef {'loading' | 'ready' | 'working' | 'answer' | 'listening' | 'error'} PageState */

// What follows is in the page's language from the beginning.
await loadLanguage();

const strip = new SpectrogramView();
const player = new Player();
const result = new ResultView();
const similar = new SimilarSongs();
const saliency = new Saliency();
const files = new FileTable();
const listenRow = new ListenRow();
const map = new MapView();
const offline = new Offline();
const store = new SongStorage();
const survey = new SurveyView();
const taste = new TasteView();

const progress = byId('progress', HTMLElement);
const meter = byId('meter', HTMLProgressElement);
const doing = byId('doing', HTMLElement);
const cancelButton = byId('cancel', HTMLButtonElement);
const error = byId('error', HTMLElement);
const again = byId('again', HTMLButtonElement);
const live = byId('live', HTMLElement);
const deck = byId('deck', HTMLElement);
const songName = byId('song-name', HTMLElement);
const said = byId('said', HTMLElement);

/** @type {Engine | null} */
let engine = null;
/** An engine on the graphics processor that waits until the page is idle. @type {{engine: Engine, reason: string} | null} */
let successor = null;
/** Every song of this visit that has an answer or waits for one, and those of earlier visits. @type {Song[]} */
let songs = [];
/** Those that are worked through now, as far as they have begun. @type {Song[]} */
let run = [];
/** A wish to listen that waits for the model. @type {(() => void) | null} */
let wish = null;
/** @type {Song | null} */
let selected = null;
/** @type {AbortController | null} */
let work = null;
/** Sentences about things that never became songs, such as folders. @type {string[]} */
let refused = [];
/**
 * What goes on while the page listens: the last answer that there was, the moments on the strip, and how
 * many seconds it lasts.
 * @type {{song: Song, kind: Kind, compared: number, answer: Answer | null, moments: Segment[], seconds: number, next: (() => void) | null} | null}
 */
let listening = null;
/** Why it does not listen, or no longer. */
let deaf = '';
/** A fault of the page rather than of a file. */
let fault = '';

// Long enough for shaders that are compiled in software, and for hours of sound that are decoded.
window.soundalike = { answer: null, patience: 300_000 };

/** @param {PageState} state */
function setState(state) {
  document.body.dataset.state = state;
}

const busy = () => work !== null || listening !== null;

// --- loading ---

async function start() {
  setState('loading');
  fault = '';
  again.hidden = true;
  showErrors();
  engine?.close();
  engine = null;
  strip.showLoading(0);
  showProgress(t('Fetching the model'), 0);
  const asked = askedDevice(location.search);
  let cpu;
  try {
    cpu = await Engine.start('cpu', (done, total) => {
      const words = format('Fetching the model: {} of {}', megabytes(done), megabytes(total));
      showProgress(words, done / total);
      strip.showLoading((done / total) * 0.999);
    });
  } catch (reason) {
    fail(reason);
    return;
  }
  cpu.onCrash = fail;
  setBands(cpu.info.band_hertz);
  strip.markPitches();
  const { worth, reason } = await judgeAdapter(asked);
  showDevice('cpu', reason);
  let next = cpu;
  if (worth && asked === 'gpu') {
    showProgress(t('Preparing the graphics processor'), -1);
    const choice = await tryGpu(asked, cpu, (done, total) => {
      const bytes = [megabytes(done), megabytes(total)];
      const words = format('Preparing the graphics processor: {} of {}', ...bytes);
      showProgress(words, done < total ? done / total : -1);
    });
    if (choice.engine) {
      next = choice.engine;
      next.onCrash = fail;
      cpu.close();
    }
    showDevice(choice.engine ? 'gpu' : 'cpu', choice.reason);
  }
  await remember(next);
  if (fault) return;
  engine = next; // from here on songs are worked on
  survey.setEngine(engine);
  hideProgress();
  strip.showLoading(1);
  taste.attach(engine);
  compareAgain();
  if (songs.some(({ state }) => state === 'waiting')) workThrough();
  else setState(selected ? 'answer' : 'ready');
  wish?.();
  wish = null;
  whenIdle(async () => {
    offline.register();
    showModelCard();
    if (!worth || asked === 'gpu') return;
    const choice = await tryGpu(asked, cpu);
    if (engine !== cpu) choice.engine?.close();
    else if (!choice.engine) showDevice('cpu', choice.reason);
    else if (busy()) successor = { engine: choice.engine, reason: choice.reason };
    else takeOver(choice.engine, choice.reason);
  });
}

/** The graphics processor takes over from the CPU. @param {Engine} next @param {string} reason */
function takeOver(next, reason) {
  forgetHandles();
  engine?.close();
  engine = next;
  survey.setEngine(engine);
  engine.onCrash = fail;
  showDevice('gpu', reason);
  // What was asked of the old one has no answer.
  taste.attach(engine);
  compareAgain();
  showPlaces();
}

/** A worker that is gone knows no song any more. */
function forgetHandles() {
  for (const song of songs) song.handle = null;
  saliency.offer(false);
}

/** @param {() => void} job */
function whenIdle(job) {
  // Not in every browser yet.
  if ('requestIdleCallback' in window) requestIdleCallback(job, { timeout: 3000 });
  else setTimeout(job, 500);
}

/** The engine cannot go on: say so, offer a new one. @param {unknown} reason */
function fail(reason) {
  fault = reason instanceof Error ? reason.message : String(reason);
  engine = null;
  survey.setEngine(null);
  forgetHandles();
  hideProgress();
  again.hidden = false;
  showErrors();
  setState('error');
}

// --- songs ---

/** @param {string} name @param {File | null} file @returns {Song} */
function newSong(name, file) {
  return {
    name,
    file,
    state: 'waiting',
    fromFile: file !== null,
    before: false,
    seconds: 0,
    heard: 0,
    picture: null,
    answer: null,
    whole: false,
    similar: [],
    narrowing: null,
    notes: [],
    error: '',
    playable: null,
    handle: null,
    took: 0,
    modelSha256: '',
  };
}

/**
 * Takes new songs, after those that are there already.
 * @param {Song[]} next
 * @param {string[]} folders
 */
function take(next, folders) {
  if (!busy() && (engine || fault)) {
    songs = songs.filter(({ state }) => state === 'done');
    refused = [];
    deaf = '';
    select(null);
  }
  songs = [...songs, ...next];
  refused = [
    ...refused,
    ...folders.map((name) =>
      format(
        '“{}” is a folder, and a page may not look into it. Open it and drop the songs themselves.',
        name,
      ),
    ),
  ];
  showErrors();
  files.show(songs, selected);
  if (fault) start();
  if (!engine) {
    strip.clear(next[0]?.name); // they wait for the model
    return;
  }
  if (!busy()) workThrough();
}

/** Songs of earlier visits, as far as this model heard them. @param {Engine} by */
async function remember(by) {
  if (songs.some(({ before }) => before)) return;
  const kept = await store.all(by.info.model_sha256);
  const known = kept.map((song) => ({
    ...newSong(song.name, null),
    ...song,
    state: /** @type {const} */ ('done'),
    before: true,
    heard: song.seconds,
    whole: true,
  }));
  songs = [...known, ...songs];
  const last = known.at(-1);
  if (last && songs.length === known.length) select(last);
  else files.show(songs, selected);
}

/** Keeps what was said of a song, in place of what was said of it before. @param {Song} song */
function keep(song) {
  const { name, seconds, answer, picture, similar: alike, narrowing, notes, took } = song;
  const { modelSha256, fromFile } = song;
  const said = { answer, picture, similar: alike, narrowing, notes, took, modelSha256 };
  store.keep({ name, seconds, fromFile, ...said, when: Date.now() });
  songs = songs.filter((old) => old === song || old.name !== name || old.seconds !== seconds);
  if (selected && !songs.includes(selected)) select(song);
}

/**
 * Forgets every song; what is worked on goes on, and so does what was chosen in the meantime.
 * @param {Promise<boolean>} cleared whether this browser keeps nothing of them any more
 */
async function forget(cleared) {
  const old = new Set(songs);
  const forgotten = await cleared;
  const settled = ['done', 'failed', 'cancelled'];
  songs = songs.filter((song) => !old.has(song) || !settled.includes(song.state));
  if (document.activeElement?.closest('#files')) byId('main', HTMLElement).focus();
  if (busy() || songs.length > 0) {
    if (selected && !songs.includes(selected)) select(null);
    else files.show(songs, selected);
  } else {
    refused = [];
    deaf = '';
    select(null);
    if (engine) setState('ready');
  }
  showErrors();
  showPlaces();
  if (forgotten) setText(live, 'Your songs are forgotten.');
  else
    setText(
      error,
      'This browser did not forget the songs. Clear this page’s data in its settings.',
    );
}

/** Works through the waiting songs, one after another. */
async function workThrough() {
  work = new AbortController();
  setState('working');
  run = [];
  for (;;) {
    const song = songs.find(({ state }) => state === 'waiting');
    if (!song || !engine || work.signal.aborted) break;
    run.push(song);
    await hear(song, engine, work.signal);
    files.show(songs, selected);
    showErrors();
  }
  if (work.signal.aborted) {
    for (const song of songs) if (song.state === 'waiting') song.state = 'cancelled';
  }
  work = null;
  hideProgress();
  if (fault) return;
  changeOver();
  const answered = run.filter(({ state }) => state === 'done');
  if (selected?.state !== 'done') select(answered.at(-1) ?? null);
  files.show(songs, selected);
  if (answered.length > 0) setState('answer');
  else setState(errorText() ? 'error' : 'ready');
  announce();
}

/**
 * One song from file to answer.
 * @param {Song} song
 * @param {Engine} by
 * @param {AbortSignal} signal
 */
async function hear(song, by, signal) {
  const began = performance.now();
  /** @param {Song['state']} state */
  const enter = (state) => {
    song.state = state;
    if (!selected) strip.clear(song.name);
    showWork(song);
  };
  try {
    let sound;
    if (song.file) {
      const opened = await openSound(song.file, by, signal, enter);
      sound = opened.sound;
      song.playable = opened.playable;
    } else {
      enter('decoding');
      sound = await by.sample();
      song.playable = sound.wav;
    }
    if (signal.aborted) {
      by.release(sound);
      throw new Cancelled();
    }
    song.seconds = sound.seconds;
    song.notes = sound.notes;
    enter('analysing');
    const answer = await by.analyse(
      sound,
      (picture) => {
        song.picture = picture;
        showPart(song);
      },
      (partial) => {
        song.answer = partial.answer;
        song.heard = partial.heard;
        showPart(song);
        showWork(song);
      },
      signal,
    );
    if (signal.aborted) throw new Cancelled();
    song.answer = answer;
    song.heard = song.seconds;
    song.notes = [...new Set([...song.notes, ...answer.notes])];
    enter('comparing');
    song.narrowing = similar.narrowing;
    song.similar = await by.similar(answer, HOW_MANY, song.narrowing);
    song.modelSha256 = by.info.model_sha256;
    song.whole = true;
    song.handle = sound.handle;
    song.took = performance.now() - began;
    song.state = 'done';
    keep(song);
    showPart(song);
    setTimeout(showPlaces, MAP_LATER);
  } catch (reason) {
    song.answer = null;
    song.picture = null;
    song.playable = null;
    song.state = reason instanceof Cancelled ? 'cancelled' : 'failed';
    if (song.state === 'failed') {
      song.error = reason instanceof Error ? reason.message : String(reason);
      if (reason instanceof Crashed) song.error = 'The program stopped while it heard this.';
    }
    if (song === selected) select(null);
  }
}

/** Shows what is new about a song, if it is the one to show. @param {Song} song */
function showPart(song) {
  if (song === selected) show(song);
  else if (!selected) select(song);
}

/** @param {Narrowing | null} a @param {Narrowing} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Neighbours of the kind that is chosen now, for the song on show. */
async function compareAgain() {
  const song = selected;
  const { narrowing } = similar;
  if (!song?.answer || !song.whole || !engine || same(song.narrowing, narrowing)) return;
  try {
    const songs = await engine.similar(song.answer, HOW_MANY, narrowing);
    if (!same(narrowing, similar.narrowing)) return; // changed again meanwhile
    song.similar = songs;
    song.narrowing = narrowing;
    if (song === selected) show(song);
  } catch {
    // A crash is told by onCrash.
  }
}

/** @param {string} id */
function focusOn(id) {
  byId(id, HTMLElement).focus({ preventScroll: true });
}

/** @param {Song | null} song */
function select(song) {
  const other = song !== selected;
  selected = song;
  if (other) {
    similar.forgetWishes();
    saliency.clear();
    // Space shall play, not press once more the button that brought the song.
    const brought = document.activeElement?.closest('#welcome, #deck .ways');
    if (song && brought) queueMicrotask(() => focusOn('seek'));
  }
  if (!song) {
    deck.hidden = true;
    player.load(null);
    strip.clear();
    result.show(null);
    similar.show([], '');
    window.soundalike.answer = null;
    document.body.style.removeProperty('--accent');
  } else {
    if (other) player.load(song.playable, song.name, song.before && song.fromFile);
    show(song);
    compareAgain();
  }
  files.show(songs, selected);
}

/** @param {Song} song */
function show(song) {
  deck.hidden = false;
  setRawText(songName, song.name);
  saliency.offer(song.whole && song.handle !== null);
  strip.showSong(song);
  showAnswer(song);
}

/** @param {Song} song */
function showAnswer(song) {
  result.show(song);
  similar.show(song.similar, song.whole ? song.name : '');
  const top = song.answer && ranked(song.answer.probabilities)[0];
  if (song.answer && top && verdict(song.answer).sure) {
    document.body.style.setProperty('--accent', genreColour(top[0]));
  } else document.body.style.removeProperty('--accent');
  window.soundalike.answer =
    song.answer && (song.whole || song === listening?.song)
      ? { ...song.answer, name: song.name, similar: song.similar }
      : null;
}

// --- listening ---

/** Seconds between two looks for similar songs while it listens. */
const COMPARE_EVERY = 3;

/** @param {Kind} kind @param {string} [device] */
async function listen(kind, device = '') {
  if (!engine) {
    wish = () => listen(kind, device); // as files do, it waits for the model
    if (fault) start();
    return;
  }
  if (busy()) return;
  deaf = '';
  showErrors();
  let capture;
  try {
    capture = await Capture.open(kind, device, (sentence) => {
      deaf = sentence;
      showErrors();
      stopListening();
    });
  } catch (reason) {
    if (!(reason instanceof CaptureError)) throw reason;
    deaf = reason.message;
    showErrors();
    if (!selected) setState('error');
    return;
  }
  // The question for permission may have taken a while.
  if (!engine || busy()) {
    capture.close();
    return;
  }
  const by = engine;
  select(null);
  const language = locale() === 'en' ? [] : locale();
  const time = new Date().toLocaleString(language, {
    ...{ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const song = newSong(format(kind === 'tab' ? 'A tab, {}' : 'Microphone, {}', time), null);
  song.state = 'listening';
  song.seconds = LIVE_WINDOW_SECONDS;
  listening = { song, kind, compared: 0, answer: null, moments: [], seconds: 0, next: null };
  setState('listening');
  setText(said, 'Listening');
  listenRow.show(kind, capture.device);
  const canvas = strip.showLive().transferControlToOffscreen();
  focusOn('stop');
  try {
    const { picture, seconds } = await by.listen(
      capture.rate,
      capture.port,
      canvas,
      strip.palette,
      (level) => listenRow.showLevel(level),
      (now) => showNow(now, by),
    );
    song.picture = picture;
    song.seconds = seconds;
  } catch (reason) {
    // A crash is told by onCrash.
    if (!(reason instanceof Crashed)) deaf = reason instanceof Error ? reason.message : '';
  }
  capture.close();
  const { answer, moments, seconds, next } = listening;
  listening = null;
  listenRow.hide();
  if (fault) {
    select(null);
    return;
  }
  if (next) select(null);
  else if (answer && song.picture) {
    song.answer = answer;
    const edge = Math.max(0, seconds - song.seconds);
    answer.timeline = onStrip(moments, edge);
    keepHeard(song, answer, by);
    focusOn('seek');
  } else {
    select(null);
    setState(errorText() ? 'error' : 'ready');
    focusOn('main');
  }
  showErrors();
  changeOver();
  if (next) next();
  else if (songs.some(({ state }) => state === 'waiting')) workThrough();
}

/**
 * About once a second: what the last seconds sound like.
 * @param {LiveOutput} now
 * @param {Engine} by
 */
function showNow({ answer, quiet, seconds }, by) {
  if (!listening) return;
  const { song, moments } = listening;
  listening.seconds = seconds;
  setText(said, quiet ? 'Too quiet to hear anything' : answer ? '' : 'Listening');
  song.answer = answer;
  if (!answer) {
    result.show(null);
    similar.show([], '');
    window.soundalike.answer = null;
    strip.showLiveBands(song, 1);
    return;
  }
  listening.answer = answer;
  // After a pause it speaks for the segment that it heard, not for the pause.
  const before = Math.max(moments.at(-1)?.end ?? 0, seconds - by.info.segment_seconds);
  const next = [...moments, { start: before, end: seconds, probabilities: answer.probabilities }];
  const edge = seconds - LIVE_WINDOW_SECONDS;
  listening.moments = next.filter(({ end }) => end > edge);
  answer.timeline = onStrip(listening.moments, edge);
  strip.showLiveBands(song, 1);
  showAnswer(song);
  if (seconds - listening.compared >= COMPARE_EVERY) {
    listening.compared = seconds;
    song.narrowing = similar.narrowing;
    by.similar(answer, HOW_MANY, song.narrowing).then(
      (songs) => {
        song.similar = songs;
        if (listening?.song === song) similar.show(songs, '');
      },
      () => {}, // a crash is told by onCrash
    );
  }
}

/** Moments as the strip shows them, measured from its left edge. @param {Segment[]} moments @param {number} edge */
function onStrip(moments, edge) {
  const shown = moments.filter(({ end }) => end > edge);
  return shown.map(({ start, end, probabilities }) => ({
    start: Math.max(0, start - edge),
    end: end - edge,
    probabilities,
  }));
}

/** What was heard last becomes a song like any other. @param {Song} song @param {Answer} answer @param {Engine} by */
function keepHeard(song, answer, by) {
  answer.seconds = song.seconds;
  song.state = 'done';
  song.whole = true;
  song.heard = song.seconds;
  song.modelSha256 = by.info.model_sha256;
  song.narrowing = null; // what it is like was looked for a while ago
  songs = [...songs, song];
  keep(song);
  showPlaces();
  select(song);
  setState('answer');
  announce();
}

function stopListening() {
  engine?.stopListening();
}

/** The processor that waits takes over, now that nothing goes on. */
function changeOver() {
  if (!successor || busy()) return;
  takeOver(successor.engine, successor.reason);
  successor = null;
}

// --- the map ---

/** @type {Promise<CatalogMap> | null} */
let asked = null;

/** Milliseconds after an answer, so that the map is not drawn in the same frame. */
const MAP_LATER = 200;

/** The visitor's songs on the map. */
async function showPlaces() {
  const by = engine;
  if (!asked || !by) return;
  const heard = songs.filter(({ answer, whole }) => answer && whole);
  try {
    await asked;
    const places = await Promise.all(
      heard.map(async ({ name, answer }) => ({
        name,
        genre: answer?.genre ?? '',
        point: answer
          ? await by.place(answer)
          : /** @type {[number, number, number]} */ ([0, 0, 0]),
      })),
    );
    map.showSongs(places);
  } catch {
    // A crash is told by onCrash.
  }
}

// --- words ---

/** The progress line. @param {string} text in the page's language @param {number} share 0 to 1, or less where unknown */
function showProgress(text, share) {
  progress.hidden = false;
  cancelButton.hidden = !busy();
  setRawText(doing, text);
  if (share >= 0) meter.value = Math.min(1, share);
  else meter.removeAttribute('value');
}

function hideProgress() {
  progress.hidden = true;
}

/** @param {Song} song */
function showWork(song) {
  const all = run.length + songs.filter(({ state }) => state === 'waiting').length;
  const which = all > 1 ? format('{} of {}, {}', run.length, all, song.name) : song.name;
  const share = song.state === 'analysing' ? song.heard / song.seconds : song.heard > 0 ? 1 : -1;
  const word =
    song.state === 'analysing'
      ? format('analysing, {} of {}', clock(song.heard), clock(song.seconds))
      : t(song.state);
  showProgress(`${which}: ${word}`, share);
  if (song.state === 'analysing' && song.heard > 0) {
    files.show(songs, selected);
    return;
  }
  setRawText(live, `${which}: ${t(song.state)}`);
  files.show(songs, selected);
}

/** Everything that went wrong, one sentence per line, in the page's language. */
function errorText() {
  const lines = songs
    .filter(({ state }) => state === 'failed')
    .map((song) => fileError(song.name, song.error));
  return [translateMessage(fault), translateMessage(deaf), ...refused, ...lines]
    .filter(Boolean)
    .join('\n');
}

function showErrors() {
  setRawText(error, errorText());
}

/** Says the outcome to those who listen to the page. */
function announce() {
  const answer = selected?.answer;
  if (answer && selected) setRawText(live, `${selected.name}: ${verdictText(answer)}`);
  else setText(live, '');
}

// --- what the visitor does ---

acceptFiles((chosenFiles, folders) =>
  take(
    chosenFiles.map((file) => newSong(file.name, file)),
    folders,
  ),
);
for (const id of ['sample', 'sample-again']) {
  byId(id, HTMLButtonElement).addEventListener('click', () =>
    take([newSong(t('A made-up sample'), null)], []),
  );
}
byId('forget-list', HTMLButtonElement).addEventListener('click', () => forget(store.clear()));
byId('forget', HTMLButtonElement).addEventListener('click', () => {
  const cleared = Promise.all([store.clear(), forgetSurvey(), taste.forget()]);
  forget(cleared.then((gone) => !gone.includes(false)));
});
const languages = byId('language', HTMLSelectElement);
for (const [code, ownName] of Object.entries(LANGUAGES)) {
  const option = new Option(ownName, code);
  option.lang = code;
  languages.append(option);
}
languages.value = locale();
languages.addEventListener('change', () => setLanguage(languages.value));
cancelButton.addEventListener('click', () => work?.abort());
again.addEventListener('click', () => {
  songs = songs.filter(({ state }) => state !== 'failed');
  refused = [];
  start();
});

listenRow.onStart = listen;
listenRow.onStop = stopListening;
listenRow.onSource = (device) => {
  if (!listening) return;
  const { kind } = listening;
  listening.next = () => listen(kind, device);
  stopListening();
};

map.onOpen = () => {
  if (!engine || asked) return;
  asked = engine.map();
  asked.then(
    (shown) => {
      map.show(shown);
      showPlaces();
    },
    () => {
      asked = null;
    },
  );
};
map.onLike = async (track) => {
  if (!engine) return;
  map.showLike(await engine.like(track, HOW_MANY, similar.narrowing.mode));
};

files.onSelect = (song) => {
  select(song);
  announce();
};

survey.heard = () => selected;

similar.onChange = () => compareAgain();

taste.onChange = () => {
  similar.taste = taste.revision;
  similar.showRatings();
  result.showRating();
  map.showRating();
  compareAgain();
};
similar.ratingOf = (track) => taste.ratingOf(track);
similar.onRate = (song, opinion) => taste.rate(song, opinion);
map.ratingOf = (track) => taste.ratingOf(track);
map.onRate = (song, opinion) => taste.rate(song, opinion);
result.ratingOf = (song) => taste.ratingOfOwn(song.name, song.seconds);
result.onRate = (song, opinion) => taste.rateOwn(song, opinion);

strip.onSeek = (seconds) => player.seek(seconds);
saliency.onAsk = async () => {
  const song = selected;
  const { answer, handle = null } = song ?? {};
  if (!song || !answer || handle === null || !engine) return;
  // Of the moment, which need not be the whole song's.
  const [genre] = topGenreAt(answer.timeline, player.time) ?? [answer.genre];
  const mine = () => song === selected;
  saliency.wait(genre);
  try {
    await engine.explain(handle, player.time, genre, (spoke) => {
      if (mine()) saliency.show(spoke, song.seconds);
    });
  } catch (reason) {
    if (!mine()) return;
    saliency.clear();
    if (reason instanceof Crashed) return;
    song.handle = null;
    saliency.offer(false);
    saliency.complain(reason instanceof Error ? reason.message : String(reason));
  }
};
player.onTime = (seconds) => strip.setTime(seconds);
player.onFailure = (sentence) => setText(live, sentence);

window.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === 'Escape' && busy()) {
    event.preventDefault();
    if (listening) stopListening();
    work?.abort();
    return;
  }
  const target = /** @type {Element} */ (event.target);
  const onSeek = target.id === 'seek';
  const onControl = target.closest('button, a, input, select, textarea, summary, [tabindex]');
  if (!player.ready || (onControl && !onSeek && target.id !== 'main')) return;
  const length = selected?.seconds ?? 0;
  const step = event.shiftKey ? 10 : Math.min(2, length / 30);
  const moves = {
    ArrowRight: step,
    ArrowLeft: -step,
    ...(onSeek && { ArrowUp: step, ArrowDown: -step, PageUp: 30, PageDown: -30 }),
    ...(onSeek && { Home: -Infinity, End: length }),
  };
  const move = moves[/** @type {keyof typeof moves} */ (event.key)];
  if (event.key === ' ') player.toggle();
  else if (move !== undefined) player.move(move === -Infinity ? -1e9 : move);
  else return;
  event.preventDefault();
});

start();
