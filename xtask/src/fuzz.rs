//! `cargo xtask fuzz`: the targets of fuzz/, each for some seconds.
//!
//! The counters that guide libFuzzer are LLVM's and need no nightly compiler, so everything is built with the
//! project's own. Without the address sanitizer, which does: the project has no unsafe code.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::shell::{self, cargo, command, output, run};

/// The targets; each has a corpus of its name.
const TARGETS: [&str; 6] = ["audio", "model", "catalog", "answer", "index", "tags"];

/// What cargo-fuzz compiles with, less what only nightly compilers have.
const FLAGS: [&str; 7] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// What is to be fuzzed and for how long.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    targets: Vec<&'static str>,
    seconds: u32,
}

impl Options {
    /// From `[TARGET …] [--seconds N]`.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            targets: Vec::new(),
            seconds: 60,
        };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            if argument == "--seconds" {
                let number = arguments.next().and_then(|n| n.parse().ok());
                // Nothing would be "without end" for libFuzzer.
                options.seconds = number
                    .filter(|&seconds| seconds > 0)
                    .context("--seconds takes a number of at least 1")?;
            } else if let Some(target) = TARGETS.into_iter().find(|&name| name == argument) {
                options.targets.push(target);
            } else {
                bail!(
                    "fuzz takes {} and --seconds N, not {argument}",
                    TARGETS.join(", ")
                );
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Ok(options)
    }
}

/// How the run of a target ended.
struct Outcome {
    target: &'static str,
    executions: String,
    /// What made it panic, stop or take too much.
    found: Vec<PathBuf>,
    passed: bool,
}

/// Builds the targets and runs them one after the other.
pub fn fuzz(options: &Options) -> Result<ExitCode> {
    setup::cpp_compiler()?;
    let folder = shell::target_dir()?.join("fuzz");
    let programs = build(&folder)?;
    let mut outcomes = Vec::new();
    for &target in &options.targets {
        println!("\n=== {target}, {} s", options.seconds);
        outcomes.push(run_target(target, &programs, &folder, options.seconds)?);
    }
    println!("\n{:<10} {:>12}  result", "target", "executions");
    for outcome in &outcomes {
        let result = if outcome.passed {
            "nothing found"
        } else {
            "FOUND"
        };
        println!(
            "{:<10} {:>12}  {result}",
            outcome.target, outcome.executions
        );
        for file in &outcome.found {
            println!("{:<25}{}", "", file.display());
        }
    }
    Ok(if outcomes.iter().all(|outcome| outcome.passed) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The folder of the compiled targets.
fn build(folder: &Path) -> Result<PathBuf> {
    let said = output({
        let mut rustc = command("rustc");
        rustc.arg("-vV");
        rustc
    })?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc names no host")?;
    // With --target the flags are not those of build scripts and macros.
    let mut build = cargo(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    build
        .args(["--target", host])
        .env("CARGO_TARGET_DIR", folder)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    run(build)?;
    Ok(folder.join(host).join("release"))
}

fn run_target(
    target: &'static str,
    programs: &Path,
    folder: &Path,
    seconds: u32,
) -> Result<Outcome> {
    let seeds = shell::root().join("fuzz/corpora").join(target);
    // What it learns is kept for the next run, outside the repository.
    let learnt = folder.join("corpora").join(target);
    let artifacts = folder.join("found").join(target);
    fs::create_dir_all(&learnt)?;
    fs::create_dir_all(&artifacts)?;
    let known = files(&artifacts)?;
    let log = folder.join(format!("{target}.log"));

    let program = format!("{target}{}", env::consts::EXE_SUFFIX);
    let mut fuzzer = command(programs.join(program));
    fuzzer
        .arg(&learnt)
        .arg(&seeds)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=20", "-rss_limit_mb=3072", "-max_len=65536"])
        .args(["-print_final_stats=1", "-verbosity=1"])
        .stderr(File::create(&log)?);
    let passed = fuzzer
        .status()
        .with_context(|| format!("cannot run {}", shell::line(&fuzzer)))?
        .success();

    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !passed {
        let told: Vec<&str> = said.lines().filter(|line| is_telling(line)).collect();
        println!("{}\nsee {}", told.join("\n"), log.display());
    }
    let found = files(&artifacts)?.into_iter();
    Ok(Outcome {
        target,
        executions: executions(&said).unwrap_or("?").to_owned(),
        found: found.filter(|file| !known.contains(file)).collect(),
        passed,
    })
}

fn is_telling(line: &str) -> bool {
    ["panicked at", "ERROR: libFuzzer", "SUMMARY:"]
        .iter()
        .any(|word| line.contains(word))
}

/// How often the target ran, from libFuzzer's statistics or the last line of its progress.
fn executions(said: &str) -> Option<&str> {
    let stated = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let progress = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix('#')?.split_whitespace().next());
    stated.map(str::trim).or(progress)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, Options, TARGETS, executions};

    #[test]
    fn targets_and_seconds_are_read() {
        let all = Options::parse(&[]).expect("no arguments");
        assert_eq!((all.targets, all.seconds), (TARGETS.to_vec(), 60));
        let one = Options::parse(&["model", "--seconds", "5"]).expect("a target");
        assert_eq!((one.targets, one.seconds), (vec!["model"], 5));
        for wrong in [&["pcm"][..], &["--seconds"], &["--seconds", "0"], &["-s"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn executions_are_found_in_what_libfuzzer_says() {
        let whole = "#2\tINITED cov: 3\n#64\tpulse cov: 4\nstat::number_of_executed_units: 71\n";
        assert_eq!(executions(whole), Some("71"));
        assert_eq!(
            executions("#2\tINITED\n#64\tpulse\n==1== ERROR"),
            Some("64")
        );
        assert_eq!(executions(""), None);
    }

    #[test]
    fn every_target_has_a_program_and_a_corpus() {
        for target in TARGETS {
            let fuzz = crate::shell::root().join("fuzz");
            assert!(fuzz.join(format!("targets/{target}.rs")).is_file());
            assert!(fuzz.join("corpora").join(target).is_dir());
        }
        assert!(FLAGS.iter().all(|flag| !flag.contains('\u{1f}')));
    }
}
