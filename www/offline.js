// Without a network: a service worker keeps the page; a newer version is offered, never forced.

import { byId } from './dom.js';

/** Hours between two looks for a newer version while the page stays open. */
const LOOK_EVERY = 6;

export class Offline {
  #note = byId('offline', HTMLElement);
  #offer = byId('newer', HTMLElement);
  /** @type {ServiceWorker | null} */
  #waiting = null;
  #wanted = false;

  constructor() {
    const show = () => {
      this.#note.hidden = navigator.onLine;
    };
    window.addEventListener('online', show);
    window.addEventListener('offline', show);
    show();
    byId('use-newer', HTMLButtonElement).addEventListener('click', () => {
      this.#wanted = true;
      this.#waiting?.postMessage('use-now');
    });
  }

  /** Keeps the page, where the browser can; where it cannot, all is as before. */
  async register() {
    const workers = navigator.serviceWorker;
    if (!workers) return;
    workers.addEventListener('controllerchange', () => {
      if (this.#wanted) location.reload();
    });
    try {
      const registration = await workers.register(new URL('../sw.js', import.meta.url));
      if (registration.waiting && workers.controller) this.#show(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const fresh = registration.installing;
        fresh?.addEventListener('statechange', () => {
          // The very first one is no news.
          if (fresh.state === 'installed' && workers.controller) this.#show(fresh);
        });
      });
      setInterval(() => registration.update().catch(() => {}), LOOK_EVERY * 3_600_000);
    } catch (reason) {
      console.info('Soundalike, offline:', reason);
    }
  }

  /** @param {ServiceWorker} fresh */
  #show(fresh) {
    this.#waiting = fresh;
    this.#offer.hidden = false;
  }
}
