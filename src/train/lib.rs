//! Training and evaluation.

mod adapt;
mod augment;
mod calibrate;
mod cross_validate;
mod data;
mod device;
mod evaluate;
mod features;
mod fit;
mod head;
mod heads;
mod lda;
pub mod metrics;
mod musicnn;
mod noises;
pub mod report;
mod rows;
mod tags;
pub mod taste;
mod waveform_augmentation;
mod windows;
mod yamnet;

use std::path::PathBuf;

pub use adapt::{Adaptation, adapt};
pub use augment::Augmentation;
pub use calibrate::calibrate;
pub use cross_validate::{CrossValidation, Estimate, Figures, LabelledFeatures, SetAccuracy};
pub use device::{DeviceName, open_device};
pub use evaluate::{
    ClipError, Corruption, Details, Precision, Report, evaluate, evaluate_in_detail, precision_at,
};
pub use fit::{Optimizer, TrainingConfig, fit, fit_rows, save_model, score_name};
pub use heads::{DRAWS as HEAD_DRAWS, HeadReport, MusicReport, Sounds, fit_heads};
pub use musicnn::import_musicnn;
pub use rows::{evaluate_rows, rows_of};
pub use tags::{TagDetails, TagEvaluation, evaluate_tags};
pub use waveform_augmentation::WaveformAugmentation;
pub use yamnet::Yamnet;

use soundalike_core::catalog::CatalogError;
use soundalike_core::model::ModelError;
use soundalike_core::pipeline::PredictError;
use soundalike_datasets::output::OutputError;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A song cannot be used.
    #[error("{file}: {cause}")]
    Song {
        /// Its file.
        file: PathBuf,
        /// Why not.
        cause: String,
    },
    /// Nothing to tell apart.
    #[error("the training split holds {0} genre(s); at least two are needed to tell them apart")]
    TooFewGenres(usize),
    /// Too few clips of a genre to learn it and measure how well it is learnt.
    #[error(
        "{genre} has {clips} clip(s); a genre needs at least {fewest}: add clips or leave it out"
    )]
    TooFewClips {
        /// The genre or tag.
        genre: String,
        /// Its clips.
        clips: usize,
        /// How many it needs.
        fewest: usize,
    },
    /// Nothing to measure by.
    #[error("none of the clips could be heard, the first because: {0}")]
    NothingHeard(String),
    /// A setting makes no sense.
    #[error("{0}")]
    TrainingConfig(String),
    /// A head cannot be fitted.
    #[error("the heads could not be fitted: {0}")]
    Fit(String),
    /// The loss is not a number any more.
    #[error(
        "the loss grew beyond all bounds in epoch {epoch}; try a lower learning rate than {rate}"
    )]
    Diverged {
        /// The epoch, counted from one.
        epoch: usize,
        /// The learning rate.
        rate: f64,
    },
    /// There is a training already.
    #[error("{0} holds a training already; go on with it by --resume, or choose another folder")]
    Exists(PathBuf),
    /// A checkpoint cannot be used.
    #[error("{folder}: this checkpoint cannot be used: {cause}")]
    Checkpoint {
        /// Its folder.
        folder: PathBuf,
        /// Why not.
        cause: String,
    },
    /// Published weights cannot be used.
    #[error("{file}: does not hold the weights that it should: {cause}")]
    Weights {
        /// Its file.
        file: PathBuf,
        /// Why not.
        cause: String,
    },
    /// A report or a part of it cannot be made.
    #[error("{figure}: cannot be put into the report: {cause}")]
    Figure {
        /// The figure, or the file it is of.
        figure: String,
        /// Why not.
        cause: String,
    },
    /// The device is not there.
    #[error("{0}")]
    Device(String),
    /// A file or folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A sound failed.
    #[error(transparent)]
    Hear(#[from] PredictError),
    /// The evaluation failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl TrainError {
    /// That no clip could be heard, with what was wrong with the first.
    fn nothing_heard(errors: &[ClipError]) -> Self {
        let first = errors.first();
        Self::NothingHeard(first.map_or("there are none".to_owned(), |e| {
            format!("{}: {}", e.path, e.error)
        }))
    }
}
