//! ROC and precision–recall curves of one class against the rest, and the areas under them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::mean::mean;

/// How well a score separates one class (a genre or a tag) from the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curves {
    /// Area under the ROC curve: see [`area_under_curve`].
    pub auc: f64,
    /// Average precision: see [`average_precision`].
    pub average_precision: f64,
    /// See [`roc_curve`].
    pub roc: Vec<[f64; 2]>,
    /// See [`precision_recall_curve`].
    pub precision_recall: Vec<[f64; 2]>,
}

impl Curves {
    /// Of scores with whether each is of the class; `None` unless some are and some are not.
    pub fn of(scored: &[(f32, bool)]) -> Option<Self> {
        Some(Self {
            auc: area_under_curve(scored)?,
            average_precision: average_precision(scored)?,
            roc: roc_curve(scored)?,
            precision_recall: precision_recall_curve(scored)?,
        })
    }
}

/// The curves of each genre by name, from labels `[clips]` and probabilities `[clips][genres]`;
/// without the genres that no clip has, or all.
pub fn curves_per_genre(
    labels: &[usize],
    probabilities: &[Vec<f32>],
    genres: &[String],
) -> BTreeMap<String, Curves> {
    let of = |genre| Curves::of(&against_the_rest(labels, probabilities, genre));
    let named = genres.iter().enumerate();
    named
        .filter_map(|(genre, name)| Some((name.clone(), of(genre)?)))
        .collect()
}

/// Mean average precision over classes that have curves; `None` of none.
pub fn mean_average_precision(curves: &BTreeMap<String, Curves>) -> Option<f64> {
    mean(curves.values().map(|curve| curve.average_precision))
}

/// One genre's probability of each clip, and whether the clip is of it.
pub(super) fn against_the_rest(
    labels: &[usize],
    probabilities: &[Vec<f32>],
    genre: usize,
) -> Vec<(f32, bool)> {
    let pairs = labels.iter().zip(probabilities);
    pairs
        .map(|(&label, p)| (p[genre], label == genre))
        .collect()
}

/// Positives and negatives among the scores from each threshold up, thresholds falling: one pair per
/// distinct score, the first after the origin. `None` unless there are both.
fn above_thresholds(scored: &[(f32, bool)]) -> Option<Vec<[usize; 2]>> {
    let mut falling = scored.to_vec();
    falling.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut counts = [0; 2];
    let steps: Vec<[usize; 2]> = falling
        .chunk_by(|a, b| a.0 == b.0)
        .map(|tied| {
            let positives = tied.iter().filter(|(_, positive)| *positive).count();
            counts = [counts[0] + positives, counts[1] + tied.len() - positives];
            counts
        })
        .collect();
    (counts[0] > 0 && counts[1] > 0).then_some(steps)
}

/// The ROC curve as points `[false positive rate, true positive rate]` from (0, 0) to (1, 1), both
/// never falling. Points on a straight line between their neighbours are left out. `None` unless
/// there are positives and negatives.
pub fn roc_curve(scored: &[(f32, bool)]) -> Option<Vec<[f64; 2]>> {
    let steps = above_thresholds(scored)?;
    let [positives, negatives] = *steps.last()?;
    let mut corners: Vec<[usize; 2]> = vec![[0, 0]];
    for step in steps {
        if let [.., before, last] = corners.as_slice() {
            // Twice the area of the triangle of the three.
            let along = (last[0] - before[0]) * (step[1] - last[1]);
            let across = (last[1] - before[1]) * (step[0] - last[0]);
            if along == across {
                corners.pop();
            }
        }
        corners.push(step);
    }
    let rate = |count: usize, all: usize| count as f64 / all as f64;
    let points = corners.into_iter();
    Some(
        points
            .map(|[hits, alarms]| [rate(alarms, negatives), rate(hits, positives)])
            .collect(),
    )
}

/// The precision–recall curve as points `[recall, precision]`, one per distinct score from the
/// highest down, so recall never falls; it ends at recall one. `None` unless there are positives and
/// negatives.
pub fn precision_recall_curve(scored: &[(f32, bool)]) -> Option<Vec<[f64; 2]>> {
    let steps = above_thresholds(scored)?;
    let [positives, _] = *steps.last()?;
    let points = steps.into_iter().map(|[hits, alarms]| {
        [
            hits as f64 / positives as f64,
            hits as f64 / (hits + alarms) as f64,
        ]
    });
    Some(points.collect())
}

/// Average precision, the sum over thresholds of the precision times the recall gained (the definition
/// of TREC and scikit-learn, without interpolation). `None` unless there are positives and negatives.
pub fn average_precision(scored: &[(f32, bool)]) -> Option<f64> {
    let mut reached = 0.0;
    let points = precision_recall_curve(scored)?;
    let gains = points.into_iter().map(|[recall, precision]| {
        let gain = (recall - reached) * precision;
        reached = recall;
        gain
    });
    Some(gains.sum())
}

/// Area under the ROC curve: the probability that a positive scores above a negative, ties counting
/// half (Mann–Whitney). `None` unless there are positives and negatives.
pub fn area_under_curve(scored: &[(f32, bool)]) -> Option<f64> {
    Ranking::of(scored).area(|_| 1)
}

/// Scores in rising order, made once where many resamples of the same clips are ranked.
pub(super) struct Ranking {
    /// Clip and whether it is positive, grouped by equal scores.
    ties: Vec<Vec<(usize, bool)>>,
}

impl Ranking {
    pub(super) fn of(scored: &[(f32, bool)]) -> Self {
        let mut order: Vec<usize> = (0..scored.len()).collect();
        order.sort_by(|&a, &b| scored[a].0.total_cmp(&scored[b].0));
        let ties = order.chunk_by(|&a, &b| scored[a].0 == scored[b].0);
        Self {
            ties: ties
                .map(|tied| tied.iter().map(|&clip| (clip, scored[clip].1)).collect())
                .collect(),
        }
    }

    /// The area under the curve when each clip counts `times` times.
    pub(super) fn area(&self, times: impl Fn(usize) -> u32) -> Option<f64> {
        let (mut wins, mut positives, mut negatives) = (0.0, 0_u64, 0_u64);
        for tied in &self.ties {
            let (mut here, mut others) = (0_u64, 0_u64);
            for &(clip, positive) in tied {
                let count = u64::from(times(clip));
                if positive {
                    here += count;
                } else {
                    others += count;
                }
            }
            wins += here as f64 * (negatives as f64 + others as f64 / 2.0);
            positives += here;
            negatives += others;
        }
        (positives > 0 && negatives > 0).then(|| wins / (positives as f64 * negatives as f64))
    }
}

/// Area under the ROC curve of one genre against the rest, averaged over the genres that have clips
/// and others beside; `None` if there is no such genre.
pub fn auc_macro(labels: &[usize], probabilities: &[Vec<f32>], genres: usize) -> Option<f64> {
    mean(
        (0..genres)
            .filter_map(|genre| area_under_curve(&against_the_rest(labels, probabilities, genre))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of scikit-learn's documentation of `roc_curve`, `precision_recall_curve` and
    /// `average_precision_score`.
    const DOCUMENTED: [(f32, bool); 4] = [(0.1, false), (0.4, false), (0.35, true), (0.8, true)];

    #[test]
    fn the_documented_example_has_its_documented_curves() {
        let curves = Curves::of(&DOCUMENTED).expect("both kinds");
        assert_eq!(curves.auc, 0.75);
        assert!((curves.average_precision - 0.833_333_333).abs() < 1e-8);
        assert_eq!(
            curves.roc,
            [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]]
        );
        assert_eq!(
            curves.precision_recall,
            [[0.5, 1.0], [0.5, 0.5], [1.0, 2.0 / 3.0], [1.0, 0.5]]
        );
    }

    #[test]
    fn area_under_the_curve_counts_ties_half() {
        let scored = [(0.1, false), (0.4, true), (0.4, false), (0.9, true)];
        assert_eq!(area_under_curve(&scored), Some(3.5 / 4.0));
        assert_eq!(area_under_curve(&[(0.5, true)]), None);
        assert_eq!(Curves::of(&[]), None);
    }

    #[test]
    fn curves_never_fall_and_the_area_below_the_corners_is_the_auc() {
        // Scores with many ties, from a small linear congruence.
        let mut state = 7_u32;
        let scored: Vec<(f32, bool)> = (0..500)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let score = (state >> 27) as f32 / 32.0;
                (score, (state >> 9).is_multiple_of(3) || score > 0.8)
            })
            .collect();
        let curves = Curves::of(&scored).expect("both kinds");
        for pair in curves.roc.windows(2) {
            assert!(pair[0][0] <= pair[1][0] && pair[0][1] <= pair[1][1]);
        }
        let recalls = curves.precision_recall.windows(2);
        assert!(recalls.into_iter().all(|p| p[0][0] <= p[1][0]));
        let below: f64 = curves
            .roc
            .windows(2)
            .map(|p| (p[1][0] - p[0][0]) * (p[0][1] + p[1][1]) / 2.0)
            .sum();
        assert!((below - curves.auc).abs() < 1e-12);
    }

    #[test]
    fn genres_without_clips_have_no_curve() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let probabilities = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]].map(|p| p.to_vec());
        let curves = curves_per_genre(&[0, 1], &probabilities, &names);
        assert_eq!(curves.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(mean_average_precision(&curves), Some(1.0));
        assert_eq!(mean_average_precision(&BTreeMap::new()), None);
    }
}
