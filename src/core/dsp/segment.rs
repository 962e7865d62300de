//! Cutting a sound into the segments that a model takes.

use super::{FrontEnd, Spectrogram};

/// A segment that never comes closer than this to the loudest moment of its sound, in dB, is silence
/// between the music.
const SILENCE_DB: f32 = 60.0;

/// Sounds of up to this many segments, some twelve seconds, are predicted twice over, in segments that
/// overlap by half. Longer ones have segments enough, and a visitor waits for each.
const OVERLAPPED: usize = 4;

/// The log-mel segments of one sound, ready for a model.
#[derive(Clone, Debug)]
pub struct Segments {
    /// First frame of each segment.
    pub starts: Vec<usize>,
    /// `[segments, mel_bands, segment_frames]` as [`FrontEnd::log_mel`] has them, segment by segment, band
    /// by band.
    pub values: Vec<f32>,
    /// Of each segment, whether it is audible.
    pub audible: Vec<bool>,
    /// Whether the sound was shorter than one segment and silence was added.
    pub padded: bool,
}

impl Segments {
    /// Cuts a log-mel spectrogram at [`segment_starts`]. A shorter one is filled up with silence.
    pub fn cut(front_end: &FrontEnd, log_mel: &Spectrogram) -> Self {
        let starts = segment_starts(front_end, log_mel.frames);
        let length = front_end.segment_frames;
        let mut values = Vec::with_capacity(starts.len() * log_mel.bands * length);
        for &start in &starts {
            for band in 0..log_mel.bands {
                let row = log_mel.band(band);
                let inside = &row[start..log_mel.frames.min(start + length)];
                values.extend_from_slice(inside);
                values.resize(values.len() + length - inside.len(), front_end.silence());
            }
        }
        let size = log_mel.bands * length;
        let loudest = |values: &[f32]| {
            let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            front_end.decibel_of_value(most)
        };
        let quiet = loudest(&values) - SILENCE_DB;
        let audible = values
            .chunks(size)
            .map(|segment| loudest(segment) >= quiet)
            .collect();
        Self {
            starts,
            values,
            audible,
            padded: log_mel.frames < length,
        }
    }

    /// Number of segments, at least one.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Never: even the shortest sound has one segment.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }
}

/// First frames of the segments of a sound of `frames` frames: see [`window_starts`].
pub fn segment_starts(front_end: &FrontEnd, frames: usize) -> Vec<usize> {
    window_starts(front_end.segment_frames, frames)
}

/// Where windows of `length` begin in a sound of `total` frames or samples: in short sounds one every
/// half window, in others one after another; and where at least a quarter of a window is left over, a
/// last one that ends with the sound.
pub fn window_starts(length: usize, total: usize) -> Vec<usize> {
    if total <= length {
        return vec![0];
    }
    let hop = if total <= OVERLAPPED * length {
        length / 2
    } else {
        length
    };
    let mut starts: Vec<usize> = (0..=total - length).step_by(hop).collect();
    let left_over = (total - length) % hop;
    if left_over >= length / 4 {
        starts.push(total - length);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_overlap_by_half_and_a_long_rest_gets_one_of_its_own() {
        let front_end = FrontEnd::default();
        assert_eq!(segment_starts(&front_end, 1), [0]);
        assert_eq!(segment_starts(&front_end, 128), [0]);
        assert_eq!(segment_starts(&front_end, 159), [0]);
        assert_eq!(segment_starts(&front_end, 160), [0, 32]);
        assert_eq!(segment_starts(&front_end, 256), [0, 64, 128]);
        assert_eq!(segment_starts(&front_end, 300), [0, 64, 128, 172]);
        assert_eq!(segment_starts(&front_end, 310), [0, 64, 128, 182]);
        let long = segment_starts(&front_end, 20 * 128 + 40);
        assert_eq!(long[..3], [0, 128, 256]);
        assert_eq!(long.last(), Some(&(19 * 128 + 40)));
    }

    #[test]
    fn silence_between_the_music_is_marked() {
        for front_end in [FrontEnd::default(), FrontEnd::musicnn()] {
            let rate = front_end.sample_rate;
            let mut samples = crate::audio::synth::tone(440.0, 6.0, rate)
                .samples()
                .to_vec();
            samples.extend(vec![0.0; 8 * rate as usize]);
            let segments = Segments::cut(&front_end, &front_end.log_mel(&samples));
            assert!(segments.audible[0] && segments.audible.contains(&false));
            assert_eq!(segments.audible.len(), segments.len());
        }
    }

    #[test]
    fn a_short_sound_is_filled_up_with_silence() {
        let front_end = FrontEnd::default();
        let log_mel = front_end.log_mel(&[0.5; 1000]);
        let segments = Segments::cut(&front_end, &log_mel);
        assert!(segments.padded);
        assert_eq!(segments.len(), 1);
        assert_eq!(segments.values.len(), 128 * 128);
        assert_eq!(segments.values[127], front_end.silence());
        assert_eq!(segments.values[0], log_mel.values[0]);
    }
}
