//! A folder of music, one sub-folder per genre.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::{Found, Layout, Subset};
use crate::progress::Progress;
use crate::{DatasetError, Song, Split, clip_name};
use soundalike_core::catalog::Track;

/// Extensions of the files that a folder is searched for.
const EXTENSIONS: [&str; 14] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "aif", "aiff", "aifc", "au",
    "snd",
];

/// A folder of audio files: any folder.
pub(super) struct Folder;

impl Layout for Folder {
    fn name(&self) -> &'static str {
        "a folder of genres"
    }

    fn recognises(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn read(&self, path: &Path, _: Option<Subset>) -> Result<Found, DatasetError> {
        Ok(find(path))
    }
}

/// All audio files below a folder. The first sub-folder on the way to a file is its genre; title,
/// artist and album come from its tags.
fn find(folder: &Path) -> Found {
    let (files, problems) = audio_files(folder);
    let progress = Progress::new("reading the tags", files.len());
    let songs = files
        .into_par_iter()
        .map(|file| {
            progress.advance();
            let track = Track {
                title: clip_name(&file),
                genre: genre(folder, &file),
                set: folder_name(folder),
                path: relative(folder, &file),
                ..Track::default()
            };
            Song::new(file, Split::Train, track)
        })
        .collect();
    Found {
        songs,
        own_split: false,
        problems,
    }
}

/// All audio files below a folder, in order of their paths, and what could not be read.
pub(super) fn audio_files(folder: &Path) -> (Vec<PathBuf>, Vec<DatasetError>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let cause = match error.io_error() {
                    Some(cause) => cause.to_string(),
                    None => error.to_string(),
                };
                problems.push(DatasetError::Unreadable { path, cause });
            }
        }
    }
    (files, problems)
}

/// The first sub-folder on the way to a file; empty if it lies in the folder itself.
pub(super) fn genre(folder: &Path, file: &Path) -> String {
    let mut way = file.strip_prefix(folder).unwrap_or(file).components();
    match (way.next(), way.next()) {
        (Some(first), Some(_)) => first.as_os_str().to_string_lossy().into_owned(),
        _ => String::new(),
    }
}

/// A file's path in its set.
pub(super) fn relative(folder: &Path, file: &Path) -> String {
    let way = file.strip_prefix(folder).unwrap_or(file);
    way.to_string_lossy().into_owned()
}

pub(super) fn is_audio(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(is_audio_extension)
}

/// Whether a file with this extension is an audio file.
pub(crate) fn is_audio_extension(extension: &str) -> bool {
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

fn folder_name(folder: &Path) -> String {
    folder
        .canonicalize()
        .ok()
        .and_then(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_default()
}
