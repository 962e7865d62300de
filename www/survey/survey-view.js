// The survey: from the consent to the thanks, one step at a time (steps/). Every step is stored in this browser as
// soon as it is taken (answer-storage.js); what is sent goes by the queue (send-queue.js). What the survey asks is
// its researcher's (survey/config.json); whatever of it is shown is text.

import { messageOf } from '../engine/engine.js';
import { translateMessage } from '../i18n/i18n.js';
import { byId, rawText, setRawText } from '../lib/dom.js';
import { translateSentence } from '../lib/format.js';
import {
  adaptAnswer,
  answerOf,
  firstGap,
  isOnlyHere,
  isOpen,
  newAnswer,
  random,
  reasonOf,
} from './answer.js';
import {
  allAnswers,
  clearAnswers,
  dropAnswer,
  isPersistent,
  keepAnswer,
} from './answer-storage.js';
import { fetchSurvey } from './collector.js';
import { isListening } from './listening.js';
import { button, buttonRow, heading, paragraph } from './parts.js';
import { earlierAnswers, finishedAnswer } from './record.js';
import { SendQueue } from './send-queue.js';
import { commentStep } from './steps/comment.js';
import { consentStep } from './steps/consent.js';
import { favouriteStep } from './steps/favourite.js';
import { reviewStep } from './steps/review.js';
import { songsStep } from './steps/songs.js';
import { ratingsStep } from './steps/ratings.js';
import { stepsOf } from './steps/step.js';
import { threeStep } from './steps/three.js';
import { format, locale, make, rememberedLanguage, speak, t } from './words.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { CatalogTrack, Song, StoredAnswer, SurveyConfig, SurveyStep } from '../types.js' */
/** @import { Step } from './steps/step.js' */

/** Milliseconds until what waits from earlier visits is sent: the model comes first. */
const SEND_AFTER = 4000;

/** @type {Record<SurveyStep, (survey: SurveyView, config: SurveyConfig) => Step>} */
const MAKE_STEP = {
  consent: consentStep,
  favourite: favouriteStep,
  songs: songsStep,
  three: threeStep,
  ratings: ratingsStep,
  comment: commentStep,
  review: reviewStep,
};

const OTHER_MODEL =
  'This survey was made for another model than this page’s, so its answers would not fit. Whoever runs this page has to create it again.';
const WITHDRAWN = 'Your answer is withdrawn; nothing of it is left in this browser.';
const NOT_STORED =
  'This browser cannot store anything: your answers here are lost when the page is reloaded. Download your answer at the end.';

/** Every view there is, so that all forget. @type {Set<SurveyView>} */
const views = new Set();

/**
 * Forgets every answer in this browser, those that wait and the secrets of those that were sent.
 * @returns {Promise<boolean>} false if something may be left
 */
export async function forgetSurvey() {
  const forgotten = await clearAnswers();
  for (const view of views) view.reset();
  return forgotten;
}

export class SurveyView {
  #section = byId('survey', HTMLElement);
  #form = byId('survey-form', HTMLFormElement);
  #live = byId('survey-said', HTMLElement);
  #queue = new SendQueue();
  /** @type {SurveyConfig | null} */
  #config = null;
  #opened = false;
  /** The step on show. @type {Partial<Step>} */
  #step = {};
  /** @type {Promise<CatalogTrack[]> | null} */
  #tracks = null;

  /** @type {Engine | null} */
  engine = null;
  /** Whether somebody collects answers; null where that is not known. @type {boolean | null} */
  collector = null;
  /** Answers to this survey, the oldest first. @type {StoredAnswer[]} */
  answers = [];
  /** Ends what the step on show has begun. @type {AbortController | null} */
  work = null;
  /** One song is changed; then it goes back to the review. */
  changesOneSong = false;

  /** The song on show above, which may be the favourite. @type {() => Song | null} */
  currentSong = () => null;

  constructor() {
    views.add(this);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#step.onSubmit?.();
    });
    this.#section.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
      this.#step.onKey?.(event);
    });
    for (const type of ['pointerenter', 'focusin']) {
      this.#section.addEventListener(type, () => this.#step.onLook?.());
    }
    this.#queue.onChange = (begun, now) => this.#changed(begun, now);
    const watch = new IntersectionObserver((entries) => {
      if (!entries.at(-1)?.isIntersecting) return;
      watch.disconnect();
      this.#open();
    });
    watch.observe(this.#section);
    setTimeout(() => this.#queue.send(), SEND_AFTER);
  }

  /** @param {Engine | null} engine that analyses now */
  setEngine(engine) {
    this.engine = engine;
    this.#tracks = null;
    if (this.#opened && engine && !this.#fitsModel() && this.#form.dataset.step !== 'misfit') {
      this.show(false);
    } else this.#step.onEngine?.();
  }

  /** All is forgotten: begin anew. */
  reset() {
    this.answers = [];
    if (this.#config) this.show(false);
  }

  async #open() {
    this.#opened = true;
    const [survey, answers] = await Promise.all([fetchSurvey(), allAnswers()]);
    if (!survey) {
      this.#fill(
        'none',
        make('p', '', 'There is no survey here now. Come back later, or try again.'),
        buttonRow(button('Try again', () => this.#open())),
      );
      return;
    }
    const { config, collector } = survey;
    this.#config = config;
    this.collector = collector;
    this.answers = answers.filter(({ survey: id }) => id === config.id);
    for (const answer of this.answers) adaptAnswer(answer, config);
    const language = rememberedLanguage(config.languages);
    if (language) await speak(language);
    this.show(false);
    this.#queue.send();
  }

  /** Goes on in another language. @param {string} language that only the survey has; empty for the page's */
  async speak(language) {
    if (await speak(language)) this.show();
    else this.complain(t('The survey’s texts in this language cannot be loaded now.'));
  }

  /** Whether the survey was made for the model of this page; true while there is none. */
  #fitsModel() {
    const here = this.engine?.info.model_sha256;
    // A listening study keeps nothing that a model gave.
    if (this.#config && isListening(this.#config)) return true;
    return !here || !this.#config || here === this.#config.model.sha256;
  }

  /** The songs of the catalogue; null while there is no engine. @returns {Promise<CatalogTrack[] | null>} */
  async catalogue() {
    if (!this.engine) return null;
    try {
      this.#tracks ??= this.engine.tracks();
      return await this.#tracks;
    } catch (reason) {
      this.#tracks = null;
      throw reason;
    }
  }

  // --- what is on show ---

  /** The answer on show: what can still be given comes first. */
  get answer() {
    return this.answers.findLast(isOpen) ?? this.answers.at(-1) ?? null;
  }

  /** The same, begun if there is none. @returns {StoredAnswer} */
  get draft() {
    if (!this.answer) this.answers.push(newAnswer(this.#config?.id ?? ''));
    return /** @type {StoredAnswer} */ (this.answer);
  }

  /** Shows where it stands. @param {boolean} focus on its heading */
  show(focus = true) {
    const config = this.#config;
    const { answer } = this;
    if (!config) return;
    if (!this.#fitsModel()) {
      const notice = make('p', 'survey-notice', OTHER_MODEL);
      this.#fill('misfit', notice, ...earlierAnswers(this, config, null));
    } else if (answer && !isOpen(answer)) {
      this.#fill('done', ...finishedAnswer(this, config, answer));
    } else this.#showStep(answer?.step ?? 'consent', config);
    if (!focus) return;
    const title = this.#form.querySelector('h3');
    title?.focus({ preventScroll: true });
    title?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} name @param {...Node} children */
  #fill(name, ...children) {
    this.work?.abort();
    this.work = null;
    this.#step = {};
    this.#form.dataset.step = name;
    this.#form.lang = locale();
    setRawText(this.#live, '');
    this.#form.replaceChildren(...children);
    if (!isPersistent()) this.#form.append(make('p', 'survey-notice', NOT_STORED));
  }

  /** @param {SurveyStep} name @param {SurveyConfig} config */
  #showStep(name, config) {
    const step = MAKE_STEP[name](this, config);
    const steps = stepsOf(config);
    const at = steps.indexOf(name);
    const before = steps[at - 1];
    const number = make('span', 'survey-step', rawText(format('{} of {}', at + 1, steps.length)));
    const trouble = make('p', 'survey-trouble');
    trouble.setAttribute('role', 'alert');
    trouble.id = 'survey-trouble';
    const submit = make('button', 'pill filled', step.submit ?? 'Continue');
    submit.type = 'submit';
    const back = step.back ?? (before && button('Back', () => this.go(before), 'quiet'));
    this.#fill(
      name,
      heading(make('span', '', step.heading), rawText(' '), number),
      ...step.children,
      trouble,
      buttonRow(submit, ...(back ? [back] : [])),
    );
    this.#form.append(...(step.after ?? []));
    this.#step = step;
    step.onShown?.();
    step.onEngine?.();
  }

  /** Says what hinders. @param {string} sentence in the page's language; empty where nothing does */
  complain(sentence) {
    const trouble = this.#form.querySelector('#survey-trouble');
    if (trouble) setRawText(trouble, sentence);
  }

  /** Says why the collector refused it. @param {StoredAnswer | null} answer */
  complainOf(answer) {
    if (answer?.state !== 'refused') return;
    this.complain(format('The collector did not take it: {}', translateSentence(answer.said)));
  }

  /** Says something to screen readers. @param {string} sentence in the page's language */
  announce(sentence) {
    setRawText(this.#live, sentence);
  }

  /** @param {boolean} offered */
  offerSubmit(offered) {
    const submit = this.#submitButton;
    if (submit) submit.hidden = !offered;
  }

  get #submitButton() {
    return /** @type {HTMLButtonElement | null} */ (
      this.#form.querySelector('button[type="submit"]')
    );
  }

  /** Stores an answer as it is now. */
  async keep(answer = this.draft) {
    const before = isPersistent();
    await keepAnswer(answer);
    if (before && !isPersistent()) {
      this.#form.append(make('p', 'survey-notice', NOT_STORED));
      this.announce(t(NOT_STORED));
    }
  }

  /** @param {SurveyStep} step */
  go(step) {
    this.draft.step = step;
    this.changesOneSong = false;
    this.keep();
    this.show();
  }

  /** @param {number} at of the song */
  changeOneSong(at) {
    this.draft.at = at;
    this.go(this.#config && isListening(this.#config) ? 'ratings' : 'songs');
    this.changesOneSong = true;
  }

  /** Begins another answer. */
  begin() {
    this.answers.push(newAnswer(this.#config?.id ?? ''));
    this.show();
  }

  // --- sending and withdrawing ---

  /** @param {StoredAnswer} answer */
  async submit(answer) {
    const submit = this.#submitButton;
    const config = this.#config;
    const { engine } = this;
    if (!config || !submit || submit.disabled) return;
    if (!engine) {
      this.complain(t('The model has not loaded yet. Try again in a moment.'));
      return;
    }
    // The survey may have been changed since.
    const gap = firstGap(answer, config);
    if (gap !== 'review') return this.go(gap);
    submit.disabled = true;
    try {
      answer.participant ||= await engine.participantCode(random(10));
      answer.secret ||= [...random(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const sent = answerOf(answer, config, engine.info.model_sha256);
      await engine.surveyCheck(sent, config);
      answer.answer = sent;
    } catch (reason) {
      submit.disabled = false;
      this.complain(translateMessage(messageOf(reason)));
      return;
    }
    if (this.collector !== false) return this.send(answer);
    answer.state = 'local';
    answer.said = '';
    await this.keep(answer);
    return this.show();
  }

  /** @param {StoredAnswer} answer */
  async send(answer) {
    Object.assign(answer, { state: 'waiting', tries: 0, notBefore: 0, said: '' });
    await this.keep(answer);
    this.show();
    this.#queue.send();
  }

  /** Tries at once what waits. @param {StoredAnswer} answer */
  async sendNow(answer) {
    const { state } = answer;
    answer.notBefore = 0;
    await keepAnswer(answer);
    await this.#queue.send();
    if (answer.state === state) this.announce(t('It could not be sent yet.'));
  }

  /** @param {StoredAnswer} answer */
  async withdraw(answer) {
    // It may be on its way this very moment.
    const stored = (await allAnswers()).find(({ begun }) => begun === answer.begun);
    if (isOpen(answer) || isOnlyHere(stored ?? answer)) {
      await dropAnswer(answer.begun);
      this.#changed(answer.begun, null);
      return;
    }
    Object.assign(answer, { state: 'withdrawing', tries: 0, notBefore: 0, said: '' });
    await this.keep(answer);
    this.show();
    this.#queue.send();
  }

  /** The queue has come further with an answer. @param {number} begun @param {StoredAnswer | null} now */
  async #changed(begun, now) {
    const at = this.answers.findIndex((answer) => answer.begun === begun);
    const answer = this.answers[at];
    if (!this.#config || !answer) return;
    const focus = this.#form.contains(document.activeElement);
    const shown = this.answer;
    const before = answer.state;
    if (!now) this.answers.splice(at, 1);
    else Object.assign(answer, now);
    if (answer.state === 'sent') this.collector = true;
    if (answer.state === 'refused') answer.step = 'review';
    if (now && answer.state === before) {
      for (const why of this.#form.querySelectorAll(`[data-why="${begun}"]`)) {
        setRawText(why, reasonOf(answer));
      }
      return;
    }
    if (answer.state === 'refused') await this.#fetchAgain(answer);
    // Whoever gives another answer meanwhile is not disturbed.
    if (shown && isOpen(shown) && shown !== answer) return;
    this.show(focus);
    if (!now) {
      const text = before === 'withdrawing' ? WITHDRAWN : 'It is forgotten.';
      this.#form.querySelector('h3')?.after(paragraph('survey-notice', text));
      this.announce(t(text));
    } else if (answer.state === 'sent') this.announce(t('The collector has your answer.'));
  }

  /** What was refused may be the answer to a survey that has changed. @param {StoredAnswer} answer */
  async #fetchAgain(answer) {
    const survey = await fetchSurvey();
    if (!survey || survey.config.id !== this.#config?.id) return;
    this.#config = survey.config;
    adaptAnswer(answer, survey.config);
  }
}
