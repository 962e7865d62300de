//! Libraries for tests, without music.

use std::path::Path;

use soundalike_core::catalog::{Provenance, Track};

use crate::store::{Heard, Stamp, Store};

/// A model of two genres and the tags `rock`, `sad` and `chill`.
pub(crate) fn provenance(sha256: &str) -> Provenance {
    Provenance {
        model_sha256: sha256.to_owned(),
        genres: vec!["blues".to_owned(), "rock".to_owned()],
        tags: ["rock", "sad", "chill"].map(str::to_owned).to_vec(),
        ..Provenance::default()
    }
}

/// A song whose embedding `[3]` begins with a number.
pub(crate) fn heard(title: &str, first: f32) -> Heard {
    Heard {
        stamp: Stamp { size: 7, mtime: 5 },
        sha256: vec![first as u8; 32],
        track: Track {
            title: title.to_owned(),
            ..Track::default()
        },
        seconds: 3.0,
        music: 0.9,
        tempo_bpm: None,
        key: None,
        embedding: vec![first, 1.0, 0.5],
        probabilities: vec![0.25, 0.75],
        tags: vec![0.5, 0.2, 0.1],
    }
}

/// A library with songs of these paths that differ in sound.
pub(crate) fn store_of(path: &Path, songs: &[&str]) -> Store {
    let store = Store::open_or_create(path).expect("creates");
    let model = store.model_number(&provenance("abc"), 3).expect("a model");
    for (at, name) in songs.iter().enumerate() {
        let heard = heard(name, at as f32 + 1.0);
        store.put(Path::new(name), &heard, model).expect("writes");
    }
    store.save().expect("saves");
    store
}
