//! Lists of songs on disk: an `INDEX.csv`, or a folder. Native only.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::audio;
use crate::catalog::Track;
use crate::pipeline::{Answer, Listener};
use crate::progress::Progress;

/// Endings of the files that a folder is searched for.
const ENDINGS: [&str; 14] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "aif", "aiff", "aifc", "au",
    "snd",
];

/// Share of a folder's songs per genre that are for choosing, and as much again for testing.
const HELD_OUT: f64 = 0.15;

/// What a song is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by.
    Valid,
    /// To test with.
    Test,
    /// In the catalogue, but for none of these.
    Extra,
}

/// One song on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// Its file.
    pub file: PathBuf,
    /// What it is used for.
    pub split: Split,
    /// What is known of it; the genre may be empty.
    pub track: Track,
}

/// What can be wrong with a list of songs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// Neither a file nor a folder.
    #[error("{0} is neither a folder of music nor an index file; check the path")]
    NotFound(PathBuf),
    /// The index cannot be read.
    #[error("{path}: cannot be read as an index: {cause}")]
    Index {
        /// The index file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A column is missing.
    #[error(
        "{path}: lacks the column {column:?}; an index begins with path,set,genre,split,artist,title,album,seconds"
    )]
    Column {
        /// The index file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A row is wrong.
    #[error("{path}, line {line}: {cause}")]
    Row {
        /// The index file.
        path: PathBuf,
        /// Line of the file, counted from one.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// There is nothing in it.
    #[error(
        "{0}: holds no music; expected sound files (WAV, FLAC, MP3, Ogg, M4A, AIFF, AU), for training in one folder per genre"
    )]
    Empty(PathBuf),
}

/// A row of an index. Columns that only some indexes have are optional.
#[derive(Deserialize)]
struct Row {
    path: String,
    set: String,
    genre: String,
    split: String,
    artist: String,
    title: String,
    album: String,
    #[serde(default)]
    licence: String,
    #[serde(default)]
    source: String,
}

/// Columns without which an index is refused.
const COLUMNS: [&str; 7] = ["path", "set", "genre", "split", "artist", "title", "album"];

/// Songs of an index file, or all sound files below a folder. Of a folder, the first sub-folder on
/// the way to a file is its genre; title, artist and album come from its tags; and train, valid and
/// test are drawn by artist with `seed`.
///
/// # Errors
/// If there is nothing at `path`, or the index has a wrong row.
pub fn open(path: &Path, seed: u64) -> Result<Vec<Song>, LibraryError> {
    let songs = if path.is_dir() {
        open_folder(path, seed)
    } else if path.is_file() {
        open_index(path)?
    } else {
        return Err(LibraryError::NotFound(path.to_owned()));
    };
    if songs.is_empty() {
        return Err(LibraryError::Empty(path.to_owned()));
    }
    Ok(songs)
}

fn open_index(path: &Path) -> Result<Vec<Song>, LibraryError> {
    let unreadable = |e: csv::Error| LibraryError::Index {
        path: path.to_owned(),
        cause: e.to_string(),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    for column in COLUMNS {
        if !headers.iter().any(|header| header == column) {
            return Err(LibraryError::Column {
                path: path.to_owned(),
                column,
            });
        }
    }
    let mut songs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let wrong = |cause: String| LibraryError::Row {
            path: path.to_owned(),
            line: record.position().map_or(0, csv::Position::line),
            cause,
        };
        let row: Row = record
            .deserialize(Some(&headers))
            .map_err(|e| wrong(e.to_string()))?;
        let split = match row.split.as_str() {
            "train" => Split::Train,
            "valid" => Split::Valid,
            "test" => Split::Test,
            "extra" => Split::Extra,
            other => {
                return Err(wrong(format!(
                    "the split {other:?} is none of train, valid, test, extra"
                )));
            }
        };
        let file = folder.join(&row.path);
        if !file.is_file() {
            return Err(wrong(format!("the file {} does not exist", file.display())));
        }
        let title = if row.title.is_empty() {
            clip_name(&file)
        } else {
            row.title
        };
        songs.push(Song {
            file,
            split,
            track: Track {
                title,
                artist: row.artist,
                album: row.album,
                genre: row.genre,
                set: row.set,
                licence: row.licence,
                source: row.source,
                path: row.path,
            },
        });
    }
    Ok(songs)
}

/// All sound files below a folder, in order of their paths. The first sub-folder on the way to a
/// file is its genre; title, artist and album come from its tags. Train, valid and test are drawn
/// by artist, so that nobody is in two of them (a song without one counts as an artist of its own),
/// with the same shares in every genre.
fn open_folder(folder: &Path, seed: u64) -> Vec<Song> {
    let files: Vec<PathBuf> = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| entry.inspect_err(|e| eprintln!("left out: {e}")).ok())
        .filter(|entry| entry.file_type().is_file() && is_sound(entry.path()))
        .map(walkdir::DirEntry::into_path)
        .collect();
    let progress = Progress::new("reading the tags", files.len());
    let mut songs: Vec<Song> = files
        .into_par_iter()
        .map(|file| {
            let relative = file.strip_prefix(folder).unwrap_or(&file);
            let genre = match relative.components().count() {
                0 | 1 => String::new(),
                _ => relative
                    .components()
                    .next()
                    .map(|c| c.as_os_str().to_string_lossy().into_owned())
                    .unwrap_or_default(),
            };
            // A file that cannot be read is reported when it is decoded.
            let tags = audio::decode_file(&file)
                .map(|decoded| decoded.tags)
                .unwrap_or_default();
            progress.advance();
            Song {
                split: Split::Train,
                track: Track {
                    title: tags.title.unwrap_or_else(|| clip_name(&file)),
                    artist: tags.artist.unwrap_or_default(),
                    album: tags.album.unwrap_or_default(),
                    genre,
                    set: folder_name(folder),
                    path: relative.to_string_lossy().into_owned(),
                    ..Track::default()
                },
                file,
            }
        })
        .collect();
    split_by_artist(&mut songs, seed);
    songs
}

fn split_by_artist(songs: &mut [Song], seed: u64) {
    // An artist of two genres must land on one side in both, so the first genre decides.
    let mut by_genre: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    let mut decided: HashMap<String, Split> = HashMap::new();
    for (index, song) in songs.iter().enumerate() {
        let artist = match song.track.artist.as_str() {
            "" => song.track.path.clone(),
            artist => artist.to_lowercase(),
        };
        by_genre
            .entry(song.track.genre.clone())
            .or_default()
            .entry(artist)
            .or_default()
            .push(index);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for artists in by_genre.into_values() {
        let total: usize = artists.values().map(Vec::len).sum();
        let mut artists: Vec<(String, Vec<usize>)> = artists.into_iter().collect();
        artists.shuffle(&mut rng);
        let mut filled = 0;
        for (artist, members) in artists {
            // The middle of the artist's songs decides, so that a large artist fits best.
            let share = (filled as f64 + members.len() as f64 / 2.0) / total as f64;
            let split = *decided.entry(artist).or_insert(if share < HELD_OUT {
                Split::Test
            } else if share < 2.0 * HELD_OUT {
                Split::Valid
            } else {
                Split::Train
            });
            filled += members.len();
            for index in members {
                songs[index].split = split;
            }
        }
    }
}

/// Decodes and hears a list of songs on all cores, in order.
pub fn hear_all(
    listener: &Listener,
    songs: &[Song],
    progress: &Progress,
) -> Vec<Result<Answer, String>> {
    songs
        .par_iter()
        .map(|song| {
            let heard = audio::decode_file(&song.file)
                .map_err(|e| e.to_string())
                .and_then(|decoded| listener.hear(&decoded.clip).map_err(|e| e.to_string()));
            progress.advance();
            heard
        })
        .collect()
}

fn is_sound(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

fn clip_name(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn folder_name(folder: &Path) -> String {
    folder
        .canonicalize()
        .ok()
        .and_then(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn song(genre: &str, artist: &str, path: &str) -> Song {
        Song {
            file: PathBuf::from(path),
            split: Split::Train,
            track: Track {
                genre: genre.to_owned(),
                artist: artist.to_owned(),
                path: path.to_owned(),
                ..Track::default()
            },
        }
    }

    #[test]
    fn no_artist_is_on_both_sides_of_a_split_and_every_genre_is_on_each() {
        let mut songs = Vec::new();
        for genre in ["blues", "rock"] {
            for i in 0..60 {
                let artist = format!("{genre}{}", i / 3);
                songs.push(song(genre, &artist, &format!("{genre}/{i}.wav")));
            }
        }
        split_by_artist(&mut songs, 7);
        let mut seen: HashMap<&str, Split> = HashMap::new();
        for song in &songs {
            let split = *seen.entry(&song.track.artist).or_insert(song.split);
            assert_eq!(split, song.split);
        }
        for genre in ["blues", "rock"] {
            for (split, least) in [(Split::Train, 36), (Split::Valid, 6), (Split::Test, 6)] {
                let count = songs
                    .iter()
                    .filter(|s| s.track.genre == genre && s.split == split)
                    .count();
                assert!(count >= least, "{genre} {split:?} {count}");
            }
        }
        let mut again = songs.clone();
        split_by_artist(&mut again, 7);
        assert_eq!(again, songs);
    }

    #[test]
    fn an_index_with_a_missing_column_split_or_file_is_refused_with_the_place() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let index = folder.path().join("INDEX.csv");
        let message = |text: &str| {
            std::fs::write(&index, text).expect("written");
            open(&index, 0).expect_err("refused").to_string()
        };
        assert!(message("path,set,genre,split,artist,title\n").contains("\"album\""));
        let header = "path,set,genre,split,artist,title,album,seconds\n";
        let text = message(&format!("{header}a.wav,s,blues,trian,x,y,z,1\n"));
        assert!(text.contains("line 2") && text.contains("trian"), "{text}");
        let text = message(&format!("{header}gone.wav,s,blues,train,x,y,z,1\n"));
        assert!(
            text.contains("line 2") && text.contains("gone.wav"),
            "{text}"
        );
        assert!(message(header).contains("holds no music"));
    }
}
