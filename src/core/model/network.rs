//! The networks of burn's: of each architecture its network, its size and its cost.

use std::str::FromStr;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::output::ModelOutput;
use super::resnet::{self, ResNet};
use super::size::Size;
use super::stack::{StackConfig, Stacked};
use super::two_stream::TwoStream;
use super::two_stream_rescnn::TwoStreamResCnn;
use super::vector::{self, VectorMlp};
use super::{
    Architecture, ModelError, NetworkKind, NetworkKindConfig, NetworkOfKind, TwoStreamConfig,
    TwoStreamResCnnConfig, conv_crnn, logmel_cnn, multimodal, sample_cnn,
};

impl NetworkKind {
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

impl Architecture {
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
            return Ok(Self::TwoStream(TwoStreamConfig::default()));
        }
        if name == "two-stream-rescnn" {
            return Ok(Self::TwoStreamResCnn(TwoStreamResCnnConfig::default()));
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
