//! The part of `cargo xtask bench` that compares with other programs: the same stage, one after the other on the
//! same machine. The rivals come from the package registries into `target/rivals`.

mod cost;
mod first_answer;
mod programs;
mod sound;

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::shell;
use programs::Programs;

pub use cost::cost;
pub use first_answer::first_answer;

/// Times that this program and its rivals take turns; of each the fastest median counts, since other work on the
/// machine only ever makes one slower.
const ROUNDS: usize = 3;

/// The stages in the order of the table: their names in the programs that time them, and what they are.
const STAGES: [(&str, &str); 11] = [
    ("wasm model", "model, ten patches, wasm, one thread"),
    ("native model", "model, ten patches, native, one thread"),
    (
        "WebGPU model",
        "model, ten patches, WebGPU on a software adapter",
    ),
    ("wasm log-mel", "log-mel of 30 s, wasm"),
    ("native log-mel", "log-mel of 30 s, native"),
    (
        "wasm file to log-mel",
        "MP3 of four minutes to log-mel, wasm",
    ),
    (
        "native file to log-mel",
        "MP3 of four minutes to log-mel, native, one thread",
    ),
    (
        "native file to embedding",
        "MP3 of four minutes to embedding, native, one core",
    ),
    ("wasm search", "exact search of 100,000 songs, wasm"),
    (
        "native search",
        "exact search of a million songs, native, one thread",
    ),
    ("training step", "training step, 32 patches, both cores"),
];

/// One line of the table: a stage, and a rival if there is one.
#[derive(Debug)]
struct Row {
    stage: &'static str,
    /// Milliseconds of this program.
    own: Option<f64>,
    /// A rival's name and milliseconds.
    rival: Option<(String, f64)>,
}

impl Row {
    /// How many times as fast as the rival.
    fn ratio(&self) -> Option<f64> {
        Some(self.rival.as_ref()?.1 / self.own?)
    }
}

/// Times the stages here and elsewhere, prints the table and keeps it in `keep`.
pub fn compare(keep: Option<&str>) -> Result<()> {
    let folder = shell::target_dir()?.join("rivals");
    fs::create_dir_all(&folder)?;
    let mut skipped = Vec::new();
    let programs = Programs::prepare(&folder, &mut skipped)?;
    let mut lines = Vec::new();
    for round in 1..=ROUNDS {
        println!("Comparing, round {round} of {ROUNDS}");
        for (whose, command) in programs.commands(round) {
            match shell::output(command) {
                Ok(said) => lines.extend(said.lines().filter_map(|line| read(whose, line))),
                Err(error) => skipped.push(format!("{error:#}")),
            }
        }
    }
    skipped.extend(lines.iter().filter_map(Line::skipped));
    skipped.sort();
    skipped.dedup();
    let rows: Vec<Row> = STAGES
        .iter()
        .flat_map(|(name, stage)| rows(stage, name, &lines))
        .collect();
    print_table(&rows, &skipped);
    write_table(keep, &as_json(&rows, &skipped))
}

/// Writes a table to `file`, where one is named.
fn write_table(file: Option<&str>, table: &Value) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_string_pretty(table)?;
    fs::write(file, text).with_context(|| format!("cannot write {file}"))
}

/// Who printed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Rival,
}

/// A line that one of the programs printed.
#[derive(Debug)]
struct Line {
    whose: Whose,
    said: Value,
}

impl Line {
    /// What was skipped and why, if it says so.
    fn skipped(&self) -> Option<String> {
        let what = self.said["skipped"].as_str()?;
        Some(format!("{what}: {}", self.said["why"].as_str()?))
    }
}

/// A line of JSON; anything else that a program prints is not for us.
fn read(whose: Whose, line: &str) -> Option<Line> {
    let said = serde_json::from_str(line).ok()?;
    Some(Line { whose, said })
}

/// The fastest times of a stage: a row for each rival, or one without.
fn rows(stage: &'static str, name: &str, lines: &[Line]) -> Vec<Row> {
    let mut own: Option<f64> = None;
    let mut rivals: Vec<(String, f64)> = Vec::new();
    for line in lines.iter().filter(|line| line.said["stage"] == name) {
        let Some(milliseconds) = line.said["milliseconds"].as_f64() else {
            continue;
        };
        if line.whose == Whose::Own {
            own = Some(own.map_or(milliseconds, |own| own.min(milliseconds)));
            continue;
        }
        let by = line.said["by"].as_str().unwrap_or("another program");
        match rivals.iter_mut().find(|(name, _)| name == by) {
            Some((_, fastest)) => *fastest = fastest.min(milliseconds),
            None => rivals.push((by.to_owned(), milliseconds)),
        }
    }
    let of = |rival| Row { stage, own, rival };
    if rivals.is_empty() {
        return vec![of(None)];
    }
    rivals.into_iter().map(|rival| of(Some(rival))).collect()
}

fn print_table(rows: &[Row], skipped: &[String]) {
    let width = rows.iter().map(|row| row.stage.len()).max().unwrap_or(0);
    let shown = |time: Option<f64>| time.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
    println!(
        "\n{:width$}  {:>12}  {:>12}  {:>7}  rival",
        "stage", "Soundalike", "rival", "ratio"
    );
    for row in rows {
        let rival = row.rival.as_ref();
        println!(
            "{:width$}  {:>12}  {:>12}  {:>7}  {}",
            row.stage,
            shown(row.own),
            shown(rival.map(|(_, time)| *time)),
            row.ratio()
                .map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
            rival.map_or("none measured", |(by, _)| by),
        );
    }
    for what in skipped {
        println!("Skipped: {what}");
    }
}

fn as_json(rows: &[Row], skipped: &[String]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let rival = row.rival.as_ref();
            json!({
                "stage": row.stage,
                "soundalike_ms": row.own,
                "rival": rival.map(|(by, _)| by),
                "rival_ms": rival.map(|(_, time)| time),
                "ratio": row.ratio(),
            })
        })
        .collect();
    json!({"rows": rows, "skipped": skipped})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_of_each_makes_the_ratio() {
        let line = |whose, ms: f64| Line {
            whose,
            said: json!({"stage": "wasm model", "milliseconds": ms, "by": "another 1.0"}),
        };
        let mut lines = vec![
            line(Whose::Own, 60.0),
            line(Whose::Rival, 120.0),
            line(Whose::Own, 50.0),
            line(Whose::Rival, 100.0),
        ];
        lines.extend(read(Whose::Own, "not JSON"));
        let told = read(Whose::Rival, r#"{"skipped": "essentia", "why": "no"}"#).expect("JSON");
        assert_eq!(told.skipped().as_deref(), Some("essentia: no"));
        let slow = json!({"stage": "wasm model", "milliseconds": 500.0, "by": "a third"});
        lines.extend(read(Whose::Rival, &slow.to_string()));
        let found = rows("model", "wasm model", &lines);
        let ratios: Vec<Option<f64>> = found.iter().map(Row::ratio).collect();
        assert_eq!(ratios, [Some(2.0), Some(10.0)]);
        assert_eq!(found[0].rival, Some(("another 1.0".to_owned(), 100.0)));
        let alone = rows("model", "native model", &lines);
        assert_eq!((alone.len(), alone[0].ratio()), (1, None));
    }
}
