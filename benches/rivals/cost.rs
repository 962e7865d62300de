//! What a whole song costs by its length, and which stage takes how much of it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;
use soundalike_core::audio::SoundReader;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::pipeline::{PIECE_SECONDS, Predictor};

/// What a sound file cost.
#[derive(Debug, Serialize)]
pub struct Cost {
    /// Length of the sound, seconds.
    pub seconds: f64,
    /// Time on all processors together from the file to the answer, seconds.
    pub processor_seconds: f64,
    /// Most memory that the process had, megabytes; none where the system does not tell.
    pub peak_megabytes: Option<f64>,
    /// Of a second pass, seconds of each stage by the clock: decoding with mixing, resampling, log-mel. The rest of
    /// the time is the model's.
    pub decoding: f64,
    /// See [`Cost::decoding`].
    pub resampling: f64,
    /// See [`Cost::decoding`].
    pub log_mel: f64,
}

/// Predicts a file once; the model is loaded before. Meant for a process of its own, whose memory nothing else took.
///
/// # Errors
/// If the model or the sound cannot be used.
pub fn of(model: &[u8], file: &Path) -> Result<Cost> {
    let predictor = Predictor::on_processor(model)?;
    let before = processor_seconds();
    let predicted = predictor.predict_reader(&mut SoundReader::from_file(file)?)?;
    let after = processor_seconds();
    let peak_megabytes = peak_megabytes();
    let front_end = FrontEnd::musicnn();
    let mut reader = SoundReader::from_file(file)?;
    let (mut decoding, mut resampling, mut log_mel) = (0.0, 0.0, 0.0);
    loop {
        let started = Instant::now();
        let piece = reader.next_piece(PIECE_SECONDS)?;
        decoding += started.elapsed().as_secs_f64();
        let Some(piece) = piece else { break };
        let started = Instant::now();
        let resampled = piece.resampled(front_end.sample_rate)?;
        resampling += started.elapsed().as_secs_f64();
        let started = Instant::now();
        front_end.log_mel(resampled.samples());
        log_mel += started.elapsed().as_secs_f64();
    }
    let processor = after.zip(before).map(|(after, before)| after - before);
    Ok(Cost {
        seconds: predicted.seconds,
        processor_seconds: processor.context("this system does not tell the processor's time")?,
        peak_megabytes,
        decoding,
        resampling,
        log_mel,
    })
}

/// Seconds on all processors of this process so far, on Linux, to a hundredth.
fn processor_seconds() -> Option<f64> {
    /// Linux shows times in these everywhere.
    const PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name is in brackets and may hold anything; the times are the 12th and 13th word after it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11);
    let mut ticks = || times.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / PER_SECOND)
}

/// Most memory that this process had so far, on Linux.
fn peak_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
