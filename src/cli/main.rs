//! Soundalike in the terminal: names the genre of songs and finds songs that sound like them.

mod answers;
mod catalog;
mod cells;
mod features;
mod library;
mod open;
mod output;
mod survey;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use soundalike_datasets::names::visible;
use soundalike_datasets::terminal::print_events;
use soundalike_server::greeting;
use soundalike_shipped as shipped;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the page, and collect answers to a survey or answer questions about your own library
    Serve(Serve),
    /// Print the licences of what the program is made from
    Notices,
    /// Name the genre of songs
    Classify(answers::Classify),
    /// Find songs that sound like others
    Recommend(answers::Recommend),
    /// Build or describe a catalogue
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Hear your own music once, and ask it what sounds alike
    Library(library::LibraryArguments),
    /// Prepare a survey of tastes, and look through its answers
    #[command(subcommand)]
    Survey(survey::SurveyCommand),
    /// Write a song's features as a NumPy array
    Features(features::WriteFeatures),
}

/// What `serve` is asked.
#[derive(Args)]
struct Serve {
    #[command(flatten)]
    server: soundalike_server::Options,
    #[command(flatten)]
    library: library::ServeLibrary,
}

impl Serve {
    fn run(self) -> anyhow::Result<()> {
        let ready = |address: &str| println!("{}", greeting(address));
        if self.library.is_wanted() {
            return self.server.run_with(|| self.library.api(), ready);
        }
        Ok(self.server.run(ready)?)
    }
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
            eprintln!("soundalike: {}", visible(&output::sentence(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command; false if some of its files failed.
fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Serve(asked) => asked.run()?,
        Command::Classify(asked) => return asked.run(),
        Command::Recommend(asked) => return asked.run(),
        Command::Catalog(command) => return catalog::run(command),
        Command::Library(asked) => return asked.run(),
        Command::Survey(command) => return survey::run(command),
        Command::Features(asked) => asked.run()?,
        Command::Notices => print_notices()?,
    }
    Ok(true)
}

fn print_notices() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for notices in [shipped::NOTICE, "\n", shipped::THIRD_PARTY] {
        out.write_all(notices.as_bytes())?;
    }
    Ok(())
}
