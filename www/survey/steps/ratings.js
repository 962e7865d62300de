import { make, format, t } from '../words.js';
import { setRawText } from '../../lib/dom.js';
import { RATINGS, firstUnrated, keyOf, orderOf } from '../listening.js';
import { keyButton } from '../parts.js';
import { listenTo } from '../song-sound.js';

/** @import { ListeningStudy, RatedPair, SurveyConfig, SurveySong } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** Recommendation by recommendation. @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function ratingsStep(survey, { songs, study }) {
  const answer = survey.draft;
  const order = orderOf(/** @type {ListeningStudy} */ (study), answer.order);
  answer.order = order;
  const ratings = (answer.ratings ??= {});
  answer.at = Math.min(answer.at, order.length - 1);
  survey.keep();
  const songOf = (/** @type {string} */ id) =>
    /** @type {SurveySong} */ (songs.find((song) => song.id === id));
  const pairAt = () => /** @type {RatedPair} */ (order[answer.at]);

  const seed = songCard('For this song');
  const recommended = songCard('this one is recommended');
  const progress = progressBar(order.length);
  const scale = ratingScale((rating) => rate(rating));

  const show = (announce = true) => {
    const pair = pairAt();
    seed.show(songOf(pair.seed));
    recommended.show(songOf(pair.song));
    const done = order.filter((one) => ratings[keyOf(one)]).length;
    progress.show(answer.at, done);
    scale.show(ratings[keyOf(pair)]);
    survey.offerSubmit(done === order.length);
    survey.complain('');
    if (announce) survey.announce(`${progress.text()}: ${seed.text()}. ${recommended.text()}`);
  };
  const goTo = (/** @type {number} */ at) => {
    answer.at = at;
    survey.keep();
    show();
  };
  const rate = (/** @type {number} */ rating) => {
    ratings[keyOf(pairAt())] = rating;
    if (survey.changesOneSong) return survey.go('review');
    if (answer.at + 1 < order.length) return goTo(answer.at + 1);
    return firstUnrated(answer) < 0 ? survey.go('comment') : goTo(firstUnrated(answer));
  };
  const goBack = () => {
    if (survey.changesOneSong) return survey.go('review');
    return answer.at === 0 ? survey.go('consent') : goTo(answer.at - 1);
  };
  return {
    heading: 'Does it fit?',
    children: [...progress.children, ...seed.children, ...recommended.children, ...scale.children],
    back: keyButton('Back', '↑', 'ArrowUp', goBack, 'quiet'),
    onShown: () => show(false),
    onKey: (event) => {
      // A player has keys of its own.
      if (event.target instanceof HTMLMediaElement) return;
      const rated = RATINGS.find(({ rating }) => String(rating) === event.key);
      if (rated && !event.repeat) rate(rated.rating);
      else if (event.key === 'ArrowUp' || event.key === 'Backspace') goBack();
      else if (!rated) return;
      event.preventDefault();
    },
    onSubmit: () => {
      if (firstUnrated(answer) < 0) return survey.go('comment');
      answer.at = firstUnrated(answer);
      survey.keep();
      survey.show(false);
      survey.complain(t('This recommendation has no rating yet.'));
    },
  };
}

/** The question with its five answers. @param {(rating: number) => void} onRate */
function ratingScale(onRate) {
  const buttons = RATINGS.map(({ rating, text }) => {
    const key = String(rating);
    const button = keyButton(text, key, key, () => onRate(rating), 'opinion');
    button.dataset.rating = key;
    button.setAttribute('aria-label', `${key}: ${t(text)}`);
    return button;
  });
  const question = make('p', '', 'How well does it fit the song above?');
  question.id = 'survey-question';
  const group = make('div', 'survey-opinions survey-ratings', ...buttons);
  group.setAttribute('role', 'group');
  group.setAttribute('aria-labelledby', question.id);
  const keys = make(
    'p',
    'survey-quiet survey-keys',
    'Keys: 1 to 5 rate, up goes back. Everything is kept as you go: you can stop and come back.',
  );
  return {
    children: [question, group, keys],
    /** @param {number | undefined} rating given before */
    show(rating) {
      for (const button of buttons) {
        button.ariaPressed = String(button.dataset.rating === String(rating));
      }
    },
  };
}

/** How far the participant is. @param {number} total */
function progressBar(total) {
  const count = make('p', 'survey-count');
  count.id = 'survey-count';
  const bar = make('progress', 'survey-bar');
  bar.max = total;
  bar.setAttribute('aria-labelledby', count.id);
  return {
    children: [make('div', 'survey-progress', count, bar)],
    /** @param {number} at @param {number} done */
    show(at, done) {
      setRawText(count, format('{} of {}', at + 1, total));
      bar.value = done;
    },
    text: () => count.textContent,
  };
}

/** A song under a heading. It is drawn anew only where it changes, so that its player goes on. @param {string} heading */
function songCard(heading) {
  const title = make('p', 'large survey-song');
  const artist = make('p', 'survey-artist');
  const sound = make('div', 'survey-sound');
  let shown = '';
  return {
    children: [make('div', 'survey-pair', make('h4', '', heading), title, artist, sound)],
    /** @param {SurveySong} song */
    show(song) {
      if (shown === song.id) return;
      shown = song.id;
      setRawText(title, song.title);
      setRawText(artist, song.artist || t('unknown artist'));
      sound.replaceChildren(...listenTo(song));
    },
    text: () => `${t(heading)}: ${title.textContent}, ${artist.textContent}`,
  };
}
