//! Loudness, brightness and noisiness of every frame.

use super::{FrontEnd, Spectrogram};

/// Share of a frame's magnitude that lies below the rolloff.
const ROLLOFF: f64 = 0.85;

/// Samples no larger than this count as zero, which has no sign to change.
const ZERO: f32 = 1e-10;

/// Five features of every frame, `[5, frames]`, from mono samples and their
/// [magnitude spectrogram](FrontEnd::stft_magnitude):
///
/// 0. root mean square, 0 to 1 at full scale;
/// 1. spectral centroid in Hz: the mean frequency, weighted by magnitude;
/// 2. spectral bandwidth in Hz: the standard deviation around it, weighted likewise;
/// 3. rolloff in Hz: the lowest bin below which, itself included, 85 % of the magnitude lies;
/// 4. zero-crossing rate: changes of sign per sample, 0 to 1.
///
/// Of silence all are 0. Formulas and defaults are those of librosa 0.11 (`feature.rms`,
/// `spectral_centroid`, `spectral_bandwidth`, `spectral_rolloff`, `zero_crossing_rate`).
pub fn frame_features(
    front_end: &FrontEnd,
    samples: &[f32],
    magnitude: &Spectrogram,
) -> Spectrogram {
    let frames = magnitude.frames;
    let mut out = Spectrogram::zeros(5, frames);
    for frame in 0..frames {
        let spectrum: Vec<f64> = magnitude.column(frame).map(f64::from).collect();
        let inside = samples_of_frame(front_end, samples, frame);
        let (centroid, bandwidth) = centre_and_width(front_end, &spectrum);
        let features = [
            rms(inside, front_end.n_fft),
            centroid,
            bandwidth,
            rolloff(front_end, &spectrum),
            crossings(inside) as f64 / front_end.n_fft as f64,
        ];
        for (row, value) in out.values.chunks_mut(frames).zip(features) {
            row[frame] = value as f32;
        }
    }
    out
}

/// The samples of a centred frame that lie inside the sound.
fn samples_of_frame<'a>(front_end: &FrontEnd, samples: &'a [f32], frame: usize) -> &'a [f32] {
    let (centre, half) = (frame * front_end.hop_length, front_end.n_fft / 2);
    let end = (centre + half).min(samples.len());
    samples.get(centre.saturating_sub(half)..end).unwrap_or(&[])
}

/// Root mean square of a frame, what lies outside the sound taken as zeros.
fn rms(inside: &[f32], n_fft: usize) -> f64 {
    let energy: f64 = inside.iter().map(|&x| f64::from(x).powi(2)).sum();
    (energy / n_fft as f64).sqrt()
}

/// Changes of sign within a frame. Beyond the sound its first and last sample go on, so there are
/// none.
fn crossings(inside: &[f32]) -> usize {
    let below = |x: f32| x < -ZERO;
    let pairs = inside.windows(2);
    pairs
        .filter(|pair| below(pair[0]) != below(pair[1]))
        .count()
}

fn bin_hz(front_end: &FrontEnd, bin: usize) -> f64 {
    bin as f64 * f64::from(front_end.sample_rate) / front_end.n_fft as f64
}

/// Centroid and bandwidth in Hz of a magnitude spectrum.
fn centre_and_width(front_end: &FrontEnd, spectrum: &[f64]) -> (f64, f64) {
    let total: f64 = spectrum.iter().sum();
    if total <= 0.0 {
        return (0.0, 0.0);
    }
    let mean = |value: &dyn Fn(f64) -> f64| {
        let bins = spectrum.iter().enumerate();
        let sum: f64 = bins.map(|(bin, m)| m * value(bin_hz(front_end, bin))).sum();
        sum / total
    };
    let centroid = mean(&|hz| hz);
    (centroid, mean(&|hz| (hz - centroid).powi(2)).sqrt())
}

fn rolloff(front_end: &FrontEnd, spectrum: &[f64]) -> f64 {
    let threshold = ROLLOFF * spectrum.iter().sum::<f64>();
    let below = spectrum.iter().scan(0.0, |sum, magnitude| {
        *sum += magnitude;
        Some(*sum)
    });
    let bin = below.take_while(|&sum| sum < threshold).count();
    bin_hz(front_end, bin)
}
