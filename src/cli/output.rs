//! How results and errors are written.

use std::io::Write;

use serde::Serialize;
use soundalike_datasets::hints;

pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// An error with what to do about it.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    match hints::hint(error.chain()) {
        Some(hint) => format!("{error:#}; {hint}"),
        None => format!("{error:#}"),
    }
}
