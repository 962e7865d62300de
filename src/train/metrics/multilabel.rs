//! Figures of merit where each clip may have many tags at once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::curves::{Curves, Ranking, mean_average_precision};
use super::intervals::interval;
use super::mean::mean;
use super::scores::{GenreScore, macro_f1};

/// A tag is predicted from this probability on.
pub const TAG_THRESHOLD: f32 = 0.5;

/// How well tags are predicted, `[clips][tags]`. Averages are over the tags that some clips have and some
/// have not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TagReport {
    /// Share of all decisions, tag by tag and clip by clip, that are right.
    pub hamming_accuracy: f64,
    /// Its 95 % interval (bootstrap over clips).
    pub hamming_interval: Option<[f64; 2]>,
    /// Mean area under the ROC curve.
    pub auc_macro: Option<f64>,
    /// Its 95 % interval (bootstrap over clips).
    pub auc_macro_interval: Option<[f64; 2]>,
    /// Mean average precision.
    pub mean_average_precision: Option<f64>,
    /// Mean F1 of the tags that some clip has.
    pub macro_f1: f64,
    /// Precision, recall, F1 and number of clips of each tag, predicted from a probability of one half.
    pub per_tag: BTreeMap<String, GenreScore>,
    /// ROC and precision–recall curves of each tag.
    pub curves: BTreeMap<String, Curves>,
}

/// Share of decisions `[clips][tags]` that are right, a tag being predicted from [`TAG_THRESHOLD`] on; zero of
/// none.
pub fn hamming_accuracy(probabilities: &[Vec<f32>], targets: &[Vec<bool>]) -> f64 {
    let shares = right_per_clip(probabilities, targets);
    mean(shares.into_iter()).unwrap_or(0.0)
}

/// Mean binary cross-entropy of one clip's decisions, in nats; zero of none.
pub fn binary_cross_entropy(probabilities: &[f32], target: &[bool]) -> f64 {
    let decisions = probabilities.iter().zip(target);
    let losses = decisions.map(|(&p, &has)| {
        let right = if has { p } else { 1.0 - p };
        -f64::from(right.max(f32::MIN_POSITIVE)).ln()
    });
    mean(losses).unwrap_or(0.0)
}

/// Share of right decisions of each clip.
pub fn right_per_clip(probabilities: &[Vec<f32>], targets: &[Vec<bool>]) -> Vec<f64> {
    let clips = probabilities.iter().zip(targets);
    clips
        .map(|(p, target)| {
            let decisions = p.iter().zip(target);
            let right = decisions.filter(|(p, has)| (**p >= TAG_THRESHOLD) == **has);
            right.count() as f64 / target.len().max(1) as f64
        })
        .collect()
}

/// The report of probabilities and targets `[clips][tags]`.
pub fn tag_report(probabilities: &[Vec<f32>], targets: &[Vec<bool>], tags: &[String]) -> TagReport {
    let column = |tag: usize| -> Vec<(f32, bool)> {
        let clips = probabilities.iter().zip(targets);
        clips.map(|(p, target)| (p[tag], target[tag])).collect()
    };
    let columns: Vec<Vec<(f32, bool)>> = (0..tags.len()).map(column).collect();
    let named = || tags.iter().zip(&columns);
    let curves: BTreeMap<String, Curves> = named()
        .filter_map(|(tag, scored)| Some((tag.clone(), Curves::of(scored)?)))
        .collect();
    let per_tag: BTreeMap<String, GenreScore> = named()
        .map(|(tag, scored)| {
            let support = scored.iter().filter(|(_, has)| *has).count();
            let called = scored.iter().filter(|(p, _)| *p >= TAG_THRESHOLD).count();
            let right = scored.iter().filter(|(p, has)| *p >= TAG_THRESHOLD && *has);
            (tag.clone(), GenreScore::of(right.count(), called, support))
        })
        .collect();
    let rankings: Vec<Ranking> = columns.iter().map(|c| Ranking::of(c)).collect();
    let shares = right_per_clip(probabilities, targets);
    TagReport {
        hamming_accuracy: mean(shares.iter().copied()).unwrap_or(0.0),
        hamming_interval: interval(shares.len(), |times| {
            let drawn = shares.iter().zip(times);
            let sum: f64 = drawn.map(|(share, &n)| share * f64::from(n)).sum();
            Some(sum / shares.len() as f64)
        }),
        auc_macro: mean(curves.values().map(|c| c.auc)),
        auc_macro_interval: interval(shares.len(), |times| {
            mean(rankings.iter().filter_map(|r| r.area(|clip| times[clip])))
        }),
        mean_average_precision: mean_average_precision(&curves),
        macro_f1: macro_f1(&per_tag),
        per_tag,
        curves,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_scored_as_worked_out_by_hand() {
        let tags = ["calm", "loud", "never"].map(str::to_owned);
        let probabilities = [
            [0.9, 0.2, 0.1],
            [0.6, 0.7, 0.1],
            [0.4, 0.8, 0.6],
            [0.1, 0.6, 0.2],
        ]
        .map(|row| row.to_vec());
        let targets = [
            [true, false, false],
            [false, true, false],
            [true, true, false],
            [false, false, false],
        ]
        .map(|row| row.to_vec());
        let report = tag_report(&probabilities, &targets, &tags);
        // Wrong: calm of clips 1 and 2, never of clip 2, loud of clip 3.
        assert!((report.hamming_accuracy - 8.0 / 12.0).abs() < 1e-12);
        assert_eq!(
            report.hamming_accuracy,
            hamming_accuracy(&probabilities, &targets)
        );
        let calm = &report.per_tag["calm"];
        assert_eq!((calm.precision, calm.recall, calm.support), (0.5, 0.5, 2));
        let loud = &report.per_tag["loud"];
        assert!((loud.precision - 2.0 / 3.0).abs() < 1e-12 && loud.recall == 1.0);
        assert!((report.macro_f1 - (0.5 + 0.8) / 2.0).abs() < 1e-12);
        // calm: 0.9 and 0.4 against 0.6 and 0.1, three pairs of four; loud: all.
        assert_eq!(report.auc_macro, Some((0.75 + 1.0) / 2.0));
        // calm: 1 · ½ + ⅔ · ½; loud: 1.
        let expected = (0.5 + 1.0 / 3.0 + 1.0) / 2.0;
        assert!((report.mean_average_precision.expect("two tags") - expected).abs() < 1e-12);
        assert!(!report.curves.contains_key("never"));
        let [low, high] = report.hamming_interval.expect("clips");
        assert!(low < report.hamming_accuracy && report.hamming_accuracy < high);
        assert_eq!(report, tag_report(&probabilities, &targets, &tags));
    }

    #[test]
    fn the_cross_entropy_is_the_mean_surprise_of_the_decisions() {
        let found = binary_cross_entropy(&[0.5, 0.25], &[true, false]);
        assert!((found - 0.5 * (2.0_f64.ln() + (4.0_f64 / 3.0).ln())).abs() < 1e-9);
        assert!(binary_cross_entropy(&[0.0], &[true]).is_finite());
    }

    #[test]
    fn the_report_of_no_clips_is_empty() {
        let report = tag_report(&[], &[], &["a".to_owned()]);
        assert_eq!(report.hamming_accuracy, 0.0);
        assert_eq!(report.auc_macro, None);
        assert_eq!(report.hamming_interval, None);
    }
}
