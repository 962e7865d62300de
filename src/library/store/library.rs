//! A library in memory, for questions.

use std::path::{Path, PathBuf};

use rusqlite::OptionalExtension;
use soundalike_core::catalog::{Catalog, Provenance};
use soundalike_core::model::Head;
use soundalike_core::pipeline::Prediction;
use soundalike_datasets::names::path_bytes;

use super::Store;
use super::rows::{track_columns, track_from};
use crate::error::LibraryError;
use crate::numbers::push_from_bytes;
use crate::paths::path_of;

/// What is known of a song of a library beside its [`Track`](soundalike_core::catalog::Track).
#[derive(Clone, Debug, PartialEq)]
pub struct LibrarySong {
    /// Its number in the library; it keeps it as long as its file has this content.
    pub id: i64,
    /// Its file.
    pub file: PathBuf,
    /// Size of the file in bytes.
    pub size: u64,
    /// Length in seconds.
    pub seconds: f64,
    /// Probability that it is music.
    pub music: f32,
    /// Tempo in beats per minute, where it is known.
    pub tempo_bpm: Option<f64>,
    /// Key, such as `A minor`, where it is known.
    pub key: Option<String>,
}

/// The songs of a library whose files were there when they were looked for last, as one model heard them, in
/// order of their paths.
#[derive(Clone, Debug)]
pub struct Library {
    /// The songs with their numbers; its tracks' paths are the files'.
    pub catalog: Catalog,
    /// What else is known of each track of the catalogue.
    pub songs: Vec<LibrarySong>,
    /// Songs that are not here because another model heard them.
    pub of_other_models: usize,
    /// Songs that are not here because their numbers are damaged.
    pub damaged: usize,
}

/// Why a song that a file holds is not in its [`Library`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Its file was gone when it was looked for last.
    Gone,
    /// Another model heard it.
    OtherModel,
    /// Its numbers are damaged.
    Damaged,
}

impl Library {
    /// The track of a song's number.
    pub fn by_id(&self, id: i64) -> Option<usize> {
        self.songs.iter().position(|song| song.id == id)
    }

    /// The track of a file, by its [`settled`](crate::settled) path.
    pub fn by_file(&self, file: &Path) -> Option<usize> {
        let place = self
            .songs
            .binary_search_by(|song| song.file.as_os_str().cmp(file.as_os_str()));
        place.ok()
    }
}

impl Store {
    /// Reads the songs that can be compared: those of the model that heard most of them.
    ///
    /// # Errors
    /// If the file cannot be read, or there is no song.
    pub fn library(&self) -> Result<Library, LibraryError> {
        let found = self
            .connection
            .query_row(
                "SELECT model.id, provenance, dimensions, count(*) FROM song \
                 JOIN model ON model.id = song.model WHERE missing IS NULL \
                 GROUP BY model.id ORDER BY 4 DESC, model.id LIMIT 1",
                [],
                |row| {
                    let dimensions: i64 = row.get(2)?;
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, dimensions))
                },
            )
            .optional();
        let Some((model, provenance, dimensions)) = self.told(found)? else {
            return Err(LibraryError::NoSongs(self.path().to_owned()));
        };
        let damaged = |cause: String| LibraryError::damaged(self.path(), cause);
        let provenance: Provenance =
            serde_json::from_str(&provenance).map_err(|error| damaged(error.to_string()))?;
        let widths = [
            usize::try_from(dimensions).map_err(|error| damaged(error.to_string()))?,
            provenance.genres.len(),
            provenance.tags.len(),
        ];
        self.read_songs(model, provenance, widths)
    }

    fn read_songs(
        &self,
        model: i64,
        provenance: Provenance,
        widths: [usize; 3],
    ) -> Result<Library, LibraryError> {
        let question = format!(
            "SELECT {}, id, path, size, seconds, music, tempo_bpm, key, \
             embedding, probabilities, tags FROM song \
             WHERE model = ?1 AND missing IS NULL ORDER BY path",
            track_columns()
        );
        let mut statement = self.told(self.connection.prepare(&question))?;
        let mut rows = self.told(statement.query([model]))?;
        let (mut tracks, mut songs, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        let mut damaged = 0;
        while let Some(row) = self.told(rows.next())? {
            let read = || -> rusqlite::Result<_> {
                let mut lists = [const { Vec::new() }; 3];
                let mut whole = true;
                for ((index, width), list) in (22_usize..).zip(widths).zip(&mut lists) {
                    list.reserve_exact(width);
                    whole &= push_from_bytes(row.get_ref(index)?.as_blob()?, width, list);
                }
                let song = LibrarySong {
                    id: row.get(15)?,
                    file: path_of(row.get(16)?).unwrap_or_default(),
                    size: row.get::<_, i64>(17)? as u64,
                    seconds: row.get(18)?,
                    music: row.get(19)?,
                    tempo_bpm: row.get(20)?,
                    key: row.get(21)?,
                };
                Ok((track_from(row)?, song, whole.then_some(lists)))
            };
            let (mut track, song, lists) = self.told(read())?;
            let Some([embedding, probabilities, tags]) = lists else {
                damaged += 1;
                continue;
            };
            track.path = song.file.to_string_lossy().into_owned();
            track.path_bytes = path_bytes(&song.file).unwrap_or_default();
            answers.push(Prediction {
                seconds: song.seconds,
                head: Head::default(),
                probabilities,
                timeline: Vec::new(),
                embedding,
                tags,
                music: song.music,
                notes: Vec::new(),
            });
            tracks.push(track);
            songs.push(song);
        }
        if songs.is_empty() {
            return Err(LibraryError::NoSongs(self.path().to_owned()));
        }
        let others = self.told(self.connection.query_row(
            "SELECT count(*) FROM song WHERE model <> ?1 AND missing IS NULL",
            [model],
            |row| row.get::<_, i64>(0),
        ))?;
        let catalog =
            Catalog::new(provenance, tracks, &answers).map_err(|cause| LibraryError::Catalog {
                path: self.path().to_owned(),
                cause,
            })?;
        Ok(Library {
            catalog,
            songs,
            of_other_models: others as usize,
            damaged,
        })
    }
}
