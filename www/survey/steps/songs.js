import { setRawText } from '../../lib/dom.js';
import { keyButton } from '../parts.js';
import { listenTo } from '../song-sound.js';
import { format, make, t } from '../words.js';

/** @import { Rating, SurveyConfig, SurveySong } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** @type {{opinion: Rating, key: string, sign: string, text: string}[]} */
export const RATINGS = [
  { opinion: 'dislike', key: 'ArrowLeft', sign: '←', text: 'Dislike' },
  { opinion: 'unknown', key: 'ArrowDown', sign: '↓', text: 'Don’t know' },
  { opinion: 'like', key: 'ArrowRight', sign: '→', text: 'Like' },
];

/** Song by song. @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function songsStep(survey, { songs }) {
  const answer = survey.draft;
  const unrated = () => songs.findIndex(({ id }) => !answer.opinions[id]);
  const card = songCard(songs.length);
  const buttons = RATINGS.map(({ opinion, key, sign, text }) => {
    const choice = keyButton(text, sign, key, () => rate(opinion), 'opinion');
    choice.dataset.opinion = opinion;
    return choice;
  });

  const show = (announce = true) => {
    const song = /** @type {SurveySong} */ (songs[answer.at]);
    const done = songs.filter(({ id }) => answer.opinions[id]).length;
    card.show(song, answer.at, done);
    for (const choice of buttons) {
      choice.ariaPressed = String(choice.dataset.opinion === answer.opinions[song.id]);
    }
    survey.offerSubmit(done === songs.length);
    survey.complain('');
    if (announce) survey.announce(card.text());
  };
  const goTo = (/** @type {number} */ at) => {
    answer.at = at;
    survey.keep();
    show();
  };
  const rate = (/** @type {Rating} */ opinion) => {
    const song = /** @type {SurveySong} */ (songs[answer.at]);
    answer.opinions[song.id] = opinion;
    if (survey.changesOneSong) return survey.go('review');
    if (answer.at + 1 < songs.length) return goTo(answer.at + 1);
    return unrated() < 0 ? survey.go('three') : goTo(unrated());
  };
  const goBack = () => {
    if (survey.changesOneSong) return survey.go('review');
    return answer.at === 0 ? survey.go('favourite') : goTo(answer.at - 1);
  };
  return {
    heading: 'Do you like it?',
    children: [
      ...card.children,
      make('div', 'survey-opinions', ...buttons),
      make(
        'p',
        'survey-quiet survey-keys',
        'Arrow keys: left dislike, right like, down don’t know, up back. Everything is kept as you go: you can stop and come back.',
      ),
    ],
    back: keyButton('Back', '↑', 'ArrowUp', goBack, 'quiet'),
    onShown: () => show(false),
    onKey: (event) => {
      // A player has keys of its own.
      if (event.target instanceof HTMLMediaElement) return;
      const rated = RATINGS.find(({ key }) => key === event.key);
      if (rated && !event.repeat) rate(rated.opinion);
      else if (event.key === 'ArrowUp' || event.key === 'Backspace') goBack();
      else if (!rated) return;
      event.preventDefault();
    },
    onSubmit: () => {
      if (unrated() < 0) return survey.go('three');
      answer.at = unrated();
      survey.keep();
      survey.show(false);
      survey.complain(t('This song has no opinion yet.'));
    },
  };
}

/** The song that is asked about, and how far the visitor is. @param {number} total */
function songCard(total) {
  const count = make('p', 'survey-count');
  count.id = 'survey-count';
  const bar = make('progress', 'survey-bar');
  bar.max = total;
  bar.setAttribute('aria-labelledby', count.id);
  const title = make('p', 'large survey-song');
  const artist = make('p', 'survey-artist');
  const sound = make('div', 'survey-sound');
  return {
    children: [
      make('div', 'survey-progress', count, bar),
      make('div', 'survey-asked', title, artist, sound),
    ],
    /** @param {SurveySong} song @param {number} at @param {number} done */
    show(song, at, done) {
      setRawText(count, format('{} of {}', at + 1, total));
      bar.value = done;
      setRawText(title, song.title);
      setRawText(artist, song.artist || t('unknown artist'));
      sound.replaceChildren(...listenTo(song));
    },
    text: () => `${count.textContent}: ${title.textContent}, ${artist.textContent}`,
  };
}
