//! FMA: `fma_metadata/tracks.csv` and a tree of MP3 files such as `000/000002.mp3`.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Found, Layout};
use crate::names::shown;
use crate::sheet::{Row, Sheet};
use crate::{DatasetError, Song, Split, UNCLEAR};
use soundalike_core::catalog::Track;

/// A subset of FMA; each holds those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    /// 8,000 clips of 8 genres, as many of each.
    Small,
    /// 25,000 clips of 16 genres.
    Medium,
    /// Clips of all tracks.
    Large,
    /// All tracks.
    Full,
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Full => "full",
        })
    }
}

impl FromStr for Subset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            "full" => Ok(Self::Full),
            _ => Err(format!(
                "FMA has no subset {name}; it has small, medium, large, full"
            )),
        }
    }
}

/// FMA's layout: a folder with a table of tracks.
pub(super) struct Fma;

impl Layout for Fma {
    fn name(&self) -> &'static str {
        "FMA"
    }

    fn recognises(&self, path: &Path) -> bool {
        tracks(path).is_some()
    }

    fn has_subsets(&self) -> bool {
        true
    }

    fn read(&self, path: &Path, subset: Option<Subset>) -> Result<Found, DatasetError> {
        match tracks(path) {
            Some(tracks) => find(path, &tracks, subset),
            None => Err(DatasetError::NotFound(path.to_owned())),
        }
    }
}

/// The table of tracks of a folder of FMA.
fn tracks(path: &Path) -> Option<PathBuf> {
    let names = ["fma_metadata/tracks.csv", "tracks.csv"];
    let mut files = names.into_iter().map(|name| path.join(name));
    files.find(|file| file.is_file())
}

/// Folders that the tree of MP3 files may lie in, the largest first.
const TREES: [&str; 5] = ["", "fma_full", "fma_large", "fma_medium", "fma_small"];

/// Columns that are read, by their two names.
const COLUMNS: [(&str, &str); 6] = [
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("artist", "name"),
    ("track", "title"),
    ("album", "title"),
];

/// The tracks of a subset whose files are there. A track without a top genre is [`Split::Extra`].
fn find(path: &Path, tracks: &Path, subset: Option<Subset>) -> Result<Found, DatasetError> {
    let mut sheet = Sheet::open(tracks, b',')?;
    let (width, at, licence) = header(&mut sheet)?;
    let trees: Vec<PathBuf> = TREES
        .iter()
        .map(|tree| path.join(tree))
        .filter(|tree| tree.is_dir())
        .collect();
    let mut songs = Vec::new();
    let mut lines: HashMap<u32, u64> = HashMap::new();
    let mut missing: Option<String> = None;
    let (mut wanted_count, mut missing_count) = (0_usize, 0_usize);
    while let Some(row) = sheet.next_of(width)? {
        let id: u32 = row.cell(0).parse().map_err(|_| {
            let cause = format!("the track_id {:?} is not a number", row.cell(0));
            sheet.wrong(&row, cause)
        })?;
        if let Some(line) = lines.insert(id, row.line) {
            return Err(sheet.twice(&row, format_args!("the track {id}"), line));
        }
        let [split, of, genre, artist, title, album] = at.map(|at| row.cell(at).to_owned());
        let wanted = match subset {
            None => true,
            Some(wanted) => {
                let of: Subset = of.parse().map_err(|e: String| sheet.wrong(&row, e))?;
                of <= wanted
            }
        };
        let split = match own_split(&split) {
            _ if genre.is_empty() => Split::Extra,
            Some(split) => split,
            None => {
                let cause = format!("the split {split:?} is not one of training, validation, test");
                return Err(sheet.wrong(&row, cause));
            }
        };
        if !wanted {
            continue;
        }
        wanted_count += 1;
        let name = format!("{:03}/{id:06}.mp3", id / 1000);
        let mut files = trees.iter().map(|tree| tree.join(&name));
        let Some(file) = files.find(|file| file.is_file()) else {
            missing_count += 1;
            missing.get_or_insert(name);
            continue;
        };
        let title = if title.is_empty() {
            id.to_string()
        } else {
            title
        };
        let stated = match licence.map(|at| row.cell(at)) {
            Some("") => UNCLEAR,
            stated => stated.unwrap_or_default(),
        };
        let track = Track {
            title,
            artist,
            album,
            genre,
            set: "fma".to_owned(),
            licence: stated.to_owned(),
            path: name,
            ..Track::default()
        };
        songs.push(Song::new(file, split, track));
    }
    // The table names all tracks, and most copies hold a subset.
    if let Some(missing) = missing {
        let of = subset.map_or(String::new(), |subset| format!(" of the subset {subset}"));
        tracing::warn!(
            "{}: {missing_count} of {wanted_count} tracks{of} have no file below {}, the first {missing}; they are left out",
            shown(tracks),
            shown(path)
        );
    }
    Ok(Found {
        songs,
        own_split: true,
        problems: Vec::new(),
    })
}

/// A split by the table's name of it.
fn own_split(name: &str) -> Option<Split> {
    match name {
        "training" => Some(Split::Train),
        "validation" => Some(Split::Valid),
        "test" => Some(Split::Test),
        _ => None,
    }
}

/// Number of columns, where [`COLUMNS`] are, and where the licence is. The header is three rows: the
/// first name of each column, the second one, and `track_id` above the numbers.
fn header(
    sheet: &mut Sheet,
) -> Result<(usize, [usize; COLUMNS.len()], Option<usize>), DatasetError> {
    let not_fma = |path: &Path, cause: String| DatasetError::NotFma {
        path: path.to_owned(),
        cause,
    };
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..3 {
        let Some(row) = sheet.next()? else {
            let cause = "it has no header of three rows".to_owned();
            return Err(not_fma(&sheet.path, cause));
        };
        rows.push(row);
    }
    if rows[2].cell(0) != "track_id" {
        let cause = "its third row does not begin with track_id".to_owned();
        return Err(not_fma(&sheet.path, cause));
    }
    let width = rows[0].cells.len();
    let place = |(first, second): (&str, &str)| {
        (0..width).find(|&at| rows[0].cell(at) == first && rows[1].cell(at) == second)
    };
    let mut at = [0; COLUMNS.len()];
    for (at, column) in at.iter_mut().zip(COLUMNS) {
        *at = place(column).ok_or_else(|| {
            let cause = format!("it lacks the column {}, {}", column.0, column.1);
            not_fma(&sheet.path, cause)
        })?;
    }
    Ok((width, at, place(("track", "license"))))
}
