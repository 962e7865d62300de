//! Writes a library in other formats, and puts several together.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use soundalike_datasets::names::shown;
use soundalike_datasets::output::write_whole;
use soundalike_library::{Table, merge};

use super::LibraryPlace;
use super::keep::count;
use crate::output::print_json;

/// What `library export` is asked.
#[derive(Args)]
pub(super) struct Export {
    /// Where to write; the ending says what: .safetensors, .csv or .parquet
    file: PathBuf,
}

/// What `library merge` is asked.
#[derive(Args)]
pub(super) struct Merge {
    /// Libraries
    #[arg(required = true, num_args = 2.., value_name = "LIBRARY")]
    libraries: Vec<PathBuf>,
    /// The new library
    #[arg(short, value_name = "FILE")]
    output: PathBuf,
}

impl Export {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let name = shown(&self.file);
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        if !["safetensors", "csv", "parquet"].contains(&ending.as_str()) {
            bail!(
                "{name}: its ending must be .safetensors, .csv or .parquet, which says what is written"
            );
        }
        let library = place.open()?;
        let table = Table(&library);
        let bytes = match ending.as_str() {
            "csv" => table.csv().with_context(|| name.clone())?,
            "parquet" => table.parquet().with_context(|| name.clone())?,
            _ => library.catalog.to_bytes().with_context(|| name.clone())?,
        };
        write_whole(&self.file, &bytes)?;
        let songs = library.catalog.len();
        if place.json {
            print_json(&json!({"songs": songs, "bytes": bytes.len()}))?;
        } else {
            println!("{name}: {}, {} bytes", count(songs, "song"), bytes.len());
        }
        Ok(true)
    }
}

impl Merge {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        if place.library.is_some() {
            bail!(
                "the libraries to merge stand behind the command, and the new one behind -o, not behind --library"
            );
        }
        let merged = merge(&self.libraries, &self.output)?;
        if place.json {
            print_json(&merged)?;
        } else {
            println!(
                "{}: {}, {} of them in several libraries",
                shown(&self.output),
                count(merged.songs, "song"),
                merged.in_several
            );
        }
        Ok(true)
    }
}
