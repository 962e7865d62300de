//! Genre and moods of a song as tags of its file.
//!
//! Everything else in the file stays as it is: what is written is read again, and refused if any other tag has
//! changed. Vorbis comments and MP4 are written by `lofty`. ID3v2 is not: `lofty` writes every tag as ID3v2.4 and
//! leaves out frames that it cannot place, while here the other frames stay byte by byte, in the version that they
//! are in.

mod chunks;
mod id3;

use std::fmt::Display;
use std::io::Cursor;

use lofty::config::{ParseOptions, ParsingMode, WriteOptions};
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::mp4::{Atom, AtomData, AtomIdent, Ilst, Mp4File};
use lofty::ogg::tag::VorbisComments;
use lofty::ogg::{OggPictureStorage, OpusFile, SpeexFile, VorbisFile};
use lofty::picture::{Picture, PictureInformation};
use lofty::probe::Probe;
use soundalike_core::guard::caught;

use super::SongTags;
use super::blocks::{first_id3, id3_size};

/// The atom of a genre in MP4.
const MP4_GENRE: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9gen");
/// The older one, which numbers a list of genres.
const MP4_NUMBERED_GENRE: AtomIdent<'static> = AtomIdent::Fourcc(*b"gnre");

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

fn write(bytes: &[u8], new: &NewTags, before: &SongTags) -> Result<Vec<u8>, TagWriteError> {
    let probe = Probe::new(Cursor::new(bytes)).guess_file_type();
    let kind = probe.map_err(TagWriteError::unclear)?.file_type();
    match kind {
        Some(FileType::Mpeg | FileType::Aac) => at_beginning(bytes, new, before),
        Some(FileType::Wav) => chunks::write(bytes, chunks::Container::Wav, new, before),
        Some(FileType::Aiff) => chunks::write(bytes, chunks::Container::Aiff, new, before),
        Some(FileType::Flac) => flac(bytes, new),
        Some(FileType::Vorbis) => ogg::<VorbisFile>(bytes, new),
        Some(FileType::Opus) => ogg::<OpusFile>(bytes, new),
        Some(FileType::Speex) => ogg::<SpeexFile>(bytes, new),
        Some(FileType::Mp4) => mp4(bytes, new),
        _ => Err(TagWriteError::Format),
    }
}

/// What is read before it is written: everything, or nothing.
fn exactly() -> ParseOptions {
    ParseOptions::new()
        .read_properties(false)
        .implicit_conversions(false)
        .parsing_mode(ParsingMode::Strict)
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

/// What a file of Vorbis comments has beside the new tags, to be compared.
type Others = (Vec<(String, String)>, Vec<(Picture, PictureInformation)>);

/// Whether a comment gives way to new tags.
fn is_replaced(key: &str, new: &NewTags) -> bool {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    is("GENRE") && !new.genres.is_empty() || is("MOOD") && !new.moods.is_empty()
}

/// Puts new tags behind the other comments, whose order stays, which `VorbisComments::remove` would change.
fn set_comments(comments: &mut VorbisComments, new: &NewTags) {
    let items = comments.take_items();
    let kept: Vec<(String, String)> = items.filter(|(key, _)| !is_replaced(key, new)).collect();
    for (key, value) in kept {
        comments.push(key, value);
    }
    for (key, values) in [("GENRE", &new.genres), ("MOOD", &new.moods)] {
        for value in values {
            comments.push(key.to_owned(), value.clone());
        }
    }
}

fn other_comments(comments: Option<&VorbisComments>, new: &NewTags) -> Others {
    let Some(comments) = comments else {
        return Others::default();
    };
    let items = comments.items().filter(|(key, _)| !is_replaced(key, new));
    let items = items.map(|(key, value)| (key.to_owned(), value.to_owned()));
    (items.collect(), comments.pictures().to_vec())
}

fn flac(bytes: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let read = |bytes: &[u8]| {
        FlacFile::read_from(&mut Cursor::new(bytes), exactly()).map_err(TagWriteError::unclear)
    };
    let others = |file: &FlacFile| {
        let comments = other_comments(file.vorbis_comments(), new);
        (comments, file.pictures().to_vec())
    };
    let mut file = read(bytes)?;
    let before = others(&file);
    // It stays where it is, before the stream; FLAC's own comments count more.
    file.remove_id3v2();
    if file.vorbis_comments().is_none() {
        file.set_vorbis_comments(VorbisComments::new());
    }
    if let Some(comments) = file.vorbis_comments_mut() {
        set_comments(comments, new);
    }
    let mut written = Cursor::new(bytes.to_vec());
    file.save_to(&mut written, WriteOptions::new())
        .map_err(TagWriteError::unclear)?;
    let written = written.into_inner();
    if others(&read(&written)?) != before {
        return Err(TagWriteError::NotKept);
    }
    Ok(written)
}

/// A file of Ogg whose first stream has Vorbis comments.
trait Commented: AudioFile {
    fn comments(&mut self) -> &mut VorbisComments;
}

impl Commented for VorbisFile {
    fn comments(&mut self) -> &mut VorbisComments {
        self.vorbis_comments_mut()
    }
}

impl Commented for OpusFile {
    fn comments(&mut self) -> &mut VorbisComments {
        self.vorbis_comments_mut()
    }
}

impl Commented for SpeexFile {
    fn comments(&mut self) -> &mut VorbisComments {
        self.vorbis_comments_mut()
    }
}

fn ogg<F: Commented>(bytes: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let read = |bytes: &[u8]| {
        F::read_from(&mut Cursor::new(bytes), exactly()).map_err(TagWriteError::unclear)
    };
    let mut file = read(bytes)?;
    let before = other_comments(Some(file.comments()), new);
    set_comments(file.comments(), new);
    let mut written = Cursor::new(bytes.to_vec());
    file.save_to(&mut written, WriteOptions::new())
        .map_err(TagWriteError::unclear)?;
    let written = written.into_inner();
    if other_comments(Some(read(&written)?.comments()), new) != before {
        return Err(TagWriteError::NotKept);
    }
    Ok(written)
}

fn mp4_mood() -> AtomIdent<'static> {
    AtomIdent::Freeform {
        mean: "com.apple.iTunes".into(),
        name: "MOOD".into(),
    }
}

fn mp4(bytes: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let read = |bytes: &[u8]| {
        let file = Mp4File::read_from(&mut Cursor::new(bytes), exactly());
        file.map_err(TagWriteError::unclear)
    };
    let is_replaced = |ident: &AtomIdent<'_>| {
        let genre = *ident == MP4_GENRE || *ident == MP4_NUMBERED_GENRE;
        genre && !new.genres.is_empty() || *ident == mp4_mood() && !new.moods.is_empty()
    };
    let others = |tag: Option<&Ilst>| {
        let atoms = tag.into_iter().flatten();
        let kept = atoms.filter(|atom| !is_replaced(atom.ident()));
        kept.cloned().collect::<Vec<Atom<'static>>>()
    };
    let mut file = read(bytes)?;
    let before = others(file.ilst());
    if file.ilst().is_none() {
        file.set_ilst(Ilst::new());
    }
    if let Some(tag) = file.ilst_mut() {
        // `Ilst::remove` would change the order of the others.
        tag.retain(|atom| !is_replaced(atom.ident()));
        for (ident, values) in [(MP4_GENRE, &new.genres), (mp4_mood(), &new.moods)] {
            let data = values.iter().cloned().map(AtomData::UTF8).collect();
            if let Some(atom) = Atom::from_collection(ident, data) {
                tag.insert(atom);
            }
        }
    }
    let mut written = Cursor::new(bytes.to_vec());
    file.save_to(&mut written, WriteOptions::new())
        .map_err(TagWriteError::unclear)?;
    let written = written.into_inner();
    if others(read(&written)?.ilst()) != before {
        return Err(TagWriteError::NotKept);
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
