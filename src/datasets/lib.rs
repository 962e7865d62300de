//! Datasets on disk: an `INDEX.csv`, a folder of genres, GTZAN, FMA, MagnaTagATune, each a file in
//! `layouts/`; and the GTZAN feature table ([`FeatureTable`]). The split is the dataset's own, or drawn
//! ([`SplitBy`]).
//!
//! [`open`] is for a catalogue: files that cannot be read are reported and left out. [`open_with`] is for
//! training and evaluation: a file that cannot be read is an error, because figures are computed from the
//! dataset. [`check`] says whether a classifier can be trained on the songs. [`tidy`], [`correct`] and
//! [`leave_out`] prepare the songs for a catalogue. [`SongTags`] is what a file's own tags say of its song.
//! The programs of the terminal share [`progress`], [`output`], [`names`] and [`terminal`].
//!
//! ```no_run
//! use soundalike_datasets::{Options, Split, check, open_with};
//!
//! let path = std::path::Path::new("INDEX.csv");
//! let songs = open_with(path, &Options::default())?;
//! check(path, &songs)?;
//! let training = songs.iter().filter(|song| song.split == Split::Train);
//! println!("{} songs for training", training.count());
//! # Ok::<(), soundalike_datasets::DatasetError>(())
//! ```

mod corrections;
mod encoding;
mod error;
pub mod hints;
mod layouts;
mod licence;
mod metadata;
pub mod names;
pub mod output;
pub mod progress;
mod sheet;
mod split;
mod table;
pub mod tags;
pub mod terminal;
pub mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use corrections::{correct, leave_out};
pub use error::DatasetError;
pub use layouts::Subset;
pub use licence::{UNCLEAR, spdx};
pub use metadata::{readable_artist, readable_title, tidy};
pub use split::{SplitBy, SplitRatios, folds, split_stratified, warning};
pub use table::FeatureTable;
pub use tags::{MusicBrainzIds, NewTags, ReplayGain, SongTags, TagWriteError, with_tags};

use crate::layouts::Found;
use crate::progress::Progress;
use soundalike_core::audio::{self, AudioError, Clip, SoundReader};
use soundalike_core::catalog::Track;
use soundalike_core::message::Notice;
use soundalike_core::pipeline::{PredictError, Prediction, Predictor};

/// The split that a song is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For validation: hyperparameters and the stopping epoch are chosen on it.
    Valid,
    /// For testing.
    Test,
    /// In the catalogue only.
    Extra,
}

/// One song on disk, or a segment of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// Its file.
    pub file: PathBuf,
    /// Its split.
    pub split: Split,
    /// What is known of it; the genre may be empty.
    pub track: Track,
    /// Its tags in a multi-label dataset; empty where it has one genre, which is the track's.
    pub labels: Vec<String>,
    /// Start and end in seconds, where it is a segment of the file; `None` for the whole file.
    pub span: Option<(f64, f64)>,
}

impl Song {
    /// A whole song without tags.
    pub fn new(file: PathBuf, split: Split, track: Track) -> Self {
        Self {
            file,
            split,
            track,
            labels: Vec::new(),
            span: None,
        }
    }

    /// Its labels: its tags, or its genre alone; nothing where neither is known.
    pub fn words(&self) -> Vec<&str> {
        if !self.labels.is_empty() {
            return self.labels.iter().map(String::as_str).collect();
        }
        let genre = self.track.genre.as_str();
        Some(genre)
            .filter(|genre| !genre.is_empty())
            .into_iter()
            .collect()
    }

    /// Whether it is a segment of a song, other segments of which may be in another split: see
    /// [`warning`].
    pub fn is_piece(&self) -> bool {
        self.span.is_some()
    }

    /// Its audio; of a segment, the segment's.
    ///
    /// # Errors
    /// If the file cannot be decoded, or ends before the segment begins.
    pub fn clip(&self) -> Result<Clip, AudioError> {
        self.decode().map(|(clip, _)| clip)
    }

    /// [`Song::clip`], and what is to be said of its file: what of it is missing or damaged.
    ///
    /// # Errors
    /// As [`Song::clip`].
    pub fn decode(&self) -> Result<(Clip, Vec<Notice>), AudioError> {
        let decoded = audio::decode_file(&self.file)?;
        let notes = decoded.notes.iter().map(Notice::of).collect();
        let clip = decoded.clip;
        let Some((start, end)) = self.span else {
            return Ok((clip, notes));
        };
        let samples = clip.samples();
        let at = |seconds: f64| ((seconds * f64::from(clip.rate())) as usize).min(samples.len());
        let piece = Clip::new(samples[at(start)..at(end)].to_vec(), clip.rate())?;
        Ok((piece, notes))
    }

    /// The model's prediction for it, with notes on how it was decoded. Blocks.
    ///
    /// # Errors
    /// As [`Song::clip`], or if it is silent or too short, or the device fails.
    pub fn predict(&self, predictor: &Predictor) -> Result<Prediction, PredictError> {
        if self.is_piece() {
            let (clip, notes) = self.decode()?;
            let mut prediction = predictor.predict(&clip)?;
            prediction.notes.splice(0..0, notes);
            return Ok(prediction);
        }
        predictor.predict_reader(&mut SoundReader::from_file(&self.file)?)
    }

    /// [`Song::clip`] at another sample rate in Hz.
    ///
    /// # Errors
    /// As [`Song::clip`], or if it cannot be resampled.
    pub fn clip_at(&self, rate: u32) -> Result<Clip, AudioError> {
        self.clip()?.resampled(rate)
    }
}

/// How a dataset is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Seed of a split that is drawn.
    pub seed: u64,
    /// How it is drawn; `None` takes the dataset's own split, and draws by artist where it has none.
    pub split_by: Option<SplitBy>,
    /// Ratios of a split that is drawn; if given, the dataset's own split is not taken.
    pub shares: Option<SplitRatios>,
    /// The subset of FMA; `None` takes every file that is there.
    pub subset: Option<Subset>,
}

/// The songs of a dataset, for a catalogue: an index file, a folder of GTZAN, FMA or MagnaTagATune, or
/// any folder of audio files. Of the last, the first sub-folder on the way to a file is its genre; everything
/// else comes from its [tags](SongTags). A dataset without a split of its own is split by artist with
/// `seed`. Files that cannot be read are left out with a warning.
///
/// # Errors
/// If there is nothing at `path`, or a table has a wrong row.
pub fn open(path: &Path, seed: u64) -> Result<Vec<Song>, DatasetError> {
    let found = layouts::read(path, None)?;
    for problem in &found.problems {
        tracing::warn!("left out: {problem}");
    }
    let options = Options {
        seed,
        ..Options::default()
    };
    arrange(found, path, &options)
}

/// The songs of a dataset as [`open`] finds them, for training and evaluation, split as the options say.
/// A dataset is rejected if a part of it cannot be read, a file is empty or a clip is there twice.
///
/// # Errors
/// The first thing that is wrong, with its file and row.
pub fn open_with(path: &Path, options: &Options) -> Result<Vec<Song>, DatasetError> {
    let mut found = layouts::read(path, options.subset)?;
    if !found.problems.is_empty() {
        return Err(found.problems.swap_remove(0));
    }
    check_files(&found.songs)?;
    let artists_known = found.songs.iter().any(|s| !s.track.artist.is_empty());
    let by_artist = matches!(options.split_by, None | Some(SplitBy::Artist));
    let songs = arrange(found, path, options)?;
    if by_artist && !artists_known {
        tracing::warn!(
            "{}: no artist is known, so songs of one artist may be on both sides of the split",
            names::shown(path)
        );
    }
    Ok(songs)
}

fn arrange(found: Found, path: &Path, options: &Options) -> Result<Vec<Song>, DatasetError> {
    let Found {
        songs, own_split, ..
    } = found;
    if songs.is_empty() {
        return Err(DatasetError::Empty(path.to_owned()));
    }
    if own_split && options.split_by.is_none() && options.shares.is_none() {
        return Ok(songs);
    }
    let by = options.split_by.unwrap_or(SplitBy::Artist);
    let shares = options.shares.unwrap_or_default();
    split::split(songs, by, shares, options.seed)
}

/// Rejects empty files, and files that are the same clip by their names: in one folder with several
/// extensions, or with the same bytes in several folders.
fn check_files(songs: &[Song]) -> Result<(), DatasetError> {
    let mut by_name: BTreeMap<String, Vec<(&Path, u64)>> = BTreeMap::new();
    for song in songs {
        let file = song.file.as_path();
        let size = std::fs::metadata(file)
            .map_err(|e| DatasetError::unreadable(file, e))?
            .len();
        if size == 0 {
            return Err(DatasetError::EmptyFile(file.to_owned()));
        }
        let others = by_name.entry(clip_key(file)).or_default();
        for &(other, other_size) in others.iter() {
            let same_folder = other.parent() == file.parent();
            if same_folder || (size == other_size && same_bytes(other, file)?) {
                return Err(DatasetError::Twice {
                    first: other.to_owned(),
                    second: file.to_owned(),
                });
            }
        }
        others.push((file, size));
    }
    Ok(())
}

fn same_bytes(one: &Path, other: &Path) -> Result<bool, DatasetError> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| DatasetError::unreadable(path, e));
    Ok(read(one)? == read(other)?)
}

/// Whether a classifier can be trained on the songs of `path`: every training and validation clip has a
/// genre, there are at least two genres of at least two clips each, and no other clip is of a genre that
/// is missing from the training split. Of songs with tags: some tag is on some training clips and not on
/// others.
///
/// # Errors
/// The first thing that is wrong, with the file.
pub fn check(path: &Path, songs: &[Song]) -> Result<(), DatasetError> {
    if tagged(songs) {
        let train_songs: Vec<&Song> = songs.iter().filter(|s| s.split == Split::Train).collect();
        let has = |song: &&&Song, tag: &String| song.labels.contains(tag);
        let separable = tags_of(songs).iter().any(|tag| {
            let count = train_songs.iter().filter(|song| has(song, tag)).count();
            (1..train_songs.len()).contains(&count)
        });
        // Without training clips there is nothing to say about tags yet.
        return if separable || train_songs.is_empty() {
            Ok(())
        } else {
            Err(DatasetError::SameTags(path.to_owned()))
        };
    }
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut clips: BTreeMap<&str, BTreeSet<&Path>> = BTreeMap::new();
    for song in songs.iter().filter(|song| song.split != Split::Extra) {
        let genre = song.track.genre.as_str();
        if genre.is_empty() && song.split != Split::Test {
            return Err(DatasetError::NoGenre(song.file.clone()));
        }
        if song.split == Split::Train {
            known.insert(genre);
        }
        clips.entry(genre).or_default().insert(&song.file);
    }
    if known.len() == 1 {
        return Err(DatasetError::OneGenre {
            path: path.to_owned(),
            genre: known.into_iter().collect(),
        });
    }
    for song in songs.iter().filter(|song| song.split != Split::Extra) {
        let genre = song.track.genre.as_str();
        let (file, genre_owned) = (|| song.file.clone(), || genre.to_owned());
        if !genre.is_empty() && clips[genre].len() == 1 {
            return Err(DatasetError::OnlyClip {
                file: file(),
                genre: genre_owned(),
            });
        }
        if !genre.is_empty() && !known.is_empty() && !known.contains(genre) {
            return Err(DatasetError::UnknownGenre {
                file: file(),
                genre: genre_owned(),
                known: known.into_iter().collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(())
}

/// Whether the songs have tags instead of genres.
pub fn tagged(songs: &[Song]) -> bool {
    songs.iter().any(|song| !song.labels.is_empty())
}

/// The tags of songs with many, the most frequent ones first and those as frequent by name.
pub fn tags_of(songs: &[Song]) -> Vec<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for label in songs.iter().flat_map(|song| &song.labels) {
        *counts.entry(label).or_default() += 1;
    }
    let mut tags: Vec<(&String, usize)> = counts.into_iter().collect();
    tags.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    tags.into_iter().map(|(tag, _)| tag.clone()).collect()
}

/// Decodes and classifies a list of songs on all cores, in order. What is to be said of a file stands first
/// among its prediction's notes.
pub fn predict_all(
    predictor: &Predictor,
    songs: &[Song],
    progress: &Progress,
) -> Vec<Result<Prediction, PredictError>> {
    songs
        .par_iter()
        .map(|song| {
            let prediction = song.predict(predictor);
            progress.advance();
            prediction
        })
        .collect()
}

/// What tells a file's clip from others of its folder: its name without the extension, in lower case. A
/// name that is not UTF-8 is told by its bytes.
fn clip_key(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    names::path_bytes(Path::new(stem)).unwrap_or_else(|| clip_name(file).to_lowercase())
}

/// A file's name without its extension.
fn clip_name(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
