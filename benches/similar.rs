//! How long exact search takes by the size of the library. `cargo xtask bench similar` prints the table.
#![cfg(not(target_arch = "wasm32"))]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use soundalike_core::similar::{Directions, Labels, MutualProximity, SongName, path};

/// Length of the shipped model's embedding.
const DIMENSIONS: usize = 128;
/// Length of a list.
const K: usize = 50;

/// Embeddings without any order, the hardest case: no song stands out early.
fn library(songs: usize) -> Option<Directions> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let embeddings: Vec<f32> = (0..songs * DIMENSIONS)
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Directions::of(&embeddings, DIMENSIONS).ok()
}

fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("similar");
    group.sample_size(20);
    for songs in [10_000, 100_000, 1_000_000] {
        let Some(library) = library(songs) else {
            return;
        };
        let query = library.row(songs / 2).to_vec();
        group.bench_function(format!("{K} nearest of {songs} songs, exact"), |b| {
            b.iter(|| library.nearest(black_box(&query), K, |_| true));
        });
        let nameless = vec![SongName::default(); songs];
        let labels = Labels::of(nameless);
        group.bench_function(format!("path of 20 songs among {songs}"), |b| {
            b.iter(|| path(&library, &labels, black_box((0, songs - 1)), 20, |_| true));
        });
        if songs <= 10_000 {
            group.bench_function(format!("mutual proximity of {songs} songs"), |b| {
                b.iter(|| MutualProximity::of(black_box(&library)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
