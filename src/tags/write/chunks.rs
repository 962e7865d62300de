//! The chunk of WAV and AIFF that holds an ID3v2 tag.

use std::ops::Range;

use super::super::blocks::id3_size;
use super::super::{NewTags, SongTags, TagWriteError};
use super::id3;

/// Bytes before the first chunk: the form's name and size, and its kind.
const BEGINNING: usize = 12;
/// Bytes of a chunk's name and size.
const HEAD: usize = 8;

/// A file in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// Sizes are little-endian.
    Wav,
    /// Sizes are big-endian.
    Aiff,
}

impl Container {
    fn read(self, four: [u8; 4]) -> u32 {
        match self {
            Self::Wav => u32::from_le_bytes(four),
            Self::Aiff => u32::from_be_bytes(four),
        }
    }

    fn size(self, length: usize) -> Result<[u8; 4], TagWriteError> {
        let length =
            u32::try_from(length).map_err(|_| TagWriteError::unclear("it is too large"))?;
        Ok(match self {
            Self::Wav => length.to_le_bytes(),
            Self::Aiff => length.to_be_bytes(),
        })
    }

    /// The name of a new chunk, as most programs write it.
    fn name(self) -> &'static [u8; 4] {
        match self {
            Self::Wav => b"id3 ",
            Self::Aiff => b"ID3 ",
        }
    }
}

/// A file with other tags in its chunk of ID3v2, which is moved to the end if it grows.
pub(super) fn write(
    bytes: &[u8],
    container: Container,
    new: &NewTags,
    before: &SongTags,
) -> Result<Vec<u8>, TagWriteError> {
    let Some(chunk) = id3_chunk(bytes, container)? else {
        let tag = id3::fresh(new, before)?;
        return with_chunk(bytes.to_vec(), container, container.name(), &tag);
    };
    let content = &bytes[chunk.start + HEAD..chunk.end];
    let size = id3_size(content).map(|size| size as usize);
    let tag = size.and_then(|size| content.get(..size));
    let tag = tag.ok_or_else(|| TagWriteError::unclear("the ID3v2 tag is cut off"))?;
    let edited = id3::edited(tag, new)?;
    if edited.len() == tag.len() {
        let place = chunk.start + HEAD;
        let mut written = bytes.to_vec();
        written[place..place + edited.len()].copy_from_slice(&edited);
        return Ok(written);
    }
    let name = [0, 1, 2, 3].map(|at| bytes[chunk.start + at]);
    let end = (chunk.end + (chunk.end - chunk.start) % 2).min(bytes.len());
    let mut rest = bytes.to_vec();
    rest.drain(chunk.start..end);
    with_chunk(rest, container, &name, &edited)
}

/// Where the chunk of ID3v2 is, from its name to the end of its content.
///
/// # Errors
/// If the chunks do not fill the file, so that a further one might not be where readers look for it.
fn id3_chunk(bytes: &[u8], container: Container) -> Result<Option<Range<usize>>, TagWriteError> {
    let unclear = || TagWriteError::unclear("its chunks do not end where the file ends");
    let number = |place: usize| -> Option<usize> {
        let four = bytes.get(place..place.checked_add(4)?)?.try_into().ok()?;
        Some(container.read(four) as usize)
    };
    if number(4).and_then(|size| size.checked_add(HEAD)) != Some(bytes.len()) {
        return Err(unclear());
    }
    let mut found = None;
    let mut place = BEGINNING;
    while place < bytes.len() {
        let size = number(place + 4).ok_or_else(unclear)?;
        let end = (place + HEAD).checked_add(size).ok_or_else(unclear)?;
        if end > bytes.len() {
            return Err(unclear());
        }
        if matches!(&bytes[place..place + 4], b"id3 " | b"ID3 ") {
            if found.is_some() {
                return Err(TagWriteError::unclear("it has several ID3v2 tags"));
            }
            found = Some(place..end);
        }
        // Chunks begin at even places.
        place = end + size % 2;
    }
    Ok(found)
}

/// A file with a further chunk at its end.
fn with_chunk(
    mut bytes: Vec<u8>,
    container: Container,
    name: &[u8; 4],
    tag: &[u8],
) -> Result<Vec<u8>, TagWriteError> {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes.extend(name);
    bytes.extend(container.size(tag.len())?);
    bytes.extend(tag);
    if tag.len() % 2 == 1 {
        bytes.push(0);
    }
    let whole = container.size(bytes.len() - HEAD)?;
    bytes[4..8].copy_from_slice(&whole);
    Ok(bytes)
}
