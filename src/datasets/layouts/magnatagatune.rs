//! MagnaTagATune: `annotations_final.csv` and folders `0` to `f` of MP3 files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::{Found, Layout, Subset};
use crate::names::shown;
use crate::sheet::{Row, Sheet, column};
use crate::{DatasetError, Song, Split, clip_name};
use soundalike_core::catalog::Track;

/// The table of tags.
const ANNOTATIONS: &str = "annotations_final.csv";

/// The table of titles and artists, which lies beside it in some copies.
const CLIP_INFO: &str = "clip_info_final.csv";

/// The number of tags that are kept, the most frequent ones, as in the literature.
const TAGS: usize = 50;

/// What the table looks like, for messages.
const EXPECTED: &str = "annotations_final.csv has clip_id, a column of zeros and ones per tag, and mp3_path, separated by tabs";

/// MagnaTagATune's layout: a folder with a table of tags.
pub(super) struct MagnaTagATune;

impl Layout for MagnaTagATune {
    fn name(&self) -> &'static str {
        "MagnaTagATune"
    }

    fn recognises(&self, path: &Path) -> bool {
        path.join(ANNOTATIONS).is_file()
    }

    fn read(&self, path: &Path, _: Option<Subset>) -> Result<Found, DatasetError> {
        find(path, &path.join(ANNOTATIONS))
    }
}

/// The clips that have one of the 50 most frequent tags, with the usual split by the first folder of
/// their path: 0 to b for training, c for validation, d to f for testing. Empty files, of which the
/// original has three, are skipped with a warning.
fn find(path: &Path, annotations: &Path) -> Result<Found, DatasetError> {
    let mut sheet = Sheet::open(annotations, b'\t')?;
    let Some(header) = sheet.next()? else {
        return Err(DatasetError::EmptyFile(annotations.to_owned()));
    };
    let id_at = column(annotations, &header, "clip_id", EXPECTED)?;
    let path_at = column(annotations, &header, "mp3_path", EXPECTED)?;
    let tags: Vec<(usize, &str)> = header
        .cells
        .iter()
        .map(str::trim)
        .enumerate()
        .filter(|&(at, _)| at != id_at && at != path_at)
        .collect();
    let mut counts = vec![0_usize; header.cells.len()];
    let mut clips = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    while let Some(row) = sheet.next_of(header.cells.len())? {
        let mut tagged = Vec::new();
        for &(at, tag) in &tags {
            match row.cell(at) {
                "0" => {}
                "1" => tagged.push(at),
                other => {
                    let cause = format!("the column {tag:?} holds {other:?}, neither 0 nor 1");
                    return Err(sheet.wrong(&row, cause));
                }
            }
        }
        let name = row.cell(path_at).to_owned();
        let Some(split) = usual_split(&name) else {
            let cause = format!("the mp3_path {name:?} does not begin with a folder 0 to f");
            return Err(sheet.wrong(&row, cause));
        };
        let file = path.join(&name);
        let Ok(found) = std::fs::metadata(&file) else {
            let cause = format!("the file {} does not exist", file.display());
            return Err(sheet.wrong(&row, cause));
        };
        if let Some(line) = lines.insert(name.clone(), row.line) {
            return Err(sheet.twice(&row, format_args!("the file {name}"), line));
        }
        tagged.iter().for_each(|&at| counts[at] += 1);
        if found.len() == 0 {
            tracing::warn!("{}: skipped, because it is an empty file", shown(&file));
            continue;
        }
        clips.push(Clip {
            id: row.cell(id_at).to_owned(),
            name,
            file,
            split,
            tagged,
        });
    }
    let mut kept: Vec<usize> = tags.iter().map(|&(at, _)| at).collect();
    // A stable sort: of equally frequent tags the earlier column stays in front.
    kept.sort_by_key(|&at| std::cmp::Reverse(counts[at]));
    kept.truncate(TAGS);
    let known = clip_info(path)?;
    let songs = clips
        .into_iter()
        .filter_map(|clip| song(clip, &kept, &header, &known));
    Ok(Found {
        songs: songs.collect(),
        own_split: true,
        problems: Vec::new(),
    })
}

/// A row of the table of tags.
struct Clip {
    id: String,
    /// Its file as the table names it.
    name: String,
    file: PathBuf,
    split: Split,
    /// The columns of its tags.
    tagged: Vec<usize>,
}

/// The split of the literature, by the first folder of a clip's path.
fn usual_split(name: &str) -> Option<Split> {
    match name.split_once('/')?.0.as_bytes() {
        [b'0'..=b'9' | b'a' | b'b'] => Some(Split::Train),
        [b'c'] => Some(Split::Valid),
        [b'd'..=b'f'] => Some(Split::Test),
        _ => None,
    }
}

/// The song of a clip; none if it has no tag of those in the columns `kept`.
fn song(
    clip: Clip,
    kept: &[usize],
    header: &Row,
    known: &BTreeMap<String, [String; 3]>,
) -> Option<Song> {
    let labels: Vec<String> = kept
        .iter()
        .filter(|at| clip.tagged.contains(at))
        .map(|&at| header.cell(at).to_owned())
        .collect();
    if labels.is_empty() {
        return None;
    }
    let [title, artist, album] = known.get(&clip.id).cloned().unwrap_or_default();
    let track = Track {
        title: if title.is_empty() {
            clip_name(&clip.file)
        } else {
            title
        },
        artist,
        album,
        set: "magnatagatune".to_owned(),
        path: clip.name,
        ..Track::default()
    };
    let mut song = Song::new(clip.file, clip.split, track);
    song.labels = labels;
    Some(song)
}

/// Title, artist and album of each clip, where there is a table of them.
fn clip_info(path: &Path) -> Result<BTreeMap<String, [String; 3]>, DatasetError> {
    const EXPECTED: &str = "clip_info_final.csv has clip_id, title, artist and album";
    let path = path.join(CLIP_INFO);
    let mut known = BTreeMap::new();
    if !path.is_file() {
        return Ok(known);
    }
    let mut sheet = Sheet::open(&path, b'\t')?;
    let Some(header) = sheet.next()? else {
        return Err(DatasetError::EmptyFile(path));
    };
    let mut at = [0; 4];
    for (at, name) in at.iter_mut().zip(["clip_id", "title", "artist", "album"]) {
        *at = column(&path, &header, name, EXPECTED)?;
    }
    while let Some(row) = sheet.next()? {
        let [id, title, artist, album] = at.map(|at| row.cell(at).to_owned());
        known.insert(id, [title, artist, album]);
    }
    Ok(known)
}
