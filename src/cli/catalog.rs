//! `catalog`: builds a catalogue of a folder of music, describes one, and puts one into cells.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use soundalike_core::catalog::{Catalog, Provenance, Track};
use soundalike_core::dsp::FrontEnd;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};
use soundalike_shipped as shipped;

use crate::cells::{Index, SearchCells};
use crate::open::{open_predictor, read};
use crate::output::{print_json, sentence};

#[derive(Subcommand)]
pub(crate) enum CatalogCommand {
    /// Hear a folder of music, or the songs of an index, and write a catalogue
    Build {
        /// Folder, or INDEX.csv
        music: PathBuf,
        /// Where to write the catalogue
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
        /// Model file instead of the shipped one
        #[arg(long)]
        model: Option<PathBuf>,
        /// Leave out the songs of a set (may be given several times)
        #[arg(long, value_name = "NAME")]
        without_set: Vec<String>,
        /// Table path,title,artist,licence,link, whose cells replace what is known of the songs
        #[arg(long, value_name = "FILE.csv")]
        songs: Option<PathBuf>,
    },
    /// Describe a catalogue
    Info {
        /// Catalogue file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    Index(Index),
    Search(SearchCells),
}

/// Carries out a command; false if some songs could not be read.
pub(crate) fn run(command: CatalogCommand) -> anyhow::Result<bool> {
    match command {
        CatalogCommand::Build {
            music,
            output,
            model,
            without_set,
            songs,
        } => {
            let songs = songs_to_hear(&music, &without_set, songs.as_deref())?;
            build_catalog(songs, &music, &output, model.as_deref())
        }
        CatalogCommand::Info { file, json } => {
            let bytes = read(&file)?;
            let catalog =
                Catalog::from_bytes(&bytes).with_context(|| file.display().to_string())?;
            describe(&catalog, bytes.len(), json)?;
            Ok(true)
        }
        CatalogCommand::Index(asked) => asked.run().map(|()| true),
        CatalogCommand::Search(asked) => asked.run().map(|()| true),
    }
}

/// The songs of a catalogue, with what is to be shown of them.
fn songs_to_hear(
    music: &Path,
    without_sets: &[String],
    corrections: Option<&Path>,
) -> anyhow::Result<Vec<Song>> {
    let mut songs = datasets::open(music, 0)?;
    datasets::tidy(&mut songs);
    // Before songs are left out, so that one table serves catalogues with and without them.
    if let Some(table) = corrections {
        datasets::correct(&mut songs, table)?;
    }
    Ok(datasets::leave_out(songs, without_sets)?)
}

/// Predicts all songs and writes their catalogue; false if some could not be read.
fn build_catalog(
    songs: Vec<Song>,
    music: &Path,
    output: &Path,
    model: Option<&Path>,
) -> anyhow::Result<bool> {
    let predictor = open_predictor(model)?;
    let progress = Progress::new("analysing", songs.len());
    let answers = datasets::predict_all(&predictor, &songs, &progress);
    drop(progress);
    let (mut tracks, mut predictions) = (Vec::new(), Vec::new());
    let (mut noted, mut failed) = (Vec::new(), Vec::new());
    for (song, answer) in songs.into_iter().zip(answers) {
        let file = shown(&song.file);
        match answer {
            Ok(answer) => {
                let notes: Vec<String> = answer.notes.iter().map(ToString::to_string).collect();
                noted.extend(notes.iter().map(|note| (file.clone(), note.clone())));
                tracks.push(Track {
                    notes,
                    ..song.track
                });
                predictions.push(answer);
            }
            Err(error) => failed.push((file, sentence(&error.into()))),
        }
    }
    let all_read = failed.is_empty();
    let with_notes = tracks.iter().filter(|track| !track.notes.is_empty());
    list_files(with_notes.count(), "with a note", &noted);
    list_files(failed.len(), "left out", &failed);
    let catalog = Catalog::new(Provenance::of(predictor.model()), tracks, &predictions)
        .with_context(|| music.display().to_string())?;
    let bytes = catalog.to_bytes()?;
    write_whole(output, &bytes)?;
    eprintln!(
        "{}: {} songs, {} bytes",
        shown(output),
        catalog.len(),
        bytes.len()
    );
    Ok(all_read)
}

/// Prints what is to be said of `count` files, a line each, below their number.
fn list_files(count: usize, what: &str, lines: &[(String, String)]) {
    match count {
        0 => return,
        1 => eprintln!("1 file {what}:"),
        count => eprintln!("{count} files {what}:"),
    }
    for (file, line) in lines {
        eprintln!("  {file}: {}", visible(line));
    }
}

/// What `catalog info` says.
#[derive(Serialize)]
struct CatalogInfo<'a> {
    songs: usize,
    dimensions: usize,
    bytes: usize,
    model_sha256: &'a str,
    shipped_model: bool,
    genres: &'a [String],
    tags: &'a [String],
    front_end: &'a FrontEnd,
    sets: std::collections::BTreeMap<&'a str, usize>,
    labels: std::collections::BTreeMap<&'a str, usize>,
    artists: usize,
    songs_with_notes: usize,
}

fn describe(catalog: &Catalog, bytes: usize, json: bool) -> anyhow::Result<()> {
    let count = |field: fn(&Track) -> &str| {
        let mut counts = std::collections::BTreeMap::new();
        for track in &catalog.tracks {
            *counts.entry(field(track)).or_insert(0) += 1;
        }
        counts
    };
    let shipped = Predictor::on_processor(shipped::MODEL)?;
    let info = CatalogInfo {
        songs: catalog.len(),
        dimensions: catalog.dimensions(),
        bytes,
        model_sha256: &catalog.provenance.model_sha256,
        shipped_model: catalog.check_model(&shipped.model().sha256).is_ok(),
        genres: &catalog.provenance.genres,
        tags: &catalog.provenance.tags,
        front_end: &catalog.provenance.front_end,
        sets: count(|t| &t.set),
        labels: count(|t| &t.genre),
        artists: count(|t| &t.artist)
            .keys()
            .filter(|a| !a.is_empty())
            .count(),
        songs_with_notes: catalog
            .tracks
            .iter()
            .filter(|track| !track.notes.is_empty())
            .count(),
    };
    if json {
        return print_json(&info);
    }
    let listed = |counts: &std::collections::BTreeMap<&str, usize>| {
        counts
            .iter()
            .map(|(name, count)| match *name {
                "" => format!("none {count}"),
                name => format!("{} {count}", visible(name)),
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "songs       {}", info.songs)?;
    writeln!(out, "artists     {}", info.artists)?;
    writeln!(out, "sets        {}", listed(&info.sets))?;
    writeln!(out, "genres      {}", listed(&info.labels))?;
    writeln!(out, "embedding   {} numbers", info.dimensions)?;
    writeln!(
        out,
        "model       {}{}",
        info.model_sha256,
        if info.shipped_model {
            " (the shipped one)"
        } else {
            ""
        }
    )?;
    if info.songs_with_notes > 0 {
        writeln!(out, "with notes  {}", info.songs_with_notes)?;
    }
    writeln!(out, "size        {} bytes", info.bytes)?;
    Ok(())
}
