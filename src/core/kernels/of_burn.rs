//! Faster kernels than burn's, where a device has them: today the native CPU. Each function returns `None` on any
//! other device, and the caller uses burn's own operation.

use burn::tensor::Tensor;

#[cfg(all(feature = "flex", not(target_arch = "wasm32")))]
use super::native;

/// Zeros added around a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zeros {
    /// Rows above and below.
    pub height: [usize; 2],
    /// Columns left and right.
    pub width: [usize; 2],
}

impl Zeros {
    /// What keeps a picture's size under an odd kernel.
    pub fn same(kernel: [usize; 2]) -> Self {
        Self {
            height: [kernel[0] / 2; 2],
            width: [kernel[1] / 2; 2],
        }
    }
}

/// Convolution with stride one, without bias: `x` `[batch, channels_in, height, width]` and `weight`
/// `[channels_out, channels_in, kernel_height, kernel_width]`.
pub fn convolution(x: &Tensor<4>, weight: &Tensor<4>, zeros: Zeros) -> Option<Tensor<4>> {
    #[cfg(all(feature = "flex", not(target_arch = "wasm32")))]
    if native::serve(&x.device()) {
        return Some(native::convolution(x.clone(), weight.clone(), zeros));
    }
    let _ = (x, weight, zeros);
    None
}

/// Maximum over patches of `[height, width]` that do not overlap, of `x` `[batch, channels, height,
/// width]`.
pub fn max_pool(x: &Tensor<4>, patch: [usize; 2]) -> Option<Tensor<4>> {
    #[cfg(all(feature = "flex", not(target_arch = "wasm32")))]
    if native::serve(&x.device()) {
        return Some(native::max_pool(x.clone(), patch));
    }
    let _ = (x, patch);
    None
}

/// Batch normalisation by the batch's own statistics, and where `relu` is set a ReLU after it, of `x`
/// `[batch, channels, height, width]` with `gamma` and `beta` `[channels]`. Returns the result, and the
/// batch's mean and biased variance, `[channels]` each. `None` also where no gradient is asked for.
pub fn batch_norm(
    x: &Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    epsilon: f64,
    relu: bool,
) -> Option<(Tensor<4>, Tensor<1>, Tensor<1>)> {
    #[cfg(all(feature = "flex", not(target_arch = "wasm32")))]
    if x.device().is_autodiff() && native::serve(&x.device()) {
        return Some(native::batch_norm(x.clone(), gamma, beta, epsilon, relu));
    }
    let _ = (x, gamma, beta, epsilon, relu);
    None
}
