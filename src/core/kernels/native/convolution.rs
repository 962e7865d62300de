//! Convolution as products of matrices: the patches under the kernel are laid out as columns, a tile
//! of the picture at a time so that they stay in the cache, and multiplied with the weights.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::{Values, View};
use crate::kernels::Zeros;

impl Zeros {
    /// What the gradient of the input is convolved with.
    fn turned(self, kernel: [usize; 2]) -> Self {
        let turn = |[before, after]: [usize; 2], size: usize| [size - 1 - before, size - 1 - after];
        Self {
            height: turn(self.height, kernel[0]),
            width: turn(self.width, kernel[1]),
        }
    }
}

/// Positions whose columns are made at once.
const TILE: usize = 512;

/// Partial sums of the weights' gradient. Their number is fixed so that it does not depend on the
/// number of threads in which order they are added.
const PARTS: usize = 8;

/// How the columns of a picture are laid out.
#[derive(Clone, Copy)]
struct Geometry {
    channels: usize,
    height: usize,
    width: usize,
    kernel: [usize; 2],
    padding: Zeros,
    out_height: usize,
    out_width: usize,
}

impl Geometry {
    fn new(picture: [usize; 4], kernel: [usize; 2], padding: Zeros) -> Self {
        let [_, channels, height, width] = picture;
        let out = |size: usize, [before, after]: [usize; 2], kernel: usize| {
            (size + before + after + 1).saturating_sub(kernel)
        };
        Self {
            channels,
            height,
            width,
            kernel,
            padding,
            out_height: out(height, padding.height, kernel[0]),
            out_width: out(width, padding.width, kernel[1]),
        }
    }

    /// Length of a column.
    fn depth(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    fn out_area(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Whether the picture itself is its columns.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.padding == Zeros::same([1, 1])
    }

    /// The output's rows, as many at a time as make a tile: from and to.
    fn tiles(self) -> impl Iterator<Item = (usize, usize)> {
        let rows = (TILE / self.out_width.max(1)).clamp(1, self.out_height.max(1));
        (0..self.out_height)
            .step_by(rows)
            .map(move |from| (from, (from + rows).min(self.out_height)))
    }

    /// Lays the patches under output rows `from..to` out as `[depth, (to - from) * out_width]`.
    fn columns(&self, picture: &[f32], from: usize, to: usize, columns: &mut Vec<f32>) {
        let positions = (to - from) * self.out_width;
        columns.resize(self.depth() * positions, 0.0);
        let mut rows = columns.chunks_exact_mut(positions);
        let [up, left] = [self.padding.height[0], self.padding.width[0]];
        for channel in picture.chunks_exact(self.height * self.width) {
            for i in 0..self.kernel[0] {
                for j in 0..self.kernel[1] {
                    let Some(row) = rows.next() else { return };
                    // Columns x of the output whose source x + j - left lies inside.
                    let begin = left.saturating_sub(j).min(self.out_width);
                    let end = (self.width + left)
                        .saturating_sub(j)
                        .clamp(begin, self.out_width);
                    for (y, line) in (from..to).zip(row.chunks_exact_mut(self.out_width)) {
                        let source = (y + i).checked_sub(up).filter(|&s| s < self.height);
                        let Some(source) = source.filter(|_| begin < end) else {
                            line.fill(0.0);
                            continue;
                        };
                        let at = source * self.width + begin + j - left;
                        line[..begin].fill(0.0);
                        line[begin..end].copy_from_slice(&channel[at..at + end - begin]);
                        line[end..].fill(0.0);
                    }
                }
            }
        }
    }
}

/// `x` convolved with `weight`.
pub(super) fn forward(x: View, weight: View, padding: Zeros) -> Values {
    let [channels_out, _, kernel_height, kernel_width] = weight.shape;
    let geometry = Geometry::new(x.shape, [kernel_height, kernel_width], padding);
    let (depth, area) = (geometry.depth(), geometry.out_area());
    let mut y = Values::zeros([
        x.shape[0],
        channels_out,
        geometry.out_height,
        geometry.out_width,
    ]);
    if y.values.is_empty() {
        return y;
    }
    let weight = MatRef::from_row_major_slice(weight.values, channels_out, depth);
    y.values
        .par_chunks_exact_mut(channels_out * area)
        .zip(x.values.par_chunks_exact(x.picture()))
        .for_each_init(Vec::new, |columns, (y, x)| {
            let mut y = MatMut::from_row_major_slice_mut(y, channels_out, area);
            if geometry.is_pointwise() {
                let x = MatRef::from_row_major_slice(x, depth, area);
                matmul(y, Accum::Replace, weight, x, 1.0, Par::Seq);
                return;
            }
            for (from, to) in geometry.tiles() {
                geometry.columns(x, from, to, columns);
                let positions = (to - from) * geometry.out_width;
                let columns = MatRef::from_row_major_slice(columns, depth, positions);
                let tile = y.as_mut().subcols_mut(from * geometry.out_width, positions);
                matmul(tile, Accum::Replace, weight, columns, 1.0, Par::Seq);
            }
        });
    y
}

/// Gradient of the weights from that of the output.
pub(super) fn weight_gradient(x: View, grad: View, weight: [usize; 4], padding: Zeros) -> Values {
    let [channels_out, _, kernel_height, kernel_width] = weight;
    let geometry = Geometry::new(x.shape, [kernel_height, kernel_width], padding);
    let (depth, area) = (geometry.depth(), geometry.out_area());
    let pictures: Vec<(&[f32], &[f32])> = x
        .values
        .chunks_exact(x.picture())
        .zip(grad.values.chunks_exact(grad.picture()))
        .collect();
    let parts: Vec<Vec<f32>> = pictures
        .par_chunks(pictures.len().div_ceil(PARTS).max(1))
        .map_init(Vec::new, |columns, pictures| {
            let mut sum = vec![0.0; channels_out * depth];
            for &(x, grad) in pictures {
                let grad = MatRef::from_row_major_slice(grad, channels_out, area);
                let mut add = |grad: MatRef<f32>, columns: MatRef<f32>| {
                    let sum = MatMut::from_row_major_slice_mut(&mut sum, channels_out, depth);
                    matmul(sum, Accum::Add, grad, columns.transpose(), 1.0, Par::Seq);
                };
                if geometry.is_pointwise() {
                    add(grad, MatRef::from_row_major_slice(x, depth, area));
                    continue;
                }
                for (from, to) in geometry.tiles() {
                    geometry.columns(x, from, to, columns);
                    let positions = (to - from) * geometry.out_width;
                    add(
                        grad.subcols(from * geometry.out_width, positions),
                        MatRef::from_row_major_slice(columns, depth, positions),
                    );
                }
            }
            sum
        })
        .collect();
    let mut sum = Values::zeros(weight);
    for part in parts {
        for (s, p) in sum.values.iter_mut().zip(part) {
            *s += p;
        }
    }
    sum
}

/// Gradient of the input from that of the output: a convolution with the weights turned round.
pub(super) fn input_gradient(grad: View, weight: View, padding: Zeros) -> Values {
    let [out, channels, height, width] = weight.shape;
    let kernel = height * width;
    let mut turned = Values::zeros([channels, out, height, width]);
    for (o, weights) in weight.values.chunks_exact(channels * kernel).enumerate() {
        for (c, weights) in weights.chunks_exact(kernel).enumerate() {
            let at = (c * out + o) * kernel;
            for (to, from) in turned.values[at..at + kernel]
                .iter_mut()
                .zip(weights.iter().rev())
            {
                *to = *from;
            }
        }
    }
    let turned_view = View {
        values: &turned.values,
        shape: turned.shape,
    };
    forward(grad, turned_view, padding.turned([height, width]))
}
