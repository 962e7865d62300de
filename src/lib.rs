//! Soundalike hears a song, names its genre and finds the songs that sound like it.
//!
//! A sound goes one way through the house, and the modules are the rooms it passes:
//!
//! ```text
//! sound file or microphone
//!   → audio      decode, mix to mono, resample to 22 050 Hz
//!   → dsp        log-mel segments [128 bands, 128 frames] of three seconds
//!   → model      two-stream network → genre logits, tags, embedding
//!   → pipeline   the segments' answers become the clip's (`live`: of a sound that goes on;
//!                `saliency`: what in it spoke for that)
//!   → catalog    the songs whose embeddings lie nearest
//!   → taste      what the visitor likes of them, learnt from thumbs (`survey`: from many people's)
//! ```
//!
//! All of that is the same code in the browser and natively. At the ends stand `web` (the page's
//! worker calls it; browser only), and `library`, `train`, `server` (native only); under the model, on
//! native CPUs, lie `kernels`. Dependencies
//! point one way: a room knows those above it in the list, never those below.

pub mod audio;
pub mod catalog;
pub mod dsp;
pub mod live;
pub mod model;
pub mod pipeline;
pub mod saliency;
pub mod survey;
pub mod taste;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod kernels;
#[cfg(not(target_arch = "wasm32"))]
pub mod library;
#[cfg(not(target_arch = "wasm32"))]
pub mod progress;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;
#[cfg(not(target_arch = "wasm32"))]
pub mod shipped;
#[cfg(not(target_arch = "wasm32"))]
pub mod train;
#[cfg(target_arch = "wasm32")]
pub mod web;
