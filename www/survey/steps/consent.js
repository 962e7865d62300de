import { rawText } from '../../lib/dom.js';
import { locale as pageLocale } from '../../i18n/i18n.js';
import { COMMENT_MOST, FEATURES, firstGap } from '../answer.js';
import { isListening, orderOf } from '../listening.js';
import { contactLink, localisedText, paragraph } from '../parts.js';
import { earlierAnswers, withdrawalForm } from '../record.js';
import { format, formatCount, furtherLanguages, locale, make, nameOf, t } from '../words.js';

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
      ...languageChoice(survey, config),
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
function giveConsent(survey, config) {
  const { consent_version: version } = config;
  const answer = survey.draft;
  if (answer.consent?.version !== version) {
    answer.consent = { version, at: new Date().toISOString().replace(/\.\d+Z$/, 'Z') };
  }
  survey.go(firstGap(answer, config));
}

/**
 * A choice among the page's language and those that only the survey has.
 * @param {SurveyView} survey
 * @param {SurveyConfig} config
 * @returns {HTMLElement[]}
 */
function languageChoice(survey, { languages }) {
  const further = furtherLanguages(languages);
  if (further.length === 0) return [];
  const label = make('label', 'survey-language', 'Language of the survey', ' ');
  const select = make('select');
  select.id = 'survey-language';
  for (const code of ['', ...further]) {
    const shown = code || pageLocale();
    const option = make('option', '', rawText(nameOf(shown)));
    option.value = code;
    option.lang = shown;
    select.append(option);
  }
  select.value = further.includes(locale()) ? locale() : '';
  select.addEventListener('change', () => survey.speak(select.value));
  label.append(select);
  return [label];
}

/** What is kept of an answer, field by field. @param {SurveyConfig} config */
function fieldList(config) {
  const list = make('dl', 'survey-fields');
  const add = (/** @type {string} */ term, /** @type {string} */ text) =>
    list.append(make('dt', '', term), make('dd', '', rawText(text)));
  const version = config.consent_version;
  add('Code', t('a random code made in this browser; it stands for your name'));
  add('Consent', format('that you agreed to version {} of this text, and when', version));
  if (isListening(config)) addRatings(add, config);
  else addTastes(add, config);
  add(
    'Comment',
    format(
      'what you write, at most {} characters; leave names out of it',
      formatCount(COMMENT_MOST),
    ),
  );
  if (isListening(config)) add('Survey', t('the survey’s id'));
  else add('Survey and model', t('the survey’s id, and which model has analysed your song'));
  add('Arrival', t('the day on which it arrived, so that it can be deleted in time'));
  return list;
}

/** @param {(term: string, text: string) => void} add @param {SurveyConfig} config */
function addTastes(add, { model: { embedding, genres, tags }, songs }) {
  add(
    'Favourite song',
    format(
      'which song of the catalogue; or, of a file of yours, only numbers: {} of its embedding, {} of genres, {} of tags, and {} of small pictures of its sound, from which the sound cannot be restored',
      ...[embedding, genres, tags, FEATURES].map(formatCount),
    ),
  );
  add('Opinions', format('like, dislike or don’t know, of each of {} songs', songs.length));
  add('Three favourites', t('which of these songs you like best'));
}

/** @param {(term: string, text: string) => void} add @param {SurveyConfig} config */
function addRatings(add, { study }) {
  const asked = study ? orderOf(study).length : 0;
  add(
    'Ratings',
    format(
      'from 1 to 5, of each of {} recommendations, and the order in which you were asked',
      asked,
    ),
  );
}
