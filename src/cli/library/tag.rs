//! Writes genres and moods into files as tags, when asked, and takes them back.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use soundalike_datasets::names::{shown, visible};
use soundalike_library::{
    LeftOut, Library, Proposal, Proposals, Store, Tagged, Told, Wish, restore_tags, settled,
    write_tags,
};

use super::keep::{count, print_told};
use super::seeds::{Filters, known};
use super::{LibraryPlace, told};
use crate::output::print_json;

/// What `library tag` is asked.
#[derive(Args)]
pub(super) struct WriteTags {
    /// Songs: numbers of the library, or its files; without any, all that pass the filters
    songs: Vec<OsString>,
    /// Write into the files: genre, mood, or genre,mood; without this it is only shown what would be written
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    write: Vec<What>,
    /// Only show what --write would write
    #[arg(long, requires = "write")]
    dry_run: bool,
    /// Also in place of genres and moods that a file names already
    #[arg(long)]
    replace: bool,
    /// The new file that keeps what the files were [default: one beside the library]
    #[arg(
        long,
        value_name = "FILE",
        requires = "write",
        conflicts_with = "dry_run"
    )]
    backup: Option<PathBuf>,
    /// Make files what they were, from the backup of a former run
    #[arg(
        long,
        value_name = "BACKUP",
        conflicts_with_all = ["songs", "write", "replace", "genre", "tag", "year", "bpm", "key", "exclude_artist"]
    )]
    restore: Option<PathBuf>,
    #[command(flatten)]
    filters: Filters,
}

/// What can be written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Genre,
    Mood,
}

/// A song with its new tags, as JSON.
#[derive(Serialize)]
struct TaggedLine<'a> {
    id: i64,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    path_bytes: &'a str,
    genres: &'a [String],
    moods: &'a [String],
}

impl<'a> TaggedLine<'a> {
    fn of(library: &'a Library, proposal: &'a Proposal) -> Self {
        let track = &library.catalog.tracks[proposal.row];
        Self {
            id: library.songs[proposal.row].id,
            path: &track.path,
            path_bytes: &track.path_bytes,
            genres: &proposal.tags.genres,
            moods: &proposal.tags.moods,
        }
    }
}

impl WriteTags {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        if let Some(backup) = &self.restore {
            return restore(place, backup);
        }
        let file = place.path()?;
        if self.write.is_empty() || self.dry_run {
            let store = Store::open(&file)?;
            let library = told(store.library()?);
            let proposals = self.propose(&store, &library)?;
            show(place, &library, &proposals)?;
            return Ok(true);
        }
        let store = Store::open_to_write(&file)?;
        let library = told(store.library()?);
        let proposals = self.propose(&store, &library)?;
        let backup = match &self.backup {
            Some(backup) => backup.clone(),
            None => free_name(&file),
        };
        let mut tagged = write_tags(&store, &library, &proposals.songs, &backup)?;
        // Those that were left as they were before any was written come first.
        tagged.failed = [&proposals.failed[..], &tagged.failed].concat();
        report(place, &library, &proposals, &tagged, &backup)?;
        Ok(tagged.failed.is_empty())
    }

    fn propose(&self, store: &Store, library: &Library) -> anyhow::Result<Proposals> {
        let mut rows = library.matching(&self.filters.filter())?;
        if !self.songs.is_empty() {
            let passing: HashSet<usize> = rows.iter().copied().collect();
            let mut named = HashSet::new();
            for song in &self.songs {
                let name = shown(song.as_ref());
                let Some(row) = known(library, song) else {
                    bail!("{name}: {}", absence(store, library, song)?);
                };
                if !passing.contains(&row) {
                    eprintln!("{name}: does not pass the filters, so it is left as it is");
                }
                named.insert(row);
            }
            rows.retain(|row| named.contains(row));
        }
        let wished = |what| self.write.is_empty() || self.write.contains(&what);
        Ok(library.propose(
            &rows,
            Wish {
                genre: wished(What::Genre),
                mood: wished(What::Mood),
                replace: self.replace,
            },
        ))
    }
}

/// Why a song that was named is none that tags could be written for.
fn absence(store: &Store, library: &Library, song: &OsStr) -> anyhow::Result<&'static str> {
    let number = song.to_str().and_then(|text| text.parse().ok());
    let left_out = store.left_out(library, number, &settled(Path::new(song)))?;
    Ok(match left_out {
        Some(LeftOut::Gone) => {
            "its file was gone when it was looked for last; `soundalike library refresh` looks again"
        }
        Some(LeftOut::OtherModel) => {
            "was heard by another model than most songs; hear it again with \
             `soundalike library refresh --hear-again`"
        }
        Some(LeftOut::Damaged) => {
            "its numbers are damaged; `soundalike library refresh` hears it again"
        }
        None => "is not a song of the library",
    })
}

/// A name beside the library that nothing has yet.
fn free_name(library: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = library.as_os_str().to_owned();
        name.push(format!(".tags-{number}.jsonl"));
        PathBuf::from(name)
    };
    let mut names = (1..).map(name);
    names
        .find(|name| std::fs::symlink_metadata(name).is_err())
        .unwrap_or_else(|| name(0))
}

/// `genre Blues, Jazz; mood sad`.
fn words(proposal: &Proposal) -> String {
    let parts = [
        ("genre", &proposal.tags.genres),
        ("mood", &proposal.tags.moods),
    ];
    let some = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = some
        .map(|(what, names)| format!("{what} {}", names.join(", ")))
        .collect();
    parts.join("; ")
}

/// Says for how many songs nothing is written, and why.
fn tell_rest(proposals: &Proposals) {
    let rest = [
        (proposals.named, "named already by the file"),
        (proposals.unsure, "of which the model is not sure"),
    ];
    for (songs, why) in rest.into_iter().filter(|(songs, _)| *songs > 0) {
        eprintln!("{} {why}", count(songs, "song"));
    }
}

fn show(place: &LibraryPlace, library: &Library, proposals: &Proposals) -> anyhow::Result<()> {
    if place.json {
        let failed = &proposals.failed;
        return print(library, proposals, &proposals.songs, failed, None);
    }
    let mut out = std::io::stdout().lock();
    for proposal in &proposals.songs {
        let file = shown(&library.songs[proposal.row].file);
        writeln!(out, "{file}: {}", visible(&words(proposal)))?;
    }
    print_told("would be left as they are", &proposals.failed);
    tell_rest(proposals);
    eprintln!(
        "{} would get tags; nothing was written, which only --write does",
        count(proposals.songs.len(), "song")
    );
    Ok(())
}

fn report(
    place: &LibraryPlace,
    library: &Library,
    proposals: &Proposals,
    tagged: &Tagged,
    backup: &Path,
) -> anyhow::Result<()> {
    let files: HashSet<&PathBuf> = tagged.changed.iter().collect();
    let is_changed = |proposal: &&Proposal| files.contains(&library.songs[proposal.row].file);
    let changed: Vec<Proposal> = proposals.songs.iter().filter(is_changed).cloned().collect();
    let kept = tagged.backup.then_some(backup);
    if place.json {
        return print(library, proposals, &changed, &tagged.failed, kept);
    }
    let mut out = std::io::stdout().lock();
    for proposal in &changed {
        let file = shown(&library.songs[proposal.row].file);
        writeln!(out, "{file}: {}", visible(&words(proposal)))?;
    }
    print_told("left as they were", &tagged.failed);
    tell_rest(proposals);
    eprintln!("{} got tags", count(changed.len(), "song"));
    if let Some(backup) = kept {
        let backup = shown(backup);
        eprintln!(
            "what they were is kept in {backup}; `soundalike library tag --restore {backup}` brings it back"
        );
    }
    Ok(())
}

fn print(
    library: &Library,
    proposals: &Proposals,
    songs: &[Proposal],
    failed: &[Told],
    backup: Option<&Path>,
) -> anyhow::Result<()> {
    let lines = songs.iter().map(|song| TaggedLine::of(library, song));
    let lines: Vec<TaggedLine<'_>> = lines.collect();
    print_json(&json!({
        "songs": lines,
        "named": proposals.named,
        "unsure": proposals.unsure,
        "failed": failed,
        "backup": backup.map(|backup| backup.to_string_lossy()),
    }))
}

fn restore(place: &LibraryPlace, backup: &Path) -> anyhow::Result<bool> {
    let store = Store::open_to_write(&place.path()?)?;
    let tagged = restore_tags(&store, backup)?;
    if place.json {
        print_json(&json!({
            "restored": tagged.changed.len(),
            "as_before": tagged.as_before,
            "failed": tagged.failed,
        }))?;
    } else {
        print_told("left as they are", &tagged.failed);
        println!(
            "{} restored, {} already as before",
            count(tagged.changed.len(), "file"),
            tagged.as_before
        );
    }
    Ok(tagged.failed.is_empty())
}
