//! Chroma: how strongly each of the twelve pitch classes sounds, whatever the octave.

use super::{FrontEnd, Spectrogram};

const CLASSES: usize = 12;

/// Octaves above A0 (27.5 Hz) where pitch counts most, and the standard deviation of that weight.
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// Peaks that tell the tuning lie between these, in Hz, and reach this share of their frame's
/// loudest bin.
const PEAK_HZ: std::ops::Range<f64> = 150.0..4000.0;
const PEAK_SHARE: f64 = 0.1;

/// Steps of a semitone in which tuning is told.
const TUNING_STEPS: usize = 100;

/// Chroma `[12, frames]` of a magnitude spectrogram, C first: the power of each pitch class, the
/// loudest of a frame being 1, all 0 in silence.
///
/// `tuning` is the deviation from A = 440 Hz in semitones, −0.5 to 0.5: 0, or what [`tuning`] finds.
/// Gaussian filters one semitone wide, as `filters.chroma` and `feature.chroma_stft` of librosa 0.11
/// (after Ellis 2007, Chroma feature analysis and synthesis).
pub fn chroma(front_end: &FrontEnd, magnitude: &Spectrogram, tuning: f64) -> Spectrogram {
    let filters = filters(front_end, tuning);
    let frames = magnitude.frames;
    let mut out = Spectrogram::zeros(CLASSES, frames);
    for frame in 0..frames {
        let mut classes = [0.0; CLASSES];
        for (m, weights) in magnitude.column(frame).zip(&filters) {
            let power = f64::from(m).powi(2);
            for (class, weight) in classes.iter_mut().zip(weights) {
                *class += weight * power;
            }
        }
        let loudest = classes.iter().copied().fold(0.0, f64::max);
        // The smallest normal number of the single precision that librosa computes in.
        if loudest >= f64::from(f32::MIN_POSITIVE) {
            for (row, class) in out.values.chunks_mut(frames).zip(classes) {
                row[frame] = (class / loudest) as f32;
            }
        }
    }
    out
}

/// Semitones above A0 of a frequency in Hz.
fn semitones(hz: f64, tuning: f64) -> f64 {
    let classes = CLASSES as f64;
    classes * (hz / 27.5).log2() - tuning
}

/// Per bin, its weight in each pitch class: as a vector of length 1, times the weight of its octave.
fn filters(front_end: &FrontEnd, tuning: f64) -> Vec<[f64; CLASSES]> {
    let bin_hz = f64::from(front_end.sample_rate) / front_end.n_fft as f64;
    let classes = CLASSES as f64;
    // 0 Hz has no pitch; it is taken as an octave and a half below the first bin.
    let pitch = |bin: usize| match bin {
        0 => semitones(bin_hz, tuning) - 1.5 * classes,
        _ => semitones(bin as f64 * bin_hz, tuning),
    };
    (0..=front_end.n_fft / 2)
        .map(|bin| {
            let here = pitch(bin);
            let width = (pitch(bin + 1) - here).max(1.0);
            let mut weights = [0.0; CLASSES];
            for (class, weight) in weights.iter_mut().enumerate() {
                // Semitones count from A, classes from C, three semitones above it.
                let away = here - (class + 3) as f64;
                let nearest = (away + classes / 2.0).rem_euclid(classes) - classes / 2.0;
                *weight = (-0.5 * (2.0 * nearest / width).powi(2)).exp();
            }
            let length = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
            let octave = (here / classes - CENTRE_OCTAVE) / OCTAVE_WIDTH;
            weights.map(|weight| weight / length * (-0.5 * octave * octave).exp())
        })
        .collect()
}

/// The tuning of a sound: its deviation from A = 440 Hz in semitones, −0.5 to 0.49 in steps of 0.01,
/// the commonest among the peaks of its magnitude spectrogram; 0 where there are none.
///
/// Peaks are found in power and refined by a parabola, and only the louder half of them counts: as
/// `estimate_tuning` and `piptrack` of librosa 0.11, on the power spectrogram as `chroma_stft` does.
pub fn tuning(front_end: &FrontEnd, magnitude: &Spectrogram) -> f64 {
    let mut peaks: Vec<Peak> = (0..magnitude.frames)
        .flat_map(|frame| {
            let column = magnitude.column(frame);
            let power: Vec<f64> = column.map(|m| f64::from(m).powi(2)).collect();
            peaks_of(front_end, &power)
        })
        .collect();
    peaks.sort_by(|a, b| a.power.total_cmp(&b.power));
    // The median: the middle peak, or the mean of the middle two.
    let (Some(above), Some(below)) = (
        peaks.get(peaks.len() / 2),
        peaks.get(peaks.len().saturating_sub(1) / 2),
    ) else {
        return 0.0;
    };
    let median = (above.power + below.power) / 2.0;
    let mut counts = [0_usize; TUNING_STEPS];
    for peak in peaks.iter().filter(|peak| peak.power >= median) {
        let residual = (semitones(peak.hz, 0.0) + 0.5).rem_euclid(1.0);
        let step = (residual * TUNING_STEPS as f64) as usize;
        counts[step.min(TUNING_STEPS - 1)] += 1;
    }
    // The first of the commonest.
    let commonest = (0..TUNING_STEPS).rev().max_by_key(|&step| counts[step]);
    commonest.unwrap_or(0) as f64 / TUNING_STEPS as f64 - 0.5
}

/// A local maximum of a spectrum.
struct Peak {
    hz: f64,
    power: f64,
}

/// The peaks of one power spectrum, at the top of a parabola through each and its two neighbours.
fn peaks_of(front_end: &FrontEnd, power: &[f64]) -> Vec<Peak> {
    let bin_hz = f64::from(front_end.sample_rate) / front_end.n_fft as f64;
    let floor = PEAK_SHARE * power.iter().copied().fold(0.0, f64::max);
    let audible = |p: f64| if p > floor { p } else { 0.0 };
    let mut peaks = Vec::new();
    for (index, around) in power.windows(3).enumerate() {
        let bin = (index + 1) as f64;
        let (left, here, right) = (around[0], around[1], around[2]);
        let is_peak = audible(here) > audible(left) && audible(here) >= audible(right);
        if is_peak && PEAK_HZ.contains(&(bin * bin_hz)) {
            let slope = (right - left) / 2.0;
            let curvature = left + right - 2.0 * here;
            let shift = if slope.abs() < curvature.abs() {
                -slope / curvature
            } else {
                0.0
            };
            peaks.push(Peak {
                hz: (bin + shift) * bin_hz,
                power: here + slope * shift / 2.0,
            });
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;

    #[test]
    fn a_tone_sounds_in_its_own_class_and_tells_its_tuning() {
        let front_end = FrontEnd::default();
        // A, and a C a quarter of a semitone sharp.
        for (hz, class, deviation) in [
            (440.0, 9, 0.0),
            (523.251 * 2.0_f64.powf(0.25 / 12.0), 0, 0.25),
        ] {
            let tone = synth::tone(hz, 2.0, 22_050);
            let magnitude = front_end.stft_magnitude(tone.samples());
            let found = tuning(&front_end, &magnitude);
            // A bin is 0.4 semitones wide here; the parabola errs by a tenth of it.
            assert!((found - deviation).abs() <= 0.06, "{hz}: {found}");
            let chroma = chroma(&front_end, &magnitude, found);
            assert_eq!(chroma.band(class)[40], 1.0);
            assert!(chroma.band((class + 6) % 12)[40] < 0.01);
        }
    }
}
