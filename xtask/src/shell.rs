//! Finding and running other programs.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The repository's folder: the parent of this tool's own.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // `cargo run` says where the package lies now; what was compiled in is
        // where it lay then.
        let xtask = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        xtask.parent().map(Path::to_path_buf).unwrap_or(xtask)
    })
}

/// Where cargo puts what it builds.
pub fn target_dir() -> Result<PathBuf> {
    let metadata = output(cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata names no target directory")
}

/// A command that runs in the repository and finds what cargo has installed.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(root())
        .env("PATH", search_path())
        .stdin(Stdio::null());
    command
}

/// `cargo` with these arguments.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = command("cargo");
    command.args(arguments);
    command
}

/// `cargo` for the browser: flags from the environment would silently replace
/// those of `.cargo/config.toml`, which switch SIMD on.
pub fn cargo_for_wasm<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = cargo(arguments);
    command
        .args(["--target", WASM])
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// The browser's target.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Runs a command to its end; its output goes where ours goes.
pub fn run(mut command: Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", line(&command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(&command));
    }
    Ok(())
}

/// Runs a command and returns what it prints.
pub fn output(mut command: Command) -> Result<String> {
    let output = command
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {}", line(&command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}", line(&command), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first of these programs that is installed.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| {
        env::split_paths(&search_path())
            .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
            .find(|path| path.is_file())
    })
}

/// PATH, with cargo's own folder at the end: on a bare machine it is often not
/// on it, and what we install lands there.
fn search_path() -> std::ffi::OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let folders = env::split_paths(&path).chain(cargo_home.map(|home| home.join("bin")));
    env::join_paths(folders).unwrap_or(path)
}
