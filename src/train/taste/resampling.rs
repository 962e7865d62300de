//! Folds of a cross-validation and bootstrap intervals.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Folds of the cross-validation where there are more than [`LEAVE_ONE_OUT`] items.
pub(super) const FOLDS: usize = 5;
/// Number of items up to which the cross-validation is leave-one-out.
const LEAVE_ONE_OUT: usize = 20;
/// Bootstrap resamples of the participants for an interval.
const BOOTSTRAPS: usize = 1000;

/// The fold of each of `count` items and the number of folds, shuffled by a seed; leave-one-out for few
/// items.
pub(super) fn folds(count: usize, seed: u64) -> (Vec<usize>, usize) {
    let folds = if count <= LEAVE_ONE_OUT { count } else { FOLDS };
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut fold = vec![0; count];
    for (place, item) in order.into_iter().enumerate() {
        fold[item] = place % folds;
    }
    (fold, folds)
}

/// Mean and 95 % interval by bootstrap over participants.
pub(super) fn interval(values: &[f64], seed: u64) -> [f64; 3] {
    let n = values.len().max(1);
    let centre = values.iter().sum::<f64>() / n as f64;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..BOOTSTRAPS)
        .map(|_| {
            let drawn = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[(share * (BOOTSTRAPS - 1) as f64).round() as usize];
    [centre, at(0.025), at(0.975)]
}
