//! A personal taste model, fitted to likes and dislikes: it is fitted again, in milliseconds, with every
//! rating.
//!
//! Bayesian logistic regression over the catalogue's whitened principal components, by Laplace's
//! approximation with probit-moderated probabilities (MacKay 1992; Bishop 2006, 4.5). How strong
//! tastes are and in which components they lie is not fixed: several priors are fitted beside one
//! another and weighted by their evidence, so that a few ratings, or a person whose likes have nothing
//! to do with the sound, do not lead to overconfident probabilities. With a [`Population`] the priors are
//! those of its people, scaled, and the generic ones remain with a smaller weight. See docs/taste.md for what was measured.
//!
//! Everything here is a pure function of its input: no threads, no random numbers, no clock.
mod population;
pub mod posterior;
pub mod space;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

pub use population::{Origin, Population};

use crate::catalog::{Catalog, Recommendation};
use crate::linear_algebra::dot;
use crate::message::Message;
use crate::model::display_name;
use posterior::{Observation, Posterior, Prior, information, moderation, sigmoid};
use space::Space;

/// Deviations of the logit over the catalogue's songs that a taste may have: from none at all to one
/// that is nearly always right.
const STRENGTHS: [f64; 4] = [0.15, 0.8, 1.6, 3.2];
/// How the variance is spread over the components: in proportion to this power of their shares, from
/// alike in all of them to alike in all directions of the embedding.
const SPREADS: [f64; 2] = [0.5, 1.0];
/// Deviation of how readily people like a song at all, in units of the logit.
const READINESS: f64 = 1.0;
/// Factors by which tastes may be stronger or weaker than the population's (variance), with their
/// probabilities.
const SCALES: [(f64, f64); 3] = [(0.4, 0.2), (1.0, 0.6), (2.5, 0.2)];
/// Prior probability that this taste comes from the population's distribution.
const BELONGS: f64 = 0.9;
/// Most that taste adds to or takes from a similarity in a list of recommendations.
const TASTE_SHARE: f32 = 0.25;
/// Traits named in each direction, at most.
const NAMED: usize = 3;
/// Least [`TasteTrait::weight`] of a trait to be named.
const WORTH_NAMING: f64 = 0.25;
/// Songs are asked about up to this many times as far from the mean, squared, as songs are on average.
const FARTHEST: f64 = 1.5;
/// Least standard deviation of the fitted logit over the catalogue for a taste to be described.
const WORTH_DESCRIBING: f64 = 0.1;

/// What can be wrong with a taste model.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "taste.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum TasteError {
    /// The bytes are not a taste model.
    #[error("is not a taste model of this program ({0})")]
    NotATaste(String),
    /// Another format version.
    #[error("is a taste model of format version {found}; this program reads version {known}")]
    Version {
        /// The file's version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// Fitted to another model's embeddings.
    #[error(
        "was fitted to the embeddings of another model ({taste}…) than the one in use ({model}…), so it does not apply to these songs"
    )]
    OtherModel {
        /// First digits of the SHA-256 of the model that it was fitted with.
        taste: String,
        /// First digits of the SHA-256 of the model in use.
        model: String,
    },
    /// A catalogue whose embeddings are all the same.
    #[error(
        "no taste can be fitted to this catalogue: all its songs sound the same; choose one with different songs"
    )]
    NoDifferences,
}

impl Message for TasteError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotATaste(cause) => vec![("cause", cause.clone())],
            Self::Version { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            Self::OtherModel { taste, model } => {
                vec![("taste", taste.clone()), ("model", model.clone())]
            }
            Self::NoDifferences => Vec::new(),
        }
    }
}

/// One rating of one song.
#[derive(Clone, Copy, Debug)]
pub struct RatedSong<'a> {
    /// `[dimensions]`, of the model that made the catalogue.
    pub embedding: &'a [f32],
    /// Whether the song is liked.
    pub liked: bool,
}

/// The model's prediction for a song.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rated {
    /// Probability that it is liked, 0 to 1.
    pub probability: f32,
    /// Standard deviation of the logit.
    pub deviation: f32,
}

/// A genre or tag with how much it goes with the taste.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TasteTrait {
    /// Genre or tag, as it stands in a sentence.
    pub name: String,
    /// How far the fitted logit of songs that have it lies above that of all songs of the catalogue, in standard
    /// deviations.
    pub weight: f32,
}

/// A summary of a fitted taste.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TasteSummary {
    /// Number of ratings that it was fitted to.
    pub labels: usize,
    /// What is liked more than other things, most so first.
    pub more: Vec<TasteTrait>,
    /// What is liked less, most so first.
    pub less: Vec<TasteTrait>,
    /// Share of the differences between songs that is known rather than guessed, 0 to 1.
    pub certainty: f32,
    /// "more blues and acoustic, less metal", or "nothing yet".
    pub sentence: String,
}

/// The posterior under one of the priors, with that prior's probability.
#[derive(Clone, Debug)]
struct PersonalPosterior {
    share: f64,
    posterior: Posterior,
}

/// A personal taste.
///
/// # Examples
/// ```
/// use soundalike_core::catalog::Catalog;
/// use soundalike_core::taste::{RatedSong, Taste};
///
/// let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG)?;
/// let mut taste = Taste::new(&catalog, None)?;
///
/// let liked = taste.ask(&catalog, &[]).expect("a song to ask about");
/// let before = taste.rate(catalog.embedding(liked));
/// taste.learn(&[RatedSong {
///     embedding: catalog.embedding(liked),
///     liked: true,
/// }]);
/// let after = taste.rate(catalog.embedding(liked));
/// assert!(after.probability > before.probability);
/// assert!(after.deviation < before.deviation);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Taste {
    space: Space,
    priors: Vec<Prior>,
    /// What a song's logit has beyond its features, and its variance, by the bits of its embedding.
    offsets: HashMap<Vec<u32>, (f64, f64)>,
    /// Variance of the offset of any other song.
    offset_variance: f64,
    beliefs: Vec<PersonalPosterior>,
    labels: usize,
}

impl Taste {
    /// A taste that has said nothing yet, over the songs of a catalogue.
    ///
    /// # Errors
    /// [`TasteError::OtherModel`] if the population is of another model than the catalogue,
    /// [`TasteError::NoDifferences`] if all songs are the same.
    pub fn new(catalog: &Catalog, population: Option<&Population>) -> Result<Self, TasteError> {
        let (space, priors, offsets, offset_variance) = match population {
            None => {
                let space = Space::of(catalog);
                let priors = own_priors(&space, 1.0);
                (space, priors, HashMap::new(), 0.0)
            }
            Some(population) => {
                population.check_model(&catalog.provenance.model_sha256)?;
                let by_id: HashMap<&str, (f64, f64)> = population
                    .songs()
                    .iter()
                    .map(String::as_str)
                    .zip(population.offsets.iter().copied())
                    .collect();
                let offsets = (0..catalog.len()).filter_map(|track| {
                    let offset = by_id.get(catalog.tracks[track].path.as_str())?;
                    Some((bits(catalog.embedding(track)), *offset))
                });
                (
                    population.space.clone(),
                    priors_of(population),
                    offsets.collect(),
                    population.offset_variance(),
                )
            }
        };
        if space.rows.is_empty() {
            return Err(TasteError::NoDifferences);
        }
        let mut taste = Self {
            space,
            priors,
            offsets,
            offset_variance,
            beliefs: Vec::new(),
            labels: 0,
        };
        taste.learn(&[]);
        Ok(taste)
    }

    /// Fits the taste to all ratings. Embeddings of another length than the catalogue's are left out.
    pub fn learn(&mut self, labels: &[RatedSong<'_>]) {
        let ratings: Vec<Observation> = labels
            .iter()
            .filter(|label| label.embedding.len() == self.space.centre.len())
            .map(|label| {
                let (mut features, offset, variance) = self.features(label.embedding);
                // An uncertain offset makes a rating less informative, as it does a prediction.
                let shrunk = moderation(variance);
                features.iter_mut().for_each(|x| *x *= shrunk);
                Observation {
                    features,
                    offset: offset * shrunk,
                    liked: label.liked,
                }
            })
            .collect();
        let posteriors = self.priors.iter().map(|p| Posterior::of(p, &ratings));
        let posteriors: Vec<Posterior> = posteriors.collect();
        let scores = self.priors.iter().zip(&posteriors);
        let scores: Vec<f64> = scores
            .map(|(prior, posterior)| prior.share.ln() + posterior.log_evidence)
            .collect();
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let whole: f64 = scores.iter().map(|s| (s - best).exp()).sum();
        self.beliefs = scores
            .into_iter()
            .zip(posteriors)
            .map(|(score, posterior)| PersonalPosterior {
                share: (score - best).exp() / whole,
                posterior,
            })
            .collect();
        self.labels = ratings.len();
    }

    /// How probably a song is liked. A song of another number of dimensions is rated as the mean one.
    pub fn rate(&self, embedding: &[f32]) -> Rated {
        let (features, offset, extra) = self.features(embedding);
        let mut probability = 0.0;
        for belief in &self.beliefs {
            let (mean, variance) = belief.posterior.logit(&features);
            probability += belief.share * sigmoid(moderation(variance + extra) * (mean + offset));
        }
        let (_, variance) = self.logit(&features, extra);
        Rated {
            probability: probability as f32,
            deviation: variance.sqrt() as f32,
        }
    }

    /// The track whose rating has the largest expected information gain; not one of
    /// `known`. `None` if there is no other. A catalogue of other dimensions has none.
    pub fn ask(&self, catalog: &Catalog, known: &[usize]) -> Option<usize> {
        if catalog.dimensions() != self.space.centre.len() {
            return None;
        }
        let known: BTreeSet<usize> = known.iter().copied().collect();
        // An outlier tells little about the other songs, so it is asked about only if no other is left.
        let mut best: Option<(usize, (bool, f64))> = None;
        for track in (0..catalog.len()).filter(|track| !known.contains(track)) {
            let (features, offset, _) = self.features(catalog.embedding(track));
            let distance = dot(&features[1..], &features[1..]);
            let typical = distance <= FARTHEST * (features.len() - 1) as f64;
            // The variance of the offset is left out: it is the song's, not the taste's.
            let (mean, variance) = self.logit(&features, 0.0);
            let gain = information(mean + offset, variance);
            if best.is_none_or(|(_, most)| (typical, gain) > most) {
                best = Some((track, (typical, gain)));
            }
        }
        best.map(|(track, _)| track)
    }

    /// A summary of the taste in the genres and tags of a catalogue.
    pub fn summary(&self, catalog: &Catalog) -> TasteSummary {
        let weights = self.direction();
        let strength = dot(&weights, &weights);
        let unknown: f64 = self
            .beliefs
            .iter()
            .map(|belief| {
                let size = self.space.weights();
                let variances = (1..size).map(|i| belief.posterior.covariance[i * size + i]);
                belief.share * variances.sum::<f64>()
            })
            .sum();
        let mut summary = TasteSummary {
            labels: self.labels,
            more: Vec::new(),
            less: Vec::new(),
            certainty: 0.0,
            sentence: "nothing yet".to_owned(),
        };
        if self.labels == 0 || strength.sqrt() < WORTH_DESCRIBING {
            return summary;
        }
        summary.certainty = (strength / (strength + unknown)) as f32;
        let traits = self.traits(catalog, &weights);
        summary.more = named(traits.iter());
        summary.less = named(traits.iter().rev());
        summary.more.retain(|t| f64::from(t.weight) >= WORTH_NAMING);
        summary
            .less
            .retain(|t| f64::from(t.weight) <= -WORTH_NAMING);
        let part = |word: &str, traits: &[TasteTrait]| {
            let names: Vec<&str> = traits.iter().map(|t| t.name.as_str()).collect();
            let list = match names.as_slice() {
                [] => return None,
                [only] => (*only).to_owned(),
                [first @ .., last] => format!("{} and {last}", first.join(", ")),
            };
            Some(format!("{word} {list}"))
        };
        let parts = [part("more", &summary.more), part("less", &summary.less)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            summary.sentence = parts.join(", ");
        }
        summary
    }

    /// Recommendations by similarity and taste together; as they came without opinions.
    ///
    /// A song keeps the similarity of its place in the list and gains or loses as much as it is liked
    /// more or less than the others, a quarter at most, and gains only in proportion to its own
    /// similarity: what sounds nothing alike does not rise, and never comes first.
    pub fn rerank(&self, catalog: &Catalog, found: Vec<Recommendation>) -> Vec<Recommendation> {
        if self.labels == 0 || found.len() < 2 || catalog.dimensions() != self.space.centre.len() {
            return found;
        }
        let liked: Vec<f32> = found
            .iter()
            .map(|r| match r.track < catalog.len() {
                true => self.rate(catalog.embedding(r.track)).probability,
                false => 0.5,
            })
            .collect();
        let usual = liked.iter().sum::<f32>() / liked.len() as f32;
        // The list may be in another order than that of the similarities, by genre for one: its
        // places are kept, and the similarities are given to them in order.
        let mut places: Vec<f32> = found.iter().map(|r| r.similarity).collect();
        places.sort_by(|a, b| b.total_cmp(a));
        let mut scored: Vec<(f32, Recommendation)> = found
            .into_iter()
            .zip(places)
            .zip(liked)
            .map(|((r, place), liked)| {
                let mut taste = TASTE_SHARE * (liked - usual).clamp(-1.0, 1.0);
                if taste > 0.0 {
                    taste *= r.similarity.clamp(0.0, 1.0);
                }
                (place + taste, r)
            })
            .collect();
        // Stable, so that equal scores keep their order.
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().map(|(_, r)| r).collect()
    }

    /// What the labels have taught of the weights of the components, `[components]`: the mean less
    /// that of the prior.
    pub fn direction(&self) -> Vec<f64> {
        let mut direction = vec![0.0; self.space.rows.len()];
        for (belief, prior) in self.beliefs.iter().zip(&self.priors) {
            let known = belief.posterior.mean[1..].iter().zip(&prior.mean[1..]);
            for (d, (w, m)) in direction.iter_mut().zip(known) {
                *d += belief.share * (w - m);
            }
        }
        direction
    }

    /// Features of a song, its offset, and the variance of that.
    fn features(&self, embedding: &[f32]) -> (Vec<f64>, f64, f64) {
        let known = if self.offsets.is_empty() {
            None
        } else {
            self.offsets.get(&bits(embedding)).copied()
        };
        let (offset, variance) = known.unwrap_or((0.0, self.offset_variance));
        (self.space.features(embedding), offset, variance)
    }

    /// Mean and variance of a logit over all beliefs.
    fn logit(&self, features: &[f64], extra: f64) -> (f64, f64) {
        let (mut mean, mut square) = (0.0, 0.0);
        for belief in &self.beliefs {
            let (m, v) = belief.posterior.logit(features);
            mean += belief.share * m;
            square += belief.share * (v + m * m);
        }
        (mean, (square - mean * mean).max(0.0) + extra)
    }

    /// All genres and tags by how much the songs that have them are liked, greatest first.
    fn traits(&self, catalog: &Catalog, weights: &[f64]) -> Vec<TasteTrait> {
        if catalog.dimensions() != self.space.centre.len() {
            return Vec::new();
        }
        let logits: Vec<f64> = (0..catalog.len())
            .map(|track| dot(weights, &self.space.features(catalog.embedding(track))[1..]))
            .collect();
        let genres = catalog
            .provenance
            .genres
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let column =
                    (0..catalog.len()).map(move |t| f64::from(catalog.probabilities(t)[i]));
                (display_name(name).to_owned(), column.collect::<Vec<f64>>())
            });
        let tags = catalog.provenance.tags.iter().enumerate().map(|(i, name)| {
            let column = (0..catalog.len()).map(move |t| f64::from(catalog.tags(t)[i]));
            (display_name(name).to_owned(), column.collect::<Vec<f64>>())
        });
        let mut traits: Vec<TasteTrait> = genres
            .chain(tags)
            .map(|(name, column)| TasteTrait {
                name,
                weight: standing(&column, &logits) as f32,
            })
            .collect();
        traits.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        traits
    }
}

/// The first traits, each of another kind: "heavy metal" says nothing after "metal".
fn named<'a>(traits: impl Iterator<Item = &'a TasteTrait>) -> Vec<TasteTrait> {
    let plain = |name: &str| -> String {
        name.to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect()
    };
    let mut chosen: Vec<TasteTrait> = Vec::new();
    for candidate in traits {
        if chosen.len() == NAMED {
            break;
        }
        let name = plain(&candidate.name);
        let said = chosen.iter().map(|t| plain(&t.name));
        if !said
            .into_iter()
            .any(|s| s.contains(&name) || name.contains(&s))
        {
            chosen.push(candidate.clone());
        }
    }
    chosen
}

/// How far the logits of songs that have a trait lie above the mean of all songs, in standard deviations: their mean
/// weighted by `column`, the trait's probability in each song. A trait of few songs counts for as much as one of many.
fn standing(column: &[f64], logits: &[f64]) -> f64 {
    let n = logits.len().max(1) as f64;
    let mean = logits.iter().sum::<f64>() / n;
    let deviation = (logits.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt();
    let weight: f64 = column.iter().sum();
    if deviation <= 0.0 || weight <= 0.0 {
        return 0.0;
    }
    let sum: f64 = column.iter().zip(logits).map(|(c, l)| c * (l - mean)).sum();
    sum / weight / deviation
}

/// The bits of an embedding, to know a song by.
fn bits(embedding: &[f32]) -> Vec<u32> {
    embedding.iter().map(|v| v.to_bits()).collect()
}

/// Priors that know nothing of other people, of this probability together.
fn own_priors(space: &Space, share: f64) -> Vec<Prior> {
    let each = share / (STRENGTHS.len() * SPREADS.len()) as f64;
    let mut priors = Vec::new();
    for strength in STRENGTHS {
        for spread in SPREADS {
            let parts: Vec<f64> = space.shares.iter().map(|s| s.powf(spread)).collect();
            let whole: f64 = parts.iter().sum();
            let mut variances = vec![READINESS * READINESS];
            variances.extend(parts.iter().map(|p| {
                // Nothing is known for certain, or the covariance has no inverse.
                (strength * strength * p / whole).max(1e-9)
            }));
            priors.push(Prior::diagonal(&variances, each));
        }
    }
    priors
}

/// The population's priors, scaled, and those that know nothing of it but its mean.
fn priors_of(population: &Population) -> Vec<Prior> {
    let mut priors: Vec<Prior> = SCALES
        .iter()
        .filter_map(|&(scale, share)| {
            let mut covariance = population.covariance();
            let size = population.mean.len();
            for (index, c) in covariance.iter_mut().enumerate() {
                // How readily people like anything is no matter of the strength of their tastes.
                let (row, column) = (index / size, index % size);
                let factor = match (row == 0, column == 0) {
                    (true, true) => 1.0,
                    (false, false) => scale,
                    _ => scale.sqrt(),
                };
                *c *= factor;
            }
            Prior::full(population.mean.clone(), covariance, BELONGS * share)
        })
        .collect();
    let mut others = own_priors(&population.space, 1.0 - BELONGS);
    for prior in &mut others {
        prior.mean.clone_from(&population.mean);
    }
    priors.extend(others);
    priors
}
