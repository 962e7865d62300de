//! A survey as its researcher describes it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::answer::FAVOURITES;
use crate::listening::ListeningStudy;

/// Songs of a survey, at most: an answer about so many stays far below the collector's limit of 256 KiB.
pub const SONGS_MOST: usize = 500;
/// The contact of a survey that nobody has filled in yet.
pub const PLACEHOLDER_CONTACT: &str = "nobody@example.org";
/// The controller of a survey that nobody has filled in yet.
pub const PLACEHOLDER_CONTROLLER: &str = "Not named yet";

/// A text in several languages, by language tag (`en`, `de`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words(pub BTreeMap<String, String>);

impl Words {
    /// The text in a language, else in English, else in any.
    pub fn get(&self, language: &str) -> &str {
        let Self(texts) = self;
        let text = texts.get(language).or_else(|| texts.get("en"));
        text.or_else(|| texts.values().next())
            .map_or("", String::as_str)
    }
}

/// What a survey asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Which songs a participant likes.
    #[default]
    Taste,
    /// How well recommendations by two methods fit: a listening study.
    Recommendations,
}

impl Kind {
    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taste => "survey of tastes",
            Self::Recommendations => "listening study",
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A survey, as its researcher describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Id: lower-case letters, digits and hyphens. Answers carry it.
    pub id: String,
    /// What it asks.
    #[serde(default, skip_serializing_if = "Kind::is_default")]
    pub kind: Kind,
    /// Title.
    pub title: Words,
    /// What the answers are collected for.
    pub purpose: Words,
    /// Whom participants can ask: a mail address, or a web address.
    pub contact: String,
    /// Who is responsible for the data.
    pub controller: String,
    /// Version of the consent's text, from 1; a new text takes a new number.
    pub consent_version: u32,
    /// Days after which the collector deletes an answer, 1 to 3650.
    pub retention_days: u32,
    /// Whether only participants with an invitation may answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invited_only: bool,
    /// How many answers the collector takes; none for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_most: Option<u32>,
    /// Languages in which every text is given.
    pub languages: Vec<String>,
    /// The model whose embeddings are kept of participants' own songs.
    pub model: ModelShape,
    /// What is asked about; in a listening study the songs that it names.
    pub songs: Vec<SurveySong>,
    /// What a listening study asks; none in a survey of tastes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<ListeningStudy>,
}

/// Which model an answer's numbers come from, and how many it gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelShape {
    /// SHA-256 of its file.
    pub sha256: String,
    /// Numbers of an embedding.
    pub embedding: usize,
    /// Number of genres.
    pub genres: usize,
    /// Number of tags.
    pub tags: usize,
}

/// A song that is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveySong {
    /// Its path in the catalogue.
    pub id: String,
    /// Title.
    pub title: String,
    /// Artist.
    pub artist: String,
    /// Genre: the label, or else the model’s prediction.
    pub genre: String,
    /// Where it can be found; may be empty.
    #[serde(default)]
    pub source: String,
    /// Address at its source where it can be listened to, with `https://`; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// Its licence; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Name of its sound file in `survey/audio/`, which the page plays; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audio: String,
}

/// Endings of the sound files that a survey may play: what browsers play.
pub const AUDIO_ENDINGS: [&str; 8] = ["mp3", "ogg", "oga", "opus", "m4a", "flac", "wav", "webm"];

/// Whether a text is the name of a sound file as [`SurveySong::audio`] gives it: letters, digits, `-`, `_`
/// and dots, not first, with one of [`AUDIO_ENDINGS`].
pub fn is_audio_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    name.len() <= 200
        && !name.starts_with('.')
        && name.bytes().all(plain)
        && AUDIO_ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
}

impl SurveySong {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |field, value: &str, wanted| {
            Err(ConfigError::Song {
                song: self.id.clone(),
                field,
                value: value.to_owned(),
                wanted,
            })
        };
        if !self.link.is_empty() && !self.link.starts_with("https://") {
            return wrong("link", &self.link, "a link begins with https://");
        }
        if !self.audio.is_empty() && !is_audio_name(&self.audio) {
            return wrong(
                "audio",
                &self.audio,
                "name a file in survey/audio/ by letters, digits, - and _, with the ending of a sound file that browsers play, such as song.mp3",
            );
        }
        Ok(())
    }
}

/// What is wrong with a survey's description.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "survey.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigError {
    /// Not JSON, or other fields.
    #[error("is not a survey ({0})")]
    NotASurvey(#[source] serde_json::Error),
    /// An id with other letters.
    #[error("has the id “{0}”: an id is 1 to 64 lower-case letters, digits and hyphens")]
    Id(String),
    /// A text that is missing.
    #[error("has no {field} in “{language}”, which its languages list: add it")]
    Text {
        /// Which text.
        field: &'static str,
        /// In which language.
        language: String,
    },
    /// A number out of range, or an empty field.
    #[error("{0}")]
    Field(&'static str),
    /// A listening study that makes no sense.
    #[error("{0}")]
    Study(String),
    /// A song with a link or a sound file that cannot be used.
    #[error("{song} has the {field} “{value}”: {wanted}")]
    Song {
        /// The song's id.
        song: String,
        /// Which field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// Too few songs or too many.
    #[error("asks about {0} songs: it takes 3 to {SONGS_MOST}")]
    Songs(usize),
    /// A song that is there twice.
    #[error("asks about {0} twice: leave one out")]
    Twice(String),
    /// A song that the catalogue lacks.
    #[error("asks about {0}, which is not in the catalogue")]
    UnknownSong(String),
    /// Another model's numbers.
    #[error("is of another model ({survey}…) than the one in use ({model}…)")]
    OtherModel {
        /// First digits of the survey's.
        survey: String,
        /// First digits of the catalogue's.
        model: String,
    },
}

impl ConfigError {
    /// What programs know it by; never translated, never reused.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The values in its text, by name.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotASurvey(cause) => vec![("cause", cause.to_string())],
            Self::Id(id) | Self::Twice(id) | Self::UnknownSong(id) => vec![("id", id.clone())],
            Self::Text { field, language } => vec![
                ("field", (*field).to_owned()),
                ("language", language.clone()),
            ],
            Self::Field(cause) => vec![("cause", (*cause).to_owned())],
            Self::Study(cause) => vec![("cause", cause.clone())],
            Self::Song {
                song,
                field,
                value,
                wanted,
            } => vec![
                ("song", song.clone()),
                ("field", (*field).to_owned()),
                ("value", value.clone()),
                ("wanted", (*wanted).to_owned()),
            ],
            Self::Songs(songs) => vec![
                ("songs", songs.to_string()),
                ("most", SONGS_MOST.to_string()),
            ],
            Self::OtherModel { survey, model } => {
                vec![("survey", survey.clone()), ("model", model.clone())]
            }
        }
    }
}

impl Config {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// If it is not one, or a field makes no sense.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_slice(bytes).map_err(ConfigError::NotASurvey)?;
        config.check()?;
        Ok(config)
    }

    /// Checks every field by itself.
    ///
    /// # Errors
    /// The first field that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(of_id) {
            return Err(ConfigError::Id(self.id.clone()));
        }
        if self.languages.is_empty() {
            return Err(ConfigError::Field(
                "lists no languages: name one, such as en",
            ));
        }
        for language in &self.languages {
            for (field, Words(texts)) in [("title", &self.title), ("purpose", &self.purpose)] {
                if texts
                    .get(language)
                    .is_none_or(|text| text.trim().is_empty())
                {
                    let language = language.clone();
                    return Err(ConfigError::Text { field, language });
                }
            }
        }
        let wrong = if self.contact.trim().is_empty() {
            "has no contact: participants must know whom to ask"
        } else if self.controller.trim().is_empty() {
            "has no controller: participants must know who is responsible"
        } else if self.consent_version == 0 {
            "has consent_version 0: versions start at 1"
        } else if !(1..=3650).contains(&self.retention_days) {
            "has retention_days out of range: answers are kept 1 to 3650 days"
        } else if self.answers_most == Some(0) {
            "has answers_most 0: leave it out to take any number"
        } else {
            ""
        };
        if !wrong.is_empty() {
            return Err(ConfigError::Field(wrong));
        }
        self.check_songs()
    }

    /// Checks the songs, and a listening study's recommendations.
    fn check_songs(&self) -> Result<(), ConfigError> {
        if !(FAVOURITES..=SONGS_MOST).contains(&self.songs.len()) {
            return Err(ConfigError::Songs(self.songs.len()));
        }
        let mut seen = BTreeSet::new();
        for song in &self.songs {
            if song.id.is_empty() || song.title.is_empty() {
                return Err(ConfigError::Field("has a song without id or title"));
            }
            if !seen.insert(song.id.as_str()) {
                return Err(ConfigError::Twice(song.id.clone()));
            }
            song.check()?;
        }
        match (self.kind, &self.study) {
            (Kind::Taste, None) => Ok(()),
            (Kind::Recommendations, Some(study)) => study.check(&seen),
            (Kind::Recommendations, None) => Err(ConfigError::Field(
                "is of the kind recommendations and has no study: name methods and seeds",
            )),
            (Kind::Taste, Some(_)) => Err(ConfigError::Field(
                "has a study, which only the kind recommendations asks: name the kind",
            )),
        }
    }

    /// Checks that a catalogue has the survey's songs, and that the survey's model made it.
    ///
    /// `model` is the model of the catalogue, `songs` are the paths of its songs.
    ///
    /// # Errors
    /// If the model is another, or a song is missing.
    pub fn check_catalog(
        &self,
        model: &ModelShape,
        songs: &BTreeSet<&str>,
    ) -> Result<(), ConfigError> {
        if &self.model != model {
            let short = |sha: &str| sha.chars().take(8).collect();
            return Err(ConfigError::OtherModel {
                survey: short(&self.model.sha256),
                model: short(&model.sha256),
            });
        }
        match self.songs.iter().find(|s| !songs.contains(s.id.as_str())) {
            Some(song) => Err(ConfigError::UnknownSong(song.id.clone())),
            None => Ok(()),
        }
    }

    /// What a researcher should still change, a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.contact == PLACEHOLDER_CONTACT {
            warnings.push(
                "contact is a placeholder: name somebody whom participants can ask".to_owned(),
            );
        }
        if self.controller == PLACEHOLDER_CONTROLLER {
            warnings.push(
                "controller is a placeholder: name who is responsible for the data".to_owned(),
            );
        }
        if let Some((shared, all)) = self.study.as_ref().map(ListeningStudy::shared)
            && 2 * shared > all
        {
            warnings.push(format!(
                "of {all} recommendations by each method {shared} are by both: the comparison says little, \
                 choose methods or songs that differ more"
            ));
        }
        warnings
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn valid() -> Config {
        let song = |id: &str| SurveySong {
            id: id.to_owned(),
            title: id.to_owned(),
            ..SurveySong::default()
        };
        let words = Words([("en".to_owned(), "Words".to_owned())].into());
        Config {
            id: "a-survey".to_owned(),
            title: words.clone(),
            purpose: words,
            contact: PLACEHOLDER_CONTACT.to_owned(),
            controller: "Somebody".to_owned(),
            consent_version: 1,
            retention_days: 30,
            languages: vec!["en".to_owned()],
            songs: ["a", "b", "c"].map(song).into(),
            ..Config::default()
        }
    }

    fn sentence(change: impl FnOnce(&mut Config)) -> String {
        let mut config = valid();
        change(&mut config);
        let json = serde_json::to_vec(&config).unwrap();
        Config::from_json(&json).unwrap_err().to_string()
    }

    #[test]
    fn a_survey_survives_json() {
        let json = serde_json::to_vec(&valid()).unwrap();
        assert_eq!(Config::from_json(&json).unwrap(), valid());
    }

    #[test]
    fn each_senseless_field_is_named() {
        assert!(sentence(|c| c.id = "A survey".to_owned()).contains("“A survey”"));
        assert!(sentence(|c| c.languages.push("de".to_owned())).contains("no title in “de”"));
        assert!(sentence(|c| c.contact.clear()).contains("no contact"));
        assert!(sentence(|c| c.consent_version = 0).contains("consent_version"));
        assert!(sentence(|c| c.retention_days = 0).contains("retention_days"));
        assert!(sentence(|c| c.answers_most = Some(0)).contains("answers_most"));
        assert!(sentence(|c| c.songs.truncate(2)).contains("2 songs"));
        assert!(sentence(|c| c.songs[2].id = "a".to_owned()).contains("asks about a twice"));
        assert!(sentence(|c| c.songs[0].link = "http://x".to_owned()).contains("https://"));
        for audio in [
            "../config.json",
            "a/b.mp3",
            ".mp3",
            "song.exe",
            "song",
            "a b.mp3",
        ] {
            let said = sentence(|c| c.songs[0].audio = audio.to_owned());
            assert!(
                said.contains("survey/audio/") && said.contains(audio),
                "{said}"
            );
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused() {
        let mut json = serde_json::to_value(valid()).unwrap();
        json["retention"] = 30.into();
        let bytes = serde_json::to_vec(&json).unwrap();
        let error = Config::from_json(&bytes).unwrap_err().to_string();
        assert!(error.contains("retention"), "{error}");
    }

    #[test]
    fn a_placeholder_is_warned_about() {
        assert_eq!(valid().warnings().len(), 1);
    }

    #[test]
    fn words_fall_back_to_english() {
        let pairs = [("en", "song"), ("de", "Lied")];
        let words = Words(pairs.map(|(l, w)| (l.to_owned(), w.to_owned())).into());
        assert_eq!(words.get("de"), "Lied");
        assert_eq!(words.get("fr"), "song");
        assert_eq!(Words::default().get("fr"), "");
    }
}
