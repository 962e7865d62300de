//! The file that keeps what was in other files before their tags were written: a line of JSON each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use soundalike_datasets::names::{path_bytes, path_from_bytes};

use super::delta::Part;
use super::replace::sync_name;
use crate::error::LibraryError;
use crate::report::Told;

/// The version of the format.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    soundalike_tags: u32,
}

/// A file whose tags were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    path: String,
    /// The exact bytes of a path that is not UTF-8, percent-encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    /// SHA-256 of the file before, in hexadecimal.
    pub before: String,
    /// SHA-256 of the file after.
    pub after: String,
    /// The file before, made of the one after.
    pub parts: Vec<Part>,
}

impl Entry {
    pub(super) fn new(file: &Path, before: &[u8], after: &[u8], parts: Vec<Part>) -> Self {
        Self {
            path: file.to_string_lossy().into_owned(),
            path_bytes: path_bytes(file),
            before: hex(before),
            after: hex(after),
            parts,
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        let exact = self.path_bytes.as_deref().and_then(path_from_bytes);
        exact.unwrap_or_else(|| PathBuf::from(&self.path))
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of [`hex`]; `None` if it is none.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = text.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    });
    bytes.collect()
}

/// A backup that is being written. One that keeps nothing removes itself when it is dropped.
#[derive(Debug)]
pub(super) struct Backup {
    file: File,
    path: PathBuf,
    /// Bytes that are whole lines.
    length: u64,
    /// Whether it ends with half a line, behind which no other may be written.
    broken: bool,
    entries: usize,
}

impl Backup {
    /// Creates a backup, in place of nothing.
    pub(super) fn create(path: &Path) -> Result<Self, LibraryError> {
        let mut options = File::options();
        options.write(true).create_new(true);
        let file = options.open(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => LibraryError::Exists(path.to_owned()),
            _ => LibraryError::io(path, error),
        })?;
        let mut backup = Self {
            file,
            path: path.to_owned(),
            length: 0,
            broken: false,
            entries: 0,
        };
        let header = Header {
            soundalike_tags: FORMAT,
        };
        backup
            .line(&header)
            .map_err(|error| LibraryError::io(path, error))?;
        sync_name(path);
        Ok(backup)
    }

    /// Keeps an entry: it is on the disk when this returns.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(entry)?;
        self.entries += 1;
        Ok(())
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(
                "an entry before it could be written only in part",
            ));
        }
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // No half line, which the next one would be written behind.
            let taken_back = self.file.set_len(self.length);
            let taken_back = taken_back.and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            self.broken = taken_back.is_err();
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Ends it; says whether it keeps something.
    pub(super) fn finish(self) -> bool {
        self.entries > 0
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        if self.entries == 0 {
            // It is empty, and the next one of this name says so if it is there still.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The entries of a backup, and what is to be said of lines that are none. A last line without an end is of a file
/// that was not written.
pub(super) fn read(path: &Path) -> Result<(Vec<Entry>, Vec<Told>), LibraryError> {
    let no_backup = |cause: String| LibraryError::NotABackup {
        path: path.to_owned(),
        cause,
    };
    let unreadable = |error: io::Error| LibraryError::io(path, error);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line).map_err(unreadable)?;
    let header: Header =
        serde_json::from_slice(&line).map_err(|_| no_backup("it begins otherwise".to_owned()))?;
    if header.soundalike_tags != FORMAT {
        let found = header.soundalike_tags;
        return Err(no_backup(format!(
            "it is of format {found}, and this program reads format {FORMAT}"
        )));
    }
    let (mut entries, mut damaged) = (Vec::new(), Vec::new());
    for number in 2_usize.. {
        line.clear();
        file.read_until(b'\n', &mut line).map_err(unreadable)?;
        if !line.ends_with(b"\n") {
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(entry) => entries.push(entry),
            Err(_) => damaged.push(Told::new(
                path,
                format!("its line {number} is damaged, so the file that it is of is left as it is"),
            )),
        }
    }
    Ok((entries, damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        let parts = vec![
            Part::Same { from: 3, length: 4 },
            Part::Bytes {
                bytes: vec![0, 255],
            },
        ];
        Entry::new(Path::new(name), &[1; 32], &[2; 32], parts)
    }

    #[test]
    fn a_backup_is_read_as_it_was_written_and_its_last_half_line_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let mut backup = Backup::create(&path).expect("creates");
        assert!(matches!(
            Backup::create(&path),
            Err(LibraryError::Exists(_))
        ));
        for name in ["/m/a.mp3", "/m/b.mp3"] {
            backup.add(&entry(name)).expect("writes");
        }
        assert!(backup.finish());
        let whole = vec![entry("/m/a.mp3"), entry("/m/b.mp3")];
        assert_eq!(read(&path).expect("reads"), (whole, Vec::new()));
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &bytes[..bytes.len() - 9]).expect("writes");
        let first = vec![entry("/m/a.mp3")];
        assert_eq!(read(&path).expect("reads"), (first, Vec::new()));
    }

    #[test]
    fn a_backup_of_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let backup = Backup::create(&path).expect("creates");
        assert!(!backup.finish());
        assert!(!path.exists());
        // Nor if an error comes before its end.
        drop(Backup::create(&path).expect("creates"));
        assert!(!path.exists());
    }

    #[test]
    fn behind_half_a_line_no_entry_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let mut backup = Backup::create(&path).expect("creates");
        backup.add(&entry("/m/a.mp3")).expect("writes");
        // A file that can be neither written nor cut.
        backup.file = File::open(&path).expect("opens");
        assert!(backup.add(&entry("/m/b.mp3")).is_err());
        backup.file = File::options().append(true).open(&path).expect("opens");
        let refused = backup.add(&entry("/m/c.mp3")).expect_err("is refused");
        assert!(refused.to_string().contains("only in part"), "{refused}");
        assert!(backup.finish());
        assert_eq!(read(&path).expect("reads").0, [entry("/m/a.mp3")]);
    }

    #[test]
    fn a_damaged_line_is_told_by_its_number_and_the_others_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let line = |name: &str| serde_json::to_vec(&entry(name)).expect("JSON");
        let lines = [
            &b"{\"soundalike_tags\":1}"[..],
            &line("/m/a.mp3"),
            b"{\"path\":\"/m/b",
            b"\xff\xfe",
            &line("/m/c.mp3"),
            b"",
        ];
        std::fs::write(&path, lines.join(&b'\n')).expect("writes");
        let (entries, damaged) = read(&path).expect("reads");
        assert_eq!(entries, [entry("/m/a.mp3"), entry("/m/c.mp3")]);
        assert_eq!(damaged.len(), 2);
        for (told, says) in damaged
            .iter()
            .zip(["line 3 is damaged", "line 4 is damaged"])
        {
            assert!(told.text.contains(says), "{}", told.text);
            assert!(told.path.ends_with("tags.jsonl"), "{}", told.path);
        }
    }

    #[test]
    fn hexadecimal_digits_are_read_as_the_bytes_that_they_are_of() {
        let bytes = [0, 9, 0xa0, 0xff];
        assert_eq!(unhex(&hex(&bytes)).as_deref(), Some(&bytes[..]));
        assert_eq!(unhex("A0").as_deref(), Some(&[0xa0][..]));
        for text in ["0", "0g", "000"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_backup_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        for (text, says) in [
            (&b""[..], "begins otherwise"),
            (b"#EXTM3U\n", "begins otherwise"),
            (b"{\"soundalike_tags\":2}\n", "format 2"),
            (b"\xff\xfe\n", "begins otherwise"),
        ] {
            std::fs::write(&path, text).expect("writes");
            let error = read(&path).expect_err("is refused").to_string();
            assert!(
                error.contains(says) && error.contains("tags.jsonl"),
                "{error}"
            );
        }
    }
}
