//! A search in cells against the exact one: recall at 10, bytes and milliseconds per query.
//!
//! ```sh
//! cargo bench --package soundalike-core --bench cells -- 1000000
//! ```
//!
//! The songs are synthetic, a hundred thousand unless a number is given. Each is drawn around a song of the
//! shipped catalogue, with the covariance of that song's sixteen nearest neighbours and a tenth of their
//! variance in all directions, so that clusters, hubs and the number of dimensions in which songs differ are
//! those of real embeddings. Only every second song of the catalogue is drawn around; the others are the
//! queries, which are real and none of whose copies is in the index.
#![cfg(not(target_arch = "wasm32"))]

use std::time::Instant;

use anyhow::{Context, Result};
use pollster::block_on;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use soundalike_core::catalog::{Catalog, Cells, CellsInput, RangeFile, Track, write_cells};
use soundalike_shipped as shipped;

const SONGS: usize = 100_000;
const QUERIES: usize = 300;
const NEIGHBOURS: usize = 16;
/// Share of the local variance that goes in all directions.
const ELSEWHERE: f32 = 0.1;
const K: usize = 10;
/// Songs drawn by one generator, so that any number of threads gives the same.
const CHUNK: usize = 10_000;

fn main() -> Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let songs: usize = numbers.next_back().unwrap_or(SONGS);
    let catalog = Catalog::from_bytes(shipped::CATALOG)?;
    let real = directions(&catalog);
    let (seeds, queries): (Vec<_>, Vec<_>) =
        real.chunks(2).map(|two| (&two[0], two.last())).unzip();
    let queries: Vec<&Vec<f32>> = queries.into_iter().flatten().take(QUERIES).collect();
    let dimensions = catalog.dimensions();

    let started = Instant::now();
    let rows = drawn(&seeds, songs, dimensions);
    println!(
        "{songs} songs of {dimensions} numbers drawn in {:.0} s",
        seconds(started)
    );
    let started = Instant::now();
    let bytes = write_cells(&CellsInput {
        maker: &catalog.provenance,
        centre: &vec![0.0; dimensions],
        directions: &rows,
        track: |song: usize| Track {
            title: format!("Song {song}"),
            ..Track::default()
        },
        cells: None,
    })?;
    println!(
        "put into cells in {:.0} s, {} bytes",
        seconds(started),
        bytes.len()
    );
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), bytes)?;

    let started = Instant::now();
    let exact: Vec<Vec<u32>> = queries
        .par_iter()
        .map(|query| nearest(&rows, query))
        .collect();
    println!(
        "exact search: {:.1} ms per query on {} threads together",
        1e3 * seconds(started) / queries.len() as f64,
        rayon::current_num_threads()
    );
    let cells = block_on(Cells::open(RangeFile::open(file.path())?))?;
    println!(
        "{} cells, {} bytes to open",
        cells.cells(),
        cells.bytes_read()
    );
    println!("   read at most   bytes per query   recall at 10   ms (mean)   ms (95 %)");
    for budget in [125_000, 250_000, 500_000, 900_000, 2_000_000] {
        let before = cells.bytes_read();
        let (mut found, mut times) = (0, Vec::new());
        for (query, exact) in queries.iter().zip(&exact) {
            let started = Instant::now();
            let hits = block_on(cells.search(query, K, budget))?;
            times.push(1e3 * seconds(started));
            found += hits.iter().filter(|hit| exact.contains(&hit.song)).count();
        }
        times.sort_by(f64::total_cmp);
        let count = queries.len();
        println!(
            "{budget:15}   {:15}   {:12.4}   {:9.2}   {:9.2}",
            (cells.bytes_read() - before) / count as u64,
            found as f64 / (K * count) as f64,
            times.iter().sum::<f64>() / count as f64,
            times.get(count * 95 / 100).context("no queries")?
        );
    }
    Ok(())
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

/// Unit vectors from the catalogue's mean to its songs.
fn directions(catalog: &Catalog) -> Vec<Vec<f32>> {
    let count = catalog.len() as f32;
    let mut centre = vec![0.0; catalog.dimensions()];
    for song in 0..catalog.len() {
        for (c, v) in centre.iter_mut().zip(catalog.embedding(song)) {
            *c += v / count;
        }
    }
    let songs = 0..catalog.len();
    let away = songs.map(|song| {
        let embedding = catalog.embedding(song).iter();
        normalised(embedding.zip(&centre).map(|(v, c)| v - c).collect())
    });
    away.collect()
}

fn normalised(mut row: Vec<f32>) -> Vec<f32> {
    let length = dot(&row, &row).sqrt().max(f32::MIN_POSITIVE);
    row.iter_mut().for_each(|v| *v /= length);
    row
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Sixteen sums at a time are what a compiler makes fast.
    let mut sums = [0.0_f32; 16];
    let (a_parts, b_parts) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest = a_parts.remainder().iter().zip(b_parts.remainder());
    let rest: f32 = rest.map(|(x, y)| x * y).sum();
    for (a, b) in a_parts.zip(b_parts) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// The rows nearest to a query, best first.
fn nearest(rows: &[f32], query: &[f32]) -> Vec<u32> {
    let scored = rows.chunks_exact(query.len()).map(|row| dot(row, query));
    let mut scored: Vec<(f32, u32)> = scored.zip(0..).collect();
    let count = K.min(scored.len() - 1);
    scored.select_nth_unstable_by(count, |a, b| b.0.total_cmp(&a.0));
    scored.truncate(K);
    scored.into_iter().map(|(_, song)| song).collect()
}

/// `songs` synthetic directions around the seeds: see the top.
fn drawn(seeds: &[&Vec<f32>], songs: usize, dimensions: usize) -> Vec<f32> {
    // What lies from each seed to its neighbours, and the deviation in all directions.
    let around: Vec<(Vec<Vec<f32>>, f32)> = seeds
        .par_iter()
        .map(|seed| {
            let mut order: Vec<(f32, usize)> = seeds
                .iter()
                .enumerate()
                .map(|(at, other)| (dot(seed, other), at))
                .collect();
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            let neighbours = order.iter().skip(1).take(NEIGHBOURS);
            let away = |&(_, at): &(f32, usize)| -> Vec<f32> {
                let pairs = seeds[at].iter().zip(seed.iter());
                pairs
                    .map(|(v, s)| (v - s) / (NEIGHBOURS as f32).sqrt())
                    .collect()
            };
            let away: Vec<Vec<f32>> = neighbours.map(away).collect();
            let variance: f32 = away.iter().map(|row| dot(row, row)).sum();
            (away, (ELSEWHERE * variance / dimensions as f32).sqrt())
        })
        .collect();
    let mut rows = vec![0.0_f32; songs * dimensions];
    let chunks = rows.par_chunks_mut(CHUNK * dimensions).enumerate();
    chunks.for_each(|(chunk, rows)| {
        let mut random = ChaCha8Rng::seed_from_u64(chunk as u64);
        for row in rows.chunks_exact_mut(dimensions) {
            let seed = random.random_range(0..seeds.len());
            let (away, deviation) = &around[seed];
            for (value, s) in row.iter_mut().zip(seeds[seed].iter()) {
                *value = s + deviation * random.sample::<f32, _>(StandardNormal);
            }
            for step in away {
                let length: f32 = random.sample(StandardNormal);
                row.iter_mut().zip(step).for_each(|(v, s)| *v += length * s);
            }
            let unit = normalised(row.to_vec());
            row.copy_from_slice(&unit);
        }
    });
    rows
}
