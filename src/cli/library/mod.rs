//! `library`: a person's own music, heard once and asked anything.

mod ask;
mod collect;
mod description;
mod export;
mod keep;
mod parameters;
mod questions;
mod seeds;
mod serve;
mod songs;
mod tag;

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use soundalike_datasets::names::shown;
use soundalike_library::{Library, LibraryError, Store, default_file};

pub(crate) use serve::ServeLibrary;

/// What `library` is asked.
#[derive(Args)]
pub(crate) struct LibraryArguments {
    #[command(flatten)]
    place: LibraryPlace,
    #[command(subcommand)]
    command: LibraryCommand,
}

/// Which library, and how results are printed.
#[derive(Args)]
struct LibraryPlace {
    /// The library's file, instead of the one in your data folder
    #[arg(long, value_name = "FILE", global = true)]
    library: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum LibraryCommand {
    /// Hear folders of music, and watch them from now on
    Add(keep::Add),
    /// Hear what is new or changed in the folders that are watched
    Refresh(keep::Refresh),
    /// Forget folders, files, or the songs whose files are gone; no file is touched
    Remove(keep::Remove),
    /// Describe the library
    Info,
    /// Find songs that sound like others
    Similar(ask::Similar),
    /// Find a smooth way from one song to another
    Path(ask::Way),
    /// Wander from song to similar song without repeats
    Mix(ask::Wander),
    /// Find recordings that are there in several files
    Duplicates(collect::FindCopies),
    /// Divide the songs into groups that sound alike
    Groups(collect::Divide),
    /// Count genres, and measure how evenly songs are recommended
    Stats,
    /// Show which genres and moods would be tags of the files, and write them when asked, with a backup
    Tag(tag::WriteTags),
    /// Write the library as a catalogue (.safetensors), a table (.csv) or Parquet (.parquet)
    Export(export::Export),
    /// Put libraries of several machines together
    Merge(export::Merge),
}

impl LibraryArguments {
    /// Carries out a command; false if some files failed.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let place = &self.place;
        let done = match &self.command {
            LibraryCommand::Add(asked) => asked.run(place),
            LibraryCommand::Refresh(asked) => asked.run(place),
            LibraryCommand::Remove(asked) => asked.run(place),
            LibraryCommand::Info => keep::describe(place),
            LibraryCommand::Similar(asked) => asked.run(place),
            LibraryCommand::Path(asked) => asked.run(place),
            LibraryCommand::Mix(asked) => asked.run(place),
            LibraryCommand::Duplicates(asked) => asked.run(place),
            LibraryCommand::Groups(asked) => asked.run(place),
            LibraryCommand::Stats => collect::stats(place),
            LibraryCommand::Tag(asked) => asked.run(place),
            LibraryCommand::Export(asked) => asked.run(place),
            LibraryCommand::Merge(asked) => asked.run(place),
        };
        done.map_err(hinted)
    }
}

impl LibraryPlace {
    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.library {
            Some(file) => Ok(file.clone()),
            None => default_file().context(
                "this system names no folder for data; name the library with --library FILE",
            ),
        }
    }

    /// The songs that can be compared; says which are left out.
    fn open(&self) -> anyhow::Result<Library> {
        Ok(told(Store::open(&self.path()?)?.library()?))
    }
}

/// Says which songs of a library are left out.
fn told(library: Library) -> Library {
    if library.of_other_models > 0 {
        eprintln!(
            "{} songs were heard by another model and are left out; hear them again with \
             `soundalike library refresh --hear-again`",
            library.of_other_models
        );
    }
    if library.damaged > 0 {
        eprintln!(
            "{} songs have damaged numbers and are left out; `soundalike library refresh` hears them again",
            library.damaged
        );
    }
    library
}

/// An error with what to do about it in the words of the command line.
fn hinted(error: anyhow::Error) -> anyhow::Error {
    let hint = match error.downcast_ref::<LibraryError>() {
        Some(LibraryError::OtherModel { .. }) => {
            "hear them again with --hear-again, or name the library's own model with --model FILE"
                .to_owned()
        }
        Some(LibraryError::Missing(_) | LibraryError::NoFolders(_)) => {
            "`soundalike library add FOLDER` begins one".to_owned()
        }
        Some(LibraryError::Interrupted { backup, .. }) => format!(
            "`soundalike library tag --restore {}` brings it back",
            shown(backup)
        ),
        _ => return error,
    };
    anyhow!("{error:#}; {hint}")
}
