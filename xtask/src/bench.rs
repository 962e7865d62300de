//! `cargo xtask bench`: every benchmark, and a table at the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use serde_json::Value;

use crate::shell::{self, cargo};

/// One line of the table.
struct Measurement {
    name: String,
    /// Nanoseconds: the median and the ends of its confidence interval.
    median: f64,
    low: f64,
    high: f64,
    throughput: Option<String>,
}

/// Runs the benchmarks whose name contains one of `filters`, or all.
pub fn bench(filters: &[&str]) -> Result<()> {
    let start = SystemTime::now();
    // --benches leaves out the binaries' and the library's own test harness,
    // which has no benchmarks and would not understand a filter.
    let mut command = cargo(["bench", "--workspace", "--bench", "*"]);
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    if has_benches() {
        shell::run(command)?;
    }
    let mut measured = Vec::new();
    collect(
        &shell::target_dir()?.join("criterion"),
        start,
        &mut measured,
    )?;
    measured.sort_by(|a, b| a.name.cmp(&b.name));
    print_table(&measured);
    Ok(())
}

fn has_benches() -> bool {
    let files = fs::read_dir(shell::root().join("benches"));
    files.is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|e| e == "rs")))
    })
}

/// Criterion leaves `…/<benchmark>/new/{benchmark,estimates}.json`; what is
/// older than this run belongs to benchmarks that may no longer exist.
fn collect(folder: &Path, since: SystemTime, measured: &mut Vec<Measurement>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    let estimates = folder.join("estimates.json");
    let written = fs::metadata(&estimates).and_then(|file| file.modified());
    if folder.ends_with("new") && written.is_ok_and(|written| written >= since) {
        measured.extend(measurement(
            &json(&folder.join("benchmark.json"))?,
            &json(&estimates)?,
        ));
        return Ok(());
    }
    let folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders
        .iter()
        .try_for_each(|folder| collect(folder, since, measured))
}

fn json(path: &Path) -> Result<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

fn measurement(benchmark: &Value, estimates: &Value) -> Option<Measurement> {
    let median = &estimates["median"];
    let seconds = median["point_estimate"].as_f64()? / 1e9;
    let per_second = |unit: &str, amount: f64| {
        let rate = amount / seconds;
        match rate {
            1e9.. => format!("{:.2} G{unit}/s", rate / 1e9),
            1e6.. => format!("{:.2} M{unit}/s", rate / 1e6),
            1e3.. => format!("{:.2} k{unit}/s", rate / 1e3),
            _ => format!("{rate:.2} {unit}/s"),
        }
    };
    let throughput = &benchmark["throughput"];
    let bytes = throughput["Bytes"].as_f64().map(|n| per_second("B", n));
    let elements = throughput["Elements"].as_f64();
    Some(Measurement {
        name: benchmark["full_id"].as_str()?.to_owned(),
        median: seconds * 1e9,
        low: median["confidence_interval"]["lower_bound"].as_f64()?,
        high: median["confidence_interval"]["upper_bound"].as_f64()?,
        throughput: bytes.or_else(|| elements.map(|n| per_second("", n))),
    })
}

fn print_table(measured: &[Measurement]) {
    if measured.is_empty() {
        println!("There are no benchmarks yet: a file in benches/ is one.");
        return;
    }
    let width = measured.iter().map(|m| m.name.len()).max().unwrap_or(0);
    println!("\n{:width$}  {:>10}  {:>23}", "benchmark", "median", "95 %");
    for m in measured {
        let range = format!("{} to {}", time(m.low), time(m.high));
        println!(
            "{:width$}  {:>10}  {range:>23}  {}",
            m.name,
            time(m.median),
            m.throughput.as_deref().unwrap_or_default()
        );
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        1e9.. => format!("{:.3} s", nanoseconds / 1e9),
        1e6.. => format!("{:.3} ms", nanoseconds / 1e6),
        1e3.. => format!("{:.3} µs", nanoseconds / 1e3),
        _ => format!("{nanoseconds:.1} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::{measurement, time};
    use serde_json::json;

    #[test]
    fn reads_what_criterion_leaves() {
        let benchmark = json!({"full_id": "logmel/30 s", "throughput": {"Elements": 2000}});
        let estimates = json!({"median": {
            "point_estimate": 2_000_000.0,
            "confidence_interval": {"lower_bound": 1_900_000.0, "upper_bound": 2_100_000.0},
        }});
        let read = measurement(&benchmark, &estimates).expect("a measurement");
        assert_eq!(
            (read.name.as_str(), time(read.median)),
            ("logmel/30 s", "2.000 ms".into())
        );
        assert_eq!(read.throughput.as_deref(), Some("1.00 M/s"));
        assert!(measurement(&json!({}), &estimates).is_none());
    }
}
