//! The parts of a report beside the scores of an evaluation: map, correlations and spectrograms.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use super::contents::{Contents, Correlations, Epoch, Places, SpectrogramImage, Spot};
use crate::error::TrainError;
use crate::evaluate::{Details, Report};
use soundalike_core::audio::Clip;
use soundalike_core::catalog::{Catalog, Provenance};
use soundalike_core::dsp::{FrontEnd, descriptor_names, descriptors};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// Least number of clips for correlations.
const LEAST_CLIPS: usize = 30;
/// A column of trainings on tags only.
const AVERAGE_PRECISION: &str = "valid_average_precision";
/// Greatest number of rows and columns of a spectrogram's picture.
const PICTURE: [usize; 2] = [64, 160];

/// An evaluation with its inputs.
pub struct EvaluatedClips<'a> {
    /// The classifier.
    pub predictor: &'a Predictor,
    /// The songs that were classified.
    pub songs: &'a [Song],
    /// The prediction for each song.
    pub details: &'a Details,
}

impl Contents {
    /// The report of an evaluation: its scores with their warning, the map of the clips, the correlations
    /// of their descriptors if there are at least thirty clips, and a spectrogram per genre. The clips
    /// are read again; progress is reported.
    ///
    /// # Errors
    /// If a song can no longer be read.
    pub fn of_evaluation(
        title: String,
        report: Report,
        evaluated: &EvaluatedClips<'_>,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            title,
            warnings: report.warning.into_iter().map(str::to_owned).collect(),
            evaluation: Some(report),
            places: Some(places(evaluated)?),
            correlations: correlations(evaluated)?,
            pictures: pictures(evaluated)?,
            ..Self::default()
        })
    }
}

fn places(evaluated: &EvaluatedClips<'_>) -> Result<Places, TrainError> {
    let tracks = evaluated.details.songs.iter();
    let tracks = tracks
        .map(|&at| evaluated.songs[at].track.clone())
        .collect();
    let provenance = Provenance::of(evaluated.predictor.model());
    let catalog = Catalog::new(provenance, tracks, &evaluated.details.answers)?;
    let map = catalog.map();
    let signatures = catalog.signatures(&map);
    Ok(Places {
        explained: map.explained,
        songs: catalog
            .tracks
            .iter()
            .zip(&map.tracks)
            .map(|(track, &point)| Spot {
                genre: track.genre.clone(),
                point,
            })
            .collect(),
        signatures: signatures
            .into_iter()
            .map(|s| Spot {
                genre: s.genre.to_owned(),
                point: s.point,
            })
            .collect(),
    })
}

/// A song, or the segment of it that was classified, at the front end's rate.
fn clip_of(song: &Song, front_end: &FrontEnd) -> Result<Clip, TrainError> {
    song.clip_at(front_end.sample_rate)
        .map_err(|cause| TrainError::Song {
            file: song.file.clone(),
            cause: cause.to_string(),
        })
}

fn correlations(evaluated: &EvaluatedClips<'_>) -> Result<Option<Correlations>, TrainError> {
    let clips = &evaluated.details.songs;
    if clips.len() < LEAST_CLIPS {
        return Ok(None);
    }
    let front_end = FrontEnd::default();
    let progress = Progress::new("describing the clips", clips.len());
    let rows: Result<Vec<Vec<f32>>, TrainError> = clips
        .par_iter()
        .map(|&at| {
            let clip = clip_of(&evaluated.songs[at], &front_end)?;
            let described = descriptors(&front_end, clip.samples());
            progress.advance();
            Ok(described)
        })
        .collect();
    Ok(Some(Correlations {
        clips: clips.len(),
        names: descriptor_names(),
        values: pearson(&rows?),
    }))
}

/// Pearson correlations `[columns][columns]` of rows; zero with a column that never changes.
fn pearson(rows: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let count = rows.len().max(1) as f64;
    let width = rows.first().map_or(0, Vec::len);
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|column| {
            let values = || rows.iter().map(|row| f64::from(row[column]));
            let mean = values().sum::<f64>() / count;
            let length = values().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
            // Rounding errors alone are no variation.
            let moves = length > 1e-9 * (1.0 + mean.abs()) * count.sqrt();
            let scale = if moves { 1.0 / length } else { 0.0 };
            values().map(|v| (v - mean) * scale).collect()
        })
        .collect();
    let product = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum();
    columns
        .iter()
        .map(|a| columns.iter().map(|b| product(a, b)).collect())
        .collect()
}

/// The first clip of each genre.
fn pictures(evaluated: &EvaluatedClips<'_>) -> Result<Vec<SpectrogramImage>, TrainError> {
    let front_end = FrontEnd::default();
    let mut seen = BTreeSet::new();
    let songs = evaluated
        .details
        .songs
        .iter()
        .map(|&at| &evaluated.songs[at]);
    let mut shown: Vec<&Song> = songs
        .filter(|song| seen.insert(song.track.genre.as_str()))
        .collect();
    shown.sort_by_key(|song| song.track.genre.as_str());
    shown
        .par_iter()
        .map(|song| picture(song, &front_end))
        .collect()
}

fn picture(song: &Song, front_end: &FrontEnd) -> Result<SpectrogramImage, TrainError> {
    let clip = clip_of(song, front_end)?;
    let log_mel = front_end.log_mel(clip.samples());
    let [rows, columns] = [
        PICTURE[0].min(log_mel.bands),
        PICTURE[1].min(log_mel.frames).max(1),
    ];
    let edge = |at: usize, parts: usize, of: usize| at * of / parts;
    let decibels: Vec<Vec<f32>> = (0..rows)
        .map(|row| {
            let bands = edge(row, rows, log_mel.bands)..edge(row + 1, rows, log_mel.bands);
            (0..columns)
                .map(|column| {
                    let first = edge(column, columns, log_mel.frames);
                    let frames = first..edge(column + 1, columns, log_mel.frames);
                    let count = (bands.len() * frames.len()).max(1) as f32;
                    let values = bands
                        .clone()
                        .flat_map(|band| &log_mel.band(band)[frames.clone()]);
                    values.sum::<f32>() / count
                })
                .collect()
        })
        .collect();
    let mut all: Vec<f32> = decibels.iter().flatten().copied().collect();
    all.sort_by(f32::total_cmp);
    // A few very quiet cells would reduce the contrast of all others.
    let range = [all.get(all.len() / 20), all.last()].map(|db| db.copied().unwrap_or(0.0));
    Ok(SpectrogramImage {
        title: song.track.title.clone(),
        genre: song.track.genre.clone(),
        seconds: clip.seconds(),
        bands: log_mel.bands,
        range,
        decibels,
    })
}

/// The epochs of the metrics.csv of a training, whose columns are found by name.
///
/// # Errors
/// The file and the line that cannot be read, or the column that is missing.
pub fn epochs_of(path: &Path) -> Result<Vec<Epoch>, TrainError> {
    let wrong = |cause: String| TrainError::Figure {
        figure: path.display().to_string(),
        cause,
    };
    let mut table = csv::Reader::from_path(path).map_err(|e| wrong(e.to_string()))?;
    let head = table.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let mut epochs = Vec::new();
    for (at, row) in table.records().enumerate() {
        let row = row.map_err(|e| wrong(e.to_string()))?;
        let number = |name: &str| -> Result<f64, TrainError> {
            let column = head.iter().position(|column| column == name);
            let column = column.ok_or_else(|| wrong(format!("lacks the column {name:?}")))?;
            let cell = row.get(column).unwrap_or_default();
            cell.parse()
                .map_err(|_| wrong(format!("line {}: {name} is {cell:?}, no number", at + 2)))
        };
        epochs.push(Epoch {
            epoch: number("epoch")? as usize,
            learning_rate: number("learning_rate")?,
            train_loss: number("train_loss")?,
            valid_loss: number("valid_loss")?,
            valid_accuracy: number("valid_accuracy")?,
            valid_macro_f1: number("valid_macro_f1")?,
            valid_average_precision: if head.iter().any(|column| column == AVERAGE_PRECISION) {
                Some(number(AVERAGE_PRECISION)?)
            } else {
                None
            },
            seconds: number("seconds")?,
        });
    }
    Ok(epochs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_those_worked_out_by_hand() {
        let rows = [[1.0, 2.0, 5.0], [2.0, 1.0, 5.0], [3.0, 3.0, 5.0]].map(|row| row.to_vec());
        let values = pearson(&rows);
        assert!((values[0][0] - 1.0).abs() < 1e-12);
        assert!((values[0][1] - 0.5).abs() < 1e-12 && values[0][1] == values[1][0]);
        assert_eq!(values[2], [0.0, 0.0, 0.0]);
    }

    #[test]
    fn epochs_are_read_and_a_bad_line_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.csv");
        let head =
            "epoch,learning_rate,train_loss,valid_loss,valid_accuracy,valid_macro_f1,seconds";
        std::fs::write(&path, format!("{head}\n1,0.009,2.1,1.9,0.3,0.25,4.5\n")).expect("written");
        let epochs = epochs_of(&path).expect("an epoch");
        assert_eq!(epochs.len(), 1);
        assert_eq!((epochs[0].epoch, epochs[0].valid_accuracy), (1, 0.3));
        std::fs::write(&path, format!("{head}\n1,0.009,x,1.9,0.3,0.25,4.5\n")).expect("written");
        let error = epochs_of(&path).expect_err("x").to_string();
        assert!(
            error.contains("line 2") && error.contains("train_loss"),
            "{error}"
        );
        let head = head.replace("seconds", "valid_average_precision,seconds");
        std::fs::write(&path, format!("{head}\n1,0.009,0.7,0.6,0.9,0.1,0.35,4.5\n"))
            .expect("written");
        let epochs = epochs_of(&path).expect("an epoch");
        assert_eq!(epochs[0].valid_average_precision, Some(0.35));
        std::fs::write(&path, "epoch\n1\n").expect("written");
        let error = epochs_of(&path).expect_err("columns").to_string();
        assert!(error.contains("learning_rate"), "{error}");
    }
}
