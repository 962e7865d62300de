//! Prints how long the stages take natively, a line of JSON for each:
//!
//! ```text
//! stages MODEL [SOUND]          from a sound to its answer
//! stages search SONGS           the exact search among so many
//! stages training MODEL         a step of training
//! stages cost MODEL SOUND       what the whole of a sound costs
//! ```

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;
use soundalike_stages as stages;

const USAGE: &str = "usage: stages MODEL [SOUND], stages search SONGS, stages training MODEL, or \
                     stages cost MODEL SOUND";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let started = Instant::now();
    let clock = || started.elapsed().as_secs_f64() * 1e3;
    match arguments.as_slice() {
        ["training", model] => {
            told(
                "training step",
                stages::training::step(&clock, &read(model)?)?,
            );
        }
        ["search", songs] => {
            let songs = songs
                .parse()
                .with_context(|| format!("{songs} is no number"))?;
            told("native search", stages::search(&clock, songs)?);
        }
        ["cost", model, sound] => {
            let cost = stages::cost::of(&read(model)?, Path::new(sound))?;
            println!("{}", serde_json::to_string(&cost)?);
        }
        [model] => answers(&clock, &read(model)?, None)?,
        [model, sound] => answers(&clock, &read(model)?, Some(Path::new(sound)))?,
        _ => bail!(USAGE),
    }
    Ok(())
}

fn read(file: &str) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {file}"))
}

fn told(stage: &str, milliseconds: f64) {
    println!("{}", json!({"stage": stage, "milliseconds": milliseconds}));
}

fn answers(clock: &impl Fn() -> f64, model: &[u8], sound: Option<&Path>) -> Result<()> {
    told("native model", stages::model(clock, model)?);
    told("native log-mel", stages::log_mel(clock)?);
    if let Some(sound) = sound {
        let time = stages::file_to_log_mel(clock, sound)?;
        told("native file to log-mel", time);
        let time = stages::file_to_embedding(clock, model, sound)?;
        told("native file to embedding", time);
    }
    Ok(())
}
