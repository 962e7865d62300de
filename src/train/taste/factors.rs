//! A collaborative model: logistic matrix factorisation with the sound as side information.
//!
//! The logit of person `i` for song `s` is `r_i + b_s + u_i·v_s`. The person's `(r_i, u_i)` is normal
//! around zero, the song's `(b_s, v_s)` normal around a linear map of its features, so that a song that
//! nobody judged has factors too (Agarwal and Chen 2009, "Regression-based latent factor models").
//! People, songs and the map are fitted by turns, each at its most probable value.

use soundalike_core::linear_algebra::{Cholesky, dot};
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};

/// Factors of a person and of a song.
const RANK: usize = 4;
/// Turns of people, songs and map.
const TURNS: usize = 10;
/// Variance of what a song's own factors have beyond the map.
const BEYOND: f64 = 0.05;
/// Variance of how much a song is liked beyond the map.
const POPULARITY: f64 = 0.3;
/// Variance over songs that the map gives each factor.
const MAPPED: f64 = 0.5;

/// The fitted model.
pub(super) struct Factors {
    person: Prior,
    /// `[songs][1 + RANK]`, by the index of the song; those that nobody judged by the map alone.
    songs: Vec<Vec<f64>>,
    /// Whether anybody judged the song.
    judged: Vec<bool>,
}

impl Factors {
    /// Fits people's opinions, each a list of songs by index with whether they are liked. `features`
    /// are `[songs][weights]` by [`soundalike_core::taste::space::Space::features`], `shares` those of the space.
    pub(super) fn learn(
        features: &[Vec<f64>],
        shares: &[f64],
        people: &[Vec<(usize, bool)>],
    ) -> Self {
        let width = shares.len() + 1;
        let root: f64 = shares.iter().map(|s| s.sqrt()).sum();
        let mut around = vec![1.0];
        around.extend(shares.iter().map(|s| MAPPED * s.sqrt() / root));
        let mut judged = vec![false; features.len()];
        let mut by_song: Vec<Vec<(usize, bool)>> = vec![Vec::new(); features.len()];
        for (i, person) in people.iter().enumerate() {
            for &(song, liked) in person {
                judged[song] = true;
                by_song[song].push((i, liked));
            }
        }
        // From a song's features to its factors, `[1 + RANK][weights]`; the first its popularity.
        // The first factors are the first components; the turns move them.
        let mut map = vec![vec![0.0; width]; 1 + RANK];
        for (k, row) in map.iter_mut().enumerate().skip(1) {
            if let Some(weight) = row.get_mut(k) {
                *weight = MAPPED.sqrt();
            }
        }
        let person = Prior::diagonal(&[1.0; 1 + RANK], 1.0);
        let mapped = |map: &[Vec<f64>], song: usize| -> Vec<f64> {
            map.iter().map(|row| dot(row, &features[song])).collect()
        };
        let mut songs: Vec<Vec<f64>> = (0..features.len()).map(|s| mapped(&map, s)).collect();
        let mut noise = [BEYOND; 1 + RANK];
        noise[0] = POPULARITY;
        for _ in 0..TURNS {
            let tastes: Vec<Vec<f64>> = people
                .iter()
                .map(|labels| Posterior::of(&person, &observations(labels, &songs)).mean)
                .collect();
            for (s, labels) in by_song.iter().enumerate() {
                let mut prior = Prior::diagonal(&noise, 1.0);
                prior.mean = mapped(&map, s);
                songs[s] = Posterior::of(&prior, &observations(labels, &tastes)).mean;
            }
            // Ridge regression of the judged songs' factors on their features.
            for (k, row) in map.iter_mut().enumerate() {
                let mut normal = vec![0.0; width * width];
                let mut right = vec![0.0; width];
                for (i, a) in around.iter().enumerate() {
                    normal[i * (width + 1)] = noise[k] / a;
                }
                for s in (0..features.len()).filter(|&s| judged[s]) {
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
        for s in (0..features.len()).filter(|&s| !judged[s]) {
            songs[s] = mapped(&map, s);
        }
        Self {
            person,
            songs,
            judged,
        }
    }

    /// A person's factors by some opinions.
    pub(super) fn taught(&self, known: &[(usize, bool)]) -> Posterior {
        Posterior::of(&self.person, &observations(known, &self.songs))
    }

    /// Probability that a person likes a song.
    pub(super) fn rate(&self, person: &Posterior, song: usize) -> f64 {
        let (x, offset) = seen(&self.songs[song]);
        let (mean, mut variance) = person.logit(&x);
        if !self.judged[song] {
            let squares: f64 = dot(&person.mean[1..], &person.mean[1..]);
            variance += POPULARITY + BEYOND * squares;
        }
        sigmoid(moderation(variance) * (mean + offset))
    }
}

/// What the other side's factors are multiplied with, and what they add whatever these are: `(1, v)`
/// and `b` of `(b, v)`.
fn seen(factors: &[f64]) -> (Vec<f64>, f64) {
    let mut features = factors.to_vec();
    let offset = std::mem::replace(&mut features[0], 1.0);
    (features, offset)
}

fn observations(labels: &[(usize, bool)], others: &[Vec<f64>]) -> Vec<Observation> {
    labels
        .iter()
        .map(|&(other, liked)| {
            let (features, offset) = seen(&others[other]);
            Observation {
                features,
                offset,
                liked,
            }
        })
        .collect()
}
