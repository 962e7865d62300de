//! Every reader of bytes that come from outside, by the name of its fuzz target and its corpus. A reader may
//! refuse bytes, but not panic; what it accepts has to be sound.
//!
//! The fuzz targets include this file, and so does tests/corpora.rs.
#![allow(dead_code, reason = "each fuzz target calls one of them")]

use std::io::Write;
use std::path::Path;

use soundalike_core::audio::{decode_bytes, probe_rate};
use soundalike_core::catalog::{Catalog, Search};
use soundalike_core::model::Model;
use soundalike_survey::{AnyAnswer, Config};

/// Reads bytes, and panics if a reader does or accepts what is not sound.
pub type Reader = fn(&[u8]);

/// The readers by name.
pub const ALL: [(&str, Reader); 6] = [
    ("audio", audio),
    ("model", model),
    ("catalog", catalog),
    ("answer", answer),
    ("index", index),
    ("tags", tags),
];

/// A sound file.
pub fn audio(bytes: &[u8]) {
    // The header's rate is a hint only.
    let _ = probe_rate(bytes);
    if let Ok(decoded) = decode_bytes(bytes.to_vec(), "file") {
        assert!(!decoded.clip.samples().is_empty());
        assert!(decoded.clip.samples().iter().all(|s| s.is_finite()));
        assert_eq!(decoded.clip.rate(), decoded.source_rate);
    }
}

/// A model file.
pub fn model(bytes: &[u8]) {
    if let Ok(model) = Model::on_processor(bytes) {
        assert!(!model.genres.is_empty());
        assert!(model.parameters > 0);
    }
}

/// A catalogue file.
pub fn catalog(bytes: &[u8]) {
    if let Ok(catalog) = Catalog::from_bytes(bytes) {
        let found = catalog.similar(catalog.query(0), 3, &Search::default());
        assert!(found.iter().all(|song| song.track < catalog.len()));
        assert_eq!(catalog.map().tracks.len(), catalog.len());
    }
}

/// A survey's answer, and the description of a survey.
pub fn answer(bytes: &[u8]) {
    const SURVEY: &[u8] = include_bytes!("../survey/config.json");
    if let Ok(answer) = AnyAnswer::from_json(bytes) {
        let survey = Config::from_json(SURVEY).expect("the survey that ships");
        // An answer may be to another survey.
        let _ = answer.check(&survey);
    }
    if let Ok(config) = Config::from_json(bytes) {
        config.warnings();
    }
}

/// An index of songs, and a feature table. Songs named `a.wav` and `b.wav` exist.
pub fn index(bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = {
            let folder = tempfile::tempdir().expect("a folder");
            for name in ["a.wav", "b.wav"] {
                std::fs::write(folder.path().join(name), b"").expect("a file");
            }
            folder
        };
    }
    let read = |folder: &Path| {
        let path = folder.join("index.csv");
        std::fs::write(&path, bytes).expect("a file");
        if let Ok(songs) = soundalike_datasets::open(&path, 0) {
            assert!(!songs.is_empty());
        }
        if let Ok(table) = soundalike_datasets::FeatureTable::open(&path) {
            assert_eq!(table.rows.len(), table.labels.len());
        }
    };
    FOLDER.with(|folder| read(folder.path()));
}

/// The tags of a file.
pub fn tags(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    let tags = soundalike_datasets::SongTags::read(file.path());
    let texts = [&tags.title, &tags.album].into_iter().flatten();
    for text in texts.chain(&tags.artists) {
        assert!(!text.is_empty() && text.chars().count() <= 200);
    }
    let gains = [tags.replaygain.track_gain, tags.replaygain.album_peak];
    assert!(gains.into_iter().flatten().all(f32::is_finite));
}
