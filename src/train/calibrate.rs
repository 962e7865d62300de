//! Calibration: the parameters of the step from logits to probabilities, fitted on the validation split.

use rayon::prelude::*;

use super::error::TrainError;
use super::metrics::binary_cross_entropy;
use super::tags::targets;
use soundalike_core::model::{Aggregation, Calibration, Head, Model};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;

/// Temperatures that are tried: from 1/4 to 4 in steps of five per cent.
const TEMPERATURES: i32 = 28;

/// One in this many segments of real music may fall below the threshold …
const MISSED: usize = 50;
/// … and the others are music with at least this probability.
const STILL_MUSIC: f32 = 0.9;

/// The outputs of a model for a song's segments, and the labels.
struct SongOutputs {
    /// See [`targets`].
    target: Vec<bool>,
    logits: Vec<Vec<f32>>,
    music: Vec<f32>,
}

/// The aggregation and the temperature with the least mean cross-entropy on labelled songs (of tags, binary
/// cross-entropy), and that cross-entropy in nats. Songs that cannot be decoded or whose genre or tags the model
/// lacks are left out.
///
/// # Errors
/// If the device fails.
pub fn calibrate(model: &Model, songs: &[Song]) -> Result<(Calibration, f64), TrainError> {
    let predictor = Predictor::new(model.clone());
    let head = model.calibration.head;
    let outputs: Vec<SongOutputs> = songs
        .par_iter()
        .filter_map(|song| {
            let target = targets(song, &model.genres)?;
            let clip = song.clip().ok()?;
            let (logits, music) = predictor.analysed(&clip).ok()?.evidence();
            Some(SongOutputs {
                target,
                logits,
                music,
            })
        })
        .collect();
    let mut music: Vec<f32> = outputs.iter().flat_map(|song| song.music.clone()).collect();
    music.sort_by(f32::total_cmp);
    let least = music.get(music.len() / MISSED).copied();
    // A model without a music head has infinite logits, which no shift changes.
    let least = least.filter(|logit| logit.is_finite());
    let music_shift = least.map_or(0.0, |logit| {
        logit - (STILL_MUSIC / (1.0 - STILL_MUSIC)).ln()
    });
    let shifted = Calibration {
        head,
        music_shift,
        ..Calibration::default()
    };
    let musics: Vec<f32> = outputs
        .iter()
        .map(|song| shifted.mean_music(song.music.iter().copied()))
        .collect();
    let loss = |calibration: &Calibration| -> f64 {
        outputs
            .iter()
            .zip(&musics)
            .map(|(song, &music)| {
                let logits: Vec<&[f32]> = song.logits.iter().map(Vec::as_slice).collect();
                let p = calibration.probabilities(&logits, music);
                match head {
                    Head::Sigmoid => binary_cross_entropy(&p, &song.target),
                    Head::Softmax => {
                        let mut of = p.iter().zip(&song.target);
                        let labelled = of.find(|(_, has)| **has).map_or(0.0, |(p, _)| *p);
                        -f64::from(labelled.max(f32::MIN_POSITIVE)).ln()
                    }
                }
            })
            .sum()
    };
    let candidates = [Aggregation::Logits, Aggregation::Probabilities]
        .into_iter()
        .flat_map(|aggregation| {
            (-TEMPERATURES..=TEMPERATURES).map(move |step| Calibration {
                head,
                temperature: 1.05_f32.powi(step),
                aggregation,
                music_shift,
            })
        });
    let best = candidates
        .map(|calibration| {
            (
                loss(&calibration) / outputs.len().max(1) as f64,
                calibration,
            )
        })
        .min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(best.map_or((model.calibration, f64::INFINITY), |(loss, c)| (c, loss)))
}
