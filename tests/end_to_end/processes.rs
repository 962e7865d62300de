//! Child processes that end with the test, however it ends.

use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A child process that is killed when the test is over.
pub struct Process {
    child: Child,
    /// What it prints, line by line. Read all the time: a full pipe would stop it.
    pub lines: Receiver<String>,
    /// What it writes, gone with it.
    _data: Option<TempDir>,
}

impl Process {
    /// Starts a program and waits until it prints a line in which `port_in`
    /// finds its port.
    fn start(mut command: Command, port_in: impl Fn(&str) -> Option<u16>) -> Result<(Self, u16)> {
        let program = PathBuf::from(command.get_program());
        let (output, input) = std::io::pipe()?;
        command
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input);
        let start = command.spawn();
        let child = start.with_context(|| format!("cannot start {}", program.display()))?;
        // It holds the other end of the pipe, which would never be closed.
        drop(command);
        let process = Self {
            child,
            lines: lines_of(output),
            _data: None,
        };
        let mut printed = String::new();
        for line in &process.lines {
            if let Some(port) = port_in(&line) {
                return Ok((process, port));
            }
            printed += &line;
        }
        let program = program.display();
        anyhow::bail!("{program} ended before it was ready: {printed}")
    }
}

/// What comes out of a pipe, line by line, until it is closed.
fn lines_of(pipe: PipeReader) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // Nobody may be there any more to read it.
            let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            line.clear();
        }
    });
    lines
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The repository, whose page is served.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Copies a file, or a folder with all that is in it, and makes the folders that it lies in.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in std::fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    std::fs::create_dir_all(to.parent().context("a folder")?)?;
    std::fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// `soundalike serve` over the repository's page, and its port.
pub fn server() -> Result<(Process, u16)> {
    let data = tempfile::tempdir()?;
    let (mut process, port) = server_of(repository(), data.path())?;
    process._data = Some(data);
    Ok((process, port))
}

/// `soundalike serve` over another site with the answers in a folder, and its port.
pub fn server_of(site: &Path, data: &Path) -> Result<(Process, u16)> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_soundalike"));
    server
        .args(["serve", "--addr", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("RUST_LOG", "error")
        .current_dir(site);
    Process::start(server, |line| {
        let (_, rest) = line.split_once("http://127.0.0.1:")?;
        rest.split('/').next()?.parse().ok()
    })
    .context("the server does not start (is the page built?)")
}

/// ChromeDriver or geckodriver.
pub struct Driver {
    /// Where it listens.
    pub port: u16,
    /// The request that makes it end its browser.
    pub farewell: String,
    /// What it and its browser print.
    pub process: Process,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed outright it would leave the browser running. This way works when
        // a test panics too; where it does not, nothing more can be done here.
        let _ = send(&self.farewell, self.port);
    }
}

fn send(request: &str, port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
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
        farewell: "GET /shutdown".to_owned(),
        process,
    })
}

/// Starts geckodriver. It ends its browser when the session ends, so that is the farewell to be set.
pub fn geckodriver() -> Result<Driver> {
    let mut driver = Command::new(program(&["geckodriver"])?);
    // Ports of its own, so that several can run.
    driver.args(["--port=0", "--websocket-port=0"]);
    let (process, port) = Process::start(driver, |line| {
        let (_, rest) = line.split_once("Listening on 127.0.0.1:")?;
        rest.trim().parse().ok()
    })?;
    Ok(Driver {
        port,
        farewell: "GET /status".to_owned(),
        process,
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
