//! What is kept of a sound beside its embedding: small pictures of its cepstrum, spectrum and
//! wavelets, from which it cannot be heard again.

use soundalike_survey::{COLUMNS, DWT_ROWS, Features, MFCC_ROWS, STFT_ROWS};

use crate::audio::Clip;
use crate::dsp::{FrontEnd, Spectrogram, dwt, dwt_levels, mfcc};

/// Significant digits that are kept.
const DIGITS: i32 = 4;

/// The summaries of a clip, mixed at 22 050 Hz: the means over each of 64 equal parts of it of 20
/// mel-frequency cepstral coefficients, of 64 equal bands of the magnitude spectrum in dB, and of
/// the level in dB of the wavelet coefficients: the approximation, the five details from coarse to
/// fine, and all together. Rounded to four significant digits. A clip too short for 64 parts
/// repeats its columns; one that cannot be resampled is taken as it is.
pub fn favourite_features(clip: &Clip) -> Features {
    let front_end = FrontEnd::default();
    let resampled = clip.resampled(front_end.sample_rate);
    let samples = resampled.as_ref().unwrap_or(clip).samples();
    let magnitude = front_end.stft_magnitude(samples);
    let log_mel = front_end.decibels(front_end.mel_power_of(&magnitude));
    let cepstrum = columns(&mfcc(&log_mel, MFCC_ROWS));

    let mut bands = Spectrogram::zeros(STFT_ROWS, magnitude.frames);
    for band in 0..STFT_ROWS {
        let (from, to) = part(magnitude.bands, STFT_ROWS, band);
        for frame in 0..magnitude.frames {
            let power: f32 = (from..to)
                .map(|bin| magnitude.values[bin * magnitude.frames + frame].powi(2))
                .sum();
            bands.values[band * magnitude.frames + frame] =
                front_end.decibel(power / (to - from) as f32);
        }
    }

    Features {
        mfcc: rounded(cepstrum),
        stft: rounded(columns(&bands)),
        dwt: rounded(wavelets(samples, &front_end)),
    }
}

/// Levels of the wavelet coefficients in dB, `[7, 64]`.
fn wavelets(samples: &[f32], front_end: &FrontEnd) -> Vec<f32> {
    let levels = dwt_levels(samples.len());
    let coefficients = dwt(samples, levels);
    // Lengths of the levels, finest first, each half of the one before, rounded up.
    let mut lengths = Vec::with_capacity(levels + 1);
    let mut length = samples.len();
    for _ in 0..levels {
        length = length.div_ceil(2);
        lengths.push(length);
    }
    lengths.push(length);
    lengths.reverse();
    let mut rows = Vec::with_capacity(DWT_ROWS * COLUMNS);
    let mut from = 0;
    for length in lengths {
        let level = &coefficients[from..from + length];
        from += length;
        rows.extend((0..COLUMNS).map(|column| {
            let (a, b) = part(level.len(), COLUMNS, column);
            let power: f32 = level[a..b].iter().map(|c| c * c).sum();
            front_end.decibel(power / (b - a) as f32)
        }));
    }
    // A clip with fewer levels repeats its coarsest.
    while rows.len() < (DWT_ROWS - 1) * COLUMNS {
        let first = rows[..COLUMNS].to_vec();
        rows.splice(0..0, first);
    }
    let mean: Vec<f32> = (0..COLUMNS)
        .map(|c| rows.iter().skip(c).step_by(COLUMNS).sum::<f32>() / (DWT_ROWS - 1) as f32)
        .collect();
    rows.extend(mean);
    rows
}

/// The bounds of one of `parts` equal parts of `length` things; never empty where there are any.
fn part(length: usize, parts: usize, index: usize) -> (usize, usize) {
    let from = (index * length / parts).min(length.saturating_sub(1));
    let to = ((index + 1) * length / parts).clamp(from + 1, length.max(from + 1));
    (from, to)
}

/// Means over 64 equal parts of the frames, `[bands, 64]`.
fn columns(picture: &Spectrogram) -> Vec<f32> {
    (0..picture.bands)
        .flat_map(|band| {
            let row = picture.band(band);
            (0..COLUMNS).map(move |column| {
                let (from, to) = part(row.len(), COLUMNS, column);
                row[from..to].iter().sum::<f32>() / (to - from) as f32
            })
        })
        .collect()
}

/// To four significant digits, so that an answer is small.
fn rounded(mut values: Vec<f32>) -> Vec<f32> {
    for value in &mut values {
        if *value != 0.0 && value.is_finite() {
            let magnitude = value.abs().log10().floor() as i32;
            let unit = 10_f64.powi(DIGITS - 1 - magnitude);
            *value = ((f64::from(*value) * unit).round() / unit) as f32;
        }
    }
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::audio::synth::{noise, tone};

    #[test]
    fn summaries_have_one_size_whatever_the_clip() {
        for seconds in [0.01, 0.05, 1.0, 7.3] {
            for rate in [8_000, 22_050, 48_000] {
                let features = favourite_features(&tone(440.0, seconds, rate));
                assert_eq!(features.mfcc.len(), MFCC_ROWS * COLUMNS);
                assert_eq!(features.stft.len(), STFT_ROWS * COLUMNS);
                assert_eq!(features.dwt.len(), DWT_ROWS * COLUMNS);
                let all = [&features.mfcc, &features.stft, &features.dwt];
                assert!(all.into_iter().flatten().all(|v| v.is_finite()));
            }
        }
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_level() {
        let features = favourite_features(&tone(1_000.0, 3.0, 22_050));
        let level = |rows: &[f32], row: usize| rows[row * COLUMNS + 32];
        // 11 025 Hz in 64 bands of 172 Hz.
        let band = (0..STFT_ROWS)
            .max_by(|&a, &b| level(&features.stft, a).total_cmp(&level(&features.stft, b)));
        assert_eq!(band, Some(5));
        // The details of level four span 689 to 1 378 Hz: after the approximation and level five.
        let wave = (0..DWT_ROWS)
            .max_by(|&a, &b| level(&features.dwt, a).total_cmp(&level(&features.dwt, b)));
        assert_eq!(wave, Some(2));
    }

    #[test]
    fn values_have_four_significant_digits() {
        let features = favourite_features(&noise(3, 2.0, 22_050));
        for value in features.mfcc.iter().chain(&features.stft) {
            let short: f32 = format!("{value:.3e}").parse().unwrap();
            assert!((short - value).abs() <= value.abs() * 1e-6);
        }
    }
}
