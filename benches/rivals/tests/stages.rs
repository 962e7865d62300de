//! The program that times the stages, as a process.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::process::{Command, Output};

fn stages(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_stages");
    Command::new(program).args(arguments).output().unwrap()
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What a run that succeeds says, line by line.
fn said(arguments: &[&str]) -> Vec<serde_json::Value> {
    let output = stages(arguments);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn stages_of(arguments: &[&str]) -> Vec<String> {
    let name = |line: &serde_json::Value| {
        assert!(line["milliseconds"].as_f64().unwrap() > 0.0);
        line["stage"].as_str().unwrap().to_owned()
    };
    said(arguments).iter().map(name).collect()
}

#[test]
fn each_stage_is_a_line_of_json() {
    let model = format!("{ROOT}/models/two-stream.safetensors");
    let sound = format!("{ROOT}/tests/data/half.flac");
    let expected = [
        "native model",
        "native log-mel",
        "native file to log-mel",
        "native file to embedding",
    ];
    assert_eq!(stages_of(&[&model, &sound]), expected);
    assert_eq!(stages_of(&["search", "1000"]), ["native search"]);
    assert_eq!(stages_of(&["training", &model]), ["training step"]);
}

#[test]
#[cfg(target_os = "linux")]
fn the_cost_of_a_sound_is_its_time_and_memory() {
    let model = format!("{ROOT}/models/two-stream.safetensors");
    let sound = format!("{ROOT}/tests/data/half.flac");
    let found = said(&["cost", &model, &sound]);
    let number = |name: &str| found[0][name].as_f64().unwrap();
    assert!((number("seconds") - 0.5).abs() < 0.01);
    assert!(number("processor_seconds") >= 0.0 && number("decoding") > 0.0);
    // A megabyte of weights at least, and no gigabyte.
    assert!((1.0..1e3).contains(&number("peak_megabytes")));
}

#[test]
fn a_model_that_is_not_there_is_told_in_a_sentence() {
    let output = stages(&["nowhere.safetensors"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read nowhere.safetensors"), "{said}");
    let output = stages(&["search", "many"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("many is no number"));
}
