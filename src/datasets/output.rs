//! Folders and files that programs write their results to.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Why a file or folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// There is a file where a folder is to be created.
    #[error("{0} is a file, so no folder can be created there; choose another path")]
    NotAFolder(PathBuf),
    /// The folder of a file does not exist.
    #[error("the folder {0} does not exist; create it, or choose another path")]
    NoFolder(PathBuf),
    /// A file cannot be written.
    #[error("{path}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
}

impl OutputError {
    /// The error of the system for a path.
    pub fn io(path: &Path, cause: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause,
        }
    }
}

/// Creates a folder and its parents, if they do not exist.
///
/// # Errors
/// If there is a file instead, or it cannot be created.
pub fn make_folder(path: &Path) -> Result<(), OutputError> {
    if path.is_file() {
        return Err(OutputError::NotAFolder(path.to_owned()));
    }
    std::fs::create_dir_all(path).map_err(|e| OutputError::io(path, e))
}

/// Writes a file atomically: there is always either the complete old file or the complete new one.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let failed = |e: std::io::Error| OutputError::io(path, e);
    // A device or a pipe is written to, not replaced.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(OutputError::NoFolder(folder.to_owned()));
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
