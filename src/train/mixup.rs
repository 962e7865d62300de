//! Shares of mixup (Zhang et al. 2018).

use rand::{Rng, RngExt};

/// A number from Beta(a, a) by Jöhnk's method, which is quick for small `a`.
pub(super) fn beta(a: f64, rng: &mut impl Rng) -> f32 {
    loop {
        let (x, y) = (
            rng.random::<f64>().powf(1.0 / a),
            rng.random::<f64>().powf(1.0 / a),
        );
        if x + y > 0.0 && x + y <= 1.0 {
            return (x / (x + y)) as f32;
        }
    }
}
