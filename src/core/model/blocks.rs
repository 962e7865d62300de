//! Pieces that networks are built from.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, Linear, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};

use crate::kernels::{self, Zeros};

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
        self.run(x, false)
    }

    /// [`ConvNorm::forward`], then a ReLU.
    pub fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.run(x, true)
    }

    fn run(&self, x: Tensor<4>, with_relu: bool) -> Tensor<4> {
        let x = self.convolve(x);
        match &self.norm {
            Some(norm) => normalise(norm, x, with_relu),
            None if with_relu => relu(x),
            None => x,
        }
    }

    fn convolve(&self, x: Tensor<4>) -> Tensor<4> {
        let zeros = Zeros::same(self.conv.kernel_size);
        let Some(y) = kernels::convolution(&x, &self.conv.weight.val(), zeros) else {
            return self.conv.forward(x);
        };
        match &self.conv.bias {
            Some(bias) => y + bias.val().reshape([1, -1, 1, 1]),
            None => y,
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

/// What a convolution does at the edges of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros lie beyond them, so that the picture keeps its size.
    Same,
    /// Filters stay inside, so that the picture shrinks.
    Valid,
}

/// A convolution with stride one and a kernel of any size, followed by batch normalisation.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[channels_out, channels_in, height, width]`
    weight: Param<Tensor<4>>,
    norm: BatchNorm,
    /// Zeros above and below.
    height: [usize; 2],
    /// Zeros left and right.
    width: [usize; 2],
}

impl Conv {
    /// From `channels_in` to `channels_out` with a `[height, width]` kernel.
    pub fn new(
        channels_in: usize,
        channels_out: usize,
        kernel: [usize; 2],
        padding: Padding,
        device: &Device,
    ) -> Self {
        let around = |size: usize| match padding {
            Padding::Same => [(size - 1) / 2, size / 2],
            Padding::Valid => [0, 0],
        };
        let inputs = channels_in * kernel[0] * kernel[1];
        let weight = Initializer::KaimingNormal {
            gain: std::f64::consts::SQRT_2,
            fan_out_only: false,
        }
        .init_with(
            [channels_out, channels_in, kernel[0], kernel[1]],
            Some(inputs),
            None,
            device,
        );
        Self {
            weight,
            norm: BatchNormConfig::new(channels_out).init(device),
            height: around(kernel[0]),
            width: around(kernel[1]),
        }
    }

    /// `[batch, channels_in, height, width]` to `[batch, channels_out, …]`, normalised.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.run(x, false)
    }

    /// [`Conv::forward`], then a ReLU.
    pub fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.run(x, true)
    }

    fn run(&self, x: Tensor<4>, with_relu: bool) -> Tensor<4> {
        let (height, width) = (self.height, self.width);
        let x = convolution(x, self.weight.val(), Zeros { height, width });
        normalise(&self.norm, x, with_relu)
    }
}

/// Batch normalisation, then a ReLU where it is asked for.
fn normalise(norm: &BatchNorm, x: Tensor<4>, with_relu: bool) -> Tensor<4> {
    let affine = [norm.gamma.val(), norm.beta.val()];
    let Some((y, mean, variance)) = kernels::batch_norm(&x, affine, norm.epsilon, with_relu) else {
        let x = norm.forward(x);
        return if with_relu { relu(x) } else { x };
    };
    // What `BatchNorm::forward` does in training.
    let moved = |old: Tensor<1>, new: Tensor<1>| {
        (old.mul_scalar(1.0 - norm.momentum) + new.detach().mul_scalar(norm.momentum)).detach()
    };
    let running_mean = moved(norm.running_mean.value_sync(), mean);
    let running_var = moved(norm.running_var.value_sync(), variance);
    norm.running_mean.update(running_mean);
    norm.running_var.update(running_var);
    y
}

/// A convolution with stride one, without bias: see [`kernels::convolution`].
pub fn convolution(x: Tensor<4>, weight: Tensor<4>, zeros: Zeros) -> Tensor<4> {
    if let Some(y) = kernels::convolution(&x, &weight, zeros) {
        return y;
    }
    let Zeros { height, width } = zeros;
    let x = if height == [0, 0] && width == [0, 0] {
        x
    } else {
        x.pad([(height[0], height[1]), (width[0], width[1])], 0.0)
    };
    conv2d(x, weight, None, ConvOptions::new([1, 1], [0, 0], [1, 1], 1))
}

/// Greatest values of patches of `[frequency, time]` that lie side by side.
pub fn max_pool(x: Tensor<4>, patch: [usize; 2]) -> Tensor<4> {
    if let Some(y) = kernels::max_pool(&x, patch) {
        return y;
    }
    max_pool2d(x, MaxPoolOptions::new(patch))
}

/// A fully connected layer on `[batch, in]`, by products and a sum: for so few numbers no matrix
/// multiplication is worth its kernel, and with autotune on one of cubecl 0.11's was a WebGPU shader
/// that did not compile.
pub fn dense(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    let weight = layer.weight.val().unsqueeze_dim::<3>(0);
    let products = x.unsqueeze_dim::<3>(2) * weight;
    let sums = products.sum_dim(1).squeeze_dim::<2>(1);
    match &layer.bias {
        Some(bias) => sums + bias.val().unsqueeze::<2>(),
        None => sums,
    }
}

/// A head on the features of a network, if the network has it.
pub fn head(layer: Option<&Linear>, features: &Tensor<2>) -> Option<Tensor<2>> {
    layer.map(|layer| dense(layer, features.clone()))
}

/// Mean and maximum of each channel, `[batch, channels]` each, of `[batch, channels, places]`.
pub fn mean_and_maximum(x: Tensor<3>) -> [Tensor<2>; 2] {
    let mean = x.clone().mean_dim(2).squeeze_dim(2);
    let maximum = x.max_dim(2).squeeze_dim(2);
    [mean, maximum]
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
        let through = self.second.forward(self.first.forward_relu(x));
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
