//! The terminal as its users meet it: real files in, JSON or a sentence out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use soundalike_core::audio::{Clip, synth};
use soundalike_core::catalog::Catalog;
use soundalike_core::model::GENRES;

fn soundalike(arguments: &[&str]) -> Output {
    Command::cargo_bin("soundalike")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

fn trainer(arguments: &[&str]) -> Output {
    Command::cargo_bin("trainer")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{e}: {}", String::from_utf8_lossy(&output.stdout));
    })
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write_wav(path: &Path, clip: &Clip) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: clip.rate(),
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for &sample in clip.samples() {
        wav.write_sample(sample).unwrap();
    }
    wav.finalize().unwrap();
}

/// A folder with the sample song in it.
fn with_song() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.wav");
    write_wav(&song, &synth::sample_song());
    (folder, song)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn classify_prints_the_documented_json() {
    let (_folder, song) = with_song();
    let output = soundalike(&["classify", "--json", text(&song)]);
    assert!(output.status.success(), "{}", errors(&output));
    let answer = &json(&output)["files"][0];
    assert_eq!(answer["path"], text(&song));
    assert!((answer["seconds"].as_f64().unwrap() - synth::sample_song().seconds()).abs() < 0.01);
    let probabilities = answer["probabilities"].as_object().unwrap();
    assert_eq!(probabilities.keys().collect::<Vec<_>>(), GENRES);
    let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-4);
    let genre = answer["genre"].as_str().unwrap();
    assert_eq!(answer["confidence"], probabilities[genre]);
    assert!(
        probabilities
            .values()
            .all(|p| p.as_f64() <= answer["confidence"].as_f64())
    );
    assert_eq!(answer["embedding"].as_array().unwrap().len(), 128);
    let timeline = answer["timeline"].as_array().unwrap();
    assert!(timeline.len() >= 8);
    assert_eq!(timeline[0]["start"], 0.0);
    assert!(
        timeline
            .iter()
            .all(|t| t["start"].as_f64() < t["end"].as_f64())
    );
    assert!(
        timeline
            .windows(2)
            .all(|pair| pair[0]["end"] == pair[1]["start"]),
        "moments follow one another without gap or overlap"
    );
    let tags = answer["tags"].as_object().unwrap();
    assert_eq!(tags.len(), 50);
    assert!(tags.contains_key("Hip-Hop") && tags.contains_key("female vocalists"));
    assert!(
        tags.values()
            .all(|p| (0.0..=1.0).contains(&p.as_f64().unwrap()))
    );
    assert!(
        answer["music"].as_f64().unwrap() > 0.5,
        "{}",
        answer["music"]
    );
}

#[test]
fn what_is_not_music_gets_no_genre_that_is_sure() {
    let folder = tempfile::tempdir().unwrap();
    let hum = |hz: f64| synth::tone(hz, 6.0, 22_050);
    let quiet: Vec<f32> = synth::noise(5, 6.0, 22_050)
        .samples()
        .iter()
        .map(|s| s * 0.003)
        .collect();
    let sounds = [
        ("noise", synth::noise(4, 8.0, 44_100)),
        ("hum", hum(50.0)),
        ("tone", hum(1000.0)),
        ("hiss", Clip::new(quiet, 22_050).unwrap()),
    ];
    for (name, clip) in sounds {
        let file = folder.path().join(format!("{name}.wav"));
        write_wav(&file, &clip);
        let output = soundalike(&["classify", "--json", text(&file)]);
        let answer = &json(&output)["files"][0];
        let confidence = answer["confidence"].as_f64().unwrap();
        assert!(confidence <= 0.5, "{name}: {confidence}");
        let output = soundalike(&["classify", text(&file)]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("Not sure"), "{name}: {said}");
    }
}

#[test]
fn the_same_sound_at_another_rate_gets_nearly_the_same_answer() {
    let (folder, song) = with_song();
    let other = folder.path().join("other.wav");
    write_wav(&other, &synth::sample_song().resampled(48_000).unwrap());
    let output = soundalike(&["classify", "--json", text(&song), text(&other)]);
    let files = json(&output)["files"].clone();
    assert_eq!(files[0]["genre"], files[1]["genre"]);
    let embedding = |i: usize| -> Vec<f64> {
        let values = files[i]["embedding"].as_array().unwrap();
        values.iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (embedding(0), embedding(1));
    let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
    // Two resamplings take away what lies near half the sample rate.
    assert!(cosine > 0.99, "{cosine}");
}

#[test]
fn recommend_finds_ten_songs_and_a_song_of_the_catalogue_first() {
    let (folder, song) = with_song();
    let output = soundalike(&["recommend", "--json", text(&song)]);
    assert!(output.status.success(), "{}", errors(&output));
    let answer = &json(&output)["files"][0];
    let found = answer["recommendations"].as_array().unwrap();
    assert_eq!(found.len(), 10);
    for (index, song) in found.iter().enumerate() {
        assert_eq!(song["rank"], index + 1);
        assert!(!song["title"].as_str().unwrap().is_empty());
        assert!(!song["why"].as_str().unwrap().is_empty());
        assert!(song["artist"].is_string() && song["genre"].is_string());
    }

    // A catalogue of one's own: every song finds itself.
    let music = folder.path().join("music");
    fs::create_dir_all(music.join("one")).unwrap();
    let mut names = Vec::new();
    for (name, clip) in [
        ("song", synth::sample_song()),
        ("tone", synth::tone(330.0, 4.0, 22_050)),
        ("noise", synth::noise(1, 4.0, 22_050)),
    ] {
        let path = music.join("one").join(format!("{name}.wav"));
        write_wav(&path, &clip);
        names.push((name, path));
    }
    let catalog = folder.path().join("own.safetensors");
    let output = soundalike(&["catalog", "build", text(&music), "-o", text(&catalog)]);
    assert!(output.status.success(), "{}", errors(&output));
    for (name, path) in &names {
        for mode in ["--cosine", "--genre-aware"] {
            let own = [
                "recommend",
                "--json",
                "-k",
                "2",
                mode,
                "--catalog",
                text(&catalog),
            ];
            let output = soundalike(&[&own[..], &[text(path)]].concat());
            let first = json(&output)["files"][0]["recommendations"][0].clone();
            assert_eq!(first["title"], *name);
            assert!(first["similarity"].as_f64().unwrap() > 0.98);
        }
    }
    let info = soundalike(&["catalog", "info", "--json", text(&catalog)]);
    assert_eq!(json(&info)["songs"], 3);
    assert_eq!(json(&info)["shipped_model"], true);
}

#[test]
fn a_catalogue_is_built_without_sets_and_with_what_a_table_knows_better() {
    let folder = tempfile::tempdir().unwrap();
    write_wav(
        &folder.path().join("a.wav"),
        &synth::tone(330.0, 4.0, 22_050),
    );
    write_wav(&folder.path().join("b.wav"), &synth::noise(1, 4.0, 22_050));
    let index = folder.path().join("index.csv");
    let rows = "path,set,genre,split,artist,title,album,seconds,licence,source\n\
                a.wav,free,,extra,Some_Band,03_a_song,,4,CC BY-SA 3.0,owner/name\n\
                b.wav,loops,,extra,,,,4,,\n";
    fs::write(&index, rows).unwrap();
    let table = folder.path().join("songs.csv");
    let link = "https://example.org/a.wav";
    fs::write(
        &table,
        format!("path,title,artist,licence,link\na.wav,,The Band,,{link}\n"),
    )
    .unwrap();
    let catalog = folder.path().join("own.safetensors");
    let build = ["catalog", "build", text(&index), "-o", text(&catalog)];
    let flags = ["--without-set", "loops", "--songs", text(&table)];
    let output = soundalike(&[&build[..], &flags].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let song = folder.path().join("a.wav");
    let found = soundalike(&[
        "recommend",
        "--json",
        "--catalog",
        text(&catalog),
        text(&song),
    ]);
    let songs = json(&found)["files"][0]["recommendations"].clone();
    assert_eq!(songs.as_array().unwrap().len(), 1);
    assert_eq!(songs[0]["title"], "A song");
    assert_eq!(songs[0]["artist"], "The Band");
    assert_eq!(songs[0]["licence"], "CC-BY-SA-3.0");
    assert_eq!(songs[0]["link"], link);

    let output = soundalike(&[&build[..], &["--without-set", "lops"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("\"lops\""), "{}", errors(&output));
    fs::write(&table, "path,title,artist,licence,link\nc.wav,C,,,\n").unwrap();
    let output = soundalike(&[&build[..], &["--songs", text(&table)]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("songs.csv, line 2"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_catalogue_in_cells_is_searched_by_reading_a_part_of_it() {
    let (folder, song) = with_song();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/catalog.safetensors");
    let cells = folder.path().join("shipped.cells");
    let output = soundalike(&["catalog", "index", text(&shipped), "-o", text(&cells)]);
    assert!(output.status.success(), "{}", errors(&output));

    let search = ["catalog", "search", text(&cells), text(&song), "--json"];
    let found = json(&soundalike(&search));
    let songs = found["songs"].as_array().unwrap();
    assert_eq!(songs.len(), 10);
    let by_cosine = ["recommend", "--cosine", "-k", "1", "--json", text(&song)];
    let exact = json(&soundalike(&by_cosine));
    let exact = &exact["files"][0]["recommendations"][0];
    assert_eq!(songs[0]["path"], exact["path"]);

    let little = soundalike(&[&search[..], &["--read", "10000", "-k", "3"]].concat());
    let little = json(&little);
    assert_eq!(little["songs"].as_array().unwrap().len(), 3);
    assert!(little["bytes_to_search"].as_u64().unwrap() < 15_000);

    let output = soundalike(&["catalog", "search", text(&shipped), text(&song)]);
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    assert!(
        said.contains("catalog.safetensors") && said.contains("is not a catalogue"),
        "{said}"
    );
}

#[test]
fn hubs_are_corrected_when_asked_in_the_ranking_by_similarity_alone() {
    let (_folder, song) = with_song();
    let search = ["recommend", "-k", "50", "--json", text(&song)];
    let titles = |more: &[&str]| -> Vec<Value> {
        let found = json(&soundalike(&[&search[..], more].concat()));
        let songs = found["files"][0]["recommendations"].as_array().unwrap();
        songs.iter().map(|song| song["path"].clone()).collect()
    };
    let plain = titles(&["--cosine"]);
    let corrected = titles(&["--cosine", "--mutual-proximity"]);
    assert_eq!((plain.len(), corrected.len()), (50, 50));
    assert_ne!(plain, corrected);
    let output = soundalike(&[&search[..], &["--mutual-proximity"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}

#[test]
fn an_artist_can_be_left_out() {
    let (_folder, song) = with_song();
    let first = json(&soundalike(&["recommend", "--json", text(&song)]));
    let artists: Vec<String> = first["files"][0]["recommendations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["artist"].as_str().unwrap().to_owned())
        .filter(|artist| !artist.is_empty())
        .collect();
    let out = &artists[0];
    let again = json(&soundalike(&[
        "recommend",
        "--json",
        "--exclude-artist",
        out,
        text(&song),
    ]));
    for song in again["files"][0]["recommendations"].as_array().unwrap() {
        assert_ne!(song["artist"], **out);
    }
}

#[test]
fn features_are_numpy_arrays_of_the_documented_shapes() {
    let (folder, song) = with_song();
    let samples = synth::sample_song().samples().len() as u64;
    let frames = 1 + samples / 512;
    // Halved five times, rounded up.
    let mut coefficients = vec![samples];
    for _ in 0..5 {
        let half = coefficients.pop().unwrap().div_ceil(2);
        coefficients.extend([half, half]);
    }
    for (kind, shape) in [
        ("logmel", &[128, frames][..]),
        ("melspec", &[128, frames]),
        ("stft", &[1025, frames]),
        ("mfcc", &[20, frames]),
        ("chroma", &[12, frames]),
        ("frame", &[5, frames]),
        ("dwt", &[coefficients.iter().sum()]),
        ("descriptors", &[57]),
    ] {
        let file = folder.path().join(format!("{kind}.npy"));
        let output = soundalike(&["features", text(&song), "--kind", kind, "-o", text(&file)]);
        assert!(output.status.success(), "{}", errors(&output));
        let bytes = fs::read(&file).unwrap();
        let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
        assert_eq!(npy.shape(), shape, "{kind}");
        assert!(npy.into_vec::<f32>().unwrap().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn bad_files_get_a_sentence_each_and_the_good_one_its_answer() {
    let (folder, song) = with_song();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.wav"), b"").unwrap();
    fs::write(path("text.mp3"), b"This is no music, only words.").unwrap();
    fs::create_dir(path("folder")).unwrap();
    write_wav(
        &path("silence.wav"),
        &Clip::new(vec![0.0; 22_050], 22_050).unwrap(),
    );
    let whole = fs::read(&song).unwrap();
    // NaN samples, and a header that claims 4 GiB or no channels.
    let mut nan = whole.clone();
    let middle = nan.len() / 2 / 4 * 4;
    nan[middle..middle + 64].copy_from_slice(&f32::NAN.to_le_bytes().repeat(16));
    fs::write(path("nan.wav"), nan).unwrap();
    let mut no_channels = whole.clone();
    let fmt = whole.windows(4).position(|w| w == b"fmt ").unwrap();
    no_channels[fmt + 10..fmt + 12].copy_from_slice(&[0, 0]);
    fs::write(path("no-channels.wav"), no_channels).unwrap();

    let loud = Clip::new(vec![1e5; 22_050], 22_050).unwrap();
    write_wav(&path("loud.wav"), &loud);
    let mut bytes = fs::read(path("loud.wav")).unwrap();
    let data = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    bytes[data..data + 4].copy_from_slice(&1e18_f32.to_le_bytes());
    fs::write(path("loud.wav"), bytes).unwrap();

    let bad = [
        "loud.wav",
        "empty.wav",
        "text.mp3",
        "folder",
        "silence.wav",
        "nan.wav",
        "no-channels.wav",
        "missing.wav",
    ];
    let mut files: Vec<PathBuf> = bad.iter().map(|name| path(name)).collect();
    files.insert(3, song.clone());
    let mut arguments = vec!["classify", "--json"];
    arguments.extend(files.iter().map(|file| text(file)));
    let output = soundalike(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let answers = json(&output);
    let answers = answers["files"].as_array().unwrap();
    assert_eq!(answers.len(), 9);
    for (file, answer) in files.iter().zip(answers) {
        assert_eq!(answer["path"], text(file));
        if file == &song {
            assert!(answer["genre"].is_string());
            continue;
        }
        let sentence = answer["error"].as_str().unwrap();
        assert!(
            sentence.len() > 15 && !sentence.contains('\n'),
            "{sentence}"
        );
        assert!(errors(&output).contains(&format!("{}: {sentence}", text(file))));
    }
}

#[test]
fn sounds_that_are_odd_but_whole_enough_are_heard_with_a_note() {
    let (folder, song) = with_song();
    let path = |name: &str| folder.path().join(name);
    write_wav(&path("short.wav"), &synth::tone(440.0, 0.2, 44_100));
    let mut huge = fs::read(&song).unwrap();
    let data = huge.windows(4).position(|w| w == b"data").unwrap();
    huge[data + 4..data + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(path("huge.wav"), huge).unwrap();
    let mp3 = fs::read(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/data/cbr-44100.mp3"),
    );
    let mp3 = mp3.unwrap();
    fs::write(path("cut.mp3"), &mp3[..mp3.len() / 2]).unwrap();
    for name in ["short.wav", "huge.wav", "cut.mp3"] {
        let output = soundalike(&["classify", "--json", text(&path(name))]);
        assert!(output.status.success(), "{name}: {}", errors(&output));
        let notes = &json(&output)["files"][0]["notes"];
        assert!(!notes.as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn wrong_usage_exits_with_two_and_files_of_another_kind_with_a_sentence() {
    assert_eq!(soundalike(&["classify"]).status.code(), Some(2));
    assert_eq!(
        soundalike(&["recommend", "-k", "0", "x.wav"]).status.code(),
        Some(2)
    );
    assert_eq!(trainer(&["evaluate"]).status.code(), Some(2));
    for wrong in [["--epochs", "0"], ["--lr", "7"], ["--arch", "nonsense"]] {
        let arguments = ["train", "--data", "nowhere", "-o", "nowhere"];
        let output = trainer(&[&arguments[..], &wrong].concat());
        assert_eq!(
            output.status.code(),
            Some(2),
            "{wrong:?}: {}",
            errors(&output)
        );
    }
    let (folder, song) = with_song();
    let output = soundalike(&["classify", "--model", text(&song), text(&song)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("is not a model"),
        "{}",
        errors(&output)
    );
    let output = soundalike(&["recommend", "--catalog", text(&song), text(&song)]);
    assert!(
        errors(&output).contains("is not a catalogue"),
        "{}",
        errors(&output)
    );
    let output = soundalike(&[
        "catalog",
        "build",
        text(folder.path()),
        "-o",
        "/no/such/folder/x",
    ]);
    assert_eq!(output.status.code(), Some(1));
}

/// A folder of two genres that are easy to tell apart: tones and noises.
fn two_genres() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for genre in ["noises", "tones"] {
        fs::create_dir(folder.path().join(genre)).unwrap();
        for i in 0..12_u16 {
            let clip = match genre {
                "tones" => synth::tone(200.0 + 100.0 * f64::from(i), 3.0, 22_050),
                _ => synth::noise(u64::from(i), 3.0, 22_050),
            };
            write_wav(&folder.path().join(genre).join(format!("{i}.wav")), &clip);
        }
    }
    folder
}

#[test]
fn training_learns_and_repeats_and_its_model_works_everywhere() {
    let data = two_genres();
    let runs = tempfile::tempdir().unwrap();
    let (whole, again) = (runs.path().join("whole"), runs.path().join("again"));
    let train = |folder: &Path, more: &[&str]| {
        let arguments = [
            "train",
            "--data",
            text(data.path()),
            "--batch",
            "4",
            "--epochs",
            "4",
            "-o",
            text(folder),
        ];
        let output = trainer(&[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
    };
    train(&whole, &[]);
    train(&again, &[]);
    let metrics = |folder: &Path| -> Vec<String> {
        let text = fs::read_to_string(folder.join("metrics.csv")).unwrap();
        // Seconds differ from run to run.
        text.lines()
            .map(|l| l.rsplit_once(',').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(metrics(&whole).len(), 5);
    assert_eq!(metrics(&whole), metrics(&again), "one seed, one result");
    train(&again, &["--resume"]);
    assert_eq!(metrics(&whole), metrics(&again), "nothing is left to do");

    let model = whole.join("model.safetensors");
    let arguments = [
        "evaluate",
        "--data",
        text(data.path()),
        "--split",
        "all",
        "--json",
        "--model",
    ];
    let output = trainer(&[&arguments[..], &[text(&model)]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let report = json(&output);
    assert_eq!(report["clips"], 24);
    assert!(report["accuracy"].as_f64().unwrap() >= 0.9, "{report}");
    for key in ["macro_f1", "auc_macro", "precision_at_5", "precision_at_10"] {
        let value = report[key].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{key}");
    }
    assert_eq!(report["per_genre"]["tones"]["support"], 12);

    let song = data.path().join("tones/3.wav");
    let output = soundalike(&["classify", "--json", "--model", text(&model), text(&song)]);
    assert_eq!(json(&output)["files"][0]["genre"], "tones");
    // The shipped catalogue was made by another model.
    let output = soundalike(&["recommend", "--model", text(&model), text(&song)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("another model"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_result_of_an_unbroken_one() {
    let data = two_genres();
    let runs = tempfile::tempdir().unwrap();
    let (whole, broken) = (runs.path().join("whole"), runs.path().join("broken"));
    let arguments = |folder: &Path| -> Vec<String> {
        let fixed = [
            "train",
            "--data",
            text(data.path()),
            "--batch",
            "4",
            "--epochs",
            "3",
            "-o",
        ];
        let fixed = fixed.iter().map(|s| (*s).to_owned());
        fixed.chain([text(folder).to_owned()]).collect()
    };
    let done = Command::cargo_bin("trainer")
        .unwrap()
        .args(arguments(&whole))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", errors(&done));
    // Started as a process of its own and killed as soon as its first checkpoint is there.
    let mut process = std::process::Command::new(assert_cmd::cargo::cargo_bin("trainer"))
        .args(arguments(&broken))
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = broken.join("checkpoint/state.json");
    while !checkpoint.exists() && process.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let again = arguments(&broken);
    let refused = Command::cargo_bin("trainer")
        .unwrap()
        .args(&again)
        .output()
        .unwrap();
    assert!(
        errors(&refused).contains("--resume"),
        "{}",
        errors(&refused)
    );
    let done = Command::cargo_bin("trainer")
        .unwrap()
        .args(again)
        .arg("--resume")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", errors(&done));
    let model = |folder: &Path| fs::read(folder.join("model.safetensors")).unwrap();
    assert!(
        model(&whole) == model(&broken),
        "the resumed model is another one"
    );
}

/// What `trainer train` says of data that it refuses, before it makes anything.
fn refused(data: &Path) -> String {
    let out = tempfile::tempdir().unwrap();
    let run = out.path().join("run");
    let output = trainer(&["train", "--data", text(data), "-o", text(&run)]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(!run.exists(), "nothing was begun");
    let said = errors(&output);
    let last = said.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("trainer: "), "{said}");
    last
}

#[test]
fn data_that_cannot_be_learnt_from_is_refused_with_a_sentence_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    let tone = |name: &str, hz: f64| {
        fs::create_dir_all(in_folder(name).parent().unwrap()).unwrap();
        write_wav(&in_folder(name), &synth::tone(hz, 1.0, 8000));
    };
    tone("genres/blues/blues.00000.wav", 200.0);
    tone("genres/blues/blues.00001.wav", 300.0);
    let said = refused(folder.path());
    assert!(said.contains("of one genre, blues"), "{said}");

    tone("genres/rock/blues.00000.wav", 400.0);
    let said = refused(folder.path());
    for part in ["blues/blues.00000.wav", "rock/blues.00000.wav", "one clip"] {
        assert!(said.contains(part), "{said}");
    }

    let index = in_folder("INDEX.csv");
    let header = "path,set,genre,split,artist,title,album,seconds";
    fs::write(
        &index,
        format!("{header}\ngenres/gone.wav,s,blues,train,,,,1\n"),
    )
    .unwrap();
    let said = refused(&index);
    assert!(
        said.contains("INDEX.csv, line 2") && said.contains("gone.wav"),
        "{said}"
    );
}

#[test]
fn events_of_the_libraries_are_plain_lines_on_standard_error() {
    let (folder, song) = with_song();
    let jazz = folder.path().join("jazz");
    fs::create_dir(&jazz).unwrap();
    fs::rename(&song, jazz.join("jazz.00053.wav")).unwrap();
    let broken = jazz.join("jazz.00054.wav");
    fs::write(&broken, "no sound").unwrap();
    let out = tempfile::tempdir().unwrap();
    let skipped = format!(
        "{}: skipped, because jazz.00054 is broken in common copies of GTZAN",
        broken.display()
    );
    let run = out.path().join("run");
    let trained = trainer(&["train", "--data", text(folder.path()), "-o", text(&run)]);
    let catalog = out.path().join("catalog.bin");
    let built = soundalike(&[
        "catalog",
        "build",
        text(folder.path()),
        "-o",
        text(&catalog),
    ]);
    assert!(built.status.success(), "{}", errors(&built));
    for said in [errors(&trained), errors(&built)] {
        assert!(said.lines().any(|line| line == skipped), "{said}");
    }
    // Progress, where there is no terminal.
    fs::remove_file(&broken).unwrap();
    fs::rename(jazz.join("jazz.00053.wav"), jazz.join("a.wav")).unwrap();
    let built = errors(&soundalike(&[
        "catalog",
        "build",
        text(folder.path()),
        "-o",
        text(&catalog),
    ]));
    let progress = |line: &str| line.starts_with("reading the tags: 1 of 1 (");
    assert!(built.lines().any(progress), "{built}");
}

#[test]
fn songs_with_tags_are_learnt_measured_and_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut table = "clip_id\tlow\thigh\tloud\tmp3_path\n".to_owned();
    for clip in 0..16 {
        let part = char::from(b"0123cdef"[clip / 2]);
        let (low, loud) = (clip % 2 == 0, clip % 4 < 2);
        let hz = if low { 150.0 } else { 1500.0 } + clip as f64;
        let tone = synth::tone(hz, 2.0, 22_050);
        let gain = if loud { 1.0 } else { 0.05 };
        let samples = tone.samples().iter().map(|s| s * gain).collect();
        fs::create_dir_all(at(&part.to_string())).unwrap();
        let name = format!("{part}/{clip}.wav");
        write_wav(&at(&name), &Clip::new(samples, tone.rate()).unwrap());
        let cell = |has: bool| u8::from(has);
        let (low, high, loud) = (cell(low), cell(!low), cell(loud));
        table += &format!("{clip}\t{low}\t{high}\t{loud}\t{name}\n");
    }
    fs::write(at("annotations_final.csv"), table).unwrap();
    let (run, page) = (at("run"), at("page"));
    let mut arguments = vec!["train", "--data", text(folder.path()), "--arch", "mfcc-cnn"];
    arguments.extend(["--epochs", "2", "-o", text(&run)]);
    let refused = trainer(&[&arguments[..], &["--head", "softmax"]].concat());
    assert!(!refused.status.success() && !run.exists());
    assert!(errors(&refused).contains("tags, many at once"));
    let output = trainer(&[&arguments[..], &["--report", text(&page)]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Hamming accuracy"));
    assert!(
        fs::read_to_string(page.join("report.html"))
            .unwrap()
            .contains("Tag by tag")
    );
    let card: Value = serde_json::from_slice(&fs::read(run.join("card.json")).unwrap()).unwrap();
    assert_eq!(
        (&card["head"], &card["valid"]["clips"]),
        (&"sigmoid".into(), &2.into())
    );

    let model = run.join("model.safetensors");
    let model = text(&model);
    let measured = [
        "evaluate",
        "--data",
        text(folder.path()),
        "--model",
        model,
        "--json",
    ];
    let report = json(&trainer(&measured));
    // Folders d, e and f test.
    assert_eq!(report["clips"], 6);
    assert_eq!(report["per_tag"]["loud"]["support"], 2);
    let song = at("0/0.wav");
    let found = json(&soundalike(&[
        "classify",
        text(&song),
        "--model",
        model,
        "--json",
    ]));
    assert_eq!(found["files"][0]["head"], "sigmoid");
    assert_eq!(
        found["files"][0]["probabilities"]
            .as_object()
            .unwrap()
            .len(),
        3
    );

    let compared = at("compared");
    let mut arguments = vec!["compare", "--data", text(folder.path()), "--arch"];
    arguments.extend([
        "mfcc-cnn",
        "--seeds",
        "1",
        "--epochs",
        "1",
        "-o",
        text(&compared),
    ]);
    let nowhere = at("nowhere");
    let output = trainer(&[&arguments[..], &["--pkg", text(&nowhere)]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("| Hamming accuracy |") && table.contains("| mean AP |"));
    // No page was built here.
    assert!(table.contains("| not measured |"));
    let said = errors(&output);
    assert_eq!(said.matches("cargo xtask build").count(), 1, "{said}");

    let pkg = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("pkg");
    if !pkg.join("networks/soundalike_bg.wasm").is_file() {
        println!("skipped: the page is not built, so no model is timed in it");
        return;
    }
    // The run is there already: only the time is made up for.
    let output = trainer(&[&arguments[..], &["--pkg", text(&pkg)]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("is there already"));
    let file = fs::read(compared.join("comparison.json")).unwrap();
    let comparison: Value = serde_json::from_slice(&file).unwrap();
    let found = comparison["models"][0]["wasm_ms"].as_f64().unwrap();
    assert!(found > 0.0 && found.is_finite());
}

#[test]
fn numbers_of_a_split_by_segment_come_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (genre, hz) in [("blues", 200.0), ("rock", 900.0)] {
        fs::create_dir(folder.path().join(genre)).unwrap();
        for i in 0..2_u8 {
            let clip = synth::tone(hz + f64::from(i), 12.0, 8000);
            write_wav(&folder.path().join(genre).join(format!("{i}.wav")), &clip);
        }
    }
    let measure = |more: &[&str]| {
        let arguments = ["evaluate", "--split", "all", "--data", text(folder.path())];
        let output = trainer(&[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
        output
    };
    let whole = json(&measure(&["--json"]));
    assert_eq!(whole["clips"], 4);
    assert!(whole["warning"].is_null());
    let pieces = json(&measure(&["--json", "--split-by", "segment"]));
    assert_eq!(pieces["clips"], 16);
    let warning = pieces["warning"].as_str().unwrap();
    assert!(warning.contains("both sides") && warning.contains("leaks"));
    let printed = measure(&["--split-by", "segment"]);
    assert!(String::from_utf8_lossy(&printed.stdout).contains(warning));
    let unknown = trainer(&["evaluate", "--data", ".", "--split-by", "song"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(errors(&unknown).contains("artist, clip, segment"));
}

/// A folder of two styles that are easily told apart, `clips` clips of three seconds each: steady tones, and short
/// notes with silence between them.
fn two_styles(clips: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for style in ["Drones", "Plucked strings"] {
        fs::create_dir(folder.path().join(style)).unwrap();
        for i in 0..clips {
            let tone = synth::tone(150.0 + 40.0 * i as f64, 3.0, 16_000);
            let samples = tone.samples().iter().enumerate().map(|(at, s)| {
                let since = (at % 4000) as f32 / 4000.0;
                if style == "Drones" {
                    *s
                } else {
                    s * (-12.0 * since).exp()
                }
            });
            let clip = Clip::new(samples.collect(), 16_000).unwrap();
            write_wav(&folder.path().join(style).join(format!("{i}.wav")), &clip);
        }
    }
    folder
}

#[test]
fn own_genres_are_learnt_from_a_folder_and_the_model_works_everywhere() {
    let folder = two_styles(6);
    let out = tempfile::tempdir().unwrap();
    let run = out.path().join("run");
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/two-stream.safetensors"
    );
    let arguments = [
        "train",
        "--data",
        text(folder.path()),
        "--from",
        shipped,
        "-o",
        text(&run),
    ];
    let output = trainer(&arguments);
    assert!(output.status.success(), "{}", errors(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "12 clips, 5 folds",
        "whole clips",
        "first 3 seconds",
        "accuracy",
        "Plucked strings",
    ] {
        assert!(printed.contains(part), "no {part} in {printed}");
    }
    let card: Value = serde_json::from_slice(&fs::read(run.join("card.json")).unwrap()).unwrap();
    let accuracy = card["accuracy"]["by_version"]["whole_clips"]["accuracy"]
        .as_f64()
        .unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    assert!(run.join("features.safetensors").is_file());

    let model = run.join("model.safetensors");
    let song = folder.path().join("Drones/3.wav");
    let output = soundalike(&["classify", "--json", "--model", text(&model), text(&song)]);
    let found = json(&output);
    assert_eq!(found["files"][0]["genre"], "Drones");
    assert_eq!(found["files"][0]["tags"].as_object().unwrap().len(), 50);
    let catalog = out.path().join("own.safetensors");
    let output = soundalike(&[
        "catalog",
        "build",
        text(folder.path()),
        "--model",
        text(&model),
        "-o",
        text(&catalog),
    ]);
    assert!(output.status.success(), "{}", errors(&output));
    let output = soundalike(&[
        "recommend",
        "--json",
        "--model",
        text(&model),
        "--catalog",
        text(&catalog),
        text(&song),
    ]);
    let found = json(&output);
    assert_eq!(found["files"][0]["recommendations"][0]["genre"], "Drones");
    // What is there is not overwritten, and the printed figures come again.
    assert!(!trainer(&arguments).status.success());
    let again = trainer(&[
        "evaluate",
        "--data",
        text(folder.path()),
        "--model",
        text(&model),
        "--cross-validate",
        "5",
        "--json",
    ]);
    let again = json(&again);
    assert_eq!(again["clips"], 12);
    let again = again["views"]["whole clips"]["accuracy"]["value"]
        .as_f64()
        .unwrap();
    assert!((again - accuracy).abs() < 0.005, "{again} {accuracy}");
}

#[test]
fn own_genres_that_cannot_be_learnt_are_refused_in_a_sentence_before_any_work() {
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/two-stream.safetensors"
    );
    let refused = |data: &Path, from: &str| -> String {
        let out = tempfile::tempdir().unwrap();
        let run = out.path().join("run");
        let output = trainer(&[
            "train",
            "--data",
            text(data),
            "--from",
            from,
            "-o",
            text(&run),
        ]);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        assert!(!run.join("model.safetensors").exists());
        let said = errors(&output);
        let last = said.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("trainer: "), "{said}");
        last
    };
    let few = two_styles(2);
    let said = refused(few.path(), shipped);
    assert!(said.contains("Drones has 2 clip(s)"), "{said}");

    let one = two_styles(4);
    fs::remove_dir_all(one.path().join("Drones")).unwrap();
    let said = refused(one.path(), shipped);
    assert!(said.contains("Plucked strings"), "{said}");

    let twice = two_styles(4);
    fs::create_dir(twice.path().join("drones")).unwrap();
    for i in 0..4 {
        let from = twice.path().join(format!("Drones/{i}.wav"));
        fs::copy(from, twice.path().join(format!("drones/again-{i}.wav"))).unwrap();
    }
    let said = refused(twice.path(), shipped);
    assert!(said.contains("upper and lower case"), "{said}");

    let fine = two_styles(3);
    let damaged = fine.path().join("damaged.safetensors");
    let bytes = fs::read(shipped).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let said = refused(fine.path(), text(&damaged));
    assert!(said.contains("is not a model"), "{said}");
    let said = refused(fine.path(), text(&fine.path().join("gone.safetensors")));
    assert!(said.contains("gone.safetensors"), "{said}");
}

/// A WAV with an ID3v2.4 tag of these frames behind its sound.
fn write_tagged(path: &Path, clip: &Clip, frames: &[(&str, &str)]) {
    write_wav(path, clip);
    let frames = frames.iter().map(|(name, text)| {
        let length = u8::try_from(text.len() + 1).unwrap();
        [
            name.as_bytes(),
            &[0, 0, 0, length, 0, 0, 3],
            text.as_bytes(),
        ]
        .concat()
    });
    let frames = frames.collect::<Vec<_>>().concat();
    let size = [0, 0, (frames.len() >> 7) as u8, (frames.len() & 0x7f) as u8];
    let tag = [&b"ID3\x04\0\0"[..], &size, &frames].concat();
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(b"id3 ");
    bytes.extend(u32::try_from(tag.len()).unwrap().to_le_bytes());
    bytes.extend(tag);
    fs::write(path, bytes).unwrap();
}

/// Characters that a terminal would obey: an escape sequence and an override of the writing direction.
const COMMANDS: &str = "\u{1b}[31m\u{202e}";

#[test]
fn what_a_terminal_would_obey_in_names_and_tags_is_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join(format!("music{COMMANDS}"));
    let genre = music.join(format!("rock{COMMANDS}"));
    fs::create_dir_all(&genre).unwrap();
    let song = genre.join(format!("song{COMMANDS}\n.wav"));
    let tags = [
        ("TIT2", "Title\u{1b}[2J"),
        ("TPE1", "One\u{202e}\0Two\u{9b}"),
    ];
    write_tagged(&song, &synth::tone(330.0, 4.0, 22_050), &tags);
    let broken = genre.join(format!("broken{COMMANDS}.wav"));
    fs::write(&broken, "no sound").unwrap();
    let short = genre.join(format!("short{COMMANDS}.wav"));
    write_wav(&short, &synth::tone(440.0, 0.2, 44_100));
    let catalog = folder.path().join("own\u{1b}.safetensors");

    let files = [text(&song), text(&broken), text(&short)];
    let catalog = text(&catalog);
    let missing = music.join("missing");
    let run = folder.path().join("run");
    let outputs = [
        soundalike(&[&["classify"][..], &files].concat()),
        soundalike(&["catalog", "build", text(&music), "-o", catalog]),
        soundalike(&["recommend", "--cosine", "--catalog", catalog, text(&song)]),
        soundalike(&["catalog", "info", catalog]),
        soundalike(&["catalog", "info", text(&song)]),
        soundalike(&["catalog", "build", text(&missing), "-o", catalog]),
        soundalike(&["survey", "check", text(&song)]),
        trainer(&["train", "--data", text(&music), "-o", text(&run)]),
        trainer(&["evaluate", "--data", text(&music), "--split", "all"]),
    ];
    for output in &outputs {
        for shown in [&output.stdout, &output.stderr] {
            let shown = String::from_utf8(shown.clone()).unwrap();
            let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!shown.contains(obeyed), "{shown:?}");
        }
    }
    let said = String::from_utf8_lossy(&outputs[0].stdout).into_owned();
    let name = r"song\u{1b}[31m\u{202e}\n.wav (4.0 s)";
    assert!(said.contains(name), "{said}");
    let name = r"  Title\u{1b}[2J by One\u{202e}, Two\u{9b}";
    assert!(said.contains(name), "{said}");
    let said = String::from_utf8_lossy(&outputs[2].stdout).into_owned();
    assert!(
        said.contains(r"One\u{202e}, Two\u{9b} – Title\u{1b}[2J"),
        "{said}"
    );

    // What is stored and written as JSON stays as it is.
    let found = soundalike(&["recommend", "--json", "--catalog", catalog, text(&song)]);
    let found = json(&found)["files"][0].clone();
    assert_eq!(found["path"], text(&song));
    assert_eq!(found["song"]["artists"][0], "One\u{202e}");
    assert_eq!(found["recommendations"][0]["title"], "Title\u{1b}[2J");
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_not_utf8_is_heard_and_found_again() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    let run = |arguments: &[&OsStr]| {
        let mut command = Command::cargo_bin("soundalike").unwrap();
        command.args(arguments).output().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let name = OsStr::from_bytes(b"caf\xe9 1.wav");
    let song = music.join(name);
    if fs::write(&song, "").is_err() {
        println!("skipped: this file system takes only UTF-8");
        return;
    }
    write_wav(&song, &synth::tone(330.0, 4.0, 22_050));
    let heard = run(&["classify".as_ref(), "--json".as_ref(), song.as_os_str()]);
    let file = json(&heard)["files"][0].clone();
    assert!(file["genre"].is_string());
    assert!(
        file["path"]
            .as_str()
            .unwrap()
            .ends_with("caf\u{fffd} 1.wav")
    );
    let bytes = file["path_bytes"].as_str().unwrap();
    assert!(bytes.ends_with("/music/caf%E9%201.wav"), "{bytes}");

    let catalog = folder.path().join("own.safetensors");
    let built = run(&[
        "catalog".as_ref(),
        "build".as_ref(),
        music.as_os_str(),
        "-o".as_ref(),
        catalog.as_os_str(),
    ]);
    assert!(built.status.success(), "{}", errors(&built));
    let tracks = Catalog::from_bytes(&fs::read(&catalog).unwrap())
        .unwrap()
        .tracks;
    assert_eq!(tracks[0].path, "caf\u{fffd} 1.wav");
    assert_eq!(tracks[0].path_bytes, "caf%E9%201.wav");

    let found = run(&[
        "recommend".as_ref(),
        "--json".as_ref(),
        "--catalog".as_ref(),
        catalog.as_os_str(),
        song.as_os_str(),
    ]);
    let first = json(&found)["files"][0]["recommendations"][0].clone();
    assert_eq!(first["path_bytes"], "caf%E9%201.wav");

    // An index that names it by its bytes leads to the same file.
    let index = music.join("index.csv");
    let rows = "path,set,genre,split,artist,title,album,path_bytes\n?,s,,extra,,,,caf%E9%201.wav\n";
    fs::write(&index, rows).unwrap();
    let arguments = ["catalog", "build", text(&index), "-o", text(&catalog)];
    let built = run(&arguments
        .map(OsString::from)
        .each_ref()
        .map(|a| a.as_os_str()));
    assert!(built.status.success(), "{}", errors(&built));
    let again = Catalog::from_bytes(&fs::read(&catalog).unwrap())
        .unwrap()
        .tracks;
    assert_eq!(again[0].path_bytes, tracks[0].path_bytes);
}

#[test]
fn notes_reach_every_command_and_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data"));
    let mp3 = fs::read(data.join("cbr-44100.mp3")).unwrap();
    let cut = music.join("cut.mp3");
    fs::write(&cut, &mp3[..mp3.len() / 2]).unwrap();
    write_wav(&music.join("whole.wav"), &synth::tone(330.0, 6.0, 22_050));
    fs::write(music.join("broken.wav"), "no sound").unwrap();
    write_wav(
        &music.join("silent.wav"),
        &Clip::new(vec![0.0; 22_050], 22_050).unwrap(),
    );

    let classified = soundalike(&["classify", "--json", text(&cut)]);
    let notes = json(&classified)["files"][0]["notes"].clone();
    let note = notes[0].as_str().unwrap().to_owned();
    let line = format!("{}: {note}", text(&cut));
    let features = folder.path().join("features.npy");
    let recommended = soundalike(&["recommend", "--json", text(&cut)]);
    assert_eq!(json(&recommended)["files"][0]["notes"], notes);
    for output in [
        classified,
        recommended,
        soundalike(&[
            "features",
            text(&cut),
            "--kind",
            "mfcc",
            "-o",
            text(&features),
        ]),
    ] {
        assert!(output.status.success());
        assert!(errors(&output).contains(&line), "{}", errors(&output));
    }

    let catalog = folder.path().join("own.safetensors");
    let built = soundalike(&["catalog", "build", text(&music), "-o", text(&catalog)]);
    assert_eq!(built.status.code(), Some(1), "two files failed");
    let said = errors(&built);
    let lines: Vec<&str> = said.lines().collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start:?} in {said}"))
    };
    let noted = at("1 file with a note:");
    assert_eq!(lines[noted + 1], format!("  {line}"));
    let failed = at("2 files left out:");
    for (row, start) in [(1, "broken.wav: "), (2, "silent.wav: is silent")] {
        let start = format!("  {}{start}", text(&music.join("")));
        assert!(lines[failed + row].starts_with(&start), "{said}");
    }
    assert!(lines.last().unwrap().contains("2 songs"), "{said}");
    let tracks = Catalog::from_bytes(&fs::read(&catalog).unwrap())
        .unwrap()
        .tracks;
    assert_eq!(
        (&*tracks[0].path, &*tracks[1].path),
        ("cut.mp3", "whole.wav")
    );
    assert_eq!(serde_json::json!(tracks[0].notes), notes);
    assert!(tracks[1].notes.is_empty());
    let info = soundalike(&["catalog", "info", "--json", text(&catalog)]);
    assert_eq!(json(&info)["songs_with_notes"], 1);
}

#[test]
fn what_the_tags_say_stands_beside_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.wav");
    let tags = [
        ("TIT2", "Duet"),
        ("TPE1", "One\0Two"),
        ("TALB", "Album"),
        ("TRCK", "3/9"),
    ];
    write_tagged(&song, &synth::tone(330.0, 4.0, 22_050), &tags);
    let found = json(&soundalike(&["classify", "--json", text(&song)]));
    let expected = serde_json::json!({
        "title": "Duet", "artists": ["One", "Two"], "album": "Album", "track": 3
    });
    assert_eq!(found["files"][0]["song"], expected);
    let shown = soundalike(&["classify", text(&song)]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("\n  Duet by One, Two on Album\n"), "{shown}");
    let plain = folder.path().join("plain.wav");
    write_wav(&plain, &synth::tone(330.0, 4.0, 22_050));
    let found = json(&soundalike(&["classify", "--json", text(&plain)]));
    assert!(found["files"][0]["song"].is_null());
}

#[test]
fn the_notices_name_the_model_and_the_packages_of_others() {
    let output = soundalike(&["notices"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for named in ["MusiCNN", "THIRD-PARTY SOFTWARE", "- serde ", "- sqlx "] {
        assert!(text.contains(named), "{named}");
    }
}

#[test]
fn a_backup_of_no_answers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = soundalike(&["survey", "backup", &at("copy"), "--data", &at("data")]);
    assert!(!output.status.success());
    assert!(errors(&output).contains("no answers in this folder"));
}
