//! Perry's task: predicting the ratings of the survey's songs from the favourite song.

use super::answers::{Answers, MIN_PARTICIPANTS, tracks_of};
use super::hamming::{HammingRow, HammingScores};
use super::resampling::folds;
use soundalike_core::catalog::Catalog;
use soundalike_core::linear_algebra::{dot, eigen};
use soundalike_core::taste::posterior::{Observation, Posterior, Prior};
use soundalike_core::taste::space::Space;
use soundalike_survey::COLUMNS;
use soundalike_survey::Favourite;

/// Principal components of the favourite that are the predictors.
const COMPONENTS: usize = 8;
/// Standard deviations of the weights' prior; the one with the greatest evidence is chosen.
const PRIOR_DEVIATIONS: [f64; 3] = [0.1, 0.3, 0.9];

/// The scores of all inputs.
pub(super) fn hamming(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    seed: u64,
) -> Vec<HammingRow> {
    let by_path = tracks_of(catalog);
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
            (known.len() >= MIN_PARTICIPANTS).then(|| score(name, &known, answers, seed))
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
    let mut scores = HammingScores::default();
    for held_out in 0..count {
        let training = (0..inputs.len()).filter(|&i| fold[i] != held_out);
        let training: Vec<&(usize, Vec<f64>)> = training.map(|i| &inputs[i]).collect();
        let models = SongModels::fit(&training, answers);
        for i in (0..inputs.len()).filter(|&i| fold[i] == held_out) {
            let (participant, input) = &inputs[i];
            let x = models.reduction.apply(input);
            scores.add(
                &answers.participants[*participant].ratings,
                [
                    &|song| dot(&models.weights[song], &x) > 0.0,
                    &|song| models.majority_per_song[song],
                    &|_| models.majority_overall,
                ],
            );
        }
    }
    scores.row(name, inputs.len(), seed)
}

/// A linear model of each song's ratings and the majority's, fitted to the training participants.
struct SongModels {
    /// From an input to the predictors.
    reduction: Reduction,
    /// Of each song, the weights of the predictors.
    weights: Vec<Vec<f64>>,
    /// Whether most training participants like the song; of a song without ratings, the majority of all ratings.
    majority_per_song: Vec<bool>,
    /// Whether most ratings of the training participants are likes.
    majority_overall: bool,
}

impl SongModels {
    /// Fits the models to participants, by index, with their inputs.
    fn fit(training: &[&(usize, Vec<f64>)], answers: &Answers) -> Self {
        let inputs: Vec<&Vec<f64>> = training.iter().map(|(_, input)| input).collect();
        let reduction = Reduction::fit(&inputs);
        let mut ratings: Vec<Vec<Observation>> = vec![Vec::new(); answers.songs.len()];
        for (participant, input) in training {
            let features = reduction.apply(input);
            for &(song, liked) in &answers.participants[*participant].ratings {
                ratings[song].push(Observation {
                    features: features.clone(),
                    offset: 0.0,
                    liked,
                });
            }
        }
        let likes = |o: &[Observation]| o.iter().filter(|o| o.liked).count();
        let all: usize = ratings.iter().map(Vec::len).sum();
        let majority_overall = 2 * ratings.iter().map(|o| likes(o)).sum::<usize>() > all;
        let majority = |o: &Vec<Observation>| match o.as_slice() {
            [] => majority_overall,
            o => 2 * likes(o) > o.len(),
        };
        Self {
            majority_per_song: ratings.iter().map(majority).collect(),
            weights: ratings.iter().map(|o| weights(o)).collect(),
            majority_overall,
            reduction,
        }
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
struct Reduction {
    /// Mean and standard deviation of each number of the input.
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The principal components, each divided by the standard deviation along it.
    components: Vec<Vec<f64>>,
}

impl Reduction {
    fn fit(inputs: &[&Vec<f64>]) -> Self {
        let (n, d) = (inputs.len() as f64, inputs.first().map_or(0, |x| x.len()));
        let mut mean = vec![0.0; d];
        for x in inputs {
            for (m, v) in mean.iter_mut().zip(*x) {
                *m += v / n;
            }
        }
        let mut variance = vec![0.0; d];
        for x in inputs {
            for ((s, v), m) in variance.iter_mut().zip(*x).zip(&mean) {
                *s += (v - m) * (v - m) / n;
            }
        }
        let mut reduction = Self {
            mean,
            deviation: variance.iter().map(|s| s.sqrt().max(1e-9)).collect(),
            components: Vec::new(),
        };
        let mut covariance = vec![0.0; d * d];
        for x in inputs {
            let z = reduction.standardised(x);
            for (row, a) in covariance.chunks_mut(d).zip(&z) {
                for (c, b) in row.iter_mut().zip(&z) {
                    *c += a * b / n;
                }
            }
        }
        let (values, vectors) = eigen(covariance, d);
        let whitened = |(row, value): (Vec<f64>, f64)| -> Vec<f64> {
            row.iter().map(|v| v / value.sqrt().max(1e-6)).collect()
        };
        let pairs = vectors.into_iter().zip(values).take(COMPONENTS);
        reduction.components = pairs.map(whitened).collect();
        reduction
    }

    fn standardised(&self, x: &[f64]) -> Vec<f64> {
        x.iter()
            .zip(&self.mean)
            .zip(&self.deviation)
            .map(|((v, m), s)| (v - m) / s)
            .collect()
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let z = self.standardised(x);
        let mut reduced = vec![1.0];
        reduced.extend(self.components.iter().map(|row| dot(row, &z)));
        reduced.resize(COMPONENTS + 1, 0.0);
        reduced
    }
}
