//! What the page's survey asks of the library: the songs to choose from, the numbers that are kept of
//! a sound, the participant's code, and the check that the collector makes too.

use wasm_bindgen::prelude::*;

use super::error::{PageError, Subject, Thrown};
use super::{Engine, Sound, to_js};
use soundalike_core::survey::favourite_features;
use soundalike_survey::{AnyAnswer, Config, participant_code};

/// Checks an answer against its survey, both as JSON.
///
/// # Errors
/// The first thing that does not fit, as one sentence.
#[wasm_bindgen(js_name = surveyCheck)]
pub fn survey_check(answer: &str, config: &str) -> Result<(), Thrown> {
    let config =
        Config::from_json(config.as_bytes()).map_err(|e| Thrown::about(Subject::Survey, &e))?;
    Ok(AnyAnswer::from_json(answer.as_bytes())?.check(&config)?)
}

/// A participant's code from ten random bytes.
///
/// # Errors
/// If there are not ten.
#[wasm_bindgen(js_name = participantCode)]
pub fn code_of(random: &[u8]) -> Result<String, Thrown> {
    let random = random.try_into().map_err(|_| PageError::Code)?;
    Ok(participant_code(random))
}

#[wasm_bindgen]
impl Engine {
    /// The songs of the catalogue: see `SongView` in www/engine/engine-types.d.ts.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn tracks(&self) -> Result<JsValue, Thrown> {
        let songs = (0..self.catalog.len()).map(|track| self.catalog.song_view(track));
        to_js(&songs.collect::<Vec<_>>())
    }
}

#[wasm_bindgen]
impl Sound {
    /// What an answer keeps of it beside its embedding, as JSON, which has the shortest digits.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be written.
    pub fn features(&self) -> Result<String, Thrown> {
        Ok(serde_json::to_string(&favourite_features(self.clip()?))
            .map_err(|e| PageError::Conversion(e.to_string()))?)
    }
}
