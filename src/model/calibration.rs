//! From logits to probabilities that mean what they say.

use serde::{Deserialize, Serialize};

/// How the segments of a sound are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The mean of the logits, then the softmax: segments that are sure count for more.
    Logits,
    /// The mean of the segments' probabilities.
    Probabilities,
}

/// How a model's logits become probabilities; fitted on the clips that choose, stored in the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Logits are divided by it before the softmax (Guo et al. 2017).
    pub temperature: f32,
    /// How segments are put together.
    pub pooling: Pooling,
    /// Taken from the music logit: as much as leaves nearly all real music called music, so that as
    /// little else as possible is.
    pub music_shift: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            pooling: Pooling::Logits,
            music_shift: 0.0,
        }
    }
}

impl Calibration {
    /// Whether its numbers can be used.
    pub fn is_sound(&self) -> bool {
        self.temperature.is_finite() && self.temperature > 0.0 && self.music_shift.is_finite()
    }

    /// Probability of music from its logit.
    pub fn music(&self, logit: f32) -> f32 {
        1.0 / (1.0 + (self.music_shift - logit).exp())
    }

    /// Mean probability of music from the logits of a sound's segments; one without any.
    pub fn mean_music(&self, logits: impl ExactSizeIterator<Item = f32>) -> f32 {
        if logits.len() == 0 {
            return 1.0;
        }
        let each: Vec<f32> = logits.map(|logit| self.music(logit)).collect();
        mean(1, each.chunks(1))[0]
    }

    /// Probabilities of one sound from the logits of its segments. `music` is the probability that it
    /// is music at all: with the rest, no genre is more probable than another.
    pub fn probabilities(&self, segments: &[&[f32]], music: f32) -> Vec<f32> {
        let Some(genres) = segments.first().map(|logits| logits.len()) else {
            return Vec::new();
        };
        let pooled = match self.pooling {
            Pooling::Logits => self.softmax(&mean(genres, segments.iter().copied())),
            Pooling::Probabilities => {
                let each: Vec<Vec<f32>> = segments.iter().map(|l| self.softmax(l)).collect();
                mean(genres, each.iter().map(Vec::as_slice))
            }
        };
        let even = (1.0 - music) / genres as f32;
        pooled.into_iter().map(|p| music * p + even).collect()
    }

    /// Logarithm of the probability of a genre from the logits of one segment, in nats.
    pub fn log_probability(&self, logits: &[f32], genre: usize) -> f32 {
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits
            .iter()
            .map(|l| ((l - greatest) / self.temperature).exp());
        (logits[genre] - greatest) / self.temperature - powers.sum::<f32>().ln()
    }

    fn softmax(&self, logits: &[f32]) -> Vec<f32> {
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits
            .iter()
            .map(|l| ((l - greatest) / self.temperature).exp());
        let powers: Vec<f32> = powers.collect();
        let sum: f32 = powers.iter().sum();
        powers.into_iter().map(|p| p / sum).collect()
    }
}

/// Mean of vectors of one length; zeros if there are none.
pub(crate) fn mean<'a>(length: usize, vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut count = 0.0_f64;
    let mut sum = vec![0.0_f64; length];
    for vector in vectors {
        count += 1.0;
        for (s, &v) in sum.iter_mut().zip(vector) {
            *s += f64::from(v);
        }
    }
    sum.into_iter()
        .map(|s| (s / count.max(1.0)) as f32)
        .collect()
}

/// The logistic function.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_temperature_is_less_sure_and_no_music_is_not_sure_at_all() {
        let logits: &[f32] = &[4.0, 1.0, 0.0];
        let of = |temperature: f32, music: f32| {
            let calibration = Calibration {
                temperature,
                ..Calibration::default()
            };
            calibration.probabilities(&[logits], music)
        };
        assert!(of(1.0, 1.0)[0] > of(2.0, 1.0)[0]);
        assert!((of(1.0, 1.0)[0] - 1.0 / (1.0 + (-3.0_f32).exp() + (-4.0_f32).exp())).abs() < 1e-6);
        assert!(of(1.0, 0.0).iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-6));
        for music in [0.0, 0.3, 1.0] {
            assert!((of(0.7, music).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_sure_segment_outweighs_an_unsure_one_in_logits_but_not_in_probabilities() {
        let (sure, other): (&[f32], &[f32]) = (&[9.0, 0.0], &[0.0, 2.0]);
        let of = |pooling| {
            let calibration = Calibration {
                pooling,
                ..Calibration::default()
            };
            calibration.probabilities(&[sure, other], 1.0)[0]
        };
        assert!(of(Pooling::Logits) > 0.95);
        assert!(of(Pooling::Probabilities) < 0.6);
    }
}
