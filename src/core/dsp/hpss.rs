//! Separation into what sounds on and what strikes.

use rustfft::num_complex::Complex;
use rustfft::num_traits::Zero;

use super::{FrontEnd, Spectrogram, Stft, hann_periodic};
use crate::fourier::InverseRealFft;

/// Frames, or bins, over which the medians are taken.
const KERNEL: usize = 31;

/// A sound in two parts, each as long as it; together they are the sound.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What lasts: steady lines across the frames of a spectrogram.
    pub harmonic: Vec<f32>,
    /// What strikes: lines across its bins.
    pub percussive: Vec<f32>,
}

/// The harmonic and the percussive part of mono samples, from their
/// [magnitude spectrogram](FrontEnd::stft_magnitude) too.
///
/// Fitzgerald 2010, Harmonic/percussive separation using median filtering: a bin belongs to the
/// harmonic part by the share that the square of its median over 31 frames has in the sum with that
/// over 31 bins; the spectra so weighed are transformed back and overlapped. Defaults are those of
/// librosa 0.11's `effects.hpss`, whose second transform back is left out: the weights of both parts
/// add up to 1, so the percussive part is what the harmonic one leaves.
pub fn hpss(front_end: &FrontEnd, samples: &[f32], magnitude: &Spectrogram) -> Parts {
    let (n_fft, hop) = (front_end.n_fft, front_end.hop_length);
    let mut lasting = Spectrogram::zeros(magnitude.bands, 0);
    lasting.frames = magnitude.frames;
    for band in 0..magnitude.bands {
        lasting.values.extend(median_filter(magnitude.band(band)));
    }

    let window = hann_periodic(n_fft);
    let mut inverse = InverseRealFft::new(n_fft);
    let mut spectrum = vec![Complex::zero(); n_fft / 2 + 1];
    // Frames are centred: the first reaches half a frame before the sound.
    let mut sum = vec![0.0; samples.len() + n_fft];
    let mut weight = vec![0.0; samples.len() + n_fft];
    Stft::new(n_fft, hop).for_each_frame(samples, |frame, bins| {
        let column: Vec<f32> = magnitude.column(frame).collect();
        let striking = median_filter(&column);
        let medians = lasting.column(frame).zip(striking);
        for ((out, bin), (lasts, strikes)) in spectrum.iter_mut().zip(bins).zip(medians) {
            *out = bin * harmonic_share(lasts, strikes);
        }
        let frame_samples = inverse.process(&spectrum);
        let span = frame * hop..frame * hop + n_fft;
        let (sum, weight) = (&mut sum[span.clone()], &mut weight[span]);
        for (((s, w), &x), &h) in sum.iter_mut().zip(weight).zip(frame_samples).zip(&window) {
            *s += h * x / n_fft as f64;
            *w += h * h;
        }
    });

    let inside = sum.iter().zip(&weight).skip(n_fft / 2);
    let harmonic: Vec<f32> = inside
        .zip(samples)
        .map(|((&s, &w), _)| if w > 0.0 { (s / w) as f32 } else { 0.0 })
        .collect();
    let percussive = samples.iter().zip(&harmonic).map(|(x, h)| x - h).collect();
    Parts {
        harmonic,
        percussive,
    }
}

/// How much of a bin is harmonic, 0 to 1: half of it where both medians are zero.
fn harmonic_share(lasts: f32, strikes: f32) -> f64 {
    let larger = lasts.max(strikes);
    if larger < f32::MIN_POSITIVE {
        return 0.5;
    }
    let square = |x: f32| (f64::from(x) / f64::from(larger)).powi(2);
    square(lasts) / (square(lasts) + square(strikes))
}

/// The median of the [`KERNEL`] values around each value; beyond the ends the values are mirrored,
/// `… b a | a b …`.
fn median_filter(values: &[f32]) -> Vec<f32> {
    if values.is_empty() {
        return Vec::new();
    }
    let (length, half) = (values.len() as isize, (KERNEL / 2) as isize);
    let at = |index: isize| {
        let index = index.rem_euclid(2 * length);
        values[index.min(2 * length - 1 - index) as usize]
    };
    let mut sorted: Vec<f32> = (-half..=half).map(at).collect();
    sorted.sort_by(f32::total_cmp);
    let place = |sorted: &[f32], x: f32| sorted.partition_point(|y| y.total_cmp(&x).is_lt());
    (0..length)
        .map(|index| {
            let median = sorted[KERNEL / 2];
            sorted.remove(place(&sorted, at(index - half)));
            let next = at(index + half + 1);
            sorted.insert(place(&sorted, next), next);
            median
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;

    #[test]
    fn the_running_median_equals_the_written_out_one() {
        for length in [1, 2, 7, 15, 31, 32, 200] {
            let values: Vec<f32> = (0..length).map(|i| (i * 7919 % 101) as f32).collect();
            let mirrored: Vec<f32> = values.iter().rev().chain(&values).copied().collect();
            for (index, median) in median_filter(&values).into_iter().enumerate() {
                let mut around: Vec<f32> = (0..KERNEL)
                    .map(|k| {
                        mirrored
                            [(index + length + 2 * length * KERNEL + k - KERNEL / 2) % (2 * length)]
                    })
                    .collect();
                around.sort_by(f32::total_cmp);
                assert_eq!(median, around[KERNEL / 2], "{length} {index}");
            }
        }
    }

    #[test]
    fn a_tone_is_harmonic_and_a_click_is_percussive() {
        let front_end = FrontEnd::default();
        let energy = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
        let mut click = vec![0.0; 22_050];
        click[11_025] = 0.9;
        let tone = synth::tone(440.0, 1.0, 22_050).samples().to_vec();
        for (samples, harmonic) in [(tone, true), (click, false)] {
            let magnitude = front_end.stft_magnitude(&samples);
            let parts = hpss(&front_end, &samples, &magnitude);
            let (h, p) = (energy(&parts.harmonic), energy(&parts.percussive));
            assert!(
                if harmonic { h > 50.0 * p } else { p > 50.0 * h },
                "{h} {p}"
            );
        }
    }
}
