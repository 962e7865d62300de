import { Cancelled, messageOf } from '../../engine/engine.js';
import { byId, setRawText } from '../../lib/dom.js';
import { fileError } from '../../lib/format.js';
import { FEATURES } from '../answer.js';
import { button, buttonRow, paragraph, songLabel } from '../parts.js';
import { SongSearch } from '../song-search.js';
import { analyseOwnSong } from '../own-song.js';
import { format, formatCount, make, t } from '../words.js';

/** @import { StoredAnswer, SurveyConfig } from '../../types.js' */
/** @import { SurveyView } from '../survey-view.js' */
/** @import { Step } from './step.js' */

/** @param {SurveyView} survey @param {SurveyConfig} config @returns {Step} */
export function favouriteStep(survey, config) {
  const chosen = make('p', 'survey-chosen');
  const showChosen = () => {
    const { favourite } = survey.draft;
    const text = favourite
      ? paragraph('', 'Chosen: {}', songLabel(favourite.title, favourite.artist))
      : paragraph('', 'Nothing is chosen yet.');
    chosen.replaceChildren(...text.childNodes);
  };
  showChosen();
  /** @param {NonNullable<StoredAnswer['favourite']>} favourite */
  const choose = (favourite) => {
    survey.draft.favourite = favourite;
    survey.keep();
    survey.complain('');
    showChosen();
    survey.announce(chosen.textContent ?? '');
  };
  const label = make('label', '', 'Search the catalogue by title or artist');
  const search = new SongSearch(label, ({ title, artist, path }) =>
    choose({ title, artist, sent: { song: { id: path } } }),
  );
  const file = ownFile(survey, choose);
  const { embedding, genres, tags } = config.model;
  return {
    heading: 'Your favourite song',
    children: [
      make('p', '', 'Of all the songs there are, which one do you like best?'),
      chosen,
      label,
      search.element,
      make('p', 'survey-or', 'Or a sound file of yours, if the catalogue lacks it:'),
      ...file.children,
      paragraph(
        'survey-quiet',
        'Your file is analysed here, in this browser. Only these numbers are kept and sent: {} of its embedding, {} of genres, {} of tags, and {} of small pictures of its sound. Neither its sound nor its name is sent.',
        ...[embedding, genres, tags, FEATURES].map(formatCount),
      ),
    ],
    onLook: file.showCurrent,
    onKey: (event) => {
      if (event.key === 'Escape' && file.cancel()) event.preventDefault();
    },
    onEngine: async () => {
      file.showCurrent();
      try {
        search.setSongs(await survey.catalogue());
      } catch {
        // A crash is reported by the page.
      }
    },
    onSubmit: () => {
      if (survey.draft.favourite) survey.go('songs');
      else survey.complain(t('Choose a song first: from the catalogue, or a file of yours.'));
    },
  };
}

/**
 * The ways to choose a file: from the disk, or the one on show above.
 * @param {SurveyView} survey
 * @param {(favourite: NonNullable<StoredAnswer['favourite']>) => void} choose
 */
function ownFile(survey, choose) {
  const input = make('input', 'unseen');
  input.type = 'file';
  input.id = 'survey-file';
  input.accept = byId('file', HTMLInputElement).accept;
  input.tabIndex = -1;
  input.setAttribute('aria-label', t('A sound file of yours'));
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file) analyse(file);
  });
  const pick = button('Choose one of your files', () => input.click());
  const current = button('', () => {
    const file = survey.currentSong()?.file;
    if (file) analyse(file);
  });
  const doing = make('span', 'survey-doing');
  doing.setAttribute('role', 'status');
  const stop = button('Cancel', () => survey.work?.abort());
  stop.hidden = true;

  const analyse = async (/** @type {File} */ file) => {
    survey.complain('');
    survey.work?.abort();
    const work = new AbortController();
    survey.work = work;
    stop.hidden = false;
    const onState = (/** @type {string} */ text) => setRawText(doing, text);
    try {
      const own = await analyseOwnSong(file, () => survey.engine, work.signal, onState);
      if (!work.signal.aborted) choose({ title: file.name, artist: '', sent: { own } });
    } catch (reason) {
      if (reason instanceof Cancelled || work.signal.aborted) return;
      survey.complain(fileError(file.name, messageOf(reason)));
    } finally {
      if (survey.work === work || survey.work === null) {
        survey.work = null;
        setRawText(doing, '');
        if (stop.contains(document.activeElement)) pick.focus();
        stop.hidden = true;
      }
    }
  };
  return {
    children: [buttonRow(pick, current, stop, doing), input],
    /** Offers the song on show above, if it is a file. */
    showCurrent: () => {
      pick.disabled = current.disabled = !survey.engine;
      const song = survey.currentSong();
      current.hidden = !song?.file;
      if (song?.file) setRawText(current, format('Use “{}” from above', song.name));
    },
    /** Ends what is analysed; false if nothing is. */
    cancel: () => {
      if (!survey.work) return false;
      survey.work.abort();
      return true;
    },
  };
}
