// How fast songs are heard, and how long the others will take.

/** The rate is taken over the last songs: what was fast or slow long ago says little. */
const WINDOW = 40;
/** Before so many songs there is no rate to speak of. */
const LEAST = 2;

/** Workers at most: each has a module and a model of its own. */
const MOST = 8;

export class Pace {
  /** When songs were done, in milliseconds, the oldest first. @type {number[]} */
  #times = [];

  /** Songs are heard from now on: a pause is no song's time. @param {number} now in milliseconds */
  begin(now) {
    this.#times = [now];
  }

  /** A song is done. @param {number} now in milliseconds */
  count(now) {
    this.#times.push(now);
    if (this.#times.length > WINDOW + 1) this.#times.shift();
  }

  /** Songs per minute; 0 while it is not known. */
  get perMinute() {
    const songs = this.#times.length - 1;
    const [first = 0] = this.#times;
    const milliseconds = (this.#times.at(-1) ?? 0) - first;
    return songs < LEAST || milliseconds <= 0 ? 0 : (songs * 60_000) / milliseconds;
  }

  /** Seconds that so many songs will take; null while it is not known. @param {number} songs */
  secondsFor(songs) {
    const { perMinute } = this;
    return perMinute > 0 ? (songs * 60) / perMinute : null;
  }
}

/**
 * How many workers hear songs: one for each processor but one, which is left to the page. Of two, both are used: what the
 * page does is short, and half the speed would be too much for it.
 * @param {{hardwareConcurrency?: number, deviceMemory?: number}} machine the browser's `navigator`
 * @param {string} query the page's; `?workers=` says otherwise
 */
export function workerCount({ hardwareConcurrency = 2, deviceMemory = MOST }, query) {
  const asked = Number(new URLSearchParams(query).get('workers'));
  if (Number.isInteger(asked) && asked > 0) return Math.min(asked, MOST);
  // A worker takes up to half a gigabyte while it hears a long song.
  const processors = Math.max(hardwareConcurrency - 1, Math.min(hardwareConcurrency, 2));
  return Math.max(1, Math.min(processors, MOST, Math.floor(deviceMemory * 2)));
}
