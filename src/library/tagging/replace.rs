//! One file's tags: written into a copy, checked, and put in the file's place.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use soundalike_core::audio::SoundReader;
use soundalike_tags::{NewTags, TagWriteError, check_writable, with_tags};
use tempfile::NamedTempFile;

use super::delta::{Part, parts};
use crate::store::Stamp;

/// Bytes of a file that is written, at most: it is in memory twice, as it is and as it is to be.
const MOST_BYTES: u64 = 2 << 30;
/// Bytes of the files that are written at once, at most, unless it is one alone: each is in memory twice.
const BATCH_BYTES: u64 = 512 << 20;
/// Seconds of sound that are compared at once.
const PIECE: f64 = 60.0;

/// Why a file's tags are not written. Its `Display` continues the name of the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum TagError {
    #[error(transparent)]
    Tags(#[from] TagWriteError),
    #[error("is gone; refresh the library")]
    Gone,
    #[error("has changed since it was heard, so it is left as it is; refresh the library first")]
    Changed,
    #[error("is read-only, so it is left as it is; make it writable first")]
    ReadOnly,
    #[error("is larger than 2 GiB, so it is left as it is")]
    TooLarge,
    #[error("its sound would not stay the same, so it is left as it is")]
    Sound,
    #[error(
        "cannot be written because the disk is full, and is as it was; free some space and run it again"
    )]
    DiskFull,
    #[error(
        "cannot be written ({0}), and is as it was; check its permissions and the disk it lies on"
    )]
    Io(io::Error),
    #[error(
        "what it was before cannot be kept ({0}), so it is left as it is; see to the backup's disk"
    )]
    Backup(io::Error),
}

impl From<io::Error> for TagError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Gone,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

/// A copy of a file with other bytes, beside it and on the disk.
#[derive(Debug)]
pub(super) struct Successor {
    copy: NamedTempFile,
    /// The file without links, whose place it takes.
    real: PathBuf,
    /// What the file was when it was read.
    stamp: Stamp,
}

/// A file's new tags, ready to take its place.
#[derive(Debug)]
pub(super) struct Prepared {
    pub copy: Successor,
    /// SHA-256 before and after.
    pub before: Vec<u8>,
    pub after: Vec<u8>,
    /// The file before, made of the one after.
    pub parts: Vec<Part>,
}

/// How many of these sizes of files, of which no more are written at once than `most`, make a batch: at least one.
pub(super) fn batch(sizes: impl Iterator<Item = u64>, most: usize) -> usize {
    let mut sum = 0_u64;
    let fitting = sizes.take(most).take_while(|size| {
        sum = sum.saturating_add(*size);
        sum <= BATCH_BYTES
    });
    fitting.count().max(1)
}

/// Writes tags into a copy of a file that has a content, and compares their sounds.
pub(super) fn prepare(file: &Path, sha256: &[u8], new: &NewTags) -> Result<Prepared, TagError> {
    let (real, found) = look_at(file)?;
    let bytes = std::fs::read(&real)?;
    let before = Sha256::digest(&bytes).to_vec();
    if before != sha256 {
        return Err(TagError::Changed);
    }
    let written = with_tags(&bytes, new, &file.to_string_lossy())?;
    let copy = Successor::of(&real, &found, &written)?;
    if !same_sound(&real, copy.copy.path()) {
        return Err(TagError::Sound);
    }
    Ok(Prepared {
        copy,
        before,
        after: Sha256::digest(&written).to_vec(),
        parts: parts(&bytes, &written),
    })
}

/// A file that may be replaced, without links.
pub(super) fn look_at(file: &Path) -> Result<(PathBuf, Metadata), TagError> {
    let real = file.canonicalize()?;
    let found = std::fs::metadata(&real)?;
    if found.len() > MOST_BYTES {
        return Err(TagError::TooLarge);
    }
    // A file can be replaced without leave to write it, where the folder may be written; that it is read-only is a
    // wish all the same, and one of somebody else's would change its owner.
    if found.permissions().readonly() {
        return Err(TagError::ReadOnly);
    }
    match File::options().write(true).open(&real) {
        Ok(_) => Ok((real, found)),
        Err(error) => match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Err(TagError::ReadOnly),
            _ => Err(error.into()),
        },
    }
}

/// Checks what can be told without reading a file whole: it may be replaced, has the size that it had when it was
/// heard, and begins as a file does whose tags can be written.
pub(super) fn check(file: &Path, size: u64) -> Result<(), TagError> {
    let (real, found) = look_at(file)?;
    if found.len() != size {
        return Err(TagError::Changed);
    }
    check_writable(&mut BufReader::new(File::open(real)?))?;
    Ok(())
}

/// Lets the name of a new file be on the disk, too, where the system has a way to ask for it.
pub(super) fn sync_name(file: &Path) {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

impl Successor {
    /// Writes a copy with the owner, as far as the system lets it, and the permissions of the file.
    pub(super) fn of(real: &Path, found: &Metadata, bytes: &[u8]) -> Result<Self, TagError> {
        let folder = real.parent().unwrap_or(Path::new("."));
        let mut copy = tempfile::Builder::new()
            .prefix(".soundalike-")
            .tempfile_in(folder)
            // The file is there, so that nothing is there is said of its folder.
            .map_err(|error| match TagError::from(error) {
                TagError::Gone => TagError::Io(ErrorKind::NotFound.into()),
                other => other,
            })?;
        copy.write_all(bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            // Only an administrator may give files to others.
            let _ = fchown(copy.as_file(), Some(found.uid()), Some(found.gid()));
        }
        copy.as_file().set_permissions(found.permissions())?;
        copy.as_file().sync_all()?;
        Ok(Self {
            copy,
            real: real.to_owned(),
            stamp: Stamp::of(found),
        })
    }

    /// Puts it in the place of the file, unless that has changed meanwhile: there is always either the whole old
    /// file or the whole new one.
    pub(super) fn put(self) -> Result<(), TagError> {
        if Stamp::of(&std::fs::metadata(&self.real)?) != self.stamp {
            return Err(TagError::Changed);
        }
        self.copy
            .persist(&self.real)
            .map_err(|error| TagError::from(error.error))?;
        sync_name(&self.real);
        Ok(())
    }
}

/// Whether two files sound the same, sample by sample.
fn same_sound(one: &Path, other: &Path) -> bool {
    let (Ok(mut one), Ok(mut other)) = (SoundReader::from_file(one), SoundReader::from_file(other))
    else {
        return false;
    };
    loop {
        match (one.next_piece(PIECE), other.next_piece(PIECE)) {
            (Ok(Some(one)), Ok(Some(other))) => {
                let bits =
                    |samples: &[f32]| samples.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
                if one.rate() != other.rate() || bits(one.samples()) != bits(other.samples()) {
                    return false;
                }
            }
            (Ok(None), Ok(None)) => return one.notes() == other.notes(),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_holds_no_more_than_its_limit_unless_it_is_one_file() {
        let (half, more) = (BATCH_BYTES / 2, BATCH_BYTES + 1);
        for (sizes, most, fitting) in [
            (&[half, half, 1][..], 8, 2),
            (&[half, half, 1], 1, 1),
            (&[more, 1], 8, 1),
            (&[1, more, 1], 8, 1),
            (&[u64::MAX, u64::MAX], 8, 1),
            (&[1, 2, 3], 8, 3),
        ] {
            assert_eq!(batch(sizes.iter().copied(), most), fitting, "{sizes:?}");
        }
    }
}
