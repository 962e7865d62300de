//! SampleCNN (Lee et al. 2017): its input is samples, three at a time.
//!
//! ```text
//! samples [b, 1, 59 049] → frames of three samples, conv of one frame → [b, 128, 19 683]
//!   2 × conv 3, 128; 6 × conv 3, 256; conv 3, 512; each with a maximum of 3 → [b, 512, 1]
//!   conv 1, 512 → embedding [b, 512] → dropout → dense → logits [b, genres]
//! ```

use super::stack::{Branch, ConvBlock, StackConfig};

/// The samples of a window.
const SAMPLES: usize = 59_049;
/// The dropout of the paper.
pub const DROPOUT: f64 = 0.5;

/// `sample-cnn`.
pub fn sample_cnn(outputs: usize) -> StackConfig {
    let step = |channels: usize| ConvBlock::new(channels, [1, 3], [1, 3]);
    let mut steps = vec![ConvBlock::new(128, [1, 1], [1, 1])];
    steps.extend([128, 128, 256, 256, 256, 256, 256, 256, 512].map(step));
    steps.push(ConvBlock::new(512, [1, 1], [1, 1]));
    StackConfig {
        branches: vec![Branch {
            // A convolution of three samples with a step of three is one of a frame of three samples,
            // seen as one channel.
            shape: [3, 1, SAMPLES / 3],
            steps,
            memory: None,
            dense: None,
        }],
        dense: Vec::new(),
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
    fn it_has_the_parameters_that_the_paper_names() {
        // 1.9 × 10⁶ with fifty tags; the convolutions' weights counted by hand.
        let found = parameters(&Network::Stacked(sample_cnn(50).init(&Device::flex())));
        let weights = 3 * 128
            + 2 * 3 * 128 * 128
            + 3 * 128 * 256
            + 5 * 3 * 256 * 256
            + 3 * 256 * 512
            + 512 * 512;
        let norms = 2 * (3 * 128 + 6 * 256 + 2 * 512);
        assert_eq!(found, weights + norms + 512 * 50 + 50);
        assert!((found as f64 / 1.9e6 - 1.0).abs() < 0.02, "{found}");
    }
}
