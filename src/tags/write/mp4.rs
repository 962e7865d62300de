//! The list of tags in MP4, of which only genre and mood change.
//!
//! `lofty`'s reading ends in silence at an atom that is broken, shortens numbers and leaves out empty values. So the
//! list is made here, and `lofty` only makes room for it, and corrects the places that the file names.

use std::io::Cursor;
use std::ops::Range;

use lofty::config::WriteOptions;
use lofty::mp4::{Atom, AtomData, AtomIdent, Ilst};
use lofty::tag::TagExt;

use super::super::{NewTags, TagWriteError};

/// Bytes of an atom's size and name.
const HEAD: usize = 8;
/// Bytes of the size of an atom that is larger than 4 GiB, behind its name.
const LARGE: usize = 8;
/// What the value of a text begins with: its type, UTF-8, and no locale.
const TEXT: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];
/// The atom of a genre.
const GENRE: [u8; 4] = *b"\xa9gen";
/// The older one, which numbers a list of genres.
const NUMBERED_GENRE: [u8; 4] = *b"gnre";
/// An atom with a name of its own.
const FREE_NAME: [u8; 4] = *b"----";
/// The name of a mood: whose it is, and its own, each an atom with a version.
const MOOD: &[u8] = b"\0\0\0\x1cmean\0\0\0\0com.apple.iTunes\0\0\0\x10name\0\0\0\0MOOD";

/// Where an atom lies in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: [u8; 4],
    whole: Range<usize>,
    content: Range<usize>,
}

/// The atom at the beginning of a range of a file.
fn atom(file: &[u8], range: &Range<usize>) -> Option<Place> {
    let bytes = file.get(range.clone())?;
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_first_chunk::<4>()?;
    let (size, head) = match u32::from_be_bytes(*size) {
        // As far as what it lies in.
        0 => (bytes.len(), HEAD),
        1 => {
            let large = u64::from_be_bytes(*rest.first_chunk::<LARGE>()?);
            (usize::try_from(large).ok()?, HEAD + LARGE)
        }
        size => (size as usize, HEAD),
    };
    if size < head || size > bytes.len() {
        return None;
    }
    let end = range.start + size;
    Some(Place {
        name: *name,
        whole: range.start..end,
        content: range.start + head..end,
    })
}

/// The atoms in a range of a file, and where the last whole one ends.
fn atoms(file: &[u8], mut range: Range<usize>) -> (Vec<Place>, usize) {
    let mut found = Vec::new();
    while let Some(next) = atom(file, &range) {
        range.start = next.whole.end;
        found.push(next);
    }
    (found, range.start)
}

/// What is in the atoms of a name in a range of a file.
fn named(file: &[u8], range: Range<usize>, name: &[u8; 4]) -> Vec<Range<usize>> {
    let (found, _) = atoms(file, range);
    let named = found.into_iter().filter(|place| place.name == *name);
    named.map(|place| place.content).collect()
}

/// What is in an atom `meta`, behind a version, which QuickTime leaves out.
fn behind_version(file: &[u8], meta: Range<usize>) -> Range<usize> {
    match file.get(meta.start + 4..meta.start + 8) {
        Some(b"hdlr" | b"ilst" | b"mhdr" | b"ctry" | b"lang") => meta,
        _ => (meta.start + 4).min(meta.end)..meta.end,
    }
}

/// What is in the lists of tags of a file, usually one.
pub(super) fn lists(file: &[u8]) -> Vec<Range<usize>> {
    let whole = named(file, 0..file.len(), b"moov").into_iter();
    whole
        .flat_map(|moov| named(file, moov, b"udta"))
        .flat_map(|user| named(file, user, b"meta"))
        .flat_map(|meta| named(file, behind_version(file, meta), b"ilst"))
        .collect()
}

/// The atoms of a list of tags, without padding.
fn tags(file: &[u8], list: Range<usize>) -> Result<Vec<Place>, TagWriteError> {
    let end = list.end;
    let (mut found, reached) = atoms(file, list);
    // One without a size would go on through those behind it.
    let is_open = |place: &Place| file[place.whole.clone()].starts_with(&[0; 4]);
    if reached != end || found.iter().any(is_open) {
        return Err(TagWriteError::unclear(
            "its list of tags has an atom that is cut off",
        ));
    }
    found.retain(|place| !matches!(&place.name, b"free" | b"skip"));
    Ok(found)
}

/// Whether an atom of the list gives way to new tags.
fn is_replaced(file: &[u8], tag: &Place, new: &NewTags) -> bool {
    if tag.name == FREE_NAME {
        return !new.moods.is_empty() && file[tag.content.clone()].starts_with(MOOD);
    }
    !new.genres.is_empty() && (tag.name == GENRE || tag.name == NUMBERED_GENRE)
}

/// An atom.
fn made(name: [u8; 4], content: &[u8]) -> Result<Vec<u8>, TagWriteError> {
    let size = u32::try_from(HEAD + content.len());
    let size = size.map_err(|_| TagWriteError::unclear("they are too large"))?;
    Ok([&size.to_be_bytes()[..], &name, content].concat())
}

/// An atom of a list with these values behind what it begins with; none without values.
fn new_tag(name: [u8; 4], beginning: &[u8], values: &[String]) -> Result<Vec<u8>, TagWriteError> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let mut content = beginning.to_vec();
    for value in values {
        content.extend(made(*b"data", &[&TEXT[..], value.as_bytes()].concat())?);
    }
    made(name, &content)
}

/// A file with other tags behind those of its list that stay.
///
/// # Errors
/// If it has several lists, or the atoms of its list do not fill it.
pub(super) fn write(bytes: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let mut found = lists(bytes);
    let list = found.pop();
    if !found.is_empty() {
        return Err(TagWriteError::unclear("it has several lists of tags"));
    }
    let mut content = Vec::new();
    if let Some(list) = list {
        let kept = tags(bytes, list)?;
        for tag in kept.iter().filter(|tag| !is_replaced(bytes, tag, new)) {
            content.extend(&bytes[tag.whole.clone()]);
        }
    }
    content.extend(new_tag(GENRE, &[], &new.genres)?);
    content.extend(new_tag(FREE_NAME, MOOD, &new.moods)?);
    // A list of this length, of one text.
    let room = content.len().saturating_sub(2 * HEAD + TEXT.len());
    let mut placeholder = Ilst::new();
    let text = AtomData::UTF8(" ".repeat(room));
    placeholder.insert(Atom::new(AtomIdent::Fourcc(GENRE), text));
    let mut written = Cursor::new(bytes.to_vec());
    placeholder
        .save_to(&mut written, WriteOptions::new())
        .map_err(TagWriteError::unclear)?;
    let mut written = written.into_inner();
    match &lists(&written)[..] {
        [list] if list.len() == content.len() => {
            written[list.clone()].copy_from_slice(&content);
            Ok(written)
        }
        _ => Err(TagWriteError::NotKept),
    }
}
