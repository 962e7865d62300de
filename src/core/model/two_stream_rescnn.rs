//! The two-stream residual network of Tairi et al., enlarged; it learns from labels alone: one stream begins by listening along time,
//! the other along frequency.
//!
//! ```text
//! log-mel [b, 1, 128 bands, 128 frames]
//!   temporal  mean 4×1, conv 1×9, max 1×4, block 1×9, max 2×2, block 3×3, max 2×2
//!   spectral  mean 1×4, conv 9×1, max 4×1, block 9×1, max 2×2, block 3×3, max 2×2
//!             → [b, 96, 8, 8] each
//!   both on channels → conv 1×1 → block 3×3 → [b, 128, 8, 8]
//!   mean and maximum over the picture → [b, 256] → dense → embedding [b, 128]
//!   embedding → dense → logits [b, genres]; dense → tag logits [b, tags]; dense → music logit [b, 1]
//! ```
//!
//! A stream with filters along one axis does not need fine steps along the other, so the picture is
//! averaged along that one first: a quarter of the work, and the stream keeps what it is there for.
//! Convolutions do not know where in the picture they are, but bass is not treble: after its first
//! convolution each stream adds a learnt number per channel and band.

use burn::module::{Module, Param};
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::blocks::{ConvNorm, ResidualBlock, dense, head, max_pool, mean_and_maximum};
use super::config::{FILTER, POOLED, TwoStreamResCnnConfig};
use super::output::ModelOutput;

impl TwoStreamResCnnConfig {
    /// A network with random weights.
    pub fn init(&self, device: &Device) -> TwoStreamResCnn {
        let head = |outputs: usize| LinearConfig::new(self.embedding, outputs).init(device);
        TwoStreamResCnn {
            temporal: Stream::new([1, FILTER], [4, 1], [1, 4], self.channels, device),
            spectral: Stream::new([FILTER, 1], [1, 4], [4, 1], self.channels, device),
            fusion: ConvNorm::new(2 * self.channels[2], self.fused, [1, 1], device),
            joint: ResidualBlock::new(self.fused, self.fused, [3, 3], device),
            embedding: LinearConfig::new(2 * self.fused, self.embedding).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
            genre: head(self.genres),
            tags: (self.tags > 0).then(|| head(self.tags)),
            music: self.music.then(|| head(1)),
        }
    }
}

/// See the [module](self).
#[derive(Module, Debug)]
pub struct TwoStreamResCnn {
    temporal: Stream,
    spectral: Stream,
    fusion: ConvNorm,
    joint: ResidualBlock,
    embedding: Linear,
    dropout: Dropout,
    genre: Linear,
    tags: Option<Linear>,
    music: Option<Linear>,
}

impl TwoStreamResCnn {
    /// Hears normalised log-mel segments `[batch, 1, 128 bands, 128 frames]`.
    pub fn forward(&self, x: Tensor<4>) -> ModelOutput {
        let temporal = self.temporal.forward(x.clone());
        let spectral = self.spectral.forward(x);
        let fused = self
            .fusion
            .forward_relu(Tensor::cat(vec![temporal, spectral], 1));
        let picture: Tensor<3> = self.joint.forward(fused).flatten(2, 3);
        let pooled = Tensor::cat(mean_and_maximum(picture).to_vec(), 1);
        let embedding = dense(&self.embedding, pooled);
        ModelOutput {
            logits: dense(&self.genre, self.dropout.forward(embedding.clone())),
            tags: head(self.tags.as_ref(), &embedding),
            music: head(self.music.as_ref(), &embedding),
            embedding,
            members: Vec::new(),
        }
    }

    /// The same network for hearing only, its normalisations fused into the convolutions.
    pub fn fused(self) -> Self {
        Self {
            temporal: self.temporal.fused(),
            spectral: self.spectral.fused(),
            fusion: self.fusion.fused(),
            joint: self.joint.fused(),
            ..self
        }
    }
}

/// One stream: the picture coarsened across, a first convolution, then two residual blocks with
/// poolings around them.
#[derive(Module, Debug)]
struct Stream {
    coarsen: AvgPool2d,
    stem: ConvNorm,
    /// `[channels, POOLED, 1]`
    place: Param<Tensor<3>>,
    along: ResidualBlock,
    both: ResidualBlock,
    first_pool: [usize; 2],
}

impl Stream {
    fn new(
        kernel: [usize; 2],
        across: [usize; 2],
        along: [usize; 2],
        channels: [usize; 3],
        device: &Device,
    ) -> Self {
        Self {
            coarsen: AvgPool2dConfig::new(across).with_strides(across).init(),
            stem: ConvNorm::new(1, channels[0], kernel, device),
            place: Param::from_tensor(Tensor::zeros([channels[0], POOLED, 1], device)),
            along: ResidualBlock::new(channels[0], channels[1], kernel, device),
            both: ResidualBlock::new(channels[1], channels[2], [3, 3], device),
            first_pool: along,
        }
    }

    fn fused(self) -> Self {
        Self {
            stem: self.stem.fused(),
            along: self.along.fused(),
            both: self.both.fused(),
            ..self
        }
    }

    /// `[b, 1, 128, 128]` to `[b, channels, 8, 8]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.stem.forward_relu(self.coarsen.forward(x));
        let x = max_pool(x, self.first_pool) + self.place.val().unsqueeze::<4>();
        let x = max_pool(self.along.forward(x), [2, 2]);
        max_pool(self.both.forward(x), [2, 2])
    }
}

// Training is native only.
#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::model::{Network, parameters};

    #[test]
    fn shapes_and_size_are_those_of_the_doc_comment() {
        let device = Device::flex();
        let network = TwoStreamResCnnConfig::default().init(&device);
        let output = network.forward(Tensor::zeros([3, 1, 128, 128], &device));
        assert_eq!(output.logits.dims(), [3, 10]);
        assert_eq!(output.embedding.dims(), [3, 128]);
        assert!(output.tags.is_none() && output.music.is_none());
        // Counted by hand: 2 × 167 360 for the streams, 24 832 for the fusion, 295 424 for the joint
        // block, 32 896 for the embedding, 1 290 for the genres.
        assert_eq!(parameters(&Network::TwoStreamResCnn(network)), 689_162);

        let network = TwoStreamResCnnConfig {
            tags: 50,
            music: true,
            ..TwoStreamResCnnConfig::default()
        }
        .init(&device);
        let output = network.forward(Tensor::zeros([2, 1, 128, 128], &device));
        assert_eq!(output.tags.map(|tags| tags.dims()), Some([2, 50]));
        assert_eq!(output.music.map(|music| music.dims()), Some([2, 1]));
    }

    #[test]
    fn fusing_the_normalisations_changes_nothing_that_is_heard() {
        let device = Device::flex().autodiff();
        let network = TwoStreamResCnnConfig::default().init(&device);
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
