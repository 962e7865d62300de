// Fetching with a count of bytes.

import { PageError } from '../lib/page-error.js';

/**
 * Sizes to expect where the server does not tell: a compressed body's Content-Length is that of
 * the compressed bytes (or missing), while the bytes we count are the unpacked ones. Only the
 * progress line depends on them; they need not be exact.
 */
const EXPECTED = { wasm: 3_330_000, model: 380_000, catalog: 740_000 };

/** Counts the bytes of several bodies together; reports each percent, and never more done than total. */
export class ByteProgress {
  /** @param {(done: number, total: number) => void} report */
  constructor(report) {
    this.report = report;
    this.percent = -1;
    /** @type {Map<string, {done: number, total: number}>} */
    this.parts = new Map();
    for (const [part, total] of Object.entries(EXPECTED)) {
      this.parts.set(part, { done: 0, total });
    }
  }

  /**
   * Adds bytes to a part; its total grows with it if it was expected too small.
   * @param {string} part
   * @param {number} bytes
   */
  add(part, bytes) {
    const count = this.parts.get(part) ?? { done: 0, total: 0 };
    count.done += bytes;
    count.total = Math.max(count.total, count.done);
    this.parts.set(part, count);
    this.notify();
  }

  /** @param {string} part @param {number} total */
  expect(part, total) {
    this.parts.set(part, { done: this.parts.get(part)?.done ?? 0, total });
    this.notify();
  }

  /** The part is complete: its total is what came. @param {string} part */
  complete(part) {
    const count = this.parts.get(part);
    if (count) count.total = count.done;
    this.percent = -1;
    this.notify();
  }

  notify() {
    let done = 0;
    let total = 0;
    for (const part of this.parts.values()) {
      done += part.done;
      total += part.total;
    }
    // There are hundreds of chunks, and each report is a message to the page, which draws.
    const percent = Math.floor((100 * done) / Math.max(1, total));
    if (percent === this.percent) return;
    this.percent = percent;
    this.report(done, total);
  }
}

/**
 * Fetches a file and counts its bytes on the way.
 * @param {URL} url
 * @param {string} what its name at the beginning of a sentence, such as "The model"
 * @param {string} part the part of the count it belongs to
 * @param {ByteProgress} count
 * @param {string} [type] the content type the returned response shall have
 * @returns {Promise<Response>}
 */
export async function fetchWithProgress(url, what, part, count, type) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new PageError('fetch.no_answer', { what });
  }
  if (!response.ok || !response.body) {
    throw new PageError('fetch.status', { what, status: response.status, path: url.pathname });
  }
  const encoding = response.headers.get('content-encoding');
  const length = Number(response.headers.get('content-length'));
  if (length > 0 && (!encoding || encoding === 'identity')) count.expect(part, length);

  const counted = response.body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        count.add(part, chunk.byteLength);
        controller.enqueue(chunk);
      },
      flush() {
        count.complete(part);
      },
    }),
  );
  return new Response(counted, { headers: type ? { 'content-type': type } : {} });
}
