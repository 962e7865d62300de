//! GTZAN: a thousand clips of 30 seconds as `genres/<genre>/<genre>.000NN.au` or `.wav`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Found, Layout, Subset, folder};
use crate::names::shown;
use crate::walk::{audio_files, is_audio};
use crate::{DatasetError, Song, Split, clip_key, clip_name};
use soundalike_core::catalog::Track;

/// Folders that the genres' folders may lie in: in the original archive, and in the copy of WAV files.
const FOLDERS: [&str; 2] = ["genres", "genres_original"];

/// The clip whose file cannot be decoded in the common copy of WAV files.
const BROKEN: &str = "jazz.00054";

/// GTZAN's layout: clips that are named after their genre's folder and five digits.
pub(super) struct Gtzan;

impl Layout for Gtzan {
    fn name(&self) -> &'static str {
        "GTZAN"
    }

    fn recognises(&self, path: &Path) -> bool {
        root(path).is_some()
    }

    fn read(&self, path: &Path, _: Option<Subset>) -> Result<Found, DatasetError> {
        match root(path) {
            Some(root) => Ok(find(&root)),
            None => Err(DatasetError::NotFound(path.to_owned())),
        }
    }
}

/// The folder of the genres' folders, if `path` is GTZAN's or holds it: one in which an audio file is
/// named after its folder and five digits.
fn root(path: &Path) -> Option<PathBuf> {
    let inside = FOLDERS.iter().map(|name| path.join(name));
    std::iter::once(path.to_owned())
        .chain(inside)
        .find(|root| holds_genres(root))
}

fn holds_genres(root: &Path) -> bool {
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path())
    };
    entries(root).any(|genre| {
        let name = genre.file_name().unwrap_or_default().to_string_lossy();
        entries(&genre).any(|file| {
            let clip = clip_name(&file);
            let number = clip
                .strip_prefix(&*name)
                .and_then(|rest| rest.strip_prefix('.'));
            is_audio(&file)
                && number.is_some_and(|n| n.len() == 5 && n.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}

/// The clips. Their artists are unknown. Two clips of one name are a problem, whichever genres they are
/// in.
fn find(root: &Path) -> Found {
    let (files, mut problems) = audio_files(root);
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut songs = Vec::new();
    for file in files {
        let clip = clip_name(&file);
        if clip == BROKEN {
            tracing::warn!(
                "{}: skipped, because {BROKEN} is broken in common copies of GTZAN",
                shown(&file)
            );
            continue;
        }
        if let Some(first) = seen.insert(clip_key(&file), file.clone()) {
            problems.push(DatasetError::Twice {
                first,
                second: file.clone(),
            });
        }
        let (path, path_bytes) = folder::relative(root, &file);
        let track = Track {
            title: clip,
            genre: folder::genre(root, &file),
            set: "gtzan".to_owned(),
            path,
            path_bytes,
            ..Track::default()
        };
        songs.push(Song::new(file, Split::Train, track));
    }
    Found {
        songs,
        own_split: false,
        problems,
    }
}
