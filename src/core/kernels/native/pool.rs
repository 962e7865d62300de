//! Maxima of patches that do not overlap.

use rayon::prelude::*;

use super::{Values, View};

/// `[batch, channels, height, width]` to `[batch, channels, height / patch, width / patch]`; what is
/// left over at the edges is dropped.
pub(super) fn forward(x: View, [high, wide]: [usize; 2]) -> Values {
    let [batch, channels, height, width] = x.shape;
    let (out_height, out_width) = (height / high, width / wide);
    let mut y = Values::zeros([batch, channels, out_height, out_width]);
    if y.values.is_empty() {
        return y;
    }
    y.values
        .par_chunks_exact_mut(out_height * out_width)
        .zip(x.values.par_chunks_exact(height * width))
        .for_each(|(y, x)| {
            for (line, lines) in y
                .chunks_exact_mut(out_width)
                .zip(x.chunks_exact(high * width))
            {
                line.fill(f32::NEG_INFINITY);
                for x in lines.chunks_exact(width) {
                    for (y, x) in line.iter_mut().zip(x.chunks_exact(wide)) {
                        *y = x.iter().fold(*y, |y, &x| if x > y { x } else { y });
                    }
                }
            }
        });
    y
}

/// The gradient goes to the first greatest value of each patch.
pub(super) fn backward(x: View, grad: View, [high, wide]: [usize; 2]) -> Values {
    let [_, _, height, width] = x.shape;
    let [_, _, out_height, out_width] = grad.shape;
    let mut out = Values::zeros(x.shape);
    if grad.values.is_empty() {
        return out;
    }
    out.values
        .par_chunks_exact_mut(height * width)
        .zip(x.values.par_chunks_exact(height * width))
        .zip(grad.values.par_chunks_exact(out_height * out_width))
        .for_each(|((out, x), grad)| {
            for (row, line) in grad.chunks_exact(out_width).enumerate() {
                for (column, &grad) in line.iter().enumerate() {
                    let corner = row * high * width + column * wide;
                    let (mut best, mut greatest) = (corner, x[corner]);
                    for i in 0..high {
                        let begin = corner + i * width;
                        for (at, &value) in (begin..).zip(&x[begin..begin + wide]) {
                            // Two choices instead of a branch, which would be guessed wrongly.
                            let better = value > greatest;
                            best = if better { at } else { best };
                            greatest = if better { value } else { greatest };
                        }
                    }
                    out[best] = grad;
                }
            }
        });
    out
}
