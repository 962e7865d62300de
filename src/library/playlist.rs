//! Playlists: M3U8 and JSPF.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};
use soundalike_core::catalog::Track;
use url::Url;

use crate::paths::{bytes_of, settled};
use crate::store::Library;

/// How a playlist names its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming<'a> {
    /// From the root of the file system.
    Absolute,
    /// From this folder, in which the playlist lies, so that folder and music can move together.
    From(&'a Path),
}

impl Library {
    /// An M3U8 playlist of the rows: UTF-8, with lengths and names. A path that a line of text cannot hold – it is
    /// not UTF-8, or has a line break in it – is an address `file://`, which names its exact bytes.
    pub fn m3u8(&self, rows: &[usize], naming: Naming<'_>) -> String {
        let base = match naming {
            Naming::Absolute => None,
            Naming::From(folder) => Some(settled(folder)),
        };
        let mut text = "#EXTM3U\n".to_owned();
        for &row in rows {
            let (track, song) = (&self.catalog.tracks[row], &self.songs[row]);
            let name = one_line(&full_name(track));
            let seconds = song.seconds.round();
            text.push_str(&format!("#EXTINF:{seconds},{name}\n"));
            text.push_str(&line(&song.file, base.as_deref()));
            text.push('\n');
        }
        text
    }

    /// A [JSPF](https://www.xspf.org/jspf) playlist of the rows, as a JSON document.
    pub fn jspf(&self, rows: &[usize], title: &str) -> Value {
        let tracks: Vec<Value> = rows.iter().map(|&row| self.jspf_track(row)).collect();
        json!({"playlist": {"title": title, "creator": "Soundalike", "track": tracks}})
    }

    fn jspf_track(&self, row: usize) -> Value {
        let (track, song) = (&self.catalog.tracks[row], &self.songs[row]);
        let mut entry = Map::new();
        if let Some(address) = address(&song.file) {
            entry.insert("location".to_owned(), json!([address]));
        }
        let texts = [
            ("title", &track.title),
            ("creator", &track.artist),
            ("album", &track.album),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            entry.insert(name.to_owned(), json!(text));
        }
        if let Some(number) = track.track_number {
            entry.insert("trackNum".to_owned(), json!(number));
        }
        // Milliseconds.
        let duration = (1000.0 * song.seconds).round() as u64;
        entry.insert("duration".to_owned(), json!(duration));
        if !track.musicbrainz_recording.is_empty() {
            let recording = format!(
                "https://musicbrainz.org/recording/{}",
                track.musicbrainz_recording
            );
            entry.insert("identifier".to_owned(), json!([recording]));
        }
        Value::Object(entry)
    }

    /// The paths of the rows, each followed by a NUL, for programs that read such lists.
    pub fn nul_separated(&self, rows: &[usize]) -> Vec<u8> {
        let files = rows.iter().map(|&row| bytes_of(&self.songs[row].file));
        files.flat_map(|bytes| [bytes, b"\0"].concat()).collect()
    }
}

/// `Artist - Title`.
fn full_name(track: &Track) -> String {
    if track.artist.is_empty() {
        return track.title.clone();
    }
    format!("{} - {}", track.artist, track.title)
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// A file as a line of an M3U8 playlist.
fn line(file: &Path, base: Option<&Path>) -> String {
    let named = match base {
        Some(base) => relative(file, base),
        None => file.to_owned(),
    };
    match named.to_str() {
        // A player takes a line that begins so for a comment.
        Some(text) if text.starts_with('#') => format!("./{text}"),
        Some(text) if !text.contains(char::is_control) && text.trim() == text => text.to_owned(),
        _ => address(file).unwrap_or_else(|| one_line(&file.to_string_lossy())),
    }
}

fn address(file: &Path) -> Option<String> {
    Url::from_file_path(file).ok().map(String::from)
}

/// The way from a folder to a file; both absolute. The file itself where there is none, on another drive.
fn relative(file: &Path, folder: &Path) -> PathBuf {
    let (mut to, mut from) = (file.components().peekable(), folder.components().peekable());
    let mut shared = 0;
    while to.peek().is_some() && to.peek() == from.peek() {
        to.next();
        from.next();
        shared += 1;
    }
    if shared == 0 {
        return file.to_owned();
    }
    let up = from.map(|_| Component::ParentDir);
    up.chain(to).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn files_are_named_from_the_playlists_folder() {
        let from = |file: &str, folder: &str| line(Path::new(file), Some(Path::new(folder)));
        assert_eq!(from("/m/a/b.mp3", "/m"), "a/b.mp3");
        assert_eq!(from("/m/a/b.mp3", "/m/lists/mine"), "../../a/b.mp3");
        assert_eq!(from("/m/#1.mp3", "/m"), "./#1.mp3");
        assert_eq!(line(Path::new("/m/a b.mp3"), None), "/m/a b.mp3");
    }

    #[test]
    fn what_a_line_cannot_hold_is_an_address() {
        let odd = Path::new(OsStr::from_bytes(b"/m/caf\xe9.mp3"));
        assert_eq!(line(odd, Some(Path::new("/m"))), "file:///m/caf%E9.mp3");
        assert_eq!(line(Path::new("/m/a\nb.mp3"), None), "file:///m/a%0Ab.mp3");
        assert_eq!(
            line(Path::new("/m/ a.mp3"), Some(Path::new("/m"))),
            "file:///m/%20a.mp3"
        );
    }
}
