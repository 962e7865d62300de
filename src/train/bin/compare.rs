//! Several architectures on the same clips, the same split and the same seeds.

use soundalike_datasets::output::{make_folder, write_whole};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use soundalike_core::model::{Architecture, Input, milliseconds};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, DatasetError, FeatureTable, Song, Split};
use soundalike_train::metrics::{self, interval, mcnemar};
use soundalike_train::report::{self, Compared, Contents, Pair};
use soundalike_train::{
    Corruption, Details, DeviceName, Report, TrainingConfig, evaluate_in_detail, evaluate_rows,
    evaluate_tags, fit, fit_rows, open_device, rows_of,
};

use crate::sets::SetArguments;
use crate::table::{TRAIN_SHARE, file_name};
use crate::wasm::Wasm;
use crate::{Settings, collections, of_split};

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

/// What came of one training.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Outcome {
    /// How it was trained: another recipe is another run.
    recipe: TrainingConfig,
    /// Names of the clips it was measured by.
    clips: Vec<String>,
    /// Of clips with a genre each, it and what they are called.
    labels: Vec<usize>,
    calls: Vec<usize>,
    /// Of clips with tags, the share of right decisions on each.
    #[serde(default)]
    right: Vec<f64>,
    /// Of tags, Hamming accuracy.
    accuracy: f64,
    macro_f1: f64,
    auc_macro: Option<f64>,
    precision_at_10: Option<f64>,
    /// Of tags.
    #[serde(default)]
    mean_average_precision: Option<f64>,
    parameters: usize,
    train_seconds: f64,
    native_ms: f64,
    /// Not there if it could not be measured yet.
    #[serde(default)]
    wasm_ms: Option<f64>,
}

impl Outcome {
    /// Share of each clip's decisions that are right; of a clip with one genre it is all or nothing.
    fn shares(&self) -> Vec<f64> {
        if !self.right.is_empty() {
            return self.right.clone();
        }
        let calls = self.labels.iter().zip(&self.calls);
        calls
            .map(|(label, call)| f64::from(u8::from(label == call)))
            .collect()
    }
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

/// What is learnt from and measured by.
enum Data {
    Songs {
        train: Vec<Song>,
        valid: Vec<Song>,
        test: Vec<Song>,
    },
    Table(FeatureTable, String),
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
    let path = &arguments.set.data;
    let mut warning = None;
    let (data, split) = if FeatureTable::is_at(path) {
        let unfit = |arch: &&Architecture| arch.input() != Input::Descriptors;
        if arguments.arch.iter().find(unfit).is_some() {
            bail!(DatasetError::Table(path.clone()));
        }
        let data = Data::Table(FeatureTable::open(path)?, file_name(path));
        (
            data,
            "70/30 over whole clips, drawn anew with each seed; nothing is chosen on the 30",
        )
    } else {
        let songs = arguments.set.open(0)?;
        datasets::check(path, &songs)?;
        warning = datasets::warning(&songs);
        let [train, valid, test] =
            [Split::Train, Split::Valid, Split::Test].map(|split| of_split(&songs, split));
        if train.is_empty() || valid.is_empty() {
            bail!(
                "{}: has {} clips to train on and {} to choose by; both are needed",
                path.display(),
                train.len(),
                valid.len()
            );
        }
        let (test, split) = if test.is_empty() {
            let flatters = "the set's own, without clips to test with: the clips that chose the best epoch are those measured by, which flatters";
            (valid.clone(), flatters)
        } else {
            (
                test,
                "train to learn from, valid to choose the best epoch, test to measure",
            )
        };
        let data = Data::Songs { train, valid, test };
        (data, split)
    };
    make_folder(&arguments.output)?;
    if let Some(warning) = warning {
        eprintln!("{warning}");
    }
    let wasm = Wasm::find(&arguments.pkg);
    let mut outcomes: Vec<(String, Vec<Outcome>)> = Vec::new();
    for architecture in &arguments.arch {
        let mut of_seeds = Vec::new();
        for seed in 0..arguments.seeds {
            let mut recipe = TrainingConfig::new(architecture.clone(), Vec::new());
            recipe.seed = seed;
            let mut recipe = arguments.settings.apply(recipe);
            match &data {
                Data::Songs { train, .. } => arguments.settings.fit_to(&mut recipe, train)?,
                Data::Table(table, name) => {
                    recipe.genres.clone_from(&table.genres);
                    recipe.data.clone_from(name);
                    recipe.architecture = recipe.architecture.with_genres(table.genres.len());
                }
            }
            of_seeds.push(outcome(recipe, &data, arguments, &wasm)?);
        }
        outcomes.push((architecture.to_string(), of_seeds));
    }
    tell(&data, split, warning, arguments, &outcomes)
}

/// The first of the words that stands there twice.
pub fn repeated(words: &[String]) -> Option<&String> {
    let earlier = |at: usize| words[..at].contains(&words[at]);
    (0..words.len())
        .find(|&at| earlier(at))
        .map(|at| &words[at])
}

/// What a training comes to: read if it is there, else trained, from where it was broken off.
fn outcome(
    recipe: TrainingConfig,
    data: &Data,
    arguments: &CompareArguments,
    wasm: &Wasm,
) -> anyhow::Result<Outcome> {
    let folder = arguments
        .output
        .join(format!("{}-seed-{}", recipe.architecture, recipe.seed));
    let (kept, model_path) = (
        folder.join("outcome.json"),
        folder.join("model.safetensors"),
    );
    if let Ok(text) = fs::read_to_string(&kept) {
        let mut outcome: Outcome =
            serde_json::from_str(&text).with_context(|| kept.display().to_string())?;
        if outcome.recipe != recipe {
            bail!(
                "{}: was trained with other settings; use the same ones, or another folder",
                folder.display()
            );
        }
        eprintln!("{} is there already", folder.display());
        if outcome.wasm_ms.is_none() {
            outcome.wasm_ms = wasm.milliseconds(&model_path);
            keep(&outcome, &kept)?;
        }
        return Ok(outcome);
    }
    eprintln!("{}", folder.display());
    let device = open_device(arguments.device)?;
    let table_rows = match data {
        Data::Table(table, _) => Some(table.split(TRAIN_SHARE, recipe.seed)),
        Data::Songs { .. } => None,
    };
    match (data, &table_rows) {
        (Data::Table(table, _), Some((rows, _))) => {
            // Rows are learnt in one go; a run that was broken off begins again.
            if model_path.exists() {
                fs::remove_file(&model_path)?;
            }
            fit_rows(&recipe, rows_of(table, rows), &device, &folder)?;
        }
        (Data::Songs { train, valid, .. }, _) => {
            fit(&recipe, train, valid, &device, &folder, true)?;
        }
        (Data::Table(..), None) => {}
    }
    let bytes = fs::read(&model_path).with_context(|| model_path.display().to_string())?;
    let predictor = Predictor::from_bytes(&bytes, Device::flex())?;
    let model = predictor.model();
    let started = Instant::now();
    let clock = || 1e3 * started.elapsed().as_secs_f64();
    let blank = Outcome {
        parameters: model.parameters,
        train_seconds: seconds_of(&folder.join("metrics.csv"))?,
        native_ms: pollster::block_on(milliseconds(model, &Device::flex(), clock))?,
        wasm_ms: wasm.milliseconds(&model_path),
        recipe,
        clips: Vec::new(),
        labels: Vec::new(),
        calls: Vec::new(),
        right: Vec::new(),
        accuracy: 0.0,
        macro_f1: 0.0,
        auc_macro: None,
        precision_at_10: None,
        mean_average_precision: None,
    };
    let of_genres = |clips: Vec<String>, report: Report, details: Details| Outcome {
        clips,
        labels: details.labels,
        calls: details.calls,
        accuracy: report.accuracy,
        macro_f1: report.macro_f1,
        auc_macro: report.auc_macro,
        precision_at_10: report.precision_at_10,
        ..blank.clone()
    };
    let outcome = match (data, &table_rows) {
        (Data::Table(table, _), Some((_, others))) => {
            let (report, details) = evaluate_rows(model, table, others, &Device::flex())?;
            let names = details.songs.iter().map(|&row| table.names[row].clone());
            of_genres(names.collect(), report, details)
        }
        (Data::Songs { test, .. }, _) => {
            let progress = Progress::new("evaluating", test.len()).quiet();
            let names = |places: &[usize]| -> Vec<String> {
                let paths = places.iter().map(|&song| test[song].track.path.clone());
                paths.collect()
            };
            if datasets::tagged(test) {
                let (found, details) =
                    evaluate_tags(&predictor, test, Corruption::Clean, &progress)?;
                Outcome {
                    clips: names(&details.songs),
                    right: details.right,
                    accuracy: found.report.hamming_accuracy,
                    macro_f1: found.report.macro_f1,
                    auc_macro: found.report.auc_macro,
                    mean_average_precision: found.report.mean_average_precision,
                    ..blank
                }
            } else {
                let (report, details) =
                    evaluate_in_detail(&predictor, test, Corruption::Clean, &progress)?;
                of_genres(names(&details.songs), report, details)
            }
        }
        (Data::Table(..), None) => bail!("there are no rows"),
    };
    keep(&outcome, &kept)?;
    Ok(outcome)
}

fn keep(outcome: &Outcome, path: &Path) -> anyhow::Result<()> {
    write_whole(path, serde_json::to_string(outcome)?.as_bytes())?;
    Ok(())
}

/// Seconds of all epochs of a training.
fn seconds_of(metrics: &Path) -> anyhow::Result<f64> {
    let text = fs::read_to_string(metrics).with_context(|| metrics.display().to_string())?;
    let last = |line: &str| {
        line.rsplit(',')
            .next()
            .and_then(|cell| cell.parse::<f64>().ok())
    };
    Ok(text.lines().skip(1).filter_map(last).sum())
}

/// 95 % interval of the mean accuracy over seeds, by bootstrap over clips: a clip goes with all that the
/// seeds call it.
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

/// Prints the table, and writes comparison.json and the page.
fn tell(
    data: &Data,
    split: &str,
    warning: Option<&'static str>,
    arguments: &CompareArguments,
    outcomes: &[(String, Vec<Outcome>)],
) -> anyhow::Result<()> {
    let compared: Vec<Compared> = outcomes
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
        .collect();
    let accuracy = |at: usize| compared[at].accuracy.unwrap_or(0.0);
    let best = (0..compared.len()).max_by(|&a, &b| accuracy(a).total_cmp(&accuracy(b)));
    let tests: Vec<Pair> = (0..compared.len())
        .filter(|&at| Some(at) != best)
        .filter_map(|at| {
            let (first, second) = (outcomes[best?].1.first()?, outcomes[at].1.first()?);
            // A clip that only one of them could hear would shift the others; and of tags nothing is called.
            let comparable = first.clips == second.clips && !first.calls.is_empty();
            comparable.then(|| Pair {
                first: compared[best.unwrap_or(0)].name.clone(),
                second: compared[at].name.clone(),
                test: mcnemar(&first.labels, &first.calls, &second.calls),
            })
        })
        .collect();
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
            .filter_map(|(name, outcomes)| Some((name.clone(), outcomes.first()?.recipe.epochs)))
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
    eprintln!("{}", path.display());
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
