//! The server on its own: what `soundalike serve` does, without the neural networks, so that it is
//! built in a fraction of the time.

use std::process::ExitCode;

use clap::Parser;
use soundalike_server::{Options, greeting};

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
    let options = Arguments::parse().options;
    match options.run(|url| println!("{}", greeting(url))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soundalike-server: {error}");
            ExitCode::FAILURE
        }
    }
}
