//! Trains and evaluates models.

mod adapt;
mod compare;
mod cross_validate;
mod errors;
mod evaluate;
mod files;
mod import;
mod outcome;
mod print;
mod refit;
mod retrieval;
mod sets;
mod settings;
mod sweep;
mod table;
mod tags;
mod taste;
mod train;
mod wasm;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use soundalike_datasets::names::visible;
use soundalike_datasets::terminal::print_events;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model on an index, a folder of genres or a feature table
    Train(train::TrainArguments),
    /// Make a model of published weights
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Make a model's features robust to telephones, equalisers, codecs and noise
    Adapt(adapt::AdaptArguments),
    /// Simulate, fit and evaluate the tastes of participants
    #[command(subcommand)]
    Taste(taste::TasteCommand),
    /// Train several architectures on the same clips and print them side by side
    Compare(compare::CompareArguments),
    /// Train with several values of one setting and draw their curves
    Sweep(sweep::SweepArguments),
    /// Evaluate a model on labelled clips
    Evaluate(evaluate::EvaluateArguments),
}

/// Runs a command; false if some clips or answers could not be used.
fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Train(arguments) => train::train(&arguments),
        Command::Import(command) => import::import(&command).map(|()| true),
        Command::Adapt(arguments) => adapt::adapt_model(&arguments).map(|()| true),
        Command::Taste(command) => taste::run(command),
        Command::Compare(arguments) => compare::compare(&arguments).map(|()| true),
        Command::Sweep(arguments) => sweep::sweep(&arguments).map(|()| true),
        Command::Evaluate(arguments) => evaluate::evaluate(&arguments),
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    print_events();
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            if let Some(usage) = error.downcast_ref::<errors::UsageError>() {
                Arguments::command().error(usage.kind, usage).exit();
            }
            let said = format!("{error:#}{}", errors::hint(&error));
            eprintln!("trainer: {}", visible(&said));
            ExitCode::FAILURE
        }
    }
}
