import { Cancelled, Crashed } from '../engine/engine.js';
import { openFullBand } from '../engine/open-sound.js';
import { short } from './answer.js';
import { t } from './words.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { OwnSong } from '../types.js' */

/**
 * What a survey keeps of a sound file. If the engine is replaced meanwhile, the file is analysed again.
 * @param {File} file
 * @param {() => Engine | null} currentEngine
 * @param {AbortSignal} signal
 * @param {(text: string) => void} onState in the page's language
 * @returns {Promise<OwnSong>}
 */
export async function analyseOwnSong(file, currentEngine, signal, onState) {
  for (let again = false; ; again = true) {
    const engine = currentEngine();
    if (!engine) throw new Error('The model has not loaded yet. Try again in a moment.');
    try {
      return await analyse(file, engine, signal, onState);
    } catch (reason) {
      if (!(reason instanceof Crashed) || again || currentEngine() === engine) throw reason;
    }
  }
}

/** @param {File} file @param {Engine} engine @param {AbortSignal} signal @param {(text: string) => void} onState */
async function analyse(file, engine, signal, onState) {
  const onOpening = (/** @type {'reading' | 'decoding'} */ state) =>
    onState(`${file.name}: ${t(state)}`);
  // The kept features reach higher than the model listens.
  const sound = await openFullBand(file, engine, signal, onOpening);
  onState(`${file.name}: ${t('analysing')}`);
  const features = await engine.features(sound);
  if (signal.aborted) {
    engine.release(sound);
    throw new Cancelled();
  }
  const answer = await engine.analyse(
    sound,
    () => {},
    () => {},
    signal,
  );
  if (signal.aborted) throw new Cancelled();
  const { genres, tags } = engine.info;
  return {
    embedding: answer.embedding.map(short),
    probabilities: genres.map((genre) => short(answer.probabilities[genre] ?? 0)),
    tags: tags.map((tag) => short(answer.tags[tag] ?? 0)),
    features,
  };
}
