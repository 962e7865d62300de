// Sends the answers that wait, again and again with growing pauses, until the collector has them.

import { allAnswers, dropAnswer, keepAnswer } from './answer-storage.js';
import { send } from './collector.js';

/** @import { StoredAnswer } from '../types.js' */

/** The first pause and the longest, in milliseconds. */
const PAUSE = { first: 5_000, longest: 15 * 60_000 };

/** There is one in a page; several tabs take turns. */
export class SendQueue {
  /** Other tabs of this page, which show the same answers. */
  #tabs = new BroadcastChannel('soundalike-survey');
  #timer = 0;
  /** @type {Promise<void> | null} */
  #running = null;

  /** Called after each change of an answer that waited; null where it is gone for good. @type {(begun: number, now: StoredAnswer | null) => void} */
  onChange = () => {};

  constructor() {
    window.addEventListener('online', () => this.send());
    this.#tabs.addEventListener('message', ({ data }) => this.onChange(data.begun, data.now));
  }

  /** Tries now whatever waits. */
  send() {
    this.#running ??= this.#alone().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  #alone() {
    const locks = navigator.locks;
    if (!locks) return this.#work();
    return locks.request('soundalike-survey', () => this.#work());
  }

  async #work() {
    clearTimeout(this.#timer);
    const waiting = (await allAnswers()).filter(({ state }) =>
      ['waiting', 'withdrawing'].includes(state),
    );
    let next = Infinity;
    for (const answer of waiting) {
      const early = answer.notBefore - Date.now();
      // Seen from a clock that was set back, a time may never come.
      if (early > 0 && early <= 24 * 3600_000) next = Math.min(next, early);
      else next = Math.min(next, await this.#try(answer));
    }
    if (next < Infinity) this.#timer = window.setTimeout(() => this.send(), next);
  }

  /** @param {StoredAnswer} answer @returns {Promise<number>} milliseconds to the next try */
  async #try(answer) {
    if (!navigator.onLine) return Infinity; // `online` will tell
    const { participant, secret, state } = answer;
    answer.tries += 1; // before it leaves: from now on the collector may have it
    await keepAnswer(answer);
    const withdrawn = state === 'withdrawing';
    const response = withdrawn
      ? await send('DELETE', participant, secret)
      : await send('POST', participant, secret, answer.answer);
    const { outcome, said, wait } = response;
    let pause = Infinity;
    // It may have been changed or forgotten here meanwhile.
    const now = (await allAnswers()).find(({ begun }) => begun === answer.begun);
    if (!now) return Infinity;
    if (now.state !== state) return 0;
    now.said = said;
    now.notBefore = 0;
    if (outcome === 'later') {
      const grown = Math.min(PAUSE.longest, PAUSE.first * 2 ** Math.min(now.tries - 1, 10));
      pause = wait || grown * (0.75 + Math.random() / 2); // so that not all come at once
      if (wait) now.notBefore = Date.now() + wait;
    } else if (withdrawn) {
      if (outcome === 'done' || outcome === 'gone') {
        await dropAnswer(now.begun);
        this.#tell(now.begun, null);
        return Infinity;
      }
      now.state = 'sent';
      now.said ||= 'Nobody collects answers here now, so it could not be withdrawn.';
    } else if (outcome === 'done') {
      now.state = 'sent';
      now.tries = 0;
    } else if (outcome === 'none') now.state = 'local';
    else {
      now.state = 'refused';
      if (outcome === 'gone') {
        // This code was withdrawn and is never taken again.
        now.participant = '';
        now.secret = '';
        now.said ||= 'This answer was withdrawn before.';
      }
    }
    await keepAnswer(now);
    this.#tell(now.begun, now);
    return pause;
  }

  /** @param {number} begun @param {StoredAnswer | null} now */
  #tell(begun, now) {
    this.onChange(begun, now);
    this.#tabs.postMessage({ begun, now });
  }
}
