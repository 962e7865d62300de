//! The part of `cargo xtask bench` that compares with other programs: the same stage, one after the other on the
//! same machine. The rivals come from the package registries into `target/rivals`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup;
use crate::shell::{self, WASM, cargo, cargo_for_wasm, command, root, run};

/// Times that this program and its rivals take turns; of each the fastest median counts, since other work on the
/// machine only ever makes one slower.
const ROUNDS: usize = 3;

/// The stages in the order of the table: their names in the programs that time them, and what they are.
const STAGES: [(&str, &str); 6] = [
    ("wasm model", "model, ten patches, wasm, one thread"),
    ("native model", "model, ten patches, native, one thread"),
    ("wasm log-mel", "log-mel of 30 s, wasm"),
    ("native log-mel", "log-mel of 30 s, native"),
    (
        "native file to log-mel",
        "MP3 of four minutes to log-mel, native, one thread",
    ),
    (
        "native file to embedding",
        "MP3 of four minutes to embedding, native, one thread",
    ),
];

/// One line of the table.
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
        for (whose, command) in programs.commands() {
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
        .map(|(name, stage)| row(stage, name, &lines))
        .collect();
    print_table(&rows, &skipped);
    if let Some(file) = keep {
        let kept = serde_json::to_string_pretty(&as_json(&rows, &skipped))?;
        fs::write(file, kept).with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
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

/// The fastest times of a stage.
fn row(stage: &'static str, name: &str, lines: &[Line]) -> Row {
    let fastest = |whose: Whose| {
        let own = lines.iter().filter(|line| line.whose == whose);
        let of_stage = own.filter(|line| line.said["stage"] == name);
        let times = of_stage.filter_map(|line| Some((line, line.said["milliseconds"].as_f64()?)));
        times.min_by(|(_, a), (_, b)| a.total_cmp(b))
    };
    let rival = fastest(Whose::Rival).map(|(line, milliseconds)| {
        let by = line.said["by"].as_str().unwrap_or("another program");
        (by.to_owned(), milliseconds)
    });
    Row {
        stage,
        own: fastest(Whose::Own).map(|(_, milliseconds)| milliseconds),
        rival,
    }
}

/// What is run in each round.
struct Programs {
    folder: PathBuf,
    native: PathBuf,
    model: PathBuf,
    onnx: PathBuf,
    sound: PathBuf,
    /// Whether Node.js is there, and with it WebAssembly.
    node: bool,
    /// Python with the rivals' packages.
    python: Option<PathBuf>,
}

impl Programs {
    /// Builds this program's part and fetches the others.
    fn prepare(folder: &Path, skipped: &mut Vec<String>) -> Result<Self> {
        let node = skip("Node.js and what runs in it", prepare_node(folder), skipped);
        let python = setup::rivals();
        let python = skip("Python's packages", python, skipped);
        let python = python.map(|programs| programs.join("python"));
        run(cargo([
            "build",
            "--release",
            "--package",
            "soundalike-stages",
            "--bin",
            "stages",
        ]))?;
        let program = format!("release/stages{}", std::env::consts::EXE_SUFFIX);
        let programs = Self {
            folder: folder.to_path_buf(),
            native: shell::target_dir()?.join(program),
            model: root().join("models/two-stream.safetensors"),
            onnx: folder.join("two-stream.onnx"),
            sound: folder.join("four-minutes.mp3"),
            node: node.is_some(),
            python,
        };
        if let Some(python) = &programs.python {
            let mut export = command(python);
            export.arg(root().join("benches/rivals/export_onnx.py"));
            export.args([&programs.model, &programs.onnx]);
            run(export)?;
        }
        let second = fs::read(root().join("tests/data/cbr-44100.mp3"))?;
        fs::write(&programs.sound, four_minutes(&second)?)?;
        Ok(programs)
    }

    fn commands(&self) -> Vec<(Whose, Command)> {
        let mut commands = Vec::new();
        let mut native = command(&self.native);
        native.env("RAYON_NUM_THREADS", "1");
        native.args([&self.model, &self.sound]);
        commands.push((Whose::Own, native));
        if let Some(python) = &self.python {
            let mut rivals = command(python);
            rivals.arg(root().join("benches/rivals/rivals.py"));
            rivals.args([&self.onnx, &self.sound]);
            commands.push((Whose::Rival, rivals));
        }
        for (whose, name) in [(Whose::Own, "soundalike"), (Whose::Rival, "rivals")] {
            if self.node {
                let mut node = command("node");
                node.arg(root().join("benches/rivals/node.mjs")).arg(name);
                node.args([&self.folder, &self.model, &self.onnx]);
                commands.push((whose, node));
            }
        }
        commands
    }
}

/// What was made, or a line that says why it was not.
fn skip<T>(what: &str, made: Result<T>, skipped: &mut Vec<String>) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(error) => {
            skipped.push(format!("{what}: {error:#}"));
            None
        }
    }
}

/// This program's WebAssembly and the rivals that npm has, without their install scripts.
fn prepare_node(folder: &Path) -> Result<()> {
    setup::node()?;
    let mut compile = cargo_for_wasm(["build", "--release", "--lib"]);
    compile.args(["--package", "soundalike-stages"]);
    run(compile)?;
    let compiled = shell::target_dir()?.join(WASM).join("release");
    Bindgen::new()
        .input_path(compiled.join("soundalike_stages.wasm"))
        .nodejs(true)?
        .typescript(false)
        .out_name("stages")
        .generate(folder.join("wasm"))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root().join("benches/rivals").join(name), folder.join(name))?;
    }
    let mut npm = command("npm");
    npm.current_dir(folder);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm)
}

/// The frames of an MP3 file with ID3 tags and an information frame, without these, as often as four minutes take.
fn four_minutes(mp3: &[u8]) -> Result<Vec<u8>> {
    /// Of 1,152 samples at 44,100 Hz.
    const FRAMES: usize = 4 * 60 * 44_100 / 1_152;
    /// Bytes of a frame of 128 kbit/s at 44,100 Hz, without the one of padding that some have.
    const LENGTH: usize = 144 * 128_000 / 44_100;
    let size = |bytes: &[u8]| bytes.iter().fold(0, |size, &b| size << 7 | usize::from(b));
    let tag = match mp3 {
        [b'I', b'D', b'3', _, _, _, rest @ ..] => 10 + rest.get(..4).map_or(0, size),
        _ => 0,
    };
    let mut frames = Vec::new();
    let mut rest = mp3.get(tag..).unwrap_or_default();
    while let [0xff, _, flags, ..] = rest {
        let length = LENGTH + usize::from(flags >> 1 & 1);
        let Some((frame, after)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push(frame);
        rest = after;
    }
    // The first holds no sound but says how long the file is.
    let sound = frames.get(1..).unwrap_or_default();
    ensure!(!sound.is_empty(), "the MP3 file of the tests has no frames");
    let repeated = sound.iter().cycle().take(FRAMES);
    Ok(repeated.flat_map(|frame| frame.iter().copied()).collect())
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
        let found = row("model", "wasm model", &lines);
        assert_eq!(found.ratio(), Some(2.0));
        assert_eq!(found.rival, Some(("another 1.0".to_owned(), 100.0)));
        assert_eq!(row("model", "native model", &lines).ratio(), None);
    }

    #[test]
    fn four_minutes_are_made_of_whole_frames() {
        let mp3 = fs::read(root().join("tests/data/cbr-44100.mp3")).expect("a file of the tests");
        let made = four_minutes(&mp3).expect("frames");
        // 240 s of 128 kbit/s.
        assert!((made.len() as f64 / 3_840_000.0 - 1.0).abs() < 0.01);
        assert_eq!(made[..2], [0xff, 0xfb]);
        assert!(four_minutes(b"ID3").is_err());
    }
}
