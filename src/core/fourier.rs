//! The discrete Fourier transform of real signals of even length.
//!
//! rustfft's transforms are complex. A real signal of `n` samples is transformed as `n / 2` complex numbers, whose
//! spectrum is then taken apart (Press et al., Numerical Recipes, 3rd edition, chapter 12.3). The crate realfft does
//! the same, but always with the planner that chooses an algorithm when the program runs: in WebAssembly that holds
//! each of them twice, with simd128 and without, which is a tenth of the page's module.

use std::f64::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::num_traits::{AsPrimitive, Zero};
use rustfft::{Fft, FftDirection, FftNum};

/// The transform of `n` real samples to `n / 2 + 1` bins, from 0 Hz to half the sample rate; not scaled.
#[derive(Clone)]
pub struct RealFft<T> {
    half: HalfLength<T>,
    spectrum: Vec<Complex<T>>,
}

/// The transform of `n / 2 + 1` bins back to `n` real samples; not scaled: after [`RealFft`], each sample is `n` times
/// what it was.
#[derive(Clone)]
pub struct InverseRealFft<T> {
    half: HalfLength<T>,
    spectrum: Vec<Complex<T>>,
    signal: Vec<T>,
}

/// A complex transform of half the length, and what it takes to get from there to the whole.
#[derive(Clone)]
struct HalfLength<T> {
    fft: Arc<dyn Fft<T>>,
    /// `exp(∓2πik / n)` for bin `k` of 0 to `n / 4`.
    twiddles: Vec<Complex<T>>,
    /// Two samples after each other are one complex number.
    values: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: FftNum> RealFft<T>
where
    f64: AsPrimitive<T>,
{
    /// Plans the transform of `length` samples: an even number, at least 2.
    pub fn new(length: usize) -> Self {
        let half = HalfLength::new(length, FftDirection::Forward);
        Self {
            spectrum: vec![Complex::zero(); half.values.len() + 1],
            half,
        }
    }

    /// The spectrum `[n / 2 + 1]` of `signal` `[n]`; what it lacks counts as zero, what is beyond is ignored.
    pub fn process(&mut self, signal: &[T]) -> &[Complex<T>] {
        self.half.values.fill(Complex::zero());
        for (value, pair) in self.half.values.iter_mut().zip(signal.chunks(2)) {
            let second = pair.get(1).copied().unwrap_or_else(T::zero);
            *value = Complex::new(pair[0], second);
        }
        self.half.run();
        let (values, spectrum) = (&self.half.values, &mut self.spectrum);
        let (bins, middle) = (values.len(), values.len() / 2);
        spectrum[0] = Complex::new(values[0].re + values[0].im, T::zero());
        spectrum[bins] = Complex::new(values[0].re - values[0].im, T::zero());
        // The bins k and bins - k together: the even samples' spectrum, and the odd ones' moved by one sample.
        let (low, high) = spectrum[1..bins].split_at_mut(middle);
        let pairs = values[1..].iter().zip(values[1..].iter().rev());
        let places = low.iter_mut().zip(high.iter_mut().rev());
        let half: T = 0.5.as_();
        for (((low, high), (this, mirrored)), twiddle) in
            places.zip(pairs).zip(&self.half.twiddles[1..])
        {
            let even = (this + mirrored.conj()).scale(half);
            let difference = (this - mirrored.conj()).scale(half);
            let odd = Complex::new(difference.im, -difference.re) * twiddle;
            *low = even + odd;
            *high = (even - odd).conj();
        }
        if bins == 2 * middle {
            spectrum[middle] = values[middle].conj();
        }
        &self.spectrum
    }
}

impl<T: FftNum> InverseRealFft<T>
where
    f64: AsPrimitive<T>,
{
    /// Plans the transform to `length` samples: an even number, at least 2.
    pub fn new(length: usize) -> Self {
        let half = HalfLength::new(length, FftDirection::Inverse);
        Self {
            spectrum: vec![Complex::zero(); half.values.len() + 1],
            signal: vec![T::zero(); 2 * half.values.len()],
            half,
        }
    }

    /// The samples `[n]` of `spectrum` `[n / 2 + 1]`; bins that it lacks count as zero, those beyond are ignored, and
    /// so are the imaginary parts of the first and the last bin, which a real signal does not have.
    pub fn process(&mut self, spectrum: &[Complex<T>]) -> &[T] {
        let known = spectrum.len().min(self.spectrum.len());
        self.spectrum[..known].copy_from_slice(&spectrum[..known]);
        self.spectrum[known..].fill(Complex::zero());
        let (values, spectrum) = (&mut self.half.values, &self.spectrum);
        let (bins, middle) = (values.len(), values.len() / 2);
        let (first, last) = (spectrum[0].re, spectrum[bins].re);
        values[0] = Complex::new(first + last, first - last);
        if bins == 2 * middle {
            values[middle] = spectrum[middle].conj().scale(2.0.as_());
        }
        let (low, high) = values[1..].split_at_mut(middle);
        let inside = &spectrum[1..bins];
        let pairs = inside.iter().zip(inside.iter().rev());
        let places = low.iter_mut().zip(high.iter_mut().rev());
        for (((low, high), (this, mirrored)), twiddle) in
            places.zip(pairs).zip(&self.half.twiddles[1..])
        {
            let even = this + mirrored.conj();
            let odd = (this - mirrored.conj()) * twiddle;
            let turned = Complex::new(-odd.im, odd.re);
            *low = even + turned;
            *high = (even - turned).conj();
        }
        self.half.run();
        for (pair, value) in self.signal.chunks_mut(2).zip(&self.half.values) {
            for (sample, part) in pair.iter_mut().zip([value.re, value.im]) {
                *sample = part;
            }
        }
        &self.signal
    }
}

impl<T: FftNum> HalfLength<T>
where
    f64: AsPrimitive<T>,
{
    fn new(length: usize, direction: FftDirection) -> Self {
        debug_assert!(length >= 2 && length.is_multiple_of(2));
        let half = (length / 2).max(1);
        let fft = plan(half, direction);
        let sign = match direction {
            FftDirection::Forward => -1.0,
            FftDirection::Inverse => 1.0,
        };
        let twiddle = |k: usize| {
            let angle = sign * TAU * k as f64 / (2 * half) as f64;
            Complex::new(angle.cos().as_(), angle.sin().as_())
        };
        Self {
            twiddles: (0..=half / 2).map(twiddle).collect(),
            values: vec![Complex::zero(); half],
            scratch: vec![Complex::zero(); fft.get_inplace_scratch_len()],
            fft,
        }
    }

    fn run(&mut self) {
        self.fft
            .process_with_scratch(&mut self.values, &mut self.scratch);
    }
}

/// The fastest algorithm for the processor.
#[cfg(not(target_arch = "wasm32"))]
fn plan<T: FftNum>(length: usize, direction: FftDirection) -> Arc<dyn Fft<T>> {
    rustfft::FftPlanner::new().plan_fft(length, direction)
}

/// The fastest algorithm with simd128, which `.cargo/config.toml` switches on. The planner exists for `f32` and `f64`;
/// any other number would get the sum as it is written.
#[cfg(target_arch = "wasm32")]
fn plan<T: FftNum>(length: usize, direction: FftDirection) -> Arc<dyn Fft<T>> {
    match rustfft::FftPlannerWasmSimd::new() {
        Ok(mut planner) => planner.plan_fft(length, direction),
        Err(()) => Arc::new(rustfft::algorithm::Dft::new(length, direction)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two, a prime, a power of two, a product of odd numbers, what the resampler has.
    const LENGTHS: [usize; 8] = [2, 4, 6, 22, 512, 630, 882, 2046];

    fn noise(length: usize) -> Vec<f64> {
        (0..length).map(|n| ((n * n) as f64 * 0.7).sin()).collect()
    }

    #[test]
    fn every_bin_is_the_sum_as_it_is_written() {
        for length in LENGTHS {
            let signal = noise(length);
            let mut fft = RealFft::new(length);
            let spectrum = fft.process(&signal);
            assert_eq!(spectrum.len(), length / 2 + 1);
            for (k, bin) in spectrum.iter().enumerate() {
                let term = |(n, x): (usize, &f64)| {
                    Complex::from_polar(*x, -TAU * (k * n % length) as f64 / length as f64)
                };
                let sum: Complex<f64> = signal.iter().enumerate().map(term).sum();
                // Rounding of sums of some thousand numbers up to 1.
                assert!((bin - sum).norm() < 1e-11 * length as f64, "{length}: {k}");
            }
        }
    }

    #[test]
    fn back_again_every_sample_is_as_many_times_larger_as_there_are() {
        for length in LENGTHS {
            let signal = noise(length);
            let mut spectrum = RealFft::new(length).process(&signal).to_vec();
            // What a real signal has not.
            spectrum[0].im = 3.0;
            spectrum[length / 2].im = -2.0;
            let mut inverse = InverseRealFft::new(length);
            for (back, sample) in inverse.process(&spectrum).iter().zip(&signal) {
                assert!((back / length as f64 - sample).abs() < 1e-12, "{length}");
            }
        }
    }

    #[test]
    fn single_precision_is_right_to_its_rounding() {
        let signal = noise(2048);
        let single: Vec<f32> = signal.iter().map(|&x| x as f32).collect();
        let (mut exact, mut fft) = (RealFft::new(2048), RealFft::<f32>::new(2048));
        let pairs = exact.process(&signal).iter().zip(fft.process(&single));
        for (exact, bin) in pairs {
            let (re, im) = (f64::from(bin.re), f64::from(bin.im));
            // Bins of some 30: single precision has seven digits.
            assert!((exact - Complex::new(re, im)).norm() < 1e-4);
        }
    }

    #[test]
    fn what_is_missing_counts_as_zero_and_what_is_beyond_is_ignored() {
        let mut fft = RealFft::<f64>::new(8);
        let expected = fft
            .process(&[1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
            .to_vec();
        assert_eq!(fft.process(&[1.0, 2.0, 3.0]), expected);
        let long = [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0];
        assert_eq!(fft.process(&long), expected);
        let mut inverse = InverseRealFft::<f64>::new(8);
        let expected = inverse.process(&[Complex::from(1.0); 2]).to_vec();
        let mut padded = [Complex::zero(); 7];
        padded[..2].fill(Complex::from(1.0));
        assert_eq!(inverse.process(&padded), expected);
    }
}
