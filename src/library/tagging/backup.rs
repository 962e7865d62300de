//! The file that keeps what was in other files before their tags were written: a line of JSON each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use soundalike_datasets::names::{path_bytes, path_from_bytes};

use super::delta::Part;
use crate::error::LibraryError;

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

/// A backup that is being written.
#[derive(Debug)]
pub(super) struct Backup {
    file: File,
    path: PathBuf,
    /// Bytes that are whole lines.
    length: u64,
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
            entries: 0,
        };
        let header = Header {
            soundalike_tags: FORMAT,
        };
        backup
            .line(&header)
            .map_err(|error| LibraryError::io(path, error))?;
        Ok(backup)
    }

    /// Keeps an entry: it is on the disk when this returns.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(entry)?;
        self.entries += 1;
        Ok(())
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // No half line, which the next one would be written behind.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Removes a backup that keeps nothing; says whether it keeps something.
    pub(super) fn finish(self) -> Result<bool, LibraryError> {
        if self.entries > 0 {
            return Ok(true);
        }
        drop(self.file);
        std::fs::remove_file(&self.path).map_err(|error| LibraryError::io(&self.path, error))?;
        Ok(false)
    }
}

/// The entries of a backup. A last line without an end is of a file that was not written.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, LibraryError> {
    let no_backup = |cause: String| LibraryError::NotABackup {
        path: path.to_owned(),
        cause,
    };
    let unreadable = |error: io::Error| match error.kind() {
        ErrorKind::InvalidData => no_backup("it is not text".to_owned()),
        _ => LibraryError::io(path, error),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut file = BufReader::new(file);
    let mut line = String::new();
    file.read_line(&mut line).map_err(unreadable)?;
    let header: Header =
        serde_json::from_str(&line).map_err(|_| no_backup("it begins otherwise".to_owned()))?;
    if header.soundalike_tags != FORMAT {
        let found = header.soundalike_tags;
        return Err(no_backup(format!(
            "it is of format {found}, and this program reads format {FORMAT}"
        )));
    }
    let mut entries = Vec::new();
    loop {
        line.clear();
        file.read_line(&mut line).map_err(unreadable)?;
        if !line.ends_with('\n') {
            return Ok(entries);
        }
        let entry = serde_json::from_str(&line);
        let at = entries.len() + 2;
        entries.push(entry.map_err(|error| no_backup(format!("line {at}: {error}")))?);
    }
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
        assert!(backup.finish().expect("ends"));
        let whole = [entry("/m/a.mp3"), entry("/m/b.mp3")];
        assert_eq!(read(&path).expect("reads"), whole);
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &bytes[..bytes.len() - 9]).expect("writes");
        assert_eq!(read(&path).expect("reads"), whole[..1]);
    }

    #[test]
    fn a_backup_of_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let backup = Backup::create(&path).expect("creates");
        assert!(!backup.finish().expect("ends"));
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_backup_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.jsonl");
        let good = "{\"soundalike_tags\":1}\n";
        for (text, says) in [
            (&b""[..], "begins otherwise"),
            (b"#EXTM3U\n", "begins otherwise"),
            (b"{\"soundalike_tags\":2}\n", "format 2"),
            (b"\xff\xfe\n", "not text"),
            (&[good.as_bytes(), b"{}\n"].concat(), "line 2"),
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
