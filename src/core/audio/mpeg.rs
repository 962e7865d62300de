//! Frame headers of MP3 and of AAC in ADTS: both are bare chains of frames.

use std::io::{Read, Seek};

use super::bytes::{be16, be32, read_up_to};
use super::error::AudioError;

/// How far the first frame is looked for past junk, bytes.
pub(super) const SEARCH: usize = 1 << 20;
/// Frames in a row that make a chain where the file does not begin with one.
const CHAIN: usize = 4;

/// A chain of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frames {
    pub kind: MpegKind,
    pub rate: u32,
    /// Channels; none where an AAC stream describes them elsewhere.
    pub channels: Option<usize>,
    /// Whether a Xing, Info or VBRI header states the length.
    pub states_length: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MpegKind {
    Mp3,
    /// MPEG layer I or II.
    OtherLayer,
    Adts,
}

/// One frame's header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub frames: Frames,
    /// Bytes of the whole frame.
    pub len: usize,
    /// Samples per channel that it decodes to.
    pub samples: usize,
}

impl Frame {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(self.frames.rate)
    }
}

/// Finds the first frames from `at` on, no further than [`SEARCH`], and where they begin.
pub(super) fn find(
    file: &mut (impl Read + Seek),
    at: u64,
) -> Result<Option<(u64, Frames)>, AudioError> {
    // A chain that begins at the last place that is looked at ends within this.
    let mut bytes = vec![0; SEARCH + 16_384];
    let filled = read_up_to(file, at, &mut bytes)?;
    let bytes = &bytes[..filled];
    Ok(find_chain(bytes)
        .map(|(start, first)| (at + start as u64, with_length(&bytes[start..], first))))
}

/// The frames that begin exactly at `at`; none if none do.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Option<Frames>, AudioError> {
    // Four frames of any kind end within this.
    let mut bytes = vec![0; 65_536];
    let filled = read_up_to(file, at, &mut bytes)?;
    let bytes = &bytes[..filled];
    let first = frame(bytes).filter(|first| is_chain(bytes, 0, *first));
    Ok(first.map(|first| with_length(bytes, first)))
}

/// A chain's frames, and whether the first states the length.
fn with_length(bytes: &[u8], first: Frame) -> Frames {
    Frames {
        states_length: first.frames.kind == MpegKind::Mp3
            && LengthHeader::of(bytes).is_some_and(|header| header.frames.is_some()),
        ..first.frames
    }
}

/// The first chain of frames in some bytes.
pub(super) fn find_chain(bytes: &[u8]) -> Option<(usize, Frame)> {
    (0..bytes.len())
        .filter(|start| bytes[*start] == 0xff)
        .find_map(|start| {
            let first = frame(&bytes[start..])?;
            is_chain(bytes, start, first).then_some((start, first))
        })
}

/// Whether frames of one kind and rate follow each other from `start`.
fn is_chain(bytes: &[u8], start: usize, first: Frame) -> bool {
    let mut at = start;
    for count in 0..CHAIN {
        match bytes.get(at..).and_then(frame) {
            Some(next)
                if next.frames.kind == first.frames.kind
                    && next.frames.rate == first.frames.rate =>
            {
                at += next.len
            }
            // A short file that begins with a frame may end within or after it.
            _ => return start == 0 && (count > 1 || at + 4 > bytes.len()),
        }
    }
    true
}

/// The header of the frame that begins with these bytes.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let word = bytes
        .first_chunk()
        .map(|bytes| u32::from_be_bytes(*bytes))?;
    if word >> 16 & 0xfff6 == 0xfff0 {
        return adts(bytes);
    }
    if word >> 21 != 0x7ff {
        return None;
    }
    let version = word >> 19 & 3; // 0: 2.5, 2: 2, 3: 1
    let layer = 4 - (word >> 17 & 3); // 4 is reserved
    let (bits, rate) = ((word >> 12 & 15) as usize, (word >> 10 & 3) as usize);
    if version == 1 || layer == 4 || bits == 0 || bits == 15 || rate == 3 {
        return None;
    }
    let rate = [44_100, 48_000, 32_000][rate]
        >> match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
    let kilobits: [usize; 16] = match (version, layer) {
        (3, 1) => [
            0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0,
        ],
        (3, 2) => [
            0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0,
        ],
        (3, _) => [
            0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0,
        ],
        (_, 1) => [
            0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0,
        ],
        (_, _) => [
            0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0,
        ],
    };
    let padding = (word >> 9 & 1) as usize;
    let bytes_per = |samples: usize| samples / 8 * kilobits[bits] * 1_000 / rate as usize;
    let len = match (version, layer) {
        (_, 1) => 4 * (12 * kilobits[bits] * 1_000 / rate as usize + padding),
        (3, _) | (_, 2) => bytes_per(1_152) + padding,
        _ => bytes_per(576) + padding,
    };
    Some(Frame {
        frames: Frames {
            kind: if layer == 3 {
                MpegKind::Mp3
            } else {
                MpegKind::OtherLayer
            },
            rate,
            channels: Some(if word >> 6 & 3 == 3 { 1 } else { 2 }),
            states_length: false,
        },
        len,
        samples: match (version, layer) {
            (_, 1) => 384,
            (3, _) | (_, 2) => 1_152,
            _ => 576,
        },
    })
}

/// The rates that AAC's headers number, Hz (ISO 14496-3, table 1.18).
pub(super) const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

fn adts(bytes: &[u8]) -> Option<Frame> {
    if bytes.len() < 7 {
        return None;
    }
    let word = be32(bytes, 2);
    let rate = *AAC_RATES.get((word >> 26 & 15) as usize)?;
    let channels = match (word >> 22 & 7) as usize {
        0 => None,
        7 => Some(8),
        count => Some(count),
    };
    let len = (word >> 5 & 0x1fff) as usize;
    (len >= 7).then_some(Frame {
        frames: Frames {
            kind: MpegKind::Adts,
            rate,
            channels,
            states_length: false,
        },
        len,
        samples: 1_024,
    })
}

/// An MP3 frame that carries the stream's length instead of sound: Xing, Info or VBRI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LengthHeader {
    /// Frames that follow, where stated.
    pub frames: Option<u32>,
    /// Samples that the encoder put before the sound and after it (LAME's extension).
    pub gaps: Option<(usize, usize)>,
}

impl LengthHeader {
    /// Reads it from a frame; none if the frame holds sound.
    pub fn of(frame: &[u8]) -> Option<Self> {
        if frame.get(36..40) == Some(b"VBRI") {
            return Some(Self {
                frames: Some(be32(frame, 50)),
                gaps: None,
            });
        }
        let (first, mono) = (
            be16(frame, 0) & 8 != 0,
            frame.get(3).is_some_and(|b| b >> 6 == 3),
        );
        let side = match (first, mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        let mut at = 4 + side;
        if !matches!(frame.get(at..at + 4), Some(b"Xing" | b"Info")) {
            return None;
        }
        let flags = be32(frame, at + 4);
        at += 8;
        let frames = (flags & 1 != 0).then(|| be32(frame, at));
        for (flag, size) in [(1, 4), (2, 4), (4, 100), (8, 4)] {
            at += if flags & flag != 0 { size } else { 0 };
        }
        // Nine bytes name the encoder, twelve more lie before the gaps, of twelve bits each.
        let encoder = frame.get(at..at + 4).is_some_and(|name| name[0] != 0);
        let gaps = be32(frame, at + 20) & 0xff_ffff;
        Some(Self {
            frames,
            gaps: encoder.then_some(((gaps >> 12) as usize, (gaps & 0xfff) as usize)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// `count` frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes each.
    fn mp3(count: usize) -> Vec<u8> {
        let mut frame = vec![0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x44]);
        frame.repeat(count)
    }

    #[test]
    fn finds_frames_at_the_start_and_after_junk() -> Result<(), AudioError> {
        let expected = Some(Frames {
            kind: MpegKind::Mp3,
            rate: 44_100,
            channels: Some(2),
            states_length: false,
        });
        let at = |start| expected.map(|frames| (start, frames));
        assert_eq!(find(&mut Cursor::new(mp3(5)), 0)?, at(0));
        assert_eq!(find(&mut Cursor::new(mp3(1)), 0)?, at(0));
        let mut junk = vec![0; 1_000_000];
        junk.extend(mp3(5));
        assert_eq!(find(&mut Cursor::new(junk), 0)?, at(1_000_000));
        Ok(())
    }

    #[test]
    fn one_sync_word_in_other_data_is_no_chain() -> Result<(), AudioError> {
        let mut bytes = vec![7; 5_000];
        bytes[100..104].copy_from_slice(&[0xff, 0xfb, 0x90, 0x44]);
        assert_eq!(find(&mut Cursor::new(bytes), 0)?, None);
        Ok(())
    }
}
