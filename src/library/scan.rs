//! Compares a folder with what a library knows of it.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike_datasets::walk::music_files;

use crate::error::LibraryError;
use crate::shard::Shard;
use crate::store::{FailedBefore, Known, Stamp, Store};

/// A file that has to be read.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub file: PathBuf,
    pub before: Before,
}

/// What a library knows of a file that has to be read.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// Nothing.
    New,
    /// A song whose content this may still be, with the SHA-256 that it had.
    Perhaps(i64, Vec<u8>),
    /// A song of other content, or that has to be heard again.
    Other(i64),
}

/// What is to be done for a folder.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Audio files that were found.
    pub found: usize,
    /// Of these, files of other parts.
    pub elsewhere: usize,
    pub unchanged: usize,
    pub tasks: Vec<Task>,
    /// Songs whose files are there again, as they were.
    pub back: Vec<(i64, Stamp)>,
    /// Songs whose files are gone, and their paths.
    pub gone: Vec<(i64, PathBuf)>,
    /// Files that could not be heard before and have not changed, with the reason.
    pub failed_before: Vec<(PathBuf, String)>,
    /// Files whose failure is of no interest any more.
    pub failures_gone: Vec<PathBuf>,
    /// What could not be read, and why.
    pub problems: Vec<(PathBuf, String)>,
    /// What is skipped on purpose, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// Why the folder could not be looked through, so that nothing is taken for gone.
    pub away: Option<String>,
}

/// How a folder is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    pub shard: Option<Shard>,
    /// Whether files are read even where size and time say that they are as before.
    pub contents: bool,
    /// Whether files that could not be heard are tried again.
    pub retry: bool,
    /// SHA-256 of the model in use.
    pub model: &'a str,
    /// Lengths of its three lists of numbers.
    pub widths: [usize; 3],
}

/// Compares the files at or below `below` with what is known of them; `root` is the watched folder that it
/// is or lies in.
pub(crate) fn scan(
    store: &Store,
    root: &Path,
    below: &Path,
    rules: Rules<'_>,
) -> Result<Scan, LibraryError> {
    let mut known = store.known_below(below, rules.model, rules.widths)?;
    let mut failures = store.failures_below(below)?;
    let identity = identity(below);
    let mut scan = Scan::default();
    let walked = music_files(below);
    scan.skipped = walked
        .skipped
        .iter()
        .map(|(path, why)| (path.clone(), why.to_string()))
        .collect();
    let problems = walked.problems.iter();
    scan.problems = problems.map(|problem| split(below, problem)).collect();
    scan.found = walked.files.len();
    // Every file is asked for its size and time: on a disk that takes its time, all at once.
    let stamped: Vec<(PathBuf, std::io::Result<Stamp>)> = walked
        .files
        .into_par_iter()
        .map(|file| {
            let stamp = std::fs::metadata(&file).map(|found| Stamp::of(&found));
            (file, stamp)
        })
        .collect();
    for (file, stamp) in stamped {
        let song = known.remove(&file);
        let failed = failures.remove(&file);
        let place = file.strip_prefix(root).unwrap_or(&file);
        if rules.shard.is_some_and(|shard| !shard.holds(place)) {
            scan.elsewhere += 1;
        } else if let Ok(stamp) = stamp {
            scan.sort(file, stamp, song.as_ref(), failed, rules);
        } else {
            // It is asked again when it is read, and then the reason is told.
            let before = Before::New;
            scan.tasks.push(Task { file, before });
        }
    }
    if scan.found == 0 && known.values().any(|song| !song.missing) {
        // A drive that is not there leaves the empty folder where it is mounted.
        scan.away = Some("there is no music in it any more".to_owned());
        return Ok(scan);
    }
    let rest = known.into_iter().filter(|(_, song)| !song.missing);
    scan.gone = rest
        .filter(|(file, _)| is_gone(file))
        .map(|(file, song)| (song.id, file))
        .collect();
    // The table has no order of its own.
    scan.gone.sort_by(|a, b| a.1.cmp(&b.1));
    let failures = failures.into_keys();
    scan.failures_gone = failures.filter(|file| is_gone(file)).collect();
    // At the end, since it can go away at any moment.
    if identity != self::identity(below) || !below.is_dir() {
        scan.away = Some("it went away while it was looked through".to_owned());
        scan.gone.clear();
        scan.failures_gone.clear();
    }
    Ok(scan)
}

impl Scan {
    /// Decides what is to be done for a file.
    fn sort(
        &mut self,
        file: PathBuf,
        stamp: Stamp,
        song: Option<&Known>,
        failed: Option<FailedBefore>,
        rules: Rules<'_>,
    ) {
        let as_before = failed.filter(|failed| {
            failed.stamp == stamp && failed.program == env!("CARGO_PKG_VERSION") && !rules.retry
        });
        if let Some(failed) = as_before {
            self.failed_before.push((file, failed.reason));
            return;
        }
        match compare(song, stamp, rules.contents) {
            Compared::Same(id, missing) => {
                self.unchanged += 1;
                if missing {
                    self.back.push((id, stamp));
                }
            }
            Compared::Read(before) => self.tasks.push(Task { file, before }),
        }
    }
}

/// Whether a file is not there, rather than out of reach.
fn is_gone(file: &Path) -> bool {
    std::fs::symlink_metadata(file)
        .is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

enum Compared {
    /// The song, and whether it was taken for gone.
    Same(i64, bool),
    Read(Before),
}

fn compare(song: Option<&Known>, stamp: Stamp, contents: bool) -> Compared {
    let Some(song) = song else {
        return Compared::Read(Before::New);
    };
    if !song.comparable || song.stamp.size != stamp.size {
        return Compared::Read(Before::Other(song.id));
    }
    if song.stamp == stamp && !contents {
        return Compared::Same(song.id, song.missing);
    }
    Compared::Read(Before::Perhaps(song.id, song.sha256.clone()))
}

/// A problem's file, where its message begins with one, and the rest of the message.
fn split(folder: &Path, problem: &soundalike_datasets::DatasetError) -> (PathBuf, String) {
    use soundalike_datasets::DatasetError as Problem;
    let path = match problem {
        Problem::Unreadable { path, .. }
        | Problem::DeadLink(path)
        | Problem::CircularLink(path) => path,
        _ => return (folder.to_owned(), problem.to_string()),
    };
    let text = problem.to_string();
    let name = format!("{}: ", path.display());
    let rest = text.strip_prefix(&name).unwrap_or(&text);
    (path.clone(), rest.to_owned())
}

/// What tells a folder from another that took its place: a drive that was taken out leaves another folder
/// under the same name.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(folder).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        Some((u64::from(found.is_dir()), 0))
    }
}

/// The songs that may change in this run, so that nothing is taken from them.
pub(crate) fn changing(tasks: &[Task]) -> HashSet<i64> {
    let ids = tasks.iter().filter_map(|task| match task.before {
        Before::New => None,
        Before::Perhaps(id, _) | Before::Other(id) => Some(id),
    });
    ids.collect()
}
