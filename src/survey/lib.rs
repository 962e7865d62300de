//! The survey: what is asked, what is answered, and what is wrong with an answer.
//!
//! A researcher describes a survey in a [`Config`] (`survey/config.json`): a survey of tastes or a listening
//! study. A participant's answer is an [`Answer`] or a [`ListeningAnswer`] ([`AnyAnswer`]), the same JSON in the page's store, on the wire, in the collector's database and in the
//! files that the trainer learns taste from. Its JSON Schema is `survey/answer.schema.json`, which
//! `soundalike survey schema` prints.

mod answer;
mod any;
mod config;
pub mod examples;
mod listening;
mod translation;

pub use answer::{
    Answer, COLUMNS, COMMENT_MOST, Consent, DWT_ROWS, FAVOURITES, Favourite, Features, Invalid,
    Label, MFCC_ROWS, Opinion, STFT_ROWS, VERSION, is_participant_code, participant_code,
};
pub use any::AnyAnswer;
pub use config::{
    AUDIO_ENDINGS, Config, ConfigError, Kind, ModelShape, PLACEHOLDER_CONTACT,
    PLACEHOLDER_CONTROLLER, SONGS_MOST, SurveySong, Words, is_audio_name,
};
pub use listening::{
    LISTENING_VERSION, ListeningAnswer, ListeningKind, ListeningStudy, METHODS, RATINGS, Rated,
    SeedSong,
};
pub use translation::{PAGE_LANGUAGES, Translation, TranslationError};

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
            AnyAnswer::schema(),
            "run `soundalike survey schema > survey/answer.schema.json`"
        );
    }
}
