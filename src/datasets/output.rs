//! Folders and files that programs write their results to.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Why a file or folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
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
}

impl OutputError {
    /// What the system said of a path.
    pub fn io(path: &Path, cause: std::io::Error) -> Self {
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
pub fn make_folder(path: &Path) -> Result<(), OutputError> {
    if path.is_file() {
        return Err(OutputError::NotAFolder(path.to_owned()));
    }
    std::fs::create_dir_all(path).map_err(|e| OutputError::io(path, e))
}

/// Writes a file so that there is always either the old one or the new one, whole.
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
