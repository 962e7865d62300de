// Answers that were given: what is to be said of them, and ways to download, send and withdraw them.

import { rawText, setRawText } from '../lib/dom.js';
import { save } from '../lib/download.js';
import { translateSentence } from '../lib/format.js';
import { isOnlyHere, isOpen, reasonOf } from './answer.js';
import { send } from './collector.js';
import {
  button,
  buttonRow,
  confirmButton,
  contactLink,
  heading,
  labelledInput,
  paragraph,
} from './parts.js';
import { format, make, setText, t } from './words.js';

/** @import { StoredAnswer, SurveyConfig } from '../types.js' */
/** @import { SurveyView } from './survey-view.js' */

const FORGET = 'Forget it? Then it is gone for good, unless you have the file.';
const WITHDRAW = 'Withdraw it? The collector deletes it, and it cannot be brought back.';

/** @type {Record<StoredAnswer['state'], string>} */
const HEADINGS = {
  draft: '',
  refused: '',
  waiting: 'Your answer waits',
  sent: 'Thank you',
  local: 'Your answer is ready',
  withdrawing: 'It will be withdrawn',
};

/** @type {Record<StoredAnswer['state'], string>} */
const STATES = {
  draft: '',
  refused: '',
  waiting:
    'It is stored in this browser and sent as soon as the collector can be reached; this page tries again by itself.',
  sent: 'The collector has your answer. You can download it, and you can withdraw it from this browser, now or later.',
  local: 'Nobody collects answers at this address, so nothing was sent.',
  withdrawing:
    'The collector is told as soon as it can be reached; this page tries again by itself.',
};

/** What is shown after the last step. @param {SurveyView} survey @param {SurveyConfig} config @param {StoredAnswer} answer */
export function finishedAnswer(survey, config, answer) {
  return [
    heading(make('span', '', HEADINGS[answer.state])),
    ...record(survey, config, answer),
    ...earlierAnswers(survey, config, answer),
    buttonRow(button('Give another answer', () => survey.begin(), 'quiet')),
    ...withdrawalForm(survey),
  ];
}

/**
 * One answer: its state, its code, and what can be done with it.
 * @param {SurveyView} survey
 * @param {SurveyConfig} config
 * @param {StoredAnswer} answer
 * @returns {Node[]}
 */
function record(survey, config, answer) {
  const { state, participant, secret } = answer;
  const code = paragraph('survey-code', 'Your code: {}', make('code', '', rawText(participant)));
  code.dataset.code = participant;
  const why = make('p', 'survey-quiet', rawText(reasonOf(answer)));
  why.dataset.why = String(answer.begun);
  const texts = [paragraph('', STATES[state])];
  if (state === 'local') {
    texts.push(paragraph('', 'Download the answer and send the file to {}.', contactLink(config)));
  }
  texts.push(why, code);
  const ways = waysOn(survey, answer);
  if (state === 'withdrawing') return [...texts, buttonRow(...ways)];
  const [text, question] = isOnlyHere(answer)
    ? ['Forget this answer', FORGET]
    : ['Withdraw my answer', WITHDRAW];
  const end = confirmButton(text, question, () => survey.withdraw(answer), { others: ways });
  if (state === 'local') return [...texts, end];
  const details = make('details', '', make('summary', '', 'To withdraw it from another browser'));
  details.append(
    paragraph('', 'Note down the code and this secret: {}', make('code', '', rawText(secret))),
  );
  return [...texts, end, details];
}

/** @param {SurveyView} survey @param {StoredAnswer} answer */
function waysOn(survey, answer) {
  const { state, participant } = answer;
  const download = button('Download my answer', () => {
    const text = `${JSON.stringify(answer.answer)}\n`;
    save(`soundalike-survey-${participant}.json`, 'application/json', text);
  });
  download.dataset.do = 'download';
  if (state === 'waiting' || state === 'withdrawing') {
    return [download, button('Try now', () => survey.sendNow(answer))];
  }
  if (state !== 'local' || !survey.collector) return [download];
  return [download, button('Send it now', () => survey.send(answer))];
}

/**
 * Other answers from this browser.
 * @param {SurveyView} survey
 * @param {SurveyConfig} config
 * @param {StoredAnswer | null} except
 * @returns {Node[]}
 */
export function earlierAnswers(survey, config, except) {
  const others = survey.answers.filter(
    (answer) => answer !== except && answer.participant && !isOpen(answer),
  );
  if (others.length === 0) return [];
  const count = format('Earlier answers from this browser: {}', others.length);
  const summary = make('summary', '', rawText(count));
  const records = others
    .reverse()
    .map((other) => make('div', 'survey-record', ...record(survey, config, other)));
  return [make('details', 'survey-earlier', summary, ...records)];
}

/** A way to withdraw what another browser sent. @param {SurveyView} survey @returns {Node[]} */
export function withdrawalForm({ collector }) {
  if (collector !== true) return [];
  const code = labelledInput('survey-code', 'Code');
  const secret = labelledInput('survey-secret', 'Secret');
  const outcome = make('p', '');
  outcome.setAttribute('role', 'status');
  const withdraw = button('Withdraw', async () => {
    const participant = code.input.value.trim().toUpperCase();
    const key = secret.input.value.trim().toLowerCase();
    const { outcome: result, said } = await send('DELETE', participant, key);
    if (result === 'done' || result === 'gone') setText(outcome, 'It is withdrawn.');
    else if (result === 'later') {
      setText(outcome, 'The collector cannot be reached now. Try again later.');
    } else setRawText(outcome, translateSentence(said || t('It was not withdrawn.')));
  });
  const summary = make('summary', '', 'Withdraw an answer from another browser');
  const form = make('details', 'survey-elsewhere', summary);
  form.append(code.label, code.input, secret.label, secret.input, buttonRow(withdraw), outcome);
  // Enter belongs to these two fields, not to the survey.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    withdraw.click();
  });
  return [form];
}
