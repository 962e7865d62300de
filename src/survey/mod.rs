//! The survey: what is asked, what is answered, and what is wrong with an answer.
//!
//! A researcher describes a survey in a [`Config`] (`survey/config.json`); a participant's answer is an
//! [`Answer`], the same JSON in the page's store, on the wire, in the collector's database and in the
//! files that the trainer learns taste from. Its JSON Schema is `survey/answer.schema.json`, which
//! `soundalike survey schema` prints.

mod answer;
#[cfg(not(target_arch = "wasm32"))]
mod choose;
mod config;
pub mod features;

pub use answer::{
    Answer, COMMENT_MOST, Consent, FAVOURITES, Favourite, Features, Invalid, Label, Opinion,
    VERSION, is_participant_code, participant_code,
};
#[cfg(not(target_arch = "wasm32"))]
pub use choose::{TooFewSongs, choose_songs};
pub use config::{
    Config, ConfigError, ModelShape, PLACEHOLDER_CONTACT, PLACEHOLDER_CONTROLLER, SONGS_MOST,
    SurveySong, Words,
};

#[cfg(all(test, not(target_arch = "wasm32")))]
pub(crate) use answer::tests as tests_support;

#[cfg(all(test, not(target_arch = "wasm32")))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::shipped;

    #[test]
    fn the_shipped_survey_fits_the_shipped_catalogue() {
        let config = Config::from_json(shipped::SURVEY).unwrap();
        config
            .check_catalog(&Catalog::from_bytes(shipped::CATALOG).unwrap())
            .unwrap();
        assert_eq!(config.songs.len(), 50);
    }

    #[test]
    fn the_schema_file_is_up_to_date() {
        let shipped: serde_json::Value =
            serde_json::from_str(include_str!("../../survey/answer.schema.json")).unwrap();
        assert_eq!(
            shipped,
            Answer::schema(),
            "run `soundalike survey schema > survey/answer.schema.json`"
        );
    }
}
