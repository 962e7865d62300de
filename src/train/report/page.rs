//! The page's sections around the figures. All of its text is written by maud, which escapes it; what is not
//! escaped is marked as [`PreEscaped`]: the script's data.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use soundalike_pages::{optional, percent, section, table};

use super::contents::{Compared, Contents, Pair, Places, Run};
use super::figures;
use crate::error::TrainError;
use crate::evaluate::Report;
use crate::metrics::{Curves, GenreScore};
use crate::tags::TagEvaluation;
use crate::taste::{MethodScores, TasteReport};

const SCRIPT: &str = include_str!("space.js");

/// The whole page.
pub(super) fn page(contents: &Contents) -> Result<String, TrainError> {
    let script = if contents.places.is_some() {
        SCRIPT
    } else {
        ""
    };
    Ok(soundalike_pages::page(
        &contents.title,
        &body(contents)?,
        script,
    ))
}

/// All sections of the page.
fn body(contents: &Contents) -> Result<Markup, TrainError> {
    let warned = !contents.warnings.is_empty();
    Ok(html! {
        @for warning in &contents.warnings {
            p.warning { "Warning: " (warning) }
        }
        @for note in &contents.notes {
            p { (note) }
        }
        (compared(contents))
        @if let Some(report) = &contents.evaluation {
            (evaluation(report, warned)?)
        }
        @if let Some(found) = &contents.tags {
            (tags(found, warned)?)
        }
        @if !contents.epochs.is_empty() {
            (section("Training", "pair", &figures::training(&contents.epochs)?))
        }
        @if !contents.sweeps.is_empty() {
            (sweeps(contents)?)
        }
        @if let Some(places) = &contents.places {
            (section("Where the clips lie", "pair", &figures::plane(places)?))
            (space(places)?)
        }
        @if let Some(of) = &contents.correlations {
            h2 { "Correlation of the descriptors" }
            p {
                "Over " (of.clips) " clips: blue marks a positive correlation, orange a negative one."
            }
            (scrolling("large", "Correlation of the descriptors", &figures::correlations(of)?))
        }
        @if !contents.pictures.is_empty() {
            (spectrograms(contents)?)
        }
        @if let Some(report) = &contents.taste {
            (taste(report)?)
        }
    })
}

/// The curves of each sweep.
fn sweeps(contents: &Contents) -> Result<Markup, TrainError> {
    let mut drawn = Vec::new();
    for (at, sweep) in contents.sweeps.iter().enumerate() {
        let [losses, scores] = figures::sweep(at, sweep)?;
        let diverged = |run: &&Run| !run.epochs.iter().any(|e| e.valid_loss.is_finite());
        let diverged = sweep.runs.iter().filter(diverged);
        let diverged: Vec<&str> = diverged.map(|run| run.value.as_str()).collect();
        drawn.push(html! {
            (losses)
            figcaption {
                "One line per " (sweep.setting) "."
                @if !diverged.is_empty() {
                    " Without a curve, because the loss diverged: " (diverged.join(", ")) "."
                }
            }
        });
        drawn.push(scores);
    }
    Ok(section("Sweeps", "pair", &drawn))
}

/// The mel spectrogram of some clips.
fn spectrograms(contents: &Contents) -> Result<Markup, TrainError> {
    let mut drawn = Vec::new();
    for (at, picture) in contents.pictures.iter().enumerate() {
        drawn.push(html! {
            (figures::spectrogram(at, picture)?)
            figcaption { (picture.genre) ": " (picture.title) }
        });
    }
    Ok(section("Mel spectrograms", "pair", &drawn))
}

/// How well ratings are predicted: every method beside its baselines.
fn taste(report: &TasteReport) -> Result<Markup, TrainError> {
    const FAVOURITE: &str = "Likes from the favourite song";
    const HEAD: [&str; 5] = [
        "input",
        "accuracy",
        "majority per song",
        "majority overall",
        "participants",
    ];
    let rows: Vec<Vec<String>> = report
        .favourite
        .iter()
        .chain(&report.networks)
        .map(|row| {
            vec![
                row.input.clone(),
                percent_interval(row.accuracy),
                percent_interval(row.majority_per_song),
                percent_interval(row.majority_overall),
                row.participants.to_string(),
            ]
        })
        .collect();
    Ok(html! {
        (section("Log loss by number of known ratings", "pair", &[figures::taste(&report.personal)?]))
        @for personal in &report.personal {
            (methods(
                &format!(
                    "{} ratings known, {} participants",
                    personal.known_ratings, personal.participants
                ),
                &personal.rows,
            ))
        }
        (methods("Songs without ratings (cold start)", &report.cold_start))
        h2 { (FAVOURITE) }
        p { "Hamming accuracy; the predicted participants were held out of training." }
        (table(FAVOURITE, &HEAD, &rows))
    })
}

/// A table of methods that predict ratings.
fn methods(name: &str, rows: &[MethodScores]) -> Markup {
    const HEAD: [&str; 7] = [
        "method",
        "knows others",
        "log loss",
        "behind the first",
        "AUC",
        "accuracy",
        "calibration error",
    ];
    let spread = |[mean, low, high]: [f64; 3]| format!("{mean:.3} ({low:.3} to {high:.3})");
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.name.clone(),
                if row.uses_others { "yes" } else { "no" }.to_owned(),
                spread(row.log_loss),
                spread(row.log_loss_difference),
                optional(row.auc, spread),
                percent_interval(row.accuracy),
                three(row.calibration_error),
            ]
        })
        .collect();
    html! {
        h3 { (name) }
        (table(name, &HEAD, &rows))
    }
}

/// A figure that scrolls by itself where the page is narrow.
fn scrolling(class: &str, name: &str, figure: &Markup) -> Markup {
    html! {
        div class={ "wide " (class) } tabindex="0" role="region" aria-label=(name) {
            figure { (figure) }
        }
    }
}

/// A mean share and its interval, in per cent.
fn percent_interval([mean, low, high]: [f64; 3]) -> String {
    format!(
        "{} ({:.1} to {:.1})",
        percent(mean),
        100.0 * low,
        100.0 * high
    )
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}

/// The table of several models, and McNemar's test of their pairs.
fn compared(contents: &Contents) -> Markup {
    html! {
        @if !contents.compared.is_empty() {
            (side_by_side(&contents.compared))
        }
        @if !contents.tests.is_empty() {
            (mcnemar(&contents.tests))
        }
    }
}

fn side_by_side(models: &[Compared]) -> Markup {
    const TITLE: &str = "Models side by side";
    let of_tags = models.iter().any(|m| m.mean_average_precision.is_some());
    let rows: Vec<Vec<String>> = models
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
    let (accuracy, ranking) = if of_tags {
        ("Hamming accuracy", "mean AP")
    } else {
        ("accuracy", "P@10")
    };
    let head = [
        "model",
        accuracy,
        "95 %",
        "macro F1",
        "AUC",
        ranking,
        "parameters",
        "MFLOPs",
        "train s",
        "native ms",
        "wasm ms",
    ];
    html! {
        h2 { (TITLE) }
        (table(TITLE, &head, &rows))
    }
}

fn mcnemar(pairs: &[Pair]) -> Markup {
    const TITLE: &str = "McNemar’s test";
    const HEAD: [&str; 5] = [
        "models",
        "only first right",
        "only second right",
        "chi-square",
        "p",
    ];
    let rows: Vec<Vec<String>> = pairs
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
    html! {
        h2 { (TITLE) }
        (table(TITLE, &HEAD, &rows))
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
fn in_numbers(clips: usize, rows: &[Vec<String>]) -> Markup {
    html! {
        h2 { "In numbers" }
        p { (clips) " clips; intervals by bootstrap over them." }
        (table("In numbers", &["", "value", "95 % interval"], rows))
    }
}

/// The table of genres, or of tags.
fn one_by_one(
    [title, kind]: [&str; 2],
    names: &[String],
    scores: &BTreeMap<String, GenreScore>,
    curves: &BTreeMap<String, Curves>,
) -> Markup {
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
    let head = [kind, "precision", "recall", "F1", "AUC", "AP", "clips"];
    html! {
        h2 { (title) }
        (table(title, &head, &rows))
    }
}

/// The curves of genres, or of tags.
fn curves(of: &BTreeMap<String, Curves>) -> Result<Markup, TrainError> {
    let [roc, precision_recall] = figures::curves(of)?;
    Ok(html! {
        (section("ROC curves", "small", &roc))
        (section("Precision–recall curves", "small", &precision_recall))
    })
}

fn tags(found: &TagEvaluation, warned: bool) -> Result<Markup, TrainError> {
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
    Ok(html! {
        (in_numbers(found.clips, &rows))
        (one_by_one(["Tag by tag", "tag"], &found.tags, &report.per_tag, &report.curves))
        (curves(&report.curves)?)
    })
}

fn evaluation(report: &Report, warned: bool) -> Result<Markup, TrainError> {
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
    let matrix = figures::confusion(&report.genres, &report.confusion)?;
    let bars = html! {
        (figures::reliability(&report.reliability)?)
        figcaption {
            "The number above a bar counts its clips; on the dashed line, confidence equals accuracy."
        }
    };
    Ok(html! {
        (in_numbers(report.clips, &rows))
        (one_by_one(
            ["Genre by genre", "genre"],
            &report.genres,
            &report.per_genre,
            &report.curves,
        ))
        h2 { "Confusion matrix" }
        p { "Clips, and their share of the true genre." }
        (scrolling("matrix", "Confusion matrix", &matrix))
        (curves(&report.curves)?)
        (section("Reliability", "pair", &[bars]))
    })
}

/// The map in three dimensions, which the script draws.
fn space(places: &Places) -> Result<Markup, TrainError> {
    let json = serde_json::to_string(places).map_err(|e| TrainError::Figure {
        figure: "the map in three dimensions".to_owned(),
        cause: e.to_string(),
    })?;
    // The data must not contain the end tag of its script.
    let json = json.replace('<', "\\u003c");
    let rows: Vec<Vec<String>> = places
        .signatures
        .iter()
        .map(|s| {
            let numbers = s.point.iter().map(|v| format!("{v:.2}"));
            std::iter::once(s.genre.clone()).chain(numbers).collect()
        })
        .collect();
    let head = ["genre", "component 1", "component 2", "component 3"];
    Ok(html! {
        h2 { "In three dimensions" }
        p { "Drag to rotate; on the keyboard, the arrow keys rotate, plus and minus zoom." }
        p {
            label {
                input type="checkbox" id="with-songs" checked;
                " show every clip, not the signatures alone"
            }
        }
        figure {
            canvas
                tabindex="0"
                role="img"
                aria-label="The clips and the signatures of the genres in three dimensions; the table below has the numbers"
                data-places="places"
                data-songs="with-songs" {}
        }
        details {
            summary { "Signatures as numbers" }
            (table("Signatures as numbers", &head, &rows))
        }
        script type="application/json" id="places" { (PreEscaped(&json)) }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_genre_has_its_two_colours() {
        let colours = soundalike_pages::colours();
        for genre in soundalike_core::model::GENRES {
            let name = format!("--genre-{genre}:");
            assert_eq!(colours.matches(&name).count(), 2, "{name}");
        }
    }
}
