import { setRawText } from '../../lib/dom.js';
import { COMMENT_MOST, plainText } from '../answer.js';
import { format, formatCount, make } from '../words.js';

/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** @param {SurveyView} survey @returns {Step} */
export function commentStep(survey) {
  const answer = survey.draft;
  const label = make('label', '', 'Is there anything you want to say? This is optional.');
  label.htmlFor = 'survey-comment';
  const area = make('textarea');
  area.id = label.htmlFor;
  area.rows = 6;
  area.value = answer.comment;
  const count = make('p', 'survey-quiet');
  count.id = 'survey-letters';
  area.setAttribute('aria-describedby', count.id);
  const most = formatCount(COMMENT_MOST);
  const length = () => [...answer.comment].length;
  const complain = () => {
    const tooLong = length() > COMMENT_MOST;
    survey.complain(tooLong ? format('At most {} characters are kept.', most) : '');
    return tooLong;
  };
  const show = () => {
    setRawText(count, format('{} of {} characters', formatCount(length()), most));
    complain();
  };
  area.addEventListener('input', () => {
    answer.comment = plainText(area.value);
    survey.keep();
    show();
  });
  return {
    heading: 'Anything else?',
    children: [label, area, count],
    onShown: show,
    onSubmit: () => {
      if (!complain()) survey.go('review');
    },
  };
}
