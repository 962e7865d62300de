//! Tempo, from how the loudness of the mel bands rises.

use rustfft::num_complex::Complex;

use super::{FrontEnd, Spectrogram, hann_periodic, mfcc};
use crate::fourier::{InverseRealFft, RealFft};

/// Seconds over which a rhythm is looked for around each frame.
const WINDOW_SECONDS: f64 = 8.0;

/// The tempo that is expected, in beats per minute, within an octave (one standard deviation).
const EXPECTED_BPM: f64 = 120.0;

/// Tempi from here on are not considered, in beats per minute.
const FASTEST_BPM: f64 = 320.0;

/// The strength of onsets in each frame `[frames]` of a log-mel spectrogram in dB: the mean over the
/// bands of how many decibels each has risen from the frame before, none having fallen, the
/// spectrogram cut off 80 dB below its peak. Moved on by half a Fourier transform, so that an onset
/// stands where it is heard. As librosa 0.11's `onset.onset_strength`.
pub fn onset_strength(front_end: &FrontEnd, log_mel: &Spectrogram) -> Vec<f64> {
    let floor = mfcc::audible_floor(log_mel);
    let mut rises = vec![0.0; log_mel.frames];
    let delay = front_end.n_fft / (2 * front_end.hop_length);
    for band in 0..log_mel.bands {
        let pairs = log_mel.band(band).windows(2);
        for (rise, pair) in rises.iter_mut().skip(1 + delay).zip(pairs) {
            let risen = pair[1].max(floor) - pair[0].max(floor);
            *rise += f64::from(risen.max(0.0)) / log_mel.bands as f64;
        }
    }
    rises
}

/// The tempo of a sound in beats per minute, above 0 and below 320, from its log-mel spectrogram in
/// dB; 117.45, the nearest to 120 that can be told, where there is no rhythm.
///
/// The autocorrelation of the [onset strength](onset_strength) in windows of eight seconds around
/// each frame, its mean over the frames, and of that the lag of the highest likelihood, weighted by
/// how near its tempo lies to 120 beats per minute (Ellis 2007, Beat tracking by dynamic
/// programming). As librosa 0.11's `feature.tempo`; tempi are those of whole lags in frames, some
/// 5 beats per minute apart at 120.
pub fn tempo(front_end: &FrontEnd, log_mel: &Spectrogram) -> f64 {
    let frames_per_second = f64::from(front_end.sample_rate) / front_end.hop_length as f64;
    let window = ((WINDOW_SECONDS * frames_per_second) as usize).max(1);
    let correlation = tempogram_mean(&onset_strength(front_end, log_mel), window);
    let bpm = |lag: usize| 60.0 * frames_per_second / lag as f64;
    let score = |lag: usize| {
        let octaves = (bpm(lag) / EXPECTED_BPM).log2();
        (1e6 * correlation[lag]).max(0.0).ln_1p() - 0.5 * octaves * octaves
    };
    // The shortest lag of the highest score: what comes later must exceed it.
    let mut best = None;
    for lag in (1..window).filter(|&lag| bpm(lag) < FASTEST_BPM) {
        if best.is_none_or(|(_, highest)| score(lag) > highest) {
            best = Some((lag, score(lag)));
        }
    }
    best.map_or(EXPECTED_BPM, |(lag, _)| bpm(lag))
}

/// Per lag `[window]`, the mean over all frames of the autocorrelation around each, its largest value
/// being 1. Beyond its ends the signal fades out to zero over half a window.
fn tempogram_mean(onsets: &[f64], window: usize) -> Vec<f64> {
    let half = window / 2;
    let fade = |i: usize| i as f64 / half as f64;
    let (first, last) = (onsets.first(), onsets.last());
    let before = (0..half).map(|i| first.map_or(0.0, |x| x * fade(i)));
    let after = (0..half).rev().map(|i| last.map_or(0.0, |x| x * fade(i)));
    let faded: Vec<f64> = before.chain(onsets.iter().copied()).chain(after).collect();

    // Twice as long as the window, so that the end of a window does not meet its beginning.
    let length = 2 * window;
    let mut forward = RealFft::<f64>::new(length);
    let mut inverse = InverseRealFft::new(length);
    let hann = hann_periodic(window);
    let mut signal = vec![0.0; window];
    let mut mean = vec![0.0; window];
    for frame in faded.windows(window).take(onsets.len()) {
        for ((out, x), w) in signal.iter_mut().zip(frame).zip(&hann) {
            *out = x * w;
        }
        let powers = forward.process(&signal).iter();
        let powers: Vec<Complex<f64>> = powers.map(|bin| bin.norm_sqr().into()).collect();
        let correlation = &inverse.process(&powers)[..window];
        let largest = correlation.iter().fold(0.0_f64, |l, x| l.max(x.abs()));
        if largest >= f64::MIN_POSITIVE {
            for (m, x) in mean.iter_mut().zip(correlation) {
                *m += x / largest / onsets.len() as f64;
            }
        }
    }
    mean
}
