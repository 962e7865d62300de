//! `soundalike survey report`: what the answers say, as a page and as numbers.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use soundalike_analysis::{Lines, Sources, analyse, latest, page, read_lines, read_rows};
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;
use soundalike_server::DatabaseArguments;
use soundalike_shipped as shipped;
use soundalike_survey::Config;

use crate::open::read;
use crate::output::print_json;

/// Lines that cannot be used and are named; the others are counted.
const NAMED_MOST: usize = 20;

#[derive(clap::Args)]
pub struct Report {
    /// JSON lines, as the collector exports them; without them the collector's database is read
    #[arg(value_name = "ANSWERS", conflicts_with_all = ["data", "database"])]
    answers: Vec<PathBuf>,
    #[command(flatten)]
    place: DatabaseArguments,
    /// The survey that is answered, instead of the shipped one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The page, one HTML file
    #[arg(short, value_name = "FILE", required_unless_present = "json")]
    output: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Report {
    /// Makes the report; false if some answers could not be used.
    pub(super) fn run(self) -> anyhow::Result<bool> {
        let survey = match &self.config {
            Some(path) => super::open(path)?,
            None => Config::from_json(shipped::SURVEY).context("the shipped survey")?,
        };
        let (lines, withdrawn) = if self.answers.is_empty() {
            let stored = self.place.read_answers()?;
            let rows = stored.answers.iter();
            let lines = read_rows(rows.map(|(day, text)| (*day, text.as_str())), &survey);
            name_damaged("the database", "row", &lines, &survey)?;
            (lines, Some(stored.withdrawn))
        } else {
            (read_files(&self.answers, &survey)?, None)
        };
        let left_out = lines.damaged.len();
        let (answers, replaced) = latest(lines.answers);
        let sources = Sources {
            withdrawn,
            left_out,
            replaced,
        };
        let analysis = analyse(&survey, &answers, &sources)?;
        if let Some(output) = &self.output {
            write_whole(output, page(&analysis)?.as_bytes())?;
            eprintln!("{}: {} answers", shown(output), analysis.answers);
        }
        if self.json {
            print_json(&analysis)?;
        }
        Ok(left_out == 0)
    }
}

fn read_files(files: &[PathBuf], survey: &Config) -> anyhow::Result<Lines> {
    let mut all = Lines::default();
    for file in files {
        let lines = read_lines(&read(Path::new(file))?, survey);
        name_damaged(&shown(file), "line", &lines, survey)?;
        all.answers.extend(lines.answers);
        all.damaged.extend(lines.damaged);
    }
    Ok(all)
}

/// Says which lines are left out. If nothing else is there, that is an error.
fn name_damaged(source: &str, what: &str, lines: &Lines, survey: &Config) -> anyhow::Result<()> {
    let Some(first) = lines.damaged.first() else {
        return Ok(());
    };
    if lines.answers.is_empty() {
        let cause = first.cause.trim_end_matches('.');
        bail!(
            "{source}: holds no answer to the survey “{}” ({what} {}: {cause}); name the survey's description with --config",
            survey.id,
            first.line
        );
    }
    for damaged in lines.damaged.iter().take(NAMED_MOST) {
        let cause = visible(&damaged.cause);
        eprintln!("{source}: {what} {}: {cause} It is left out.", damaged.line);
    }
    let more = lines.damaged.len().saturating_sub(NAMED_MOST);
    if more > 0 {
        eprintln!("{source}: {more} more are left out");
    }
    Ok(())
}
