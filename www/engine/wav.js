/**
 * The header of a WAV file with mono samples of 16 bits.
 * @param {number} bytes of all samples
 * @param {number} rate
 * @returns {ArrayBuffer}
 */
export function wavHeader(bytes, rate) {
  const header = new DataView(new ArrayBuffer(44));
  const text = (/** @type {number} */ at, /** @type {string} */ word) => {
    for (let i = 0; i < word.length; i++) header.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, 'RIFF');
  header.setUint32(4, 36 + bytes, true);
  text(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true); // mono
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, 'data');
  header.setUint32(40, bytes, true);
  return header.buffer;
}

/**
 * A 16-bit WAV of mono samples, for sounds that there is no file of.
 * @param {Float32Array} samples
 * @param {number} rate
 * @returns {Blob}
 */
export function encodeWav(samples, rate) {
  const body = new Int16Array(samples.length); // little-endian wherever browsers run
  for (let i = 0; i < samples.length; i++) {
    body[i] = Math.max(-1, Math.min(1, samples[i] ?? 0)) * 32767;
  }
  return new Blob([wavHeader(2 * samples.length, rate), body.buffer], { type: 'audio/wav' });
}
