//! Pieces that networks are built from.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A convolution that keeps the picture's size, followed by batch normalisation.
#[derive(Module, Debug)]
pub struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvNorm {
    /// From `channels_in` to `channels_out` with an odd `[frequency, time]` kernel.
    pub fn new(
        channels_in: usize,
        channels_out: usize,
        kernel: [usize; 2],
        device: &Device,
    ) -> Self {
        let conv = Conv2dConfig::new([channels_in, channels_out], kernel)
            .with_padding(PaddingConfig2d::Explicit(
                kernel[0] / 2,
                kernel[1] / 2,
                kernel[0] / 2,
                kernel[1] / 2,
            ))
            // The normalisation that follows subtracts any bias.
            .with_bias(false)
            .with_initializer(Initializer::KaimingNormal {
                gain: std::f64::consts::SQRT_2,
                fan_out_only: false,
            })
            .init(device);
        Self {
            conv,
            norm: BatchNormConfig::new(channels_out).init(device),
        }
    }

    /// `[batch, channels_in, frequency, time]` to `[batch, channels_out, frequency, time]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.norm.forward(self.conv.forward(x))
    }
}

/// A residual block: two convolutions, and a way around them (He et al. 2016). Where the number of
/// channels changes, a 1×1 convolution fits the way around.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: Option<ConvNorm>,
}

impl ResidualBlock {
    /// From `channels_in` to `channels_out` with two convolutions of the `[frequency, time]` kernel.
    pub fn new(
        channels_in: usize,
        channels_out: usize,
        kernel: [usize; 2],
        device: &Device,
    ) -> Self {
        Self {
            first: ConvNorm::new(channels_in, channels_out, kernel, device),
            second: ConvNorm::new(channels_out, channels_out, kernel, device),
            shortcut: (channels_in != channels_out)
                .then(|| ConvNorm::new(channels_in, channels_out, [1, 1], device)),
        }
    }

    /// `[batch, channels_in, frequency, time]` to `[batch, channels_out, frequency, time]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x.clone()),
            None => x.clone(),
        };
        let through = self.second.forward(relu(self.first.forward(x)));
        relu(through + around)
    }
}
