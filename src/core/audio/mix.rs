//! Channels to mono, so that nothing vanishes.

use super::source::Packet;
use crate::sums::sum;

/// Seconds over which it is decided how the channels are mixed; fewer above 48 kHz, where they are as many frames
/// as 30 seconds at that rate.
const BLOCK_SECONDS: f64 = 30.0;
const BLOCK_FRAMES: f64 = 1_440_000.0;
/// The mean of the channels is given up where it has less than this share of their mean power. Independent
/// channels leave a half of two, one silent channel a half too, a correlation of −0.8 a tenth.
const LEAST_SHARE: f64 = 0.1;

/// Mixes packets of one layout to mono, block by block: the mean of the channels, or where they cancel each
/// other half the difference of the first two.
#[derive(Default)]
pub(super) struct MonoMix {
    channels: usize,
    rate: u32,
    mean: Vec<f32>,
    /// The first channel minus the second, halved; empty for mono.
    difference: Vec<f32>,
    /// Sums over the block: of the mean and its square, of the channels and their squares.
    sums: Sums,
    /// Seconds that were mixed otherwise than by the mean.
    pub cancelling: f64,
}

#[derive(Default)]
struct Sums {
    mean: f64,
    mean_squares: f64,
    channel: Vec<f64>,
    squares: f64,
}

impl MonoMix {
    /// Takes a packet; gives the blocks that are complete to `out`, with their rate. A packet of another layout
    /// completes the block before it.
    pub fn push(&mut self, packet: &Packet, out: &mut impl FnMut(&[f32], u32)) {
        if (packet.channels, packet.rate) != (self.channels, self.rate) {
            self.flush(out);
            (self.channels, self.rate) = (packet.channels, packet.rate);
        }
        match self.channels {
            1 => self.mean.extend_from_slice(&packet.samples),
            2 => self.push_stereo(&packet.samples),
            _ => self.push_many(&packet.samples),
        }
        let block = (BLOCK_SECONDS * f64::from(self.rate)).min(BLOCK_FRAMES);
        if self.mean.len() as f64 >= block || self.channels == 1 {
            self.flush(out);
        }
    }

    fn push_stereo(&mut self, samples: &[f32]) {
        let (frames, _) = samples.as_chunks::<2>();
        let before = self.mean.len();
        self.mean.extend(frames.iter().map(|[l, r]| (l + r) / 2.0));
        self.difference
            .extend(frames.iter().map(|[l, r]| (l - r) / 2.0));
        self.sums
            .add_stereo(&self.mean[before..], &self.difference[before..]);
    }

    fn push_many(&mut self, samples: &[f32]) {
        let scale = self.channels as f32;
        for frame in samples.chunks_exact(self.channels) {
            let mean = frame.iter().sum::<f32>() / scale;
            self.mean.push(mean);
            if let [first, second, ..] = frame {
                self.difference.push((first - second) / 2.0);
                self.sums.add(mean, frame);
            }
        }
    }

    /// Completes the block.
    pub fn flush(&mut self, out: &mut impl FnMut(&[f32], u32)) {
        if self.mean.is_empty() {
            return;
        }
        if self.sums.cancel(self.mean.len(), self.channels) {
            self.cancelling += self.mean.len() as f64 / f64::from(self.rate);
            out(&self.difference, self.rate);
        } else {
            out(&self.mean, self.rate);
        }
        self.mean.clear();
        self.difference.clear();
        self.sums = Sums::default();
    }
}

impl Sums {
    /// Of two channels, which are mean plus and minus difference: a sum over vectors instead of frame by frame.
    fn add_stereo(&mut self, mean: &[f32], difference: &[f32]) {
        let (mean, mean_squares) = moments(mean);
        let (difference, squares) = moments(difference);
        self.mean += mean;
        self.mean_squares += mean_squares;
        self.channel.resize(2, 0.0);
        self.channel[0] += mean + difference;
        self.channel[1] += mean - difference;
        self.squares += 2.0 * (mean_squares + squares);
    }

    fn add(&mut self, mean: f32, frame: &[f32]) {
        let mean = f64::from(mean);
        self.mean += mean;
        self.mean_squares += mean * mean;
        self.channel.resize(frame.len(), 0.0);
        for (sum, sample) in self.channel.iter_mut().zip(frame) {
            *sum += f64::from(*sample);
            self.squares += f64::from(*sample).powi(2);
        }
    }

    /// Whether the mean has lost nearly all power; a constant offset is no sound and does not count.
    fn cancel(&self, frames: usize, channels: usize) -> bool {
        if channels < 2 {
            return false;
        }
        let frames = frames as f64;
        let offset_of = |sum: f64| sum * sum / frames;
        let mean = self.mean_squares - offset_of(self.mean);
        let offsets: f64 = self.channel.iter().map(|sum| offset_of(*sum)).sum();
        let each = (self.squares - offsets) / channels as f64;
        // Rounding leaves something of nothing.
        each > 1e-9 * frames && mean < LEAST_SHARE * each
    }
}

/// The sum of some values and that of their squares.
fn moments(values: &[f32]) -> (f64, f64) {
    (
        sum(values, |value| value),
        sum(values, |value| value * value),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(frames: impl Iterator<Item = [f32; 2]>) -> (Vec<f32>, f64) {
        let packet = Packet {
            channels: 2,
            rate: 8_000,
            samples: frames.flatten().collect(),
            ..Packet::default()
        };
        let mut mix = MonoMix::default();
        let mut mono = Vec::new();
        let mut out = |samples: &[f32], _| mono.extend_from_slice(samples);
        mix.push(&packet, &mut out);
        mix.flush(&mut out);
        (mono, mix.cancelling)
    }

    fn tone(n: usize) -> f32 {
        (n as f32 * 0.3).sin()
    }

    #[test]
    fn an_inverted_channel_is_turned_round_and_told_of() {
        for right in [-1.0, -0.9] {
            let (mono, cancelling) = mix((0..8_000).map(|n| [tone(n), right * tone(n)]));
            assert_eq!(cancelling, 1.0);
            let expected = (1.0 - right) / 2.0;
            assert!((mono[100] - expected * tone(100)).abs() < 1e-6);
        }
    }

    #[test]
    fn an_offset_does_not_hide_that_channels_cancel() {
        let (_, cancelling) = mix((0..8_000).map(|n| [tone(n) + 0.5, 0.5 - tone(n)]));
        assert_eq!(cancelling, 1.0);
    }

    #[test]
    fn ordinary_stereo_one_silent_channel_and_silence_are_averaged() {
        let stereo = |n: usize| [tone(n), (n as f32 * 0.11).cos()];
        let (mono, cancelling) = mix((0..8_000).map(stereo));
        assert_eq!(cancelling, 0.0);
        assert_eq!(mono[7], (stereo(7)[0] + stereo(7)[1]) / 2.0);
        let (mono, cancelling) = mix((0..8_000).map(|n| [0.0, tone(n)]));
        assert_eq!((mono[7], cancelling), (tone(7) / 2.0, 0.0));
        assert_eq!(mix((0..8_000).map(|_| [0.0; 2])).1, 0.0);
    }
}
