//! The weights of a network of burn's: the way out of it and into it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};

use super::weights::{left_over, misshapen, missing};
use super::{Array, ModelError, Network, Weights};

impl Weights {
    /// Copies the weights out of a network. Blocks; in a browser only on the CPU.
    pub fn of(network: &Network) -> Self {
        let mut collector = Collector::default();
        network.visit(&mut collector);
        collector.weights
    }

    /// Puts these weights into a network of the same architecture.
    ///
    /// # Errors
    /// If an array is missing, left over, or of another shape.
    pub fn apply(self, network: Network) -> Result<Network, ModelError> {
        let mut loader = Loader {
            weights: self.0,
            path: Vec::new(),
            problem: None,
        };
        let network = network.map(&mut loader);
        match (loader.problem, loader.weights.keys().next()) {
            (Some(problem), _) => Err(problem),
            (None, Some(name)) => Err(left_over(name)),
            (None, None) => Ok(network),
        }
    }
}

/// Number of trained parameters of a network, running statistics not counted. It asks for shapes
/// alone, since values cannot be waited for on a browser's graphics processor.
pub fn parameters(network: &Network) -> usize {
    let mut counter = Counter::default();
    network.visit(&mut counter);
    counter.parameters
}

#[derive(Default)]
struct Counter {
    parameters: usize,
    path: Vec<String>,
}

impl ModuleVisitor for Counter {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let is_statistic = self.path.last().is_some_and(|n| n.starts_with("running_"));
        if !is_statistic {
            self.parameters += param.shape().num_elements();
        }
    }
}

#[derive(Default)]
struct Collector {
    weights: Weights,
    path: Vec<String>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().iter::<f32>().collect();
        self.weights
            .0
            .insert(self.path.join("."), Array { shape, values });
    }
}

struct Loader {
    weights: BTreeMap<String, Array>,
    path: Vec<String>,
    problem: Option<ModelError>,
}

impl ModuleMapper for Loader {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some(array) = self.weights.remove(&path) else {
            self.problem.get_or_insert_with(|| missing(&path));
            return param;
        };
        // Without the random weights that the parameter would begin with: a header may claim more than fits
        // into memory, and what is made below is as large as what the file holds.
        let expected = param.lazy_shape().to_vec();
        if array.shape != expected {
            self.problem
                .get_or_insert_with(|| misshapen(&path, &array.shape, &expected));
            return param;
        }
        param.map(|old| {
            let values = TensorData::new(array.values, array.shape).convert_dtype(DType::F32);
            // A network that is to be trained stays one.
            Tensor::from_data(values, &old.device()).set_require_grad(old.is_require_grad())
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;
    use burn::tensor::Device;

    use super::*;
    use crate::model::Architecture;

    fn network() -> Network {
        let architecture: Architecture = "two-stream-rescnn".parse().expect("known");
        architecture.init(&Device::flex())
    }

    #[test]
    fn weights_survive_the_way_out_and_in_again() {
        let weights = Weights::of(&network());
        let other = weights.clone().apply(network()).expect("same architecture");
        assert_eq!(Weights::of(&other), weights);
        assert!(
            weights.0.keys().any(|k| k.ends_with("running_mean")),
            "{:?}",
            weights.0.keys()
        );
    }

    #[test]
    fn a_missing_or_misshapen_array_is_named() {
        let mut weights = Weights::of(&network());
        let (name, _) = weights.0.pop_first().expect("not empty");
        let error = weights.apply(network()).expect_err("incomplete");
        assert!(error.to_string().contains(&name));

        let mut weights = Weights::of(&network());
        let array = weights.0.values_mut().next().expect("not empty");
        array.shape.push(1);
        assert!(weights.apply(network()).is_err());
    }

    #[test]
    fn a_parameter_that_the_file_does_not_hold_takes_no_memory() {
        let huge = || -> Param<Tensor<1>> {
            let never = |_: &Device, _: bool| -> Tensor<1> { panic!("the parameter was made") };
            Param::uninitialized(
                ParamId::new(),
                never,
                Device::flex(),
                false,
                [1_usize << 30].into(),
            )
        };
        let small = Array {
            shape: vec![1],
            values: vec![2.0],
        };
        for weights in [BTreeMap::new(), BTreeMap::from([(String::new(), small)])] {
            let mut loader = Loader {
                weights,
                path: Vec::new(),
                problem: None,
            };
            loader.map_float(huge());
            assert!(loader.problem.is_some());
        }
    }

    #[test]
    fn replacing_and_adding_fail_loudly_where_the_name_is_wrong() {
        let mut weights = Weights::of(&network());
        let before = weights.clone();
        let (path, array) = before.0.first_key_value().expect("not empty");
        let wrong = format!("{path}s");
        let error = weights.replace(&wrong, array.clone()).expect_err("unknown");
        assert!(error.to_string().contains(&wrong), "{error}");
        assert!(weights.get(&wrong).is_err());
        assert!(weights.add(path, array.clone()).is_err());
        assert_eq!(weights, before);

        let other = Array {
            shape: vec![1],
            values: vec![2.0],
        };
        weights.replace(path, other.clone()).expect("known");
        assert_eq!(weights.get(path).expect("known"), &other);
        weights.add(&wrong, other).expect("free");
        assert!(weights.apply(network()).is_err());
    }
}
