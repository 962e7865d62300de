//! What a library holds as a whole: copies, groups, figures.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::make_folder;
use soundalike_library::{Library, NEIGHBOURS};

use super::LibraryPlace;
use super::keep::count;
use super::songs::{FoundLine, SongLine, json_songs, write_m3u8};
use crate::output::print_json;

/// What `library duplicates` is asked.
#[derive(Args)]
pub(super) struct FindCopies {
    /// Print only the paths of the files that are not the best, each followed by a NUL
    #[arg(long, conflicts_with = "json")]
    null: bool,
}

/// What `library groups` is asked.
#[derive(Args)]
pub(super) struct Divide {
    /// Number of groups [default: half the songs' square root, 40 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,
    /// Write a playlist of each group into this folder
    #[arg(long, value_name = "FOLDER")]
    playlists: Option<PathBuf>,
    /// Absolute paths in the playlists
    #[arg(long, requires = "playlists")]
    absolute: bool,
}

/// A recording in several files, as JSON.
#[derive(Serialize)]
struct CopiesLine<'a> {
    keep: SongLine<'a>,
    others: Vec<FoundLine<'a>>,
}

impl FindCopies {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let library = place.open()?;
        let found = library.duplicates();
        if place.json {
            let lines = found.iter().map(|copies| CopiesLine {
                keep: SongLine::of(&library, copies.keep),
                others: copies
                    .others
                    .iter()
                    .enumerate()
                    .map(|(at, song)| FoundLine::of(&library, at, *song))
                    .collect(),
            });
            let lines: Vec<CopiesLine<'_>> = lines.collect();
            print_json(&json!({ "recordings": lines }))?;
            return Ok(true);
        }
        let mut out = std::io::stdout().lock();
        if self.null {
            let others = found.iter().flat_map(|copies| &copies.others);
            let rows: Vec<usize> = others.map(|song| song.row).collect();
            out.write_all(&library.nul_separated(&rows))?;
            return Ok(true);
        }
        for copies in &found {
            writeln!(
                out,
                "keep        {}",
                shown(&library.songs[copies.keep].file)
            )?;
            for song in &copies.others {
                let file = shown(&library.songs[song.row].file);
                writeln!(out, "      {:.3} {file}", song.similarity)?;
            }
        }
        let others: usize = found.iter().map(|copies| copies.others.len()).sum();
        let (recordings, files) = (count(found.len(), "recording"), count(others, "file"));
        eprintln!("{recordings} in several files; {files} could go");
        Ok(true)
    }
}

impl Divide {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let library = place.open()?;
        let groups = library.catalog.groups(self.count.map(usize::from));
        if let Some(folder) = &self.playlists {
            make_folder(folder)?;
            for (at, group) in groups.iter().enumerate() {
                let name = format!("{:02} {}.m3u8", at + 1, as_file(&group.name.to_string()));
                write_m3u8(&library, &group.tracks, &folder.join(name), self.absolute)?;
            }
        }
        if place.json {
            let mut lines = Vec::new();
            for group in &groups {
                lines.push(json!({
                    "name": group.name.to_string(),
                    "genres": group.name.genres,
                    "tags": group.name.tags,
                    "songs": json_songs(&library, &group.tracks)?,
                }));
            }
            print_json(&json!({ "groups": lines }))?;
            return Ok(true);
        }
        let mut out = std::io::stdout().lock();
        for group in &groups {
            let songs = count(group.tracks.len(), "song");
            writeln!(out, "{} ({songs})", visible(&group.name.to_string()))?;
            for &row in group.tracks.iter().take(EXAMPLES) {
                writeln!(out, "    {}", shown(&library.songs[row].file))?;
            }
        }
        Ok(true)
    }
}

/// Songs of a group that are printed, the most typical ones.
const EXAMPLES: usize = 3;

/// A name that every system takes for a file's.
fn as_file(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || " ,-&'".contains(c);
    let name: String = name
        .chars()
        .map(|c| if kept(c) { c } else { '-' })
        .collect();
    name.trim().to_owned()
}

/// What `library stats` says.
#[derive(Serialize)]
struct Stats<'a> {
    songs: usize,
    hours: f64,
    artists: usize,
    genres: BTreeMap<&'a str, usize>,
    genres_predicted: BTreeMap<&'a str, usize>,
    neighbours: usize,
    asked: usize,
    skewness: f64,
    never_recommended: f64,
    largest_occurrence: u32,
}

/// `library stats`.
pub(super) fn stats(place: &LibraryPlace) -> anyhow::Result<bool> {
    let library = place.open()?;
    let stats = figures(&library);
    if place.json {
        print_json(&stats)?;
        return Ok(true);
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "songs       {} ({:.1} hours)",
        stats.songs, stats.hours
    )?;
    writeln!(out, "artists     {}", stats.artists)?;
    let genres = [
        ("tagged", &stats.genres),
        ("predicted", &stats.genres_predicted),
    ];
    for (kind, counts) in genres.into_iter().filter(|(_, counts)| !counts.is_empty()) {
        let mut counts: Vec<(&&str, &usize)> = counts.iter().collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
        for (name, count) in counts {
            writeln!(out, "genre       {count:>6}  {} ({kind})", visible(name))?;
        }
    }
    writeln!(
        out,
        "hubness     skewness {:.2}, {:.1} % of the songs never among the {} nearest of another, one at most {} times \
         ({} songs looked up)",
        stats.skewness,
        100.0 * stats.never_recommended,
        stats.neighbours,
        stats.largest_occurrence,
        stats.asked
    )?;
    Ok(true)
}

fn figures(library: &Library) -> Stats<'_> {
    let catalog = &library.catalog;
    let (mut genres, mut predicted) = (BTreeMap::new(), BTreeMap::new());
    for row in 0..catalog.len() {
        let (name, by_model) = catalog.genre(row);
        let counts = if by_model {
            &mut predicted
        } else {
            &mut genres
        };
        *counts.entry(name).or_insert(0) += 1;
    }
    let artists: std::collections::BTreeSet<String> = catalog
        .tracks
        .iter()
        .filter(|track| !track.artist.is_empty())
        .map(|track| track.artist.to_lowercase())
        .collect();
    let evenness = library.evenness();
    Stats {
        songs: catalog.len(),
        hours: library.songs.iter().map(|song| song.seconds).sum::<f64>() / 3600.0,
        artists: artists.len(),
        genres,
        genres_predicted: predicted,
        neighbours: NEIGHBOURS,
        asked: evenness.asked,
        skewness: evenness.hubness.skewness,
        never_recommended: evenness.hubness.antihubs,
        largest_occurrence: evenness.hubness.largest,
    }
}
