//! The settings of a training on the command line, and the configuration that they make.

use anyhow::bail;
use soundalike_core::model::{Architecture, GENRES, Head};
use soundalike_datasets::{self as datasets, Song, Split};
use soundalike_train::{Augmentation, Optimizer, TrainingConfig, WaveformAugmentation};
use std::collections::BTreeSet;

use crate::errors::UsageError;
use crate::sets::{collections, of_split};

/// The settings of a training, instead of the defaults of its architecture.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Passes over the training data, at most
    #[arg(long)]
    epochs: Option<usize>,
    /// Highest learning rate
    #[arg(long)]
    pub lr: Option<f64>,
    /// Epochs without a better validation score (macro F1, of tags mean average precision) before it stops
    #[arg(long)]
    pub patience: Option<usize>,
    /// Batch size
    #[arg(long)]
    batch: Option<usize>,
    /// softmax, one genre of several, or sigmoid, each of them with a probability of its own; songs with
    /// tags always take sigmoid
    #[arg(long)]
    pub head: Option<Head>,
    /// Optimiser: adamw, adam or sgd
    #[arg(long)]
    optimizer: Option<Optimizer>,
    /// Probability of dropout before the last layer
    #[arg(long)]
    dropout: Option<f64>,
    /// Parameter of mixup's Beta distribution, 0 for none
    #[arg(long)]
    mixup: Option<f64>,
    /// Whether log-mel windows of three seconds are augmented at every step
    #[arg(long, value_name = "true|false")]
    augment: Option<bool>,
    /// Whether windows are masked at every step (SpecAugment); by default only augmented log-mel windows are
    #[arg(long, value_name = "true|false")]
    specaugment: Option<bool>,
    /// Augmented copies of each clip beside the clip itself
    #[arg(long, default_value_t = 0)]
    copies: usize,
    /// Of the copies, the greatest shift of pitch in semitones
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    pitch: f64,
    /// Of the copies, the greatest change of speed, as a share
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    stretch: f64,
    /// Of the copies, the loudest noise, in dB below the sound
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    noise: f64,
    /// Of the copies, the greatest change of level in dB
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    volume: f64,
}

impl Settings {
    /// The configuration of an architecture with these settings, without the genres and the name of the data.
    ///
    /// # Errors
    /// If training cannot use one of them.
    pub fn config(
        &self,
        architecture: Architecture,
        seed: u64,
    ) -> Result<TrainingConfig, UsageError> {
        let mut config = TrainingConfig::new(architecture, Vec::new());
        config.seed = seed;
        config.epochs = self.epochs.unwrap_or(config.epochs);
        config.learning_rate = self.lr.unwrap_or(config.learning_rate);
        config.patience = self.patience.unwrap_or(config.patience);
        config.batch_size = self.batch.unwrap_or(config.batch_size);
        config.optimizer = self.optimizer.unwrap_or(config.optimizer);
        config.head = self.head.unwrap_or(config.head);
        config.mixup = self.mixup.unwrap_or(config.mixup);
        if let Some(dropout) = self.dropout {
            config.architecture = config.architecture.with_dropout(dropout);
        }
        if self.augment == Some(false) {
            config.augmentation = Augmentation::NONE;
        }
        if let Some(spec_augment) = self.specaugment {
            let from = if spec_augment {
                Augmentation::default()
            } else {
                Augmentation::NONE
            };
            config.augmentation.mask_bands = from.mask_bands;
            config.augmentation.mask_frames = from.mask_frames;
            config.spec_augment = spec_augment;
        }
        config.variation = WaveformAugmentation {
            copies: self.copies,
            pitch: self.pitch,
            stretch: self.stretch,
            noise: self.noise,
            volume: self.volume,
        };
        Ok(config.checked()?)
    }

    /// The head for songs: with tags it must be a sigmoid.
    ///
    /// # Errors
    /// If another one was asked for.
    pub fn head_for(&self, songs: &[Song]) -> anyhow::Result<Head> {
        match (datasets::tagged(songs), self.head) {
            (true, Some(Head::Softmax)) => bail!(
                "a softmax predicts one genre of several, and these songs have tags, many at once; leave out --head"
            ),
            (true, _) => Ok(Head::Sigmoid),
            (false, head) => Ok(head.unwrap_or_default()),
        }
    }

    /// The configuration for songs: with their genres or tags, and where they have tags the head for them.
    ///
    /// # Errors
    /// If they need another head than was asked for.
    pub fn for_songs(
        &self,
        mut config: TrainingConfig,
        songs: &[Song],
    ) -> anyhow::Result<TrainingConfig> {
        config.head = self.head_for(songs)?;
        let names = if datasets::tagged(songs) {
            datasets::tags_of(&of_split(songs, Split::Train))
        } else {
            genres_of(songs)
        };
        Ok(config.for_data(names, collections(songs)))
    }
}

/// The ten known genres if the training clips are of those, else whatever they are of, by name.
fn genres_of(songs: &[Song]) -> Vec<String> {
    let labels: BTreeSet<&str> = songs
        .iter()
        .filter(|song| song.split == Split::Train)
        .map(|song| song.track.genre.as_str())
        .collect();
    if labels.iter().all(|label| GENRES.contains(label)) {
        return GENRES.map(str::to_owned).to_vec();
    }
    labels.into_iter().map(str::to_owned).collect()
}
