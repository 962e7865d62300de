//! Classifies a sound file with the model that ships:
//!
//! ```sh
//! cargo run --release --example classify -- SONG.mp3
//! ```

use std::path::PathBuf;

use anyhow::Context;
use soundalike::audio::decode_file;
use soundalike::pipeline::Predictor;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).context("name a sound file")?;
    let file = PathBuf::from(file);
    let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;

    let decoded = decode_file(&file)?;
    let prediction = predictor.predict(&decoded.clip)?;

    let genres = &predictor.model().genres;
    println!("{}", prediction.verdict(genres));
    for (genre, probability) in genres.iter().zip(&prediction.probabilities) {
        println!("{genre:<10} {:>5.1} %", 100.0 * probability);
    }
    Ok(())
}
