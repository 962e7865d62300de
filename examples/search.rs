//! Finds the songs of the catalogue that ships which sound like a file:
//!
//! ```sh
//! cargo run --release --example search -- SONG.mp3
//! ```

use std::path::PathBuf;

use anyhow::Context;
use soundalike::audio::decode_file;
use soundalike::catalog::{Catalog, Query, Search};
use soundalike::pipeline::Predictor;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).context("name a sound file")?;
    let file = PathBuf::from(file);
    let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG)?;
    // Embeddings of another model cannot be compared.
    catalog.check_model(&predictor.model().sha256)?;

    let prediction = predictor.predict(&decode_file(&file)?.clip)?;
    let query = Query {
        embedding: &prediction.embedding,
        probabilities: &prediction.probabilities,
        tags: &prediction.tags,
    };
    for found in catalog.similar(query, 5, &Search::default()) {
        let track = &catalog.tracks[found.track];
        println!(
            "{:.3}  {} – {} ({})",
            found.similarity, track.artist, track.title, found.reason
        );
    }
    Ok(())
}
