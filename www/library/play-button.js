// A button that plays a song of the visitor's folder, or stops it.

import { make } from '../lib/dom.js';
import { format } from '../i18n/i18n.js';

const SVG = 'http://www.w3.org/2000/svg';
const SHAPES = { play: 'M4 2.5v11l9-5.5z', stop: 'M3.5 3.5h9v9h-9z' };

/**
 * @param {string} key of the song
 * @param {string} title
 * @param {string} playing the key of the song that plays
 * @param {() => void} onPress
 */
export function playButton(key, title, playing, onPress) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'path'));
  const button = make('button', 'play-own', svg);
  button.type = 'button';
  button.dataset.plays = key;
  button.dataset.title = title;
  button.addEventListener('click', onPress);
  show(button, playing);
  return button;
}

/** Shows which song plays. @param {Element} container @param {string} playing its key; empty for none */
export function showPlaying(container, playing) {
  for (const button of container.querySelectorAll('button.play-own')) {
    show(/** @type {HTMLButtonElement} */ (button), playing);
  }
}

/** @param {HTMLButtonElement} button @param {string} playing */
function show(button, playing) {
  const { plays, title = '' } = button.dataset;
  const on = playing !== '' && plays === playing;
  button.querySelector('path')?.setAttribute('d', on ? SHAPES.stop : SHAPES.play);
  button.setAttribute('aria-label', format(on ? 'Stop “{}”' : 'Play “{}”', title));
  button.classList.toggle('on', on);
}
