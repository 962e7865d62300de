//! From logits to probabilities that mean what they say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a network's logits are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// One genre of several: the probabilities sum to one.
    #[default]
    Softmax,
    /// Any number of tags at once: each has a probability of its own.
    Sigmoid,
}

impl Head {
    /// Whether it is the head of most models, which their files need not name.
    pub fn is_softmax(&self) -> bool {
        *self == Self::Softmax
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
        })
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Softmax, Self::Sigmoid]
            .into_iter()
            .find(|head| head.to_string() == name)
            .ok_or_else(|| format!("there is no head {name}; there is softmax, sigmoid"))
    }
}

/// How the segments of a sound are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregation {
    /// The mean of the logits, then the softmax: segments that are sure count for more.
    Logits,
    /// The mean of the segments' probabilities.
    Probabilities,
}

/// How a model's logits become probabilities; fitted on the validation split, stored in the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What the logits are of.
    #[serde(default, skip_serializing_if = "Head::is_softmax")]
    pub head: Head,
    /// Logits are divided by it before the softmax or the sigmoid (Guo et al. 2017).
    pub temperature: f32,
    /// How segments are put together.
    #[serde(rename = "pooling")]
    pub aggregation: Aggregation,
    /// Taken from the music logit: as much as leaves nearly all real music called music, so that as
    /// little else as possible is.
    pub music_shift: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            head: Head::default(),
            temperature: 1.0,
            aggregation: Aggregation::Logits,
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
    /// is music at all: with the rest, no genre is more probable than another, and no tag is there.
    pub fn probabilities(&self, segments: &[&[f32]], music: f32) -> Vec<f32> {
        let Some(genres) = segments.first().map(|logits| logits.len()) else {
            return Vec::new();
        };
        let pooled = match self.aggregation {
            Aggregation::Logits => self.squashed(&mean(genres, segments.iter().copied())),
            Aggregation::Probabilities => {
                let each: Vec<Vec<f32>> = segments.iter().map(|l| self.squashed(l)).collect();
                mean(genres, each.iter().map(Vec::as_slice))
            }
        };
        let unknown = self.unknown(genres);
        pooled
            .into_iter()
            .zip(unknown)
            .map(|(p, unknown)| music * p + (1.0 - music) * unknown)
            .collect()
    }

    /// Probabilities where nothing is known, `[genres]`: no genre before another, no tag at all.
    pub fn unknown(&self, genres: usize) -> Vec<f32> {
        let each = match self.head {
            Head::Softmax => 1.0 / genres as f32,
            Head::Sigmoid => 0.0,
        };
        vec![each; genres]
    }

    /// Logarithm of the probability of a genre from the logits of one segment, in nats.
    pub fn log_probability(&self, logits: &[f32], genre: usize) -> f32 {
        if self.head == Head::Sigmoid {
            // −ln(1 + e^−x), in the form that no logit overflows.
            let x = logits[genre] / self.temperature;
            return x.min(0.0) - (-x.abs()).exp().ln_1p();
        }
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits
            .iter()
            .map(|l| ((l - greatest) / self.temperature).exp());
        (logits[genre] - greatest) / self.temperature - powers.sum::<f32>().ln()
    }

    fn squashed(&self, logits: &[f32]) -> Vec<f32> {
        if self.head == Head::Sigmoid {
            let each = logits.iter().map(|logit| sigmoid(logit / self.temperature));
            return each.collect();
        }
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
pub fn mean<'a>(length: usize, vectors: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
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
pub fn sigmoid(x: f32) -> f32 {
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
    fn tags_have_probabilities_of_their_own() {
        let calibration = Calibration {
            head: Head::Sigmoid,
            ..Calibration::default()
        };
        let logits: &[f32] = &[0.0, 200.0, -200.0];
        let p = calibration.probabilities(&[logits], 1.0);
        assert_eq!(p, [0.5, 1.0, 0.0]);
        for (at, p) in [0.5_f32, 1.0].into_iter().enumerate() {
            assert!((calibration.log_probability(logits, at) - p.ln()).abs() < 1e-6);
        }
        assert_eq!(calibration.log_probability(logits, 2), -200.0);
        assert_eq!(calibration.probabilities(&[logits], 0.0), [0.0; 3]);
        // A file of the time before there were heads, and one that needs no other.
        let old = r#"{"temperature":1.0,"pooling":"logits","music_shift":0.0}"#;
        let read: Calibration = serde_json::from_str(old).expect("a calibration");
        assert_eq!(read, Calibration::default());
        assert_eq!(serde_json::to_string(&read).expect("JSON"), old);
        assert_eq!("sigmoid".parse(), Ok(Head::Sigmoid));
        assert!("tanh".parse::<Head>().is_err());
    }

    #[test]
    fn a_sure_segment_outweighs_an_unsure_one_in_logits_but_not_in_probabilities() {
        let (sure, other): (&[f32], &[f32]) = (&[9.0, 0.0], &[0.0, 2.0]);
        let of = |aggregation| {
            let calibration = Calibration {
                aggregation,
                ..Calibration::default()
            };
            calibration.probabilities(&[sure, other], 1.0)[0]
        };
        assert!(of(Aggregation::Logits) > 0.95);
        assert!(of(Aggregation::Probabilities) < 0.6);
    }
}
