//! An index of songs: `path,set,genre,split,artist,title,album,seconds`. A path that is not UTF-8 stands in
//! the column `path_bytes`, percent-encoded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Found, Layout, Subset};
use crate::names::{path_bytes as path_bytes_of, path_from_bytes};
use crate::sheet::{Sheet, column};
use crate::{DatasetError, Song, Split, UNCLEAR, clip_name, table};
use soundalike_core::catalog::{Track, is_link};

/// The columns that every index has.
const COLUMNS: [&str; 7] = ["path", "set", "genre", "split", "artist", "title", "album"];

/// What an index looks like, for messages.
const EXPECTED: &str = "an index begins with path,set,genre,split,artist,title,album,seconds";

/// An index: any file.
pub(super) struct Index;

impl Layout for Index {
    fn name(&self) -> &'static str {
        "an index"
    }

    fn recognises(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn read(&self, path: &Path, _: Option<Subset>) -> Result<Found, DatasetError> {
        find(path)
    }
}

/// The songs of an index. Their paths are relative to its file.
fn find(path: &Path) -> Result<Found, DatasetError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut sheet = Sheet::open(path, b',')?;
    let Some(header) = sheet.next()? else {
        return Err(DatasetError::EmptyFile(path.to_owned()));
    };
    if table::is_header(&header) {
        return Err(DatasetError::Table(path.to_owned()));
    }
    let mut at = [0; COLUMNS.len()];
    for (at, name) in at.iter_mut().zip(COLUMNS) {
        *at = column(path, &header, name, EXPECTED)?;
    }
    // Columns that only some indexes have.
    let [licence, source, link, path_bytes] = ["licence", "source", "link", "path_bytes"]
        .map(|name| column(path, &header, name, EXPECTED).ok());
    let mut songs = Vec::new();
    let mut lines: HashMap<PathBuf, u64> = HashMap::new();
    while let Some(row) = sheet.next_of(header.cells.len())? {
        let [name, set, genre, split, artist, title, album] = at.map(|at| row.cell(at).to_owned());
        let optional = |at: Option<usize>| at.map_or("", |at| row.cell(at)).to_owned();
        let split = match split.as_str() {
            "train" => Split::Train,
            "valid" => Split::Valid,
            "test" => Split::Test,
            "extra" => Split::Extra,
            other => {
                let cause = format!("the split {other:?} is not one of train, valid, test, extra");
                return Err(sheet.wrong(&row, cause));
            }
        };
        let encoded = optional(path_bytes);
        let way = if encoded.is_empty() {
            Some(PathBuf::from(&name))
        } else {
            path_from_bytes(&encoded)
        };
        let Some(way) = way else {
            let cause = format!("the path_bytes {encoded:?} are no file name of this system");
            return Err(sheet.wrong(&row, cause));
        };
        let file = folder.join(&way);
        if !file.is_file() {
            let cause = format!("the file {} does not exist", file.display());
            return Err(sheet.wrong(&row, cause));
        }
        // Components, so that a/./b.wav is a/b.wav.
        if let Some(line) = lines.insert(file.components().collect(), row.line) {
            return Err(sheet.twice(&row, format_args!("the file {}", way.display()), line));
        }
        let link = optional(link);
        if !link.is_empty() && !is_link(&link) {
            let cause = format!("the link {link:?} is not an address that begins with https://");
            return Err(sheet.wrong(&row, cause));
        }
        let mut stated = optional(licence);
        if licence.is_some() && stated.is_empty() {
            UNCLEAR.clone_into(&mut stated);
        }
        let track = Track {
            title: if title.is_empty() {
                clip_name(&file)
            } else {
                title
            },
            artist,
            album,
            genre,
            set,
            licence: stated,
            source: optional(source),
            link,
            path: way.to_string_lossy().into_owned(),
            path_bytes: path_bytes_of(&way).unwrap_or_default(),
            ..Track::default()
        };
        songs.push(Song::new(file, split, track));
    }
    Ok(Found {
        songs,
        own_split: true,
        problems: Vec::new(),
    })
}
