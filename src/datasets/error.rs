//! What can be wrong with a set of songs.

use std::path::{Path, PathBuf};

use soundalike_core::audio::AudioError;

/// What can be wrong with a set of songs or a table of features. Each message is one sentence that
/// names the file, and the row where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// Neither a file nor a folder.
    #[error("{0} is neither a folder of music nor an index file; check the path")]
    NotFound(PathBuf),
    /// A file or a folder that the system does not let us read.
    #[error("{path}: cannot be read ({cause}); check its permissions")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The table cannot be read.
    #[error("{path}: cannot be read as a table: {cause}")]
    Index {
        /// The table's file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A column is missing.
    #[error("{path}: lacks the column {column:?}; {expected}")]
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
        "{0}: holds no music; expected sound files (WAV, FLAC, MP3, Ogg, M4A, AIFF, AU), for training in one folder per genre"
    )]
    Empty(PathBuf),
    /// A table without rows.
    #[error("{0}: has no rows below its header")]
    NoRows(PathBuf),
    /// A table of features where songs are wanted.
    #[error(
        "{0}: is a table of features, which has no sound in it; only vector-cnn and vector-mlp learn from one, give the others a folder of songs or an INDEX.csv"
    )]
    Table(PathBuf),
    /// A `tracks.csv` of somebody else.
    #[error(
        "{path}: is not FMA's table of tracks ({cause}); take tracks.csv from fma_metadata.zip, or rename this file if it has nothing to do with the music beside it"
    )]
    NotFma {
        /// The table's file.
        path: PathBuf,
        /// What tells.
        cause: String,
    },
    /// A set that no song is of.
    #[error("there is no song of the set {set:?} to leave out; the sets are {known}")]
    UnknownSet {
        /// The name that was given.
        set: String,
        /// Names of the sets.
        known: String,
    },
    /// Everything was left out.
    #[error("no song is left without the sets {0}; leave fewer out")]
    NoneLeft(String),
    /// A subset of something that has none.
    #[error("{0}: is not FMA, and only FMA has subsets; leave --subset out")]
    NoSubset(PathBuf),
    /// A sound file of no bytes.
    #[error("{0}: is an empty file (0 bytes); download or export it again, or take it away")]
    EmptyFile(PathBuf),
    /// A sound whose length is needed and cannot be told.
    #[error("{path}: {cause}")]
    Sound {
        /// The sound's file.
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
    /// A clip to learn from, or to choose by, without a genre.
    #[error(
        "{0}: is to be learnt from or chosen by and has no genre; put it into a folder of its genre, or into another split"
    )]
    NoGenre(PathBuf),
    /// Nothing to tell apart.
    #[error(
        "{path}: holds clips of one genre to learn from, {genre}; telling genres apart takes at least two, each in a folder of its own or named in the index"
    )]
    OneGenre {
        /// The folder or index.
        path: PathBuf,
        /// The genre.
        genre: String,
    },
    /// No tag that could be learnt.
    #[error(
        "{0}: no tag is on some of the clips to learn from and missing on others, so there is nothing to tell apart; give clips with different tags"
    )]
    SameTags(PathBuf),
    /// A genre that nothing was learnt of.
    #[error(
        "{file}: its genre {genre:?} is none of those that are learnt ({known}); correct it, or give the training clips of it"
    )]
    UnknownGenre {
        /// The clip's file.
        file: PathBuf,
        /// Its genre.
        genre: String,
        /// Genres of the training clips.
        known: String,
    },
    /// A genre of one clip.
    #[error(
        "{file}: is the only clip of its genre {genre:?}; correct its genre if it is misspelt, or give at least two, one to learn from and one to choose by"
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
