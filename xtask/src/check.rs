//! `cargo xtask test`: every test there is.
//!
//! All native steps share one profile, one target directory and one selection
//! of features, so that the large dependencies are compiled once; the wasm
//! tests share those of a module of the page. Clippy compiles what is tested,
//! and documentation is checked with what the tests were compiled to. A step
//! that fails does not stop the others; one that cannot run because an earlier
//! one failed says so.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::documentation;
use crate::page::{self, Module};
use crate::setup::{self, Browser};
use crate::shell::{self, cargo, cargo_for_wasm, command, output, root, run};
use crate::supply;

/// How a step ended.
enum Outcome {
    Passed,
    Failed,
    /// Why it did not run.
    Skipped(String),
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Runs the steps and remembers how each ended.
struct Steps {
    ended: Vec<Step>,
    started: Instant,
    /// Beyond this no step begins.
    within: Option<Duration>,
}

impl Steps {
    /// Runs one step; whether it passed (and with what) decides about others.
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        if let Some(within) = self.within
            && self.started.elapsed() > within
        {
            self.skip(name, format!("{} minutes are over", within.as_secs() / 60));
            return None;
        }
        println!("\n=== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            println!("{name}: {error:#}");
        }
        let outcome = match &result {
            Ok(_) => Outcome::Passed,
            Err(_) => Outcome::Failed,
        };
        self.ended.push(Step {
            name,
            outcome,
            took: start.elapsed(),
        });
        result.ok()
    }

    fn skip(&mut self, name: &'static str, why: impl Into<String>) {
        let why = why.into();
        println!("\n=== {name}\n{name}: not run, {why}");
        self.ended.push(Step {
            name,
            outcome: Outcome::Skipped(why),
            took: Duration::ZERO,
        });
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.ended
            .iter()
            .filter(|step| which(&step.outcome))
            .count()
    }

    fn print_summary(&self) {
        println!("\nWhat ran:");
        for Step {
            name,
            outcome,
            took,
        } in &self.ended
        {
            let seconds = took.as_secs();
            match outcome {
                Outcome::Passed => println!("  pass  {seconds:>5} s  {name}"),
                Outcome::Failed => println!("  FAIL  {seconds:>5} s  {name}"),
                Outcome::Skipped(why) => println!("  skip         -  {name}: {why}"),
            }
        }
        println!(
            "{} passed, {} failed",
            self.count(|outcome| matches!(outcome, Outcome::Passed)),
            self.count(|outcome| matches!(outcome, Outcome::Failed))
        );
    }
}

/// Runs everything; a failure shows in the exit status. On a slow machine the last steps do not begin after the time
/// `within`, and are named as skipped.
pub fn check_everything(within: Option<Duration>) -> Result<ExitCode> {
    let mut steps = Steps {
        ended: Vec::new(),
        started: Instant::now(),
        within,
    };
    // What is quick or most likely to fail comes first.
    steps.step("set-up: Rust", || {
        setup::for_rust_checks()?;
        setup::for_page()?;
        setup::wasm_pack()
    });
    let browser = steps.step("set-up: Chromium", setup::browser);
    let firefox = steps.step("set-up: Firefox", setup::firefox);
    let node = steps.step("set-up: Node.js", setup::node);
    steps.step("set-up: PostgreSQL", setup::postgresql);
    steps.step("set-up: schemathesis", setup::schemathesis);
    let checkers = steps.step("set-up: typos and cargo-deny", setup::checkers);

    words_and_crates(&mut steps, checkers.as_deref());
    javascript(&mut steps, node.is_some());
    native(&mut steps);
    in_browsers(&mut steps, browser.as_ref(), firefox.is_some());

    steps.print_summary();
    let failed = steps.count(|outcome| matches!(outcome, Outcome::Failed));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Format, spelling, and the crates that are used: their faults and their licences.
fn words_and_crates(steps: &mut Steps, checkers: Option<&Path>) {
    steps.step("rustfmt", || run(cargo(["fmt", "--all", "--check"])));
    match checkers {
        Some(checkers) => {
            steps.step("typos", || run(command(checkers.join("typos"))));
            steps.step("cargo deny", || cargo_deny(checkers));
        }
        None => {
            steps.skip("typos", "it was not installed");
            steps.skip("cargo deny", "it was not installed");
        }
    }
    steps.step("third-party notices", supply::check_notices);
}

/// Tests, lints and documents of the native crates.
fn native(steps: &mut Steps) {
    // Without a choice of targets: only so are the programs of examples/ compiled too, which a test runs.
    steps.step("cargo test and documentation, compiled by clippy", || {
        documentation::checked_by(native_cargo(&["test", "--no-fail-fast"]))
    });
    steps.step("benchmarks, compiled by clippy", || {
        run(native_cargo(&["build", "--benches"]))
    });
}

/// Cargo for all native crates. Clippy compiles those of the workspace: `cargo clippy` would compile the interfaces of
/// every dependency another time.
fn native_cargo(arguments: &[&str]) -> Command {
    let (what, further) = arguments.split_at(1);
    let shared = ["--release", "--workspace"];
    let mut cargo = cargo(what.iter().copied().chain(shared));
    by_clippy(&mut cargo);
    cargo.args(further);
    cargo
}

/// Lets clippy compile the workspace's crates; a warning is an error.
fn by_clippy(cargo: &mut Command) {
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo.env("CLIPPY_ARGS", "-Dwarnings");
}

/// Builds the page and tries it in the browsers that are there.
fn in_browsers(steps: &mut Steps, browser: Option<&Browser>, firefox: bool) {
    let page = steps.step("page: CPU modules", || {
        page::build_cpu_modules()?;
        page::names_no_folder(Module::Cpu)?;
        page::names_no_folder(Module::Library)
    });
    match browser {
        Some(browser) => {
            steps.step(WASM_TESTS, || wasm_tests(browser));
        }
        None => steps.skip(WASM_TESTS, "there is no browser"),
    }
    steps.step("clippy for wasm without burn", || {
        run(deny_warnings(cargo_for_wasm([
            "clippy",
            "--profile",
            "page",
            "--package",
            "soundalike-web",
            "--lib",
            "--no-default-features",
        ])))
    });
    steps.step("page: module of all networks", || {
        page::build_module(Module::Networks)?;
        page::names_no_folder(Module::Networks)
    });
    match (browser, &page) {
        (Some(_), Some(())) => {
            steps.step("end to end in Chromium", || {
                end_to_end(&["--skip", IN_FIREFOX, "--skip", ON_WEBGPU])
            });
        }
        (None, _) => steps.skip("end to end in Chromium", "there is no browser"),
        (_, None) => steps.skip("end to end in Chromium", "the page was not built"),
    }
    match (firefox, &page) {
        (true, Some(())) => {
            steps.step("end to end in Firefox", || end_to_end(&[IN_FIREFOX]));
        }
        (false, _) => steps.skip("end to end in Firefox", "there is no browser"),
        (_, None) => steps.skip("end to end in Firefox", "the page was not built"),
    }
    let gpu = steps.step("page: WebGPU module", || {
        page::build_module(Module::Gpu)?;
        page::names_no_folder(Module::Gpu)?;
        crate::sizes::print_report()
    });
    match (browser, gpu) {
        (Some(_), Some(())) => {
            steps.step("end to end on WebGPU", || end_to_end(&[ON_WEBGPU]));
        }
        (None, _) => steps.skip("end to end on WebGPU", "there is no browser"),
        (_, None) => steps.skip("end to end on WebGPU", "its module was not built"),
    }
}

fn deny_warnings(mut clippy: Command) -> Command {
    clippy.args(["--", "-D", "warnings"]);
    clippy
}

/// What deny.toml accepts. Known faults are in a git repository of their own,
/// which cannot be reached from everywhere: without it the rest is checked.
fn cargo_deny(checkers: &Path) -> Result<()> {
    let deny = |arguments: &[&str]| {
        let mut deny = command(checkers.join("cargo-deny"));
        deny.arg("--all-features").args(arguments);
        deny
    };
    match output(deny(&["fetch", "db"])) {
        Ok(_) => run(deny(&["check"])),
        Err(error) => {
            println!("{error:#}");
            println!(
                "Advisories are NOT checked, because the RustSec database cannot be fetched; \
                 bans, licences and sources are"
            );
            run(deny(&["check", "bans", "licenses", "sources"]))
        }
    }
}

/// Types, lint, format and tests of the page's modules.
fn javascript(steps: &mut Steps, has_node: bool) {
    const NAME: &str = "JavaScript";
    if !root().join("package.json").is_file() {
        steps.skip(NAME, "there is no package.json");
    } else if !has_node {
        steps.skip(NAME, "there is no Node.js");
    } else {
        steps.step(NAME, || {
            for arguments in [
                &["ci", "--no-audit", "--no-fund"][..],
                &["run", "check"],
                &["run", "lint"],
                &["run", "format"],
                &["test"],
            ] {
                let mut npm = command("npm");
                npm.args(arguments);
                run(npm)?;
            }
            Ok(())
        });
        steps.step("npm audit", npm_audit);
    }
}

/// Known faults of the packages that check the page; the page itself has none.
/// The registry cannot be reached from everywhere.
fn npm_audit() -> Result<()> {
    let mut npm = command("npm");
    npm.args(["audit", "--json"]);
    // It fails both if it finds something and if it cannot ask.
    let told = npm.stderr(Stdio::null()).output()?;
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
    let found = &told["metadata"]["vulnerabilities"];
    let (Some(high), Some(critical)) = (found["high"].as_u64(), found["critical"].as_u64()) else {
        println!("Advisories of npm are NOT checked, because its registry cannot be asked");
        return Ok(());
    };
    println!("{found}");
    if high + critical > 0 {
        bail!("npm audit found {high} high and {critical} critical faults: see `npm audit`");
    }
    Ok(())
}

const WASM_TESTS: &str = "wasm tests in Chromium, compiled by clippy";

/// `tests/web.rs` in headless Chromium. webdriver.json says how to start it.
fn wasm_tests(browser: &Browser) -> Result<()> {
    let mut test = command("wasm-pack");
    test.args(["test", "--headless", "--chrome", "--mode", "no-install"])
        .arg("--chromedriver")
        .arg(&browser.driver)
        .args(["--release", "--", "--test", "web"])
        // The flags of the page's module, so that both share what is compiled.
        .env(shell::FLAGS_FOR_WASM, shell::path_flags())
        // Loading a model takes longer than the 20 s it would wait.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    by_clippy(&mut test);
    run(test)
}

/// In the name of every end-to-end test that Firefox is for.
const IN_FIREFOX: &str = "in_firefox::";

/// In the name of every end-to-end test that needs the WebGPU module.
const ON_WEBGPU: &str = "webgpu_module";

/// `tests/end_to_end`: one browser at a time, there may be two cores only.
fn end_to_end(which: &[&str]) -> Result<()> {
    let mut test = native_cargo(&[
        "test",
        "--test",
        "end_to_end",
        "--",
        "--ignored",
        "--test-threads=1",
    ]);
    test.args(which);
    shell::run(test)
}
