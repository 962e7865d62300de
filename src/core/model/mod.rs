//! The networks: windows of a sound in, genre logits and an embedding out.
//!
//! [`Architecture`] names what there is, [`Model`] is a network together with all it takes to use it: genres,
//! front end, input normalisation. With the feature `networks` it is a network of burn's of any architecture, on
//! any device that burn was given (`flex`: the processor), and can be trained; without, burn is not compiled, and only the architecture that ships is there,
//! on the processor.

#[cfg(feature = "networks")]
mod blocks;
mod calibration;
mod config;
#[cfg(feature = "networks")]
pub mod conv_crnn;
mod executor;
mod file;
mod input;
#[cfg(feature = "networks")]
pub mod logmel_cnn;
#[cfg(feature = "networks")]
pub mod multimodal;
#[cfg(feature = "networks")]
mod network;
#[cfg(feature = "networks")]
mod network_weights;
#[cfg(feature = "networks")]
mod on_device;
#[cfg(feature = "networks")]
mod output;
mod registry;
#[cfg(feature = "networks")]
pub mod resnet;
#[cfg(feature = "networks")]
pub mod sample_cnn;
mod size;
mod speed;
#[cfg(feature = "networks")]
pub mod stack;
#[cfg(feature = "networks")]
pub mod two_stream;
#[cfg(feature = "networks")]
pub mod two_stream_rescnn;
#[cfg(feature = "networks")]
pub mod vector;
mod weights;

use crate::message::Message;

#[cfg(feature = "networks")]
pub use blocks::{Conv, Padding};
pub use calibration::{Aggregation, Calibration, Head};
pub use calibration::{mean, sigmoid};
pub use config::{TwoStreamConfig, TwoStreamResCnnConfig};
pub use file::{Model, Normalise, ReferenceOutputs, SegmentOutput, Training, WeightPrecision};
pub(crate) use file::{check_front_end, f16_bytes};
pub use file::{sha256_hex, values_from_view};
pub use input::{Examples, Input};
#[cfg(feature = "networks")]
pub use network::Network;
#[cfg(feature = "networks")]
pub use network_weights::parameters;
#[cfg(feature = "networks")]
pub use output::ModelOutput;
pub use registry::{Architecture, NetworkKind, NetworkKindConfig, NetworkOfKind};
pub use size::Size;
pub use speed::milliseconds;
pub use weights::{Array, Weights};

/// The ten genres of GTZAN in alphabetical order, the labels of the shipped model.
pub const GENRES: [&str; 10] = [
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
];

/// A genre's name as it stands in a sentence.
pub fn display_name(genre: &str) -> &str {
    match genre {
        "hiphop" => "hip-hop",
        other => other,
    }
}

/// What can be wrong with a model.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "model.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum ModelError {
    /// No architecture of this name.
    #[error("there is no architecture named {name}; there is {known}")]
    UnknownArchitecture {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The bytes are not a model file.
    #[error("is not a model of this program ({0})")]
    NotAModel(String),
    /// Another format version.
    #[error("is a model of format version {found}; this program reads version {known}")]
    Version {
        /// The file's version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// Another front end.
    #[error("was trained with a front end that this program does not compute ({0})")]
    FrontEnd(String),
    /// A network of burn's is needed, and burn is not compiled in.
    #[error("is a {0}, which this build cannot run")]
    NeedsNetworks(String),
    /// Heads are to be fitted to a network that has no features for them.
    #[error("is a {0}, and only a two-stream model can be trained further")]
    NoFeatures(String),
    /// The architecture's sizes make no sense.
    #[error("names sizes of its network that no model has; the file is damaged")]
    Sizes,
    /// The weights do not fit the architecture.
    #[error(
        "holds weights that do not fit its architecture: {0}; the file is damaged or from another version"
    )]
    Weights(String),
    /// The device gave no answer.
    #[error("the device that runs the model failed: {0}")]
    Device(String),
}

impl Message for ModelError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UnknownArchitecture { name, known } => {
                vec![("name", name.clone()), ("known", known.clone())]
            }
            Self::Version { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            Self::NotAModel(cause)
            | Self::FrontEnd(cause)
            | Self::NeedsNetworks(cause)
            | Self::NoFeatures(cause)
            | Self::Weights(cause)
            | Self::Device(cause) => vec![("cause", cause.clone())],
            Self::Sizes => Vec::new(),
        }
    }
}
