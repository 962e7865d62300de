//! Each kernel against burn's own operations, on random shapes and with every kind of vectors that there is here.

use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use pulp::{Arch, Scalar, Simd, WithSimd};

use super::winograd::OUTPUTS;
use super::*;

/// Numbers from −1 to 1 that look random (Numerical Recipes' generator).
fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The largest difference of two lists that are as long.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b);
    pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// A bank on a picture, its weights `[count, 1, height, width]`.
#[derive(Debug)]
struct Case {
    count: usize,
    height: usize,
    width: usize,
    rows: usize,
    frames: usize,
    /// Rows of what is added around the bank.
    around: usize,
    picture: Vec<f32>,
    weights: Vec<f32>,
    epilogue: Epilogue,
    others: Vec<f32>,
}

impl Case {
    fn new(
        [count, height, width]: [usize; 3],
        [rows, frames, around]: [usize; 3],
        seed: u32,
    ) -> Self {
        let mut value = noise(seed);
        let mut some = |count: usize| (0..count).map(|_| value()).collect::<Vec<f32>>();
        let scale = some(count);
        Self {
            picture: some(rows * frames),
            weights: some(count * height * width),
            epilogue: Epilogue {
                bias: some(count),
                // One of the three that there are.
                sign: some(count).iter().map(|v| (1.5 * v).round()).collect(),
                scale,
                shift: some(count),
            },
            others: some(around.min(count) * frames),
            around: around.min(count),
            count,
            height,
            width,
            rows,
            frames,
        }
    }

    /// What burn makes of it: the outputs `[count, frames]`, their maxima and their means over time.
    fn by_burn(&self) -> [Vec<f32>; 3] {
        let x = tensor(&self.picture, [1, 1, self.rows, self.frames]);
        let left = Tensor::zeros([1, 1, self.rows, (self.width - 1) / 2], &Device::flex());
        let right = Tensor::zeros([1, 1, self.rows, self.width / 2], &Device::flex());
        let x = Tensor::cat(vec![left, x, right], 3);
        let weights = tensor(&self.weights, [self.count, 1, self.height, self.width]);
        let x = conv2d(
            x,
            weights,
            None,
            ConvOptions::new([1, 1], [0, 0], [1, 1], 1),
        );
        let column = |values: &[f32]| tensor(values, [1, self.count, 1, 1]);
        let Epilogue {
            bias,
            sign,
            scale,
            shift,
        } = &self.epilogue;
        let x = relu(x.max_dim(2) * column(sign) + column(bias)) * column(scale) + column(shift);
        let mut others = self.others.clone();
        others.resize(self.count * self.frames, 0.0);
        let x = x + tensor(&others, [1, self.count, 1, self.frames]);
        let (maximum, mean) = (x.clone().max_dim(3), x.clone().mean_dim(3));
        [values(x), values(maximum), values(mean)]
    }

    /// Twice the rounding error that was seen at most, of outputs that are sums of so many products.
    fn tolerance(&self) -> f32 {
        1e-5 * ((self.height * self.width) as f32).sqrt().max(1.0)
    }
}

/// A bank that runs, of either kind.
struct Run<'a, const POINTS: usize> {
    case: &'a Case,
    minimal: MinimalFilter<POINTS>,
    bank: Bank<POINTS>,
    /// Tiles before the first frame, and of a row of the signal's side.
    before: usize,
    length: usize,
}

impl<const POINTS: usize> WithSimd for Run<'_, POINTS> {
    type Output = [Vec<f32>; 3];

    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        /// Tiles that a filter's signal goes beyond its first.
        const BEYOND: usize = 3;
        let case = self.case;
        let frames = Frames::new(case.frames);
        let mut picture = Rows::new(case.rows, self.before, self.length + BEYOND);
        for (row, values) in case.picture.chunks_exact(case.frames).enumerate() {
            picture.set(row, values.iter().copied());
        }
        let mut x = Transformed::new(POINTS, case.rows, self.length);
        x.fill(simd, &self.minimal, &picture, self.before);
        let mut others = Rows::new(case.count, 1, TILES + BEYOND);
        for (row, values) in case.others.chunks_exact(case.frames).enumerate() {
            others.set(row, values.iter().copied());
        }
        let mut rows = Rows::new(case.count, 1, TILES + BEYOND);
        let (mut maximum, mut mean) = (vec![0.0; case.count], vec![0.0; case.count]);
        let output = Output {
            around: (case.around > 0).then_some((&others, case.around)),
            ..Output::of_stream(&mut rows, 0, &mut maximum, &mut mean)
        };
        let mut scratch = Scratch::new(POINTS);
        let minimal = &self.minimal;
        self.bank
            .run(simd, minimal, &x, &frames, &mut scratch, output);
        let value = |at: usize| {
            let (row, frame) = (at / case.frames, at % case.frames);
            rows.values[rows.start(row, frame % OUTPUTS) + frame / OUTPUTS]
        };
        let outputs = (0..case.count * case.frames).map(value).collect();
        [outputs, maximum, mean]
    }
}

fn tall(case: &Case) -> Run<'_, 10> {
    let minimal = MinimalFilter::seven();
    let epilogue = case.epilogue.clone();
    Run {
        bank: Bank::tall(&minimal, &case.weights, case.height, case.rows, epilogue),
        minimal,
        case,
        before: 1,
        length: TILES,
    }
}

/// Filters of one bank may reach further back than this one, by `further` tiles.
fn wide(case: &Case, further: usize) -> Run<'_, 7> {
    let minimal = MinimalFilter::four();
    let pieces = Pieces::of(case.width);
    let before = pieces.before + further;
    let epilogue = case.epilogue.clone();
    Run {
        bank: Bank::wide(
            &minimal,
            &case.weights,
            case.width,
            case.rows,
            before,
            epilogue,
        ),
        minimal,
        case,
        before,
        length: (TILES + further + pieces.count).next_multiple_of(16),
    }
}

fn same(found: &[Vec<f32>; 3], expected: &[Vec<f32>; 3], tolerance: f32) {
    for (what, (found, expected)) in ["outputs", "maxima", "means"]
        .into_iter()
        .zip(found.iter().zip(expected))
    {
        let most = difference(found, expected);
        assert!(most < tolerance, "{what}: {most}, tolerance {tolerance}");
    }
}

/// A fully connected layer that runs.
struct RunDense<'a>(&'a Dense, &'a [f32]);

impl WithSimd for RunDense<'_> {
    type Output = Vec<f32>;

    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let mut y = self.0.room();
        self.0.run(simd, self.1, &mut y);
        y.truncate(self.0.outputs);
        y
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tall_filters_with_all_that_follows_are_burns(
        (rows, height) in (1..=97usize).prop_flat_map(|rows| (Just(rows), 1..=rows)),
        count in 1..=13usize,
        frames in 1..=4 * TILES,
        around in 0..=13usize,
        seed: u32,
    ) {
        let case = Case::new([count, height, 7], [rows, frames, around], seed);
        let expected = case.by_burn();
        same(&Arch::new().dispatch(tall(&case)), &expected, case.tolerance());
        same(&tall(&case).with_simd(Scalar::new()), &expected, case.tolerance());
    }

    #[test]
    fn wide_filters_of_any_width_are_burns(
        width in 1..=187usize,
        rows in 1..=33usize,
        count in 1..=7usize,
        frames in 1..=4 * TILES,
        further in 0..=5usize,
        seed: u32,
    ) {
        let case = Case::new([count, 1, width], [rows, frames, 0], seed);
        let expected = case.by_burn();
        same(&Arch::new().dispatch(wide(&case, further)), &expected, case.tolerance());
        same(&wide(&case, further).with_simd(Scalar::new()), &expected, case.tolerance());
    }

    #[test]
    fn layers_joined_to_one_give_what_burn_gives_for_each(
        inputs in 1..=300usize,
        outputs in prop::collection::vec(1..=130usize, 1..=4),
        seed: u32,
    ) {
        let mut value = noise(seed);
        let mut some = |count: usize| (0..count).map(|_| value()).collect::<Vec<f32>>();
        let x = some(inputs);
        let layers: Vec<(Vec<f32>, Vec<f32>)> =
            outputs.iter().map(|&n| (some(inputs * n), some(n))).collect();
        let expected: Vec<f32> = layers.iter().flat_map(|(weights, bias)| {
            let product = tensor(&x, [1, inputs]).matmul(tensor(weights, [inputs, bias.len()]));
            values(product + tensor(bias, [1, bias.len()]))
        }).collect();
        let slices: Vec<(&[f32], &[f32])> =
            layers.iter().map(|(weights, bias)| (&weights[..], &bias[..])).collect();
        let dense = Dense::new(inputs, &slices);
        // Sums of up to 300 products below one, added in another order.
        for found in [Arch::new().dispatch(RunDense(&dense, &x)), RunDense(&dense, &x).with_simd(Scalar::new())] {
            assert!(difference(&found, &expected) < 3e-5);
        }
    }
}
