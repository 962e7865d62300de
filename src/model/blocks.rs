//! Pieces that networks are built from.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A convolution that keeps the picture's size, followed by batch normalisation.
#[derive(Module, Debug)]
pub struct ConvNorm {
    conv: Conv2d,
    /// None once it is [fused](ConvNorm::fused) into the convolution.
    norm: Option<BatchNorm>,
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
            norm: Some(BatchNormConfig::new(channels_out).init(device)),
        }
    }

    /// `[batch, channels_in, frequency, time]` to `[batch, channels_out, frequency, time]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }

    /// The same for hearing only: a trained normalisation is a scale and a shift of each channel,
    /// which the convolution can take over.
    pub fn fused(mut self) -> Self {
        if let Some(norm) = self.norm.take() {
            let deviation = (norm.running_var.value() + norm.epsilon).sqrt();
            let scale = norm.gamma.val() / deviation;
            let shift = norm.beta.val() - norm.running_mean.value() * scale.clone();
            let channels = scale.dims()[0];
            self.conv.weight = self
                .conv
                .weight
                .map(|weight| weight * scale.reshape([channels, 1, 1, 1]));
            self.conv.bias = Some(Param::from_tensor(shift));
        }
        self
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

    /// See [`ConvNorm::fused`].
    pub fn fused(self) -> Self {
        Self {
            first: self.first.fused(),
            second: self.second.fused(),
            shortcut: self.shortcut.map(ConvNorm::fused),
        }
    }
}
