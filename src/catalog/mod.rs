//! The songs that are known, and which of them sound like a given one.

mod file;
mod search;

pub use search::{Query, Ranking, Recommendation, RecommendationView, Search};

use serde::{Deserialize, Serialize};

use crate::dsp::FrontEnd;

/// What is known of a song. Empty strings mean that it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Licence, where it is to be shown.
    pub licence: String,
    /// Where the song can be found, where that is to be shown.
    pub source: String,
    /// The clip's path in its collection, which tells songs of one title apart.
    pub path: String,
}

/// Songs with their embeddings, made by one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// SHA-256 of the model file that computed it.
    pub model_sha256: String,
    /// That model's front end.
    pub front_end: FrontEnd,
    /// That model's genres, in order.
    pub genres: Vec<String>,
    /// The songs.
    pub tracks: Vec<Track>,
    /// `[tracks, dimensions]`, row by row.
    embeddings: Vec<f32>,
    /// `[tracks, genres]`, row by row: what the model hears in each song.
    probabilities: Vec<f32>,
    dimensions: usize,
    /// Mean embedding `[dimensions]`. Similarity is measured from here: see [`Search`].
    centre: Vec<f32>,
}

/// What can be wrong with a catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The bytes are not a catalogue.
    #[error(
        "is not a catalogue of this program ({0}); choose a .safetensors file made by `soundalike catalog build`"
    )]
    NotACatalog(String),
    /// Another format version.
    #[error(
        "is a catalogue of format version {found}; this program reads version {known}: build it again"
    )]
    Version {
        /// The file's version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// Another front end.
    #[error(
        "was made with another front end than this program computes; build it again with `soundalike catalog build`"
    )]
    FrontEnd,
    /// Made by another model.
    #[error(
        "was made by another model ({catalog}…) than the one in use ({model}…), so its songs cannot be compared; build it again with `soundalike catalog build --model FILE`"
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
}

impl Catalog {
    /// Puts a catalogue together from one embedding and one list of probabilities per track.
    ///
    /// # Errors
    /// If there are no tracks, or the rows differ in number or length.
    pub fn new(
        model_sha256: String,
        front_end: FrontEnd,
        genres: Vec<String>,
        tracks: Vec<Track>,
        embeddings: &[Vec<f32>],
        probabilities: &[Vec<f32>],
    ) -> Result<Self, CatalogError> {
        let Some(dimensions) = embeddings.first().map(Vec::len) else {
            return Err(CatalogError::Shape("it has no songs".to_owned()));
        };
        if embeddings.len() != tracks.len()
            || probabilities.len() != tracks.len()
            || embeddings.iter().any(|row| row.len() != dimensions)
            || probabilities.iter().any(|row| row.len() != genres.len())
            || embeddings
                .iter()
                .chain(probabilities)
                .flatten()
                .any(|v| !v.is_finite())
        {
            return Err(CatalogError::Shape(
                "its songs and their numbers do not match".to_owned(),
            ));
        }
        Ok(Self::from_rows(
            model_sha256,
            front_end,
            genres,
            tracks,
            embeddings.concat(),
            probabilities.concat(),
            dimensions,
        ))
    }

    fn from_rows(
        model_sha256: String,
        front_end: FrontEnd,
        genres: Vec<String>,
        tracks: Vec<Track>,
        embeddings: Vec<f32>,
        probabilities: Vec<f32>,
        dimensions: usize,
    ) -> Self {
        let mut centre = vec![0.0_f64; dimensions];
        for row in embeddings.chunks(dimensions) {
            for (c, &v) in centre.iter_mut().zip(row) {
                *c += f64::from(v) / tracks.len() as f64;
            }
        }
        // Songs that are all the same have no mean to be told apart from.
        let all_alike = embeddings.chunks(dimensions).all(|row| {
            row.iter()
                .zip(&centre)
                .all(|(v, c)| (f64::from(*v) - c).abs() < 1e-6)
        });
        if all_alike {
            centre.fill(0.0);
        }
        Self {
            model_sha256,
            front_end,
            genres,
            tracks,
            embeddings,
            probabilities,
            dimensions,
            centre: centre.into_iter().map(|c| c as f32).collect(),
        }
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

    /// The embedding of a track.
    pub fn embedding(&self, track: usize) -> &[f32] {
        &self.embeddings[track * self.dimensions..(track + 1) * self.dimensions]
    }

    /// What the model hears in a track, `[genres]`.
    pub fn probabilities(&self, track: usize) -> &[f32] {
        &self.probabilities[track * self.genres.len()..(track + 1) * self.genres.len()]
    }

    /// The genre to show for a track: the labelled one, else the one that the model hears, and
    /// whether it is the latter.
    pub fn genre(&self, track: usize) -> (&str, bool) {
        let labelled = self.tracks[track].genre.as_str();
        if !labelled.is_empty() {
            return (labelled, false);
        }
        let probabilities = self.probabilities(track);
        let heard = (0..self.genres.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]))
            .unwrap_or(0);
        (&self.genres[heard], true)
    }

    /// Refuses a catalogue that another model made.
    ///
    /// # Errors
    /// [`CatalogError::OtherModel`] if `model_sha256` is not the catalogue's.
    pub fn check_model(&self, model_sha256: &str) -> Result<(), CatalogError> {
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
