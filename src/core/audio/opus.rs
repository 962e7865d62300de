//! Opus packets, by the crate opus-pure.

use opus_pure::OpusMSDecoder;

use super::bytes::{be16, le16};
use super::damage::Damage;
use super::error::AudioError;
use super::source::Packet;

/// Opus is always decoded at this rate, Hz.
const RATE: u32 = 48_000;
/// Frames of the longest packet, 120 ms.
const LONGEST: usize = 5_760;

/// An Opus stream.
pub(super) struct OpusStream {
    decoder: OpusMSDecoder,
    channels: usize,
    pre_skip: usize,
    gain: f32,
}

impl OpusStream {
    /// From the identification header (RFC 7845, 5.1), which begins with `OpusHead`, or that of MP4, which has the
    /// same fields big-endian and no mark.
    ///
    /// # Errors
    /// If it makes no sense, or the channels have no known layout.
    pub fn new(head: &[u8]) -> Result<Self, AudioError> {
        let senseless = || AudioError::from(Damage::SenselessHeader("Opus".to_owned()));
        let mark = b"OpusHead";
        let (body, word) = match head.strip_prefix(mark) {
            Some(body) => (body, le16 as fn(&[u8], usize) -> u16),
            None => (head, be16 as _),
        };
        if body.len() < 11 {
            return Err(senseless());
        }
        let (channels, family) = (usize::from(body[1]), body[10]);
        let decoder = OpusMSDecoder::new(RATE as i32, channels, family).map_err(|_| senseless())?;
        Ok(Self {
            decoder,
            channels,
            pre_skip: usize::from(word(body, 2)),
            // In steps of 1/256 dB (RFC 7845, 5.1).
            gain: 10.0_f32.powf(f32::from(word(body, 8).cast_signed()) / (20.0 * 256.0)),
        })
    }

    /// Frames before the sound.
    pub fn pre_skip(&self) -> usize {
        self.pre_skip
    }

    /// Decodes a packet and leaves out `trim` frames at its end; false if it cannot be decoded.
    pub fn decode(&mut self, bytes: &[u8], trim: u64, packet: &mut Packet) -> bool {
        packet.samples.resize(LONGEST * self.channels, 0.0);
        let decoded = self.decoder.decode(bytes, LONGEST, &mut packet.samples);
        let Ok(frames) = decoded else {
            packet.samples.clear();
            return false;
        };
        let kept = frames.saturating_sub(trim as usize);
        packet.samples.truncate(kept * self.channels);
        packet.samples.iter_mut().for_each(|s| *s *= self.gain);
        (packet.channels, packet.rate) = (self.channels, RATE);
        true
    }
}
