//! What an update reads and writes, row by row.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension, Row, named_params};
use soundalike_core::catalog::{Provenance, Track};

use super::{LeftOut, Library, Store};
use crate::error::LibraryError;
use crate::numbers::{push_from_bytes, to_bytes};
use crate::paths::{bytes_of, path_of, range_below};

/// What tells whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Bytes.
    pub size: u64,
    /// When it was written last, nanoseconds since 1970.
    pub mtime: i64,
}

impl Stamp {
    pub(crate) fn of(found: &std::fs::Metadata) -> Self {
        let nanoseconds = |time: SystemTime| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        };
        Self {
            size: found.len(),
            // A system without such times: only size and content tell.
            mtime: found.modified().map_or(0, nanoseconds),
        }
    }
}

/// A song as an update sees it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub id: i64,
    pub stamp: Stamp,
    pub sha256: Vec<u8>,
    /// Whether its file was gone when it was looked for last.
    pub missing: bool,
    /// Whether the model in use has heard it and its numbers are whole.
    pub comparable: bool,
}

/// A file that could not be heard.
#[derive(Clone, Debug)]
pub(crate) struct FailedBefore {
    pub stamp: Stamp,
    pub reason: String,
    /// The version of the program that tried.
    pub program: String,
}

/// A song that was heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub stamp: Stamp,
    pub sha256: Vec<u8>,
    pub track: Track,
    pub seconds: f64,
    pub music: f32,
    pub tempo_bpm: Option<f64>,
    pub key: Option<String>,
    pub embedding: Vec<f32>,
    pub probabilities: Vec<f32>,
    pub tags: Vec<f32>,
}

/// Numbers and paths of songs by the SHA-256 of their files.
pub(crate) type ByContent = HashMap<Vec<u8>, Vec<(i64, PathBuf)>>;

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

const TRACK_COLUMNS: &str = "title, artist, album, album_artist, genre, track_number, year, \
    musicbrainz_recording, musicbrainz_release, musicbrainz_artists, \
    track_gain, track_peak, album_gain, album_peak, notes";

/// The columns of a song, but for its number and its model's.
pub(crate) const SONG_COLUMNS: &str = "path, size, mtime, sha256, missing, seconds, music, \
    embedding, probabilities, tags, tempo_bpm, key, title, artist, album, album_artist, genre, \
    track_number, year, musicbrainz_recording, musicbrainz_release, musicbrainz_artists, \
    track_gain, track_peak, album_gain, album_peak, notes";

/// The columns of a track, to be selected; [`track_from`] reads them.
pub(super) fn track_columns() -> &'static str {
    TRACK_COLUMNS
}

/// The track of a row that begins with [`track_columns`]; its path is not set.
pub(super) fn track_from(row: &Row<'_>) -> rusqlite::Result<Track> {
    let list = |index: usize| -> rusqlite::Result<Vec<String>> {
        let text: String = row.get(index)?;
        let kind = rusqlite::types::Type::Text;
        serde_json::from_str(&text)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, kind, e.into()))
    };
    Ok(Track {
        title: row.get(0)?,
        artist: row.get(1)?,
        album: row.get(2)?,
        album_artist: row.get(3)?,
        genre: row.get(4)?,
        track_number: row.get(5)?,
        year: row.get(6)?,
        musicbrainz_recording: row.get(7)?,
        musicbrainz_release: row.get(8)?,
        musicbrainz_artists: list(9)?,
        track_gain: row.get(10)?,
        track_peak: row.get(11)?,
        album_gain: row.get(12)?,
        album_peak: row.get(13)?,
        notes: list(14)?,
        ..Track::default()
    })
}

fn json(list: &[String]) -> String {
    // A list of texts is always JSON.
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

/// Sizes are counted as SQLite does, with a sign.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl Store {
    /// The number of a model in the file, which is told of it if it does not know it.
    pub(crate) fn model_number(
        &self,
        provenance: &Provenance,
        dimensions: usize,
    ) -> Result<i64, LibraryError> {
        let json = serde_json::to_string(provenance)
            .map_err(|error| LibraryError::damaged(self.path(), error.to_string()))?;
        self.begin()?;
        self.told(self.connection.execute(
            "INSERT OR IGNORE INTO model (sha256, provenance, dimensions) VALUES (?1, ?2, ?3)",
            (&provenance.model_sha256, json, dimensions as i64),
        ))?;
        self.told(self.connection.query_row(
            "SELECT id FROM model WHERE sha256 = ?1",
            [&provenance.model_sha256],
            |row| row.get(0),
        ))
    }

    /// The model, other than this one, that heard most songs: its SHA-256.
    pub(crate) fn other_model(&self, sha256: &str) -> Result<Option<String>, LibraryError> {
        let question = "SELECT model.sha256 FROM model JOIN song ON song.model = model.id \
                        WHERE model.sha256 <> ?1 AND missing IS NULL \
                        GROUP BY model.id ORDER BY count(*) DESC LIMIT 1";
        let mut statement = self.told(self.connection.prepare(question))?;
        let found = statement.query_row([sha256], |row| row.get(0)).optional();
        self.told(found)
    }

    /// Forgets models that no song is of.
    pub(crate) fn drop_unused_models(&self) -> Result<(), LibraryError> {
        self.begin()?;
        let order = "DELETE FROM model WHERE id NOT IN (SELECT model FROM song)";
        self.told(self.connection.execute(order, []))?;
        Ok(())
    }

    /// The songs below a folder, by their paths. `widths` are the lengths of the three lists of numbers that
    /// the model in use gives.
    pub(crate) fn known_below(
        &self,
        folder: &Path,
        model_sha256: &str,
        widths: [usize; 3],
    ) -> Result<HashMap<PathBuf, Known>, LibraryError> {
        let question = "SELECT song.id, path, size, mtime, song.sha256, missing IS NOT NULL, \
                        model.sha256, embedding, probabilities, tags \
                        FROM song JOIN model ON model.id = song.model WHERE path >= ?1 AND path < ?2";
        let mut statement = self.told(self.connection.prepare(question))?;
        let (low, high) = range_below(folder);
        let mut rows = self.told(statement.query((low, high)))?;
        let mut found = HashMap::new();
        let mut numbers = Vec::new();
        while let Some(row) = self.told(rows.next())? {
            let mut read = || -> rusqlite::Result<(Vec<u8>, Known)> {
                let model: String = row.get(6)?;
                numbers.clear();
                let mut whole = true;
                for (index, width) in (7_usize..).zip(widths) {
                    let bytes = row.get_ref(index)?.as_blob()?;
                    whole &= push_from_bytes(bytes, width, &mut numbers);
                }
                let known = Known {
                    id: row.get(0)?,
                    stamp: Stamp {
                        size: row.get::<_, i64>(2)? as u64,
                        mtime: row.get(3)?,
                    },
                    sha256: row.get(4)?,
                    missing: row.get(5)?,
                    comparable: whole && model == model_sha256,
                };
                Ok((row.get(1)?, known))
            };
            let (path, known) = self.told(read())?;
            if let Some(path) = path_of(path) {
                found.insert(path, known);
            }
        }
        Ok(found)
    }

    /// The songs of a model, wherever they are, by the SHA-256 of their files: numbers and paths.
    pub(crate) fn by_content(&self, model: i64) -> Result<ByContent, LibraryError> {
        let question = "SELECT sha256, id, path FROM song WHERE model = ?1 ORDER BY path";
        let mut statement = self.told(self.connection.prepare(question))?;
        let mut rows = self.told(statement.query([model]))?;
        let mut found = ByContent::new();
        while let Some(row) = self.told(rows.next())? {
            let path = path_of(self.told(row.get(2))?);
            let (sha256, id) = (self.told(row.get(0))?, self.told(row.get(1))?);
            if let Some(path) = path {
                found.entry(sha256).or_default().push((id, path));
            }
        }
        Ok(found)
    }

    /// The files below a folder that could not be heard.
    pub(crate) fn failures_below(
        &self,
        folder: &Path,
    ) -> Result<HashMap<PathBuf, FailedBefore>, LibraryError> {
        let question = "SELECT path, size, mtime, reason, program FROM failure \
                        WHERE path >= ?1 AND path < ?2";
        let mut statement = self.told(self.connection.prepare(question))?;
        let rows = self.told(statement.query_map(range_below(folder), |row| {
            let failed = FailedBefore {
                stamp: Stamp {
                    size: row.get::<_, i64>(1)? as u64,
                    mtime: row.get(2)?,
                },
                reason: row.get(3)?,
                program: row.get(4)?,
            };
            Ok((row.get::<_, Vec<u8>>(0)?, failed))
        }))?;
        let rows: Vec<(Vec<u8>, FailedBefore)> = self.told(rows.collect())?;
        let paths = rows.into_iter();
        Ok(paths
            .filter_map(|(path, failed)| Some((path_of(path)?, failed)))
            .collect())
    }

    /// Writes a song, in place of what was known of its path.
    pub(crate) fn put(&self, file: &Path, heard: &Heard, model: i64) -> Result<(), LibraryError> {
        let order = "INSERT INTO song (path, size, mtime, sha256, model, seconds, music, tempo_bpm, key, \
             embedding, probabilities, tags, title, artist, album, album_artist, genre, track_number, \
             year, musicbrainz_recording, musicbrainz_release, musicbrainz_artists, \
             track_gain, track_peak, album_gain, album_peak, notes) \
             VALUES (:path, :size, :mtime, :sha256, :model, :seconds, :music, :tempo_bpm, :key, \
             :embedding, :probabilities, :tags, :title, :artist, :album, :album_artist, :genre, \
             :track_number, :year, :recording, :release, :artists, \
             :track_gain, :track_peak, :album_gain, :album_peak, :notes) \
             ON CONFLICT (path) DO UPDATE SET missing = NULL, tempo_bpm = excluded.tempo_bpm, key = excluded.key, \
             size = excluded.size, mtime = excluded.mtime, sha256 = excluded.sha256, \
             model = excluded.model, seconds = excluded.seconds, music = excluded.music, \
             embedding = excluded.embedding, probabilities = excluded.probabilities, \
             tags = excluded.tags, title = excluded.title, artist = excluded.artist, \
             album = excluded.album, album_artist = excluded.album_artist, genre = excluded.genre, \
             track_number = excluded.track_number, year = excluded.year, \
             musicbrainz_recording = excluded.musicbrainz_recording, \
             musicbrainz_release = excluded.musicbrainz_release, \
             musicbrainz_artists = excluded.musicbrainz_artists, \
             track_gain = excluded.track_gain, track_peak = excluded.track_peak, \
             album_gain = excluded.album_gain, album_peak = excluded.album_peak, \
             notes = excluded.notes";
        let track = &heard.track;
        self.begin()?;
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        self.told(statement.execute(named_params! {
            ":path": bytes_of(file),
            ":size": signed(heard.stamp.size),
            ":mtime": heard.stamp.mtime,
            ":sha256": heard.sha256,
            ":model": model,
            ":seconds": heard.seconds,
            ":music": heard.music,
            ":tempo_bpm": heard.tempo_bpm,
            ":key": heard.key,
            ":embedding": to_bytes(&heard.embedding),
            ":probabilities": to_bytes(&heard.probabilities),
            ":tags": to_bytes(&heard.tags),
            ":title": track.title,
            ":artist": track.artist,
            ":album": track.album,
            ":album_artist": track.album_artist,
            ":genre": track.genre,
            ":track_number": track.track_number,
            ":year": track.year,
            ":recording": track.musicbrainz_recording,
            ":release": track.musicbrainz_release,
            ":artists": json(&track.musicbrainz_artists),
            ":track_gain": track.track_gain,
            ":track_peak": track.track_peak,
            ":album_gain": track.album_gain,
            ":album_peak": track.album_peak,
            ":notes": json(&track.notes),
        }))?;
        Ok(())
    }

    /// Gives a song another path, and the title of it where the file names none.
    pub(crate) fn move_to(
        &self,
        id: i64,
        file: &Path,
        stamp: Stamp,
        track: &Track,
    ) -> Result<(), LibraryError> {
        self.begin()?;
        // A row of this path is of other content, which is gone.
        self.told(self.connection.execute(
            "DELETE FROM song WHERE path = ?1 AND id <> ?2",
            (bytes_of(file), id),
        ))?;
        self.told(self.connection.execute(
            "UPDATE song SET path = ?2, size = ?3, mtime = ?4, missing = NULL, title = ?5 WHERE id = ?1",
            (id, bytes_of(file), signed(stamp.size), stamp.mtime, &track.title),
        ))?;
        Ok(())
    }

    /// Writes a song that has the content of another one.
    pub(crate) fn copy_to(
        &self,
        id: i64,
        file: &Path,
        stamp: Stamp,
        track: &Track,
    ) -> Result<(), LibraryError> {
        self.begin()?;
        self.forget(file)?;
        let columns = "sha256, model, seconds, music, embedding, probabilities, tags, tempo_bpm, key, \
                       artist, album, album_artist, genre, track_number, year, musicbrainz_recording, \
                       musicbrainz_release, musicbrainz_artists, track_gain, track_peak, album_gain, \
                       album_peak, notes";
        let order = format!(
            "INSERT INTO song (path, size, mtime, title, {columns}) \
             SELECT ?2, ?3, ?4, ?5, {columns} FROM song WHERE id = ?1"
        );
        let mut statement = self.told(self.connection.prepare_cached(&order))?;
        let place = (
            id,
            bytes_of(file),
            signed(stamp.size),
            stamp.mtime,
            &track.title,
        );
        self.told(statement.execute(place))?;
        Ok(())
    }

    /// Notes that a song's file is there, with another time of writing.
    pub(crate) fn touch(&self, id: i64, stamp: Stamp) -> Result<(), LibraryError> {
        self.begin()?;
        let order = "UPDATE song SET size = ?2, mtime = ?3, missing = NULL WHERE id = ?1";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        self.told(statement.execute((id, signed(stamp.size), stamp.mtime)))?;
        Ok(())
    }

    /// The number of the song at a path, and the SHA-256 of its file.
    pub(crate) fn at(&self, file: &Path) -> Result<Option<(i64, Vec<u8>)>, LibraryError> {
        let question = "SELECT id, sha256 FROM song WHERE path = ?1";
        let mut statement = self.told(self.connection.prepare_cached(question))?;
        let row = statement.query_row([bytes_of(file)], |row| Ok((row.get(0)?, row.get(1)?)));
        self.told(row.optional())
    }

    /// The file of a song whose content has a SHA-256.
    pub(crate) fn with_content(&self, sha256: &[u8]) -> Result<Option<PathBuf>, LibraryError> {
        let question = "SELECT path FROM song WHERE sha256 = ?1 AND missing IS NULL";
        let mut statement = self.told(self.connection.prepare_cached(question))?;
        let row = statement.query_row([sha256], |row| row.get::<_, Vec<u8>>(0));
        Ok(self.told(row.optional())?.and_then(path_of))
    }

    /// Why a song that the file holds, by its number or else its path, is not in the library that was read from it;
    /// `None` if the file holds no such song.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn left_out(
        &self,
        library: &Library,
        id: Option<i64>,
        file: &Path,
    ) -> Result<Option<LeftOut>, LibraryError> {
        let question = "SELECT missing IS NOT NULL, model.sha256 FROM song \
                        JOIN model ON model.id = song.model WHERE song.id = ?1 OR path = ?2";
        let mut statement = self.told(self.connection.prepare_cached(question))?;
        let row = statement.query_row((id, bytes_of(file)), |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, String>(1)?))
        });
        let found = self.told(row.optional())?;
        Ok(found.map(|(missing, model)| {
            if missing {
                LeftOut::Gone
            } else if model == library.catalog.provenance.model_sha256 {
                LeftOut::Damaged
            } else {
                LeftOut::OtherModel
            }
        }))
    }

    /// Notes that the tags of a song's file were written: its sound is the same.
    pub(crate) fn retag(
        &self,
        id: i64,
        stamp: Stamp,
        sha256: &[u8],
        genre: &str,
    ) -> Result<(), LibraryError> {
        self.begin()?;
        let order = "UPDATE song SET size = ?2, mtime = ?3, sha256 = ?4, genre = ?5 WHERE id = ?1";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        let row = (id, signed(stamp.size), stamp.mtime, sha256, genre);
        self.told(statement.execute(row))?;
        Ok(())
    }

    /// Notes that a song's file is gone.
    pub(crate) fn set_missing(&self, id: i64) -> Result<(), LibraryError> {
        self.begin()?;
        let order = "UPDATE song SET missing = ?2 WHERE id = ?1 AND missing IS NULL";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        self.told(statement.execute((id, now())))?;
        Ok(())
    }

    fn forget(&self, file: &Path) -> Result<(), LibraryError> {
        let order = "DELETE FROM song WHERE path = ?1";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        self.told(statement.execute([bytes_of(file)]))?;
        Ok(())
    }

    /// Notes that a file could not be heard; what was known of it before is of another content.
    pub(crate) fn put_failure(
        &self,
        file: &Path,
        stamp: Stamp,
        reason: &str,
    ) -> Result<(), LibraryError> {
        self.begin()?;
        self.forget(file)?;
        let order = "INSERT OR REPLACE INTO failure (path, size, mtime, reason, program) \
                     VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        let program = env!("CARGO_PKG_VERSION");
        let row = (
            bytes_of(file),
            signed(stamp.size),
            stamp.mtime,
            reason,
            program,
        );
        self.told(statement.execute(row))?;
        Ok(())
    }

    /// Forgets that a file could not be heard.
    pub(crate) fn drop_failure(&self, file: &Path) -> Result<(), LibraryError> {
        self.begin()?;
        let order = "DELETE FROM failure WHERE path = ?1";
        let mut statement = self.told(self.connection.prepare_cached(order))?;
        self.told(statement.execute([bytes_of(file)]))?;
        Ok(())
    }
}
