//! A table that corrects the metadata of some songs of a dataset. And datasets that are left out of a
//! catalogue.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::licence::spdx;
use super::sheet::{Sheet, column};
use super::{DatasetError, Song};
use soundalike_core::catalog::is_link;

/// What such a table looks like, for messages.
const EXPECTED: &str = "a table of songs begins with path,title,artist,licence,link";

/// Replaces metadata of songs by the cells of a table. A row belongs to the song with its path, and its
/// empty cells change nothing. Songs whose paths are not UTF-8 are named by a column `path_bytes`, as in
/// [`Track::path_bytes`](soundalike_core::catalog::Track::path_bytes).
///
/// # Errors
/// Names the row: a path that no song has or that is there twice, a licence that is not as [`spdx`]
/// gives it, a link that [`is_link`] refuses. Nothing is changed then.
pub fn correct(songs: &mut [Song], table: &Path) -> Result<(), DatasetError> {
    let mut sheet = Sheet::open(table, b',')?;
    let Some(header) = sheet.next()? else {
        return Err(DatasetError::EmptyFile(table.to_owned()));
    };
    let mut at = [0; 5];
    for (at, name) in at
        .iter_mut()
        .zip(["path", "title", "artist", "licence", "link"])
    {
        *at = column(table, &header, name, EXPECTED)?;
    }
    let bytes_at = column(table, &header, "path_bytes", EXPECTED).ok();
    // A path with � may be that of several songs; its bytes are of one.
    let places: HashMap<(&str, &str), usize> = songs
        .iter()
        .enumerate()
        .map(|(place, Song { track, .. })| {
            let path = if track.path_bytes.is_empty() {
                track.path.as_str()
            } else {
                ""
            };
            ((path, track.path_bytes.as_str()), place)
        })
        .collect();
    let mut lines: HashMap<usize, u64> = HashMap::new();
    let mut changes = Vec::new();
    while let Some(row) = sheet.next_of(header.cells.len())? {
        let [path, title, artist, licence, link] = at.map(|at| row.cell(at).to_owned());
        let bytes = bytes_at.map_or("", |at| row.cell(at));
        let key = if bytes.is_empty() {
            (path.as_str(), "")
        } else {
            ("", bytes)
        };
        let Some(&place) = places.get(&key) else {
            let named = if bytes.is_empty() { &path } else { bytes };
            let cause =
                format!("there is no song with the path {named:?}; correct it or remove the row");
            return Err(sheet.wrong(&row, cause));
        };
        if let Some(line) = lines.insert(place, row.line) {
            return Err(sheet.twice(&row, format_args!("the path {path:?}"), line));
        }
        if !licence.is_empty() && spdx(&licence) != licence {
            let cause = format!(
                "the licence {licence:?} is neither an SPDX identifier nor \"unclear\"; write {:?}",
                spdx(&licence)
            );
            return Err(sheet.wrong(&row, cause));
        }
        if !link.is_empty() && !is_link(&link) {
            let cause = format!("the link {link:?} is not an address that begins with https://");
            return Err(sheet.wrong(&row, cause));
        }
        changes.push((place, [title, artist, licence, link]));
    }
    for (place, cells) in changes {
        let track = &mut songs[place].track;
        let fields = [
            &mut track.title,
            &mut track.artist,
            &mut track.licence,
            &mut track.link,
        ];
        for (field, cell) in fields.into_iter().zip(cells) {
            if !cell.is_empty() {
                *field = cell;
            }
        }
    }
    Ok(())
}

/// The songs that do not belong to these sets.
///
/// # Errors
/// If no song belongs to one of the sets, or no song is left.
pub fn leave_out(songs: Vec<Song>, sets: &[String]) -> Result<Vec<Song>, DatasetError> {
    let known: BTreeSet<&str> = songs.iter().map(|song| song.track.set.as_str()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(unknown) = sets.iter().find(|set| !known.contains(&set.as_str())) {
        return Err(DatasetError::UnknownSet {
            set: unknown.clone(),
            known: known.join(", "),
        });
    }
    let kept: Vec<Song> = songs
        .into_iter()
        .filter(|song| !sets.contains(&song.track.set))
        .collect();
    if kept.is_empty() {
        return Err(DatasetError::NoneLeft(sets.join(", ")));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Split;
    use soundalike_core::catalog::Track;

    fn songs() -> Vec<Song> {
        [("free/a.ogg", "free"), ("misc/b.ogg", "misc")]
            .into_iter()
            .map(|(path, set)| {
                let track = Track {
                    title: "Old".to_owned(),
                    artist: "Band".to_owned(),
                    set: set.to_owned(),
                    path: path.to_owned(),
                    ..Track::default()
                };
                Song::new(PathBuf::from(path), Split::Extra, track)
            })
            .collect()
    }

    /// The songs corrected by a table with these rows, or what is said of it.
    fn corrected(rows: &str) -> Result<Vec<Song>, String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let table = folder.path().join("songs.csv");
        std::fs::write(&table, format!("path,title,artist,licence,link\n{rows}")).expect("written");
        let mut songs = songs();
        let said = correct(&mut songs, &table).map_err(|e| e.to_string());
        said.map(|()| songs)
    }

    #[test]
    fn a_tables_cells_replace_what_is_known_and_empty_ones_do_not() {
        let link = "https://example.org/a%20b.ogg";
        let row = format!("free/a.ogg,\"New, and better\",,CC-BY-4.0,{link}\n");
        let songs = corrected(&row).expect("corrected");
        let track = &songs[0].track;
        assert_eq!(track.title, "New, and better");
        assert_eq!(track.artist, "Band");
        assert_eq!(track.licence, "CC-BY-4.0");
        assert_eq!(track.link, link);
        assert_eq!(songs[1].track.title, "Old");
    }

    #[test]
    fn a_row_that_is_wrong_is_named_with_what_is_wrong() {
        for (rows, parts) in [
            ("free/c.ogg,x,,,\n", ["line 2", "\"free/c.ogg\""]),
            ("free/a.ogg,x,,,\nfree/a.ogg,y,,,\n", ["line 3", "line 2"]),
            ("free/a.ogg,,,CC BY 4.0,\n", ["\"CC BY 4.0\"", "CC-BY-4.0"]),
            (
                "free/a.ogg,,,,http://example.org/\n",
                ["line 2", "https://"],
            ),
            (
                "free/a.ogg,,,,javascript:alert(1)\n",
                ["line 2", "https://"],
            ),
            ("free/a.ogg,x\n", ["line 2", "2 cells"]),
        ] {
            let said = corrected(rows).expect_err("refused");
            for part in parts {
                assert!(said.contains(part), "{part:?} is not in {said:?}");
            }
        }
    }

    #[test]
    fn sets_are_left_out_and_a_name_that_no_song_has_is_refused() {
        let without = |sets: &[&str]| {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            leave_out(songs(), &sets).map_err(|e| e.to_string())
        };
        assert_eq!(without(&[]).expect("all").len(), 2);
        let kept = without(&["misc"]).expect("some");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].track.set, "free");
        let said = without(&["lops"]).expect_err("refused");
        assert!(
            said.contains("\"lops\"") && said.contains("free, misc"),
            "{said}"
        );
        let said = without(&["free", "misc"]).expect_err("refused");
        assert!(said.contains("no song is left"), "{said}");
    }

    #[test]
    fn the_shipped_table_is_in_the_vocabulary() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/songs.csv");
        let mut sheet = Sheet::open(&table, b',').expect("opens");
        let header = sheet.next().expect("reads").expect("a header");
        let mut songs = Vec::new();
        while let Some(row) = sheet.next_of(header.cells.len()).expect("reads") {
            let track = Track {
                path: row.cell(0).to_owned(),
                ..Track::default()
            };
            songs.push(Song::new(PathBuf::from(row.cell(0)), Split::Extra, track));
        }
        assert!(songs.len() > 500);
        correct(&mut songs, &table).expect("every row is right");
        let linked = songs.iter().filter(|song| !song.track.link.is_empty());
        assert!(linked.count() >= 513);
    }
}
