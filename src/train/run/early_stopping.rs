//! Early stopping, and which epoch is the best.

use serde::{Deserialize, Serialize};

use crate::task::ValidationScore;

/// Scores closer than this are equal, since the state goes through decimal digits.
const TOLERANCE: f64 = 1e-9;

/// Where training stands after an epoch; `state.json` of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct EarlyStopping {
    /// Epochs done.
    epoch: usize,
    /// Best [`ValidationScore::score`], and the epoch that reached it, counted from one.
    best: Option<(f64, usize)>,
    /// The validation loss there.
    #[serde(default)]
    best_loss: f64,
}

impl EarlyStopping {
    /// Epochs done.
    pub(super) fn epoch(&self) -> usize {
        self.epoch
    }

    /// Counts an epoch.
    pub(super) fn advance(&mut self) {
        self.epoch += 1;
    }

    /// Best score, and the epoch that reached it, counted from one.
    pub(super) fn best(&self) -> Option<(f64, usize)> {
        self.best
    }

    /// Whether there was no better score for as many epochs as the patience.
    pub(super) fn is_over(&self, patience: usize) -> bool {
        let best_epoch = self.best.map_or(0, |(_, epoch)| epoch);
        self.epoch - best_epoch >= patience
    }

    /// Takes the score of the epoch just done; true if it is the best so far.
    pub(super) fn record(&mut self, found: &ValidationScore) -> bool {
        let better = self.is_improved_by(found);
        if better {
            self.best = Some((found.score(), self.epoch));
            self.best_loss = found.log_loss;
        }
        better
    }

    /// Whether a score is better than the best so far. With a small validation split, many epochs rank the
    /// clips of every tag perfectly; among those the loss decides.
    fn is_improved_by(&self, found: &ValidationScore) -> bool {
        let Some((best, _)) = self.best else {
            return true;
        };
        let as_good = found.average_precision.is_some() && found.score() > best - TOLERANCE;
        found.score() > best + TOLERANCE || as_good && found.log_loss < self.best_loss - TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(score: f64, log_loss: f64, of_tags: bool) -> ValidationScore {
        ValidationScore {
            log_loss,
            accuracy: 0.5,
            macro_f1: score,
            average_precision: of_tags.then_some(score),
            warning: None,
        }
    }

    #[test]
    fn among_epochs_of_one_precision_the_loss_decides_and_among_those_of_one_f1_the_first() {
        let state = EarlyStopping {
            epoch: 3,
            best: Some((0.8, 2)),
            best_loss: 0.5,
        };
        assert!(EarlyStopping::default().is_improved_by(&score(0.0, 9.0, false)));
        for of_tags in [false, true] {
            assert!(state.is_improved_by(&score(0.81, 9.0, of_tags)));
            assert!(!state.is_improved_by(&score(0.79, 0.1, of_tags)));
            assert_eq!(state.is_improved_by(&score(0.8, 0.4, of_tags)), of_tags);
            assert!(!state.is_improved_by(&score(0.8, 0.5, of_tags)));
        }
    }

    #[test]
    fn training_is_over_once_the_patience_is_used_up_by_epochs_without_a_better_score() {
        let mut state = EarlyStopping::default();
        for (value, better, over) in [
            (0.5, true, false),
            (0.4, false, false),
            (0.6, true, false),
            (0.6, false, false),
            (0.1, false, true),
        ] {
            state.advance();
            assert_eq!(state.record(&score(value, 1.0, false)), better);
            assert_eq!(state.is_over(2), over, "epoch {}", state.epoch());
        }
        assert_eq!(state.best(), Some((0.6, 3)));
    }

    #[test]
    fn a_state_of_an_earlier_version_is_still_read() {
        let state: EarlyStopping =
            serde_json::from_str(r#"{"epoch":7,"best":[0.25,5]}"#).expect("reads");
        assert_eq!((state.epoch(), state.best()), (7, Some((0.25, 5))));
    }
}
