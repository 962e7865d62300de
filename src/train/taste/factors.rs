//! A collaborative model: logistic matrix factorisation with the sound as side information.
//!
//! The logit of participant `i` for song `s` is `r_i + b_s + u_i·v_s`. The prior of the participant's
//! `(r_i, u_i)` is normal with mean zero, that of the song's `(b_s, v_s)` normal around a linear map of
//! its features, so that a song without ratings has factors too (Agarwal and Chen 2009,
//! "Regression-based latent factor models"). Participants, songs and the map are fitted alternately, each
//! at its maximum a posteriori.

use soundalike_core::linear_algebra::{Cholesky, dot};
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};

/// Number of factors of a participant and of a song.
const RANK: usize = 4;
/// Alternations of participants, songs and map.
const ITERATIONS: usize = 10;
/// Residual variance of a song's factors around the map.
const RESIDUAL: f64 = 0.05;
/// Residual variance of a song's offset, its popularity, around the map.
const POPULARITY: f64 = 0.3;
/// Variance over songs of each factor by the map.
const MAPPED: f64 = 0.5;

/// The fitted model.
pub(super) struct Factors {
    participant: Prior,
    /// `[songs][1 + RANK]`, by the index of the song; of songs without ratings by the map alone.
    songs: Vec<Vec<f64>>,
    /// Whether the song has ratings.
    rated: Vec<bool>,
}

impl Factors {
    /// Fits the ratings of each participant: songs, by index, with whether they are liked. `features`
    /// are `[songs][weights]` by [`soundalike_core::taste::space::Space::features`], `shares` those of
    /// the space.
    pub(super) fn fit(
        features: &[Vec<f64>],
        shares: &[f64],
        participants: &[Vec<(usize, bool)>],
    ) -> Self {
        let width = shares.len() + 1;
        let root: f64 = shares.iter().map(|s| s.sqrt()).sum();
        let mut around = vec![1.0];
        around.extend(shares.iter().map(|s| MAPPED * s.sqrt() / root));
        let mut rated = vec![false; features.len()];
        let mut by_song: Vec<Vec<(usize, bool)>> = vec![Vec::new(); features.len()];
        for (i, ratings) in participants.iter().enumerate() {
            for &(song, liked) in ratings {
                rated[song] = true;
                by_song[song].push((i, liked));
            }
        }
        // From a song's features to its factors, `[1 + RANK][weights]`; the first its popularity.
        // The factors start as the first components.
        let mut map = vec![vec![0.0; width]; 1 + RANK];
        for (k, row) in map.iter_mut().enumerate().skip(1) {
            if let Some(weight) = row.get_mut(k) {
                *weight = MAPPED.sqrt();
            }
        }
        let participant = Prior::diagonal(&[1.0; 1 + RANK], 1.0);
        let mapped = |map: &[Vec<f64>], song: usize| -> Vec<f64> {
            map.iter().map(|row| dot(row, &features[song])).collect()
        };
        let mut songs: Vec<Vec<f64>> = (0..features.len()).map(|s| mapped(&map, s)).collect();
        let mut noise = [RESIDUAL; 1 + RANK];
        noise[0] = POPULARITY;
        for _ in 0..ITERATIONS {
            let tastes: Vec<Vec<f64>> = participants
                .iter()
                .map(|ratings| Posterior::of(&participant, &observations(ratings, &songs)).mean)
                .collect();
            for (s, ratings) in by_song.iter().enumerate() {
                let mut prior = Prior::diagonal(&noise, 1.0);
                prior.mean = mapped(&map, s);
                songs[s] = Posterior::of(&prior, &observations(ratings, &tastes)).mean;
            }
            // Ridge regression of the rated songs' factors on their features.
            for (k, row) in map.iter_mut().enumerate() {
                let mut normal = vec![0.0; width * width];
                let mut right = vec![0.0; width];
                for (i, a) in around.iter().enumerate() {
                    normal[i * (width + 1)] = noise[k] / a;
                }
                for s in (0..features.len()).filter(|&s| rated[s]) {
                    for (i, x) in features[s].iter().enumerate() {
                        right[i] += x * songs[s][k];
                        for (j, y) in features[s].iter().enumerate() {
                            normal[i * width + j] += x * y;
                        }
                    }
                }
                if let Some(cholesky) = Cholesky::of(normal, width) {
                    *row = cholesky.solve(&right);
                }
            }
        }
        for s in (0..features.len()).filter(|&s| !rated[s]) {
            songs[s] = mapped(&map, s);
        }
        Self {
            participant,
            songs,
            rated,
        }
    }

    /// The posterior of a participant's factors, given some ratings.
    pub(super) fn posterior(&self, known: &[(usize, bool)]) -> Posterior {
        Posterior::of(&self.participant, &observations(known, &self.songs))
    }

    /// Probability that a participant likes a song.
    pub(super) fn rate(&self, participant: &Posterior, song: usize) -> f64 {
        let (x, offset) = as_features(&self.songs[song]);
        let (mean, mut variance) = participant.logit(&x);
        if !self.rated[song] {
            let squares: f64 = dot(&participant.mean[1..], &participant.mean[1..]);
            variance += POPULARITY + RESIDUAL * squares;
        }
        sigmoid(moderation(variance) * (mean + offset))
    }
}

/// The features and the offset that factors `(b, v)` are for the other side: `(1, v)` and `b`.
fn as_features(factors: &[f64]) -> (Vec<f64>, f64) {
    let mut features = factors.to_vec();
    let offset = std::mem::replace(&mut features[0], 1.0);
    (features, offset)
}

fn observations(ratings: &[(usize, bool)], others: &[Vec<f64>]) -> Vec<Observation> {
    ratings
        .iter()
        .map(|&(other, liked)| {
            let (features, offset) = as_features(&others[other]);
            Observation {
                features,
                offset,
                liked,
            }
        })
        .collect()
}
