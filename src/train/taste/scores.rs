//! Scores of methods that predict ratings.

use serde::Serialize;

use super::resampling::interval;
use crate::metrics::{area_under_curve, calibration_error, mean};

/// The only method that does not use the ratings of other participants.
pub(super) const ALONE: &str = "personal, alone";

/// The scores of one method that predicts ratings: means over participants with 95 % intervals by
/// bootstrap over participants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodScores {
    /// Name of the method.
    pub name: String,
    /// Whether it uses the ratings of other participants, or those of this participant alone.
    #[serde(rename = "knows_others")]
    pub uses_others: bool,
    /// Share of ratings predicted.
    pub accuracy: [f64; 3],
    /// Mean negative log likelihood in nats.
    pub log_loss: [f64; 3],
    /// Area under the ROC curve within a participant, where it is defined.
    pub auc: Option<[f64; 3]>,
    /// Log loss minus that of the first method, by participant: above zero where the first is better.
    #[serde(rename = "behind")]
    pub log_loss_difference: [f64; 3],
    /// Expected calibration error over all ratings.
    pub calibration_error: f64,
}

/// The scores for one number of known ratings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonalScores {
    /// Known ratings of the participant.
    #[serde(rename = "labels")]
    pub known_ratings: usize,
    /// Participants with more ratings than these.
    pub participants: usize,
    /// The scores of each method.
    pub rows: Vec<MethodScores>,
}

/// The predictions of one participant's ratings by one method: probability of a like, and whether it is
/// one.
#[derive(Clone, Debug, Default)]
pub(super) struct Predictions(pub(super) Vec<(f32, bool)>);

impl Predictions {
    fn log_loss(&self) -> f64 {
        let losses = self.0.iter().map(|&(p, liked)| {
            let p = f64::from(p).clamp(1e-6, 1.0 - 1e-6);
            -(if liked { p } else { 1.0 - p }).ln()
        });
        mean(losses).unwrap_or(0.0)
    }

    fn accuracy(&self) -> f64 {
        let right = self
            .0
            .iter()
            .map(|&(p, liked)| f64::from(u8::from((p > 0.5) == liked)));
        mean(right).unwrap_or(0.0)
    }

    fn auc(&self) -> Option<f64> {
        area_under_curve(&self.0)
    }
}

/// The scores of each method over participants.
pub(super) fn scores(
    names: &[&str],
    participants: &[&Vec<Predictions>],
    seed: u64,
) -> Vec<MethodScores> {
    let losses = |method: usize| -> Vec<f64> {
        let losses = participants.iter().map(|p| p[method].log_loss());
        losses.collect()
    };
    let first = losses(0);
    names
        .iter()
        .enumerate()
        .map(|(method, name)| {
            let own = losses(method);
            let difference: Vec<f64> = own.iter().zip(&first).map(|(a, b)| a - b).collect();
            let accuracy: Vec<f64> = participants.iter().map(|p| p[method].accuracy()).collect();
            let auc: Vec<f64> = participants
                .iter()
                .filter_map(|p| p[method].auc())
                .collect();
            let all: Vec<(f32, bool)> = participants
                .iter()
                .flat_map(|p| &p[method].0)
                .map(|&(p, liked)| (p.max(1.0 - p), (p > 0.5) == liked))
                .collect();
            MethodScores {
                name: (*name).to_owned(),
                uses_others: *name != ALONE,
                accuracy: interval(&accuracy, seed),
                log_loss: interval(&own, seed),
                auc: (!auc.is_empty()).then(|| interval(&auc, seed)),
                log_loss_difference: interval(&difference, seed),
                calibration_error: calibration_error(&all),
            }
        })
        .collect()
}
