//! The card of a model of genres.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::TrainingConfig;
use crate::evaluate::{Precision, Report};
use crate::metrics::{GenreScore, Reliability};
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{Calibration, Model};

/// The card of a model of genres that was trained as a whole.
#[derive(Serialize)]
pub struct GenreCard<'a> {
    name: &'static str,
    data: GenreCardData,
    accuracy: GenreCardAccuracy,
    per_genre: &'a BTreeMap<String, GenreScore>,
    limits: [String; 3],
    genres: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    calibration: Calibration,
    reliability: &'a [Reliability],
    precision_of_others: &'a BTreeMap<&'static str, Precision>,
    /// Rows are the true genre, columns the predicted one.
    confusion: &'a [Vec<usize>],
    architecture: String,
    parameters: usize,
    model_bytes: usize,
    model_sha256: &'a str,
    epoch: usize,
    front_end: &'a FrontEnd,
    #[serde(rename = "recipe")]
    config: &'a TrainingConfig,
}

#[derive(Serialize)]
struct GenreCardData {
    collection: String,
    #[serde(rename = "clips_learnt_from")]
    train_clips: usize,
    clips_that_chose: usize,
    split: String,
}

/// What `trainer evaluate --split valid` prints.
#[derive(Serialize)]
struct GenreCardAccuracy {
    measured_on: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    clips: usize,
    accuracy: f64,
    accuracy_interval: [f64; 2],
    macro_f1: f64,
    auc_macro: Option<f64>,
    expected_calibration_error: f64,
    precision_at_1: Option<f64>,
    precision_at_5: Option<f64>,
    precision_at_10: Option<f64>,
    segment_accuracy: f64,
    /// Accuracy on the same clips after each corruption.
    heard_through: BTreeMap<&'static str, f64>,
}

/// The limitations of every model that is trained from labels alone.
fn limits(genres: usize, clips: usize) -> [String; 3] {
    [
        format!(
            "It knows {genres} genres and predicts one of them for any sound, speech and noise included."
        ),
        format!("It was trained on {clips} clips and does not generalise far beyond them."),
        "The validation split also chose the best epoch, so on other music it does a little worse."
            .to_owned(),
    ]
}

impl<'a> GenreCard<'a> {
    /// Of a model read from a file of `model_bytes`, its report on the validation split, what is known of the
    /// `split`, and its accuracy after each corruption by name.
    pub fn new(
        config: &'a TrainingConfig,
        (model, model_bytes): (&'a Model, usize),
        report: &'a Report,
        split: String,
        corrupted: BTreeMap<&'static str, f64>,
    ) -> Self {
        Self {
            name: "Soundalike genre model",
            data: GenreCardData {
                collection: config.data.clone(),
                train_clips: model.training.train_clips,
                clips_that_chose: report.clips,
                split,
            },
            accuracy: GenreCardAccuracy {
                measured_on: "the validation split",
                warning: report.warning,
                clips: report.clips,
                accuracy: report.accuracy,
                accuracy_interval: report.accuracy_interval,
                macro_f1: report.macro_f1,
                auc_macro: report.auc_macro,
                expected_calibration_error: report.expected_calibration_error,
                precision_at_1: report.precision_at_1,
                precision_at_5: report.precision_at_5,
                precision_at_10: report.precision_at_10,
                segment_accuracy: report.segment_accuracy,
                heard_through: corrupted,
            },
            per_genre: &report.per_genre,
            limits: limits(model.genres.len(), model.training.train_clips),
            genres: &model.genres,
            tags: &model.tags,
            calibration: model.calibration,
            reliability: &report.reliability,
            precision_of_others: &report.precision_of_others,
            confusion: &report.confusion,
            architecture: model.architecture.to_string(),
            parameters: model.parameters,
            model_bytes,
            model_sha256: &model.sha256,
            epoch: model.training.epoch,
            front_end: &model.front_end,
            config,
        }
    }
}
