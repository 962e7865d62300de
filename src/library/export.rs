//! Tables of a library for other programs: CSV and Parquet, with the same columns.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::store::Library;

/// Songs of one row group of Parquet: readers hold one in memory.
const ROW_GROUP: usize = 65_536;

/// The columns of the table, in order.
enum Column {
    Whole(fn(&Library, usize) -> i64),
    Text(fn(&Library, usize) -> String),
    /// Not known where `None`.
    MaybeText(fn(&Library, usize) -> Option<String>),
    MaybeSmall(fn(&Library, usize) -> Option<i32>),
    MaybeReal(fn(&Library, usize) -> Option<f64>),
    List(fn(&Library, usize) -> &[f32]),
}

/// A name and a column for each.
const COLUMNS: [(&str, Column); 22] = [
    ("id", Column::Whole(|l, row| l.songs[row].id)),
    (
        "path",
        Column::Text(|l, row| l.catalog.tracks[row].path.clone()),
    ),
    (
        "path_bytes",
        Column::Text(|l, row| l.catalog.tracks[row].path_bytes.clone()),
    ),
    ("size", Column::Whole(|l, row| l.songs[row].size as i64)),
    (
        "title",
        Column::Text(|l, row| l.catalog.tracks[row].title.clone()),
    ),
    (
        "artist",
        Column::Text(|l, row| l.catalog.tracks[row].artist.clone()),
    ),
    (
        "album",
        Column::Text(|l, row| l.catalog.tracks[row].album.clone()),
    ),
    (
        "album_artist",
        Column::Text(|l, row| l.catalog.tracks[row].album_artist.clone()),
    ),
    (
        "genre",
        Column::Text(|l, row| l.catalog.tracks[row].genre.clone()),
    ),
    ("genre_predicted", Column::Text(predicted_genre)),
    (
        "track_number",
        Column::MaybeSmall(|l, row| small(l.catalog.tracks[row].track_number)),
    ),
    (
        "year",
        Column::MaybeSmall(|l, row| small(l.catalog.tracks[row].year)),
    ),
    (
        "seconds",
        Column::MaybeReal(|l, row| Some(l.songs[row].seconds)),
    ),
    (
        "music",
        Column::MaybeReal(|l, row| Some(f64::from(l.songs[row].music))),
    ),
    (
        "tempo_bpm",
        Column::MaybeReal(|l, row| l.songs[row].tempo_bpm),
    ),
    ("key", Column::MaybeText(|l, row| l.songs[row].key.clone())),
    (
        "musicbrainz_recording",
        Column::Text(|l, row| l.catalog.tracks[row].musicbrainz_recording.clone()),
    ),
    (
        "musicbrainz_release",
        Column::Text(|l, row| l.catalog.tracks[row].musicbrainz_release.clone()),
    ),
    (
        "notes",
        Column::Text(|l, row| l.catalog.tracks[row].notes.join(" ")),
    ),
    ("embedding", Column::List(|l, row| l.catalog.embedding(row))),
    (
        "probabilities",
        Column::List(|l, row| l.catalog.probabilities(row)),
    ),
    ("tags", Column::List(|l, row| l.catalog.tags(row))),
];

fn small(number: Option<u32>) -> Option<i32> {
    i32::try_from(number?).ok()
}

/// The genre that the model finds most probable.
fn predicted_genre(library: &Library, row: usize) -> String {
    let catalog = &library.catalog;
    let probabilities = catalog.probabilities(row);
    let best = (0..probabilities.len())
        .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
        .unwrap_or(0);
    catalog.provenance.genres[best].clone()
}

/// A library as a table, a row for each song in order of the paths.
pub struct Table<'a>(pub &'a Library);

impl Table<'_> {
    /// As CSV (RFC 4180) with a header. A list is one cell of numbers with spaces between them; what is not known
    /// is an empty cell.
    ///
    /// # Errors
    /// If it cannot be put together.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let library = self.0;
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS.map(|(name, _)| name))?;
        for row in 0..library.catalog.len() {
            let cells = COLUMNS.map(|(_, column)| match column {
                Column::Whole(get) => get(library, row).to_string(),
                Column::Text(get) => get(library, row),
                Column::MaybeText(get) => get(library, row).unwrap_or_default(),
                Column::MaybeSmall(get) => text(get(library, row)),
                Column::MaybeReal(get) => text(get(library, row)),
                Column::List(get) => {
                    let numbers = get(library, row).iter().map(f32::to_string);
                    numbers.collect::<Vec<_>>().join(" ")
                }
            });
            writer.write_record(cells)?;
        }
        writer
            .into_inner()
            .map_err(|error| error.into_error().into())
    }

    /// As a Parquet file. Names of the genres and tags, in the order of the lists, and the model's SHA-256 are in
    /// the file's metadata: `soundalike.genres`, `soundalike.tags` (JSON) and `soundalike.model_sha256`.
    ///
    /// # Errors
    /// If it cannot be put together.
    pub fn parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let library = self.0;
        let provenance = &library.catalog.provenance;
        let names = |list: &[String]| serde_json::to_string(list).unwrap_or_default();
        let metadata = [
            ("soundalike.model_sha256", provenance.model_sha256.clone()),
            ("soundalike.genres", names(&provenance.genres)),
            ("soundalike.tags", names(&provenance.tags)),
        ];
        let metadata = metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value));
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(metadata.to_vec()))
            .build();
        let mut bytes = Vec::new();
        let mut file = SerializedFileWriter::new(&mut bytes, schema()?, Arc::new(properties))?;
        for start in (0..library.catalog.len()).step_by(ROW_GROUP) {
            let rows = start..library.catalog.len().min(start + ROW_GROUP);
            let mut group = file.next_row_group()?;
            for (_, column) in COLUMNS {
                write_column(library, &column, rows.clone(), &mut group)?;
            }
            group.close()?;
        }
        file.close()?;
        Ok(bytes)
    }
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn schema() -> Result<TypePtr, ParquetError> {
    let field = |name: &str, kind: Physical, repetition: Repetition, text: bool| {
        let field = Type::primitive_type_builder(name, kind).with_repetition(repetition);
        let logical = text.then_some(LogicalType::String);
        field.with_logical_type(logical).build().map(Arc::new)
    };
    let (needed, maybe) = (Repetition::REQUIRED, Repetition::OPTIONAL);
    let column = |(name, column): (&str, Column)| -> Result<TypePtr, ParquetError> {
        match column {
            Column::Whole(_) => field(name, Physical::INT64, needed, false),
            Column::Text(_) => field(name, Physical::BYTE_ARRAY, needed, true),
            Column::MaybeText(_) => field(name, Physical::BYTE_ARRAY, maybe, true),
            Column::MaybeSmall(_) => field(name, Physical::INT32, maybe, false),
            Column::MaybeReal(_) => field(name, Physical::DOUBLE, maybe, false),
            Column::List(_) => {
                let element = field("element", Physical::FLOAT, needed, false)?;
                let list = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![element])
                    .build()?;
                Type::group_type_builder(name)
                    .with_repetition(needed)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(list)])
                    .build()
                    .map(Arc::new)
            }
        }
    };
    let columns: Result<Vec<TypePtr>, ParquetError> = COLUMNS.into_iter().map(column).collect();
    let root = Type::group_type_builder("library").with_fields(columns?);
    Ok(Arc::new(root.build()?))
}

fn write_column(
    library: &Library,
    column: &Column,
    rows: std::ops::Range<usize>,
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Ok(());
    };
    // A level of 1 says that there is a value.
    match column {
        Column::Whole(get) => {
            let values: Vec<i64> = rows.map(|row| get(library, row)).collect();
            writer
                .typed::<Int64Type>()
                .write_batch(&values, None, None)?;
        }
        Column::Text(get) => {
            let bytes = |row| ByteArray::from(get(library, row).into_bytes());
            let values: Vec<ByteArray> = rows.map(bytes).collect();
            writer
                .typed::<ByteArrayType>()
                .write_batch(&values, None, None)?;
        }
        Column::MaybeText(get) => {
            let (values, levels) = known(rows.map(|row| get(library, row)));
            let values: Vec<ByteArray> = values
                .into_iter()
                .map(|text| ByteArray::from(text.into_bytes()))
                .collect();
            writer
                .typed::<ByteArrayType>()
                .write_batch(&values, Some(&levels), None)?;
        }
        Column::MaybeSmall(get) => {
            let (values, levels) = known(rows.map(|row| get(library, row)));
            writer
                .typed::<Int32Type>()
                .write_batch(&values, Some(&levels), None)?;
        }
        Column::MaybeReal(get) => {
            let (values, levels) = known(rows.map(|row| get(library, row)));
            writer
                .typed::<DoubleType>()
                .write_batch(&values, Some(&levels), None)?;
        }
        Column::List(get) => {
            let (mut values, mut levels, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                let list = get(library, row);
                values.extend_from_slice(list);
                // An empty list is one place without a value.
                let places = list.len().max(1);
                levels.extend(std::iter::repeat_n(i16::from(!list.is_empty()), places));
                repeated.extend((0..places).map(|place| i16::from(place > 0)));
            }
            writer
                .typed::<FloatType>()
                .write_batch(&values, Some(&levels), Some(&repeated))?;
        }
    }
    writer.close()
}

/// The values that are known, and a level for each of all.
fn known<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let (mut found, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        found.extend(value);
    }
    (found, levels)
}
