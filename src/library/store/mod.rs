//! A library's file: an SQLite database with a rollback journal, so that it is one file and can be read
//! while songs are added. One run at a time writes to it.

mod library;
mod rows;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use soundalike_datasets::output::make_folder;

pub use library::{LeftOut, Library, LibrarySong};
pub(crate) use rows::SONG_COLUMNS;
pub(crate) use rows::{ByContent, FailedBefore, Heard, Known, Stamp, now};

use crate::error::LibraryError;
use crate::paths::{bytes_of, path_of, range_below};

/// The newest format that is read and written.
const FORMAT: i64 = 1;
/// `SALB`, which tells a library from other SQLite databases.
const APPLICATION: i64 = 0x5341_4C42;
const SCHEMA: &str = include_str!("../schema.sql");
/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long a reader waits for a writer that is just saving.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A library's file, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Held by the one run that writes.
    _lock: Option<File>,
}

/// A folder of a library.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderState {
    /// The folder.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// When it was checked last, seconds since 1970.
    pub checked: i64,
    /// Whether it is there now.
    pub present: bool,
    /// Songs below it.
    pub songs: usize,
}

fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// What a library holds, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Info {
    /// Format of the file.
    pub format: i64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Songs whose files were there when they were looked for last.
    pub songs: usize,
    /// Songs whose files were not.
    pub missing: usize,
    /// Files that could not be heard.
    pub failed: usize,
    /// Length of the songs that are there, in hours.
    pub hours: f64,
    /// SHA-256 of each model that heard songs, and how many.
    pub models: Vec<(String, usize)>,
    /// Its folders.
    pub folders: Vec<FolderState>,
}

impl Store {
    /// Opens a library to read it.
    ///
    /// # Errors
    /// If there is none, or it cannot be read: see [`LibraryError`].
    pub fn open(path: &Path) -> Result<Self, LibraryError> {
        check_beginning(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| LibraryError::database(path, &error))?;
        let store = Self {
            connection,
            path: path.to_owned(),
            _lock: None,
        };
        store.prepare()?;
        Ok(store)
    }

    /// Opens a library to write to it, as the only run that does.
    ///
    /// # Errors
    /// As [`Store::open`]; if another run writes to it, or a part of the file is damaged.
    pub fn open_to_write(path: &Path) -> Result<Self, LibraryError> {
        // Before the lock, which would leave a file beside what is not there.
        check_beginning(path)?;
        let lock = lock(path)?;
        let mut store = Self::open(path)?;
        store._lock = Some(lock);
        store.check_whole()?;
        // What is not saved yet stays in memory, so that readers need not wait for it.
        let set = store.connection.execute_batch("PRAGMA cache_spill = OFF");
        store.told(set)?;
        Ok(store)
    }

    /// [`Store::open_to_write`]; creates the library, and its folder, if there is none.
    ///
    /// # Errors
    /// As [`Store::open_to_write`], or if it cannot be created.
    pub fn open_or_create(path: &Path) -> Result<Self, LibraryError> {
        if std::fs::symlink_metadata(path).is_err() {
            create(path)?;
        }
        Self::open_to_write(path)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is wrong with what the database answers.
    pub(crate) fn told<T>(&self, answer: rusqlite::Result<T>) -> Result<T, LibraryError> {
        answer.map_err(|error| LibraryError::database(&self.path, &error))
    }

    fn number(&self, question: &str) -> Result<i64, LibraryError> {
        self.told(self.connection.query_row(question, [], |row| row.get(0)))
    }

    fn prepare(&self) -> Result<(), LibraryError> {
        self.told(self.connection.busy_timeout(PATIENCE))?;
        let application = self.number("PRAGMA application_id")?;
        if application != APPLICATION {
            return Err(LibraryError::NotALibrary {
                path: self.path.clone(),
                cause: "it is a database of another program".to_owned(),
            });
        }
        let found = self.number("PRAGMA user_version")?;
        if found > FORMAT {
            return Err(LibraryError::Newer {
                path: self.path.clone(),
                found,
                known: FORMAT,
            });
        }
        // A file that was cut off is found by its first pages, which say how many there are.
        self.number("SELECT count(*) FROM sqlite_schema")?;
        Ok(())
    }

    /// Looks at every page.
    fn check_whole(&self) -> Result<(), LibraryError> {
        let found: String = self.told(self.connection.query_row(
            "PRAGMA quick_check(1)",
            [],
            |row| row.get(0),
        ))?;
        if found == "ok" {
            return Ok(());
        }
        let line = found.lines().last().unwrap_or_default().to_owned();
        Err(LibraryError::damaged(&self.path, line))
    }

    /// Begins to collect changes, unless that has begun.
    pub(crate) fn begin(&self) -> Result<(), LibraryError> {
        if self.connection.is_autocommit() {
            self.told(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
        }
        Ok(())
    }

    /// Saves what was collected.
    pub(crate) fn save(&self) -> Result<(), LibraryError> {
        if !self.connection.is_autocommit() {
            self.told(self.connection.execute_batch("COMMIT"))?;
        }
        Ok(())
    }

    /// The folders that are watched, in order of their paths.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn folders(&self) -> Result<Vec<PathBuf>, LibraryError> {
        let question = "SELECT path FROM folder ORDER BY path";
        let mut statement = self.told(self.connection.prepare_cached(question))?;
        let rows = self.told(statement.query_map([], |row| row.get::<_, Vec<u8>>(0)))?;
        let paths: Vec<Vec<u8>> = self.told(rows.collect())?;
        Ok(paths.into_iter().filter_map(path_of).collect())
    }

    /// Watches a folder, instead of those of its sub-folders that were watched; nothing if a folder that it
    /// lies in is watched.
    pub(crate) fn watch(&self, folder: &Path) -> Result<(), LibraryError> {
        if self
            .folders()?
            .iter()
            .any(|known| folder.starts_with(known))
        {
            return Ok(());
        }
        let (low, high) = range_below(folder);
        self.begin()?;
        self.told(self.connection.execute(
            "DELETE FROM folder WHERE path >= ?1 AND path < ?2",
            (&low, &high),
        ))?;
        self.told(self.connection.execute(
            "INSERT INTO folder (path, checked) VALUES (?1, 0)",
            [bytes_of(folder)],
        ))?;
        Ok(())
    }

    pub(crate) fn set_checked(&self, folder: &Path) -> Result<(), LibraryError> {
        self.begin()?;
        self.told(self.connection.execute(
            "UPDATE folder SET checked = ?2 WHERE path = ?1",
            (bytes_of(folder), now()),
        ))?;
        Ok(())
    }

    /// What is in it, in numbers.
    ///
    /// # Errors
    /// If the file cannot be read, or a part of it is damaged.
    pub fn info(&self) -> Result<Info, LibraryError> {
        self.check_whole()?;
        let count =
            |question: &str| -> Result<usize, LibraryError> { Ok(self.number(question)? as usize) };
        let seconds: f64 = self.told(self.connection.query_row(
            "SELECT coalesce(sum(seconds), 0.0) FROM song WHERE missing IS NULL",
            [],
            |row| row.get(0),
        ))?;
        let mut statement = self.told(self.connection.prepare(
            "SELECT model.sha256, count(song.id) FROM model JOIN song ON song.model = model.id \
             GROUP BY model.id ORDER BY 2 DESC, 1",
        ))?;
        let models = self.told(
            statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))),
        )?;
        let bytes = std::fs::metadata(&self.path).map_err(|e| LibraryError::io(&self.path, e))?;
        Ok(Info {
            format: self.number("PRAGMA user_version")?,
            bytes: bytes.len(),
            songs: count("SELECT count(*) FROM song WHERE missing IS NULL")?,
            missing: count("SELECT count(*) FROM song WHERE missing IS NOT NULL")?,
            failed: count("SELECT count(*) FROM failure")?,
            hours: seconds / 3600.0,
            models: self.told(models.collect())?,
            folders: self.folder_states()?,
        })
    }

    fn folder_states(&self) -> Result<Vec<FolderState>, LibraryError> {
        let state = |path: PathBuf| -> Result<FolderState, LibraryError> {
            let (low, high) = range_below(&path);
            let (checked, songs): (i64, i64) = self.told(self.connection.query_row(
                "SELECT checked, (SELECT count(*) FROM song WHERE missing IS NULL \
                 AND path >= ?2 AND path < ?3) FROM folder WHERE path = ?1",
                (bytes_of(&path), &low, &high),
                |row| Ok((row.get(0)?, row.get(1)?)),
            ))?;
            Ok(FolderState {
                present: path.is_dir(),
                path,
                checked,
                songs: songs as usize,
            })
        };
        self.folders()?.into_iter().map(state).collect()
    }

    /// Forgets everything at or below a path: songs, failures and folders. Files stay as they are. Returns
    /// how many songs and folders are forgotten.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is forgotten.
    pub fn remove(&mut self, path: &Path) -> Result<(usize, usize), LibraryError> {
        let (low, high) = range_below(path);
        let place = (bytes_of(path), &low, &high);
        let forget = |table: &str| {
            let order = format!("DELETE FROM {table} WHERE path = ?1 OR path >= ?2 AND path < ?3");
            self.told(self.connection.execute(&order, place))
        };
        self.begin()?;
        let songs = forget("song")?;
        forget("failure")?;
        let folders = forget("folder")?;
        self.save()?;
        Ok((songs, folders))
    }

    /// Forgets the songs whose files were gone when they were looked for last, and returns how many.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is forgotten.
    pub fn remove_missing(&mut self) -> Result<usize, LibraryError> {
        let order = "DELETE FROM song WHERE missing IS NOT NULL";
        self.told(self.connection.execute(order, []))
    }
}

/// Takes the lock of a library, a file beside it that stays there.
fn lock(path: &Path) -> Result<File, LibraryError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(|error| LibraryError::io(&beside, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LibraryError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(LibraryError::io(&beside, error)),
    }
}

/// Whether a file begins as a database does.
fn check_beginning(path: &Path) -> Result<(), LibraryError> {
    use std::io::{ErrorKind, Read};
    let other = |cause: &str| LibraryError::NotALibrary {
        path: path.to_owned(),
        cause: cause.to_owned(),
    };
    if path.is_dir() {
        return Err(other("it is a folder"));
    }
    let mut file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => LibraryError::Missing(path.to_owned()),
        _ => LibraryError::io(path, error),
    })?;
    let mut beginning = [0; MAGIC.len()];
    match file.read_exact(&mut beginning) {
        Ok(()) if beginning == MAGIC => Ok(()),
        Ok(()) => Err(other("it is not an SQLite database")),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(LibraryError::damaged(
            path,
            "it is cut off at its beginning",
        )),
        Err(error) => Err(LibraryError::io(path, error)),
    }
}

/// Creates an empty library.
fn create(path: &Path) -> Result<(), LibraryError> {
    match build(path, |_| Ok(())) {
        // Another run was faster; its library is as good.
        Err(LibraryError::Exists(_)) => Ok(()),
        made => made,
    }
}

/// Creates a library with what `fill` puts into it. It takes its name when it is complete, so that nothing
/// half-made has it.
///
/// # Errors
/// If there is something at `path` already, it cannot be written, or `fill` fails.
pub(crate) fn build(
    path: &Path,
    fill: impl FnOnce(&Connection) -> Result<(), LibraryError>,
) -> Result<(), LibraryError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folder(folder).map_err(|error| LibraryError::io(folder, error))?;
    let file = tempfile::Builder::new()
        .prefix(".library-")
        .tempfile_in(folder)
        .map_err(|error| LibraryError::io(folder, error))?;
    let told = |error: rusqlite::Error| LibraryError::database(path, &error);
    let connection = Connection::open(file.path()).map_err(told)?;
    connection
        .execute_batch(SCHEMA)
        .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION))
        .and_then(|()| connection.pragma_update(None, "user_version", FORMAT))
        .map_err(told)?;
    fill(&connection)?;
    connection.close().map_err(|(_, error)| told(error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(LibraryError::Exists(path.to_owned()))
        }
        Err(error) => Err(LibraryError::io(path, error.error)),
    }
}

#[cfg(test)]
mod tests;
