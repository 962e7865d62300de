//! Vorbis comments in FLAC and Ogg, of which only genre and mood change.
//!
//! The formats: <https://xiph.org/vorbis/doc/v-comment.html>, <https://xiph.org/flac/format.html>,
//! <https://xiph.org/ogg/doc/framing.html>.

use std::io::Cursor;

use ogg_pager::{CONTAINS_FIRST_PAGE_OF_BITSTREAM, Packets, Page, PageHeader};

use super::super::blocks::id3_size;
use super::super::{NewTags, TagWriteError};

/// Kinds of blocks of FLAC.
const STREAM_INFORMATION: u8 = 0;
const COMMENTS: u8 = 4;
/// The bit of the last block's kind.
const LAST: u8 = 0x80;
/// Greatest length of a block that its head can state.
const MOST: usize = (1 << 24) - 1;

/// A codec in Ogg.
pub(super) struct Codec {
    /// Packets before the sound; the second one holds the comments.
    headers: isize,
    /// What the packet of comments begins with.
    signature: &'static [u8],
}

pub(super) const VORBIS: Codec = Codec {
    headers: 3,
    signature: b"\x03vorbis",
};
pub(super) const OPUS: Codec = Codec {
    headers: 2,
    signature: b"OpusTags",
};
pub(super) const SPEEX: Codec = Codec {
    headers: 2,
    signature: b"",
};

/// A text behind its length, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// A length as four bytes.
fn length(of: usize) -> Result<[u8; 4], TagWriteError> {
    let length = u32::try_from(of).map_err(|_| TagWriteError::unclear("they are too large"))?;
    Ok(length.to_le_bytes())
}

/// Whether a comment gives way to new tags.
fn is_replaced(comment: &[u8], new: &NewTags) -> bool {
    let key = comment.split(|byte| *byte == b'=').next();
    let is = |name: &[u8]| key.is_some_and(|key| key.eq_ignore_ascii_case(name));
    is(b"GENRE") && !new.genres.is_empty() || is(b"MOOD") && !new.moods.is_empty()
}

/// The vendor, the comments, and what follows them: in Vorbis a bit of framing, in Opus perhaps data.
type Parts<'a> = (&'a [u8], Vec<&'a [u8]>, &'a [u8]);

/// The parts of a block of comments; none if it is cut off.
pub(super) fn parts(block: &[u8]) -> Option<Parts<'_>> {
    let (vendor, rest) = text(block)?;
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let mut comments = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        let (comment, behind) = text(rest)?;
        comments.push(comment);
        rest = behind;
    }
    Some((vendor, comments, rest))
}

/// Comments with new tags behind the others, which stay as they are.
fn edited(block: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let whole = parts(block);
    let (vendor, comments, behind) =
        whole.ok_or_else(|| TagWriteError::unclear("its comments are cut off"))?;
    let kept = comments.into_iter().filter(|text| !is_replaced(text, new));
    let mut comments: Vec<Vec<u8>> = kept.map(<[u8]>::to_vec).collect();
    for (key, values) in [("GENRE", &new.genres), ("MOOD", &new.moods)] {
        let values = values.iter().map(|value| format!("{key}={value}"));
        comments.extend(values.map(String::into_bytes));
    }
    let mut written = [&length(vendor.len())?[..], vendor].concat();
    written.extend(length(comments.len())?);
    for comment in comments {
        written.extend(length(comment.len())?);
        written.extend(comment);
    }
    written.extend(behind);
    Ok(written)
}

/// The blocks at the beginning of a FLAC stream, each with its kind, and the sound behind them.
type Blocks<'a> = (Vec<(u8, &'a [u8])>, &'a [u8]);

/// The blocks of a FLAC stream; none if one is cut off.
pub(super) fn blocks(stream: &[u8]) -> Option<Blocks<'_>> {
    let mut rest = stream.strip_prefix(b"fLaC")?;
    let mut found = Vec::new();
    loop {
        let (&[kind, a, b, c], behind) = rest.split_first_chunk::<4>()?;
        let size = u32::from_be_bytes([0, a, b, c]) as usize;
        let (content, behind) = behind.split_at_checked(size)?;
        found.push((kind & !LAST, content));
        rest = behind;
        if kind & LAST != 0 {
            return Some((found, rest));
        }
    }
}

/// A FLAC file with other comments. An ID3v2 tag before the stream stays as it is: FLAC's own comments count more.
pub(super) fn flac(bytes: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let start = id3_size(bytes).unwrap_or(0) as usize;
    let found = bytes.get(start..).and_then(blocks);
    let (mut blocks, sound) =
        found.ok_or_else(|| TagWriteError::unclear("its blocks are cut off"))?;
    if blocks
        .first()
        .is_none_or(|(kind, _)| *kind != STREAM_INFORMATION)
    {
        return Err(TagWriteError::unclear("it does not begin as FLAC does"));
    }
    if !blocks.iter().any(|(kind, _)| *kind == COMMENTS) {
        // No vendor and no comments.
        blocks.insert(1, (COMMENTS, &[0; 8][..]));
    }
    if blocks.iter().filter(|(kind, _)| *kind == COMMENTS).count() > 1 {
        return Err(TagWriteError::unclear("it has several blocks of comments"));
    }
    let mut written = bytes[..start].to_vec();
    written.extend(b"fLaC");
    let last = blocks.len() - 1;
    for (at, (kind, content)) in blocks.into_iter().enumerate() {
        let comments;
        let content = if kind == COMMENTS {
            comments = edited(content, new)?;
            &comments[..]
        } else {
            content
        };
        if content.len() > MOST {
            return Err(TagWriteError::unclear("its comments are too large"));
        }
        written.push(if at == last { kind | LAST } else { kind });
        written.extend(&(content.len() as u32).to_be_bytes()[1..]);
        written.extend(content);
    }
    written.extend(sound);
    Ok(written)
}

/// An Ogg file with other comments in its first stream. The pages behind them get other numbers.
///
/// # Errors
/// If the file is anything else than pages to its end, since what is no page would be lost.
pub(super) fn ogg(bytes: &[u8], codec: &Codec, new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let mut file = Cursor::new(bytes);
    let first = PageHeader::read(&mut file).map_err(TagWriteError::unclear)?;
    let stream = first.stream_serial;
    file.set_position(0);
    let (mut packets, begun) =
        Packets::read_count(&mut file, codec.headers).map_err(TagWriteError::unclear)?;
    let comments = packets
        .get(1)
        .and_then(|packet| packet.strip_prefix(codec.signature))
        .ok_or_else(|| TagWriteError::unclear("its second packet holds no comments"))?;
    let comments = [codec.signature, &edited(comments, new)?].concat();
    packets.set(1, comments);
    let mut pages = packets
        .paginate(stream, 0, CONTAINS_FIRST_PAGE_OF_BITSTREAM)
        .map_err(TagWriteError::unclear)?;
    // Where the sound begins on the last page of the headers.
    pages.extend(begun);
    while file.position() < bytes.len() as u64 {
        let page = Page::read(&mut file).map_err(|error| {
            TagWriteError::unclear(format!("its pages do not end where the file ends: {error}"))
        })?;
        pages.push(page);
    }
    let mut written = Vec::with_capacity(bytes.len());
    let mut number = 0;
    for mut page in pages {
        // A further stream counts for itself.
        if page.header().stream_serial == stream {
            page.header_mut().sequence_number = number;
            page.gen_crc();
            number += 1;
        }
        written.extend(page.as_bytes());
    }
    Ok(written)
}
