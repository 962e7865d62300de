//! Messages that people read: errors and notes, each with a stable code and its values, so that a
//! program can translate it or add what to do next.

use std::fmt::Display;

use serde::Serialize;
use soundalike_survey::{ConfigError, Invalid};

/// An error or a note with a stable code. Its `Display` is the English text.
pub trait Message: Display {
    /// What programs know it by, such as `audio.too_loud`. Never translated, never reused.
    fn code(&self) -> &'static str;

    /// The values in its text, by name.
    fn arguments(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The messages within its text, by name, each translated by itself.
    fn details(&self) -> Vec<(&'static str, Notice)> {
        Vec::new()
    }
}

/// A message that has left its type: what travels to the page and with a prediction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Notice {
    /// See [`Message::code`].
    pub code: &'static str,
    /// Name and value, see [`Message::arguments`].
    pub arguments: Vec<(&'static str, String)>,
    /// Name and message, see [`Message::details`].
    pub details: Vec<(&'static str, Notice)>,
    /// The English text.
    pub text: String,
}

impl Notice {
    /// A message as a notice.
    pub fn of(message: &(impl Message + ?Sized)) -> Self {
        Self {
            code: message.code(),
            arguments: message.arguments(),
            details: message.details(),
            text: message.to_string(),
        }
    }
}

impl Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Message for ConfigError {
    fn code(&self) -> &'static str {
        ConfigError::code(self)
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        ConfigError::arguments(self)
    }
}

impl Message for Invalid {
    fn code(&self) -> &'static str {
        Invalid::code(self)
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        Invalid::arguments(self)
    }
}

/// The codes of all messages of this crate and of the survey's.
pub fn codes() -> Vec<&'static str> {
    use strum::VariantNames;
    [
        crate::audio::AudioError::VARIANTS,
        crate::audio::Damage::VARIANTS,
        crate::audio::Codec::VARIANTS,
        crate::audio::Note::VARIANTS,
        crate::pipeline::PredictError::VARIANTS,
        crate::pipeline::PredictionNote::VARIANTS,
        crate::model::ModelError::VARIANTS,
        crate::catalog::CatalogError::VARIANTS,
        crate::taste::TasteError::VARIANTS,
        Invalid::VARIANTS,
        ConfigError::VARIANTS,
        // One variant, two messages.
        &[
            "audio.not_what_its_name_says",
            "decoding.cut_short_of",
            "decoding.missing_once",
        ],
    ]
    .concat()
    .into_iter()
    // What only wraps another error has the other's code.
    .filter(|code| !["predict.audio", "predict.model"].contains(code))
    .collect()
}
