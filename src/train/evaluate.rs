//! How well a model does on labelled clips.

use std::collections::BTreeMap;

use rayon::prelude::*;
use realfft::RealFftPlanner;
use serde::Serialize;

use super::TrainError;
use super::metrics::{self, AverageScores, Curves, GenreScore, Reliability};
use soundalike_core::audio::{self, Clip};
use soundalike_core::catalog::{GENRE_SHARE, genre_agreement};
use soundalike_core::dsp::{FrontEnd, Spectrogram, mfcc};
use soundalike_core::model::{Model, mean};
use soundalike_core::pipeline::{Prediction, Predictor};
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};

/// What `trainer evaluate` prints. The unit is the clip, unless a name says segment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What must be said beside every number here, where a song has pieces on both sides of the split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// Clips that were heard.
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
    /// Counts `[true genre][called genre]`.
    pub confusion: Vec<Vec<usize>>,
    /// Area under the ROC curve, one genre against the rest, averaged.
    pub auc_macro: Option<f64>,
    /// Its 95 % interval (bootstrap over clips).
    pub auc_macro_interval: Option<[f64; 2]>,
    /// Mean of the genres' average precision.
    pub mean_average_precision: Option<f64>,
    /// Share of all decisions, genre by genre and clip by clip, that are right if every genre with a
    /// probability of one half or more is called.
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
    /// Segments that were heard.
    pub segments: usize,
    /// Share of the segments whose most probable genre is their clip's.
    pub segment_accuracy: f64,
    /// Clips that could not be heard, with the reason.
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

/// A clip, described in two ways.
struct DescribedClip {
    answer: Prediction,
    /// Statistics of its MFCCs.
    statistics: Vec<f32>,
}

/// What happens to a sound on its way to the model, to see what that does to the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Corruption {
    /// Nothing.
    #[default]
    Clean,
    /// A telephone: nothing below 300 Hz and above 3,400 Hz.
    Phone,
    /// A tenth of the amplitude, −20 dB.
    Quiet,
}

impl Corruption {
    /// The sound as it comes out.
    pub(super) fn pass(self, clip: Clip) -> Result<Clip, audio::AudioError> {
        match self {
            Self::Clean => Ok(clip),
            Self::Phone => Clip::new(band_pass(&clip, 300.0, 3_400.0), clip.rate()),
            Self::Quiet => {
                let samples = clip.samples().iter().map(|s| s * 0.1).collect();
                Clip::new(samples, clip.rate())
            }
        }
    }
}

/// A clip that could not be heard.
#[derive(Clone, Debug, Serialize)]
pub struct ClipError {
    /// Its file.
    pub path: String,
    /// The reason.
    pub error: String,
}

/// What was heard of each clip that could be: all of `[clips]`.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Its place among the songs that were given.
    pub songs: Vec<usize>,
    /// Index of its labelled genre.
    pub labels: Vec<usize>,
    /// Index of the genre it is called.
    pub calls: Vec<usize>,
    /// What the model hears in it.
    pub answers: Vec<Prediction>,
}

/// Hears the songs, which must be labelled with genres of the model, and compares.
///
/// # Errors
/// If no song could be heard.
pub fn evaluate(
    predictor: &Predictor,
    songs: &[Song],
    through: Corruption,
    progress: &Progress,
) -> Result<Report, TrainError> {
    evaluate_in_detail(predictor, songs, through, progress).map(|(report, _)| report)
}

/// [`evaluate`], and what was heard of each clip.
///
/// # Errors
/// If no song could be heard.
pub fn evaluate_in_detail(
    predictor: &Predictor,
    songs: &[Song],
    through: Corruption,
    progress: &Progress,
) -> Result<(Report, Details), TrainError> {
    let heard: Vec<Result<DescribedClip, String>> = songs
        .par_iter()
        .map(|song| {
            let clip = song
                .clip()
                .and_then(|clip| through.pass(clip))
                .map_err(|e| e.to_string())?;
            let answer = predictor.predict(&clip).map_err(|e| e.to_string())?;
            let statistics = mfcc_statistics(&clip).map_err(|e| e.to_string())?;
            progress.advance();
            Ok(DescribedClip { answer, statistics })
        })
        .collect();
    let model = predictor.model();
    let mut errors = Vec::new();
    let mut labels = Vec::new();
    let mut answers = Vec::new();
    let mut artists = Vec::new();
    let mut heard_songs = Vec::new();
    let mut statistics = Vec::new();
    for (at, (song, heard)) in songs.iter().zip(heard).enumerate() {
        let label = model.genres.iter().position(|g| *g == song.track.genre);
        match (label, heard) {
            (Some(label), Ok(described)) => {
                labels.push(label);
                heard_songs.push(at);
                answers.push(described.answer);
                artists.push(song.track.artist.as_str());
                statistics.push(described.statistics);
            }
            (None, _) => errors.push(ClipError {
                path: song.file.display().to_string(),
                error: format!("its genre {:?} is none of the model's", song.track.genre),
            }),
            (_, Err(error)) => errors.push(ClipError {
                path: song.file.display().to_string(),
                error,
            }),
        }
    }
    if answers.is_empty() {
        return Err(TrainError::nothing_heard(&errors));
    }
    Ok(report_of(
        model,
        ClipOutputs {
            songs: heard_songs,
            labels,
            answers,
            artists,
            errors,
            warning: datasets::warning(songs).or(learnt_from(model, songs)),
        },
        &statistics,
    ))
}

/// What must be said beside the figures of a model whose heads were fitted to clips of these very sets, whatever their
/// split.
fn learnt_from(model: &Model, songs: &[Song]) -> Option<&'static str> {
    let sets = || model.training.data.split(", ");
    let learnt = |song: &Song| sets().any(|set| set == song.track.set);
    (!model.training.heads.is_empty() && songs.iter().any(learnt)).then_some(
        "the heads of this model learnt from clips of this set, so this number flatters; cross-validation measures it",
    )
}

/// What was heard of clips whose genres are known, all of `[clips]`.
pub(super) struct ClipOutputs<'a> {
    /// Their places among those given.
    pub songs: Vec<usize>,
    /// Indices of their genres.
    pub labels: Vec<usize>,
    /// What the model says.
    pub answers: Vec<Prediction>,
    /// Their artists; empty where not known.
    pub artists: Vec<&'a str>,
    /// Clips that could not be heard.
    pub errors: Vec<ClipError>,
    /// See [`Report::warning`].
    pub warning: Option<&'static str>,
}

/// The report on what was heard; `statistics` are those of the clips' MFCCs, to compare with, or none.
pub(super) fn report_of(
    model: &Model,
    heard: ClipOutputs<'_>,
    statistics: &[Vec<f32>],
) -> (Report, Details) {
    let ClipOutputs {
        songs,
        labels,
        answers,
        artists,
        errors,
        warning,
    } = heard;
    let genres = model.genres.len();
    let calls: Vec<usize> = answers.iter().map(Prediction::best).collect();
    let probabilities: Vec<Vec<f32>> = answers.iter().map(|a| a.probabilities.clone()).collect();
    let embeddings: Vec<Vec<f32>> = answers.iter().map(|a| a.embedding.clone()).collect();
    let confusion = metrics::confusion(&labels, &calls, genres);
    let per_genre = metrics::per_genre(&confusion, &model.genres);
    let (mut segments, mut segments_right) = (0, 0);
    for (answer, &label) in answers.iter().zip(&labels) {
        for moment in &answer.timeline {
            segments += 1;
            let p = &moment.probabilities;
            segments_right += usize::from(p.iter().all(|&other| other <= p[label]));
        }
    }
    let precision = |rows: &[Vec<f32>]| {
        let at = |k| precision_at(rows, &labels, &artists, k);
        Precision {
            at_1: at(1),
            at_5: at(5),
            at_10: at(10),
        }
    };
    let own = precision(&embeddings);
    // The catalogue's ranking by cosine and genre together, the genre being what the model hears.
    let aware = |k| {
        ranked_precision(&embeddings, &labels, &artists, k, |a, b, cosine| {
            let agreement = genre_agreement(&probabilities[a], &probabilities[b]);
            (1.0 - GENRE_SHARE) * cosine + GENRE_SHARE * agreement
        })
    };
    let mut precision_of_others = BTreeMap::from([(
        GENRE_AWARE,
        Precision {
            at_1: aware(1),
            at_5: aware(5),
            at_10: aware(10),
        },
    )]);
    if !statistics.is_empty() {
        let statistics = standardised(statistics);
        precision_of_others.insert(MFCC_STATISTICS, precision(&statistics));
    }
    let confidences: Vec<(f32, bool)> = answers
        .iter()
        .zip(labels.iter().zip(&calls))
        .map(|(answer, (label, call))| (answer.confidence(), label == call))
        .collect();
    let log_loss = labels
        .iter()
        .zip(&probabilities)
        .map(|(&label, p)| -f64::from(p[label].max(f32::MIN_POSITIVE)).ln());
    let curves = metrics::curves_per_genre(&labels, &probabilities, &model.genres);
    let targets: Vec<Vec<bool>> = labels
        .iter()
        .map(|&label| (0..genres).map(|genre| genre == label).collect())
        .collect();
    let report = Report {
        warning,
        clips: labels.len(),
        accuracy: metrics::accuracy(&labels, &calls),
        accuracy_interval: metrics::accuracy_interval(&labels, &calls),
        macro_f1: metrics::macro_f1(&per_genre),
        macro_f1_interval: metrics::macro_f1_interval(&labels, &calls, &model.genres),
        macro_average: metrics::macro_average(&per_genre),
        weighted_average: metrics::weighted_average(&per_genre),
        per_genre,
        genres: model.genres.clone(),
        confusion,
        auc_macro: metrics::auc_macro(&labels, &probabilities, genres),
        auc_macro_interval: metrics::auc_macro_interval(&labels, &probabilities, genres),
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
        segment_accuracy: f64::from(segments_right as u32) / segments.max(1) as f64,
        errors,
    };
    let details = Details {
        songs,
        labels,
        calls,
        answers,
    };
    (report, details)
}

/// The sound without what lies below `low` and above `high` Hz: its spectrum with those bins set to zero.
fn band_pass(clip: &Clip, low: f64, high: f64) -> Vec<f32> {
    let length = clip.samples().len();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (
        planner.plan_fft_forward(length),
        planner.plan_fft_inverse(length),
    );
    let mut samples = clip.samples().to_vec();
    let mut spectrum = forward.make_output_vec();
    // The lengths are the plan's own, so neither way can fail.
    if forward.process(&mut samples, &mut spectrum).is_err() {
        return samples;
    }
    let hz_per_bin = f64::from(clip.rate()) / length as f64;
    for (bin, value) in spectrum.iter_mut().enumerate() {
        if !(low..=high).contains(&(bin as f64 * hz_per_bin)) {
            *value = Default::default();
        }
    }
    let _ = inverse.process(&mut spectrum, &mut samples);
    samples.iter_mut().for_each(|s| *s /= length as f32);
    samples
}

const GENRE_AWARE: &str = "genre_aware_ranking";
const MFCC_STATISTICS: &str = "mfcc_statistics";

/// Number of MFCCs in the baseline.
const COEFFICIENTS: usize = 20;

/// Mean and standard deviation over time of 20 MFCCs and of their differences from frame to frame, the
/// classical description of timbre: `[4 · 20]`.
fn mfcc_statistics(clip: &Clip) -> Result<Vec<f32>, audio::AudioError> {
    let front_end = FrontEnd::default();
    let clip = clip.resampled(front_end.sample_rate)?;
    let coefficients: Spectrogram = mfcc(&front_end.log_mel(clip.samples()), COEFFICIENTS);
    let mut statistics = Vec::new();
    let mut describe = |values: &[f32]| {
        let count = values.len().max(1) as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
        statistics.extend([mean, variance.sqrt()]);
    };
    for coefficient in 0..COEFFICIENTS {
        let row = coefficients.band(coefficient);
        describe(row);
        let differences: Vec<f32> = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
        describe(&differences);
    }
    Ok(statistics)
}

/// Each column with mean zero and deviation one, so that none outweighs the others.
fn standardised(rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let width = rows.first().map_or(0, Vec::len);
    let centre = mean(width, rows.iter().map(Vec::as_slice));
    let squares: Vec<Vec<f32>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&centre)
                .map(|(v, c)| (v - c) * (v - c))
                .collect()
        })
        .collect();
    let variance = mean(width, squares.iter().map(Vec::as_slice));
    rows.iter()
        .map(|row| {
            let columns = row.iter().zip(centre.iter().zip(&variance));
            columns
                .map(|(v, (c, variance))| (v - c) / variance.sqrt().max(1e-6))
                .collect()
        })
        .collect()
}

/// Mean share of a clip's `k` nearest neighbours, by cosine from the mean of all, that have its genre.
/// Neither the clip itself nor other clips of its artist count; a clip without any neighbour left is
/// not asked.
pub fn precision_at(
    rows: &[Vec<f32>],
    labels: &[usize],
    artists: &[&str],
    k: usize,
) -> Option<f64> {
    ranked_precision(rows, labels, artists, k, |_, _, cosine| cosine)
}

/// [`precision_at`] of neighbours ranked by any score of two clips and their cosine, the highest first.
fn ranked_precision(
    rows: &[Vec<f32>],
    labels: &[usize],
    artists: &[&str],
    k: usize,
    score: impl Fn(usize, usize, f32) -> f32,
) -> Option<f64> {
    let width = rows.first()?.len();
    let centre = mean(width, rows.iter().map(Vec::as_slice));
    let directions: Vec<Vec<f32>> = rows
        .iter()
        .map(|row| {
            let row: Vec<f32> = row.iter().zip(&centre).map(|(v, c)| v - c).collect();
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            row.into_iter().map(|v| v / length).collect()
        })
        .collect();
    let shares = (0..rows.len()).filter_map(|clip| {
        let mut others: Vec<(f32, usize)> = (0..rows.len())
            .filter(|&other| {
                let known = !artists[clip].is_empty();
                other != clip && !(known && artists[clip].eq_ignore_ascii_case(artists[other]))
            })
            .map(|other| {
                let pairs = directions[clip].iter().zip(&directions[other]);
                (score(clip, other, pairs.map(|(a, b)| a * b).sum()), other)
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        others.truncate(k);
        let same = others
            .iter()
            .filter(|(_, other)| labels[*other] == labels[clip]);
        let same = same.count();
        (!others.is_empty()).then(|| same as f64 / others.len() as f64)
    });
    metrics::mean(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_lets_voices_through_and_neither_bass_nor_hiss() {
        let level = |hz: f64| {
            let clip = audio::synth::tone(hz, 1.0, 22_050);
            let out = Corruption::Phone.pass(clip.clone()).expect("a sound");
            let power = |clip: &Clip| clip.samples().iter().map(|s| s * s).sum::<f32>();
            power(&out) / power(&clip)
        };
        assert!(level(1000.0) > 0.95);
        assert!(level(100.0) < 0.05 && level(6000.0) < 0.05);
        let quiet = Corruption::Quiet.pass(audio::synth::tone(440.0, 1.0, 22_050));
        let loud = audio::synth::tone(440.0, 1.0, 22_050).peak();
        assert!((quiet.expect("a sound").peak() - 0.1 * loud).abs() < 1e-4);
    }

    #[test]
    fn neighbours_by_the_same_artist_do_not_count() {
        let rows = [[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [-1.0, 0.2], [-0.9, 0.1]];
        let rows = rows.map(|row| row.to_vec());
        let labels = [0, 0, 1, 1, 1];
        // With everybody: 0 and 1 find each other, 3 and 4 too, 2 finds the wrong genre.
        assert_eq!(
            precision_at(&rows, &labels, &["", "", "", "", ""], 1),
            Some(0.8)
        );
        // Without their artist's other song 0 and 1 find 2, which is of another genre.
        assert_eq!(
            precision_at(&rows, &labels, &["a", "A", "", "", ""], 1),
            Some(0.4)
        );
        assert_eq!(precision_at(&[], &[], &[], 1), None);
        // A score that knows the genres finds nothing else.
        let knowing =
            |a: usize, b: usize, cosine| cosine + if labels[a] == labels[b] { 9.0 } else { 0.0 };
        let found = ranked_precision(&rows, &labels, &[""; 5], 1, knowing);
        assert_eq!(found, Some(1.0));
    }
}
