//! An answer to whatever kind of survey.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Consent, Invalid, VERSION};
use crate::config::{Config, Kind};
use crate::listening::{LISTENING_VERSION, ListeningAnswer};

/// An answer to a survey of tastes or to a listening study; its version tells them apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(untagged)]
#[allow(
    clippy::large_enum_variant,
    reason = "most answers are of the large variant"
)]
pub enum AnyAnswer {
    /// About tastes: version 1.
    Taste(Answer),
    /// To a listening study: version 2.
    Listening(ListeningAnswer),
}

impl AnyAnswer {
    /// Reads an answer. Its version is looked at first, so that a later program's answer is told apart
    /// from a damaged one.
    ///
    /// # Errors
    /// If the bytes are no answer of a version that this program knows.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct AnswerVersion {
            version: u64,
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Invalid::NotUtf8)?;
        let version =
            serde_json::from_str(text).map_or(VERSION.into(), |v: AnswerVersion| v.version);
        let read = if version == u64::from(LISTENING_VERSION) {
            serde_json::from_str(text).map(Self::Listening)
        } else if version == u64::from(VERSION) {
            serde_json::from_str(text).map(Self::Taste)
        } else {
            return Err(Invalid::Version(version));
        };
        read.map_err(|error| Invalid::NotAnAnswer(error.to_string()))
    }

    /// Checks the answer against its survey.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, config: &Config) -> Result<(), Invalid> {
        match self {
            Self::Taste(answer) => answer.check(config),
            Self::Listening(answer) => answer.check(config),
        }
    }

    /// What kind of survey is answered.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Taste(_) => Kind::Taste,
            Self::Listening(_) => Kind::Recommendations,
        }
    }

    /// The survey's id.
    pub fn survey(&self) -> &str {
        match self {
            Self::Taste(answer) => &answer.survey,
            Self::Listening(answer) => &answer.survey,
        }
    }

    /// The participant's code.
    pub fn participant(&self) -> &str {
        match self {
            Self::Taste(answer) => &answer.participant,
            Self::Listening(answer) => &answer.participant,
        }
    }

    /// The consent.
    pub fn consent(&self) -> &Consent {
        match self {
            Self::Taste(answer) => &answer.consent,
            Self::Listening(answer) => &answer.consent,
        }
    }

    /// What else the participant said; may be empty.
    pub fn comment(&self) -> &str {
        match self {
            Self::Taste(answer) => &answer.comment,
            Self::Listening(answer) => &answer.comment,
        }
    }

    /// Whether a program made the answer up.
    pub fn simulated(&self) -> bool {
        match self {
            Self::Taste(answer) => answer.simulated,
            Self::Listening(answer) => answer.simulated,
        }
    }

    /// The JSON Schema of answers of both kinds (draft 2020-12).
    #[cfg(feature = "schema")]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::examples::{listening_study_of, survey_of};

    #[test]
    fn answers_of_both_kinds_survive_json() {
        let (config, tastes) = survey_of(5);
        let (study, ratings) = listening_study_of(2, 3);
        for (config, answer) in [
            (config, AnyAnswer::Taste(tastes)),
            (study, AnyAnswer::Listening(ratings)),
        ] {
            let json = serde_json::to_vec(&answer).unwrap();
            let read = AnyAnswer::from_json(&json).unwrap();
            read.check(&config).unwrap();
            assert_eq!(read, answer);
            assert_eq!(read.kind(), config.kind);
        }
    }

    #[test]
    fn where_tastes_are_wanted_a_listening_study_is_refused_with_a_sentence() {
        let (_, answer) = listening_study_of(2, 3);
        let json = serde_json::to_vec(&answer).unwrap();
        let error = Answer::from_json(&json).unwrap_err().to_string();
        assert_eq!(
            error,
            "The answer is to a listening study, and this is a survey of tastes."
        );
    }

    #[cfg(feature = "schema")]
    #[test]
    fn the_schema_accepts_what_is_right_and_refuses_what_is_not() {
        let schema = jsonschema::validator_for(&AnyAnswer::schema()).unwrap();
        let refuses = |right: &serde_json::Value, field: &str, wrong: serde_json::Value| {
            assert!(schema.is_valid(right));
            let mut changed = right.clone();
            changed[field] = wrong;
            assert!(!schema.is_valid(&changed), "{field}");
        };
        let (_, answer) = survey_of(5);
        let right = serde_json::to_value(&answer).unwrap();
        for (field, wrong) in [
            ("version", serde_json::json!(2)),
            ("participant", serde_json::json!("me")),
            ("favourites", serde_json::json!(["a", "b"])),
            ("model_sha256", serde_json::json!("short")),
            ("comment", serde_json::json!("x".repeat(2_001))),
            ("address", serde_json::json!("somewhere")),
        ] {
            refuses(&right, field, wrong);
        }
        let (_, answer) = listening_study_of(2, 3);
        let right = serde_json::to_value(&answer).unwrap();
        let rating =
            |rating: i32| serde_json::json!([{"seed": "a", "song": "b", "rating": rating}]);
        for (field, wrong) in [
            ("version", serde_json::json!(1)),
            ("kind", serde_json::json!("taste")),
            ("ratings", rating(0)),
            ("ratings", rating(6)),
            ("address", serde_json::json!("somewhere")),
        ] {
            refuses(&right, field, wrong);
        }
    }
}
