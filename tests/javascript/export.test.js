import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stem } from '../../www/lib/download.js';
import { toCsv, toPlaylist, toRecord } from '../../www/lib/export.js';
import { secureLink } from '../../www/lib/source-links.js';

const answer = {
  seconds: 12.345,
  genre: 'jazz',
  confidence: 0.7,
  music: 0.99,
  probabilities: { blues: 0.3, jazz: 0.7 },
  tags: { slow: 0.2, piano: 0.9 },
};

test('a table quotes every cell and holds no formulas', () => {
  const csv = toCsv([
    { name: 'a "b", c.mp3', answer },
    { name: '=cmd()', answer },
  ]);
  const rest = '"12.35","jazz","0.7000","0.9900","0.3000","0.7000","piano; slow"';
  assert.deepEqual(csv.split('\r\n'), [
    '"file","seconds","genre","confidence","music","blues","jazz","tags"',
    `"a ""b"", c.mp3",${rest}`,
    `"'=cmd()",${rest}`,
    '',
  ]);
});

test('no formula begins after any separator', () => {
  for (const [name, expected] of [
    ['good;=1+1', "good;'=1+1"],
    ['good, +1', "good, '+1"],
    ['good;"=1+1"', 'good;"\'=1+1"'],
    ['one\n-two', "one\n'-two"],
    ['＝1', "'＝1"],
    ['a;－1;＋1;＠b', "a;'－1;'＋1;'＠b"],
    ['\r\n=1', "'\r\n'=1"],
    ['\ttext', "'\ttext"],
    ['-1.5', '-1.5'],
    ['1 + 1 = 2, not 3', '1 + 1 = 2, not 3'],
  ]) {
    const cells = toCsv([{ name, answer }]).slice(toCsv([]).length);
    assert.ok(cells.includes(`"${expected.replaceAll('"', '""')}",`), JSON.stringify(cells));
  }
});

test('a record names its file and its model', () => {
  const record = toRecord({ name: 'a.mp3', answer, modelSha256: 'abc' });
  assert.equal(record.file, 'a.mp3');
  assert.equal(record.model_sha256, 'abc');
  assert.equal(record.genre, 'jazz');
});

test('a playlist has the address of a song, or else its name', () => {
  const songs = [
    { title: 'One', artist: 'A', source: '', link: 'https://example.org/1' },
    { title: 'Two\nlines', artist: 'B/C', source: 'a set', link: '' },
    { title: '', artist: '', source: 'https://example.org/3', link: 'javascript:alert(1)' },
  ];
  assert.deepEqual(toPlaylist('me', songs).split('\n'), [
    '#EXTM3U',
    '#PLAYLIST:Sounds like me',
    '#EXTINF:-1,A - One',
    'https://example.org/1',
    '#EXTINF:-1,B/C - Two lines',
    'B_C - Two lines.mp3',
    '#EXTINF:-1,Untitled',
    'https://example.org/3',
    '',
  ]);
});

test('songs of the visitor are paths in the folder that was chosen', () => {
  const song = (path, mine) => ({ title: 'T', artist: '', source: '', link: '', path, mine });
  const places = new Map([
    ['M/a b/ü.mp3', { folder: 'M', path: 'a b/ü.mp3' }],
    ['M/#1.mp3', { folder: 'M', path: '#1.mp3' }],
    ['N/c.mp3', { folder: 'N', path: 'c.mp3' }],
    ['x.safetensors/d.mp3', { folder: '', path: 'd.mp3' }],
  ]);
  const lines = (songs) =>
    toPlaylist('me', songs, (key) => places.get(key))
      .split('\n')
      .filter((line) => line && !/^#EXT|^#PLAYLIST/.test(line));
  const own = [song('M/a b/ü.mp3', 0), song('M/#1.mp3', 1)];
  assert.deepEqual(lines(own), ['a b/ü.mp3', './#1.mp3']);
  assert.deepEqual(lines([...own, song('N/c.mp3', 2)]), ['M/a b/ü.mp3', 'M/#1.mp3', 'N/c.mp3']);
  assert.deepEqual(lines([...own, song('x.safetensors/d.mp3', 3)]).at(-1), 'd.mp3');
  assert.deepEqual(lines([song('M/#1.mp3')]), ['T.mp3']);
});

test('only https is followed', () => {
  assert.equal(secureLink('https://example.org/a b'), 'https://example.org/a%20b');
  for (const link of ['http://example.org', 'javascript:alert(1)', 'no link', '', undefined]) {
    assert.equal(secureLink(link), '');
  }
});

test("a file's name without its ending", () => {
  assert.deepEqual(['a.b.mp3', 'a', '.mp3'].map(stem), ['a.b', 'a', 'song']);
});
