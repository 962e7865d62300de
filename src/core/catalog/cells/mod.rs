//! A catalogue too large to be loaded: its songs lie in cells of similar ones, and a search reads only the
//! cells around what is asked for. An inverted file with residuals in eight bits (Jégou et al. 2011, Product
//! quantization for nearest neighbor search, section IV, with a scalar instead of a product quantiser); of the best
//! of them eight more bits are read, and they are ranked again (Jégou et al. 2011, Searching in one billion vectors:
//! re-rank with source coding).
//!
//! The file is a safetensors file, so that Python reads it too. A cell's songs follow each other, so that
//! one HTTP Range request gets a cell; the code here is the same for a disk and for a static host.
//!
//! | tensor | type, shape | what |
//! |---|---|---|
//! | `centre` | F32 `[dimensions]` | mean embedding, from which directions are measured |
//! | `centroids` | I8 `[cells, dimensions]` | the cells' middles, times `centroid_scale` of the header |
//! | `starts` | U32 `[cells + 1]` | where each cell's records begin |
//! | `records` | U8 `[songs, 8 + dimensions]` | by cells: the song's index (U32), the scale of its numbers (F32), and its direction less the centroid in that scale (I8) |
//! | `fine` | I8 `[songs, dimensions]` | in the order of `records`: what was rounded off their numbers, times 254; older files lack it |
//! | `text_starts` | U64 `[songs + 1]` | where each song's text begins, by index |
//! | `texts` | U8 `[bytes]` | a [`Track`] as JSON each |

#[cfg(not(target_arch = "wasm32"))]
mod build;
mod range;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use safetensors::tensor::{Dtype, Metadata};
use serde::{Deserialize, Serialize};

use super::{CatalogError, Provenance, Track};
use crate::model::check_front_end;
use crate::similar::{dot, point};

#[cfg(not(target_arch = "wasm32"))]
pub use build::{CellsInput, write_cells};
#[cfg(not(target_arch = "wasm32"))]
pub use range::RangeFile;
pub use range::{RangeError, RangeSource};

const FORMAT_VERSION: u32 = 1;
/// The metadata entry that holds [`CellsHeader`] as JSON.
const HEADER: &str = "soundalike.cells";
const CENTRE: &str = "centre";
const CENTROIDS: &str = "centroids";
const STARTS: &str = "starts";
const RECORDS: &str = "records";
const FINE: &str = "fine";
const TEXT_STARTS: &str = "text_starts";
const TEXTS: &str = "texts";

/// Bytes of a record before its numbers: index and scale.
const RECORD_HEAD: usize = 8;
/// What is rounded off a number, half a unit at most, is kept in this many parts of a unit.
const FINE_PARTS: f32 = 254.0;
/// Songs that are ranked again, times those that are asked for. Rounding to eight bits seldom moves a song further.
const RANKED_AGAIN: usize = 3;
/// No header is longer: a length beyond is damage, and no memory is taken for it.
const MOST_HEADER_BYTES: u64 = 1 << 24;

/// Bytes that a search reads of the cells unless told otherwise; docs/scale.md has the recall that they give.
pub const SEARCH_BYTES: u64 = 900_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct CellsHeader {
    format_version: u32,
    maker: Provenance,
    dimensions: usize,
    songs: usize,
    cells: usize,
    centroid_scale: f32,
}

#[derive(Deserialize)]
struct CellsVersion {
    format_version: u32,
}

/// A song that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellHit {
    /// Index of the song in the catalogue that was put into cells.
    pub song: u32,
    /// Cosine similarity measured from the catalogue's mean, −1 to 1, within a hundred-thousandth; within a few
    /// thousandths in files that lack the fine numbers.
    pub similarity: f32,
}

/// A catalogue in cells, read from a source as it is needed. Only the header and the centroids are kept.
#[derive(Debug)]
pub struct Cells<S> {
    source: S,
    header: CellsHeader,
    centre: Vec<f32>,
    /// `[cells, dimensions]`.
    centroids: Vec<f32>,
    starts: Vec<u32>,
    /// Where these tensors are in the file.
    records: Range<u64>,
    fine: Option<Range<u64>>,
    text_starts: Range<u64>,
    texts: Range<u64>,
    bytes_read: AtomicU64,
}

/// A song that may be among those asked for.
struct Candidate {
    hit: CellHit,
    /// Which record is its own, and the scale of its numbers.
    record: u64,
    scale: f32,
}

/// Leaves the `k` best, best first, those alike by index.
fn keep_best(candidates: &mut Vec<Candidate>, k: usize) {
    let order = |a: &Candidate, b: &Candidate| {
        let by_similarity = b.hit.similarity.total_cmp(&a.hit.similarity);
        by_similarity.then(a.hit.song.cmp(&b.hit.song))
    };
    if k < candidates.len() {
        candidates.select_nth_unstable_by(k, order);
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(order);
}

/// The product of a direction and numbers in eight bits.
fn product(query: &[f32], numbers: &[u8]) -> f32 {
    let pairs = query.iter().zip(numbers);
    pairs.map(|(q, &number)| q * f32::from(number as i8)).sum()
}

fn damaged(cause: impl std::fmt::Display) -> CatalogError {
    CatalogError::NotACatalog(cause.to_string())
}

/// What was cut short is damaged; what could not be read may be whole.
fn unread(error: RangeError) -> CatalogError {
    match error {
        RangeError::CutShort => damaged(error),
        RangeError::Failed(cause) => CatalogError::Unreadable(cause),
    }
}

/// The bytes of each range, of its whole length: a server may answer with something else.
async fn read_whole(
    source: &impl RangeSource,
    ranges: &[Range<u64>],
) -> Result<Vec<Vec<u8>>, CatalogError> {
    let pieces = source.read(ranges).await.map_err(unread)?;
    let whole = pieces.iter().zip(ranges);
    let whole = whole.filter(|(piece, range)| piece.len() as u64 == range.end - range.start);
    if pieces.len() != ranges.len() || whole.count() != ranges.len() {
        let cause =
            "more or less was read than asked for; the server may not answer Range requests";
        return Err(CatalogError::Unreadable(cause.to_owned()));
    }
    Ok(pieces)
}

/// The bytes of one range.
async fn read_one(source: &impl RangeSource, range: Range<u64>) -> Result<Vec<u8>, CatalogError> {
    let mut pieces = read_whole(source, &[range]).await?;
    pieces.pop().ok_or_else(|| damaged("nothing was read"))
}

/// Values of four or eight bytes, little-endian.
fn values<const N: usize, T>(bytes: &[u8], value: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&b| value(b)).collect()
}

impl<S: RangeSource> Cells<S> {
    /// Reads header and centroids.
    ///
    /// # Errors
    /// If it cannot be read, is no catalogue in cells, of another version or front end, or damaged.
    pub async fn open(source: S) -> Result<Self, CatalogError> {
        let length = read_one(&source, 0..8).await?;
        let length = values(&length, u64::from_le_bytes).first().copied();
        let length = length
            .filter(|&length| length <= MOST_HEADER_BYTES)
            .ok_or_else(|| damaged("its header is no header of a safetensors file"))?;
        let json = read_one(&source, 8..8 + length).await?;
        let metadata: Metadata = serde_json::from_slice(&json).map_err(damaged)?;
        let header = header_of(metadata.metadata().as_ref())?;
        let (songs, cells, dimensions) = (header.songs, header.cells, header.dimensions);
        let place = |name: &str, dtype: Dtype, shape: &[usize]| {
            let info = metadata.info(name);
            let info = info.filter(|info| info.dtype == dtype && info.shape == shape);
            let (from, to) = info
                .map(|info| info.data_offsets)
                .ok_or_else(|| damaged(format!("its {name} do not match its header")))?;
            Ok::<_, CatalogError>(8 + length + from as u64..8 + length + to as u64)
        };
        let text_bytes = metadata
            .info(TEXTS)
            .map_or(0, |info| info.shape.iter().product());
        let wanted = [
            place(CENTRE, Dtype::F32, &[dimensions])?,
            place(CENTROIDS, Dtype::I8, &[cells, dimensions])?,
            place(STARTS, Dtype::U32, &[cells + 1])?,
        ];
        let pieces = read_whole(&source, &wanted).await?;
        let [centre, centroids, starts] = <[Vec<u8>; 3]>::try_from(pieces)
            .map_err(|_| damaged("not all that was asked for was read"))?;
        let scale = header.centroid_scale;
        let opened = Self {
            centre: values(&centre, f32::from_le_bytes),
            centroids: centroids
                .iter()
                .map(|&b| scale * f32::from(b as i8))
                .collect(),
            starts: values(&starts, u32::from_le_bytes),
            records: place(RECORDS, Dtype::U8, &[songs, RECORD_HEAD + dimensions])?,
            fine: match metadata.info(FINE) {
                Some(_) => Some(place(FINE, Dtype::I8, &[songs, dimensions])?),
                None => None,
            },
            text_starts: place(TEXT_STARTS, Dtype::U64, &[songs + 1])?,
            texts: place(TEXTS, Dtype::U8, &[text_bytes])?,
            bytes_read: AtomicU64::new(
                8 + length + wanted.iter().map(|r| r.end - r.start).sum::<u64>(),
            ),
            source,
            header,
        };
        opened.check()?;
        Ok(opened)
    }

    /// Refuses numbers that would be misread.
    fn check(&self) -> Result<(), CatalogError> {
        let ends = [self.starts.first(), self.starts.last()];
        let whole = ends == [Some(&0), Some(&(self.header.songs as u32))];
        if !whole || !self.starts.is_sorted() {
            return Err(damaged("its cells do not hold its songs"));
        }
        if !self
            .centre
            .iter()
            .chain(&self.centroids)
            .all(|v| v.is_finite())
        {
            return Err(damaged("it holds values that are not numbers"));
        }
        Ok(())
    }

    /// Number of songs.
    pub fn len(&self) -> usize {
        self.header.songs
    }

    /// Whether there are no songs.
    pub fn is_empty(&self) -> bool {
        self.header.songs == 0
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.header.cells
    }

    /// The model that made the embeddings.
    pub fn provenance(&self) -> &Provenance {
        &self.header.maker
    }

    /// Refuses cells that another model made.
    ///
    /// # Errors
    /// [`CatalogError::OtherModel`] if `model_sha256` is not that of the model that made the embeddings.
    pub fn check_model(&self, model_sha256: &str) -> Result<(), CatalogError> {
        self.header.maker.check_model(model_sha256)
    }

    /// Bytes read so far: of header and centroids, and by all searches.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>, CatalogError> {
        let pieces = read_whole(&self.source, ranges).await?;
        let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        Ok(pieces)
    }

    /// The up to `k` songs nearest to an embedding, best first, those alike by index: of the cells nearest to
    /// it, as many as have no more than `bytes` together with the fine numbers of the best, but at least one. None for
    /// an embedding of another length.
    ///
    /// # Errors
    /// If the cells cannot be read or are damaged.
    pub async fn search(
        &self,
        embedding: &[f32],
        k: usize,
        bytes: u64,
    ) -> Result<Vec<CellHit>, CatalogError> {
        if embedding.len() != self.header.dimensions {
            return Ok(Vec::new());
        }
        let mut query = embedding.to_vec();
        point(&mut query, &self.centre);
        let again = k.saturating_mul(RANKED_AGAIN).min(self.header.songs);
        let fine_bytes = match self.fine {
            Some(_) => (again * self.header.dimensions) as u64,
            None => 0,
        };
        let (cells, ranges) = self.nearest_cells(&query, bytes.saturating_sub(fine_bytes));
        let pieces = self.read(&ranges).await?;
        let dimensions = self.header.dimensions;
        let mut found = Vec::new();
        for (cell, records) in cells.into_iter().zip(pieces) {
            let centroid = &self.centroids[cell * dimensions..(cell + 1) * dimensions];
            let in_common = dot(&query, centroid);
            let first = u64::from(self.starts[cell]);
            let records = records.chunks_exact(RECORD_HEAD + dimensions);
            for (record, bytes) in (first..).zip(records) {
                let (head, numbers) = bytes.split_at(RECORD_HEAD);
                let (Some(song), Some(scale)) = (head.first_chunk(), head.last_chunk()) else {
                    continue;
                };
                let (song, scale) = (u32::from_le_bytes(*song), f32::from_le_bytes(*scale));
                let similarity = in_common + scale * product(&query, numbers);
                if song as usize >= self.header.songs || !similarity.is_finite() {
                    return Err(damaged("a cell holds a song that is not there"));
                }
                let hit = CellHit { song, similarity };
                found.push(Candidate { hit, record, scale });
            }
        }
        keep_best(&mut found, again);
        self.refine(&query, &mut found).await?;
        keep_best(&mut found, k);
        Ok(found.into_iter().map(|candidate| candidate.hit).collect())
    }

    /// Adds to similarities what was rounded off the songs' numbers.
    async fn refine(&self, query: &[f32], found: &mut [Candidate]) -> Result<(), CatalogError> {
        let Some(fine) = &self.fine else {
            return Ok(());
        };
        let length = self.header.dimensions as u64;
        let starts = found.iter().map(|one| fine.start + one.record * length);
        let ranges: Vec<Range<u64>> = starts.map(|start| start..start + length).collect();
        for (candidate, numbers) in found.iter_mut().zip(self.read(&ranges).await?) {
            let further = product(query, &numbers) / FINE_PARTS;
            candidate.hit.similarity += candidate.scale * further;
        }
        Ok(())
    }

    /// The cells nearest to a direction that have no more than `bytes` together, at least one with songs, and
    /// where their records are.
    fn nearest_cells(&self, query: &[f32], bytes: u64) -> (Vec<usize>, Vec<Range<u64>>) {
        let centroids = self.centroids.chunks_exact(self.header.dimensions);
        // The square of the distance, less what is the same for all.
        let mut order: Vec<(f32, usize)> = centroids
            .enumerate()
            .map(|(cell, c)| (dot(c, c) - 2.0 * dot(query, c), cell))
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let record = (RECORD_HEAD + self.header.dimensions) as u64;
        let (mut cells, mut ranges) = (Vec::new(), Vec::new());
        let mut total = 0;
        for (_, cell) in order {
            let from = u64::from(self.starts[cell]) * record;
            let to = u64::from(self.starts[cell + 1]) * record;
            if from == to {
                continue;
            }
            total += to - from;
            if total > bytes && !cells.is_empty() {
                break;
            }
            cells.push(cell);
            ranges.push(self.records.start + from..self.records.start + to);
        }
        (cells, ranges)
    }

    /// What is known of songs, by index.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub async fn tracks(&self, songs: &[u32]) -> Result<Vec<Track>, CatalogError> {
        let within = |song: &&u32| (**song as usize) < self.header.songs;
        if songs.iter().filter(within).count() != songs.len() {
            return Err(CatalogError::Shape("there is no such song".to_owned()));
        }
        let starts: Vec<Range<u64>> = songs
            .iter()
            .map(|&song| self.text_starts.start + 8 * u64::from(song))
            .map(|at| at..at + 16)
            .collect();
        let size = self.texts.end - self.texts.start;
        let texts = self.read(&starts).await?.into_iter().map(|bytes| {
            match values(&bytes, u64::from_le_bytes)[..] {
                [from, to] if from <= to && to <= size => {
                    Ok(self.texts.start + from..self.texts.start + to)
                }
                _ => Err(damaged("its texts do not match its songs")),
            }
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let texts = self.read(&texts).await?;
        let tracks = texts
            .iter()
            .map(|text| serde_json::from_slice(text).map_err(damaged));
        tracks.collect()
    }
}

/// The header in the metadata of the file.
fn header_of(metadata: Option<&HashMap<String, String>>) -> Result<CellsHeader, CatalogError> {
    let json = metadata
        .and_then(|entries| entries.get(HEADER))
        .ok_or_else(|| damaged("it lacks the header of a catalogue in cells"))?;
    let version: CellsVersion = serde_json::from_str(json).map_err(damaged)?;
    if version.format_version != FORMAT_VERSION {
        return Err(CatalogError::Version {
            found: version.format_version,
            known: FORMAT_VERSION,
        });
    }
    let header: CellsHeader = serde_json::from_str(json).map_err(damaged)?;
    check_front_end(&header.maker.front_end).map_err(|_| CatalogError::FrontEnd)?;
    let sizes = [header.songs, header.cells, header.dimensions];
    if sizes.contains(&0) || u32::try_from(header.songs).is_err() {
        return Err(damaged("its header has no songs, or too many"));
    }
    Ok(header)
}
