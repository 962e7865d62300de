//! The networks: windows of a sound in, genre logits and an embedding out.
//!
//! [`Architecture`] names what there is, [`Network`] is any of them on any device, [`Model`] is a
//! network together with all it takes to use it: genres, front end, input normalisation.

mod blocks;
mod calibration;
mod file;
mod input;
pub mod patel;
pub mod perry;
mod registry;
pub mod resnet;
pub mod sample_cnn;
mod speed;
pub mod stack;
pub mod streett;
pub mod two_stream;
pub mod two_stream_rescnn;
mod weights;
pub mod zhang;

pub use blocks::{Conv, Edge};
pub(crate) use calibration::mean;
pub use calibration::{Calibration, Head, Pooling};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use file::sha256_hex;
pub use file::{Golden, Model, Normalise, SegmentHeard, Storage, Training};
pub(crate) use file::{check_front_end, f16_bytes, values_from_view};
pub use input::{Examples, Input};
pub use registry::{Architecture, Heard, Kind, KindConfig, Network, OfKind, Size};
pub use speed::milliseconds;
pub use two_stream::TwoStreamConfig;
pub use weights::{Array, Weights, parameters};

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
pub fn spoken(genre: &str) -> &str {
    match genre {
        "hiphop" => "hip-hop",
        other => other,
    }
}

/// What can be wrong with a model.
#[derive(Debug, thiserror::Error)]
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
    #[error(
        "is not a model of this program ({0}); choose a .safetensors file made by `trainer train`"
    )]
    NotAModel(String),
    /// Another format version.
    #[error(
        "is a model of format version {found}; this program reads version {known}: use the program that made it, or train again"
    )]
    Version {
        /// The file's version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// Another front end.
    #[error(
        "was trained with a front end that this program does not compute ({0}); use the program that made it, or train it again"
    )]
    FrontEnd(String),
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
