//! The service worker: what the page keeps of itself, file by file with its hash.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::page::Module;
use crate::shell::root;
use crate::sizes::{self, sha256};

const TEMPLATE: &str = include_str!("sw.js");
/// The headers that the server sends with every file, by their source.
const HEADERS: &str = include_str!("../../src/server/headers.rs");
/// What is filled in.
const VERSION: &str = "/* version */ ''";
const POLICY: &str = "/* policy */ ''";
const ASSETS: &str = "/* assets */ {}";
const LATER: &str = "/* later */ {}";

/// Writes `pkg/sw.js`, if it would differ: to a browser another file is another version.
pub fn write() -> Result<()> {
    let mut later = sizes::files_in(&Module::Gpu.folder())?;
    later.extend(sizes::files_in(&Module::Library.folder())?);
    later.extend(sizes::files_in(&Module::Networks.folder())?);
    later.retain(|file| sizes::is_fetched(file));
    let worker = worker(root(), HEADERS, &sizes::cpu_visit()?, &later)?;
    let place = root().join("pkg/sw.js");
    if fs::read_to_string(&place).is_ok_and(|old| old == worker) {
        return Ok(());
    }
    fs::write(&place, worker).with_context(|| format!("cannot write {}", place.display()))
}

/// The worker that keeps `files` from the first visit on, and `later` once they were fetched, as they come
/// with these headers.
fn worker(
    site: &Path,
    headers: &str,
    files: &[impl AsRef<Path>],
    later: &[impl AsRef<Path>],
) -> Result<String> {
    let files = hashes(site, files)?;
    let later = hashes(site, later)?;
    let policy = sha256(headers.as_bytes());
    // A worker that keeps the same files in another way is another version, too.
    let all = [TEMPLATE, &policy, &files, &later].concat();
    let version: String = sha256(all.as_bytes()).chars().take(12).collect();
    for place in [VERSION, POLICY, ASSETS, LATER] {
        ensure!(TEMPLATE.contains(place), "sw.js has no place for {place}");
    }
    Ok(TEMPLATE
        .replace(VERSION, &format!("'{version}'"))
        .replace(POLICY, &format!("'{policy}'"))
        .replace(ASSETS, &files)
        .replace(LATER, &later))
}

/// A JSON object of each file's address and hash.
fn hashes(site: &Path, files: &[impl AsRef<Path>]) -> Result<String> {
    let mut assets = BTreeMap::new();
    for file in files {
        let file = file.as_ref();
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let path = file.strip_prefix(site).unwrap_or(file).to_string_lossy();
        let address = if path == "index.html" { "./" } else { &*path };
        assets.insert(address.replace('\\', "/"), sha256(&bytes));
    }
    Ok(serde_json::to_string_pretty(&assets)?)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::worker;

    /// A site of a page, a module and a large module.
    struct Site(PathBuf);

    impl Site {
        fn new(name: &str) -> Self {
            let folder = format!("soundalike-sw-{}-{name}", std::process::id());
            let site = Self(std::env::temp_dir().join(folder));
            for file in ["index.html", "www/main.js", "pkg/gpu/soundalike.js"] {
                site.write(file, "one");
            }
            site
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
            std::fs::write(path, text).expect("written");
        }

        fn worker(&self) -> String {
            self.worker_with("X-Header: one")
        }

        fn worker_with(&self, headers: &str) -> String {
            let files = [self.0.join("index.html"), self.0.join("www/main.js")];
            let later = [self.0.join("pkg/gpu/soundalike.js")];
            worker(&self.0, headers, &files, &later).expect("a worker")
        }

        /// What the worker says of one of its constants, up to the semicolon.
        fn constant(&self, name: &str) -> String {
            constant(&self.worker(), name)
        }
    }

    fn constant(worker: &str, name: &str) -> String {
        let (_, rest) = worker
            .split_once(&format!("const {name} = "))
            .expect("a constant");
        rest.split(';').next().unwrap_or_default().to_owned()
    }

    impl Drop for Site {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn a_changed_file_makes_another_version_and_the_same_files_the_same() {
        let site = Site::new("version");
        let first = site.constant("VERSION");
        assert_eq!(first.len(), "'0123456789ab'".len());
        assert_eq!(site.constant("VERSION"), first);
        site.write("www/main.js", "two");
        let second = site.constant("VERSION");
        assert_ne!(second, first);
        site.write("pkg/gpu/soundalike.js", "two");
        assert_ne!(site.constant("VERSION"), second);
    }

    #[test]
    fn other_headers_of_the_server_make_another_version() {
        let site = Site::new("headers");
        let of = |headers: &str, name: &str| constant(&site.worker_with(headers), name);
        for name in ["VERSION", "POLICY"] {
            assert_eq!(of("X-Header: one", name), of("X-Header: one", name));
            assert_ne!(of("X-Header: one", name), of("X-Header: two", name));
        }
    }

    #[test]
    fn every_file_is_listed_with_its_hash_and_the_large_ones_apart() {
        let site = Site::new("list");
        let one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
        let list = |name: &str| -> serde_json::Value {
            serde_json::from_str(&site.constant(name)).expect("JSON")
        };
        assert_eq!(
            list("ASSETS"),
            serde_json::json!({ "./": one, "www/main.js": one })
        );
        assert_eq!(
            list("LATER"),
            serde_json::json!({ "pkg/gpu/soundalike.js": one })
        );
    }
}
