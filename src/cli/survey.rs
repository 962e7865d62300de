//! `soundalike survey`: a survey's songs and description, and whether files fit them.

use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Subcommand;
use soundalike_core::catalog::Catalog;
use soundalike_core::survey::{check_catalog, choose_songs, model_shape};
use soundalike_server::Administration;
use soundalike_shipped as shipped;
use soundalike_survey::{
    AUDIO_ENDINGS, AnyAnswer, Config, Kind, PAGE_LANGUAGES, PLACEHOLDER_CONTACT,
    PLACEHOLDER_CONTROLLER, SurveySong, Translation, Words, is_audio_name,
};

mod report;
mod study;

use report::Report;
use study::Design;

/// Title and purpose of a survey that nobody has worded yet, by language.
const TASTE: [[(&str, &str); 2]; 2] = [
    [
        ("en", "Which songs do you like?"),
        ("de", "Welche Songs magst du?"),
    ],
    [
        (
            "en",
            "We want to learn how far the sound of songs tells who likes them. The answers teach and test \
             the program on this page, and nothing else.",
        ),
        (
            "de",
            "Wir wollen wissen, wie weit der Klang von Songs verrät, wer sie mag. Die Antworten lehren \
             und prüfen das Programm dieser Seite, sonst nichts.",
        ),
    ],
];
/// The same of a listening study.
const LISTENING: [[(&str, &str); 2]; 2] = [
    [
        ("en", "Which songs go together?"),
        ("de", "Welche Songs passen zusammen?"),
    ],
    [
        (
            "en",
            "We compare two ways to recommend songs. Your ratings tell which of them people prefer, and \
             nothing else is done with them.",
        ),
        (
            "de",
            "Wir vergleichen zwei Arten, Songs zu empfehlen. Die Bewertungen zeigen, welche davon besser \
             ankommt; sonst geschieht nichts mit ihnen.",
        ),
    ],
];
/// Days for which a survey that nobody has changed keeps its answers.
const RETENTION_DAYS: u32 = 365;

#[derive(clap::Args)]
pub struct Choice {
    /// Number of songs
    #[arg(long, default_value_t = 50)]
    count: usize,
    /// Seed of the choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Catalogue file instead of the shipped one
    #[arg(long)]
    catalog: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum SurveyCommand {
    /// Choose songs of the catalogue, spread over genres and artists, and print them
    Songs {
        #[command(flatten)]
        choice: Choice,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Write a survey's description to start from
    Config {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        design: Design,
        /// Where to write it
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check a survey's description, or the answers of a file of JSON lines
    Check {
        /// config.json, an answer, or JSON lines of answers
        file: PathBuf,
        /// The survey that answers belong to, instead of the shipped one
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Print the JSON Schema of an answer
    Schema,
    /// Report what the answers say: numbers, intervals and tests on one page
    Report(Report),
    #[command(flatten)]
    Administration(Administration),
}

/// Runs a command; false if a file does not fit.
pub fn run(command: SurveyCommand) -> anyhow::Result<bool> {
    match command {
        SurveyCommand::Songs { choice, json } => {
            let (_, songs) = choice.make()?;
            if json {
                crate::output::print_json(&songs)?;
            } else {
                for song in &songs {
                    println!(
                        "{:<11}{} – {}",
                        visible(&song.genre),
                        visible(&song.artist),
                        visible(&song.title)
                    );
                }
            }
            Ok(true)
        }
        SurveyCommand::Config {
            choice,
            design,
            output,
        } => {
            let mut config = match design.kind() {
                Kind::Taste => {
                    let (catalog, songs) = choice.make()?;
                    default_config(&catalog, songs, TASTE)
                }
                Kind::Recommendations => {
                    let (name, catalog) = choice.catalog()?;
                    let (songs, study) = design.make(&catalog, choice.seed).context(name)?;
                    Config {
                        id: "listening".to_owned(),
                        kind: Kind::Recommendations,
                        study: Some(study),
                        ..default_config(&catalog, songs, LISTENING)
                    }
                }
            };
            name_sounds(&mut config, &audio_folder(&output));
            config.check()?;
            let json = format!("{}\n", serde_json::to_string_pretty(&config)?);
            write_whole(&output, json.as_bytes())?;
            eprintln!("{}: {} songs", shown(&output), config.songs.len());
            warn(&output, &config);
            Ok(true)
        }
        SurveyCommand::Check { file, config } => check(&file, config.as_deref()),
        SurveyCommand::Schema => {
            crate::output::print_json(&AnyAnswer::schema())?;
            Ok(true)
        }
        SurveyCommand::Report(report) => report.run(),
        SurveyCommand::Administration(work) => {
            work.run(&mut |line| println!("{line}"))?;
            Ok(true)
        }
    }
}

/// Reads a survey's description.
pub fn open(path: &Path) -> anyhow::Result<Config> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Config::from_json(&bytes).with_context(|| path.display().to_string())
}

impl Choice {
    /// The catalogue, and what it is called.
    fn catalog(&self) -> anyhow::Result<(String, Catalog)> {
        let (name, catalog) = match &self.catalog {
            Some(path) => (
                path.display().to_string(),
                std::fs::read(path)
                    .map_err(anyhow::Error::from)
                    .and_then(|bytes| Ok(Catalog::from_bytes(&bytes)?)),
            ),
            None => (
                "the shipped catalogue".to_owned(),
                Catalog::from_bytes(shipped::CATALOG).map_err(Into::into),
            ),
        };
        let catalog = catalog.with_context(|| name.clone())?;
        Ok((name, catalog))
    }

    fn make(&self) -> anyhow::Result<(Catalog, Vec<SurveySong>)> {
        let (name, catalog) = self.catalog()?;
        let songs = choose_songs(&catalog, self.count, self.seed)
            .context("ask for fewer with --count")
            .context(name)?;
        Ok((catalog, songs))
    }
}

/// Where the sound files of a survey's songs are.
fn audio_folder(config: &Path) -> PathBuf {
    config.with_file_name("audio")
}

/// Names the sound file of each song that has one: called as the song's own file, with any ending that browsers
/// play.
fn name_sounds(config: &mut Config, folder: &Path) {
    for song in &mut config.songs {
        let stem = Path::new(&song.id).file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy();
        let names = AUDIO_ENDINGS
            .iter()
            .map(|ending| format!("{stem}.{ending}"));
        let found = names
            .into_iter()
            .find(|name| is_audio_name(name) && folder.join(name).is_file());
        song.audio = found.unwrap_or_default();
    }
}

fn default_config(
    catalog: &Catalog,
    songs: Vec<SurveySong>,
    [title, purpose]: [[(&str, &str); 2]; 2],
) -> Config {
    let words =
        |pairs: [(&str, &str); 2]| Words(pairs.map(|(l, t)| (l.to_owned(), t.to_owned())).into());
    Config {
        id: "soundalike".to_owned(),
        title: words(title),
        purpose: words(purpose),
        contact: PLACEHOLDER_CONTACT.to_owned(),
        controller: PLACEHOLDER_CONTROLLER.to_owned(),
        consent_version: 1,
        retention_days: RETENTION_DAYS,
        languages: title.map(|(language, _)| language.to_owned()).into(),
        model: model_shape(catalog),
        songs,
        ..Config::default()
    }
}

fn warn(file: &Path, config: &Config) {
    for warning in config.warnings() {
        eprintln!("{}: {}", shown(file), visible(&warning.to_string()));
    }
}

fn check(file: &Path, config: Option<&Path>) -> anyhow::Result<bool> {
    let name = shown(file);
    let bytes = std::fs::read(file).with_context(|| name.clone())?;
    ensure!(!bytes.trim_ascii().is_empty(), "{name}: is empty");
    // Only a survey's description has songs.
    let whole = serde_json::from_slice::<serde_json::Value>(&bytes);
    if whole.is_ok_and(|value| value.get("songs").is_some()) {
        let survey = Config::from_json(&bytes).with_context(|| name.clone())?;
        check_catalog(&survey, &Catalog::from_bytes(shipped::CATALOG)?)
            .with_context(|| name.clone())?;
        check_sounds(file, &survey)?;
        check_languages(file, &survey)?;
        warn(file, &survey);
        println!(
            "{name}: a {} with {} songs",
            survey.kind.name(),
            survey.songs.len()
        );
        return Ok(true);
    }
    let config = match config {
        Some(path) => open(path)?,
        None => Config::from_json(shipped::SURVEY).context("the shipped survey")?,
    };
    let (mut right, mut wrong) = (0, 0);
    // One answer may stand on several lines.
    if let Ok(answer) = AnyAnswer::from_json(&bytes) {
        answer.check(&config).with_context(|| name.clone())?;
        right = 1;
    } else {
        for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match AnyAnswer::from_json(line).and_then(|answer| answer.check(&config)) {
                Ok(()) => right += 1,
                Err(error) => {
                    let error = error.to_string();
                    eprintln!("{name}: line {}: {}", index + 1, visible(&error));
                    wrong += 1;
                }
            }
        }
    }
    println!("{name}: {right} answers as the survey asks, {wrong} not");
    Ok(wrong == 0)
}

/// Checks that the sound files that a survey names are there.
fn check_sounds(file: &Path, survey: &Config) -> anyhow::Result<()> {
    let folder = audio_folder(file);
    for song in survey.songs.iter().filter(|song| !song.audio.is_empty()) {
        let sound = folder.join(&song.audio);
        ensure!(
            sound.is_file(),
            "{}: the sound file of {} is not there; put it there, or leave out its `audio`",
            shown(&sound),
            visible(&song.id)
        );
    }
    Ok(())
}

/// Checks the files of those languages that only the survey has: `CODE.json` beside its description.
fn check_languages(file: &Path, survey: &Config) -> anyhow::Result<()> {
    let wanted = Translation::from_json(shipped::SURVEY_FRENCH).context("the shipped French")?;
    let only_here = |language: &&String| !PAGE_LANGUAGES.contains(&language.as_str());
    for language in survey.languages.iter().filter(only_here) {
        ensure!(
            language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{}: the language {} is not two lower-case letters, such as fr",
            shown(file),
            visible(language)
        );
        let file = file.with_file_name(format!("{language}.json"));
        let name = shown(&file);
        let bytes = std::fs::read(&file).with_context(|| {
            format!("{name}: {language} is a language of the survey, and the page lacks it")
        })?;
        Translation::from_json(&bytes)
            .and_then(|texts| texts.check(&wanted))
            .context(name)?;
    }
    Ok(())
}
