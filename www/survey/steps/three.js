import { setRawText } from '../../lib/dom.js';
import { FAVOURITES } from '../answer.js';
import { songLabel } from '../parts.js';
import { format, make, t } from '../words.js';

/** @import { SurveyConfig, SurveySong } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** The three favourites among the survey's songs. @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function threeStep(survey, { songs }) {
  const answer = survey.draft;
  const count = make('p', 'survey-count');
  count.setAttribute('role', 'status');
  /** @type {HTMLInputElement[]} */
  const boxes = [];
  const show = () => {
    setRawText(count, format('{} of {} chosen', answer.favourites.length, FAVOURITES));
    const full = answer.favourites.length >= FAVOURITES;
    for (const box of boxes) box.disabled = full && !box.checked;
    if (full) survey.complain('');
  };
  const row = (/** @type {SurveySong} */ { id, title, artist }) => {
    const box = make('input');
    box.type = 'checkbox';
    box.value = id;
    box.checked = answer.favourites.includes(id);
    box.addEventListener('change', () => {
      const others = answer.favourites.filter((other) => other !== id);
      answer.favourites = box.checked ? [...others, id] : others;
      survey.keep();
      show();
    });
    boxes.push(box);
    return make('label', '', box, make('span', '', songLabel(title, artist)));
  };
  const group = (/** @type {string} */ legend, /** @type {SurveySong[]} */ some) =>
    make('fieldset', 'survey-three', make('legend', '', legend), ...some.map(row));

  const liked = songs.filter(({ id }) => answer.opinions[id] === 'like');
  const others = songs.filter((song) => !liked.includes(song));
  /** @type {HTMLElement[]} */
  const children = [make('p', '', 'Which three of these songs do you like best?'), count];
  if (liked.length > 0) children.push(group('You like', liked));
  // Whoever likes enough of them need not look at the others.
  if (others.length > 0 && liked.length >= FAVOURITES) {
    const rest = make('details', '', make('summary', '', 'Choose among the others'));
    rest.open = others.some(({ id }) => answer.favourites.includes(id));
    rest.append(group('The others', others));
    children.push(rest);
  } else if (others.length > 0) children.push(group('The others', others));
  return {
    heading: 'Three favourites',
    children,
    onShown: show,
    onSubmit: () => {
      if (answer.favourites.length === FAVOURITES) survey.go('comment');
      else survey.complain(t('Choose three songs.'));
    },
  };
}
