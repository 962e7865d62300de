// Where the map is looked at from, and how the view glides and spins.

import { between, clamp, tame, zoomAt } from './geometry.js';

/** @import { Size, View } from './geometry.js' */

/** @type {View} */
const START_3D = { yaw: -0.5, pitch: 0.35, depth: 1, zoom: 1, x: 0, y: 0 };
/** @type {View} */
const START_2D = { yaw: 0, pitch: 0, depth: 0, zoom: 1, x: 0, y: 0 };

/** Radians for a pixel of drag. */
const RADIANS_PER_PIXEL = 0.006;
/** Milliseconds of a glide from one view to another, and until a spin has lost two thirds. */
const GLIDE = 450;
const SPIN = 220;

const motion = matchMedia('(prefers-reduced-motion: no-preference)');

export class Camera {
  #size;
  #is3D;
  #onChange;
  #view = START_3D;
  /** Moves the view on by some milliseconds, false when it is done. @type {((ms: number) => boolean) | null} */
  #animation = null;
  #animatedAt = 0;
  /** @type {View | null} */
  #glidesTo = null;

  /**
   * @param {() => Size} size of the canvas
   * @param {() => boolean} is3D
   * @param {() => void} onChange called when the map has to be drawn
   */
  constructor(size, is3D, onChange) {
    this.#size = size;
    this.#is3D = is3D;
    this.#onChange = onChange;
  }

  get view() {
    return this.#view;
  }

  /** Where the view is, or where it glides to. */
  get goal() {
    return this.#glidesTo ?? this.#view;
  }

  get is3D() {
    return this.#is3D();
  }

  /** It is 3D or 2D now: stays where it is, but turns. */
  changeDimensions() {
    const { zoom, x, y } = this.goal;
    this.glideTo({ ...(this.is3D ? START_3D : START_2D), zoom, x, y });
  }

  reset() {
    this.glideTo(this.is3D ? START_3D : START_2D);
  }

  /** Stops what moves and stays where it is. */
  hold() {
    this.set(this.#view);
  }

  /** @param {View} view */
  set(view) {
    this.#animation = null;
    this.#glidesTo = null;
    this.#view = this.#allowed(view);
    this.#onChange();
  }

  /** @param {View} wanted */
  glideTo(wanted) {
    if (!motion.matches) {
      this.set(wanted);
      return;
    }
    const goal = this.#allowed(wanted);
    const from = this.#view;
    let time = 0;
    this.#glidesTo = goal;
    this.#animate((ms) => {
      time = Math.min(GLIDE, time + ms);
      const left = 1 - time / GLIDE;
      this.#view = between(from, goal, 1 - left * left * left);
      if (time === GLIDE) this.#glidesTo = null;
      return time < GLIDE;
    });
  }

  /** @param {number} times @param {{x: number, y: number}} at what stays where it is, in pixels */
  zoom(times, at) {
    this.set(zoomAt(this.#view, times, at, this.#size()));
  }

  /** The same with a glide. @param {number} times @param {{x: number, y: number}} at */
  glideZoom(times, at) {
    this.glideTo(zoomAt(this.goal, times, at, this.#size()));
  }

  /** @param {number} dx pixels @param {number} dy */
  move(dx, dy) {
    const { x, y } = this.#view;
    this.set({ ...this.#view, x: x + dx, y: y + dy });
  }

  /** @param {number} yaw radians @param {number} pitch */
  turn(yaw, pitch) {
    this.set({ ...this.#view, yaw: this.#view.yaw + yaw, pitch: this.#view.pitch + pitch });
  }

  /** Turns as far as a drag goes. @param {number} dx pixels @param {number} dy */
  dragTurn(dx, dy) {
    this.turn(dx * RADIANS_PER_PIXEL, dy * RADIANS_PER_PIXEL);
  }

  /** A turn runs out by itself where motion is welcome. @param {{x: number, y: number}} speed pixels per millisecond */
  spin({ x, y }) {
    if (!motion.matches || Math.hypot(x, y) < 0.05) return;
    let left = 1;
    this.#animate((ms) => {
      left *= Math.exp(-ms / SPIN);
      const { yaw, pitch } = this.#view;
      const share = RADIANS_PER_PIXEL * ms * left;
      const turned = { ...this.#view, yaw: yaw + x * share, pitch: pitch + y * share };
      this.#view = tame(turned, this.#size());
      return left > 0.02;
    });
  }

  /** The canvas has another size. */
  fit() {
    this.#view = tame(this.#view, this.#size());
  }

  /** Moves on to a frame. @param {number} now @returns {boolean} whether there is a next one */
  advance(now) {
    if (!this.#animation) return false;
    const ms = clamp(now - this.#animatedAt, 0, 100);
    this.#animatedAt = now;
    if (this.#animation(ms)) return true;
    this.#animation = null;
    return false;
  }

  /** @param {(ms: number) => boolean} step */
  #animate(step) {
    this.#animation = step;
    this.#animatedAt = performance.now();
    this.#onChange();
  }

  /** A view as it may be: on the map, and flat in 2D. @param {View} view */
  #allowed(view) {
    const { yaw, pitch, depth } = this.is3D ? { ...view, depth: 1 } : START_2D;
    return tame({ ...view, yaw, pitch, depth }, this.#size());
  }
}
