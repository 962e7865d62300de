//! The two-stream residual network that ships: one stream of filters along frequency, one of filters along
//! time, joined on channels, residual convolutions over time, mean and maximum pooled.
//!
//! ```text
//! log-mel [b, 1, 96 bands, 187 frames]
//!   spectral  conv 38×7 and 67×7, maximum over the bands            → [b, 37, 1, 187]
//!   temporal  conv 1×128, 1×64 and 1×32, maximum over the bands     → [b, 27, 1, 187]
//!   front     both, and one channel of ones, on channels            → [b, 65, 1, 187]
//!   a         conv 1×7                                              → [b, 20, 1, 187]
//!   b         conv 1×7 of a and ones, plus a                        → [b, 64, 1, 187]
//!   c         conv 1×7 of b and ones, plus b                        → [b, 64, 1, 187]
//!   maximum and mean over time of front, a, b and c                 → [b, 424]
//!   dense, ReLU                                                     → features [b, 200]
//!   features → dense → embedding [b, 128]
//!   features → dense → logits [b, genres]; → tag logits [b, tags]; → music logit [b, 1]
//! ```
//!
//! It has the form of MusiCNN (Pons et al. 2017, 2019) without the filters that weight decay has driven to
//! zero there, so that it can begin with the weights of MusiCNN: `train::import_musicnn`. Every
//! convolution is followed by a ReLU and then by a scale and a shift of each channel, the batch
//! normalisation of a network that has finished learning.
//!
//! A filter without weights still has a constant output, which MusiCNN's next layer sees inside the picture
//! and not in the zeros beyond its edges. The channel of ones carries all of these constants exactly.

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::blocks::{dense, head, mean_and_maximum};
use super::config::{FRAMES, TwoStreamConfig};
use super::output::ModelOutput;

impl TwoStreamConfig {
    /// A network with random weights.
    pub fn init(&self, device: &Device) -> TwoStream {
        let head = |outputs: usize| LinearConfig::new(self.features, outputs).init(device);
        let [first, second, third] = self.residual;
        let residual =
            |inputs, outputs| Filters::new(inputs + 1, outputs, [1, FRAMES], true, device);
        TwoStream {
            spectral: self
                .spectral
                .iter()
                .map(|&[count, height]| Filters::new(1, count, [height, FRAMES], false, device))
                .collect(),
            temporal: self
                .temporal
                .iter()
                .map(|&[count, width]| Filters::new(1, count, [1, width], false, device))
                .collect(),
            residual: vec![
                residual(self.front(), first),
                residual(first, second),
                residual(second, third),
            ],
            features: LinearConfig::new(self.pooled(), self.features).init(device),
            scale: Param::from_tensor(Tensor::ones([self.features], device)),
            shift: Param::from_tensor(Tensor::zeros([self.features], device)),
            embedding: (self.embedding > 0).then(|| head(self.embedding)),
            dropout: DropoutConfig::new(self.dropout).init(),
            genre: head(self.genres),
            tags: (self.tags > 0).then(|| head(self.tags)),
            music: self.music.then(|| head(1)),
        }
    }
}

/// See the [module](self).
#[derive(Module, Debug)]
pub struct TwoStream {
    spectral: Vec<Filters>,
    temporal: Vec<Filters>,
    residual: Vec<Filters>,
    features: Linear,
    scale: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
    embedding: Option<Linear>,
    dropout: Dropout,
    genre: Linear,
    tags: Option<Linear>,
    music: Option<Linear>,
}

impl TwoStream {
    /// Normalised log-mel segments `[batch, 1, 96 bands, 187 frames]` to genres, tags and embedding.
    pub fn forward(&self, x: Tensor<4>) -> ModelOutput {
        let features = self.features(x);
        ModelOutput {
            logits: dense(&self.genre, self.dropout.forward(features.clone())),
            tags: head(self.tags.as_ref(), &features),
            music: head(self.music.as_ref(), &features),
            embedding: head(self.embedding.as_ref(), &features).unwrap_or(features),
            members: Vec::new(),
        }
    }

    /// The last layer before the heads, `[batch, features]`, of segments `[batch, 1, bands, frames]`.
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        let [batch, _, _, frames] = x.dims();
        let ones = Tensor::<4>::ones([batch, 1, 1, frames], &x.device());
        let streams = self.spectral.iter().chain(&self.temporal);
        let front: Vec<Tensor<4>> = streams.map(|f| f.loudest_band(x.clone())).collect();
        let front = Tensor::cat(front, 1);
        let mut layers = vec![front];
        for (at, filters) in self.residual.iter().enumerate() {
            let before = layers[at].clone();
            let found = filters.forward(Tensor::cat(vec![before.clone(), ones.clone()], 1));
            // The first is no residual: its input has other channels.
            layers.push(if at == 0 { found } else { plus(found, before) });
        }
        let all: Tensor<3> = Tensor::cat(layers, 1).squeeze_dim(2);
        let [mean, maximum] = mean_and_maximum(all);
        let dense = relu(dense(&self.features, Tensor::cat(vec![maximum, mean], 1)));
        dense * self.scale.val().unsqueeze::<2>() + self.shift.val().unsqueeze::<2>()
    }
}

/// The sum of two pictures, the second of which may have fewer channels.
fn plus(x: Tensor<4>, around: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let missing = channels - around.dims()[1];
    if missing == 0 {
        return x + around;
    }
    let zeros = Tensor::zeros([batch, missing, height, width], &x.device());
    x + Tensor::cat(vec![around, zeros], 1)
}

/// A convolution over time that keeps the number of frames, followed by ReLU, scale and shift.
#[derive(Module, Debug)]
struct Filters {
    /// `[channels_out, channels_in, bands, frames]`. Where only the loudest band is asked for and the scale
    /// is negative, the weights are stored with their sign turned: see [`Filters::loudest_band`].
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    scale: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
}

impl Filters {
    fn new(
        channels_in: usize,
        channels_out: usize,
        kernel: [usize; 2],
        residual: bool,
        device: &Device,
    ) -> Self {
        let inputs = channels_in * kernel[0] * kernel[1];
        let shape = [channels_out, channels_in, kernel[0], kernel[1]];
        let gain = if residual {
            1.0
        } else {
            std::f64::consts::SQRT_2
        };
        let initializer = Initializer::KaimingNormal {
            gain,
            fan_out_only: false,
        };
        Self {
            weight: initializer.init_with(shape, Some(inputs), None, device),
            bias: Param::from_tensor(Tensor::zeros([channels_out], device)),
            scale: Param::from_tensor(Tensor::ones([channels_out], device)),
            shift: Param::from_tensor(Tensor::zeros([channels_out], device)),
        }
    }

    /// `[batch, channels_in, height, frames]` to `[batch, channels_out, height − bands + 1, frames]`, nothing
    /// added yet. Zeros lie beyond the first and the last frame; of an even width the larger half comes
    /// after.
    fn convolve(&self, x: Tensor<4>) -> Tensor<4> {
        let width = self.weight.dims()[3];
        let zeros = crate::kernels::Zeros {
            height: [0, 0],
            width: [(width - 1) / 2, width / 2],
        };
        super::blocks::convolution(x, self.weight.val(), zeros)
    }

    /// The rest, of `[batch, channels_out, height, frames]`.
    fn finish(&self, x: Tensor<4>) -> Tensor<4> {
        let channels = |values: Tensor<1>| values.reshape([1, -1, 1, 1]);
        let x = relu(x + channels(self.bias.val()));
        x * channels(self.scale.val()) + channels(self.shift.val())
    }

    /// `[batch, channels_in, 1, frames]` to `[batch, channels_out, 1, frames]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.finish(self.convolve(x))
    }

    /// The greatest value over the bands, `[batch, channels_out, 1, frames]`, of what [`Filters::finish`] makes
    /// of every band. Its steps are monotonous, so the maximum can be taken before them; where the scale is
    /// negative it is a minimum there, which is the negative maximum of the negative.
    fn loudest_band(&self, x: Tensor<4>) -> Tensor<4> {
        let greatest = self.convolve(x).max_dim(2);
        let sign = self.scale.val().sign().reshape([1, -1, 1, 1]);
        self.finish(greatest * sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Network, Weights, parameters};

    #[test]
    fn shapes_and_size_are_those_of_the_doc_comment() {
        let device = Device::flex();
        let network = TwoStreamConfig::default().init(&device);
        let output = network.forward(Tensor::zeros([3, 1, 96, 187], &device));
        assert_eq!(output.logits.dims(), [3, 10]);
        assert_eq!(output.embedding.dims(), [3, 128]);
        assert!(output.tags.is_none() && output.music.is_none());
        // Counted by hand: 12 684 and 1 376 for the streams' filters, 9 100, 9 408 and 29 120 for the
        // residual ones, 3 · 212 for bias, scale and shift, 85 000 + 400 for the features, 25 728 for the
        // embedding, 2 010 for the genres.
        let by_hand = 12_684 + 1_376 + 9_100 + 9_408 + 29_120 + 636 + 85_400 + 25_728 + 2_010;
        assert_eq!(parameters(&Network::TwoStream(network)), by_hand);

        let config = TwoStreamConfig {
            tags: 50,
            music: true,
            embedding: 0,
            ..TwoStreamConfig::default()
        };
        let output = config
            .init(&device)
            .forward(Tensor::zeros([2, 1, 96, 187], &device));
        assert_eq!(output.tags.map(|tags| tags.dims()), Some([2, 50]));
        assert_eq!(output.music.map(|music| music.dims()), Some([2, 1]));
        assert_eq!(output.embedding.dims(), [2, 200]);
    }

    #[test]
    fn the_arrays_of_a_file_are_those_of_the_network() {
        let all_heads = TwoStreamConfig {
            tags: 50,
            music: true,
            ..TwoStreamConfig::default()
        };
        let no_embedding = TwoStreamConfig {
            embedding: 0,
            ..TwoStreamConfig::default()
        };
        for config in [TwoStreamConfig::default(), all_heads, no_embedding] {
            let network = Network::TwoStream(config.init(&Device::flex()));
            let arrays = Weights::of(&network).0.into_iter();
            let shapes = arrays.map(|(name, array)| (name, array.shape)).collect();
            assert_eq!(config.shapes(), shapes);
        }
    }
}
