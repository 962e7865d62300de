//! Sound files to mono clips.

use std::collections::VecDeque;
use std::io::{Cursor, Read, Seek};
use std::sync::{Arc, Mutex};

use super::clip::Clip;
use super::coded::CodedSource;
use super::error::{AudioError, check_channels, check_rate, guarded};
use super::frames::FrameSource;
use super::header::{self, Container, SoundHeader};
use super::limits::MAX_SECONDS;
use super::note::Note;
use super::pcm::PcmSource;
use super::reader::SoundReader;
use super::source::PacketSource;
use super::window::{ReadSeek, SharedFile, Window};
use super::{bytes, extent, ogg};

/// A decoded file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The sound, mixed to mono (mean of the channels) at the file's own rate, up to 48 000 Hz.
    pub clip: Clip,
    /// Channels of the file where it begins, 1 to 8.
    pub channels: usize,
    /// Sample rate of the file where it begins in Hz, 8 000..=192 000.
    pub source_rate: u32,
    /// Notes for the listener, in no particular order; mostly empty.
    pub notes: Vec<Note>,
}

/// Decodes a sound file held in memory, up to [`MAX_SECONDS`] of it; [`SoundReader`] reads longer ones piece by
/// piece.
///
/// `name` is the file's name; only its ending is used, and only to word a refusal: the format is
/// detected from the content. Formats: WAV, RF64, W64 and RIFX (8 to 32-bit integers, floats, A-law, mu-law,
/// ADPCM), AIFF and AIFF-C, AU, FLAC, MPEG layers I to III, Ogg with Vorbis, FLAC or Opus, MP4 and QuickTime with
/// AAC-LC, ALAC, FLAC, Opus, MP3 or plain samples, Matroska and WebM with those, CAF, AAC-LC in ADTS.
/// Encoder delay is trimmed where the file states it. Of several tracks the first with sound is taken; of
/// files joined to one, all.
///
/// # Errors
/// See [`AudioError`]; a file that is only damaged or cut short in parts is decoded as far as it
/// goes, and [`Decoded::notes`] say so.
///
/// # Examples
/// ```
/// use soundalike_core::audio::{AudioError, decode_bytes};
///
/// let bytes = std::fs::read("../../tests/data/half.flac")?;
/// let decoded = decode_bytes(bytes, "half.flac")?;
/// assert_eq!(decoded.clip.rate(), decoded.source_rate);
/// assert!(decoded.notes.is_empty());
///
/// let refused = decode_bytes(b"Dear Sir or Madam".to_vec(), "letter.mp3");
/// assert!(refused.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode_bytes(bytes: Vec<u8>, name: &str) -> Result<Decoded, AudioError> {
    decode(SoundReader::from_bytes(bytes, name)?)
}

/// Decodes the sound file at `path`, as [`decode_bytes`] does, reading as it goes.
///
/// # Errors
/// Those of [`decode_bytes`], and [`AudioError::NotFound`], [`AudioError::IsDirectory`] or
/// [`AudioError::NotReadable`].
pub fn decode_file(path: &std::path::Path) -> Result<Decoded, AudioError> {
    decode(SoundReader::from_file(path)?)
}

fn decode(reader: SoundReader) -> Result<Decoded, AudioError> {
    let mut reader = reader.limited_to(f64::from(MAX_SECONDS));
    let clip = reader.next_piece(f64::from(MAX_SECONDS))?;
    Ok(Decoded {
        clip: clip.ok_or(AudioError::EmptySound)?,
        channels: reader.channels(),
        source_rate: reader.source_rate(),
        notes: reader.notes(),
    })
}

impl SoundReader {
    /// Opens a sound file held in memory; see [`decode_bytes`].
    ///
    /// # Errors
    /// If it is of no known format, or its header rules out that it can be decoded.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, AudioError> {
        if bytes.is_empty() {
            return Err(AudioError::EmptyFile);
        }
        Self::open(Cursor::new(bytes), name)
    }

    /// Opens the sound file at `path`.
    ///
    /// # Errors
    /// Those of [`SoundReader::from_bytes`], and [`AudioError::NotFound`], [`AudioError::IsDirectory`] or
    /// [`AudioError::NotReadable`].
    pub fn from_file(path: &std::path::Path) -> Result<Self, AudioError> {
        let failed = |error| AudioError::from_io(&error);
        let about = std::fs::metadata(path).map_err(failed)?;
        if about.is_dir() {
            return Err(AudioError::IsDirectory);
        }
        if !about.is_file() {
            return Err(AudioError::NotReadable {
                reason: "it is a device or a pipe".to_owned(),
            });
        }
        if about.len() == 0 {
            return Err(AudioError::EmptyFile);
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        Self::open(file, &path.to_string_lossy())
    }

    /// Opens what can be read like a file, as it goes; `name` as for [`decode_bytes`].
    ///
    /// # Errors
    /// Those of [`SoundReader::from_bytes`], and [`AudioError::NotReadable`].
    pub fn open(file: impl Read + Seek + Send + 'static, name: &str) -> Result<Self, AudioError> {
        guarded(|| source(file))
            .map(Self::new)
            .map_err(|error| match error {
                AudioError::NotSound { .. } => AudioError::NotSound {
                    extension: sound_extension(name),
                },
                other => other,
            })
    }
}

/// The decoder for a file.
fn source(
    mut file: impl Read + Seek + Send + 'static,
) -> Result<Box<dyn PacketSource>, AudioError> {
    let (header, start) = header::read(&mut std::io::BufReader::new(&mut file))?;
    if let Some(channels) = header.channels() {
        check_channels(channels)?;
    }
    if let Some(rate) = header.rate() {
        check_rate(rate)?;
    }
    let len = bytes::len(&mut file)?;
    let end = extent::before_tags(&mut file)?.max(start);
    let mut coded = match header {
        SoundHeader::Plain(pcm) => return Ok(Box::new(PcmSource::new(pcm, file)?)),
        SoundHeader::Coded(coded) => coded,
        SoundHeader::Frames(frames) => {
            let file: SharedFile = Arc::new(Mutex::new(Box::new(file) as Box<dyn ReadSeek>));
            let window = Window::new(&file, start, end);
            return Ok(Box::new(FrameSource::new(window, frames.kind, len)));
        }
    };
    if let Some(refusal) = &coded.refusal {
        return Err(refusal.clone());
    }
    let parts = match coded.container {
        Container::Flac => header::flac_parts(&mut file, start, end)?,
        Container::Ogg => {
            let pages = ogg::whole_pages(&mut file, start, end)?;
            coded.whole_frames = pages.frames;
            VecDeque::from([pages.parts])
        }
        // Its boxes reach to the end, tags and all.
        Container::Mp4 => VecDeque::from([vec![(start, len)]]),
        _ => VecDeque::from([vec![(start, end)]]),
    };
    let file: SharedFile = Arc::new(Mutex::new(Box::new(file) as Box<dyn ReadSeek>));
    Ok(Box::new(CodedSource::open(file, coded, parts)?))
}

/// Endings of the names of files that can be decoded.
pub const EXTENSIONS: [&str; 24] = [
    "wav", "wave", "w64", "flac", "mp3", "mp2", "mp1", "ogg", "oga", "opus", "m4a", "m4b", "mp4",
    "aac", "aif", "aiff", "aifc", "au", "snd", "webm", "mka", "mkv", "mov", "caf",
];

/// The ending of `name`, if it is one of a sound file's.
fn sound_extension(name: &str) -> Option<String> {
    const REFUSED: [&str; 4] = ["wma", "wv", "ape", "mpc"];
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let mut known = EXTENSIONS.into_iter().chain(REFUSED);
    known.any(|known| known == ending).then_some(ending)
}
