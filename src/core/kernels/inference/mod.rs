//! Kernels for inference on the processor, the same natively and in WebAssembly: no allocation, whatever follows a
//! convolution in the same pass, and the vectors that the processor has (`pulp`: chosen at run time on native
//! processors, simd128 in WebAssembly).

mod bank;
mod dense;
mod rows;
#[cfg(all(test, feature = "flex"))]
mod tests;
mod winograd;

use pulp::Simd;

pub use bank::{Bank, Epilogue, Output, Pieces, Scratch};
pub use dense::Dense;
pub use rows::{Frames, Rows, TILES, Transformed};
pub use winograd::MinimalFilter;

/// The vector that begins at `at`.
#[inline(always)]
fn load<S: Simd>(from: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&from[at..at + S::F32_LANES]).0[0]
}

/// Puts a vector to where `at` is.
#[inline(always)]
fn store<S: Simd>(to: &mut [f32], at: usize, value: S::f32s) {
    S::as_mut_simd_f32s(&mut to[at..at + S::F32_LANES]).0[0] = value;
}
