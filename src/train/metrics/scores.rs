//! Accuracy, F1 and calibration.

use std::collections::BTreeMap;

use serde::Serialize;

use super::mean::mean;

/// Precision, recall and F1 of one genre.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenreScore {
    /// Share of the clips predicted to be of this genre that are.
    pub precision: f64,
    /// Share of the clips of this genre that are predicted to be.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Clips of this genre.
    pub support: usize,
}

impl GenreScore {
    /// From the clips correctly predicted to be of it, those predicted to be and those that are; a ratio
    /// without a denominator is zero.
    pub(super) fn of(right: usize, called: usize, support: usize) -> Self {
        let ratio = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
        Self {
            precision: ratio(right, called),
            recall: ratio(right, support),
            f1: ratio(2 * right, support + called),
            support,
        }
    }
}

/// Averages of the scores of genres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AverageScores {
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean F1.
    pub f1: f64,
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

/// Counts `[true genre][predicted genre]`.
pub fn confusion(labels: &[usize], calls: &[usize], genres: usize) -> Vec<Vec<usize>> {
    let called = labels.iter().zip(calls);
    confusion_of(called.map(|(&label, &call)| (label, call, 1)), genres)
}

/// Counts `[true genre][predicted genre]` of label, prediction and how often the clip counts.
pub(super) fn confusion_of(
    called: impl Iterator<Item = (usize, usize, usize)>,
    genres: usize,
) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; genres]; genres];
    for (label, call, times) in called {
        counts[label][call] += times;
    }
    counts
}

/// Share of the predictions that equal their labels; zero if there are none.
pub fn accuracy(labels: &[usize], calls: &[usize]) -> f64 {
    let right = labels.iter().zip(calls).filter(|(a, b)| a == b).count();
    right as f64 / labels.len().max(1) as f64
}

/// Scores of each genre by name; a ratio without a denominator is zero.
pub fn per_genre(confusion: &[Vec<usize>], genres: &[String]) -> BTreeMap<String, GenreScore> {
    genres
        .iter()
        .enumerate()
        .map(|(g, name)| {
            let right = confusion[g][g];
            let support: usize = confusion[g].iter().sum();
            let called: usize = confusion.iter().map(|row| row[g]).sum();
            let score = GenreScore::of(right, called, support);
            (name.clone(), score)
        })
        .collect()
}

/// Mean F1 over the genres that have clips: see [`macro_average`].
pub fn macro_f1(scores: &BTreeMap<String, GenreScore>) -> f64 {
    macro_average(scores).f1
}

/// Means over the genres that have clips. Genres without any would count as zero whatever the
/// classifier does.
pub fn macro_average(scores: &BTreeMap<String, GenreScore>) -> AverageScores {
    average(scores, |score| if score.support > 0 { 1.0 } else { 0.0 })
}

/// Means in which each genre weighs as many clips as it has. The recall is the accuracy.
pub fn weighted_average(scores: &BTreeMap<String, GenreScore>) -> AverageScores {
    average(scores, |score| score.support as f64)
}

fn average(scores: &BTreeMap<String, GenreScore>, weight: fn(&GenreScore) -> f64) -> AverageScores {
    let all: f64 = scores.values().map(weight).sum();
    let of = |value: fn(&GenreScore) -> f64| {
        let sum: f64 = scores.values().map(|s| weight(s) * value(s)).sum();
        if all > 0.0 { sum / all } else { 0.0 }
    };
    AverageScores {
        precision: of(|s| s.precision),
        recall: of(|s| s.recall),
        f1: of(|s| s.f1),
    }
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

    /// The example of scikit-learn's documentation of `precision_recall_fscore_support`.
    #[test]
    fn the_documented_example_has_its_documented_averages() {
        let names = ["cat", "dog", "pig"].map(str::to_owned);
        let scores = per_genre(
            &confusion(&[0, 1, 2, 0, 1, 2], &[0, 2, 1, 0, 0, 1], 3),
            &names,
        );
        for averages in [macro_average(&scores), weighted_average(&scores)] {
            assert!((averages.precision - 2.0 / 9.0).abs() < 1e-12);
            assert!((averages.recall - 1.0 / 3.0).abs() < 1e-12);
            assert!((averages.f1 - 4.0 / 15.0).abs() < 1e-12);
        }
        assert_eq!(weighted_average(&BTreeMap::new()), AverageScores::default());
    }

    #[test]
    fn a_genre_weighs_as_many_clips_as_it_has() {
        let (labels, calls) = ([0, 0, 0, 1], [0, 0, 1, 1]);
        let names = ["a", "b"].map(str::to_owned);
        let scores = per_genre(&confusion(&labels, &calls, 2), &names);
        let weighted = weighted_average(&scores);
        assert!((weighted.precision - (3.0 * 1.0 + 0.5) / 4.0).abs() < 1e-12);
        assert!((weighted.recall - accuracy(&labels, &calls)).abs() < 1e-12);
        assert!((weighted.f1 - (3.0 * 0.8 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
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
}
