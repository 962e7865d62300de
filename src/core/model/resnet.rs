//! ResNet-18 (He et al. 2016) of the log-mel picture, which tairi's table puts above the two-stream
//! network.
//!
//! ```text
//! log-mel [b, 1, 128 bands, 128 frames]
//!   conv 7×7, 64, every second; maximum of 3×3, every second → [b, 64, 32, 32]
//!   2 blocks each of 64, 128, 256 and 512 channels, the first of each later pair taking every second
//!   → [b, 512, 4, 4] → mean → embedding [b, 512] → logits [b, genres]
//! ```

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::blocks::{Conv, Padding};
use super::output::ModelOutput;

/// Length of the embedding.
pub const EMBEDDING: usize = 512;

/// See the [module](self).
#[derive(Module, Debug)]
pub struct ResNet {
    stem: Conv,
    pool: MaxPool2d,
    blocks: Vec<Block>,
    genre: Linear,
}

impl ResNet {
    /// Multiplications of one segment as this program makes them, each with its addition: convolutions
    /// with a step of two are made with a step of one, and every second result is taken.
    pub fn multiplications(outputs: usize) -> usize {
        let mut count = 49 * 64 * 128 * 128 + EMBEDDING * outputs;
        let (mut before, mut side) = (64, 32);
        for channels in [64, 128, 256, 512] {
            count += 9 * before * channels * side * side;
            if before != channels {
                side /= 2;
                count += before * channels * side * side;
            }
            count += 3 * 9 * channels * channels * side * side;
            before = channels;
        }
        count
    }

    /// A network with random weights.
    pub fn new(outputs: usize, device: &Device) -> Self {
        let mut before = 64;
        let mut blocks = Vec::new();
        for channels in [64, 128, 256, 512] {
            for _ in 0..2 {
                blocks.push(Block::new(before, channels, device));
                before = channels;
            }
        }
        Self {
            stem: Conv::new(1, 64, [7, 7], Padding::Same, device),
            pool: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(),
            blocks,
            genre: LinearConfig::new(EMBEDDING, outputs).init(device),
        }
    }

    /// Hears normalised log-mel segments `[batch, 1, 128 bands, 128 frames]`.
    pub fn forward(&self, x: Tensor<4>) -> ModelOutput {
        let x = self.pool.forward(every_second(self.stem.forward_relu(x)));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        let picture: Tensor<3> = x.flatten(2, 3);
        let embedding = picture.mean_dim(2).squeeze_dim::<2>(2);
        ModelOutput::new(self.genre.forward(embedding.clone()), embedding)
    }
}

/// Two convolutions and a way around them; where the channels grow, the picture shrinks.
#[derive(Module, Debug)]
struct Block {
    first: Conv,
    second: Conv,
    shortcut: Option<Conv>,
}

impl Block {
    fn new(before: usize, channels: usize, device: &Device) -> Self {
        let conv = |from, size| Conv::new(from, channels, [size, size], Padding::Same, device);
        Self {
            first: conv(before, 3),
            second: conv(channels, 3),
            shortcut: (before != channels).then(|| conv(before, 1)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (through, around) = match &self.shortcut {
            None => (self.first.forward_relu(x.clone()), x),
            // The normalisation sees every position here, not every second: a little more work, and
            // statistics of more values.
            Some(shortcut) => (
                every_second(self.first.forward_relu(x.clone())),
                shortcut.forward(every_second(x)),
            ),
        };
        relu(self.second.forward(through) + around)
    }
}

/// Every second row and column of `[batch, channels, height, width]`, both even: what a step of two
/// leaves of a convolution with a step of one.
fn every_second(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch * channels, height / 2, 2, width]);
    let x = x.slice([0..batch * channels, 0..height / 2, 0..1, 0..width]);
    let x = x.reshape([batch * channels, height / 2, width / 2, 2]);
    let x = x.slice([0..batch * channels, 0..height / 2, 0..width / 2, 0..1]);
    x.reshape([batch, channels, height / 2, width / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Network, parameters};

    #[test]
    fn it_has_the_parameters_of_resnet_18_with_one_channel_and_ten_genres() {
        let network = ResNet::new(10, &Device::flex());
        assert_eq!(parameters(&Network::ResNet(network)), 11_175_370);
    }

    #[test]
    fn every_second_row_and_column_stays() {
        let device = Device::flex();
        let x = Tensor::<1>::from_floats([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &device);
        let left: Vec<f32> = every_second(x.reshape([1, 1, 2, 4]))
            .into_data()
            .iter::<f32>()
            .collect();
        assert_eq!(left, [0.0, 2.0]);
    }
}
