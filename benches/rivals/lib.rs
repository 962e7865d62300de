//! Times the stages from a sound to its answer: the same code natively (`main.rs`) and in WebAssembly, which
//! `node.mjs` runs beside its rivals. `cargo xtask bench` prints both.

use std::path::Path;

use anyhow::{Context, Result};
use soundalike_core::audio::{SoundReader, synth};
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::Model;
use soundalike_core::pipeline::Predictor;

#[cfg(target_arch = "wasm32")]
mod wasm;

/// Segments that the model is given at once.
pub const SEGMENTS: usize = 10;

/// Milliseconds of repetitions that are not counted: a WebAssembly engine compiles a second time, and better, what
/// has run for a while.
const WARM_UP: f64 = 500.0;

/// Times something. `clock` gives milliseconds since any moment.
///
/// # Errors
/// If the thing fails.
pub fn median(clock: &impl Fn() -> f64, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    /// Repetitions that are counted.
    const COUNTED: usize = 15;
    let begun = clock();
    loop {
        run()?;
        if clock() - begun >= WARM_UP {
            break;
        }
    }
    let mut times = Vec::with_capacity(COUNTED);
    for _ in 0..COUNTED {
        let started = clock();
        run()?;
        times.push(clock() - started);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[COUNTED / 2])
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
    median(clock, || {
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
    median(clock, || {
        front_end.log_mel(noise.samples());
        Ok(())
    })
}

/// A file from decoding to log-mel spectrogram, in milliseconds.
///
/// # Errors
/// If it cannot be decoded.
pub fn file_to_log_mel(clock: &impl Fn() -> f64, file: &Path) -> Result<f64> {
    let front_end = FrontEnd::musicnn();
    median(clock, || {
        let mut reader = SoundReader::from_file(file)?;
        while let Some(piece) = reader.next_piece(600.0)? {
            let samples = piece.resampled(front_end.sample_rate)?;
            front_end.log_mel(samples.samples());
        }
        Ok(())
    })
}

/// A file from decoding to its embedding, in milliseconds.
///
/// # Errors
/// If it cannot be decoded or holds nothing to hear.
pub fn file_to_embedding(clock: &impl Fn() -> f64, model: &[u8], file: &Path) -> Result<f64> {
    let predictor = Predictor::on_processor(model)?;
    median(clock, || {
        predictor.predict_reader(&mut SoundReader::from_file(file)?)?;
        Ok(())
    })
}
