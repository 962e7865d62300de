import { format, t } from '../../i18n/i18n.js';
import { make, rawText } from '../../lib/dom.js';
import { formatCount } from '../../lib/format.js';
import { COMMENT_MOST, FEATURES, firstGap } from '../answer.js';
import { contactLink, localisedText, paragraph } from '../parts.js';
import { earlierAnswers, withdrawalForm } from '../record.js';

/** @import { SurveyConfig } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** The contact of a survey that nobody has filled in yet (src/survey/config.rs). */
const PLACEHOLDER = 'nobody@example.org';

const NOT_REAL =
  'This survey is not set up for real yet: it names nobody whom you could ask. Try it out, but do not count on it.';

/** @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function consentStep(survey, config) {
  const box = make('input');
  box.type = 'checkbox';
  box.id = 'survey-agree';
  box.checked = Boolean(survey.answer?.consent);
  const agree = make('label', 'survey-agree', box, ' ');
  agree.append(
    make('span', '', 'I have read this, and I agree that my answer is kept for this purpose.'),
  );
  const days = formatCount(config.retention_days);
  return {
    heading: 'Before you begin',
    children: [
      localisedText('p', 'large', config.title),
      localisedText('p', '', config.purpose),
      ...(config.contact === PLACEHOLDER ? [make('p', 'survey-notice', NOT_REAL)] : []),
      make('h4', '', 'What is kept'),
      fieldList(config),
      make('p', '', 'Nothing else: no name, no address, nothing about your browser.'),
      make('h4', '', 'How long, and by whom'),
      paragraph(
        '',
        'For {} days, then it is deleted. You can withdraw it before, at any time.',
        days,
      ),
      paragraph('', 'Responsible: {}. Questions: {}.', config.controller, contactLink(config)),
      agree,
    ],
    after: [...earlierAnswers(survey, config, survey.answer), ...withdrawalForm(survey)],
    onShown: () => survey.complainOf(survey.answer),
    onSubmit: () => {
      if (box.checked) giveConsent(survey, config);
      else {
        survey.complain(
          t('Without your consent nothing is asked and nothing is kept. Tick the box to go on.'),
        );
        box.focus();
      }
    },
  };
}

/** @param {SurveyView} survey @param {SurveyConfig} config */
function giveConsent(survey, { consent_version: version, songs }) {
  const answer = survey.draft;
  if (answer.consent?.version !== version) {
    answer.consent = { version, at: new Date().toISOString().replace(/\.\d+Z$/, 'Z') };
  }
  survey.go(firstGap(answer, songs));
}

/** What is kept of an answer, field by field. @param {SurveyConfig} config */
function fieldList({ model: { embedding, genres, tags }, consent_version: version, songs }) {
  const list = make('dl', 'survey-fields');
  const add = (/** @type {string} */ term, /** @type {string} */ text) =>
    list.append(make('dt', '', term), make('dd', '', rawText(text)));
  add('Code', t('a random code made in this browser; it stands for your name'));
  add('Consent', format('that you agreed to version {} of this text, and when', version));
  add(
    'Favourite song',
    format(
      'which song of the catalogue; or, of a file of yours, only numbers: {} of its embedding, {} of genres, {} of tags, and {} of small pictures of its sound, from which the sound cannot be restored',
      ...[embedding, genres, tags, FEATURES].map(formatCount),
    ),
  );
  add('Opinions', format('like, dislike or don’t know, of each of {} songs', songs.length));
  add('Three favourites', t('which of these songs you like best'));
  add(
    'Comment',
    format(
      'what you write, at most {} characters; leave names out of it',
      formatCount(COMMENT_MOST),
    ),
  );
  add('Survey and model', t('the survey’s id, and which model has analysed your song'));
  add('Arrival', t('the day on which it arrived, so that it can be deleted in time'));
  return list;
}
