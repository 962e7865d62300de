//! All audio files below a folder, each once.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use soundalike_core::audio::EXTENSIONS;
use walkdir::WalkDir;

use crate::DatasetError;
use crate::names::{is_left_by_a_system, shown};

/// Extensions of audio files that cannot be decoded: they are counted, not taken.
const NOT_READ: [&str; 16] = [
    "wma", "wv", "ape", "mpc", "m4p", "amr", "ac3", "dts", "dsf", "dff", "tta", "tak", "ra", "rm",
    "shn", "mid",
];

/// Whether a file with this extension is an audio file.
fn is_audio_extension(extension: &str) -> bool {
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether a file is an audio file by its name.
pub(crate) fn is_audio(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(is_audio_extension)
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub struct MusicFiles {
    /// Audio files, each once, in order of their paths.
    pub files: Vec<PathBuf>,
    /// What could not be read.
    pub problems: Vec<DatasetError>,
    /// What was left out on purpose, in the order in which it was found.
    pub skipped: Vec<(PathBuf, Skipped)>,
}

/// Why something below a folder is not taken. Its `Display` continues the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// An audio file by its name, of a format that has no decoder here.
    #[error("is of a format that cannot be decoded ({0})")]
    Format(&'static str),
    /// It is reached on another way too.
    #[error("leads to {}, which is reached on another way too, so it is taken once", shown(.0))]
    Twice(PathBuf),
    /// A link to a folder that it lies in.
    #[error("is a link to {}, a folder that it lies in, so it is not followed", shown(.0))]
    LeadsBack(PathBuf),
}

/// All audio files below a folder, and what could not be read.
///
/// Links are followed after everything that lies in the folder itself, so that a file or folder has the path
/// where it really is if it has one there. What is reached again by a link is taken once, and a link to a
/// folder that it lies in is not followed. Files that systems leave beside others (`._*`, `.DS_Store`,
/// `Thumbs.db`, `desktop.ini`) are no music.
pub fn music_files(folder: &Path) -> MusicFiles {
    let mut walk = Walk::default();
    walk.read(folder);
    while let Some(link) = walk.links.pop_front() {
        walk.follow(&link);
    }
    walk.found.files.sort();
    walk.found
}

/// [`music_files`] with warnings of what was left out; files of formats that cannot be decoded are counted
/// in one.
pub(crate) fn audio_files(folder: &Path) -> (Vec<PathBuf>, Vec<DatasetError>) {
    let found = music_files(folder);
    let mut not_read = 0;
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for (path, why) in &found.skipped {
        if let Skipped::Format(kind) = why {
            not_read += 1;
            kinds.insert(kind);
        } else {
            tracing::warn!("{}: {why}", shown(path));
        }
    }
    if not_read > 0 {
        let kinds: Vec<&str> = kinds.into_iter().collect();
        tracing::warn!(
            "{}: {not_read} file(s) of formats that cannot be decoded are left out ({})",
            shown(folder),
            kinds.join(", ")
        );
    }
    (found.files, found.problems)
}

/// A search for audio files.
#[derive(Default)]
struct Walk {
    found: MusicFiles,
    /// Links that are to be followed.
    links: VecDeque<PathBuf>,
    /// Files and folders that were reached, by their paths without links.
    seen: HashSet<PathBuf>,
}

impl Walk {
    /// Takes the files of a folder, without following the links in it.
    fn read(&mut self, folder: &Path) {
        let real = match folder.canonicalize() {
            Ok(real) => real,
            Err(cause) => {
                let problem = DatasetError::unreadable(folder, cause);
                return self.found.problems.push(problem);
            }
        };
        let mut entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder);
                    let cause = match error.io_error() {
                        Some(cause) => cause.to_string(),
                        None => error.to_string(),
                    };
                    self.found
                        .problems
                        .push(DatasetError::unreadable(path, cause));
                    continue;
                }
            };
            let kind = entry.file_type();
            let inside = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let real = if entry.depth() == 0 {
                real.clone()
            } else {
                real.join(inside)
            };
            if entry.depth() > 0 && is_left_by_a_system(entry.file_name()) {
                if kind.is_dir() {
                    entries.skip_current_dir();
                }
            } else if kind.is_symlink() && entry.depth() > 0 {
                self.links.push_back(entry.into_path());
            } else if kind.is_file() && is_audio(entry.path()) {
                if self.seen.insert(real) {
                    self.found.files.push(entry.into_path());
                }
            } else if kind.is_file() {
                self.note_not_read(entry.path());
            } else if kind.is_dir() && !self.seen.insert(real.clone()) {
                self.skip(entry.path(), Skipped::Twice(real));
                entries.skip_current_dir();
            } else if kind.is_symlink() {
                // The folder itself.
                self.seen.insert(real);
            }
        }
    }

    /// Notes a file that is an audio file by its name and cannot be decoded.
    fn note_not_read(&mut self, file: &Path) {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let is = |known: &&&str| extension.is_some_and(|it| it.eq_ignore_ascii_case(known));
        if let Some(kind) = NOT_READ.iter().find(is) {
            self.skip(file, Skipped::Format(kind));
        }
    }

    /// Takes what a link leads to.
    fn follow(&mut self, link: &Path) {
        // A link to a picture or a text is no matter of ours, wherever it leads.
        let may_be_folder = link.extension().is_none();
        let found = std::fs::metadata(link).and_then(|kind| Ok((kind, link.canonicalize()?)));
        let (kind, target) = match found {
            Ok(found) => found,
            Err(cause) => {
                if may_be_folder || is_audio(link) {
                    self.found.problems.push(match cause.kind() {
                        ErrorKind::NotFound => DatasetError::DeadLink(link.to_owned()),
                        ErrorKind::PermissionDenied => DatasetError::unreadable(link, cause),
                        _ => DatasetError::CircularLink(link.to_owned()),
                    });
                }
                return;
            }
        };
        if kind.is_dir() {
            let folder = link.parent().and_then(|folder| folder.canonicalize().ok());
            if folder.is_some_and(|folder| folder.starts_with(&target)) {
                self.skip(link, Skipped::LeadsBack(target));
            } else if self.seen.contains(&target) {
                self.skip(link, Skipped::Twice(target));
            } else {
                self.read(link);
            }
        } else if kind.is_file() && is_audio(link) {
            if self.seen.insert(target.clone()) {
                self.found.files.push(link.to_owned());
            } else {
                self.skip(link, Skipped::Twice(target));
            }
        }
    }

    fn skip(&mut self, path: &Path, why: Skipped) {
        self.found.skipped.push((path.to_owned(), why));
    }
}
