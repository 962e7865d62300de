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
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(FLAGS_FOR_WASM, path_flags());
    command
}

/// Cargo adds these flags to those of `.cargo/config.toml`.
pub const FLAGS_FOR_WASM: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Flags that keep the paths of this machine out of what is compiled, where
/// messages name source files: the same sources give the same bytes elsewhere,
/// and nobody reads a user's name in them.
pub fn path_flags() -> String {
    let flag = |(folder, name): (&PathBuf, &str)| {
        let folder = folder.to_string_lossy();
        // Cargo separates the flags at spaces.
        let whole = !folder.contains(char::is_whitespace);
        whole.then(|| format!("--remap-path-prefix={folder}={name}"))
    };
    let folders = [root().to_path_buf()].into_iter().chain(cargo_home());
    let flags: Vec<String> = folders
        .collect::<Vec<_>>()
        .iter()
        .zip(["/soundalike", "/cargo"])
        .filter_map(flag)
        .collect();
    flags.join(" ")
}

/// The folder of this machine that the bytes name, if there is one.
pub fn folder_named_in(bytes: &[u8]) -> Option<String> {
    let folders = [root().to_path_buf()]
        .into_iter()
        .chain(cargo_home())
        .chain(env::home_dir());
    folders
        .map(|folder| folder.to_string_lossy().into_owned())
        .find(|folder| {
            // A home of `/` would be everywhere.
            folder.len() > 4
                && bytes
                    .windows(folder.len())
                    .any(|window| window == folder.as_bytes())
        })
}

fn cargo_home() -> Option<PathBuf> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")))
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
    let folders = env::split_paths(&path).chain(cargo_home().map(|home| home.join("bin")));
    env::join_paths(folders).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{folder_named_in, path_flags, root};

    #[test]
    fn the_paths_of_this_machine_are_replaced_and_found_where_they_are_not() {
        let here = root().to_string_lossy();
        let flags = path_flags();
        assert!(flags.contains(&format!("--remap-path-prefix={here}=/soundalike")));
        let named = format!("before {here}/src/lib.rs after");
        assert!(folder_named_in(named.as_bytes()).is_some());
        assert_eq!(folder_named_in(b"/soundalike/src/lib.rs"), None);
    }
}
