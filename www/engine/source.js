// What the engine reads from while it works: its own words for a failure are about bytes, those here say why.

export class Source {
  /** Why it could not be read. @type {Error | null} */
  #failure = null;

  /** What is to be told of it. @template {Error} E @param {E} reason @returns {E} */
  failed(reason) {
    this.#failure = reason;
    return reason;
  }

  /**
   * Does what reads from it; fails with its own reason if it could not be read, also where the job made do with
   * what it had until then.
   * @template T
   * @param {() => T | Promise<T>} job
   * @returns {Promise<T>}
   */
  async during(job) {
    this.#failure = null;
    let result;
    try {
      result = await job();
    } catch (error) {
      throw this.#failure ?? error;
    }
    if (this.#failure) throw this.#failure;
    return result;
  }
}
