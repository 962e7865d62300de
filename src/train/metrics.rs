//! Figures of merit of a classifier.

mod curves;
mod intervals;
mod mcnemar;
mod mean;
mod multilabel;
mod retrieval;
mod scores;

pub use curves::{
    Curves, area_under_curve, auc_macro, average_precision, curves_per_genre,
    mean_average_precision, precision_recall_curve, roc_curve,
};
pub use intervals::{accuracy_interval, auc_macro_interval, interval, macro_f1_interval};
pub use mcnemar::{McNemar, mcnemar};
pub use mean::mean;
pub use multilabel::{
    TAG_THRESHOLD, TagReport, binary_cross_entropy, hamming_accuracy, right_per_clip, tag_report,
};
pub use retrieval::{ClipLabels, RankedClips, RetrievalDifference, RetrievalFigures};
pub use scores::{
    AverageScores, GenreScore, Reliability, accuracy, calibration_error, confusion, macro_average,
    macro_f1, per_genre, reliability, weighted_average,
};
