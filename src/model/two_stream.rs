//! The two-stream residual network of Tairi et al.: one stream listens along time, the other along
//! frequency.
//!
//! ```text
//! log-mel [b, 1, 128 bands, 128 frames]
//!   temporal  mean 4×1, conv 1×9, max 1×4, block 1×9, max 2×2, block 1×9, max 2×2, block 1×9
//!   spectral  mean 1×4, conv 9×1, max 4×1, block 9×1, max 2×2, block 9×1, max 2×2, block 9×1
//!             → [b, 128, 8, 8] each
//!   both on channels → conv 1×1 → mean over the picture → embedding [b, 128] → logits [b, genres]
//! ```
//!
//! A stream that listens along one axis does not need fine steps along the other, so the picture is
//! averaged along that one first: a quarter of the work, and the stream keeps what it is there for.

use burn::config::Config;
use burn::module::Module;
use burn::nn::pool::{
    AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, AvgPool2d, AvgPool2dConfig, MaxPool2d,
    MaxPool2dConfig,
};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::blocks::{ConvNorm, ResidualBlock};
use super::registry::Heard;

/// Length of the filters along a stream's own axis, in bands or frames.
const FILTER: usize = 9;

/// The sizes of a [`TwoStream`]. Channel counts are powers of two, which WebGPU kernels like.
#[derive(Config, Debug, PartialEq)]
pub struct TwoStreamConfig {
    /// Number of genres, the length of the logits.
    #[config(default = 10)]
    pub genres: usize,
    /// Channels of the three residual blocks of each stream.
    #[config(default = "[32, 64, 128]")]
    pub channels: [usize; 3],
    /// Length of the embedding.
    #[config(default = 128)]
    pub embedding: usize,
    /// Share of the embedding that is dropped at random before the genre layer while training.
    #[config(default = 0.3)]
    pub dropout: f64,
}

impl TwoStreamConfig {
    /// A network with random weights.
    pub fn init(&self, device: &Device) -> TwoStream {
        let fused = 2 * self.channels[2];
        TwoStream {
            temporal: Stream::new([1, FILTER], [4, 1], [1, 4], self.channels, device),
            spectral: Stream::new([FILTER, 1], [1, 4], [4, 1], self.channels, device),
            fusion: ConvNorm::new(fused, self.embedding, [1, 1], device),
            pool: AdaptiveAvgPool2dConfig::new([1, 1]).init(),
            dropout: DropoutConfig::new(self.dropout).init(),
            genre: LinearConfig::new(self.embedding, self.genres).init(device),
        }
    }
}

/// See the [module](self).
#[derive(Module, Debug)]
pub struct TwoStream {
    temporal: Stream,
    spectral: Stream,
    fusion: ConvNorm,
    pool: AdaptiveAvgPool2d,
    dropout: Dropout,
    genre: Linear,
}

impl TwoStream {
    /// Hears normalised log-mel segments `[batch, 1, 128 bands, 128 frames]`.
    pub fn forward(&self, x: Tensor<4>) -> Heard {
        let temporal = self.temporal.forward(x.clone());
        let spectral = self.spectral.forward(x);
        let fused = relu(
            self.fusion
                .forward(Tensor::cat(vec![temporal, spectral], 1)),
        );
        let embedding: Tensor<2> = self.pool.forward(fused).flatten(1, 3);
        let logits = self.genre_logits(self.dropout.forward(embedding.clone()));
        Heard { logits, embedding }
    }

    /// `[batch, embedding]` to `[batch, genres]`, by products and a sum: for so few numbers no matrix
    /// multiplication is worth its kernel, and with autotune on one of cubecl 0.11's was a WebGPU
    /// shader that did not compile.
    fn genre_logits(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.genre.weight.val().unsqueeze_dim::<3>(0);
        let products = x.unsqueeze_dim::<3>(2) * weight;
        let logits = products.sum_dim(1).squeeze_dim::<2>(1);
        match &self.genre.bias {
            Some(bias) => logits + bias.val().unsqueeze::<2>(),
            None => logits,
        }
    }
}

impl TwoStream {
    /// The same network for hearing only, its normalisations fused into the convolutions.
    pub fn fused(self) -> Self {
        Self {
            temporal: self.temporal.fused(),
            spectral: self.spectral.fused(),
            fusion: self.fusion.fused(),
            ..self
        }
    }
}

/// One stream: the picture coarsened across, a first convolution, then three residual blocks, each
/// after a pooling.
#[derive(Module, Debug)]
struct Stream {
    coarsen: AvgPool2d,
    stem: ConvNorm,
    blocks: Vec<ResidualBlock>,
    pools: Vec<MaxPool2d>,
}

impl Stream {
    fn new(
        kernel: [usize; 2],
        across: [usize; 2],
        along: [usize; 2],
        channels: [usize; 3],
        device: &Device,
    ) -> Self {
        let inputs = [channels[0], channels[0], channels[1]];
        Self {
            coarsen: AvgPool2dConfig::new(across).with_strides(across).init(),
            stem: ConvNorm::new(1, channels[0], kernel, device),
            blocks: inputs
                .into_iter()
                .zip(channels)
                .map(|(from, to)| ResidualBlock::new(from, to, kernel, device))
                .collect(),
            pools: [along, [2, 2], [2, 2]]
                .into_iter()
                .map(|size| MaxPool2dConfig::new(size).with_strides(size).init())
                .collect(),
        }
    }

    fn fused(self) -> Self {
        Self {
            stem: self.stem.fused(),
            blocks: self.blocks.into_iter().map(ResidualBlock::fused).collect(),
            ..self
        }
    }

    /// `[b, 1, 128, 128]` to `[b, channels, 8, 8]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut x = relu(self.stem.forward(self.coarsen.forward(x)));
        for (block, pool) in self.blocks.iter().zip(&self.pools) {
            x = block.forward(pool.forward(x));
        }
        x
    }
}

// Training is native only.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::model::{Network, parameters};

    #[test]
    fn shapes_and_size_are_those_of_the_doc_comment() {
        let device = Device::flex();
        let network = TwoStreamConfig::new().init(&device);
        let heard = network.forward(Tensor::zeros([3, 1, 128, 128], &device));
        assert_eq!(heard.logits.dims(), [3, 10]);
        assert_eq!(heard.embedding.dims(), [3, 128]);
        // Counted by hand: 2 × 306 784 for the streams, 33 024 for the fusion, 1 290 for the genres.
        assert_eq!(parameters(&Network::TwoStream(network)), 647_882);
    }

    #[test]
    fn fusing_the_normalisations_changes_nothing_that_is_heard() {
        let device = Device::flex().autodiff();
        let network = TwoStreamConfig::new().init(&device);
        let noise = |seed: u64| {
            device.seed(seed);
            Tensor::random([4, 1, 128, 128], Distribution::Normal(0.5, 2.0), &device)
        };
        // A pass in training moves the running statistics away from zero and one.
        network.forward(noise(1));
        let network = network.valid();
        let x = noise(2).inner();
        let expected = network.forward(x.clone());
        let found = network.fused().forward(x);
        for (a, b) in [
            (found.logits, expected.logits),
            (found.embedding, expected.embedding),
        ] {
            let difference = (a - b).abs().max().into_scalar::<f32>();
            // Rounding through a dozen layers of activations of order one.
            assert!(difference < 1e-3, "{difference}");
        }
    }
}
