//! The short-time Fourier transform, in double precision: in single precision the rounding of loud
//! bins covers quiet ones, and the log-mel values of those are off by more than a hundredth of a
//! decibel.

use std::f64::consts::PI;

use rustfft::num_complex::Complex;

use crate::fourier::RealFft;

/// The periodic Hann window of `length` samples, `½ − ½·cos(2πn / length)`: one period of a
/// function that would repeat seamlessly, as spectral analysis wants it (scipy's `fftbins=True`).
pub fn hann_periodic(length: usize) -> Vec<f64> {
    (0..length)
        .map(|n| 0.5 - 0.5 * (2.0 * PI * n as f64 / length as f64).cos())
        .collect()
}

/// A reusable short-time Fourier transform: centred frames, zeros beyond the edges.
pub struct Stft {
    hop_length: usize,
    window: Vec<f64>,
    fft: RealFft<f64>,
    frame: Vec<f64>,
}

impl Stft {
    /// Plans a transform of `n_fft` samples (even) that moves on by `hop_length` samples.
    pub fn new(n_fft: usize, hop_length: usize) -> Self {
        Self {
            hop_length,
            window: hann_periodic(n_fft),
            frame: vec![0.0; n_fft],
            fft: RealFft::new(n_fft),
        }
    }

    /// Calls `visit(frame, spectrum)` for every frame; `spectrum` holds the `n_fft / 2 + 1` bins
    /// from 0 Hz to half the sample rate. There are `1 + samples.len() / hop_length` frames; frame
    /// `t` is centred on sample `t · hop_length`.
    pub fn for_each_frame(&mut self, samples: &[f32], visit: impl FnMut(usize, &[Complex<f64>])) {
        self.for_each_centred_frame(samples, 0.0, visit);
    }

    /// [`Stft::for_each_frame`] of the samples less `offset`.
    pub fn for_each_centred_frame(
        &mut self,
        samples: &[f32],
        offset: f32,
        mut visit: impl FnMut(usize, &[Complex<f64>]),
    ) {
        let n_fft = self.window.len();
        let half = n_fft / 2;
        for index in 0..=samples.len() / self.hop_length {
            let centre = index * self.hop_length;
            // The part of the frame that lies inside the sound; the rest is zero.
            let first = half.saturating_sub(centre);
            let last = (samples.len() + half).saturating_sub(centre).min(n_fft);
            self.frame.fill(0.0);
            if first < last {
                let start = centre + first - half;
                let inside = &samples[start..start + (last - first)];
                for ((out, &x), &w) in self.frame[first..last]
                    .iter_mut()
                    .zip(inside)
                    .zip(&self.window[first..last])
                {
                    *out = f64::from(x - offset) * w;
                }
            }
            visit(index, self.fft.process(&self.frame));
        }
    }

    /// The spectrum of one frame of `n_fft` samples, the shorter of both where they differ.
    pub fn frame(&mut self, samples: &[f32]) -> &[Complex<f64>] {
        self.frame.fill(0.0);
        let windowed = samples.iter().zip(&self.window);
        for (out, (&x, &w)) in self.frame.iter_mut().zip(windowed) {
            *out = f64::from(x) * w;
        }
        self.fft.process(&self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform written out, in f64: slow and obviously right.
    fn reference_bin(samples: &[f32], n_fft: usize, centre: i64, bin: usize) -> Complex<f64> {
        let mut sum = Complex::new(0.0, 0.0);
        for n in 0..n_fft {
            let at = centre + n as i64 - (n_fft / 2) as i64;
            if at >= 0 && (at as usize) < samples.len() {
                let window = 0.5 - 0.5 * (2.0 * PI * n as f64 / n_fft as f64).cos();
                let angle = -2.0 * PI * (bin * n % n_fft) as f64 / n_fft as f64;
                sum += Complex::from_polar(f64::from(samples[at as usize]) * window, angle);
            }
        }
        sum
    }

    #[test]
    fn every_frame_equals_the_written_out_transform() {
        for (length, n_fft, hop) in [(1, 64, 16), (63, 64, 16), (64, 64, 16), (300, 64, 24)] {
            let samples: Vec<f32> = (0..length)
                .map(|i| ((i * 7919 % 101) as f32 / 50.0) - 1.0)
                .collect();
            let mut frames = 0;
            Stft::new(n_fft, hop).for_each_frame(&samples, |frame, spectrum| {
                frames += 1;
                for (bin, value) in spectrum.iter().enumerate() {
                    let expected = reference_bin(&samples, n_fft, (frame * hop) as i64, bin);
                    // Rounding over 64 terms of size one, in double precision.
                    assert!((value.re - expected.re).abs() < 1e-12);
                    assert!((value.im - expected.im).abs() < 1e-12);
                }
            });
            assert_eq!(frames, 1 + length / hop);
        }
    }
}
