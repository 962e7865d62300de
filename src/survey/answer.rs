//! A participant's answer, and what can be wrong with it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::any::AnyAnswer;
use crate::config::{Config, Kind};

/// Version of the answer's schema.
pub const VERSION: u32 = 1;
/// Characters of a comment, at most.
pub const COMMENT_MOST: usize = 2_000;
/// Favourites that are named among the survey's songs.
pub const FAVOURITES: usize = 3;
/// Crockford's base 32, which leaves out letters that are read as digits
/// (https://www.crockford.com/base32.html).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a participant's code, in groups of four.
const CODE_DIGITS: usize = 16;
const GROUP: usize = 4;
/// Columns of each summary: equal parts of the clip, earliest first.
pub const COLUMNS: usize = 64;
/// Rows of [`Features::mfcc`].
pub const MFCC_ROWS: usize = 20;
/// Rows of [`Features::stft`]: equal parts of the spectrum from 0 to 11 025 Hz, lowest first.
pub const STFT_ROWS: usize = 64;
/// Rows of [`Features::dwt`]: five levels, coarsest first, with their mean, and the approximation
/// before them.
pub const DWT_ROWS: usize = 7;

/// The range of a probability, with room for rounding.
const PROBABILITY: RangeInclusive<f32> = -ROUNDING..=1.0 + ROUNDING;
/// What several rounded probabilities may be off by.
const ROUNDING: f32 = 0.01;
/// The range of an embedding's numbers and of levels in dB, far beyond what any sound gives: a square of it
/// is still a number.
const ANY: RangeInclusive<f32> = -1e4..=1e4;

/// A participant's answer. It holds no name, no address and nothing of the browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Version of this schema: 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub version: u32,
    /// The survey's id.
    pub survey: String,
    /// The participant's code, made at random in the browser: sixteen digits of Crockford's base 32 in
    /// groups of four.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$"))
    )]
    pub participant: String,
    /// The consent.
    pub consent: Consent,
    /// SHA-256 of the model that the page used.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^[0-9a-f]{64}$")))]
    pub model_sha256: String,
    /// The song that the participant likes best of all.
    pub favourite: Favourite,
    /// An opinion on each song of the survey, once.
    pub labels: Vec<Label>,
    /// Ids of the three songs of the survey that the participant likes best.
    pub favourites: [String; FAVOURITES],
    /// Whatever else the participant wants to say, at most 2,000 characters; may be empty.
    #[cfg_attr(feature = "schema", schemars(length(max = 2_000)))]
    pub comment: String,
    /// True where a program made the answer up.
    #[serde(default)]
    pub simulated: bool,
}

/// The consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Version of the text that was agreed to.
    pub version: u32,
    /// When, as in RFC 3339.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub at: String,
}

/// The song that a participant likes best of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Favourite {
    /// One of the catalogue.
    Song {
        /// Its path there.
        id: String,
    },
    /// A file of the participant's own, of which only numbers are kept.
    Own {
        /// `[embedding]`.
        embedding: Vec<f32>,
        /// `[genres]`; the sum is one.
        probabilities: Vec<f32>,
        /// `[tags]`.
        tags: Vec<f32>,
        /// Small pictures of its sound, from which it cannot be heard again.
        features: Features,
    },
}

/// Small pictures of a sound: made by `soundalike_core::survey::favourite_features`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Mel-frequency cepstral coefficients, `[20, 64]`.
    pub mfcc: Vec<f32>,
    /// Spectrum in dB, `[64, 64]`.
    pub stft: Vec<f32>,
    /// Level of the wavelet coefficients in dB, `[7, 64]`.
    pub dwt: Vec<f32>,
}

/// An opinion on a song.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The song's id.
    pub song: String,
    /// What is thought of it.
    pub opinion: Opinion,
}

/// What is thought of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Opinion {
    /// It is liked.
    Like,
    /// It is not liked.
    Dislike,
    /// The participant does not know it.
    Unknown,
}

/// What is wrong with an answer: one sentence each.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "answer.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Invalid {
    /// Bytes that are no text.
    #[error("The answer is not UTF-8: send it as JSON in UTF-8.")]
    NotUtf8,
    /// Text that is no answer.
    #[error("The answer is not as its schema says: {0}.")]
    NotAnAnswer(String),
    /// Another version of the schema.
    #[error(
        "The answer is of version {0}, and this program knows version {VERSION}: reload the page."
    )]
    Version(u64),
    /// Another survey's.
    #[error("The answer is to the survey “{found}”, and this is “{asked}”.")]
    OtherSurvey {
        /// The answer's.
        found: String,
        /// The one asked.
        asked: String,
    },
    /// A code that this program did not make.
    #[error(
        "The participant's code is not one: it is sixteen digits and capital letters in groups of four."
    )]
    Code,
    /// Consent to another text.
    #[error(
        "The consent is to version {found} of the text, and version {asked} is in use: read it and agree again."
    )]
    Consent {
        /// The answer's.
        found: u32,
        /// The survey's.
        asked: u32,
    },
    /// A time that is none.
    #[error(
        "The time of the consent, “{0}”, is not one as in RFC 3339, such as 2000-01-31T12:00:00Z."
    )]
    Time(String),
    /// Another model's numbers.
    #[error("The answer comes from another model than the survey's: reload the page.")]
    OtherModel,
    /// Numbers that the survey's model does not give.
    #[error("The favourite song's {0} are not as many finite numbers as the survey's model gives.")]
    Numbers(&'static str),
    /// Numbers that no model gives.
    #[error("The favourite song's {0} are out of range: no model gives such numbers.")]
    OutOfRange(&'static str),
    /// An id that is none.
    #[error("The favourite song's id is empty or longer than 500 characters.")]
    FavouriteId,
    /// More opinions than songs.
    #[error("The answer has {found} labels, and the survey has {asked} songs.")]
    TooMany {
        /// Labels.
        found: usize,
        /// Songs.
        asked: usize,
    },
    /// A song that was not asked about.
    #[error("The song “{0}” is not in the survey.")]
    UnknownSong(String),
    /// A song with two opinions.
    #[error("The song “{0}” has two labels.")]
    LabelledTwice(String),
    /// A song without an opinion.
    #[error("The song “{0}” has no label: like, dislike or unknown.")]
    Unlabelled(String),
    /// A favourite that comes twice.
    #[error("The song “{0}” is a favourite twice: name three different songs.")]
    FavouriteTwice(String),
    /// Too long a comment.
    #[error("The comment has {0} characters, and at most {COMMENT_MOST} are kept.")]
    LongComment(usize),
    /// An answer to another kind of survey.
    #[error("The answer is to a {found}, and this is a {asked}.")]
    OtherKind {
        /// The answer's.
        found: &'static str,
        /// The one asked.
        asked: &'static str,
    },
    /// A song that is not among the recommendations.
    #[error("The song “{song}” is not recommended for “{seed}”.")]
    NotRecommended {
        /// The song for which it would be.
        seed: String,
        /// The song.
        song: String,
    },
    /// A recommendation with two ratings.
    #[error("The song “{song}” has two ratings for “{seed}”.")]
    RatedTwice {
        /// The song for which it is recommended.
        seed: String,
        /// The song.
        song: String,
    },
    /// A recommendation without a rating.
    #[error("The song “{song}” has no rating for “{seed}”: give 1 to 5.")]
    Unrated {
        /// The song for which it is recommended.
        seed: String,
        /// The song.
        song: String,
    },
    /// A rating out of range.
    #[error("The rating {0} is out of range: it is 1 to 5.")]
    Rating(u8),
    /// Characters that no text has.
    #[error("The comment contains control characters: send plain text.")]
    ControlCharacters,
}

impl Invalid {
    /// What programs know it by; never translated, never reused.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The values in its text, by name.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        let one = |name, value: &dyn ToString| vec![(name, value.to_string())];
        let two = |found: &dyn ToString, asked: &dyn ToString| {
            vec![("found", found.to_string()), ("asked", asked.to_string())]
        };
        match self {
            Self::NotAnAnswer(cause) => one("cause", cause),
            Self::Version(version) => {
                vec![
                    ("found", version.to_string()),
                    ("known", VERSION.to_string()),
                ]
            }
            Self::OtherSurvey { found, asked } => two(found, asked),
            Self::OtherKind { found, asked } => two(found, asked),
            Self::NotRecommended { seed, song }
            | Self::RatedTwice { seed, song }
            | Self::Unrated { seed, song } => {
                vec![("seed", seed.clone()), ("song", song.clone())]
            }
            Self::Rating(rating) => one("rating", rating),
            Self::Consent { found, asked } => two(found, asked),
            Self::TooMany { found, asked } => two(found, asked),
            Self::Time(time) => one("time", time),
            Self::Numbers(which) | Self::OutOfRange(which) => one("which", which),
            Self::UnknownSong(song)
            | Self::LabelledTwice(song)
            | Self::Unlabelled(song)
            | Self::FavouriteTwice(song) => one("song", song),
            Self::LongComment(characters) => vec![
                ("characters", characters.to_string()),
                ("most", COMMENT_MOST.to_string()),
            ],
            Self::NotUtf8
            | Self::Code
            | Self::OtherModel
            | Self::FavouriteId
            | Self::ControlCharacters => Vec::new(),
        }
    }
}

impl Invalid {
    pub(crate) fn other_kind(found: Kind, asked: Kind) -> Self {
        Self::OtherKind {
            found: found.name(),
            asked: asked.name(),
        }
    }
}

/// Checks what answers of every kind have: survey, participant's code and comment, and the consent.
pub(crate) fn check_sender(
    [survey, participant, comment]: [&str; 3],
    consent: &Consent,
    config: &Config,
) -> Result<(), Invalid> {
    if survey != config.id {
        return Err(Invalid::OtherSurvey {
            found: shortened(survey),
            asked: config.id.clone(),
        });
    }
    if !is_participant_code(participant) {
        return Err(Invalid::Code);
    }
    if consent.version != config.consent_version {
        return Err(Invalid::Consent {
            found: consent.version,
            asked: config.consent_version,
        });
    }
    if OffsetDateTime::parse(&consent.at, &Rfc3339).is_err() {
        return Err(Invalid::Time(shortened(&consent.at)));
    }
    let length = comment.chars().count();
    if length > COMMENT_MOST {
        return Err(Invalid::LongComment(length));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if comment.chars().any(control) {
        return Err(Invalid::ControlCharacters);
    }
    Ok(())
}

impl Answer {
    /// Reads an answer about tastes. Its version is looked at first, so that a later program's answer and
    /// one to a listening study are told apart from a damaged one.
    ///
    /// # Errors
    /// If the bytes are no answer of this version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        match AnyAnswer::from_json(bytes)? {
            AnyAnswer::Taste(answer) => Ok(answer),
            AnyAnswer::Listening(_) => Err(Invalid::other_kind(Kind::Recommendations, Kind::Taste)),
        }
    }

    /// Checks the answer against its survey.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, config: &Config) -> Result<(), Invalid> {
        if self.version != VERSION {
            return Err(Invalid::Version(u64::from(self.version)));
        }
        check_sender(
            [&self.survey, &self.participant, &self.comment],
            &self.consent,
            config,
        )?;
        if config.kind != Kind::Taste {
            return Err(Invalid::other_kind(Kind::Taste, config.kind));
        }
        if self.model_sha256 != config.model.sha256 {
            return Err(Invalid::OtherModel);
        }
        self.check_favourite(config)?;
        self.check_songs(config)
    }

    fn check_favourite(&self, config: &Config) -> Result<(), Invalid> {
        let (embedding, probabilities, tags, features) = match &self.favourite {
            Favourite::Song { id } => {
                let possible = !id.is_empty() && id.len() <= 500 && !id.contains(char::is_control);
                return if possible {
                    Ok(())
                } else {
                    Err(Invalid::FavouriteId)
                };
            }
            Favourite::Own {
                embedding,
                probabilities,
                tags,
                features,
            } => (embedding, probabilities, tags, features),
        };
        let model = &config.model;
        let numbers = [
            ("embedding", embedding, model.embedding, ANY),
            ("probabilities", probabilities, model.genres, PROBABILITY),
            ("tags", tags, model.tags, PROBABILITY),
            ("MFCC", &features.mfcc, MFCC_ROWS * COLUMNS, ANY),
            ("STFT", &features.stft, STFT_ROWS * COLUMNS, ANY),
            ("DWT", &features.dwt, DWT_ROWS * COLUMNS, ANY),
        ];
        for (name, values, length, range) in numbers {
            if values.len() != length || !values.iter().all(|v| v.is_finite()) {
                return Err(Invalid::Numbers(name));
            }
            if !values.iter().all(|value| range.contains(value)) {
                return Err(Invalid::OutOfRange(name));
            }
        }
        let sum: f32 = probabilities.iter().sum();
        if (sum - 1.0).abs() > ROUNDING {
            return Err(Invalid::OutOfRange("probabilities"));
        }
        Ok(())
    }

    fn check_songs(&self, config: &Config) -> Result<(), Invalid> {
        if self.labels.len() > config.songs.len() {
            return Err(Invalid::TooMany {
                found: self.labels.len(),
                asked: config.songs.len(),
            });
        }
        let asked: BTreeSet<&str> = config.songs.iter().map(|s| s.id.as_str()).collect();
        let known = |id: &str| {
            let known = asked.contains(id);
            if known {
                Ok(())
            } else {
                Err(Invalid::UnknownSong(shortened(id)))
            }
        };
        let mut labelled = BTreeSet::new();
        for Label { song, .. } in &self.labels {
            known(song)?;
            if !labelled.insert(song.as_str()) {
                return Err(Invalid::LabelledTwice(song.clone()));
            }
        }
        if let Some(&left) = asked.difference(&labelled).next() {
            return Err(Invalid::Unlabelled(left.to_owned()));
        }
        let mut best = BTreeSet::new();
        for song in &self.favourites {
            known(song)?;
            if !best.insert(song) {
                return Err(Invalid::FavouriteTwice(song.clone()));
            }
        }
        Ok(())
    }
}

/// What a stranger wrote, short enough for a sentence.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A participant's code of 80 random bits.
pub fn participant_code(random: &[u8; 10]) -> String {
    let bits = random
        .iter()
        .fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte));
    let mut code = String::with_capacity(CODE_DIGITS + CODE_DIGITS / GROUP);
    for digit in 0..CODE_DIGITS {
        if digit > 0 && digit % GROUP == 0 {
            code.push('-');
        }
        let shift = 5 * (CODE_DIGITS - 1 - digit);
        code.push(char::from(DIGITS[(bits >> shift) as usize % DIGITS.len()]));
    }
    code
}

/// Whether a text has the form of a participant's code.
pub fn is_participant_code(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == CODE_DIGITS / GROUP
        && groups
            .iter()
            .all(|group| group.len() == GROUP && group.bytes().all(|digit| DIGITS.contains(&digit)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::examples::survey_of;

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Answer), because: &str) {
        let (config, mut answer) = survey_of(5);
        answer.check(&config).unwrap();
        change(&mut answer);
        let error = answer.check(&config).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn an_answer_survives_json() {
        let (config, answer) = survey_of(50);
        let json = serde_json::to_vec(&answer).unwrap();
        let read = Answer::from_json(&json).unwrap();
        read.check(&config).unwrap();
        assert_eq!(read, answer);
    }

    #[test]
    fn each_thing_that_does_not_fit_is_named() {
        refused(|a| a.version = 2, "version 2");
        refused(|a| a.survey = "other".to_owned(), "“other”");
        refused(|a| a.participant = "ABCD-EFGH-IJKL-MNOP".to_owned(), "code");
        refused(|a| a.participant = "abcd".to_owned(), "code");
        refused(|a| a.consent.version = 1, "version 1 of the text");
        refused(|a| a.consent.at = "yesterday".to_owned(), "yesterday");
        refused(|a| a.model_sha256 = "cd".repeat(32), "another model");
        let more = |a: &mut Answer| a.labels.push(a.labels[0].clone());
        refused(more, "6 labels");
        refused(
            |a| a.labels[1].song = "x.ogg".to_owned(),
            "“x.ogg” is not in the survey",
        );
        refused(|a| a.labels[1] = a.labels[0].clone(), "two labels");
        refused(|a| drop(a.labels.pop()), "“set/4.ogg” has no label");
        refused(
            |a| a.favourites[1] = a.favourites[0].clone(),
            "favourite twice",
        );
        refused(
            |a| a.favourites[1] = "x.ogg".to_owned(),
            "not in the survey",
        );
        refused(|a| a.comment = "x".repeat(2_001), "2001 characters");
        refused(|a| a.comment = "a\0b".to_owned(), "control characters");
        let empty = Favourite::Song { id: String::new() };
        refused(|a| a.favourite = empty, "id is empty");
        let change = |a: &mut Answer| {
            if let Favourite::Own { embedding, .. } = &mut a.favourite {
                embedding[0] = f32::INFINITY;
            }
        };
        refused(change, "embedding");
    }

    #[test]
    fn numbers_that_no_model_gives_are_refused() {
        type Numbers = fn(&mut Favourite) -> &mut Vec<f32>;
        fn of(favourite: &mut Favourite, number: usize) -> &mut Vec<f32> {
            let Favourite::Own {
                embedding,
                probabilities,
                tags,
                features,
            } = favourite
            else {
                panic!("a song of the participant's own");
            };
            match number {
                0 => embedding,
                1 => probabilities,
                2 => tags,
                _ => &mut features.stft,
            }
        }
        let cases: [(Numbers, f32, &str); 6] = [
            (|f| of(f, 0), 3e38, "embedding"),
            (|f| of(f, 1), -5.0, "probabilities"),
            // The sum is not one any more.
            (|f| of(f, 1), 0.9, "probabilities"),
            (|f| of(f, 2), 1.5, "tags"),
            (|f| of(f, 3), -1e30, "STFT"),
            (|f| of(f, 3), f32::NAN, "finite"),
        ];
        for (numbers, value, because) in cases {
            refused(|answer| numbers(&mut answer.favourite)[0] = value, because);
        }
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let sentence = |bytes: &[u8]| Answer::from_json(bytes).unwrap_err().to_string();
        assert!(sentence(b"\xff\xfe").contains("UTF-8"));
        assert!(sentence(b"{}").contains("missing field"));
        assert!(sentence(br#"{"version": 9, "new": true}"#).contains("version 9"));
        let (_, answer) = survey_of(5);
        let mut json = serde_json::to_value(answer).unwrap();
        json["address"] = "somewhere".into();
        assert!(sentence(&serde_json::to_vec(&json).unwrap()).contains("address"));
    }

    #[test]
    fn codes_are_as_many_as_bits_and_recognised() {
        let code = participant_code(&[0xff; 10]);
        assert_eq!(code, "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(participant_code(&[0; 10]), "0000-0000-0000-0000");
        let counted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        // By hand: 0x0102030405060708090a in groups of five bits.
        assert_eq!(participant_code(&counted), "0410-6105-0R3G-G28A");
        assert!(is_participant_code("0410-6105-0R3G-G28A"));
        assert!(!is_participant_code("0410-6105-0R3G-G28a"));
        assert!(!is_participant_code("0410-6105-0R3G"));
        assert!(!is_participant_code("0410-6105-0R3G-G28A-0000"));
        assert!(!is_participant_code("041060R50R3GG28A"));
    }
}
