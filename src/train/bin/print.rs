//! Evaluations as text.

use std::collections::BTreeMap;
use std::io::Write;

use soundalike_datasets::names::visible;
use soundalike_train::Report;
use soundalike_train::metrics::GenreScore;

/// A share as a percentage.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A number with three digits, or a dash.
pub fn three_digits(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}

/// Prints how well genres are predicted.
pub fn print_report(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    if let Some(warning) = report.warning {
        writeln!(out, "{warning}")?;
    }
    print_figures(&mut out, report)?;
    print_precision(&mut out, report)?;
    print_reliability(&mut out, report)?;
    let table = GenreTable {
        genres: &report.genres,
        scores: &report.per_genre,
        confusion: &report.confusion,
        draws: 1,
    };
    table.print(&mut out)
}

/// The scores of each genre.
pub struct GenreTable<'a> {
    /// The rows, in the order of `confusion`.
    pub genres: &'a [String],
    pub scores: &'a BTreeMap<String, GenreScore>,
    /// Counts `[true genre][predicted genre]`.
    pub confusion: &'a [Vec<usize>],
    /// Draws of folds that the counts are over; each clip is counted once in each.
    pub draws: usize,
}

impl GenreTable<'_> {
    /// Prints it below an empty line.
    pub fn print(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let of = if self.draws > 1 { " (all draws)" } else { "" };
        writeln!(
            out,
            "\ngenre       precision  recall  F1     clips  called{of}"
        )?;
        for (genre, counts) in self.genres.iter().zip(self.confusion) {
            let score = &self.scores[genre];
            let genre = visible(genre);
            writeln!(
                out,
                "{genre:<12}{:<11.3}{:<8.3}{:<7.3}{:<7}{}",
                score.precision,
                score.recall,
                score.f1,
                score.support / self.draws.max(1),
                visible(&called(counts, self.genres))
            )?;
        }
        Ok(())
    }
}

/// The genres that the clips of one are predicted as, the most frequent first.
fn called(counts: &[usize], genres: &[String]) -> String {
    let mut called: Vec<(usize, &String)> = counts
        .iter()
        .copied()
        .zip(genres)
        .filter(|(count, _)| *count > 0)
        .collect();
    called.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let called: Vec<String> = called.iter().map(|(n, g)| format!("{g} {n}")).collect();
    called.join(", ")
}

fn print_figures(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    let [low, high] = report.accuracy_interval;
    writeln!(
        out,
        "accuracy         {} of {} clips (95 %: {} to {})",
        percent(report.accuracy),
        report.clips,
        percent(low),
        percent(high)
    )?;
    writeln!(out, "macro F1         {:.3}", report.macro_f1)?;
    let weighted = report.weighted_average;
    writeln!(
        out,
        "weighted         {:.3} precision, {:.3} recall, {:.3} F1",
        weighted.precision, weighted.recall, weighted.f1
    )?;
    let auc = three_digits(report.auc_macro);
    writeln!(out, "macro AUC        {auc}")?;
    let mean_ap = three_digits(report.mean_average_precision);
    writeln!(out, "mean AP          {mean_ap}")?;
    writeln!(out, "log loss         {:.3}", report.log_loss)?;
    writeln!(
        out,
        "calibration      {:.3} expected error",
        report.expected_calibration_error
    )?;
    Ok(())
}

fn print_precision(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    let row = |name: &str, at: [Option<f64>; 3]| {
        let [one, five, ten] = at.map(three_digits);
        format!("{name:<17}{one} at 1, {five} at 5, {ten} at 10")
    };
    let own = [
        report.precision_at_1,
        report.precision_at_5,
        report.precision_at_10,
    ];
    writeln!(out, "{}", row("precision", own))?;
    for (name, precision) in &report.precision_of_others {
        let at = [precision.at_1, precision.at_5, precision.at_10];
        let name = name.replace('_', " ");
        writeln!(out, "{}", row(&format!("  {name}"), at))?;
    }
    writeln!(
        out,
        "segment accuracy {} of {} segments",
        percent(report.segment_accuracy),
        report.segments
    )?;
    Ok(())
}

fn print_reliability(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    writeln!(out, "\nconfidence   right    clips")?;
    for bar in &report.reliability {
        let right = "█".repeat((bar.accuracy * 20.0).round() as usize);
        writeln!(
            out,
            "{:>3.0} to {:<4}  {:>5.1} %  {:<5}{right}",
            100.0 * bar.from,
            percent(bar.to).trim_end_matches(".0 %"),
            100.0 * bar.accuracy,
            bar.clips,
        )?;
    }
    Ok(())
}
