//! What an update did, file by file.

use std::path::Path;

use serde::Serialize;
use soundalike_datasets::names::path_bytes;

/// A file and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The file, with `�` for what is not UTF-8.
    pub path: String,
    /// Its exact bytes where it is not UTF-8, percent-encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// What is to be said, continuing its name.
    pub text: String,
}

impl Told {
    pub(crate) fn new(path: &Path, text: impl Into<String>) -> Self {
        Self {
            path: path.to_string_lossy().into_owned(),
            path_bytes: path_bytes(path),
            text: text.into(),
        }
    }
}

/// How many files had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Audio files below the folders.
    pub found: usize,
    /// As before, by size and time.
    pub unchanged: usize,
    /// As before by content; only the time is another.
    pub touched: usize,
    /// New, and heard.
    pub heard: usize,
    /// Known and changed, and heard again.
    pub heard_again: usize,
    /// The content of a song that is gone from its old place: not heard again.
    pub moved: usize,
    /// The content of another song that is there too: not heard again.
    pub copied: usize,
    /// There again, as they were before they were gone.
    pub back: usize,
    /// Gone.
    pub missing: usize,
    /// Cannot be heard, or not now.
    pub failed: usize,
    /// Of these, files that failed before and have not changed since, so that they were not tried again.
    pub failed_before: usize,
    /// Left out on purpose.
    pub skipped: usize,
    /// In other parts.
    pub elsewhere: usize,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many files had which fate.
    pub counts: Counts,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Files that cannot be heard, with the reason.
    pub failed: Vec<Told>,
    /// What was left out, and why.
    pub skipped: Vec<Told>,
    /// What is to be said of files that were heard.
    pub notes: Vec<Told>,
    /// Songs that have another place now; the text says from where.
    pub moved: Vec<Told>,
    /// Songs that are gone. They are left out of answers until they are back.
    pub missing: Vec<Told>,
    /// Folders that could not be looked through, so that none of their songs is taken for gone.
    pub away: Vec<Told>,
}
