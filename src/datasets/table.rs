//! The GTZAN feature table: a row of 57 descriptors per clip, as published with the dataset.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::DatasetError;
use super::sheet::{Row, Sheet, column};
use super::split::halves;
use soundalike_core::dsp::descriptor_names;
use soundalike_core::model::GENRES;

/// What the table looks like, for messages.
const EXPECTED: &str = "a feature table has filename, length, the 57 features from chroma_stft_mean to mfcc20_var, and label";

/// Clips as rows of descriptors.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTable {
    /// File name of each row's clip.
    pub names: Vec<String>,
    /// `[rows][57]`, columns in the order of [`descriptor_names`]. All are finite.
    pub rows: Vec<Vec<f32>>,
    /// Index of each row's genre.
    pub labels: Vec<usize>,
    /// The genres.
    pub genres: Vec<String>,
}

/// Whether a header is that of a feature table.
pub(super) fn is_header(header: &Row) -> bool {
    let has = |name: &str| header.cells.iter().any(|cell| cell.trim() == name);
    has("filename") && has("label") && has("chroma_stft_mean")
}

impl FeatureTable {
    /// Whether a file is a table with the header of a feature table, so that [`FeatureTable::open`] can
    /// open it. False if it cannot be read.
    pub fn is_at(path: &Path) -> bool {
        let header = Sheet::open(path, b',').and_then(|mut sheet| sheet.next());
        matches!(header, Ok(Some(header)) if is_header(&header))
    }

    /// Reads a table. Its genres are GTZAN's ten if most of its labels are among them, and otherwise the
    /// labels, in alphabetical order.
    ///
    /// # Errors
    /// Names the line and the column: a column that is missing, a cell that is no finite number, a clip
    /// that is there twice, a label that is not among the genres; fewer than two genres.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let RawTable {
            names,
            rows,
            labels,
        } = read(path)?;
        let known = |label: &str| GENRES.contains(&label);
        let of_ten = labels.iter().filter(|(_, label)| known(label)).count();
        let genres: Vec<String> = if 2 * of_ten >= labels.len() {
            GENRES.map(str::to_owned).to_vec()
        } else {
            let words: BTreeSet<&String> = labels.iter().map(|(_, label)| label).collect();
            words.into_iter().cloned().collect()
        };
        let places: Vec<usize> = labels
            .iter()
            .map(|(line, label)| {
                let place = genres.iter().position(|genre| genre == label);
                place.filter(|_| !label.is_empty()).ok_or_else(|| {
                    let list = genres.join(", ");
                    DatasetError::row(
                        path,
                        *line,
                        format!("the label {label:?} is not one of {list}"),
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        if places.iter().all(|&place| place == places[0]) {
            return Err(DatasetError::OneGenre {
                path: path.to_owned(),
                genre: genres[places[0]].clone(),
            });
        }
        Ok(Self {
            names,
            rows,
            labels: places,
            genres,
        })
    }

    /// Splits the rows in two as [`split_stratified`](super::split_stratified) does, but keeps the rows
    /// of one clip together: the table of three-second segments has ten of each, `blues.00000.0.wav` to
    /// `blues.00000.9.wav`.
    pub fn split(&self, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let rows = self.names.iter().zip(&self.labels);
        let items: Vec<(String, String)> = rows
            .map(|(name, label)| (format!("{label:08}"), clip_of(name)))
            .collect();
        halves(&items, share, seed)
    }
}

/// The clip of a row: its file's name without the extension and the number of the segment.
fn clip_of(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    parts[..parts.len().min(2)].join(".")
}

/// The rows of a table, with labels as text.
#[derive(Default)]
struct RawTable {
    names: Vec<String>,
    rows: Vec<Vec<f32>>,
    /// With their lines.
    labels: Vec<(u64, String)>,
}

fn read(path: &Path) -> Result<RawTable, DatasetError> {
    let mut sheet = Sheet::open(path, b',')?;
    let Some(header) = sheet.next()? else {
        return Err(DatasetError::EmptyFile(path.to_owned()));
    };
    let place = |name: &str| column(path, &header, name, EXPECTED);
    let (name_at, label_at) = (place("filename")?, place("label")?);
    let columns: Vec<(String, usize)> = descriptor_names()
        .into_iter()
        .map(|name| place(&name).map(|at| (name, at)))
        .collect::<Result<_, _>>()?;
    let mut raw = RawTable::default();
    let mut lines: HashMap<String, u64> = HashMap::new();
    while let Some(row) = sheet.next_of(header.cells.len())? {
        let name = row.cell(name_at).to_owned();
        if let Some(line) = lines.insert(name.clone(), row.line) {
            return Err(sheet.twice(&row, format_args!("the clip {name}"), line));
        }
        let numbers = columns.iter().map(|(column, at)| {
            let number = row.cell(*at).parse::<f32>().ok();
            number.filter(|number| number.is_finite()).ok_or_else(|| {
                let cell = row.cell(*at);
                let cause =
                    format!("the column {column:?} holds {cell:?}, which is not a finite number");
                sheet.wrong(&row, cause)
            })
        });
        raw.rows.push(numbers.collect::<Result<_, _>>()?);
        raw.labels.push((row.line, row.cell(label_at).to_owned()));
        raw.names.push(name);
    }
    if raw.rows.is_empty() {
        return Err(DatasetError::NoRows(path.to_owned()));
    }
    Ok(raw)
}
