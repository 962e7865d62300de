//! The service worker: what the page keeps of itself, file by file with its hash.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::shell::root;
use crate::sizes;

const TEMPLATE: &str = include_str!("sw.js");
/// What is filled in.
const VERSION: &str = "/* version */ ''";
const ASSETS: &str = "/* assets */ {}";

/// Writes `pkg/sw.js`, if it would differ: to a browser another file is another version.
pub fn write() -> Result<()> {
    let worker = worker(root(), &sizes::cpu_visit()?)?;
    let place = root().join("pkg/sw.js");
    if fs::read_to_string(&place).is_ok_and(|old| old == worker) {
        return Ok(());
    }
    fs::write(&place, worker).with_context(|| format!("cannot write {}", place.display()))
}

fn worker(site: &Path, files: &[impl AsRef<Path>]) -> Result<String> {
    let mut assets = BTreeMap::new();
    for file in files {
        let file = file.as_ref();
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let path = file.strip_prefix(site).unwrap_or(file).to_string_lossy();
        let address = if path == "index.html" { "./" } else { &*path };
        assets.insert(address.replace('\\', "/"), hex(&Sha256::digest(bytes)));
    }
    let list = serde_json::to_string_pretty(&assets)?;
    let version: String = hex(&Sha256::digest(&list)).chars().take(12).collect();
    for place in [VERSION, ASSETS] {
        ensure!(TEMPLATE.contains(place), "sw.js has no place for {place}");
    }
    Ok(TEMPLATE
        .replace(VERSION, &format!("'{version}'"))
        .replace(ASSETS, &list))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::worker;

    #[test]
    fn a_changed_file_makes_another_version_and_the_same_files_the_same() {
        let site = std::env::temp_dir().join(format!("soundalike-sw-{}", std::process::id()));
        std::fs::create_dir_all(site.join("www")).expect("a folder");
        let files = [site.join("index.html"), site.join("www/main.js")];
        for file in &files {
            std::fs::write(file, "one").expect("written");
        }
        let first = worker(&site, &files).expect("a worker");
        assert!(first.contains(
            "\"./\": \"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\""
        ));
        assert!(first.contains("\"www/main.js\""));
        assert!(!first.contains("VERSION = ''"));
        assert_eq!(worker(&site, &files).expect("a worker"), first);
        std::fs::write(&files[1], "two").expect("written");
        let second = worker(&site, &files).expect("a worker");
        let version = |worker: &str| {
            let (_, rest) = worker.split_once("const VERSION = ").expect("a version");
            rest.lines().next().map(str::to_owned)
        };
        assert_ne!(version(&first), version(&second));
        std::fs::remove_dir_all(site).expect("removed");
    }
}
