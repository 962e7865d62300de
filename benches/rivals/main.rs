//! Prints how long the stages take natively: `stages MODEL [SOUND]`, a line of JSON for each.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use soundalike_stages as stages;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("usage: stages MODEL [SOUND]")?;
    let model = std::fs::read(&file).with_context(|| format!("cannot read {file}"))?;
    let started = Instant::now();
    let clock = || started.elapsed().as_secs_f64() * 1e3;
    let told = |stage: &str, milliseconds: f64| {
        println!("{}", json!({"stage": stage, "milliseconds": milliseconds}));
    };
    told("native model", stages::model(&clock, &model)?);
    told("native log-mel", stages::log_mel(&clock)?);
    if let Some(sound) = arguments.next() {
        let sound = Path::new(&sound);
        told(
            "native file to log-mel",
            stages::file_to_log_mel(&clock, sound)?,
        );
        told(
            "native file to embedding",
            stages::file_to_embedding(&clock, &model, sound)?,
        );
    }
    Ok(())
}
