//! Sounds of any length for what is timed.

use anyhow::{Result, ensure};

/// Samples of a frame of MPEG 1 layer III at 44,100 Hz.
const SAMPLES: f64 = 1_152.0;
const RATE: f64 = 44_100.0;

/// The frames of an MP3 file with ID3 tags and an information frame, without these, as often as so many seconds take.
pub fn repeated(mp3: &[u8], seconds: f64) -> Result<Vec<u8>> {
    /// Bytes of a frame of 128 kbit/s at 44,100 Hz, without the one of padding that some have.
    const LENGTH: usize = 144 * 128_000 / 44_100;
    let size = |bytes: &[u8]| bytes.iter().fold(0, |size, &b| size << 7 | usize::from(b));
    let tag = match mp3 {
        [b'I', b'D', b'3', _, _, _, rest @ ..] => 10 + rest.get(..4).map_or(0, size),
        _ => 0,
    };
    let mut frames = Vec::new();
    let mut rest = mp3.get(tag..).unwrap_or_default();
    while let [0xff, _, flags, ..] = rest {
        let length = LENGTH + usize::from(flags >> 1 & 1);
        let Some((frame, after)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push(frame);
        rest = after;
    }
    // The first holds no sound but says how long the file is.
    let sound = frames.get(1..).unwrap_or_default();
    ensure!(!sound.is_empty(), "the MP3 file of the tests has no frames");
    let count = (seconds * RATE / SAMPLES) as usize;
    let repeated = sound.iter().cycle().take(count);
    Ok(repeated.flat_map(|frame| frame.iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::repeated;
    use crate::shell::root;

    #[test]
    fn four_minutes_are_made_of_whole_frames() {
        let mp3 = std::fs::read(root().join("tests/data/cbr-44100.mp3")).expect("a test's file");
        let made = repeated(&mp3, 240.0).expect("frames");
        // 240 s of 128 kbit/s.
        assert!((made.len() as f64 / 3_840_000.0 - 1.0).abs() < 0.01);
        assert_eq!(made[..2], [0xff, 0xfb]);
        assert!(repeated(b"ID3", 1.0).is_err());
    }
}
