//! From a sound to its answer, the same code in the browser and natively.
//!
//! ```text
//! sound file or microphone
//!   → audio      decode, mix to mono, resample to the rate of the model's front end
//!   → dsp        features: log-mel patches, MFCC, chroma, descriptors
//!   → model      a network → genre logits, tags, embedding
//!   → pipeline   the patches' outputs are aggregated to the clip's (`live`: of a microphone;
//!                `saliency`: which parts of the sound spoke for the answer)
//!                (`verdict`: in words)
//!   → similar    exact search among embeddings; paths, mixes, duplicates and groups of them
//!   → catalog    the songs whose embeddings are nearest
//!   → taste      which of them a person likes, learnt from likes and dislikes
//! ```
//!
//! `survey` holds what a survey needs of the catalogue and of a sound. `fourier` has the transforms of resampling
//! and features; below the networks, on native CPUs, are `kernels`. Dependencies point one way: a module uses those
//! above it in the list, never those below.

pub mod audio;
pub mod catalog;
pub mod dsp;
pub mod fourier;
pub mod guard;
mod kernels;
pub mod linear_algebra;
pub mod live;
pub mod message;
pub mod model;
pub mod pipeline;
pub mod saliency;
pub mod similar;
mod sums;
pub mod survey;
pub mod taste;
pub mod verdict;
