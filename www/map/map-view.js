// The map of the catalogue: every song a point, what sounds alike lies together. It is drawn on a canvas
// (painter.js), and only when something has changed.

import { format, t } from '../i18n/i18n.js';
import { byId, make, rawText, setRawText, setText } from '../lib/dom.js';
import { formatCount, percent } from '../lib/format.js';
import { GENRES, genreName } from '../lib/genres.js';
import { Camera } from './camera.js';
import { clamp, nearestOf, nearestTowards, pick, project } from './geometry.js';
import { Legend } from './legend.js';
import { OTHER, OWN, Painter, glyph } from './painter.js';
import { listenToPointer } from './pointer.js';
import { SongPanel } from './song-panel.js';

/** @import { Item } from './painter.js' */
/** @import { Spot } from './pointer.js' */
/** @import { CatalogMap, MapPoint, Rating, Recommendation } from '../types.js' */
/** @typedef {{name: string, genre: string, point: [number, number, number]}} OwnSong a song of the visitor's */

/** What a press of a key does: radians, pixels, and times. */
const TURN_KEY = Math.PI / 24;
const MOVE_KEY = 60;
const ZOOM_KEY = 1.3;
/** Milliseconds between two requests for the map while it is looked at and not there. */
const AGAIN = 1000;

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
  mouse3D: 'Drag to turn the map, roll the wheel to zoom, click a song to open it.',
  mouse2D: 'Drag to move the map, roll the wheel to zoom, click a song to open it.',
  touch3D: 'One finger turns the map, two zoom, a tap opens a song.',
  touch2D: 'One finger moves the map, two zoom, a tap opens a song.',
  keys3D: `Arrows turn the map, with Shift they step from song to song. ${KEYS}`,
  keys2D: `Arrows step from song to song, with Shift they move the map. ${KEYS}`,
};

const coarsePointer = matchMedia('(hover: none) and (pointer: coarse)');

export class MapView {
  #section = byId('map', HTMLElement);
  #words = byId('map-words', HTMLElement);
  #kind = byId('map-kind', HTMLFieldSetElement);
  #canvas = byId('map-picture', HTMLCanvasElement);
  #line = byId('map-line', HTMLElement);
  #painter = new Painter(this.#canvas);
  #legend = new Legend();
  #panel = new SongPanel();
  #camera = new Camera(
    () => this.#painter.size,
    () => this.#is3D,
    () => this.#draw(),
  );

  /** @type {CatalogMap | null} */
  #map = null;
  /** @type {OwnSong[]} */
  #ownSongs = [];
  /** The songs of the visitor's library. @type {MapPoint[]} */
  #library = [];
  /** @type {Item[]} */
  #items = [];
  #points = new Float32Array();
  #screen = new Float32Array();
  /** Items from the farthest to the nearest. @type {number[]} */
  #order = [];
  #axes = new Float32Array(AXES.length);
  #frame = 0;

  /** The item that is pointed at, the one that is open; -1 for none. */
  #pointedAt = -1;
  #open = -1;
  /** Tracks that sound like the open song, the most alike first. @type {number[]} */
  #alike = [];
  /** The track that was asked about last. */
  #asked = -1;
  #byKeys = false;

  /** Called when the visitor wants songs like a track; `showLike` takes the answer. @type {(track: number) => void} */
  onLike = () => {};
  /** Called when the visitor has an opinion on a song. @type {(song: MapPoint, rating: Rating | null) => void} */
  onRate = () => {};
  /** What the visitor thinks of a track. @type {(track: number) => Rating | null} */
  ratingOf = () => null;
  /** Plays a song of the visitor's library, or stops it; why it cannot. @type {(key: string) => Promise<string>} */
  onPlay = async () => '';
  /** Called when the map comes into view, and again while it is in view and not there. @type {() => void} */
  onOpen = () => {};

  constructor() {
    this.#requestWhenVisible();
    this.#kind.addEventListener('change', () => {
      this.#camera.changeDimensions();
      this.#describe();
    });
    byId('map-in', HTMLButtonElement).addEventListener('click', () => this.#zoom(ZOOM_KEY));
    byId('map-out', HTMLButtonElement).addEventListener('click', () => this.#zoom(1 / ZOOM_KEY));
    byId('map-reset', HTMLButtonElement).addEventListener('click', () => this.#camera.reset());
    this.#legend.onChange = () => this.#draw();
    this.#connectPanel();
    this.#connectPointer();
    this.#listenToKeys();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#repaint());
    document.fonts.ready.then(() => this.#repaint());
    new ResizeObserver(() => this.#repaint()).observe(this.#canvas);
    this.#describe();
  }

  /** @param {CatalogMap} map */
  show(map) {
    this.#map = map;
    this.#collect();
    this.#describeLegend();
    this.#describe();
  }

  /** The songs of the visitor's library. @param {MapPoint[]} songs */
  showLibrary(songs) {
    this.#library = songs;
    this.#collect();
    if (this.#map) this.#describeLegend();
  }

  #describeLegend() {
    this.#legend.describe((genre) => {
      if (genre === OTHER) return this.#aboutOthers();
      if (genre === OWN) return this.#library.length > 0 ? howMany(this.#library.length) : '';
      return this.#aboutGenre(genre);
    });
  }

  /** The visitor's own songs. @param {OwnSong[]} songs */
  showSongs(songs) {
    this.#ownSongs = songs;
    this.#collect();
  }

  /** Songs like the one that is open. @param {Pick<Recommendation, 'track' | 'title' | 'artist' | 'genre'>[]} songs */
  showLike(songs) {
    const open = this.#items[this.#open]?.song;
    if (!open || open.track !== this.#asked) return; // another was opened meanwhile
    this.#alike = songs.map(({ track }) => track);
    this.#panel.showLike(songs);
    const { width, height } = this.#painter.size;
    const outside = this.#items.some(({ song }, item) => {
      const place = song && this.#alike.includes(song.track) && this.#placeOf(item);
      return place && (place.x < 0 || place.y < 0 || place.x > width || place.y > height);
    });
    if (outside) this.#camera.glideTo({ ...this.#camera.goal, zoom: 1, x: 0, y: 0 });
    this.#draw();
  }

  /** @param {string} key of the song of the library that plays; empty for none */
  showPlaying(key) {
    this.#panel.showPlaying(key);
  }

  /** Shows what the visitor thinks of the open song now. */
  showRating() {
    this.#panel.showRating();
  }

  // --- what there is ---

  /** Puts everything on the map into one list. */
  #collect() {
    const { points = [], genres = [] } = this.#map ?? {};
    const open = this.#items[this.#open]?.song;
    /** @type {{item: Item, point: [number, number, number]}[]} */
    const all = [
      ...points.map((song) => ({
        item: { genre: group(song.genre), name: song.title || t('Untitled'), song },
        point: song.point,
      })),
      ...this.#library.map((song) => ({
        item: { genre: group(song.genre), name: song.title, song, own: true },
        point: song.point,
      })),
      ...genres.map(({ genre, point }) => ({
        item: { genre, name: genreName(genre), about: this.#aboutGenre(genre) },
        point,
      })),
      ...this.#ownSongs.map(({ name, genre, point }) => ({
        item: { genre: group(genre), name, mine: true },
        point,
      })),
    ];
    this.#items = all.map(({ item }) => item);
    this.#points = Float32Array.from(all.flatMap(({ point }) => point));
    this.#screen = new Float32Array(this.#points.length);
    this.#order = all.map((_, i) => i);
    this.#pointedAt = -1;
    this.#open = this.#items.findIndex(({ song }) => song && song.path === open?.path);
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

  /** Says what is on show: how many songs, how much of the variance the axes explain. */
  #describe() {
    const axes = this.#is3D ? 3 : 2;
    this.#canvas.setAttribute('aria-label', format('Map of the songs in {} dimensions', axes));
    this.#showLine();
    if (!this.#map) {
      setText(this.#words, 'The map appears once the model has loaded.');
      return;
    }
    const share = this.#map.explained.slice(0, axes).reduce((sum, part) => sum + part, 0);
    const text =
      '{} songs: the closer together, the more alike they sound. These {} axes explain {} of the variance.';
    setRawText(
      this.#words,
      format(text, formatCount(this.#map.points.length), axes, percent(share)),
    );
  }

  get #is3D() {
    const chosen = this.#kind.querySelector('input:checked');
    return chosen instanceof HTMLInputElement && chosen.value === '3';
  }

  /** Asks for the map as soon as it is looked at, and again while it is not there: the engine may still load. */
  #requestWhenVisible() {
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

  // --- what the visitor does ---

  #connectPanel() {
    const panel = this.#panel;
    const itemOf = (/** @type {number | null} */ track) =>
      this.#items.findIndex(({ song }) => song && song.track === track);
    panel.onLike = (track) => {
      this.#asked = track;
      this.onLike(track);
    };
    panel.onRate = (song, rating) => this.onRate(song, rating);
    panel.onPlay = (key) => this.onPlay(key);
    panel.ratingOf = (track) => this.ratingOf(track);
    panel.onOpen = (track) => this.#openItem(itemOf(track), true);
    panel.onPoint = (track) => this.#pointAt(itemOf(track));
    panel.onClose = (byKey) => {
      this.#close();
      this.#canvas.focus({ preventScroll: !byKey });
    };
  }

  #connectPointer() {
    listenToPointer(this.#canvas, this.#camera, {
      onDown: () => (this.#byKeys = false),
      onHover: (at, reach) => this.#pointAt(this.#pickAt(at, reach)),
      onLeave: () => {
        if (!this.#byKeys) this.#pointAt(-1);
      },
      onClick: (at, reach) => {
        const item = this.#pickAt(at, reach);
        this.#pointAt(item);
        this.#openItem(item, false);
      },
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
        if (this.#is3D === event.shiftKey) this.#step(way);
        else if (this.#is3D) this.#camera.turn(way.x * TURN_KEY, way.y * TURN_KEY);
        else this.#camera.move(-way.x * MOVE_KEY, -way.y * MOVE_KEY);
      } else if (event.key === '+' || event.key === '=') this.#zoom(ZOOM_KEY);
      else if (event.key === '-' || event.key === '_') this.#zoom(1 / ZOOM_KEY);
      else if (event.key === '0' || event.key === 'Home') this.#camera.reset();
      else if (event.key === 'Enter' && this.#pointedAt >= 0) this.#openItem(this.#pointedAt, true);
      else if (event.key === 'Escape' && this.#open >= 0) this.#close();
      else return;
      event.preventDefault();
    });
  }

  /** Comes closer to what is pointed at by keys, or else to the middle. @param {number} times */
  #zoom(times) {
    const place = this.#byKeys ? this.#placeOf(this.#pointedAt) : null;
    const { width, height } = this.#painter.size;
    this.#camera.glideZoom(times, place ?? { x: width / 2, y: height / 2 });
  }

  /** To the next item in a direction, or to the one in the middle at first. @param {Spot} way */
  #step(way) {
    const { width, height } = this.#painter.size;
    project(this.#points, this.#camera.goal, this.#painter.size, this.#screen);
    const from = this.#placeOf(this.#pointedAt);
    const shown = (/** @type {number} */ item) => this.#isShown(item);
    const next = from
      ? nearestTowards(this.#screen, from, way, shown)
      : pick(this.#screen, width / 2, height / 2, (item) => (shown(item) ? width + height : 0));
    if (next < 0) return;
    this.#pointAt(next);
    this.#bringIn(next);
  }

  /** Moves the map so that an item is well inside. @param {number} item */
  #bringIn(item) {
    const place = this.#placeOf(item);
    if (!place) return;
    const { width, height } = this.#painter.size;
    const edge = Math.min(48, width / 6, height / 6);
    const dx = clamp(place.x, edge, width - edge) - place.x;
    const dy = clamp(place.y, edge, height - edge) - place.y;
    const { goal } = this.#camera;
    if (dx || dy) this.#camera.glideTo({ ...goal, x: goal.x + dx, y: goal.y + dy });
  }

  /** Where an item lies once the view has come to rest. @param {number} item @returns {Spot | null} */
  #placeOf(item) {
    if (item < 0) return null;
    const place = new Float32Array(3);
    const point = this.#points.subarray(item * 3, item * 3 + 3);
    project(point, this.#camera.goal, this.#painter.size, place);
    return { x: place[0] ?? 0, y: place[1] ?? 0 };
  }

  // --- what is pointed at, what is open ---

  /** @param {number} item */
  #isShown(item) {
    const { mine, own, genre = '' } = this.#items[item] ?? {};
    const { hidden } = this.#legend;
    return mine === true || !(hidden.has(genre) || (own === true && hidden.has(OWN)));
  }

  /** @param {Spot} at @param {number} reach */
  #pickAt({ x, y }, reach) {
    const reachOf = (/** @type {number} */ item) => {
      if (!this.#isShown(item)) return 0;
      // The large marks are met from farther off.
      return this.#items[item]?.song ? reach : reach * 2;
    };
    return pick(this.#screen, x, y, reachOf);
  }

  /** @param {number} item -1 for none */
  #pointAt(item) {
    if (item === this.#pointedAt) return;
    this.#pointedAt = item;
    this.#canvas.classList.toggle('on-song', this.#items[item]?.song !== undefined);
    this.#showLine();
    this.#draw();
  }

  /** The line under the map: what is pointed at, or what can be done. */
  #showLine() {
    const item = this.#items[this.#pointedAt];
    // Whoever steps by keys may not see the map; a mouse would make it a torrent of words.
    this.#line.setAttribute('aria-live', this.#byKeys ? 'polite' : 'off');
    if (item) {
      this.#line.replaceChildren(...describeItem(item));
      return;
    }
    const input = this.#byKeys ? 'keys' : coarsePointer.matches ? 'touch' : 'mouse';
    setText(this.#line, HELP[`${input}${this.#is3D ? '3D' : '2D'}`]);
  }

  /** @param {number} item @param {boolean} focus whether the focus goes there */
  #openItem(item, focus) {
    const { song } = this.#items[item] ?? {};
    if (!song) return;
    this.#open = item;
    this.#alike = [];
    this.#panel.show(song, focus);
    if (focus) this.#bringIn(item);
    this.#draw();
  }

  #close() {
    this.#open = -1;
    this.#alike = [];
    this.#panel.hide();
    this.#draw();
  }

  // --- drawing ---

  /** The theme, the font or the size is another. */
  #repaint() {
    this.#painter.readPalette();
    this.#painter.resize();
    this.#camera.fit();
    this.#paint();
  }

  /** Draws before the next frame. */
  #draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      if (this.#camera.advance(now)) this.#draw();
      this.#paint();
    });
  }

  #paint() {
    const { size } = this.#painter;
    if (size.width === 0) return;
    const { view } = this.#camera;
    project(this.#points, view, size, this.#screen);
    project(AXES, view, size, this.#axes);
    const screen = this.#screen;
    this.#order.sort((a, b) => (screen[a * 3 + 2] ?? 0) - (screen[b * 3 + 2] ?? 0));
    this.#painter.paint({
      items: this.#items,
      order: this.#order,
      screen,
      axes: this.#axes,
      view,
      hidden: this.#legend.hidden,
      highlighted: this.#legend.highlighted,
      pointedAt: this.#pointedAt,
      open: this.#open,
      alike: this.#alike,
    });
  }
}

/** @param {string} genre @returns {string} the same, if it is one of the ten */
function group(genre) {
  return GENRES.includes(genre) ? genre : OTHER;
}

/** @param {number} count @returns {string} such as 67 songs */
function howMany(count) {
  return format(count === 1 ? '{} song' : '{} songs', formatCount(count));
}

/** What an item is, in a line. @param {Item} item @returns {(Node | string)[]} */
function describeItem({ name, genre, song, about, mine, own }) {
  const word = make('span', 'genre-word', glyph(genre), genreName(song?.genre ?? genre));
  if (about) return [word, format(': the centre of its {}', about)];
  if (mine) return [make('strong', '', rawText(name)), t(', your song: '), word];
  if (own) return [make('strong', '', rawText(name)), t(', of your music: '), word];
  const artist = make('span', 'artist', rawText(song?.artist || t('unknown artist')));
  if (song?.genre_predicted) word.append(make('span', 'predicted', ' (predicted)'));
  return [make('strong', '', rawText(name)), ' ', artist, ' · ', word];
}
