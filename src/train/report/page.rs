//! The page around the figures.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Compared, Contents, Run, figures};
use crate::metrics::{Curves, GenreScore};
use crate::taste::{Figure, TasteReport};
use crate::{Report, TagEvaluation, TrainError};

/// The style of Soundalike's page, whose colours are used.
const SITE: &str = include_str!("../../../www/styles/theme.css");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("space.js");

/// Text as it may stand in HTML, between tags or in quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters have no place in a page.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The colours that the page of Soundalike uses, light and dark: in its style each stands twice.
fn colours() -> String {
    let wanted = |line: &&str| {
        let names = [
            "--paper:",
            "--ink:",
            "--quiet:",
            "--line:",
            "--unknown:",
            "--genre-",
        ];
        names.iter().any(|name| line.starts_with(name))
    };
    let (mut light, mut dark) = (Vec::new(), Vec::new());
    for line in SITE.lines().map(str::trim).filter(wanted) {
        let name = line.split(':').next().unwrap_or_default();
        let again = light
            .iter()
            .any(|seen: &&str| seen.split(':').next() == Some(name));
        if again { &mut dark } else { &mut light }.push(line);
    }
    format!(
        ":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}",
        light.concat(),
        dark.concat()
    )
}

/// What a content security policy calls a piece of inline code.
fn hash(code: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(code)))
}

/// The whole page.
pub(super) fn html(contents: &Contents) -> Result<String, TrainError> {
    let mut body = String::new();
    for warning in &contents.warnings {
        let _ = writeln!(
            body,
            "<p class=\"warning\">Warning: {}</p>",
            escaped(warning)
        );
    }
    for note in &contents.notes {
        let _ = writeln!(body, "<p>{}</p>", escaped(note));
    }
    compared(&mut body, contents);
    if let Some(report) = &contents.evaluation {
        evaluation(&mut body, report, !contents.warnings.is_empty())?;
    }
    if let Some(found) = &contents.tags {
        tags(&mut body, found, !contents.warnings.is_empty())?;
    }
    if !contents.epochs.is_empty() {
        let figures = figures::training(&contents.epochs)?;
        section(&mut body, "Training", "pair", &figures);
    }
    if !contents.sweeps.is_empty() {
        let drawn: Result<Vec<[String; 2]>, TrainError> = contents
            .sweeps
            .iter()
            .enumerate()
            .map(|(at, sweep)| {
                let setting = escaped(&sweep.setting);
                let [losses, scores] = figures::sweep(at, sweep)?;
                let fails = |run: &&Run| !run.epochs.iter().any(|e| e.valid_loss.is_finite());
                let failed: Vec<&str> = sweep
                    .runs
                    .iter()
                    .filter(fails)
                    .map(|run| run.value.as_str())
                    .collect();
                let failed = match failed.as_slice() {
                    [] => String::new(),
                    some => format!(
                        " Without a curve, since the loss grew beyond all bounds: {}.",
                        escaped(&some.join(", "))
                    ),
                };
                let caption = format!("<figcaption>One line per {setting}.{failed}</figcaption>");
                Ok([losses + &caption, scores])
            })
            .collect();
        section(&mut body, "Sweeps", "pair", &drawn?.concat());
    }
    if let Some(places) = &contents.places {
        let figures = figures::plane(places)?;
        section(&mut body, "Where the clips lie", "pair", &figures);
        space(&mut body, contents)?;
    }
    if let Some(correlations) = &contents.correlations {
        let drawn = figures::correlations(correlations)?;
        let _ = writeln!(
            body,
            "<h2>Correlation of the descriptors</h2>\n<p>Over {} clips: blue goes together, orange goes against.</p>\n<div class=\"wide large\" tabindex=\"0\" role=\"region\" aria-label=\"Correlation of the descriptors\"><figure>{drawn}</figure></div>",
            correlations.clips
        );
    }
    if !contents.pictures.is_empty() {
        let drawn: Result<Vec<String>, TrainError> = contents
            .pictures
            .iter()
            .enumerate()
            .map(|(at, picture)| {
                let caption = format!("{}: {}", picture.genre, picture.title);
                let caption = escaped(&caption);
                let drawn = figures::spectrogram(at, picture)?;
                Ok(format!("{drawn}<figcaption>{caption}</figcaption>"))
            })
            .collect();
        section(&mut body, "Mel spectrograms", "pair", &drawn?);
    }
    if let Some(taste) = &contents.taste {
        tastes(&mut body, taste)?;
    }
    let style = format!("{}{STYLE}", colours());
    let script = if contents.places.is_some() {
        format!("<script>{SCRIPT}</script>\n")
    } else {
        String::new()
    };
    let title = escaped(&contents.title);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n{script}</body>\n</html>\n",
        hash(&style),
        hash(SCRIPT)
    ))
}

/// How well tastes are foreseen: every way beside its baselines.
fn tastes(body: &mut String, report: &TasteReport) -> Result<(), TrainError> {
    let spread = |[mean, low, high]: [f64; 3]| format!("{mean:.3} ({low:.3} to {high:.3})");
    let share = |[mean, low, high]: [f64; 3]| {
        format!(
            "{} ({:.1} to {:.1})",
            percent(mean),
            100.0 * low,
            100.0 * high
        )
    };
    section(
        body,
        "Tastes as opinions grow",
        "pair",
        &[figures::tastes(&report.personal)?],
    );
    let figures = |body: &mut String, name: &str, rows: &[Figure]| {
        const HEAD: [&str; 7] = [
            "way",
            "knows others",
            "log loss",
            "behind the first",
            "AUC",
            "accuracy",
            "calibration error",
        ];
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    row.name.clone(),
                    if row.knows_others { "yes" } else { "no" }.to_owned(),
                    spread(row.log_loss),
                    spread(row.behind),
                    optional(row.auc, spread),
                    share(row.accuracy),
                    three(row.calibration_error),
                ]
            })
            .collect();
        let _ = writeln!(body, "<h3>{}</h3>", escaped(name));
        table(body, name, &HEAD, &rows);
    };
    for personal in &report.personal {
        let name = format!(
            "{} opinions known, {} participants",
            personal.labels, personal.participants
        );
        figures(body, &name, &personal.rows);
    }
    figures(
        body,
        "Songs that nobody was asked about",
        &report.cold_start,
    );
    let _ = writeln!(
        body,
        "<h2>Likes from the favourite song</h2>\n<p>Hamming accuracy; who is foreseen was left out of what was learnt.</p>"
    );
    let rows: Vec<Vec<String>> = report
        .favourite
        .iter()
        .chain(&report.networks)
        .map(|row| {
            vec![
                row.input.clone(),
                share(row.accuracy),
                share(row.majority_per_song),
                share(row.majority_overall),
                row.participants.to_string(),
            ]
        })
        .collect();
    const HEAD: [&str; 5] = [
        "input",
        "accuracy",
        "majority per song",
        "majority overall",
        "participants",
    ];
    table(body, "Likes from the favourite song", &HEAD, &rows);
    Ok(())
}

fn section(body: &mut String, title: &str, class: &str, figures: &[String]) {
    let _ = writeln!(body, "<h2>{title}</h2>\n<div class=\"{class}\">");
    for figure in figures {
        let _ = writeln!(body, "<figure>{figure}</figure>");
    }
    body.push_str("</div>\n");
}

/// A table that scrolls by itself where the page is narrow. Cells are text.
fn table(body: &mut String, name: &str, head: &[&str], rows: &[Vec<String>]) {
    let name = escaped(name);
    let _ = write!(
        body,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">\n<table>\n<thead><tr>"
    );
    for cell in head {
        let _ = write!(body, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        body.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = match column {
                0 => write!(body, "<th scope=\"row\">{cell}</th>"),
                _ => write!(body, "<td>{cell}</td>"),
            };
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody>\n</table>\n</div>\n");
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn optional<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or("–".to_owned(), shown)
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}

fn compared(body: &mut String, contents: &Contents) {
    if !contents.compared.is_empty() {
        let of_tags = |model: &Compared| model.mean_average_precision.is_some();
        let of_tags = contents.compared.iter().any(of_tags);
        let rows: Vec<Vec<String>> = contents
            .compared
            .iter()
            .map(|model| {
                vec![
                    model.name.clone(),
                    optional(model.accuracy, percent),
                    optional(model.accuracy_interval, |[low, high]| {
                        format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high)
                    }),
                    optional(model.macro_f1, three),
                    optional(model.auc_macro, three),
                    if of_tags {
                        optional(model.mean_average_precision, three)
                    } else {
                        optional(model.precision_at_10, three)
                    },
                    optional(model.parameters, |n| n.to_string()),
                    optional(model.megaflops, |n| format!("{n:.1}")),
                    optional(model.train_seconds, |n| format!("{n:.0}")),
                    optional(model.native_ms, |n| format!("{n:.1}")),
                    optional(model.wasm_ms, |n| format!("{n:.1}")),
                ]
            })
            .collect();
        body.push_str("<h2>Models side by side</h2>\n");
        let head = [
            "model",
            if of_tags {
                "Hamming accuracy"
            } else {
                "accuracy"
            },
            "95 %",
            "macro F1",
            "AUC",
            if of_tags { "mean AP" } else { "P@10" },
            "parameters",
            "MFLOPs",
            "train s",
            "native ms",
            "wasm ms",
        ];
        table(body, "Models side by side", &head, &rows);
    }
    if !contents.tests.is_empty() {
        let rows: Vec<Vec<String>> = contents
            .tests
            .iter()
            .map(|pair| {
                vec![
                    format!("{} against {}", pair.first, pair.second),
                    pair.test.only_first.to_string(),
                    pair.test.only_second.to_string(),
                    optional(pair.test.chi_square, |v| format!("{v:.2}")),
                    if pair.test.p_value < 1e-4 {
                        "< 0.0001".to_owned()
                    } else {
                        format!("{:.4}", pair.test.p_value)
                    },
                ]
            })
            .collect();
        body.push_str("<h2>McNemar’s test</h2>\n");
        let head = [
            "models",
            "only first right",
            "only second right",
            "chi-square",
            "p",
        ];
        table(body, "McNemar’s test", &head, &rows);
    }
}

/// An interval of a figure from 0 to 1.
fn interval(of: Option<[f64; 2]>) -> String {
    optional(of, |[low, high]| format!("{low:.3} to {high:.3}"))
}

/// A row of the table of figures.
fn figure_row(warned: bool, name: &str, value: String, interval: String) -> Vec<String> {
    let mark = if warned { " (see the warning)" } else { "" };
    vec![name.to_owned(), format!("{value}{mark}"), interval]
}

/// The heading, and the table of figures under it.
fn in_numbers(body: &mut String, clips: usize, rows: &[Vec<String>]) {
    let _ = writeln!(
        body,
        "<h2>In numbers</h2>\n<p>{clips} clips; intervals by bootstrap over them.</p>"
    );
    table(body, "In numbers", &["", "value", "95 % interval"], rows);
}

/// The table of genres, or of tags.
fn one_by_one(
    body: &mut String,
    [title, kind]: [&str; 2],
    names: &[String],
    scores: &BTreeMap<String, GenreScore>,
    curves: &BTreeMap<String, Curves>,
) {
    let rows: Vec<Vec<String>> = names
        .iter()
        .filter_map(|name| {
            let score = scores.get(name)?;
            let curve = curves.get(name);
            // Without clips of a genre there is nothing to score.
            let scored = (score.support > 0).then_some(score);
            Some(vec![
                name.clone(),
                optional(scored.map(|s| s.precision), three),
                optional(scored.map(|s| s.recall), three),
                optional(scored.map(|s| s.f1), three),
                optional(curve.map(|c| c.auc), three),
                optional(curve.map(|c| c.average_precision), three),
                score.support.to_string(),
            ])
        })
        .collect();
    let _ = writeln!(body, "<h2>{title}</h2>");
    let head = [kind, "precision", "recall", "F1", "AUC", "AP", "clips"];
    table(body, title, &head, &rows);
}

/// The curves of genres, or of tags.
fn curves(body: &mut String, of: &BTreeMap<String, Curves>) -> Result<(), TrainError> {
    let [roc, precision_recall] = figures::curves(of)?;
    section(body, "ROC curves", "small", &roc);
    section(body, "Precision–recall curves", "small", &precision_recall);
    Ok(())
}

fn tags(body: &mut String, found: &TagEvaluation, warned: bool) -> Result<(), TrainError> {
    let report = &found.report;
    let row = |name, value, interval| figure_row(warned, name, value, interval);
    let none = || "–".to_owned();
    let rows = [
        row(
            "macro AUC",
            optional(report.auc_macro, three),
            interval(report.auc_macro_interval),
        ),
        row(
            "mean average precision",
            optional(report.mean_average_precision, three),
            none(),
        ),
        row(
            "Hamming accuracy",
            three(report.hamming_accuracy),
            interval(report.hamming_interval),
        ),
        row("macro F1", three(report.macro_f1), none()),
        row("log loss (nats)", three(found.log_loss), none()),
    ];
    in_numbers(body, found.clips, &rows);
    one_by_one(
        body,
        ["Tag by tag", "tag"],
        &found.tags,
        &report.per_tag,
        &report.curves,
    );
    curves(body, &report.curves)
}

fn evaluation(body: &mut String, report: &Report, warned: bool) -> Result<(), TrainError> {
    let none = || "–".to_owned();
    let row = |name: &str, value, interval| figure_row(warned, name, value, interval);
    let of = |name: &str, value: f64| row(name, three(value), none());
    let maybe = |name: &str, value: Option<f64>| row(name, optional(value, three), none());
    let [low, high] = report.accuracy_interval;
    let rows = [
        row(
            "accuracy",
            percent(report.accuracy),
            format!("{} to {}", percent(low), percent(high)),
        ),
        row(
            "macro F1",
            three(report.macro_f1),
            interval(report.macro_f1_interval),
        ),
        of("macro precision", report.macro_average.precision),
        of("macro recall", report.macro_average.recall),
        of("weighted F1", report.weighted_average.f1),
        of("weighted precision", report.weighted_average.precision),
        of("weighted recall", report.weighted_average.recall),
        row(
            "macro AUC",
            optional(report.auc_macro, three),
            interval(report.auc_macro_interval),
        ),
        maybe("mean average precision", report.mean_average_precision),
        of("Hamming accuracy", report.hamming_accuracy),
        maybe("precision at 1", report.precision_at_1),
        maybe("precision at 5", report.precision_at_5),
        maybe("precision at 10", report.precision_at_10),
        of("log loss (nats)", report.log_loss),
        of(
            "expected calibration error",
            report.expected_calibration_error,
        ),
        row("segment accuracy", percent(report.segment_accuracy), none()),
    ];
    in_numbers(body, report.clips, &rows);
    one_by_one(
        body,
        ["Genre by genre", "genre"],
        &report.genres,
        &report.per_genre,
        &report.curves,
    );
    let matrix = figures::confusion(&report.genres, &report.confusion)?;
    let _ = writeln!(
        body,
        "<h2>Confusion matrix</h2>\n<p>Clips, and their share of the true genre.</p>\n<div class=\"wide matrix\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><figure>{matrix}</figure></div>"
    );
    curves(body, &report.curves)?;
    let bars = figures::reliability(&report.reliability)?;
    let caption = "<figcaption>The number above a bar counts its clips; on the dashed line confidence is what it promises.</figcaption>";
    section(body, "Reliability", "pair", &[format!("{bars}{caption}")]);
    Ok(())
}

/// The map in three dimensions, which the script draws.
fn space(body: &mut String, contents: &Contents) -> Result<(), TrainError> {
    let Some(places) = &contents.places else {
        return Ok(());
    };
    let json = serde_json::to_string(places).map_err(|e| TrainError::Figure {
        figure: "the map in three dimensions".to_owned(),
        cause: e.to_string(),
    })?;
    // The end of a script must not stand in its data.
    let json = json.replace('<', "\\u003c");
    let _ = writeln!(
        body,
        "<h2>In three dimensions</h2>\n<p>Drag to turn; with the keyboard, arrow keys turn, plus and minus zoom.</p>\n\
         <p><label><input type=\"checkbox\" id=\"with-songs\" checked> show every clip, not the signatures alone</label></p>\n\
         <figure><canvas tabindex=\"0\" role=\"img\" aria-label=\"The clips and the signatures of the genres in three dimensions; the table below has the numbers\" data-places=\"places\" data-songs=\"with-songs\"></canvas></figure>\n\
         <details><summary>Signatures as numbers</summary>"
    );
    let rows: Vec<Vec<String>> = places
        .signatures
        .iter()
        .map(|s| {
            let numbers = s.point.iter().map(|v| format!("{v:.2}"));
            std::iter::once(s.genre.clone()).chain(numbers).collect()
        })
        .collect();
    let head = ["genre", "component 1", "component 2", "component 3"];
    table(body, "Signatures as numbers", &head, &rows);
    let _ = writeln!(
        body,
        "</details>\n<script type=\"application/json\" id=\"places\">{json}</script>"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_hashes_as_the_standard_says() {
        // `printf hello | openssl dgst -sha256 -binary | base64`
        assert_eq!(
            hash("hello"),
            "'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='"
        );
    }

    #[test]
    fn every_genre_has_its_two_colours() {
        let colours = colours();
        for genre in soundalike_core::model::GENRES {
            let name = format!("--genre-{genre}:");
            assert_eq!(colours.matches(&name).count(), 2, "{name}");
        }
    }
}
