//! `classify` and `recommend`: what is in sound files, and which songs of the catalogue sound like them.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use soundalike_core::audio::SoundReader;
use soundalike_core::catalog::{
    Catalog, Query, Ranking, Recommendation, RecommendationView, Search,
};
use soundalike_core::model::Model;
use soundalike_core::pipeline::{Prediction, PredictionView, Predictor};
use soundalike_datasets::SongTags;
use soundalike_datasets::names::{path_bytes, visible};

use crate::open::{open_catalog, open_predictor};
use crate::output::{print_json, sentence};

/// Hours of a file that are analysed unless others are asked for.
const HOURS: f64 = 12.0;

fn hours(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(hours) if hours > 0.0 && f64::is_finite(hours) => Ok(hours),
        _ => Err("it must be a number above 0".to_owned()),
    }
}

/// What `classify` is asked.
#[derive(Args)]
pub(crate) struct Classify {
    /// Sound files; - for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Model file instead of the shipped one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Analyse no more than this many hours of a file
    #[arg(long, default_value_t = HOURS, value_parser = hours)]
    hours: f64,
}

impl Classify {
    /// Names the genre of each file; false if some could not be read.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let predictor = open_predictor(self.model.as_deref())?;
        let model = predictor.model();
        let mut results = Vec::new();
        let mut all_read = true;
        for file in &self.files {
            let result = match predict(&predictor, file, self.hours) {
                Ok(answer) => FileResult::predicted(file, &answer, model, None),
                Err(error) => FileResult::failed(file, &error),
            };
            all_read &= report(&result, self.json)?;
            results.push(result);
        }
        finish(results, self.json)?;
        Ok(all_read)
    }
}

/// What `recommend` is asked.
#[derive(Args)]
pub(crate) struct Recommend {
    /// Sound files; - for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Number of songs to find
    #[arg(short, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Model file instead of the shipped one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Catalogue file instead of the shipped one
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Rank by similarity and genre together (the default)
    #[arg(long, conflicts_with = "cosine")]
    genre_aware: bool,
    /// Rank by similarity alone
    #[arg(long)]
    cosine: bool,
    /// Correct hubs, songs that are near to too many others, by mutual proximity
    #[arg(long, requires = "cosine")]
    mutual_proximity: bool,
    /// Leave out an artist's songs (may be given several times)
    #[arg(long, value_name = "NAME")]
    exclude_artist: Vec<String>,
    /// Analyse no more than this many hours of a file
    #[arg(long, default_value_t = HOURS, value_parser = hours)]
    hours: f64,
}

impl Recommend {
    /// Finds songs like each file; false if some could not be read.
    pub(crate) fn run(&self) -> anyhow::Result<bool> {
        let predictor = open_predictor(self.model.as_deref())?;
        let catalog = open_catalog(self.catalog.as_deref(), &predictor)?;
        let search = Search {
            ranking: if self.cosine {
                Ranking::Cosine
            } else {
                Ranking::GenreAware
            },
            exclude_artists: self.exclude_artist.clone(),
            mutual_proximity: self.mutual_proximity,
            ..Search::default()
        };
        let mut predictions = Vec::new();
        let mut all_read = true;
        for file in &self.files {
            let result = predict(&predictor, file, self.hours).map(|answer| {
                let query = Query {
                    embedding: &answer.embedding,
                    probabilities: &answer.probabilities,
                    tags: &answer.tags,
                };
                let found = catalog.similar(query, usize::from(self.k), &search);
                (answer, found)
            });
            let shown = FileResult::recommended(file, &result, predictor.model(), &catalog);
            all_read &= report(&shown, self.json)?;
            predictions.push(result);
        }
        let results = self
            .files
            .iter()
            .zip(&predictions)
            .map(|(file, result)| {
                FileResult::recommended(file, result, predictor.model(), &catalog)
            })
            .collect();
        finish(results, self.json)?;
        Ok(all_read)
    }
}

/// What happened to one file: an answer, or the reason why there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum FileResult<'a> {
    Predicted {
        #[serde(flatten)]
        file: FileName,
        /// What its tags say of it.
        #[serde(skip_serializing_if = "no_tags")]
        song: Box<SongTags>,
        #[serde(flatten)]
        answer: PredictionView,
        #[serde(skip)]
        verdict: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        recommendations: Option<Vec<FoundSong<'a>>>,
    },
    Failed {
        #[serde(flatten)]
        file: FileName,
        error: String,
    },
}

impl<'a> FileResult<'a> {
    fn predicted(
        file: &Path,
        answer: &Prediction,
        model: &Model,
        recommendations: Option<Vec<FoundSong<'a>>>,
    ) -> Self {
        Self::Predicted {
            file: FileName::of(file),
            song: Box::new(SongTags::read(file)),
            answer: answer.view(&model.genres, &model.tags),
            verdict: answer.verdict(&model.genres).to_string(),
            recommendations,
        }
    }

    fn recommended(
        file: &Path,
        result: &'a anyhow::Result<(Prediction, Vec<Recommendation>)>,
        model: &Model,
        catalog: &'a Catalog,
    ) -> Self {
        match result {
            Ok((answer, found)) => {
                Self::predicted(file, answer, model, Some(FoundSong::all(catalog, found)))
            }
            Err(error) => Self::failed(file, error),
        }
    }

    fn failed(file: &Path, error: &anyhow::Error) -> Self {
        Self::Failed {
            file: FileName::of(file),
            error: sentence(error),
        }
    }
}

/// A song of the catalogue that was found.
#[derive(Serialize)]
struct FoundSong<'a> {
    #[serde(flatten)]
    view: RecommendationView<'a>,
    /// See [`Track::path_bytes`].
    #[serde(skip_serializing_if = "str::is_empty")]
    path_bytes: &'a str,
}

impl<'a> FoundSong<'a> {
    fn all(catalog: &'a Catalog, found: &'a [Recommendation]) -> Vec<Self> {
        let views = catalog.view(found).into_iter();
        views
            .map(|view| Self {
                path_bytes: &catalog.tracks[view.song.track].path_bytes,
                view,
            })
            .collect()
    }
}

/// Whether tags say nothing.
fn no_tags(song: &SongTags) -> bool {
    song.is_empty()
}

/// A file's path in JSON.
#[derive(Serialize)]
struct FileName {
    /// As text, with `�` for what is not UTF-8.
    path: String,
    /// See [`path_bytes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

impl FileName {
    fn of(file: &Path) -> Self {
        Self {
            path: file.to_string_lossy().into_owned(),
            path_bytes: path_bytes(file),
        }
    }
}

#[derive(Serialize)]
struct Files<'a> {
    files: Vec<FileResult<'a>>,
}

/// Decodes a file, or standard input for `-`, and predicts its genre. The notes of both are in the answer.
fn predict(predictor: &Predictor, file: &Path, hours: f64) -> anyhow::Result<Prediction> {
    let reader = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        SoundReader::from_bytes(bytes, "-")?
    } else {
        SoundReader::from_file(file)?
    };
    let mut reader = reader.limited_to(hours * 3600.0);
    Ok(predictor.predict_reader(&mut reader)?)
}

/// Shows a result for people, unless JSON follows; what went wrong goes to stderr either way. False
/// if the file failed.
fn report(result: &FileResult<'_>, json: bool) -> anyhow::Result<bool> {
    match result {
        FileResult::Failed { file, error } => {
            eprintln!("{}: {}", visible(&file.path), visible(error));
            Ok(false)
        }
        FileResult::Predicted {
            file,
            song,
            answer,
            verdict,
            recommendations,
        } => {
            let path = visible(&file.path);
            for note in &answer.notes {
                eprintln!("{path}: {}", visible(note));
            }
            if !json {
                print_answer(&path, song, answer, verdict, recommendations.as_deref())?;
            }
            Ok(true)
        }
    }
}

/// Tags that are printed, the most probable ones.
const TAGS_SHOWN: usize = 6;

fn print_answer(
    path: &str,
    song: &SongTags,
    answer: &PredictionView,
    verdict: &str,
    recommendations: Option<&[FoundSong<'_>]>,
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{path} ({:.1} s): {}",
        answer.seconds,
        visible(verdict)
    )?;
    if let Some(name) = song_name(song) {
        writeln!(out, "  {}", visible(&name))?;
    }
    match recommendations {
        None => {
            let mut genres: Vec<(&String, &f32)> = answer.probabilities.iter().collect();
            genres.sort_by(|a, b| b.1.total_cmp(a.1));
            for (genre, probability) in genres {
                let bar = "█".repeat((probability * 40.0).round() as usize);
                let genre = visible(genre);
                writeln!(out, "  {genre:<10}{:>4.0} %  {bar}", 100.0 * probability)?;
            }
            let mut tags: Vec<(&String, &f32)> = answer.tags.iter().collect();
            tags.sort_by(|a, b| b.1.total_cmp(a.1));
            let tags = tags.iter().take(TAGS_SHOWN);
            let tags: Vec<String> = tags
                .map(|(tag, p)| format!("{tag} {:.0} %", 100.0 * **p))
                .collect();
            if !tags.is_empty() {
                writeln!(out, "  tags: {}", visible(&tags.join(", ")))?;
            }
        }
        Some([]) => writeln!(out, "  no song of the catalogue is left by these filters")?,
        Some(found) => {
            for FoundSong { view: found, .. } in found {
                let song = &found.song;
                let artist = if song.artist.is_empty() {
                    "unknown artist"
                } else {
                    song.artist
                };
                writeln!(
                    out,
                    "  {:>2}  {:.2}  {} – {} [{}{}]: {}",
                    found.rank,
                    found.similarity,
                    visible(artist),
                    visible(song.title),
                    visible(song.genre),
                    if song.genre_predicted { "?" } else { "" },
                    visible(&found.why)
                )?;
            }
        }
    }
    Ok(())
}

/// A song by what its tags say: `Title by Artist, on Album`.
fn song_name(song: &SongTags) -> Option<String> {
    let mut name = song.title.clone();
    for (word, part) in [("by", song.artist()), ("on", song.album.clone())] {
        name = match (name, part) {
            (Some(name), Some(part)) => Some(format!("{name} {word} {part}")),
            (name, part) => name.or(part),
        };
    }
    name
}

fn finish(files: Vec<FileResult<'_>>, json: bool) -> anyhow::Result<()> {
    if json {
        print_json(&Files { files })?;
    }
    Ok(())
}
