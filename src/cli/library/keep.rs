//! Brings a library up to date, and describes it.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use soundalike_datasets::names::{shown, visible};
use soundalike_library::{Report, Settings, Shard, Store, Told, settled, update};

use super::LibraryPlace;
use crate::open::open_predictor;
use crate::output::print_json;

/// How songs are heard.
#[derive(Args)]
pub(super) struct Hearing {
    /// Model file instead of the shipped one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Songs that are heard at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Hear only this part of the songs, such as 2/5 on the second of five machines
    #[arg(long, value_name = "PART/PARTS")]
    shard: Option<Shard>,
    /// Hear songs again that another model heard
    #[arg(long)]
    hear_again: bool,
    /// Compare the contents of files, not only size and time
    #[arg(long)]
    contents: bool,
    /// Try files again that could not be heard before
    #[arg(long)]
    retry: bool,
}

/// What `library add` is asked.
#[derive(Args)]
pub(super) struct Add {
    /// Folders of music
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    hearing: Hearing,
}

/// What `library refresh` is asked.
#[derive(Args)]
pub(super) struct Refresh {
    #[command(flatten)]
    hearing: Hearing,
}

/// What `library remove` is asked.
#[derive(Args)]
pub(super) struct Remove {
    /// Folders or files to forget
    #[arg(required_unless_present = "missing")]
    paths: Vec<PathBuf>,
    /// Forget the songs whose files were gone when they were looked for last
    #[arg(long)]
    missing: bool,
}

impl Hearing {
    fn settings(&self) -> Settings {
        Settings {
            jobs: self.jobs.map(usize::from),
            shard: self.shard,
            hear_again: self.hear_again,
            contents: self.contents,
            retry: self.retry,
        }
    }

    fn update(
        &self,
        place: &LibraryPlace,
        store: &mut Store,
        folders: &[PathBuf],
    ) -> anyhow::Result<bool> {
        let predictor = open_predictor(self.model.as_deref())?;
        let report = update(store, &predictor, folders, self.settings())?;
        if place.json {
            print_json(&report)?;
        } else {
            print_report(store, &report)?;
        }
        // What failed before was told before.
        Ok(report.counts.failed == report.counts.failed_before && report.away.is_empty())
    }
}

impl Add {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        // Before a library is made of a mistyped path.
        for folder in &self.folders {
            soundalike_library::check_folder(folder)?;
        }
        let mut store = Store::open_or_create(&place.path()?)?;
        self.hearing.update(place, &mut store, &self.folders)
    }
}

impl Refresh {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let mut store = Store::open_to_write(&place.path()?)?;
        self.hearing.update(place, &mut store, &[])
    }
}

/// What `library remove` says.
#[derive(Serialize)]
struct Removed {
    songs: usize,
    folders: usize,
    not_known: Vec<String>,
}

impl Remove {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let mut store = Store::open_to_write(&place.path()?)?;
        let mut removed = Removed {
            songs: 0,
            folders: 0,
            not_known: Vec::new(),
        };
        for path in &self.paths {
            let (songs, folders) = store.remove(&settled(path))?;
            removed.songs += songs;
            removed.folders += folders;
            if songs + folders == 0 {
                removed.not_known.push(shown(path));
            }
        }
        if self.missing {
            removed.songs += store.remove_missing()?;
        }
        for path in &removed.not_known {
            eprintln!("{path}: is not in the library");
        }
        if place.json {
            print_json(&removed)?;
        } else {
            let (songs, folders) = (
                count(removed.songs, "song"),
                count(removed.folders, "folder"),
            );
            println!("{songs} and {folders} forgotten; no file was touched");
        }
        Ok(removed.not_known.is_empty())
    }
}

/// `library info`.
pub(super) fn describe(place: &LibraryPlace) -> anyhow::Result<bool> {
    let store = Store::open(&place.path()?)?;
    let info = store.info()?;
    if place.json {
        print_json(&info)?;
        return Ok(true);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "file        {}", shown(store.path()))?;
    writeln!(out, "songs       {} ({:.1} hours)", info.songs, info.hours)?;
    for folder in &info.folders {
        let away = if folder.present {
            ""
        } else {
            ", not there now"
        };
        let songs = count(folder.songs, "song");
        writeln!(out, "folder      {} ({songs}{away})", shown(&folder.path))?;
    }
    if info.missing > 0 {
        writeln!(out, "gone        {}", info.missing)?;
    }
    if info.failed > 0 {
        writeln!(out, "failed      {}", info.failed)?;
    }
    for (model, songs) in &info.models {
        writeln!(out, "model       {model} ({})", count(*songs, "song"))?;
    }
    writeln!(out, "size        {} bytes", info.bytes)?;
    Ok(true)
}

/// `1 song`, `2 songs`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn print_report(store: &Store, report: &Report) -> anyhow::Result<()> {
    let lists = [
        ("with a note", &report.notes),
        ("moved", &report.moved),
        ("gone", &report.missing),
        ("skipped", &report.skipped),
        ("failed", &report.failed),
        ("away", &report.away),
    ];
    for (what, told) in lists {
        print_told(what, told);
    }
    let counts = &report.counts;
    let parts = [
        (counts.heard, "heard"),
        (counts.heard_again, "heard again"),
        (counts.moved, "moved"),
        (counts.copied, "copies of others"),
        (counts.back, "back"),
        (counts.unchanged + counts.touched, "unchanged"),
        (counts.missing, "gone"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
        (counts.elsewhere, "in other parts"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let parts = if parts.is_empty() {
        "no music".to_owned()
    } else {
        parts.join(", ")
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {parts} ({:.1} s)",
        shown(store.path()),
        report.seconds
    )?;
    Ok(())
}

/// Prints what is to be said of files, a line each, below their number.
pub(super) fn print_told(what: &str, told: &[Told]) {
    if told.is_empty() {
        return;
    }
    eprintln!("{} {what}:", told.len());
    for Told { path, text, .. } in told {
        eprintln!("  {}: {}", visible(path), visible(text));
    }
}
