//! How well ratings are predicted on held-out participants and songs, beside baselines.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::factors::Factors;
use super::favourite::{HammingRow, hamming};
use super::simulate::centred;
use super::{Answers, AnswersError, MIN_PARTICIPANTS, Participant};
use crate::metrics::{area_under_curve, calibration_error, mean};
use soundalike_core::catalog::Catalog;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Population, RatedSong, Taste};

/// Numbers of known ratings.
const KNOWN_RATINGS: [usize; 4] = [5, 10, 20, 40];
/// Random choices of which ratings are known.
const REPEATS: u64 = 3;
/// Folds of the cross-validation where there are more than [`LEAVE_ONE_OUT`] items.
const FOLDS: usize = 5;
/// Number of items up to which the cross-validation is leave-one-out.
const LEAVE_ONE_OUT: usize = 20;
/// Bootstrap resamples of the participants for an interval.
const BOOTSTRAPS: usize = 1000;
/// Pseudo-count that smooths a share, so that none is zero or one.
const PSEUDO_COUNT: f64 = 2.0;
/// The methods of the table, the personal models first.
const MODELS: [&str; 8] = [
    "personal, with population",
    "personal, alone",
    "collaborative factors",
    "majority overall",
    "majority per song",
    "majority per person",
    "nearest neighbour",
    "popularity",
];

/// The only method that does not use the ratings of other participants.
const ALONE: &str = "personal, alone";

/// The scores of one method that predicts ratings: means over participants with 95 % intervals by
/// bootstrap over participants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodScores {
    /// Name of the method.
    pub name: String,
    /// Whether it uses the ratings of other participants, or those of this participant alone.
    #[serde(rename = "knows_others")]
    pub uses_others: bool,
    /// Share of ratings predicted.
    pub accuracy: [f64; 3],
    /// Mean negative log likelihood in nats.
    pub log_loss: [f64; 3],
    /// Area under the ROC curve within a participant, where it is defined.
    pub auc: Option<[f64; 3]>,
    /// Log loss minus that of the first method, by participant: above zero where the first is better.
    #[serde(rename = "behind")]
    pub log_loss_difference: [f64; 3],
    /// Expected calibration error over all ratings.
    pub calibration_error: f64,
}

/// The scores for one number of known ratings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonalScores {
    /// Known ratings of the participant.
    #[serde(rename = "labels")]
    pub known_ratings: usize,
    /// Participants with more ratings than these.
    pub participants: usize,
    /// The scores of each method.
    pub rows: Vec<MethodScores>,
}

/// The whole evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TasteReport {
    /// "simulated", or "of people".
    pub answers: String,
    /// Participants.
    pub participants: usize,
    /// Songs.
    pub songs: usize,
    /// Ratings, without unknown songs.
    #[serde(rename = "opinions")]
    pub ratings: usize,
    /// Share of the ratings that are likes.
    pub liked: f64,
    /// How participants were held out.
    #[serde(rename = "left_out")]
    pub held_out: String,
    /// Perry's task, by linear models of the summaries.
    pub favourite: Vec<HammingRow>,
    /// Perry's task, by networks, if requested: see [`with_networks`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<HammingRow>,
    /// Personal models by number of known ratings.
    pub personal: Vec<PersonalScores>,
    /// Songs without ratings.
    pub cold_start: Vec<MethodScores>,
}

/// The predictions of one participant's ratings by one method: probability of a like, and whether it is
/// one.
#[derive(Clone, Debug, Default)]
struct Predictions(Vec<(f32, bool)>);

impl Predictions {
    fn log_loss(&self) -> f64 {
        let losses = self.0.iter().map(|&(p, liked)| {
            let p = f64::from(p).clamp(1e-6, 1.0 - 1e-6);
            -(if liked { p } else { 1.0 - p }).ln()
        });
        mean(losses).unwrap_or(0.0)
    }

    fn accuracy(&self) -> f64 {
        let right = self
            .0
            .iter()
            .map(|&(p, liked)| f64::from(u8::from((p > 0.5) == liked)));
        mean(right).unwrap_or(0.0)
    }

    fn auc(&self) -> Option<f64> {
        area_under_curve(&self.0)
    }
}

/// The fold of each of `count` items and the number of folds, shuffled by a seed; leave-one-out for few
/// items.
pub(super) fn folds(count: usize, seed: u64) -> (Vec<usize>, usize) {
    let folds = if count <= LEAVE_ONE_OUT { count } else { FOLDS };
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut fold = vec![0; count];
    for (place, item) in order.into_iter().enumerate() {
        fold[item] = place % folds;
    }
    (fold, folds)
}

/// The baselines, fitted to the training participants.
struct Baselines {
    /// Share of all ratings that are likes.
    liked: f64,
    /// The share of each song, smoothed.
    songs: Vec<f64>,
    /// Probability of a like where the nearest known song is disliked and liked.
    nearest: [f64; 2],
}

impl Baselines {
    fn fit(answers: &Answers, participants: &[usize], near: &[Vec<usize>]) -> Self {
        let mut counts = vec![(0.0, 0.0); answers.songs.len()];
        let mut agree = [(0.0, 0.0); 2];
        for &participant in participants {
            let ratings = &answers.participants[participant].ratings;
            for &(song, liked) in ratings {
                counts[song].0 += f64::from(u8::from(liked));
                counts[song].1 += 1.0;
                if let Some(other) = nearest(ratings, song, near) {
                    let cell = &mut agree[usize::from(other)];
                    cell.0 += f64::from(u8::from(liked));
                    cell.1 += 1.0;
                }
            }
        }
        let all: (f64, f64) = counts
            .iter()
            .fold((0.0, 0.0), |all, c| (all.0 + c.0, all.1 + c.1));
        let liked = (all.0 + 1.0) / (all.1 + 2.0);
        let smooth = |c: &(f64, f64)| (c.0 + PSEUDO_COUNT * liked) / (c.1 + PSEUDO_COUNT);
        Self {
            liked,
            songs: counts.iter().map(smooth).collect(),
            nearest: agree.map(|c| smooth(&c)),
        }
    }

    /// The five baselines' probabilities of a like of a song, in the order of [`MODELS`].
    fn predict(&self, known: &[(usize, bool)], song: usize, near: &[Vec<usize>]) -> [f64; 5] {
        let likes = known.iter().filter(|(_, liked)| *liked).count() as f64;
        let participant = (likes + PSEUDO_COUNT * self.liked) / (known.len() as f64 + PSEUDO_COUNT);
        let nearest =
            nearest(known, song, near).map_or(self.liked, |n| self.nearest[usize::from(n)]);
        [
            self.liked,
            self.songs[song],
            participant,
            nearest,
            self.popularity(known, song),
        ]
    }

    /// The share of likes of the song, shifted by the participant's intercept.
    fn popularity(&self, known: &[(usize, bool)], song: usize) -> f64 {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let observations: Vec<Observation> = known
            .iter()
            .map(|&(s, liked)| Observation {
                features: vec![1.0],
                offset: logit(self.songs[s]),
                liked,
            })
            .collect();
        let (mean, variance) =
            Posterior::of(&Prior::diagonal(&[1.0], 1.0), &observations).logit(&[1.0]);
        sigmoid(moderation(variance) * (mean + logit(self.songs[song])))
    }
}

/// The rating of the known song that is most similar to this one.
fn nearest(known: &[(usize, bool)], song: usize, near: &[Vec<usize>]) -> Option<bool> {
    near[song].iter().find_map(|other| {
        let found = known.iter().find(|(s, _)| s == other && *s != song);
        found.map(|(_, liked)| *liked)
    })
}

/// Evaluates all three tasks.
///
/// # Errors
/// If there are too few answers, or the embeddings of the catalogue do not vary.
pub fn evaluate(
    answers: &Answers,
    catalog: &Catalog,
    seed: u64,
) -> Result<TasteReport, AnswersError> {
    if answers.participants.len() < MIN_PARTICIPANTS {
        return Err(AnswersError::TooFew {
            found: answers.participants.len(),
        });
    }
    let space = Space::of(catalog);
    let near = neighbours(answers, catalog);
    let ratings = answers.participants.iter().flat_map(|p| &p.ratings);
    let (count_of_ratings, likes) = ratings.fold((0_usize, 0_usize), |(all, likes), (_, liked)| {
        (all + 1, likes + usize::from(*liked))
    });
    let (_, count) = folds(answers.participants.len(), seed);
    Ok(TasteReport {
        answers: if answers.simulated {
            "simulated"
        } else {
            "of people"
        }
        .to_owned(),
        participants: answers.participants.len(),
        songs: answers.songs.len(),
        ratings: count_of_ratings,
        liked: likes as f64 / count_of_ratings.max(1) as f64,
        held_out: if count == answers.participants.len() {
            "each participant alone".to_owned()
        } else {
            format!("{count} folds by participant")
        },
        favourite: hamming(answers, catalog, &space, seed),
        networks: Vec::new(),
        personal: personal(answers, catalog, &space, &near, seed)?,
        cold_start: cold_start(answers, catalog, &space, &near, seed)?,
    })
}

/// Adds Perry's task by networks, which takes minutes; the rest takes seconds.
pub fn with_networks(report: TasteReport, answers: &Answers, seed: u64) -> TasteReport {
    TasteReport {
        networks: super::networks::hamming(answers, seed),
        ..report
    }
}

/// For each song the other songs, the most similar first, by cosine similarity of centred embeddings.
fn neighbours(answers: &Answers, catalog: &Catalog) -> Vec<Vec<usize>> {
    let centred = centred(catalog);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    let rows: Vec<&Vec<f64>> = answers.tracks.iter().map(|&t| &centred[t]).collect();
    (0..rows.len())
        .map(|song| {
            let cosine = |other: usize| {
                dot(rows[song], rows[other]) / dot(rows[other], rows[other]).sqrt().max(1e-12)
            };
            let mut order: Vec<usize> = (0..rows.len()).filter(|&o| o != song).collect();
            order.sort_by(|&a, &b| cosine(b).total_cmp(&cosine(a)));
            order
        })
        .collect()
}

fn personal(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    near: &[Vec<usize>],
    seed: u64,
) -> Result<Vec<PersonalScores>, AnswersError> {
    let (fold, count) = folds(answers.participants.len(), seed);
    let alone = Taste::new(catalog, None)?;
    // Per participant: per number of known ratings: per model.
    type Cells = Vec<Vec<Predictions>>;
    let per_fold: Vec<Vec<(usize, Cells)>> = (0..count)
        .into_par_iter()
        .map(|held_out| {
            let train: Vec<usize> = (0..fold.len()).filter(|&p| fold[p] != held_out).collect();
            let population = answers.population_of(catalog, space, &train, |_| true);
            let with = Taste::new(catalog, Some(&population))?;
            let baselines = Baselines::fit(answers, &train, near);
            let factors = factors_of(answers, catalog, space, &train);
            let test = (0..fold.len()).filter(|&p| fold[p] == held_out);
            Ok(test
                .map(|p| {
                    let cells = predictions_of(
                        answers,
                        catalog,
                        p,
                        (&with, &alone, &factors),
                        &baselines,
                        near,
                        seed,
                    );
                    (p, cells)
                })
                .collect())
        })
        .collect::<Result<_, AnswersError>>()?;
    let mut participants: Vec<(usize, Cells)> = per_fold.into_iter().flatten().collect();
    participants.sort_by_key(|(p, _)| *p);
    Ok(KNOWN_RATINGS
        .iter()
        .enumerate()
        .filter_map(|(at, &known_ratings)| {
            let rows: Vec<&Vec<Predictions>> = participants
                .iter()
                .map(|(_, cells)| &cells[at])
                .filter(|cells| !cells[0].0.is_empty())
                .collect();
            (!rows.is_empty()).then(|| PersonalScores {
                known_ratings,
                participants: rows.len(),
                rows: scores(&MODELS, &rows, seed),
            })
        })
        .collect())
}

/// The collaborative model, fitted to some participants.
fn factors_of(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    participants: &[usize],
) -> Factors {
    let features: Vec<Vec<f64>> = answers
        .tracks
        .iter()
        .map(|&track| space.features(catalog.embedding(track)))
        .collect();
    let ratings: Vec<Vec<(usize, bool)>> = participants
        .iter()
        .map(|&p| answers.participants[p].ratings.clone())
        .collect();
    Factors::fit(&features, &space.shares, &ratings)
}

/// The predictions of one participant: per number of known ratings, per model.
fn predictions_of(
    answers: &Answers,
    catalog: &Catalog,
    participant: usize,
    (with, alone, factors): (&Taste, &Taste, &Factors),
    baselines: &Baselines,
    near: &[Vec<usize>],
    seed: u64,
) -> Vec<Vec<Predictions>> {
    let mut cells = vec![vec![Predictions::default(); MODELS.len()]; KNOWN_RATINGS.len()];
    for repeat in 0..REPEATS {
        let mut ratings = answers.participants[participant].ratings.clone();
        let mut rng = ChaCha8Rng::seed_from_u64(
            seed ^ repeat.wrapping_mul(0x9E37_79B9) ^ ((participant as u64) << 32),
        );
        ratings.shuffle(&mut rng);
        for (cell, &n) in cells.iter_mut().zip(&KNOWN_RATINGS) {
            if ratings.len() <= n {
                continue;
            }
            let (known, test) = ratings.split_at(n);
            let fitted = |taste: &Taste| {
                let mut taste = taste.clone();
                taste.learn(&rated(known, answers, catalog));
                taste
            };
            let (with, alone) = (fitted(with), fitted(alone));
            let posterior = factors.posterior(known);
            for &(song, liked) in test {
                let embedding = catalog.embedding(answers.tracks[song]);
                let own = [&with, &alone].map(|t| f64::from(t.rate(embedding).probability));
                let collaborative = factors.rate(&posterior, song);
                let all = own
                    .into_iter()
                    .chain([collaborative])
                    .chain(baselines.predict(known, song, near));
                for (predicted, p) in cell.iter_mut().zip(all) {
                    predicted.0.push((p as f32, liked));
                }
            }
        }
    }
    cells
}

pub(super) fn rated<'a>(
    known: &[(usize, bool)],
    answers: &Answers,
    catalog: &'a Catalog,
) -> Vec<RatedSong<'a>> {
    known
        .iter()
        .map(|&(song, liked)| RatedSong {
            embedding: catalog.embedding(answers.tracks[song]),
            liked,
        })
        .collect()
}

/// Cold start: cross-validation by song. The models that use other participants are fitted to all ratings of
/// the training songs, and every model predicts each participant's ratings of the held-out songs.
fn cold_start(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    near: &[Vec<usize>],
    seed: u64,
) -> Result<Vec<MethodScores>, AnswersError> {
    const NAMES: [&str; 7] = [
        "personal, with population",
        "personal, alone",
        "collaborative factors",
        "majority overall",
        "majority per person",
        "nearest neighbour",
        "the population's mean taste",
    ];
    let (fold, count) = folds(answers.songs.len(), seed ^ 1);
    let all: Vec<usize> = (0..answers.participants.len()).collect();
    let alone = Taste::new(catalog, None)?;
    let mut cells = vec![vec![Predictions::default(); NAMES.len()]; answers.participants.len()];
    let count = count.min(FOLDS);
    let per_fold: Vec<Vec<(usize, [f64; 7], bool)>> = (0..count)
        .into_par_iter()
        .map(|held_out| {
            let population: Population =
                answers.population_of(catalog, space, &all, |s| fold[s] % count != held_out);
            let fresh = Taste::new(catalog, Some(&population))?;
            let training: Answers = Answers {
                participants: answers
                    .participants
                    .iter()
                    .map(|p| Participant {
                        ratings: p
                            .ratings
                            .iter()
                            .copied()
                            .filter(|(s, _)| fold[*s] % count != held_out)
                            .collect(),
                        favourite: p.favourite.clone(),
                    })
                    .collect(),
                ..answers.clone()
            };
            let baselines = Baselines::fit(&training, &all, near);
            let factors = factors_of(&training, catalog, space, &all);
            let mut predicted = Vec::new();
            for (index, participant) in answers.participants.iter().enumerate() {
                let known = &training.participants[index].ratings;
                let ratings = rated(known, answers, catalog);
                let (mut own, mut alone) = (fresh.clone(), alone.clone());
                own.learn(&ratings);
                alone.learn(&ratings);
                let posterior = factors.posterior(known);
                for &(song, liked) in participant
                    .ratings
                    .iter()
                    .filter(|(s, _)| fold[*s] % count == held_out)
                {
                    let embedding = catalog.embedding(answers.tracks[song]);
                    let [overall, _, majority, nearest, _] = baselines.predict(known, song, near);
                    let [a, b, c] =
                        [&own, &alone, &fresh].map(|t| f64::from(t.rate(embedding).probability));
                    let collaborative = factors.rate(&posterior, song);
                    predicted.push((
                        index,
                        [a, b, collaborative, overall, majority, nearest, c],
                        liked,
                    ));
                }
            }
            Ok(predicted)
        })
        .collect::<Result<_, AnswersError>>()?;
    for (index, probabilities, liked) in per_fold.into_iter().flatten() {
        for (cell, p) in cells[index].iter_mut().zip(probabilities) {
            cell.0.push((p as f32, liked));
        }
    }
    let rows: Vec<&Vec<Predictions>> = cells.iter().filter(|c| !c[0].0.is_empty()).collect();
    Ok(scores(&NAMES, &rows, seed))
}

/// The scores of each method over participants.
fn scores(names: &[&str], participants: &[&Vec<Predictions>], seed: u64) -> Vec<MethodScores> {
    let losses = |method: usize| -> Vec<f64> {
        let losses = participants.iter().map(|p| p[method].log_loss());
        losses.collect()
    };
    let first = losses(0);
    names
        .iter()
        .enumerate()
        .map(|(method, name)| {
            let own = losses(method);
            let difference: Vec<f64> = own.iter().zip(&first).map(|(a, b)| a - b).collect();
            let accuracy: Vec<f64> = participants.iter().map(|p| p[method].accuracy()).collect();
            let auc: Vec<f64> = participants
                .iter()
                .filter_map(|p| p[method].auc())
                .collect();
            let all: Vec<(f32, bool)> = participants
                .iter()
                .flat_map(|p| &p[method].0)
                .map(|&(p, liked)| (p.max(1.0 - p), (p > 0.5) == liked))
                .collect();
            MethodScores {
                name: (*name).to_owned(),
                uses_others: *name != ALONE,
                accuracy: interval(&accuracy, seed),
                log_loss: interval(&own, seed),
                auc: (!auc.is_empty()).then(|| interval(&auc, seed)),
                log_loss_difference: interval(&difference, seed),
                calibration_error: calibration_error(&all),
            }
        })
        .collect()
}

/// Mean and 95 % interval by bootstrap over participants.
pub(super) fn interval(values: &[f64], seed: u64) -> [f64; 3] {
    let n = values.len().max(1);
    let centre = values.iter().sum::<f64>() / n as f64;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..BOOTSTRAPS)
        .map(|_| {
            let drawn = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[(share * (BOOTSTRAPS - 1) as f64).round() as usize];
    [centre, at(0.025), at(0.975)]
}
