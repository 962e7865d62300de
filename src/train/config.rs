//! The configuration of a training.

use serde::{Deserialize, Serialize};

use super::augment::Augmentation;
use super::waveform_augmentation::WaveformAugmentation;
use soundalike_core::model::{Architecture, Head, Input};

/// The configuration of a training. [`TrainingConfig::checked`] rejects numbers that training cannot use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// The network.
    pub architecture: Architecture,
    /// Names of the genres or tags, in the order of the logits.
    pub genres: Vec<String>,
    /// Whether the logits go through a softmax or a sigmoid; songs with tags need [`Head::Sigmoid`].
    #[serde(default)]
    pub head: Head,
    /// Passes over the training data, at most.
    pub epochs: usize,
    /// Peak learning rate: a linear warm-up leads to it, a cosine decay away from it.
    pub learning_rate: f64,
    /// Epochs without a better validation score before training stops.
    pub patience: usize,
    /// Windows per step.
    pub batch_size: usize,
    /// Weight decay (AdamW).
    pub weight_decay: f32,
    /// Decay of the exponential moving average of the weights.
    #[serde(alias = "average")]
    pub ema_decay: f32,
    /// Parameter of mixup's Beta distribution; zero for none.
    pub mixup: f64,
    /// Label smoothing, with a softmax.
    pub smoothing: f32,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Augmentation of log-mel windows of three seconds, for networks with that input.
    pub augmentation: Augmentation,
    /// Whether windows of any other input are masked at every step (SpecAugment).
    #[serde(default, alias = "masked")]
    pub spec_augment: bool,
    /// Augmented copies of every clip's waveform.
    pub variation: WaveformAugmentation,
    /// Seed of every random choice.
    pub seed: u64,
    /// Name of the data, for the model card.
    pub data: String,
}

/// The optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW,
    /// Adam (Kingma & Ba 2015), without weight decay.
    Adam,
    /// Stochastic gradient descent.
    Sgd,
}

impl std::str::FromStr for Optimizer {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "adamw" => Ok(Self::AdamW),
            "adam" => Ok(Self::Adam),
            "sgd" => Ok(Self::Sgd),
            _ => Err(format!(
                "there is no optimizer {name}; there is adamw, adam, sgd"
            )),
        }
    }
}

/// A number of a [`TrainingConfig`] that training cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No epoch.
    #[error("the number of epochs must be at least 1")]
    Epochs,
    /// A learning rate of zero, or one with which the loss diverges.
    #[error("the learning rate must lie above 0 and not above 1")]
    LearningRate,
    /// No patience.
    #[error("the patience must be at least 1")]
    Patience,
    /// A batch too small for batch normalisation.
    #[error(
        "the batch size must be at least 2, since batch normalisation needs more than one example"
    )]
    BatchSize,
    /// A waveform augmentation out of range.
    #[error(
        "pitch shift, noise level and change of volume must lie between 0 and 60, time stretch between 0 and 1"
    )]
    WaveformAugmentation,
    /// A probability of dropout out of range.
    #[error("the dropout must be at least 0 and below 1")]
    Dropout,
}

impl TrainingConfig {
    /// The defaults of an architecture.
    pub fn new(architecture: Architecture, genres: Vec<String>) -> Self {
        let two_stream = matches!(architecture, Architecture::TwoStreamResCnn(_));
        let input = architecture.input();
        Self {
            genres,
            head: Head::default(),
            epochs: if two_stream { 80 } else { 40 },
            learning_rate: 2e-3,
            patience: 25,
            // The activations of 29 seconds of log-mel and of raw samples take much memory.
            batch_size: match input {
                Input::LogMelLong => 8,
                Input::Waveform => 16,
                _ => 32,
            },
            weight_decay: 0.05,
            ema_decay: 0.99,
            mixup: 0.3,
            smoothing: 0.1,
            optimizer: Optimizer::AdamW,
            augmentation: Augmentation::default(),
            spec_augment: false,
            variation: WaveformAugmentation::default(),
            seed: 0,
            data: String::new(),
            architecture,
        }
    }

    /// The configuration itself, if training can use every number of it.
    ///
    /// # Errors
    /// Names the first number that it cannot use.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.epochs == 0 {
            return Err(ConfigError::Epochs);
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(ConfigError::LearningRate);
        }
        if self.patience == 0 {
            return Err(ConfigError::Patience);
        }
        if self.batch_size < 2 {
            return Err(ConfigError::BatchSize);
        }
        let variation = &self.variation;
        let amounts = [
            variation.pitch,
            variation.stretch,
            variation.noise,
            variation.volume,
        ];
        if amounts.iter().any(|amount| !(0.0..=60.0).contains(amount)) || variation.stretch >= 1.0 {
            return Err(ConfigError::WaveformAugmentation);
        }
        if self.architecture.check().is_err() {
            return Err(ConfigError::Dropout);
        }
        Ok(self)
    }

    /// The configuration for data of these genres or tags, with as many outputs.
    #[must_use]
    pub fn for_data(mut self, genres: Vec<String>, data: String) -> Self {
        self.architecture = self.architecture.with_genres(genres.len());
        self.genres = genres;
        self.data = data;
        self
    }

    /// Parameter of mixup, and the label smoothing.
    pub(super) fn mixing(&self) -> (f64, f32) {
        match self.head {
            Head::Softmax => (self.mixup, self.smoothing),
            // The absence of a tag is a label too: there is nothing to spread one over.
            Head::Sigmoid => (self.mixup, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_with_a_useless_number_is_rejected_by_name_and_without_flags() {
        let architecture: Architecture = "two-stream".parse().expect("known");
        let config = TrainingConfig::new(architecture, vec!["a".to_owned()]);
        assert!(config.clone().checked().is_ok());
        let with = |change: fn(&mut TrainingConfig)| {
            let mut config = config.clone();
            change(&mut config);
            config.checked().expect_err("rejected")
        };
        for (found, expected) in [
            (with(|c| c.epochs = 0), ConfigError::Epochs),
            (with(|c| c.learning_rate = 0.0), ConfigError::LearningRate),
            (
                with(|c| c.learning_rate = f64::NAN),
                ConfigError::LearningRate,
            ),
            (with(|c| c.patience = 0), ConfigError::Patience),
            (with(|c| c.batch_size = 1), ConfigError::BatchSize),
            (
                with(|c| c.variation.stretch = 1.0),
                ConfigError::WaveformAugmentation,
            ),
        ] {
            assert_eq!(found, expected);
            assert!(!found.to_string().contains("--"), "{found}");
        }
    }

    #[test]
    fn a_config_of_an_earlier_version_is_still_read() {
        let architecture: Architecture = "mfcc-cnn".parse().expect("known");
        let config = TrainingConfig::new(architecture, vec!["a".to_owned()]);
        let json = serde_json::to_string(&config).expect("serialises");
        let old = json
            .replace("\"ema_decay\"", "\"average\"")
            .replace("\"spec_augment\"", "\"masked\"");
        assert_ne!(old, json);
        let read: TrainingConfig = serde_json::from_str(&old).expect("reads");
        assert_eq!(read, config);
    }
}
