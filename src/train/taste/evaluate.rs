//! How well tastes are predicted, beside baselines.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::factors::Factors;
use super::favourite::{HammingRow, hamming};
use super::simulate::centred;
use super::{Answers, AnswersError, FEWEST};
use crate::metrics::{area_under_curve, calibration_error, mean};
use soundalike_core::catalog::Catalog;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Population, RatedSong, Taste};

/// Numbers of known opinions.
const KNOWN: [usize; 4] = [5, 10, 20, 40];
/// Seeded choices of which opinions are known.
const REPEATS: u64 = 3;
/// Folds by participant where there are more than [`ONE_BY_ONE`].
const FOLDS: usize = 5;
/// Participants up to which each is left out alone.
const ONE_BY_ONE: usize = 20;
/// Resamples of the participants behind an interval.
const BOOTSTRAPS: usize = 1000;
/// Imagined opinions of the usual kind that smooth a share, so that none is zero or one.
const IMAGINED: f64 = 2.0;
/// The rows of the table, the personal models first.
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

/// The ways that know nothing of what others said.
const ALONE: &str = "personal, alone";

/// Figures of one way to predict opinions: means over participants with 95 % intervals by bootstrap
/// over participants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Name of the way.
    pub name: String,
    /// Whether it knows what other people said of the songs; the others know this person alone.
    pub knows_others: bool,
    /// Share of opinions predicted.
    pub accuracy: [f64; 3],
    /// Mean negative log likelihood in nats.
    pub log_loss: [f64; 3],
    /// Area under the ROC curve within a participant, where it is defined.
    pub auc: Option<[f64; 3]>,
    /// Log loss less that of the first way, by participant: above zero where the first is better.
    pub behind: [f64; 3],
    /// Expected calibration error over all opinions.
    pub calibration_error: f64,
}

/// Figures with one number of known opinions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Personal {
    /// Opinions of the participant that are known.
    pub labels: usize,
    /// Participants who have more than these.
    pub participants: usize,
    /// All ways.
    pub rows: Vec<Figure>,
}

/// Everything measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TasteReport {
    /// "simulated", or "of people".
    pub answers: String,
    /// Participants.
    pub participants: usize,
    /// Songs.
    pub songs: usize,
    /// Opinions, the unknown left out.
    pub opinions: usize,
    /// Share of them that like.
    pub liked: f64,
    /// How participants were left out.
    pub left_out: String,
    /// Perry's task, by linear readings of summaries.
    pub favourite: Vec<HammingRow>,
    /// Perry's task, by networks, where they were asked for: see [`with_networks`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<HammingRow>,
    /// Personal tastes.
    pub personal: Vec<Personal>,
    /// Songs that nobody was asked about.
    pub cold_start: Vec<Figure>,
}

/// Predictions opinions of one participant by one way.
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

/// Which fold each of `count` things is in, shuffled by a seed; each alone where there are few.
pub(super) fn folds(count: usize, seed: u64) -> (Vec<usize>, usize) {
    let folds = if count <= ONE_BY_ONE { count } else { FOLDS };
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut fold = vec![0; count];
    for (place, thing) in order.into_iter().enumerate() {
        fold[thing] = place % folds;
    }
    (fold, folds)
}

/// What the people of the other folds say: likelihoods for the baselines.
struct Baselines {
    /// Share of all opinions that like.
    liked: f64,
    /// By song, smoothed.
    songs: Vec<f64>,
    /// Probability of a like where the nearest known song is disliked and liked.
    nearest: [f64; 2],
}

impl Baselines {
    fn of(answers: &Answers, people: &[usize], near: &[Vec<usize>]) -> Self {
        let mut counts = vec![(0.0, 0.0); answers.songs.len()];
        let mut agree = [(0.0, 0.0); 2];
        for &person in people {
            let labels = &answers.people[person].labels;
            for &(song, liked) in labels {
                counts[song].0 += f64::from(u8::from(liked));
                counts[song].1 += 1.0;
                if let Some(other) = nearest(labels, song, near) {
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
        let smooth = |c: &(f64, f64)| (c.0 + IMAGINED * liked) / (c.1 + IMAGINED);
        Self {
            liked,
            songs: counts.iter().map(smooth).collect(),
            nearest: agree.map(|c| smooth(&c)),
        }
    }

    /// The five baselines' probabilities for a song, in the order of [`MODELS`].
    fn predict(&self, known: &[(usize, bool)], song: usize, near: &[Vec<usize>]) -> [f64; 5] {
        let likes = known.iter().filter(|(_, liked)| *liked).count() as f64;
        let person = (likes + IMAGINED * self.liked) / (known.len() as f64 + IMAGINED);
        let nearest =
            nearest(known, song, near).map_or(self.liked, |n| self.nearest[usize::from(n)]);
        [
            self.liked,
            self.songs[song],
            person,
            nearest,
            self.popular(known, song),
        ]
    }

    /// The song's share among the others, moved by how readily this person likes anything.
    fn popular(&self, known: &[(usize, bool)], song: usize) -> f64 {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let opinions: Vec<Observation> = known
            .iter()
            .map(|&(s, liked)| Observation {
                features: vec![1.0],
                offset: logit(self.songs[s]),
                liked,
            })
            .collect();
        let (mean, variance) =
            Posterior::of(&Prior::diagonal(&[1.0], 1.0), &opinions).logit(&[1.0]);
        sigmoid(moderation(variance) * (mean + logit(self.songs[song])))
    }
}

/// The opinion on the known song that sounds most like this one.
fn nearest(known: &[(usize, bool)], song: usize, near: &[Vec<usize>]) -> Option<bool> {
    near[song].iter().find_map(|other| {
        let found = known.iter().find(|(s, _)| s == other && *s != song);
        found.map(|(_, liked)| *liked)
    })
}

/// Measures all three tasks.
///
/// # Errors
/// If there are too few answers, or the catalogue cannot tell songs apart.
pub fn evaluate(
    answers: &Answers,
    catalog: &Catalog,
    seed: u64,
) -> Result<TasteReport, AnswersError> {
    if answers.people.len() < FEWEST {
        return Err(AnswersError::TooFew {
            found: answers.people.len(),
        });
    }
    let space = Space::of(catalog);
    let near = neighbours(answers, catalog);
    let opinions: usize = answers.people.iter().map(|p| p.labels.len()).sum();
    let likes = answers.people.iter().flat_map(|p| &p.labels);
    let (_, count) = folds(answers.people.len(), seed);
    Ok(TasteReport {
        answers: if answers.simulated {
            "simulated"
        } else {
            "of people"
        }
        .to_owned(),
        participants: answers.people.len(),
        songs: answers.songs.len(),
        opinions,
        liked: likes.filter(|(_, liked)| *liked).count() as f64 / opinions.max(1) as f64,
        left_out: if count == answers.people.len() {
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

/// Adds perry's task by networks, which takes minutes where the rest takes seconds.
pub fn with_networks(report: TasteReport, answers: &Answers, seed: u64) -> TasteReport {
    TasteReport {
        networks: super::networks::hamming(answers, seed),
        ..report
    }
}

/// Of each song the others, most alike first, by cosine from the catalogue's mean.
fn neighbours(answers: &Answers, catalog: &Catalog) -> Vec<Vec<usize>> {
    let away = centred(catalog);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    let rows: Vec<&Vec<f64>> = answers.tracks.iter().map(|&t| &away[t]).collect();
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
) -> Result<Vec<Personal>, AnswersError> {
    let (fold, count) = folds(answers.people.len(), seed);
    let alone = Taste::new(catalog, None)?;
    // Per person: per number of known opinions: per model.
    type Cells = Vec<Vec<Predictions>>;
    let per_fold: Vec<Vec<(usize, Cells)>> = (0..count)
        .into_par_iter()
        .map(|left_out| {
            let others: Vec<usize> = (0..fold.len()).filter(|&p| fold[p] != left_out).collect();
            let population = answers.population_of(catalog, space, &others, |_| true);
            let with = Taste::new(catalog, Some(&population))?;
            let said = Baselines::of(answers, &others, near);
            let factors = factors_of(answers, catalog, space, &others);
            let people = (0..fold.len()).filter(|&p| fold[p] == left_out);
            Ok(people
                .map(|p| {
                    let cells = of_person(
                        answers,
                        catalog,
                        p,
                        (&with, &alone, &factors),
                        &said,
                        near,
                        seed,
                    );
                    (p, cells)
                })
                .collect())
        })
        .collect::<Result<_, AnswersError>>()?;
    let mut people: Vec<(usize, Cells)> = per_fold.into_iter().flatten().collect();
    people.sort_by_key(|(p, _)| *p);
    Ok(KNOWN
        .iter()
        .enumerate()
        .filter_map(|(at, &labels)| {
            let rows: Vec<&Vec<Predictions>> = people
                .iter()
                .map(|(_, cells)| &cells[at])
                .filter(|cells| !cells[0].0.is_empty())
                .collect();
            (!rows.is_empty()).then(|| Personal {
                labels,
                participants: rows.len(),
                rows: figures(&MODELS, &rows, seed),
            })
        })
        .collect())
}

/// The collaborative model of some people's opinions.
fn factors_of(answers: &Answers, catalog: &Catalog, space: &Space, people: &[usize]) -> Factors {
    let features: Vec<Vec<f64>> = answers
        .tracks
        .iter()
        .map(|&track| space.features(catalog.embedding(track)))
        .collect();
    let labels: Vec<Vec<(usize, bool)>> = people
        .iter()
        .map(|&p| answers.people[p].labels.clone())
        .collect();
    Factors::learn(&features, &space.shares, &labels)
}

/// What is predicted of one person: per number of known opinions, per model.
fn of_person(
    answers: &Answers,
    catalog: &Catalog,
    person: usize,
    (with, alone, factors): (&Taste, &Taste, &Factors),
    said: &Baselines,
    near: &[Vec<usize>],
    seed: u64,
) -> Vec<Vec<Predictions>> {
    let mut cells = vec![vec![Predictions::default(); MODELS.len()]; KNOWN.len()];
    for repeat in 0..REPEATS {
        let mut labels = answers.people[person].labels.clone();
        let mut rng = ChaCha8Rng::seed_from_u64(
            seed ^ repeat.wrapping_mul(0x9E37_79B9) ^ ((person as u64) << 32),
        );
        labels.shuffle(&mut rng);
        for (cell, &n) in cells.iter_mut().zip(&KNOWN) {
            if labels.len() <= n {
                continue;
            }
            let (known, asked) = labels.split_at(n);
            let taught = |taste: &Taste| {
                let mut taste = taste.clone();
                taste.learn(&labelled(known, answers, catalog));
                taste
            };
            let (with, alone) = (taught(with), taught(alone));
            let in_common = factors.taught(known);
            for &(song, liked) in asked {
                let embedding = catalog.embedding(answers.tracks[song]);
                let own = [&with, &alone].map(|t| f64::from(t.rate(embedding).probability));
                let collaborative = factors.rate(&in_common, song);
                let all = own
                    .into_iter()
                    .chain([collaborative])
                    .chain(said.predict(known, song, near));
                for (predicted, p) in cell.iter_mut().zip(all) {
                    predicted.0.push((p as f32, liked));
                }
            }
        }
    }
    cells
}

pub(super) fn labelled<'a>(
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

/// Songs left out in folds: what the models that know others, learnt from all opinions on the other songs,
/// foresees of them, for each participant.
fn cold_start(
    answers: &Answers,
    catalog: &Catalog,
    space: &Space,
    near: &[Vec<usize>],
    seed: u64,
) -> Result<Vec<Figure>, AnswersError> {
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
    let everybody: Vec<usize> = (0..answers.people.len()).collect();
    let alone = Taste::new(catalog, None)?;
    let mut cells = vec![vec![Predictions::default(); NAMES.len()]; answers.people.len()];
    let count = count.min(FOLDS);
    let per_fold: Vec<Vec<(usize, [f64; 7], bool)>> = (0..count)
        .into_par_iter()
        .map(|left_out| {
            let population: Population =
                answers.population_of(catalog, space, &everybody, |s| fold[s] % count != left_out);
            let fresh = Taste::new(catalog, Some(&population))?;
            let seen: Answers = Answers {
                people: answers
                    .people
                    .iter()
                    .map(|p| super::Person {
                        labels: p
                            .labels
                            .iter()
                            .copied()
                            .filter(|(s, _)| fold[*s] % count != left_out)
                            .collect(),
                        favourite: p.favourite.clone(),
                    })
                    .collect(),
                ..answers.clone()
            };
            let said = Baselines::of(&seen, &everybody, near);
            let factors = factors_of(&seen, catalog, space, &everybody);
            let mut predicted = Vec::new();
            for (person, p) in answers.people.iter().enumerate() {
                let known = &seen.people[person].labels;
                let labels = labelled(known, answers, catalog);
                let (mut own, mut alone) = (fresh.clone(), alone.clone());
                own.learn(&labels);
                alone.learn(&labels);
                let in_common = factors.taught(known);
                for &(song, liked) in p
                    .labels
                    .iter()
                    .filter(|(s, _)| fold[*s] % count == left_out)
                {
                    let embedding = catalog.embedding(answers.tracks[song]);
                    let [overall, _, majority, nearest, _] = said.predict(known, song, near);
                    let [a, b, c] =
                        [&own, &alone, &fresh].map(|t| f64::from(t.rate(embedding).probability));
                    let collaborative = factors.rate(&in_common, song);
                    predicted.push((
                        person,
                        [a, b, collaborative, overall, majority, nearest, c],
                        liked,
                    ));
                }
            }
            Ok(predicted)
        })
        .collect::<Result<_, AnswersError>>()?;
    for (person, probabilities, liked) in per_fold.into_iter().flatten() {
        for (cell, p) in cells[person].iter_mut().zip(probabilities) {
            cell.0.push((p as f32, liked));
        }
    }
    let rows: Vec<&Vec<Predictions>> = cells.iter().filter(|c| !c[0].0.is_empty()).collect();
    Ok(figures(&NAMES, &rows, seed))
}

/// Figures of each way over people.
fn figures(names: &[&str], people: &[&Vec<Predictions>], seed: u64) -> Vec<Figure> {
    let losses = |way: usize| -> Vec<f64> { people.iter().map(|p| p[way].log_loss()).collect() };
    let first = losses(0);
    names
        .iter()
        .enumerate()
        .map(|(way, name)| {
            let own = losses(way);
            let behind: Vec<f64> = own.iter().zip(&first).map(|(a, b)| a - b).collect();
            let accuracy: Vec<f64> = people.iter().map(|p| p[way].accuracy()).collect();
            let auc: Vec<f64> = people.iter().filter_map(|p| p[way].auc()).collect();
            let all: Vec<(f32, bool)> = people
                .iter()
                .flat_map(|p| &p[way].0)
                .map(|&(p, liked)| (p.max(1.0 - p), (p > 0.5) == liked))
                .collect();
            Figure {
                name: (*name).to_owned(),
                knows_others: *name != ALONE,
                accuracy: interval(&accuracy, seed),
                log_loss: interval(&own, seed),
                auc: (!auc.is_empty()).then(|| interval(&auc, seed)),
                behind: interval(&behind, seed),
                calibration_error: calibration_error(&all),
            }
        })
        .collect()
}

/// Mean and 95 % interval by resampling people.
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
