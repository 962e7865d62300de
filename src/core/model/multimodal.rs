//! perry's five networks of a song's beginning. The paper names their inputs and kinds of layers; the
//! sizes are ours.
//!
//! ```text
//! mfcc-cnn    [b, 1, 20, 130]  conv 3×3, 32, max 2×2; conv 3×3, 64, max 2×2 → dense 64
//! mfcc-crnn   [b, 1, 20, 130]  the same convolutions → LSTM 64 over 32 columns → dense 64
//! dwt-cnn     [b, 1, 7, 128]   conv 3×3, 32, max 1×2; conv 3×3, 64, max 1×2 → dense 64
//! stft-cnn    [b, 1, 256, 130] conv 3×3, 16, max 4×2; 32, max 4×2; 64, max 2×2 → dense 64
//! multimodal  all three, each with its dense 64, side by side → dense 64
//! ```

use super::stack::{Branch, ConvBlock, RecurrentLayer, StackConfig};

/// Size of the fully connected layers.
const DENSE: usize = 64;
/// perry found that dropout does not help.
pub const DROPOUT: f64 = 0.0;

fn step(channels: usize, pool: [usize; 2]) -> ConvBlock {
    ConvBlock::new(channels, [3, 3], pool)
}

fn mfcc() -> Branch {
    Branch {
        shape: [1, 20, 130],
        steps: vec![step(32, [2, 2]), step(64, [2, 2])],
        memory: None,
        dense: None,
    }
}

fn dwt() -> Branch {
    Branch {
        shape: [1, 7, 128],
        steps: vec![step(32, [1, 2]), step(64, [1, 2])],
        memory: None,
        dense: None,
    }
}

fn stft() -> Branch {
    Branch {
        shape: [1, 256, 130],
        steps: vec![step(16, [4, 2]), step(32, [4, 2]), step(64, [2, 2])],
        memory: None,
        dense: None,
    }
}

fn plan(branches: Vec<Branch>, outputs: usize) -> StackConfig {
    StackConfig {
        branches,
        dense: vec![DENSE],
        dropout: DROPOUT,
        outputs,
    }
}

/// `mfcc-cnn`.
pub fn mfcc_cnn(outputs: usize) -> StackConfig {
    plan(vec![mfcc()], outputs)
}

/// `mfcc-crnn`.
pub fn mfcc_crnn(outputs: usize) -> StackConfig {
    let memory = Some(RecurrentLayer::Lstm { hidden: DENSE });
    plan(vec![Branch { memory, ..mfcc() }], outputs)
}

/// `dwt-cnn`.
pub fn dwt_cnn(outputs: usize) -> StackConfig {
    plan(vec![dwt()], outputs)
}

/// `stft-cnn`.
pub fn stft_cnn(outputs: usize) -> StackConfig {
    plan(vec![stft()], outputs)
}

/// `multimodal`.
pub fn multimodal(outputs: usize) -> StackConfig {
    let branches = [mfcc(), dwt(), stft()].map(|branch| Branch {
        dense: Some(DENSE),
        ..branch
    });
    plan(branches.to_vec(), outputs)
}
