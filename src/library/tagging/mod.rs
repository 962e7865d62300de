//! Writes what was heard into files as tags, and takes it back.
//!
//! Nothing else of this crate changes a file. Tags are written into a copy beside the file; its other tags are
//! compared with the file's, and its sound, sample by sample. Then what the file was is kept in a backup, and the
//! copy takes the file's place. At each moment the file is whole, and what it was is on the disk.

mod backup;
mod delta;
mod replace;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use soundalike_core::model::{Head, display_name};
use soundalike_core::verdict::Verdict;
use soundalike_datasets::progress::Progress;
use soundalike_tags::{NewTags, SongTags};

use crate::ask::AskError;
use crate::error::LibraryError;
use crate::filter::{Filter, Sieve, tag_threshold};
use crate::hear::track_of;
use crate::report::Told;
use crate::store::{Library, Stamp, Store};
use backup::{Backup, Entry, hex, unhex};
use replace::{Prepared, Successor, TagError, batch, check, look_at, prepare};

/// The model's tags that are moods, and what is written for each.
const MOODS: [(&str, &str); 7] = [
    ("happy", "happy"),
    ("sad", "sad"),
    ("mellow", "mellow"),
    ("chill", "chill"),
    ("chillout", "chill"),
    ("party", "party"),
    ("sexy", "sexy"),
];
/// How far the sum of a song's probabilities may be from one, in half precision, if they are of one genre of several.
const ONE: f32 = 0.02;

/// What is to be written into files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Genres, where the model is sure of them.
    pub genre: bool,
    /// Moods: the model's tags that are moods, where a song has them.
    pub mood: bool,
    /// Also in place of what a file names already.
    pub replace: bool,
}

/// What would be written into a song's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The song's row.
    pub row: usize,
    /// Its new tags.
    pub tags: NewTags,
}

/// What would be written, and for how many songs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposals {
    /// The songs with something to write.
    pub songs: Vec<Proposal>,
    /// Songs whose files name all that is wished for.
    pub named: usize,
    /// Songs of which the model is not sure enough.
    pub unsure: usize,
    /// Files with something to write that cannot be written, and why.
    pub failed: Vec<Told>,
}

/// What was done with files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tagged {
    /// Files that were changed.
    pub changed: Vec<PathBuf>,
    /// Files that were left as they were, and why.
    pub failed: Vec<Told>,
    /// Files that were already as they should be.
    pub as_before: usize,
    /// Whether there is a backup: where nothing was changed, there is none.
    pub backup: bool,
}

impl Library {
    /// The rows that pass a filter.
    ///
    /// # Errors
    /// If it names a tag that the model does not know.
    pub fn matching(&self, filter: &Filter) -> Result<Vec<usize>, AskError> {
        let sieve = Sieve::new(self, filter)?;
        let rows = 0..self.catalog.len();
        Ok(rows.filter(|row| sieve.admits(*row)).collect())
    }

    /// What would be written into the files of some rows. Their tags are read, and whether they can be written is
    /// looked up as far as it can be without reading them whole.
    pub fn propose(&self, rows: &[usize], wish: Wish) -> Proposals {
        let heard = Heard::of(self);
        let judge = |&row: &usize| (row, heard.judge(row, wish));
        let judged: Vec<(usize, Judged)> = rows.par_iter().map(judge).collect();
        let mut proposals = Proposals::default();
        for (row, judged) in judged {
            match judged {
                Judged::New(tags) => proposals.songs.push(Proposal { row, tags }),
                Judged::Named => proposals.named += 1,
                Judged::Unsure => proposals.unsure += 1,
                Judged::Failed(error) => {
                    let file = &self.songs[row].file;
                    proposals.failed.push(Told::new(file, error.to_string()));
                }
            }
        }
        proposals
    }
}

/// What is to be done with a song.
enum Judged {
    New(NewTags),
    Named,
    Unsure,
    Failed(TagError),
}

/// Whether a file names just these; tags that hold one text part them by semicolons.
fn says(named: &str, new: &[String]) -> bool {
    !new.is_empty() && named.replace("; ", ", ") == new.join(", ")
}

/// Leaves out what a file says already; notes whether something is wished for that it does not.
fn take_unless_same(new: &mut Vec<String>, same: bool, all_named: &mut bool) {
    if same {
        new.clear();
    } else {
        *all_named = false;
    }
}

/// What the model heard, ready to be named.
struct Heard<'a> {
    library: &'a Library,
    head: Head,
    /// Columns of the moods, the least probability of each, and what is written for it.
    moods: Vec<(usize, f32, &'static str)>,
}

impl<'a> Heard<'a> {
    fn of(library: &'a Library) -> Self {
        let catalog = &library.catalog;
        let columns = catalog.provenance.tags.iter().enumerate();
        let moods = columns.filter_map(|(column, tag)| {
            let mut known = MOODS.iter();
            let (_, mood) = known.find(|(name, _)| tag.eq_ignore_ascii_case(name))?;
            Some((column, tag_threshold(catalog, column), *mood))
        });
        // A library does not keep what kind of answer its model gives; the answers show it.
        let is_one = |row: usize| {
            let sum: f32 = catalog.probabilities(row).iter().sum();
            (sum - 1.0).abs() <= ONE
        };
        let of_one = (0..catalog.len()).all(is_one);
        Self {
            head: if of_one { Head::Softmax } else { Head::Sigmoid },
            moods: moods.collect(),
            library,
        }
    }

    fn judge(&self, row: usize, wish: Wish) -> Judged {
        let song = &self.library.songs[row];
        let present = SongTags::read(&song.file);
        let mut tags = NewTags::default();
        let mut all_named = true;
        if wish.genre && (wish.replace || present.genre.is_none()) {
            tags.genres = self.genres(row);
            let named = present.genre.as_deref().unwrap_or_default();
            let same = says(named, &tags.genres);
            take_unless_same(&mut tags.genres, same, &mut all_named);
        }
        if wish.mood && (wish.replace || present.moods.is_empty()) {
            tags.moods = self.moods(row);
            let same = says(&present.moods.join(", "), &tags.moods);
            take_unless_same(&mut tags.moods, same, &mut all_named);
        }
        if tags.is_empty() {
            return if all_named {
                Judged::Named
            } else {
                Judged::Unsure
            };
        }
        // A file that cannot be read names nothing, too.
        match check(&song.file, song.size) {
            Ok(()) => Judged::New(tags),
            Err(error) => Judged::Failed(error),
        }
    }

    fn genres(&self, row: usize) -> Vec<String> {
        let catalog = &self.library.catalog;
        let verdict = Verdict::new(
            self.head,
            catalog.probabilities(row),
            self.library.songs[row].music,
            &catalog.provenance.genres,
        );
        let sure = verdict.sure();
        sure.into_iter()
            .map(|name| named(display_name(name)))
            .collect()
    }

    fn moods(&self, row: usize) -> Vec<String> {
        let tags = self.library.catalog.tags(row);
        let mut found: Vec<String> = Vec::new();
        for (column, least, mood) in &self.moods {
            if tags[*column] >= *least && !found.iter().any(|other| other == mood) {
                found.push((*mood).to_owned());
            }
        }
        found
    }
}

/// A genre as tags name it: its first letter in upper case.
fn named(genre: &str) -> String {
    let mut letters = genre.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Writes tags into files, and keeps in `backup`, a new file, what the files were. The library is told of each, so
/// that none is heard again.
///
/// Permissions stay, and the owner where the system lets it; the time of writing is now, so that players see the
/// change. A file that cannot be written is left as it is and told, and the rest goes on.
///
/// # Errors
/// If the backup cannot be created, or the library cannot be read or written:
/// [`Interrupted`](LibraryError::Interrupted) where files were changed by then.
pub fn write_tags(
    store: &Store,
    library: &Library,
    proposals: &[Proposal],
    backup: &Path,
) -> Result<Tagged, LibraryError> {
    let mut kept = Backup::create(backup)?;
    let mut tagged = Tagged::default();
    let done = write_all(store, library, proposals, &mut kept, &mut tagged);
    tagged.backup = kept.finish();
    match done {
        Ok(()) => Ok(tagged),
        Err(cause) if tagged.changed.is_empty() => Err(cause),
        Err(cause) => Err(LibraryError::Interrupted {
            changed: tagged.changed.len(),
            backup: backup.to_owned(),
            cause: Box::new(cause),
        }),
    }
}

/// Writes tags batch by batch; what was done stays in `tagged` if the library fails.
fn write_all(
    store: &Store,
    library: &Library,
    proposals: &[Proposal],
    kept: &mut Backup,
    tagged: &mut Tagged,
) -> Result<(), LibraryError> {
    let progress = Progress::new("tagging", proposals.len()).rated();
    let size = |proposal: &Proposal| {
        let found = std::fs::metadata(&library.songs[proposal.row].file);
        found.map_or(0, |found| found.len())
    };
    let mut rest = proposals;
    while !rest.is_empty() {
        let at_once = batch(rest.iter().map(size), rayon::current_num_threads().max(1));
        let (some, behind) = rest.split_at(at_once);
        rest = behind;
        let mut known = Vec::new();
        for proposal in some {
            let file = library.songs[proposal.row].file.as_path();
            known.push((file, store.at(file)?, &proposal.tags));
        }
        let prepared: Vec<Result<Prepared, TagError>> = known
            .par_iter()
            .map(|(file, song, tags)| {
                let (_, sha256) = song.as_ref().ok_or(TagError::Changed)?;
                prepare(file, sha256, tags)
            })
            .collect();
        for ((file, song, _), prepared) in known.into_iter().zip(prepared) {
            progress.advance();
            let written = prepared.and_then(|prepared| put(prepared, file, kept));
            match (written, song) {
                (Ok(after), Some((id, _))) => {
                    tagged.changed.push(file.to_owned());
                    retag(store, id, file, &after)?;
                }
                (Ok(_), None) => {}
                (Err(error), _) => tagged.failed.push(Told::new(file, error.to_string())),
            }
        }
    }
    Ok(())
}

/// Keeps what a file was, and puts its copy in its place; returns the SHA-256 that it has now.
fn put(prepared: Prepared, file: &Path, kept: &mut Backup) -> Result<Vec<u8>, TagError> {
    let Prepared {
        copy,
        before,
        after,
        parts,
    } = prepared;
    let entry = Entry::new(file, &before, &after, parts);
    kept.add(&entry).map_err(TagError::Backup)?;
    copy.put()?;
    Ok(after)
}

/// Tells a library of a file that was written.
fn retag(store: &Store, id: i64, file: &Path, sha256: &[u8]) -> Result<(), LibraryError> {
    // A file that is gone again is found to be so by the next update.
    if let Ok(found) = std::fs::metadata(file) {
        store.retag(id, Stamp::of(&found), sha256, &track_of(file).genre)?;
        store.save()?;
    }
    Ok(())
}

/// Makes files what they were before [`write_tags`], byte by byte, from its backup. A file that has changed since
/// then is left as it is and told, as is a damaged line of the backup; one that has moved is found by the library.
///
/// # Errors
/// If the backup cannot be read, or the library cannot be written.
pub fn restore_tags(store: &Store, backup: &Path) -> Result<Tagged, LibraryError> {
    let (entries, damaged) = backup::read(backup)?;
    let progress = Progress::new("restoring", entries.len()).rated();
    let mut tagged = Tagged {
        failed: damaged,
        ..Tagged::default()
    };
    for entry in &entries {
        progress.advance();
        let mut file = entry.file();
        if !file.exists()
            && let Some(after) = unhex(&entry.after)
            && let Some(moved) = store.with_content(&after)?
        {
            file = moved;
        }
        match restore(&file, entry) {
            Ok(Some(sha256)) => {
                if let Some((id, _)) = store.at(&file)? {
                    retag(store, id, &file, &sha256)?;
                }
                tagged.changed.push(file);
            }
            Ok(None) => tagged.as_before += 1,
            Err(reason) => tagged.failed.push(Told::new(&file, reason)),
        }
    }
    Ok(tagged)
}

/// Makes a file what it was; returns the SHA-256 that it has now, or none if it is so already.
fn restore(file: &Path, entry: &Entry) -> Result<Option<Vec<u8>>, String> {
    let told = |error: TagError| error.to_string();
    let (real, found) = look_at(file).map_err(told)?;
    let bytes = std::fs::read(&real).map_err(|error| told(error.into()))?;
    let is = hex(&Sha256::digest(&bytes));
    if is == entry.before {
        return Ok(None);
    }
    if is != entry.after {
        return Err("has changed since its tags were written, so it is left as it is".to_owned());
    }
    let before = delta::joined(&entry.parts, &bytes);
    let before = before.filter(|before| hex(&Sha256::digest(before)) == entry.before);
    let Some(before) = before else {
        return Err("its entry in the backup is damaged, so it is left as it is".to_owned());
    };
    let copy = Successor::of(&real, &found, &before).map_err(told)?;
    copy.put().map_err(told)?;
    Ok(Some(Sha256::digest(&before).to_vec()))
}

#[cfg(test)]
mod tests;
