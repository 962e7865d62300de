// Plays songs of the visitor's folder, one at a time.

export class Playback {
  #audio = new Audio();
  #url = '';
  /** The song that plays; empty for none. */
  #key = '';
  /** Of several that were asked for in a row, the last one plays. */
  #turn = 0;

  /** Called when another song plays, or none. @type {() => void} */
  onChange = () => {};

  constructor() {
    for (const event of ['ended', 'pause']) {
      this.#audio.addEventListener(event, () => {
        if (this.#audio.paused || this.#audio.ended) this.stop();
      });
    }
  }

  /** The key of the song that plays; empty for none. */
  get playing() {
    return this.#key;
  }

  stop() {
    this.#turn++;
    if (!this.#key) return;
    this.#key = '';
    this.#audio.pause();
    this.#audio.removeAttribute('src');
    URL.revokeObjectURL(this.#url);
    this.onChange();
  }

  /**
   * Plays a song from its beginning.
   * @param {string} key
   * @param {File} file
   * @returns {Promise<boolean>} false if the browser cannot play it
   */
  async play(key, file) {
    this.stop();
    const turn = this.#turn;
    this.#key = key;
    this.#url = URL.createObjectURL(file);
    this.#audio.src = this.#url;
    this.onChange();
    try {
      await this.#audio.play();
      return true;
    } catch {
      if (turn !== this.#turn) return true; // something else was asked for
      this.stop();
      return false;
    }
  }
}
