//! Plain samples, as WAV, AIFF and AU files hold them: decoding and mixing.

use std::io::{Read, Seek};

use super::bytes::{len, read_up_to};
use super::error::AudioError;
use super::limits::MAX_SECONDS;
use super::tags::Tags;

/// How one sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    U8,
    S8,
    S16,
    S24,
    S32,
    F32,
    F64,
    MuLaw,
    ALaw,
}

impl Encoding {
    /// Bytes per sample.
    pub(super) fn width(self) -> usize {
        match self {
            Self::U8 | Self::S8 | Self::MuLaw | Self::ALaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// A signed integer sample of `bytes` bytes, 1 to 4.
    pub(super) fn signed(bytes: usize) -> Option<Self> {
        match bytes {
            1 => Some(Self::S8),
            2 => Some(Self::S16),
            3 => Some(Self::S24),
            4 => Some(Self::S32),
            _ => None,
        }
    }
}

/// Where a file's plain samples lie and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pcm {
    pub encoding: Encoding,
    pub big_endian: bool,
    pub channels: usize,
    pub rate: u32,
    /// Position of the first sample in the file.
    pub start: u64,
    /// Bytes of sound that the header claims; none if it was written before the length was known.
    pub claimed: Option<u64>,
    pub tags: Tags,
}

/// What was read of plain samples.
pub(super) struct PcmSamples {
    pub samples: Vec<f32>,
    /// Frames the header claims, where they are not all there.
    pub missing_of: Option<u64>,
    /// Whether the file goes on after [`MAX_SECONDS`].
    pub longer: bool,
}

impl Pcm {
    /// Reads, decodes and mixes, a buffer of 64 KiB at a time.
    pub(super) fn decode(&self, file: &mut (impl Read + Seek)) -> Result<PcmSamples, AudioError> {
        let frame = self.encoding.width() * self.channels;
        let present = len(file)?.saturating_sub(self.start);
        let claimed = self.claimed.unwrap_or(present);
        let frames = claimed.min(present) / frame as u64;
        let limit = u64::from(MAX_SECONDS) * u64::from(self.rate);
        // The length of the file, not the header, says how much memory is needed.
        let mut samples = Vec::with_capacity(frames.min(limit) as usize);
        let mut buffer = vec![0; (65_536 / frame).max(1) * frame];
        let mut at = self.start;
        while (samples.len() as u64) < frames.min(limit) {
            let left = frames.min(limit) - samples.len() as u64;
            let wanted = (left.saturating_mul(frame as u64)).min(buffer.len() as u64) as usize;
            let filled = read_up_to(file, at, &mut buffer[..wanted])?;
            let whole = buffer[..filled].chunks_exact(frame);
            if whole.len() == 0 {
                break; // the file was cut while it was read
            }
            samples.extend(whole.map(|frame| self.mix(frame)));
            at += filled as u64;
        }
        Ok(PcmSamples {
            missing_of: (claimed / frame as u64 > frames).then_some(claimed / frame as u64),
            longer: frames > limit,
            samples,
        })
    }

    /// Mean of one frame's channels.
    fn mix(&self, frame: &[u8]) -> f32 {
        let channels = frame.chunks_exact(self.encoding.width());
        channels.map(|bytes| self.sample(bytes)).sum::<f32>() / self.channels as f32
    }

    fn sample(&self, bytes: &[u8]) -> f32 {
        match self.encoding {
            Encoding::U8 => (f32::from(bytes[0]) - 128.0) / 128.0,
            Encoding::MuLaw => mu_law(bytes[0]),
            Encoding::ALaw => a_law(bytes[0]),
            Encoding::F32 => f32::from_bits(self.bits(bytes) as u32),
            Encoding::F64 => f64::from_bits(self.bits(bytes)) as f32,
            Encoding::S8 | Encoding::S16 | Encoding::S24 | Encoding::S32 => {
                // Left-justified in 32 bits, so that one scale serves every width.
                let word = (self.bits(bytes) as u32) << (32 - 8 * bytes.len());
                word as i32 as f32 / 2_147_483_648.0
            }
        }
    }

    fn bits(&self, bytes: &[u8]) -> u64 {
        let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        if self.big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }
}

/// G.711 mu-law.
fn mu_law(code: u8) -> f32 {
    let code = !code;
    let size = ((i16::from(code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
    let value = if code & 0x80 == 0 {
        size - 0x84
    } else {
        0x84 - size
    };
    f32::from(value) / 32_768.0
}

/// G.711 A-law.
fn a_law(code: u8) -> f32 {
    let code = code ^ 0x55;
    let step = i16::from(code & 0x0f) << 4;
    let size = match (code & 0x70) >> 4 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    f32::from(if code & 0x80 == 0 { -size } else { size }) / 32_768.0
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn pcm(encoding: Encoding, big_endian: bool) -> Pcm {
        Pcm {
            encoding,
            big_endian,
            channels: 1,
            rate: 8_000,
            start: 0,
            claimed: None,
            tags: Tags::default(),
        }
    }

    #[test]
    fn every_encoding_reaches_half_scale() {
        use Encoding::{F32, F64, S8, S16, S24, S32, U8};
        let f32_half = 0.5_f32.to_be_bytes();
        let f64_half = 0.5_f64.to_be_bytes();
        let cases: [(Encoding, &[u8]); 7] = [
            (U8, &[192]),
            (S8, &[0x40]),
            (S16, &[0x40, 0]),
            (S24, &[0x40, 0, 0]),
            (S32, &[0x40, 0, 0, 0]),
            (F32, &f32_half),
            (F64, &f64_half),
        ];
        for (encoding, bytes) in cases {
            assert_eq!(pcm(encoding, true).sample(bytes), 0.5, "{encoding:?}");
            let mut swapped = bytes.to_vec();
            swapped.reverse();
            assert_eq!(pcm(encoding, false).sample(&swapped), 0.5, "{encoding:?}");
        }
        assert_eq!(pcm(S16, false).sample(&[0, 0x80]), -1.0);
        assert_eq!(
            pcm(S24, false).sample(&[0xff, 0xff, 0xff]),
            -1.0 / 8_388_608.0
        );
        assert_eq!(pcm(U8, false).sample(&[0]), -1.0);
    }

    #[test]
    fn telephone_codes_follow_g711() {
        // The ends and the middle of ITU-T G.711's tables, in 16-bit steps.
        for (code, value) in [
            (0x00, -32_124.0),
            (0x80, 32_124.0),
            (0xff, 0.0),
            (0xf0, 120.0),
        ] {
            assert_eq!(mu_law(code), value / 32_768.0, "{code:#x}");
        }
        for (code, value) in [
            (0x2a, -32_256.0),
            (0xaa, 32_256.0),
            (0xd5, 8.0),
            (0x55, -8.0),
        ] {
            assert_eq!(a_law(code), value / 32_768.0, "{code:#x}");
        }
    }

    #[test]
    fn a_claim_beyond_the_file_is_noticed_and_allocates_nothing() -> Result<(), AudioError> {
        let mut plain = pcm(Encoding::S16, false);
        plain.channels = 2;
        plain.claimed = Some(u64::MAX / 2);
        let heard = plain.decode(&mut Cursor::new(vec![0; 10]))?;
        assert_eq!(heard.samples, [0.0, 0.0]);
        assert!(heard.samples.capacity() < 10);
        assert_eq!(heard.missing_of, Some(u64::MAX / 8));
        Ok(())
    }
}
