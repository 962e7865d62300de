//! `trainer evaluate --retrieval`.

use std::io::Write;

use anyhow::bail;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::visible;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};
use soundalike_train::metrics::RetrievalFigures;
use soundalike_train::{
    Estimate, RankingFigures, RetrievalReport, evaluate_retrieval, evaluate_retrieval_out_of_fold,
};

use crate::cross_validate::{CrossValidateArguments, check_folds, labelled_features};
use crate::print::three_digits;

/// By the model's embedding.
pub fn of_model(predictor: &Predictor, songs: &[Song], json: bool) -> anyhow::Result<bool> {
    check_genres(songs)?;
    let progress = Progress::new("evaluating", songs.len());
    let report = evaluate_retrieval(predictor, songs, &progress)?;
    drop(progress);
    print(&report, json)
}

/// By embeddings that are fitted to the clips of other folds.
pub fn out_of_fold(arguments: &CrossValidateArguments<'_>) -> anyhow::Result<bool> {
    check_folds(arguments.predictor, arguments.folds)?;
    check_genres(&arguments.songs)?;
    let labelled = labelled_features(arguments)?;
    let progress = Progress::new("describing by MFCCs", labelled.len());
    let report = evaluate_retrieval_out_of_fold(&labelled, arguments.folds, &progress)?;
    drop(progress);
    print(&report, arguments.json)
}

/// Whether a song is like another is judged by its one genre.
fn check_genres(songs: &[Song]) -> anyhow::Result<()> {
    if datasets::tagged(songs) {
        bail!("these songs have tags instead of one genre each, so what is alike is not known");
    }
    Ok(())
}

/// Prints how good the lists of similar clips are; false if some clips could not be used.
fn print(report: &RetrievalReport, json: bool) -> anyhow::Result<bool> {
    for error in &report.errors {
        eprintln!("{}: {}", visible(&error.path), visible(&error.error));
    }
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(report.errors.is_empty());
    }
    if let Some(warning) = report.warning {
        writeln!(out, "{warning}")?;
    }
    let (clips, artists) = (report.clips, report.artists);
    writeln!(out, "{clips} clips, {artists} known artists")?;
    if let Some(folds) = report.folds {
        writeln!(
            out,
            "embedding fitted to the clips of other folds, of {folds}"
        )?;
    }
    let rows = |of: fn(&RankingFigures) -> &RetrievalFigures| {
        report.rankings.iter().map(move |r| (r.name, of(r)))
    };
    table(
        &mut out,
        "clips by other artists",
        rows(|r| &r.other_artists),
    )?;
    table(&mut out, "all clips", rows(|r| &r.all))?;
    writeln!(
        out,
        "\ncorrection of hubs, clips by other artists: difference (95 % interval)"
    )?;
    writeln!(out, "{:<35}precision at 10            MAP", "")?;
    for correction in &report.corrections {
        let at_10 = signed(correction.better.precision_at_10);
        let map = signed(correction.better.mean_average_precision);
        writeln!(out, "{:<35}{at_10:<27}{map}", correction.name)?;
    }
    writeln!(
        out,
        "\npairs of one genre, not by one artist: {:.3} of all; by the embedding's cosine",
        report.one_genre_by_chance
    )?;
    for range in &report.one_genre {
        writeln!(
            out,
            "{:>4.1} to {:>4.1}  {:.3}  {} pairs",
            range.from, range.to, range.one_genre, range.pairs
        )?;
    }
    Ok(report.errors.is_empty())
}

fn table<'a>(
    out: &mut impl Write,
    title: &str,
    rows: impl Iterator<Item = (&'static str, &'a RetrievalFigures)>,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "\n{title:<35}at 1   at 5   at 10 (95 % interval)    MAP    skewness  anti-hubs  largest  coverage at 1  same artist"
    )?;
    for (name, figures) in rows {
        let value = |estimate: Option<Estimate>| three_digits(estimate.map(|e| e.value));
        writeln!(
            out,
            "{name:<35}{}  {}  {:<23}  {}  {:<8.3}  {:<9.3}  {:<7}  {:<13.3}  {}",
            value(figures.precision_at_1),
            value(figures.precision_at_5),
            with_interval(figures.precision_at_10),
            value(figures.mean_average_precision),
            figures.skewness,
            figures.antihubs,
            figures.largest_hub,
            figures.coverage_at_1,
            three_digits(figures.same_artist),
        )?;
    }
    Ok(())
}

fn with_interval(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |e| {
        let [low, high] = e.interval;
        format!("{:.3} ({low:.3} to {high:.3})", e.value)
    })
}

fn signed(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |e| {
        let [low, high] = e.interval;
        format!("{:+.3} ({low:+.3} to {high:+.3})", e.value)
    })
}
