//! The programs that are timed: this one's part, and those that the registries have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use wasm_bindgen_cli_support::Bindgen;

use super::{Whose, sound};
use crate::setup;
use crate::shell::{self, WASM, cargo, cargo_for_wasm, command, find, root, run};

/// bliss-rs, whose decoder in Rust needs no library of the system.
const BLISS: &str = "0.13.0";
const CORE_AFFINITY: &str = "0.8.3";

/// Songs of the search, as many as in rivals.py.
const SONGS: &str = "1000000";

/// glibc keeps the memory of a step for the next: see docs/model.md. For both programs that train.
const KEEP_MEMORY: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
];

/// What is run in each round.
pub struct Programs {
    folder: PathBuf,
    native: PathBuf,
    model: PathBuf,
    onnx: PathBuf,
    sound: PathBuf,
    /// Whether Node.js is there, and with it WebAssembly.
    node: bool,
    /// Python with the rivals' packages.
    python: Option<PathBuf>,
    /// Python with PyTorch.
    torch: Option<PathBuf>,
    bliss: Option<PathBuf>,
    /// Chromium, where the page's WebGPU module is built too.
    chromium: Option<PathBuf>,
}

impl Programs {
    /// Builds this program's part and fetches the others.
    pub fn prepare(folder: &Path, skipped: &mut Vec<String>) -> Result<Self> {
        let (node, python, torch, bliss, native) = std::thread::scope(|scope| {
            // Fetched while the others are compiled.
            let pythons = scope.spawn(|| (setup::rivals(), setup::torch()));
            let native = stages();
            let (node, bliss) = (prepare_node(folder), prepare_bliss(folder));
            let failed = || Err(anyhow!("the installation stopped in the middle"));
            let (python, torch) = pythons.join().unwrap_or_else(|_| (failed(), failed()));
            (node, python, torch, bliss, native)
        });
        let node = skip("Node.js and what runs in it", node, skipped);
        let python = skip("Python's packages", python, skipped);
        let torch = skip("PyTorch", torch, skipped);
        let bliss = skip("bliss-rs", bliss, skipped);
        let chromium = skip("WebGPU", find_chromium(), skipped);
        let python_of = |programs: PathBuf| programs.join("python");
        let programs = Self {
            folder: folder.to_path_buf(),
            native: native?,
            model: model(),
            onnx: folder.join("two-stream.onnx"),
            sound: folder.join("four-minutes.mp3"),
            node: node.is_some(),
            python: python.map(python_of),
            torch: torch.map(python_of),
            bliss,
            chromium,
        };
        if let Some(python) = &programs.python {
            let mut export = command(python);
            export.arg(root().join("benches/rivals/export_onnx.py"));
            export.args([&programs.model, &programs.onnx]);
            run(export)?;
        }
        fs::write(&programs.sound, sound::repeated(&second()?, 240.0)?)?;
        Ok(programs)
    }

    /// What is run in a round, this program and its rivals in turns.
    pub fn commands(&self, round: usize) -> Vec<(Whose, Command)> {
        let mut commands = Vec::new();
        let mut native = command(&self.native);
        native.env("RAYON_NUM_THREADS", "1");
        native.args([&self.model, &self.sound]);
        commands.push((Whose::Own, native));
        let mut search = command(&self.native);
        search.args(["search", SONGS]);
        commands.push((Whose::Own, search));
        if let Some(bliss) = &self.bliss {
            let mut bliss = command(bliss);
            bliss.arg(&self.sound);
            commands.push((Whose::Rival, bliss));
        }
        if let Some(python) = &self.python {
            let mut rivals = command(python);
            rivals.arg(root().join("benches/rivals/rivals.py"));
            rivals.args([&self.onnx, &self.sound]);
            commands.push((Whose::Rival, rivals));
        }
        for (whose, name) in [(Whose::Own, "soundalike"), (Whose::Rival, "rivals")] {
            if self.node {
                let mut node = command("node");
                node.arg(root().join("benches/rivals/node.mjs")).arg(name);
                node.args([&self.folder, &self.model, &self.onnx, &self.sound]);
                commands.push((whose, node));
            }
        }
        let mut training = command(&self.native);
        training.arg("training").arg(&self.model).envs(KEEP_MEMORY);
        commands.push((Whose::Own, training));
        if let Some(python) = &self.torch {
            let mut torch = command(python);
            torch.arg(root().join("benches/rivals/training.py"));
            torch.arg(&self.model).envs(KEEP_MEMORY);
            commands.push((Whose::Rival, torch));
        }
        // A software adapter takes a minute for each: once is enough.
        if round == 1 {
            commands.extend(self.on_webgpu());
        }
        commands
    }

    fn on_webgpu(&self) -> Vec<(Whose, Command)> {
        let (true, Some(chromium)) = (self.node, &self.chromium) else {
            return Vec::new();
        };
        [(Whose::Own, "soundalike"), (Whose::Rival, "rivals")]
            .map(|(whose, name)| {
                let mut node = command("node");
                node.arg(root().join("benches/rivals/webgpu.mjs")).arg(name);
                node.args([root(), self.folder.as_path(), chromium.as_path()]);
                (whose, node)
            })
            .into()
    }
}

/// The model that ships.
pub fn model() -> PathBuf {
    root().join("models/two-stream.safetensors")
}

/// An MP3 file of a second.
pub fn second() -> Result<Vec<u8>> {
    Ok(fs::read(root().join("tests/data/cbr-44100.mp3"))?)
}

/// Compiles this program's native part.
pub fn stages() -> Result<PathBuf> {
    let mut build = cargo(["build", "--release", "--package", "soundalike-stages"]);
    build.args(["--bin", "stages"]);
    run(build)?;
    let program = format!("release/stages{}", std::env::consts::EXE_SUFFIX);
    Ok(shell::target_dir()?.join(program))
}

/// What was made, or a line that says why it was not.
fn skip<T>(what: &str, made: Result<T>, skipped: &mut Vec<String>) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(error) => {
            skipped.push(format!("{what}: {error:#}"));
            None
        }
    }
}

/// This program's WebAssembly and the rivals that npm has, without their install scripts.
fn prepare_node(folder: &Path) -> Result<()> {
    setup::node()?;
    let mut compile = cargo_for_wasm(["build", "--release", "--lib"]);
    compile.args(["--package", "soundalike-stages"]);
    run(compile)?;
    let compiled = shell::target_dir()?.join(WASM).join("release");
    Bindgen::new()
        .input_path(compiled.join("soundalike_stages.wasm"))
        .nodejs(true)?
        .typescript(false)
        .out_name("stages")
        .generate(folder.join("wasm"))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root().join("benches/rivals").join(name), folder.join(name))?;
    }
    let mut npm = command("npm");
    npm.current_dir(folder);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm)
}

/// bliss-rs in a package of its own: its licence and its dependencies stay apart from this workspace.
fn prepare_bliss(folder: &Path) -> Result<PathBuf> {
    let package = folder.join("bliss");
    fs::create_dir_all(package.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"bliss\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         bliss-audio = {{ version = \"={BLISS}\", default-features = false, features = [\"symphonia-mp3\"] }}\n\
         core_affinity = \"={CORE_AFFINITY}\"\n"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    let source = root().join("benches/rivals/bliss.rs");
    fs::copy(source, package.join("src/main.rs"))?;
    let mut build = cargo(["build", "--release", "--quiet"]);
    build.current_dir(&package).env("BLISS_VERSION", BLISS);
    build.env("CARGO_TARGET_DIR", package.join("target"));
    run(build)?;
    let program = format!("target/release/bliss{}", std::env::consts::EXE_SUFFIX);
    Ok(package.join(program))
}

/// Chromium, if there is a WebGPU module to be timed in it: compiling that takes too long here.
fn find_chromium() -> Result<PathBuf> {
    let module = root().join("pkg/gpu/soundalike.js");
    ensure!(
        module.is_file(),
        "the page's WebGPU module is not built; `cargo xtask build` does it"
    );
    find_browser()
}

/// Chromium, wherever it is installed.
pub fn find_browser() -> Result<PathBuf> {
    let found = find(&["chromium", "chromium-browser", "google-chrome"]);
    found.context("Chromium is not installed")
}
