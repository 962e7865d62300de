//! A folder of music, one sub-folder per genre.

use std::path::Path;

use rayon::prelude::*;

use super::{Found, Layout, Subset};
use crate::names::path_bytes;
use crate::progress::Progress;
use crate::walk::audio_files;
use crate::{DatasetError, Song, SongTags, Split, clip_name};
use soundalike_core::catalog::Track;

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

/// All audio files below a folder. The first sub-folder on the way to a file is its genre; everything else
/// comes from its [tags](SongTags).
fn find(folder: &Path) -> Found {
    let (files, problems) = audio_files(folder);
    let progress = Progress::new("reading the tags", files.len());
    let songs = files
        .into_par_iter()
        .map(|file| {
            let tags = SongTags::read(&file);
            progress.advance();
            let mut track = Track::from(tags);
            if track.title.is_empty() {
                track.title = clip_name(&file);
            }
            track.genre = genre(folder, &file);
            track.set = folder_name(folder);
            (track.path, track.path_bytes) = relative(folder, &file);
            Song::new(file, Split::Train, track)
        })
        .collect();
    Found {
        songs,
        own_split: false,
        problems,
    }
}

/// The first sub-folder on the way to a file; empty if it lies in the folder itself.
pub(super) fn genre(folder: &Path, file: &Path) -> String {
    let mut way = file.strip_prefix(folder).unwrap_or(file).components();
    match (way.next(), way.next()) {
        (Some(first), Some(_)) => first.as_os_str().to_string_lossy().into_owned(),
        _ => String::new(),
    }
}

/// A file's path in its set: as text, and its exact bytes where it is not UTF-8 (see
/// [`Track::path_bytes`]).
pub(super) fn relative(folder: &Path, file: &Path) -> (String, String) {
    let way = file.strip_prefix(folder).unwrap_or(file);
    let text = way.to_string_lossy().into_owned();
    (text, path_bytes(way).unwrap_or_default())
}

fn folder_name(folder: &Path) -> String {
    folder
        .canonicalize()
        .ok()
        .and_then(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_default()
}
