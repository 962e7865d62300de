// The visitor's taste: opinions on songs, what the worker learns from them, and what it asks next.

import { byId, make, rawText, setRawText } from '../lib/dom.js';
import { Crashed, messageOf } from '../engine/engine.js';
import { percent } from '../lib/format.js';
import { genreName, paintGenre } from '../lib/genres.js';
import { save } from '../lib/download.js';
import { FORMAT, readOpinions } from '../lib/opinions.js';
import { sourceLinks } from '../lib/source-links.js';
import { TasteStorage } from '../storage/taste-storage.js';
import { showRating, ratingButtons } from './rating-buttons.js';
import { format, locale, t, translateMessage } from '../i18n/i18n.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { Answer, TrackToRate, StoredRating, LearntTaste, Rating, TastePopulation } from '../types.js' */

const FILE = 'soundalike-taste.json';
/** From which certainty on it is spoken of so, the greatest first. @type {[number, string][]} */
const CERTAINTY = [
  [0.6, 'Quite sure'],
  [0.35, 'Getting clearer'],
  [0, 'A first guess'],
];

export class TasteView {
  #store = new TasteStorage();
  #words = byId('taste-words', HTMLElement);
  #sure = byId('taste-sure', HTMLElement);
  #ask = byId('taste-ask', HTMLElement);
  #all = byId('taste-all', HTMLDetailsElement);
  #list = byId('taste-list', HTMLElement);
  #others = byId('taste-others', HTMLInputElement);
  #people = byId('taste-people', HTMLElement);
  #trouble = byId('taste-trouble', HTMLElement);
  #file = byId('taste-file', HTMLInputElement);
  #export = byId('taste-export', HTMLButtonElement);
  #forget = byId('taste-forget', HTMLButtonElement);
  /** By key, the oldest first. @type {Map<string, StoredRating>} */
  #opinions = new Map();
  /** @type {Map<number, Rating>} */
  #onTracks = new Map();
  /** @type {Engine | null} */
  #engine = null;
  /** Only the last of several learnings counts. */
  #turn = 0;
  /** What the list of similar songs depends on; empty without opinions. */
  #revision = '';
  /** What is kept has been read. */
  #read = this.#recall();

  /** Called when songs are to be ranked anew. @type {() => void} */
  onChange = () => {};

  constructor() {
    this.#others.addEventListener('change', () => {
      this.#store.keepOthers(this.#others.checked);
      if (this.#engine) this.attach(this.#engine);
    });
    this.#export.addEventListener('click', () => this.#save());
    byId('taste-import', HTMLButtonElement).addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => this.#load());
    this.#forget.addEventListener('click', () => this.forget());
  }

  get revision() {
    return this.#revision;
  }

  /** @param {number} track @returns {Rating | null} */
  ratingOf(track) {
    return this.#onTracks.get(track) ?? null;
  }

  /** @param {string} called @param {number} seconds @returns {Rating | null} */
  ratingOfOwn(called, seconds) {
    return this.#opinions.get(ownKey(called, seconds))?.opinion ?? null;
  }

  /** Another engine learns from now on. @param {Engine} engine */
  async attach(engine) {
    this.#engine = engine;
    await this.#read;
    if (engine !== this.#engine) return;
    const others = this.#others.checked;
    try {
      const people = await engine.setPopulation(others);
      this.#showPeople(people);
    } catch (reason) {
      if (reason instanceof Crashed) return;
      this.#others.checked = false;
      this.#complain(messageOf(reason));
    }
    await this.#learn();
  }

  /**
   * @param {{track: number, title: string, artist: string}} song of the catalogue
   * @param {Rating | null} opinion null takes it back
   */
  async rate({ track, title, artist }, opinion) {
    const path = await this.#engine?.pathOf(track).catch(() => undefined);
    if (path === undefined) return;
    this.#change({ key: `catalog:${path}`, path, title, artist, when: Date.now() }, opinion);
  }

  /**
   * @param {{name: string, seconds: number, answer: Answer | null, modelSha256: string}} song the visitor's own
   * @param {Rating | null} opinion
   */
  rateOwn({ name: title, seconds, answer, modelSha256 }, opinion) {
    if (!answer) return;
    const key = ownKey(title, seconds);
    const { embedding } = answer;
    this.#change({ key, title, artist: '', embedding, modelSha256, when: Date.now() }, opinion);
  }

  /** Forgets all opinions. @returns {Promise<boolean>} false if something may be left */
  async forget() {
    this.#opinions.clear();
    this.#others.checked = false;
    const forgotten = await this.#store.clear();
    if (document.activeElement === this.#forget) byId('taste', HTMLElement).focus();
    if (this.#engine) await this.attach(this.#engine);
    else this.#showList();
    this.#complain(
      forgotten
        ? ''
        : 'This browser did not forget your taste. Clear this page’s data in its settings.',
    );
    return forgotten;
  }

  async #recall() {
    const [opinions, others] = await Promise.all([this.#store.all(), this.#store.others()]);
    this.#opinions = new Map(opinions.map((opinion) => [opinion.key, opinion]));
    this.#others.checked = others;
  }

  /** @param {Omit<StoredRating, 'opinion'>} song @param {Rating | null} opinion */
  #change(song, opinion) {
    this.#complain('');
    this.#opinions.delete(song.key);
    if (opinion) {
      const kept = { ...song, opinion };
      this.#opinions.set(song.key, kept);
      this.#store.keep(kept);
    } else this.#store.drop(song.key);
    this.#learn();
  }

  /** Fits the taste to all ratings and shows its summary. */
  async #learn() {
    const engine = this.#engine;
    if (!engine) return;
    const turn = ++this.#turn;
    const opinions = [...this.#opinions.values()].filter(
      ({ path, modelSha256 }) => path !== undefined || modelSha256 === engine.info.model_sha256,
    );
    /** @type {LearntTaste} */
    let learning;
    try {
      learning = await engine.learnTaste(opinions);
    } catch {
      return; // a crash is reported by onCrash
    }
    if (turn !== this.#turn) return;
    this.#onTracks = new Map();
    for (const [at, { opinion }] of opinions.entries()) {
      const track = learning.tracks[at];
      if (typeof track === 'number') this.#onTracks.set(track, opinion);
    }
    const last = opinions.at(-1);
    const labels = learning.summary.labels;
    this.#revision =
      labels > 0 && last ? `${labels}:${last.when}:${last.key}:${this.#others.checked}` : '';
    this.#show(learning);
    this.#showList();
    this.onChange();
  }

  /** @param {LearntTaste} learning */
  #show({ summary: { labels, more, less, certainty }, ask }) {
    const list = new Intl.ListFormat(locale(), { type: 'conjunction' });
    const named = (/** @type {typeof more} */ traits) =>
      list.format(traits.map(({ name: trait }) => translateMessage(trait)));
    const [likes, dislikes] = [named(more), named(less)];
    let words = t('Nothing yet');
    if (likes && dislikes) words = format('More {}, less {}', likes, dislikes);
    else if (likes) words = format('More {}', likes);
    else if (dislikes) words = format('Less {}', dislikes);
    else if (labels > 0) words = t('Nothing clear yet');
    setRawText(this.#words, words);
    const [, sure = ''] = CERTAINTY.find(([least]) => certainty >= least) ?? [];
    setRawText(
      this.#sure,
      labels === 0
        ? t('Rate a few songs: the list of similar songs then follows your taste.')
        : format(
            labels === 1 ? '{} after {} opinion: {} certain.' : '{} after {} opinions: {} certain.',
            t(sure),
            labels,
            percent(certainty),
          ),
    );
    this.#sure.dataset.certainty = String(certainty);
    this.#showAsk(ask);
  }

  /** The song that an opinion would tell most about. @param {TrackToRate | null} song */
  #showAsk(song) {
    // Whoever answers by keyboard stays at the same button of the next question.
    const at = document.activeElement;
    const held =
      at instanceof HTMLElement && this.#ask.contains(at) ? at.dataset.answer : undefined;
    this.#ask.hidden = !song;
    if (!song) return;
    this.#ask.dataset.track = String(song.track);
    const title = song.title || t('Untitled');
    const genre = make('span', 'genre', genreName(song.genre));
    paintGenre(genre, song.genre);
    const line = make('p', 'more', genre, ...sourceLinks(song));
    const ways = make('p', 'ways');
    for (const [opinion, label] of /** @type {const} */ ([
      ['like', 'I like it'],
      ['dislike', 'I do not like it'],
      ['unknown', 'I do not know it'],
    ])) {
      const button = make('button', 'pill', label);
      button.type = 'button';
      button.dataset.answer = opinion;
      button.addEventListener('click', () => this.rate(song, opinion));
      ways.append(button);
    }
    this.#ask.replaceChildren(
      make('h3', '', 'Do you like this one?'),
      make(
        'p',
        'asked',
        make('strong', '', rawText(title)),
        ' ',
        make('span', 'artist', rawText(song.artist || t('unknown artist'))),
      ),
      line,
      ways,
    );
    const next = held && ways.querySelector(`[data-answer="${held}"]`);
    if (next instanceof HTMLElement) next.focus({ preventScroll: true });
  }

  /** All opinions, the last first, each to be changed. */
  #showList() {
    const opinions = [...this.#opinions.values()].filter(({ opinion }) => opinion !== 'unknown');
    const { size } = this.#opinions;
    this.#all.hidden = opinions.length === 0;
    this.#export.disabled = size === 0;
    this.#forget.disabled = size === 0 && !this.#others.checked;
    setRawText(
      byId('taste-count', HTMLElement),
      format(opinions.length === 1 ? 'Your {} opinion' : 'Your {} opinions', opinions.length),
    );
    const rows = new Map(
      [...this.#list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.key, row]),
    );
    const next = opinions.reverse().map((kept) => {
      const { key, title, artist, opinion } = kept;
      let row = rows.get(key);
      if (!row) {
        const called = make('span', '', make('strong', '', rawText(title || t('Untitled'))));
        if (artist) called.append(' ', make('span', 'artist', rawText(artist)));
        const both = ratingButtons(title, opinion, (changed) =>
          this.#change({ ...kept, when: Date.now() }, changed),
        );
        row = make('li', '', called, both);
        /** @type {HTMLElement} */ (row).dataset.key = key;
      }
      showRating(row, opinion);
      return row;
    });
    const held = document.activeElement;
    this.#list.replaceChildren(...next);
    if (held instanceof HTMLElement && this.#list.contains(held)) held.focus();
  }

  /** @param {TastePopulation | null} people whose tastes are what is thought before the first opinion */
  #showPeople(people) {
    setRawText(
      this.#people,
      !people
        ? ''
        : people.simulated
          ? format('Learnt from {} simulated people, not from real ones.', people.answers)
          : format('Learnt from {} answers to the survey “{}”.', people.answers, people.survey),
    );
  }

  /** @param {import('../types.js').Message} sentence */
  #complain(sentence) {
    setRawText(this.#trouble, sentence && translateMessage(sentence));
  }

  #save() {
    const opinions = [...this.#opinions.values()];
    const record = { soundalike_taste: FORMAT, others: this.#others.checked, opinions };
    save(FILE, 'application/json', JSON.stringify(record, null, 2));
  }

  /** Adds the opinions of a file; for songs that are there already, the file's count. */
  async #load() {
    const [file] = this.#file.files ?? [];
    this.#file.value = '';
    if (!file) return;
    let record;
    try {
      record = JSON.parse(await file.text());
    } catch {
      record = null;
    }
    const taken = readOpinions(record);
    if (typeof taken === 'string') {
      setRawText(this.#trouble, `${file.name}: ${t(taken)}`);
      return;
    }
    for (const opinion of taken) {
      this.#opinions.delete(opinion.key);
      this.#opinions.set(opinion.key, opinion);
      await this.#store.keep(opinion);
    }
    setRawText(this.#trouble, '');
    await this.#learn();
  }
}

/** By what an own song is known. @param {string} called @param {number} seconds */
const ownKey = (called, seconds) => `own:${called}:${seconds.toFixed(2)}`;
