// The same page in several tabs: one of them hears songs at a time, and the others are told of it.

const NAME = 'soundalike-library';

export class OtherTabs {
  #channel = 'BroadcastChannel' in window ? new BroadcastChannel(NAME) : null;

  /** Called when another tab has changed what is kept. @type {() => void} */
  onChanged = () => {};
  /** Called when another tab has forgotten all. @type {() => void} */
  onForgotten = () => {};

  constructor() {
    this.#channel?.addEventListener('message', ({ data }) => {
      if (data === 'forgotten') this.onForgotten();
      else this.onChanged();
    });
  }

  /** @param {'changed' | 'forgotten'} what */
  tell(what) {
    this.#channel?.postMessage(what);
  }

  /**
   * Does something that only one tab may do at a time.
   * @param {() => Promise<void>} job
   * @returns {Promise<boolean>} false if another tab is doing it
   */
  async alone(job) {
    const { locks } = navigator;
    if (!locks) {
      await job();
      return true;
    }
    return locks.request(NAME, { ifAvailable: true }, async (lock) => {
      if (lock) await job();
      return lock !== null;
    });
  }
}
