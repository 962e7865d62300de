//! The networks that Choi et al. (2017) compare, in five sizes: their input is the log-mel
//! picture of 29 seconds, `[b, 1, 96 bands, 1366 frames]`.
//!
//! ```text
//! conv1d  4 × conv 1×8, maxima of 1×4, 1×5, 1×8, 1×8       → [b, 2c, 96, 1]; dense 2c, dense 2c
//! conv2d  5 × conv 3×3, maxima of 2×4, 2×4, 2×4, 3×5, 4×4  → [b, 4c, 1, 1]; below 3 M dense 64
//! crnn    4 × conv 3×3, maxima of 2×2, 3×3, 4×4, 4×4       → [b, 2c, 1, 14]; 2 × GRU c; below 3 M dense 64
//! ```
//!
//! Channels are multiples of a width c, rounded down; c is chosen for the number of parameters, which the
//! papers state as 0.1, 0.25, 0.5, 1 and 3 millions with fifty outputs or ten alike.

use super::size::Size;
use super::stack::{Branch, ConvBlock, RecurrentLayer, StackConfig};

/// The picture.
const SHAPE: [usize; 3] = [1, 96, 1366];
/// Size of the layer between the convolutions and the head of networks below three millions.
const DENSE: usize = 64;
/// The dropout that patel trains with.
pub const DROPOUT: f64 = 0.1;

/// `times` the width, rounded down.
fn wide(width: f64, times: f64) -> usize {
    (width * times) as usize
}

fn dense_of(size: Size) -> Vec<usize> {
    if size == Size::M3 {
        Vec::new()
    } else {
        vec![DENSE]
    }
}

/// `conv1d`.
pub fn conv1d(size: Size, outputs: usize) -> StackConfig {
    let c = size.of([15.0, 23.5, 33.5, 47.5, 81.5]);
    let step = |times: f64, pool: usize| ConvBlock::new(wide(c, times), [1, 8], [1, pool]);
    StackConfig {
        branches: vec![Branch {
            shape: SHAPE,
            steps: vec![step(1.0, 4), step(1.0, 5), step(2.0, 8), step(2.0, 8)],
            memory: None,
            dense: None,
        }],
        dense: vec![wide(c, 2.0); 2],
        dropout: DROPOUT,
        outputs,
    }
}

/// `conv2d`.
pub fn conv2d(size: Size, outputs: usize) -> StackConfig {
    let c = size.of([20.75, 33.25, 47.5, 67.5, 118.0]);
    let step = |times: f64, pool: [usize; 2]| ConvBlock::new(wide(c, times), [3, 3], pool);
    StackConfig {
        branches: vec![Branch {
            shape: SHAPE,
            steps: vec![
                step(1.0, [2, 4]),
                step(2.0, [2, 4]),
                step(2.0, [2, 4]),
                step(3.0, [3, 5]),
                step(4.0, [4, 4]),
            ],
            memory: None,
            dense: None,
        }],
        dense: dense_of(size),
        dropout: DROPOUT,
        outputs,
    }
}

/// `crnn`.
pub fn crnn(size: Size, outputs: usize) -> StackConfig {
    let c = size.of([30.0, 48.0, 68.5, 97.0, 169.0]);
    let step = |times: f64, pool: [usize; 2]| ConvBlock::new(wide(c, times), [3, 3], pool);
    StackConfig {
        branches: vec![Branch {
            shape: SHAPE,
            steps: vec![
                step(1.0, [2, 2]),
                step(2.0, [3, 3]),
                step(2.0, [4, 4]),
                step(2.0, [4, 4]),
            ],
            memory: Some(RecurrentLayer::Gru {
                hidden: wide(c, 1.0),
                layers: 2,
            }),
            dense: None,
        }],
        dense: dense_of(size),
        dropout: DROPOUT,
        outputs,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::model::{Network, parameters};

    #[test]
    fn every_size_has_the_parameters_that_the_paper_names() {
        let device = Device::flex();
        for (make, name) in [
            (conv1d as fn(Size, usize) -> StackConfig, "conv1d"),
            (conv2d, "conv2d"),
            (crnn, "crnn"),
        ] {
            for size in Size::ALL {
                let network = make(size, 10).init(&device);
                let found = parameters(&Network::Stacked(network)) as f64;
                let named = 1e6 * size.millions();
                assert!(
                    (found / named - 1.0).abs() <= 0.02,
                    "{name}@{}: {found}",
                    size.millions()
                );
            }
        }
    }
}
