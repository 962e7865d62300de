//! What can go wrong in training and evaluation.

use std::path::PathBuf;

use super::config::ConfigError;
use soundalike_core::catalog::CatalogError;
use soundalike_core::model::ModelError;
use soundalike_core::pipeline::PredictError;
use soundalike_datasets::output::OutputError;

/// What can go wrong in training and evaluation.
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
    /// Fewer than two genres.
    #[error("the training split holds {0} genre(s); at least two are needed to tell them apart")]
    TooFewGenres(usize),
    /// Too few clips of a genre to fit to some and evaluate on others.
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
    /// Nothing to evaluate.
    #[error("none of the clips can be used, the first because: {0}")]
    NoUsableClip(String),
    /// A number that training cannot use.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A model or data that this cannot be done with.
    #[error("{0}")]
    Unsuitable(String),
    /// A head cannot be fitted.
    #[error("the heads could not be fitted: {0}")]
    Fit(String),
    /// The loss is not a number any more.
    #[error("the loss diverged in epoch {epoch}; try a lower learning rate than {rate}")]
    Diverged {
        /// The epoch, counted from one.
        epoch: usize,
        /// The learning rate.
        rate: f64,
    },
    /// The folder of a training run is taken.
    #[error("{0} already holds a training run")]
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
    /// A figure cannot be drawn.
    #[error(transparent)]
    Drawing(#[from] soundalike_pages::FigureError),
    /// This program was built without the device.
    #[error("the device {0} is unavailable: this program was built without it")]
    Device(String),
    /// A file or folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A prediction failed.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// The evaluation failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}
