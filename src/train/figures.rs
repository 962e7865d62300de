//! The figures of a cross-validation.

use std::collections::BTreeMap;

use serde::Serialize;

use super::evaluate::ClipError;
use super::metrics::{self, GenreScore, Reliability, TagReport, interval};

/// A number with its 95 % interval (bootstrap over clips).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Mean over the draws.
    pub value: f64,
    /// Lower and upper end.
    pub interval: [f64; 2],
}

/// How well the genres of clips are predicted, out of fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Share of the clips whose most probable genre is the labelled one.
    pub accuracy: Estimate,
    /// Mean F1 over the genres.
    pub macro_f1: Estimate,
    /// Mean cross-entropy in nats.
    pub log_loss: f64,
    /// Expected calibration error.
    pub expected_calibration_error: Estimate,
    /// Share of the nearest clip, of the five and of the ten nearest clips that have the genre; of the clips
    /// that the heads were fitted to, without those of the same artist.
    pub precision_at_1: Option<Estimate>,
    /// See [`Figures::precision_at_1`].
    pub precision_at_5: Option<Estimate>,
    /// See [`Figures::precision_at_1`].
    pub precision_at_10: Option<Estimate>,
}

/// Accuracy on the clips of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetAccuracy {
    /// Clips of the set.
    pub clips: usize,
    /// Share whose genre is predicted correctly.
    pub accuracy: f64,
}

/// What `trainer evaluate --cross-validate` prints.
#[derive(Clone, Debug, Serialize)]
pub struct CrossValidation {
    /// Labelled clips.
    pub clips: usize,
    /// Clips that some draw left out, since all clips of their genre were in one fold.
    pub not_asked: usize,
    /// Folds of a draw.
    pub folds: usize,
    /// Draws of the folds, each with another seed.
    pub draws: usize,
    /// Whether clips of one artist are in one fold.
    pub by_artist: bool,
    /// Strength of the regularisation.
    pub decay: f64,
    /// The temperature that the logits are divided by: the number with the least cross-entropy on these very clips, so that log loss
    /// and calibration error are too optimistic by one fitted number.
    pub temperature: f32,
    /// Order of the rows and columns of `confusion`.
    pub genres: Vec<String>,
    /// Figures by the version of the clips; none of tags.
    pub views: BTreeMap<&'static str, Figures>,
    /// The same by the set's own split, each side predicted by heads that were fitted to the other; none if it
    /// has no split of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_split: BTreeMap<&'static str, Figures>,
    /// Accuracy on whole clips, by set.
    pub by_set: BTreeMap<String, SetAccuracy>,
    /// Scores of each genre on whole clips, over all draws.
    pub per_genre: BTreeMap<String, GenreScore>,
    /// Counts `[true genre][predicted genre]` over all draws.
    pub confusion: Vec<Vec<usize>>,
    /// The reliability diagram of whole clips, over all draws.
    pub reliability: Vec<Reliability>,
    /// Figures of tags on whole clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagReport>,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

impl Estimate {
    /// Of nothing.
    pub(super) const ZERO: Self = Self {
        value: 0.0,
        interval: [0.0; 2],
    };

    /// The mean of the values that there are, with its interval.
    pub(super) fn of_mean(values: &[Option<f64>]) -> Option<Self> {
        let value = metrics::mean(values.iter().flatten().copied())?;
        let interval = interval(values.len(), |times| {
            let drawn = values
                .iter()
                .zip(times)
                .filter_map(|(v, &times)| Some((v.as_ref()?, f64::from(times))));
            let (sum, count) =
                drawn.fold((0.0, 0.0), |(s, c), (v, times)| (s + v * times, c + times));
            (count > 0.0).then(|| sum / count)
        });
        Some(Self {
            value,
            interval: interval.unwrap_or([value; 2]),
        })
    }
}

impl Figures {
    /// The means of the figures of several draws.
    pub(super) fn averaged(draws: &[Self]) -> Self {
        let averaged = |of: fn(&Figures) -> Option<Estimate>| -> Option<Estimate> {
            let found: Vec<Estimate> = draws.iter().filter_map(of).collect();
            let mean = |of: fn(&Estimate) -> f64| metrics::mean(found.iter().map(of));
            Some(Estimate {
                value: mean(|e| e.value)?,
                interval: [mean(|e| e.interval[0])?, mean(|e| e.interval[1])?],
            })
        };
        Self {
            accuracy: averaged(|f| Some(f.accuracy)).unwrap_or(Estimate::ZERO),
            macro_f1: averaged(|f| Some(f.macro_f1)).unwrap_or(Estimate::ZERO),
            log_loss: metrics::mean(draws.iter().map(|f| f.log_loss)).unwrap_or(0.0),
            expected_calibration_error: averaged(|f| Some(f.expected_calibration_error))
                .unwrap_or(Estimate::ZERO),
            precision_at_1: averaged(|f| f.precision_at_1),
            precision_at_5: averaged(|f| f.precision_at_5),
            precision_at_10: averaged(|f| f.precision_at_10),
        }
    }
}
