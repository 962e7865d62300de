//! How well a model predicts tags, of which a clip may have many.

use rayon::prelude::*;
use serde::Serialize;

use super::corruption::Corruption;
use super::error::TrainError;
use super::evaluate::{ClipError, no_usable_clip};
use super::metrics::{self, TagReport, binary_cross_entropy, right_per_clip, tag_report};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};

/// What `trainer evaluate` prints of a model on clips with tags.
#[derive(Clone, Debug, Serialize)]
pub struct TagEvaluation {
    /// A warning about every figure here, where a song has pieces on both sides of the split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// Clips that could be used.
    pub clips: usize,
    /// Names of the tags, in the model's order.
    pub tags: Vec<String>,
    /// Mean binary cross-entropy of a decision, in nats.
    pub log_loss: f64,
    /// The figures of merit.
    #[serde(flatten)]
    pub report: TagReport,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

/// How well the tags of each clip that could be used are predicted: all of `[clips]`.
#[derive(Clone, Debug, Default)]
pub struct TagDetails {
    /// Its place among the songs that were given.
    pub songs: Vec<usize>,
    /// Share of the decisions on it that are right.
    pub right: Vec<f64>,
}

/// Which of the model's genres or tags a song has; `None` if it has none of them.
pub(super) fn targets(song: &Song, names: &[String]) -> Option<Vec<bool>> {
    let words = song.words();
    let has: Vec<bool> = names
        .iter()
        .map(|name| words.contains(&name.as_str()))
        .collect();
    has.contains(&true).then_some(has)
}

/// Compares predictions with the tags of songs. Tags that the model lacks are ignored.
///
/// # Errors
/// If no song can be used, or none has a tag of the model.
pub fn evaluate_tags(
    predictor: &Predictor,
    songs: &[Song],
    corruption: Corruption,
    progress: &Progress,
) -> Result<(TagEvaluation, TagDetails), TrainError> {
    let names = &predictor.model().genres;
    let probabilities = |song: &Song| -> Result<Vec<f32>, String> {
        let clip = song.clip().and_then(|clip| corruption.apply(clip));
        let prediction = predictor.predict(&clip.map_err(|e| e.to_string())?);
        progress.advance();
        Ok(prediction.map_err(|e| e.to_string())?.probabilities)
    };
    let outputs: Vec<_> = songs
        .par_iter()
        .map(|song| {
            let target = targets(song, names);
            let target = target.ok_or("the model has none of its tags".to_owned())?;
            probabilities(song).map(|p| (p, target))
        })
        .collect();
    let mut errors = Vec::new();
    let mut places = Vec::new();
    let (mut probabilities, mut targets) = (Vec::new(), Vec::new());
    for (at, (song, output)) in songs.iter().zip(outputs).enumerate() {
        match output {
            Ok((p, target)) => {
                places.push(at);
                probabilities.push(p);
                targets.push(target);
            }
            Err(error) => errors.push(ClipError::new(&song.file, error)),
        }
    }
    if places.is_empty() {
        return Err(no_usable_clip(&errors));
    }
    let losses = probabilities.iter().zip(&targets);
    let evaluation = TagEvaluation {
        warning: datasets::warning(songs),
        clips: places.len(),
        tags: names.clone(),
        log_loss: metrics::mean(losses.map(|(p, t)| binary_cross_entropy(p, t))).unwrap_or(0.0),
        report: tag_report(&probabilities, &targets, names),
        errors,
    };
    let details = TagDetails {
        right: right_per_clip(&probabilities, &targets),
        songs: places,
    };
    Ok((evaluation, details))
}
