// How the map is drawn: points by their genre's colour and shape, the farther the paler; above them
// signatures, the visitor's songs and what is pointed at, each with its name.

import { GENRES, paintGenre } from '../lib/genres.js';
import { clamp, placeLabels } from './geometry.js';

/** @import { Size, View } from './geometry.js' */
/** @import { MapPoint } from '../types.js' */
/**
 * What lies on the map: a song of the catalogue or of the visitor's library (`own`), a genre's signature, or a
 * song that the visitor has dropped (`mine`). Its genre is one of the ten or `OTHER`.
 * @typedef {{genre: string, name: string, song?: MapPoint, own?: boolean, about?: string, mine?: boolean}} Item
 */
/**
 * What is to be drawn. `order` goes from the farthest to the nearest; `screen` and `axes` (the two
 * ends of each) are what `project` made.
 * @typedef {{items: Item[], order: number[], screen: Float32Array, axes: Float32Array, view: View,
 *   hidden: Set<string>, highlighted: string, pointedAt: number, open: number, alike: number[]}} Scene
 */

const SVG = 'http://www.w3.org/2000/svg';

/** What the genres that are none of the ten are drawn as. */
export const OTHER = 'other';

/** In the legend, what the songs of the visitor's library are: their genre's shape has an edge. */
export const OWN = 'own';

/** A shape for each genre, all of about one area; it says again what the colour says. @type {Record<string, string>} */
const SHAPES = {
  blues: 'M.95 0A.95 .95 0 1 1 -.95 0A.95 .95 0 1 1 .95 0Z',
  classical: 'M0 -1.25L1.05 0L0 1.25L-1.05 0Z',
  country: 'M-.85 -.85H.85V.85H-.85Z',
  disco: 'M0 -1.45L.4 -.4L1.45 0L.4 .4L0 1.45L-.4 .4L-1.45 0L-.4 -.4Z',
  hiphop: 'M0 -1.2L1.15 .85H-1.15Z',
  jazz: 'M1.1 0A1.1 1.1 0 1 1 -1.1 0A1.1 1.1 0 1 1 1.1 0ZM.5 0A.5 .5 0 1 0 -.5 0A.5 .5 0 1 0 .5 0Z',
  metal: 'M-1.1 -.6L-.6 -1.1L0 -.5L.6 -1.1L1.1 -.6L.5 0L1.1 .6L.6 1.1L0 .5L-.6 1.1L-1.1 .6L-.5 0Z',
  pop: 'M0 1.2L1.15 -.85H-1.15Z',
  reggae: 'M-.42 -1.2H.42V-.42H1.2V.42H.42V1.2H-.42V.42H-1.2V-.42H-.42Z',
  rock: 'M-.55 -1.3H.55V1.3H-.55Z',
  other: 'M-1.3 -.5H1.3V.5H-1.3Z',
};
const PLAIN = SHAPES[OTHER] ?? '';

/** Radii in pixels. */
const POINT = 3.1;
const SIGNATURE = 8;
const MINE = 8;
/** The mark of a song of the library, of its shape's radius: how far it reaches, its edge, and the gap in between. */
const OWN_REACH = 2.3;
const OWN_EDGE = 0.75;
const OWN_GAP = 0.4;
/** The radius in pixels that it is drawn with before it is copied. */
const OWN_SIZE = 8;
/** How visible what is not meant is, while something else is. */
const DIMMED = 0.16;
/** Letters of a label at most. */
const LONGEST_LABEL = 28;

/** The genre's shape in its colour, to stand in a text. @param {string} genre */
export function glyph(genre) {
  if (genre === OWN) return ownGlyph();
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '-1.6 -1.6 3.2 3.2');
  svg.setAttribute('class', 'glyph');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SHAPES[genre] ?? PLAIN);
  svg.append(path);
  paintGenre(svg, genre);
  return svg;
}

/** What marks a song of the library. */
function ownGlyph() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '-1.6 -1.6 3.2 3.2');
  svg.setAttribute('class', 'glyph own');
  svg.setAttribute('aria-hidden', 'true');
  for (const radius of ['1.25', '0.6']) {
    const circle = document.createElementNS(SVG, 'circle');
    circle.setAttribute('r', radius);
    svg.append(circle);
  }
  return svg;
}

export class Painter {
  #canvas;
  #pen;
  #ratio = 1;
  #paths = new Map(Object.entries(SHAPES).map(([genre, path]) => [genre, new Path2D(path)]));
  #plain = new Path2D(PLAIN);
  /** What is copied for the songs of the library, by genre. @type {Map<string, HTMLCanvasElement>} */
  #ownMarks = new Map();
  /** @type {Map<string, string>} */
  #colours = new Map();
  #paper = '';
  #ink = '';
  #line = '';
  #family = '';
  #em = 16;
  /** Where each label stood last. @type {Map<string, number>} */
  #stood = new Map();
  /** @type {Size} */
  size = { width: 0, height: 0 };

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext('2d');
    this.readPalette();
  }

  /** Takes the colours and the font of the present theme from the style sheet. */
  readPalette() {
    this.#ownMarks.clear();
    const style = getComputedStyle(this.#canvas);
    const value = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    this.#colours = new Map(GENRES.map((genre) => [genre, value(`--genre-${genre}`)]));
    this.#colours.set(OTHER, value('--unknown'));
    this.#paper = value('--surface');
    this.#ink = value('--ink');
    this.#line = value('--line');
    this.#family = style.fontFamily;
    this.#em = parseFloat(style.fontSize);
  }

  /** Fits the canvas to its place on the page and to the screen's pixels. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.size = { width, height };
    this.#ratio = devicePixelRatio || 1;
    this.#ownMarks.clear();
    this.#canvas.width = Math.round(width * this.#ratio);
    this.#canvas.height = Math.round(height * this.#ratio);
  }

  /** @param {Scene} scene */
  paint(scene) {
    const pen = this.#pen;
    if (!pen) return;
    const { items, view, open } = scene;
    this.#toPage(pen);
    pen.clearRect(0, 0, this.size.width, this.size.height);
    this.#paintAxes(pen, scene);

    const radius = POINT * Math.sqrt(Math.min(view.zoom, 4)) * (this.size.width < 480 ? 0.85 : 1);
    this.#paintSongs(pen, scene, radius);
    if (scene.alike.length > 0) this.#paintAlike(pen, scene, radius);
    this.#paintSignatures(pen, scene);
    for (const [at, item] of items.entries()) {
      if (item.mine) this.#ringed(pen, item.genre, place(scene, at), MINE, true);
    }
    for (const at of new Set([open, scene.pointedAt])) {
      const item = items[at];
      if (item?.song) this.#ringed(pen, item.genre, place(scene, at), radius + 2, at === open);
      else if (item?.about) this.#ring(pen, place(scene, at), SIGNATURE + 6);
      else if (item?.mine) this.#ring(pen, place(scene, at), MINE + 8);
    }
    this.#paintLabels(pen, scene);
  }

  /**
   * The songs of the catalogue, the farther the paler.
   * @param {CanvasRenderingContext2D} pen
   * @param {Scene} scene
   * @param {number} radius
   */
  #paintSongs(pen, scene, radius) {
    const { items, order, hidden, highlighted } = scene;
    const alike = new Set(scene.alike);
    for (const at of order) {
      const { song, own, genre = '' } = items[at] ?? {};
      if (!song || hidden.has(genre) || (own && hidden.has(OWN))) continue;
      const [x, y, near] = place(scene, at);
      const meant = highlighted === genre || (own && highlighted === OWN);
      const off = (highlighted && !meant) || (alike.size > 0 && !alike.has(song.track));
      // Near is about 0.8 to 1.3 in 3D, 1 in 2D.
      pen.globalAlpha = off ? DIMMED : clamp(0.85 + (near - 1) * 2, 0.3, 1);
      if (own) this.#ownMark(pen, genre, x, y, radius * near);
      else this.#stamp(pen, genre, x, y, radius * near);
    }
    pen.globalAlpha = 1;
  }

  /**
   * A song of the library: its genre's shape with an edge. It is drawn once and copied, for there may be
   * thousands.
   * @param {CanvasRenderingContext2D} pen
   * @param {string} genre
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   */
  #ownMark(pen, genre, x, y, radius) {
    let mark = this.#ownMarks.get(genre);
    if (!mark) {
      mark = document.createElement('canvas');
      mark.width = mark.height = 2 * OWN_REACH * OWN_SIZE;
      const inner = mark.getContext('2d');
      const middle = (OWN_REACH * OWN_SIZE) / this.#ratio;
      if (inner) {
        const size = OWN_SIZE / this.#ratio;
        this.#stamp(inner, genre, middle, middle, size, this.#ink, size * OWN_EDGE);
        this.#stamp(inner, genre, middle, middle, size, this.#paper, size * OWN_GAP);
      }
      this.#ownMarks.set(genre, mark);
    }
    const reach = radius * OWN_REACH;
    pen.drawImage(mark, x - reach, y - reach, 2 * reach, 2 * reach);
  }

  /**
   * The axes through the middle, to see which way the map is turned.
   * @param {CanvasRenderingContext2D} pen
   * @param {Scene} scene
   */
  #paintAxes(pen, { axes, view }) {
    pen.strokeStyle = this.#line;
    pen.lineWidth = 1;
    for (let end = 0; end < axes.length; end += 6) {
      if (end === 12) pen.globalAlpha = view.depth;
      pen.beginPath();
      pen.moveTo(axes[end] ?? 0, axes[end + 1] ?? 0);
      pen.lineTo(axes[end + 3] ?? 0, axes[end + 4] ?? 0);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  /**
   * The songs like the open one: a line to each, and its rank.
   * @param {CanvasRenderingContext2D} pen
   * @param {Scene} scene
   * @param {number} radius
   */
  #paintAlike(pen, scene, radius) {
    const [x, y] = place(scene, scene.open);
    const found = alikeItems(scene);
    pen.strokeStyle = this.#ink;
    pen.lineWidth = 1;
    pen.globalAlpha = 0.5;
    pen.beginPath();
    for (const at of found) {
      const [toX, toY] = place(scene, at);
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
    }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const at of found) {
      const [toX, toY] = place(scene, at);
      this.#stamp(pen, scene.items[at]?.genre ?? '', toX, toY, radius + 2, this.#paper, 3);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {Scene} scene */
  #paintSignatures(pen, scene) {
    const { items, hidden, highlighted, alike } = scene;
    for (const [at, { about, genre }] of items.entries()) {
      if (!about || hidden.has(genre)) continue;
      const [x, y] = place(scene, at);
      pen.globalAlpha = (highlighted && highlighted !== genre) || alike.length > 0 ? DIMMED * 2 : 1;
      this.#stamp(pen, genre, x, y, SIGNATURE, this.#paper, 5);
      this.#stamp(pen, genre, x, y, SIGNATURE, this.#ink, 1.5);
    }
    pen.globalAlpha = 1;
  }

  /**
   * Names beside their marks: what is pointed at, what is open, the visitor's songs, the signatures.
   * @param {CanvasRenderingContext2D} pen
   * @param {Scene} scene
   */
  #paintLabels(pen, scene) {
    const { items, hidden, highlighted, pointedAt, open, alike } = scene;
    const { width, height } = this.size;
    /** @type {{text: string, key: string, bold: boolean, item: number, reach: number, spare: boolean}[]} */
    const named = [];
    const name = (/** @type {number} */ item, /** @type {number} */ reach, bold = false) => {
      const text = shorten(items[item]?.name ?? '', Math.min(LONGEST_LABEL, width / this.#em));
      if (text) named.push({ text, key: `${item}`, bold, item, reach, spare: false });
    };
    for (const item of new Set([pointedAt, open]))
      if (items[item]?.song) name(item, 10, item === open);
    for (const [item, { mine }] of items.entries()) if (mine) name(item, MINE + 8, true);
    alikeItems(scene).forEach((item, rank) => {
      const text = String(rank + 1);
      const key = `alike ${rank}`;
      if (item !== pointedAt) named.push({ text, key, bold: false, item, reach: 8, spare: true });
    });
    for (const [item, { about, genre }] of items.entries()) {
      const off = hidden.has(genre) || (highlighted && highlighted !== genre) || alike.length > 0;
      if (about && !off) name(item, SIGNATURE + 5);
    }
    const seen = named.filter(({ item }) => {
      const [x, y] = place(scene, item);
      return x > -20 && y > -20 && x < width + 20 && y < height + 20;
    });
    const labels = seen.map(({ text, key, bold, item, reach, spare }) => {
      const [x, y] = place(scene, item);
      pen.font = this.#font(bold);
      const last = this.#stood.get(key) ?? -1;
      const { width: textWidth } = pen.measureText(text);
      return { x, y, reach, width: textWidth, height: this.#em * 1.15, last, spare };
    });
    pen.textBaseline = 'middle';
    pen.lineJoin = 'round';
    pen.lineWidth = 4;
    pen.strokeStyle = this.#paper;
    pen.fillStyle = this.#ink;
    this.#stood.clear();
    for (const [i, { box, stand, room }] of placeLabels(labels, this.size).entries()) {
      const label = seen[i];
      if (!label || (label.spare && !room)) continue;
      this.#stood.set(label.key, stand);
      pen.font = this.#font(label.bold);
      const middle = (box.top + box.bottom) / 2;
      pen.strokeText(label.text, box.left, middle);
      pen.fillText(label.text, box.left, middle);
    }
  }

  /** @param {boolean} bold */
  #font(bold) {
    return `${bold ? 650 : 500} ${this.#em}px ${this.#family}`;
  }

  /**
   * A genre's shape, filled in its colour, or drawn round with a line and filled.
   * @param {CanvasRenderingContext2D} pen
   * @param {string} genre
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {string} [outline]
   * @param {number} [width] of the outline, in pixels
   */
  #stamp(pen, genre, x, y, radius, outline = '', width = 0) {
    const path = this.#paths.get(genre) ?? this.#plain;
    const scale = radius * this.#ratio;
    pen.setTransform(scale, 0, 0, scale, x * this.#ratio, y * this.#ratio);
    if (outline) {
      pen.strokeStyle = outline;
      pen.lineWidth = (2 * width) / radius;
      pen.lineJoin = 'round';
      pen.stroke(path);
    }
    pen.fillStyle = this.#colours.get(genre) ?? this.#colours.get(OTHER) ?? this.#ink;
    pen.fill(path);
    this.#toPage(pen);
  }

  /**
   * A shape with a ring around it, on a piece of paper of its own.
   * @param {CanvasRenderingContext2D} pen
   * @param {string} genre
   * @param {[number, number, number]} at
   * @param {number} radius
   * @param {boolean} strong
   */
  #ringed(pen, genre, at, radius, strong) {
    const [x, y] = at;
    pen.beginPath();
    pen.arc(x, y, radius + 5, 0, 2 * Math.PI);
    pen.fillStyle = this.#paper;
    pen.fill();
    this.#ring(pen, at, radius + 4, strong ? 2.5 : 1.5);
    this.#stamp(pen, genre, x, y, radius * 0.85);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {[number, number, number]} at
   * @param {number} radius
   * @param {number} width
   */
  #ring(pen, [x, y], radius, width = 1.5) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.strokeStyle = this.#ink;
    pen.lineWidth = width;
    pen.stroke();
  }

  /** From here on in pixels of the page. @param {CanvasRenderingContext2D} pen */
  #toPage(pen) {
    pen.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
  }
}

/** @param {Scene} scene @param {number} item @returns {[number, number, number]} x, y and how near */
function place({ screen }, item) {
  return [screen[item * 3] ?? 0, screen[item * 3 + 1] ?? 0, screen[item * 3 + 2] ?? 1];
}

/** The songs like the open one, as items. @param {Scene} scene */
function alikeItems({ items, alike }) {
  return alike
    .map((track) => items.findIndex(({ song }) => song?.track === track))
    .filter((item) => item >= 0);
}

/** @param {string} text @param {number} letters */
function shorten(text, letters) {
  return text.length > letters ? `${text.slice(0, letters - 1).trimEnd()}…` : text;
}
