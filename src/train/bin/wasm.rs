//! How long a model takes in WebAssembly: the page's module, run by node, whose engine is Chromium's.

use soundalike_datasets::names::shown;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The script that node runs.
const SCRIPT: &str = include_str!("wasm.mjs");

/// No model of this program takes longer for six segments and to be read.
const LIMIT: Duration = Duration::from_secs(120);

/// The page's module, if it is there.
pub struct Wasm {
    /// Its folder; `None` once it is known that nothing can be measured.
    folder: Option<PathBuf>,
}

impl Wasm {
    /// The module in a folder that `cargo xtask build` made. What is missing is printed once, on stderr.
    pub fn find(pkg: &Path) -> Self {
        let folder = pkg.join("networks");
        let missing = if !folder.join("soundalike_bg.wasm").is_file() {
            format!(
                "{} holds no module; run `cargo xtask build` and name its folder with --pkg",
                pkg.display()
            )
        } else if Command::new("node")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            "there is no node; install Node.js".to_owned()
        } else {
            return Self {
                folder: Some(folder),
            };
        };
        eprintln!("milliseconds in WebAssembly are not measured: {missing}");
        Self { folder: None }
    }

    /// Milliseconds for one segment of a model's file. `None` if they cannot be measured, with the reason
    /// on stderr.
    pub fn milliseconds(&self, model: &Path) -> Option<f64> {
        let measured = run(self.folder.as_deref()?, model);
        measured
            .inspect_err(|cause| {
                eprintln!(
                    "{}: milliseconds in WebAssembly are not measured: {cause}",
                    shown(model)
                );
            })
            .ok()
    }
}

fn run(folder: &Path, model: &Path) -> Result<f64, String> {
    let mut node = Command::new("node")
        .args(["--input-type=module", "-e", SCRIPT, "--"])
        .args([folder, model])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("node: {e}"))?;
    let started = Instant::now();
    let ended = loop {
        match node.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if started.elapsed() > LIMIT => {
                let _ = node.kill();
                let _ = node.wait();
                return Err(format!("node took more than {} s", LIMIT.as_secs()));
            }
            None => sleep(Duration::from_millis(20)),
        }
    };
    let mut said = String::new();
    if !ended.success() {
        if let Some(mut errors) = node.stderr.take() {
            let _ = errors.read_to_string(&mut said);
        }
        let mut errors = said.lines().filter(|line| line.contains("Error"));
        return Err(errors
            .next_back()
            .unwrap_or("node failed")
            .trim()
            .to_owned());
    }
    if let Some(mut out) = node.stdout.take() {
        out.read_to_string(&mut said).map_err(|e| e.to_string())?;
    }
    let found = said.trim().parse::<f64>().ok();
    found
        .filter(|ms| ms.is_finite() && *ms > 0.0)
        .ok_or_else(|| format!("node printed {:?}", said.trim()))
}
