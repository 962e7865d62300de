//! The split of a model card.

use std::collections::BTreeSet;

use soundalike_datasets::{self as datasets, Song};

/// Whether artists, or pieces of one song, are on both sides of a split, as far as they are known.
pub fn artists_in_both(train: &[Song], valid: &[Song]) -> String {
    if let Some(warning) = datasets::warning(train) {
        return warning.to_owned();
    }
    let artists = |songs: &[Song]| -> BTreeSet<String> {
        let named = songs.iter().map(|song| song.track.artist.to_lowercase());
        named.filter(|artist| !artist.is_empty()).collect()
    };
    let (train, valid) = (artists(train), artists(valid));
    if train.is_empty() || valid.is_empty() {
        return "no artist is known, so some may be in both".to_owned();
    }
    match train.intersection(&valid).count() {
        0 => "no known artist is in both".to_owned(),
        shared => format!("{shared} artists are in both, so the accuracy is too optimistic"),
    }
}
