//! The architectures there are, by name.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::input::Input;
use super::output::ModelOutput;
use super::resnet::{self, ResNet};
use super::size::Size;
use super::stack::{StackConfig, Stacked};
use super::two_stream::{TwoStream, TwoStreamConfig};
use super::two_stream_rescnn::{TwoStreamResCnn, TwoStreamResCnnConfig};
use super::vector::{self, VectorMlp};
use super::{ModelError, conv_crnn, logmel_cnn, multimodal, sample_cnn};

/// The networks of the papers beside the two-stream one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// See [`conv_crnn::conv1d`].
    Conv1d,
    /// See [`conv_crnn::conv2d`].
    Conv2d,
    /// See [`conv_crnn::crnn`].
    Crnn,
    /// See [`sample_cnn`].
    SampleCnn,
    /// See [`vector::vector_cnn`].
    VectorCnn,
    /// See [`VectorMlp`].
    VectorMlp,
    /// See [`logmel_cnn`].
    LogmelCnn,
    /// See [`multimodal::mfcc_cnn`].
    MfccCnn,
    /// See [`multimodal::mfcc_crnn`].
    MfccCrnn,
    /// See [`multimodal::dwt_cnn`].
    DwtCnn,
    /// See [`multimodal::stft_cnn`].
    StftCnn,
    /// See [`multimodal::multimodal`].
    Multimodal,
    /// See [`resnet`].
    Resnet18,
}

impl NetworkKind {
    const ALL: [(Self, &'static str); 13] = [
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

    fn has_sizes(self) -> bool {
        matches!(self, Self::Conv1d | Self::Conv2d | Self::Crnn)
    }

    /// The dropout that its paper trains with.
    fn dropout(self) -> f64 {
        match self {
            Self::Conv1d | Self::Conv2d | Self::Crnn => conv_crnn::DROPOUT,
            Self::SampleCnn => sample_cnn::DROPOUT,
            Self::VectorCnn => vector::DROPOUT,
            Self::VectorMlp => vector::MLP_DROPOUT,
            Self::LogmelCnn => logmel_cnn::DROPOUT,
            Self::MfccCnn | Self::MfccCrnn | Self::DwtCnn | Self::StftCnn | Self::Multimodal => {
                multimodal::DROPOUT
            }
            Self::Resnet18 => 0.0,
        }
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

impl NetworkOfKind {
    /// What it is made of; `None` of those that are no stack of convolutions.
    fn plan(&self) -> Option<StackConfig> {
        let NetworkKindConfig {
            genres,
            dropout,
            size,
        } = self.sizes;
        let plan = match self.kind {
            NetworkKind::Conv1d => conv_crnn::conv1d(size, genres),
            NetworkKind::Conv2d => conv_crnn::conv2d(size, genres),
            NetworkKind::Crnn => conv_crnn::crnn(size, genres),
            NetworkKind::SampleCnn => sample_cnn::sample_cnn(genres),
            NetworkKind::VectorCnn => vector::vector_cnn(genres),
            NetworkKind::LogmelCnn => logmel_cnn::logmel_cnn(genres),
            NetworkKind::MfccCnn => multimodal::mfcc_cnn(genres),
            NetworkKind::MfccCrnn => multimodal::mfcc_crnn(genres),
            NetworkKind::DwtCnn => multimodal::dwt_cnn(genres),
            NetworkKind::StftCnn => multimodal::stft_cnn(genres),
            NetworkKind::Multimodal => multimodal::multimodal(genres),
            NetworkKind::VectorMlp | NetworkKind::Resnet18 => return None,
        };
        Some(StackConfig { dropout, ..plan })
    }
}

/// An architecture with its sizes; stored in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", content = "sizes", rename_all = "kebab-case")]
pub enum Architecture {
    /// Two-stream residual network that begins with MusiCNN's weights: see
    /// [`two_stream`](super::two_stream).
    TwoStream(TwoStreamConfig),
    /// Two-stream residual network of Tairi et al., trained from labels: see
    /// [`two_stream_rescnn`](super::two_stream_rescnn).
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

    /// A network with random weights.
    pub fn init(&self, device: &Device) -> Network {
        match self {
            Self::TwoStream(config) => Network::TwoStream(config.init(device)),
            Self::TwoStreamResCnn(config) => Network::TwoStreamResCnn(config.init(device)),
            Self::Other(of_kind) => match of_kind.plan() {
                Some(plan) => Network::Stacked(plan.init(device)),
                None if of_kind.kind == NetworkKind::VectorMlp => Network::VectorMlp(
                    VectorMlp::new(of_kind.sizes.genres, of_kind.sizes.dropout, device),
                ),
                None => Network::ResNet(ResNet::new(of_kind.sizes.genres, device)),
            },
        }
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
            Self::TwoStream(config) => Self::TwoStream(config.with_genres(genres)),
            Self::TwoStreamResCnn(config) => Self::TwoStreamResCnn(config.with_genres(genres)),
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
            Self::TwoStream(config) => Self::TwoStream(config.with_dropout(dropout)),
            Self::TwoStreamResCnn(config) => Self::TwoStreamResCnn(config.with_dropout(dropout)),
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

    /// Millions of floating-point operations of one example, a multiplication and its addition counting
    /// two: of convolutions and fully connected layers, which are nearly all of it.
    pub fn megaflops(&self) -> f64 {
        let multiplications = match self {
            Self::TwoStream(config) => config.multiplications(),
            Self::TwoStreamResCnn(config) => config.multiplications(),
            Self::Other(of_kind) => match of_kind.plan() {
                Some(plan) => plan.multiplications(),
                None if of_kind.kind == NetworkKind::VectorMlp => {
                    VectorMlp::multiplications(of_kind.sizes.genres)
                }
                None => ResNet::multiplications(of_kind.sizes.genres),
            },
        };
        2e-6 * multiplications as f64
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        match self {
            Self::TwoStream(config) => config.embedding_length(),
            Self::TwoStreamResCnn(config) => config.embedding,
            Self::Other(of_kind) => match of_kind.plan() {
                Some(plan) => plan.embedding(),
                None if of_kind.kind == NetworkKind::VectorMlp => {
                    VectorMlp::embedding(of_kind.sizes.genres)
                }
                None => resnet::EMBEDDING,
            },
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

impl FromStr for Architecture {
    type Err = ModelError;

    /// An architecture of default sizes from its name; one of patel's may say its size in millions of
    /// parameters, `crnn@0.25`.
    fn from_str(name: &str) -> Result<Self, ModelError> {
        let unknown = || ModelError::UnknownArchitecture {
            name: name.to_owned(),
            known: Self::names().join(", "),
        };
        if name == "two-stream" {
            return Ok(Self::TwoStream(TwoStreamConfig::new()));
        }
        if name == "two-stream-rescnn" {
            return Ok(Self::TwoStreamResCnn(TwoStreamResCnnConfig::new()));
        }
        let (word, millions) = match name.split_once('@') {
            Some((word, millions)) => (word, Some(millions)),
            None => (name, None),
        };
        let (kind, _) = NetworkKind::ALL
            .into_iter()
            .find(|(_, known)| *known == word)
            .ok_or_else(unknown)?;
        let size = match millions {
            None => Size::default(),
            Some(millions) => Size::ALL
                .into_iter()
                .find(|size| kind.has_sizes() && size.millions().to_string() == millions)
                .ok_or_else(unknown)?,
        };
        Ok(Self::Other(NetworkOfKind {
            kind,
            sizes: NetworkKindConfig {
                genres: 10,
                dropout: kind.dropout(),
                size,
            },
        }))
    }
}

/// A network of any architecture.
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there are a few of them in a program, and their tensors lie elsewhere"
)]
pub enum Network {
    /// See [`Architecture::TwoStream`].
    TwoStream(TwoStream),
    /// See [`Architecture::TwoStreamResCnn`].
    TwoStreamResCnn(TwoStreamResCnn),
    /// See [`StackConfig`].
    Stacked(Stacked),
    /// See [`VectorMlp`].
    VectorMlp(VectorMlp),
    /// See [`resnet`].
    ResNet(ResNet),
}

impl Network {
    /// Hears normalised parts of its [`Input`], `[batch, 1, rows, columns]` each.
    pub fn forward(&self, mut parts: Vec<Tensor<4>>) -> ModelOutput {
        match self {
            Self::TwoStream(network) => network.forward(parts.swap_remove(0)),
            Self::TwoStreamResCnn(network) => network.forward(parts.swap_remove(0)),
            Self::Stacked(network) => network.forward(parts),
            Self::VectorMlp(network) => network.forward(parts.swap_remove(0)),
            Self::ResNet(network) => network.forward(parts.swap_remove(0)),
        }
    }

    /// The last layer before the heads, `[batch, features]`, of a network that heads can be fitted to; `None` of
    /// any other.
    pub fn features(&self, mut parts: Vec<Tensor<4>>) -> Option<Tensor<2>> {
        match self {
            Self::TwoStream(network) => Some(network.features(parts.swap_remove(0))),
            _ => None,
        }
    }

    /// Where the weights and the bias of the layer that makes the embedding stand among a network's
    /// [`Weights`](super::Weights).
    pub const EMBEDDING_LAYER: [&'static str; 2] = [".embedding.weight", ".embedding.bias"];

    /// The same network for hearing only: faster, but no longer to be trained or saved.
    pub fn fused(self) -> Self {
        match self {
            Self::TwoStreamResCnn(network) => Self::TwoStreamResCnn(network.fused()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Weights, parameters};

    #[test]
    fn every_architecture_keeps_its_name_and_sizes_on_the_way_through_json() {
        let sized = ["crnn@0.25", "conv2d@3", "conv1d@1"];
        for name in Architecture::names().into_iter().chain(sized) {
            let architecture: Architecture = name.parse().expect(name);
            let architecture = architecture.with_genres(7);
            let written = architecture.to_string();
            assert!(written.starts_with(name), "{written}");
            let json = serde_json::to_string(&architecture).expect("serialises");
            let again: Architecture = serde_json::from_str(&json).expect("its own JSON");
            assert_eq!(again, architecture, "{json}");
            assert_eq!(again.genres(), 7);
        }
        for wrong in ["crnn@2", "resnet18@1", "resnet", "", "two-stream@1"] {
            assert!(wrong.parse::<Architecture>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_network_answers_in_the_shapes_that_its_architecture_names() {
        let device = Device::flex();
        for name in Architecture::names() {
            let architecture: Architecture = name.parse().expect(name);
            let network = architecture.init(&device);
            let shapes = architecture.input().shapes();
            let parts = shapes
                .iter()
                .map(|&[rows, columns]| Tensor::zeros([1, 1, rows, columns], &device));
            let output = network.forward(parts.collect());
            assert_eq!(output.logits.dims(), [1, 10], "{name}");
            let length = architecture.embedding();
            assert_eq!(output.embedding.dims(), [1, length], "{name}");
            // Every array has a name of its own, or a file could not hold it.
            let arrays = Weights::of(&network).0;
            let trained = arrays
                .iter()
                .filter(|(name, _)| !name.contains("running_"))
                .map(|(_, array)| array.values.len());
            assert_eq!(trained.sum::<usize>(), parameters(&network), "{name}");
        }
    }
}
