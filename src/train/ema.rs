//! The exponential moving average of the weights, which is often a better network than the last one (Polyak &
//! Juditsky 1992). It stays on the device.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use soundalike_core::model::Network;

/// The exponential moving average of a network's weights.
pub(super) struct Ema {
    network: Network,
    decay: f32,
}

impl Ema {
    /// Starts at the weights of a network in training.
    pub(super) fn new(network: &Network, decay: f32) -> Self {
        Self {
            network: network.valid(),
            decay,
        }
    }

    /// The network with the averaged weights, out of training.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Moves every weight the share `1 − decay` of the way towards those of the network in training after a
    /// step, counted from zero. Early on the decay is lower, since the average would otherwise stay close to the
    /// random initialisation.
    pub(super) fn update(&mut self, network: &Network, step: usize) {
        let decay = self.decay.min((step + 1) as f32 / (step + 10) as f32);
        let mut collector = Collector::default();
        // Out of training, because that is when the running statistics take their last update.
        network.valid().visit(&mut collector);
        let mut mapper = Mapper {
            weights: collector.weights,
            share: 1.0 - decay,
        };
        self.network = self.network.clone().map(&mut mapper);
    }
}

/// The weights of a network in the order in which it is traversed, each as one row.
#[derive(Default)]
struct Collector {
    weights: VecDeque<Tensor<1>>,
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let count = tensor.shape().num_elements();
        self.weights.push_back(tensor.reshape([count]));
    }
}

/// Moves weights towards others of the same network.
struct Mapper {
    weights: VecDeque<Tensor<1>>,
    share: f32,
}

impl ModuleMapper for Mapper {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(target) = self.weights.pop_front() else {
            return param;
        };
        let share = self.share;
        param.map(|average| {
            let target = target.reshape(average.shape());
            average.clone() + (target - average) * share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use soundalike_core::model::{Architecture, Weights};

    #[test]
    fn the_average_on_the_device_is_that_of_the_plain_arrays_bit_by_bit() {
        let architecture: Architecture = "two-stream-rescnn".parse().expect("known");
        let device = Device::flex().autodiff();
        let (first, second) = (architecture.init(&device), architecture.init(&device));
        let (mut expected, target) = (Weights::of(&first), Weights::of(&second));
        let mut ema = Ema::new(&first, 0.99);
        ema.update(&second, 5000);
        for (mine, theirs) in expected.0.values_mut().zip(target.0.values()) {
            for (a, b) in mine.values.iter_mut().zip(&theirs.values) {
                *a += (1.0 - 0.99_f32) * (b - *a);
            }
        }
        assert_eq!(Weights::of(ema.network()), expected);
        // The first steps forget the initialisation faster.
        let mut early = Ema::new(&first, 0.99);
        early.update(&second, 0);
        assert_ne!(Weights::of(early.network()), expected);
    }
}
