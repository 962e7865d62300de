//! `cargo xtask bench --cost`: what a sound costs by its length.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::programs::{model, second, stages};
use super::{sound, write_table};
use crate::shell::{self, command};

/// Lengths and their names.
const LENGTHS: [(f64, &str); 6] = [
    (3.0, "3 s"),
    (30.0, "30 s"),
    (180.0, "3 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (10_800.0, "3 h"),
];

/// Times that each length is tried; the cheapest counts.
const ROUNDS: usize = 3;

/// Predicts MP3 files of several lengths, each in a process of its own, prints a table of what they cost and keeps it
/// in `keep`.
pub fn cost(keep: Option<&str>) -> Result<()> {
    let folder = shell::target_dir()?.join("rivals");
    fs::create_dir_all(&folder)?;
    let program = stages()?;
    let second = second()?;
    let mut rows = Vec::new();
    for (seconds, name) in LENGTHS {
        let file = folder.join("length.mp3");
        fs::write(&file, sound::repeated(&second, seconds)?)?;
        let mut best: Option<Value> = None;
        for _ in 0..ROUNDS {
            let found = once(&program, &file)?;
            let cheaper = |best: &Value| processor(&found) < processor(best);
            if best.as_ref().is_none_or(cheaper) {
                best = Some(found);
            }
        }
        fs::remove_file(&file)?;
        let mut row = best.unwrap_or_default();
        row["length"] = json!(name);
        rows.push(row);
    }
    print_table(&rows);
    write_table(keep, &json!({ "rows": rows }))
}

/// What a file costs on one thread.
fn once(program: &Path, file: &Path) -> Result<Value> {
    let mut cost = command(program);
    cost.env("RAYON_NUM_THREADS", "1").arg("cost");
    cost.args([&model(), file]);
    let said = shell::output(cost)?;
    serde_json::from_str(&said).context("the program says nothing of the cost")
}

fn processor(row: &Value) -> f64 {
    row["processor_seconds"].as_f64().unwrap_or(f64::INFINITY)
}

fn print_table(rows: &[Value]) {
    println!(
        "\n{:>8}  {:>12}  {:>14}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}",
        "length", "processor", "per second", "memory", "decoding", "resampling", "log-mel", "model"
    );
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        let seconds = number("seconds");
        let per_second = |value: f64| format!("{:.3} ms", 1e3 * value / seconds);
        let before = number("decoding") + number("resampling") + number("log_mel");
        println!(
            "{:>8}  {:>12}  {:>14}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}",
            row["length"].as_str().unwrap_or_default(),
            format!("{:.2} s", processor(row)),
            per_second(processor(row)),
            format!("{:.0} MB", number("peak_megabytes")),
            per_second(number("decoding")),
            per_second(number("resampling")),
            per_second(number("log_mel")),
            per_second(processor(row) - before),
        );
    }
}
