//! Training and evaluation. Native only.

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
mod vary;
mod windows;
mod yamnet;

use std::io::Write;
use std::path::{Path, PathBuf};

pub use adapt::{Adaptation, adapt};
pub use augment::Augmentation;
pub use calibrate::calibrate;
pub use cross_validate::{CrossValidation, Estimate, Figures, Labelled, SetAccuracy};
pub use device::{DeviceName, open_device};
pub use evaluate::{
    ClipError, Details, Precision, Report, Through, evaluate, evaluate_in_detail, precision_at,
};
pub use fit::{Optimizer, Recipe, fit, fit_rows, save_model, score_name};
pub use heads::{DRAWS as HEAD_DRAWS, HeadReport, MusicReport, Sounds, fit_heads};
pub use musicnn::import_musicnn;
pub use rows::{evaluate_rows, rows_of};
pub use tags::{TagDetails, TagEvaluation, evaluate_tags};
pub use vary::Variation;
pub use yamnet::Yamnet;

use crate::catalog::CatalogError;
use crate::model::ModelError;
use crate::pipeline::HearError;

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
    Recipe(String),
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
    /// A file stands where a folder is to be.
    #[error("{0} is a file, and a folder is to be made there; name another place")]
    NotAFolder(PathBuf),
    /// A file is to be written where there is no folder.
    #[error("there is no folder {0}; make it, or write elsewhere")]
    NoFolder(PathBuf),
    /// A file cannot be written.
    #[error("{path}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A sound failed.
    #[error(transparent)]
    Hear(#[from] HearError),
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

    fn io(path: &Path, cause: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause,
        }
    }
}

/// Makes a folder, and those above it, if it is not there.
///
/// # Errors
/// If a file is there instead, or it cannot be made.
pub fn make_folder(path: &Path) -> Result<(), TrainError> {
    if path.is_file() {
        return Err(TrainError::NotAFolder(path.to_owned()));
    }
    std::fs::create_dir_all(path).map_err(|e| TrainError::io(path, e))
}

/// Writes a file so that there is always either the old one or the new one, whole.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let failed = |e: std::io::Error| TrainError::io(path, e);
    // A device or a pipe is written to, not replaced.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(TrainError::NoFolder(folder.to_owned()));
    }
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    // A temporary file is private; what takes its place is not.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(readable).map_err(failed)?;
    }
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}
