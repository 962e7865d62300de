//! The catalogue's file: one safetensors file with the numbers in half precision and the songs as
//! columns of JSON, so that Python reads both.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::{Catalog, CatalogError, Numbers, Provenance, Track};
use crate::model::{check_front_end, f16_bytes, values_from_view};

const FORMAT_VERSION: u32 = 2;
/// The metadata entry that holds [`CatalogHeader`] as JSON.
const HEADER: &str = "soundalike.catalog";
/// The metadata entry that holds [`Columns`] as JSON.
const COLUMNS: &str = "soundalike.tracks";
const EMBEDDINGS: &str = "embeddings";
const PROBABILITIES: &str = "probabilities";
const TAGS: &str = "tags";

#[derive(Serialize, Deserialize)]
struct CatalogHeader {
    format_version: u32,
    #[serde(flatten)]
    #[serde(rename = "maker")]
    provenance: Provenance,
}

#[derive(Deserialize)]
struct CatalogVersion {
    format_version: u32,
}

/// The tracks' fields, a list each: less to write and to compress than a list of tracks.
#[derive(Default, Serialize, Deserialize)]
struct Columns {
    title: Vec<String>,
    artist: Vec<String>,
    album: Vec<String>,
    genre: Vec<String>,
    set: Vec<String>,
    licence: Vec<String>,
    source: Vec<String>,
    path: Vec<String>,
    /// Missing in older catalogues.
    #[serde(default)]
    link: Vec<String>,
}

impl Columns {
    fn from_tracks(tracks: &[Track]) -> Self {
        let column = |field: fn(&Track) -> &String| tracks.iter().map(field).cloned().collect();
        Self {
            title: column(|t| &t.title),
            artist: column(|t| &t.artist),
            album: column(|t| &t.album),
            genre: column(|t| &t.genre),
            set: column(|t| &t.set),
            licence: column(|t| &t.licence),
            source: column(|t| &t.source),
            path: column(|t| &t.path),
            link: column(|t| &t.link),
        }
    }

    /// The tracks, or `None` if the columns differ in length.
    fn into_tracks(mut self) -> Option<Vec<Track>> {
        let count = self.title.len();
        if self.link.is_empty() {
            self.link = vec![String::new(); count];
        }
        let columns = [
            self.title,
            self.artist,
            self.album,
            self.genre,
            self.set,
            self.licence,
            self.source,
            self.path,
            self.link,
        ];
        if columns.iter().any(|column| column.len() != count) {
            return None;
        }
        let [
            title,
            artist,
            album,
            genre,
            set,
            licence,
            source,
            path,
            link,
        ] = columns.map(Vec::into_iter);
        let rest = artist
            .zip(album)
            .zip(genre.zip(set))
            .zip(licence.zip(source).zip(path.zip(link)));
        Some(
            title
                .zip(rest)
                .map(
                    |(
                        title,
                        (((artist, album), (genre, set)), ((licence, source), (path, link))),
                    )| Track {
                        title,
                        artist,
                        album,
                        genre,
                        set,
                        licence,
                        source,
                        path,
                        link,
                    },
                )
                .collect(),
        )
    }
}

impl Catalog {
    /// Reads a catalogue from the bytes of its file.
    ///
    /// # Errors
    /// If the bytes are not a catalogue, of another version or front end, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CatalogError> {
        let damaged = |cause: &str| CatalogError::NotACatalog(cause.to_owned());
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e.to_string()))?;
        let entry = |name: &str| {
            metadata
                .metadata()
                .as_ref()
                .and_then(|m| m.get(name))
                .ok_or_else(|| damaged("it lacks a catalogue header"))
        };
        let header = entry(HEADER)?;
        let version: CatalogVersion =
            serde_json::from_str(header).map_err(|e| damaged(&e.to_string()))?;
        if version.format_version != FORMAT_VERSION {
            return Err(CatalogError::Version {
                found: version.format_version,
                known: FORMAT_VERSION,
            });
        }
        let header: CatalogHeader =
            serde_json::from_str(header).map_err(|e| damaged(&e.to_string()))?;
        check_front_end(&header.provenance.front_end).map_err(|_| CatalogError::FrontEnd)?;
        let columns: Columns =
            serde_json::from_str(entry(COLUMNS)?).map_err(|e| damaged(&e.to_string()))?;
        let tracks = columns
            .into_tracks()
            .ok_or_else(|| damaged("its columns differ in length"))?;

        let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(&e.to_string()))?;
        let rows = |name: &str| -> Result<(Vec<f32>, usize), CatalogError> {
            let view = tensors.tensor(name).map_err(|e| damaged(&e.to_string()))?;
            match (view.shape(), values_from_view(&view)) {
                (&[count, width], Some(values)) if count == tracks.len() && width > 0 => {
                    Ok((values, width))
                }
                _ => Err(damaged(&format!("its {name} do not match its songs"))),
            }
        };
        let (embeddings, dimensions) = rows(EMBEDDINGS)?;
        let (probabilities, genres) = rows(PROBABILITIES)?;
        if genres != header.provenance.genres.len() || tracks.is_empty() {
            return Err(damaged("its probabilities do not match its genres"));
        }
        let tags = tensors.tensor(TAGS).map_err(|e| damaged(&e.to_string()))?;
        if tags.dtype() != Dtype::U8 || tags.shape() != [tracks.len(), header.provenance.tags.len()]
        {
            return Err(damaged("its tags do not match its songs"));
        }
        let tags = tags.data().iter().map(|&share| f32::from(share) / 255.0);
        if embeddings
            .iter()
            .chain(&probabilities)
            .any(|v| !v.is_finite())
        {
            return Err(damaged("it holds values that are not numbers"));
        }
        let numbers = Numbers {
            embeddings,
            probabilities,
            tags: tags.collect(),
            dimensions,
        };
        Ok(Self::from_rows(header.provenance, tracks, numbers))
    }

    /// The bytes of the catalogue's file. Numbers are rounded to half precision, tags to 1/255.
    ///
    /// # Errors
    /// If serialisation fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CatalogError> {
        let failed = |e: &dyn std::fmt::Display| CatalogError::Shape(e.to_string());
        let header = CatalogHeader {
            format_version: FORMAT_VERSION,
            provenance: self.provenance.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|e| failed(&e))?;
        let columns =
            serde_json::to_string(&Columns::from_tracks(&self.tracks)).map_err(|e| failed(&e))?;
        let (embeddings, probabilities) =
            (f16_bytes(&self.embeddings), f16_bytes(&self.probabilities));
        let tags: Vec<u8> = self
            .tags
            .iter()
            .map(|share| (255.0 * share.clamp(0.0, 1.0)).round() as u8)
            .collect();
        let view = |dtype, bytes, width| {
            TensorView::new(dtype, vec![self.len(), width], bytes).map_err(|e| failed(&e))
        };
        let views = [
            (EMBEDDINGS, view(Dtype::F16, &embeddings, self.dimensions)?),
            (
                PROBABILITIES,
                view(Dtype::F16, &probabilities, self.provenance.genres.len())?,
            ),
            (TAGS, view(Dtype::U8, &tags, self.provenance.tags.len())?),
        ];
        let metadata = HashMap::from([(HEADER.to_owned(), header), (COLUMNS.to_owned(), columns)]);
        serialize(views, Some(metadata)).map_err(|e| failed(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tracks of two songs' columns with this text behind them.
    fn tracks(more: &str) -> Option<Vec<Track>> {
        let names = [
            "title", "artist", "album", "genre", "set", "licence", "source", "path",
        ];
        let columns: Vec<String> = names
            .iter()
            .map(|name| format!("\"{name}\":[\"{name} 1\",\"{name} 2\"]"))
            .collect();
        let text = format!("{{{}{more}}}", columns.join(","));
        let columns: Columns = serde_json::from_str(&text).expect("columns");
        columns.into_tracks()
    }

    #[test]
    fn an_older_catalogue_has_no_links() {
        let older = tracks("").expect("reads");
        assert_eq!(older[1].path, "path 2");
        assert!(older.iter().all(|track| track.link.is_empty()));
        let linked = tracks(",\"link\":[\"\",\"https://example.org/\"]").expect("reads");
        assert_eq!(linked[1].link, "https://example.org/");
        assert!(tracks(",\"link\":[\"\"]").is_none());
    }
}
