//! The texts of the survey's form in a language that the page lacks: `survey/CODE.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The languages of the page, which need no file beside the survey: those of `www/i18n/languages.js`.
pub const PAGE_LANGUAGES: [&str; 2] = ["en", "de"];
/// What stands in a text for a value.
const PLACEHOLDER: &str = "{}";

/// The texts of the survey's form in a language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translation {
    /// By the English text.
    pub texts: BTreeMap<String, String>,
}

/// What is wrong with a language file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranslationError {
    /// Not JSON, or other fields.
    #[error("is not a file of texts ({0}): it is like survey/fr.json")]
    NotTexts(#[source] serde_json::Error),
    /// Texts without a translation.
    #[error("lacks {} of the survey's texts: {}", .0.len(), quoted(.0))]
    Missing(Vec<String>),
    /// A translation that loses or adds a value.
    #[error("has another number of {PLACEHOLDER} in the translation of “{0}” than the text")]
    Placeholders(String),
}

fn quoted(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("“{text}”")).collect();
    quoted.join(", ")
}

impl Translation {
    /// Reads a language file.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TranslationError> {
        serde_json::from_slice(bytes).map_err(TranslationError::NotTexts)
    }

    /// Checks that every text of another language file has a translation with the same values.
    ///
    /// # Errors
    /// If texts are missing, or a translation has other values.
    pub fn check(&self, other: &Self) -> Result<(), TranslationError> {
        let is_missing = |text: &&String| {
            let translation = self.texts.get(*text);
            translation.is_none_or(|translation| translation.trim().is_empty())
        };
        let missing: Vec<String> = other.texts.keys().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            return Err(TranslationError::Missing(missing));
        }
        let values = |text: &str| text.matches(PLACEHOLDER).count();
        match self
            .texts
            .iter()
            .find(|(text, translation)| values(text) != values(translation))
        {
            Some((text, _)) => Err(TranslationError::Placeholders(text.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Translation {
        let texts = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Translation {
            texts: texts.collect(),
        }
    }

    #[test]
    fn the_page_has_these_languages() {
        let source = include_str!("../../www/i18n/languages.js");
        let (_, table) = source.split_once("LANGUAGES = {").unwrap();
        let codes: Vec<&str> = table
            .lines()
            .filter_map(|line| line.trim().split_once(": '"))
            .map(|(code, _)| code)
            .collect();
        assert_eq!(codes, PAGE_LANGUAGES);
    }

    #[test]
    fn texts_that_are_missing_are_named() {
        let french = Translation::from_json(include_bytes!("../../survey/fr.json")).unwrap();
        french.check(&french).unwrap();
        let wanted = of(&[("Back", "Retour"), ("{} of {}", "{} / {}")]);
        let sentence = |of: &Translation| of.check(&wanted).unwrap_err().to_string();
        let said = sentence(&of(&[("Back", " ")]));
        assert!(
            said.contains("lacks 2") && said.contains("“Back”, “{} of {}”"),
            "{said}"
        );
        let said = sentence(&of(&[("Back", "Indietro"), ("{} of {}", "{}")]));
        assert!(said.contains("number of {}"), "{said}");
        let error = Translation::from_json(b"[]").unwrap_err().to_string();
        assert!(error.contains("survey/fr.json"), "{error}");
    }
}
