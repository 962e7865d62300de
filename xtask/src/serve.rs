//! `cargo xtask serve`.
//!
//! The page with its CPU module comes first and is served at once. The WebGPU
//! module and the one of all networks follow from a second process in the
//! background, while this one becomes the server: so a signal to `cargo xtask serve` reaches the server
//! itself, and nobody has to pass it on.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::page::{self, Module, Modules};
use crate::{setup, shell, sizes};

/// The hidden command that builds the other modules beside the server.
pub const BACKGROUND: &str = "modules-in-background";

/// What `cargo xtask serve` was asked for.
pub struct Options {
    addr: SocketAddr,
    modules: Modules,
}

impl Options {
    /// From the command line.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 8080)),
            modules: Modules::Both,
        };
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            match argument {
                "--no-gpu" => options.modules = Modules::CpuOnly,
                "--addr" => {
                    let addr = rest.next().context("--addr needs an address")?;
                    options.addr = parse_addr(addr)?;
                }
                _ => match argument.strip_prefix("--addr=") {
                    Some(addr) => options.addr = parse_addr(addr)?,
                    None => bail!("serve does not know {argument}"),
                },
            }
        }
        Ok(options)
    }
}

fn parse_addr(addr: &str) -> Result<SocketAddr> {
    addr.parse()
        .with_context(|| format!("{addr} is no address such as 127.0.0.1:8080"))
}

/// Builds the page and becomes the server.
pub fn serve(options: Options) -> Result<()> {
    setup::for_page()?;
    page::build_module(Module::Cpu)?;
    sizes::print_report()?;
    println!("Server: compiling");
    shell::run(shell::cargo([
        "build",
        "--release",
        "--package",
        "soundalike-server",
    ]))?;
    if options.modules == Modules::Both {
        let myself = std::env::current_exe()?;
        let mut background = shell::command(myself);
        background.arg(BACKGROUND);
        background
            .spawn()
            .context("cannot start the second build")?;
    }
    let binary = format!("release/soundalike-server{}", std::env::consts::EXE_SUFFIX);
    let mut server = shell::command(shell::target_dir()?.join(binary));
    server.args(["--addr", &options.addr.to_string()]);
    become_program(server)
}

#[cfg(unix)]
fn become_program(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    // Returns only when the program could not be started.
    Err(program.exec()).with_context(|| format!("cannot run {}", shell::line(&program)))
}

#[cfg(not(unix))]
fn become_program(program: Command) -> Result<()> {
    shell::run(program)
}

/// Builds the other modules quietly, and gives up when the server ends.
pub fn modules_in_background() -> Result<()> {
    let server = parent();
    let start = Instant::now();
    if !compile_in_background(Module::Library, server)? {
        return Ok(());
    }
    println!("Module that reads the tags of your own music: there");
    println!("WebGPU module: compiling in the background, the page works without it meanwhile");
    if !compile_in_background(Module::Gpu, server)? {
        return Ok(());
    }
    println!(
        "WebGPU module: there after {} s, {} compressed; reload the page to use it",
        start.elapsed().as_secs(),
        sizes::gpu_size()?.map(sizes::human).unwrap_or_default()
    );
    if compile_in_background(Module::Networks, server)? {
        println!("Module for models of other architectures: there");
    }
    Ok(())
}

/// Whether the module is in its place; not where the server, `server`, has ended meanwhile.
fn compile_in_background(module: Module, server: u32) -> Result<bool> {
    let mut compile = gently(module.compile());
    compile.stdout(Stdio::null());
    compile.arg("--quiet");
    let mut compiling = compile.spawn().context("cannot run cargo")?;
    let status = loop {
        if let Some(status) = compiling.try_wait()? {
            break status;
        }
        if parent() != server {
            // The server is gone: nobody waits for the module any more.
            compiling.kill()?;
            compiling.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(300));
    };
    if !status.success() {
        bail!(
            "the {} module does not compile; the page goes on without it",
            module.name()
        );
    }
    page::place(module)?;
    Ok(true)
}

/// At a lower priority, where that is possible: the page may be answering on
/// the same cores.
fn gently(command: Command) -> Command {
    let Some(nice) = shell::find(&["nice"]) else {
        return command;
    };
    let mut gentle = shell::command(nice);
    gentle.args(["-n", "10"]).arg(command.get_program());
    gentle.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => gentle.env(name, value),
            None => gentle.env_remove(name),
        };
    }
    gentle
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::page::Modules;

    #[test]
    fn understands_its_options() {
        let addr = |arguments: &[&str]| Options::parse(arguments).map(|o| o.addr.to_string());
        assert_eq!(addr(&[]).expect("none"), "127.0.0.1:8080");
        assert_eq!(addr(&["--addr", "0.0.0.0:9"]).expect("two"), "0.0.0.0:9");
        assert_eq!(addr(&["--addr=[::1]:9"]).expect("one"), "[::1]:9");
        for wrong in [&["--addr"][..], &["--addr", "here"], &["--port", "9"]] {
            assert!(addr(wrong).is_err(), "{wrong:?}");
        }
        let modules = Options::parse(&["--no-gpu"]).expect("one").modules;
        assert_eq!(modules, Modules::CpuOnly);
    }
}
