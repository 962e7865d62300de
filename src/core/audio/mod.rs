//! How sound comes in: files and buffers become mono [`Clip`]s, and clips change their rate.
//!
//! ```text
//! bytes or file → header, extent   what is it, and where does its sound begin?
//!               → a source         pcm: WAV, AIFF, AU; frames: MP3, ADTS; coded: all else, by symphonia
//!               → reader           packet by packet: mix to mono, resample above 48 kHz → Clips, Notes
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
mod coded;
mod damage;
mod decode;
mod error;
mod extent;
mod frames;
mod header;
mod limits;
mod mix;
mod mp4;
mod mpeg;
mod note;
mod ogg;
mod opus;
mod pcm;
mod reader;
mod resample;
mod source;
pub mod synth;
mod wav;
mod window;

pub use clip::{Clip, SILENCE_PEAK};
pub use damage::{Codec, Damage};
pub use decode::{Decoded, EXTENSIONS, decode_bytes, decode_file};
pub use error::AudioError;
pub use header::probe_rate;
pub use limits::{MAX_CHANNELS, MAX_KEPT_RATE, MAX_RATE, MAX_SECONDS, MIN_RATE};
pub use note::Note;
pub use reader::{SoundReader, mixed};
pub use resample::{Resampling, resample};
