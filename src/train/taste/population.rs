//! Fits a [`Population`] to ratings: a hierarchical logistic regression, by expectation maximisation (EM)
//! with a Laplace approximation of each participant's posterior.
//!
//! The logit of participant `i` for song `s` is `x_s·w_i + b_s`. The prior of the weights `w_i` is normal
//! with mean `m` and covariance `Σ`, that of the song's offset `b_s`, its popularity beyond its sound,
//! normal with mean zero. `Σ` is kept as low rank plus diagonal: with `w_i = m + F·u_i + ε_i`, `x_s·F` are
//! the song's factors in a collaborative model, which songs without ratings have too.

use soundalike_core::linear_algebra::eigen;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Origin, Population};

/// Iterations of expectation maximisation.
const ITERATIONS: usize = 25;
/// Rank of the low-rank part of the covariance.
const RANK: usize = 12;
/// Lower bound of every variance.
const MIN_VARIANCE: f64 = 1e-4;

/// The songs of the survey.
pub(super) struct Songs<'a> {
    /// Their ids.
    pub ids: &'a [String],
    /// `[songs][weights]`, by [`Space::features`].
    pub features: &'a [Vec<f64>],
}

/// Fits a population to the ratings of each participant: songs, by index, with whether they are liked.
pub(super) fn fit(
    origin: Origin,
    space: &Space,
    songs: &Songs<'_>,
    participants: &[Vec<(usize, bool)>],
) -> Population {
    let mut estimate = Estimate::initial(space, songs.ids.len());
    for _ in 0..ITERATIONS {
        let Some(posteriors) = estimate.posteriors(songs, participants) else {
            break;
        };
        estimate.update_offsets(songs, participants, &posteriors);
        estimate.update_mean(&posteriors);
        estimate.update_covariance(&posteriors);
    }
    let (factors, diagonal) = estimate.factors();
    Population::new(
        origin,
        space.clone(),
        (estimate.mean, factors, diagonal),
        songs.ids.to_vec(),
        estimate.offsets,
        estimate.offset_variance,
    )
}

/// The estimates after an iteration.
struct Estimate {
    /// Number of weights: the intercept's and one per component.
    size: usize,
    /// Relative prior variance of each component's weight.
    spread: Vec<f64>,
    /// Mean of the participants' weights, `[size]`, and the variance of its prior in units of `spread`.
    mean: Vec<f64>,
    mean_variance: f64,
    /// Covariance of the participants' weights, `[size][size]`.
    covariance: Vec<f64>,
    /// Of each song's offset, mean and variance; and the variance of their prior.
    offsets: Vec<(f64, f64)>,
    offset_variance: f64,
}

impl Estimate {
    fn initial(space: &Space, songs: usize) -> Self {
        let size = space.weights();
        // A priori, the variances are proportional to the root of the components' shares.
        let root: f64 = space.shares.iter().map(|s| s.sqrt()).sum();
        let spread: Vec<f64> = space.shares.iter().map(|s| s.sqrt() / root).collect();
        let mut covariance = vec![0.0; size * size];
        covariance[0] = 1.0;
        for (k, s) in spread.iter().enumerate() {
            covariance[(k + 1) * (size + 1)] = *s;
        }
        Self {
            size,
            spread,
            mean: vec![0.0; size],
            mean_variance: 0.3,
            covariance,
            offsets: vec![(0.0, 0.0); songs],
            offset_variance: 0.3,
        }
    }

    /// The posterior of each participant's weights; none where the covariance is not positive definite.
    fn posteriors(
        &self,
        songs: &Songs<'_>,
        participants: &[Vec<(usize, bool)>],
    ) -> Option<Vec<Posterior>> {
        let prior = Prior::full(self.mean.clone(), self.covariance.clone(), 1.0)?;
        let observation = |&(song, liked): &(usize, bool)| Observation {
            features: songs.features[song].clone(),
            offset: self.offsets[song].0,
            liked,
        };
        let posteriors = participants.iter().map(|ratings| {
            let observations: Vec<Observation> = ratings.iter().map(observation).collect();
            Posterior::of(&prior, &observations)
        });
        Some(posteriors.collect())
    }

    /// Each song's offset: one step of Newton's method on the expected log likelihood.
    fn update_offsets(
        &mut self,
        songs: &Songs<'_>,
        participants: &[Vec<(usize, bool)>],
        posteriors: &[Posterior],
    ) {
        let mut slopes = vec![(0.0, 0.0); self.offsets.len()];
        for (ratings, posterior) in participants.iter().zip(posteriors) {
            for &(song, liked) in ratings {
                let (m, v) = posterior.logit(&songs.features[song]);
                let shrink = moderation(v);
                let p = sigmoid(shrink * (m + self.offsets[song].0));
                slopes[song].0 += f64::from(u8::from(liked)) - p;
                slopes[song].1 += shrink * p * (1.0 - p);
            }
        }
        for ((offset, variance), (slope, bend)) in self.offsets.iter_mut().zip(slopes) {
            let curvature = bend + 1.0 / self.offset_variance;
            *offset += (slope - *offset / self.offset_variance) / curvature;
            *variance = 1.0 / curvature;
        }
        let squares: f64 = self.offsets.iter().map(|(m, v)| m * m + v).sum();
        self.offset_variance = (squares / self.offsets.len().max(1) as f64).max(MIN_VARIANCE);
    }

    /// The mean, shrunk towards zero except for the intercept.
    fn update_mean(&mut self, posteriors: &[Posterior]) {
        let (n, size) = (posteriors.len() as f64, self.size);
        for k in 0..size {
            let average = posteriors.iter().map(|p| p.mean[k]).sum::<f64>() / n;
            let own = self.covariance[k * (size + 1)];
            let around = if k == 0 {
                1.0
            } else {
                self.mean_variance * self.spread[k - 1]
            };
            self.mean[k] = average * around / (around + own / n);
        }
        let ratio = |k: usize| {
            let around = self.mean_variance * self.spread[k];
            let own = self.covariance[(k + 1) * (size + 1)] / n;
            let left = around * own / (around + own);
            (self.mean[k + 1] * self.mean[k + 1] + left) / self.spread[k]
        };
        let components = size - 1;
        self.mean_variance =
            ((0..components).map(ratio).sum::<f64>() / components.max(1) as f64).max(MIN_VARIANCE);
    }

    /// The covariance, with as many pseudo-participants as there are weights, whose tastes have the same strength
    /// and are independent in all components.
    fn update_covariance(&mut self, posteriors: &[Posterior]) {
        let (n, size) = (posteriors.len() as f64, self.size);
        let mut sum = vec![0.0; size * size];
        for posterior in posteriors {
            let away: Vec<f64> = posterior
                .mean
                .iter()
                .zip(&self.mean)
                .map(|(w, m)| w - m)
                .collect();
            for (i, row) in sum.chunks_mut(size).enumerate() {
                for (j, s) in row.iter_mut().enumerate() {
                    *s += posterior.covariance[i * size + j] + away[i] * away[j];
                }
            }
        }
        let strength: f64 = (1..size).map(|k| sum[k * (size + 1)]).sum::<f64>() / n;
        let pseudo = size as f64;
        for (i, row) in sum.chunks_mut(size).enumerate() {
            let usual = if i == 0 {
                row[0] / n
            } else {
                (strength * self.spread[i - 1]).max(MIN_VARIANCE)
            };
            row[i] += pseudo * usual;
            for (j, s) in row.iter_mut().enumerate() {
                *s /= n + pseudo;
                if i == j {
                    *s = s.max(MIN_VARIANCE);
                }
            }
        }
        self.covariance = sum;
    }

    /// The covariance as low rank, `[rank][size]`, plus diagonal, `[size]`.
    fn factors(&self) -> (Vec<Vec<f64>>, Vec<f64>) {
        let size = self.size;
        let (values, vectors) = eigen(self.covariance.clone(), size);
        let factors: Vec<Vec<f64>> = values
            .iter()
            .zip(vectors)
            .take(RANK)
            .map(|(value, row)| row.iter().map(|v| v * value.max(0.0).sqrt()).collect())
            .collect();
        let diagonal = (0..size)
            .map(|k| {
                let explained: f64 = factors.iter().map(|f| f[k] * f[k]).sum();
                (self.covariance[k * (size + 1)] - explained).max(MIN_VARIANCE)
            })
            .collect();
        (factors, diagonal)
    }
}
