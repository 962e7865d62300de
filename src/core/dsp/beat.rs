//! The tempo of a whole song, from the autocorrelation of its onsets.

use rustfft::num_complex::Complex;

use super::hann_periodic;
use crate::fourier::{InverseRealFft, RealFft};

/// Seconds of a window whose rhythm is taken to be steady, and seconds from one to the next.
const WINDOW_SECONDS: f64 = 12.0;
const HOP_SECONDS: f64 = 4.0;

/// Values of the autocorrelation per frame: tempi between whole frames are told apart.
const OVERSAMPLING: usize = 8;

/// Tempi that are considered, in beats per minute, and the ratio of one to the next.
const TEMPI: std::ops::Range<f64> = 40.0..240.0;
const RATIO: f64 = 1.0025;

/// The expected tempo in beats per minute and its standard deviation in octaves (Ellis 2007, Beat tracking
/// by dynamic programming).
const EXPECTED_BPM: f64 = 120.0;
const OCTAVES: f64 = 1.0;
/// Weight of the correlation at two beats: where every second beat is stressed, as by a snare drum, that of
/// one beat is lower.
const TWO_BEATS: f64 = 0.5;

/// Least correlation at one beat; more for a short sound, in which one window's chance counts: this divided by
/// the root of its seconds. Half a minute of noise or synthesised speech has less than 0.1, ten seconds 0.17,
/// the songs of [`Progression::set`] at least 0.5.
///
/// [`Progression::set`]: crate::audio::synth::Progression::set
const LEAST_CONFIDENCE: f64 = 0.15;
const LEAST_OF_A_SECOND: f64 = 0.65;

/// Least rise of the strongest hundredth of the frames, in dB as the mean over the bands. A sustained chord
/// has 0.2, noise 3, songs 10 and more.
const LEAST_ONSET_DB: f64 = 1.0;

/// A tempo that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoEstimate {
    /// Beats per minute, 40 to 240. Half and double of it may be heard as well.
    pub bpm: f32,
    /// How much the onsets are like those one beat later: their correlation, 0.15 to 1.
    pub confidence: f32,
}

/// The tempo from [onset strengths](super::onset_strength) in dB, `frames_per_second` of them; `None` where
/// there is no beat, and for less than two seconds.
///
/// The autocorrelation in windows of twelve seconds, its mean over the song, and of that the lag of the
/// highest correlation at one and two beats, weighted by how near its tempo lies to 120 beats per minute.
pub(super) fn steady_tempo(onsets: &[f32], frames_per_second: f64) -> Option<TempoEstimate> {
    if (onsets.len() as f64) < 2.0 * frames_per_second || !has_onsets(onsets) {
        return None;
    }
    let correlation = mean_autocorrelation(onsets, frames_per_second);
    let at = |lag: f64| {
        let place = lag * OVERSAMPLING as f64;
        let (before, share) = (place as usize, place.fract());
        let value = |index| correlation.get(index).copied().unwrap_or(0.0);
        value(before) * (1.0 - share) + value(before + 1) * share
    };
    let mut best: Option<(f64, f64)> = None;
    let mut bpm = TEMPI.start;
    while bpm < TEMPI.end {
        let lag = 60.0 * frames_per_second / bpm;
        let octaves = (bpm / EXPECTED_BPM).log2() / OCTAVES;
        let expected = (-0.5 * octaves * octaves).exp();
        let score = (at(lag) + TWO_BEATS * at(2.0 * lag)).max(0.0) * expected;
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((bpm, score));
        }
        bpm *= RATIO;
    }
    let (bpm, _) = best?;
    let confidence = at(60.0 * frames_per_second / bpm).min(1.0);
    let seconds = onsets.len() as f64 / frames_per_second;
    let least = LEAST_CONFIDENCE.max(LEAST_OF_A_SECOND / seconds.sqrt());
    (confidence >= least).then_some(TempoEstimate {
        bpm: bpm as f32,
        confidence: confidence as f32,
    })
}

fn has_onsets(onsets: &[f32]) -> bool {
    let mut sorted = onsets.to_vec();
    let place = sorted.len() * 99 / 100;
    let (_, strong, _) = sorted.select_nth_unstable_by(place, f32::total_cmp);
    f64::from(*strong) >= LEAST_ONSET_DB
}

/// Autocorrelation by lag, [`OVERSAMPLING`] values per frame, up to one window; 1 at lag 0. Each window
/// counts alike; the fall that its taper causes is taken out.
fn mean_autocorrelation(onsets: &[f32], frames_per_second: f64) -> Vec<f64> {
    let window = ((WINDOW_SECONDS * frames_per_second) as usize)
        .min(onsets.len())
        .max(2);
    let hop = ((HOP_SECONDS * frames_per_second) as usize).max(1);
    // Twice as long as the window, so that the end of a window does not meet its beginning.
    let length = (2 * window).next_power_of_two();
    let mut forward = RealFft::<f64>::new(length);
    let taper = hann_periodic(window);
    let mut add_powers = |values: &[f64], scale: f64, sum: &mut [f64]| {
        for (sum, bin) in sum.iter_mut().zip(forward.process(values)) {
            *sum += scale * bin.norm_sqr();
        }
    };
    let mut powers = vec![0.0; length / 2 + 1];
    let last = onsets.len() - window;
    for start in (0..last).step_by(hop).chain([last]) {
        let frames = &onsets[start..start + window];
        let mean = frames.iter().map(|&x| f64::from(x)).sum::<f64>() / window as f64;
        let tapered = frames.iter().zip(&taper);
        let values: Vec<f64> = tapered.map(|(&x, w)| (f64::from(x) - mean) * w).collect();
        let energy: f64 = values.iter().map(|x| x * x).sum();
        if energy > 0.0 {
            add_powers(&values, 1.0 / energy, &mut powers);
        }
    }
    let mut taper_powers = vec![0.0; length / 2 + 1];
    add_powers(&taper, 1.0, &mut taper_powers);

    let mut inverse = InverseRealFft::new(length * OVERSAMPLING);
    let mut correlated = |powers: &[f64]| {
        let bins: Vec<Complex<f64>> = powers.iter().map(|&power| power.into()).collect();
        inverse.process(&bins)[..window * OVERSAMPLING].to_vec()
    };
    let (of_onsets, of_taper) = (correlated(&powers), correlated(&taper_powers));
    let at_zero = of_onsets[0].max(f64::MIN_POSITIVE) / of_taper[0];
    // Where hardly anything of the window overlaps, the quotient is noise.
    let least = 1e-3 * of_taper[0];
    let pairs = of_onsets.iter().zip(&of_taper);
    pairs
        .map(|(x, t)| if *t > least { x / t / at_zero } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A strike of 20 dB at every beat, `seconds` long; between two frames it is shared by both.
    fn strikes(bpm: f64, frames_per_second: f64, seconds: f64) -> Vec<f32> {
        let mut onsets = vec![0.0; (seconds * frames_per_second) as usize];
        let beats = (seconds * bpm / 60.0) as usize;
        for beat in 0..beats {
            let place = beat as f64 * 60.0 / bpm * frames_per_second;
            for (frame, share) in [
                (place as usize, 1.0 - place.fract()),
                (place as usize + 1, place.fract()),
            ] {
                if let Some(onset) = onsets.get_mut(frame) {
                    *onset = (20.0 * share) as f32;
                }
            }
        }
        onsets
    }

    #[test]
    fn strikes_have_their_tempo_at_any_frame_rate() {
        for frames_per_second in [43.07, 62.5, 100.0] {
            for bpm in [85.0, 93.0, 118.5, 140.0] {
                let onsets = strikes(bpm, frames_per_second, 40.0);
                let found = steady_tempo(&onsets, frames_per_second);
                let found = found.map_or(0.0, |tempo| f64::from(tempo.bpm));
                assert!((found / bpm - 1.0).abs() < 0.01, "{bpm}: {found}");
            }
        }
    }

    #[test]
    fn without_onsets_or_for_a_moment_there_is_no_tempo() {
        assert_eq!(steady_tempo(&[], 62.5), None);
        assert_eq!(steady_tempo(&[0.0; 2_000], 62.5), None);
        assert_eq!(steady_tempo(&strikes(120.0, 62.5, 1.5), 62.5), None);
        let faint: Vec<f32> = strikes(120.0, 62.5, 40.0)
            .iter()
            .map(|x| x / 40.0)
            .collect();
        assert_eq!(steady_tempo(&faint, 62.5), None);
    }
}
