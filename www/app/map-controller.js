// Fetches the map of the catalogue when it is looked at, and puts the visitor's songs on it.

import { HOW_MANY } from '../views/similar-songs.js';

/** @import { Engine } from '../engine/engine.js' */
/** @import { MapView } from '../map/map-view.js' */
/** @import { CatalogMap, Mode } from '../types.js' */
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

  /** @param {MapView} map @param {SongStore} store */
  constructor(map, store) {
    this.#map = map;
    this.#store = store;
    map.onOpen = () => this.#load();
    map.onLike = async (track) => {
      const engine = this.engine();
      if (engine) map.showLike(await engine.like(track, HOW_MANY, this.mode()));
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
}
