import { rawText } from '../../lib/dom.js';
import { button, confirmButton, paragraph, songLabel } from '../parts.js';
import { isListening, keyOf } from '../listening.js';
import { RATINGS } from './songs.js';
import { format, locale, make, t } from '../words.js';

/** @import { Rating, StoredAnswer, SurveyConfig, SurveySong } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

const FORGET_DRAFT = 'Forget what you have answered here?';

/** All that was answered, each with a way to change it. @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function reviewStep(survey, config) {
  const { songs } = config;
  const answer = survey.draft;
  const list = make('dl', 'survey-review');
  const add = (
    /** @type {string} */ term,
    /** @type {Node[]} */ children,
    /** @type {() => void} */ onChange,
  ) => {
    const change = button('Change', onChange, 'quiet');
    change.setAttribute('aria-label', `${t('Change')}: ${t(term)}`);
    list.append(make('dt', '', term), make('dd', '', ...children), make('dd', 'change', change));
  };
  add('Consent', [rawText(consentText(answer))], () => survey.go('consent'));
  if (isListening(config)) {
    add('Ratings', [givenRatings(survey, answer, songs)], () => {
      answer.at = 0;
      survey.go('ratings');
    });
  } else {
    add('Favourite song', favourite(answer), () => survey.go('favourite'));
    add('Opinions', [ratings(survey, answer, songs)], () => {
      answer.at = 0;
      survey.go('songs');
    });
    add('Three favourites', [topThree(answer, songs)], () => survey.go('three'));
  }
  const comment = make('p', 'survey-said', answer.comment ? rawText(answer.comment) : 'nothing');
  add('Comment', [comment], () => survey.go('comment'));
  return {
    heading: 'Your answer',
    children: [paragraph('', 'This is all that is kept, besides a random code.'), list],
    submit: survey.collector === false ? 'Finish' : 'Send my answer',
    after: [
      confirmButton('Forget all of it', FORGET_DRAFT, () => survey.withdraw(answer), {
        className: 'quiet',
      }),
    ],
    onShown: () => survey.complainOf(answer),
    onSubmit: () => survey.submit(answer),
  };
}

/** @param {StoredAnswer} answer */
function consentText({ consent }) {
  if (!consent) return t('nothing');
  const when = new Date(consent.at).toLocaleString(locale());
  return format('version {}, {}', consent.version, when);
}

/** @param {StoredAnswer} answer @returns {Node[]} */
function favourite({ favourite: song }) {
  if (!song) return [rawText(t('nothing'))];
  const label = songLabel(song.title, song.artist);
  if (!('own' in song.sent)) return [label];
  return [label, rawText(` ${t('(your file: only its numbers are sent)')}`)];
}

/** @param {SurveyView} survey @param {StoredAnswer} answer @param {SurveySong[]} songs */
function ratings(survey, answer, songs) {
  const count = (/** @type {Rating} */ opinion) =>
    songs.filter(({ id }) => answer.opinions[id] === opinion).length;
  const counts = [count('like'), count('dislike'), count('unknown')];
  const summary = make(
    'summary',
    '',
    rawText(format('{} liked, {} disliked, {} unknown', ...counts)),
  );
  const list = make('ul', 'survey-each');
  for (const [at, song] of songs.entries()) {
    const rating = RATINGS.find(({ opinion }) => opinion === answer.opinions[song.id]);
    const text = rating?.text ?? 'no opinion yet';
    const change = button(text, () => survey.changeOneSong(at), 'quiet');
    change.setAttribute('aria-label', format('{}: {}. Change', song.title, t(text)));
    list.append(make('li', '', songLabel(song.title, song.artist), change));
  }
  return make('details', '', summary, list);
}

/** The ratings of a listening study. @param {SurveyView} survey @param {StoredAnswer} answer @param {SurveySong[]} songs */
function givenRatings(survey, { order = [], ratings: given = {} }, songs) {
  const summary = make('summary', '', rawText(format('{} ratings', order.length)));
  const list = make('ul', 'survey-each');
  const titleOf = (/** @type {string} */ id) => songs.find((song) => song.id === id)?.title ?? id;
  for (const [at, pair] of order.entries()) {
    const rating = String(given[keyOf(pair)] ?? '–');
    const change = button('', () => survey.changeOneSong(at), 'quiet');
    change.append(rawText(rating));
    const both = format('{} for {}', titleOf(pair.song), titleOf(pair.seed));
    change.setAttribute('aria-label', format('{}: {}. Change', both, rating));
    list.append(make('li', '', make('span', '', rawText(both)), change));
  }
  return make('details', '', summary, list);
}

/** @param {StoredAnswer} answer @param {SurveySong[]} songs */
function topThree({ favourites }, songs) {
  const list = make('ul');
  for (const id of favourites) {
    const song = songs.find((other) => other.id === id);
    if (song) list.append(make('li', '', songLabel(song.title, song.artist)));
  }
  return list;
}
