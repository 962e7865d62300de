//! Networks of the 57 descriptors of the GTZAN feature table.
//!
//! ```text
//! vector-cnn (streett)  [b, 1, 1, 57] → conv 3, 64 → conv 3, 128 → conv 2, 128, maximum of 2
//!                       → [b, 128, 1, 26] → dense 128 → embedding → dropout 0.6 → logits
//! vector-mlp            eight perceptrons 57 → 256 → 256 → logits, each with batch normalisation,
//!                       dropout and a little noise on its input; they learn apart and answer together
//! ```
//!
//! streett's normalises the first two of its convolutions; here all three are.

use burn::module::Module;
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, GaussianNoise, GaussianNoiseConfig, Linear,
    LinearConfig,
};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Tensor};

use super::blocks::Padding;
use super::output::ModelOutput;
use super::stack::{Branch, ConvBlock, StackConfig};

/// Length of the input.
const DESCRIPTORS: usize = 57;
/// The dropout of streett's network.
pub const DROPOUT: f64 = 0.6;
/// That of the perceptrons.
pub const MLP_DROPOUT: f64 = 0.4;
/// Perceptrons that answer together, and units of each of their two layers.
pub const MEMBERS: usize = 8;
const UNITS: usize = 256;
/// Deviation of the noise on their normalised input.
const NOISE: f64 = 0.1;

/// `vector-cnn`.
pub fn vector_cnn(outputs: usize) -> StackConfig {
    let step = |channels: usize, width: usize, pool: usize| ConvBlock {
        padding: Padding::Valid,
        ..ConvBlock::new(channels, [1, width], [1, pool])
    };
    StackConfig {
        branches: vec![Branch {
            shape: [1, 1, DESCRIPTORS],
            steps: vec![step(64, 3, 1), step(128, 3, 1), step(128, 2, 2)],
            memory: None,
            dense: None,
        }],
        dense: vec![128],
        dropout: DROPOUT,
        outputs,
    }
}

/// `vector-mlp`.
#[derive(Module, Debug)]
pub struct VectorMlp {
    members: Vec<Perceptron>,
}

impl VectorMlp {
    /// Length of its embedding: the logarithms of every member's probabilities.
    pub fn embedding(outputs: usize) -> usize {
        MEMBERS * outputs
    }

    /// Multiplications of one example, each with its addition.
    pub fn multiplications(outputs: usize) -> usize {
        MEMBERS * (DESCRIPTORS * UNITS + UNITS * UNITS + UNITS * outputs)
    }

    /// Members with random weights.
    pub fn new(outputs: usize, dropout: f64, device: &Device) -> Self {
        Self {
            members: (0..MEMBERS)
                .map(|_| Perceptron::new(outputs, dropout, device))
                .collect(),
        }
    }

    /// Hears normalised descriptors `[batch, 1, 57, 1]`.
    pub fn forward(&self, x: Tensor<4>) -> ModelOutput {
        let x: Tensor<2> = x.flatten(1, 3);
        let each: Vec<Tensor<2>> = self
            .members
            .iter()
            .map(|member| log_softmax(member.forward(x.clone()), 1))
            .collect();
        let sum = each[1..]
            .iter()
            .fold(each[0].clone(), |sum, member| sum + member.clone());
        let embedding = Tensor::cat(each.clone(), 1);
        ModelOutput {
            members: each,
            ..ModelOutput::new(sum.div_scalar(MEMBERS as f32), embedding)
        }
    }
}

#[derive(Module, Debug)]
struct Perceptron {
    noise: GaussianNoise,
    first: Linear,
    first_norm: BatchNorm,
    second: Linear,
    second_norm: BatchNorm,
    dropout: Dropout,
    genre: Linear,
}

impl Perceptron {
    fn new(outputs: usize, dropout: f64, device: &Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let norm = || BatchNormConfig::new(UNITS).init(device);
        Self {
            noise: GaussianNoiseConfig::new(NOISE).init(),
            first: layer(DESCRIPTORS, UNITS),
            first_norm: norm(),
            second: layer(UNITS, UNITS),
            second_norm: norm(),
            dropout: DropoutConfig::new(dropout).init(),
            genre: layer(UNITS, outputs),
        }
    }

    /// `[batch, 57]` to logits `[batch, outputs]`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.first.forward(self.noise.forward(x));
        let x = self.dropout.forward(relu(normalise(&self.first_norm, x)));
        let x = self.second.forward(x);
        let x = self.dropout.forward(relu(normalise(&self.second_norm, x)));
        self.genre.forward(x)
    }
}

/// Batch normalisation of `[batch, units]`.
fn normalise(norm: &BatchNorm, x: Tensor<2>) -> Tensor<2> {
    norm.forward(x.unsqueeze_dim::<3>(2)).squeeze_dim::<2>(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Network, parameters};

    #[test]
    fn the_parameters_are_those_of_the_layers() {
        let device = Device::flex();
        // Weights, then the scales and shifts of the normalisations.
        let convolutions = 64 * 3 + 128 * 64 * 3 + 128 * 128 * 2 + 2 * (64 + 128 + 128);
        let dense = 128 * 26 * 128 + 128 + 128 * 10 + 10;
        let network = Network::Stacked(vector_cnn(10).init(&device));
        assert_eq!(parameters(&network), convolutions + dense);
        let member = 57 * 256 + 256 + 256 * 256 + 256 + 4 * 256 + 256 * 10 + 10;
        let network = Network::VectorMlp(VectorMlp::new(10, MLP_DROPOUT, &device));
        assert_eq!(parameters(&network), MEMBERS * member);
    }

    #[test]
    fn the_members_answer_together() {
        let device = Device::flex();
        let network = VectorMlp::new(3, MLP_DROPOUT, &device);
        let output = network.forward(Tensor::ones([2, 1, 57, 1], &device));
        assert_eq!(output.logits.dims(), [2, 3]);
        assert_eq!(output.embedding.dims(), [2, VectorMlp::embedding(3)]);
        assert_eq!(output.members.len(), MEMBERS);
    }
}
