//! The architectures there are, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ModelError;
use super::config::{TwoStreamConfig, TwoStreamResCnnConfig};
use super::input::Input;
use super::size::Size;

/// The networks of the papers beside the two-stream one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// See `conv_crnn::conv1d`.
    Conv1d,
    /// See `conv_crnn::conv2d`.
    Conv2d,
    /// See `conv_crnn::crnn`.
    Crnn,
    /// See `sample_cnn`.
    SampleCnn,
    /// See `vector::vector_cnn`.
    VectorCnn,
    /// See `vector::VectorMlp`.
    VectorMlp,
    /// See `logmel_cnn`.
    LogmelCnn,
    /// See `multimodal::mfcc_cnn`.
    MfccCnn,
    /// See `multimodal::mfcc_crnn`.
    MfccCrnn,
    /// See `multimodal::dwt_cnn`.
    DwtCnn,
    /// See `multimodal::stft_cnn`.
    StftCnn,
    /// See `multimodal::multimodal`.
    Multimodal,
    /// See `resnet`.
    Resnet18,
}

impl NetworkKind {
    pub(super) const ALL: [(Self, &'static str); 13] = [
        (Self::Conv1d, "conv1d"),
        (Self::Conv2d, "conv2d"),
        (Self::Crnn, "crnn"),
        (Self::SampleCnn, "sample-cnn"),
        (Self::VectorCnn, "vector-cnn"),
        (Self::VectorMlp, "vector-mlp"),
        (Self::LogmelCnn, "logmel-cnn"),
        (Self::MfccCnn, "mfcc-cnn"),
        (Self::MfccCrnn, "mfcc-crnn"),
        (Self::DwtCnn, "dwt-cnn"),
        (Self::StftCnn, "stft-cnn"),
        (Self::Multimodal, "multimodal"),
        (Self::Resnet18, "resnet18"),
    ];

    pub(super) fn has_sizes(self) -> bool {
        matches!(self, Self::Conv1d | Self::Conv2d | Self::Crnn)
    }
}

impl fmt::Display for NetworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::ALL.iter().find(|(kind, _)| kind == self);
        f.write_str(names.map_or("", |(_, name)| name))
    }
}

/// The sizes of a network of some [`NetworkKind`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkKindConfig {
    /// Number of genres, the length of the logits.
    pub genres: usize,
    /// Share that is dropped at random while training.
    pub dropout: f64,
    /// Of patel's networks, how large.
    #[serde(default)]
    pub size: Size,
}

/// A network of some [`NetworkKind`], as the model file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkOfKind {
    /// Which.
    #[serde(rename = "architecture")]
    pub kind: NetworkKind,
    /// Its sizes.
    pub sizes: NetworkKindConfig,
}

/// An architecture with its sizes; stored in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", content = "sizes", rename_all = "kebab-case")]
pub enum Architecture {
    /// Two-stream residual network that begins with MusiCNN's weights: see
    /// `two_stream`.
    TwoStream(TwoStreamConfig),
    /// Two-stream residual network of Tairi et al., trained from labels: see
    /// `two_stream_rescnn`.
    #[serde(rename = "two-stream-rescnn")]
    TwoStreamResCnn(TwoStreamResCnnConfig),
    /// Any other.
    #[serde(untagged)]
    Other(NetworkOfKind),
}

impl Architecture {
    /// The names that [`Architecture::from_str`] knows.
    pub fn names() -> Vec<&'static str> {
        let others = NetworkKind::ALL.iter().map(|(_, name)| *name);
        let own = ["two-stream", "two-stream-rescnn"];
        own.into_iter().chain(others).collect()
    }

    /// Its input.
    pub fn input(&self) -> Input {
        match self {
            Self::TwoStream(_) => Input::LeveledLogMel,
            Self::TwoStreamResCnn(_) => Input::LogMel,
            Self::Other(of_kind) => match of_kind.kind {
                NetworkKind::Conv1d | NetworkKind::Conv2d | NetworkKind::Crnn => Input::LogMelLong,
                NetworkKind::SampleCnn => Input::Waveform,
                NetworkKind::VectorCnn | NetworkKind::VectorMlp => Input::Descriptors,
                NetworkKind::LogmelCnn | NetworkKind::Resnet18 => Input::LogMel,
                NetworkKind::MfccCnn | NetworkKind::MfccCrnn => Input::Mfcc,
                NetworkKind::DwtCnn => Input::Dwt,
                NetworkKind::StftCnn => Input::Stft,
                NetworkKind::Multimodal => Input::Multimodal,
            },
        }
    }

    /// The same for as many genres.
    #[must_use]
    pub fn with_genres(self, genres: usize) -> Self {
        match self {
            Self::TwoStream(config) => Self::TwoStream(TwoStreamConfig { genres, ..config }),
            Self::TwoStreamResCnn(config) => {
                Self::TwoStreamResCnn(TwoStreamResCnnConfig { genres, ..config })
            }
            Self::Other(mut of_kind) => {
                of_kind.sizes.genres = genres;
                Self::Other(of_kind)
            }
        }
    }

    /// The same with another dropout, a share below one.
    #[must_use]
    pub fn with_dropout(self, dropout: f64) -> Self {
        match self {
            Self::TwoStream(config) => Self::TwoStream(TwoStreamConfig { dropout, ..config }),
            Self::TwoStreamResCnn(config) => {
                Self::TwoStreamResCnn(TwoStreamResCnnConfig { dropout, ..config })
            }
            Self::Other(mut of_kind) => {
                of_kind.sizes.dropout = dropout;
                Self::Other(of_kind)
            }
        }
    }

    /// Refuses sizes that no network of this program has, before memory is taken for them.
    ///
    /// # Errors
    /// [`ModelError::Sizes`].
    pub fn check(&self) -> Result<(), ModelError> {
        /// Far above any network that a visitor would wait for.
        const MOST: usize = 2048;
        let (sizes, dropout) = match self {
            Self::TwoStream(config) if !config.is_possible() => return Err(ModelError::Sizes),
            Self::TwoStream(config) => (vec![config.genres], config.dropout),
            Self::TwoStreamResCnn(config) => {
                let mut sizes = vec![
                    config.genres,
                    config.embedding,
                    config.fused,
                    config.tags + 1,
                ];
                sizes.extend(config.channels);
                (sizes, config.dropout)
            }
            Self::Other(of_kind) => (vec![of_kind.sizes.genres], of_kind.sizes.dropout),
        };
        let possible = sizes.iter().all(|size| (1..=MOST).contains(size));
        if possible && (0.0..1.0).contains(&dropout) {
            Ok(())
        } else {
            Err(ModelError::Sizes)
        }
    }

    /// Number of tags.
    pub fn tags(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.tags,
            Self::TwoStreamResCnn(config) => config.tags,
            Self::Other(_) => 0,
        }
    }

    /// Number of genres.
    pub fn genres(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.genres,
            Self::TwoStreamResCnn(config) => config.genres,
            Self::Other(of_kind) => of_kind.sizes.genres,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoStream(_) => f.write_str("two-stream"),
            Self::TwoStreamResCnn(_) => f.write_str("two-stream-rescnn"),
            Self::Other(NetworkOfKind { kind, sizes }) if kind.has_sizes() => {
                write!(f, "{kind}@{}", sizes.size.millions())
            }
            Self::Other(NetworkOfKind { kind, .. }) => write!(f, "{kind}"),
        }
    }
}
