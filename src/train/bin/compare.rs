//! Several architectures on the same clips, the same split and the same seeds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;
use soundalike_core::model::{Architecture, Input};
use soundalike_datasets::names::shown;
use soundalike_datasets::output::{make_folder, write_whole};
use soundalike_datasets::{DatasetError, FeatureTable, Split};
use soundalike_train::metrics::{self, interval, mcnemar};
use soundalike_train::report::{self, Compared, Contents, Pair};
use soundalike_train::{DeviceName, open_device};

use crate::outcome::{Data, Outcome};
use crate::sets::{SetArguments, collections, of_split, repeated};
use crate::settings::Settings;
use crate::table::file_name;
use crate::wasm::Wasm;

/// What is compared.
#[derive(clap::Args)]
pub struct CompareArguments {
    #[command(flatten)]
    set: SetArguments,
    /// Architectures, such as two-stream,crnn@0.1,mfcc-cnn
    #[arg(long, value_delimiter = ',', required = true)]
    arch: Vec<Architecture>,
    /// How many seeds each is trained with: 0, 1, 2, …
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    #[command(flatten)]
    settings: Settings,
    /// Device: cpu, vulkan or cuda
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Folder of the page's WebAssembly modules, which `cargo xtask build` makes
    #[arg(long, value_name = "DIR", default_value = "pkg")]
    pkg: PathBuf,
    /// Folder for comparison.json, report.html and the runs; those that it holds are not made again
    #[arg(short, value_name = "DIR")]
    output: PathBuf,
}

/// The file that holds everything.
#[derive(Serialize)]
struct Comparison<'a> {
    data: String,
    split: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    seeds: u64,
    epochs_at_most: BTreeMap<String, usize>,
    clips: usize,
    models: Vec<Line>,
    /// Each against the most accurate one, on the calls of seed 0.
    mcnemar: &'a [Pair],
}

/// A line of the table.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    compared: Compared,
    /// Of each seed.
    accuracies: Vec<f64>,
}

/// Trains whatever is not trained yet, and prints the table.
pub fn compare(arguments: &CompareArguments) -> anyhow::Result<()> {
    if arguments.seeds == 0 {
        bail!("--seeds must be at least 1");
    }
    let names: Vec<String> = arguments.arch.iter().map(ToString::to_string).collect();
    if let Some(twice) = repeated(&names) {
        bail!("--arch names {twice} twice; name each architecture once");
    }
    let (data, split, warning) = open(&arguments.set, &arguments.arch)?;
    make_folder(&arguments.output)?;
    if let Some(warning) = warning {
        eprintln!("{warning}");
    }
    let wasm = Wasm::find(&arguments.pkg);
    let device = open_device(arguments.device)?;
    let mut outcomes: Vec<(String, Vec<Outcome>)> = Vec::new();
    for architecture in &arguments.arch {
        let mut of_seeds = Vec::new();
        for seed in 0..arguments.seeds {
            let config = arguments.settings.config(architecture.clone(), seed)?;
            let config = match &data {
                Data::Songs { train, .. } => arguments.settings.for_songs(config, train)?,
                Data::Table(table, name) => config.for_data(table.genres.clone(), name.clone()),
            };
            let outcome = Outcome::of(config, &data, &device, &arguments.output, &wasm)?;
            of_seeds.push(outcome);
        }
        outcomes.push((architecture.to_string(), of_seeds));
    }
    write(&data, (split, warning), arguments, &outcomes)
}

/// What is compared on, how it is split, and a warning about the figures.
fn open(
    set: &SetArguments,
    architectures: &[Architecture],
) -> anyhow::Result<(Data, &'static str, Option<&'static str>)> {
    let path = &set.data;
    if FeatureTable::is_at(path) {
        if architectures
            .iter()
            .any(|architecture| architecture.input() != Input::Descriptors)
        {
            bail!(DatasetError::Table(path.clone()));
        }
        let data = Data::Table(FeatureTable::open(path)?, file_name(path));
        let split =
            "70/30 over whole clips, drawn anew with each seed; nothing is chosen on the 30";
        return Ok((data, split, None));
    }
    let songs = set.open_to_train(0)?;
    let [train, valid] = set.train_and_valid(&songs.all)?;
    let test = of_split(&songs.all, Split::Test);
    let (test, split) = if test.is_empty() {
        let leaks = "the set's own, without a test split: evaluated on the validation split, which the best epoch was chosen by, so these numbers are too optimistic";
        (valid.clone(), leaks)
    } else {
        (
            test,
            "train to learn from, valid to choose the best epoch, test to evaluate",
        )
    };
    Ok((Data::Songs { train, valid, test }, split, songs.warning))
}

/// 95 % interval of the mean accuracy over seeds, by bootstrap over clips: a clip is drawn together with its
/// predictions of all seeds.
fn accuracy_interval(outcomes: &[Outcome]) -> Option<[f64; 2]> {
    let mut by_clip: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for outcome in outcomes {
        for (clip, share) in outcome.clips.iter().zip(outcome.shares()) {
            let sums = by_clip.entry(clip).or_default();
            sums.0 += share;
            sums.1 += 1.0;
        }
    }
    let sums: Vec<(f64, f64)> = by_clip.into_values().collect();
    interval(sums.len(), |times| {
        let drawn = || times.iter().map(|&times| f64::from(times)).zip(&sums);
        let right: f64 = drawn().map(|(times, (right, _))| times * right).sum();
        let all: f64 = drawn().map(|(times, (_, all))| times * all).sum();
        (all > 0.0).then(|| right / all)
    })
}

fn mean(outcomes: &[Outcome], of: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
    metrics::mean(outcomes.iter().filter_map(of))
}

/// The lines of the table.
fn lines(arguments: &CompareArguments, outcomes: &[(String, Vec<Outcome>)]) -> Vec<Compared> {
    outcomes
        .iter()
        .zip(&arguments.arch)
        .map(|((name, outcomes), architecture)| Compared {
            name: name.clone(),
            accuracy: mean(outcomes, |o| Some(o.accuracy)),
            accuracy_interval: accuracy_interval(outcomes),
            macro_f1: mean(outcomes, |o| Some(o.macro_f1)),
            auc_macro: mean(outcomes, |o| o.auc_macro),
            mean_average_precision: mean(outcomes, |o| o.mean_average_precision),
            precision_at_10: mean(outcomes, |o| o.precision_at_10),
            parameters: outcomes.first().map(|o| o.parameters),
            megaflops: Some(architecture.megaflops()),
            train_seconds: mean(outcomes, |o| Some(o.train_seconds)),
            native_ms: mean(outcomes, |o| Some(o.native_ms)),
            wasm_ms: mean(outcomes, |o| o.wasm_ms),
        })
        .collect()
}

/// McNemar's test of each against the most accurate one.
fn tests(compared: &[Compared], outcomes: &[(String, Vec<Outcome>)]) -> Vec<Pair> {
    let accuracy = |at: usize| compared[at].accuracy.unwrap_or(0.0);
    let best = (0..compared.len()).max_by(|&a, &b| accuracy(a).total_cmp(&accuracy(b)));
    (0..compared.len())
        .filter(|&at| Some(at) != best)
        .filter_map(|at| {
            let (first, second) = (outcomes[best?].1.first()?, outcomes[at].1.first()?);
            // A clip that only one of them could use would shift the others; and of tags there is no single prediction.
            let comparable = first.clips == second.clips && !first.calls.is_empty();
            comparable.then(|| Pair {
                first: compared[best.unwrap_or(0)].name.clone(),
                second: compared[at].name.clone(),
                test: mcnemar(&first.labels, &first.calls, &second.calls),
            })
        })
        .collect()
}

/// Prints the table, and writes comparison.json and the page.
fn write(
    data: &Data,
    (split, warning): (&str, Option<&'static str>),
    arguments: &CompareArguments,
    outcomes: &[(String, Vec<Outcome>)],
) -> anyhow::Result<()> {
    let compared = lines(arguments, outcomes);
    let tests = tests(&compared, outcomes);
    print_table(&compared, outcomes, &tests);
    let first = outcomes.first().and_then(|(_, outcomes)| outcomes.first());
    let name = match data {
        Data::Songs { train, .. } => collections(train),
        Data::Table(_, name) => name.clone(),
    };
    let contents = Contents {
        title: format!("{} architectures on {name}", compared.len()),
        notes: vec![
            format!("Split: {split}."),
            format!(
                "{}; the interval is a bootstrap over clips. McNemar's tests are of seed 0.",
                match arguments.seeds {
                    1 => "One seed".to_owned(),
                    several => format!("Means over {several} seeds"),
                }
            ),
        ],
        warnings: warning.into_iter().map(str::to_owned).collect(),
        compared: compared.clone(),
        tests: tests.clone(),
        ..Contents::default()
    };
    report::write(&arguments.output, &contents)?;
    let comparison = Comparison {
        data: name,
        split,
        warning,
        seeds: arguments.seeds,
        epochs_at_most: outcomes
            .iter()
            .filter_map(|(name, outcomes)| Some((name.clone(), outcomes.first()?.config.epochs)))
            .collect(),
        clips: first.map_or(0, |outcome| outcome.clips.len()),
        models: compared
            .into_iter()
            .zip(outcomes)
            .map(|(compared, (_, outcomes))| Line {
                compared,
                accuracies: outcomes.iter().map(|o| o.accuracy).collect(),
            })
            .collect(),
        mcnemar: &tests,
    };
    let path = arguments.output.join("comparison.json");
    let json = serde_json::to_string_pretty(&comparison)?;
    write_whole(&path, format!("{json}\n").as_bytes())?;
    eprintln!("{}", shown(&path));
    Ok(())
}

fn print_table(compared: &[Compared], outcomes: &[(String, Vec<Outcome>)], tests: &[Pair]) {
    let of_tags = |line: &Compared| line.mean_average_precision.is_some();
    let [accuracy, last] = if compared.iter().any(of_tags) {
        ["Hamming accuracy", "mean AP"]
    } else {
        ["accuracy", "P@10"]
    };
    println!(
        "| architecture | {accuracy} | 95 % | each seed | macro F1 | AUC | {last} | parameters | MFLOPs | train s | native ms | wasm ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    for (line, (_, outcomes)) in compared.iter().zip(outcomes) {
        let each: Vec<String> = outcomes.iter().map(|o| percent(o.accuracy)).collect();
        println!(
            "| {} | {} % | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            line.name,
            line.accuracy.map_or(String::new(), percent),
            line.accuracy_interval
                .map_or("–".to_owned(), |[low, high]| format!(
                    "{} to {}",
                    percent(low),
                    percent(high)
                )),
            each.join(", "),
            number(line.macro_f1, 3),
            number(line.auc_macro, 3),
            number(line.mean_average_precision.or(line.precision_at_10), 3),
            line.parameters.unwrap_or(0),
            number(line.megaflops, 1),
            number(line.train_seconds, 1),
            number(line.native_ms, 2),
            line.wasm_ms
                .map_or("not measured".to_owned(), |ms| format!("{ms:.2}")),
        );
    }
    for pair in tests {
        println!(
            "{} against {}: {} and {} clips that only one calls right, p {} (McNemar, seed 0)",
            pair.first,
            pair.second,
            pair.test.only_first,
            pair.test.only_second,
            if pair.test.p_value < 1e-3 {
                "< 0.001".to_owned()
            } else {
                format!("= {:.3}", pair.test.p_value)
            }
        );
    }
}
