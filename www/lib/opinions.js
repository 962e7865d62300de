// The opinions in a file that was saved before, here or elsewhere.

/** @import { StoredRating } from '../types.js' */

/** Of the file that opinions are exported to. */
export const FORMAT = 1;
/** Longest text and most opinions that are taken from a file. */
const TEXT_MOST = 500;
const OPINIONS_MOST = 10_000;
/** Far beyond what an embedding holds; greater numbers would be infinite to the model. */
const NUMBER_MOST = 10_000;

/**
 * The opinions in a file, or what is wrong with it.
 * @param {any} record
 * @returns {StoredRating[] | string}
 */
export function readOpinions(record) {
  if (typeof record !== 'object' || record === null || !('soundalike_taste' in record)) {
    return 'This is not a taste that Soundalike has exported. Choose another file.';
  }
  if (record.soundalike_taste !== FORMAT) {
    return 'This taste is from another version of the page. Reload the page, or export it again.';
  }
  const { opinions } = record;
  if (!Array.isArray(opinions) || opinions.length > OPINIONS_MOST || !opinions.every(isOpinion)) {
    return 'This taste is damaged: some of its opinions cannot be read. Nothing was taken from it.';
  }
  // Only what is known, in case there is more.
  return opinions.map(({ key, opinion, path, title, artist, embedding, modelSha256, when }) => ({
    key,
    opinion,
    title,
    artist,
    when,
    ...(path !== undefined ? { path } : { embedding, modelSha256 }),
  }));
}

/** @param {any} value */
function isOpinion(value) {
  const isText = (/** @type {unknown} */ text) =>
    typeof text === 'string' && text.length <= TEXT_MOST;
  if (typeof value !== 'object' || value === null) return false;
  const { key, opinion, path, title, artist, embedding, modelSha256, when } = value;
  const own =
    isText(modelSha256) &&
    Array.isArray(embedding) &&
    embedding.length <= 4096 &&
    embedding.every((number) => typeof number === 'number' && Math.abs(number) <= NUMBER_MOST);
  return (
    [key, title, artist].every(isText) &&
    ['like', 'dislike', 'unknown'].includes(opinion) &&
    Number.isFinite(when) &&
    (isText(path) ? key === `catalog:${path}` : own && key.startsWith('own:'))
  );
}
