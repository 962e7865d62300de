//! Whether two models differ on the same clips.

use serde::Serialize;

/// Below this many clips that only one of the two gets right, the exact test is made (the usual bound;
/// Dietterich 1998 for the test between classifiers).
const FEW: usize = 25;

/// McNemar's test (McNemar 1947) of two models' predictions of the same clips.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Clips that only the first model predicts correctly.
    pub only_first: usize,
    /// Clips that only the second model predicts correctly.
    pub only_second: usize,
    /// Chi-square with one degree of freedom and the continuity correction of Edwards 1948,
    /// (|b − c| − 1)² / (b + c); `None` where the exact binomial test was made instead.
    pub chi_square: Option<f64>,
    /// Probability of so great a difference, or a greater one, between models that are as good as
    /// each other; two-sided.
    pub p_value: f64,
}

/// Compares two models' predictions `[clips]` of clips with these labels: the exact binomial test if fewer
/// than 25 clips are predicted correctly by one of them alone, else chi-square.
pub fn mcnemar(labels: &[usize], first: &[usize], second: &[usize]) -> McNemar {
    let (mut only_first, mut only_second) = (0, 0);
    for (label, (a, b)) in labels.iter().zip(first.iter().zip(second)) {
        only_first += usize::from(a == label && b != label);
        only_second += usize::from(b == label && a != label);
    }
    let discordant = only_first + only_second;
    let (chi_square, p_value) = if discordant < FEW {
        (None, binomial(discordant, only_first.min(only_second)))
    } else {
        let distance = only_first.abs_diff(only_second).saturating_sub(1) as f64;
        let chi_square = distance * distance / discordant as f64;
        (Some(chi_square), libm::erfc((chi_square / 2.0).sqrt()))
    };
    McNemar {
        only_first,
        only_second,
        chi_square,
        p_value,
    }
}

/// Probability that the rarer side of `throws` fair coins comes up at most `least` times.
fn binomial(throws: usize, least: usize) -> f64 {
    let mut ways = 1.0;
    let mut sum = 0.0;
    for k in 0..=least {
        sum += ways;
        ways *= (throws - k) as f64 / (k + 1) as f64;
    }
    (2.0 * sum * 0.5_f64.powi(throws as i32)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clips of which the first model alone, the second alone, both and neither get some right.
    fn compared(first: usize, second: usize, both: usize, neither: usize) -> McNemar {
        let outcomes = [(first, 0, 1), (second, 1, 0), (both, 0, 0), (neither, 1, 1)];
        let calls: Vec<(usize, usize)> = outcomes
            .into_iter()
            .flat_map(|(count, a, b)| vec![(a, b); count])
            .collect();
        let (a, b): (Vec<usize>, Vec<usize>) = calls.into_iter().unzip();
        mcnemar(&vec![0; a.len()], &a, &b)
    }

    #[test]
    fn few_disagreements_are_counted_exactly() {
        // 2 · (1 + 10) / 1024.
        let test = compared(1, 9, 50, 5);
        assert_eq!((test.only_first, test.only_second), (1, 9));
        assert_eq!(test.chi_square, None);
        assert!((test.p_value - 22.0 / 1024.0).abs() < 1e-12);
        assert_eq!(compared(0, 0, 5, 5).p_value, 1.0);
        assert_eq!(compared(4, 4, 0, 0).p_value, 1.0);
    }

    #[test]
    fn many_disagreements_are_a_chi_square() {
        // (|121 − 59| − 1)² / 180 = 20.672; McNemar's 1947 layout as textbooks work it out.
        let test = compared(121, 59, 101, 33);
        assert!((test.chi_square.expect("many") - 3721.0 / 180.0).abs() < 1e-9);
        // erfc(√(20.672 / 2)) by the C library.
        assert!(
            (test.p_value / 5.450_094e-6 - 1.0).abs() < 1e-3,
            "{}",
            test.p_value
        );
        assert_eq!(compared(20, 20, 0, 0).chi_square, Some(0.0));
        assert!((compared(20, 20, 0, 0).p_value - 1.0).abs() < 1e-6);
    }
}
