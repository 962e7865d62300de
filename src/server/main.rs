//! The server on its own: what `soundalike serve` does, without the neural networks, so that it is
//! built in a fraction of the time.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use soundalike_server::{Administration, Options, greeting, log_warnings};

#[derive(Parser)]
#[command(
    name = "soundalike-server",
    version,
    about = "Serve the page and collect the survey's answers",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Invitations, backups and a restore of the survey's answers
    #[command(subcommand)]
    Survey(Administration),
}

fn main() -> ExitCode {
    let Arguments { options, command } = Arguments::parse();
    let done = match command {
        Some(Command::Survey(work)) => {
            log_warnings();
            work.run(&mut |line| println!("{line}"))
                .map_err(|error| error.to_string())
        }
        None => options
            .run(|url| println!("{}", greeting(url)))
            .map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soundalike-server: {error}");
            ExitCode::FAILURE
        }
    }
}
