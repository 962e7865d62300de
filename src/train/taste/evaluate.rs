//! How well ratings are predicted on held-out participants and songs, beside baselines.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::answers::{Answers, AnswersError, MIN_PARTICIPANTS};
use super::baselines::{Baselines, neighbours};
use super::factors::Factors;
use super::hamming::HammingRow;
use super::resampling::{FOLDS, folds};
use super::scores::{ALONE, MethodScores, PersonalScores, Predictions, scores};
use super::{favourite, networks};
use soundalike_core::catalog::Catalog;
use soundalike_core::taste::posterior::Posterior;
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{RatedSong, Taste};

/// Numbers of known ratings.
const KNOWN_RATINGS: [usize; 4] = [5, 10, 20, 40];
/// Random choices of which ratings are known.
const REPEATS: u64 = 3;
/// The methods of the table, the personal models first.
const METHODS: [&str; 8] = [
    "personal, with population",
    ALONE,
    "collaborative factors",
    "majority overall",
    "majority per song",
    "majority per person",
    "nearest neighbour",
    "popularity",
];
/// The methods for songs without ratings.
const COLD_START_METHODS: [&str; 7] = [
    "personal, with population",
    ALONE,
    "collaborative factors",
    "majority overall",
    "majority per person",
    "nearest neighbour",
    "the population's mean taste",
];

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
    let evaluation = Evaluation::new(answers, catalog, seed)?;
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
        favourite: favourite::hamming(answers, catalog, &evaluation.space, seed),
        networks: Vec::new(),
        personal: evaluation.personal()?,
        cold_start: evaluation.cold_start()?,
    })
}

/// Adds Perry's task by networks, which takes minutes; the rest takes seconds.
pub fn with_networks(report: TasteReport, answers: &Answers, seed: u64) -> TasteReport {
    TasteReport {
        networks: networks::hamming(answers, seed),
        ..report
    }
}

/// What the personal models are evaluated on.
struct Evaluation<'a> {
    answers: &'a Answers,
    catalog: &'a Catalog,
    space: Space,
    /// Of each song the others, the most similar first.
    near: Vec<Vec<usize>>,
    /// The personal model without a population, before any rating.
    alone: Taste,
    seed: u64,
}

/// The models, fitted to the ratings of the training participants.
struct Models {
    with_population: Taste,
    factors: Factors,
    baselines: Baselines,
}

/// The models of one participant, fitted to the known ratings as well.
struct PersonalModels<'a> {
    models: &'a Models,
    known: &'a [(usize, bool)],
    with_population: Taste,
    alone: Taste,
    factors: Posterior,
}

/// Per number of known ratings, per method.
type PersonalPredictions = Vec<Vec<Predictions>>;

/// The predictions of one rating of a held-out song.
struct ColdStartPrediction {
    participant: usize,
    /// Probabilities of a like, in the order of [`COLD_START_METHODS`].
    probabilities: [f64; 7],
    liked: bool,
}

impl<'a> Evaluation<'a> {
    fn new(answers: &'a Answers, catalog: &'a Catalog, seed: u64) -> Result<Self, AnswersError> {
        Ok(Self {
            answers,
            catalog,
            space: Space::of(catalog),
            near: neighbours(answers, catalog),
            alone: Taste::new(catalog, None)?,
            seed,
        })
    }

    /// Fits the models to some participants' ratings of the songs that `includes` accepts. `training` holds the
    /// ratings of these songs only.
    fn fit(
        &self,
        training: &Answers,
        participants: &[usize],
        includes: impl Fn(usize) -> bool,
    ) -> Result<Models, AnswersError> {
        let population = training.population_of(self.catalog, &self.space, participants, includes);
        let features: Vec<Vec<f64>> = training
            .tracks
            .iter()
            .map(|&track| self.space.features(self.catalog.embedding(track)))
            .collect();
        let ratings: Vec<Vec<(usize, bool)>> = participants
            .iter()
            .map(|&p| training.participants[p].ratings.clone())
            .collect();
        Ok(Models {
            with_population: Taste::new(self.catalog, Some(&population))?,
            factors: Factors::fit(&features, &self.space.shares, &ratings),
            baselines: Baselines::fit(training, participants, &self.near),
        })
    }

    /// Fits the personal models to a participant's known ratings.
    fn personalise<'b>(
        &self,
        models: &'b Models,
        known: &'b [(usize, bool)],
    ) -> PersonalModels<'b> {
        let rated: Vec<RatedSong<'_>> = known
            .iter()
            .map(|&(song, liked)| RatedSong {
                embedding: self.embedding(song),
                liked,
            })
            .collect();
        let fitted = |taste: &Taste| {
            let mut taste = taste.clone();
            taste.learn(&rated);
            taste
        };
        PersonalModels {
            known,
            with_population: fitted(&models.with_population),
            alone: fitted(&self.alone),
            factors: models.factors.posterior(known),
            models,
        }
    }

    fn embedding(&self, song: usize) -> &'a [f32] {
        self.catalog.embedding(self.answers.tracks[song])
    }

    /// Probabilities that the participant likes a song, in the order of [`METHODS`].
    fn predict(&self, personal: &PersonalModels<'_>, song: usize) -> [f64; 8] {
        let models = personal.models;
        let embedding = self.embedding(song);
        let probability = |taste: &Taste| f64::from(taste.rate(embedding).probability);
        let baselines = &models.baselines;
        let [overall, per_song, per_person, nearest, popularity] =
            baselines.predict(personal.known, song, &self.near);
        [
            probability(&personal.with_population),
            probability(&personal.alone),
            models.factors.rate(&personal.factors, song),
            overall,
            per_song,
            per_person,
            nearest,
            popularity,
        ]
    }

    /// Cross-validation by participant, for each number of known ratings.
    fn personal(&self) -> Result<Vec<PersonalScores>, AnswersError> {
        let (fold, count) = folds(self.answers.participants.len(), self.seed);
        let per_fold: Vec<Vec<(usize, PersonalPredictions)>> = (0..count)
            .into_par_iter()
            .map(|held_out| {
                let (test, train): (Vec<usize>, Vec<usize>) =
                    (0..fold.len()).partition(|&p| fold[p] == held_out);
                let models = self.fit(self.answers, &train, |_| true)?;
                let predicted = test
                    .into_iter()
                    .map(|p| (p, self.predict_participant(&models, p)));
                Ok(predicted.collect())
            })
            .collect::<Result<_, AnswersError>>()?;
        let mut participants: Vec<(usize, PersonalPredictions)> =
            per_fold.into_iter().flatten().collect();
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
                    rows: scores(&METHODS, &rows, self.seed),
                })
            })
            .collect())
    }

    /// The predictions of one held-out participant's ratings, some of which are known.
    fn predict_participant(&self, models: &Models, participant: usize) -> PersonalPredictions {
        let mut cells = vec![vec![Predictions::default(); METHODS.len()]; KNOWN_RATINGS.len()];
        for repeat in 0..REPEATS {
            let mut ratings = self.answers.participants[participant].ratings.clone();
            let mut rng = ChaCha8Rng::seed_from_u64(
                self.seed ^ repeat.wrapping_mul(0x9E37_79B9) ^ ((participant as u64) << 32),
            );
            ratings.shuffle(&mut rng);
            for (cell, &n) in cells.iter_mut().zip(&KNOWN_RATINGS) {
                if ratings.len() <= n {
                    continue;
                }
                let (known, test) = ratings.split_at(n);
                let personal = self.personalise(models, known);
                for &(song, liked) in test {
                    for (predicted, p) in cell.iter_mut().zip(self.predict(&personal, song)) {
                        predicted.0.push((p as f32, liked));
                    }
                }
            }
        }
        cells
    }

    /// Cold start: cross-validation by song. The models that use other participants are fitted to all ratings of
    /// the training songs, and every model predicts each participant's ratings of the held-out songs.
    fn cold_start(&self) -> Result<Vec<MethodScores>, AnswersError> {
        let participants = self.answers.participants.len();
        let (fold, count) = folds(self.answers.songs.len(), self.seed ^ 1);
        let count = count.min(FOLDS);
        let per_fold: Vec<Vec<ColdStartPrediction>> = (0..count)
            .into_par_iter()
            .map(|held_out| self.predict_new_songs(|song| fold[song] % count == held_out))
            .collect::<Result<_, AnswersError>>()?;
        let mut cells = vec![vec![Predictions::default(); COLD_START_METHODS.len()]; participants];
        for predicted in per_fold.into_iter().flatten() {
            let cells = cells[predicted.participant].iter_mut();
            for (cell, p) in cells.zip(predicted.probabilities) {
                cell.0.push((p as f32, predicted.liked));
            }
        }
        let rows: Vec<&Vec<Predictions>> = cells.iter().filter(|c| !c[0].0.is_empty()).collect();
        Ok(scores(&COLD_START_METHODS, &rows, self.seed))
    }

    /// The predictions of every participant's ratings of the held-out songs.
    fn predict_new_songs(
        &self,
        is_held_out: impl Fn(usize) -> bool,
    ) -> Result<Vec<ColdStartPrediction>, AnswersError> {
        let training = self.answers.without_songs(&is_held_out);
        let all: Vec<usize> = (0..self.answers.participants.len()).collect();
        let models = self.fit(&training, &all, |song| !is_held_out(song))?;
        let mut predictions = Vec::new();
        for participant in all {
            let personal = self.personalise(&models, &training.participants[participant].ratings);
            let ratings = self.answers.participants[participant].ratings.iter();
            for &(song, liked) in ratings.filter(|(song, _)| is_held_out(*song)) {
                let mean_taste = models.with_population.rate(self.embedding(song));
                // Nothing is known of the song's majority or popularity.
                let [
                    with_population,
                    alone,
                    factors,
                    overall,
                    _,
                    per_person,
                    nearest,
                    _,
                ] = self.predict(&personal, song);
                predictions.push(ColdStartPrediction {
                    participant,
                    probabilities: [
                        with_population,
                        alone,
                        factors,
                        overall,
                        per_person,
                        nearest,
                        f64::from(mean_taste.probability),
                    ],
                    liked,
                });
            }
        }
        Ok(predictions)
    }
}
