//! 95 % intervals by bootstrap over clips (Efron 1979, percentiles).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::curves::{Ranking, against_the_rest};
use super::mean::mean;
use super::scores::{confusion_of, macro_f1, per_genre};

/// Resamples behind an interval.
const BOOTSTRAPS: usize = 2000;

/// The 2.5th and 97.5th percentile of a statistic over resamples of `clips` clips. The statistic is
/// given how often each clip was drawn, `[clips]`; resamples for which it has no value are left out.
/// Seeded, so it repeats. `None` without clips or values.
pub fn interval(clips: usize, statistic: impl Fn(&[u32]) -> Option<f64>) -> Option<[f64; 2]> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut resampled: Vec<f64> = Vec::with_capacity(BOOTSTRAPS);
    if clips > 0 {
        for _ in 0..BOOTSTRAPS {
            let mut times = vec![0; clips];
            for _ in 0..clips {
                times[rng.random_range(0..clips)] += 1;
            }
            resampled.extend(statistic(&times));
        }
    }
    let last = resampled.len().checked_sub(1)?;
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled[(share * last as f64).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// 95 % interval of an accuracy; zeros without clips.
pub fn accuracy_interval(labels: &[usize], calls: &[usize]) -> [f64; 2] {
    let right: Vec<bool> = labels.iter().zip(calls).map(|(a, b)| a == b).collect();
    interval(labels.len(), |times| {
        let hits = times.iter().zip(&right).filter(|(_, right)| **right);
        Some(f64::from(hits.map(|(times, _)| times).sum::<u32>()) / right.len() as f64)
    })
    .unwrap_or_default()
}

/// 95 % interval of the macro F1; `None` without clips.
pub fn macro_f1_interval(labels: &[usize], calls: &[usize], genres: &[String]) -> Option<[f64; 2]> {
    interval(labels.len(), |times| {
        let drawn = labels.iter().zip(calls).zip(times);
        let counts = confusion_of(
            drawn.map(|((&label, &call), &times)| (label, call, times as usize)),
            genres.len(),
        );
        Some(macro_f1(&per_genre(&counts, genres)))
    })
}

/// 95 % interval of the mean area under the ROC curve ([`super::auc_macro`]); `None` if it has no
/// value. Probabilities are `[clips][genres]`.
pub fn auc_macro_interval(
    labels: &[usize],
    probabilities: &[Vec<f32>],
    genres: usize,
) -> Option<[f64; 2]> {
    let rankings: Vec<Ranking> = (0..genres)
        .map(|genre| Ranking::of(&against_the_rest(labels, probabilities, genre)))
        .collect();
    interval(labels.len(), |times| {
        mean(rankings.iter().filter_map(|r| r.area(|clip| times[clip])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_encloses_the_accuracy_and_repeats() {
        let labels = vec![0; 100];
        let calls: Vec<usize> = (0..100).map(|i| usize::from(i % 4 == 0)).collect();
        let [low, high] = accuracy_interval(&labels, &calls);
        assert!(low < 0.75 && 0.75 < high && high - low < 0.25);
        // About ±1.96 standard errors of a share, √(0.75 · 0.25 / 100) each.
        assert!((high - low - 2.0 * 1.96 * 0.0433).abs() < 0.02);
        assert_eq!(accuracy_interval(&labels, &calls), [low, high]);
        assert_eq!(accuracy_interval(&[], &[]), [0.0, 0.0]);
    }

    #[test]
    fn intervals_of_f1_and_area_enclose_their_values_and_repeat() {
        let names = ["a", "b"].map(str::to_owned);
        let labels: Vec<usize> = (0..80).map(|i| i % 2).collect();
        let calls: Vec<usize> = (0..80)
            .map(|i| if i % 5 == 0 { 0 } else { i % 2 })
            .collect();
        let counts = super::super::scores::confusion(&labels, &calls, 2);
        let f1 = macro_f1(&per_genre(&counts, &names));
        let [low, high] = macro_f1_interval(&labels, &calls, &names).expect("clips");
        assert!(low < f1 && f1 < high, "{low} {f1} {high}");
        let again = macro_f1_interval(&labels, &calls, &names);
        assert_eq!(again, Some([low, high]));

        let probabilities: Vec<Vec<f32>> = (0..80)
            .map(|i| {
                let p = (i * 37 % 80) as f32 / 160.0 + if i % 2 == 0 { 0.3 } else { 0.0 };
                vec![p, 1.0 - p]
            })
            .collect();
        let auc = super::super::curves::auc_macro(&labels, &probabilities, 2).expect("both genres");
        let [low, high] = auc_macro_interval(&labels, &probabilities, 2).expect("both genres");
        assert!(low < auc && auc < high && high <= 1.0, "{low} {auc} {high}");
        assert_eq!(
            auc_macro_interval(&labels, &probabilities, 2),
            Some([low, high])
        );
        // Perfect answers leave nothing to chance.
        let sure: Vec<Vec<f32>> = labels.iter().map(|&l| vec![l as f32, 0.0]).collect();
        assert_eq!(auc_macro_interval(&labels, &sure, 1), Some([0.0, 0.0]));
        assert_eq!(auc_macro_interval(&[], &[], 2), None);
    }
}
