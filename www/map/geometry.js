// Where the things of the map lie on the screen. Pure functions: nothing here knows of the page.

/**
 * How the map is looked at: turned by `yaw`, then tilted by `pitch` (radians), magnified by
 * `zoom`, moved by `x` and `y` (pixels). `depth` is 1 in 3D and 0 in 2D, where the third axis is
 * pressed flat.
 * @typedef {{yaw: number, pitch: number, depth: number, zoom: number, x: number, y: number}} View
 */
/** @typedef {{width: number, height: number}} Size */
/**
 * A text beside a mark of some reach. `last` is where it stood last, or -1; a spare one may be left
 * out.
 * @typedef {{x: number, y: number, reach: number, width: number, height: number, last: number,
 *   spare: boolean}} Label
 */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** Distance of the eye from the middle. */
const EYE = 4;
/** What of the depth is left in 2D: too little to be seen, enough to tell who lies before whom. */
const PRESSED = 1e-4;
/** Share of the smaller side of the canvas that goes from the middle to a coordinate of 1. */
const FIT = 0.46;
export const ZOOM = { least: 0.8, most: 14 };

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * Puts points on the screen.
 * @param {Float32Array} points x, y, z of each
 * @param {View} view
 * @param {Size} size of the canvas
 * @param {Float32Array} out x, y in pixels, and how near it is: 1 in the middle, more before it
 */
export function project(points, view, { width, height }, out) {
  const [sinYaw, cosYaw] = [Math.sin(view.yaw), Math.cos(view.yaw)];
  const [sinPitch, cosPitch] = [Math.sin(view.pitch), Math.cos(view.pitch)];
  const press = Math.max(PRESSED, view.depth);
  const scale = Math.min(width, height) * FIT * view.zoom;
  for (let i = 0; i < points.length; i += 3) {
    const x = points[i] ?? 0;
    const y = points[i + 1] ?? 0;
    const z = (points[i + 2] ?? 0) * press;
    const across = x * cosYaw + z * sinYaw;
    const into = z * cosYaw - x * sinYaw;
    const up = y * cosPitch - into * sinPitch;
    const near = EYE / (EYE - (y * sinPitch + into * cosPitch));
    out[i] = width / 2 + view.x + across * near * scale;
    out[i + 1] = height / 2 + view.y - up * near * scale;
    out[i + 2] = near;
  }
}

/**
 * The thing under the pointer.
 * @param {Float32Array} screen what `project` made
 * @param {number} x
 * @param {number} y
 * @param {(item: number) => number} reach how far from its middle a thing can be met; 0 for never
 * @returns {number} -1 for none
 */
export function pick(screen, x, y, reach) {
  let best = -1;
  let least = 1;
  for (let item = 0; item * 3 < screen.length; item++) {
    const distance = Math.hypot((screen[item * 3] ?? 0) - x, (screen[item * 3 + 1] ?? 0) - y);
    const share = distance / reach(item);
    if (share < least) [best, least] = [item, share];
  }
  return best;
}

/**
 * The nearest thing in a direction: what lies within 45 degrees of it comes first.
 * @param {Float32Array} screen what `project` made
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} way a step of length one along an axis
 * @param {(item: number) => boolean} open what may be stepped on
 * @returns {number} -1 for none
 */
export function nearestTowards(screen, from, way, open) {
  let best = -1;
  let least = Infinity;
  for (let item = 0; item * 3 < screen.length; item++) {
    if (!open(item)) continue;
    const dx = (screen[item * 3] ?? 0) - from.x;
    const dy = (screen[item * 3 + 1] ?? 0) - from.y;
    const along = dx * way.x + dy * way.y;
    const aside = Math.abs(dx * way.y - dy * way.x);
    if (along < 0.5) continue;
    const cost = along + 2 * aside + (aside > along ? 1e6 : 0);
    if (cost < least) [best, least] = [item, cost];
  }
  return best;
}

/**
 * Magnifies a view and keeps what lies at a place where it is.
 * @param {View} view
 * @param {number} times
 * @param {{x: number, y: number}} at in pixels
 * @param {Size} size
 * @returns {View}
 */
export function zoomAt(view, times, at, { width, height }) {
  const zoom = clamp(view.zoom * times, ZOOM.least, ZOOM.most);
  const share = zoom / view.zoom;
  const dx = at.x - width / 2;
  const dy = at.y - height / 2;
  return { ...view, zoom, x: dx - (dx - view.x) * share, y: dy - (dy - view.y) * share };
}

/**
 * A view that never loses the map: it can be moved only as far as it reaches.
 * @param {View} view
 * @param {Size} size
 * @returns {View}
 */
export function tame(view, size) {
  const reach = Math.min(size.width, size.height) * FIT * view.zoom;
  const pitch = clamp(view.pitch, -Math.PI / 2, Math.PI / 2);
  return { ...view, pitch, x: clamp(view.x, -reach, reach), y: clamp(view.y, -reach, reach) };
}

/**
 * A view between two, by the shorter way round.
 * @param {View} a
 * @param {View} b
 * @param {number} t 0 to 1
 * @returns {View}
 */
export function between(a, b, t) {
  const mix = (/** @type {number} */ from, /** @type {number} */ to) => from + (to - from) * t;
  const turns = Math.round((b.yaw - a.yaw) / (2 * Math.PI)) * 2 * Math.PI;
  return {
    yaw: mix(a.yaw + turns, b.yaw),
    pitch: mix(a.pitch, b.pitch),
    depth: mix(a.depth, b.depth),
    zoom: a.zoom * (b.zoom / a.zoom) ** t,
    x: mix(a.x, b.x),
    y: mix(a.y, b.y),
  };
}

/**
 * The place whose point lies nearest to another's.
 * @template {{point: [number, number, number]}} T
 * @param {T} one
 * @param {T[]} all
 * @returns {T | undefined}
 */
export function nearestOf(one, all) {
  const [x, y, z] = one.point;
  const far = (/** @type {T} */ { point }) => Math.hypot(point[0] - x, point[1] - y, point[2] - z);
  return all.filter((other) => other !== one).sort((a, b) => far(a) - far(b))[0];
}

/** @param {Box} a @param {Box} b @returns {number} the area that they share */
function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Where a label may stand beside its mark: right, left, above, below. @param {Label} label @returns {Box[]} */
function stands({ x, y, reach, width, height }) {
  const corners = [
    [x + reach, y - height / 2],
    [x - reach - width, y - height / 2],
    [x - width / 2, y - reach - height],
    [x - width / 2, y + reach],
  ];
  return corners.map(([left = 0, top = 0]) => ({
    left,
    top,
    right: left + width,
    bottom: top + height,
  }));
}

/**
 * Finds room for labels, the first ones first: beside their marks, off the other marks and labels,
 * inside the canvas. One that has stood somewhere stays there unless another place is clearly better.
 * @param {Label[]} labels
 * @param {Size} size
 * @returns {{box: Box, stand: number, room: boolean}[]}
 */
export function placeLabels(labels, size) {
  const taken = labels.map(({ x, y, reach }) => ({
    left: x - reach,
    top: y - reach,
    right: x + reach,
    bottom: y + reach,
  }));
  return labels.map((label, own) => {
    const area = label.width * label.height;
    const choices = stands(label).map((box, stand) => {
      const met = taken.reduce((sum, other, i) => sum + (i === own ? 0 : overlap(box, other)), 0);
      const outside =
        area - overlap(box, { left: 0, top: 0, right: size.width, bottom: size.height });
      return {
        box,
        stand,
        room: met + outside < area / 4,
        cost: met + 3 * outside + stand * 8 - (stand === label.last ? 120 : 0),
      };
    });
    const best = choices.reduce((a, b) => (b.cost < a.cost ? b : a));
    if (best.room || !label.spare) taken.push(best.box);
    return best;
  });
}
