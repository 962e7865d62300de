//! The survey: what is asked, what is answered, and what is wrong with an answer.

pub mod features;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Version of the answer's schema.
pub const VERSION: u32 = 1;

/// A text in several languages, by language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Words(pub BTreeMap<String, String>);

/// A survey, as its researcher describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// Purpose.
    pub purpose: Words,
    /// Whom to ask.
    pub contact: String,
    /// Who is responsible for the data.
    pub controller: String,
    /// Version of the consent's text.
    pub consent_version: u32,
    /// Days after which answers are deleted.
    pub retention_days: u32,
    /// Languages of the texts.
    pub languages: Vec<String>,
    /// SHA-256 of the model whose embeddings are kept.
    pub model_sha256: String,
    /// What is asked about.
    pub songs: Vec<SurveySong>,
}

/// A song that is asked about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurveySong {
    /// Its path in the catalogue.
    pub id: String,
    /// Title.
    pub title: String,
    /// Artist.
    pub artist: String,
    /// Genre.
    pub genre: String,
    /// Where it is to be found.
    pub source: String,
}

/// A participant's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Version of the schema.
    pub version: u32,
    /// The survey's id.
    pub survey: String,
    /// Participant's code.
    pub participant: String,
    /// Consent.
    pub consent: Consent,
    /// The model of the embeddings.
    pub model_sha256: String,
    /// Favourite song.
    pub favourite: Favourite,
    /// An opinion on each song.
    pub labels: Vec<Label>,
    /// The three best of the survey.
    pub favourites: [String; 3],
    /// Comment.
    pub comment: String,
    /// Whether a program made it.
    #[serde(default)]
    pub simulated: bool,
}

/// Consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    /// Version of the text.
    pub version: u32,
    /// When, RFC 3339.
    pub at: String,
}

/// A favourite song.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Favourite {
    /// Of the catalogue.
    Song {
        /// Its path.
        id: String,
    },
    /// The participant's own.
    Own {
        /// `[128]`.
        embedding: Vec<f32>,
        /// `[genres]`.
        probabilities: Vec<f32>,
        /// `[tags]`.
        tags: Vec<f32>,
        /// Summaries.
        features: Features,
    },
}

/// An opinion on a song.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Its id.
    pub song: String,
    /// What is thought of it.
    pub opinion: Opinion,
}

/// What is thought of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opinion {
    /// Liked.
    Like,
    /// Not liked.
    Dislike,
    /// Don't know.
    Unknown,
}

/// Summaries of a sound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// `[20, 64]`.
    pub mfcc: Vec<f32>,
    /// `[64, 64]`.
    pub stft: Vec<f32>,
    /// `[7, 64]`.
    pub dwt: Vec<f32>,
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Answer {
    /// Checks against the survey.
    ///
    /// # Errors
    /// If something does not fit.
    pub fn check(&self, config: &Config) -> Result<(), Invalid> {
        let asked: BTreeSet<&str> = config.songs.iter().map(|s| s.id.as_str()).collect();
        let answered: BTreeSet<&str> = self.labels.iter().map(|l| l.song.as_str()).collect();
        if asked != answered || self.labels.len() != config.songs.len() {
            return Err(Invalid("its labels are not those of the survey".to_owned()));
        }
        Ok(())
    }

    /// Reads.
    ///
    /// # Errors
    /// If it is no answer.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        serde_json::from_slice(bytes).map_err(|e| Invalid(e.to_string()))
    }
}

/// A code of random bytes.
pub fn participant_code(random: &[u8; 10]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = random
        .iter()
        .fold(0_u128, |bits, &b| bits << 8 | u128::from(b));
    let digits = (0..16).map(|i| char::from(DIGITS[(bits >> (75 - 5 * i)) as usize & 31]));
    let digits: Vec<char> = digits.collect();
    let groups: Vec<String> = digits
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}
