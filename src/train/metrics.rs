//! Figures of merit of a classifier.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Resamples behind an interval.
const BOOTSTRAPS: usize = 2000;

/// Precision, recall and F1 of one genre.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenreScore {
    /// Share of the clips called this genre that are.
    pub precision: f64,
    /// Share of the clips of this genre that are called it.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Clips of this genre.
    pub support: usize,
}

/// One bar of a reliability diagram.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Least and greatest confidence.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// Clips whose confidence lies there.
    pub clips: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Share of them that is right.
    pub accuracy: f64,
}

/// Bars of a reliability diagram.
const BARS: usize = 10;

/// The reliability diagram of answers with their confidence and whether they are right: one bar per
/// tenth of confidence that has any.
pub fn reliability(answers: &[(f32, bool)]) -> Vec<Reliability> {
    (0..BARS)
        .filter_map(|bar| {
            let here: Vec<&(f32, bool)> = answers
                .iter()
                .filter(|(confidence, _)| {
                    ((confidence * BARS as f32) as usize).min(BARS - 1) == bar
                })
                .collect();
            let right = here.iter().filter(|(_, right)| *right).count();
            Some(Reliability {
                from: bar as f64 / BARS as f64,
                to: (bar + 1) as f64 / BARS as f64,
                clips: here.len(),
                confidence: mean(here.iter().map(|(c, _)| f64::from(*c)))?,
                accuracy: right as f64 / here.len() as f64,
            })
        })
        .collect()
}

/// Expected calibration error (Guo et al. 2017): mean distance between confidence and share of right
/// answers over the bars of the reliability diagram, each weighing as many answers as it has.
pub fn calibration_error(answers: &[(f32, bool)]) -> f64 {
    let bars = reliability(answers);
    let distances = bars
        .iter()
        .map(|bar| bar.clips as f64 * (bar.confidence - bar.accuracy).abs());
    distances.sum::<f64>() / answers.len().max(1) as f64
}

/// Counts `[true genre][called genre]`.
pub fn confusion(labels: &[usize], calls: &[usize], genres: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; genres]; genres];
    for (&label, &call) in labels.iter().zip(calls) {
        counts[label][call] += 1;
    }
    counts
}

/// Share of the calls that equal their labels; zero if there are none.
pub fn accuracy(labels: &[usize], calls: &[usize]) -> f64 {
    let right = labels.iter().zip(calls).filter(|(a, b)| a == b).count();
    right as f64 / labels.len().max(1) as f64
}

/// Scores of each genre by name; a ratio without a denominator is zero.
pub fn per_genre(confusion: &[Vec<usize>], genres: &[String]) -> BTreeMap<String, GenreScore> {
    let ratio = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
    genres
        .iter()
        .enumerate()
        .map(|(g, name)| {
            let right = confusion[g][g];
            let support: usize = confusion[g].iter().sum();
            let called: usize = confusion.iter().map(|row| row[g]).sum();
            let score = GenreScore {
                precision: ratio(right, called),
                recall: ratio(right, support),
                f1: ratio(2 * right, support + called),
                support,
            };
            (name.clone(), score)
        })
        .collect()
}

/// Mean F1 over the genres that have clips. Genres without any would count as zero whatever the
/// classifier does.
pub fn macro_f1(scores: &BTreeMap<String, GenreScore>) -> f64 {
    mean(scores.values().filter(|s| s.support > 0).map(|s| s.f1)).unwrap_or(0.0)
}

/// Area under the ROC curve of one genre against the rest, averaged over the genres that have clips
/// and others beside; `None` if there is no such genre.
pub fn auc_macro(labels: &[usize], probabilities: &[Vec<f32>], genres: usize) -> Option<f64> {
    mean((0..genres).filter_map(|genre| {
        let mut ranked: Vec<(f32, bool)> = labels
            .iter()
            .zip(probabilities)
            .map(|(&label, p)| (p[genre], label == genre))
            .collect();
        area_under_curve(&mut ranked)
    }))
}

/// Probability that a positive scores above a negative, ties counting half (Mann–Whitney).
pub(crate) fn area_under_curve(scored: &mut [(f32, bool)]) -> Option<f64> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|(_, positive)| *positive).count();
    let negatives = scored.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut wins = 0.0;
    let mut below = 0;
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, positive)| *positive).count();
        let negative = tied.len() - positive;
        wins += positive as f64 * (below as f64 + negative as f64 / 2.0);
        below += negative;
    }
    Some(wins / (positives as f64 * negatives as f64))
}

/// 95 % interval of an accuracy: percentiles of resampled clips, seeded so that it repeats.
pub fn accuracy_interval(labels: &[usize], calls: &[usize]) -> [f64; 2] {
    if labels.is_empty() {
        return [0.0, 0.0];
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut resampled: Vec<f64> = (0..BOOTSTRAPS)
        .map(|_| resampled_accuracy(labels, calls, &mut rng))
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled[(share * (BOOTSTRAPS - 1) as f64).round() as usize];
    [at(0.025), at(0.975)]
}

fn resampled_accuracy(labels: &[usize], calls: &[usize], rng: &mut impl Rng) -> f64 {
    let right = (0..labels.len())
        .filter(|_| {
            let clip = rng.random_range(0..labels.len());
            labels[clip] == calls[clip]
        })
        .count();
    right as f64 / labels.len() as f64
}

/// Arithmetic mean; `None` of nothing.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_small_example_are_those_worked_out_by_hand() {
        let (labels, calls) = ([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2]);
        let counts = confusion(&labels, &calls, 4);
        assert_eq!(counts[0], [2, 1, 0, 0]);
        assert!((accuracy(&labels, &calls) - 4.0 / 6.0).abs() < 1e-12);
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let scores = per_genre(&counts, &names);
        assert!((scores["a"].f1 - 2.0 / 3.0).abs() < 1e-12);
        assert!((scores["b"].f1 - 0.5).abs() < 1e-12);
        // "d" has no clips and does not pull the mean down.
        assert!((macro_f1(&scores) - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn area_under_the_curve_counts_ties_half() {
        let mut scored = [(0.1, false), (0.4, true), (0.4, false), (0.9, true)];
        assert_eq!(area_under_curve(&mut scored), Some(3.5 / 4.0));
        assert_eq!(area_under_curve(&mut [(0.5, true)]), None);
    }

    #[test]
    fn the_calibration_error_is_the_distance_between_promise_and_fact() {
        // Four answers at 75 %, two right; two at 95 %, both right.
        let answers = [
            (0.75, true),
            (0.75, true),
            (0.75, false),
            (0.75, false),
            (0.95, true),
            (0.95, true),
        ];
        let expected = (4.0 * 0.25 + 2.0 * 0.05) / 6.0;
        assert!((calibration_error(&answers) - expected).abs() < 1e-6);
        let bars = reliability(&answers);
        assert_eq!(bars.len(), 2);
        assert_eq!((bars[0].clips, bars[0].accuracy), (4, 0.5));
        assert_eq!(calibration_error(&[]), 0.0);
        assert_eq!(reliability(&[(1.0, true)])[0].to, 1.0);
    }

    #[test]
    fn an_interval_encloses_the_accuracy_and_repeats() {
        let labels = vec![0; 100];
        let calls: Vec<usize> = (0..100).map(|i| usize::from(i % 4 == 0)).collect();
        let [low, high] = accuracy_interval(&labels, &calls);
        assert!(low < 0.75 && 0.75 < high && high - low < 0.25);
        assert_eq!(accuracy_interval(&labels, &calls), [low, high]);
    }
}
