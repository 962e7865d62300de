//! `cargo xtask bench --page`: how long a visitor waits for the first answer.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::programs::{find_browser, second};
use super::{sound, write_table};
use crate::setup;
use crate::shell::{self, command, root};

/// Lengths and their names.
const LENGTHS: [(f64, &str); 3] = [(30.0, "30 s"), (240.0, "4 min"), (3_600.0, "1 h")];

/// Visits for each length; the fastest counts.
const ROUNDS: usize = 5;

/// Visits the built page in Chromium with an empty cache, gives it MP3 files of several lengths, prints a table of the
/// times and keeps it in `keep`.
pub fn first_answer(keep: Option<&str>) -> Result<()> {
    setup::node()?;
    let chromium = find_browser()?;
    ensure!(
        root().join("pkg/cpu/soundalike.js").is_file(),
        "the page is not built; `cargo xtask build --no-gpu` does it"
    );
    let folder = shell::target_dir()?.join("rivals");
    fs::create_dir_all(&folder)?;
    let (second, file) = (second()?, folder.join("length.mp3"));
    let mut rows = Vec::new();
    for (seconds, name) in LENGTHS {
        fs::write(&file, sound::repeated(&second, seconds)?)?;
        let mut best: Option<(f64, f64)> = None;
        for _ in 0..ROUNDS {
            let found = visit(&chromium, &file)?;
            if best.is_none_or(|best| found.0 + found.1 < best.0 + best.1) {
                best = Some(found);
            }
        }
        fs::remove_file(&file)?;
        let (ready, answer) = best.context("no visit")?;
        rows.push(json!({ "length": name, "ready": ready, "answer": answer }));
    }
    print_table(&rows);
    write_table(keep, &json!({ "rows": rows }))
}

/// Milliseconds until the page is ready, and from the choice of a file to its answer.
fn visit(chromium: &Path, sound: &Path) -> Result<(f64, f64)> {
    let mut node = command("node");
    node.arg(root().join("benches/rivals/first-answer.mjs"));
    node.args([root(), chromium, sound]);
    let said: Value = serde_json::from_str(&shell::output(node)?)
        .context("the page's visitor says nothing of the times")?;
    match (said["ready"].as_f64(), said["answer"].as_f64()) {
        (Some(ready), Some(answer)) => Ok((ready, answer)),
        _ => bail!("the page gave no answer: {}", said["why"]),
    }
}

fn print_table(rows: &[Value]) {
    println!(
        "\n{:>8}  {:>17}  {:>19}  {:>20}",
        "MP3 of", "until it is ready", "from file to answer", "from visit to answer"
    );
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN) / 1e3;
        let (ready, answer) = (number("ready"), number("answer"));
        println!(
            "{:>8}  {:>17}  {:>19}  {:>20}",
            row["length"].as_str().unwrap_or_default(),
            format!("{ready:.2} s"),
            format!("{answer:.2} s"),
            format!("{:.2} s", ready + answer),
        );
    }
}
