//! How sound comes in: files and buffers become mono [`Clip`]s, and clips change their rate.
//!
//! ```text
//! bytes or file → header (what is it?) → pcm        plain samples: WAV, AIFF, AU
//!                                      → symphonia  MP3, FLAC, Ogg Vorbis, AAC, ALAC, ADPCM
//!               → mean of the channels, packet by packet → Clip → resample
//! ```
//!
//! The format is told by the content. The header's claims are checked before anything is decoded
//! and never decide how much memory is taken. The same code runs natively and in wasm; only
//! `decode_file` needs a file system.
//!
//! ```
//! use soundalike_core::audio::{probe_rate, synth};
//!
//! # fn main() -> Result<(), soundalike_core::audio::AudioError> {
//! let song = synth::sample_song();
//! assert_eq!(song.resampled(44_100)?.seconds(), song.seconds());
//! assert_eq!(probe_rate(b"not a sound file"), None);
//! # Ok(())
//! # }
//! ```

mod aiff;
mod au;
mod bytes;
mod clip;
mod decode;
mod error;
mod header;
mod limits;
mod mp4;
mod mpeg;
mod ogg;
mod pcm;
mod resample;
pub mod synth;
mod tags;
mod wav;

pub use clip::{Clip, SILENCE_PEAK};
pub use decode::decode_file;
pub use decode::{Decoded, Note, decode_bytes};
pub use error::AudioError;
pub use header::probe_rate;
pub use limits::{MAX_CHANNELS, MAX_RATE, MAX_SECONDS, MIN_RATE};
pub use resample::{Resampling, resample};
pub use tags::Tags;
