//! What to do about an error, in the words of the command line. The libraries say what is wrong; the
//! programs of the terminal add this.

use std::error::Error;

use soundalike_core::catalog::CatalogError;
use soundalike_core::message::Message;
use soundalike_core::model::ModelError;
use soundalike_core::pipeline::PredictError;
use soundalike_core::taste::TasteError;
use soundalike_survey::ConfigError;

/// By the code of a message.
const HINTS: [(&str, &str); 13] = [
    (
        "model.not_a_model",
        "choose a .safetensors file made by `trainer train`",
    ),
    (
        "model.version",
        "use the program that made it, or train again",
    ),
    (
        "model.front_end",
        "use the program that made it, or train it again",
    ),
    (
        "catalog.not_a_catalog",
        "choose a file made by `soundalike catalog build`, or for `catalog search` by `catalog index`",
    ),
    (
        "catalog.version",
        "build it again with `soundalike catalog build`",
    ),
    (
        "catalog.front_end",
        "build it again with `soundalike catalog build`",
    ),
    (
        "catalog.other_model",
        "build it again with `soundalike catalog build --model FILE`",
    ),
    (
        "taste.not_a_taste",
        "choose a .safetensors file made by `trainer taste train`",
    ),
    ("taste.version", "train it again with `trainer taste train`"),
    (
        "taste.other_model",
        "train it again with `trainer taste train`",
    ),
    (
        "survey.not_a_survey",
        "`soundalike survey config` writes one to start from",
    ),
    (
        "survey.unknown_song",
        "choose with `soundalike survey songs`",
    ),
    (
        "survey.other_model",
        "write its `model` again with `soundalike survey config`",
    ),
];

/// What to do about the first error of a chain that there is something to say about.
pub fn hint<'a>(
    chain: impl IntoIterator<Item = &'a (dyn Error + 'static)>,
) -> Option<&'static str> {
    chain.into_iter().find_map(|error| by_code(code(error)?))
}

/// What to do about a message.
pub fn by_code(code: &str) -> Option<&'static str> {
    let found = HINTS.iter().find(|(known, _)| *known == code);
    found.map(|(_, hint)| *hint)
}

fn code(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let message: &dyn Message = if let Some(error) = error.downcast_ref::<PredictError>() {
        error
    } else if let Some(error) = error.downcast_ref::<ModelError>() {
        error
    } else if let Some(error) = error.downcast_ref::<CatalogError>() {
        error
    } else if let Some(error) = error.downcast_ref::<TasteError>() {
        error
    } else {
        error.downcast_ref::<ConfigError>()?
    };
    Some(message.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hint_belongs_to_a_message() {
        let codes = soundalike_core::message::codes();
        for (code, _) in HINTS {
            assert!(codes.contains(&code), "{code}");
        }
    }

    #[test]
    fn a_wrapped_error_has_the_hint_of_what_it_wraps() {
        let error = PredictError::Model(ModelError::NotAModel("no header".to_owned()));
        let chain: [&(dyn Error + 'static); 1] = [&error];
        assert_eq!(hint(chain), by_code("model.not_a_model"));
        let silent: [&(dyn Error + 'static); 1] = [&PredictError::Silent];
        assert_eq!(hint(silent), None);
    }
}
