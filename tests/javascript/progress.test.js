import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ByteProgress } from '../../www/engine/fetch-with-progress.js';

test('never more is done than there is, and in the end all is', () => {
  const reports = [];
  const progress = new ByteProgress((done, total) => reports.push([done, total]));
  for (const part of ['wasm', 'model', 'catalog']) {
    progress.expect(part, 10);
    progress.add(part, 8);
    progress.add(part, 8); // more than was expected
    progress.complete(part);
  }
  for (const [done, total] of reports) assert.ok(done <= total);
  assert.deepEqual(reports.at(-1), [48, 48]);
});
