//! Change of sample rate by fast convolution with a windowed sinc.
//!
//! Overlapping blocks of the sound are transformed, multiplied by the sinc's spectrum, cut (or extended) to the other
//! rate's bins and transformed back; of each block those samples are kept that the block's edges do not reach
//! (overlap-save). The sinc is symmetric about the middle of its block, so there is neither phase nor delay. It is
//! computed in `f64`; the sound is transformed in `f32`, whose rounding errors lie some 130 dB below full scale.

use std::f64::consts::PI;
use std::ops::Range;

use rustfft::num_complex::Complex;

use super::error::AudioError;
use super::limits::{MAX_RATE, MIN_RATE};
use crate::fourier::{InverseRealFft, RealFft};

/// Length of the filter in samples of the lower rate, at least; longer where the rates ask for a
/// longer block. The tests hold it to 0.1 dB up to 0.9 of the lower Nyquist frequency, and aliases
/// and images below -90 dB.
const FILTER: u64 = 256;

/// Blocks are at most so many filters long: beyond that nothing is gained.
const LONGEST_BLOCK: u64 = 8;

/// Samples come out no later than this, seconds, unless the rates ask for longer blocks.
const LATENCY: f64 = 0.085;

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
    stream.push(samples, &mut output);
    // Silence pushes out what still lies in the filter.
    let silence = vec![0.0; stream.block()];
    while output.len() < len {
        stream.push(&silence, &mut output);
    }
    output.truncate(len);
    Ok(output)
}

/// A change of sample rate that goes on: samples are pushed as they come, and come out as soon as a
/// block of them is full. What happened at time t is at time t of the output.
pub struct Resampling {
    /// `None` between equal rates.
    convolution: Option<Convolution>,
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
        let convolution = (from != to).then(|| Convolution::new(&Blocks::between(from, to)));
        Ok(Self { convolution })
    }

    /// Samples of the source that are taken together.
    fn block(&self) -> usize {
        self.convolution.as_ref().map_or(1, |c| c.advance)
    }

    /// Takes samples and adds to `output` what is ready.
    pub fn push(&mut self, samples: &[f32], output: &mut Vec<f32>) {
        let Some(convolution) = &mut self.convolution else {
            output.extend_from_slice(samples);
            return;
        };
        let mut samples = samples;
        while !samples.is_empty() {
            samples = convolution.fill(samples);
            if convolution.filled == convolution.source.len() {
                convolution.convolve(output);
            }
        }
    }
}

/// Samples that `len` samples at `from` Hz become at `to` Hz: the quotient, rounded up.
pub(super) fn resampled_len(len: usize, from: u32, to: u32) -> usize {
    (len as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize
}

/// How long the blocks are between two rates, in units of the shortest time that is a whole number of samples at both.
#[derive(Debug)]
struct Blocks {
    /// Samples of a unit at the source's rate and at the other.
    source: usize,
    sink: usize,
    /// Units of the filter and of a block.
    filter: usize,
    block: usize,
}

impl Blocks {
    /// The filter is the shortest even number of units that holds [`FILTER`], so that its middle is a sample on both
    /// sides. Longer blocks spend less on the overlap but delay a stream.
    fn between(from: u32, to: u32) -> Self {
        let common = u64::from(gcd(from, to));
        let (source, sink) = (u64::from(from) / common, u64::from(to) / common);
        let filter = FILTER.div_ceil(source.min(sink)).next_multiple_of(2);
        let unit = source as f64 / f64::from(from);
        let late = |times: &u64| (times * filter) as f64 - filter as f64 / 2.0;
        let times = (3..=LONGEST_BLOCK)
            .rev()
            .find(|times| late(times) * unit <= LATENCY)
            .unwrap_or(2);
        Self {
            source: source as usize,
            sink: sink as usize,
            filter: filter as usize,
            block: (times * filter) as usize,
        }
    }
}

/// The convolution of blocks, each of which overlaps the one before by the length of the filter.
struct Convolution {
    forward: RealFft<f32>,
    inverse: InverseRealFft<f32>,
    /// The filter's spectrum, which is real, up to the lower Nyquist frequency and without it; the scale of both
    /// transforms is part of it.
    gains: Vec<f32>,
    /// A block of the source's samples, and how many there are already.
    source: Vec<f32>,
    filled: usize,
    /// Samples of the source by which each block lies after the one before.
    advance: usize,
    /// Which samples of a block at the other rate are kept.
    kept: Range<usize>,
    /// The block's spectrum, filtered.
    filtered: Vec<Complex<f32>>,
}

impl Convolution {
    fn new(blocks: &Blocks) -> Self {
        let gains = gains(blocks);
        // Half the filter reaches into the block from either side.
        let edge = blocks.filter * blocks.sink / 2;
        let advance = blocks.block - blocks.filter;
        Self {
            forward: RealFft::new(blocks.block * blocks.source),
            inverse: InverseRealFft::new(blocks.block * blocks.sink),
            filtered: Vec::with_capacity(gains.len()),
            gains,
            source: vec![0.0; blocks.block * blocks.source],
            // The first block begins half a filter before the start, where it is silent.
            filled: blocks.filter / 2 * blocks.source,
            advance: advance * blocks.source,
            kept: edge..edge + advance * blocks.sink,
        }
    }

    /// Takes as many samples as the block has room for; gives the others back.
    fn fill<'a>(&mut self, samples: &'a [f32]) -> &'a [f32] {
        let room = &mut self.source[self.filled..];
        let (taken, rest) = samples.split_at(samples.len().min(room.len()));
        room[..taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        rest
    }

    /// Adds the block's samples to `output` and makes room for the next.
    fn convolve(&mut self, output: &mut Vec<f32>) {
        let bins = self.forward.process(&self.source).iter().zip(&self.gains);
        self.filtered.clear();
        self.filtered.extend(bins.map(|(bin, gain)| bin * gain));
        let sink = self.inverse.process(&self.filtered);
        output.extend_from_slice(&sink[self.kept.clone()]);
        self.source.copy_within(self.advance.., 0);
        self.filled -= self.advance;
    }
}

/// The spectrum of a sinc in a Blackman–Harris window about the block's first sample, up to the lower Nyquist
/// frequency, over the block's length: that is the scale of the transforms.
fn gains(blocks: &Blocks) -> Vec<f32> {
    let (block, length) = (blocks.block * blocks.source, blocks.filter * blocks.source);
    let lower = blocks.source.min(blocks.sink);
    let cutoff = cutoff(blocks.filter * lower) * lower as f64 / blocks.source as f64;
    let sinc = |n: usize| {
        let x = PI * n as f64 * cutoff;
        if n == 0 { 1.0 } else { x.sin() / x }
    };
    let mut filter = vec![0.0; block];
    for n in 0..length / 2 {
        let value = sinc(n) * blackman_harris(length / 2 + n, length);
        filter[n] = value;
        if n > 0 {
            filter[block - n] = value;
        }
    }
    let sum: f64 = filter.iter().sum();
    let mut transform = RealFft::new(block);
    let spectrum = transform.process(&filter);
    let scale = 1.0 / (sum * block as f64);
    let bins = blocks.block * lower / 2;
    spectrum[..bins]
        .iter()
        .map(|b| (b.re * scale) as f32)
        .collect()
}

/// The four-term Blackman–Harris window (Harris 1978) of `length` samples, periodic.
fn blackman_harris(n: usize, length: usize) -> f64 {
    let x = 2.0 * PI * n as f64 / length as f64;
    0.358_75 - 0.488_29 * x.cos() + 0.141_28 * (2.0 * x).cos() - 0.011_68 * (3.0 * x).cos()
}

/// Where a sinc of `length` samples in a Blackman–Harris window has to end, as a share of the Nyquist frequency, so
/// that its stopband begins there: the fit of the crate rubato (`calculate_cutoff`).
fn cutoff(length: usize) -> f64 {
    let x = 1.0 / length as f64;
    1.0 / (1.0
        + x * (8.041_443_677_716_476 + x * (55.950_677_934_337_8 + x * 898.028_798_538_421_3)))
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
                stream.push(piece, &mut pieces);
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
