//! The server alone: what `soundalike serve` is, without the networks, and built in a fraction of
//! the time.

use std::process::ExitCode;

use clap::Parser;
use soundalike_server::Options;

#[derive(Parser)]
#[command(
    name = "soundalike-server",
    version,
    about = "Serve the page and collect the survey's answers"
)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    match Arguments::parse().options.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soundalike-server: {:#}", anyhow::Error::from(error));
            ExitCode::FAILURE
        }
    }
}
