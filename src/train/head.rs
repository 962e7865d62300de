//! Heads that are fitted to a finished network's features: logistic regression with strong regularisation,
//! since labels are few.

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use faer::Mat;

use super::error::TrainError;
use soundalike_core::model::{Head, Weights};

/// Steps of L-BFGS, at most; the problem is convex and small.
const STEPS: u64 = 200;
/// Steps that L-BFGS remembers.
const HISTORY: usize = 10;
/// It stops where the gradient is shorter than this.
const TOLERANCE: f64 = 1e-5;

/// Rows of numbers of one width.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Row by row.
    pub values: Vec<f32>,
    /// Length of a row.
    pub width: usize,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Each row followed by that of `other`, which has as many.
    pub fn beside(&self, other: &Self) -> Self {
        let rows = (0..self.len()).flat_map(|at| [self.row(at), other.row(at)].concat());
        Self {
            values: rows.collect(),
            width: self.width + other.width,
        }
    }

    /// One row.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    /// Some of the rows, in the order given.
    pub fn select(&self, places: &[usize]) -> Self {
        Self {
            values: places
                .iter()
                .flat_map(|&at| self.row(at))
                .copied()
                .collect(),
            width: self.width,
        }
    }

    /// The rows of several, one after another.
    pub fn stacked(all: &[Self]) -> Self {
        Self {
            values: all.iter().flat_map(|rows| &rows.values).copied().collect(),
            width: all.first().map_or(0, |rows| rows.width),
        }
    }
}

/// A linear map with a bias, from features to logits.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearHead {
    /// `[inputs, outputs]`, row by row.
    pub weight: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

/// Cross-entropy of standardised rows to soft targets.
struct Problem<'a> {
    x: &'a Mat<f64>,
    targets: &'a Mat<f64>,
    /// Of each row, how much it counts; the sum is one.
    importance: &'a [f64],
    decay: f64,
    head: Head,
}

impl Problem<'_> {
    /// The loss, and its gradient with respect to the logits `[rows, outputs]`.
    fn at(&self, parameters: &[f64]) -> (f64, Mat<f64>) {
        let (inputs, outputs) = (self.x.ncols(), self.targets.ncols());
        let weight = Mat::from_fn(inputs, outputs, |i, o| parameters[i * outputs + o]);
        let bias = &parameters[inputs * outputs..];
        let mut logits = self.x * &weight;
        let mut loss = 0.0;
        for row in 0..logits.nrows() {
            let z: Vec<f64> = (0..outputs).map(|o| logits[(row, o)] + bias[o]).collect();
            let share = self.importance[row];
            match self.head {
                Head::Softmax => {
                    let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let sum: f64 = z.iter().map(|z| (z - most).exp()).sum();
                    let mass: f64 = (0..outputs).map(|o| self.targets[(row, o)]).sum();
                    for o in 0..outputs {
                        let target = self.targets[(row, o)];
                        let log_p = z[o] - most - sum.ln();
                        loss -= share * target * log_p;
                        logits[(row, o)] = share * (mass * log_p.exp() - target);
                    }
                }
                Head::Sigmoid => {
                    for o in 0..outputs {
                        let target = self.targets[(row, o)];
                        // ln(1 + e^z) in the form that no logit overflows.
                        loss +=
                            share * (z[o].max(0.0) + (-z[o].abs()).exp().ln_1p() - target * z[o]);
                        logits[(row, o)] = share * (1.0 / (1.0 + (-z[o]).exp()) - target);
                    }
                }
            }
        }
        let squares: f64 = parameters[..inputs * outputs].iter().map(|w| w * w).sum();
        (loss + 0.5 * self.decay * squares, logits)
    }
}

impl CostFunction for Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, parameters: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.at(parameters).0)
    }
}

impl Gradient for Problem<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, parameters: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let (inputs, outputs) = (self.x.ncols(), self.targets.ncols());
        let (_, errors) = self.at(parameters);
        let of_weight = self.x.transpose() * &errors;
        let mut gradient: Vec<f64> = (0..inputs * outputs)
            .map(|at| of_weight[(at / outputs, at % outputs)] + self.decay * parameters[at])
            .collect();
        gradient
            .extend((0..outputs).map(|o| (0..errors.nrows()).map(|r| errors[(r, o)]).sum::<f64>()));
        Ok(gradient)
    }
}

impl LinearHead {
    /// Minimises the mean cross-entropy of `x` `[rows, inputs]` to soft `targets` `[rows, outputs]`, row by row
    /// weighted by `importance`, plus `decay / 2` times the squared weights of the standardised inputs.
    ///
    /// # Errors
    /// If the optimiser fails.
    pub fn fit(
        x: &Rows,
        targets: &Rows,
        importance: &[f32],
        decay: f64,
        head: Head,
    ) -> Result<Self, TrainError> {
        let (inputs, outputs, count) = (x.width, targets.width, x.len());
        let total: f64 = importance.iter().map(|&i| f64::from(i)).sum();
        let importance: Vec<f64> = importance
            .iter()
            .map(|&i| f64::from(i) / total.max(1e-12))
            .collect();
        let mut mean = vec![0.0; inputs];
        for row in x.values.chunks(inputs) {
            for (m, &v) in mean.iter_mut().zip(row) {
                *m += f64::from(v) / count as f64;
            }
        }
        let mut deviation = vec![0.0; inputs];
        for row in x.values.chunks(inputs) {
            for ((d, &v), m) in deviation.iter_mut().zip(row).zip(&mean) {
                *d += (f64::from(v) - m).powi(2) / count as f64;
            }
        }
        deviation.iter_mut().for_each(|d| *d = d.sqrt() + 1e-6);
        let standardised = Mat::from_fn(count, inputs, |row, column| {
            (f64::from(x.values[row * inputs + column]) - mean[column]) / deviation[column]
        });
        let wanted = Mat::from_fn(count, outputs, |row, column| {
            f64::from(targets.values[row * outputs + column])
        });
        let problem = Problem {
            x: &standardised,
            targets: &wanted,
            importance: &importance,
            decay,
            head,
        };
        let failed = |e: Error| TrainError::Fit(e.to_string());
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), HISTORY)
            .with_tolerance_grad(TOLERANCE)
            .map_err(failed)?;
        let start = vec![0.0; (inputs + 1) * outputs];
        let result = Executor::new(problem, solver)
            .configure(|state| state.param(start).max_iters(STEPS))
            .run()
            .map_err(failed)?;
        let found = result
            .state()
            .get_best_param()
            .ok_or_else(|| TrainError::Fit("it found no parameters".to_owned()))?;
        // The head takes the standardisation over.
        let weight = |i: usize, o: usize| found[i * outputs + o] / deviation[i];
        let bias = (0..outputs).map(|o| {
            let shift: f64 = (0..inputs).map(|i| mean[i] * weight(i, o)).sum();
            (found[inputs * outputs + o] - shift) as f32
        });
        Ok(Self {
            weight: (0..inputs * outputs)
                .map(|at| weight(at / outputs, at % outputs) as f32)
                .collect(),
            bias: bias.collect(),
        })
    }

    /// A layer of a network by the endings of its paths, such as [`Network::EMBEDDING_LAYER`]; `None` if it has
    /// none.
    ///
    /// [`Network::EMBEDDING_LAYER`]: soundalike_core::model::Network::EMBEDDING_LAYER
    pub fn of(weights: &Weights, [weight, bias]: [&str; 2]) -> Option<Self> {
        Some(Self {
            weight: weights.values(weight)?.to_vec(),
            bias: weights.values(bias)?.to_vec(),
        })
    }

    /// The logits of a row of features.
    pub fn logits(&self, row: &[f32]) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut logits: Vec<f64> = self.bias.iter().map(|&b| f64::from(b)).collect();
        for (value, weights) in row.iter().zip(self.weight.chunks(outputs)) {
            for (logit, weight) in logits.iter_mut().zip(weights) {
                *logit += f64::from(*value) * f64::from(*weight);
            }
        }
        logits.into_iter().map(|l| l as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two kinds that the first of two columns tells apart, on a scale far from one.
    fn example() -> (Rows, Rows) {
        let values = (0..200_usize).flat_map(|i| {
            let kind = (i % 2) as f32;
            [
                1000.0 + 50.0 * kind + (i * 7 % 11) as f32,
                (i * 5 % 13) as f32,
            ]
        });
        let targets = (0..200_usize).flat_map(|i| [(i % 2) as f32, 1.0 - (i % 2) as f32]);
        let rows = |values: Vec<f32>| Rows { values, width: 2 };
        (rows(values.collect()), rows(targets.collect()))
    }

    #[test]
    fn it_learns_what_separates_two_kinds_and_decay_makes_it_less_sure() {
        let (x, targets) = example();
        for head in [Head::Softmax, Head::Sigmoid] {
            let surest = |decay: f64| {
                let fitted = LinearHead::fit(&x, &targets, &[1.0; 200], decay, head);
                let fitted = fitted.expect("converges");
                let margins = (0..200).map(|at| {
                    let logits = fitted.logits(x.row(at));
                    (logits[0] - logits[1]) * if at % 2 == 1 { 1.0 } else { -1.0 }
                });
                margins.fold(f32::INFINITY, f32::min)
            };
            let (loose, tight) = (surest(1e-3), surest(10.0));
            assert!(loose > 3.0, "{head}: {loose}");
            assert!(tight > 0.0 && tight < loose, "{head}: {tight} {loose}");
        }
    }

    #[test]
    fn a_row_that_does_not_count_changes_nothing() {
        let (x, mut targets) = example();
        let mut importance = vec![1.0; 200];
        let fit = |targets: &Rows, importance: &[f32]| {
            LinearHead::fit(&x, targets, importance, 0.1, Head::Softmax).expect("converges")
        };
        importance[0] = 0.0;
        let before = fit(&targets, &importance);
        targets.values.swap(0, 1);
        assert_eq!(fit(&targets, &importance), before);
    }
}
