//! Fully connected layers.

use pulp::Simd;

use super::store;

/// Outputs that are computed together.
const BLOCK: usize = 32;

/// A fully connected layer.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Number of outputs.
    pub outputs: usize,
    /// `[blocks, inputs, 32]`
    weights: Vec<[f32; BLOCK]>,
    /// `[blocks, 32]`
    bias: Vec<[f32; BLOCK]>,
    inputs: usize,
}

impl Dense {
    /// Layers on the same inputs as one, of each its weights `[inputs, outputs]` and its bias `[outputs]`.
    pub fn new(inputs: usize, layers: &[(&[f32], &[f32])]) -> Self {
        let outputs = layers.iter().map(|(_, bias)| bias.len()).sum::<usize>();
        let blocks = outputs.div_ceil(BLOCK);
        let mut weights = vec![[0.0; BLOCK]; blocks * inputs];
        let mut biases = vec![[0.0; BLOCK]; blocks];
        let mut first = 0;
        for (matrix, bias) in layers {
            for (column, &value) in bias.iter().enumerate() {
                let (block, at) = ((first + column) / BLOCK, (first + column) % BLOCK);
                biases[block][at] = value;
                let column = matrix.iter().skip(column).step_by(bias.len());
                let block = &mut weights[block * inputs..(block + 1) * inputs];
                for (row, &weight) in block.iter_mut().zip(column) {
                    row[at] = weight;
                }
            }
            first += bias.len();
        }
        Self {
            outputs,
            weights,
            bias: biases,
            inputs,
        }
    }

    /// Room for the outputs of [`Dense::run`].
    pub fn room(&self) -> Vec<f32> {
        vec![0.0; self.bias.len() * BLOCK]
    }

    /// `x W + b` of `x` `[inputs]`.
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, x: &[f32], y: &mut [f32]) {
        let blocks = self.weights.chunks_exact(self.inputs).zip(&self.bias);
        for ((weights, bias), y) in blocks.zip(y.as_chunks_mut::<BLOCK>().0) {
            if S::F32_LANES >= 8 {
                block::<S, 4>(simd, weights, bias, x, y);
            } else {
                block::<S, 8>(simd, weights, bias, x, y);
            }
        }
    }
}

/// Up to `VECTORS` vectors of outputs at a time.
#[inline(always)]
fn block<S: Simd, const VECTORS: usize>(
    simd: S,
    weights: &[[f32; BLOCK]],
    bias: &[f32; BLOCK],
    x: &[f32],
    y: &mut [f32; BLOCK],
) {
    let width = (VECTORS * S::F32_LANES).min(BLOCK);
    for at in (0..BLOCK).step_by(width) {
        let mut sums = [simd.splat_f32s(0.0); VECTORS];
        let (start, _) = S::as_simd_f32s(&bias[at..at + width]);
        for (sum, &bias) in sums.iter_mut().zip(start) {
            *sum = bias;
        }
        for (row, &x) in weights.iter().zip(x) {
            let x = simd.splat_f32s(x);
            let (row, _) = S::as_simd_f32s(&row[at..at + width]);
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum = simd.mul_add_e_f32s(weight, x, *sum);
            }
        }
        for (vector, &sum) in sums.iter().enumerate().take(width / S::F32_LANES) {
            store::<S>(y, at + vector * S::F32_LANES, sum);
        }
    }
}
