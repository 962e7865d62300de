//! The card of a model of a feature table.

use serde::Serialize;

use crate::config::TrainingConfig;
use crate::evaluate::Report;
use soundalike_core::model::Model;

/// The card of a model of a feature table.
#[derive(Serialize)]
pub struct TableCard<'a> {
    name: &'static str,
    data: String,
    #[serde(rename = "rows_learnt_from")]
    train_rows: usize,
    split: String,
    architecture: String,
    parameters: usize,
    model_sha256: &'a str,
    #[serde(rename = "recipe")]
    config: &'a TrainingConfig,
    /// On the test rows, which nothing was chosen by.
    test: &'a Report,
}

impl<'a> TableCard<'a> {
    /// Of a model that was trained on `rows` rows, and its report on the others.
    pub fn new(
        config: &'a TrainingConfig,
        model: &'a Model,
        rows: usize,
        test: &'a Report,
    ) -> Self {
        Self {
            name: "Soundalike genre model of a feature table",
            data: config.data.clone(),
            train_rows: rows,
            split: format!(
                "70/30 over whole clips, the same shares of every genre, seed {}",
                config.seed
            ),
            architecture: config.architecture.to_string(),
            parameters: model.parameters,
            model_sha256: &model.sha256,
            config,
            test,
        }
    }
}
