//! zhang's network of the log-mel picture: convolutions with maxima and normalisation, dropout, dense
//! layers. The paper names the kinds of layers, not their sizes; these are ours.
//!
//! ```text
//! log-mel [b, 1, 128 bands, 128 frames]
//!   conv 3×3, 32, max 2×2; conv 3×3, 64, max 2×2; conv 3×3, 128, max 4×4 → [b, 128, 8, 8]
//!   dense 128 → embedding → dropout → logits [b, genres]
//! ```

use super::stack::{Branch, ConvBlock, StackConfig};

/// Dropout before the last layer.
pub const DROPOUT: f64 = 0.5;

/// `logmel-cnn`.
pub fn logmel_cnn(outputs: usize) -> StackConfig {
    let step = |channels: usize, pool: usize| ConvBlock::new(channels, [3, 3], [pool, pool]);
    StackConfig {
        branches: vec![Branch {
            shape: [1, 128, 128],
            steps: vec![step(32, 2), step(64, 2), step(128, 4)],
            memory: None,
            dense: None,
        }],
        dense: vec![128],
        dropout: DROPOUT,
        outputs,
    }
}
