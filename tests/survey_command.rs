//! `soundalike survey` as a researcher uses it: from a description to the report on its answers.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use soundalike_survey::{
    Answer, Config, Consent, Favourite, Kind, LISTENING_VERSION, Label, ListeningAnswer,
    ListeningKind, Opinion, Rated, VERSION, participant_code,
};

fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
    Command::cargo_bin(program)
        .unwrap()
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn soundalike(arguments: &[&str], folder: &Path) -> Output {
    run("soundalike", arguments, folder)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with the description of a listening study, and the study.
fn with_study(more: &[&str]) -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        &[
            "survey",
            "config",
            "--kind",
            "recommendations",
            "--seed",
            "3",
            "-o",
            "config.json",
        ],
        more,
    ]
    .concat();
    let output = soundalike(&arguments, folder.path());
    assert!(output.status.success(), "{}", errors(&output));
    let config = Config::from_json(&fs::read(folder.path().join("config.json")).unwrap()).unwrap();
    (folder, config)
}

fn consent(config: &Config, day: usize) -> Consent {
    Consent {
        version: config.consent_version,
        at: format!("2026-02-{day:02}T12:00:00Z"),
    }
}

/// An answer that rates what the first method recommends with `first`, and everything else with `second`.
fn ratings(config: &Config, number: u8, first: u8, second: u8) -> String {
    let study = config.study.as_ref().unwrap();
    let rate = |(seed, song): (&str, &str)| {
        let of = study.seeds.iter().find(|of| of.song == seed).unwrap();
        let is_first = of.recommendations[0].iter().any(|id| id == song);
        Rated {
            seed: seed.to_owned(),
            song: song.to_owned(),
            rating: if is_first { first } else { second },
        }
    };
    let answer = ListeningAnswer {
        version: LISTENING_VERSION,
        kind: ListeningKind::Recommendations,
        survey: config.id.clone(),
        participant: participant_code(&[number; 10]),
        consent: consent(config, 1 + usize::from(number)),
        ratings: study.pairs().into_iter().map(rate).collect(),
        comment: String::new(),
        simulated: false,
    };
    answer.check(config).unwrap();
    serde_json::to_string(&answer).unwrap() + "\n"
}

/// An answer to the shipped survey that likes the first songs and dislikes the others.
fn tastes(number: u8, likes: usize, simulated: bool) -> String {
    let config = Config::from_json(soundalike_shipped::SURVEY).unwrap();
    let label = |(at, song): (usize, &soundalike_survey::SurveySong)| Label {
        song: song.id.clone(),
        opinion: if at < likes {
            Opinion::Like
        } else {
            Opinion::Dislike
        },
    };
    let id = |at: usize| config.songs[at].id.clone();
    let answer = Answer {
        version: VERSION,
        survey: config.id.clone(),
        participant: participant_code(&[number; 10]),
        consent: consent(&config, 1 + usize::from(number)),
        model_sha256: config.model.sha256.clone(),
        favourite: Favourite::Song { id: id(0) },
        labels: config.songs.iter().enumerate().map(label).collect(),
        favourites: [id(0), id(1), id(2)],
        comment: String::new(),
        simulated,
    };
    answer.check(&config).unwrap();
    serde_json::to_string(&answer).unwrap() + "\n"
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_listening_study_goes_from_its_description_to_the_report() {
    let (folder, config) = with_study(&[]);
    assert_eq!(config.kind, Kind::Recommendations);
    let study = config.study.as_ref().unwrap();
    assert_eq!(study.methods, ["cosine", "genre-aware"]);
    let checked = soundalike(&["survey", "check", "config.json"], folder.path());
    assert!(
        said(&checked).contains("a listening study with"),
        "{}",
        errors(&checked)
    );

    let answers: String = [(5, 2), (4, 2), (5, 1), (4, 3), (3, 2)]
        .iter()
        .zip(0..)
        .map(|((first, second), number)| ratings(&config, number, *first, *second))
        .collect();
    file(folder.path(), "answers.jsonl", &answers);
    let right = [
        "survey",
        "check",
        "--config",
        "config.json",
        "answers.jsonl",
    ];
    assert!(said(&soundalike(&right, folder.path())).contains("5 answers"));
    let report = [
        "survey",
        "report",
        "answers.jsonl",
        "--config",
        "config.json",
        "-o",
        "report.html",
        "--json",
    ];
    let output = soundalike(&report, folder.path());
    assert!(output.status.success(), "{}", errors(&output));
    let numbers: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(numbers["answers"], 5);
    let listening = &numbers["listening"];
    assert_eq!(listening["methods"][0]["mean"], 4.2);
    assert_eq!(listening["preferences"]["first"], 5);
    // All five differ in one direction: 2 of the 32 assignments of signs are as far out.
    assert_eq!(listening["test"]["p_value"], 0.0625);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("answers, one of each participant</th><td>5</td>"));
    assert!(page.contains("cosine</th><td>4.20</td>"), "{page}");
    assert!(page.contains("p = 0.0625, exact"));
}

#[test]
fn a_study_takes_other_methods_and_names_unknown_ones() {
    let (_folder, config) = with_study(&[
        "--methods",
        "genre-aware,random-in-genre",
        "--seeds",
        "3",
        "--recommendations",
        "4",
        "--licensed",
    ]);
    let study = config.study.unwrap();
    assert_eq!(study.methods, ["genre-aware", "random-in-genre"]);
    assert_eq!(study.seeds.len(), 3);
    assert!(
        study
            .seeds
            .iter()
            .all(|seed| seed.recommendations[1].len() == 4)
    );
    assert!(config.songs.iter().all(|song| song.licence != "unclear"));

    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        "survey",
        "config",
        "--kind",
        "recommendations",
        "--methods",
        "cosine,magic",
        "-o",
        "x",
    ];
    let output = soundalike(&wrong, folder.path());
    assert!(!output.status.success() && errors(&output).contains("random-in-genre"));
}

#[test]
fn sound_files_beside_the_description_are_named_in_it() {
    let (folder, config) = with_study(&[]);
    let song = &config.songs[1];
    let stem = Path::new(&song.id)
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    fs::create_dir(folder.path().join("audio")).unwrap();
    let sound = file(folder.path(), &format!("audio/{stem}.mp3"), "sound");
    let again = [
        "survey",
        "config",
        "--kind",
        "recommendations",
        "--seed",
        "3",
        "-o",
        "config.json",
    ];
    assert!(soundalike(&again, folder.path()).status.success());
    let config = Config::from_json(&fs::read(folder.path().join("config.json")).unwrap()).unwrap();
    assert_eq!(config.songs[1].audio, format!("{stem}.mp3"));
    assert!(config.songs[0].audio.is_empty());
    let check = ["survey", "check", "config.json"];
    assert!(soundalike(&check, folder.path()).status.success());
    fs::remove_file(sound).unwrap();
    let output = soundalike(&check, folder.path());
    assert!(
        !output.status.success() && errors(&output).contains("is not there"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_report_on_tastes_counts_what_the_answers_hold() {
    let folder = tempfile::tempdir().unwrap();
    let answers = [
        tastes(0, 30, false),
        tastes(1, 20, true),
        tastes(2, 10, false),
        tastes(2, 11, false),
    ];
    file(folder.path(), "answers.jsonl", &answers.concat());
    let report = [
        "survey",
        "report",
        "answers.jsonl",
        "-o",
        "report.html",
        "--json",
    ];
    let output = soundalike(&report, folder.path());
    assert!(output.status.success(), "{}", errors(&output));
    let numbers: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(numbers["answers"], 3);
    assert_eq!(numbers["replaced"], 1);
    assert_eq!(numbers["simulated"], 1);
    assert_eq!(numbers["withdrawn"], Value::Null);
    assert_eq!(numbers["tastes"]["all"]["likes"], 30 + 20 + 11);
    assert_eq!(numbers["tastes"]["songs"][0]["likes"], 3);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("made up by a program: 1 of 3 answers"));
}

#[test]
fn what_cannot_be_reported_is_said_in_a_sentence() {
    let (folder, config) = with_study(&[]);
    let report = |file: &str, more: &[&str]| {
        let arguments = [&["survey", "report", file, "-o", "report.html"], more].concat();
        let output = soundalike(&arguments, folder.path());
        (output.status.success(), errors(&output))
    };
    let of_study = ["--config", "config.json"];
    file(folder.path(), "empty.jsonl", "\n");
    let (done, sentence) = report("empty.jsonl", &[]);
    assert!(
        !done && sentence.contains("no answers to the survey “soundalike”"),
        "{sentence}"
    );

    // One line is damaged: the report is made, the line is named, and the status tells.
    let text = tastes(0, 30, false) + "{\"version\": 1,\n" + &tastes(1, 20, false);
    file(folder.path(), "damaged.jsonl", &text);
    let (done, sentence) = report("damaged.jsonl", &[]);
    assert!(
        !done && sentence.contains("damaged.jsonl: line 2: "),
        "{sentence}"
    );
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(
        page.contains("could not be used are left out: 1."),
        "{page}"
    );
    fs::remove_file(folder.path().join("report.html")).unwrap();

    // Answers to another survey, either way.
    let (done, sentence) = report("damaged.jsonl", &of_study);
    assert!(
        !done && sentence.contains("no answer to the survey “listening”"),
        "{sentence}"
    );
    file(folder.path(), "ratings.jsonl", &ratings(&config, 0, 4, 3));
    let (done, sentence) = report("ratings.jsonl", &[]);
    assert!(!done && sentence.contains("--config"), "{sentence}");
    let (done, sentence) = report("missing.jsonl", &[]);
    assert!(!done && sentence.contains("missing.jsonl"), "{sentence}");
    assert!(!folder.path().join("report.html").exists());

    // Without files the database is read, and there is none.
    let output = soundalike(&["survey", "report", "--json"], folder.path());
    assert!(
        errors(&output).contains("no answers in this folder"),
        "{}",
        errors(&output)
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn tastes_are_not_learnt_from_a_listening_study() {
    let (folder, config) = with_study(&[]);
    file(folder.path(), "ratings.jsonl", &ratings(&config, 0, 4, 3));
    let output = run(
        "trainer",
        &["taste", "evaluate", "ratings.jsonl"],
        folder.path(),
    );
    assert!(!output.status.success());
    let sentence = errors(&output);
    assert!(
        sentence.contains("ratings.jsonl, line 1: The answer is to a listening study"),
        "{sentence}"
    );
    let with_config = [
        "taste",
        "evaluate",
        "ratings.jsonl",
        "--config",
        "config.json",
    ];
    let sentence = errors(&run("trainer", &with_config, folder.path()));
    assert!(sentence.contains("is a listening study"), "{sentence}");
}

#[test]
fn a_language_that_the_page_lacks_needs_its_file_with_every_text() {
    let (folder, mut config) = with_study(&[]);
    let check = |config: &Config| {
        let text = serde_json::to_string(config).unwrap();
        file(folder.path(), "config.json", &text);
        let output = soundalike(&["survey", "check", "config.json"], folder.path());
        (output.status.success(), errors(&output))
    };
    for words in [&mut config.title, &mut config.purpose] {
        words.0.insert("it".to_owned(), "Parole".to_owned());
    }
    config.languages.push("it".to_owned());
    let (right, sentence) = check(&config);
    assert!(!right && sentence.contains("it.json"), "{sentence}");
    file(
        folder.path(),
        "it.json",
        r#"{"texts": {"Back": "Indietro"}}"#,
    );
    let (right, sentence) = check(&config);
    assert!(!right && sentence.contains("“Continue”"), "{sentence}");
    let french = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../survey/fr.json")).unwrap();
    fs::write(folder.path().join("it.json"), french).unwrap();
    let (right, sentence) = check(&config);
    assert!(right, "{sentence}");

    config.languages.push("../x".to_owned());
    for words in [&mut config.title, &mut config.purpose] {
        words.0.insert("../x".to_owned(), "Words".to_owned());
    }
    let (right, sentence) = check(&config);
    assert!(
        !right && sentence.contains("two lower-case letters"),
        "{sentence}"
    );
}
