//! WAV, with its 64-bit kin RF64, BW64 and W64, and its big-endian kin RIFX.

use std::io::{Read, Seek};

use super::bytes::{be16, be32, le16, le32, le64, len, read_at, read_up_to};
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::pcm::{Encoding, Pcm};

/// Chunks looked at before giving up; no real file has a tenth of it.
pub(super) const MAX_CHUNKS: usize = 4_096;

/// From here on a size was written before the length was known: 0x7fff_ffff and 0xffff_ffff,
/// less a header or a rounding, are what streaming writers leave.
const STREAMED: u64 = 0x7fff_0000;

/// What a WAV file holds.
pub(super) enum Wav {
    Plain(Pcm),
    /// Frames of MPEG audio, from where on in the file.
    Mpeg(u64),
    /// Four-bit ADPCM in blocks, with its channels and rate.
    Adpcm(usize, u32),
}

struct Format {
    tag: u16,
    channels: usize,
    rate: u32,
    align: usize,
    bits: usize,
    big_endian: bool,
}

/// Reads the header at `at`, where the file says `RIFF`, `RF64`, `BW64` or `RIFX`.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Wav, AudioError> {
    let end = len(file)?;
    let big_endian = read_at::<4>(file, at)? == Some(*b"RIFX");
    let word = if big_endian { be32 } else { le32 };
    let mut format = None;
    let mut data = None;
    let mut long_size = None;
    let mut chunk = at + 12;
    for _ in 0..MAX_CHUNKS {
        let Some(header) = read_at::<8>(file, chunk)? else {
            break;
        };
        let (body, mut size) = (chunk + 8, u64::from(word(&header, 4)));
        match &header[..4] {
            b"fmt " => format = read_format(file, body, size, big_endian)?,
            b"ds64" => long_size = read_at::<16>(file, body)?.map(|bytes| le64(&bytes, 8)),
            b"data" => {
                if let (Some(long), true) = (long_size, size == u64::from(u32::MAX)) {
                    size = long;
                } else if size >= STREAMED && size > end.saturating_sub(body)
                    || size == 0 && !chunk_at(file, body, end)?
                {
                    data = Some((body, None));
                    break;
                }
                data = Some((body, Some(size)));
            }
            _ => {}
        }
        chunk = body.saturating_add(size).saturating_add(size % 2);
        if chunk >= end {
            break;
        }
    }
    finish(format, data)
}

/// First bytes of a W64 file, and of its kind; the rest of each is a GUID.
pub(super) const W64: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";

/// Reads Sony's W64, whose chunks have 16-byte names and 64-bit sizes that count their headers.
pub(super) fn read_w64(file: &mut (impl Read + Seek), at: u64) -> Result<Wav, AudioError> {
    let end = len(file)?;
    let (mut format, mut data) = (None, None);
    let mut chunk = at + 40;
    for _ in 0..MAX_CHUNKS {
        let Some(header) = read_at::<24>(file, chunk)? else {
            break;
        };
        let (body, size) = (chunk + 24, le64(&header, 16).saturating_sub(24));
        match &header[..4] {
            b"fmt " => format = read_format(file, body, size, false)?,
            b"data" => data = Some((body, Some(size).filter(|size| *size > 0))),
            _ => {}
        }
        // Chunks begin at multiples of eight.
        chunk = body.saturating_add(size).saturating_add(7) / 8 * 8;
        if chunk >= end {
            break;
        }
    }
    finish(format, data)
}

fn finish(format: Option<Format>, data: Option<(u64, Option<u64>)>) -> Result<Wav, AudioError> {
    let format = format.ok_or(Damage::NoChunk("fmt"))?;
    let (start, claimed) = data.ok_or(Damage::NoChunk("data"))?;
    let encoding = match (format.tag, format.bits) {
        (1, bits) => integer(&format).ok_or_else(|| {
            AudioError::unsupported(Codec::SampleWidth {
                format: "WAV",
                bits,
            })
        })?,
        (3, 32) => Encoding::F32,
        (3, 64) => Encoding::F64,
        (6, _) => Encoding::ALaw,
        (7, _) => Encoding::MuLaw,
        (0x02 | 0x11, _) => return Ok(Wav::Adpcm(format.channels, format.rate)),
        (0x50 | 0x55, _) => return Ok(Wav::Mpeg(start)),
        (0x160..=0x163, _) => {
            return Err(AudioError::unsupported(Codec::Inside {
                codec: "Windows Media",
                format: "WAV",
            }));
        }
        (tag, _) => {
            return Err(AudioError::unsupported(Codec::Numbered {
                format: "WAV",
                code: format!("{tag:#06x}"),
            }));
        }
    };
    Ok(Wav::Plain(Pcm {
        encoding,
        big_endian: format.big_endian,
        channels: format.channels,
        rate: format.rate,
        start,
        claimed,
    }))
}

fn read_format(
    file: &mut (impl Read + Seek),
    at: u64,
    size: u64,
    big_endian: bool,
) -> Result<Option<Format>, AudioError> {
    let (half, word) = if big_endian {
        (
            be16 as fn(&[u8], usize) -> u16,
            be32 as fn(&[u8], usize) -> u32,
        )
    } else {
        (le16 as _, le32 as _)
    };
    let mut bytes = [0; 26];
    let wanted = size.min(26) as usize;
    if wanted < 16 || read_up_to(file, at, &mut bytes[..wanted])? < wanted {
        return Ok(None);
    }
    let tag = match half(&bytes, 0) {
        0xfffe => half(&bytes, 24), // extensible: the codec's GUID begins with its tag
        tag => tag,
    };
    Ok(Some(Format {
        tag,
        channels: usize::from(half(&bytes, 2)),
        rate: word(&bytes, 4),
        align: usize::from(half(&bytes, 12)),
        bits: usize::from(half(&bytes, 14)),
        big_endian,
    }))
}

/// The encoding of integers: as wide as the frame allows, else as the bits need.
fn integer(format: &Format) -> Option<Encoding> {
    let needed = format.bits.div_ceil(8);
    let wide = format.align.checked_div(format.channels).unwrap_or(0);
    let exact = wide * format.channels == format.align && (needed..=4).contains(&wide);
    match if exact { wide } else { needed } {
        0 => None,
        1 => Some(Encoding::U8),
        bytes => Encoding::signed(bytes),
    }
}

/// Whether a chunk that fits into the file begins at `at`.
fn chunk_at(file: &mut (impl Read + Seek), at: u64, end: u64) -> Result<bool, AudioError> {
    let header = read_at::<8>(file, at)?;
    Ok(at >= end
        || header.is_some_and(|header| {
            header[..4].iter().all(|byte| (b' '..=b'~').contains(byte))
                && at + 8 + u64::from(le32(&header, 4)) <= end
        }))
}
