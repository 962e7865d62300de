//! Soundalike in the terminal: names the genre of songs and finds songs that sound like them.

mod survey;

use soundalike_datasets::output::write_whole;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use burn::tensor::Device;
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;
use soundalike_core::audio::{self, SoundReader};
use soundalike_core::catalog::{
    Catalog, Provenance, Query, Ranking, Recommendation, RecommendationView, Search, Track,
};
use soundalike_core::dsp::{FrontEnd, chroma, descriptors, dwt, dwt_levels, frame_features, mfcc};
use soundalike_core::model::Model;
use soundalike_core::pipeline::{Prediction, PredictionView, Predictor};
use soundalike_datasets::hints;
use soundalike_datasets::names::{path_bytes, shown, visible};
use soundalike_datasets::progress::Progress;
use soundalike_datasets::terminal::print_events;
use soundalike_datasets::{self as datasets, Song, SongTags};
use soundalike_server::greeting;
use soundalike_shipped as shipped;

/// Number of MFCCs of `features --kind mfcc`, as in the GTZAN feature table.
const COEFFICIENTS: usize = 20;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the page
    Serve(soundalike_server::Options),
    /// Print the licences of what the program is made from
    Notices,
    /// Name the genre of songs
    Classify {
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
    },
    /// Find songs that sound like others
    Recommend {
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
        /// Leave out an artist's songs (may be given several times)
        #[arg(long, value_name = "NAME")]
        exclude_artist: Vec<String>,
        /// Analyse no more than this many hours of a file
        #[arg(long, default_value_t = HOURS, value_parser = hours)]
        hours: f64,
    },
    /// Build or describe a catalogue
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Prepare a survey of tastes, and look through its answers
    #[command(subcommand)]
    Survey(survey::SurveyCommand),
    /// Write a song's features as a NumPy array
    Features {
        /// Sound file
        file: PathBuf,
        /// Which features
        #[arg(long, value_enum)]
        kind: Features,
        /// Where to write them
        #[arg(short, value_name = "OUT.npy")]
        output: PathBuf,
    },
}

#[derive(Subcommand)]
enum CatalogCommand {
    /// Hear a folder of music, or the songs of an index, and write a catalogue
    Build {
        /// Folder, or INDEX.csv
        music: PathBuf,
        /// Where to write the catalogue
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
        /// Model file instead of the shipped one
        #[arg(long)]
        model: Option<PathBuf>,
        /// Leave out the songs of a set (may be given several times)
        #[arg(long, value_name = "NAME")]
        without_set: Vec<String>,
        /// Table path,title,artist,licence,link, whose cells replace what is known of the songs
        #[arg(long, value_name = "FILE.csv")]
        songs: Option<PathBuf>,
    },
    /// Describe a catalogue
    Info {
        /// Catalogue file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Features {
    /// Log-mel spectrogram in dB, [128, frames]
    Logmel,
    /// Mel power spectrogram, [128, frames]
    Melspec,
    /// Magnitude spectrogram, [1025, frames]
    Stft,
    /// Mel-frequency cepstral coefficients, [20, frames]
    Mfcc,
    /// Pitch classes from C on, tuned to A = 440 Hz, [12, frames]
    Chroma,
    /// Rms, spectral centroid, bandwidth, rolloff (Hz) and zero-crossing rate, [5, frames]
    Frame,
    /// Wavelet coefficients (db4, 5 levels), cA5 | cD5 | ... | cD1, [coefficients]
    Dwt,
    /// The numbers of the GTZAN feature table, [57]
    Descriptors,
}

/// Hours of a file that are analysed unless others are asked for.
const HOURS: f64 = 12.0;

fn hours(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(hours) if hours > 0.0 && f64::is_finite(hours) => Ok(hours),
        _ => Err("it must be a number above 0".to_owned()),
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

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // The server has a log of its own, with its own format.
    if !matches!(command, Command::Serve(_)) {
        print_events();
    }
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soundalike: {}", visible(&sentence(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command; false if some of its files failed.
fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Serve(options) => {
            options.run(|address| println!("{}", greeting(address)))?;
            Ok(true)
        }
        Command::Classify {
            files,
            json,
            model,
            hours,
        } => {
            let predictor = open_predictor(model.as_deref())?;
            let mut results = Vec::new();
            let mut all_read = true;
            for file in &files {
                let result = match predict(&predictor, file, hours) {
                    Ok(answer) => FileResult::Predicted {
                        file: FileName::of(file),
                        song: Box::new(SongTags::read(file)),
                        answer: answer.view(&predictor.model().genres, &predictor.model().tags),
                        verdict: answer.verdict(&predictor.model().genres).to_string(),
                        recommendations: None,
                    },
                    Err(error) => failed(file, &error),
                };
                all_read &= report(&result, json)?;
                results.push(result);
            }
            finish(results, json)?;
            Ok(all_read)
        }
        Command::Recommend {
            files,
            k,
            json,
            model,
            catalog,
            genre_aware: _,
            cosine,
            exclude_artist,
            hours,
        } => {
            let predictor = open_predictor(model.as_deref())?;
            let catalog = open_catalog(catalog.as_deref(), &predictor)?;
            let search = Search {
                ranking: if cosine {
                    Ranking::Cosine
                } else {
                    Ranking::GenreAware
                },
                exclude_artists: exclude_artist,
                ..Search::default()
            };
            let mut predictions = Vec::new();
            for file in &files {
                let result = predict(&predictor, file, hours).map(|answer| {
                    let query = Query {
                        embedding: &answer.embedding,
                        probabilities: &answer.probabilities,
                        tags: &answer.tags,
                    };
                    let found = catalog.similar(query, usize::from(k), &search);
                    (answer, found)
                });
                report(
                    &recommended(file, &result, predictor.model(), &catalog),
                    json,
                )?;
                predictions.push(result);
            }
            let all_read = predictions.iter().all(Result::is_ok);
            let results = files
                .iter()
                .zip(&predictions)
                .map(|(file, result)| recommended(file, result, predictor.model(), &catalog))
                .collect();
            finish(results, json)?;
            Ok(all_read)
        }
        Command::Catalog(CatalogCommand::Build {
            music,
            output,
            model,
            without_set,
            songs,
        }) => {
            let songs = songs_to_hear(&music, &without_set, songs.as_deref())?;
            build_catalog(songs, &music, &output, model.as_deref())
        }
        Command::Catalog(CatalogCommand::Info { file, json }) => {
            let bytes = read(&file)?;
            let catalog =
                Catalog::from_bytes(&bytes).with_context(|| file.display().to_string())?;
            describe(&catalog, bytes.len(), json)?;
            Ok(true)
        }
        Command::Survey(command) => survey::run(command),
        Command::Notices => {
            let mut out = std::io::stdout().lock();
            for notices in [shipped::NOTICE, "\n", shipped::THIRD_PARTY] {
                out.write_all(notices.as_bytes())?;
            }
            Ok(true)
        }
        Command::Features { file, kind, output } => {
            write_features(&file, kind, &output)?;
            Ok(true)
        }
    }
}

/// The result of `recommend` for one file, to be shown.
fn recommended<'a>(
    file: &Path,
    result: &'a anyhow::Result<(Prediction, Vec<Recommendation>)>,
    model: &Model,
    catalog: &'a Catalog,
) -> FileResult<'a> {
    match result {
        Ok((answer, found)) => FileResult::Predicted {
            file: FileName::of(file),
            song: Box::new(SongTags::read(file)),
            answer: answer.view(&model.genres, &model.tags),
            verdict: answer.verdict(&model.genres).to_string(),
            recommendations: Some(FoundSong::all(catalog, found)),
        },
        Err(error) => failed(file, error),
    }
}

fn open_predictor(model: Option<&Path>) -> anyhow::Result<Predictor> {
    let (bytes, name) = match model {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (shipped::MODEL.to_vec(), "the shipped model".to_owned()),
    };
    Predictor::from_bytes(&bytes, Device::flex()).context(name)
}

fn open_catalog(catalog: Option<&Path>, predictor: &Predictor) -> anyhow::Result<Catalog> {
    let (bytes, name) = match catalog {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (
            shipped::CATALOG.to_vec(),
            "the shipped catalogue".to_owned(),
        ),
    };
    let catalog = Catalog::from_bytes(&bytes).with_context(|| name.clone())?;
    catalog
        .check_model(&predictor.model().sha256)
        .context(name)?;
    Ok(catalog)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.is_dir() {
        bail!("{} is a folder; name a file", path.display());
    }
    std::fs::read(path).with_context(|| path.display().to_string())
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

fn failed(file: &Path, error: &anyhow::Error) -> FileResult<'static> {
    FileResult::Failed {
        file: FileName::of(file),
        error: sentence(error),
    }
}

/// An error with what to do about it.
fn sentence(error: &anyhow::Error) -> String {
    match hints::hint(error.chain()) {
        Some(hint) => format!("{error:#}; {hint}"),
        None => format!("{error:#}"),
    }
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

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// The songs of a catalogue, with what is to be shown of them.
fn songs_to_hear(
    music: &Path,
    without_sets: &[String],
    corrections: Option<&Path>,
) -> anyhow::Result<Vec<Song>> {
    let mut songs = datasets::open(music, 0)?;
    datasets::tidy(&mut songs);
    // Before songs are left out, so that one table serves catalogues with and without them.
    if let Some(table) = corrections {
        datasets::correct(&mut songs, table)?;
    }
    Ok(datasets::leave_out(songs, without_sets)?)
}

/// Predicts all songs and writes their catalogue; false if some could not be read.
fn build_catalog(
    songs: Vec<Song>,
    music: &Path,
    output: &Path,
    model: Option<&Path>,
) -> anyhow::Result<bool> {
    let predictor = open_predictor(model)?;
    let progress = Progress::new("analysing", songs.len());
    let answers = datasets::predict_all(&predictor, &songs, &progress);
    drop(progress);
    let (mut tracks, mut predictions) = (Vec::new(), Vec::new());
    let (mut noted, mut failed) = (Vec::new(), Vec::new());
    for (song, answer) in songs.into_iter().zip(answers) {
        let file = shown(&song.file);
        match answer {
            Ok(answer) => {
                let notes: Vec<String> = answer.notes.iter().map(ToString::to_string).collect();
                noted.extend(notes.iter().map(|note| (file.clone(), note.clone())));
                tracks.push(Track {
                    notes,
                    ..song.track
                });
                predictions.push(answer);
            }
            Err(error) => failed.push((file, sentence(&error.into()))),
        }
    }
    let all_read = failed.is_empty();
    let with_notes = tracks.iter().filter(|track| !track.notes.is_empty());
    list_files(with_notes.count(), "with a note", &noted);
    list_files(failed.len(), "left out", &failed);
    let catalog = Catalog::new(Provenance::of(predictor.model()), tracks, &predictions)
        .with_context(|| music.display().to_string())?;
    let bytes = catalog.to_bytes()?;
    write_whole(output, &bytes)?;
    eprintln!(
        "{}: {} songs, {} bytes",
        shown(output),
        catalog.len(),
        bytes.len()
    );
    Ok(all_read)
}

/// Prints what is to be said of `count` files, a line each, below their number.
fn list_files(count: usize, what: &str, lines: &[(String, String)]) {
    match count {
        0 => return,
        1 => eprintln!("1 file {what}:"),
        count => eprintln!("{count} files {what}:"),
    }
    for (file, line) in lines {
        eprintln!("  {file}: {}", visible(line));
    }
}

/// What `catalog info` says.
#[derive(Serialize)]
struct CatalogInfo<'a> {
    songs: usize,
    dimensions: usize,
    bytes: usize,
    model_sha256: &'a str,
    shipped_model: bool,
    genres: &'a [String],
    tags: &'a [String],
    front_end: &'a FrontEnd,
    sets: std::collections::BTreeMap<&'a str, usize>,
    labels: std::collections::BTreeMap<&'a str, usize>,
    artists: usize,
    songs_with_notes: usize,
}

fn describe(catalog: &Catalog, bytes: usize, json: bool) -> anyhow::Result<()> {
    let count = |field: fn(&Track) -> &str| {
        let mut counts = std::collections::BTreeMap::new();
        for track in &catalog.tracks {
            *counts.entry(field(track)).or_insert(0) += 1;
        }
        counts
    };
    let shipped = Predictor::from_bytes(shipped::MODEL, Device::flex())?;
    let info = CatalogInfo {
        songs: catalog.len(),
        dimensions: catalog.dimensions(),
        bytes,
        model_sha256: &catalog.provenance.model_sha256,
        shipped_model: catalog.check_model(&shipped.model().sha256).is_ok(),
        genres: &catalog.provenance.genres,
        tags: &catalog.provenance.tags,
        front_end: &catalog.provenance.front_end,
        sets: count(|t| &t.set),
        labels: count(|t| &t.genre),
        artists: count(|t| &t.artist)
            .keys()
            .filter(|a| !a.is_empty())
            .count(),
        songs_with_notes: catalog
            .tracks
            .iter()
            .filter(|track| !track.notes.is_empty())
            .count(),
    };
    if json {
        return print_json(&info);
    }
    let listed = |counts: &std::collections::BTreeMap<&str, usize>| {
        counts
            .iter()
            .map(|(name, count)| match *name {
                "" => format!("none {count}"),
                name => format!("{} {count}", visible(name)),
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "songs       {}", info.songs)?;
    writeln!(out, "artists     {}", info.artists)?;
    writeln!(out, "sets        {}", listed(&info.sets))?;
    writeln!(out, "genres      {}", listed(&info.labels))?;
    writeln!(out, "embedding   {} numbers", info.dimensions)?;
    writeln!(
        out,
        "model       {}{}",
        info.model_sha256,
        if info.shipped_model {
            " (the shipped one)"
        } else {
            ""
        }
    )?;
    if info.songs_with_notes > 0 {
        writeln!(out, "with notes  {}", info.songs_with_notes)?;
    }
    writeln!(out, "size        {} bytes", info.bytes)?;
    Ok(())
}

fn write_features(file: &Path, kind: Features, output: &Path) -> anyhow::Result<()> {
    let front_end = FrontEnd::default();
    let decoded = audio::decode_file(file).with_context(|| file.display().to_string())?;
    for note in &decoded.notes {
        eprintln!("{}: {}", shown(file), visible(&note.to_string()));
    }
    let clip = decoded
        .clip
        .resampled(front_end.sample_rate)
        .with_context(|| file.display().to_string())?;
    let samples = clip.samples();
    let magnitude = || front_end.stft_magnitude(samples);
    let features = match kind {
        Features::Logmel => front_end.log_mel(samples),
        Features::Melspec => front_end.mel_power(samples),
        Features::Stft => magnitude(),
        Features::Mfcc => mfcc(&front_end.log_mel(samples), COEFFICIENTS),
        Features::Chroma => chroma(&front_end, &magnitude(), 0.0),
        Features::Frame => frame_features(&front_end, samples, &magnitude()),
        Features::Dwt => return write_array(output, &dwt(samples, dwt_levels(samples.len()))),
        Features::Descriptors => return write_array(output, &descriptors(&front_end, samples)),
    };
    let shape = [features.bands as u64, features.frames as u64];
    write_whole(output, &npy_bytes(&features.values, &shape)?)?;
    Ok(())
}

fn write_array(output: &Path, values: &[f32]) -> anyhow::Result<()> {
    write_whole(output, &npy_bytes(values, &[values.len() as u64])?)?;
    Ok(())
}

/// A NumPy array file: little-endian f32 in C order.
fn npy_bytes(values: &[f32], shape: &[u64]) -> anyhow::Result<Vec<u8>> {
    use npyz::WriterBuilder;
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .writer(&mut bytes)
        .begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}
