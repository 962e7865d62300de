import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ZOOM,
  between,
  nearestOf,
  nearestTowards,
  pick,
  placeLabels,
  project,
  tame,
  zoomAt,
} from '../../www/map/geometry.js';

const size = { width: 400, height: 200 };
const flat = { yaw: 0, pitch: 0, depth: 0, zoom: 1, x: 0, y: 0 };
const solid = { ...flat, depth: 1 };
const close = (a, b) => assert.ok(Math.abs(a - b) < 5e-3, `${a} and ${b}`);

function screen(points, view) {
  const out = new Float32Array(points.length);
  project(Float32Array.from(points), view, size, out);
  return out;
}

test('the middle is in the middle, y goes up, and in 2D depth changes nothing', () => {
  const [x, y, near] = screen([0, 0, 0], flat);
  assert.deepEqual([x, y, near], [200, 100, 1]);
  assert.ok(screen([0, 1, 0], flat)[1] < 100);
  close(screen([0.5, 0, 1], flat)[0], screen([0.5, 0, -1], flat)[0]);
});

test('in 3D what is nearer is larger', () => {
  const [x, , near] = screen([0.5, 0, 1], solid);
  const [farX, , far] = screen([0.5, 0, -1], solid);
  assert.ok(near > 1 && far < 1);
  assert.ok(x > farX);
});

test('a quarter of a turn brings an axis to the front', () => {
  const [x, y, near] = screen([1, 0, 0], { ...solid, yaw: -Math.PI / 2 });
  close(x, 200);
  close(y, 100);
  assert.ok(near > 1);
});

test('the nearest mark within reach is picked', () => {
  const marks = Float32Array.from([10, 10, 1, 14, 10, 1]);
  assert.equal(
    pick(marks, 13, 10, () => 5),
    1,
  );
  assert.equal(
    pick(marks, 13, 10, (item) => (item === 0 ? 5 : 0)),
    0,
  );
  assert.equal(
    pick(marks, 50, 50, () => 5),
    -1,
  );
});

test('an arrow goes to what lies that way', () => {
  const marks = Float32Array.from([0, 0, 1, 30, 5, 1, 10, 40, 1, -20, 0, 1]);
  const from = { x: 0, y: 0 };
  assert.equal(
    nearestTowards(marks, from, { x: 1, y: 0 }, () => true),
    1,
  );
  assert.equal(
    nearestTowards(marks, from, { x: 0, y: 1 }, () => true),
    2,
  );
  assert.equal(
    nearestTowards(marks, from, { x: -1, y: 0 }, () => true),
    3,
  );
  assert.equal(
    nearestTowards(marks, from, { x: 0, y: -1 }, () => true),
    -1,
  );
  assert.equal(
    nearestTowards(marks, from, { x: 1, y: 0 }, (item) => item !== 1),
    2,
  );
});

test('zooming keeps what is pointed at in its place, within limits', () => {
  const at = { x: 320, y: 40 };
  const zoomed = zoomAt(flat, 2, at, size);
  const scale = size.height * 0.46;
  const point = [(at.x - 200) / scale, (100 - at.y) / scale, 0];
  const [x, y] = screen(point, zoomed);
  close(x, at.x);
  close(y, at.y);
  assert.equal(zoomAt(flat, 1000, at, size).zoom, ZOOM.most);
  assert.equal(zoomAt(flat, 0.001, at, size).zoom, ZOOM.least);
});

test('the map cannot be moved out of sight or turned over', () => {
  const { x, pitch } = tame({ ...solid, x: 9999, pitch: 5 }, size);
  close(x, size.height * 0.46);
  close(pitch, Math.PI / 2);
});

test('a glide begins and ends where it should and takes the shorter way round', () => {
  const from = { ...solid, yaw: 0.1, zoom: 1 };
  const to = { ...solid, yaw: 2 * Math.PI - 0.1, zoom: 4 };
  close(between(from, to, 1).yaw, to.yaw);
  close(between(from, to, 1).zoom, 4);
  close(between(from, to, 0.5).yaw, 2 * Math.PI);
  close(between(from, to, 0.5).zoom, 2);
});

test('the nearest of some points', () => {
  const all = [
    [0, 0, 0],
    [1, 1, 1],
    [0.2, 0, 0],
  ].map((point) => ({ point }));
  assert.equal(nearestOf(all[0], all), all[2]);
  assert.equal(nearestOf(all[0], [all[0]]), undefined);
});

test('labels stay off each other and inside, and stay where they were', () => {
  const label = { reach: 5, width: 40, height: 10, last: -1, spare: false };
  const labels = [
    { ...label, x: 100, y: 100 },
    { ...label, x: 102, y: 100 },
    { ...label, x: 395, y: 100 },
  ];
  const placed = placeLabels(labels, size);
  const [a, b, c] = placed.map(({ box }) => box);
  assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
  assert.ok(c.right <= size.width);
  const again = placeLabels([{ ...labels[0], last: 2 }], size);
  assert.equal(again[0].stand, 2);
});
