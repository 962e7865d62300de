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
    let heard: Vec<(usize, Vec<Vec<f32>>, f32)> = songs
        .par_iter()
        .filter_map(|song| {
            let label = model.genres.iter().position(|g| *g == song.track.genre)?;
            let clip = audio::decode_file(&song.file).ok()?.clip;
            let (logits, music) = listener.analysed(&clip).ok()?.evidence();
            let music = mean(1, music.iter().map(std::slice::from_ref))[0];
            Some((label, logits, music))
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
            })
        });
    let best = candidates
        .map(|calibration| (loss(&calibration) / heard.len().max(1) as f64, calibration))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(best.map_or((Calibration::default(), f64::INFINITY), |(loss, c)| (c, loss)))
}
