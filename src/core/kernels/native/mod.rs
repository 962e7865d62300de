//! The two operations that nearly all of training's time goes into, written for the processor that
//! it runs on: convolution as a product of matrices (faer), and batch normalisation in as few passes
//! over memory as it takes. burn's own CPU backend does both, but for its gradient of a convolution's
//! weights it convolves with kernels as large as the picture, and spends a pass over memory on every
//! term of the normalisation.
//!
//! They are operations of burn's backend like any other: differentiable, and found through the tensor
//! alone. Any other device, and the browser, keep to burn's. Native only.

mod convolution;
mod norm;
mod pool;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, DispatchDevice, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Bytes, DType, Device, Shape, Tensor};

use super::Zeros;
use norm::Statistics;

/// Whether tensors of a device can go through these kernels.
pub fn serve(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        device @ DispatchDevice::Autodiff(_) => {
            matches!(device.clone().inner(), DispatchDevice::Flex(_))
        }
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// Convolution with stride one, without bias: `x` `[batch, channels_in, height, width]` and `weight`
/// `[channels_out, channels_in, kernel_height, kernel_width]`. Only where the device is [served](serve).
pub fn convolution(x: Tensor<4>, weight: Tensor<4>, padding: Zeros) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::convolution(
        x.into_dispatch(),
        weight.into_dispatch(),
        padding,
    ))
}

/// Batch normalisation by the batch's own statistics, and where `relu` is set a ReLU after it, of `x`
/// `[batch, channels, height, width]` with `gamma` and `beta` `[channels]`. Returns the result, and the
/// batch's mean and biased variance, `[channels]` each. Only where the device is [served](serve).
pub fn batch_norm(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    relu: bool,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (y, mean, variance) = Dispatch::normalisation(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
        relu,
    );
    (
        Tensor::from_dispatch(y),
        Tensor::from_dispatch(mean),
        Tensor::from_dispatch(variance),
    )
}

/// Maximum over patches of `[height, width]` that do not overlap, of `x` `[batch, channels, height,
/// width]`. Only where the device is [served](serve).
pub fn max_pool(x: Tensor<4>, patch: [usize; 2]) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::maximum(x.into_dispatch(), patch[0], patch[1]))
}

#[backend_extension(Flex, Autodiff)]
trait Kernels: Backend {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        padding: Zeros,
    ) -> FloatTensor<Self>;

    fn normalisation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn maximum(x: FloatTensor<Self>, height: usize, width: usize) -> FloatTensor<Self>;
}

impl Kernels for Flex {
    fn convolution(x: FlexTensor, weight: FlexTensor, padding: Zeros) -> FlexTensor {
        let (x, weight) = (Picture::of(x), Picture::of(weight));
        convolution::forward(x.view(), weight.view(), padding).into()
    }

    fn normalisation(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        relu: bool,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let x = Picture::of(x);
        let statistics = norm::statistics(x.view());
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        let y = norm::forward(
            x.view(),
            &statistics,
            (gamma.storage(), beta.storage()),
            epsilon,
            relu,
        );
        let Statistics { mean, variance } = statistics;
        (y.into(), row(mean), row(variance))
    }

    fn maximum(x: FlexTensor, height: usize, width: usize) -> FlexTensor {
        pool::forward(Picture::of(x).view(), [height, width]).into()
    }
}

#[derive(Debug)]
struct ConvolutionBackward;

impl Backward<Flex, 2> for ConvolutionBackward {
    type State = (FlexTensor, FlexTensor, Zeros);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [node_x, node_weight] = ops.parents;
        let (x, weight, padding) = ops.state;
        let grad = Picture::of(grads.consume::<Flex>(&ops.node));
        let weight = Picture::of(weight);
        if let Some(node) = node_weight {
            let x = Picture::of(x);
            let weight_grad =
                convolution::weight_gradient(x.view(), grad.view(), weight.shape, padding);
            grads.register::<Flex>(node.id, weight_grad.into());
        }
        if let Some(node) = node_x {
            let x_grad = convolution::input_gradient(grad.view(), weight.view(), padding);
            grads.register::<Flex>(node.id, x_grad.into());
        }
    }
}

#[derive(Debug)]
struct NormalisationBackward;

impl Backward<Flex, 3> for NormalisationBackward {
    type State = (
        FlexTensor,
        FlexTensor,
        FlexTensor,
        FlexTensor,
        FlexTensor,
        f64,
        bool,
    );

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [node_x, node_gamma, node_beta] = ops.parents;
        let (x, gamma, beta, mean, variance, epsilon, relu) = ops.state;
        let grad = Picture::of(grads.consume::<Flex>(&ops.node));
        let statistics = Statistics {
            mean: mean.storage().to_vec(),
            variance: variance.storage().to_vec(),
        };
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        let gradients = norm::backward(
            Picture::of(x).view(),
            &statistics,
            (gamma.storage(), beta.storage()),
            epsilon,
            relu,
            grad,
        );
        if let Some(node) = node_x {
            grads.register::<Flex>(node.id, gradients.x.into());
        }
        if let Some(node) = node_gamma {
            grads.register::<Flex>(node.id, row(gradients.gamma));
        }
        if let Some(node) = node_beta {
            grads.register::<Flex>(node.id, row(gradients.beta));
        }
    }
}

#[derive(Debug)]
struct MaximumBackward;

impl Backward<Flex, 1> for MaximumBackward {
    type State = (FlexTensor, [usize; 2]);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let (x, patch) = ops.state;
        let grad = Picture::of(grads.consume::<Flex>(&ops.node));
        if let Some(node) = node {
            let x_grad = pool::backward(Picture::of(x).view(), grad.view(), patch);
            grads.register::<Flex>(node.id, x_grad.into());
        }
    }
}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        padding: Zeros,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node)) = (x.into_parts(), weight.into_parts());
        let preparation = ConvolutionBackward
            .prepare::<C>([x_node, weight_node])
            .compute_bound()
            .stateful();
        match preparation {
            OpsKind::Tracked(preparation) => {
                let y = Flex::convolution(x.clone(), weight.clone(), padding);
                preparation.finish((x, weight, padding), y)
            }
            OpsKind::UnTracked(preparation) => {
                preparation.finish(Flex::convolution(x, weight, padding))
            }
        }
    }

    fn normalisation(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let preparation = NormalisationBackward
            .prepare::<C>([x_node, gamma_node, beta_node])
            .compute_bound()
            .stateful();
        let (y, mean, variance) =
            Flex::normalisation(x.clone(), gamma.clone(), beta.clone(), epsilon, relu);
        let y = match preparation {
            OpsKind::Tracked(preparation) => preparation.finish(
                (
                    x,
                    gamma,
                    beta,
                    mean.clone(),
                    variance.clone(),
                    epsilon,
                    relu,
                ),
                y,
            ),
            OpsKind::UnTracked(preparation) => preparation.finish(y),
        };
        (
            y,
            FloatTensor::<Self>::new(mean),
            FloatTensor::<Self>::new(variance),
        )
    }

    fn maximum(x: FloatTensor<Self>, height: usize, width: usize) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let preparation = MaximumBackward
            .prepare::<C>([x_node])
            .compute_bound()
            .stateful();
        match preparation {
            OpsKind::Tracked(preparation) => {
                let y = Flex::maximum(x.clone(), height, width);
                preparation.finish((x, [height, width]), y)
            }
            OpsKind::UnTracked(preparation) => preparation.finish(Flex::maximum(x, height, width)),
        }
    }
}

/// A contiguous tensor of four dimensions.
struct Picture {
    tensor: FlexTensor,
    shape: [usize; 4],
}

impl Picture {
    fn of(tensor: FlexTensor) -> Self {
        let shape = tensor.shape().dims();
        Self {
            tensor: tensor.to_contiguous(),
            shape,
        }
    }

    fn view(&self) -> View<'_> {
        View {
            values: self.tensor.storage(),
            shape: self.shape,
        }
    }
}

/// Values in row-major order, borrowed.
#[derive(Clone, Copy)]
struct View<'a> {
    values: &'a [f32],
    shape: [usize; 4],
}

impl View<'_> {
    /// Number of values of one picture of the batch.
    fn picture(&self) -> usize {
        self.shape[1] * self.area()
    }

    /// Number of values of one channel of one picture.
    fn area(&self) -> usize {
        self.shape[2] * self.shape[3]
    }
}

/// Values in row-major order.
#[derive(Debug, PartialEq)]
struct Values {
    values: Vec<f32>,
    shape: [usize; 4],
}

impl Values {
    fn zeros(shape: [usize; 4]) -> Self {
        Self {
            values: vec![0.0; shape.iter().product()],
            shape,
        }
    }
}

impl From<Values> for FlexTensor {
    fn from(values: Values) -> Self {
        FlexTensor::new(
            Bytes::from_elems(values.values),
            Layout::contiguous(Shape::from(values.shape)),
            DType::F32,
        )
    }
}

/// A vector as a tensor.
fn row(values: Vec<f32>) -> FlexTensor {
    let length = values.len();
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(Shape::from([length])),
        DType::F32,
    )
}

#[cfg(test)]
mod tests {
    use burn::nn::BatchNormConfig;
    use burn::tensor::Distribution;
    use burn::tensor::activation::relu;
    use burn::tensor::module::{conv2d, max_pool2d};
    use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

    use super::*;

    /// Single precision: sums of up to some ten thousand products of values near one.
    const TOLERANCE: f32 = 3e-3;

    fn device() -> Device {
        Device::flex().autodiff()
    }

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device()).require_grad()
    }

    #[track_caller]
    fn assert_same<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
        assert_eq!(found.dims(), expected.dims());
        let difference = (found - expected).abs().max().into_scalar::<f32>();
        assert!(difference < TOLERANCE, "differs by {difference}");
    }

    /// The values of both, and their gradients with respect to every input, for a loss that weights
    /// every output value differently.
    #[track_caller]
    fn assert_same_with_gradients(
        inputs: &[Tensor<4>],
        found: impl Fn(&[Tensor<4>]) -> Tensor<4>,
        expected: impl Fn(&[Tensor<4>]) -> Tensor<4>,
    ) {
        let (found, expected) = (found(inputs), expected(inputs));
        assert_same(found.clone(), expected.clone());
        let weights = random(found.dims()).detach();
        let found = (found * weights.clone()).sum().backward();
        let expected = (expected * weights).sum().backward();
        for input in inputs {
            let gradient = |of| input.grad(of).expect("a gradient");
            assert_same(gradient(&found), gradient(&expected));
        }
    }

    #[test]
    fn a_convolution_and_its_gradients_are_those_of_burn() {
        for (channels, out, [height, width], kernel) in [
            (1, 4, [7, 9], [1, 9]),
            (3, 5, [8, 6], [3, 3]),
            (4, 2, [33, 40], [9, 1]),
            (6, 7, [5, 5], [1, 1]),
        ] {
            let inputs = [
                random([9, channels, height, width]),
                random([out, channels, kernel[0], kernel[1]]),
            ];
            let padding = [kernel[0] / 2, kernel[1] / 2];
            assert_same_with_gradients(
                &inputs,
                |i| convolution(i[0].clone(), i[1].clone(), Zeros::same(kernel)),
                |i| {
                    let options = ConvOptions::new([1, 1], padding, [1, 1], 1);
                    conv2d(i[0].clone(), i[1].clone(), None, options)
                },
            );
        }
    }

    #[test]
    fn padding_may_differ_from_side_to_side() {
        let (x, weight) = (random([2, 2, 6, 5]), random([3, 2, 4, 2]));
        let padding = Zeros {
            height: [1, 2],
            width: [0, 1],
        };
        let found = convolution(x.clone(), weight.clone(), padding);
        let padded = x.pad([(1, 2), (0, 1)], 0.0);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        assert_same(found, conv2d(padded, weight, None, options));
    }

    #[test]
    fn batch_normalisation_and_its_gradients_are_those_of_burn() {
        let norm = BatchNormConfig::new(3).init(&device());
        let gamma = Tensor::<1>::from_floats([0.5, -1.5, 2.0], &device());
        let beta = Tensor::<1>::from_floats([0.1, 0.7, -0.4], &device());
        let mut expected = norm.clone();
        expected.gamma = expected.gamma.map(|_| gamma.clone().require_grad());
        expected.beta = expected.beta.map(|_| beta.clone().require_grad());
        for with_relu in [false, true] {
            assert_same_with_gradients(
                &[random([5, 3, 4, 7])],
                |i| batch_norm(i[0].clone(), gamma.clone(), beta.clone(), 1e-5, with_relu).0,
                |i| {
                    let y = expected.forward(i[0].clone());
                    if with_relu { relu(y) } else { y }
                },
            );
        }
        let x = random([5, 3, 4, 7]);
        let (gamma, beta) = (gamma.require_grad(), beta.require_grad());
        let (y, mean, variance) = batch_norm(x.clone(), gamma.clone(), beta.clone(), 1e-5, true);
        let flat = x.swap_dims(0, 1).reshape([3, 140]);
        assert_same(mean, flat.clone().mean_dim(1).reshape([3]));
        assert_same(variance, flat.var_bias(1).reshape([3]));
        let gradients = y.sum().backward();
        // Where the ReLU lets through, the sum's gradient is one for beta.
        let open = gamma.grad(&gradients).is_some() && beta.grad(&gradients).is_some();
        assert!(open, "gamma and beta must learn");
    }

    #[test]
    fn maxima_and_their_gradients_are_those_of_burn() {
        for patch in [[2, 2], [1, 4], [4, 1]] {
            assert_same_with_gradients(
                &[random([3, 2, 8, 12])],
                |i| max_pool(i[0].clone(), patch),
                |i| max_pool2d(i[0].clone(), MaxPoolOptions::new(patch)),
            );
        }
    }

    #[test]
    fn a_constant_channel_normalises_to_its_shift() {
        let x = Tensor::<4>::full([2, 1, 3, 3], 4.0, &device());
        let one = |value: f32| Tensor::<1>::from_floats([value], &device());
        let (y, ..) = batch_norm(x, one(2.0), one(0.25), 1e-5, false);
        assert_same(y, Tensor::full([2, 1, 3, 3], 0.25, &device()));
    }
}
