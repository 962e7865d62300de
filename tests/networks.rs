//! Every architecture trains on sounds, is saved to a file, and predicts when read again.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use soundalike_core::audio::{Clip, synth};
use soundalike_core::catalog::Track;
use soundalike_core::model::{Architecture, Head};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song, Split};
use soundalike_train::{Corruption, TrainingConfig, TrainingRun, evaluate, evaluate_tags};

const GENRES: [&str; 2] = ["high", "low"];

/// Trainings take turns: the seed of a device is shared by all that runs on it.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn written(clip: &Clip, path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: clip.rate(),
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    for &sample in clip.samples() {
        wav.write_sample(sample).expect("a sample");
    }
    wav.finalize().expect("a file");
}

/// High and low tones of two seconds, which every window but the shortest has to be filled up with.
fn songs(folder: &Path) -> Vec<Song> {
    (0..8)
        .map(|at| {
            let (genre, hz) = if at % 2 == 0 {
                (GENRES[0], 1500.0)
            } else {
                (GENRES[1], 150.0)
            };
            let file: PathBuf = folder.join(format!("{genre}-{at}.wav"));
            written(&synth::tone(hz + 10.0 * f64::from(at), 2.0, 22_050), &file);
            let split = if at < 6 { Split::Train } else { Split::Valid };
            let track = Track {
                genre: genre.to_owned(),
                path: file.display().to_string(),
                ..Track::default()
            };
            Song::new(file, split, track)
        })
        .collect()
}

fn fit(config: &TrainingConfig, train: &[Song], valid: &[Song], folder: &Path) {
    TrainingRun::on_songs(config, train, valid, &Device::flex(), folder, false)
        .and_then(|run| run.train())
        .unwrap_or_else(|e| panic!("{}: {e}", config.architecture));
}

fn config(name: &str) -> TrainingConfig {
    let architecture: Architecture = name.parse().expect(name);
    let mut config = TrainingConfig::new(
        architecture.with_genres(2),
        GENRES.map(str::to_owned).to_vec(),
    );
    config.epochs = 1;
    config.batch_size = 3;
    config
}

#[test]
fn every_architecture_trains_for_an_epoch_and_predicts_with_its_file() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let songs = songs(folder.path());
    let (train, valid) = songs.split_at(6);
    for name in Architecture::names() {
        let run = folder.path().join(name);
        fit(&config(name), train, valid, &run);
        let bytes = std::fs::read(run.join("model.safetensors")).expect(name);
        let predictor = Predictor::on_processor(&bytes).expect(name);
        let progress = Progress::new("evaluating", songs.len()).quiet();
        let report = evaluate(&predictor, &songs, Corruption::Clean, &progress).expect(name);
        assert_eq!((report.clips, report.errors.len()), (8, 0), "{name}");
        // A sound of several windows, and the reference input, which gives some networks a single one.
        let answer = predictor
            .predict(&synth::tone(440.0, 7.0, 22_050))
            .expect(name);
        assert!((answer.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        assert_eq!(
            answer.embedding.len(),
            predictor.model().architecture.embedding()
        );
        assert!((answer.timeline.last().expect("a moment").end - 7.0).abs() < 1e-6);
        let difference = pollster::block_on(predictor.reference_difference()).expect(name);
        assert!(difference.expect("reference answers") < 1e-4, "{name}");
    }
}

/// The songs again, with a tag for what they are and one that every second pair has.
fn tagged_songs(folder: &Path) -> Vec<Song> {
    let mut songs = songs(folder);
    for (at, song) in songs.iter_mut().enumerate() {
        let genre = std::mem::take(&mut song.track.genre);
        song.labels = vec![genre];
        if at % 4 < 2 {
            song.labels.push("even".to_owned());
        }
    }
    songs
}

#[test]
fn every_architecture_is_trained_on_tags_too_and_its_file_has_them() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let songs = tagged_songs(folder.path());
    let (train, valid) = songs.split_at(6);
    for name in Architecture::names() {
        let mut config = config(name);
        config.genres = ["high", "low", "even"].map(str::to_owned).to_vec();
        config.architecture = config.architecture.with_genres(3);
        config.head = Head::Sigmoid;
        let run = folder.path().join(name);
        fit(&config, train, valid, &run);
        let bytes = std::fs::read(run.join("model.safetensors")).expect(name);
        // Programs from before there were heads, or this network, must not take tags for genres.
        let version = if name == "two-stream" { 4 } else { 3 };
        let version = format!(r#"\"format_version\":{version}"#);
        assert!(
            String::from_utf8_lossy(&bytes[..600]).contains(&version),
            "{name}"
        );
        let predictor = Predictor::on_processor(&bytes).expect(name);
        assert_eq!(predictor.model().calibration.head, Head::Sigmoid);
        let progress = Progress::new("evaluating", songs.len()).quiet();
        let (found, details) =
            evaluate_tags(&predictor, &songs, Corruption::Clean, &progress).expect(name);
        assert_eq!((found.clips, details.right.len()), (8, 8), "{name}");
        assert_eq!(found.report.per_tag["even"].support, 4, "{name}");
        let difference = pollster::block_on(predictor.reference_difference()).expect(name);
        assert!(difference.expect("reference answers") < 1e-4, "{name}");
    }
}

#[test]
fn audible_tags_are_predicted_with_probabilities_of_their_own() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let mut songs = tagged_songs(folder.path());
    for (at, song) in songs.iter_mut().enumerate() {
        // Loud ones are those with the second tag, so both can be predicted.
        let gain = if at % 4 < 2 { 1.0 } else { 0.02 };
        let clip = song.clip().expect("a sound");
        let samples = clip.samples().iter().map(|s| s * gain).collect();
        written(
            &Clip::new(samples, clip.rate()).expect("a sound"),
            &song.file,
        );
    }
    let (train, valid) = songs.split_at(6);
    let mut config = config("mfcc-cnn");
    config.genres = ["high", "low", "even"].map(str::to_owned).to_vec();
    config.architecture = config.architecture.with_genres(3);
    config.head = Head::Sigmoid;
    config.epochs = 30;
    config.mixup = 0.0;
    let run = folder.path().join("run");
    fit(&config, train, valid, &run);
    let metrics = std::fs::read_to_string(run.join("metrics.csv")).expect("metrics");
    assert!(metrics.starts_with("epoch,") && metrics.contains("valid_average_precision"));
    let bytes = std::fs::read(run.join("model.safetensors")).expect("a model");
    let predictor = Predictor::on_processor(&bytes).expect("a model");
    let loud_and_high = predictor
        .predict(&songs[0].clip().expect("a sound"))
        .expect("an answer");
    assert!(loud_and_high.probabilities[0] > 0.5 && loud_and_high.probabilities[2] > 0.5);
    assert!(loud_and_high.probabilities[1] < 0.5);
    let quiet_and_low = predictor
        .predict(&songs[3].clip().expect("a sound"))
        .expect("an answer");
    assert!(quiet_and_low.probabilities[1] > 0.5 && quiet_and_low.probabilities[2] < 0.5);
    assert_eq!(quiet_and_low.verdict(&config.genres).to_string(), "Low");
}

#[test]
fn one_seed_makes_one_model() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let songs = songs(folder.path());
    let (train, valid) = songs.split_at(6);
    let mut varied = config("mfcc-crnn");
    varied.variation.copies = 1;
    varied.variation.pitch = 1.0;
    varied.variation.noise = 20.0;
    let bytes = |run: &str, config: &TrainingConfig| {
        let run = folder.path().join(run);
        fit(config, train, valid, &run);
        std::fs::read(run.join("model.safetensors")).expect("a model")
    };
    let first = bytes("first", &varied);
    assert_eq!(first, bytes("second", &varied));
    varied.spec_augment = true;
    let masked = bytes("masked", &varied);
    assert_ne!(first, masked);
    assert_eq!(masked, bytes("masked again", &varied));
}

#[test]
fn rows_of_a_table_are_classified() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let value =
        |row: usize, column: usize| ((row * 7 + column * 13) % 10) as f32 + 6.0 * (row % 2) as f32;
    let table = FeatureTable {
        names: (0..40).map(|row| row.to_string()).collect(),
        rows: (0..40)
            .map(|row| (0..57).map(|column| value(row, column)).collect())
            .collect(),
        labels: (0..40).map(|row| row % 2).collect(),
        genres: GENRES.map(str::to_owned).to_vec(),
    };
    let rows: Vec<usize> = (0..40).collect();
    for name in ["vector-cnn", "vector-mlp"] {
        let mut config = config(name);
        config.epochs = 20;
        config.batch_size = 8;
        let run = folder.path().join(name);
        TrainingRun::on_rows(&config, &table, &rows, &Device::flex(), &run)
            .and_then(|run| run.train())
            .expect("trains");
        let metrics = std::fs::read_to_string(run.join("metrics.csv")).expect("metrics");
        let loss = |line: &str| {
            line.split(',')
                .nth(2)
                .and_then(|cell| cell.parse::<f64>().ok())
        };
        let losses: Vec<f64> = metrics.lines().filter_map(loss).collect();
        assert_eq!(losses.len(), 20);
        assert!(losses[19] < 0.8 * losses[0], "{losses:?}");
    }
}
