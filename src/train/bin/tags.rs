//! The figures of tags, as text and as a page.

use std::io::Write;
use std::path::Path;

use soundalike_datasets::names::visible;
use soundalike_train::TagEvaluation;
use soundalike_train::report::{Contents, Epoch};

use crate::files;
use crate::print::three_digits;

/// Writes the page of a model of tags.
pub fn write_report(
    title: String,
    found: TagEvaluation,
    epochs: Vec<Epoch>,
    folder: &Path,
) -> anyhow::Result<()> {
    let mut notes = Vec::new();
    if !epochs.is_empty() {
        let note = "Evaluated on the validation split, which the best epoch was chosen by.";
        notes.push(note.to_owned());
    }
    let contents = Contents {
        title,
        notes,
        warnings: found.warning.into_iter().map(str::to_owned).collect(),
        tags: Some(found),
        epochs,
        ..Contents::default()
    };
    files::write_report(folder, &contents)
}

/// Prints how well tags are predicted, and on stderr which clips could not be used.
pub fn print(found: &TagEvaluation, json: bool) -> anyhow::Result<()> {
    for error in &found.errors {
        eprintln!("{}: {}", visible(&error.path), visible(&error.error));
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
    let interval = |of: Option<[f64; 2]>| {
        of.map_or(String::new(), |[low, high]| {
            format!(" (95 %: {low:.3} to {high:.3})")
        })
    };
    writeln!(out, "clips            {}", found.clips)?;
    writeln!(
        out,
        "macro AUC        {}{}",
        three_digits(report.auc_macro),
        interval(report.auc_macro_interval)
    )?;
    writeln!(
        out,
        "mean AP          {}",
        three_digits(report.mean_average_precision)
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
        let tag = visible(tag);
        writeln!(
            out,
            "{tag:<width$}{:<11.3}{:<8.3}{:<7.3}{:<7}{:<7}{}",
            score.precision,
            score.recall,
            score.f1,
            three_digits(curve.map(|c| c.auc)),
            three_digits(curve.map(|c| c.average_precision)),
            score.support
        )?;
    }
    Ok(())
}
