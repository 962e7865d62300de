//! Puts a catalogue into cells.

use std::collections::HashMap;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::{
    CENTRE, CENTROIDS, CellsHeader, FINE, FINE_PARTS, FORMAT_VERSION, HEADER, RECORD_HEAD, RECORDS,
    STARTS, TEXT_STARTS, TEXTS, dot,
};
use crate::catalog::{Catalog, CatalogError, Provenance, Track};

/// Cells per root of the number of songs: more and smaller ones find more of the nearest songs in as many bytes,
/// and more centroids have to be read first.
const CELLS_PER_ROOT: f64 = 8.0;
/// Songs of the sample per cell that the centroids are fitted to, and how often they move.
const SAMPLE_PER_CELL: usize = 16;
const ITERATIONS: usize = 6;
/// Rows that are compared with all centroids at once.
const BLOCK: usize = 256;

/// What goes into a catalogue in cells.
pub struct CellsInput<'a, T> {
    /// The model that made the embeddings.
    pub maker: &'a Provenance,
    /// Mean embedding `[dimensions]`.
    pub centre: &'a [f32],
    /// Unit vectors from the mean towards each song's embedding `[songs, dimensions]`, row by row.
    pub directions: &'a [f32],
    /// What is known of a song, by its index.
    pub track: T,
    /// Number of cells; `None` for eight times the root of the number of songs.
    pub cells: Option<usize>,
}

impl Catalog {
    /// The catalogue in cells: see [`Cells`](super::Cells). `cells` is their number, by default eight times the
    /// root of the number of songs.
    ///
    /// # Errors
    /// If serialisation fails.
    pub fn to_cells(&self, cells: Option<usize>) -> Result<Vec<u8>, CatalogError> {
        let songs = 0..self.len();
        let directions: Vec<f32> = songs
            .flat_map(|song| self.directions.row(song).iter().copied())
            .collect();
        write_cells(&CellsInput {
            maker: &self.provenance,
            centre: self.directions.centre(),
            directions: &directions,
            track: |song: usize| self.tracks[song].clone(),
            cells,
        })
    }
}

/// The bytes of a file of cells. The same input gives the same bytes on the same kind of processor.
///
/// # Errors
/// If there are no songs, or more than an index of 32 bits counts, or serialisation fails.
pub fn write_cells<T: Fn(usize) -> Track>(
    input: &CellsInput<'_, T>,
) -> Result<Vec<u8>, CatalogError> {
    let shape = |cause: &str| CatalogError::Shape(cause.to_owned());
    let dimensions = input.centre.len();
    let songs = input.directions.len() / dimensions.max(1);
    if songs == 0 || songs * dimensions != input.directions.len() {
        return Err(shape("it has no songs, or rows of different lengths"));
    }
    let count = u32::try_from(songs).map_err(|_| shape("it has too many songs"))?;
    let usual = CELLS_PER_ROOT * (songs as f64).sqrt();
    let cells = input.cells.unwrap_or(usual as usize).clamp(1, songs);
    let sample = sample_of(input.directions, dimensions, SAMPLE_PER_CELL * cells);
    let (centroids, scale) = rounded(&centroids_of(&sample, dimensions, cells));
    let exact: Vec<f32> = centroids.iter().map(|&c| scale * f32::from(c)).collect();
    let labels = nearest(input.directions, &exact, dimensions);

    let mut order: Vec<u32> = (0..count).collect();
    // Stable, so that a cell's songs keep the catalogue's order.
    order.sort_by_key(|&song| labels[song as usize]);
    let mut starts = vec![0_u32; cells + 1];
    for &label in &labels {
        starts[label as usize + 1] += 1;
    }
    let mut before = 0;
    for start in &mut starts {
        before += *start;
        *start = before;
    }
    let mut records = Vec::with_capacity(songs * (RECORD_HEAD + dimensions));
    let mut fine = Vec::with_capacity(songs * dimensions);
    for &song in &order {
        let row = &input.directions[song as usize * dimensions..][..dimensions];
        let centroid = &exact[labels[song as usize] as usize * dimensions..][..dimensions];
        push_record(&mut records, &mut fine, song, row, centroid);
    }
    let (mut texts, mut text_starts) = (Vec::new(), vec![0_u64]);
    for song in 0..songs {
        serde_json::to_writer(&mut texts, &(input.track)(song))
            .map_err(|error| CatalogError::Shape(error.to_string()))?;
        text_starts.push(texts.len() as u64);
    }
    let header = CellsHeader {
        format_version: FORMAT_VERSION,
        maker: input.maker.clone(),
        dimensions,
        songs,
        cells,
        centroid_scale: scale,
    };
    let bytes_of = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let centre: Vec<u8> = bytes_of(input.centre);
    let centroids: Vec<u8> = centroids.iter().map(|&c| c as u8).collect();
    let starts: Vec<u8> = starts.iter().flat_map(|s| s.to_le_bytes()).collect();
    let text_starts: Vec<u8> = text_starts.iter().flat_map(|s| s.to_le_bytes()).collect();
    file(
        &header,
        [
            (CENTRE, Dtype::F32, vec![dimensions], &centre),
            (CENTROIDS, Dtype::I8, vec![cells, dimensions], &centroids),
            (STARTS, Dtype::U32, vec![cells + 1], &starts),
            (
                RECORDS,
                Dtype::U8,
                vec![songs, RECORD_HEAD + dimensions],
                &records,
            ),
            (FINE, Dtype::I8, vec![songs, dimensions], &fine),
            (TEXT_STARTS, Dtype::U64, vec![songs + 1], &text_starts),
            (TEXTS, Dtype::U8, vec![texts.len()], &texts),
        ],
    )
}

/// A tensor's name, type, shape and bytes.
type Part<'a> = (&'static str, Dtype, Vec<usize>, &'a [u8]);

fn file(header: &CellsHeader, parts: [Part<'_>; 7]) -> Result<Vec<u8>, CatalogError> {
    let failed = |e: &dyn std::fmt::Display| CatalogError::Shape(e.to_string());
    let json = serde_json::to_string(header).map_err(|e| failed(&e))?;
    let views = parts
        .into_iter()
        .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(dtype, shape, bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let views = views.map_err(|e| failed(&e))?;
    let metadata = HashMap::from([(HEADER.to_owned(), json)]);
    serialize(views, Some(metadata)).map_err(|e| failed(&e))
}

/// Adds a song's record, which is its index, a scale, and its direction less the centroid in that scale, and to `fine`
/// what was rounded off.
fn push_record(
    records: &mut Vec<u8>,
    fine: &mut Vec<u8>,
    song: u32,
    direction: &[f32],
    centroid: &[f32],
) {
    let residual = direction.iter().zip(centroid).map(|(v, c)| v - c);
    let residual: Vec<f32> = residual.collect();
    let largest = residual.iter().fold(0.0_f32, |l, r| l.max(r.abs()));
    let scale = (largest / 127.0).max(f32::MIN_POSITIVE);
    records.extend(song.to_le_bytes());
    records.extend(scale.to_le_bytes());
    for value in residual.iter().map(|r| r / scale) {
        let number = value.round();
        records.push(number as i8 as u8);
        fine.push(((value - number) * FINE_PARTS).round() as i8 as u8);
    }
}

/// Rows at equal distances, about `wanted` of them.
fn sample_of(rows: &[f32], dimensions: usize, wanted: usize) -> Vec<f32> {
    let count = rows.len() / dimensions;
    let wanted = wanted.min(count);
    let row = |at: usize| &rows[at * count / wanted * dimensions..][..dimensions];
    (0..wanted).flat_map(row).copied().collect()
}

/// Centroids in eight bits, and their scale.
fn rounded(centroids: &[f32]) -> (Vec<i8>, f32) {
    let largest = centroids.iter().fold(0.0_f32, |l, c| l.max(c.abs()));
    let scale = (largest / 127.0).max(f32::MIN_POSITIVE);
    let rounded = centroids.iter().map(|c| (c / scale).round() as i8);
    (rounded.collect(), scale)
}

/// The centroids `[cells, dimensions]` of k-means (Lloyd 1982), begun at rows of the sample at equal
/// distances. A cell that loses all its rows begins again at a row of the largest.
fn centroids_of(sample: &[f32], dimensions: usize, cells: usize) -> Vec<f32> {
    let mut centroids = sample_of(sample, dimensions, cells);
    for _ in 0..ITERATIONS {
        let labels = nearest(sample, &centroids, dimensions);
        let mut sums = vec![0.0_f64; centroids.len()];
        let mut counts = vec![0_usize; cells];
        for (row, &label) in sample.chunks_exact(dimensions).zip(&labels) {
            let label = label as usize;
            counts[label] += 1;
            let sum = &mut sums[label * dimensions..][..dimensions];
            sum.iter_mut()
                .zip(row)
                .for_each(|(s, v)| *s += f64::from(*v));
        }
        for (cell, centroid) in centroids.chunks_exact_mut(dimensions).enumerate() {
            if counts[cell] > 0 {
                let sum = &sums[cell * dimensions..][..dimensions];
                for (c, s) in centroid.iter_mut().zip(sum) {
                    *c = (s / counts[cell] as f64) as f32;
                }
                continue;
            }
            let largest = (0..cells).max_by_key(|&cell| counts[cell]).unwrap_or(0);
            let row = labels.iter().rposition(|&label| label as usize == largest);
            let row = row.unwrap_or(0) * dimensions;
            centroid.copy_from_slice(&sample[row..row + dimensions]);
            counts[largest] /= 2;
        }
    }
    centroids
}

/// The nearest centroid of each row, the first of those alike.
fn nearest(rows: &[f32], centroids: &[f32], dimensions: usize) -> Vec<u32> {
    let cells = centroids.len() / dimensions;
    // Of the square of the distance only what differs between centroids, halved.
    let halves: Vec<f32> = centroids
        .chunks_exact(dimensions)
        .map(|c| dot(c, c) / 2.0)
        .collect();
    let columns = MatRef::from_row_major_slice(centroids, cells, dimensions).transpose();
    rows.par_chunks(BLOCK * dimensions)
        .flat_map_iter(|block| {
            let count = block.len() / dimensions;
            let mut products = vec![0.0_f32; count * cells];
            matmul(
                MatMut::from_row_major_slice_mut(&mut products, count, cells),
                Accum::Replace,
                MatRef::from_row_major_slice(block, count, dimensions),
                columns,
                1.0,
                Par::Seq,
            );
            let nearest_of = |products: &[f32]| {
                let mut best = (f32::INFINITY, 0);
                for (cell, (product, half)) in products.iter().zip(&halves).enumerate() {
                    let distance = half - product;
                    if distance < best.0 {
                        best = (distance, cell as u32);
                    }
                }
                best.1
            };
            let labels: Vec<u32> = products.chunks_exact(cells).map(nearest_of).collect();
            labels
        })
        .collect()
}
