//! Catalogues too large to be loaded, of which a search fetches a part: see `soundalike_core::catalog::Cells`.

use std::ops::Range;

use js_sys::{Array, Function, Promise, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::error::{Subject, Thrown};
use super::to_js;
use soundalike_core::catalog::{CatalogError, Cells, RangeError, RangeSource, SEARCH_BYTES};

/// Pieces of a file that a function of the page fetches.
struct Fetched(Function);

impl RangeSource for Fetched {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>, RangeError> {
        let pairs: Array = ranges
            .iter()
            .map(|range| {
                // Files are smaller than 2^53 bytes.
                Array::of2(&(range.start as f64).into(), &(range.end as f64).into())
            })
            .collect();
        let answer = self.0.call1(&JsValue::NULL, &pairs).map_err(in_words)?;
        let pieces = JsFuture::from(Promise::resolve(&answer));
        let pieces = Array::from(&pieces.await.map_err(in_words)?);
        let bytes = pieces.iter().map(|piece| {
            let array = piece.dyn_into::<Uint8Array>();
            array.map(|array| array.to_vec()).map_err(in_words)
        });
        bytes.collect()
    }
}

/// The message of what JavaScript threw.
fn in_words(thrown: JsValue) -> RangeError {
    let message = thrown
        .dyn_ref::<js_sys::Error>()
        .map(js_sys::Error::message);
    RangeError::Failed(message.map_or_else(|| "it was not fetched".to_owned(), String::from))
}

/// A song that was found in a catalogue of cells.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct CellSong {
    /// Index in the catalogue.
    song: u32,
    /// Cosine similarity from −1 to 1.
    similarity: f32,
    /// Title; may be empty.
    title: String,
    /// Artist; may be empty.
    artist: String,
    /// Labelled genre; may be empty.
    genre: String,
    /// Path of its clip in its collection.
    path: String,
    /// Licence; may be empty.
    licence: String,
    /// Where it can be found; may be empty.
    source: String,
    /// Address at its source where it can be listened to; may be empty.
    link: String,
}

/// A catalogue in cells at a server that answers Range requests.
#[wasm_bindgen]
pub struct CellCatalog {
    cells: Cells<Fetched>,
}

#[wasm_bindgen]
impl CellCatalog {
    /// Fetches header and centroids. `fetch_ranges` is a function of an array of `[from, to)` that returns a
    /// promise of an array of `Uint8Array`s, the bytes of each range.
    ///
    /// # Errors
    /// If they cannot be fetched, are damaged, or another model than `model_sha256` made the catalogue.
    pub async fn open(fetch_ranges: Function, model_sha256: String) -> Result<CellCatalog, Thrown> {
        let cells = Cells::open(Fetched(fetch_ranges)).await.map_err(about)?;
        cells.check_model(&model_sha256).map_err(about)?;
        Ok(Self { cells })
    }

    /// Number of songs.
    #[wasm_bindgen(getter)]
    pub fn songs(&self) -> usize {
        self.cells.len()
    }

    /// Bytes fetched so far.
    #[wasm_bindgen(getter, js_name = bytesRead)]
    pub fn bytes_read(&self) -> f64 {
        self.cells.bytes_read() as f64
    }

    /// The `k` songs nearest to an embedding in the cells around it, best first: an array of their index,
    /// similarity and what is known of them. At most `bytes` of the cells are fetched, 900,000 if undefined.
    ///
    /// # Errors
    /// If they cannot be fetched or are damaged.
    pub async fn search(
        &self,
        embedding: Vec<f32>,
        k: usize,
        bytes: Option<f64>,
    ) -> Result<JsValue, Thrown> {
        let bytes = bytes.map_or(SEARCH_BYTES, |bytes| bytes as u64);
        let hits = self
            .cells
            .search(&embedding, k, bytes)
            .await
            .map_err(about)?;
        let songs: Vec<u32> = hits.iter().map(|hit| hit.song).collect();
        let tracks = self.cells.tracks(&songs).await.map_err(about)?;
        let found = hits.iter().zip(tracks).map(|(hit, track)| CellSong {
            song: hit.song,
            similarity: hit.similarity,
            title: track.title,
            artist: track.artist,
            genre: track.genre,
            path: track.path,
            licence: track.licence,
            source: track.source,
            link: track.link,
        });
        to_js(&found.collect::<Vec<_>>())
    }
}

fn about(error: CatalogError) -> Thrown {
    Thrown::about(Subject::Catalog, &error)
}
