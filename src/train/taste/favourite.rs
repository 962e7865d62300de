//! Perry's task: predicting the ratings of the survey's songs from the favourite song.

use serde::Serialize;

use super::Answers;
use super::evaluate::{folds, interval};
use soundalike_core::catalog::Catalog;
use soundalike_core::linear_algebra::eigen;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior};
use soundalike_core::taste::space::Space;
use soundalike_survey::COLUMNS;
use soundalike_survey::Favourite;

/// Principal components of the favourite that are the predictors.
const COMPONENTS: usize = 8;
/// Standard deviations of the weights' prior; the one with the greatest evidence is chosen.
const PRIOR_DEVIATIONS: [f64; 3] = [0.1, 0.3, 0.9];

/// Hamming accuracy of the predictions from one kind of input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HammingRow {
    /// The input: what is known of the favourite.
    pub input: String,
    /// Participants for whose favourite it is known.
    pub participants: usize,
    /// Share of the ratings predicted (one minus the Hamming loss), with its 95 % interval.
    pub accuracy: [f64; 3],
    /// The same by the majority per song of the training participants.
    pub majority_per_song: [f64; 3],
    /// The same by the majority of all ratings of the training participants.
    pub majority_overall: [f64; 3],
}

/// The scores of all inputs.
pub(super) fn hamming(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    seed: u64,
) -> Vec<HammingRow> {
    let by_path = super::tracks_of(catalog);
    type Reading<'a> = Box<dyn Fn(&Favourite) -> Option<Vec<f64>> + 'a>;
    let summary = |row: fn(&soundalike_survey::Features) -> &Vec<f32>| -> Reading<'_> {
        Box::new(move |favourite| match favourite {
            Favourite::Own { features, .. } => Some(moments(row(features))),
            Favourite::Song { .. } => None,
        })
    };
    let inputs: [(&str, Reading<'_>); 5] = [
        (
            "embedding",
            Box::new(|favourite| {
                let embedding = match favourite {
                    Favourite::Own { embedding, .. } => embedding.as_slice(),
                    Favourite::Song { id } => catalog.embedding(*by_path.get(id.as_str())?),
                };
                Some(space.features(embedding)[1..].to_vec())
            }),
        ),
        ("mfcc", summary(|f| &f.mfcc)),
        ("stft", summary(|f| &f.stft)),
        ("dwt", summary(|f| &f.dwt)),
        (
            "mfcc, stft and dwt",
            Box::new(|favourite| match favourite {
                Favourite::Own { features, .. } => Some(
                    [&features.mfcc, &features.stft, &features.dwt]
                        .into_iter()
                        .flat_map(|rows| moments(rows))
                        .collect(),
                ),
                Favourite::Song { .. } => None,
            }),
        ),
    ];
    inputs
        .iter()
        .filter_map(|(name, read)| {
            let known: Vec<(usize, Vec<f64>)> = answers
                .participants
                .iter()
                .enumerate()
                .filter_map(|(i, participant)| Some((i, read(&participant.favourite)?)))
                .collect();
            (known.len() >= super::MIN_PARTICIPANTS).then(|| score(name, &known, answers, seed))
        })
        .collect()
}

/// Mean and standard deviation of each row of a summary.
fn moments(rows: &[f32]) -> Vec<f64> {
    rows.chunks(COLUMNS)
        .flat_map(|row| {
            let n = row.len() as f64;
            let mean = row.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let square = row
                .iter()
                .map(|&v| (f64::from(v) - mean).powi(2))
                .sum::<f64>()
                / n;
            [mean, square.sqrt()]
        })
        .collect()
}

/// Cross-validates the predictions from one input. `inputs` are of participants, by index.
fn score(name: &str, inputs: &[(usize, Vec<f64>)], answers: &Answers, seed: u64) -> HammingRow {
    let (fold, count) = folds(inputs.len(), seed);
    let mut scores = [const { Vec::new() }; 3];
    for held_out in 0..count {
        let rows = |inside: bool| -> Vec<usize> {
            (0..inputs.len())
                .filter(|&i| (fold[i] == held_out) == inside)
                .collect()
        };
        let (train, test) = (rows(false), rows(true));
        let training: Vec<&Vec<f64>> = train.iter().map(|&i| &inputs[i].1).collect();
        let reduce = reduction(&training);
        let reduced: Vec<Vec<f64>> = training.iter().map(|x| reduce(x)).collect();
        // The training participants' ratings of each song.
        let mut ratings: Vec<Vec<Observation>> = vec![Vec::new(); answers.songs.len()];
        for (&i, x) in train.iter().zip(&reduced) {
            for &(song, liked) in &answers.participants[inputs[i].0].ratings {
                ratings[song].push(Observation {
                    features: x.clone(),
                    offset: 0.0,
                    liked,
                });
            }
        }
        let likes = |o: &[Observation]| o.iter().filter(|o| o.liked).count();
        let all: usize = ratings.iter().map(Vec::len).sum();
        let overall = 2 * ratings.iter().map(|o| likes(o)).sum::<usize>() > all;
        let songs: Vec<(Vec<f64>, bool)> = ratings
            .iter()
            .map(|o| {
                (
                    weights(o),
                    if o.is_empty() {
                        overall
                    } else {
                        2 * likes(o) > o.len()
                    },
                )
            })
            .collect();
        for &i in &test {
            let x = reduce(&inputs[i].1);
            let known = &answers.participants[inputs[i].0].ratings;
            if known.is_empty() {
                continue;
            }
            let share = |call: &dyn Fn(usize) -> bool| {
                let right = known.iter().filter(|&&(song, liked)| call(song) == liked);
                right.count() as f64 / known.len() as f64
            };
            scores[0].push(share(&|song| {
                songs[song]
                    .0
                    .iter()
                    .zip(&x)
                    .map(|(w, x)| w * x)
                    .sum::<f64>()
                    > 0.0
            }));
            scores[1].push(share(&|song| songs[song].1));
            scores[2].push(share(&|_| overall));
        }
    }
    let [accuracy, majority_per_song, majority_overall] = scores.map(|s| interval(&s, seed));
    HammingRow {
        input: name.to_owned(),
        participants: inputs.len(),
        accuracy,
        majority_per_song,
        majority_overall,
    }
}

/// Weights that predict the ratings of a song, with the prior of the greatest evidence.
fn weights(ratings: &[Observation]) -> Vec<f64> {
    let fits = PRIOR_DEVIATIONS.map(|deviation| {
        let mut variances = vec![4.0];
        variances.extend([deviation * deviation; COMPONENTS]);
        Posterior::of(&Prior::diagonal(&variances, 1.0), ratings)
    });
    let best = fits
        .into_iter()
        .max_by(|a, b| a.log_evidence.total_cmp(&b.log_evidence));
    best.map_or_else(Vec::new, |posterior| posterior.mean)
}

/// Maps an input to a constant one and its whitened principal components, `[1 + 8]`.
fn reduction(inputs: &[&Vec<f64>]) -> impl Fn(&[f64]) -> Vec<f64> + use<> {
    let (n, d) = (inputs.len() as f64, inputs.first().map_or(0, |x| x.len()));
    let mut mean = vec![0.0; d];
    for x in inputs {
        for (m, v) in mean.iter_mut().zip(*x) {
            *m += v / n;
        }
    }
    let mut deviation = vec![0.0; d];
    for x in inputs {
        for ((s, v), m) in deviation.iter_mut().zip(*x).zip(&mean) {
            *s += (v - m) * (v - m) / n;
        }
    }
    let deviation: Vec<f64> = deviation.iter().map(|s| s.sqrt().max(1e-9)).collect();
    let standard = move |x: &[f64]| -> Vec<f64> {
        x.iter()
            .zip(&mean)
            .zip(&deviation)
            .map(|((v, m), s)| (v - m) / s)
            .collect()
    };
    let mut covariance = vec![0.0; d * d];
    for x in inputs {
        let z = standard(x);
        for (row, a) in covariance.chunks_mut(d).zip(&z) {
            for (c, b) in row.iter_mut().zip(&z) {
                *c += a * b / n;
            }
        }
    }
    let (values, vectors) = eigen(covariance, d);
    let rows: Vec<Vec<f64>> = vectors
        .into_iter()
        .zip(values)
        .take(COMPONENTS)
        .map(|(row, value)| row.iter().map(|v| v / value.sqrt().max(1e-6)).collect())
        .collect();
    move |x| {
        let z = standard(x);
        let mut reduced = vec![1.0];
        reduced.extend(
            rows.iter()
                .map(|row| -> f64 { row.iter().zip(&z).map(|(r, v)| r * v).sum() }),
        );
        reduced.resize(COMPONENTS + 1, 0.0);
        reduced
    }
}
