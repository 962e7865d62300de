//! AIFF and AIFF-C: big-endian chunks, the rate as an 80-bit float.

use std::io::{Read, Seek};

use super::bytes::{be16, be32, be64, len, read_at, read_up_to};
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::pcm::{Encoding, Pcm};
use super::wav::MAX_CHUNKS;

/// Reads the header at `at`, where the file says `FORM`; `compressed` for AIFF-C.
pub(super) fn read(
    file: &mut (impl Read + Seek),
    at: u64,
    compressed: bool,
) -> Result<Pcm, AudioError> {
    let end = len(file)?;
    let mut common: Option<[u8; 22]> = None;
    let mut sound = None;
    let mut chunk = at + 12;
    for _ in 0..MAX_CHUNKS {
        let Some(header) = read_at::<8>(file, chunk)? else {
            break;
        };
        let (body, size) = (chunk + 8, u64::from(be32(&header, 4)));
        match &header[..4] {
            b"COMM" => {
                let mut bytes = [0; 22];
                let wanted = if compressed { 22 } else { 18 };
                if size >= 18 && read_up_to(file, body, &mut bytes[..wanted])? == wanted {
                    common = Some(bytes);
                }
            }
            b"SSND" => {
                let offset = read_at::<4>(file, body)?.map_or(0, |bytes| be32(&bytes, 0));
                let skipped = 8 + u64::from(offset);
                sound = Some((body + skipped, size.saturating_sub(skipped)));
            }
            _ => {}
        }
        chunk = body + size + size % 2;
        if chunk >= end {
            break;
        }
    }

    let common = common.ok_or(Damage::NoChunk("COMM"))?;
    let (start, size) = sound.ok_or(Damage::NoChunk("SSND"))?;
    let bits = usize::from(be16(&common, 6));
    let (encoding, big_endian) = encoding(&common, bits, compressed)?;
    let channels = usize::from(be16(&common, 0));
    // Both the number of frames and the chunk state a length; either may be left open.
    let frames = u64::from(be32(&common, 2));
    let counted = frames * (encoding.width() * channels) as u64;
    let claimed = match (counted, size) {
        (0, size) => size,
        (counted, 0) => counted,
        (counted, size) => counted.min(size),
    };
    Ok(Pcm {
        encoding,
        big_endian,
        channels,
        rate: rate_from_extended(&common),
        start,
        claimed: Some(claimed),
    })
}

fn encoding(
    common: &[u8; 22],
    bits: usize,
    compressed: bool,
) -> Result<(Encoding, bool), AudioError> {
    // Odd widths fill whole bytes, left-justified.
    let signed = || {
        Encoding::signed(bits.div_ceil(8)).ok_or_else(|| {
            AudioError::unsupported(Codec::SampleWidth {
                format: "AIFF",
                bits,
            })
        })
    };
    if !compressed {
        return Ok((signed()?, true));
    }
    let kind = [common[18], common[19], common[20], common[21]];
    Ok(match &kind.map(|byte| byte.to_ascii_lowercase()) {
        b"none" | b"twos" => (signed()?, true),
        b"sowt" => (signed()?, false),
        b"raw " => (Encoding::U8, true),
        b"in24" => (Encoding::S24, true),
        b"42ni" => (Encoding::S24, false),
        b"in32" => (Encoding::S32, true),
        b"23ni" => (Encoding::S32, false),
        b"fl32" => (Encoding::F32, true),
        b"fl64" => (Encoding::F64, true),
        b"ulaw" => (Encoding::MuLaw, true),
        b"alaw" => (Encoding::ALaw, true),
        _ => {
            let name = String::from_utf8_lossy(&kind).trim().to_owned();
            return Err(AudioError::unsupported(Codec::Numbered {
                format: "AIFF-C",
                code: name,
            }));
        }
    })
}

/// The rate in Hz, rounded; 0 where it is none.
fn rate_from_extended(common: &[u8; 22]) -> u32 {
    let exponent = i32::from(be16(common, 8)) - 16_383 - 63;
    (be64(common, 10) as f64 * 2.0_f64.powi(exponent)).round() as u32
}
