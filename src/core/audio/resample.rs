//! Change of sample rate by rubato's synchronous FFT resampler.
//!
//! Each block is transformed, multiplied by the spectrum of a windowed sinc, cut (or extended)
//! to the other rate's bins and transformed back. The filter is symmetric, so the phase is
//! linear; the delay of half a block is removed here. Everything is computed in `f64`, because
//! rates without a common factor need blocks so long that an `f32` sinc loses its phase.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use super::error::AudioError;
use super::limits::{MAX_RATE, MIN_RATE};

/// Length of the filter in samples of the lower rate, at least; longer where the rates ask for a
/// longer block. The tests hold it to 0.1 dB up to 0.9 of the lower Nyquist frequency, and aliases
/// and images below -90 dB.
const FILTER: u64 = 256;

/// Brings mono `samples` from `from` Hz to `to` Hz, both within 8 000..=192 000.
///
/// The result has `ceil(samples.len() * to / from)` samples, as librosa's, and what happened at
/// time t stays at time t. The passband is flat within 0.1 dB up to 0.9 of the lower Nyquist
/// frequency; aliases and images are below -90 dB. Equal rates return the samples unchanged.
/// Before its start and after its end the sound is taken to be silent.
///
/// # Errors
/// [`AudioError::Rate`] for a rate out of range.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, AudioError> {
    let mut stream = Resampling::new(from, to)?;
    let len = resampled_len(samples.len(), from, to);
    let mut output = Vec::with_capacity(len + stream.block());
    stream.push(samples, &mut output)?;
    // Silence pushes out what still lies in the filter.
    let silence = vec![0.0; stream.block()];
    while output.len() < len {
        stream.push(&silence, &mut output)?;
    }
    output.truncate(len);
    Ok(output)
}

/// A change of sample rate that goes on: samples are pushed as they come, and come out as soon as a
/// block of them is full. What happened at time t is at time t of the output.
pub struct Resampling {
    from: u32,
    to: u32,
    /// `None` between equal rates.
    fft: Option<Fft<f64>>,
    /// Samples that do not fill a block yet.
    waiting: Vec<f64>,
    given: Vec<f64>,
    /// Samples of the filter's delay that are still to be left out.
    delay: usize,
}

impl Resampling {
    /// From `from` Hz to `to` Hz, both within 8 000..=192 000.
    ///
    /// # Errors
    /// [`AudioError::Rate`] for a rate out of range.
    pub fn new(from: u32, to: u32) -> Result<Self, AudioError> {
        for rate in [from, to] {
            if !(MIN_RATE..=MAX_RATE).contains(&rate) {
                return Err(AudioError::Rate(rate));
            }
        }
        if from == to {
            return Ok(Self {
                from,
                to,
                fft: None,
                waiting: Vec::new(),
                given: Vec::new(),
                delay: 0,
            });
        }
        let fft = Fft::<f64>::new_custom(
            from as usize,
            to as usize,
            block_len(from, to),
            1,
            1,
            WindowFunction::BlackmanHarris,
            FixedSync::Both,
        )
        .map_err(|_| AudioError::Resample { from, to })?;
        Ok(Self {
            from,
            to,
            waiting: Vec::with_capacity(fft.input_frames_next()),
            given: vec![0.0; fft.output_frames_next()],
            delay: fft.output_delay(),
            fft: Some(fft),
        })
    }

    /// Samples of the source that are taken together.
    fn block(&self) -> usize {
        self.fft.as_ref().map_or(1, |fft| fft.input_frames_next())
    }

    /// Takes samples and adds to `output` what is ready.
    ///
    /// # Errors
    /// Never in practice: only if the resampler refuses its own block length.
    pub fn push(&mut self, samples: &[f32], output: &mut Vec<f32>) -> Result<(), AudioError> {
        let failed = || AudioError::Resample {
            from: self.from,
            to: self.to,
        };
        let Some(fft) = &mut self.fft else {
            output.extend_from_slice(samples);
            return Ok(());
        };
        let mut samples = samples.iter();
        loop {
            let wanted = fft.input_frames_next() - self.waiting.len();
            let taken = samples.by_ref().take(wanted);
            self.waiting.extend(taken.map(|sample| f64::from(*sample)));
            let (frames_in, frames_out) = (fft.input_frames_next(), self.given.len());
            if self.waiting.len() < frames_in {
                return Ok(());
            }
            let source =
                InterleavedSlice::new(&self.waiting, 1, frames_in).map_err(|_| failed())?;
            let mut sink =
                InterleavedSlice::new_mut(&mut self.given, 1, frames_out).map_err(|_| failed())?;
            fft.process_into_buffer(&source, &mut sink, None)
                .map_err(|_| failed())?;
            self.waiting.clear();
            let skipped = self.delay.min(frames_out);
            self.delay -= skipped;
            output.extend(self.given.iter().skip(skipped).map(|s| *s as f32));
        }
    }
}

/// Samples that `len` samples at `from` Hz become at `to` Hz: the quotient, rounded up.
pub(super) fn resampled_len(len: usize, from: u32, to: u32) -> usize {
    (len as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize
}

/// Samples per block on the source's side: the shortest multiple of the rates' reduced ratio
/// that holds the filter and is even on both sides, so that the delay is a whole sample on both.
fn block_len(from: u32, to: u32) -> usize {
    let common = u64::from(gcd(from, to));
    let (a, b) = (u64::from(from) / common, u64::from(to) / common);
    let mut multiple = FILTER.div_ceil(a.min(b));
    if a % 2 == 1 || b % 2 == 1 {
        multiple += multiple % 2;
    }
    (a * multiple) as usize
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const TARGET: u32 = 22_050;
    const RATES: [u32; 12] = [
        8_000, 11_025, 16_000, 22_051, 24_000, 32_000, 44_056, 44_100, 48_000, 88_200, 96_000,
        192_000,
    ];

    fn sine(hz: f64, rate: u32, len: usize) -> Vec<f32> {
        (0..len)
            .map(|n| (2.0 * PI * hz * n as f64 / f64::from(rate)).sin() as f32)
            .collect()
    }

    fn decibels(ratio: f64) -> f64 {
        20.0 * ratio.max(1e-12).log10()
    }

    /// Amplitude of `hz` in `samples`, by a Blackman-Harris-windowed Fourier sum.
    fn amplitude(samples: &[f32], hz: f64, rate: u32) -> f64 {
        let len = samples.len() as f64;
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let x = 2.0 * PI * n as f64 / len;
            let window = 0.358_75 - 0.488_29 * x.cos() + 0.141_28 * (2.0 * x).cos()
                - 0.011_68 * (3.0 * x).cos();
            let phase = 2.0 * PI * hz * n as f64 / f64::from(rate);
            re += window * f64::from(*sample) * phase.cos();
            im += window * f64::from(*sample) * phase.sin();
            weight += window;
        }
        2.0 * re.hypot(im) / weight
    }

    fn rms(samples: &[f32]) -> f64 {
        let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    /// Slow and obvious: each output sample is the sum of all inputs within 200 periods of the
    /// lower rate, weighed by a Blackman-windowed sinc that ends at 0.96 of its Nyquist frequency.
    fn reference(samples: &[f32], from: u32, to: u32) -> Vec<f64> {
        let cutoff = 0.96 * f64::from(from.min(to)) / f64::from(from);
        let reach = 200.0 / cutoff;
        (0..resampled_len(samples.len(), from, to))
            .map(|m| {
                let time = m as f64 * f64::from(from) / f64::from(to);
                let first = (time - reach).ceil().max(0.0) as usize;
                let last = ((time + reach).floor() as usize).min(samples.len() - 1);
                (first..=last)
                    .map(|n| {
                        let x = time - n as f64;
                        let angle = PI * x * cutoff;
                        let sinc = if angle.abs() < 1e-9 {
                            1.0
                        } else {
                            angle.sin() / angle
                        };
                        let w = PI * x / reach;
                        let window = 0.42 + 0.5 * w.cos() + 0.08 * (2.0 * w).cos();
                        f64::from(samples[n]) * cutoff * sinc * window
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn length_is_the_quotient_rounded_up() -> Result<(), AudioError> {
        for from in RATES {
            for len in [1, 2, 255, 4_410, 10_007] {
                let exact = len as f64 * f64::from(TARGET) / f64::from(from);
                let output = resample(&vec![0.5; len], from, TARGET)?;
                assert_eq!(output.len(), exact.ceil() as usize, "{len} at {from}");
            }
        }
        Ok(())
    }

    #[test]
    fn in_pieces_it_gives_the_same_as_at_once() -> Result<(), AudioError> {
        for from in [8_000, 22_050, 44_100, 48_000] {
            let samples = sine(300.0, from, from as usize);
            let whole = resample(&samples, from, TARGET)?;
            let mut stream = Resampling::new(from, TARGET)?;
            let mut pieces = Vec::new();
            for piece in samples.chunks(128) {
                stream.push(piece, &mut pieces)?;
            }
            assert!(pieces.len() > TARGET as usize * 9 / 10, "{from} Hz: late");
            assert_eq!(pieces[..], whole[..pieces.len()], "{from} Hz");
        }
        Ok(())
    }

    #[test]
    fn equal_rates_leave_every_bit() -> Result<(), AudioError> {
        let samples = sine(440.0, TARGET, 1_000);
        assert_eq!(resample(&samples, TARGET, TARGET)?, samples);
        Ok(())
    }

    #[test]
    fn equals_the_direct_windowed_sinc() -> Result<(), AudioError> {
        for from in [8_000, 22_051, 44_056, 44_100, 96_000] {
            // A sweep up to 0.8 of the lower Nyquist frequency, faded in and out.
            let len = from as usize / 8;
            let top = 0.4 * f64::from(from.min(TARGET));
            let samples: Vec<f32> = (0..len)
                .map(|n| {
                    let t = n as f64 / len as f64;
                    let phase = PI * top * t * t * len as f64 / f64::from(from);
                    (phase.sin() * (PI * t).sin().powi(2)) as f32
                })
                .collect();
            let fast = resample(&samples, from, TARGET)?;
            let slow = reference(&samples, from, TARGET);
            assert_eq!(fast.len(), slow.len());
            let worst = fast.iter().zip(&slow).fold(0.0_f64, |worst, (a, b)| {
                worst.max((f64::from(*a) - b).abs())
            });
            assert!(worst < 2e-5, "{from} Hz: {worst}");
        }
        Ok(())
    }

    #[test]
    fn an_impulse_stays_where_it_is() -> Result<(), AudioError> {
        for from in RATES {
            let mut samples = vec![0.0; from as usize];
            let at = samples.len() * 2 / 5;
            samples[at] = 1.0;
            let output = resample(&samples, from, TARGET)?;
            // The centre of energy, which for a symmetric response is the impulse's time.
            let energy = |n: usize| f64::from(output[n]).powi(2);
            let total: f64 = (0..output.len()).map(energy).sum();
            let centre = (0..output.len()).map(|n| n as f64 * energy(n)).sum::<f64>() / total;
            let expected = at as f64 * f64::from(TARGET) / f64::from(from);
            assert!(
                (centre - expected).abs() < 0.05,
                "{from} Hz: {centre} {expected}"
            );
        }
        Ok(())
    }

    #[test]
    fn passes_nine_tenths_of_the_band() -> Result<(), AudioError> {
        for from in RATES {
            for fraction in [0.01, 0.5, 0.8, 0.9] {
                let hz = fraction * f64::from(from.min(TARGET)) / 2.0;
                let output = resample(&sine(hz, from, from as usize), from, TARGET)?;
                let middle = &output[output.len() / 4..output.len() * 3 / 4];
                let gain = decibels(amplitude(middle, hz, TARGET));
                assert!(gain.abs() < 0.1, "{from} Hz, {fraction}: {gain} dB");
            }
        }
        Ok(())
    }

    #[test]
    fn what_lies_above_the_new_band_is_gone() -> Result<(), AudioError> {
        // At 22 051 Hz there is but half a hertz above the new band.
        for from in RATES.into_iter().filter(|from| *from > TARGET + 1) {
            let (low, high) = (f64::from(TARGET) / 2.0, f64::from(from) / 2.0);
            for fraction in [0.001, 0.03, 0.3, 0.9] {
                let hz = low + fraction * (high - low);
                let output = resample(&sine(hz, from, 2 * from as usize), from, TARGET)?;
                let level = decibels(rms(&output[output.len() / 4..output.len() * 3 / 4]));
                assert!(level < -90.0, "{from} Hz, {hz} Hz: {level} dB");
            }
        }
        Ok(())
    }

    #[test]
    fn raising_the_rate_adds_no_images() -> Result<(), AudioError> {
        for from in RATES.into_iter().filter(|from| *from < TARGET) {
            for fraction in [0.3, 0.7, 0.9] {
                let hz = fraction * f64::from(from) / 2.0;
                let output = resample(&sine(hz, from, 2 * from as usize), from, TARGET)?;
                let middle = &output[output.len() / 4..output.len() * 3 / 4];
                for image in [f64::from(from) - hz, f64::from(from) + hz] {
                    if image < f64::from(TARGET) / 2.0 {
                        let level = decibels(amplitude(middle, image, TARGET));
                        assert!(level < -90.0, "{from} Hz, {hz} Hz: {level} dB at {image}");
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_constant_stays_a_constant() -> Result<(), AudioError> {
        for from in RATES {
            let output = resample(&vec![0.5; from as usize], from, TARGET)?;
            for sample in &output[output.len() * 2 / 5..output.len() * 3 / 5] {
                assert!((sample - 0.5).abs() < 1e-5, "{from} Hz: {sample}");
            }
        }
        Ok(())
    }

    #[test]
    fn refuses_rates_out_of_range() {
        assert_eq!(
            resample(&[0.0], 7_999, TARGET),
            Err(AudioError::Rate(7_999))
        );
        assert_eq!(resample(&[0.0], TARGET, 0), Err(AudioError::Rate(0)));
    }
}
