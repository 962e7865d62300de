//! What can be wrong with a dataset.

use std::path::{Path, PathBuf};

use soundalike_core::audio::AudioError;

/// What can be wrong with a dataset or a table of features. Each message is one sentence that
/// names the file, and the row where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// Neither a file nor a folder.
    #[error("{0} is neither a folder of music nor an index file; check the path")]
    NotFound(PathBuf),
    /// A file or a folder that the system does not allow to be read.
    #[error("{path}: cannot be read ({cause}); check its permissions")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        cause: String,
    },
    /// A link whose target is not there.
    #[error("{0}: is a link to something that does not exist; mend it or remove it")]
    DeadLink(PathBuf),
    /// A link that leads back to itself.
    #[error("{0}: is a link that leads back to itself; mend it or remove it")]
    CircularLink(PathBuf),
    /// The table cannot be read.
    #[error("{path}: cannot be read as a table: {cause}")]
    Index {
        /// The table's file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A column is missing.
    #[error("{path}: the column {column:?} is missing; {expected}")]
    Column {
        /// The table's file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What such a table looks like.
        expected: &'static str,
    },
    /// A row is wrong.
    #[error("{path}, line {line}: {cause}")]
    Row {
        /// The table's file.
        path: PathBuf,
        /// Line of the file, counted from one.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// There is nothing in it.
    #[error(
        "{0}: holds no music; expected audio files (such as WAV, FLAC, MP3, Ogg, M4A or AIFF), for training in one folder per genre"
    )]
    Empty(PathBuf),
    /// A table without rows.
    #[error("{0}: the table has no rows below its header")]
    NoRows(PathBuf),
    /// A table of features where songs are wanted.
    #[error(
        "{0}: is a table of features without audio; only vector-cnn and vector-mlp can be trained on it, the other architectures need a folder of songs or an INDEX.csv"
    )]
    Table(PathBuf),
    /// A `tracks.csv` that is not FMA's.
    #[error(
        "{path}: is not FMA's table of tracks ({cause}); take tracks.csv from fma_metadata.zip, or rename this file if it has nothing to do with the music beside it"
    )]
    NotFma {
        /// The table's file.
        path: PathBuf,
        /// How that was recognised.
        cause: String,
    },
    /// A dataset that no song belongs to.
    #[error("no song belongs to the set {set:?}; the sets are {known}")]
    UnknownSet {
        /// The name that was given.
        set: String,
        /// The names of the sets that there are.
        known: String,
    },
    /// Everything was left out.
    #[error("no song is left without the sets {0}; leave fewer out")]
    NoneLeft(String),
    /// A subset was asked for of a dataset that has none.
    #[error("{path}: is {layout}, and only FMA has subsets")]
    NoSubset {
        /// The dataset.
        path: PathBuf,
        /// Its layout.
        layout: &'static str,
    },
    /// An audio file of no bytes.
    #[error("{0}: is an empty file (0 bytes); download or export it again, or remove it")]
    EmptyFile(PathBuf),
    /// An audio file whose length is needed and cannot be determined.
    #[error("{path}: {cause}")]
    Sound {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: AudioError,
    },
    /// One clip in two files.
    #[error("{first} and {second} are one clip by their names; keep one of them")]
    Twice {
        /// A file.
        first: PathBuf,
        /// Another, of the same clip.
        second: PathBuf,
    },
    /// A training or validation clip without a genre.
    #[error(
        "{0}: is in the training or validation split and has no genre; put it into a folder of its genre, or into another split"
    )]
    NoGenre(PathBuf),
    /// Only one class.
    #[error(
        "{path}: all training clips are of one genre, {genre}; a classifier needs at least two, each in a folder of its own or named in the index"
    )]
    OneGenre {
        /// The folder or index.
        path: PathBuf,
        /// The genre.
        genre: String,
    },
    /// No tag that a classifier could be trained on.
    #[error(
        "{0}: every tag is on all training clips or on none, so there is nothing to classify; add clips with different tags"
    )]
    SameTags(PathBuf),
    /// A genre that is missing from the training split.
    #[error(
        "{file}: its genre {genre:?} is not among those of the training split ({known}); correct it, or add training clips of it"
    )]
    UnknownGenre {
        /// The clip's file.
        file: PathBuf,
        /// Its genre.
        genre: String,
        /// The genres of the training split.
        known: String,
    },
    /// A genre with one clip only.
    #[error(
        "{file}: is the only clip of its genre {genre:?}; correct its genre if it is misspelt, or add another, because training and validation each need one"
    )]
    OnlyClip {
        /// The clip's file.
        file: PathBuf,
        /// Its genre.
        genre: String,
    },
}

impl DatasetError {
    pub(super) fn unreadable(path: &Path, cause: impl ToString) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }

    pub(super) fn row(path: &Path, line: u64, cause: impl Into<String>) -> Self {
        Self::Row {
            path: path.to_owned(),
            line,
            cause: cause.into(),
        }
    }
}
