//! The songs that are known, and which of them sound like a given one.

mod ask;
mod cells;
mod file;
mod join;
mod map;
mod reason;
mod search;

pub use ask::SongGroup;
pub use cells::{CellHit, Cells, RangeError, RangeSource, SEARCH_BYTES};
#[cfg(not(target_arch = "wasm32"))]
pub use cells::{CellsInput, RangeFile, write_cells};
pub use join::Rows;
pub use map::{Map, Place, Signature};
pub use reason::{ALIKE, Reason};
pub use search::{Blend, Query, Ranking, Recommendation, RecommendationView, Search, SongView};
pub use search::{GENRE_SHARE, RANKED, genre_agreement};

use serde::{Deserialize, Serialize};

use crate::dsp::FrontEnd;
use crate::message::Message;
use crate::model::{Model, mean};
use crate::pipeline::Prediction;
use crate::similar::{Directions, Labels, SimilarError, SongName};

/// What is known of a song. Empty strings mean that it is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Track {
    /// Title; for a song of unknown title the name of its clip.
    pub title: String,
    /// Artist.
    pub artist: String,
    /// Album.
    pub album: String,
    /// Labelled genre, one of the model's or any other word.
    pub genre: String,
    /// The collection that it comes from.
    pub set: String,
    /// Licence, where it is to be shown: an expression of SPDX or `unclear` in what `catalog build` made.
    pub licence: String,
    /// Where the song can be found, where that is to be shown.
    pub source: String,
    /// Address at its source where the song itself can be listened to; see [`is_link`].
    pub link: String,
    /// The clip's path in its collection, which tells songs of one title apart. Where it is not UTF-8, with
    /// `�` for what is not; see [`Track::path_bytes`].
    pub path: String,
    /// The exact bytes of a path that is not UTF-8, percent-encoded (RFC 3986); else empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_bytes: String,
    /// The album's artists; several are joined by commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub album_artist: String,
    /// Its number on the disc, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_number: Option<u32>,
    /// Year of the recording or release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u32>,
    /// Its recording at MusicBrainz, a UUID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub musicbrainz_recording: String,
    /// Its release at MusicBrainz, a UUID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub musicbrainz_release: String,
    /// Its artists at MusicBrainz, UUIDs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub musicbrainz_artists: Vec<String>,
    /// ReplayGain of the song in dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_gain: Option<f32>,
    /// Peak of the song, of full scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_peak: Option<f32>,
    /// ReplayGain of the album in dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_gain: Option<f32>,
    /// Peak of the album, of full scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_peak: Option<f32>,
    /// What was said of its file when the catalogue was built: what of it is missing or damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Track {
    /// What it is called.
    pub fn name(&self) -> SongName<'_> {
        SongName {
            title: &self.title,
            artist: &self.artist,
            album: &self.album,
            album_artist: &self.album_artist,
        }
    }
}

/// Whether a text can be a [`Track::link`]: an address that begins with `https://`, with a host by name and
/// without user, white space and other characters that an address has only encoded.
pub fn is_link(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    labels.len() > 1 && labels.iter().all(is_label) && text.bytes().all(plain)
}

/// The model that made a catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of its file.
    pub model_sha256: String,
    /// Its front end.
    pub front_end: FrontEnd,
    /// Its genres, in order.
    pub genres: Vec<String>,
    /// Its tags, in order.
    pub tags: Vec<String>,
}

impl Provenance {
    /// A model as a provenance.
    pub fn of(model: &Model) -> Self {
        Self {
            model_sha256: model.sha256.clone(),
            front_end: model.front_end.clone(),
            genres: model.genres.clone(),
            tags: model.tags.clone(),
        }
    }

    /// Refuses what another model made.
    fn check_model(&self, model_sha256: &str) -> Result<(), CatalogError> {
        if self.model_sha256 == model_sha256 {
            return Ok(());
        }
        let short = |sha: &str| sha.chars().take(8).collect();
        Err(CatalogError::OtherModel {
            catalog: short(&self.model_sha256),
            model: short(model_sha256),
        })
    }
}

/// Songs with their embeddings, made by one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// Who made it.
    pub provenance: Provenance,
    /// The songs. Versions, artists and albums are told apart by the names that they had when the catalogue was made.
    pub tracks: Vec<Track>,
    /// `[tracks, dimensions]`, row by row.
    embeddings: Vec<f32>,
    /// `[tracks, genres]`, row by row: what the model predicts for each song.
    probabilities: Vec<f32>,
    /// `[tracks, tags]`, row by row.
    tags: Vec<f32>,
    dimensions: usize,
    /// Mean probability of each tag, `[tags]`.
    usual_tags: Vec<f32>,
    /// The embeddings' directions from their mean, which are compared.
    directions: Directions,
    /// By the names that the tracks had when the catalogue was put together.
    labels: Labels,
}

/// What can be wrong with a catalogue.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "catalog.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum CatalogError {
    /// The bytes are not a catalogue.
    #[error("is not a catalogue of this program ({0})")]
    NotACatalog(String),
    /// Another format version.
    #[error("is a catalogue of format version {found}; this program reads version {known}")]
    Version {
        /// The file's version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// Another front end.
    #[error("was made with another front end than this program computes")]
    FrontEnd,
    /// Made by another model.
    #[error(
        "was made by another model ({catalog}…) than the one in use ({model}…), so its songs cannot be compared"
    )]
    OtherModel {
        /// First digits of the SHA-256 of the catalogue's model.
        catalog: String,
        /// First digits of the SHA-256 of the model in use.
        model: String,
    },
    /// Rows of different lengths, or none.
    #[error("cannot be built: {0}")]
    Shape(String),
    /// A part of it could not be read or fetched.
    #[error("cannot be read ({0}); check the disk or the connection, and try again")]
    Unreadable(String),
}

impl Message for CatalogError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotACatalog(cause) | Self::Shape(cause) | Self::Unreadable(cause) => {
                vec![("cause", cause.clone())]
            }
            Self::Version { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            Self::OtherModel { catalog, model } => {
                vec![("catalog", catalog.clone()), ("model", model.clone())]
            }
            Self::FrontEnd => Vec::new(),
        }
    }
}

/// The rows of all tracks: see the fields of [`Catalog`].
struct Numbers {
    embeddings: Vec<f32>,
    probabilities: Vec<f32>,
    tags: Vec<f32>,
    dimensions: usize,
}

impl Catalog {
    /// Puts a catalogue together from what its provenance said of each track.
    ///
    /// # Errors
    /// If there are no tracks, or the answers differ in number or length.
    pub fn new(
        provenance: Provenance,
        tracks: Vec<Track>,
        predictions: &[Prediction],
    ) -> Result<Self, CatalogError> {
        let Some(dimensions) = predictions.first().map(|answer| answer.embedding.len()) else {
            return Err(CatalogError::Shape("it has no songs".to_owned()));
        };
        let fits = |answer: &Prediction| {
            let rows = [&answer.embedding, &answer.probabilities, &answer.tags];
            let lengths = [dimensions, provenance.genres.len(), provenance.tags.len()];
            rows.iter().map(|row| row.len()).eq(lengths)
                && rows.into_iter().flatten().all(|v| v.is_finite())
        };
        if predictions.len() != tracks.len() || !predictions.iter().all(fits) {
            return Err(CatalogError::Shape(
                "its songs and their numbers do not match".to_owned(),
            ));
        }
        let rows = |row: fn(&Prediction) -> &Vec<f32>| -> Vec<f32> {
            predictions.iter().flat_map(row).copied().collect()
        };
        let numbers = Numbers {
            embeddings: rows(|answer| &answer.embedding),
            probabilities: rows(|answer| &answer.probabilities),
            tags: rows(|answer| &answer.tags),
            dimensions,
        };
        Self::from_rows(provenance, tracks, numbers)
    }

    fn from_rows(
        provenance: Provenance,
        tracks: Vec<Track>,
        numbers: Numbers,
    ) -> Result<Self, CatalogError> {
        let Numbers {
            embeddings,
            probabilities,
            tags,
            dimensions,
        } = numbers;
        let shape = |error: SimilarError| CatalogError::Shape(error.to_string());
        let directions = Directions::of(&embeddings, dimensions).map_err(shape)?;
        let labels = Labels::of(tracks.iter().map(Track::name));
        let width = provenance.tags.len();
        let of_track = |track: usize| &tags[track * width..(track + 1) * width];
        let usual_tags = mean(width, (0..tracks.len()).map(of_track));
        Ok(Self {
            provenance,
            tracks,
            embeddings,
            probabilities,
            tags,
            dimensions,
            usual_tags,
            directions,
            labels,
        })
    }

    /// Number of songs.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there are no songs.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Length of the embeddings.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The directions of the tracks' embeddings from their mean, which all comparisons use.
    pub fn directions(&self) -> &Directions {
        &self.directions
    }

    /// Which tracks are by one artist, on one album, or versions of one song.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The embedding of a track.
    pub fn embedding(&self, track: usize) -> &[f32] {
        &self.embeddings[track * self.dimensions..(track + 1) * self.dimensions]
    }

    /// What the model predicts for a track, `[genres]`.
    pub fn probabilities(&self, track: usize) -> &[f32] {
        let genres = self.provenance.genres.len();
        &self.probabilities[track * genres..(track + 1) * genres]
    }

    /// The tags that the model predicts for a track, `[tags]`.
    pub fn tags(&self, track: usize) -> &[f32] {
        let tags = self.provenance.tags.len();
        &self.tags[track * tags..(track + 1) * tags]
    }

    /// The genre to show for a track: the labelled one, else the one that the model predicts, and
    /// whether it is the latter.
    pub fn genre(&self, track: usize) -> (&str, bool) {
        let labelled = self.tracks[track].genre.as_str();
        if !labelled.is_empty() {
            return (labelled, false);
        }
        let probabilities = self.probabilities(track);
        let predicted = (0..self.provenance.genres.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
            .unwrap_or(0);
        (&self.provenance.genres[predicted], true)
    }

    /// Refuses a catalogue that another model made.
    ///
    /// # Errors
    /// [`CatalogError::OtherModel`] if `model_sha256` is not the catalogue's.
    pub fn check_model(&self, model_sha256: &str) -> Result<(), CatalogError> {
        self.provenance.check_model(model_sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::is_link;

    #[test]
    fn a_link_is_a_plain_address_with_https() {
        for link in [
            "https://example.org/",
            "https://example.org",
            "https://raw.githubusercontent.com/a/b/HEAD/x%20y/(1).ogg",
            "https://www.jamendo.com/track/1/a?b=c#d",
        ] {
            assert!(is_link(link), "{link}");
        }
        for text in [
            "",
            "http://example.org/",
            "HTTPS://example.org/",
            "https://",
            "https:///a",
            "https://localhost/a",
            "https://user@example.org/",
            "https://example.org:8080/",
            "https://example..org/",
            "https://example.org/a b",
            "https://example.org/\"onclick=",
            "https://example.org/ä",
            "javascript:alert(1)//https://example.org/",
            "data:text/html,https://example.org/",
        ] {
            assert!(!is_link(text), "{text}");
        }
    }
}
