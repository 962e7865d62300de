//! The survey: what is asked, what is answered, and what is wrong with an answer.
//!
//! A researcher describes a survey in a [`Config`] (`survey/config.json`); a participant's answer is an
//! [`Answer`], the same JSON in the page's store, on the wire, in the collector's database and in the
//! files that the trainer learns taste from. Its JSON Schema is `survey/answer.schema.json`, which
//! `soundalike survey schema` prints.

mod answer;
mod config;
pub mod examples;

pub use answer::{
    Answer, COLUMNS, COMMENT_MOST, Consent, DWT_ROWS, FAVOURITES, Favourite, Features, Invalid,
    Label, MFCC_ROWS, Opinion, STFT_ROWS, VERSION, is_participant_code, participant_code,
};
pub use config::{
    Config, ConfigError, ModelShape, PLACEHOLDER_CONTACT, PLACEHOLDER_CONTROLLER, SONGS_MOST,
    SurveySong, Words,
};

#[cfg(all(test, feature = "schema"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
