//! The operations that most of the time goes into: [`inference`] runs the shipped network without burn; with the
//! feature `networks` there are faster kernels than burn's for training on native CPUs.

pub mod inference;
#[cfg(all(feature = "flex", not(target_arch = "wasm32")))]
mod native;
#[cfg(feature = "networks")]
mod of_burn;

#[cfg(feature = "networks")]
pub use of_burn::{Zeros, batch_norm, convolution, max_pool};
