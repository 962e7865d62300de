//! The program that times the stages, as a process.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::process::{Command, Output};

fn stages(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_stages");
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn each_stage_is_a_line_of_json() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let model = format!("{root}/models/two-stream.safetensors");
    let sound = format!("{root}/tests/data/half.flac");
    let output = stages(&[&model, &sound]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let names: Vec<String> = said
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(line["milliseconds"].as_f64().unwrap() > 0.0);
            line["stage"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = [
        "native model",
        "native log-mel",
        "native file to log-mel",
        "native file to embedding",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_model_that_is_not_there_is_told_in_a_sentence() {
    let output = stages(&["nowhere.safetensors"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read nowhere.safetensors"), "{said}");
}
