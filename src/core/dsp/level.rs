//! How loud a sound is, so that the same song at another level has the same features.

use std::collections::VecDeque;

use crate::sums::sum;

/// Length of the blocks whose level is measured, in seconds (ITU-R BS.1770-4).
const BLOCK_SECONDS: f64 = 0.4;
/// Blocks more than this below the mean of all do not count, in dB: silence between the music. Wider than
/// the 10 dB of ITU-R BS.1770-4, so that quiet music with loud moments keeps its level.
const GATE_DB: f64 = 20.0;
/// No sound is amplified by more than this, in dB, so that near-silence stays quiet.
const MOST_GAIN_DB: f32 = 60.0;

/// Offset and level of a sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Mean of its samples, full scale being one.
    pub offset: f32,
    /// Root mean square after the offset is taken away, of the blocks that are not silence in between;
    /// full scale is one.
    pub rms: f32,
}

impl Level {
    /// Measures mono samples at `rate` Hz.
    pub fn of(samples: &[f32], rate: u32) -> Self {
        let count = samples.len().max(1) as f64;
        let offset = sum(samples, |s| s) / count;
        let block = ((BLOCK_SECONDS * f64::from(rate)) as usize).max(1);
        // What is left over counts by its length, and a sound shorter than a block is one.
        let blocks = samples.chunks(block).map(|block| {
            let squares = sum(block, |s| (s - offset) * (s - offset));
            (squares, block.len() as f64)
        });
        let blocks: Vec<(f64, f64)> = blocks.collect();
        Self {
            offset: offset as f32,
            rms: gated_mean(&blocks).sqrt() as f32,
        }
    }

    /// What samples are to be multiplied by, once the offset is taken away, to have a level of `dbfs`.
    pub fn gain_to(&self, dbfs: f32) -> f32 {
        let most = 10.0_f32.powf(MOST_GAIN_DB / 20.0);
        (10.0_f32.powf(dbfs / 20.0) / self.rms.max(f32::MIN_POSITIVE)).min(most)
    }
}

/// Mean square of blocks, each a sum of squares and its number of samples, without those that lie
/// [`GATE_DB`] below the mean of all.
fn gated_mean(blocks: &[(f64, f64)]) -> f64 {
    let mean = |gate: f64| {
        let kept = blocks.iter().filter(|(sum, count)| *sum >= gate * count);
        let (sum, count) = kept.fold((0.0, 0.0), |(s, c), (sum, count)| (s + sum, c + count));
        sum / f64::max(count, 1.0)
    };
    mean(mean(0.0) * 10.0_f64.powf(-GATE_DB / 10.0))
}

/// The level of the last seconds of a sound that goes on.
#[derive(Clone, Debug)]
pub struct RunningLevel {
    block: usize,
    most: usize,
    /// Sum of squares and number of samples of each block, the last one growing.
    blocks: VecDeque<(f64, f64)>,
    /// Running mean of the samples.
    offset: f64,
    samples: f64,
    /// Samples after which the running mean forgets.
    memory: f64,
}

impl RunningLevel {
    /// Of samples at `rate` Hz, over the last `seconds`.
    pub fn new(rate: u32, seconds: f64) -> Self {
        let block = ((BLOCK_SECONDS * f64::from(rate)) as usize).max(1);
        Self {
            block,
            most: ((seconds / BLOCK_SECONDS).ceil() as usize).max(1),
            blocks: VecDeque::new(),
            offset: 0.0,
            samples: 0.0,
            memory: seconds * f64::from(rate),
        }
    }

    /// Takes samples, and takes the running offset away from them.
    pub fn push(&mut self, samples: &mut [f32]) {
        for sample in samples {
            self.samples = (self.samples + 1.0).min(self.memory);
            self.offset += (f64::from(*sample) - self.offset) / self.samples;
            let centred = f64::from(*sample) - self.offset;
            *sample = centred as f32;
            if self
                .blocks
                .back()
                .is_none_or(|(_, count)| *count >= self.block as f64)
            {
                self.blocks.push_back((0.0, 0.0));
                if self.blocks.len() > self.most {
                    self.blocks.pop_front();
                }
            }
            if let Some((sum, count)) = self.blocks.back_mut() {
                *sum += centred * centred;
                *count += 1.0;
            }
        }
    }

    /// The level of the last seconds, the offset being taken away already. A knock on the microphone, far louder
    /// than the block in the middle, counts for no more than 20 dB above it.
    pub fn level(&self) -> Level {
        let mut blocks: Vec<(f64, f64)> = self.blocks.iter().copied().collect();
        blocks.sort_by(|a, b| (a.0 * b.1).total_cmp(&(b.0 * a.1)));
        if let Some(&(sum, count)) = blocks.get(blocks.len() / 2) {
            let most = sum / count.max(1.0) * 10.0_f64.powf(GATE_DB / 10.0);
            if most > 0.0 {
                for (sum, count) in &mut blocks {
                    *sum = sum.min(most * *count);
                }
            }
        }
        Level {
            offset: 0.0,
            rms: gated_mean(&blocks).sqrt() as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;

    #[test]
    fn level_and_offset_of_a_tone_are_measured() {
        let tone = synth::tone(440.0, 2.0, 16_000);
        let peak = tone.peak();
        let shifted: Vec<f32> = tone.samples().iter().map(|s| s + 0.3).collect();
        let level = Level::of(&shifted, 16_000);
        assert!((level.offset - 0.3).abs() < 1e-3, "{level:?}");
        let expected = peak / 2.0_f32.sqrt();
        assert!((level.rms / expected - 1.0).abs() < 0.02, "{level:?}");
        let gain = level.gain_to(-14.0);
        assert!((20.0 * (level.rms * gain).log10() + 14.0).abs() < 1e-3);
    }

    #[test]
    fn silence_between_the_music_does_not_count_and_near_silence_is_not_blown_up() {
        let tone = synth::tone(440.0, 2.0, 16_000).samples().to_vec();
        let alone = Level::of(&tone, 16_000);
        let mut padded = tone;
        padded.resize(8 * 16_000, 0.0);
        let level = Level::of(&padded, 16_000);
        assert!(
            (level.rms / alone.rms - 1.0).abs() < 0.05,
            "{level:?} {alone:?}"
        );
        let faint = Level {
            offset: 0.0,
            rms: 1e-6,
        };
        assert!((faint.gain_to(-14.0) - 1000.0).abs() < 0.1);
        assert!(Level::of(&[0.0; 100], 16_000).gain_to(-14.0).is_finite());
    }

    #[test]
    fn the_running_level_is_that_of_the_last_seconds() {
        let tone = synth::tone(440.0, 4.0, 16_000);
        let mut running = RunningLevel::new(16_000, 2.0);
        let mut loud: Vec<f32> = tone.samples().iter().map(|s| s + 0.1).collect();
        for piece in loud.chunks_mut(700) {
            running.push(piece);
        }
        let expected = Level::of(tone.samples(), 16_000).rms;
        assert!((running.level().rms / expected - 1.0).abs() < 0.05);
        // The offset is gone by the end.
        let end = &loud[loud.len() - 1600..];
        let mean = end.iter().sum::<f32>() / end.len() as f32;
        assert!(mean.abs() < 0.02, "{mean}");
        let mut quiet: Vec<f32> = tone.samples().iter().map(|s| 0.01 * s + 0.1).collect();
        running.push(&mut quiet);
        assert!((running.level().rms / (0.01 * expected) - 1.0).abs() < 0.2);
    }
}
