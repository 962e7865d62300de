//! Mel-frequency cepstral coefficients.

use std::f64::consts::PI;

use super::Spectrogram;

/// Decibels below the loudest value of a clip that still count, as librosa's `top_db`.
const TOP_DB: f32 = 80.0;

/// The least level in dB of a log-mel spectrogram: 80 dB below its peak.
pub(super) fn audible_floor(log_mel: &Spectrogram) -> f32 {
    log_mel.values.iter().copied().fold(f32::MIN, f32::max) - TOP_DB
}

/// The first `coefficients` MFCCs `[coefficients, frames]` of a log-mel spectrogram in dB: an
/// orthonormal DCT-II over the bands of each frame, the spectrogram cut off 80 dB below its peak.
pub fn mfcc(log_mel: &Spectrogram, coefficients: usize) -> Spectrogram {
    let bands = log_mel.bands;
    let floor = audible_floor(log_mel);
    let mut out = Spectrogram::zeros(coefficients, log_mel.frames);
    for k in 0..coefficients {
        let scale = if k == 0 { 1.0 } else { 2.0 } / bands as f64;
        let basis: Vec<f64> = (0..bands)
            .map(|b| scale.sqrt() * (PI * k as f64 * (b as f64 + 0.5) / bands as f64).cos())
            .collect();
        for frame in 0..log_mel.frames {
            let sum: f64 = basis
                .iter()
                .enumerate()
                .map(|(b, w)| w * f64::from(log_mel.values[b * log_mel.frames + frame].max(floor)))
                .sum();
            out.values[k * log_mel.frames + frame] = sum as f32;
        }
    }
    out
}
