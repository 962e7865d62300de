//! Sun's `.au` and NeXT's `.snd`: six big-endian words, a note, then plain samples.

use std::io::{Read, Seek};

use super::bytes::{be32, read_at};
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::pcm::{Encoding, Pcm};

/// A size that says "not known when the header was written".
const UNKNOWN: u32 = u32::MAX;

/// Reads the header at `at`, where the file says `.snd`.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Pcm, AudioError> {
    let header: [u8; 24] = read_at(file, at)?.ok_or(Damage::HeaderCutShort)?;
    let (offset, size) = (be32(&header, 4), be32(&header, 8));
    let encoding = match be32(&header, 12) {
        1 => Encoding::MuLaw,
        2 => Encoding::S8,
        3 => Encoding::S16,
        4 => Encoding::S24,
        5 => Encoding::S32,
        6 => Encoding::F32,
        7 => Encoding::F64,
        27 => Encoding::ALaw,
        23..=26 => {
            return Err(AudioError::unsupported(Codec::Inside {
                codec: "ADPCM",
                format: "AU",
            }));
        }
        other => {
            return Err(AudioError::unsupported(Codec::Numbered {
                format: "AU",
                code: other.to_string(),
            }));
        }
    };
    if offset < 24 {
        return Err(Damage::SoundInsideHeader.into());
    }
    Ok(Pcm {
        encoding,
        big_endian: true,
        channels: be32(&header, 20) as usize,
        rate: be32(&header, 16),
        start: at + u64::from(offset),
        claimed: (size != UNKNOWN).then_some(u64::from(size)),
    })
}
