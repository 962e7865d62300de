//! The visitor's own songs, for the page's worker: they are searched as the catalogue's are, alone or with them.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::error::{PageError, Thrown};
use super::{Engine, to_js};
use soundalike_core::catalog::{Catalog, Query, Rows, Track};

/// Whose songs are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Source {
    /// The catalogue's.
    #[default]
    Catalog,
    /// The visitor's own.
    Mine,
    /// Both, ranked together.
    Both,
}

/// A song of the visitor's, as the page keeps it beside its numbers.
#[derive(Deserialize, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct LibrarySong {
    /// Path in its folder.
    path: String,
    /// Title, or the file's name.
    title: String,
    /// Artist; may be empty.
    #[serde(default)]
    artist: String,
    /// Album; may be empty.
    #[serde(default)]
    album: String,
    /// Labelled genre; may be empty.
    #[serde(default)]
    genre: String,
}

/// The catalogue's songs and behind them the visitor's own.
pub(super) struct Library {
    all: Catalog,
}

/// A catalogue that was made in the terminal, as rows to keep.
#[wasm_bindgen]
pub struct OpenedCatalog {
    catalog: Catalog,
}

#[wasm_bindgen]
impl OpenedCatalog {
    /// Its songs: see `LibrarySong` in www/engine/engine-types.d.ts.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn songs(&self) -> Result<JsValue, Thrown> {
        let song = |track: &Track| LibrarySong {
            path: track.path.clone(),
            title: track.title.clone(),
            artist: track.artist.clone(),
            album: track.album.clone(),
            genre: track.genre.clone(),
        };
        to_js(&self.catalog.tracks.iter().map(song).collect::<Vec<_>>())
    }

    /// `[songs, dimensions]`.
    pub fn embeddings(&self) -> Vec<f32> {
        self.rows(Catalog::embedding)
    }

    /// `[songs, genres]`.
    pub fn probabilities(&self) -> Vec<f32> {
        self.rows(Catalog::probabilities)
    }

    /// `[songs, tags]`.
    pub fn tags(&self) -> Vec<f32> {
        self.rows(Catalog::tags)
    }
}

impl OpenedCatalog {
    fn rows(&self, row: fn(&Catalog, usize) -> &[f32]) -> Vec<f32> {
        let rows = (0..self.catalog.len()).flat_map(|track| row(&self.catalog, track));
        rows.copied().collect()
    }
}

#[wasm_bindgen]
impl Engine {
    /// Reads a catalogue that was made in the terminal.
    ///
    /// # Errors
    /// If it is damaged, or made by another model.
    #[wasm_bindgen(js_name = openCatalog)]
    pub fn open_catalog(&self, bytes: &[u8]) -> Result<OpenedCatalog, Thrown> {
        let catalog = Catalog::from_bytes(bytes)?;
        catalog.check_model(&self.predictor.model().sha256)?;
        Ok(OpenedCatalog { catalog })
    }

    /// Sets the visitor's own songs, in place of those that were there: `songs` as `LibrarySong` in
    /// www/engine/engine-types.d.ts, `embeddings` `[songs, dimensions]`, `probabilities` `[songs, genres]`,
    /// `tags` `[songs, tags]`. The number of a song among them is its track less the catalogue's length.
    ///
    /// # Errors
    /// If songs and numbers do not fit together.
    #[wasm_bindgen(js_name = setLibrary)]
    pub fn set_library(
        &mut self,
        songs: JsValue,
        embeddings: &[f32],
        probabilities: &[f32],
        tags: &[f32],
    ) -> Result<(), Thrown> {
        let songs: Vec<LibrarySong> =
            serde_wasm_bindgen::from_value(songs).map_err(|e| PageError::Request(e.to_string()))?;
        let rows = Rows {
            embeddings,
            probabilities,
            tags,
        };
        self.library = match songs.is_empty() {
            true => None,
            false => Some(Library {
                all: self
                    .catalog
                    .with_songs(songs.into_iter().map(Track::from).collect(), rows)?,
            }),
        };
        Ok(())
    }

    /// Where the visitor's own songs lie on the map: `[songs, 3]`.
    #[wasm_bindgen(js_name = libraryPlaces)]
    pub fn library_places(&self) -> Vec<f32> {
        let map = self.map.get_or_init(|| self.catalog.map());
        let all = self.all_songs();
        let places = (self.catalog.len()..all.len())
            .flat_map(|track| self.catalog.place(map, all.embedding(track)));
        places.collect()
    }

    /// The genre of each of the visitor's own songs, labelled or else predicted.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    #[wasm_bindgen(js_name = libraryGenres)]
    pub fn library_genres(&self) -> Result<JsValue, Thrown> {
        let all = self.all_songs();
        let genres = (self.catalog.len()..all.len()).map(|track| all.genre(track).0);
        to_js(&genres.collect::<Vec<_>>())
    }
}

impl Engine {
    /// The catalogue with the visitor's own songs behind it, as far as there are any.
    pub(super) fn all_songs(&self) -> &Catalog {
        self.library
            .as_ref()
            .map_or(&self.catalog, |library| &library.all)
    }

    /// The catalogue that is searched for songs of a source.
    pub(super) fn searched(&self, source: Source) -> &Catalog {
        match source {
            Source::Catalog => &self.catalog,
            Source::Mine | Source::Both => self.all_songs(),
        }
    }

    /// For each track of [`Engine::searched`] whether it may be found; all may if there is none. Left out are those of
    /// the other source, and among the visitor's own the song that is asked about.
    pub(super) fn admitted(&self, source: Source, asked: Query<'_>) -> Option<Vec<bool>> {
        if source == Source::Catalog {
            return None;
        }
        let (all, shipped) = (self.all_songs(), self.catalog.len());
        let mut admitted = vec![true; all.len()];
        admitted[..shipped].fill(source == Source::Both);
        for track in all.same_recordings(asked) {
            admitted[track] &= track < shipped;
        }
        Some(admitted)
    }
}

impl From<LibrarySong> for Track {
    fn from(song: LibrarySong) -> Self {
        Self {
            path: song.path,
            title: song.title,
            artist: song.artist,
            album: song.album,
            genre: song.genre,
            ..Self::default()
        }
    }
}
