//! Hamming accuracy of predicted ratings beside that of the majority's.

use serde::Serialize;

use super::resampling::interval;

/// Hamming accuracy of the predictions from one kind of input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HammingRow {
    /// The input: what is known of the favourite.
    pub input: String,
    /// Participants for whose favourite it is known.
    pub participants: usize,
    /// Share of the ratings predicted (one minus the Hamming loss), with its 95 % interval.
    pub accuracy: [f64; 3],
    /// The same by the majority per song of the training participants.
    pub majority_per_song: [f64; 3],
    /// The same by the majority of all ratings of the training participants.
    pub majority_overall: [f64; 3],
}

/// Hamming accuracy of each held-out participant: of the model, of the majority per song, and of the majority of all
/// ratings.
#[derive(Default)]
pub(super) struct HammingScores([Vec<f64>; 3]);

impl HammingScores {
    /// Adds a held-out participant whose ratings are predicted in these three ways. One without ratings has no
    /// accuracy and is left out.
    pub(super) fn add(
        &mut self,
        ratings: &[(usize, bool)],
        predictions: [&dyn Fn(usize) -> bool; 3],
    ) {
        if ratings.is_empty() {
            return;
        }
        for (scores, predicted) in self.0.iter_mut().zip(predictions) {
            let correct = ratings
                .iter()
                .filter(|&&(song, liked)| predicted(song) == liked);
            scores.push(correct.count() as f64 / ratings.len() as f64);
        }
    }

    /// The mean over the held-out participants; `participants` is the number of all whose favourite has this input.
    pub(super) fn row(self, input: &str, participants: usize, seed: u64) -> HammingRow {
        let [accuracy, majority_per_song, majority_overall] =
            self.0.map(|scores| interval(&scores, seed));
        HammingRow {
            input: input.to_owned(),
            participants,
            accuracy,
            majority_per_song,
            majority_overall,
        }
    }
}
