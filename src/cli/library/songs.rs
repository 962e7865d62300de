//! How songs of a library are printed and written.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use soundalike_core::catalog::Reason;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;
use soundalike_library::{Found, Library, Naming};

use super::LibraryPlace;
use crate::output::print_json;

/// How an answer is written.
#[derive(Args)]
pub(super) struct Output {
    /// Write a playlist, with paths from its folder
    #[arg(long, value_name = "FILE")]
    m3u8: Option<PathBuf>,
    /// Absolute paths in the playlist
    #[arg(long, requires = "m3u8")]
    absolute: bool,
    /// Write a playlist as JSON (JSPF)
    #[arg(long, value_name = "FILE")]
    jspf: Option<PathBuf>,
    /// Print only the paths, each followed by a NUL, for `xargs -0`
    #[arg(long, conflicts_with = "json")]
    null: bool,
}

/// A song of an answer, as JSON.
#[derive(Serialize, JsonSchema)]
pub(super) struct SongLine<'a> {
    /// The song's number in the library.
    #[schemars(range(min = 1))]
    id: i64,
    /// Its file, with � for what is not UTF-8.
    path: &'a str,
    /// The exact bytes of a path that is not UTF-8, percent-encoded.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(length(min = 1))]
    path_bytes: &'a str,
    title: &'a str,
    artist: &'a str,
    album: &'a str,
    genre: &'a str,
    /// Whether the genre is the model's, because the file names none.
    genre_predicted: bool,
    year: Option<u32>,
    #[schemars(range(min = 0))]
    seconds: f64,
    /// Beats per minute, where there is a steady beat.
    tempo_bpm: Option<f64>,
    /// The key, where there is one.
    key: Option<&'a str>,
}

impl<'a> SongLine<'a> {
    pub(super) fn of(library: &'a Library, row: usize) -> Self {
        let (track, song) = (&library.catalog.tracks[row], &library.songs[row]);
        let (genre, genre_predicted) = library.catalog.genre(row);
        Self {
            id: song.id,
            path: &track.path,
            path_bytes: &track.path_bytes,
            title: &track.title,
            artist: &track.artist,
            album: &track.album,
            genre,
            genre_predicted,
            year: track.year,
            seconds: song.seconds,
            tempo_bpm: song.tempo_bpm,
            key: song.key.as_deref(),
        }
    }
}

/// A song with its place and similarity, as JSON.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Song", deny_unknown_fields)]
pub(super) struct FoundLine<'a> {
    #[schemars(range(min = 1))]
    rank: usize,
    /// Cosine from the library's mean: of a similar song and of a mix to what was asked about, of a way to the song
    /// before.
    #[schemars(range(min = -1.001, max = 1.001))]
    similarity: f64,
    #[serde(flatten)]
    song: SongLine<'a>,
    /// What it has in common with what was asked about, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The same in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonLine<'a>>,
}

/// Why a song is one, in parts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reason", deny_unknown_fields)]
struct ReasonLine<'a> {
    /// Whether the two are alike at all; what is not shares nothing.
    alike: bool,
    /// Genres that the model predicts for both.
    genres: &'a [String],
    /// Tags that are more than usual in both.
    tags: &'a [String],
}

impl<'a> From<&'a Reason> for ReasonLine<'a> {
    fn from(reason: &'a Reason) -> Self {
        Self {
            alike: reason.alike,
            genres: &reason.genres,
            tags: &reason.tags,
        }
    }
}

impl<'a> FoundLine<'a> {
    pub(super) fn of(library: &'a Library, at: usize, found: Found) -> Self {
        Self {
            rank: at + 1,
            similarity: found.similarity,
            song: SongLine::of(library, found.row),
            why: None,
            reason: None,
        }
    }
}

/// The songs of an answer, as JSON. `reasons` are theirs, or none.
pub(super) fn found_lines<'a>(
    library: &'a Library,
    found: &[Found],
    reasons: &'a [Reason],
) -> Vec<FoundLine<'a>> {
    let lines = found.iter().enumerate();
    lines
        .map(|(at, song)| FoundLine {
            why: reasons.get(at).map(ToString::to_string),
            reason: reasons.get(at).map(ReasonLine::from),
            ..FoundLine::of(library, at, *song)
        })
        .collect()
}

impl Output {
    pub(super) fn writes_null(&self) -> bool {
        self.null
    }

    /// Prints an answer and writes its playlists. `reasons` are the songs', or none; `title` is the playlist's.
    pub(super) fn write(
        &self,
        place: &LibraryPlace,
        library: &Library,
        found: &[Found],
        reasons: &[Reason],
        title: &str,
    ) -> anyhow::Result<()> {
        let rows: Vec<usize> = found.iter().map(|song| song.row).collect();
        if let Some(file) = &self.m3u8 {
            write_m3u8(library, &rows, file, self.absolute)?;
        }
        if let Some(file) = &self.jspf {
            let text = serde_json::to_vec_pretty(&library.jspf(&rows, title))?;
            write_whole(file, &text)?;
        }
        if place.json {
            let songs = found_lines(library, found, reasons);
            return print_json(&json!({ "songs": songs }));
        }
        let mut out = std::io::stdout().lock();
        if self.null {
            out.write_all(&library.nul_separated(&rows))?;
            return Ok(());
        }
        if found.is_empty() {
            eprintln!("no song of the library is left by these filters");
        }
        for (at, song) in found.iter().enumerate() {
            let why = match reasons.get(at) {
                Some(reason) => format!(": {}", visible(&reason.to_string())),
                None => String::new(),
            };
            writeln!(out, "{}{why}", line(library, at, *song))?;
        }
        Ok(())
    }
}

/// A song in one line: rank, similarity, number, path and name.
pub(super) fn line(library: &Library, at: usize, found: Found) -> String {
    let (track, song) = (
        &library.catalog.tracks[found.row],
        &library.songs[found.row],
    );
    let artist = if track.artist.is_empty() {
        "unknown artist"
    } else {
        &track.artist
    };
    let (genre, predicted) = library.catalog.genre(found.row);
    format!(
        "{:>3}  {:.2}  {}  ({} – {} [{}{}], number {})",
        at + 1,
        found.similarity,
        shown(&song.file),
        visible(artist),
        visible(&track.title),
        visible(genre),
        if predicted { "?" } else { "" },
        song.id
    )
}

pub(super) fn write_m3u8(
    library: &Library,
    rows: &[usize],
    file: &Path,
    absolute: bool,
) -> anyhow::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let naming = if absolute {
        Naming::Absolute
    } else {
        Naming::From(folder)
    };
    write_whole(file, library.m3u8(rows, naming).as_bytes())?;
    Ok(())
}

/// A list of songs as JSON.
pub(super) fn json_songs(library: &Library, rows: &[usize]) -> anyhow::Result<Value> {
    let songs: Vec<SongLine<'_>> = rows.iter().map(|&row| SongLine::of(library, row)).collect();
    Ok(serde_json::to_value(songs)?)
}
