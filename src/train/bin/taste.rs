//! `trainer taste`: taste models of many participants.

use soundalike_datasets::output::write_whole;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use soundalike_core::catalog::Catalog;
use soundalike_shipped as shipped;
use soundalike_survey::Config;
use soundalike_train::report::{self, Contents};
use soundalike_train::taste::{
    Answers, MethodScores, Scenario, Simulation, TasteReport, evaluate, simulate, with_networks,
};

#[derive(Subcommand)]
pub enum TasteCommand {
    /// Simulate the answers of participants
    Simulate {
        /// Number of participants
        #[arg(long, default_value_t = 120)]
        participants: usize,
        /// Seed of every random choice
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// What determines the tastes
        #[arg(long, value_enum, default_value_t = ScenarioName::Directions)]
        recipe: ScenarioName,
        /// The survey instead of the shipped one
        #[arg(long)]
        config: Option<PathBuf>,
        /// Standard deviation of the logit that is due to tastes
        #[arg(long, default_value_t = Simulation::default().strength)]
        strength: f64,
        /// Standard deviation of the logit that is due to popularity
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
    },
    /// Train the population model on answers
    Train {
        /// JSON lines, as the collector exports them
        #[arg(required = true)]
        answers: Vec<PathBuf>,
        /// The survey that the answers are checked against
        #[arg(long)]
        config: Option<PathBuf>,
        /// Seed of the measurements on the card
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Folder for taste.safetensors and taste.json
        #[arg(short, value_name = "DIR", default_value = "models")]
        output: PathBuf,
    },
    /// Measure how well ratings are predicted
    Evaluate {
        /// JSON lines, as the collector exports them
        #[arg(required = true)]
        answers: Vec<PathBuf>,
        /// The survey that the answers are checked against
        #[arg(long)]
        config: Option<PathBuf>,
        /// Seed of folds and choices
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Also predict the ratings from own favourites by Perry's networks, which takes minutes
        #[arg(long)]
        networks: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        /// Folder for report.html, a page with every figure, and report.json
        #[arg(long, value_name = "DIR")]
        report: Option<PathBuf>,
    },
}

/// What determines simulated tastes.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum ScenarioName {
    /// Directions of the embedding
    Directions,
    /// Liked and disliked genres, and idiosyncratic preferences
    Genres,
    /// Idiosyncratic preferences alone, independent of the sound
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

/// What is known of a taste model beside its numbers.
#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    simulated: bool,
    model_sha256: &'a str,
    seed: u64,
    figures: &'a TasteReport,
}

/// Runs a command; false if some answers could not be used.
pub fn run(command: TasteCommand) -> anyhow::Result<bool> {
    let catalog = Catalog::from_bytes(shipped::CATALOG).context("the shipped catalogue")?;
    match command {
        TasteCommand::Simulate {
            participants,
            seed,
            recipe,
            config,
            strength,
            popularity,
            noise,
            unknown,
            output,
        } => {
            let config = match config {
                Some(path) => read_config(&path)?,
                None => Config::from_json(shipped::SURVEY).context("the shipped survey")?,
            };
            let simulation = Simulation {
                participants,
                seed,
                scenario: recipe.into(),
                strength,
                popularity,
                noise,
                unknown,
                ..Simulation::default()
            };
            let (answers, _) = simulate(&simulation, &config, &catalog)?;
            let mut lines = Vec::new();
            for answer in &answers {
                serde_json::to_writer(&mut lines, answer)?;
                lines.push(b'\n');
            }
            write_whole(&output, &lines)?;
            println!("{} simulated answers: {}", answers.len(), output.display());
            Ok(true)
        }
        TasteCommand::Train {
            answers,
            config,
            seed,
            output,
        } => {
            let (answers, whole) = read(&answers, config.as_deref(), &catalog)?;
            let population = answers.population(&catalog)?;
            let report = evaluate(&answers, &catalog, seed)?;
            let card = Card {
                name: "Soundalike taste model",
                simulated: answers.simulated,
                model_sha256: &catalog.provenance.model_sha256,
                seed,
                figures: &report,
            };
            write_whole(&output.join("taste.safetensors"), &population.to_bytes()?)?;
            let card = format!("{}\n", serde_json::to_string_pretty(&card)?);
            write_whole(&output.join("taste.json"), card.as_bytes())?;
            print!("{}", table(&report));
            Ok(whole)
        }
        TasteCommand::Evaluate {
            answers,
            config,
            seed,
            networks,
            json,
            report: folder,
        } => {
            let (answers, whole) = read(&answers, config.as_deref(), &catalog)?;
            let mut report = evaluate(&answers, &catalog, seed)?;
            if networks {
                report = with_networks(report, &answers, seed);
            }
            let document = format!("{}\n", serde_json::to_string_pretty(&report)?);
            let text = table(&report);
            if let Some(folder) = folder {
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
                        .then(|| {
                            "the answers are simulated and say nothing about real participants"
                                .to_owned()
                        })
                        .into_iter()
                        .collect(),
                    taste: Some(report.clone()),
                    ..Contents::default()
                };
                report::write(&folder, &contents)?;
                eprintln!("{}", folder.join("report.html").display());
            }
            let mut out = std::io::stdout().lock();
            out.write_all(if json { &document } else { &text }.as_bytes())?;
            Ok(whole)
        }
    }
}

fn read_config(path: &Path) -> anyhow::Result<Config> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Config::from_json(&bytes).with_context(|| path.display().to_string())
}

fn read(
    files: &[PathBuf],
    config: Option<&Path>,
    catalog: &Catalog,
) -> anyhow::Result<(Answers, bool)> {
    let config = config.map(read_config).transpose()?;
    let (answers, bad) = Answers::read(files, config.as_ref(), catalog)?;
    for sentence in &bad {
        eprintln!("{sentence}");
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
