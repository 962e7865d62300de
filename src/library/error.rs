//! What can go wrong with a library.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use soundalike_core::catalog::CatalogError;
use soundalike_datasets::names::shown;

/// What can go wrong with a library. Each message is one sentence with the file, the cause and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// There is no such file.
    #[error("{}: there is no library here; add a folder of music first, or check the path", shown(.0))]
    Missing(PathBuf),
    /// The file is something else.
    #[error("{}: is not a library of this program ({cause}); choose another file", shown(.path))]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// How that was recognised.
        cause: String,
    },
    /// Something is where a new library is to be.
    #[error("{}: exists already; choose another name", shown(.0))]
    Exists(PathBuf),
    /// Made by a newer program.
    #[error(
        "{}: is a library of format {found}, and this program reads formats up to {known}; use a newer version of the program",
        shown(.path)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// Something in the file is lost.
    #[error(
        "{}: is damaged ({cause}); put a copy of it in its place, or move it away and add the folders again",
        shown(.path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Somebody else writes to it.
    #[error("{}: is in use by another run; wait until that has ended", shown(.0))]
    Locked(PathBuf),
    /// No space is left.
    #[error(
        "{}: cannot grow because the disk is full; free some space and run it again, what was saved before is kept",
        shown(.0)
    )]
    DiskFull(PathBuf),
    /// The file or its folder cannot be read or written.
    #[error("{}: {cause}; check its permissions and the disk it lies on", shown(.path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's or the database's words.
        cause: String,
    },
    /// Its songs were heard by another model.
    #[error(
        "{}: was made with another model ({library}…) than the one in use ({model}…), so their songs cannot be compared",
        shown(.path)
    )]
    OtherModel {
        /// The file.
        path: PathBuf,
        /// First digits of the SHA-256 of the library's model.
        library: String,
        /// First digits of the SHA-256 of the model in use.
        model: String,
    },
    /// A folder of music that is no folder.
    #[error("{}: is not a folder; name a folder of music", shown(.0))]
    NotAFolder(PathBuf),
    /// A folder of music that is not there, or cannot be read.
    #[error("{}: cannot be read ({cause}); check the path and its permissions", shown(.path))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// A library without folders.
    #[error("{}: knows no folder yet; add one", shown(.0))]
    NoFolders(PathBuf),
    /// A library without songs that could be asked about.
    #[error("{}: holds no song that can be compared; add a folder of music", shown(.0))]
    NoSongs(PathBuf),
    /// A file that is to be a backup of tags.
    #[error("{}: is not a backup of tags ({cause}); choose another file", shown(.path))]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// How that was recognised.
        cause: String,
    },
    /// The library failed while tags were being written into files.
    #[error(
        "{cause}; before that, the tags of {changed} of the files were written, and what they were is kept in {}",
        shown(.backup)
    )]
    Interrupted {
        /// How many files were changed.
        changed: usize,
        /// The backup that keeps what they were.
        backup: PathBuf,
        /// Why no more were.
        cause: Box<LibraryError>,
    },
    /// Numbers that do not make a catalogue.
    #[error("{}: {cause}", shown(.path))]
    Catalog {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: CatalogError,
    },
}

impl LibraryError {
    pub(crate) fn io(path: &Path, cause: impl ToString) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }

    pub(crate) fn damaged(path: &Path, cause: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            cause: cause.into(),
        }
    }

    /// What a failure of the database means for the file at `path`.
    pub(crate) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        let cause = match error {
            rusqlite::Error::SqliteFailure(_, Some(cause)) => cause.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Locked(path.to_owned())
            }
            Some(ErrorCode::DiskFull) => Self::DiskFull(path.to_owned()),
            Some(ErrorCode::NotADatabase) => Self::NotALibrary {
                path: path.to_owned(),
                cause: "it is not an SQLite database".to_owned(),
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(path, cause),
            Some(_) => Self::io(path, cause),
            // What is in the file is not what this program wrote.
            None => Self::damaged(path, cause),
        }
    }
}
