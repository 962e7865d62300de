//! Where the tags of a file lie, and lofty for each of them.

use std::fmt::Display;
use std::io::{Cursor, Read, Seek, SeekFrom};

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::id3::v2::Id3v2Tag;
use lofty::mp4::Mp4File;
use lofty::mpeg::MpegFile;
use lofty::ogg::{OpusFile, SpeexFile, VorbisFile};
use lofty::probe::Probe;
use ogg_pager::Packets;

use super::{SongTags, Source, chunks, guarded, push};

/// Bytes of one tag that are read at most: covers are large, a hundred megabytes are a mistake.
const MAX_BYTES: u64 = 1 << 26;
/// Tags that are looked for at either end of a file.
const MAX_TAGS: usize = 8;
/// Bytes at the beginning of a file among which a first ID3v2 tag is looked for.
const JUNK: usize = 4096;
/// Zeros beside a tag that is parsed as a file of its own, more than any tag at the other end needs.
const PADDING: usize = 512;

const ID3V1: u64 = 128;
const APE_FOOTER: u64 = 32;

/// Tags only, and all that can be read of them.
fn options() -> ParseOptions {
    ParseOptions::new()
        .read_properties(false)
        .read_cover_art(false)
        .parsing_mode(ParsingMode::Relaxed)
}

/// All tags of a file, each with its kind.
pub(super) fn read(file: &mut (impl Read + Seek), name: &str) -> Vec<(Source, SongTags)> {
    let mut sources = Vec::new();
    let Ok(length) = file.seek(SeekFrom::End(0)) else {
        return sources;
    };
    let start = read_beginning(file, name, length, &mut sources);
    let form: [u8; 12] = bytes_at(file, start, 12)
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or_default();
    let mut ape = Source::Ape;
    let mut at_end = true;
    match &form {
        [b'f', b'L', b'a', b'C', ..] => {
            let vorbis = seek(file, start).and_then(|()| {
                guarded(name, "Vorbis comments", || {
                    FlacFile::read_from(file, options())
                        .map(|mut file| file.remove_vorbis_comments())
                })
            });
            push(&mut sources, Source::Own, vorbis.flatten());
        }
        [b'O', b'g', b'g', b'S', ..] => {
            at_end = false;
            read_ogg(file, name, start, &mut sources);
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            at_end = false;
            let ilst = seek(file, start).and_then(|()| {
                guarded(name, "MP4 tags", || {
                    Mp4File::read_from(file, options()).map(|mut file| file.remove_ilst())
                })
            });
            push(&mut sources, Source::Own, ilst.flatten());
        }
        [b'R', b'I', b'F', b'F' | b'X', ..]
        | [b'R', b'F', b'6', b'4', ..]
        | [b'B', b'W', b'6', b'4', ..]
        | [b'F', b'O', b'R', b'M', ..] => {
            let found = chunks::read(file, start + 12, form);
            for block in found.id3 {
                push(&mut sources, Source::Id3v2, id3v2(name, block));
            }
            push(&mut sources, Source::Chunks, Some(found.texts));
        }
        [b'c', b'a', b'f', b'f', ..] => {
            push(
                &mut sources,
                Source::Chunks,
                chunks::read_caf(file, start + 8),
            );
        }
        [b'w', b'v', b'p', b'k', ..] | [b'M', b'P', b'C', b'K', ..] | [b'M', b'P', b'+', ..] => {
            ape = Source::Own;
        }
        [b'M', b'A', b'C', b' ', ..] => ape = Source::Own,
        _ => {}
    }
    if at_end {
        read_end(file, name, length, ape, &mut sources);
    }
    sources
}

fn seek(file: &mut impl Seek, place: u64) -> Option<()> {
    file.seek(SeekFrom::Start(place)).ok().map(|_| ())
}

/// Bytes of a file, as many as there are up to `count`.
fn bytes_at(file: &mut (impl Read + Seek), place: u64, count: u64) -> Option<Vec<u8>> {
    seek(file, place)?;
    let mut bytes = Vec::new();
    file.take(count.min(MAX_BYTES))
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// The tags before the sound, ID3v2 or APE, one or several; returns where they end.
fn read_beginning(
    file: &mut (impl Read + Seek),
    name: &str,
    length: u64,
    sources: &mut Vec<(Source, SongTags)>,
) -> u64 {
    let mut start = first_id3(file).unwrap_or(0);
    for _ in 0..MAX_TAGS {
        let Some(header) = bytes_at(file, start, 32) else {
            break;
        };
        if let Some(size) = id3_size(&header) {
            let block = bytes_at(file, start, size).unwrap_or_default();
            push(sources, Source::Id3v2, id3v2(name, block));
            start += size;
        } else if header.starts_with(b"APETAGEX") && header.len() == 32 {
            let size = u64::from(number_at(&header, 12)) + APE_FOOTER;
            let block = bytes_at(file, start, size).unwrap_or_default();
            let ape = guarded(name, "APE tag", || {
                mpeg(block).map(|mut file| file.remove_ape())
            });
            push(sources, Source::Ape, ape.flatten());
            start += size;
        } else {
            break;
        }
    }
    start.min(length)
}

/// Where the first ID3v2 tag begins: at the start, or after a little junk of a file of unknown kind.
pub(super) fn first_id3(file: &mut (impl Read + Seek)) -> Option<u64> {
    let start = bytes_at(file, 0, JUNK as u64)?;
    let known: [&[u8]; 9] = [
        b"RIF",
        b"RF64",
        b"BW64",
        b"FORM",
        b"OggS",
        b"fLaC",
        b"wvpk",
        b"MAC ",
        b"APETAGEX",
    ];
    if known.iter().any(|magic| start.starts_with(magic)) || start.get(4..8) == Some(b"ftyp") {
        return Some(0);
    }
    let places = 0..start.len().saturating_sub(10);
    let mut found = places.filter(|&place| id3_size(&start[place..]).is_some());
    found.next().map(|place| place as u64)
}

/// The length of an ID3v2 tag with its header and footer, if one begins here.
pub(super) fn id3_size(bytes: &[u8]) -> Option<u64> {
    let header = bytes.first_chunk::<10>()?;
    let [
        b'I',
        b'D',
        b'3',
        version @ 2..=4,
        revision,
        flags,
        size @ ..,
    ] = *header
    else {
        return None;
    };
    if revision == 0xff || flags & 0x0f != 0 || size.iter().any(|byte| *byte > 0x7f) {
        return None;
    }
    let size = size
        .iter()
        .fold(0, |size, &byte| size << 7 | u64::from(byte));
    let footer = if version == 4 && flags & 0x10 != 0 {
        10
    } else {
        0
    };
    Some(10 + size + footer)
}

fn number_at(bytes: &[u8], place: usize) -> u32 {
    let number = bytes.get(place..place + 4).and_then(|n| n.try_into().ok());
    number.map_or(0, u32::from_le_bytes)
}

/// The tags after the sound: ID3v1, APE and Lyrics3 in any order. Of Lyrics3 nothing is read.
fn read_end(
    file: &mut (impl Read + Seek),
    name: &str,
    length: u64,
    ape_source: Source,
    sources: &mut Vec<(Source, SongTags)>,
) {
    let mut end = length;
    for _ in 0..MAX_TAGS {
        let tail_start = end.saturating_sub(ID3V1);
        let Some(tail) = bytes_at(file, tail_start, end - tail_start) else {
            break;
        };
        if tail.len() as u64 == ID3V1 && tail.starts_with(b"TAG") {
            let id3v1 = guarded(name, "ID3v1 tag", || {
                mpeg(tail).map(|mut file| file.remove_id3v1())
            });
            push(sources, Source::Id3v1, id3v1.flatten());
            end -= ID3V1;
            continue;
        }
        let footer = &tail[tail.len().saturating_sub(APE_FOOTER as usize)..];
        if footer.len() as u64 == APE_FOOTER && footer.starts_with(b"APETAGEX") {
            // Without the header, which only some have.
            let size = u64::from(number_at(footer, 12));
            let has_header = number_at(footer, 20) & 1 << 31 != 0;
            let whole = size + if has_header { APE_FOOTER } else { 0 };
            if size < APE_FOOTER || whole > end || size > MAX_BYTES {
                break;
            }
            let block = bytes_at(file, end - size, size).unwrap_or_default();
            let ape = guarded(name, "APE tag", || {
                ape(block).map(|mut file| file.remove_ape())
            });
            push(sources, ape_source, ape.flatten());
            end -= whole;
            continue;
        }
        let Some(lyrics) = lyrics_size(&tail).filter(|size| *size <= end) else {
            break;
        };
        end -= lyrics;
    }
}

/// The length of the Lyrics3v2 tag that ends here.
fn lyrics_size(tail: &[u8]) -> Option<u64> {
    let size = tail.strip_suffix(b"LYRICS200")?;
    let digits = std::str::from_utf8(&size[size.len().checked_sub(6)?..]).ok()?;
    Some(digits.parse::<u64>().ok()? + 15)
}

/// A tag as lofty reads it in an MP3 without sound.
fn mpeg(mut tag: Vec<u8>) -> Result<MpegFile, impl Display> {
    if tag.starts_with(b"TAG") {
        tag.splice(0..0, [0; PADDING]);
    } else {
        tag.extend([0; PADDING]);
    }
    MpegFile::read_from(&mut Cursor::new(tag), options())
}

/// An APE tag with its footer at the end.
fn ape(mut tag: Vec<u8>) -> Result<MpegFile, impl Display> {
    tag.splice(0..0, [0; PADDING]);
    MpegFile::read_from(&mut Cursor::new(tag), options())
}

/// An ID3v2 tag. Where lofty rejects it for one frame, the other frames are read.
fn id3v2(name: &str, block: Vec<u8>) -> Option<Id3v2Tag> {
    let frames = frames(&block);
    let whole = guarded(name, "ID3v2 tag", || {
        match mpeg(block).map(|mut file| file.remove_id3v2()) {
            Err(_) if !frames.is_empty() => Ok(None),
            other => other,
        }
    });
    if let Some(Some(tag)) = whole {
        return Some(tag);
    }
    let mut tag = Id3v2Tag::new();
    for frame in frames {
        let parsed = guarded(name, "ID3v2 frame", || {
            mpeg(frame).map(|mut file| file.remove_id3v2())
        });
        for frame in parsed.flatten().into_iter().flatten() {
            tag.insert(frame);
        }
    }
    Some(tag)
}

/// The frames of an ID3v2 tag that may matter, each as a tag of its own.
fn frames(tag: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Some((header, content)) = tag.split_first_chunk::<10>() else {
        return found;
    };
    let (version, flags) = (header[3], header[5]);
    let unsynchronised = flags & 0x80 != 0 && version < 4;
    let content = if unsynchronised {
        synchronised(content)
    } else {
        content.to_owned()
    };
    let mut rest = &content[extended_header(&content, version, flags)..];
    let name_length = if version == 2 { 3 } else { 4 };
    let header_length = if version == 2 { 6 } else { 10 };
    while let Some((frame, _)) = rest.split_at_checked(header_length) {
        let (id, size) = frame.split_at(name_length);
        if !id
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            break;
        }
        let bytes = &size[..name_length];
        // Some programs write sizes of 8 bits a byte into ID3v2.4.
        let bits = if version == 4 && bytes.iter().all(|byte| *byte < 0x80) {
            7
        } else {
            8
        };
        let size = bytes
            .iter()
            .fold(0_usize, |size, &byte| size << bits | usize::from(byte));
        let end = header_length.saturating_add(size).min(rest.len());
        if id.starts_with(b"T") || id.starts_with(b"UF") {
            let mut block = vec![
                b'I',
                b'D',
                b'3',
                version,
                0,
                if version == 4 { flags & 0x80 } else { 0 },
            ];
            let mut rest_of_size = end;
            let mut digits = [0; 4];
            for digit in digits.iter_mut().rev() {
                *digit = (rest_of_size & 0x7f) as u8;
                rest_of_size >>= 7;
            }
            block.extend(digits);
            block.extend(&rest[..end]);
            found.push(block);
        }
        rest = &rest[end..];
    }
    found
}

/// Bytes without the zeros that unsynchronisation puts after 255 (ID3v2.3, 5).
pub(super) fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut before = 0;
    let kept = bytes.iter().copied().filter(|&byte| {
        let padding = before == 0xff && byte == 0;
        before = byte;
        !padding
    });
    kept.collect()
}

/// The length of a tag's extended header.
fn extended_header(content: &[u8], version: u8, flags: u8) -> usize {
    let Some(&[a, b, c, d]) = content.first_chunk::<4>().filter(|_| flags & 0x40 != 0) else {
        return 0;
    };
    let length = match version {
        3 => u32::from_be_bytes([a, b, c, d]).saturating_add(4),
        4 => [a, b, c, d]
            .iter()
            .fold(0, |size, &byte| size << 7 | u32::from(byte & 0x7f)),
        _ => 0,
    };
    (length as usize).min(content.len())
}

/// The comments of the first stream of an Ogg file.
fn read_ogg(
    file: &mut (impl Read + Seek),
    name: &str,
    start: u64,
    sources: &mut Vec<(Source, SongTags)>,
) {
    let Some(()) = seek(file, start) else {
        return;
    };
    let kind = Probe::new(&mut *file).guess_file_type();
    let kind = kind.ok().and_then(|probe| probe.file_type());
    let Some(()) = seek(file, start) else {
        return;
    };
    let comments = guarded(name, "Vorbis comments", || match kind {
        Some(FileType::Opus) => {
            OpusFile::read_from(file, options()).map(|mut file| Some(file.remove_vorbis_comments()))
        }
        Some(FileType::Speex) => SpeexFile::read_from(file, options())
            .map(|mut file| Some(file.remove_vorbis_comments())),
        Some(FileType::Vorbis) => VorbisFile::read_from(file, options())
            .map(|mut file| Some(file.remove_vorbis_comments())),
        _ => match flac_in_ogg(file) {
            Some(flac) => FlacFile::read_from(&mut Cursor::new(flac), options())
                .map(|mut file| file.remove_vorbis_comments()),
            None => Ok(None),
        },
    });
    push(sources, Source::Own, comments.flatten());
}

/// The headers of FLAC in Ogg as those of a FLAC file: the first packet holds the stream's information behind 13
/// bytes, the second the comments (https://xiph.org/flac/ogg_mapping.html).
fn flac_in_ogg(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let (packets, _) = Packets::read_count(file, 2).ok()?;
    let information = packets.get(0)?.strip_prefix(b"\x7fFLAC")?.get(8..)?;
    let (kind, comments) = packets.get(1)?.split_first()?;
    let last = [kind | 0x80];
    Some([b"fLaC", information, &last, comments].concat())
}
