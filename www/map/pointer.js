// Mouse and fingers on the map: dragging, pinching, clicking and the wheel.

import { ZOOM, clamp } from './geometry.js';

/** @import { Camera } from './camera.js' */
/** @typedef {{x: number, y: number}} Spot in pixels of the canvas */

/** Pixels that a finger or a mouse may stray in a click, and how far from a mark it may be. */
const STRAY = { touch: 9, mouse: 4 };
const REACH = { touch: 24, mouse: 11 };

/**
 * @typedef {object} PointerActions
 * @property {() => void} onDown
 * @property {(at: Spot, reach: number) => void} onHover
 * @property {() => void} onLeave called when nothing is pointed at any more
 * @property {(at: Spot, reach: number) => void} onClick
 */

/** @param {HTMLCanvasElement} canvas @param {Camera} camera @param {PointerActions} actions */
export function listenToPointer(canvas, camera, actions) {
  /** Fingers and buttons that are down. @type {Map<number, Spot>} */
  const down = new Map();
  /** Where a click began; null once it is a drag. @type {Spot | null} */
  let click = null;
  let speed = { x: 0, y: 0, at: 0 };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    actions.onDown();
    camera.hold();
    down.set(event.pointerId, spot(event));
    click = down.size === 1 ? spot(event) : null;
    speed = { x: 0, y: 0, at: 0 };
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add('held');
  });
  canvas.addEventListener('pointermove', (event) => {
    const here = spot(event);
    const before = down.get(event.pointerId);
    const kind = kindOf(event);
    if (!before) {
      if (kind === 'mouse') actions.onHover(here, REACH.mouse);
      return;
    }
    if (click && distance(here, click) < STRAY[kind]) return;
    click = null;
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, here);
    if (other) {
      pinch(camera, before, here, other);
      return;
    }
    actions.onLeave();
    const [dx, dy] = [here.x - before.x, here.y - before.y];
    const ms = Math.max(1, event.timeStamp - speed.at);
    const share = Math.min(1, ms / 40);
    speed = {
      x: speed.x + (dx / ms - speed.x) * share,
      y: speed.y + (dy / ms - speed.y) * share,
      at: event.timeStamp,
    };
    if (camera.is3D && !event.shiftKey) camera.dragTurn(dx, dy);
    else camera.move(dx, dy);
  });
  const release = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId) || down.size > 0) return false;
    canvas.classList.remove('held');
    return true;
  };
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerup', (event) => {
    if (!release(event)) return;
    if (click) actions.onClick(click, REACH[kindOf(event)]);
    else if (camera.is3D && event.timeStamp - speed.at < 60) camera.spin(speed);
  });
  canvas.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType === 'mouse' && down.size === 0) actions.onLeave();
  });
  listenToWheel(canvas, camera);
}

/** One finger of two moves. @param {Camera} camera @param {Spot} before @param {Spot} here @param {Spot} other */
function pinch(camera, before, here, other) {
  const apart = (/** @type {Spot} */ finger) => Math.max(20, distance(finger, other));
  const middle = { x: (here.x + other.x) / 2, y: (here.y + other.y) / 2 };
  camera.zoom(apart(here) / apart(before), middle);
  camera.move((here.x - before.x) / 2, (here.y - before.y) / 2);
}

/** A wheel that scrolls the page shall not stop at the map: it has to be pointed at first. @param {HTMLCanvasElement} canvas @param {Camera} camera */
function listenToWheel(canvas, camera) {
  let aimed = false;
  let seen = '';
  const whereabouts = (/** @type {PointerEvent} */ event) => `${event.clientX} ${event.clientY}`;
  canvas.addEventListener('pointerenter', (event) => {
    seen = whereabouts(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (whereabouts(event) !== seen) aimed = true;
    seen = whereabouts(event);
  });
  canvas.addEventListener('pointerleave', () => (aimed = false));
  window.addEventListener('scroll', () => (aimed = false), { passive: true });
  canvas.addEventListener(
    'wheel',
    (event) => {
      const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : 1) * (event.ctrlKey ? 5 : 1);
      const times = Math.exp(-pixels / 500);
      const { zoom } = camera.view;
      const stuck = times < 1 ? zoom <= ZOOM.least : zoom >= ZOOM.most;
      if (!event.ctrlKey && (!aimed || stuck)) return;
      event.preventDefault();
      camera.zoom(clamp(times, 0.5, 2), spot(event));
    },
    { passive: false },
  );
}

/** @param {PointerEvent} event */
const kindOf = ({ pointerType }) => (pointerType === 'touch' ? 'touch' : 'mouse');

/** @param {Spot} a @param {Spot} b */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {MouseEvent} event @returns {Spot} */
function spot({ offsetX, offsetY }) {
  return { x: offsetX, y: offsetY };
}
