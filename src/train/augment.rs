//! Augmentation of log-mel crops: what a recording chain, another take or another key would change.
//!
//! All of it works on log-mel crops in dB, where it costs next to nothing. The sources of a training
//! set differ in bandwidth and level, and a network would take that for genre: random equalisers,
//! low-passes, noise floors and gains remove the shortcut.

use std::f32::consts::PI;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::log_mel::LogMel;
use soundalike_core::dsp::{FrontEnd, mel_from_hz};

/// How strongly crops are augmented; [`Augmentation::NONE`] leaves them as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Largest change of speed, as a share.
    pub stretch: f32,
    /// Largest shift in mel bands, standing in for a change of key.
    pub shift_bands: f32,
    /// Gain in dB, from and to.
    pub gain_db: (f32, f32),
    /// Largest amplitude in dB of each of three waves over the bands that make an equaliser.
    pub equaliser_db: f32,
    /// Probability of a low-pass.
    pub low_pass: f64,
    /// Probability that it comes through a telephone or a small speaker: neither lows nor highs.
    pub phone: f64,
    /// Probability of a noise floor.
    pub noise: f64,
    /// Greatest height of each of two masked stripes over the bands (SpecAugment, Park et al. 2019).
    pub mask_bands: usize,
    /// Greatest width of each of two masked stripes over the frames.
    pub mask_frames: usize,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            stretch: 0.12,
            shift_bands: 3.0,
            gain_db: (-26.0, 6.0),
            equaliser_db: 3.0,
            low_pass: 0.3,
            phone: 0.3,
            noise: 0.2,
            mask_bands: 16,
            mask_frames: 24,
        }
    }
}

impl Augmentation {
    /// Leaves crops as they are.
    pub const NONE: Self = Self {
        stretch: 0.0,
        shift_bands: 0.0,
        gain_db: (0.0, 0.0),
        equaliser_db: 0.0,
        low_pass: 0.0,
        phone: 0.0,
        noise: 0.0,
        mask_bands: 0,
        mask_frames: 0,
    };

    /// An augmented crop `[mel_bands, segment_frames]` in dB from a random place of a clip, and the
    /// stripes to be masked once it is normalised.
    pub fn crop(
        &self,
        clip: &LogMel,
        front_end: &FrontEnd,
        rng: &mut impl Rng,
    ) -> (Vec<f32>, Mask) {
        let (bands, length) = (front_end.mel_bands, front_end.segment_frames);
        let speed = 1.0 + between(rng, -self.stretch, self.stretch);
        let shift = between(rng, -self.shift_bands, self.shift_bands);
        // A short clip begins at its beginning and is followed by silence, as in inference.
        let room = (clip.frames as f32 - length as f32 * speed).max(0.0);
        let start = between(rng, 0.0, room);
        let mut crop = vec![front_end.floor_db(); bands * length];
        for (band, row) in crop.chunks_mut(length).enumerate() {
            let source_band = (band as f32 + shift).clamp(0.0, (bands - 1) as f32);
            for (t, value) in row.iter_mut().enumerate() {
                let Some(db) = clip.at(source_band, start + t as f32 * speed) else {
                    break;
                };
                *value = db;
            }
        }
        self.colour(&mut crop, front_end, rng);
        (crop, self.mask(front_end, rng))
    }

    /// Changes level, bandwidth and noise floor of a crop `[mel_bands, segment_frames]` in dB.
    pub fn colour(&self, crop: &mut [f32], front_end: &FrontEnd, rng: &mut impl Rng) {
        let floor = front_end.floor_db();
        let change = self.band_change(front_end, rng);
        let noise_db = rng
            .random_bool(self.noise)
            .then(|| between(rng, -60.0, -20.0));
        for (band, row) in crop.chunks_mut(front_end.segment_frames).enumerate() {
            for value in row {
                // A change of gain does not lift true silence.
                if *value > floor {
                    *value += change[band];
                }
                if let Some(noise) = noise_db {
                    *value = add_db(*value, noise + between(rng, -3.0, 3.0));
                }
                *value = value.max(floor);
            }
        }
    }

    /// Random stripes to be masked.
    pub fn mask(&self, front_end: &FrontEnd, rng: &mut impl Rng) -> Mask {
        let shape = [front_end.mel_bands, front_end.segment_frames];
        Mask::draw(shape, [self.mask_bands, self.mask_frames], rng)
    }

    /// Change in dB of each band: gain, equaliser and low-pass together.
    fn band_change(&self, front_end: &FrontEnd, rng: &mut impl Rng) -> Vec<f32> {
        let bands = front_end.mel_bands;
        let gain = between(rng, self.gain_db.0, self.gain_db.1);
        let waves = [0.5, 1.0, 2.0].map(|periods: f32| {
            let amplitude = between(rng, -self.equaliser_db, self.equaliser_db);
            (periods, amplitude, between(rng, 0.0, 2.0 * PI))
        });
        let edge = rng
            .random_bool(self.low_pass)
            .then(|| between(rng, 0.45, 1.0) * bands as f32);
        // A phone's band: from 150 to 450 Hz up to 2.8 to 4.5 kHz.
        let phone = rng.random_bool(self.phone).then(|| {
            let band_of = |hz: f32| {
                let mel = mel_from_hz(f64::from(hz)) - mel_from_hz(f64::from(front_end.f_min));
                let all = mel_from_hz(f64::from(front_end.f_max))
                    - mel_from_hz(f64::from(front_end.f_min));
                (mel / all) as f32 * bands as f32
            };
            (
                band_of(between(rng, 150.0, 450.0)),
                band_of(between(rng, 2_800.0, 4_500.0)),
                // From a gentle filter to a wall.
                2.0 * 20.0_f32.powf(rng.random()),
            )
        });
        (0..bands)
            .map(|band| {
                let x = band as f32 / bands as f32;
                let equaliser: f32 = waves
                    .iter()
                    .map(|(periods, amplitude, phase)| {
                        amplitude * (2.0 * PI * periods * x + phase).sin()
                    })
                    .sum();
                // Six decibels a band: steep, as codecs and resamplers cut.
                let cut = edge.map_or(0.0, |edge| -6.0 * (band as f32 - edge).max(0.0));
                let telephone = phone.map_or(0.0, |(low, high, steepness)| {
                    let band = band as f32;
                    -steepness * ((band - high).max(0.0) + (low - band).max(0.0))
                });
                gain + equaliser + cut + telephone
            })
            .collect()
    }
}

/// Masked stripes of a crop: `[from, to)` of bands and of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    bands: [(usize, usize); 2],
    frames: [(usize, usize); 2],
}

impl Mask {
    /// Two random stripes over the rows and two over the columns of a window `[rows, columns]`, none
    /// wider than `most`.
    fn draw([rows, columns]: [usize; 2], most: [usize; 2], rng: &mut impl Rng) -> Self {
        Self {
            bands: [0; 2].map(|_| stripe(rng, rows, most[0])),
            frames: [0; 2].map(|_| stripe(rng, columns, most[1])),
        }
    }

    /// Stripes over a window of any shape, as wide in proportion as those of [`Augmentation`].
    pub fn of_shape([rows, columns]: [usize; 2], rng: &mut impl Rng) -> Self {
        Self::draw([rows, columns], [rows / 8, columns * 3 / 16], rng)
    }

    /// Sets the stripes of a normalised crop `[bands, frames]` to zero, the mean.
    pub fn apply(&self, crop: &mut [f32], frames: usize) {
        for (band, row) in crop.chunks_mut(frames).enumerate() {
            if self
                .bands
                .iter()
                .any(|&(from, to)| (from..to).contains(&band))
            {
                row.fill(0.0);
            }
            for &(from, to) in &self.frames {
                row[from..to].fill(0.0);
            }
        }
    }
}

fn stripe(rng: &mut impl Rng, length: usize, most: usize) -> (usize, usize) {
    let width = rng.random_range(0..=most);
    let from = rng.random_range(0..=length - width);
    (from, from + width)
}

pub(super) fn between(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// Level of two incoherent sounds together, in dB.
fn add_db(a: f32, b: f32) -> f32 {
    let (loud, soft) = if a > b { (a, b) } else { (b, a) };
    loud + 10.0 * (1.0 + 10.0_f32.powf((soft - loud) / 10.0)).log10()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use soundalike_core::dsp::Spectrogram;

    fn clip(frames: usize) -> LogMel {
        let mut mel = Spectrogram::zeros(128, frames);
        for (i, value) in mel.values.iter_mut().enumerate() {
            *value = -((i % 61) as f32);
        }
        LogMel::new(&mel)
    }

    #[test]
    fn without_augmentation_a_crop_is_a_piece_of_the_clip() {
        let front_end = FrontEnd::default();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let clip = clip(128);
        let (crop, mut_mask) = Augmentation::NONE.crop(&clip, &front_end, &mut rng);
        for band in 0..128 {
            for t in 0..128 {
                let expected = clip.at(band as f32, t as f32).expect("inside");
                assert_eq!(crop[band * 128 + t], expected);
            }
        }
        let mut same = crop.clone();
        mut_mask.apply(&mut same, 128);
        assert_eq!(same, crop);
    }

    #[test]
    fn stripes_mask_a_part_of_a_window_of_any_shape() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut hidden = 0;
        for shape @ [rows, columns] in [[96, 1366], [20, 130], [1, 59_049], [7, 128]] {
            for _ in 0..20 {
                let mut window = vec![1.0; rows * columns];
                Mask::of_shape(shape, &mut rng).apply(&mut window, columns);
                let masked = window.iter().filter(|&&v| v == 0.0).count();
                assert!(masked <= window.len() * 5 / 8, "{shape:?}");
                hidden += masked;
            }
        }
        assert!(hidden > 0);
    }

    #[test]
    fn a_short_clip_ends_in_silence_and_every_value_is_finite() {
        let front_end = FrontEnd::default();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (crop, _) = Augmentation::NONE.crop(&clip(50), &front_end, &mut rng);
        assert!(
            crop.chunks(128)
                .all(|row| row[50..].iter().all(|&v| v == -100.0))
        );
        for _ in 0..50 {
            let (crop, mask) = Augmentation::default().crop(&clip(200), &front_end, &mut rng);
            assert!(crop.iter().all(|v| v.is_finite() && *v >= -100.0));
            let mut masked = crop.clone();
            mask.apply(&mut masked, 128);
            assert!(masked.iter().filter(|&&v| v == 0.0).count() < 128 * 128);
        }
    }
}
