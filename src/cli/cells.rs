//! `catalog index` and `catalog search`: a catalogue in cells, of which a search reads a part.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use soundalike_core::audio::SoundReader;
use soundalike_core::catalog::{Catalog, Cells, RangeFile, SEARCH_BYTES, Track};
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;

use crate::open::{open_predictor, read};
use crate::output::print_json;

/// Put a catalogue into cells of similar songs, so that a search reads only a part of the file
#[derive(Args)]
pub(crate) struct Index {
    /// Catalogue file
    catalog: PathBuf,
    /// Where to write the cells
    #[arg(short, value_name = "FILE")]
    output: PathBuf,
    /// Number of cells, by default eight times the root of the number of songs
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    cells: Option<u32>,
}

impl Index {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let name = || self.catalog.display().to_string();
        let catalog = Catalog::from_bytes(&read(&self.catalog)?).with_context(name)?;
        let bytes = catalog
            .to_cells(self.cells.map(|cells| cells as usize))
            .with_context(name)?;
        write_whole(&self.output, &bytes)?;
        eprintln!(
            "{}: {} songs, {} bytes",
            shown(&self.output),
            catalog.len(),
            bytes.len()
        );
        Ok(())
    }
}

/// Find songs that sound like another in a catalogue in cells
#[derive(Args)]
pub(crate) struct SearchCells {
    /// File that `catalog index` wrote
    cells: PathBuf,
    /// Sound file
    song: PathBuf,
    /// Number of songs to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// Bytes of the cells that are read: more find more of the nearest songs
    #[arg(long, value_name = "BYTES", default_value_t = SEARCH_BYTES)]
    read: u64,
    /// Model file instead of the shipped one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What `catalog search` finds.
#[derive(Serialize)]
struct Found {
    songs: Vec<FoundTrack>,
    /// Bytes read of header and centroids, and for this search.
    bytes_to_open: u64,
    bytes_to_search: u64,
    milliseconds: f64,
}

#[derive(Serialize)]
struct FoundTrack {
    rank: usize,
    similarity: f32,
    #[serde(flatten)]
    track: Track,
}

impl SearchCells {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let predictor = open_predictor(self.model.as_deref())?;
        let name = |path: &Path| path.display().to_string();
        let source = RangeFile::open(&self.cells).with_context(|| name(&self.cells))?;
        let cells = pollster::block_on(Cells::open(source)).with_context(|| name(&self.cells))?;
        cells
            .check_model(&predictor.model().sha256)
            .with_context(|| name(&self.cells))?;
        let prediction = SoundReader::from_file(&self.song)
            .map_err(anyhow::Error::from)
            .and_then(|mut reader| Ok(predictor.predict_reader(&mut reader)?))
            .with_context(|| name(&self.song))?;
        for note in &prediction.notes {
            eprintln!("{}: {}", shown(&self.song), visible(&note.to_string()));
        }
        let found = pollster::block_on(self.search(&cells, &prediction.embedding))
            .with_context(|| name(&self.cells))?;
        if self.json {
            return print_json(&found);
        }
        let mut out = std::io::stdout().lock();
        for FoundTrack {
            rank,
            similarity,
            track,
        } in &found.songs
        {
            let artist = match track.artist.as_str() {
                "" => "unknown artist",
                artist => artist,
            };
            let (artist, title) = (visible(artist), visible(&track.title));
            writeln!(out, "  {rank:>2}  {similarity:.2}  {artist} – {title}")?;
        }
        eprintln!(
            "{} songs in {} cells: {} bytes read to open, {} to search, {:.1} ms",
            cells.len(),
            cells.cells(),
            found.bytes_to_open,
            found.bytes_to_search,
            found.milliseconds
        );
        Ok(())
    }

    async fn search(&self, cells: &Cells<RangeFile>, embedding: &[f32]) -> anyhow::Result<Found> {
        let bytes_to_open = cells.bytes_read();
        let started = Instant::now();
        let hits = cells.search(embedding, self.k, self.read).await?;
        let songs: Vec<u32> = hits.iter().map(|hit| hit.song).collect();
        let tracks = cells.tracks(&songs).await?;
        let milliseconds = 1e3 * started.elapsed().as_secs_f64();
        let ranked = hits.iter().zip(tracks).enumerate();
        let songs = ranked.map(|(index, (hit, track))| FoundTrack {
            rank: index + 1,
            similarity: hit.similarity,
            track,
        });
        Ok(Found {
            songs: songs.collect(),
            bytes_to_open,
            bytes_to_search: cells.bytes_read() - bytes_to_open,
            milliseconds,
        })
    }
}
