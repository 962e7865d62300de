//! What is wrong with a damaged file, and what a file holds that has no decoder here: the details of an
//! [`AudioError`](super::AudioError).

use crate::message::Message;

/// What is wrong with a file. Its text stands in brackets behind "is damaged".
#[derive(
    Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(prefix = "damage.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Damage {
    /// An MP4 file whose index was not written.
    #[error("its index, the moov box, is missing, as in an unfinished download")]
    NoIndex,
    /// An MP4 file whose index does not say what its track holds.
    #[error("its audio track has no description")]
    NoTrackDescription,
    /// A file of chunks without one that it must have.
    #[error("its {0} chunk is missing")]
    NoChunk(&'static str),
    /// A header that ends too early.
    #[error("its header is cut short")]
    HeaderCutShort,
    /// A header that contradicts itself.
    #[error("its {0} header makes no sense")]
    SenselessHeader(String),
    /// An offset that lies in front of the samples.
    #[error("its sound is said to begin inside its header")]
    SoundInsideHeader,
    /// A file that ends before its first sample.
    #[error("it ends within its header")]
    EndsInHeader,
    /// A piece of an Ogg file.
    #[error(
        "it begins in the middle of an Ogg stream, without the header that is needed to decode it"
    )]
    MiddleOfOgg,
    /// Not one packet could be decoded.
    #[error("nothing in it can be decoded")]
    NothingDecodable,
    /// Too little of it could be decoded to answer for the whole.
    #[error("about {missing} s of {whole} s cannot be decoded")]
    MostlyUndecodable {
        /// Seconds that are missing, with a decimal.
        missing: String,
        /// Seconds of the whole, with a decimal.
        whole: String,
    },
    /// A panic in a decoder.
    #[error("its decoder fails on it")]
    DecoderFailed,
    /// A decoder's own words.
    #[error("{0}")]
    Decoder(String),
}

impl Message for Damage {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NoChunk(chunk) => vec![("chunk", (*chunk).to_owned())],
            Self::SenselessHeader(of) => vec![("of", of.clone())],
            Self::MostlyUndecodable { missing, whole } => {
                vec![("missing", missing.clone()), ("whole", whole.clone())]
            }
            Self::Decoder(reason) => vec![("reason", reason.clone())],
            Self::NoIndex
            | Self::NoTrackDescription
            | Self::HeaderCutShort
            | Self::SoundInsideHeader
            | Self::EndsInHeader
            | Self::MiddleOfOgg
            | Self::NothingDecodable
            | Self::DecoderFailed => Vec::new(),
        }
    }
}

/// What a file holds that has no decoder here. Its text stands between "holds" and a comma.
#[derive(
    Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(prefix = "codec.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Codec {
    /// One with a name that is the same in every language.
    #[error("{0}")]
    Named(String),
    /// Plain samples of an odd width.
    #[error("{format} samples of {bits} bits")]
    SampleWidth {
        /// The file's format.
        format: &'static str,
        /// Bits of a sample.
        bits: usize,
    },
    /// Plain samples that begin at zero.
    #[error("unsigned QuickTime samples")]
    UnsignedSamples,
    /// Plain samples in a box that no reader knows.
    #[error("samples of a kind that is rare in MP4")]
    RareInMp4,
    /// A codec by its number or letters in a file's header.
    #[error("{format} codec {code}")]
    Numbered {
        /// The file's format.
        format: &'static str,
        /// As the header has it.
        code: String,
    },
    /// A known codec in a container that it is not read from.
    #[error("{codec} in a {format} file")]
    Inside {
        /// The codec.
        codec: &'static str,
        /// The file's format.
        format: &'static str,
    },
    /// A codec without a name.
    #[error("a codec in {0} that it does not know")]
    Unknown(&'static str),
    /// One of the rarer kinds of AAC.
    #[error("AAC of a kind other than LC in mono or stereo")]
    RareAac,
    /// Notes, not sound.
    #[error("MIDI, notes without sound,")]
    Midi,
}

impl From<&str> for Codec {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl Message for Codec {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Named(name) => vec![("name", name.clone())],
            Self::SampleWidth { format, bits } => {
                vec![("format", (*format).to_owned()), ("bits", bits.to_string())]
            }
            Self::Numbered { format, code } => {
                vec![("format", (*format).to_owned()), ("code", code.clone())]
            }
            Self::Inside { codec, format } => vec![
                ("codec", (*codec).to_owned()),
                ("format", (*format).to_owned()),
            ],
            Self::Unknown(format) => vec![("format", (*format).to_owned())],
            Self::UnsignedSamples | Self::RareInMp4 | Self::RareAac | Self::Midi => Vec::new(),
        }
    }
}
