// The frequency bands of the model's spectrogram.

/** Centre in Hz of each band of the spectrogram, rising. @type {number[]} */
let bands = [];

/** Takes the bands of the spectrogram. @param {number[]} centres in Hz, rising */
export function setBands(centres) {
  bands = centres;
}

/** How many bands the spectrogram has. */
export function bandCount() {
  return bands.length;
}

/**
 * Centre of a band.
 * @param {number} band counted from the lowest, 0
 */
export function bandHertz(band) {
  return bands[Math.max(0, Math.min(bands.length - 1, Math.round(band)))] ?? 0;
}

/**
 * Where a frequency stands on the spectrogram's height.
 * @param {number} hertz
 * @returns {number | null} 0 at the bottom, 1 at the top; null above it
 */
export function heightOfHertz(hertz) {
  const above = bands.findIndex((centre) => centre >= hertz);
  if (above < 0) return null;
  const [low, high] = [bands[above - 1] ?? 0, bands[above] ?? 0];
  const share = (hertz - low) / Math.max(1e-9, high - low);
  return Math.max(0, above - 0.5 + share) / bands.length;
}
