//! Puts libraries of several machines together.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use crate::error::LibraryError;
use crate::store::{SONG_COLUMNS, Store, build};

/// What was put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Songs of the new library.
    pub songs: usize,
    /// Songs that were in several libraries: the one whose file is newer was taken.
    pub in_several: usize,
}

/// Makes a library of several, in which every file comes once: of two with one path the one that is there, and
/// of two that are there the newer one. The libraries themselves stay as they are.
///
/// # Errors
/// If one of them cannot be read, there is something at `output` already, or it cannot be written.
pub fn merge(libraries: &[PathBuf], output: &Path) -> Result<Merged, LibraryError> {
    if std::fs::symlink_metadata(output).is_ok() {
        return Err(LibraryError::Exists(output.to_owned()));
    }
    for library in libraries {
        // Looks at every page, and takes back what a run that was killed has left half-written.
        Store::open(library)?.info()?;
    }
    let mut merged = Merged::default();
    build(output, |connection| {
        let mut before = 0;
        for library in libraries {
            let told = |error: rusqlite::Error| LibraryError::database(library, &error);
            let name = library.to_string_lossy();
            connection
                .execute("ATTACH ?1 AS other", [&name])
                .map_err(told)?;
            before += take(connection).map_err(told)?;
            connection.execute_batch("DETACH other").map_err(told)?;
        }
        let told = |error: rusqlite::Error| LibraryError::database(output, &error);
        let songs: i64 = connection
            .query_row("SELECT count(*) FROM song", [], |row| row.get(0))
            .map_err(told)?;
        merged.songs = songs as usize;
        merged.in_several = before - merged.songs;
        Ok(())
    })?;
    Ok(merged)
}

/// Takes what the database `other` holds; returns the number of its songs.
fn take(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute_batch(&format!(
        "BEGIN;
         INSERT OR IGNORE INTO main.model (sha256, provenance, dimensions)
             SELECT sha256, provenance, dimensions FROM other.model;
         DELETE FROM main.song WHERE path IN (
             SELECT theirs.path FROM other.song AS theirs JOIN main.song AS ours USING (path)
             WHERE theirs.missing IS NULL
                 AND (ours.missing IS NOT NULL OR theirs.mtime > ours.mtime));
         INSERT OR IGNORE INTO main.song (model, {SONG_COLUMNS})
             SELECT (SELECT ours.id FROM main.model AS ours JOIN other.model AS theirs USING (sha256)
                     WHERE theirs.id = song.model), {SONG_COLUMNS}
             FROM other.song ORDER BY path;
         INSERT OR IGNORE INTO main.folder (path, checked) SELECT path, checked FROM other.folder;
         INSERT OR IGNORE INTO main.failure SELECT * FROM other.failure;
         DELETE FROM main.failure WHERE path IN (SELECT path FROM main.song);
         COMMIT;"
    ))?;
    let songs: i64 =
        connection.query_row("SELECT count(*) FROM other.song", [], |row| row.get(0))?;
    Ok(songs as usize)
}
