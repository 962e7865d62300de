//! ID3v2 tags in which only genre and mood change.

use super::super::blocks::synchronised;
use super::super::{NewTags, SongTags, TagWriteError};

/// Bytes of a tag's header.
const HEADER: usize = 10;
/// Bytes of zeros behind the frames of a tag that grows, for other programs to write into.
const PADDING: usize = 1024;
/// Greatest size that a header can state.
const MOST: usize = (1 << 28) - 1;

/// Flags of the header.
const UNSYNCHRONISED: u8 = 0x80;
const EXTENDED: u8 = 0x40;
const FOOTER: u8 = 0x10;

/// A tag with its header, with other genres and moods. It keeps its length if they find room in its padding.
pub(super) fn edited(tag: &[u8], new: &NewTags) -> Result<Vec<u8>, TagWriteError> {
    let unclear = |cause: &str| TagWriteError::unclear(format!("ID3v2: {cause}"));
    let Some((header, content)) = tag.split_first_chunk::<HEADER>() else {
        return Err(unclear("the tag is cut off"));
    };
    let (version, mut flags) = (header[3], header[5]);
    // Compression in ID3v2.2; later a header with a checksum, a size or restrictions, which would not be right any more.
    if flags & EXTENDED != 0 {
        return Err(unclear("the tag is compressed or has an extended header"));
    }
    let mut content = if version == 4 && flags & FOOTER != 0 {
        &content[..content.len().saturating_sub(HEADER)]
    } else {
        content
    };
    // In ID3v2.4 each frame says for itself whether it is unsynchronised.
    let whole;
    if version < 4 && flags & UNSYNCHRONISED != 0 {
        whole = synchronised(content);
        content = &whole;
        flags &= !UNSYNCHRONISED;
    }
    flags &= !FOOTER;
    let split = frames(content, version).ok_or_else(|| unclear("its frames have no clear ends"))?;
    let kept = split
        .into_iter()
        .filter(|frame| !is_replaced(frame, version, new));
    let mut frames: Vec<u8> = kept.flatten().copied().collect();
    frames.extend(new_frames(version, new));
    let room = tag.len() - HEADER;
    let length = if frames.len() <= room {
        room
    } else {
        frames.len() + PADDING
    };
    frames.resize(length, 0);
    with_header(version, flags, &frames)
}

/// A new tag with what other tags of the file say, and genres and moods.
pub(super) fn fresh(new: &NewTags, names: &SongTags) -> Result<Vec<u8>, TagWriteError> {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let genre = names.genre.clone().filter(|_| new.genres.is_empty());
    let list = |text: &Option<String>| text.iter().cloned().collect::<Vec<String>>();
    let texts = [
        ("TIT2", list(&names.title)),
        ("TPE1", names.artists.clone()),
        ("TALB", list(&names.album)),
        ("TPE2", list(&names.album_artist)),
        ("TRCK", list(&number(names.track))),
        ("TDRC", list(&number(names.year))),
        ("TCON", list(&genre)),
    ];
    let some = texts.iter().filter(|(_, values)| !values.is_empty());
    let mut frames: Vec<u8> = some
        .flat_map(|(name, values)| text_frame(4, name, "", values))
        .collect();
    frames.extend(new_frames(4, new));
    frames.resize(frames.len() + PADDING, 0);
    with_header(4, 0, &frames)
}

fn with_header(version: u8, flags: u8, content: &[u8]) -> Result<Vec<u8>, TagWriteError> {
    if content.len() > MOST {
        return Err(TagWriteError::unclear("ID3v2: the tag is too large"));
    }
    let size = seven_bits(content.len());
    Ok([b"ID3", &[version, 0, flags][..], &size, content].concat())
}

/// A number as four bytes of seven bits.
fn seven_bits(number: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (number >> shift & 0x7f) as u8)
}

fn name_length(version: u8) -> usize {
    if version == 2 { 3 } else { 4 }
}

fn header_length(version: u8) -> usize {
    if version == 2 { 6 } else { 10 }
}

/// The frames of a tag's content, each with its header; `None` where they do not lead to the padding or the end.
fn frames(content: &[u8], version: u8) -> Option<Vec<&[u8]>> {
    if version < 4 {
        return frames_by(content, version, 8);
    }
    // Some programs write sizes of eight bits a byte into ID3v2.4.
    frames_by(content, version, 7).or_else(|| frames_by(content, version, 8))
}

fn frames_by(content: &[u8], version: u8, bits: u32) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    let mut rest = content;
    while rest.first().is_some_and(|byte| *byte != 0) {
        let (header, _) = rest.split_at_checked(header_length(version))?;
        let (name, size) = header.split_at(name_length(version));
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let size = &size[..name.len()];
        if !name.iter().all(is_name) || size.iter().any(|byte| u32::from(*byte) >> bits > 0) {
            return None;
        }
        let length = size
            .iter()
            .fold(0_usize, |length, &byte| length << bits | usize::from(byte));
        let (frame, after) = rest.split_at_checked(header.len().checked_add(length)?)?;
        found.push(frame);
        rest = after;
    }
    rest.iter().all(|byte| *byte == 0).then_some(found)
}

fn is_replaced(frame: &[u8], version: u8, new: &NewTags) -> bool {
    let (name, _) = frame.split_at(name_length(version));
    let body = &frame[header_length(version)..];
    match name {
        b"TCO" | b"TCON" => !new.genres.is_empty(),
        b"TMOO" => !new.moods.is_empty(),
        b"TXX" | b"TXXX" => {
            let described = description(body).is_some_and(|text| text.eq_ignore_ascii_case("MOOD"));
            described && !new.moods.is_empty()
        }
        _ => false,
    }
}

/// The description of a frame `TXXX`, if it is in one of the encodings of ID3v2.
fn description(body: &[u8]) -> Option<String> {
    let (encoding, text) = body.split_first()?;
    if matches!(encoding, 0 | 3) {
        let end = text.iter().position(|byte| *byte == 0)?;
        return Some(text[..end].iter().copied().map(char::from).collect());
    }
    let big = *encoding == 2 || text.starts_with(&[0xfe, 0xff]);
    let units = text.chunks_exact(2).map(|two| match big {
        true => u16::from_be_bytes([two[0], two[1]]),
        false => u16::from_le_bytes([two[0], two[1]]),
    });
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

fn new_frames(version: u8, new: &NewTags) -> Vec<u8> {
    let (genre, mood) = match version {
        2 => ("TCO", ("TXX", "MOOD")),
        3 => ("TCON", ("TXXX", "MOOD")),
        _ => ("TCON", ("TMOO", "")),
    };
    let mut frames = Vec::new();
    if !new.genres.is_empty() {
        frames.extend(text_frame(version, genre, "", &new.genres));
    }
    if !new.moods.is_empty() {
        frames.extend(text_frame(version, mood.0, mood.1, &new.moods));
    }
    frames
}

/// A frame of text. Several values are parted by NUL in ID3v2.4, which the earlier versions do not know.
fn text_frame(version: u8, name: &str, description: &str, values: &[String]) -> Vec<u8> {
    let text = values.join(if version == 4 { "\0" } else { "; " });
    let mut body = Vec::new();
    if version == 4 || text.is_ascii() {
        body.push(if version == 4 { 3 } else { 0 });
        if !description.is_empty() {
            body.extend([description.as_bytes(), &[0]].concat());
        }
        body.extend(text.as_bytes());
    } else {
        let wide = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        };
        body.push(1);
        if !description.is_empty() {
            body.extend([wide(description), vec![0, 0]].concat());
        }
        body.extend(wide(&text));
    }
    // Names of genres and moods are far shorter than what three bytes can state.
    let size = match version {
        4 => seven_bits(body.len()).to_vec(),
        3 => (body.len() as u32).to_be_bytes().to_vec(),
        _ => (body.len() as u32).to_be_bytes()[1..].to_vec(),
    };
    let flags = &[0, 0][..if version == 2 { 0 } else { 2 }];
    [name.as_bytes(), &size, flags, &body].concat()
}
