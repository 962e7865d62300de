//! Files that are read in pieces: on a disk, or at a server that answers Range requests.

use std::future::Future;
use std::ops::Range;

/// Why a piece of a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// It lies beyond the end.
    #[error("it ends too early")]
    CutShort,
    /// In the words of the system or the server.
    #[error("{0}")]
    Failed(String),
}

/// A file of which pieces can be read.
pub trait RangeSource {
    /// The bytes of each range, in the same order; each of its whole length. Several are asked for together
    /// so that a source far away can fetch them at the same time.
    ///
    /// # Errors
    /// If one of them cannot be read, or lies beyond the end.
    fn read(&self, ranges: &[Range<u64>])
    -> impl Future<Output = Result<Vec<Vec<u8>>, RangeError>>;
}

/// Bytes in memory.
impl RangeSource for &[u8] {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>, RangeError> {
        let piece = |range: &Range<u64>| {
            let (from, to) = (range.start.try_into().ok()?, range.end.try_into().ok()?);
            self.get(from..to).map(<[u8]>::to_vec)
        };
        let pieces = ranges
            .iter()
            .map(|range| piece(range).ok_or(RangeError::CutShort));
        pieces.collect()
    }
}

/// A file on a disk; its reads block.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub struct RangeFile(std::sync::Mutex<std::fs::File>);

#[cfg(not(target_arch = "wasm32"))]
impl RangeFile {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(path: &std::path::Path) -> std::io::Result<Self> {
        Ok(Self(std::sync::Mutex::new(std::fs::File::open(path)?)))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl RangeSource for RangeFile {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>, RangeError> {
        use std::io::{ErrorKind, Read, Seek, SeekFrom};

        // Another thread's panic leaves the file as it was: every read begins with a seek.
        let mut file = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        let length = file
            .metadata()
            .map_err(|e| RangeError::Failed(e.to_string()))?
            .len();
        let mut piece = |range: &Range<u64>| {
            // Checked before memory is taken for it.
            if range.start > range.end || range.end > length {
                return Err(RangeError::CutShort);
            }
            let mut bytes = vec![0; (range.end - range.start) as usize];
            file.seek(SeekFrom::Start(range.start))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => RangeError::CutShort,
                    _ => RangeError::Failed(error.to_string()),
                })?;
            Ok(bytes)
        };
        ranges.iter().map(&mut piece).collect()
    }
}
