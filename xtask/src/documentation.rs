//! This tool in the place of rustdoc, while cargo runs the examples in the documentation: each library's documentation
//! is checked in the same go. `cargo doc` would compile the interfaces of every dependency another time.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::shell::{run, target_dir};

/// The variable that makes this tool take rustdoc's place: the program that it stands in for.
const REAL: &str = "SOUNDALIKE_XTASK_FOR_RUSTDOC";
/// Where the documentation goes. Cargo runs rustdoc as if for each package alone, so that it cannot be found out.
const FOLDER: &str = "SOUNDALIKE_XTASK_DOCUMENTATION";

/// Runs cargo with this tool in the place of rustdoc.
pub fn checked_by(mut cargo: Command) -> Result<()> {
    let real = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    cargo.env(REAL, real);
    cargo.env(FOLDER, target_dir()?.join("documentation"));
    cargo.env(
        "RUSTDOC",
        env::current_exe().context("xtask cannot be found")?,
    );
    run(cargo)
}

/// Whether cargo runs this tool in the place of rustdoc; then this is its exit status.
pub fn in_place_of_rustdoc() -> Option<ExitCode> {
    let real = env::var_os(REAL)?;
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let result = rustdoc(&real, &arguments).and_then(|()| match for_documentation(&arguments) {
        Some(arguments) => document(&real, &arguments),
        None => Ok(()),
    });
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    })
}

fn rustdoc(real: &OsString, arguments: &[OsString]) -> Result<()> {
    let mut rustdoc = Command::new(real);
    // An example that starts this tool wants this tool.
    rustdoc
        .args(arguments)
        .env_remove(REAL)
        .env_remove("RUSTDOC");
    run(rustdoc)
}

fn document(real: &OsString, arguments: &[OsString]) -> Result<()> {
    let folder = env::var_os(FOLDER).context("there is no folder for documentation")?;
    let further = ["-D".into(), "warnings".into(), "-o".into(), folder];
    rustdoc(real, &[arguments, &further[..]].concat())
}

/// The arguments that document what these test; nothing where they test nothing.
fn for_documentation(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let mut tests = false;
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--test") => tests = true,
            Some("--test-run-directory" | "--test-args") => {
                arguments.next();
            }
            _ => kept.push(argument.clone()),
        }
    }
    tests.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tested_is_documented_with_the_same_libraries() {
        let of = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let tested = "--crate-name a --test a/lib.rs --test-run-directory a --extern b=b.rlib --test-args -q";
        let documented = "--crate-name a a/lib.rs --extern b=b.rlib";
        assert_eq!(for_documentation(&of(tested)), Some(of(documented)));
        assert_eq!(for_documentation(&of("-vV")), None);
    }
}
