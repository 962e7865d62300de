//! What the programs of the terminal share: where the events of the libraries go.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::names::visible;

/// The events that are printed unless `RUST_LOG` says otherwise: those of the project's own crates.
const DEFAULT_FILTER: &str = "soundalike=info,trainer=info";

/// Prints the events of the libraries on standard error, each as a plain line without time, level and
/// origin, in which names of files cannot command the terminal (see [`visible`]). A program calls it once, before anything else; where events are collected already, nothing
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
        .with_writer(|| VisibleLines);
    // Fails only where events are collected already.
    let _ = lines.try_init();
}

/// Standard error, with each event as one [`visible`] line.
struct VisibleLines;

impl Write for VisibleLines {
    /// Writes an event, which comes whole and with its line break.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        io::stderr().write_all(format!("{}\n", visible(line)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
