//! Genre and moods of a song as tags of its file.
//!
//! Everything else in the file stays as it is: the other frames, comments and atoms are copied byte by byte, and
//! what is written is read again, and refused if another tag has changed. `lofty`, which reads the tags, would
//! write them otherwise: every ID3v2 tag as ID3v2.4, names and numbers in its own form, and without what it does
//! not understand. It only moves the parts of an MP4 file.

mod chunks;
mod comments;
mod id3;
mod mp4;

use std::fmt::Display;
use std::io::{Cursor, Read, Seek};

use lofty::file::FileType;
use lofty::probe::Probe;
use soundalike_core::guard::caught;

use super::SongTags;
use super::blocks::{first_id3, id3_size};

/// What is written into a file; an empty list leaves what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTags {
    /// Genres, in place of those that the file names.
    pub genres: Vec<String>,
    /// Moods, in place of those that the file names.
    pub moods: Vec<String>,
}

impl NewTags {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.genres.is_empty() && self.moods.is_empty()
    }
}

/// Why tags cannot be written into a file. Its `Display` continues the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagWriteError {
    /// A format without tags, or whose tags cannot be written here.
    #[error(
        "does not begin as a file does whose tags can be written: MP3, AAC, FLAC, Ogg Vorbis, Opus, MP4, WAV or AIFF"
    )]
    Format,
    /// The tags that are there cannot be read exactly.
    #[error("its tags are not quite as the format asks ({0}), so they are left as they are")]
    Unclear(String),
    /// Something else than the new tags would change.
    #[error("its other tags would not stay as they are, so it is left as it is")]
    NotKept,
}

impl TagWriteError {
    fn unclear(cause: impl Display) -> Self {
        Self::Unclear(cause.to_string())
    }
}

/// The bytes of a sound file with other tags: genres in `TCON`, `GENRE` or `©gen`, moods in `TMOO` (ID3v2.4),
/// `TXXX:MOOD` (earlier ID3v2), `MOOD` or `----:com.apple.iTunes:MOOD`. A file without a tag of the format's usual
/// kind gets one, which also names what its other tags say. `name` is what a warning calls the file.
///
/// # Errors
/// If the file's tags cannot be written, or cannot be without changing something else: see [`TagWriteError`].
pub fn with_tags(bytes: &[u8], new: &NewTags, name: &str) -> Result<Vec<u8>, TagWriteError> {
    let before = SongTags::of(&mut Cursor::new(bytes), name);
    let written = caught(|| write(bytes, new, &before));
    let written = written.unwrap_or_else(|| Err(TagWriteError::unclear("their writer failed")))?;
    let after = SongTags::of(&mut Cursor::new(&written), name);
    if after.has(new) && after.like(&before, new) {
        return Ok(written);
    }
    Err(TagWriteError::NotKept)
}

impl SongTags {
    /// Whether it says what was to be written.
    fn has(&self, new: &NewTags) -> bool {
        let genre = self.genre.as_deref().unwrap_or_default();
        let moods = self.moods.join(";");
        new.genres.iter().all(|name| genre.contains(name.as_str()))
            && new.moods.iter().all(|name| moods.contains(name.as_str()))
    }

    /// Whether it says what another one says, apart from what was written.
    fn like(&self, other: &Self, new: &NewTags) -> bool {
        let mut expected = other.clone();
        if !new.genres.is_empty() {
            expected.genre.clone_from(&self.genre);
        }
        if !new.moods.is_empty() {
            expected.moods.clone_from(&self.moods);
        }
        *self == expected
    }
}

/// Checks that a file begins as one does whose tags can be written; no more than its beginning is read. Its tags may
/// still be such that [`with_tags`] refuses them.
///
/// # Errors
/// [`TagWriteError::Format`] if it does not, [`TagWriteError::Unclear`] if it cannot be read.
pub fn check_writable(file: &mut (impl Read + Seek)) -> Result<(), TagWriteError> {
    caught(|| kind(file))
        .unwrap_or_else(|| Err(TagWriteError::unclear("their reader failed")))
        .map(|_| ())
}

/// The kind of a file whose tags can be written.
fn kind(file: &mut (impl Read + Seek)) -> Result<FileType, TagWriteError> {
    let probe = Probe::new(file).guess_file_type();
    let kind = probe.map_err(TagWriteError::unclear)?.file_type();
    match kind {
        Some(
            kind @ (FileType::Mpeg
            | FileType::Aac
            | FileType::Wav
            | FileType::Aiff
            | FileType::Flac
            | FileType::Vorbis
            | FileType::Opus
            | FileType::Speex
            | FileType::Mp4),
        ) => Ok(kind),
        _ => Err(TagWriteError::Format),
    }
}

fn write(bytes: &[u8], new: &NewTags, before: &SongTags) -> Result<Vec<u8>, TagWriteError> {
    match kind(&mut Cursor::new(bytes))? {
        FileType::Wav => chunks::write(bytes, chunks::Container::Wav, new, before),
        FileType::Aiff => chunks::write(bytes, chunks::Container::Aiff, new, before),
        FileType::Flac => comments::flac(bytes, new),
        FileType::Vorbis => comments::ogg(bytes, &comments::VORBIS, new),
        FileType::Opus => comments::ogg(bytes, &comments::OPUS, new),
        FileType::Speex => comments::ogg(bytes, &comments::SPEEX, new),
        FileType::Mp4 => mp4::write(bytes, new),
        _ => at_beginning(bytes, new, before),
    }
}

/// A file with an ID3v2 tag at its beginning.
fn at_beginning(bytes: &[u8], new: &NewTags, before: &SongTags) -> Result<Vec<u8>, TagWriteError> {
    let start = first_id3(&mut Cursor::new(bytes)).unwrap_or(0) as usize;
    let size = bytes.get(start..).and_then(id3_size);
    let Some(size) = size else {
        return Ok([&id3::fresh(new, before)?, bytes].concat());
    };
    let end = start.saturating_add(size as usize);
    let tag = bytes
        .get(start..end)
        .ok_or_else(|| TagWriteError::unclear("the ID3v2 tag is cut off"))?;
    let edited = id3::edited(tag, new)?;
    Ok([&bytes[..start], &edited, &bytes[end..]].concat())
}

#[cfg(test)]
mod tests;
