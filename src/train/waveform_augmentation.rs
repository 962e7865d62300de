//! Augmentation of waveforms: copies of a clip in another key, at another speed, noisier, louder or softer.
//!
//! They are made of the sound itself, so they serve every input. [`super::Augmentation`], which augments
//! log-mel windows again at every step, serves the networks with that input.

use std::f64::consts::PI;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rustfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

use soundalike_core::audio::{AudioError, Clip};
use soundalike_core::dsp::{Stft, hann_periodic};
use soundalike_core::fourier::InverseRealFft;

/// Length of the vocoder's frames, and samples from one to the next where they are put down.
const FRAME: usize = 2048;
const HOP: usize = 512;

/// How copies differ from their clip. Zero of anything leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaveformAugmentation {
    /// Copies of each clip.
    pub copies: usize,
    /// Greatest shift of pitch in semitones, up or down.
    pub pitch: f64,
    /// Greatest change of speed, as a share below one.
    pub stretch: f64,
    /// Level of the loudest noise that is added, in dB below the clip's own, from 60 dB up to it; none
    /// if zero.
    pub noise: f64,
    /// Greatest change of level in dB, up or down.
    pub volume: f64,
}

impl WaveformAugmentation {
    /// The copies of the clip that stands at a place of the set.
    ///
    /// # Errors
    /// If a copy is no sound any more; never in practice.
    pub fn copies(&self, clip: &Clip, seed: u64, place: usize) -> Result<Vec<Clip>, AudioError> {
        (0..self.copies)
            .map(|copy| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                // Each copy has a stream of its own, so that clips may be augmented in any order.
                rng.set_stream((place * self.copies + copy) as u64 + 1);
                self.copy(clip, &mut rng)
            })
            .collect()
    }

    fn copy(&self, clip: &Clip, rng: &mut impl Rng) -> Result<Clip, AudioError> {
        let mut around = |most: f64| (2.0 * rng.random::<f64>() - 1.0) * most;
        let speed = 1.0 + around(self.stretch.min(0.9));
        let pitch = 2.0_f64.powf(around(self.pitch) / 12.0);
        let gain = 10.0_f64.powf(around(self.volume) / 20.0) as f32;
        // Longer by the factor of the pitch, then read faster by as much.
        let factor = pitch / speed;
        let mut samples = if (factor - 1.0).abs() < 1e-6 {
            clip.samples().to_vec()
        } else {
            stretched(clip.samples(), factor)
        };
        if (pitch - 1.0).abs() > 1e-6 {
            samples = read_faster(&samples, pitch);
        }
        if self.noise > 0.0 {
            let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
            let below = self.noise + rng.random::<f64>() * (60.0 - self.noise).max(0.0);
            let level = power.sqrt() * 10.0_f64.powf(-below / 20.0) as f32;
            for sample in &mut samples {
                *sample += level * rng.sample::<f32, _>(StandardNormal);
            }
        }
        for sample in &mut samples {
            *sample = (*sample * gain).clamp(-8.0, 8.0);
        }
        Clip::new(samples, clip.rate())
    }
}

/// Samples `factor` times as long at the same pitch, by a phase vocoder (Flanagan and Golden 1966; the
/// phases as librosa's `phase_vocoder` has them).
fn stretched(samples: &[f32], factor: f64) -> Vec<f32> {
    let bins = FRAME / 2 + 1;
    let mut spectra: Vec<Vec<Complex<f64>>> = Vec::new();
    Stft::new(FRAME, HOP).for_each_frame(samples, |_, bins| spectra.push(bins.to_vec()));
    let advance: Vec<f64> = (0..bins)
        .map(|bin| 2.0 * PI * bin as f64 * HOP as f64 / FRAME as f64)
        .collect();
    let mut phase: Vec<f64> = spectra[0].iter().map(|bin| bin.arg()).collect();
    let length = (samples.len() as f64 * factor).round() as usize;
    let frames = 1 + length / HOP;
    let window = hann_periodic(FRAME);
    let mut inverse = InverseRealFft::new(FRAME);
    let mut spectrum = vec![Complex::default(); bins];
    let mut sum = vec![0.0; frames * HOP + FRAME];
    let mut weight = sum.clone();
    let silence = vec![Complex::default(); bins];
    for at in 0..frames {
        let place = at as f64 / factor;
        let (left, share) = (place as usize, place.fract());
        let here = spectra.get(left).unwrap_or(&silence);
        let next = spectra.get(left + 1).unwrap_or(&silence);
        for bin in 0..bins {
            let magnitude = (1.0 - share) * here[bin].norm() + share * next[bin].norm();
            spectrum[bin] = Complex::from_polar(magnitude, phase[bin]);
            let step = next[bin].arg() - here[bin].arg() - advance[bin];
            let wrapped = step - 2.0 * PI * (step / (2.0 * PI)).round();
            phase[bin] += advance[bin] + wrapped;
        }
        for (offset, (&x, &w)) in inverse.process(&spectrum).iter().zip(&window).enumerate() {
            sum[at * HOP + offset] += w * x / FRAME as f64;
            weight[at * HOP + offset] += w * w;
        }
    }
    // Frames are centred: the first reaches half a frame before the sound.
    let inside = sum.iter().zip(&weight).skip(FRAME / 2).take(length);
    inside
        .map(|(&s, &w)| if w > 1e-9 { (s / w) as f32 } else { 0.0 })
        .collect()
}

/// Every `step`-th sample, those in between by linear interpolation.
fn read_faster(samples: &[f32], step: f64) -> Vec<f32> {
    let length = (samples.len() as f64 / step) as usize;
    (0..length)
        .map(|at| {
            let place = at as f64 * step;
            let (left, share) = (place as usize, place.fract() as f32);
            let next = samples[(left + 1).min(samples.len() - 1)];
            samples[left.min(samples.len() - 1)] * (1.0 - share) + next * share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use soundalike_core::audio::synth;

    /// The frequency of a tone, by its zero crossings.
    fn hertz(clip: &Clip) -> f64 {
        let inside = &clip.samples()[4096..clip.samples().len() - 4096];
        let crossings = inside.windows(2).filter(|p| (p[0] < 0.0) != (p[1] < 0.0));
        crossings.count() as f64 / 2.0 * f64::from(clip.rate()) / inside.len() as f64
    }

    #[test]
    fn a_stretched_tone_keeps_its_pitch_and_a_shifted_one_its_length() {
        let tone = synth::tone(440.0, 2.0, 22_050);
        let longer = Clip::new(stretched(tone.samples(), 1.25), 22_050).expect("a sound");
        assert!((longer.seconds() - 2.5).abs() < 1e-3);
        assert!(
            (hertz(&longer) / 440.0 - 1.0).abs() < 0.01,
            "{}",
            hertz(&longer)
        );
        let octave = read_faster(&stretched(tone.samples(), 2.0), 2.0);
        let octave = Clip::new(octave, 22_050).expect("a sound");
        assert!((octave.seconds() - 2.0).abs() < 1e-3);
        assert!(
            (hertz(&octave) / 880.0 - 1.0).abs() < 0.01,
            "{}",
            hertz(&octave)
        );
    }

    #[test]
    fn copies_repeat_with_their_seed_and_differ_from_each_other() {
        let variation = WaveformAugmentation {
            copies: 2,
            pitch: 2.0,
            stretch: 0.1,
            noise: 20.0,
            volume: 6.0,
        };
        let tone = synth::tone(440.0, 1.0, 22_050);
        let copies = |seed| variation.copies(&tone, seed, 3).expect("sounds");
        let (first, again) = (copies(7), copies(7));
        assert_eq!(first[0].samples(), again[0].samples());
        assert_ne!(first[0].samples(), first[1].samples());
        assert_ne!(first[0].samples(), copies(8)[0].samples());
        assert!(
            WaveformAugmentation::default()
                .copies(&tone, 7, 3)
                .expect("none")
                .is_empty()
        );
    }
}
