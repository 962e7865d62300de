//! What can go wrong between a file and a [`Clip`](super::Clip).

use super::damage::{Codec, Damage};
use super::limits::{MAX_CHANNELS, MAX_RATE, MIN_RATE};
use crate::guard::caught;
use crate::message::{Message, Notice};

/// Why a sound could not be read.
///
/// Each message is one sentence that continues a name: a caller writes
/// `format!("{name}: {error}")`. It says the cause and what to do about it.
#[derive(
    Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(prefix = "audio.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum AudioError {
    /// There is no such file.
    #[error("was not found; check the path and its spelling")]
    NotFound,
    /// The path names a folder.
    #[error("is a folder, not a sound file; give the files inside it")]
    IsDirectory,
    /// The system refuses to read the file.
    #[error("cannot be read ({reason}); check its permissions and the disk it lies on")]
    NotReadable {
        /// The system's own words, without a file name.
        reason: String,
    },
    /// The file has no bytes at all.
    #[error("is an empty file (0 bytes); download or export it again")]
    EmptyFile,
    /// The content is of no known format.
    #[error(
        "is not a sound file this program knows (WAV, FLAC, MP3, Ogg, Opus, M4A, AAC, WebM, AIFF, CAF, AU){}; convert it to one of these",
        although(.extension.as_deref())
    )]
    NotSound {
        /// The ending of the file's name, without the dot, where it promises something else.
        extension: Option<String>,
    },
    /// A known format, but nothing can be made of it.
    #[error("is damaged beyond use ({0}); download or export it again")]
    Damaged(#[from] Damage),
    /// A container, such as a film, that holds no sound.
    #[error("holds no audio track; choose a file with sound in it")]
    NoAudioTrack,
    /// A known format or codec that has no decoder here.
    #[error("holds {0}, which this program cannot decode; convert it to FLAC, MP3 or WAV")]
    UnsupportedCodec(Codec),
    /// The content is encrypted.
    #[error(
        "is protected by digital rights management and cannot be decoded; use a copy without protection"
    )]
    Protected,
    /// No channel, or more than eight.
    #[error("has {0} channels, but only 1 to {MAX_CHANNELS} can be mixed; export it in stereo")]
    Channels(usize),
    /// The channels differ in length.
    #[error("has channels of different lengths; give each the same number of samples")]
    UnequalChannels,
    /// A sample rate outside 8 000 to 192 000 Hz.
    #[error(
        "has a sample rate of {0} Hz, outside {MIN_RATE} to {MAX_RATE} Hz; export it at 44100 Hz"
    )]
    Rate(u32),
    /// Samples that are not numbers, or infinite.
    #[error("contains samples that are not finite numbers (NaN or infinity); export it again")]
    NonFinite,
    /// Samples beyond anything that is a sound.
    #[error("contains samples a million times too loud; export it again, at most at full scale")]
    TooLoud,
    /// A valid header and not one sample.
    #[error("contains no sound (0 samples); choose a file with sound in it")]
    EmptySound,
}

/// Runs a decoder's code; its panic is [`AudioError::Damaged`].
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, AudioError>) -> Result<T, AudioError> {
    caught(run).unwrap_or_else(|| Err(Damage::DecoderFailed.into()))
}

/// Refuses a number of channels out of range.
pub(super) fn check_channels(channels: usize) -> Result<(), AudioError> {
    if (1..=MAX_CHANNELS).contains(&channels) {
        Ok(())
    } else {
        Err(AudioError::Channels(channels))
    }
}

/// Refuses a sample rate out of range.
pub(super) fn check_rate(rate: u32) -> Result<(), AudioError> {
    if (MIN_RATE..=MAX_RATE).contains(&rate) {
        Ok(())
    } else {
        Err(AudioError::Rate(rate))
    }
}

fn although(extension: Option<&str>) -> String {
    extension.map_or_else(String::new, |extension| {
        format!(", although its name ends in .{extension}")
    })
}

impl AudioError {
    pub(super) fn unsupported(codec: impl Into<Codec>) -> Self {
        Self::UnsupportedCodec(codec.into())
    }

    /// A system error met while reading.
    pub(super) fn from_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::IsADirectory => Self::IsDirectory,
            kind => Self::NotReadable {
                reason: kind.to_string(),
            },
        }
    }
}

impl Message for AudioError {
    fn code(&self) -> &'static str {
        match self {
            // Two sentences in every language, so two messages.
            Self::NotSound { extension: Some(_) } => "audio.not_what_its_name_says",
            other => other.into(),
        }
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotReadable { reason } => vec![("reason", reason.clone())],
            Self::NotSound { extension } => {
                let extension = extension.iter().cloned();
                extension.map(|name| ("extension", name)).collect()
            }
            Self::Channels(channels) => vec![
                ("channels", channels.to_string()),
                ("most", MAX_CHANNELS.to_string()),
            ],
            Self::Rate(rate) => vec![
                ("rate", rate.to_string()),
                ("least", MIN_RATE.to_string()),
                ("most", MAX_RATE.to_string()),
            ],
            Self::Damaged(_)
            | Self::UnsupportedCodec(_)
            | Self::NotFound
            | Self::IsDirectory
            | Self::EmptyFile
            | Self::NoAudioTrack
            | Self::Protected
            | Self::UnequalChannels
            | Self::NonFinite
            | Self::TooLoud
            | Self::EmptySound => Vec::new(),
        }
    }

    fn details(&self) -> Vec<(&'static str, Notice)> {
        match self {
            Self::Damaged(damage) => vec![("damage", Notice::of(damage))],
            Self::UnsupportedCodec(codec) => vec![("codec", Notice::of(codec))],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_an_error_of_its_file() {
        let failed = guarded(|| -> Result<(), AudioError> { panic!("a decoder's bug") });
        assert!(matches!(
            failed,
            Err(AudioError::Damaged(Damage::DecoderFailed))
        ));
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }
}
