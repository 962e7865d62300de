//! Files that only their owner may read: the answers, the token, backups.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Mode of a folder that only its owner enters.
#[cfg(unix)]
const FOLDER: u32 = 0o700;
/// Mode of a file that only its owner reads and writes.
#[cfg(unix)]
const FILE: u32 = 0o600;

/// Creates a folder that only its owner may enter, if it is not there.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER);
    builder.create(folder)
}

/// Creates a file that only its owner may read.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if it is there, and the errors of the system.
pub(crate) fn create_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE);
    options.open(file)
}

/// Takes the rights of others from a file or folder that has been there before. A missing one, and one of
/// another owner, is left alone; the latter is told.
#[cfg(unix)]
pub(crate) fn narrow(path: &Path) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    let wanted = if metadata.is_dir() { FOLDER } else { FILE };
    if metadata.permissions().mode() & 0o077 == 0 {
        return;
    }
    match std::fs::set_permissions(path, Permissions::from_mode(wanted)) {
        Ok(()) => tracing::info!("{}: only its owner may read it now", path.display()),
        Err(error) => {
            tracing::warn!("{}: others may read it ({error})", path.display());
        }
    }
}

/// Windows has no modes: a folder's files have the rights of the folder.
#[cfg(not(unix))]
pub(crate) fn narrow(_: &Path) {}
