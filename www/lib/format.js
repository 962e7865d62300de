// Numbers as people read them, in the page's language.

import { localiseDecimal, format, locale, translateMessage } from '../i18n/i18n.js';

/** @import { Message } from '../types.js' */

/** A whole number, its thousands set apart. @param {number} count @returns {string} such as 1,336 */
export function formatCount(count) {
  return count.toLocaleString(locale());
}

/** @param {number} seconds @returns {string} such as 3:05 or 1:02:09 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const s = String(whole % 60).padStart(2, '0');
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  return h ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** @param {number} seconds @returns {string} such as 30 s or 3 min 5 s */
export function duration(seconds) {
  if (seconds < 10) return localiseDecimal(`${seconds.toFixed(1)} s`);
  const whole = Math.round(seconds);
  if (whole < 90) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** @param {number} share 0 to 1 @returns {string} such as 71 % */
export function percent(share) {
  if (share > 0 && share < 0.005) return '<\u00a01\u00a0%';
  return `${Math.round(share * 100)}\u00a0%`;
}

/** @param {number} bytes @returns {string} such as 2.1 MB */
export function megabytes(bytes) {
  return localiseDecimal(`${(bytes / 1e6).toFixed(1)} MB`);
}

/** @param {number} bytes @returns {string} such as 840 kB */
export function kilobytes(bytes) {
  return `${formatCount(Math.ceil(bytes / 1000))}\u00a0kB`;
}

/** @param {number} hertz @returns {string} such as 440 Hz or 2.1 kHz */
export function frequency(hertz) {
  if (hertz < 1000) return `${Math.round(hertz / 10) * 10}\u00a0Hz`;
  return localiseDecimal(`${(hertz / 1000).toFixed(1)}\u00a0kHz`);
}

/**
 * A file's name and what is wrong with it, as one sentence. The decoder's messages go on from a
 * name ("is damaged beyond use; …"), the page's own stand for themselves ("This file is empty.").
 * @param {string} name
 * @param {Message} message
 */
export function fileError(name, message) {
  const goesOn = /^[a-z]/.test(typeof message === 'string' ? message : message.text);
  return format(goesOn ? '“{}” {}' : '“{}”: {}', name, translateSentence(message));
}

/** What is wrong, in the page's language and with a full stop. @param {Message} message */
export function translateSentence(message) {
  const translated = translateMessage(message);
  return /[.!?]$/.test(translated) ? translated : `${translated}.`;
}
