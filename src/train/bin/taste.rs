//! `trainer taste`: tastes of many participants.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Subcommand;
use soundalike_core::catalog::Catalog;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;
use soundalike_shipped as shipped;
use soundalike_survey::{Config, Kind};
use soundalike_train::report::Contents;
use soundalike_train::taste::{
    Answers, MethodScores, Scenario, Simulation, TasteReport, evaluate, simulate, with_networks,
};
use soundalike_train::{ModelCard, TasteCard};

use crate::files::write_report;

#[derive(Subcommand)]
pub enum TasteCommand {
    /// Simulate the answers of participants
    Simulate(SimulateArguments),
    /// Fit a taste model to answers
    Train(TrainArguments),
    /// Evaluate how well tastes are predicted
    Evaluate(EvaluateArguments),
}

#[derive(clap::Args)]
pub struct SimulateArguments {
    /// Number of participants
    #[arg(long, default_value_t = 120)]
    participants: usize,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What simulated tastes depend on
    #[arg(long, value_enum, default_value_t = ScenarioName::Directions)]
    recipe: ScenarioName,
    /// The survey instead of the shipped one
    #[arg(long)]
    config: Option<PathBuf>,
    /// Standard deviation that taste adds to the logit
    #[arg(long, default_value_t = Simulation::default().strength)]
    strength: f64,
    /// Standard deviation that popularity adds to the logit
    #[arg(long, default_value_t = Simulation::default().popularity)]
    popularity: f64,
    /// Share of ratings that are random
    #[arg(long, default_value_t = Simulation::default().noise)]
    noise: f64,
    /// Share of songs that a participant does not know
    #[arg(long, default_value_t = Simulation::default().unknown)]
    unknown: f64,
    /// JSON lines
    #[arg(short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(clap::Args)]
pub struct TrainArguments {
    /// JSON lines, as the collector exports them
    #[arg(required = true)]
    answers: Vec<PathBuf>,
    /// The survey, to check the answers by
    #[arg(long)]
    config: Option<PathBuf>,
    /// Seed of the figures on the card
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for taste.safetensors and taste.json
    #[arg(short, value_name = "DIR", default_value = "models")]
    output: PathBuf,
}

#[derive(clap::Args)]
pub struct EvaluateArguments {
    /// JSON lines, as the collector exports them
    #[arg(required = true)]
    answers: Vec<PathBuf>,
    /// The survey, to check the answers by
    #[arg(long)]
    config: Option<PathBuf>,
    /// Seed of folds and choices
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also predict the likes from own favourites by the networks of Perry, which takes minutes
    #[arg(long)]
    networks: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Folder for report.html, a page with every figure, and report.json
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// What simulated tastes depend on.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum ScenarioName {
    /// Directions of the embedding
    Directions,
    /// Liked and disliked genres, and noise
    Genres,
    /// Noise alone: nothing to do with the sound
    Whims,
}

impl From<ScenarioName> for Scenario {
    fn from(name: ScenarioName) -> Self {
        match name {
            ScenarioName::Directions => Self::Directions,
            ScenarioName::Genres => Self::Genres,
            ScenarioName::Whims => Self::Idiosyncratic,
        }
    }
}

/// Runs a command; false if some answers could not be used.
pub fn run(command: TasteCommand) -> anyhow::Result<bool> {
    let catalog = Catalog::from_bytes(shipped::CATALOG).context("the shipped catalogue")?;
    match command {
        TasteCommand::Simulate(arguments) => simulate_answers(&arguments, &catalog),
        TasteCommand::Train(arguments) => train(&arguments, &catalog),
        TasteCommand::Evaluate(arguments) => evaluate_answers(&arguments, &catalog),
    }
}

fn simulate_answers(arguments: &SimulateArguments, catalog: &Catalog) -> anyhow::Result<bool> {
    let config = match &arguments.config {
        Some(path) => read_config(path)?,
        None => Config::from_json(shipped::SURVEY).context("the shipped survey")?,
    };
    let simulation = Simulation {
        participants: arguments.participants,
        seed: arguments.seed,
        scenario: arguments.recipe.into(),
        strength: arguments.strength,
        popularity: arguments.popularity,
        noise: arguments.noise,
        unknown: arguments.unknown,
        ..Simulation::default()
    };
    let (answers, _) = simulate(&simulation, &config, catalog)?;
    let mut lines = Vec::new();
    for answer in &answers {
        serde_json::to_writer(&mut lines, answer)?;
        lines.push(b'\n');
    }
    write_whole(&arguments.output, &lines)?;
    println!(
        "{} simulated answers: {}",
        answers.len(),
        shown(&arguments.output)
    );
    Ok(true)
}

fn train(arguments: &TrainArguments, catalog: &Catalog) -> anyhow::Result<bool> {
    let (answers, whole) = read(&arguments.answers, arguments.config.as_deref(), catalog)?;
    let population = answers.population(catalog)?;
    let report = evaluate(&answers, catalog, arguments.seed)?;
    let output = &arguments.output;
    write_whole(&output.join("taste.safetensors"), &population.to_bytes()?)?;
    let provenance = &catalog.provenance.model_sha256;
    let card = TasteCard::new(answers.simulated, provenance, arguments.seed, &report);
    ModelCard::Taste(Box::new(card)).write(&output.join("taste.json"))?;
    print!("{}", table(&report));
    Ok(whole)
}

fn evaluate_answers(arguments: &EvaluateArguments, catalog: &Catalog) -> anyhow::Result<bool> {
    let (answers, whole) = read(&arguments.answers, arguments.config.as_deref(), catalog)?;
    let mut report = evaluate(&answers, catalog, arguments.seed)?;
    if arguments.networks {
        report = with_networks(report, &answers, arguments.seed);
    }
    let document = format!("{}\n", serde_json::to_string_pretty(&report)?);
    let text = table(&report);
    if let Some(folder) = &arguments.report {
        let contents = Contents {
            title: format!("Tastes of {} participants", report.participants),
            notes: vec![format!(
                "Answers {}: {} songs, {} opinions, {:.1} % liked; {}.",
                report.answers,
                report.songs,
                report.ratings,
                100.0 * report.liked,
                report.held_out
            )],
            warnings: answers
                .simulated
                .then(|| "the answers are simulated and say nothing of people".to_owned())
                .into_iter()
                .collect(),
            taste: Some(report.clone()),
            ..Contents::default()
        };
        write_report(folder, &contents)?;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(if arguments.json { &document } else { &text }.as_bytes())?;
    Ok(whole)
}

fn read_config(path: &Path) -> anyhow::Result<Config> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let config = Config::from_json(&bytes).with_context(|| path.display().to_string())?;
    ensure!(
        config.kind == Kind::Taste,
        "{}: is a {}, and tastes are learnt from a {}; see `soundalike survey report`",
        path.display(),
        config.kind.name(),
        Kind::Taste.name()
    );
    Ok(config)
}

fn read(
    files: &[PathBuf],
    config: Option<&Path>,
    catalog: &Catalog,
) -> anyhow::Result<(Answers, bool)> {
    let config = config.map(read_config).transpose()?;
    let (answers, bad) = Answers::read(files, config.as_ref(), catalog)?;
    for sentence in &bad {
        eprintln!("{}", visible(sentence));
    }
    Ok((answers, bad.is_empty()))
}

/// The report as text.
fn table(report: &TasteReport) -> String {
    let percent = |[mean, low, high]: [f64; 3]| {
        format!(
            "{:.1} % ({:.1} to {:.1})",
            100.0 * mean,
            100.0 * low,
            100.0 * high
        )
    };
    let three = |[mean, low, high]: [f64; 3]| format!("{mean:.3} ({low:.3} to {high:.3})");
    let mut text = format!(
        "answers {}: {} participants, {} songs, {} opinions, {:.1} % liked; {}\n",
        report.answers,
        report.participants,
        report.songs,
        report.ratings,
        100.0 * report.liked,
        report.held_out
    );
    text += &format!(
        "\nlikes from the favourite song, answers {}: Hamming accuracy\n",
        report.answers
    );
    for row in report.favourite.iter().chain(&report.networks) {
        text += &format!(
            "{:<22}{:<26}majority per song {:<26}majority overall {:<26}{} participants\n",
            row.input,
            percent(row.accuracy),
            percent(row.majority_per_song),
            percent(row.majority_overall),
            row.participants
        );
    }
    let figures = |rows: &[MethodScores]| -> String {
        let mut text = format!(
            "{:<30}{:<14}{:<26}{:<26}{:<26}{:<28}{}\n",
            "",
            "knows others",
            "log loss",
            "behind the first",
            "AUC",
            "accuracy",
            "calibration error"
        );
        for row in rows {
            text += &format!(
                "{:<30}{:<14}{:<26}{:<26}{:<26}{:<28}{:.3}\n",
                row.name,
                if row.uses_others { "yes" } else { "no" },
                three(row.log_loss),
                three(row.log_loss_difference),
                row.auc.map_or("–".to_owned(), three),
                percent(row.accuracy),
                row.calibration_error
            );
        }
        text
    };
    for personal in &report.personal {
        text += &format!(
            "\npersonal tastes, answers {}, {} opinions known, {} participants\n{}",
            report.answers,
            personal.known_ratings,
            personal.participants,
            figures(&personal.rows)
        );
    }
    text += &format!(
        "\nsongs that nobody was asked about, answers {}\n{}",
        report.answers,
        figures(&report.cold_start)
    );
    text
}
