//! What a survey takes from the catalogue and from a sound: its songs and recommendations, the
//! shape of its model, and the features of a participant's favourite. The survey itself is `soundalike_survey`.

mod choose;
mod features;
mod recommend;

use std::collections::BTreeSet;

use soundalike_survey::{Config, ConfigError, ModelShape};

pub use choose::{TooFewSongs, choose_songs};
pub use features::favourite_features;
pub use recommend::{Method, StudyDesign, StudyError, choose_study};

use crate::catalog::{Catalog, Provenance};

/// The shape of the model that made a catalogue.
pub fn model_shape(catalog: &Catalog) -> ModelShape {
    let Provenance {
        model_sha256,
        genres,
        tags,
        ..
    } = &catalog.provenance;
    ModelShape {
        sha256: model_sha256.clone(),
        embedding: catalog.dimensions(),
        genres: genres.len(),
        tags: tags.len(),
    }
}

/// Checks that a catalogue has a survey's songs, and that the survey's model made it.
///
/// # Errors
/// If the model is another, or a song is missing.
pub fn check_catalog(survey: &Config, catalog: &Catalog) -> Result<(), ConfigError> {
    let songs: BTreeSet<&str> = catalog.tracks.iter().map(|t| t.path.as_str()).collect();
    survey.check_catalog(&model_shape(catalog), &songs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_survey_fits_the_shipped_catalogue() {
        let config = Config::from_json(soundalike_shipped::SURVEY).unwrap();
        let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG).unwrap();
        check_catalog(&config, &catalog).unwrap();
        assert_eq!(config.songs.len(), 50);
    }
}
