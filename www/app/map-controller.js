// Fetches the map of the catalogue when it is looked at, and puts the visitor's songs on it.

import { HOW_MANY } from '../views/similar-songs.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { MapView } from '../map/map-view.js' */
/** @import { CatalogMap, LibraryRecord, Mode } from '../types.js' */
/** @import { SongStore } from './song-store.js' */

/** Milliseconds after an answer, so that the map is not drawn in the same frame. */
const DELAY = 200;

export class MapController {
  #map;
  #store;
  /** @type {Promise<CatalogMap> | null} */
  #loading = null;

  /** @type {() => Engine | null} */
  engine = () => null;
  /** @type {() => Mode} */
  mode = () => 'genre-aware';
  /** The songs of the visitor's library as the engine has them, and the genre of each. @type {() => {songs: LibraryRecord[], genres: string[]}} */
  library = () => ({ songs: [], genres: [] });

  /** @param {MapView} map @param {SongStore} store */
  constructor(map, store) {
    this.#map = map;
    this.#store = store;
    map.onOpen = () => this.#load();
    map.onLike = async (track) => {
      const engine = this.engine();
      if (!engine) return;
      const source = this.library().songs.length > 0 ? 'both' : 'catalog';
      map.showLike(await engine.like(track, HOW_MANY, this.mode(), source));
    };
  }

  #load() {
    const engine = this.engine();
    if (!engine || this.#loading) return;
    this.#loading = engine.map();
    this.#loading.then(
      (map) => {
        this.#map.show(map);
        this.showSongs();
        this.showLibrary();
      },
      () => {
        this.#loading = null;
      },
    );
  }

  showSongsSoon() {
    setTimeout(() => this.showSongs(), DELAY);
  }

  async showSongs() {
    const engine = this.engine();
    if (!this.#loading || !engine) return;
    const songs = this.#store.complete;
    try {
      await this.#loading;
      const places = await Promise.all(
        songs.map(async ({ name, answer }) => ({
          name,
          genre: answer?.genre ?? '',
          point: answer
            ? await engine.place(answer)
            : /** @type {[number, number, number]} */ ([0, 0, 0]),
        })),
      );
      this.#map.showSongs(places);
    } catch {
      // A crash is reported by onCrash.
    }
  }

  /** Puts the songs of the visitor's library on the map. */
  async showLibrary() {
    const engine = this.engine();
    if (!this.#loading || !engine) return;
    const { songs, genres } = this.library();
    const first = engine.info.tracks;
    try {
      await this.#loading;
      const places = await engine.libraryPlaces();
      // Other songs meanwhile: they come next.
      if (places.length !== 3 * songs.length) return;
      this.#map.showLibrary(
        songs.map(({ key: path, title, artist, genre }, i) => ({
          ...NO_SOURCE,
          track: first + i,
          mine: i,
          path,
          title,
          artist,
          genre: genres[i] ?? '',
          genre_predicted: !genre,
          point: [places[3 * i] ?? 0, places[3 * i + 1] ?? 0, places[3 * i + 2] ?? 0],
        })),
      );
    } catch {
      // A crash is reported by onCrash.
    }
  }
}

const NO_SOURCE = { set: '', licence: '', source: '', link: '' };
