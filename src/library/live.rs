//! A library that is asked again and again while songs are added to it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::error::LibraryError;
use crate::paths::settled;
use crate::store::{Library, Store};

/// Bytes of an SQLite file's header, which counts the changes of the file in four of them
/// (<https://www.sqlite.org/fileformat.html>, 1.3.7).
const HEADER: usize = 100;
/// How many times as long as reading took a library is asked before it is read again.
const READING_SHARE: u32 = 10;

/// A library's file, read again when it has changed.
///
/// An update saves every few seconds. So that a large library is not read all the time meanwhile, its answers
/// may be older than the file by ten times as long as reading took, and no more.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    kept: Mutex<Option<Kept>>,
}

/// What was read last.
#[derive(Debug)]
struct Kept {
    file: FileState,
    snapshot: Arc<Snapshot>,
    since: Instant,
    took: Duration,
}

/// A library as it was at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// Its songs.
    pub library: Library,
    /// The folders that are watched.
    pub folders: Vec<PathBuf>,
}

/// What tells whether a library's file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileState {
    length: u64,
    modified: Option<SystemTime>,
    /// Two changes within the file system's smallest step of time differ in SQLite's own count.
    changes: [u8; 4],
}

impl FileState {
    fn of(path: &Path) -> Result<Self, LibraryError> {
        let error = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => LibraryError::Missing(path.to_owned()),
            _ => LibraryError::io(path, error),
        };
        let file = File::open(path).map_err(error)?;
        let found = file.metadata().map_err(error)?;
        let mut header = Vec::with_capacity(HEADER);
        // A folder has no bytes to read; opening the library says so.
        let _ = file.take(HEADER as u64).read_to_end(&mut header);
        let changes = header.get(24..28).and_then(|four| four.try_into().ok());
        Ok(Self {
            length: found.len(),
            modified: found.modified().ok(),
            changes: changes.unwrap_or_default(),
        })
    }
}

impl Live {
    /// A library's file, which is read when it is asked for first.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            kept: Mutex::default(),
        }
    }

    /// The library as it is now, or was a moment ago. Blocks while it is read; one reading serves all who wait.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn now(&self) -> Result<Arc<Snapshot>, LibraryError> {
        // What is kept is whole whenever the lock is free.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it is read, so that a change meanwhile is seen the next time.
        let file = FileState::of(&self.path)?;
        if let Some(kept) = &*kept
            && (kept.file == file || kept.since.elapsed() < READING_SHARE * kept.took)
        {
            return Ok(kept.snapshot.clone());
        }
        let began = Instant::now();
        let store = Store::open(&self.path)?;
        let snapshot = Arc::new(Snapshot {
            library: store.library()?,
            folders: store.folders()?,
        });
        *kept = Some(Kept {
            file,
            snapshot: snapshot.clone(),
            since: Instant::now(),
            took: began.elapsed(),
        });
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The row of a file: by its path, or by its path below one of the folders that are watched, as players
    /// name their songs.
    pub fn find(&self, file: &Path) -> Option<usize> {
        let by_path = |file: &Path| {
            let known = self.library.by_file(file);
            known.or_else(|| self.library.by_file(&settled(file)))
        };
        if file.is_absolute() {
            return by_path(file);
        }
        let mut folders = self.folders.iter();
        folders.find_map(|folder| by_path(&folder.join(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store_of;

    /// [`Live::now`] once what was read before may be read again.
    fn settled_now(live: &Live) -> Result<Arc<Snapshot>, LibraryError> {
        let kept = live.kept.lock().expect("not poisoned");
        let wait = kept.as_ref().map_or(Duration::ZERO, |kept| {
            (READING_SHARE * kept.took).saturating_sub(kept.since.elapsed())
        });
        drop(kept);
        std::thread::sleep(wait);
        live.now()
    }

    #[test]
    fn a_library_is_read_again_when_it_has_changed_and_only_then() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("library.sqlite");
        let mut store = store_of(&path, &["/m/a.mp3", "/m/b.mp3", "/m/c.mp3"]);
        let live = Live::new(path.clone());
        let first = live.now().expect("reads");
        assert_eq!(first.library.songs.len(), 3);
        let again = settled_now(&live).expect("reads");
        assert!(Arc::ptr_eq(&first, &again));
        store.remove(Path::new("/m/b.mp3")).expect("removes");
        let changed = settled_now(&live).expect("reads");
        assert_eq!(changed.library.songs.len(), 2);
        // Who still holds the former one may go on with it.
        assert_eq!(first.library.songs.len(), 3);
    }

    #[test]
    fn a_library_that_goes_away_or_is_damaged_is_told_and_read_when_it_is_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("library.sqlite");
        drop(store_of(&path, &["/m/a.mp3", "/m/b.mp3"]));
        let whole = std::fs::read(&path).expect("reads");
        let live = Live::new(path.clone());
        live.now().expect("reads");
        std::fs::remove_file(&path).expect("removes");
        assert!(matches!(live.now(), Err(LibraryError::Missing(_))));
        std::fs::write(&path, &whole[..whole.len() / 2]).expect("writes");
        let told = settled_now(&live);
        assert!(
            matches!(told, Err(LibraryError::Damaged { .. })),
            "{told:?}"
        );
        std::fs::write(&path, &whole).expect("writes");
        assert_eq!(settled_now(&live).expect("reads").library.songs.len(), 2);
    }

    #[test]
    fn a_song_is_found_by_its_path_from_a_watched_folder_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("library.sqlite");
        let store = store_of(&path, &["/m/a/one.mp3", "/m/two.mp3"]);
        store.watch(Path::new("/m")).expect("watches");
        store.save().expect("saves");
        let snapshot = Live::new(path).now().expect("reads");
        let file = |text: &str| {
            let row = snapshot.find(Path::new(text))?;
            Some(snapshot.library.songs[row].file.clone())
        };
        let one = Some(PathBuf::from("/m/a/one.mp3"));
        assert_eq!(file("/m/a/one.mp3"), one);
        assert_eq!(file("a/one.mp3"), one);
        assert_eq!(file("one.mp3"), None);
        assert_eq!(file("/two.mp3"), None);
        assert_eq!(file(""), None);
    }
}
