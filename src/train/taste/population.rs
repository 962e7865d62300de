//! Fits a [`Population`] to people's opinions: a hierarchical model, by expectation maximisation with
//! Laplace's approximation of each person's taste.
//!
//! The logit of person `i` for song `s` is `x_s·w_i + b_s`, with `w_i` normal around the mean weights
//! `m` with covariance `Σ`, and `b_s`, what the song is liked beyond its sound, normal around zero.
//! `Σ` is kept as low rank plus diagonal: `w_i = m + F·u_i + ε_i` makes `x_s·F` the factors of a
//! collaborative model that any song has, asked about or not.

use soundalike_core::linear_algebra::eigen;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Origin, Population};

/// Rounds of expectation and maximisation.
const ROUNDS: usize = 25;
/// Factors that are kept of the covariance.
const RANK: usize = 12;
/// Least variance of anything.
const LEAST: f64 = 1e-4;

/// Songs that people were asked about.
pub(super) struct Songs<'a> {
    /// Their ids.
    pub ids: &'a [String],
    /// `[songs][weights]`, by [`Space::features`].
    pub features: &'a [Vec<f64>],
}

/// Learns what `people` have in common. A person is a list of songs, by index, with whether they are
/// liked.
pub(super) fn learn(
    origin: Origin,
    space: &Space,
    songs: &Songs<'_>,
    people: &[Vec<(usize, bool)>],
) -> Population {
    let size = space.weights();
    let components = size - 1;
    let n = people.len() as f64;
    // Where little is known, variances follow the root of the components' shares.
    let root: f64 = space.shares.iter().map(|s| s.sqrt()).sum();
    let spread: Vec<f64> = space.shares.iter().map(|s| s.sqrt() / root).collect();
    let mut mean = vec![0.0; size];
    let mut covariance = vec![0.0; size * size];
    covariance[0] = 1.0;
    for (k, s) in spread.iter().enumerate() {
        covariance[(k + 1) * (size + 1)] = *s;
    }
    let mut offsets = vec![(0.0, 0.0); songs.ids.len()];
    let (mut offset_variance, mut mean_variance) = (0.3, 0.3);
    for _ in 0..ROUNDS {
        let Some(prior) = Prior::full(mean.clone(), covariance.clone(), 1.0) else {
            break;
        };
        let tastes: Vec<Posterior> = people
            .iter()
            .map(|person| {
                let opinions: Vec<Observation> = person
                    .iter()
                    .map(|&(song, liked)| Observation {
                        features: songs.features[song].clone(),
                        offset: offsets[song].0,
                        liked,
                    })
                    .collect();
                Posterior::of(&prior, &opinions)
            })
            .collect();

        // Each song's offset: one step of Newton's method on the expected log likelihood.
        let mut slopes = vec![(0.0, 0.0); offsets.len()];
        for (person, taste) in people.iter().zip(&tastes) {
            for &(song, liked) in person {
                let (m, v) = taste.logit(&songs.features[song]);
                let shrink = moderation(v);
                let p = sigmoid(shrink * (m + offsets[song].0));
                slopes[song].0 += f64::from(u8::from(liked)) - p;
                slopes[song].1 += shrink * p * (1.0 - p);
            }
        }
        for ((offset, variance), (slope, bend)) in offsets.iter_mut().zip(slopes) {
            let curvature = bend + 1.0 / offset_variance;
            *offset += (slope - *offset / offset_variance) / curvature;
            *variance = 1.0 / curvature;
        }
        let squares: f64 = offsets.iter().map(|(m, v)| m * m + v).sum();
        offset_variance = (squares / offsets.len().max(1) as f64).max(LEAST);

        // The mean, drawn towards zero but for the readiness to like anything.
        for k in 0..size {
            let average = tastes.iter().map(|t| t.mean[k]).sum::<f64>() / n;
            let own = covariance[k * (size + 1)];
            let around = if k == 0 {
                1.0
            } else {
                mean_variance * spread[k - 1]
            };
            mean[k] = average * around / (around + own / n);
        }
        let ratio = |k: usize| {
            let around = mean_variance * spread[k];
            let own = covariance[(k + 1) * (size + 1)] / n;
            let left = around * own / (around + own);
            (mean[k + 1] * mean[k + 1] + left) / spread[k]
        };
        mean_variance =
            ((0..components).map(ratio).sum::<f64>() / components.max(1) as f64).max(LEAST);

        // The covariance, as if as many people more as there are weights had had tastes of the same
        // strength, independent in all components.
        let mut sum = vec![0.0; size * size];
        for taste in &tastes {
            let away: Vec<f64> = taste.mean.iter().zip(&mean).map(|(w, m)| w - m).collect();
            for (i, row) in sum.chunks_mut(size).enumerate() {
                for (j, s) in row.iter_mut().enumerate() {
                    *s += taste.covariance[i * size + j] + away[i] * away[j];
                }
            }
        }
        let strength: f64 = (1..size).map(|k| sum[k * (size + 1)]).sum::<f64>() / n;
        let others = size as f64;
        for (i, row) in sum.chunks_mut(size).enumerate() {
            let usual = if i == 0 {
                row[0] / n
            } else {
                (strength * spread[i - 1]).max(LEAST)
            };
            row[i] += others * usual;
            for (j, s) in row.iter_mut().enumerate() {
                *s /= n + others;
                if i == j {
                    *s = s.max(LEAST);
                }
            }
        }
        covariance = sum;
    }
    let (values, vectors) = eigen(covariance.clone(), size);
    let factors: Vec<Vec<f64>> = values
        .iter()
        .zip(vectors)
        .take(RANK)
        .map(|(value, row)| row.iter().map(|v| v * value.max(0.0).sqrt()).collect())
        .collect();
    let diagonal = (0..size)
        .map(|k| {
            let known: f64 = factors.iter().map(|f: &Vec<f64>| f[k] * f[k]).sum();
            (covariance[k * (size + 1)] - known).max(LEAST)
        })
        .collect();
    Population::new(
        origin,
        space.clone(),
        (mean, factors, diagonal),
        songs.ids.to_vec(),
        offsets,
        offset_variance,
    )
}
