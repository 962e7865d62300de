//! Evaluation of a model on labelled clips.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::corruption::Corruption;
use super::error::TrainError;
use super::metrics::{self, AverageScores, Curves, GenreScore, Reliability};
use super::neighbours::{mfcc_statistics, precision_at, ranked_precision, standardised};
use soundalike_core::catalog::{GENRE_SHARE, genre_agreement};
use soundalike_core::model::Model;
use soundalike_core::pipeline::{Prediction, Predictor};
use soundalike_datasets::names::path_bytes;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};

/// What `trainer evaluate` prints. The unit is the clip, unless a name says segment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// A warning about every figure here, where a song has pieces on both sides of the split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// Clips that could be used.
    pub clips: usize,
    /// Share of the clips whose most probable genre is the labelled one.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (bootstrap over clips).
    pub accuracy_interval: [f64; 2],
    /// Mean F1 over the genres that have clips.
    pub macro_f1: f64,
    /// Its 95 % interval (bootstrap over clips).
    pub macro_f1_interval: Option<[f64; 2]>,
    /// Means over the genres that have clips.
    pub macro_average: AverageScores,
    /// Means in which a genre weighs as many clips as it has.
    pub weighted_average: AverageScores,
    /// Scores of each genre.
    pub per_genre: BTreeMap<String, GenreScore>,
    /// Order of the rows and columns of `confusion`.
    pub genres: Vec<String>,
    /// Counts `[true genre][predicted genre]`.
    pub confusion: Vec<Vec<usize>>,
    /// Area under the ROC curve, one genre against the rest, averaged.
    pub auc_macro: Option<f64>,
    /// Its 95 % interval (bootstrap over clips).
    pub auc_macro_interval: Option<[f64; 2]>,
    /// Mean of the genres' average precision.
    pub mean_average_precision: Option<f64>,
    /// Share of all decisions, genre by genre and clip by clip, that are right if every genre with a
    /// probability of one half or more is predicted.
    pub hamming_accuracy: f64,
    /// ROC and precision–recall curves of each genre that has clips, and the areas under them.
    pub curves: BTreeMap<String, Curves>,
    /// Mean cross-entropy in nats.
    pub log_loss: f64,
    /// Expected calibration error: mean distance of the confidence from the share that is right.
    pub expected_calibration_error: f64,
    /// The reliability diagram: one entry per tenth of confidence that has clips.
    pub reliability: Vec<Reliability>,
    /// Whether the nearest other clip by another artist has the clip's genre, mean over the clips.
    pub precision_at_1: Option<f64>,
    /// Share of the five nearest other clips, by other artists, that have the clip's genre.
    pub precision_at_5: Option<f64>,
    /// The same of the ten nearest.
    pub precision_at_10: Option<f64>,
    /// The same of the catalogue's ranking by cosine and genre together, and of other descriptions of the
    /// clips, to compare with.
    pub precision_of_others: BTreeMap<&'static str, Precision>,
    /// Segments of them.
    pub segments: usize,
    /// Share of the segments whose most probable genre is their clip's.
    pub segment_accuracy: f64,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

/// Precision of a description of clips: see [`Report::precision_at_1`] and its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Precision {
    /// Of the nearest.
    pub at_1: Option<f64>,
    /// Of the five nearest.
    pub at_5: Option<f64>,
    /// Of the ten nearest.
    pub at_10: Option<f64>,
}

/// A clip that could not be used.
#[derive(Clone, Debug, Serialize)]
pub struct ClipError {
    /// Its file, with `�` for what is not UTF-8.
    pub path: String,
    /// The exact bytes of a path that is not UTF-8, see [`path_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// The reason.
    pub error: String,
}

impl ClipError {
    /// Why the clip of a file could not be used.
    pub fn new(file: &Path, error: String) -> Self {
        Self {
            path: file.to_string_lossy().into_owned(),
            path_bytes: path_bytes(file),
            error,
        }
    }
}

/// That no clip could be used, with what was wrong with the first.
pub(super) fn no_usable_clip(errors: &[ClipError]) -> TrainError {
    let first = errors.first();
    TrainError::NoUsableClip(first.map_or("there are none".to_owned(), |e| {
        format!("{}: {}", e.path, e.error)
    }))
}

/// What a model predicts of each clip that could be used: all of `[clips]`.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Its place among the songs that were given.
    pub songs: Vec<usize>,
    /// Index of its labelled genre.
    pub labels: Vec<usize>,
    /// Index of its most probable genre.
    pub calls: Vec<usize>,
    /// The prediction.
    pub answers: Vec<Prediction>,
}

/// Compares predictions with the labels of songs, which must be genres of the model.
///
/// # Errors
/// If no song can be used.
pub fn evaluate(
    predictor: &Predictor,
    songs: &[Song],
    corruption: Corruption,
    progress: &Progress,
) -> Result<Report, TrainError> {
    evaluate_in_detail(predictor, songs, corruption, progress).map(|(report, _)| report)
}

/// [`evaluate`], and the prediction of each clip.
///
/// # Errors
/// If no song can be used.
pub fn evaluate_in_detail(
    predictor: &Predictor,
    songs: &[Song],
    corruption: Corruption,
    progress: &Progress,
) -> Result<(Report, Details), TrainError> {
    let found: Vec<Result<(Prediction, Vec<f32>), String>> = songs
        .par_iter()
        .map(|song| {
            let clip = song
                .clip()
                .and_then(|clip| corruption.apply(clip))
                .map_err(|e| e.to_string())?;
            let prediction = predictor.predict(&clip).map_err(|e| e.to_string())?;
            let statistics = mfcc_statistics(&clip).map_err(|e| e.to_string())?;
            progress.advance();
            Ok((prediction, statistics))
        })
        .collect();
    let model = predictor.model();
    let mut outputs = ClipOutputs {
        warning: datasets::warning(songs).or(trained_on(model, songs)),
        ..ClipOutputs::default()
    };
    let mut statistics = Vec::new();
    for (at, (song, found)) in songs.iter().zip(found).enumerate() {
        let label = model.genres.iter().position(|g| *g == song.track.genre);
        let error = match (label, found) {
            (Some(label), Ok((prediction, of_clip))) => {
                outputs.songs.push(at);
                outputs.labels.push(label);
                outputs.predictions.push(prediction);
                outputs.artists.push(song.track.artist.as_str());
                statistics.push(of_clip);
                continue;
            }
            (None, _) => format!("its genre {:?} is none of the model's", song.track.genre),
            (_, Err(error)) => error,
        };
        outputs.errors.push(ClipError::new(&song.file, error));
    }
    if outputs.predictions.is_empty() {
        return Err(no_usable_clip(&outputs.errors));
    }
    Ok(report_of(model, outputs, &statistics))
}

/// The warning about the figures of a model whose heads were fitted to clips of these very sets, whatever their split.
pub(super) fn trained_on(model: &Model, songs: &[Song]) -> Option<&'static str> {
    let sets = || model.training.data.split(", ");
    let of_training = |song: &Song| sets().any(|set| set == song.track.set);
    (!model.training.heads.is_empty() && songs.iter().any(of_training)).then_some(
        "the heads of this model were fitted to clips of this set, so this number is too optimistic; cross-validation measures it",
    )
}

/// Predictions of clips whose genres are known, all of `[clips]`.
#[derive(Default)]
pub(super) struct ClipOutputs<'a> {
    /// Their places among those given.
    pub songs: Vec<usize>,
    /// Indices of their genres.
    pub labels: Vec<usize>,
    /// The predictions.
    pub predictions: Vec<Prediction>,
    /// Their artists; empty where unknown.
    pub artists: Vec<&'a str>,
    /// Clips that could not be used.
    pub errors: Vec<ClipError>,
    /// See [`Report::warning`].
    pub warning: Option<&'static str>,
}

impl ClipOutputs<'_> {
    /// Precision at k of descriptions of the clips.
    fn precision(&self, rows: &[Vec<f32>]) -> Precision {
        let at = |k| precision_at(rows, &self.labels, &self.artists, k);
        Precision {
            at_1: at(1),
            at_5: at(5),
            at_10: at(10),
        }
    }

    /// Precision at k of the catalogue's ranking, by cosine and predicted genre together.
    fn genre_aware_precision(
        &self,
        embeddings: &[Vec<f32>],
        probabilities: &[Vec<f32>],
    ) -> Precision {
        let (labels, artists) = (&self.labels, &self.artists);
        let at = |k| {
            ranked_precision(embeddings, labels, artists, k, |a, b, cosine| {
                let agreement = genre_agreement(&probabilities[a], &probabilities[b]);
                (1.0 - GENRE_SHARE) * cosine + GENRE_SHARE * agreement
            })
        };
        Precision {
            at_1: at(1),
            at_5: at(5),
            at_10: at(10),
        }
    }

    /// Number of segments, and of those whose most probable genre is their clip's.
    fn segments(&self) -> (usize, usize) {
        let (mut segments, mut correct) = (0, 0);
        for (prediction, &label) in self.predictions.iter().zip(&self.labels) {
            for entry in &prediction.timeline {
                segments += 1;
                let p = &entry.probabilities;
                correct += usize::from(p.iter().all(|&other| other <= p[label]));
            }
        }
        (segments, correct)
    }
}

/// The report on predictions; `statistics` are those of the clips' MFCCs, to compare with, or none.
pub(super) fn report_of(
    model: &Model,
    outputs: ClipOutputs<'_>,
    statistics: &[Vec<f32>],
) -> (Report, Details) {
    let (labels, predictions) = (&outputs.labels, &outputs.predictions);
    let names = &model.genres;
    let calls: Vec<usize> = predictions.iter().map(Prediction::best).collect();
    let probabilities: Vec<Vec<f32>> = predictions
        .iter()
        .map(|p| p.probabilities.clone())
        .collect();
    let embeddings: Vec<Vec<f32>> = predictions.iter().map(|p| p.embedding.clone()).collect();
    let confusion = metrics::confusion(labels, &calls, names.len());
    let per_genre = metrics::per_genre(&confusion, names);
    let own = outputs.precision(&embeddings);
    let aware = outputs.genre_aware_precision(&embeddings, &probabilities);
    let mut precision_of_others = BTreeMap::from([(GENRE_AWARE, aware)]);
    if !statistics.is_empty() {
        let statistics = standardised(statistics);
        precision_of_others.insert(MFCC_STATISTICS, outputs.precision(&statistics));
    }
    let confidences: Vec<(f32, bool)> = predictions
        .iter()
        .zip(labels.iter().zip(&calls))
        .map(|(prediction, (label, call))| (prediction.confidence(), label == call))
        .collect();
    let log_loss = labels
        .iter()
        .zip(&probabilities)
        .map(|(&label, p)| -f64::from(p[label].max(f32::MIN_POSITIVE)).ln());
    let curves = metrics::curves_per_genre(labels, &probabilities, names);
    let one_hot = |&label: &usize| (0..names.len()).map(|genre| genre == label).collect();
    let targets: Vec<Vec<bool>> = labels.iter().map(one_hot).collect();
    let (segments, correct_segments) = outputs.segments();
    let report = Report {
        warning: outputs.warning,
        clips: labels.len(),
        accuracy: metrics::accuracy(labels, &calls),
        accuracy_interval: metrics::accuracy_interval(labels, &calls),
        macro_f1: metrics::macro_f1(&per_genre),
        macro_f1_interval: metrics::macro_f1_interval(labels, &calls, names),
        macro_average: metrics::macro_average(&per_genre),
        weighted_average: metrics::weighted_average(&per_genre),
        per_genre,
        genres: names.clone(),
        confusion,
        auc_macro: metrics::auc_macro(labels, &probabilities, names.len()),
        auc_macro_interval: metrics::auc_macro_interval(labels, &probabilities, names.len()),
        mean_average_precision: metrics::mean_average_precision(&curves),
        hamming_accuracy: metrics::hamming_accuracy(&probabilities, &targets),
        curves,
        log_loss: metrics::mean(log_loss).unwrap_or(0.0),
        expected_calibration_error: metrics::calibration_error(&confidences),
        reliability: metrics::reliability(&confidences),
        precision_at_1: own.at_1,
        precision_at_5: own.at_5,
        precision_at_10: own.at_10,
        precision_of_others,
        segments,
        segment_accuracy: f64::from(correct_segments as u32) / segments.max(1) as f64,
        errors: outputs.errors,
    };
    let details = Details {
        songs: outputs.songs,
        labels: outputs.labels,
        calls,
        answers: outputs.predictions,
    };
    (report, details)
}

const GENRE_AWARE: &str = "genre_aware_ranking";
const MFCC_STATISTICS: &str = "mfcc_statistics";
