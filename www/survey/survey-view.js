// The survey: from the consent to the thanks, one step at a time. Every step is kept in this browser as soon as
// it is taken (survey-store.js); what is sent goes by the queue (survey-send.js). What the survey asks is its
// researcher's (survey/config.json); whatever of it is shown is text.

import { byId, make, rawText, setRawText, setText } from '../lib/dom.js';
import { Cancelled, Crashed } from '../engine/engine.js';
import { translateSentence, fileError, formatCount } from '../lib/format.js';
import { save } from '../lib/download.js';
import { sourceLinks } from '../views/similar-songs.js';
import { openSound } from '../engine/open-sound.js';
import {
  COMMENT_MOST,
  FAVOURITES,
  FEATURES,
  answerOf,
  newAnswer,
  onlyHere,
  open,
  plainText,
  random,
  reasonOf,
  short,
} from './answer.js';
import { SendQueue, fetchSurvey, send } from './collector.js';
import {
  allAnswers,
  clearAnswers,
  dropAnswer,
  keepAnswer,
  isPersistent,
} from './answer-storage.js';
import {
  SongSearch,
  button,
  songLabel,
  confirmButton,
  contactLink,
  labelledInput,
  heading,
  localisedText,
  paragraph,
  buttonRow,
} from './parts.js';
import { format, locale, t, translateMessage } from '../i18n/i18n.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { Choice, StoredAnswer, Rating, Song, SurveyConfig, SurveySong, SurveyStep } from '../types.js' */

/** The contact of a survey that nobody has filled in yet (src/survey/config.rs). */
const PLACEHOLDER = 'nobody@example.org';

/** Milliseconds until what waits from earlier visits is sent: the model comes first. */
const LATER = 4000;

/** @type {SurveyStep[]} */
const STEPS = ['consent', 'favourite', 'songs', 'three', 'comment', 'review'];
/** @type {Record<SurveyStep, string>} */
const HEADINGS = {
  consent: 'Before you begin',
  favourite: 'Your favourite song',
  songs: 'Do you like it?',
  three: 'Three favourites',
  comment: 'Anything else?',
  review: 'Your answer',
};

/** @type {{opinion: Rating, key: string, sign: string, text: string}[]} */
const RATINGS = [
  { opinion: 'dislike', key: 'ArrowLeft', sign: '←', text: 'Dislike' },
  { opinion: 'unknown', key: 'ArrowDown', sign: '↓', text: 'Don’t know' },
  { opinion: 'like', key: 'ArrowRight', sign: '→', text: 'Like' },
];

/** Every view there is, so that all forget. @type {Set<SurveyView>} */
const views = new Set();

/**
 * Forgets every answer in this browser, those that wait and the secrets of those that were sent.
 * @returns {Promise<boolean>} false if something may be left
 */
export async function forgetSurvey() {
  const forgotten = await clearAnswers();
  for (const view of views) view.forgotten();
  return forgotten;
}

export class SurveyView {
  #section = byId('survey', HTMLElement);
  #form = byId('survey-form', HTMLFormElement);
  #said = byId('survey-said', HTMLElement);
  #queue = new SendQueue();
  /** @type {Engine | null} */
  #engine = null;
  /** @type {SurveyConfig | null} */
  #config = null;
  /** Whether somebody collects answers; null where that is not known. @type {boolean | null} */
  #collector = null;
  /** Answers to this survey, the oldest first. @type {StoredAnswer[]} */
  #answers = [];
  #opened = false;
  /** Called when the engine comes or goes, by what is on show. @type {() => void} */
  #onEngine = () => {};
  /** @type {(event: KeyboardEvent) => void} */
  #onKey = () => {};
  /** Called when the visitor comes to the survey, from the song above perhaps. @type {() => void} */
  #onLook = () => {};
  /** Ends what the step on show has begun. @type {AbortController | null} */
  #work = null;
  /** One song is changed; then it goes back to the review. */
  #single = false;
  /** @type {Promise<Choice[]> | null} */
  #choices = null;

  /** The song on show above, which may be the favourite. @type {() => Song | null} */
  currentSong = () => null;

  constructor() {
    views.add(this);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#next();
    });
    this.#section.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
      this.#onKey(event);
    });
    for (const comes of ['pointerenter', 'focusin']) {
      this.#section.addEventListener(comes, () => this.#onLook());
    }
    this.#queue.onChange = (begun, now) => this.#changed(begun, now);
    const watch = new IntersectionObserver((entries) => {
      if (!entries.at(-1)?.isIntersecting) return;
      watch.disconnect();
      this.#open();
    });
    watch.observe(this.#section);
    setTimeout(() => this.#queue.send(), LATER);
  }

  /** @param {Engine | null} engine that hears now */
  setEngine(engine) {
    this.#engine = engine;
    this.#choices = null;
    if (this.#opened && engine && !this.#fits() && this.#form.dataset.step !== 'misfit') {
      this.#show(false);
    } else this.#onEngine();
  }

  /** All is forgotten: begin anew. */
  forgotten() {
    this.#answers = [];
    if (this.#config) this.#show(false);
  }

  async #open() {
    this.#opened = true;
    const [found, answers] = await Promise.all([fetchSurvey(), allAnswers()]);
    if (!found) {
      this.#fill(
        'none',
        make('p', '', 'There is no survey here now. Come back later, or try again.'),
        buttonRow(button('Try again', () => this.#open())),
      );
      return;
    }
    this.#config = found.config;
    this.#collector = found.collector;
    this.#answers = answers.filter(({ survey }) => survey === found.config.id);
    for (const answer of this.#answers) this.#refresh(answer, found.config);
    this.#show(false);
    this.#queue.send();
  }

  /** The survey may have changed since this was answered. @param {StoredAnswer} answer @param {SurveyConfig} config */
  #refresh(answer, { consent_version: version, songs }) {
    if (!open(answer)) return;
    const asked = new Set(songs.map(({ id }) => id));
    const opinions = Object.entries(answer.opinions).filter(([id]) => asked.has(id));
    answer.opinions = Object.fromEntries(opinions);
    answer.favourites = answer.favourites.filter((id) => asked.has(id));
    answer.at = Math.min(answer.at, songs.length - 1);
    if (answer.consent && answer.consent.version !== version) answer.consent = null;
    if (!answer.consent) answer.step = 'consent';
  }

  /** What was refused may be the answer to a survey that has changed. @param {StoredAnswer} answer */
  async #askAgain(answer) {
    const found = await fetchSurvey();
    if (found?.config.id !== this.#config?.id || !found) return;
    this.#config = found.config;
    this.#refresh(answer, found.config);
  }

  /** Whether the survey was made for the model that hears here; true while none does. */
  #fits() {
    const here = this.#engine?.info.model_sha256;
    return !here || !this.#config || here === this.#config.model.sha256;
  }

  // --- what is on show ---

  /** The answer on show: what can still be given comes first. */
  get #answer() {
    return this.#answers.findLast(open) ?? this.#answers.at(-1) ?? null;
  }

  /** What is being answered; only asked for where there is something. @returns {StoredAnswer} */
  get #draft() {
    if (!this.#answer) this.#answers.push(newAnswer(this.#config?.id ?? ''));
    return /** @type {StoredAnswer} */ (this.#answer);
  }

  /** Shows where it stands. @param {boolean} focus on its heading */
  #show(focus = true) {
    const config = this.#config;
    if (!config) return;
    if (!this.#fits()) {
      this.#fill('misfit', make('p', 'survey-notice', MISFIT), ...this.#earlier(config, null));
    } else if (this.#answer && !open(this.#answer)) this.#showDone(config, this.#answer);
    else {
      const step = this.#answer?.step ?? 'consent';
      if (step === 'consent') this.#showConsent(config);
      else if (step === 'favourite') this.#showFavourite(config);
      else if (step === 'songs') this.#showSongs(config);
      else if (step === 'three') this.#showThree(config);
      else if (step === 'comment') this.#showComment();
      else this.#showReview(config);
    }
    if (!focus) return;
    const heading = this.#form.querySelector('h3');
    heading?.focus({ preventScroll: true });
    heading?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} step @param {...Node} children */
  #fill(step, ...children) {
    this.#work?.abort();
    this.#work = null;
    this.#onEngine = () => {};
    this.#onKey = () => {};
    this.#onLook = () => {};
    this.#form.dataset.step = step;
    setRawText(this.#said, '');
    this.#form.replaceChildren(...children);
    if (!isPersistent()) this.#form.append(make('p', 'survey-notice', VOLATILE));
  }

  /**
   * A step: its heading, what it asks, and the ways on and back.
   * @param {SurveyStep} step
   * @param {Node[]} children
   * @param {{ on?: string, back?: Node }} [extra] the button's words
   */
  #fillStep(step, children, { on = 'Continue', back } = {}) {
    const number = make(
      'span',
      'survey-step',
      rawText(format('{} of {}', STEPS.indexOf(step) + 1, 6)),
    );
    const before = STEPS[STEPS.indexOf(step) - 1];
    const way = back ?? (before && button('Back', () => this.#go(before), 'quiet'));
    const trouble = make('p', 'survey-trouble');
    trouble.setAttribute('role', 'alert');
    trouble.id = 'survey-trouble';
    const submit = make('button', 'pill filled', on);
    submit.type = 'submit';
    this.#fill(
      step,
      heading(make('span', '', HEADINGS[step]), rawText(' '), number),
      ...children,
      trouble,
      buttonRow(submit, ...(way ? [way] : [])),
    );
  }

  /** Says what hinders. @param {string} sentence in the page's language; empty where nothing does */
  #complain(sentence) {
    const trouble = this.#form.querySelector('#survey-trouble');
    if (trouble) setRawText(trouble, sentence);
  }

  /** Says why the collector refused it. @param {StoredAnswer | null} answer */
  #complainOf(answer) {
    if (answer?.state !== 'refused') return;
    this.#complain(format('The collector did not take it: {}', translateSentence(answer.said)));
  }

  /** Says something to those who listen to the page. @param {string} sentence in the page's language */
  #announce(sentence) {
    setRawText(this.#said, sentence);
  }

  /** Keeps an answer as it is now. */
  async #keep(answer = this.#draft) {
    const kept = isPersistent();
    await keepAnswer(answer);
    if (kept && !isPersistent()) {
      this.#form.append(make('p', 'survey-notice', VOLATILE));
      this.#announce(t(VOLATILE));
    }
  }

  /** @param {SurveyStep} step */
  #go(step) {
    this.#draft.step = step;
    this.#single = false;
    this.#keep();
    this.#show();
  }

  /** The way on from the step on show, if nothing hinders. */
  #next() {
    const config = this.#config;
    const answer = this.#answer;
    const step = this.#form.dataset.step;
    if (!config) return;
    if (step === 'consent') this.#agree(config);
    else if (!answer || !open(answer)) return;
    else if (step === 'favourite') {
      if (answer.favourite) this.#go('songs');
      else this.#complain(t('Choose a song first: from the catalogue, or a file of yours.'));
    } else if (step === 'songs') {
      const left = config.songs.findIndex(({ id }) => !answer.opinions[id]);
      if (left < 0) this.#go('three');
      else {
        answer.at = left;
        this.#keep();
        this.#show(false);
        this.#complain(t('This song has no opinion yet.'));
      }
    } else if (step === 'three') {
      if (answer.favourites.length === FAVOURITES) this.#go('comment');
      else this.#complain(t('Choose three songs.'));
    } else if (step === 'comment') {
      if ([...answer.comment].length <= COMMENT_MOST) this.#go('review');
      else this.#complain(format('At most {} characters are kept.', formatCount(COMMENT_MOST)));
    } else if (step === 'review') this.#submit(config, answer);
  }

  // --- consent ---

  /** @param {SurveyConfig} config */
  #showConsent(config) {
    const { embedding, genres, tags } = config.model;
    const numbers = format(
      'which song of the catalogue; or, of a file of yours, only numbers: {} of its embedding, {} of genres, {} of tags, and {} of small pictures of its sound, from which it cannot be heard again',
      ...[embedding, genres, tags, FEATURES].map(formatCount),
    );
    const fields = make('dl', 'survey-fields');
    const addField = (/** @type {string} */ term, /** @type {string} */ words) =>
      fields.append(make('dt', '', term), make('dd', '', rawText(words)));
    addField('Code', t('made at random in this browser; it stands in place of your name'));
    addField(
      'Consent',
      format('that you agreed to version {} of this text, and when', config.consent_version),
    );
    addField('Favourite song', numbers);
    addField(
      'Opinions',
      format('like, dislike or don’t know, of each of {} songs', config.songs.length),
    );
    addField('Three favourites', t('which of these songs you like best'));
    addField(
      'Comment',
      format(
        'what you write, at most {} characters; leave names out of it',
        formatCount(COMMENT_MOST),
      ),
    );
    addField('Survey and model', t('the survey’s id, and which model has heard'));
    addField('Arrival', t('the day on which it arrived, so that it can be deleted in time'));

    const box = make('input');
    box.type = 'checkbox';
    box.id = 'survey-agree';
    const kept = this.#answer?.consent;
    box.checked = Boolean(kept);
    const agree = make('label', 'survey-agree', box, ' ');
    agree.append(
      make('span', '', 'I have read this, and I agree that my answer is kept for this purpose.'),
    );

    /** @type {Node[]} */
    const notice = config.contact === PLACEHOLDER ? [make('p', 'survey-notice', NOT_REAL)] : [];
    this.#fillStep(
      'consent',
      [
        localisedText('p', 'large', config.title),
        localisedText('p', '', config.purpose),
        ...notice,
        make('h4', '', 'What is kept'),
        fields,
        make('p', '', 'Nothing else: no name, no address, nothing about your browser.'),
        make('h4', '', 'How long, and by whom'),
        make(
          'p',
          '',
          rawText(
            format(
              'For {} days, then it is deleted. You can withdraw it before, at any time.',
              formatCount(config.retention_days),
            ),
          ),
        ),
        paragraph('', 'Responsible: {}. Questions: {}.', config.controller, contactLink(config)),
        agree,
      ],
      {},
    );
    const others = this.#earlier(config, this.#answer);
    this.#form.append(...others, ...this.#elsewhere());
    this.#complainOf(this.#answer);
  }

  /** @param {SurveyConfig} config */
  #agree(config) {
    const box = this.#form.querySelector('#survey-agree');
    if (!(box instanceof HTMLInputElement) || !box.checked) {
      this.#complain(
        t('Without your consent nothing is asked and nothing is kept. Tick the box to go on.'),
      );
      if (box instanceof HTMLElement) box.focus();
      return;
    }
    const answer = this.#draft;
    if (answer.consent?.version !== config.consent_version) {
      answer.consent = {
        version: config.consent_version,
        at: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      };
    }
    this.#go(this.#firstGap(config, answer));
  }

  /** The first step that still lacks something, else the review. @param {SurveyConfig} config @param {StoredAnswer} answer @returns {SurveyStep} */
  #firstGap({ songs }, answer) {
    if (!answer.consent) return 'consent';
    if (!answer.favourite) return 'favourite';
    const left = songs.findIndex(({ id }) => !answer.opinions[id]);
    if (left >= 0) {
      answer.at = left;
      return 'songs';
    }
    return answer.favourites.length < FAVOURITES ? 'three' : 'review';
  }

  // --- the favourite song ---

  /** @param {SurveyConfig} config */
  #showFavourite(config) {
    const chosen = make('p', 'survey-chosen');
    const showChosen = () => {
      const { favourite } = this.#draft;
      const told = favourite
        ? paragraph('', 'Chosen: {}', songLabel(favourite.title, favourite.artist))
        : paragraph('', 'Nothing is chosen yet.');
      chosen.replaceChildren(...told.childNodes);
    };
    showChosen();
    /** @param {NonNullable<StoredAnswer['favourite']>} favourite */
    const take = (favourite) => {
      this.#draft.favourite = favourite;
      this.#keep();
      this.#complain('');
      showChosen();
      this.#announce(chosen.textContent ?? '');
    };

    const label = make('label', '', 'Search the catalogue by title or artist');
    const box = new SongSearch(label, (song) => {
      const sent = { song: { id: song.path } };
      take({ title: song.title, artist: song.artist, sent });
    });

    const input = make('input', 'unseen');
    input.type = 'file';
    input.id = 'survey-file';
    input.accept = byId('file', HTMLInputElement).accept;
    input.tabIndex = -1;
    input.setAttribute('aria-label', t('A sound file of yours'));
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      input.value = '';
      if (file) hear(file);
    });
    const pick = button('Choose a file of yours', () => input.click());
    const above = button('', () => {
      const file = this.currentSong()?.file;
      if (file) hear(file);
    });
    const showAbove = () => {
      const song = this.currentSong();
      above.hidden = !song?.file;
      if (song?.file) setRawText(above, format('Take “{}”, heard above', song.name));
    };
    const doing = make('span', 'survey-doing');
    doing.setAttribute('role', 'status');
    const stop = button('Cancel', () => this.#work?.abort());
    stop.hidden = true;
    const hear = async (/** @type {File} */ file) => {
      this.#complain('');
      this.#work?.abort();
      const work = new AbortController();
      this.#work = work;
      stop.hidden = false;
      try {
        const own = await this.#hear(file, work.signal, (words) => setRawText(doing, words));
        if (!work.signal.aborted) take({ title: file.name, artist: '', sent: { own } });
      } catch (reason) {
        if (reason instanceof Cancelled || work.signal.aborted) return;
        const message = reason instanceof Error ? reason.message : String(reason);
        this.#complain(fileError(file.name, message));
      } finally {
        if (this.#work === work || this.#work === null) {
          this.#work = null;
          setRawText(doing, '');
          if (stop.contains(document.activeElement)) pick.focus();
          stop.hidden = true;
        }
      }
    };

    this.#fillStep('favourite', [
      make('p', '', 'Of all the songs there are, which one do you like best?'),
      chosen,
      label,
      box.element,
      make('p', 'survey-or', 'Or a sound file of yours, if the catalogue lacks it:'),
      buttonRow(pick, above, stop, doing),
      input,
      make(
        'p',
        'survey-quiet',
        rawText(
          format(
            'Your file is heard here, in this browser. Only these numbers are kept and sent: {} of its embedding, {} of genres, {} of tags, and {} of small pictures of its sound. Neither its sound nor its name is sent.',
            ...[config.model.embedding, config.model.genres, config.model.tags, FEATURES].map(
              formatCount,
            ),
          ),
        ),
      ),
    ]);
    this.#onLook = showAbove;
    this.#onKey = (event) => {
      if (event.key !== 'Escape' || !this.#work) return;
      event.preventDefault();
      this.#work.abort();
    };
    this.#onEngine = async () => {
      pick.disabled = above.disabled = !this.#engine;
      showAbove();
      if (!this.#engine) {
        box.setSongs(null);
        return;
      }
      try {
        this.#choices ??= this.#engine.tracks();
        box.setSongs(await this.#choices);
      } catch {
        this.#choices = null; // a crash is told by the page
      }
    };
    this.#onEngine();
  }

  /**
   * What is kept of a sound file. The engine may be exchanged meanwhile: then it is heard again.
   * @param {File} file
   * @param {AbortSignal} signal
   * @param {(words: string) => void} onState in the page's language
   */
  async #hear(file, signal, onState) {
    for (let again = false; ; again = true) {
      const by = this.#engine;
      if (!by) throw new Error('The model is not here yet. Try again in a moment.');
      try {
        const { sound } = await openSound(file, by, signal, (state) =>
          onState(`${file.name}: ${t(state)}`),
        );
        onState(`${file.name}: ${t('analysing')}`);
        const features = await by.features(sound);
        if (signal.aborted) {
          by.release(sound);
          throw new Cancelled();
        }
        const heard = await by.analyse(
          sound,
          () => {},
          () => {},
          signal,
        );
        if (signal.aborted) throw new Cancelled();
        return {
          embedding: heard.embedding.map(short),
          probabilities: by.info.genres.map((genre) => short(heard.probabilities[genre] ?? 0)),
          tags: by.info.tags.map((tag) => short(heard.tags[tag] ?? 0)),
          features,
        };
      } catch (reason) {
        if (!(reason instanceof Crashed) || again || this.#engine === by) throw reason;
      }
    }
  }

  // --- song by song ---

  /** @param {SurveyConfig} config */
  #showSongs(config) {
    const { songs } = config;
    const answer = this.#draft;
    const count = make('p', 'survey-count');
    count.id = 'survey-count';
    const bar = make('progress', 'survey-bar');
    bar.max = songs.length;
    bar.setAttribute('aria-labelledby', 'survey-count');
    const title = make('p', 'large survey-song');
    const artist = make('p', 'survey-artist');
    const links = make('p', 'more');
    const asked = make('div', 'survey-asked', title, artist, links);
    const opinions = make('div', 'survey-opinions');
    const buttons = RATINGS.map(({ opinion, key, sign, text }) => {
      const choice = button('', () => judge(opinion), 'opinion');
      const kbd = make('kbd', '', sign);
      kbd.ariaHidden = 'true';
      choice.append(make('span', '', text), kbd);
      choice.dataset.opinion = opinion;
      choice.setAttribute('aria-keyshortcuts', key);
      opinions.append(choice);
      return choice;
    });
    const kbd = make('kbd', '', '↑');
    kbd.ariaHidden = 'true';
    const back = button('', () => goBack(), 'quiet');
    back.append(make('span', '', 'Back'), ' ', kbd);
    back.setAttribute('aria-keyshortcuts', 'ArrowUp');

    const show = (announce = true) => {
      const song = /** @type {SurveySong} */ (songs[answer.at]);
      const done = songs.filter(({ id }) => answer.opinions[id]).length;
      setRawText(count, format('{} of {}', answer.at + 1, songs.length));
      bar.value = done;
      setRawText(title, song.title);
      setRawText(artist, song.artist || t('unknown artist'));
      links.replaceChildren(...sourceLinks({ ...song, licence: '' }));
      for (const choice of buttons) {
        choice.ariaPressed = String(choice.dataset.opinion === answer.opinions[song.id]);
      }
      const submit = this.#form.querySelector('button[type="submit"]');
      if (submit instanceof HTMLElement) submit.hidden = done < songs.length;
      this.#complain('');
      if (announce) this.#announce(`${count.textContent}: ${song.title}, ${artist.textContent}`);
    };
    const judge = (/** @type {Rating} */ opinion) => {
      const song = /** @type {SurveySong} */ (songs[answer.at]);
      answer.opinions[song.id] = opinion;
      if (this.#single) return this.#go('review');
      if (answer.at + 1 < songs.length) {
        answer.at += 1;
        this.#keep();
        return show();
      }
      const left = songs.findIndex(({ id }) => !answer.opinions[id]);
      if (left < 0) return this.#go('three');
      answer.at = left;
      this.#keep();
      return show();
    };
    const goBack = () => {
      if (this.#single) return this.#go('review');
      if (answer.at === 0) return this.#go('favourite');
      answer.at -= 1;
      this.#keep();
      return show();
    };
    this.#fillStep(
      'songs',
      [
        make('div', 'survey-progress', count, bar),
        asked,
        opinions,
        make(
          'p',
          'survey-quiet survey-keys',
          'Arrow keys: left dislike, right like, down don’t know, up back. Everything is kept as you go: you can stop and come back.',
        ),
      ],
      { back },
    );
    show(false);
    this.#onKey = (event) => {
      const judged = RATINGS.find(({ key }) => key === event.key);
      if (judged && !event.repeat) judge(judged.opinion);
      else if (event.key === 'ArrowUp' || event.key === 'Backspace') goBack();
      else if (!judged) return;
      event.preventDefault();
    };
  }

  // --- three favourites ---

  /** @param {SurveyConfig} config */
  #showThree({ songs }) {
    const answer = this.#draft;
    const count = make('p', 'survey-count');
    count.setAttribute('role', 'status');
    /** @type {HTMLInputElement[]} */
    const boxes = [];
    const show = () => {
      setRawText(count, format('{} of {} chosen', answer.favourites.length, FAVOURITES));
      const full = answer.favourites.length >= FAVOURITES;
      for (const box of boxes) box.disabled = full && !box.checked;
      if (full) this.#complain('');
    };
    const rows = (/** @type {SurveySong[]} */ some) =>
      some.map((song) => {
        const box = make('input');
        box.type = 'checkbox';
        box.value = song.id;
        box.checked = answer.favourites.includes(song.id);
        box.addEventListener('change', () => {
          const others = answer.favourites.filter((id) => id !== song.id);
          answer.favourites = box.checked ? [...others, song.id] : others;
          this.#keep();
          show();
        });
        boxes.push(box);
        return make('label', '', box, make('span', '', songLabel(song.title, song.artist)));
      });
    const liked = songs.filter(({ id }) => answer.opinions[id] === 'like');
    const others = songs.filter((song) => !liked.includes(song));
    const group = (/** @type {string} */ legend, /** @type {SurveySong[]} */ some) =>
      make('fieldset', 'survey-three', make('legend', '', legend), ...rows(some));
    // Whoever likes enough of them need not look at the others.
    const enough = liked.length >= FAVOURITES;
    const rest = make('details', '', make('summary', '', 'Choose among the others'));
    rest.open = others.some(({ id }) => answer.favourites.includes(id));
    if (enough) rest.append(group('The others', others));
    this.#fillStep('three', [
      make('p', '', 'Which three of these songs do you like best?'),
      count,
      ...(liked.length > 0 ? [group('You like', liked)] : []),
      ...(others.length > 0 ? [enough ? rest : group('The others', others)] : []),
    ]);
    show();
  }

  // --- comment ---

  #showComment() {
    const answer = this.#draft;
    const label = make('label', '', 'Is there anything you want to say? This is optional.');
    label.htmlFor = 'survey-comment';
    const area = make('textarea');
    area.id = 'survey-comment';
    area.rows = 6;
    area.value = answer.comment;
    const count = make('p', 'survey-quiet');
    count.id = 'survey-letters';
    area.setAttribute('aria-describedby', count.id);
    const show = () => {
      const length = [...answer.comment].length;
      setRawText(
        count,
        format('{} of {} characters', formatCount(length), formatCount(COMMENT_MOST)),
      );
      if (length <= COMMENT_MOST) this.#complain('');
      else this.#complain(format('At most {} characters are kept.', formatCount(COMMENT_MOST)));
    };
    area.addEventListener('input', () => {
      answer.comment = plainText(area.value);
      this.#keep();
      show();
    });
    this.#fillStep('comment', [label, area, count]);
    show();
  }

  // --- review ---

  /** @param {SurveyConfig} config */
  #showReview({ songs }) {
    const answer = this.#draft;
    const of = (/** @type {Rating} */ opinion) =>
      songs.filter(({ id }) => answer.opinions[id] === opinion);
    const list = make('dl', 'survey-review');
    const part = (
      /** @type {string} */ term,
      /** @type {Node[]} */ body,
      /** @type {() => void} */ onChange,
    ) => {
      const change = button('Change', onChange, 'quiet');
      change.setAttribute('aria-label', `${t('Change')}: ${t(term)}`);
      list.append(make('dt', '', term), make('dd', '', ...body), make('dd', 'change', change));
    };
    const { consent, favourite } = answer;
    part(
      'Consent',
      [
        rawText(
          consent
            ? format(
                'version {}, {}',
                consent.version,
                new Date(consent.at).toLocaleString(locale()),
              )
            : t('nothing'),
        ),
      ],
      () => this.#go('consent'),
    );
    part(
      'Favourite song',
      [
        favourite ? songLabel(favourite.title, favourite.artist) : rawText(t('nothing')),
        ...(favourite && 'own' in favourite.sent
          ? [rawText(` ${t('(your file: only its numbers are sent)')}`)]
          : []),
      ],
      () => this.#go('favourite'),
    );
    const all = make(
      'details',
      '',
      make(
        'summary',
        '',
        rawText(
          format(
            '{} liked, {} disliked, {} unknown',
            of('like').length,
            of('dislike').length,
            of('unknown').length,
          ),
        ),
      ),
    );
    const each = make('ul', 'survey-each');
    for (const [at, song] of songs.entries()) {
      const found = RATINGS.find(({ opinion }) => opinion === answer.opinions[song.id]);
      const change = button(
        found?.text ?? 'no opinion yet',
        () => {
          answer.at = at;
          this.#go('songs');
          this.#single = true;
        },
        'quiet',
      );
      change.setAttribute(
        'aria-label',
        format('{}: {}. Change', song.title, t(found?.text ?? 'no opinion yet')),
      );
      each.append(make('li', '', songLabel(song.title, song.artist), change));
    }
    all.append(each);
    part('Opinions', [all], () => {
      answer.at = 0;
      this.#go('songs');
    });
    const best = make('ul');
    for (const id of answer.favourites) {
      const song = songs.find((other) => other.id === id);
      if (song) best.append(make('li', '', songLabel(song.title, song.artist)));
    }
    part('Three favourites', [best], () => this.#go('three'));
    const comment = make('p', 'survey-said', answer.comment ? rawText(answer.comment) : 'nothing');
    part('Comment', [comment], () => this.#go('comment'));

    this.#fillStep(
      'review',
      [paragraph('', 'This is all that is kept, beside a code made at random.'), list],
      { on: this.#collector === false ? 'Finish' : 'Send my answer' },
    );
    const forget = () => this.#withdraw(answer);
    this.#form.append(
      confirmButton('Forget all of it', FORGET_DRAFT, forget, { className: 'quiet' }),
    );
    this.#complainOf(answer);
  }

  /** @param {SurveyConfig} config @param {StoredAnswer} answer */
  async #submit(config, answer) {
    const submit = this.#form.querySelector('button[type="submit"]');
    const engine = this.#engine;
    if (!(submit instanceof HTMLButtonElement) || submit.disabled) return;
    if (!engine) {
      this.#complain(t('The model is not here yet. Try again in a moment.'));
      return;
    }
    // The survey may have been changed since.
    const gap = this.#firstGap(config, answer);
    if (gap !== 'review') return this.#go(gap);
    submit.disabled = true;
    try {
      answer.participant ||= await engine.participantCode(random(10));
      answer.secret ||= [...random(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const sent = answerOf(answer, config, engine.info.model_sha256);
      await engine.surveyCheck(sent, config);
      answer.answer = sent;
    } catch (reason) {
      submit.disabled = false;
      this.#complain(translateMessage(reason instanceof Error ? reason.message : String(reason)));
      return;
    }
    if (this.#collector !== false) return this.#send(answer);
    answer.state = 'local';
    answer.said = '';
    await this.#keep(answer);
    return this.#show();
  }

  /** @param {StoredAnswer} answer */
  async #send(answer) {
    Object.assign(answer, { state: 'waiting', tries: 0, notBefore: 0, said: '' });
    await this.#keep(answer);
    this.#show();
    this.#queue.send();
  }

  // --- afterwards ---

  /** @param {SurveyConfig} config @param {StoredAnswer} answer */
  #showDone(config, answer) {
    const title = {
      sent: 'Thank you',
      local: 'Your answer is ready',
      withdrawing: 'It will be withdrawn',
    }[/** @type {string} */ (answer.state)];
    this.#fill(
      'done',
      heading(make('span', '', title ?? 'Your answer waits')),
      ...this.#record(config, answer),
      ...this.#earlier(config, answer),
      buttonRow(
        button(
          'Answer for somebody else',
          () => {
            this.#answers.push(newAnswer(config.id));
            this.#show();
          },
          'quiet',
        ),
      ),
      ...this.#elsewhere(),
    );
  }

  /**
   * What there is to say of an answer that was given, and to do with it.
   * @param {SurveyConfig} config
   * @param {StoredAnswer} answer
   * @returns {Node[]}
   */
  #record(config, answer) {
    const { state, participant, secret } = answer;
    const code = paragraph('survey-code', 'Your code: {}', make('code', '', rawText(participant)));
    code.dataset.code = participant;
    const why = make('p', 'survey-quiet', rawText(reasonOf(answer)));
    why.dataset.why = String(answer.begun);
    const words = [paragraph('', WORDS[state])];
    if (state === 'local')
      words.push(
        paragraph('', 'Download the answer and send the file to {}.', contactLink(config)),
      );
    words.push(why, code);
    const details = make('details', '', make('summary', '', 'To withdraw it from another browser'));
    details.append(
      paragraph('', 'Note down the code and this secret: {}', make('code', '', rawText(secret))),
    );

    const download = button('Download my answer', () => {
      const text = `${JSON.stringify(answer.answer)}\n`;
      save(`soundalike-survey-${participant}.json`, 'application/json', text);
    });
    download.dataset.do = 'download';
    const waits = state === 'waiting' || state === 'withdrawing';
    const now = button('Try now', async () => {
      answer.notBefore = 0;
      await keepAnswer(answer);
      await this.#queue.send();
      if (answer.state === state) this.#announce(t('It did not get through.'));
    });
    const late = button('Send it now', () => this.#send(answer));
    const others = [download];
    if (waits) others.push(now);
    else if (state === 'local' && this.#collector) others.push(late);
    if (state === 'withdrawing') return [...words, buttonRow(...others)];
    const end = onlyHere(answer)
      ? confirmButton('Forget this answer', FORGET, () => this.#withdraw(answer), { others })
      : confirmButton('Withdraw my answer', WITHDRAW, () => this.#withdraw(answer), { others });
    return state === 'local' ? [...words, end] : [...words, end, details];
  }

  /** Other answers from this browser. @param {SurveyConfig} config @param {StoredAnswer | null} but @returns {Node[]} */
  #earlier(config, but) {
    const others = this.#answers.filter(
      (answer) => answer !== but && answer.participant && !open(answer),
    );
    if (others.length === 0) return [];
    const list = make(
      'details',
      'survey-earlier',
      make('summary', '', rawText(format('Earlier answers from this browser: {}', others.length))),
    );
    for (const other of others.reverse()) {
      list.append(make('div', 'survey-record', ...this.#record(config, other)));
    }
    return [list];
  }

  /** A way to withdraw what another browser sent. @returns {Node[]} */
  #elsewhere() {
    if (this.#collector !== true) return [];
    const code = labelledInput('survey-code', 'Code');
    const secret = labelledInput('survey-secret', 'Secret');
    const said = make('p', '');
    said.setAttribute('role', 'status');
    const go = button('Withdraw', async () => {
      const { outcome, said: why } = await send(
        'DELETE',
        code.input.value.trim().toUpperCase(),
        secret.input.value.trim().toLowerCase(),
      );
      if (outcome === 'done' || outcome === 'gone') setText(said, 'It is withdrawn.');
      else if (outcome === 'later')
        setText(said, 'The collector cannot be reached now. Try again later.');
      else setRawText(said, translateSentence(why || t('It was not withdrawn.')));
    });
    const form = make(
      'details',
      'survey-elsewhere',
      make('summary', '', 'Withdraw an answer from another browser'),
    );
    form.append(code.label, code.input, secret.label, secret.input, buttonRow(go), said);
    // Enter belongs to these two lines, not to the survey.
    form.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
      event.preventDefault();
      go.click();
    });
    return [form];
  }

  /** @param {StoredAnswer} answer */
  async #withdraw(answer) {
    // It may be on its way this very moment.
    const kept = (await allAnswers()).find(({ begun }) => begun === answer.begun);
    if (open(answer) || onlyHere(kept ?? answer)) {
      await dropAnswer(answer.begun);
      this.#changed(answer.begun, null);
      return;
    }
    Object.assign(answer, { state: 'withdrawing', tries: 0, notBefore: 0, said: '' });
    await this.#keep(answer);
    this.#show();
    this.#queue.send();
  }

  /** The queue has come further with an answer. @param {number} begun @param {StoredAnswer | null} now */
  async #changed(begun, now) {
    const at = this.#answers.findIndex((answer) => answer.begun === begun);
    const answer = this.#answers[at];
    if (!this.#config || !answer) return;
    const focus = this.#form.contains(document.activeElement);
    const shown = this.#answer;
    const before = answer.state;
    if (!now) this.#answers.splice(at, 1);
    else Object.assign(answer, now);
    if (answer.state === 'sent') this.#collector = true;
    if (answer.state === 'refused') answer.step = 'review';
    if (now && answer.state === before) {
      for (const why of this.#form.querySelectorAll(`[data-why="${begun}"]`)) {
        setRawText(why, reasonOf(answer));
      }
      return;
    }
    if (answer.state === 'refused') await this.#askAgain(answer);
    // Whoever gives another answer meanwhile is not disturbed.
    if (shown && open(shown) && shown !== answer) return;
    this.#show(focus);
    if (!now) {
      const words = before === 'withdrawing' ? GONE : 'It is forgotten.';
      this.#form.querySelector('h3')?.after(paragraph('survey-notice', words));
      this.#announce(t(words));
    } else if (answer.state === 'sent') this.#announce(t('The collector has your answer.'));
  }
}

const FORGET = 'Forget it? It is then nowhere any more, unless you have the file.';
const FORGET_DRAFT = 'Forget what you have answered here?';
const WITHDRAW = 'Withdraw it? The collector deletes it, and it cannot be brought back.';

/** What there is to say of an answer that was given. @type {Record<StoredAnswer['state'], string>} */
const WORDS = {
  draft: '',
  refused: '',
  waiting:
    'It lies in this browser and is sent as soon as the collector can be reached; this page tries again by itself.',
  sent: 'The collector has your answer. You can download it, and you can withdraw it from this browser, now or later.',
  local: 'Nobody collects answers at this address, so nothing was sent.',
  withdrawing:
    'The collector is told as soon as it can be reached; this page tries again by itself.',
};

const NOT_REAL =
  'This survey is not set up for real yet: nobody is named whom you could ask. Try it out, but do not count on it.';
const MISFIT =
  'This survey was made for another model than the one that hears here, so that its answers would not fit. Whoever runs this page has to make it anew.';
const GONE = 'Your answer is withdrawn; nothing of it is left in this browser.';
const VOLATILE =
  'This browser keeps nothing: what you answer here does not survive a reload. Download your answer at the end.';
