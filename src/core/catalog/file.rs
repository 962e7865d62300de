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

/// The tracks' fields, a list each: less to write and to compress than a list of tracks. A column that
/// older catalogues lack may be missing; those below `link` are left out where no track has a value, so
/// that a catalogue without them has the same bytes as before.
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
    #[serde(default)]
    link: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    path_bytes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    album_artist: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    track_number: Vec<Option<u32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    year: Vec<Option<u32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    musicbrainz_recording: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    musicbrainz_release: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    musicbrainz_artists: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    track_gain: Vec<Option<f32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    track_peak: Vec<Option<f32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    album_gain: Vec<Option<f32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    album_peak: Vec<Option<f32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Vec<String>>,
}

/// A field of all tracks.
fn column<T: Clone>(tracks: &[Track], field: fn(&Track) -> &T) -> Vec<T> {
    tracks.iter().map(field).cloned().collect()
}

/// A field of all tracks; nothing if no track has a value.
fn sparse<T: Clone + Default + PartialEq>(tracks: &[Track], field: fn(&Track) -> &T) -> Vec<T> {
    let none = T::default();
    if tracks.iter().all(|track| *field(track) == none) {
        return Vec::new();
    }
    column(tracks, field)
}

/// Gives each track its value; `None` if the column is there and of another length.
fn fill<T>(tracks: &mut [Track], column: Vec<T>, field: fn(&mut Track) -> &mut T) -> Option<()> {
    if column.is_empty() {
        return Some(());
    }
    if column.len() != tracks.len() {
        return None;
    }
    for (track, value) in tracks.iter_mut().zip(column) {
        *field(track) = value;
    }
    Some(())
}

impl Columns {
    fn from_tracks(tracks: &[Track]) -> Self {
        Self {
            title: column(tracks, |t| &t.title),
            artist: column(tracks, |t| &t.artist),
            album: column(tracks, |t| &t.album),
            genre: column(tracks, |t| &t.genre),
            set: column(tracks, |t| &t.set),
            licence: column(tracks, |t| &t.licence),
            source: column(tracks, |t| &t.source),
            path: column(tracks, |t| &t.path),
            link: column(tracks, |t| &t.link),
            path_bytes: sparse(tracks, |t| &t.path_bytes),
            album_artist: sparse(tracks, |t| &t.album_artist),
            track_number: sparse(tracks, |t| &t.track_number),
            year: sparse(tracks, |t| &t.year),
            musicbrainz_recording: sparse(tracks, |t| &t.musicbrainz_recording),
            musicbrainz_release: sparse(tracks, |t| &t.musicbrainz_release),
            musicbrainz_artists: sparse(tracks, |t| &t.musicbrainz_artists),
            track_gain: sparse(tracks, |t| &t.track_gain),
            track_peak: sparse(tracks, |t| &t.track_peak),
            album_gain: sparse(tracks, |t| &t.album_gain),
            album_peak: sparse(tracks, |t| &t.album_peak),
            notes: sparse(tracks, |t| &t.notes),
        }
    }

    /// The tracks, or `None` if the columns differ in length.
    fn into_tracks(self) -> Option<Vec<Track>> {
        let count = self.title.len();
        let needed = [
            &self.artist,
            &self.album,
            &self.genre,
            &self.set,
            &self.licence,
            &self.source,
            &self.path,
        ];
        if needed.iter().any(|column| column.len() != count) {
            return None;
        }
        let mut tracks = vec![Track::default(); count];
        let all = &mut tracks;
        fill(all, self.title, |t| &mut t.title)?;
        fill(all, self.artist, |t| &mut t.artist)?;
        fill(all, self.album, |t| &mut t.album)?;
        fill(all, self.genre, |t| &mut t.genre)?;
        fill(all, self.set, |t| &mut t.set)?;
        fill(all, self.licence, |t| &mut t.licence)?;
        fill(all, self.source, |t| &mut t.source)?;
        fill(all, self.path, |t| &mut t.path)?;
        fill(all, self.link, |t| &mut t.link)?;
        fill(all, self.path_bytes, |t| &mut t.path_bytes)?;
        fill(all, self.album_artist, |t| &mut t.album_artist)?;
        fill(all, self.track_number, |t| &mut t.track_number)?;
        fill(all, self.year, |t| &mut t.year)?;
        fill(all, self.musicbrainz_recording, |t| {
            &mut t.musicbrainz_recording
        })?;
        fill(all, self.musicbrainz_release, |t| {
            &mut t.musicbrainz_release
        })?;
        fill(all, self.musicbrainz_artists, |t| {
            &mut t.musicbrainz_artists
        })?;
        fill(all, self.track_gain, |t| &mut t.track_gain)?;
        fill(all, self.track_peak, |t| &mut t.track_peak)?;
        fill(all, self.album_gain, |t| &mut t.album_gain)?;
        fill(all, self.album_peak, |t| &mut t.album_peak)?;
        fill(all, self.notes, |t| &mut t.notes)?;
        Some(tracks)
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
        Self::from_rows(header.provenance, tracks, numbers)
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

    #[test]
    fn what_tags_say_and_notes_are_kept_and_may_be_missing() {
        let plain = tracks("").expect("reads");
        let mut told = plain.clone();
        let id = "0f8d1f0c-6d0a-4a44-8f3e-2f7f0d0a9b11".to_owned();
        told[1] = Track {
            path_bytes: "caf%E9.mp3".to_owned(),
            album_artist: "Various".to_owned(),
            track_number: Some(3),
            year: Some(1991),
            musicbrainz_recording: id.clone(),
            musicbrainz_release: id.clone(),
            musicbrainz_artists: vec![id.clone(), id],
            track_gain: Some(-6.54),
            track_peak: Some(0.987_654),
            album_gain: Some(1.5),
            album_peak: Some(1.02),
            notes: vec!["The file is cut short.".to_owned()],
            ..told[1].clone()
        };
        let json = serde_json::to_string(&Columns::from_tracks(&told)).expect("writes");
        let read: Columns = serde_json::from_str(&json).expect("reads");
        assert_eq!(read.into_tracks(), Some(told));
        for name in ["year", "track_gain", "notes", "path_bytes", "album_artist"] {
            let short = format!(",\"{name}\":[]");
            assert_eq!(tracks(&short).as_ref(), Some(&plain));
        }
        assert!(tracks(",\"year\":[1991]").is_none());
        assert!(tracks(",\"notes\":[[],[],[]]").is_none());
    }

    #[test]
    fn the_shipped_catalogue_is_written_as_it_was() {
        let shipped = soundalike_shipped::CATALOG;
        let catalog = Catalog::from_bytes(shipped).expect("reads");
        let entry = |bytes: &[u8]| {
            let (_, metadata) = SafeTensors::read_metadata(bytes).expect("a header");
            let entries = metadata.metadata().as_ref().expect("entries").clone();
            entries[COLUMNS].clone()
        };
        let written = catalog.to_bytes().expect("writes");
        assert_eq!(written.len(), shipped.len());
        assert!(entry(&written) == entry(shipped));
    }
}
