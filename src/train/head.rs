//! The genre layer, fitted anew once the network has learnt: strongly regularised logistic regression
//! from the embedding, since labels are few. A second way asks a detour: logistic regression from the
//! teacher's features to the labels, whose opinion of every lesson, labelled or not, then teaches the
//! layer. Which of them ships, or whether the layer that was trained jointly does, the clips that choose
//! decide.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Steps of the optimiser; the problem is convex and small.
const STEPS: usize = 400;
/// Its highest learning rate.
const RATE: f32 = 0.03;
/// Adam's decay of the mean gradient and of its square (Kingma and Ba 2015).
const DECAY: (f32, f32) = (0.9, 0.99);

/// Rows of numbers of one width.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Row by row.
    pub values: Vec<f32>,
    /// Length of a row.
    pub width: usize,
}

impl Rows {
    fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    fn tensor(&self, device: &Device) -> Tensor<2> {
        let shape = [self.len(), self.width];
        Tensor::from_data(TensorData::new(self.values.clone(), shape), device)
    }
}

/// A linear map with a shift: `x` `[n, inputs]` to logits `[n, outputs]`.
#[derive(Clone, Debug)]
pub struct LinearMap {
    /// `[inputs, outputs]`
    weight: Tensor<2>,
    /// `[1, outputs]`
    bias: Tensor<2>,
}

impl LinearMap {
    /// Minimises the mean cross-entropy to soft `targets` `[n, outputs]`, row by row weighted by
    /// `importance` `[n]`, plus `decay / 2` times the squared weights of the standardised inputs.
    pub fn fit(x: &Rows, targets: &Rows, importance: &[f32], decay: f32, device: &Device) -> Self {
        let raw = x.tensor(device);
        let mean = raw.clone().mean_dim(0);
        let deviation = raw.clone().var_bias(0).sqrt().add_scalar(1e-6);
        let x = (raw - mean.clone()) / deviation.clone();
        let y = targets.tensor(device);
        let total: f32 = importance.iter().sum();
        let share = Tensor::<2>::from_data(
            TensorData::new(importance.to_vec(), [importance.len(), 1]),
            device,
        )
        .div_scalar(total.max(1e-6));
        let ([_, inputs], [_, outputs]) = (x.dims(), y.dims());
        let zeros = |rows| Tensor::<2>::zeros([rows, outputs], device);
        let (mut weight, mut bias) = (zeros(inputs), zeros(1));
        let mut moments = [(zeros(inputs), zeros(inputs)), (zeros(1), zeros(1))];
        let sums = y.clone().sum_dim(1);
        for step in 1..=STEPS {
            let p = softmax(x.clone().matmul(weight.clone()) + bias.clone(), 1);
            let error = (p * sums.clone() - y.clone()) * share.clone();
            let gradients = [
                x.clone().transpose().matmul(error.clone()) + weight.clone().mul_scalar(decay),
                error.sum_dim(0),
            ];
            let turn = std::f32::consts::PI * step as f32 / STEPS as f32;
            let rate = RATE * 0.5 * (1.0 + turn.cos());
            let mut moved = Vec::new();
            for ((mean, square), gradient) in moments.iter_mut().zip(gradients) {
                let mix = |old: &Tensor<2>, new: Tensor<2>, keep: f32| {
                    old.clone().mul_scalar(keep) + new.mul_scalar(1.0 - keep)
                };
                *mean = mix(mean, gradient.clone(), DECAY.0);
                *square = mix(square, gradient.clone() * gradient, DECAY.1);
                let unbiased = |keep: f32| 1.0 - keep.powi(step as i32);
                let mean = mean.clone().div_scalar(unbiased(DECAY.0));
                let square = square.clone().div_scalar(unbiased(DECAY.1));
                moved.push((mean / (square.sqrt().add_scalar(1e-8))).mul_scalar(rate));
            }
            if let [dw, db] = moved.as_slice() {
                weight = weight - dw.clone();
                bias = bias - db.clone();
            }
        }
        // Taking the standardisation over.
        let weight = weight / deviation.transpose();
        let bias = bias - mean.matmul(weight.clone());
        Self { weight, bias }
    }

    /// Softmax of the logits of rows, `[n, outputs]`.
    pub fn probabilities(&self, x: &Rows, device: &Device) -> Rows {
        let logits = x.tensor(device).matmul(self.weight.clone()) + self.bias.clone();
        let width = self.bias.dims()[1];
        Rows {
            values: softmax(logits, 1).into_data().iter::<f32>().collect(),
            width,
        }
    }

    /// Its logits times a number.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        Self {
            weight: self.weight.clone().mul_scalar(factor),
            bias: self.bias.clone().mul_scalar(factor),
        }
    }

    /// The weights `[inputs, outputs]` and the shift `[outputs]`, row by row.
    pub fn values(&self) -> (Vec<f32>, Vec<f32>) {
        let values = |tensor: &Tensor<2>| tensor.to_data().iter::<f32>().collect();
        (values(&self.weight), values(&self.bias))
    }
}

/// Mean cross-entropy of probabilities to soft targets whose rows sum to about one.
pub fn cross_entropy(probabilities: &Rows, targets: &Rows) -> f64 {
    let terms = probabilities.values.iter().zip(&targets.values);
    let sum: f64 = terms
        .map(|(p, y)| -f64::from(*y) * f64::from(p.max(1e-9)).ln())
        .sum();
    sum / targets.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_separates_two_kinds_and_decay_makes_it_less_sure() {
        let device = Device::flex();
        // The first column tells, on a scale far from one; the second does not.
        let values: Vec<f32> = (0..200)
            .flat_map(|i| {
                let kind = (i % 2) as f32;
                [
                    1000.0 + 50.0 * kind + (i * 7 % 11) as f32,
                    (i * 5 % 13) as f32,
                ]
            })
            .collect();
        let x = Rows { values, width: 2 };
        let y = Rows {
            values: (0..200)
                .flat_map(|i| [(i % 2) as f32, 1.0 - (i % 2) as f32])
                .collect(),
            width: 2,
        };
        let even = vec![1.0; 200];
        let fitted = |decay| {
            let map = LinearMap::fit(&x, &y, &even, decay, &device);
            cross_entropy(&map.probabilities(&x, &device), &y)
        };
        let (loose, tight) = (fitted(1e-3), fitted(10.0));
        assert!(loose < 0.05, "{loose}");
        assert!(tight > loose && tight < 0.7, "{tight}");
    }
}
