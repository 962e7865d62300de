//! Banks of filters: convolution over time, the greatest value over the bands, bias, ReLU, scale and shift, and
//! the pooling over time, in one pass.

use pulp::Simd;

use super::rows::{Frames, Rows, TILES, Transformed};
use super::winograd::{MinimalFilter, OUTPUTS};
use super::{load, store};

/// Most filters that are computed together: two vectors of sums for each, two of the signal, one weight and one
/// product fill the sixteen registers that there are.
const GROUP: usize = 5;

/// Products of each sum from one check of bounds to the next.
const UNROLLED: usize = 4;

/// What follows the convolution, of every filter: `relu(sign · greatest + bias) · scale + shift`.
#[derive(Clone, Debug)]
pub struct Epilogue {
    /// Added before the ReLU.
    pub bias: Vec<f32>,
    /// 1, 0 or −1.
    pub sign: Vec<f32>,
    /// Multiplied after the ReLU.
    pub scale: Vec<f32>,
    /// Added at the end.
    pub shift: Vec<f32>,
}

/// Filters over a picture of rows, of which the greatest output over the rows is wanted. What a filter does over
/// time goes through a [`MinimalFilter`] with `POINTS` points.
#[derive(Clone, Debug)]
pub struct Bank<const POINTS: usize> {
    /// Number of filters.
    pub count: usize,
    /// Products of an output at each point.
    depth: usize,
    /// Numbers from the factor of one of these products to the next.
    step: usize,
    /// Where the first lies in a row.
    offset: usize,
    /// Rows that the filters are laid on.
    places: usize,
    /// Group by group `[points, depth, filters]`.
    weights: Vec<f32>,
    epilogue: Epilogue,
}

/// The sizes of the groups that so many filters are computed in, as even as possible.
fn groups(count: usize) -> impl Iterator<Item = usize> {
    let number = count.div_ceil(GROUP);
    (0..number).map(move |group| (group + 1) * count / number - group * count / number)
}

/// How a filter over time of any width is cut into pieces of four taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Tiles that the first piece begins before the frame of the output, and one frame later.
    pub before: usize,
    /// Zeros before the first tap.
    zeros: usize,
    /// Their number.
    pub count: usize,
}

impl Pieces {
    /// Of a filter that keeps the number of frames; of an even width the larger half comes after.
    pub fn of(width: usize) -> Self {
        let reach = (width - 1) / 2;
        let before = (reach + 1).div_ceil(OUTPUTS);
        let zeros = before * OUTPUTS - 1 - reach;
        let count = (zeros + width).div_ceil(OUTPUTS);
        Self {
            before,
            zeros,
            count,
        }
    }
}

impl Bank<10> {
    /// Filters seven frames wide on pictures of `rows` rows, weights `[filters, height, 7]`. They read what
    /// [`Transformed::fill`] takes from one tile before the first frame.
    pub fn tall(
        minimal: &MinimalFilter<10>,
        weights: &[f32],
        height: usize,
        rows: usize,
        epilogue: Epilogue,
    ) -> Self {
        const TAPS: usize = MinimalFilter::<10>::TAPS;
        let count = epilogue.bias.len();
        let taps = |filter: usize, at: usize| {
            let (taps, _) = weights[(filter * height + at) * TAPS..].as_chunks::<TAPS>();
            minimal.filter(&taps[0])
        };
        Self {
            count,
            depth: height,
            step: TILES,
            offset: 0,
            places: rows + 1 - height,
            weights: packed(count, height, taps),
            epilogue,
        }
    }
}

impl Bank<7> {
    /// Filters one row high and `width` frames wide on pictures of `rows` rows, weights `[filters, width]`. They
    /// read what [`Transformed::fill`] takes from `before` tiles before the first frame, at least [`Pieces::before`].
    pub fn wide(
        minimal: &MinimalFilter<7>,
        weights: &[f32],
        width: usize,
        rows: usize,
        before: usize,
        epilogue: Epilogue,
    ) -> Self {
        let pieces = Pieces::of(width);
        let count = epilogue.bias.len();
        let taps = |filter: usize, piece: usize| {
            let own = &weights[filter * width..(filter + 1) * width];
            let taps: [f32; MinimalFilter::<7>::TAPS] = std::array::from_fn(|tap| {
                let at = (piece * OUTPUTS + tap).checked_sub(pieces.zeros);
                at.and_then(|at| own.get(at)).copied().unwrap_or(0.0)
            });
            minimal.filter(&taps)
        };
        Self {
            count,
            depth: pieces.count,
            step: 1,
            offset: before - pieces.before,
            places: rows,
            weights: packed(count, pieces.count, taps),
            epilogue,
        }
    }
}

/// Weights in the order in which they are read.
fn packed<const POINTS: usize>(
    count: usize,
    depth: usize,
    taps: impl Fn(usize, usize) -> [f32; POINTS],
) -> Vec<f32> {
    let mut packed = Vec::with_capacity(count * depth * POINTS);
    let mut first = 0;
    for size in groups(count) {
        let filters = first..first + size;
        let values: Vec<[f32; POINTS]> = (0..depth)
            .flat_map(|at| filters.clone().map(move |filter| (filter, at)))
            .map(|(filter, at)| taps(filter, at))
            .collect();
        for point in 0..POINTS {
            packed.extend(values.iter().map(|value| value[point]));
        }
        first += size;
    }
    packed
}

/// Memory for intermediate results of any [`Bank`].
#[derive(Clone, Debug)]
pub struct Scratch {
    /// `[points, filters, tiles]`
    products: Vec<f32>,
    /// `[filters, 4, tiles]`
    greatest: Vec<f32>,
}

impl Scratch {
    /// For so many points.
    pub fn new(points: usize) -> Self {
        Self {
            products: vec![0.0; points * GROUP * TILES],
            greatest: vec![0.0; GROUP * OUTPUTS * TILES],
        }
    }
}

/// Where the outputs of a [`Bank`] go.
pub struct Output<'a> {
    /// Rows of the outputs.
    pub rows: &'a mut Rows,
    /// The row of the first filter.
    pub first: usize,
    /// Rows that are added to the first outputs, and their number.
    pub around: Option<(&'a Rows, usize)>,
    /// The greatest value of each filter over time.
    pub maximum: &'a mut [f32],
    /// The mean.
    pub mean: &'a mut [f32],
}

impl<'a> Output<'a> {
    /// Of filters that stand behind `first` others, in the rows as in `maximum` and `mean`.
    pub fn of_stream(
        rows: &'a mut Rows,
        first: usize,
        maximum: &'a mut [f32],
        mean: &'a mut [f32],
    ) -> Self {
        Self {
            rows,
            first,
            around: None,
            maximum: &mut maximum[first..],
            mean: &mut mean[first..],
        }
    }
}

impl<const POINTS: usize> Bank<POINTS> {
    /// The outputs of all filters.
    #[inline(always)]
    pub fn run<S: Simd>(
        &self,
        simd: S,
        minimal: &MinimalFilter<POINTS>,
        x: &Transformed,
        frames: &Frames,
        scratch: &mut Scratch,
        mut output: Output<'_>,
    ) {
        let mut weights = self.weights.as_slice();
        let mut first = 0;
        for size in groups(self.count) {
            let (own, rest) = weights.split_at(POINTS * self.depth * size);
            weights = rest;
            match size {
                1 => self.group::<S, 1>(simd, minimal, own, x, scratch),
                2 => self.group::<S, 2>(simd, minimal, own, x, scratch),
                3 => self.group::<S, 3>(simd, minimal, own, x, scratch),
                4 => self.group::<S, 4>(simd, minimal, own, x, scratch),
                _ => self.group::<S, GROUP>(simd, minimal, own, x, scratch),
            }
            let greatest = scratch.greatest.chunks_exact(OUTPUTS * TILES);
            for (filter, greatest) in (first..first + size).zip(greatest) {
                self.finish(simd, filter, frames, greatest, &mut output);
            }
            first += size;
        }
    }

    /// The greatest outputs over the rows, of one group of filters.
    #[inline(always)]
    fn group<S: Simd, const FILTERS: usize>(
        &self,
        simd: S,
        minimal: &MinimalFilter<POINTS>,
        weights: &[f32],
        x: &Transformed,
        scratch: &mut Scratch,
    ) {
        let Scratch { products, greatest } = scratch;
        greatest.fill(f32::NEG_INFINITY);
        for place in 0..self.places {
            let weights = weights.chunks_exact(self.depth * FILTERS);
            let planes = products.chunks_exact_mut(FILTERS * TILES);
            for (point, (weights, products)) in weights.zip(planes).enumerate() {
                let x = &x.values[point * x.plane() + place * x.length + self.offset..];
                match (S::F32_LANES, self.step) {
                    (16, 1) => multiply::<S, FILTERS, 3, 1>(simd, weights, x, products),
                    (16, _) => multiply::<S, FILTERS, 3, TILES>(simd, weights, x, products),
                    (_, 1) => multiply::<S, FILTERS, 2, 1>(simd, weights, x, products),
                    _ => multiply::<S, FILTERS, 2, TILES>(simd, weights, x, products),
                }
            }
            let greatest = greatest.chunks_exact_mut(OUTPUTS * TILES);
            for (filter, greatest) in greatest.take(FILTERS).enumerate() {
                let products = &products[filter * TILES..];
                raise(simd, minimal, products, FILTERS * TILES, greatest);
            }
        }
    }

    /// What follows, of one filter whose greatest outputs are `[4, tiles]`.
    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        filter: usize,
        frames: &Frames,
        greatest: &[f32],
        output: &mut Output<'_>,
    ) {
        let all = |values: &[f32]| simd.splat_f32s(values[filter]);
        let Epilogue {
            bias,
            sign,
            scale,
            shift,
        } = &self.epilogue;
        let (sign, bias, scale, shift) = (all(sign), all(bias), all(scale), all(shift));
        let zero = simd.splat_f32s(0.0);
        let mut maximum = simd.splat_f32s(f32::NEG_INFINITY);
        let mut sum = zero;
        let row = output.first + filter;
        let around = output.around.filter(|&(_, count)| row < count);
        for phase in 0..OUTPUTS {
            let start = output.rows.start(row, phase);
            for at in (0..TILES).step_by(S::F32_LANES) {
                let here = phase * TILES + at;
                let x = simd.mul_add_e_f32s(load::<S>(greatest, here), sign, bias);
                let mut x = simd.mul_add_e_f32s(simd.max_f32s(x, zero), scale, shift);
                if let Some((around, _)) = around {
                    let start = around.start(row, phase);
                    x = simd.add_f32s(x, load::<S>(&around.values, start + at));
                }
                // Beyond the last frame the next filter must see zeros.
                x = simd.mul_f32s(x, load::<S>(&frames.inside, here));
                store::<S>(&mut output.rows.values, start + at, x);
                sum = simd.add_f32s(sum, x);
                let x = simd.add_f32s(x, load::<S>(&frames.outside, here));
                maximum = simd.max_f32s(maximum, x);
            }
        }
        output.maximum[filter] = simd.reduce_max_f32s(maximum);
        output.mean[filter] = simd.reduce_sum_f32s(sum) / frames.count as f32;
    }
}

/// Sums of products `[filters, tiles]` from weights `[depth, filters]`: `Σ_k weights[k, filter] · x[k · STEP + tile]`.
// In WebAssembly a function of its own: V8 finds no registers for the sums in one that all of them are part of.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn multiply<S: Simd, const FILTERS: usize, const VECTORS: usize, const STEP: usize>(
    simd: S,
    weights: &[f32],
    x: &[f32],
    products: &mut [f32],
) {
    let width = VECTORS * S::F32_LANES;
    let (weights, _) = weights.as_chunks::<FILTERS>();
    let (blocks, rest) = weights.as_chunks::<UNROLLED>();
    for at in (0..TILES).step_by(width) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; FILTERS];
        let mut from = at;
        for weights in blocks {
            let x = &x[from..from + (UNROLLED - 1) * STEP + width];
            for (k, weights) in weights.iter().enumerate() {
                add_products(simd, weights, &x[k * STEP..k * STEP + width], &mut sums);
            }
            from += UNROLLED * STEP;
        }
        for weights in rest {
            add_products(simd, weights, &x[from..from + width], &mut sums);
            from += STEP;
        }
        for (filter, sums) in sums.iter().enumerate() {
            for (vector, &sum) in sums.iter().enumerate() {
                let to = filter * TILES + at + vector * S::F32_LANES;
                store::<S>(products, to, sum);
            }
        }
    }
}

/// Adds the products of each filter's weight with the same vectors.
#[inline(always)]
fn add_products<S: Simd, const FILTERS: usize, const VECTORS: usize>(
    simd: S,
    weights: &[f32; FILTERS],
    x: &[f32],
    sums: &mut [[S::f32s; VECTORS]; FILTERS],
) {
    let (x, _) = S::as_simd_f32s(x);
    for (sums, &weight) in sums.iter_mut().zip(weights) {
        let weight = simd.splat_f32s(weight);
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum = simd.mul_add_e_f32s(weight, x, *sum);
        }
    }
}

/// `Aᵀ` of the products of one filter, `[points, tiles]`, the points `stride` numbers apart. Where an output is
/// greater than what is in `greatest`, `[4, tiles]`, it takes its place.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn raise<S: Simd, const POINTS: usize>(
    simd: S,
    minimal: &MinimalFilter<POINTS>,
    products: &[f32],
    stride: usize,
    greatest: &mut [f32],
) {
    let zero = usize::from(MinimalFilter::<POINTS>::ZERO);
    for at in (0..TILES).step_by(S::F32_LANES) {
        let product = |point: usize| load::<S>(products, point * stride + at);
        let mut y = [simd.splat_f32s(0.0); OUTPUTS];
        if MinimalFilter::<POINTS>::ZERO {
            y[0] = product(0);
        }
        y[3] = product(POINTS - 1);
        for pair in 0..MinimalFilter::<POINTS>::PAIRS {
            let (plus, minus) = (product(zero + 2 * pair), product(zero + 2 * pair + 1));
            let (even, odd) = (simd.add_f32s(plus, minus), simd.sub_f32s(plus, minus));
            let a = minimal.pairs[pair];
            y[0] = simd.add_f32s(y[0], even);
            y[1] = simd.mul_add_e_f32s(simd.splat_f32s(a), odd, y[1]);
            y[2] = simd.mul_add_e_f32s(simd.splat_f32s(a * a), even, y[2]);
            y[3] = simd.mul_add_e_f32s(simd.splat_f32s(a * a * a), odd, y[3]);
        }
        for (phase, &y) in y.iter().enumerate() {
            let here = phase * TILES + at;
            let most = simd.max_f32s(load::<S>(greatest, here), y);
            store::<S>(greatest, here, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_filter_keep_its_place() {
        // 63 frames before and 64 after: sixteen tiles back and one frame on.
        let pieces = |before, zeros, count| Pieces {
            before,
            zeros,
            count,
        };
        assert_eq!(Pieces::of(128), pieces(16, 0, 32));
        assert_eq!(Pieces::of(7), pieces(1, 0, 2));
        assert_eq!(Pieces::of(1), pieces(1, 3, 1));
        assert_eq!(Pieces::of(6), pieces(1, 1, 2));
    }

    #[test]
    fn groups_are_even_and_complete() {
        let of = |count| groups(count).collect::<Vec<_>>();
        assert_eq!(of(14), [4, 5, 5]);
        assert_eq!(of(3), [3]);
        assert_eq!(of(6), [3, 3]);
        assert!((1..200).all(|n| groups(n).sum::<usize>() == n));
        assert!((1..200).all(|n| groups(n).all(|size| (1..=GROUP).contains(&size))));
    }
}
