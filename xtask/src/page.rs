//! Building the page: the WebAssembly modules and their compressed copies.
//!
//! The module of all networks shares the release profile with the wasm tests.
//! The others have profiles of their own (`page`, `library` and `webgpu` in Cargo.toml):
//! cargo gives a cdylib no hash in its file name, so they would take turns
//! overwriting and recompiling each other, and cargo locks a profile's folder
//! while it compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{self, WASM, cargo_for_wasm, root};
use crate::{offline, setup, sizes};

/// One of the page's modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// The module that every visitor gets first: the network that ships, without burn.
    Cpu,
    /// The first one with the reader of tags, for the workers that hear the visitor's own music.
    Library,
    /// The one for models of other architectures, on the processor.
    Networks,
    /// The one for visitors with a real graphics adapter.
    Gpu,
}

/// Which modules to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modules {
    /// The whole page.
    Both,
    /// The page without WebGPU and other architectures.
    CpuOnly,
}

/// `cargo xtask build`.
pub fn build(modules: Modules) -> Result<()> {
    setup::for_page()?;
    build_cpu_modules()?;
    if modules == Modules::Both {
        build_module(Module::Gpu)?;
        build_module(Module::Networks)?;
    }
    sizes::print_report()
}

impl Module {
    /// Its folder in `pkg/`, which is also its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Library => "library",
            Self::Networks => "networks",
            Self::Gpu => "gpu",
        }
    }

    /// Where the page finds it.
    pub fn folder(self) -> PathBuf {
        root().join("pkg").join(self.name())
    }

    /// Cargo's profile that compiles it, which is also its folder's name.
    fn profile(self) -> &'static str {
        match self {
            Self::Cpu => "page",
            Self::Library => "library",
            Self::Networks => "release",
            Self::Gpu => "webgpu",
        }
    }

    /// The command that compiles it.
    pub fn compile(self) -> Command {
        let mut cargo = cargo_for_wasm(["build", "--lib", "--package", "soundalike-web"]);
        cargo.args(["--profile", self.profile()]);
        match self {
            Self::Cpu => cargo.arg("--no-default-features"),
            Self::Library => cargo.args(["--no-default-features", "--features", "tags"]),
            Self::Networks => &mut cargo,
            Self::Gpu => cargo.args(["--no-default-features", "--features", "webgpu"]),
        };
        cargo
    }

    fn compiled(self) -> Result<PathBuf> {
        let folder = shell::target_dir()?.join(WASM).join(self.profile());
        Ok(folder.join("soundalike_web.wasm"))
    }
}

/// Compiles a module and puts it in its place.
pub fn build_module(module: Module) -> Result<()> {
    let name = module.name();
    println!("Page: compiling the {name} module");
    shell::run(module.compile())?;
    place(module)
}

/// Builds the two modules without burn. They are compiled at the same time: linking the whole of a module into one
/// takes most of it, and that only ever uses one core.
pub fn build_cpu_modules() -> Result<()> {
    let modules = [Module::Cpu, Module::Library];
    println!("Page: compiling the cpu and library modules");
    at_once(&modules, |module| shell::run(module.compile()))?;
    modules.into_iter().try_for_each(place)
}

/// Does the same with each of these at the same time.
fn at_once<T: Sync>(these: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = these
            .iter()
            .map(|this| scope.spawn(move || work(this)))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => bail!("a thread stopped in the middle"),
            })
    })
}

/// Makes a compiled module ready for the page, unless it is already.
pub fn place(module: Module) -> Result<()> {
    let compiled = module.compiled()?;
    if is_newer(&module.folder().join("soundalike_bg.wasm"), &compiled)? {
        println!("Page: the {} module is up to date", module.name());
    } else {
        bind(module, &compiled)?;
    }
    compress_folder(&module.folder())?;
    compress_folder(&root().join("models"))?;
    offline::write()
}

/// JavaScript for the module. There is no wasm-opt here: Debian's exports the
/// wrong table, so that the module does not start, and a newer one saves a
/// fiftieth of the compressed size. The folder is made beside its place and
/// moved there at the end, so that a page that is being served never sees half
/// of it.
fn bind(module: Module, compiled: &Path) -> Result<()> {
    let place = module.folder();
    let fresh = root().join(format!("pkg/{}.new", module.name()));
    remove(&fresh)?;
    println!("Page: wasm-bindgen for the {} module", module.name());
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .out_name("soundalike")
        // Other pages may call the module's `init()` without an address.
        .omit_default_module_path(false)
        // Names of functions are a tenth of the module; a panic's message names its place without them.
        .remove_name_section(true)
        .generate(&fresh)?;
    remove(&place)?;
    fs::rename(&fresh, &place).with_context(|| format!("cannot fill {}", place.display()))
}

/// Checks that a module holds no path of this machine, by which its bytes
/// would differ from those of another and tell a user's name.
///
/// # Errors
/// If it holds one, or is not there.
pub fn names_no_folder(module: Module) -> Result<()> {
    let file = module.folder().join("soundalike_bg.wasm");
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    match shell::folder_named_in(&bytes) {
        Some(folder) => bail!("{} names {folder}", file.display()),
        None => Ok(()),
    }
}

/// Puts a `.br` and a `.gz` beside every file that a page fetches, where
/// there is no current one. The server sends these.
fn compress_folder(folder: &Path) -> Result<()> {
    let stale: Vec<PathBuf> = sizes::files_in(folder)?
        .into_iter()
        .filter(|file| sizes::is_fetched(file))
        .filter(|file| {
            let current = |suffix| is_newer(&with_suffix(file, suffix), file).unwrap_or(false);
            !(current("br") && current("gz"))
        })
        .collect();
    at_once(&stale, |file| compress(file))
}

fn compress(file: &Path) -> Result<()> {
    let bytes = fs::read(file)?;
    let write = |suffix, bytes: Vec<u8>| {
        let path = with_suffix(file, suffix);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    write("br", sizes::brotli(&bytes)?)?;
    write("gz", sizes::gzip(&bytes)?)
}

/// `name.wasm` → `name.wasm.br`.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether `made` exists and is no older than what it was made from.
fn is_newer(made: &Path, source: &Path) -> Result<bool> {
    let age = |path: &Path| -> Result<SystemTime> { Ok(fs::metadata(path)?.modified()?) };
    let source = age(source).with_context(|| format!("{} is missing", source.display()))?;
    Ok(age(made).is_ok_and(|made| made >= source))
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else if path.exists() {
        fs::remove_file(path)
    } else {
        return Ok(());
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}
