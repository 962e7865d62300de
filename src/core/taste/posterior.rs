//! Bayesian logistic regression by Laplace's approximation (MacKay 1992, "The evidence framework
//! applied to classification networks"; Bishop 2006, Pattern Recognition and Machine Learning, 4.4
//! and 4.5).

use std::f64::consts::PI;

use crate::linear_algebra::{Cholesky, dot, times};

/// Steps of Newton's method, at most, should rounding keep it from ending by [`GAIN`].
const STEPS: usize = 40;
/// A step that gains less than this many nats is the last.
const GAIN: f64 = 1e-8;

/// A prior of a taste: a normal distribution of its weights.
#[derive(Clone, Debug)]
pub struct Prior {
    /// `[weights]`.
    pub mean: Vec<f64>,
    /// Inverse of the covariance, `[weights, weights]`.
    pub precision: Vec<f64>,
    /// Natural logarithm of the determinant of `precision`.
    pub log_determinant: f64,
    /// Probability of this prior among several.
    pub share: f64,
}

impl Prior {
    /// With a diagonal covariance, all means zero.
    pub fn diagonal(variances: &[f64], share: f64) -> Self {
        let size = variances.len();
        let mut precision = vec![0.0; size * size];
        for (i, v) in variances.iter().enumerate() {
            precision[i * size + i] = 1.0 / v;
        }
        Self {
            mean: vec![0.0; size],
            precision,
            log_determinant: variances.iter().map(|v| -v.ln()).sum(),
            share,
        }
    }

    /// With any covariance `[weights, weights]`; `None` if it is not positive definite.
    pub fn full(mean: Vec<f64>, covariance: Vec<f64>, share: f64) -> Option<Self> {
        let cholesky = Cholesky::of(covariance, mean.len())?;
        Some(Self {
            precision: cholesky.inverse(),
            log_determinant: -cholesky.log_determinant(),
            mean,
            share,
        })
    }
}

/// One rating: features of the song `[weights]`, the song's offset of the logit, and whether it was
/// liked.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Features of the song, `[weights]`.
    pub features: Vec<f64>,
    /// The song's offset of the logit, the same for everybody.
    pub offset: f64,
    /// Whether it was liked.
    pub liked: bool,
}

/// The posterior of a taste, by Laplace's approximation.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// Most probable weights.
    pub mean: Vec<f64>,
    /// Their covariance, `[weights, weights]`.
    pub covariance: Vec<f64>,
    /// Natural logarithm of the probability of the ratings under the prior, approximately.
    pub log_evidence: f64,
}

impl Posterior {
    /// The posterior given ratings.
    pub fn of(prior: &Prior, ratings: &[Observation]) -> Self {
        let size = prior.mean.len();
        let objective = |weights: &[f64]| {
            let fit: f64 = ratings
                .iter()
                .map(|o| {
                    let logit = dot(&o.features, weights) + o.offset;
                    -softplus(if o.liked { -logit } else { logit })
                })
                .sum();
            let away: Vec<f64> = weights
                .iter()
                .zip(&prior.mean)
                .map(|(w, m)| w - m)
                .collect();
            fit - 0.5 * dot(&away, &times(&prior.precision, &away))
        };
        let mut weights = prior.mean.clone();
        let mut value = objective(&weights);
        let mut curvature = curvature(prior, ratings, &weights);
        for _ in 0..STEPS {
            let Some(cholesky) = Cholesky::of(curvature.clone(), size) else {
                break;
            };
            let away: Vec<f64> = weights
                .iter()
                .zip(&prior.mean)
                .map(|(w, m)| w - m)
                .collect();
            let mut gradient: Vec<f64> =
                times(&prior.precision, &away).iter().map(|v| -v).collect();
            for o in ratings {
                let p = sigmoid(dot(&o.features, &weights) + o.offset);
                let error = f64::from(u8::from(o.liked)) - p;
                for (g, x) in gradient.iter_mut().zip(&o.features) {
                    *g += error * x;
                }
            }
            let step = cholesky.solve(&gradient);
            // The objective is concave; a whole step may overshoot all the same.
            let mut length = 1.0;
            let (next, reached) = loop {
                let next: Vec<f64> = weights
                    .iter()
                    .zip(&step)
                    .map(|(w, s)| w + length * s)
                    .collect();
                let reached = objective(&next);
                if reached >= value || length < 1e-6 {
                    break (next, reached);
                }
                length /= 2.0;
            };
            let gained = reached - value;
            if gained <= 0.0 {
                break;
            }
            (weights, value) = (next, reached);
            curvature = self::curvature(prior, ratings, &weights);
            if gained < GAIN {
                break;
            }
        }
        let (covariance, log_determinant) = match Cholesky::of(curvature, size) {
            Some(cholesky) => (cholesky.inverse(), cholesky.log_determinant()),
            // Cannot be: a positive definite matrix plus squares. Then the prior stays.
            None => (vec![0.0; size * size], 0.0),
        };
        Self {
            log_evidence: value + 0.5 * (prior.log_determinant - log_determinant),
            mean: weights,
            covariance,
        }
    }

    /// Mean and variance of a song's logit, without its offset.
    pub fn logit(&self, features: &[f64]) -> (f64, f64) {
        let variance = dot(features, &times(&self.covariance, features));
        (dot(features, &self.mean), variance.max(0.0))
    }
}

/// Negative second derivative of the objective, `[weights, weights]`, of which only the lower triangle
/// is right: [`Cholesky`] reads no other.
fn curvature(prior: &Prior, ratings: &[Observation], weights: &[f64]) -> Vec<f64> {
    let mut curvature = prior.precision.clone();
    for o in ratings {
        let p = sigmoid(dot(&o.features, weights) + o.offset);
        let importance = p * (1.0 - p);
        for (i, row) in curvature.chunks_mut(weights.len()).enumerate() {
            let scaled = importance * o.features[i];
            for (c, b) in row.iter_mut().zip(&o.features[..=i]) {
                *c += scaled * b;
            }
        }
    }
    curvature
}

/// `ln(1 + eˣ)` without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Logistic function.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// By what a logit of this variance shrinks before it becomes a probability: `1/√(1 + πσ²/8)`, the
/// probit-moderated output (MacKay 1992; Bishop 4.5.2).
pub fn moderation(variance: f64) -> f64 {
    1.0 / (1.0 + PI * variance / 8.0).sqrt()
}

/// Entropy of a coin in nats.
fn coin(p: f64) -> f64 {
    let part = |q: f64| if q <= 0.0 { 0.0 } else { -q * q.ln() };
    part(p) + part(1.0 - p)
}

/// What an opinion on a song would tell of the taste, in nats: the entropy of the opinion less the
/// entropy that would remain if the taste were known (Houlsby et al. 2011, "Bayesian active learning
/// for classification and preference learning", equation 2). `mean` and `variance` are of the logit; the
/// averages are sums over half deviations up to four.
pub fn information(mean: f64, variance: f64) -> f64 {
    let (mut whole, mut liked, mut remaining) = (0.0, 0.0, 0.0);
    for half in -8..=8 {
        let z = f64::from(half) / 2.0;
        let weight = (-z * z / 2.0).exp();
        let p = sigmoid(mean + variance.sqrt() * z);
        whole += weight;
        liked += weight * p;
        remaining += weight * coin(p);
    }
    (coin(liked / whole) - remaining / whole).max(0.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Averages over a normal distribution by the trapezoid rule.
    fn average(mean: f64, variance: f64, f: impl Fn(f64) -> f64) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for i in -800..=800 {
            let z = f64::from(i) / 100.0;
            let w = (-z * z / 2.0).exp();
            sum += w * f(mean + variance.sqrt() * z);
            weight += w;
        }
        sum / weight
    }

    #[test]
    fn moderated_probabilities_and_information_are_close_to_the_integrals() {
        for mean in [-3.0, -0.5, 0.0, 1.0] {
            for variance in [0.1, 1.0, 4.0] {
                let p = average(mean, variance, sigmoid);
                assert!((sigmoid(moderation(variance) * mean) - p).abs() < 0.02);
                let gain = coin(p) - average(mean, variance, |l| coin(sigmoid(l)));
                assert!((information(mean, variance) - gain).abs() < 0.001);
            }
        }
        assert!(information(0.0, 4.0) > information(0.0, 1.0));
        assert!(information(0.0, 1.0) > information(3.0, 1.0));
        assert!(information(0.5, 0.0) < 0.01);
    }

    #[test]
    fn the_evidence_of_one_weight_is_close_to_the_integral() {
        let prior = Prior::diagonal(&[2.0], 1.0);
        let ratings: Vec<Observation> = [(1.0, true), (0.5, true), (-1.0, true), (2.0, true)]
            .map(|(x, liked)| Observation {
                features: vec![x],
                offset: 0.2,
                liked,
            })
            .to_vec();
        let posterior = Posterior::of(&prior, &ratings);
        let likelihood = |w: f64| -> f64 {
            ratings
                .iter()
                .map(|o| sigmoid(o.features[0] * w + o.offset))
                .product()
        };
        let exact = average(0.0, 2.0, likelihood).ln();
        assert!((posterior.log_evidence - exact).abs() < 0.05);
        let mean = average(0.0, 2.0, |w| w * likelihood(w)) / exact.exp();
        assert!((posterior.mean[0] - mean).abs() < 0.2);
    }

    #[test]
    fn without_opinions_the_belief_stays() {
        let prior = Prior::full(vec![0.5, -1.0], vec![2.0, 0.3, 0.3, 1.0], 1.0).unwrap();
        let posterior = Posterior::of(&prior, &[]);
        assert_eq!(posterior.mean, prior.mean);
        assert!((posterior.covariance[1] - 0.3).abs() < 1e-12);
        assert!(posterior.log_evidence.abs() < 1e-12);
    }
}
