//! Networks of descriptors on a feature table.

use super::batch::{Batch, BatchSource};
use super::config::TrainingConfig;
use super::error::TrainError;
use super::evaluate::{ClipError, ClipOutputs, Details, Report, no_usable_clip, report_of};
use super::windows::WindowSource;
use soundalike_core::model::{Input, Model, Normalise};
use soundalike_core::pipeline::{Aggregator, TimelineEntry};
use soundalike_datasets::FeatureTable;

/// Rows that go through a network together.
const BATCH: usize = 64;

/// Some rows of a feature table to train on: each is a window of its own.
pub struct TableSource(WindowSource);

impl TableSource {
    /// Takes some rows of a table.
    ///
    /// # Errors
    /// If they are of fewer than two genres.
    pub fn new(table: &FeatureTable, rows: &[usize]) -> Result<Self, TrainError> {
        let rows = rows
            .iter()
            .map(|&row| (table.rows[row].as_slice(), table.labels[row]));
        WindowSource::of_rows(rows, table.genres.len()).map(Self)
    }
}

impl BatchSource for TableSource {
    fn clips(&self) -> usize {
        self.0.clips()
    }

    fn windows(&self) -> usize {
        self.0.windows()
    }

    fn normalisation(&self, config: &TrainingConfig) -> Vec<Normalise> {
        self.0.normalisation(config)
    }

    fn epoch<'a>(
        &'a self,
        config: &'a TrainingConfig,
        normalisation: &'a [Normalise],
        seed: u64,
    ) -> Box<dyn Iterator<Item = Batch> + 'a> {
        self.0.epoch(config, normalisation, seed)
    }
}

/// How well a model of descriptors does on some rows of a table. Rows name no artist, so precision at k is over
/// all of them.
///
/// # Errors
/// If the model is for other input than descriptors or for other genres, or the device fails.
pub fn evaluate_rows(
    model: &Model,
    table: &FeatureTable,
    rows: &[usize],
) -> Result<(Report, Details), TrainError> {
    if model.input() != Input::Descriptors {
        return Err(TrainError::Unsuitable(format!(
            "a {} takes sound, and a table of features has none; give it songs",
            model.architecture
        )));
    }
    let aggregator = Aggregator::of(model);
    let mut outputs = ClipOutputs::default();
    for batch in rows.chunks(BATCH) {
        let inputs: Vec<f32> = batch
            .iter()
            .flat_map(|&row| Input::of_descriptors(&table.rows[row]))
            .collect();
        let predictions = pollster::block_on(model.predict(&[inputs]))?;
        for (&row, segment) in batch.iter().zip(&predictions) {
            let genre = &table.genres[table.labels[row]];
            let Some(label) = model.genres.iter().position(|name| name == genre) else {
                outputs.errors.push(ClipError {
                    path: table.names[row].clone(),
                    path_bytes: None,
                    error: format!("its genre {genre:?} is none of the model's"),
                });
                continue;
            };
            let mut prediction = aggregator.answer(&[segment]);
            prediction.timeline.push(TimelineEntry {
                start: 0.0,
                end: 0.0,
                probabilities: prediction.probabilities.clone(),
            });
            outputs.songs.push(row);
            outputs.labels.push(label);
            outputs.predictions.push(prediction);
            outputs.artists.push("");
        }
    }
    if outputs.predictions.is_empty() {
        return Err(no_usable_clip(&outputs.errors));
    }
    Ok(report_of(model, outputs, &[]))
}
