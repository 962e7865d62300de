// The map of the catalogue: every song a point, what sounds alike lies together. Drawn by hand on a
// canvas (map-paint.js), and only when something has changed.

import { byId, make, rawText, setRawText, setText } from '../lib/dom.js';
import { formatCount, percent } from '../lib/format.js';
import { GENRES, genreName } from '../lib/genres.js';
import {
  ZOOM,
  between,
  clamp,
  nearestOf,
  nearestTowards,
  pick,
  project,
  tame,
  zoomAt,
} from './geometry.js';
import { OTHER, Painter, glyph } from './painter.js';
import { sourceLinks } from '../lib/source-links.js';
import { showRating, ratingButtons } from '../views/thumbs.js';
import { format, t } from '../i18n/i18n.js';

/** @import { View } from './geometry.js' */
/** @import { Item } from './painter.js' */
/** @import { CatalogMap, MapPoint, Rating, Recommendation } from '../types.js' */
/** @typedef {{name: string, genre: string, point: [number, number, number]}} Mine a song of the visitor's */
/** @typedef {{x: number, y: number}} Spot in pixels of the canvas */

/** @type {View} */
const SOLID = { yaw: -0.5, pitch: 0.35, depth: 1, zoom: 1, x: 0, y: 0 };
/** @type {View} */
const FLAT = { yaw: 0, pitch: 0, depth: 0, zoom: 1, x: 0, y: 0 };

/** Radians for a pixel of drag, and for a press of an arrow key. */
const TURN = 0.006;
const TURN_KEY = Math.PI / 24;
/** Pixels that the map moves for one. */
const MOVE_KEY = 60;
const ZOOM_KEY = 1.3;
/** Milliseconds of a glide from one view to another, and until a spin has lost two thirds. */
const GLIDE = 450;
const SPIN = 220;
/** Pixels that a finger or a mouse may stray in a click. */
const STRAY = { touch: 9, mouse: 4 };
const REACH = { touch: 24, mouse: 11 };
/** Milliseconds between two requests for the map while it is looked at and not there. */
const AGAIN = 1000;

const ROWS = [...GENRES, OTHER];

/** Both ends of each axis. */
const AXES = Float32Array.of(-1, 0, 0, 1, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, -1, 0, 0, 1);

/** @type {Record<string, Spot>} */
const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

const KEYS = 'Enter opens a song, + and − zoom, 0 starts over.';
const HELP = {
  mouse3: 'Drag to turn the map, roll the wheel to zoom, click a song to open it.',
  mouse2: 'Drag to move the map, roll the wheel to zoom, click a song to open it.',
  touch3: 'One finger turns the map, two zoom, a tap opens a song.',
  touch2: 'One finger moves the map, two zoom, a tap opens a song.',
  keys3: `Arrows turn the map, with Shift they step from song to song. ${KEYS}`,
  keys2: `Arrows step from song to song, with Shift they move the map. ${KEYS}`,
};

const motion = matchMedia('(prefers-reduced-motion: no-preference)');
const finger = matchMedia('(hover: none) and (pointer: coarse)');

export class MapView {
  #section = byId('map', HTMLElement);
  #words = byId('map-words', HTMLElement);
  #kind = byId('map-kind', HTMLFieldSetElement);
  #canvas = byId('map-picture', HTMLCanvasElement);
  #line = byId('map-line', HTMLElement);
  #panel = byId('map-song', HTMLElement);
  /** Of the song that is open. @type {HTMLElement | null} */
  #thumbs = null;
  #list = byId('map-genres', HTMLElement);
  #all = byId('map-all', HTMLButtonElement);
  #painter = new Painter(this.#canvas);

  /** The legend's, in the order of `ROWS`. @type {HTMLElement[]} */
  #rows = [];

  /** @type {CatalogMap | null} */
  #map = null;
  /** @type {Mine[]} */
  #mine = [];
  /** @type {Item[]} */
  #items = [];
  #points = new Float32Array();
  #screen = new Float32Array();
  /** Items from the farthest to the nearest. @type {number[]} */
  #order = [];
  #axes = new Float32Array(AXES.length);
  #drawing = 0;

  /** @type {View} */
  #view = SOLID;
  /** Moves the view on by some milliseconds, false when it is done. @type {((ms: number) => boolean) | null} */
  #moving = null;
  #movedAt = 0;
  /** @type {View | null} */
  #glidesTo = null;

  /** Genres that are not shown. @type {Set<string>} */
  #hidden = new Set();
  /** The genre that the legend is pointed at. */
  #lit = '';
  /** The item that is pointed at, the one that is open. */
  #at = -1;
  #open = -1;
  /** Tracks that sound like the open song, the most alike first. @type {number[]} */
  #alike = [];
  /** The track that was asked about last. */
  #asked = -1;
  #byKeys = false;

  /** Called when the visitor wants songs like a track; `showLike` takes the answer. @type {(track: number) => void} */
  onLike = () => {};
  /** Called when the visitor has an opinion on a song. @type {(song: MapPoint, opinion: Rating | null) => void} */
  onRate = () => {};
  /** What the visitor thinks of a track. @type {(track: number) => Rating | null} */
  ratingOf = () => null;
  /** Called when the map comes into view, and again while it is in view and not there. @type {() => void} */
  onOpen = () => {};

  constructor() {
    this.#makeLegend();
    this.#waitForEyes();
    this.#kind.addEventListener('change', () => this.#setKind());
    byId('map-in', HTMLButtonElement).addEventListener('click', () => this.#zoomBy(ZOOM_KEY));
    byId('map-out', HTMLButtonElement).addEventListener('click', () => this.#zoomBy(1 / ZOOM_KEY));
    byId('map-reset', HTMLButtonElement).addEventListener('click', () => this.#reset());
    this.#all.addEventListener('click', () => {
      this.#hidden = new Set(this.#hidden.size > 0 ? [] : ROWS);
      this.#showHidden();
    });
    this.#listenToPointer();
    this.#listenToKeys();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#repaint());
    document.fonts.ready.then(() => this.#repaint());
    new ResizeObserver(() => this.#repaint()).observe(this.#canvas);
    this.#describe();
  }

  /** @param {CatalogMap} map */
  show(map) {
    this.#map = map;
    this.#gather();
    for (const [i, row] of this.#rows.entries()) {
      const genre = ROWS[i] ?? '';
      const about =
        genre === OTHER ? this.#aboutOthers() : this.#aboutGenre(genre) || t('no songs');
      setRawText(/** @type {Element} */ (row.lastElementChild), about);
      row.hidden = about === '';
    }
    this.#describe();
  }

  /** The visitor's own songs. @param {Mine[]} songs */
  showSongs(songs) {
    this.#mine = songs;
    this.#gather();
  }

  /** Songs like the one that is open. @param {Pick<Recommendation, 'track' | 'title' | 'artist' | 'genre'>[]} songs */
  showLike(songs) {
    const open = this.#items[this.#open]?.song;
    if (!open || open.track !== this.#asked) return; // another was opened meanwhile
    this.#alike = songs.map(({ track }) => track);
    const rows = songs.map(({ track, title, artist, genre }) => {
      const button = make('button', 'quiet', rawText(title || t('Untitled')));
      button.type = 'button';
      const at = this.#items.findIndex(({ song }) => song?.track === track);
      button.addEventListener('click', () => this.#openItem(at, true));
      button.addEventListener('pointerenter', () => this.#pointAt(at));
      button.addEventListener('pointerleave', () => this.#pointAt(-1));
      const row = make('li', '', glyph(genre), make('span', 'unseen', genreName(genre)));
      row.append(
        make(
          'span',
          '',
          button,
          ' ',
          make('span', 'artist', rawText(artist || t('unknown artist'))),
        ),
      );
      return row;
    });
    const list = make('ol', '', ...rows);
    list.setAttribute('aria-label', format('Songs like “{}”', open.title || t('Untitled')));
    this.#panel.querySelector('.alike')?.replaceChildren(list);
    const { width, height } = this.#painter.size;
    const outside = this.#items.some(({ song }, item) => {
      const place = song && this.#alike.includes(song.track) && this.#placeOf(item);
      return place && (place.x < 0 || place.y < 0 || place.x > width || place.y > height);
    });
    if (outside) this.#glideTo({ ...this.#goal, zoom: 1, x: 0, y: 0 });
    this.#draw();
  }

  // --- what there is ---

  /** Puts everything on the map into one list. */
  #gather() {
    const { points = [], genres = [] } = this.#map ?? {};
    const open = this.#items[this.#open]?.song;
    /** @type {{item: Item, point: [number, number, number]}[]} */
    const all = [
      ...points.map((song) => ({
        item: { genre: group(song.genre), name: song.title || t('Untitled'), song },
        point: song.point,
      })),
      ...genres.map(({ genre, point }) => ({
        item: { genre, name: genreName(genre), about: this.#aboutGenre(genre) },
        point,
      })),
      ...this.#mine.map(({ name, genre, point }) => ({
        item: { genre: group(genre), name, mine: true },
        point,
      })),
    ];
    this.#items = all.map(({ item }) => item);
    this.#points = Float32Array.from(all.flatMap(({ point }) => point));
    this.#screen = new Float32Array(this.#points.length);
    this.#order = all.map((_, i) => i);
    this.#at = -1;
    this.#open = this.#items.findIndex(({ song }) => song && song === open);
    this.#showLine();
    this.#draw();
  }

  /** @param {string} genre @returns {string} such as 67 songs, nearest to metal */
  #aboutGenre(genre) {
    const genres = this.#map?.genres ?? [];
    const own = genres.find((other) => other.genre === genre);
    if (!own) return '';
    const near = nearestOf(own, genres);
    const songs = howMany(own.songs);
    return near ? format('{}, nearest to {}', songs, genreName(near.genre)) : songs;
  }

  /** @returns {string} such as 100 songs: electronic */
  #aboutOthers() {
    const others = (this.#map?.points ?? []).filter(({ genre }) => group(genre) === OTHER);
    const names = [...new Set(others.map(({ genre }) => genreName(genre)))].join(', ');
    return names && `${howMany(others.length)}: ${names}`;
  }

  /** Says what is on show: how many songs, how much of what the model hears. */
  #describe() {
    const axes = this.#solid ? 3 : 2;
    this.#canvas.setAttribute('aria-label', format('Map of the songs in {} dimensions', axes));
    this.#showLine();
    if (!this.#map) {
      setText(this.#words, 'The map comes with the model.');
      return;
    }
    const share = this.#map.explained.slice(0, axes).reduce((sum, part) => sum + part, 0);
    const text =
      '{} songs: what lies together sounds alike. These {} axes hold {} of what the model hears.';
    setRawText(
      this.#words,
      format(text, formatCount(this.#map.points.length), axes, percent(share)),
    );
  }

  get #solid() {
    const chosen = this.#kind.querySelector('input:checked');
    return chosen instanceof HTMLInputElement && chosen.value === '3';
  }

  /** Asks for the map as soon as somebody looks, and again while it is not there: the engine may still load. */
  #waitForEyes() {
    let timer = 0;
    const watch = new IntersectionObserver((entries) => {
      clearInterval(timer);
      if (this.#map) watch.disconnect();
      else if (entries.at(-1)?.isIntersecting) {
        const ask = () => {
          if (this.#map) clearInterval(timer);
          else this.onOpen();
        };
        timer = window.setInterval(ask, AGAIN);
        ask();
      }
    });
    watch.observe(this.#section);
  }

  // --- the legend ---

  #makeLegend() {
    this.#rows = ROWS.map((genre) => {
      const button = make('button', '', glyph(genre), make('span', '', genreName(genre)));
      button.type = 'button';
      button.setAttribute('aria-pressed', 'true');
      button.addEventListener('click', () => {
        if (!this.#hidden.delete(genre)) this.#hidden.add(genre);
        this.#showHidden();
      });
      const row = make('li', '', button, make('span', 'about', ''));
      row.hidden = genre === OTHER;
      const light = (/** @type {string} */ lit) => () => {
        this.#lit = lit;
        this.#draw();
      };
      row.addEventListener('pointerenter', ({ pointerType }) => {
        if (pointerType === 'mouse') light(genre)();
      });
      row.addEventListener('pointerleave', light(''));
      button.addEventListener('focus', () => {
        if (button.matches(':focus-visible')) light(genre)();
      });
      button.addEventListener('blur', light(''));
      return row;
    });
    this.#list.replaceChildren(...this.#rows);
  }

  #showHidden() {
    for (const [i, row] of this.#rows.entries()) {
      const shown = !this.#hidden.has(ROWS[i] ?? '');
      row.firstElementChild?.setAttribute('aria-pressed', String(shown));
    }
    setText(this.#all, this.#hidden.size > 0 ? 'Show all' : 'Hide all');
    this.#draw();
  }

  // --- the view ---

  /** Where the view is, or where it glides to. */
  get #goal() {
    return this.#glidesTo ?? this.#view;
  }

  /** A view as it may be: on the map, and flat in 2D. @param {View} view */
  #proper(view) {
    const { yaw, pitch, depth } = this.#solid ? { ...view, depth: 1 } : FLAT;
    return tame({ ...view, yaw, pitch, depth }, this.#painter.size);
  }

  /** @param {View} view */
  #look(view) {
    this.#moving = null;
    this.#glidesTo = null;
    this.#view = this.#proper(view);
    this.#draw();
  }

  /** @param {View} wanted */
  #glideTo(wanted) {
    if (!motion.matches) {
      this.#look(wanted);
      return;
    }
    const view = this.#proper(wanted);
    const from = this.#view;
    let time = 0;
    this.#glidesTo = view;
    this.#move((ms) => {
      time = Math.min(GLIDE, time + ms);
      const left = 1 - time / GLIDE;
      this.#view = between(from, view, 1 - left * left * left);
      if (time === GLIDE) this.#glidesTo = null;
      return time < GLIDE;
    });
  }

  /** @param {(ms: number) => boolean} step */
  #move(step) {
    this.#moving = step;
    this.#movedAt = performance.now();
    this.#draw();
  }

  #setKind() {
    const solid = this.#solid;
    const { zoom, x, y } = this.#goal;
    this.#glideTo({ ...(solid ? SOLID : FLAT), zoom, x, y });
    this.#describe();
  }

  #reset() {
    this.#glideTo(this.#solid ? SOLID : FLAT);
  }

  /** Comes closer to what is pointed at by keys, or else to the middle. @param {number} times */
  #zoomBy(times) {
    const place = this.#byKeys ? this.#placeOf(this.#at) : null;
    const at = place ?? { x: this.#painter.size.width / 2, y: this.#painter.size.height / 2 };
    this.#glideTo(zoomAt(this.#goal, times, at, this.#painter.size));
  }

  /** Moves the map so that an item is well inside. @param {number} item */
  #bringIn(item) {
    const place = this.#placeOf(item);
    if (!place) return;
    const { width, height } = this.#painter.size;
    const edge = Math.min(48, width / 6, height / 6);
    const dx = clamp(place.x, edge, width - edge) - place.x;
    const dy = clamp(place.y, edge, height - edge) - place.y;
    const { x, y } = this.#goal;
    if (dx || dy) this.#glideTo({ ...this.#goal, x: x + dx, y: y + dy });
  }

  /** Where an item lies once the view has come to rest. @param {number} item @returns {Spot | null} */
  #placeOf(item) {
    if (item < 0) return null;
    const found = new Float32Array(3);
    const point = this.#points.subarray(item * 3, item * 3 + 3);
    project(point, this.#goal, this.#painter.size, found);
    return { x: found[0] ?? 0, y: found[1] ?? 0 };
  }

  // --- what the visitor does ---

  #listenToPointer() {
    const canvas = this.#canvas;
    /** Fingers and buttons that are down. @type {Map<number, Spot>} */
    const down = new Map();
    /** Where a click began; null once it is a drag. @type {Spot | null} */
    let click = null;
    let speed = { x: 0, y: 0, at: 0 };
    // A wheel that scrolls the page shall not stop at the map: it has to be pointed at first.
    let aimed = false;
    let seen = '';
    const whereabouts = (/** @type {PointerEvent} */ event) => `${event.clientX} ${event.clientY}`;

    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.#byKeys = false;
      this.#look(this.#view);
      down.set(event.pointerId, spot(event));
      click = down.size === 1 ? spot(event) : null;
      speed = { x: 0, y: 0, at: 0 };
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add('held');
    });
    canvas.addEventListener('pointermove', (event) => {
      const here = spot(event);
      if (whereabouts(event) !== seen) aimed = true;
      seen = whereabouts(event);
      const before = down.get(event.pointerId);
      const kind = event.pointerType === 'touch' ? 'touch' : 'mouse';
      if (!before) {
        if (kind === 'mouse') this.#pointAt(this.#pickAt(here, REACH.mouse));
        return;
      }
      if (click && Math.hypot(here.x - click.x, here.y - click.y) < STRAY[kind]) return;
      click = null;
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      down.set(event.pointerId, here);
      const dx = here.x - before.x;
      const dy = here.y - before.y;
      if (other) {
        const apart = (/** @type {Spot} */ a) =>
          Math.max(20, Math.hypot(a.x - other.x, a.y - other.y));
        const middle = { x: (here.x + other.x) / 2, y: (here.y + other.y) / 2 };
        const view = zoomAt(this.#view, apart(here) / apart(before), middle, this.#painter.size);
        this.#look({ ...view, x: view.x + dx / 2, y: view.y + dy / 2 });
        return;
      }
      this.#pointAt(-1);
      const ms = Math.max(1, event.timeStamp - speed.at);
      const share = Math.min(1, ms / 40);
      speed = {
        x: speed.x + (dx / ms - speed.x) * share,
        y: speed.y + (dy / ms - speed.y) * share,
        at: event.timeStamp,
      };
      this.#drag(dx, dy, this.#solid && !event.shiftKey);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(end, (event) => {
        const { pointerId, pointerType, timeStamp } = /** @type {PointerEvent} */ (event);
        if (!down.delete(pointerId) || down.size > 0) return;
        canvas.classList.remove('held');
        if (end === 'pointercancel') return;
        if (click) {
          const reach = pointerType === 'touch' ? REACH.touch : REACH.mouse;
          const item = this.#pickAt(click, reach);
          this.#pointAt(item);
          this.#openItem(item, false);
        } else if (this.#solid && timeStamp - speed.at < 60) this.#spin(speed);
      });
    }
    canvas.addEventListener('pointerenter', (event) => {
      seen = whereabouts(event);
    });
    canvas.addEventListener('pointerleave', ({ pointerType }) => {
      aimed = false;
      if (pointerType === 'mouse' && down.size === 0 && !this.#byKeys) this.#pointAt(-1);
    });
    window.addEventListener('scroll', () => (aimed = false), { passive: true });
    canvas.addEventListener(
      'wheel',
      (event) => {
        const times = Math.exp(
          (-event.deltaY * (event.deltaMode === 1 ? 20 : 1) * (event.ctrlKey ? 5 : 1)) / 500,
        );
        const { zoom } = this.#view;
        const stuck = times < 1 ? zoom <= ZOOM.least : zoom >= ZOOM.most;
        if (!event.ctrlKey && (!aimed || stuck)) return;
        event.preventDefault();
        this.#look(zoomAt(this.#view, clamp(times, 0.5, 2), spot(event), this.#painter.size));
      },
      { passive: false },
    );
  }

  /** @param {number} dx pixels @param {number} dy @param {boolean} turn or else move */
  #drag(dx, dy, turn) {
    const { yaw, pitch, x, y } = this.#view;
    if (turn) this.#look({ ...this.#view, yaw: yaw + dx * TURN, pitch: pitch + dy * TURN });
    else this.#look({ ...this.#view, x: x + dx, y: y + dy });
  }

  /** A turn runs out by itself where motion is welcome. @param {{x: number, y: number}} speed pixels per millisecond */
  #spin({ x, y }) {
    if (!motion.matches || Math.hypot(x, y) < 0.05) return;
    let left = 1;
    this.#move((ms) => {
      left *= Math.exp(-ms / SPIN);
      const { yaw, pitch } = this.#view;
      const share = TURN * ms * left;
      this.#view = tame(
        { ...this.#view, yaw: yaw + x * share, pitch: pitch + y * share },
        this.#painter.size,
      );
      return left > 0.02;
    });
  }

  #listenToKeys() {
    const canvas = this.#canvas;
    canvas.addEventListener('focus', () => {
      this.#byKeys = canvas.matches(':focus-visible');
      this.#showLine();
    });
    canvas.addEventListener('blur', () => {
      this.#byKeys = false;
      this.#pointAt(-1);
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const way = ARROWS[event.key];
      this.#byKeys = true;
      if (way) {
        if (this.#solid === event.shiftKey) this.#step(way);
        else this.#turn(way);
      } else if (event.key === '+' || event.key === '=') this.#zoomBy(ZOOM_KEY);
      else if (event.key === '-' || event.key === '_') this.#zoomBy(1 / ZOOM_KEY);
      else if (event.key === '0' || event.key === 'Home') this.#reset();
      else if (event.key === 'Enter' && this.#at >= 0) this.#openItem(this.#at, true);
      else if (event.key === 'Escape' && this.#open >= 0) this.#close();
      else return;
      event.preventDefault();
    });
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      this.#close();
      canvas.focus();
    });
  }

  /** To the next item in a direction, or to the one in the middle at first. @param {Spot} way */
  #step(way) {
    const { width, height } = this.#painter.size;
    project(this.#points, this.#goal, this.#painter.size, this.#screen);
    const from = this.#placeOf(this.#at);
    const open = (/** @type {number} */ item) => this.#shown(item);
    const next = from
      ? nearestTowards(this.#screen, from, way, open)
      : pick(this.#screen, width / 2, height / 2, (item) => (open(item) ? width + height : 0));
    if (next < 0) return;
    this.#pointAt(next);
    this.#bringIn(next);
  }

  /** A little turn in 3D, a little way in 2D; the map goes with the arrow. @param {Spot} way */
  #turn({ x, y }) {
    const { yaw, pitch } = this.#view;
    if (this.#solid) {
      this.#look({ ...this.#view, yaw: yaw + x * TURN_KEY, pitch: pitch + y * TURN_KEY });
    } else this.#drag(-x * MOVE_KEY, -y * MOVE_KEY, false);
  }

  // --- what is pointed at, what is open ---

  /** @param {number} item */
  #shown(item) {
    const { mine, genre = '' } = this.#items[item] ?? {};
    return mine === true || !this.#hidden.has(genre);
  }

  /** @param {Spot} at @param {number} reach */
  #pickAt({ x, y }, reach) {
    const reachOf = (/** @type {number} */ item) => {
      if (!this.#shown(item)) return 0;
      // The large marks are met from farther off.
      return this.#items[item]?.song ? reach : reach * 2;
    };
    return pick(this.#screen, x, y, reachOf);
  }

  /** @param {number} item -1 for none */
  #pointAt(item) {
    if (item === this.#at) return;
    this.#at = item;
    this.#canvas.classList.toggle('on-song', this.#items[item]?.song !== undefined);
    this.#showLine();
    this.#draw();
  }

  /** The line under the map: what is pointed at, or what can be done. */
  #showLine() {
    const item = this.#items[this.#at];
    // Whoever steps by keys may not see the map; a mouse would make it a torrent of words.
    this.#line.setAttribute('aria-live', this.#byKeys ? 'polite' : 'off');
    if (item) this.#line.replaceChildren(...words(item));
    else if (this.#byKeys) setText(this.#line, this.#solid ? HELP.keys3 : HELP.keys2);
    else if (finger.matches) setText(this.#line, this.#solid ? HELP.touch3 : HELP.touch2);
    else setText(this.#line, this.#solid ? HELP.mouse3 : HELP.mouse2);
  }

  /** @param {number} item @param {boolean} take also takes the focus there */
  #openItem(item, take) {
    const { song } = this.#items[item] ?? {};
    if (!song) return;
    this.#open = item;
    this.#alike = [];
    const title = song.title || t('Untitled');
    const heading = make('h3', 'large', rawText(title));
    heading.tabIndex = -1;
    const genre = make('span', 'genre-word', glyph(song.genre), genreName(song.genre));
    if (song.genre_heard) {
      genre.append(make('span', 'heard', ' (heard)'));
      genre.title = t('The genre is what the model hears, not a label');
    }
    const more = make(
      'p',
      'more',
      make('span', '', rawText(song.artist || t('unknown artist'))),
      genre,
    );
    more.append(...sourceLinks(song));
    const like = make('button', 'pill', 'Songs like this one');
    like.type = 'button';
    like.addEventListener('click', () => {
      this.#asked = song.track;
      this.onLike(song.track);
    });
    const close = make('button', 'quiet', 'Close');
    close.type = 'button';
    close.addEventListener('click', () => {
      this.#close();
      this.#canvas.focus({ preventScroll: true });
    });
    this.#thumbs = ratingButtons(title, this.ratingOf(song.track), (opinion) =>
      this.onRate(song, opinion),
    );
    const about = make('div', '', heading, more, make('p', 'ways', like, this.#thumbs, close));
    this.#panel.replaceChildren(about, make('div', 'alike'));
    this.#panel.setAttribute('aria-label', title);
    this.#panel.hidden = false;
    if (take) {
      heading.focus({ preventScroll: true });
      this.#bringIn(item);
    }
    heading.scrollIntoView({ block: 'nearest' });
    this.#draw();
  }

  /** Shows what the visitor thinks of the open song now. */
  showRating() {
    const { song } = this.#items[this.#open] ?? {};
    if (song && this.#thumbs) showRating(this.#thumbs, this.ratingOf(song.track));
  }

  #close() {
    this.#open = -1;
    this.#alike = [];
    this.#panel.hidden = true;
    this.#draw();
  }

  // --- drawing ---

  /** The theme, the font or the size is another. */
  #repaint() {
    this.#painter.readPalette();
    this.#painter.resize();
    this.#view = tame(this.#view, this.#painter.size);
    this.#paint();
  }

  /** Draws before the next frame. */
  #draw() {
    this.#drawing ||= requestAnimationFrame((now) => {
      this.#drawing = 0;
      if (this.#moving) {
        const ms = clamp(now - this.#movedAt, 0, 100);
        this.#movedAt = now;
        if (this.#moving(ms)) this.#draw();
        else this.#moving = null;
      }
      this.#paint();
    });
  }

  #paint() {
    const { size } = this.#painter;
    if (size.width === 0) return;
    project(this.#points, this.#view, size, this.#screen);
    project(AXES, this.#view, size, this.#axes);
    const screen = this.#screen;
    this.#order.sort((a, b) => (screen[a * 3 + 2] ?? 0) - (screen[b * 3 + 2] ?? 0));
    this.#painter.paint({
      items: this.#items,
      order: this.#order,
      screen,
      axes: this.#axes,
      view: this.#view,
      hidden: this.#hidden,
      lit: this.#lit,
      at: this.#at,
      open: this.#open,
      alike: this.#alike,
    });
  }
}

/** @param {string} genre @returns {string} the same, if it is one of the ten */
function group(genre) {
  return GENRES.includes(genre) ? genre : OTHER;
}

/** @param {MouseEvent} event @returns {Spot} */
function spot({ offsetX, offsetY }) {
  return { x: offsetX, y: offsetY };
}

/** @param {number} count @returns {string} such as 67 songs */
function howMany(count) {
  return format(count === 1 ? '{} song' : '{} songs', count);
}

/** What an item is, in a line. @param {Item} item @returns {(Node | string)[]} */
function words({ name: called, genre, song, about, mine }) {
  const word = make('span', 'genre-word', glyph(genre), genreName(song?.genre ?? genre));
  if (about) return [word, format(': the middle of its {}', about)];
  if (mine) return [make('strong', '', rawText(called)), t(', your song: '), word];
  const artist = make('span', 'artist', rawText(song?.artist || t('unknown artist')));
  if (song?.genre_heard) word.append(make('span', 'heard', ' (heard)'));
  return [make('strong', '', rawText(called)), ' ', artist, ' · ', word];
}
