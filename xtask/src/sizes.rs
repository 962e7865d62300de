//! What a visitor downloads.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::page::{Module, with_suffix};
use crate::shell::root;

/// What a visitor without WebGPU may have to download, compressed.
const LIMIT: u64 = 2_000_000;

/// Files above this are compressed a little less, in seconds instead of minutes.
const LARGE: usize = 8_000_000;

/// One file as it is and as it travels.
struct Sizes {
    path: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
    /// What the server sends to a browser: brotli where a compressed copy lies
    /// beside the file, gzip on the way elsewhere.
    sent: u64,
}

/// Prints every file that the page loads with its sizes, and whether the visit
/// stays within the limit.
pub fn print_report() -> Result<()> {
    let files = cpu_visit()?
        .iter()
        .map(|file| measure(file))
        .collect::<Result<Vec<_>>>()?;
    let total = Sizes {
        path: "a visit without WebGPU".to_owned(),
        raw: files.iter().map(|file| file.raw).sum(),
        gzip: files.iter().map(|file| file.gzip).sum(),
        brotli: files.iter().map(|file| file.brotli).sum(),
        sent: files.iter().map(|file| file.sent).sum(),
    };
    let widest = files.iter().chain([&total]).map(|file| file.path.len());
    let width = widest.max().unwrap_or(0);
    let row = |path: &str, columns: [String; 3]| {
        let [raw, gzip, brotli] = columns;
        println!("  {path:width$}  {raw:>10}  {gzip:>10}  {brotli:>10}");
    };
    let sizes_row = |file: &Sizes| {
        row(&file.path, [file.raw, file.gzip, file.brotli].map(human));
    };
    println!("What a visitor downloads:");
    row("", ["raw", "gzip", "brotli"].map(str::to_owned));
    files.iter().for_each(sizes_row);
    sizes_row(&total);
    let verdict = if total.sent <= LIMIT {
        "within"
    } else {
        "ABOVE"
    };
    println!(
        "A browser without WebGPU fetches {} compressed, {verdict} the limit of {}",
        human(total.sent),
        human(LIMIT)
    );
    if let Some(gpu) = gpu_size()? {
        println!("One with WebGPU fetches {} more, later", human(gpu));
    }
    // Whoever compiles the same sources with the same compiler gets the same.
    for module in [Module::Cpu, Module::Library, Module::Networks, Module::Gpu] {
        let file = module.folder().join("soundalike_bg.wasm");
        if let Ok(bytes) = fs::read(&file) {
            println!(
                "SHA-256 of the {} module: {}",
                module.name(),
                sha256(&bytes)
            );
        }
    }
    Ok(())
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The WebGPU module as it travels, if it is built.
pub fn gpu_size() -> Result<Option<u64>> {
    let folder = Module::Gpu.folder();
    if !folder.is_dir() {
        return Ok(None);
    }
    let files = files_in(&folder)?;
    let sizes = files.iter().filter(|file| is_fetched(file));
    let sent = sizes.map(|file| Ok(measure(file)?.sent));
    sent.sum::<Result<u64>>().map(Some)
}

/// `1234567` → `1.23 MB`.
pub fn human(bytes: u64) -> String {
    if bytes < 100_000 {
        format!("{:.1} kB", bytes as f64 / 1e3)
    } else {
        format!("{:.2} MB", bytes as f64 / 1e6)
    }
}

/// The files of the page that a visitor without WebGPU needs.
pub fn cpu_visit() -> Result<Vec<PathBuf>> {
    let mut files = vec![root().join("index.html")];
    files.retain(|page| page.is_file());
    for folder in ["www", "pkg/cpu", "models"] {
        files.extend(files_in(&root().join(folder))?);
    }
    files.push(root().join("survey/config.json"));
    files.retain(|file| is_fetched(file));
    Ok(files)
}

/// Whether the page loads a file: types are for the developer's checks, notes
/// for readers of the repository.
pub fn is_fetched(file: &Path) -> bool {
    let name = file.to_string_lossy();
    if file
        .parent()
        .is_some_and(|folder| folder.ends_with("models"))
    {
        return name.ends_with(".safetensors") || name.ends_with("card.json");
    }
    ![".d.ts", ".md", ".txt"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Every file below a folder, sorted, without the compressed copies and
/// whatever begins with a dot.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        if path.is_dir() {
            if name != "node_modules" {
                files.extend(files_in(&path)?);
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn measure(file: &Path) -> Result<Sizes> {
    let raw = fs::metadata(file)?.len();
    let copy = |suffix| fs::metadata(with_suffix(file, suffix)).map(|copy| copy.len());
    let path = file.strip_prefix(root()).unwrap_or(file);
    let path = path.to_string_lossy().into_owned();
    if let (Ok(brotli), Ok(gzip)) = (copy("br"), copy("gz")) {
        return Ok(Sizes {
            path,
            raw,
            gzip,
            brotli,
            sent: brotli,
        });
    }
    let bytes = fs::read(file)?;
    let gzip = gzip(&bytes)?.len() as u64;
    Ok(Sizes {
        path,
        raw,
        gzip,
        brotli: brotli(&bytes)?.len() as u64,
        sent: gzip,
    })
}

/// gzip at its best.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// brotli at its best, or nearly so for large files.
pub fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = ::brotli::enc::BrotliEncoderParams {
        quality: if bytes.len() > LARGE { 9 } else { 11 },
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    ::brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::{brotli, gzip, human, is_fetched};
    use std::io::Read;
    use std::path::Path;

    #[test]
    fn compressed_copies_hold_the_file() {
        let bytes = b"the same words, the same words, the same words".repeat(100);
        let mut unpacked = Vec::new();
        ::brotli::BrotliDecompress(&mut &brotli(&bytes).expect("brotli")[..], &mut unpacked)
            .expect("brotli back");
        assert_eq!(unpacked, bytes);
        unpacked.clear();
        flate2::read::GzDecoder::new(&gzip(&bytes).expect("gzip")[..])
            .read_to_end(&mut unpacked)
            .expect("gzip back");
        assert_eq!(unpacked, bytes);
    }

    #[test]
    fn counts_what_a_browser_fetches() {
        for (path, fetched) in [
            ("index.html", true),
            ("www/app.js", true),
            ("www/types.d.ts", false),
            ("pkg/cpu/soundalike_bg.wasm", true),
            ("pkg/cpu/soundalike_bg.wasm.d.ts", false),
            ("models/genre.safetensors", true),
            ("models/card.json", true),
            ("models/README.md", false),
            ("models/metrics.csv", false),
        ] {
            assert_eq!(is_fetched(Path::new(path)), fetched, "{path}");
        }
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(human(512), "0.5 kB");
        assert_eq!(human(1_851_000), "1.85 MB");
    }
}
