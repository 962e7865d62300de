//! Every file of the fuzzer's corpora goes through every reader without a panic: the seeds, and what a fuzzer
//! once found.

#[path = "../fuzz/readers.rs"]
mod readers;

use std::fs;
use std::path::{Path, PathBuf};

use soundalike_core::audio::decode_bytes;
use soundalike_core::catalog::Catalog;
use soundalike_core::model::Model;
use soundalike_survey::{Answer, Config};

fn corpora() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("fuzz/corpora")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of fuzz/corpora");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn seed(name: &str) -> Vec<u8> {
    fs::read(corpora().join(name)).expect(name)
}

#[test]
fn every_file_goes_through_every_reader() {
    for (of, _) in readers::ALL {
        let found = files(&corpora().join(of));
        assert!(!found.is_empty(), "{of} has no corpus");
        for file in found {
            let bytes = fs::read(&file).expect("a file");
            for (name, read) in readers::ALL {
                // Said before, so that a panic has the file above it.
                println!("{name}: {}", file.display());
                read(&bytes);
            }
        }
    }
}

#[test]
fn the_whole_seeds_are_accepted() {
    let decoded = decode_bytes(seed("audio/whole.wav"), "whole.wav").expect("a sound");
    assert_eq!(decoded.clip.samples().len(), 400);
    let model = Model::on_processor(&seed("model/two-stream.safetensors"));
    assert_eq!(model.expect("a model").genres.len(), 2);
    let catalog = Catalog::from_bytes(&seed("catalog/three-songs.safetensors"));
    assert_eq!(catalog.expect("a catalogue").len(), 3);
    let survey = Config::from_json(include_bytes!("../survey/config.json")).expect("a survey");
    let answer = Answer::from_json(&seed("answer/song.json")).expect("an answer");
    answer.check(&survey).expect("an answer to the survey");
    Config::from_json(&seed("answer/survey.json")).expect("a survey");

    // Indexes name songs that have to be there.
    let folder = tempfile::tempdir().expect("a folder");
    for song in ["a.wav", "b.wav"] {
        fs::write(folder.path().join(song), b"").expect("a file");
    }
    for index in ["index.csv", "licences.csv"] {
        let path = folder.path().join(index);
        fs::write(&path, seed(&format!("index/{index}"))).expect("a file");
        assert_eq!(soundalike_datasets::open(&path, 0).expect(index).len(), 2);
    }
    let path = folder.path().join("features.csv");
    fs::write(&path, seed("index/features.csv")).expect("a file");
    let table = soundalike_datasets::FeatureTable::open(&path).expect("a table");
    assert_eq!(table.rows.len(), 2);
}
