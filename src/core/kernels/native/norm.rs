//! Batch normalisation (Ioffe and Szegedy 2015), with the ReLU that follows it.

use rayon::prelude::*;

use super::{Picture, Values, View};

/// A batch's own statistics, `[channels]` each.
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    /// Biased: the mean square of the distance from the mean.
    pub variance: Vec<f32>,
}

/// What flows back.
pub(super) struct NormGradients {
    pub x: Values,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

/// Width of the partial sums, which the compiler makes vectors of.
const LANES: usize = 16;

/// Sum over a row of a function of each value.
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f(value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += f(value);
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

/// Sums over two rows of two functions of each pair of values.
fn sums(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> (f32, f32)) -> (f64, f64) {
    let mut lanes = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let (first, second) = f(a[lane], b[lane]);
            lanes.0[lane] += first;
            lanes.1[lane] += second;
        }
    }
    for (lane, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        let (first, second) = f(a, b);
        lanes.0[lane] += first;
        lanes.1[lane] += second;
    }
    let total = |lanes: [f32; LANES]| lanes.iter().map(|&lane| f64::from(lane)).sum();
    (total(lanes.0), total(lanes.1))
}

/// The value, or zero if it is not let through, without a branch.
fn gate(value: f32, open: bool) -> f32 {
    f32::from_bits(value.to_bits() & u32::from(open).wrapping_neg())
}

/// The rows of one channel, one per picture.
fn rows(x: View<'_>, channel: usize) -> impl Iterator<Item = &[f32]> {
    let area = x.area();
    x.values
        .chunks_exact(x.picture())
        .map(move |picture| &picture[channel * area..][..area])
}

/// Mean and variance of each channel over the batch.
pub(super) fn statistics(x: View) -> Statistics {
    let channels = x.shape[1];
    let count = (x.shape[0] * x.area()) as f64;
    let (mean, variance) = (0..channels)
        .into_par_iter()
        .map(|channel| {
            let total: f64 = rows(x, channel).map(|row| sum(row, |v| v)).sum();
            let mean = (total / count) as f32;
            let squares: f64 = rows(x, channel)
                .map(|row| sum(row, |v| (v - mean) * (v - mean)))
                .sum();
            (mean, (squares / count) as f32)
        })
        .unzip();
    Statistics { mean, variance }
}

/// Scale and shift of each channel.
fn affine(
    statistics: &Statistics,
    (gamma, beta): (&[f32], &[f32]),
    epsilon: f64,
) -> Vec<(f32, f32)> {
    let statistics = statistics.mean.iter().zip(&statistics.variance);
    statistics
        .zip(gamma.iter().zip(beta))
        .map(|((mean, variance), (gamma, beta))| {
            let scale = gamma / (variance + epsilon as f32).sqrt();
            (scale, beta - mean * scale)
        })
        .collect()
}

/// The normalised values.
pub(super) fn forward(
    x: View,
    statistics: &Statistics,
    parameters: (&[f32], &[f32]),
    epsilon: f64,
    relu: bool,
) -> Values {
    let affine = affine(statistics, parameters, epsilon);
    let area = x.area();
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let mut y = Values::zeros(x.shape);
    y.values
        .par_chunks_exact_mut(x.picture())
        .zip(x.values.par_chunks_exact(x.picture()))
        .for_each(|(y, x)| {
            let rows = y.chunks_exact_mut(area).zip(x.chunks_exact(area));
            for ((y, x), &(scale, shift)) in rows.zip(&affine) {
                for (y, x) in y.iter_mut().zip(x) {
                    let value = x * scale + shift;
                    *y = if value > floor { value } else { floor };
                }
            }
        });
    y
}

/// Gradients from that of the output.
pub(super) fn backward(
    x: View,
    statistics: &Statistics,
    parameters: (&[f32], &[f32]),
    epsilon: f64,
    relu: bool,
    grad: Picture,
) -> NormGradients {
    let grad = grad.view();
    let affine = affine(statistics, parameters, epsilon);
    let area = x.area();
    let count = (x.shape[0] * area) as f64;
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    // Of each channel: the sum of the gradient, and that of the gradient times the normalised value.
    let totals: Vec<(f64, f64)> = (0..x.shape[1])
        .into_par_iter()
        .map(|channel| {
            let (scale, shift) = affine[channel];
            let mean = statistics.mean[channel];
            let inverse = 1.0 / (statistics.variance[channel] + epsilon as f32).sqrt();
            let mut both = (0.0, 0.0);
            for (x, grad) in rows(x, channel).zip(rows(grad, channel)) {
                let (grads, slopes) = sums(x, grad, |x, grad| {
                    let grad = gate(grad, x * scale + shift > floor);
                    (grad, grad * (x - mean))
                });
                both.0 += grads;
                both.1 += slopes * f64::from(inverse);
            }
            both
        })
        .collect();
    let mut x_grad = Values::zeros(x.shape);
    x_grad
        .values
        .par_chunks_exact_mut(x.picture())
        .zip(x.values.par_chunks_exact(x.picture()))
        .zip(grad.values.par_chunks_exact(x.picture()))
        .for_each(|((out, x), grad)| {
            let rows = out
                .chunks_exact_mut(area)
                .zip(x.chunks_exact(area))
                .zip(grad.chunks_exact(area));
            for (channel, ((out, x), grad)) in rows.enumerate() {
                let (scale, shift) = affine[channel];
                let mean = statistics.mean[channel];
                let inverse = 1.0 / (statistics.variance[channel] + epsilon as f32).sqrt();
                let mean_grad = (totals[channel].0 / count) as f32;
                let slope = (totals[channel].1 / count) as f32 * inverse;
                for ((out, x), grad) in out.iter_mut().zip(x).zip(grad) {
                    let grad = gate(*grad, x * scale + shift > floor);
                    *out = scale * (grad - mean_grad - (x - mean) * slope);
                }
            }
        });
    NormGradients {
        x: x_grad,
        gamma: totals.iter().map(|t| t.1 as f32).collect(),
        beta: totals.iter().map(|t| t.0 as f32).collect(),
    }
}
