//! What the page and the programs are made of: the notices of third parties, and a bill of materials (SBOM).

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::setup;
use crate::shell::{self, command, root, run};
use crate::sizes::sha256;

/// The notices, which the page serves and `soundalike notices` prints.
const NOTICES: &str = "www/THIRD-PARTY.txt";
/// What has a bill of materials: the folder of its manifest, and the file's name.
const PROGRAMS: [(&str, &str); 4] = [
    ("src/cli", "soundalike"),
    ("src/server", "soundalike-server"),
    ("src/train", "trainer"),
    ("src/web", "soundalike-web"),
];

/// `cargo xtask notices`: writes the notices.
pub fn write_notices() -> Result<()> {
    fs::write(root().join(NOTICES), notices()?)?;
    println!("{NOTICES} is written");
    Ok(())
}

/// Checks that the notices are those of the packages in Cargo.lock. Making them anew takes minutes, so only
/// the list is compared.
///
/// # Errors
/// If they are not, or Cargo.lock cannot be read.
pub fn check_notices() -> Result<()> {
    let kept = fs::read_to_string(root().join(NOTICES)).unwrap_or_default();
    ensure!(
        kept.contains(&packages_line()?),
        "{NOTICES} is not of the packages in Cargo.lock: run `cargo xtask notices`"
    );
    Ok(())
}

fn notices() -> Result<String> {
    let about = setup::cargo_tool(&setup::CARGO_ABOUT)?;
    let file = shell::target_dir()?.join("third-party.txt");
    println!("Collecting the licences (some minutes)");
    let mut generate = command(about);
    generate
        .args(["generate", "--workspace", "--all-features", "--locked"])
        .args(["--fail", "--output-file"])
        .arg(&file)
        .arg("xtask/notices.hbs");
    run(generate)?;
    let text = fs::read_to_string(&file)?;
    // Line ends and spaces at the end differ between licence files, and say nothing.
    let lines = text.lines().map(str::trim_end);
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let rest = text
        .strip_prefix(TITLE)
        .context("the template has another title")?;
    Ok(format!("{TITLE}\n{}\n{rest}", packages_line()?))
}

/// The first line of the notices.
const TITLE: &str = "THIRD-PARTY SOFTWARE\n";

/// What says for which packages the notices are.
fn packages_line() -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("no Cargo.lock")?;
    let packages = sha256(packages(&lock).as_bytes());
    Ok(format!("For the packages with the SHA-256 {packages}."))
}

/// Names and versions of the packages that come from a registry, a line each.
fn packages(lock: &str) -> String {
    lock.split("[[package]]")
        .filter(|package| package.contains("\nsource = "))
        .flat_map(|package| {
            let fields = package
                .lines()
                .filter(|line| line.starts_with("name = ") || line.starts_with("version = "));
            fields.flat_map(|line| [line, "\n"])
        })
        .collect()
}

/// `cargo xtask sbom`: a bill of materials of each program in CycloneDX's JSON.
pub fn write_sbom() -> Result<()> {
    let cyclonedx = setup::cargo_tool(&setup::CARGO_CYCLONEDX)?;
    let folder = shell::target_dir()?.join("sbom");
    fs::create_dir_all(&folder)?;
    for (package, name) in PROGRAMS {
        let mut make = command(&cyclonedx);
        make.args(["cyclonedx", "--format", "json", "--override-filename", name])
            .arg("--manifest-path")
            .arg(root().join(package).join("Cargo.toml"));
        run(make)?;
        // It writes beside each manifest that it comes by.
        let mut found = None;
        for (other, _) in PROGRAMS
            .into_iter()
            .chain(OTHERS.map(|folder| (folder, "")))
        {
            let made: PathBuf = root().join(other).join(format!("{name}.json"));
            if made.is_file() {
                if other == package {
                    let file = folder.join(format!("{name}.cdx.json"));
                    // Where this copy of the sources lies says nothing about them.
                    let text = fs::read_to_string(&made)?;
                    let here = root().to_string_lossy();
                    fs::write(&file, text.replace(&*here, "/soundalike"))?;
                    found = Some(file);
                }
                fs::remove_file(made)?;
            }
        }
        let file = found.with_context(|| format!("there is no bill of materials of {name}"))?;
        println!("{}", file.display());
    }
    Ok(())
}

/// The workspace's other folders with a manifest.
const OTHERS: [&str; 9] = [
    "src/analysis",
    "src/core",
    "src/datasets",
    "src/library",
    "src/pages",
    "src/shipped",
    "src/survey",
    "xtask",
    ".",
];

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn the_notices_are_of_the_packages_of_others() {
        let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.2.0\"\n\n\
            [[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\nsource = \"registry\"\n";
        assert_eq!(packages(lock), "name = \"theirs\"\nversion = \"1.0.0\"\n");
    }
}
