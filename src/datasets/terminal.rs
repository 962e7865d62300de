//! What the programs of the terminal share: where the events of the libraries go.

use std::io;

use tracing_subscriber::EnvFilter;

/// The events that are printed unless `RUST_LOG` says otherwise: those of the project's own crates.
const DEFAULT_FILTER: &str = "soundalike=info,trainer=info";

/// Prints the events of the libraries on standard error, each as a plain line without time, level and
/// origin. A program calls it once, before anything else; where events are collected already, nothing
/// changes.
pub fn print_events() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(io::stderr);
    // Fails only where events are collected already.
    let _ = lines.try_init();
}
