//! The architectures there are, by name.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::ModelError;
use super::two_stream::{TwoStream, TwoStreamConfig};

/// What a network makes of a batch of segments.
pub struct Heard {
    /// `[batch, genres]`, before the softmax.
    pub logits: Tensor<2>,
    /// `[batch, embedding]`: sounds alike lie in like directions.
    pub embedding: Tensor<2>,
    /// `[batch, tags]`, before the sigmoid, of a network that was taught tags.
    pub tags: Option<Tensor<2>>,
    /// `[batch, 1]`, before the sigmoid, of a network that tells music from other sounds.
    pub music: Option<Tensor<2>>,
}

/// An architecture with its sizes; stored in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", content = "sizes", rename_all = "kebab-case")]
pub enum Architecture {
    /// Two-stream residual network (Tairi et al.).
    TwoStream(TwoStreamConfig),
}

impl Architecture {
    /// The names that [`Architecture::from_str`] knows.
    pub const NAMES: [&str; 1] = ["two-stream"];

    /// A network with random weights.
    pub fn init(&self, device: &Device) -> Network {
        match self {
            Self::TwoStream(config) => Network::TwoStream(config.init(device)),
        }
    }

    /// Refuses sizes that no network of this program has, before memory is taken for them.
    ///
    /// # Errors
    /// [`ModelError::Sizes`].
    pub fn check(&self) -> Result<(), ModelError> {
        /// Far above any network that a visitor would wait for.
        const MOST: usize = 2048;
        let Self::TwoStream(config) = self;
        let sizes = [
            config.genres,
            config.embedding,
            config.fused,
            config.tags + 1,
        ];
        let possible = sizes
            .iter()
            .chain(&config.channels)
            .all(|size| (1..=MOST).contains(size));
        if possible && (0.0..1.0).contains(&config.dropout) {
            Ok(())
        } else {
            Err(ModelError::Sizes)
        }
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.embedding,
        }
    }

    /// Number of tags.
    pub fn tags(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.tags,
        }
    }

    /// Number of genres.
    pub fn genres(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.genres,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoStream(_) => f.write_str("two-stream"),
        }
    }
}

impl FromStr for Architecture {
    type Err = ModelError;

    /// An architecture of default sizes from its name.
    fn from_str(name: &str) -> Result<Self, ModelError> {
        match name {
            "two-stream" => Ok(Self::TwoStream(TwoStreamConfig::new())),
            _ => Err(ModelError::UnknownArchitecture {
                name: name.to_owned(),
                known: Self::NAMES.join(", "),
            }),
        }
    }
}

/// A network of any architecture.
#[derive(Module, Debug)]
pub enum Network {
    /// See [`Architecture::TwoStream`].
    TwoStream(TwoStream),
}

impl Network {
    /// Hears normalised log-mel segments `[batch, 1, mel_bands, segment_frames]`.
    pub fn forward(&self, x: Tensor<4>) -> Heard {
        match self {
            Self::TwoStream(network) => network.forward(x),
        }
    }

    /// Where the genre layer's weights and bias stand among a network's [`Weights`](super::Weights).
    pub const GENRE_LAYER: [&'static str; 2] = [".genre.weight", ".genre.bias"];
    /// The layer that makes the embedding.
    pub const EMBEDDING_LAYER: [&'static str; 2] = [".embedding.weight", ".embedding.bias"];
    /// The layers that begin with the embedding; a network need not have all of them.
    pub const HEADS: [[&'static str; 2]; 3] = [
        Self::GENRE_LAYER,
        [".tags.weight", ".tags.bias"],
        [".music.weight", ".music.bias"],
    ];

    /// The same network for hearing only: faster, but no longer to be trained or saved.
    pub fn fused(self) -> Self {
        match self {
            Self::TwoStream(network) => Self::TwoStream(network.fused()),
        }
    }
}
