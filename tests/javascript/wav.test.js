import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeWav } from '../../www/engine/wav.js';

test('a WAV of 16-bit mono', async () => {
  const blob = encodeWav(Float32Array.of(0, 0.5, -1, 2), 22050);
  assert.equal(blob.type, 'audio/wav');
  const bytes = await blob.arrayBuffer();
  const view = new DataView(bytes);
  const text = (at) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  assert.deepEqual([0, 8, 12, 36].map(text), ['RIFF', 'WAVE', 'fmt ', 'data']);
  assert.equal(bytes.byteLength, 44 + 8);
  assert.equal(view.getUint32(4, true), bytes.byteLength - 8);
  assert.equal(view.getUint16(22, true), 1);
  assert.equal(view.getUint32(24, true), 22050);
  assert.equal(view.getUint32(28, true), 22050 * 2);
  assert.equal(view.getUint32(40, true), 8);
  // Too loud samples are clipped instead of wrapping around.
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true)),
    [0, 16383, -32767, 32767],
  );
});
