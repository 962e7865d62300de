//! Shares of mixup (Zhang et al. 2018).

use rand::Rng;
use rand_distr::{Beta, Distribution};

/// The share of an example that is blended with another, drawn from Beta(`parameter`, `parameter`); one, and nothing is
/// blended, where the parameter is zero.
pub(super) fn share(parameter: f64, rng: &mut impl Rng) -> f32 {
    // A Beta distribution of zero does not exist.
    Beta::new(parameter, parameter).map_or(1.0, |beta| beta.sample(rng) as f32)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn shares_have_the_moments_of_their_distribution() {
        const DRAWS: usize = 20_000;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for parameter in [0.1, 0.3, 1.0, 4.0] {
            let shares: Vec<f64> = (0..DRAWS)
                .map(|_| f64::from(share(parameter, &mut rng)))
                .collect();
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            let mean = shares.iter().sum::<f64>() / DRAWS as f64;
            let squares = shares.iter().map(|share| (share - mean).powi(2));
            let variance = squares.sum::<f64>() / DRAWS as f64;
            let expected = 1.0 / (4.0 * (2.0 * parameter + 1.0));
            // Six standard errors of the mean.
            assert!((mean - 0.5).abs() < 6.0 * (expected / DRAWS as f64).sqrt());
            assert!(
                (variance / expected - 1.0).abs() < 0.05,
                "{variance} {expected}"
            );
        }
        assert_eq!(share(0.0, &mut rng), 1.0);
    }
}
