//! Training and measuring on songs with tags, of which each may have many.

use soundalike_datasets::output::write_whole;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use soundalike_core::model::{Calibration, Head};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;
use soundalike_train::report::{self, Contents, Epoch};
use soundalike_train::{Corruption, TagEvaluation, TrainingConfig, evaluate_tags};

use crate::{TrainArguments, split_by_artist};

/// The card beside a model of tags.
#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    data: &'a str,
    clips_learnt_from: usize,
    clips_that_chose: usize,
    split: String,
    head: Head,
    tags: &'a [String],
    architecture: String,
    parameters: usize,
    model_sha256: &'a str,
    epoch: usize,
    calibration: Calibration,
    recipe: &'a TrainingConfig,
    measured_on: &'static str,
    valid: &'a TagEvaluation,
}

/// Measures a fresh model by the clips that chose, and writes its card and its page.
pub fn finish(
    recipe: &TrainingConfig,
    predictor: &Predictor,
    [train, valid]: [&[Song]; 2],
    arguments: &TrainArguments,
) -> anyhow::Result<()> {
    let progress = Progress::new("evaluating", valid.len());
    let (found, _) = evaluate_tags(predictor, valid, Corruption::Clean, &progress)?;
    drop(progress);
    print(&found, false)?;
    let model = predictor.model();
    let card = Card {
        name: "Soundalike model of tags",
        data: &recipe.data,
        clips_learnt_from: model.training.train_clips,
        clips_that_chose: found.clips,
        split: split_by_artist(train, valid),
        head: model.calibration.head,
        tags: &model.genres,
        architecture: model.architecture.to_string(),
        parameters: model.parameters,
        model_sha256: &model.sha256,
        epoch: model.training.epoch,
        calibration: model.calibration,
        recipe,
        measured_on: "the clips that chose",
        valid: &found,
    };
    let path = arguments.output.join("card.json");
    let json = serde_json::to_string_pretty(&card)?;
    write_whole(&path, format!("{json}\n").as_bytes())?;
    eprintln!("{}", path.display());
    if let Some(folder) = &arguments.report {
        let epochs = report::epochs_of(&arguments.output.join("metrics.csv"))?;
        let title = format!("How {} learnt from {}", recipe.architecture, recipe.data);
        write_report(title, found, epochs, folder)?;
    }
    Ok(())
}

/// Writes the page of a model of tags.
pub fn write_report(
    title: String,
    found: TagEvaluation,
    epochs: Vec<Epoch>,
    folder: &Path,
) -> anyhow::Result<()> {
    let mut notes = Vec::new();
    if !epochs.is_empty() {
        let chose = "The clips that chose the best epoch are the ones it is measured by.";
        notes.push(chose.to_owned());
    }
    let contents = Contents {
        title,
        notes,
        warnings: found.warning.into_iter().map(str::to_owned).collect(),
        tags: Some(found),
        epochs,
        ..Contents::default()
    };
    report::write(folder, &contents)?;
    eprintln!("{}", folder.join("report.html").display());
    Ok(())
}

/// Prints how well tags are told, and on stderr what could not be heard.
pub fn print(found: &TagEvaluation, json: bool) -> anyhow::Result<()> {
    for error in &found.errors {
        eprintln!("{}: {}", error.path, error.error);
    }
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, found)?;
        writeln!(out)?;
        return Ok(());
    }
    if let Some(warning) = found.warning {
        writeln!(out, "{warning}")?;
    }
    let report = &found.report;
    let three = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
    let interval = |of: Option<[f64; 2]>| {
        of.map_or(String::new(), |[low, high]| {
            format!(" (95 %: {low:.3} to {high:.3})")
        })
    };
    writeln!(out, "clips            {}", found.clips)?;
    writeln!(
        out,
        "macro AUC        {}{}",
        three(report.auc_macro),
        interval(report.auc_macro_interval)
    )?;
    writeln!(
        out,
        "mean AP          {}",
        three(report.mean_average_precision)
    )?;
    writeln!(
        out,
        "Hamming accuracy {:.3}{}",
        report.hamming_accuracy,
        interval(report.hamming_interval)
    )?;
    writeln!(out, "macro F1         {:.3}", report.macro_f1)?;
    writeln!(out, "log loss         {:.3}", found.log_loss)?;
    let width = found.tags.iter().map(|tag| tag.chars().count()).max();
    let width = width.unwrap_or(0).max(10) + 2;
    writeln!(
        out,
        "\n{:<width$}precision  recall  F1     AUC    AP     clips",
        "tag"
    )?;
    for tag in &found.tags {
        let score = &report.per_tag[tag];
        let curve = report.curves.get(tag);
        writeln!(
            out,
            "{tag:<width$}{:<11.3}{:<8.3}{:<7.3}{:<7}{:<7}{}",
            score.precision,
            score.recall,
            score.f1,
            three(curve.map(|c| c.auc)),
            three(curve.map(|c| c.average_precision)),
            score.support
        )?;
    }
    Ok(())
}
