//! Slaney's mel scale and filter bank, as in the Auditory Toolbox (Slaney 1998) and librosa.

use super::FrontEnd;

const HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_START_HZ: f64 = 1000.0;
const LOG_START_MEL: f64 = LOG_START_HZ / HZ_PER_MEL;

/// Growth per mel above 1 kHz: 27 steps span a factor of 6.4.
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

/// Mel from Hz: linear below 1 kHz, logarithmic above.
pub fn mel_from_hz(hz: f64) -> f64 {
    if hz < LOG_START_HZ {
        hz / HZ_PER_MEL
    } else {
        LOG_START_MEL + (hz / LOG_START_HZ).ln() / log_step()
    }
}

/// Hz from mel, the inverse of [`mel_from_hz`].
pub fn hz_from_mel(mel: f64) -> f64 {
    if mel < LOG_START_MEL {
        mel * HZ_PER_MEL
    } else {
        LOG_START_HZ * ((mel - LOG_START_MEL) * log_step()).exp()
    }
}

/// Triangular mel filters of equal area. Each touches few bins, so only those are kept.
pub struct MelFilterBank {
    bins: usize,
    /// Per band: its first bin and its weights from there on.
    filters: Vec<(usize, Vec<f32>)>,
}

impl MelFilterBank {
    /// The filters of a front end: `mel_bands` triangles between `f_min` and `f_max`.
    pub fn new(front_end: &FrontEnd) -> Self {
        let bins = front_end.n_fft / 2 + 1;
        let bin_hz = f64::from(front_end.sample_rate) / front_end.n_fft as f64;
        let edge = |edge: usize| front_end.band_edge(edge);
        let filters = (0..front_end.mel_bands)
            .map(|band| {
                let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
                let area = 2.0 / (right - left);
                let weight = |bin: usize| {
                    let hz = bin as f64 * bin_hz;
                    let rising = (hz - left) / (centre - left);
                    let falling = (right - hz) / (right - centre);
                    (rising.min(falling).max(0.0) * area) as f32
                };
                let first = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
                let weights = (first..bins).map(weight).take_while(|&w| w > 0.0).collect();
                (first, weights)
            })
            .collect();
        Self { bins, filters }
    }

    /// Weighs a power spectrum `[n_fft / 2 + 1]` into mel bands `[mel_bands]`.
    pub fn apply(&self, power: &[f32], bands: &mut [f32]) {
        for ((first, weights), out) in self.filters.iter().zip(bands) {
            *out = weights
                .iter()
                .zip(&power[*first..])
                .map(|(w, p)| w * p)
                .sum();
        }
    }

    /// The filters as a dense matrix `[mel_bands, n_fft / 2 + 1]`, row by row.
    pub fn dense(&self) -> Vec<f32> {
        let mut matrix = vec![0.0; self.filters.len() * self.bins];
        for (row, (first, weights)) in matrix.chunks_mut(self.bins).zip(&self.filters) {
            row[*first..first + weights.len()].copy_from_slice(weights);
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mel_and_hz_invert_each_other() {
        for hz in [0.0, 1.0, 440.0, 999.9, 1000.0, 1000.1, 4000.0, 11_025.0] {
            assert!((hz_from_mel(mel_from_hz(hz)) - hz).abs() < 1e-9 * (1.0 + hz));
        }
    }

    #[test]
    fn known_points_of_slaneys_scale() {
        assert!((mel_from_hz(1000.0) - 15.0).abs() < 1e-9);
        assert!((mel_from_hz(6400.0) - 42.0).abs() < 1e-9);
    }
}
