//! The project's own tool: `cargo xtask serve`, `build`, `test`, `fuzz`, `bench`, `notices` and `sbom`.
//!
//! It installs what the work needs ([`setup`]), builds the page ([`page`]),
//! says what a visitor downloads ([`sizes`]), starts the server ([`serve`]),
//! runs every test there is ([`check`], with [`documentation`]), fuzzes the readers ([`mod@fuzz`]),
//! prints the benchmarks ([`mod@bench`]) and says what all of it is made of
//! ([`supply`]).

mod bench;
mod check;
mod documentation;
mod fuzz;
mod offline;
mod page;
mod rivals;
mod serve;
mod setup;
mod shell;
mod sizes;
mod supply;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  serve [--addr 127.0.0.1:8080] [--no-gpu]   build the page and start it
  build [--no-gpu]                           only build the page
  test [--within MINUTES]                    every test there is; after so long no further step begins
  fuzz [TARGET …] [--seconds N]              fuzz the readers of files, 60 s each
  bench [--json FILE]                        this program beside others, a table at the end
  bench --cost [--json FILE]                 time and memory by the length of the sound
  bench --page [--json FILE]                 the page's first answer in Chromium, by the length of the sound
  bench NAME …                               the benchmarks of these names, or `all`
  notices                                    write www/THIRD-PARTY.txt, the licences of all packages
  sbom                                       a bill of materials of each program, in target/sbom

--no-gpu leaves out the WebGPU module, and that of architectures other than the shipped one, which
take minutes to compile.";

fn main() -> ExitCode {
    if let Some(code) = documentation::in_place_of_rustdoc() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((&command, options)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let done = match command {
        "serve" => serve::Options::parse(options).map(serve::serve),
        "build" => parse_build(options).map(page::build),
        "test" => match parse_test(options) {
            Ok(within) => return check::check_everything(within),
            Err(wrong_usage) => Err(wrong_usage),
        },
        "fuzz" => match fuzz::Options::parse(options) {
            Ok(options) => return fuzz::fuzz(&options),
            Err(wrong_usage) => Err(wrong_usage),
        },
        "notices" if options.is_empty() => Ok(supply::write_notices()),
        "sbom" if options.is_empty() => Ok(supply::write_sbom()),
        "bench" => parse_bench(options).map(|bench| bench.run()),
        serve::BACKGROUND if options.is_empty() => Ok(serve::modules_in_background()),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        _ => Err(anyhow::anyhow!("no such command: {}", arguments.join(" "))),
    };
    match done {
        Ok(result) => result.map(|()| ExitCode::SUCCESS),
        Err(wrong_usage) => {
            eprintln!("xtask: {wrong_usage}\n\n{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// What `bench` is to do.
enum Bench<'a> {
    /// Compare with other programs, and keep the table in a file.
    Compare(Option<&'a str>),
    /// What a sound costs by its length, and keep the table in a file.
    Cost(Option<&'a str>),
    /// How long a visitor waits for the first answer, and keep the table in a file.
    Page(Option<&'a str>),
    /// Run the benchmarks of these names.
    Named(&'a [&'a str]),
}

impl Bench<'_> {
    fn run(&self) -> Result<()> {
        match self {
            Self::Compare(keep) => rivals::compare(*keep),
            Self::Cost(keep) => rivals::cost(*keep),
            Self::Page(keep) => rivals::first_answer(*keep),
            Self::Named(names) => bench::bench(names),
        }
    }
}

fn parse_bench<'a>(options: &'a [&'a str]) -> Result<Bench<'a>> {
    match options {
        [] => Ok(Bench::Compare(None)),
        ["--json", file] => Ok(Bench::Compare(Some(file))),
        ["--cost"] => Ok(Bench::Cost(None)),
        ["--cost", "--json", file] => Ok(Bench::Cost(Some(file))),
        ["--page"] => Ok(Bench::Page(None)),
        ["--page", "--json", file] => Ok(Bench::Page(Some(file))),
        [option, ..] if option.starts_with('-') => {
            bail!(
                "bench takes names, or --cost, --page or --json FILE, not {}",
                options.join(" ")
            )
        }
        names => Ok(Bench::Named(names)),
    }
}

/// After how long `test` begins nothing more.
fn parse_test(options: &[&str]) -> Result<Option<Duration>> {
    match options {
        [] => Ok(None),
        ["--within", minutes] => {
            let minutes: u64 = minutes
                .parse()
                .with_context(|| format!("{minutes} is no number of minutes"))?;
            Ok(Some(Duration::from_secs(60 * minutes)))
        }
        _ => bail!(
            "test takes --within MINUTES only, not {}",
            options.join(" ")
        ),
    }
}

fn parse_build(options: &[&str]) -> Result<page::Modules> {
    match options {
        [] => Ok(page::Modules::Both),
        ["--no-gpu"] => Ok(page::Modules::CpuOnly),
        _ => bail!("build takes --no-gpu only, not {}", options.join(" ")),
    }
}
