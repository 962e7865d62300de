//! MP4's boxes, as far as they tell what the demultiplexer does not: the first audio track's
//! codec, whether it is encrypted, and the edit that hides an encoder's delay.

use std::io::{Read, Seek};

use super::bytes::{be16, be32, be64, len, read_at};
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::pcm::Encoding;

/// Boxes looked at on one level before giving up.
const MAX_BOXES: usize = 4_096;

/// The first audio track.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    pub rate: u32,
    pub channels: usize,
    /// Four letters that name the codec.
    pub codec: [u8; 4],
    /// Of plain samples: how they are written, and whether big-endian.
    pub plain: Option<(Encoding, bool)>,
    pub edit: Option<Edit>,
    /// Where the last box says it ends; after the file's end if that was cut off.
    pub end: u64,
}

/// The part of a track that is meant to be heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edit {
    /// Start, seconds.
    pub start: f64,
    /// Length, seconds, as fine as the film's clock (often a millisecond); none for the rest.
    pub length: Option<f64>,
}

#[derive(Clone, Copy)]
struct Span {
    kind: [u8; 4],
    start: u64,
    end: u64,
}

/// Reads the index of the file whose `ftyp` box begins at `at`.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Track, AudioError> {
    let end = len(file)?;
    let top = boxes(file, at, end)?;
    let stated_end = top.last().map_or(end, |last| last.end);
    let film = find(&top, b"moov")
        .filter(|film| film.end <= end)
        .ok_or_else(|| AudioError::from(Damage::NoIndex))?;
    let film = boxes(file, film.start, film.end)?;
    let ticks = match find(&film, b"mvhd") {
        Some(header) => timescale(file, header)?,
        None => 0,
    };
    for track in film.iter().filter(|span| &span.kind == b"trak") {
        if let Some(found) = read_track(file, *track, ticks)? {
            return Ok(Track {
                end: stated_end,
                ..found
            });
        }
    }
    Err(AudioError::NoAudioTrack)
}

fn read_track(
    file: &mut (impl Read + Seek),
    track: Span,
    ticks: u32,
) -> Result<Option<Track>, AudioError> {
    let track = boxes(file, track.start, track.end)?;
    let Some(media) = find(&track, b"mdia") else {
        return Ok(None);
    };
    let media = boxes(file, media.start, media.end)?;
    let handler = match find(&media, b"hdlr") {
        Some(handler) => read_at::<4>(file, handler.start + 8)?,
        None => None,
    };
    if handler != Some(*b"soun") {
        return Ok(None);
    }
    let clock = match find(&media, b"mdhd") {
        Some(header) => timescale(file, header)?,
        None => 0,
    };
    let Some(table) = descend(file, &media, &[b"minf", b"stbl", b"stsd"])? else {
        return Err(Damage::NoTrackDescription.into());
    };
    let Some(entry) = read_at::<36>(file, table.start + 8)? else {
        return Err(Damage::NoTrackDescription.into());
    };
    // A rate is 16.16 fixed point; above 65 535 Hz it does not fit and the clock has it.
    let rate = match be32(&entry, 32) >> 16 {
        0 => clock,
        rate => rate,
    };
    let edit = match descend(file, &track, &[b"edts", b"elst"])? {
        Some(list) => read_edit(file, list, ticks, clock)?,
        None => None,
    };
    let entry = SampleEntry::read(file, table.start + 8, &entry)?;
    Ok(Some(Track {
        rate: entry.rate.unwrap_or(rate),
        channels: entry.channels,
        codec: entry.codec,
        plain: entry.plain()?,
        edit,
        end: 0,
    }))
}

/// How a track's sound is described.
struct SampleEntry {
    codec: [u8; 4],
    channels: usize,
    bits: usize,
    /// Hz, where a version-2 description has it.
    rate: Option<u32>,
    /// The flags of `lpcm` in a version-2 description.
    flags: u32,
    /// Whether a box says that samples are little-endian; bits per sample of ISO's plain samples.
    little_endian: bool,
}

impl SampleEntry {
    /// `entry` is what it begins with, at `at`.
    fn read(file: &mut (impl Read + Seek), at: u64, entry: &[u8; 36]) -> Result<Self, AudioError> {
        let mut found = Self {
            codec: [entry[4], entry[5], entry[6], entry[7]],
            channels: usize::from(be16(entry, 24)),
            bits: usize::from(be16(entry, 26)),
            rate: None,
            flags: 0,
            little_endian: false,
        };
        let end = at + u64::from(be32(entry, 0));
        let mut inner = at
            + match be16(entry, 16) {
                1 => 52,
                2 => 72,
                _ => 36,
            };
        if be16(entry, 16) == 2
            && let Some(more) = read_at::<36>(file, at + 36)?
        {
            found.rate = Some(f64::from_bits(be64(&more, 4)).round() as u32);
            found.channels = be32(&more, 12) as usize;
            found.bits = be32(&more, 20) as usize;
            found.flags = be32(&more, 24);
            inner = inner.min(end);
        }
        let level = boxes(file, inner, end)?;
        if let Some(endian) = descend(file, &level, &[b"wave", b"enda"])? {
            found.little_endian = read_at::<2>(file, endian.start)? == Some([0, 1]);
        }
        if let Some(plain) = find(&level, b"pcmC")
            && let Some(bytes) = read_at::<6>(file, plain.start)?
        {
            found.little_endian = bytes[4] & 1 == 1;
            found.bits = usize::from(bytes[5]);
        }
        Ok(found)
    }

    fn odd_width(&self) -> AudioError {
        AudioError::unsupported(Codec::SampleWidth {
            format: "QuickTime",
            bits: self.bits,
        })
    }

    /// The encoding of plain samples; none of a coded track.
    fn plain(&self) -> Result<Option<(Encoding, bool)>, AudioError> {
        let big = !self.little_endian;
        let signed = || Encoding::signed(self.bits.div_ceil(8)).ok_or_else(|| self.odd_width());
        let float = || match self.bits {
            32 => Ok(Encoding::F32),
            64 => Ok(Encoding::F64),
            _ => Err(self.odd_width()),
        };
        Ok(Some(match &self.codec {
            b"raw " if self.bits <= 8 => (Encoding::U8, true),
            b"raw " | b"NONE" | b"twos" => (signed()?, true),
            b"sowt" => (signed()?, false),
            b"in24" => (Encoding::S24, big),
            b"in32" => (Encoding::S32, big),
            b"fl32" => (Encoding::F32, big),
            b"fl64" => (Encoding::F64, big),
            b"ulaw" => (Encoding::MuLaw, true),
            b"alaw" => (Encoding::ALaw, true),
            b"ipcm" => (signed()?, big),
            b"fpcm" => (float()?, big),
            // kAudioFormatFlagIsFloat, IsBigEndian, IsSignedInteger (CoreAudioBaseTypes.h)
            b"lpcm" => {
                let big = self.flags & 2 != 0;
                match (self.flags & 1 != 0, self.flags & 4 != 0) {
                    (true, _) => (float()?, big),
                    (false, true) => (signed()?, big),
                    (false, false) if self.bits == 8 => (Encoding::U8, big),
                    (false, false) => {
                        return Err(AudioError::unsupported(Codec::UnsignedSamples));
                    }
                }
            }
            _ => return Ok(None),
        }))
    }
}

/// The first edit that shows anything; its length only if it is the only one.
fn read_edit(
    file: &mut (impl Read + Seek),
    list: Span,
    ticks: u32,
    clock: u32,
) -> Result<Option<Edit>, AudioError> {
    let Some(header) = read_at::<8>(file, list.start)? else {
        return Ok(None);
    };
    if clock == 0 {
        return Ok(None);
    }
    let wide = header[0] == 1;
    let mut shown: Option<Edit> = None;
    for index in 0..u64::from(be32(&header, 4)).min(16) {
        let size = if wide { 20 } else { 12 };
        let Some(entry) = read_at::<16>(file, list.start + 8 + size * index)? else {
            break;
        };
        let (duration, start) = if wide {
            (be64(&entry, 0), be64(&entry, 8).cast_signed())
        } else {
            (
                u64::from(be32(&entry, 0)),
                i64::from(be32(&entry, 4).cast_signed()),
            )
        };
        if start < 0 {
            continue; // an empty edit only delays
        }
        if let Some(first) = &mut shown {
            first.length = None;
            break;
        }
        shown = Some(Edit {
            start: start as f64 / f64::from(clock),
            length: (duration > 0 && ticks > 0).then(|| duration as f64 / f64::from(ticks)),
        });
    }
    Ok(shown)
}

/// Ticks per second in a movie or media header.
fn timescale(file: &mut (impl Read + Seek), header: Span) -> Result<u32, AudioError> {
    let bytes: Option<[u8; 24]> = read_at(file, header.start)?;
    Ok(bytes.map_or(0, |bytes| be32(&bytes, if bytes[0] == 1 { 20 } else { 12 })))
}

fn descend(
    file: &mut (impl Read + Seek),
    level: &[Span],
    path: &[&[u8; 4]],
) -> Result<Option<Span>, AudioError> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(None);
    };
    match find(level, name) {
        Some(span) if !rest.is_empty() => {
            let inner = boxes(file, span.start, span.end)?;
            descend(file, &inner, rest)
        }
        found => Ok(found),
    }
}

fn find(level: &[Span], name: &[u8; 4]) -> Option<Span> {
    level.iter().find(|span| &span.kind == name).copied()
}

/// The boxes from `at` to `end`, without looking into them. The last may claim to reach further.
fn boxes(file: &mut (impl Read + Seek), at: u64, end: u64) -> Result<Vec<Span>, AudioError> {
    let mut spans = Vec::new();
    let mut at = at;
    while at + 8 <= end && spans.len() < MAX_BOXES {
        let Some(header) = read_at::<8>(file, at)? else {
            break;
        };
        let (size, start) = match be32(&header, 0) {
            0 => (end - at, at + 8),
            1 => match read_at::<8>(file, at + 8)? {
                Some(long) => (be64(&long, 0), at + 16),
                None => break,
            },
            size => (u64::from(size), at + 8),
        };
        let next = at.saturating_add(size);
        if next < start {
            break;
        }
        spans.push(Span {
            kind: [header[4], header[5], header[6], header[7]],
            start,
            end: next,
        });
        at = next;
    }
    Ok(spans)
}
