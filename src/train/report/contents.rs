//! The contents of a report.

use serde::Serialize;

use crate::evaluate::Report;
use crate::metrics::McNemar;
use crate::tags::TagEvaluation;
use crate::taste::TasteReport;

/// The contents of a report. What is empty is left out of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Contents {
    /// The title of the page.
    pub title: String,
    /// Notes for the reader, a sentence each.
    pub notes: Vec<String>,
    /// Warnings that concern every figure, a sentence each, such as a split that leaks.
    pub warnings: Vec<String>,
    /// The evaluation of a genre classifier.
    pub evaluation: Option<Report>,
    /// The evaluation of a tagger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagEvaluation>,
    /// The epochs of the training.
    pub epochs: Vec<Epoch>,
    /// Sweeps of one hyperparameter.
    pub sweeps: Vec<Sweep>,
    /// The clips on the map.
    pub places: Option<Places>,
    /// The correlations of the descriptors.
    pub correlations: Option<Correlations>,
    /// Mel spectrograms of some clips.
    pub pictures: Vec<SpectrogramImage>,
    /// Models side by side.
    pub compared: Vec<Compared>,
    /// Tests of pairs of them on the same clips.
    pub tests: Vec<Pair>,
    /// The evaluation of predicted ratings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taste: Option<TasteReport>,
}

/// A line of the metrics.csv of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Epoch {
    /// Counted from one.
    pub epoch: usize,
    /// Learning rate.
    pub learning_rate: f64,
    /// Mean cross-entropy of the epoch's batches in nats; of tags, binary.
    pub train_loss: f64,
    /// Mean cross-entropy on the validation split, in nats.
    pub valid_loss: f64,
    /// Accuracy on the validation split; of tags, Hamming accuracy.
    pub valid_accuracy: f64,
    /// Macro F1 on the validation split.
    pub valid_macro_f1: f64,
    /// Of tags, mean average precision on the validation split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_average_precision: Option<f64>,
    /// Its duration in seconds.
    pub seconds: f64,
}

impl Epoch {
    /// The score that selects the best epoch: macro F1, or of tags mean average precision.
    pub fn score(&self) -> f64 {
        self.valid_average_precision.unwrap_or(self.valid_macro_f1)
    }
}

/// Trainings that differ in one hyperparameter.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// The hyperparameter, such as "learning rate".
    pub setting: String,
    /// One per value.
    pub runs: Vec<Run>,
}

/// One training of a sweep.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    /// Its value.
    pub value: String,
    /// Its epochs; empty if the loss diverged in the first one.
    pub epochs: Vec<Epoch>,
}

/// Clips on the map of [`soundalike_core::catalog::Map`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct Places {
    /// Share of the variance along each axis.
    pub explained: [f32; 3],
    /// Each clip.
    pub songs: Vec<Spot>,
    /// The mean of each genre's clips.
    pub signatures: Vec<Spot>,
}

/// A point of a map.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spot {
    /// Its labelled genre.
    pub genre: String,
    /// `[x, y, z]`.
    pub point: [f32; 3],
}

/// Pearson correlations of the descriptors over clips.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Correlations {
    /// Clips.
    pub clips: usize,
    /// Names of the descriptors, `[d]`.
    pub names: Vec<String>,
    /// `[d][d]`, −1 to 1; zero where one of the two never changes.
    pub values: Vec<Vec<f64>>,
}

/// A clip's mel spectrogram.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SpectrogramImage {
    /// The clip's title.
    pub title: String,
    /// Its genre.
    pub genre: String,
    /// Its length in seconds.
    pub seconds: f64,
    /// Mel bands before they were merged for the picture.
    pub bands: usize,
    /// Quietest and loudest level shown, in dB.
    pub range: [f32; 2],
    /// Levels in dB, `[rows][columns]`, the lowest band first. Not in report.json: it is a picture.
    #[serde(skip)]
    pub decibels: Vec<Vec<f32>>,
}

/// A model in the comparison; unknown figures are left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Compared {
    /// The model.
    pub name: String,
    /// Accuracy; of tags, Hamming accuracy.
    pub accuracy: Option<f64>,
    /// 95 % interval of it.
    pub accuracy_interval: Option<[f64; 2]>,
    /// Macro F1.
    pub macro_f1: Option<f64>,
    /// Mean area under the ROC curve.
    pub auc_macro: Option<f64>,
    /// Of tags, mean average precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_average_precision: Option<f64>,
    /// Artist-filtered precision at ten.
    pub precision_at_10: Option<f64>,
    /// Trainable parameters.
    pub parameters: Option<usize>,
    /// Millions of floating-point operations per example, a multiply-add counted as two.
    pub megaflops: Option<f64>,
    /// Seconds of training.
    pub train_seconds: Option<f64>,
    /// Milliseconds per example, natively.
    pub native_ms: Option<f64>,
    /// Milliseconds per example, in WebAssembly.
    pub wasm_ms: Option<f64>,
}

/// McNemar's test of two models.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The first model.
    pub first: String,
    /// The second.
    pub second: String,
    /// The test.
    pub test: McNemar,
}
