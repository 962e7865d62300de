//! Tables of text with a header, row by row, each row with its line.

use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{Position, Reader, ReaderBuilder, StringRecord};

use super::DatasetError;

/// A table that is being read.
pub(super) struct Sheet {
    pub path: PathBuf,
    reader: Reader<File>,
}

/// A row and its line in the file.
pub(super) struct Row {
    /// Line of the file, counted from one.
    pub line: u64,
    pub cells: StringRecord,
}

impl Row {
    /// A cell without the white space around it; empty where the row is too short.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or("").trim()
    }
}

impl Sheet {
    /// Opens a table with a delimiter. Its header is its first row.
    pub fn open(path: &Path, delimiter: u8) -> Result<Self, DatasetError> {
        let file = File::open(path).map_err(|e| DatasetError::unreadable(path, e))?;
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        Ok(Self {
            path: path.to_owned(),
            reader,
        })
    }

    /// The next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row>, DatasetError> {
        let mut cells = StringRecord::new();
        let read = self.reader.read_record(&mut cells);
        let more = read.map_err(|e| self.unreadable(&e))?;
        let line = cells.position().map_or(0, Position::line);
        Ok(more.then_some(Row { line, cells }))
    }

    /// The next row, which must have as many cells as the header.
    pub fn next_of(&mut self, columns: usize) -> Result<Option<Row>, DatasetError> {
        let row = self.next()?;
        if let Some(row) = &row
            && row.cells.len() != columns
        {
            let cause = format!(
                "has {} cells where the header has {columns}",
                row.cells.len()
            );
            return Err(self.wrong(row, cause));
        }
        Ok(row)
    }

    /// The error that a row is wrong.
    pub fn wrong(&self, row: &Row, cause: impl Into<String>) -> DatasetError {
        DatasetError::row(&self.path, row.line, cause)
    }

    /// The error that what a row names is in an earlier line already.
    pub fn twice(&self, row: &Row, what: impl Display, line: u64) -> DatasetError {
        let cause = format!("{what} is in line {line} already; keep one of the rows");
        self.wrong(row, cause)
    }

    fn unreadable(&self, error: &csv::Error) -> DatasetError {
        if let csv::ErrorKind::Utf8 { pos, .. } = error.kind() {
            let line = pos.as_ref().map_or(0, Position::line);
            return DatasetError::row(
                &self.path,
                line,
                "is not UTF-8 text; save the table as UTF-8",
            );
        }
        DatasetError::Index {
            path: self.path.clone(),
            cause: error.to_string(),
        }
    }
}

/// The index of a column in a header.
pub(super) fn column(
    path: &Path,
    header: &Row,
    name: &str,
    expected: &'static str,
) -> Result<usize, DatasetError> {
    let mut cells = header.cells.iter();
    cells
        .position(|cell| cell.trim() == name)
        .ok_or_else(|| DatasetError::Column {
            path: path.to_owned(),
            column: name.to_owned(),
            expected,
        })
}
