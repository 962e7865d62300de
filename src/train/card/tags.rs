//! The card of a model of tags.

use serde::Serialize;

use crate::config::TrainingConfig;
use crate::tags::TagEvaluation;
use soundalike_core::model::{Calibration, Head, Model};

/// The card of a model of tags.
#[derive(Serialize)]
pub struct TagCard<'a> {
    name: &'static str,
    data: &'a str,
    #[serde(rename = "clips_learnt_from")]
    train_clips: usize,
    clips_that_chose: usize,
    split: String,
    head: Head,
    tags: &'a [String],
    architecture: String,
    parameters: usize,
    model_sha256: &'a str,
    epoch: usize,
    calibration: Calibration,
    #[serde(rename = "recipe")]
    config: &'a TrainingConfig,
    measured_on: &'static str,
    valid: &'a TagEvaluation,
}

impl<'a> TagCard<'a> {
    /// Of a model, its evaluation on the validation split, and what is known of the `split`.
    pub fn new(
        config: &'a TrainingConfig,
        model: &'a Model,
        valid: &'a TagEvaluation,
        split: String,
    ) -> Self {
        Self {
            name: "Soundalike model of tags",
            data: &config.data,
            train_clips: model.training.train_clips,
            clips_that_chose: valid.clips,
            split,
            head: model.calibration.head,
            tags: &model.genres,
            architecture: model.architecture.to_string(),
            parameters: model.parameters,
            model_sha256: &model.sha256,
            epoch: model.training.epoch,
            calibration: model.calibration,
            config,
            measured_on: "the validation split",
            valid,
        }
    }
}
