//! Cutting a sound into the segments that a model takes.

use std::ops::Range;

use super::{FrontEnd, Spectrogram};

/// A segment that never comes closer than this to the loudest moment of its sound, in dB, is silence
/// between the music.
const SILENCE_DB: f32 = 60.0;

/// Silence at the beginning or the end that is longer than this, in seconds, has no part in where the music is cut.
/// Shorter silence, such as the delay of an encoder, moves the segments by next to nothing.
const EDGE_SECONDS: f64 = 0.25;

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
    /// Cuts a log-mel spectrogram at [`segment_starts`]. A shorter one is filled up with silence. The silence before
    /// and after the music has segments of its own, so that the music is cut at the same places with it and without.
    pub fn cut(front_end: &FrontEnd, log_mel: &Spectrogram) -> Self {
        let length = front_end.segment_frames;
        let music = music_in(front_end, log_mel);
        let starts = starts_around(length, &music, log_mel.frames);
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
        let quiet = loudest(front_end, &values) - SILENCE_DB;
        let segments = starts.iter().zip(values.chunks(size));
        let audible = segments
            .map(|(start, segment)| music.contains(start) && loudest(front_end, segment) >= quiet)
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

/// The loudest of some values, in dB.
fn loudest(front_end: &FrontEnd, values: &[f32]) -> f32 {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    front_end.decibel_of_value(most)
}

/// The frames from the first to the last that are not silence, of a sound that begins or ends with more than
/// [`EDGE_SECONDS`] of it; otherwise from its beginning or to its end. All of a sound of nothing but silence.
fn music_in(front_end: &FrontEnd, log_mel: &Spectrogram) -> Range<usize> {
    let frames = log_mel.frames;
    let mut peaks = vec![f32::NEG_INFINITY; frames];
    for band in 0..log_mel.bands {
        for (peak, &value) in peaks.iter_mut().zip(log_mel.band(band)) {
            *peak = peak.max(value);
        }
    }
    let quiet = loudest(front_end, &peaks) - SILENCE_DB;
    let is_music = |&value: &f32| front_end.decibel_of_value(value) >= quiet;
    let first = peaks.iter().position(is_music).unwrap_or(0);
    let last = peaks.iter().rposition(is_music).map_or(frames, |at| at + 1);
    let edge = (EDGE_SECONDS / front_end.frame_seconds()) as usize;
    let start = if first > edge { first } else { 0 };
    let end = if frames - last > edge { last } else { frames };
    start..end
}

/// Where the segments of a sound of `frames` frames begin: those of the music as [`window_starts`] has them, and one
/// after another those of longer silence before and after it.
fn starts_around(length: usize, music: &Range<usize>, frames: usize) -> Vec<usize> {
    let before = (0..(music.start + length / 2) / length)
        .rev()
        .map(|at| music.start.saturating_sub((at + 1) * length));
    let inside = window_starts(length, music.len()).into_iter();
    let inside = inside.map(|start| music.start + start);
    let silent = frames - music.end;
    let after = (0..(silent + length / 2) / length).map(|at| music.end + at * length);
    before.chain(inside).chain(after).collect()
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
    fn silence_around_the_music_does_not_move_its_segments() {
        for front_end in [FrontEnd::default(), FrontEnd::musicnn()] {
            let rate = front_end.sample_rate as usize;
            let music = crate::audio::synth::tone(440.0, 15.0, front_end.sample_rate);
            let plain = Segments::cut(&front_end, &front_end.log_mel(music.samples()));
            for (before, after) in [(0, 5), (1, 0), (2, 2), (7, 20), (30, 1)] {
                // Whole frames of silence, so that frames lie at the same samples.
                let whole = |seconds: usize| seconds * rate / front_end.hop_length;
                let zeros = |seconds| vec![0.0; whole(seconds) * front_end.hop_length];
                let samples = [zeros(before), music.samples().to_vec(), zeros(after)].concat();
                let found = Segments::cut(&front_end, &front_end.log_mel(&samples));
                let audible = found.starts.iter().zip(&found.audible);
                let starts: Vec<usize> = audible.filter(|(_, a)| **a).map(|(s, _)| *s).collect();
                assert_eq!(starts.len(), plain.starts.len(), "{before} s, {after} s");
                for (with, without) in starts.iter().zip(&plain.starts) {
                    // The first frames around the music's edges hold a little of it.
                    let moved = with.abs_diff(without + whole(before));
                    assert!(moved <= 4, "{before} s, {after} s: {with} {without}");
                }
                assert!(found.starts.is_sorted());
                let end = found.starts.last().expect("one") + front_end.segment_frames;
                assert!(end + front_end.segment_frames / 2 >= whole(before + 15 + after));
            }
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
