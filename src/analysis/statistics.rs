//! Intervals, agreement and a paired test.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// The 97.5th percentile of the standard normal distribution: of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// Resamples of a bootstrap.
const RESAMPLES: usize = 2_000;
/// Differences up to which the signed-rank test is exact.
const EXACT_MOST: usize = 200;

/// The 95 % score interval of a share, each from 0 to 1: Wilson (1927), "Probable inference, the law of
/// succession, and statistical inference". `None` without trials.
pub fn wilson(successes: usize, trials: usize) -> Option<[f64; 2]> {
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let share = successes as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
    Some([bound(centre - spread), bound(centre + spread)])
}

/// The 95 % percentile interval of a statistic of `count` participants by bootstrap over them (Efron and
/// Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13), with 2,000 resamples of a fixed seed.
/// The statistic is given the participants that were drawn, by index; resamples for which it is `None` are
/// left out. `None` below two participants, or if a tenth of the resamples has no value.
pub fn bootstrap(count: usize, statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<[f64; 2]> {
    if count < 2 {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut drawn = vec![0; count];
    let mut values: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            for participant in &mut drawn {
                *participant = random.random_range(0..count);
            }
            statistic(&drawn)
        })
        .collect();
    if values.len() * 10 < RESAMPLES * 9 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// How far two ratings are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The same or not.
    Nominal,
    /// By the ratings that lie between them.
    Ordinal,
}

/// Krippendorff's alpha: how far the participants agree about each unit, 1 for full agreement and 0 for what
/// chance gives (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"). `units` holds the ratings
/// of each unit, as numbers below `categories`; who gave none is left out. `None` if no unit has two ratings,
/// or all ratings are the same.
pub fn krippendorff_alpha(units: &[Vec<usize>], categories: usize, metric: Metric) -> Option<f64> {
    let mut coincidences = vec![vec![0.0_f64; categories]; categories];
    for ratings in units.iter().filter(|ratings| ratings.len() > 1) {
        let mut counts = vec![0.0_f64; categories];
        for &rating in ratings {
            counts[rating] += 1.0;
        }
        let others = ratings.len() as f64 - 1.0;
        for (c, row) in coincidences.iter_mut().enumerate() {
            for (k, cell) in row.iter_mut().enumerate() {
                let same = if c == k { 1.0 } else { 0.0 };
                *cell += counts[c] * (counts[k] - same) / others;
            }
        }
    }
    let margins: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = margins.iter().sum();
    let distance = |c: usize, k: usize| match metric {
        Metric::Nominal => f64::from(u8::from(c != k)),
        Metric::Ordinal => {
            let (low, high) = (c.min(k), c.max(k));
            let between: f64 = margins[low..=high].iter().sum();
            (between - (margins[low] + margins[high]) / 2.0).powi(2)
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for c in 0..categories {
        for k in (0..categories).filter(|&k| k != c) {
            observed += coincidences[c][k] * distance(c, k);
            expected += margins[c] * margins[k] * distance(c, k);
        }
    }
    (expected > 0.0).then(|| 1.0 - (total - 1.0) * observed / expected)
}

/// Wilcoxon's signed-rank test of paired differences.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SignedRank {
    /// Differences that are not zero.
    pub differences: usize,
    /// Differences that are zero, which the test leaves out.
    pub zeros: usize,
    /// Sum of the ranks of positive differences.
    pub positive: f64,
    /// Sum of the ranks of negative differences.
    pub negative: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Whether it is exact: the share of all assignments of signs to these ranks. Otherwise it is of the normal
    /// approximation with corrections for ties and continuity.
    pub exact: bool,
}

/// Wilcoxon's signed-rank test (1945, "Individual comparisons by ranking methods"). Differences of one size
/// share their mean rank. Up to 200 differences it is exact. `None` without a difference.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> Option<SignedRank> {
    let mut sizes: Vec<(f64, bool)> = differences
        .iter()
        .filter(|difference| **difference != 0.0)
        .map(|difference| (difference.abs(), *difference > 0.0))
        .collect();
    if sizes.is_empty() {
        return None;
    }
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the ranks, which are whole numbers with ties too.
    let mut ranks = Vec::with_capacity(sizes.len());
    let mut tie_correction = 0.0;
    while ranks.len() < sizes.len() {
        let from = ranks.len();
        let equal = sizes[from..]
            .iter()
            .take_while(|(size, _)| *size == sizes[from].0);
        let ties = equal.count();
        ranks.extend(std::iter::repeat_n(2 * from + ties + 1, ties));
        tie_correction += (ties as f64).powi(3) - ties as f64;
    }
    let all: usize = ranks.iter().sum();
    let signed = ranks.iter().zip(&sizes);
    let positive: usize = signed
        .filter(|(_, (_, is_positive))| *is_positive)
        .map(|(rank, _)| rank)
        .sum();
    let exact = sizes.len() <= EXACT_MOST;
    let p_value = if exact {
        exact_p_value(&ranks, positive)
    } else {
        normal_p_value(sizes.len(), positive as f64 / 2.0, tie_correction)
    };
    Some(SignedRank {
        differences: sizes.len(),
        zeros: differences.len() - sizes.len(),
        positive: positive as f64 / 2.0,
        negative: (all - positive) as f64 / 2.0,
        p_value,
        exact,
    })
}

/// The share of all assignments of signs whose sum of positive ranks is at least as far out, on the nearer
/// side, doubled.
fn exact_p_value(ranks: &[usize], positive: usize) -> f64 {
    let all: usize = ranks.iter().sum();
    let mut shares = vec![0.0_f64; all + 1];
    shares[0] = 1.0;
    let mut most = 0;
    for &rank in ranks {
        most += rank;
        for sum in (0..=most).rev() {
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = 0.5 * (shares[sum] + with);
        }
    }
    let lower: f64 = shares[..=positive].iter().sum();
    let upper: f64 = shares[positive..].iter().sum();
    (2.0 * lower.min(upper)).min(1.0)
}

/// By the normal distribution, for many differences.
fn normal_p_value(differences: usize, positive: f64, tie_correction: f64) -> f64 {
    let n = differences as f64;
    let mean = n * (n + 1.0) / 4.0;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_correction / 48.0;
    let distance = ((positive - mean).abs() - 0.5).max(0.0);
    libm::erfc(distance / (2.0 * variance).sqrt()).min(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_score_interval_is_the_published_one() {
        // Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
        for (successes, trials, expected) in [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0, 0.1611]),
            (1, 29, [0.0061, 0.1718]),
        ] {
            let found = wilson(successes, trials).unwrap();
            // Four decimals are published.
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 5.1e-5,
                    "{successes}/{trials}: {found}"
                );
            }
        }
        assert_eq!(wilson(0, 0), None);
    }

    /// Krippendorff's example C: four observers, twelve units, some ratings missing.
    fn example() -> Vec<Vec<usize>> {
        const ROWS: [&str; 4] = [
            "123321412...",
            "1233224125.3",
            ".3332342251.",
            "12332441251.",
        ];
        (0..12)
            .map(|unit| {
                let ratings = ROWS.iter().filter_map(|row| row.chars().nth(unit));
                let digits = ratings.filter_map(|c| c.to_digit(10));
                digits.map(|digit| digit as usize - 1).collect()
            })
            .collect()
    }

    #[test]
    fn agreement_is_that_of_the_published_examples() {
        let near = |found: Option<f64>, expected: f64| {
            let found = found.unwrap();
            // Three decimals are published.
            assert!((found - expected).abs() < 5.1e-4, "{found} for {expected}");
        };
        // Example A: two observers, ten units, binary.
        let meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
        let owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
        let units: Vec<Vec<usize>> = meg.iter().zip(owen).map(|(&m, o)| vec![m, o]).collect();
        near(krippendorff_alpha(&units, 2, Metric::Nominal), 0.095);
        near(krippendorff_alpha(&example(), 5, Metric::Nominal), 0.743);
        near(krippendorff_alpha(&example(), 5, Metric::Ordinal), 0.815);
    }

    #[test]
    fn agreement_needs_two_ratings_that_can_differ() {
        assert_eq!(krippendorff_alpha(&[], 2, Metric::Nominal), None);
        assert_eq!(
            krippendorff_alpha(&[vec![1], vec![0]], 2, Metric::Nominal),
            None
        );
        assert_eq!(krippendorff_alpha(&[vec![1, 1]], 2, Metric::Nominal), None);
        let full = [vec![1, 1], vec![0, 0]];
        assert_eq!(krippendorff_alpha(&full, 2, Metric::Nominal), Some(1.0));
    }

    #[test]
    #[allow(clippy::approx_constant, reason = "a depression score, not π")]
    fn the_signed_rank_test_is_exact_as_published() {
        // Darwin's maize, in eighths of an inch; Fisher (1935), "The Design of Experiments", chapter III. The
        // p-value is that of R's wilcox.test and of SciPy.
        let maize = [
            49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0,
            -48.0,
        ];
        let test = wilcoxon_signed_rank(&maize).unwrap();
        assert_eq!((test.positive, test.negative), (96.0, 24.0));
        assert!((test.p_value - 0.041_259_765_625).abs() < 1e-12 && test.exact);
        // Hollander and Wolfe (1973), depression scales, as in R's wilcox.test: V = 40, p = 0.03906.
        let first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let test = wilcoxon_signed_rank(&differences).unwrap();
        assert_eq!(test.positive, 40.0);
        assert!((test.p_value - 0.039_062_5).abs() < 1e-12);
    }

    #[test]
    fn ties_share_their_rank_and_every_assignment_of_signs_counts() {
        let differences = [1.0, -1.0, 2.0, 2.0, 2.0, -3.0, 0.0, 5.0];
        let test = wilcoxon_signed_rank(&differences).unwrap();
        assert_eq!((test.differences, test.zeros), (7, 1));
        // Ranks by hand: 1.5, 1.5, 4, 4, 4, 6, 7.
        let ranks = [1.5, 1.5, 4.0, 4.0, 4.0, 6.0, 7.0];
        assert_eq!((test.positive, test.negative), (20.5, 7.5));
        let sums = (0..1_u32 << 7).map(|signs| -> f64 {
            let chosen = ranks
                .iter()
                .enumerate()
                .filter(|(at, _)| signs >> at & 1 == 1);
            chosen.map(|(_, rank)| rank).sum()
        });
        let as_far = sums.filter(|sum| *sum >= 20.5).count();
        assert_eq!(test.p_value, 2.0 * as_far as f64 / 128.0);
        assert_eq!(wilcoxon_signed_rank(&[0.0, 0.0]), None);
        let even = wilcoxon_signed_rank(&[1.0, -1.0]).unwrap();
        assert_eq!(even.p_value, 1.0);
    }

    #[test]
    fn for_many_differences_the_normal_distribution_is_near_the_exact_one() {
        let differences: Vec<f64> = (1..=EXACT_MOST as i64)
            .map(|n| if n % 5 < 2 { -n } else { n } as f64)
            .collect();
        let test = wilcoxon_signed_rank(&differences).unwrap();
        let normal = normal_p_value(EXACT_MOST, test.positive, 0.0);
        // The approximation's error at 200 differences.
        assert!(
            (test.p_value - normal).abs() < 1e-3,
            "{} {normal}",
            test.p_value
        );
        let mut more = differences;
        more.push(201.0);
        assert!(!wilcoxon_signed_rank(&more).unwrap().exact);
    }

    #[test]
    fn the_bootstrap_surrounds_the_mean_and_needs_two() {
        let values: Vec<f64> = (0..40).map(|n| f64::from(n % 5)).collect();
        let mean = |drawn: &[usize]| {
            Some(drawn.iter().map(|&at| values[at]).sum::<f64>() / drawn.len() as f64)
        };
        let [low, high] = bootstrap(values.len(), mean).unwrap();
        assert!(low < 2.0 && 2.0 < high, "{low} to {high}");
        // The standard error is √2 / √40; 20 % of it for the spread of 2,000 resamples.
        let expected = 2.0 * Z * (2.0_f64 / 40.0).sqrt();
        assert!(
            ((high - low) / expected - 1.0).abs() < 0.2,
            "{low} to {high}"
        );
        assert_eq!(bootstrap(1, |_| Some(1.0)), None);
        assert_eq!(bootstrap(5, |_| None), None);
    }
}
