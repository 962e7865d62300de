//! An answer about one song, from the page or from the terminal.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// How far a probability may lie from the terminal's. The browser decodes and
/// resamples with its own tools, so the last digits differ.
const PROBABILITY: f64 = 1e-2;

/// How alike the embeddings must be (cosine).
pub const COSINE: f64 = 0.999;

/// What both say about a song.
#[derive(Debug)]
pub struct Answer {
    /// `cpu` or `gpu`; the terminal knows only the first.
    pub device: String,
    /// Genres with their probabilities, most likely first.
    genres: Vec<(String, f64)>,
    /// Tags with their probabilities: all in the terminal, the most likely ones in the page.
    tags: Vec<(String, f64)>,
    /// The sentence above it all; the page's only.
    pub verdict: String,
    embedding: Vec<f64>,
    similar: Vec<Similar>,
}

/// One of the songs that sound like it.
#[derive(Debug)]
struct Similar {
    /// Its title in the terminal; everything that its row says in the page.
    text: String,
    similarity: f64,
}

/// What the page shows, as [`Answer::from_page`] reads it.
pub const READ_FROM_PAGE: &str = "({
    device: document.querySelector('#badge').dataset.device,
    genres: [...document.querySelectorAll('#result [data-genre][data-probability]')]
        .map((bar) => [bar.dataset.genre, Number(bar.dataset.probability)]),
    tags: [...document.querySelectorAll('#tags [data-tag][data-probability]')]
        .map((tag) => [tag.dataset.tag, Number(tag.dataset.probability)]),
    verdict: document.querySelector('#verdict').textContent,
    embedding: Array.from(window.soundalike?.answer?.embedding ?? []),
    similar: [...document.querySelectorAll('#similar [data-track][data-similarity]')]
        .map((row) => [row.textContent, Number(row.dataset.similarity)]),
})";

impl Answer {
    /// From what [`READ_FROM_PAGE`] returned.
    pub fn from_page(read: &Value) -> Result<Self> {
        let similar: Vec<(String, f64)> = serde_json::from_value(read["similar"].clone())?;
        Ok(Self {
            device: read["device"].as_str().unwrap_or_default().to_owned(),
            genres: serde_json::from_value(read["genres"].clone())
                .context("a bar without a number")?,
            tags: serde_json::from_value(read["tags"].clone())?,
            verdict: read["verdict"].as_str().unwrap_or_default().to_owned(),
            embedding: serde_json::from_value(read["embedding"].clone())?,
            similar: similar
                .into_iter()
                .map(|(text, similarity)| Similar { text, similarity })
                .collect(),
        })
    }

    /// From `soundalike classify` and `soundalike recommend`.
    pub fn from_terminal(file: &Path) -> Result<Self> {
        let classified = soundalike("classify", file)?;
        let ranked = |field: &str| -> Result<Vec<(String, f64)>> {
            let probabilities = classified[field].as_object();
            let mut ranked = probabilities
                .with_context(|| format!("classify gives {field}"))?
                .iter()
                .map(|(name, p)| Ok((name.clone(), p.as_f64().context("a probability")?)))
                .collect::<Result<Vec<_>>>()?;
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
            Ok(ranked)
        };
        let (genres, tags) = (ranked("probabilities")?, ranked("tags")?);
        let recommended = soundalike("recommend", file)?;
        let similar = recommended["recommendations"]
            .as_array()
            .context("recommend gives songs")?
            .iter()
            .map(|song| {
                Ok(Similar {
                    text: song["title"].as_str().context("a title")?.to_owned(),
                    similarity: song["similarity"].as_f64().context("a similarity")?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            device: "cpu".to_owned(),
            genres,
            tags,
            verdict: String::new(),
            embedding: serde_json::from_value(classified["embedding"].clone())?,
            similar,
        })
    }

    /// Whether this is an answer at all: ten genres that are probabilities in
    /// falling order, an embedding, ten songs.
    pub fn is_sound(&self) -> Result<()> {
        let probabilities = || self.genres.iter().map(|(_, p)| *p);
        ensure!(self.genres.len() == 10, "{} bars", self.genres.len());
        ensure!(
            probabilities().all(|p| (0.0..=1.0).contains(&p)),
            "no probabilities: {:?}",
            self.genres
        );
        let sum: f64 = probabilities().sum();
        ensure!((sum - 1.0).abs() < 1e-2, "the bars sum to {sum}");
        ensure!(
            probabilities().is_sorted_by(|a, b| a >= b),
            "the bars do not fall: {:?}",
            self.genres
        );
        ensure!(
            self.embedding.len() == 128 && self.embedding.iter().all(|x| x.is_finite()),
            "no embedding of 128 numbers"
        );
        ensure!(self.similar.len() == 10, "{} songs", self.similar.len());
        ensure!(
            self.similar
                .iter()
                .all(|s| (-1.001..=1.001).contains(&s.similarity)),
            "no similarities: {:?}",
            self.similar
        );
        Ok(())
    }

    /// Holds the page's answer against the terminal's.
    pub fn agrees_with(&self, terminal: &Self) -> Result<()> {
        self.is_sound()?;
        terminal.is_sound().context("in the terminal")?;
        for (genre, expected) in &terminal.genres {
            let shown = self.genres.iter().find(|(name, _)| name == genre);
            let (_, shown) = shown.with_context(|| format!("{genre} has no bar"))?;
            ensure!(
                (shown - expected).abs() <= PROBABILITY,
                "{genre}: {shown} in the page, {expected} in the terminal"
            );
        }
        let likely = terminal.tags.iter().any(|(_, p)| *p > 0.2);
        ensure!(!likely || !self.tags.is_empty(), "no tag is shown");
        for (tag, shown) in &self.tags {
            let expected = terminal.tags.iter().find(|(name, _)| name == tag);
            let (_, expected) = expected.with_context(|| format!("there is no tag {tag}"))?;
            ensure!(
                (shown - expected).abs() <= PROBABILITY,
                "{tag}: {shown} in the page, {expected} in the terminal"
            );
        }
        // Two genres within the tolerance of each other may change places.
        let (first, second) = (&terminal.genres[0], &terminal.genres[1]);
        let close = first.1 - second.1 <= 2.0 * PROBABILITY;
        ensure!(
            self.genres[0].0 == first.0 || close,
            "the page says {}, the terminal {}",
            self.genres[0].0,
            first.0
        );
        let cosine = cosine(&self.embedding, &terminal.embedding);
        ensure!(cosine >= COSINE, "the embeddings' cosine is {cosine}");
        self.same_first_song(terminal)
    }

    /// The most probable genre.
    pub fn genre(&self) -> &str {
        &self.genres[0].0
    }

    /// Its first genre must be the terminal's, or one nearly as probable there.
    pub fn has_the_genre_of(&self, terminal: &Self, tolerance: f64) -> Result<()> {
        let (heard, _) = &self.genres[0];
        let there = terminal.genres.iter().find(|(name, _)| name == heard);
        let (_, there) = there.with_context(|| format!("there is no genre {heard}"))?;
        let (first, expected) = &terminal.genres[0];
        ensure!(
            expected - there <= tolerance,
            "{heard} here, {first} in the terminal"
        );
        Ok(())
    }

    /// The page's first song must be the terminal's, or one as near to it.
    fn same_first_song(&self, terminal: &Self) -> Result<()> {
        let (shown, expected) = (&self.similar[0], &terminal.similar[0]);
        ensure!(
            (shown.similarity - expected.similarity).abs() <= PROBABILITY,
            "the first song has {} in the page, {} in the terminal",
            shown.similarity,
            expected.similarity
        );
        let mut as_near = terminal
            .similar
            .iter()
            .filter(|song| (song.similarity - expected.similarity).abs() <= 2e-3);
        ensure!(
            as_near.any(|song| shown.text.contains(&song.text)),
            "the page begins with {:?}, the terminal with {:?}",
            shown.text,
            expected.text
        );
        Ok(())
    }
}

/// What the terminal says about one file.
/// What a command prints of a file in JSON.
pub fn soundalike(command: &str, file: &Path) -> Result<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_soundalike"))
        .args([command, "--json"])
        .arg(file)
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "soundalike {command} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut printed: Value = serde_json::from_slice(&output.stdout)?;
    Ok(printed["files"][0].take())
}

/// How alike two embeddings are; not a number if they differ in length.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    if a.len() != b.len() {
        return f64::NAN;
    }
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
