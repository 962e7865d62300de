//! Networks of descriptors on a feature table.

use burn::tensor::Device;

use super::evaluate::{ClipOutputs, Details, Report, report_of};
use super::{TrainError, evaluate::ClipError};
use soundalike_core::model::{Input, Model};
use soundalike_core::pipeline::{Aggregator, TimelineEntry};
use soundalike_datasets::FeatureTable;

/// Rows that go through a network together.
const BATCH: usize = 64;

/// Some rows of a table with the indices of their genres.
pub fn rows_of<'a>(
    table: &'a FeatureTable,
    places: &'a [usize],
) -> impl Iterator<Item = (&'a [f32], usize)> {
    places
        .iter()
        .map(|&row| (table.rows[row].as_slice(), table.labels[row]))
}

/// How well a model of descriptors does on some rows of a table. Rows name no artist, so the precision of
/// the nearest is that among all of them.
///
/// # Errors
/// If the model hears something else than descriptors, has other genres, or the device fails.
pub fn evaluate_rows(
    model: &Model,
    table: &FeatureTable,
    places: &[usize],
    device: &Device,
) -> Result<(Report, Details), TrainError> {
    if model.input() != Input::Descriptors {
        return Err(TrainError::TrainingConfig(format!(
            "a {} hears sound, and a table of features has none; give it songs",
            model.architecture
        )));
    }
    let pool = Aggregator::of(model);
    let mut heard = ClipOutputs {
        songs: Vec::new(),
        labels: Vec::new(),
        answers: Vec::new(),
        artists: Vec::new(),
        errors: Vec::new(),
        warning: None,
    };
    for places in places.chunks(BATCH) {
        let inputs: Vec<f32> = places
            .iter()
            .flat_map(|&row| Input::of_descriptors(&table.rows[row]))
            .collect();
        let answers = pollster::block_on(model.predict(&[inputs], device))?;
        for (&row, segment) in places.iter().zip(&answers) {
            let genre = &table.genres[table.labels[row]];
            let Some(label) = model.genres.iter().position(|known| known == genre) else {
                heard.errors.push(ClipError {
                    path: table.names[row].clone(),
                    error: format!("its genre {genre:?} is none of the model's"),
                });
                continue;
            };
            let mut answer = pool.answer(&[segment]);
            answer.timeline.push(TimelineEntry {
                start: 0.0,
                end: 0.0,
                probabilities: answer.probabilities.clone(),
            });
            heard.songs.push(row);
            heard.labels.push(label);
            heard.answers.push(answer);
            heard.artists.push("");
        }
    }
    if heard.answers.is_empty() {
        return Err(TrainError::nothing_heard(&heard.errors));
    }
    Ok(report_of(model, heard, &[]))
}
