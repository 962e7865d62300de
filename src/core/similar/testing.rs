//! Embeddings for tests.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Directions, Labels, SongName};

/// Songs around a few centres, `[rows, dimensions]`; row `i` belongs to centre `i % centres`.
pub fn clustered(rows: usize, dimensions: usize, centres: usize, noise: f32) -> Directions {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut value = || rng.random_range(-1.0..1.0_f32);
    let middles: Vec<f32> = (0..centres * dimensions).map(|_| value()).collect();
    let embeddings: Vec<f32> = (0..rows * dimensions)
        .map(|at| {
            let (row, column) = (at / dimensions, at % dimensions);
            middles[row % centres * dimensions + column] + noise * value()
        })
        .collect();
    Directions::of(&embeddings, dimensions).expect("a matrix")
}

/// Songs of artists who each have `each`, without albums.
pub fn artists(rows: usize, each: usize) -> Labels {
    let names: Vec<(String, String)> = (0..rows)
        .map(|row| (format!("title {row}"), format!("artist {}", row / each)))
        .collect();
    Labels::of(names.iter().map(|(title, artist)| SongName {
        title,
        artist,
        ..SongName::default()
    }))
}
