//! Times the stages from a sound to its answer: the same code natively (`main.rs`) and in WebAssembly, which
//! `node.mjs` runs beside its rivals. `cargo xtask bench` prints both.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use soundalike_core::audio::{SoundReader, synth};
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::Model;
use soundalike_core::pipeline::{PIECE_SECONDS, Predictor};
use soundalike_core::similar::Directions;

#[cfg(not(target_arch = "wasm32"))]
pub mod cost;
#[cfg(not(target_arch = "wasm32"))]
pub mod training;
#[cfg(target_arch = "wasm32")]
mod wasm;

/// Segments that the model is given at once.
pub const SEGMENTS: usize = 10;

/// Milliseconds of repetitions that are not counted: a WebAssembly engine compiles a second time, and better, what
/// has run for a while.
const WARM_UP: f64 = 500.0;

/// Repetitions that are counted of what takes seconds, and of what does not.
const FEW: usize = 3;
const MANY: usize = 15;

/// Dimensions of the embeddings that are searched, as the shipped model's.
const DIMENSIONS: usize = 128;
/// Rows that a search returns.
const NEAREST: usize = 10;

/// Times something: the median of `counted` repetitions. `clock` gives milliseconds since any moment.
///
/// # Errors
/// If the thing fails.
pub fn median(
    clock: &impl Fn() -> f64,
    counted: usize,
    mut run: impl FnMut() -> Result<()>,
) -> Result<f64> {
    let begun = clock();
    loop {
        run()?;
        if clock() - begun >= WARM_UP {
            break;
        }
    }
    let mut times = Vec::with_capacity(counted);
    for _ in 0..counted {
        let started = clock();
        run()?;
        times.push(clock() - started);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[counted / 2])
}

/// Numbers from −1 to 1 that look random (Numerical Recipes' generator).
fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// The exact search for the ten most similar of so many embeddings without any order, in milliseconds.
///
/// # Errors
/// If there are none.
pub fn search(clock: &impl Fn() -> f64, rows: usize) -> Result<f64> {
    let mut value = noise(1);
    let embeddings: Vec<f32> = (0..rows * DIMENSIONS).map(|_| value()).collect();
    let directions = Directions::of(&embeddings, DIMENSIONS)?;
    drop(embeddings);
    let query = directions.row(rows / 2).to_vec();
    median(clock, MANY, || {
        let found = directions.nearest(&query, NEAREST, |_| true);
        ensure!(found[0].index == rows / 2, "it does not find itself");
        Ok(())
    })
}

/// The model of a file on [`SEGMENTS`] segments, in milliseconds.
///
/// # Errors
/// If it is no model of log-mel pictures.
pub fn model(clock: &impl Fn() -> f64, bytes: &[u8]) -> Result<f64> {
    let model = Model::on_processor(bytes)?;
    let [rows, columns] = *model.input().shapes().first().context("it has no input")?;
    // Values as a log-mel picture has them, other ones in each place.
    let value = |at: usize| (at * 7919 % 1000) as f32 / 300.0;
    let input: Vec<f32> = (0..SEGMENTS * rows * columns).map(value).collect();
    median(clock, MANY, || {
        pollster::block_on(model.predict(&[&input]))?;
        Ok(())
    })
}

/// The log-mel spectrogram of thirty seconds of noise at 16 kHz, in milliseconds.
///
/// # Errors
/// Never: only [`median`] may.
pub fn log_mel(clock: &impl Fn() -> f64) -> Result<f64> {
    let front_end = FrontEnd::musicnn();
    let noise = synth::noise(1, 30.0, front_end.sample_rate);
    median(clock, MANY, || {
        front_end.log_mel(noise.samples());
        Ok(())
    })
}

/// A file from decoding to log-mel spectrogram, in milliseconds.
///
/// # Errors
/// If it cannot be decoded.
pub fn file_to_log_mel(clock: &impl Fn() -> f64, file: &Path) -> Result<f64> {
    median(clock, FEW, || to_log_mel(SoundReader::from_file(file)?))
}

/// The same of a file in memory.
///
/// # Errors
/// If it cannot be decoded.
pub fn bytes_to_log_mel(clock: &impl Fn() -> f64, file: &[u8]) -> Result<f64> {
    median(clock, FEW, || {
        to_log_mel(SoundReader::from_bytes(file.to_vec(), "")?)
    })
}

fn to_log_mel(mut reader: SoundReader) -> Result<()> {
    let front_end = FrontEnd::musicnn();
    while let Some(piece) = reader.next_piece(PIECE_SECONDS)? {
        let samples = piece.resampled(front_end.sample_rate)?;
        front_end.log_mel(samples.samples());
    }
    Ok(())
}

/// A file from decoding to its embedding, in milliseconds.
///
/// # Errors
/// If it cannot be decoded or holds nothing to hear.
pub fn file_to_embedding(clock: &impl Fn() -> f64, model: &[u8], file: &Path) -> Result<f64> {
    let predictor = Predictor::on_processor(model)?;
    median(clock, FEW, || {
        predictor.predict_reader(&mut SoundReader::from_file(file)?)?;
        Ok(())
    })
}
