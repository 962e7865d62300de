//! Child processes that end with the test, however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A child process that is killed when the test is over.
pub struct Process {
    child: Child,
    /// Kept open: a program that prints into a closed pipe may end.
    _stdout: BufReader<ChildStdout>,
    /// What it writes, gone with it.
    _data: Option<TempDir>,
}

impl Process {
    /// Starts a program and waits until it prints a line in which `port_in`
    /// finds its port.
    fn start(mut command: Command, port_in: impl Fn(&str) -> Option<u16>) -> Result<(Self, u16)> {
        let program = PathBuf::from(command.get_program());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let start = command.spawn();
        let mut child = start.with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("no output to read")?;
        let mut process = Self {
            child,
            _stdout: BufReader::new(stdout),
            _data: None,
        };
        let mut line = String::new();
        while process._stdout.read_line(&mut line)? > 0 {
            if let Some(port) = port_in(&line) {
                return Ok((process, port));
            }
            line.clear();
        }
        anyhow::bail!("{} ended before it was ready", program.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `soundalike serve` over the repository's page, and its port.
pub fn server() -> Result<(Process, u16)> {
    let data = tempfile::tempdir()?;
    let mut server = Command::new(env!("CARGO_BIN_EXE_soundalike"));
    server
        .args(["serve", "--addr", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("RUST_LOG", "error")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let (mut process, port) = Process::start(server, |line| {
        let (_, rest) = line.split_once("http://127.0.0.1:")?;
        rest.split('/').next()?.parse().ok()
    })
    .context("the server does not start (is the page built?)")?;
    process._data = Some(data);
    Ok((process, port))
}

/// ChromeDriver, which ends its browsers before it ends itself.
pub struct Driver {
    /// Where it listens.
    pub port: u16,
    _process: Process,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed outright it would leave Chromium running. This way works when
        // a test panics too; where it does not, nothing more can be done here.
        let _ = shut_down(self.port);
    }
}

fn shut_down(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Starts ChromeDriver.
pub fn chromedriver() -> Result<Driver> {
    let mut driver = Command::new(program(&["chromedriver"])?);
    driver.arg("--port=0");
    let (process, port) = Process::start(driver, |line| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        rest.trim().trim_end_matches('.').parse().ok()
    })?;
    Ok(Driver {
        port,
        _process: process,
    })
}

/// The first of these programs on the PATH.
pub fn program(names: &[&str]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = |name: &&str| {
        let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
        candidates.find(|candidate| candidate.is_file())
    };
    names
        .iter()
        .find_map(on_path)
        .with_context(|| format!("{} is not installed: run `cargo xtask test`", names[0]))
}
