//! Plain samples, as WAV, AIFF and AU files hold them: decoding and mixing.

use std::io::{Read, Seek};

use super::bytes::{len, read_up_to};
use super::error::AudioError;
use super::source::{Claims, Packet, PacketSource};

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
}

/// Bytes that are decoded at a time.
const READ: usize = 65_536;

/// Plain samples that are being read.
pub(super) struct PcmSource<F> {
    pcm: Pcm,
    file: F,
    at: u64,
    /// Frames still to come.
    left: u64,
    /// Frames that the header claims, where they are not all there.
    missing_of: Option<u64>,
    buffer: Vec<u8>,
}

impl<F: Read + Seek> PcmSource<F> {
    /// The length of the file, not of its header, says how much there is.
    pub fn new(pcm: Pcm, mut file: F) -> Result<Self, AudioError> {
        let frame = (pcm.encoding.width() * pcm.channels) as u64;
        let present = len(&mut file)?.saturating_sub(pcm.start);
        let claimed = pcm.claimed.unwrap_or(present);
        let left = claimed.min(present) / frame;
        Ok(Self {
            at: pcm.start,
            left,
            missing_of: (claimed / frame > left).then_some(claimed / frame),
            buffer: vec![0; (READ / frame as usize).max(1) * frame as usize],
            pcm,
            file,
        })
    }
}

impl<F: Read + Seek + Send> PacketSource for PcmSource<F> {
    fn next(&mut self, packet: &mut Packet) -> Result<bool, AudioError> {
        let Pcm {
            encoding,
            big_endian,
            channels,
            rate,
            ..
        } = self.pcm;
        let frame = encoding.width() * channels;
        let wanted = self.left.saturating_mul(frame as u64);
        let wanted = wanted.min(self.buffer.len() as u64) as usize;
        let filled = read_up_to(&mut self.file, self.at, &mut self.buffer[..wanted])?;
        let whole = filled / frame * frame;
        self.at += whole as u64;
        self.left -= (whole / frame) as u64;
        let samples = self.buffer[..whole].chunks_exact(encoding.width());
        packet
            .samples
            .extend(samples.map(|bytes| sample(encoding, big_endian, bytes)));
        (packet.channels, packet.rate) = (channels, rate);
        Ok(whole > 0)
    }

    fn claims(&self) -> Claims {
        let seconds = |frames: u64| frames as f64 / f64::from(self.pcm.rate);
        Claims {
            seconds: self.missing_of.map(seconds),
            unmeasured: self.pcm.claimed.is_none(),
            ..Claims::default()
        }
    }
}

/// One sample, full scale ±1, from as many bytes as its encoding is wide.
pub(super) fn sample(encoding: Encoding, big_endian: bool, bytes: &[u8]) -> f32 {
    let bits = || {
        let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        if big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    };
    match encoding {
        Encoding::U8 => (f32::from(bytes[0]) - 128.0) / 128.0,
        Encoding::MuLaw => mu_law(bytes[0]),
        Encoding::ALaw => a_law(bytes[0]),
        Encoding::F32 => f32::from_bits(bits() as u32),
        Encoding::F64 => f64::from_bits(bits()) as f32,
        Encoding::S8 | Encoding::S16 | Encoding::S24 | Encoding::S32 => {
            // Left-justified in 32 bits, so that one scale serves every width.
            let word = (bits() as u32) << (32 - 8 * bytes.len());
            word as i32 as f32 / 2_147_483_648.0
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
            assert_eq!(sample(encoding, true, bytes), 0.5, "{encoding:?}");
            let mut swapped = bytes.to_vec();
            swapped.reverse();
            assert_eq!(sample(encoding, false, &swapped), 0.5, "{encoding:?}");
        }
        assert_eq!(sample(S16, false, &[0, 0x80]), -1.0);
        assert_eq!(sample(S24, false, &[0xff, 0xff, 0xff]), -1.0 / 8_388_608.0);
        assert_eq!(sample(U8, false, &[0]), -1.0);
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
        let pcm = Pcm {
            encoding: Encoding::S16,
            big_endian: false,
            channels: 2,
            rate: 8_000,
            start: 0,
            claimed: Some(u64::MAX / 2),
        };
        let mut source = PcmSource::new(pcm, Cursor::new(vec![0; 10]))?;
        let mut packet = Packet::default();
        assert!(source.next(&mut packet)?);
        assert_eq!(packet.samples, [0.0; 4]);
        assert_eq!(source.claims().seconds, Some((u64::MAX / 8) as f64 / 8e3));
        packet.clear();
        assert!(!source.next(&mut packet)?);
        Ok(())
    }
}
