// What the page is doing and what went wrong: the progress line, the errors and what is announced to screen readers.

import { byId, setRawText } from '../lib/dom.js';

export class StatusView {
  #progress = byId('progress', HTMLElement);
  #meter = byId('meter', HTMLProgressElement);
  #doing = byId('doing', HTMLElement);
  #cancel = byId('cancel', HTMLButtonElement);
  #error = byId('error', HTMLElement);
  #again = byId('again', HTMLButtonElement);
  #live = byId('live', HTMLElement);

  /** Called when the visitor cancels what is going on. @type {() => void} */
  onCancel = () => {};
  /** Called when the visitor starts again after an error. @type {() => void} */
  onRestart = () => {};

  constructor() {
    this.#cancel.addEventListener('click', () => this.onCancel());
    this.#again.addEventListener('click', () => this.onRestart());
  }

  /**
   * @param {string} text in the page's language
   * @param {number} share 0 to 1, or less where it is unknown
   * @param {boolean} cancellable
   */
  showProgress(text, share, cancellable) {
    this.#progress.hidden = false;
    this.#cancel.hidden = !cancellable;
    setRawText(this.#doing, text);
    if (share >= 0) this.#meter.value = Math.min(1, share);
    else this.#meter.removeAttribute('value');
  }

  hideProgress() {
    this.#progress.hidden = true;
  }

  /** @param {string} text in the page's language */
  showErrors(text) {
    setRawText(this.#error, text);
  }

  /** @param {boolean} offered whether the visitor can start again */
  offerRestart(offered) {
    this.#again.hidden = !offered;
  }

  /** @param {string} text in the page's language */
  announce(text) {
    setRawText(this.#live, text);
  }
}
