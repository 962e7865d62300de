// How a song of the survey can be listened to.

import { sourceLinks } from '../lib/source-links.js';
import { format, make } from './words.js';

/** @import { SurveySong } from '../types.js' */

/** Sound files that the researcher put beside the survey. */
const AUDIO = new URL('../../survey/audio/', import.meta.url);
/** As in src/survey/config.rs. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*\.(?:mp3|ogg|oga|opus|m4a|flac|wav|webm)$/i;

/** The address of a song's sound file; null without one. @param {SurveySong} song */
export function soundOf({ audio = '' }) {
  return NAME.test(audio) ? new URL(audio, AUDIO) : null;
}

/**
 * A player where the survey has the song's sound, and links to where else it can be found.
 * @param {SurveySong} song
 * @returns {HTMLElement[]}
 */
export function listenTo(song) {
  const links = make('p', 'more', ...sourceLinks({ ...song, licence: song.licence ?? '' }));
  const address = soundOf(song);
  if (!address) return [links];
  const player = make('audio', 'survey-player');
  player.controls = true;
  player.preload = 'none';
  player.src = address.href;
  player.setAttribute('aria-label', format('Play “{}”', song.title));
  // The links are still there.
  player.addEventListener('error', () =>
    player.replaceWith(make('p', 'survey-quiet', 'Its sound cannot be played.')),
  );
  return [player, links];
}
