//! Fitting what turns logits into probabilities, on the clips that choose.

use burn::tensor::Device;
use rayon::prelude::*;

use super::TrainError;
use crate::audio;
use crate::library::Song;
use crate::model::{Calibration, Model, Pooling, mean};
use crate::pipeline::Listener;

/// Temperatures that are tried: from 1/4 to 4 in steps of five per cent.
const TEMPERATURES: i32 = 28;

/// One in this many segments of real music may be called something else …
const MISSED: usize = 50;
/// … and the others are music with at least this probability.
const STILL_MUSIC: f32 = 0.9;

/// The pooling and the temperature with the least mean cross-entropy on labelled songs, and that
/// cross-entropy in nats. Songs that
/// cannot be heard or have another genre are left out.
///
/// # Errors
/// If the device fails.
pub fn calibrate(
    model: &Model,
    songs: &[Song],
    device: &Device,
) -> Result<(Calibration, f64), TrainError> {
    let listener = Listener::new(model.clone(), device.clone());
    let mut heard: Vec<(usize, Vec<Vec<f32>>, Vec<f32>)> = songs
        .par_iter()
        .filter_map(|song| {
            let label = model.genres.iter().position(|g| *g == song.track.genre)?;
            let clip = audio::decode_file(&song.file).ok()?.clip;
            let (logits, music) = listener.analysed(&clip).ok()?.evidence();
            // Back to the logit that the model's own shift, which is to be found anew, is not part of.
            let shift = model.calibration.music_shift;
            let logit =
                |p: &f32| (p.clamp(1e-6, 1.0 - 1e-6) / (1.0 - p.clamp(1e-6, 1.0 - 1e-6))).ln();
            Some((
                label,
                logits,
                music.iter().map(|p| logit(p) + shift).collect(),
            ))
        })
        .collect();
    let music_shift = if model.tells_music() {
        let mut logits: Vec<f32> = heard
            .iter()
            .flat_map(|(_, _, music)| music.clone())
            .collect();
        logits.sort_by(f32::total_cmp);
        let least = logits.get(logits.len() / MISSED).copied().unwrap_or(0.0);
        least - (STILL_MUSIC / (1.0 - STILL_MUSIC)).ln()
    } else {
        0.0
    };
    let shifted = Calibration {
        music_shift,
        ..Calibration::default()
    };
    let heard: Vec<(usize, Vec<Vec<f32>>, f32)> = heard
        .drain(..)
        .map(|(label, logits, music)| {
            let music: Vec<f32> = if model.tells_music() {
                music.iter().map(|&logit| shifted.music(logit)).collect()
            } else {
                vec![1.0]
            };
            (
                label,
                logits,
                mean(1, music.iter().map(std::slice::from_ref))[0],
            )
        })
        .collect();
    let loss = |calibration: &Calibration| -> f64 {
        heard
            .iter()
            .map(|(label, logits, music)| {
                let logits: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
                let p = calibration.probabilities(&logits, *music);
                -f64::from(p[*label].max(f32::MIN_POSITIVE)).ln()
            })
            .sum()
    };
    let candidates = [Pooling::Logits, Pooling::Probabilities]
        .into_iter()
        .flat_map(|pooling| {
            (-TEMPERATURES..=TEMPERATURES).map(move |step| Calibration {
                temperature: 1.05_f32.powi(step),
                pooling,
                music_shift,
            })
        });
    let best = candidates
        .map(|calibration| (loss(&calibration) / heard.len().max(1) as f64, calibration))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(
        best.map_or((Calibration::default(), f64::INFINITY), |(loss, c)| {
            (c, loss)
        }),
    )
}
