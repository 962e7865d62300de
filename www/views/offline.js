// Without a network: a service worker keeps the page; a newer version is offered, never forced.

import { byId } from '../lib/dom.js';

/** Hours between two looks for a newer version while the page stays open. */
const LOOK_EVERY = 6;

export class Offline {
  #note = byId('offline', HTMLElement);
  #offer = byId('newer', HTMLElement);
  /** @type {ServiceWorker | null} */
  #waiting = null;
  #wanted = false;
  #registered = false;

  constructor() {
    const show = () => {
      this.#note.hidden = navigator.onLine;
    };
    window.addEventListener('online', show);
    window.addEventListener('offline', show);
    show();
    byId('use-newer', HTMLButtonElement).addEventListener('click', () => {
      this.#wanted = true;
      if (this.#waiting?.state === 'installed') this.#waiting.postMessage('use-now');
      else location.reload(); // another tab has begun to use it
    });
  }

  /** Keeps the page, where the browser can; where it cannot, all is as before. */
  async register() {
    const workers = navigator.serviceWorker;
    if (!workers || this.#registered) return;
    this.#registered = true;
    workers.addEventListener('controllerchange', () => {
      if (this.#wanted) location.reload();
    });
    try {
      const registration = await workers.register(new URL('../../sw.js', import.meta.url));
      this.#follow(registration.waiting);
      this.#follow(registration.installing);
      registration.addEventListener('updatefound', () => this.#follow(registration.installing));
      setInterval(() => registration.update().catch(() => {}), LOOK_EVERY * 3_600_000);
    } catch (reason) {
      console.info('Soundalike, offline:', reason);
    }
  }

  /** Offers a version as soon as it is complete. @param {ServiceWorker | null} fresh */
  #follow(fresh) {
    const look = () => {
      // The very first one is no news.
      if (fresh?.state !== 'installed' || !navigator.serviceWorker.controller) return;
      this.#waiting = fresh;
      this.#offer.hidden = false;
    };
    fresh?.addEventListener('statechange', look);
    look();
  }
}
