//! The figures, drawn by plotters as SVG in the colours of the page's style.

use std::collections::BTreeMap;
use std::error::Error;

use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::contents::{Correlations, Epoch, Places, SpectrogramImage, Sweep};
use crate::error::TrainError;
use crate::metrics::{Curves, Reliability};
use crate::task::score_name;
use crate::taste::PersonalScores;
use soundalike_core::model::GENRES;
use soundalike_pages::{
    Area, Drawn, FONT_SIZE, INK, LESS, LINE, MORE, QUIET, UNKNOWN, drawing, framed, letters, middle,
};

/// The greatest opacity of a cell with text, so that the text stays readable.
const DARKEST: f64 = 0.5;
/// With more clips than this, clips are drawn as dots instead of letters.
const MAX_LETTERED: usize = 300;
/// Shades of a spectrogram.
const SHADES: usize = 10;

fn genre_colour(genre: &str) -> RGBColor {
    match GENRES.iter().position(|known| *known == genre) {
        Some(at) => RGBColor(2, 2, at as u8),
        None => UNKNOWN,
    }
}

/// The placeholder colours of the genres, and the variables of the style that replace them.
fn genre_colours() -> Vec<(RGBColor, String)> {
    let genres = GENRES.iter().enumerate();
    genres
        .map(|(at, name)| (RGBColor(2, 2, at as u8), format!("genre-{name}")))
        .collect()
}

/// [`soundalike_pages::svg`] with the colours of the genres.
fn svg(
    id: &str,
    size: (u32, u32),
    title: &str,
    description: &str,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<Markup, TrainError> {
    Ok(soundalike_pages::svg(
        id,
        size,
        title,
        description,
        &genre_colours(),
        draw,
    )?)
}

/// The axes of a chart.
struct Axes<'a> {
    x: std::ops::Range<f64>,
    y: std::ops::Range<f64>,
    x_name: &'a str,
    y_name: &'a str,
    whole_x: bool,
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn chart<'a, 'b>(area: &'a Area<'b>, axes: Axes<'_>) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(18)
        .x_label_area_size(50)
        .y_label_area_size(66)
        .build_cartesian_2d(axes.x, axes.y)?;
    let whole = axes.whole_x;
    let number = |v: &f64| {
        let text = format!("{v:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE.mix(0.7))
        .axis_style(QUIET)
        .label_style(letters(QUIET))
        .axis_desc_style(letters(INK))
        .x_desc(axes.x_name)
        .y_desc(axes.y_name)
        .x_labels(if whole { 8 } else { 5 })
        .y_labels(5)
        .x_label_formatter(&|v| match whole {
            true if v.fract() != 0.0 => String::new(),
            _ => number(v),
        })
        .y_label_formatter(&number)
        .draw()?;
    Ok(chart)
}

/// The range of some values with a margin; zero to one without values.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    if low > high {
        return 0.0..1.0;
    }
    let room = ((high - low) * 0.08).max(1e-3);
    low - room..high + room
}

/// A line of a chart: its name, colour, whether it is dashed, and its points.
struct Trace {
    name: String,
    colour: RGBColor,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

fn traces(
    id: &str,
    title: &str,
    (x_name, y_name): (&str, &str),
    y: std::ops::Range<f64>,
    lines: &[Trace],
) -> Result<Markup, TrainError> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let last = points().map(|p| p.0).fold(2.0, f64::max);
    let description: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (first, last) = (line.points.first()?, line.points.last()?);
            Some(format!(
                "{}: from {:.3} to {:.3} in {} points",
                line.name,
                first.1,
                last.1,
                line.points.len()
            ))
        })
        .collect();
    svg(id, (480, 340), title, &description.join("; "), |area| {
        let (head, below) = area.split_vertically(28);
        head.draw(&Text::new(title.to_owned(), (240, 16), middle(INK)))?;
        let mut chart = chart(
            &below,
            Axes {
                x: 1.0..last,
                y,
                x_name,
                y_name,
                whole_x: true,
            },
        )?;
        for line in lines {
            let style = line.colour.stroke_width(2);
            if line.dashed {
                chart.draw_series(DashedLineSeries::new(
                    line.points.iter().copied(),
                    6,
                    4,
                    style,
                ))?;
            } else {
                chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
            }
            // A line of one point would be invisible.
            if let [only] = line.points.as_slice() {
                chart.draw_series([Circle::new(*only, 3, line.colour.filled())])?;
            }
        }
        // Each name at the end of its line, without overlap.
        let mut ends: Vec<((i32, i32), &str)> = lines
            .iter()
            .filter_map(|line| {
                let end = line.points.last()?;
                Some((chart.backend_coord(end), line.name.as_str()))
            })
            .collect();
        ends.sort_by_key(|((_, y), _)| *y);
        let mut free = 0;
        for ((x, y), name) in ends {
            free = (y - 12).max(free);
            let style = letters(INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.to_owned(), (x - 2, free), style))?;
            free += FONT_SIZE + 3;
        }
        Ok(())
    })
}

/// Loss and accuracy per epoch.
pub(super) fn training(epochs: &[Epoch]) -> Result<[Markup; 2], TrainError> {
    let line = |name: &str, colour, dashed, value: fn(&Epoch) -> f64| Trace {
        name: name.to_owned(),
        colour,
        dashed,
        points: epochs.iter().map(|e| (e.epoch as f64, value(e))).collect(),
    };
    let losses = [
        line("training", QUIET, true, |e| e.train_loss),
        line("validation", INK, false, |e| e.valid_loss),
    ];
    let of_tags = epochs.iter().any(|e| e.valid_average_precision.is_some());
    let scores = if of_tags {
        vec![
            line("Hamming accuracy", INK, false, |e| e.valid_accuracy),
            line("mean AP", MORE, false, |e| {
                e.valid_average_precision.unwrap_or(0.0)
            }),
            line("macro F1", QUIET, true, |e| e.valid_macro_f1),
        ]
    } else {
        vec![
            line("accuracy", INK, false, |e| e.valid_accuracy),
            line("macro F1", QUIET, true, |e| e.valid_macro_f1),
        ]
    };
    let all = losses.iter().flat_map(|l| l.points.iter().map(|p| p.1));
    Ok([
        traces(
            "training-loss",
            "Loss per epoch",
            ("epoch", "cross-entropy (nats)"),
            range(all),
            &losses,
        )?,
        traces(
            "training-accuracy",
            if of_tags {
                "Validation scores per epoch"
            } else {
                "Validation accuracy per epoch"
            },
            ("epoch", "share"),
            0.0..1.0,
            &scores,
        )?,
    ])
}

/// Log loss of each method by the number of known ratings.
pub(super) fn taste(personal: &[PersonalScores]) -> Result<Markup, TrainError> {
    let colours = [INK, MORE, LESS, QUIET];
    let methods = personal.first().map_or(&[][..], |first| &first.rows);
    let lines: Vec<Trace> = methods
        .iter()
        .enumerate()
        .map(|(at, method)| Trace {
            name: method.name.clone(),
            colour: colours[at % colours.len()],
            dashed: at >= colours.len(),
            points: personal
                .iter()
                .filter_map(|p| {
                    let row = p.rows.iter().find(|row| row.name == method.name)?;
                    Some((p.known_ratings as f64, row.log_loss[0]))
                })
                .collect(),
        })
        .collect();
    let all = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1));
    traces(
        "tastes",
        "Log loss by number of known ratings",
        ("ratings known", "log loss (nats)"),
        range(all),
        &lines,
    )
}

/// Validation loss and score per epoch, a line per value of the setting.
pub(super) fn sweep(at: usize, sweep: &Sweep) -> Result<[Markup; 2], TrainError> {
    let colours = [INK, MORE, LESS, QUIET];
    let lines = |value: fn(&Epoch) -> f64| -> Vec<Trace> {
        let runs = sweep.runs.iter().enumerate();
        runs.map(|(run, one)| Trace {
            name: one.value.clone(),
            colour: colours[run % colours.len()],
            dashed: run >= colours.len(),
            points: one
                .epochs
                .iter()
                .filter(|e| e.valid_loss.is_finite())
                .map(|e| (e.epoch as f64, value(e)))
                .collect(),
        })
        .collect()
    };
    let losses = lines(|e| e.valid_loss);
    let all = losses.iter().flat_map(|l| l.points.iter().map(|p| p.1));
    let epochs = || sweep.runs.iter().flat_map(|run| &run.epochs);
    let of_tags = epochs().any(|e| e.valid_average_precision.is_some());
    let score = score_name(of_tags);
    Ok([
        traces(
            &format!("sweep-{at}"),
            &format!("Validation loss for each {}", sweep.setting),
            ("epoch", "cross-entropy (nats)"),
            range(all),
            &losses,
        )?,
        traces(
            &format!("sweep-score-{at}"),
            &format!("Validation {score} for each {}", sweep.setting),
            ("epoch", score),
            0.0..1.0,
            &lines(Epoch::score),
        )?,
    ])
}

/// The confusion matrix: counts, and shares of the row.
pub(super) fn confusion(genres: &[String], counts: &[Vec<usize>]) -> Result<Markup, TrainError> {
    const CELL: i32 = 54;
    const LEFT: i32 = 120;
    const TOP: i32 = 110;
    let size = genres.len() as i32 * CELL;
    let description: Vec<String> = genres
        .iter()
        .zip(counts)
        .map(|(genre, row)| {
            let called = row.iter().zip(genres).filter(|(count, _)| **count > 0);
            let called: Vec<String> = called.map(|(n, g)| format!("{g} {n}")).collect();
            format!("{genre} is called {}", called.join(", "))
        })
        .collect();
    let canvas = ((LEFT + size + 10) as u32, (TOP + size + 10) as u32);
    svg(
        "confusion",
        canvas,
        "Confusion matrix",
        &description.join("; "),
        |area| {
            let right = letters(INK).pos(Pos::new(HPos::Right, VPos::Center));
            let upward = ("sans-serif", FONT_SIZE)
                .into_font()
                .transform(FontTransform::Rotate270)
                .color(&INK)
                .pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new("called →", (LEFT, 12), letters(QUIET)))?;
            area.draw(&Text::new("true ↓", (LEFT - 60, TOP - 24), letters(QUIET)))?;
            for (row, genre) in genres.iter().enumerate() {
                let along = row as i32 * CELL + CELL / 2;
                area.draw(&Text::new(
                    genre.clone(),
                    (LEFT - 8, TOP + along),
                    right.clone(),
                ))?;
                area.draw(&Text::new(
                    genre.clone(),
                    (LEFT + along, TOP - 8),
                    upward.clone(),
                ))?;
                let colour = genre_colour(genre);
                let mark = [(LEFT - 5, TOP + along - 20), (LEFT - 2, TOP + along + 20)];
                area.draw(&Rectangle::new(mark, colour.filled()))?;
                let mark = [(LEFT + along - 20, TOP - 5), (LEFT + along + 20, TOP - 2)];
                area.draw(&Rectangle::new(mark, colour.filled()))?;
                let all: usize = counts[row].iter().sum();
                for (column, &count) in counts[row].iter().enumerate() {
                    let share = count as f64 / all.max(1) as f64;
                    let (x, y) = (LEFT + column as i32 * CELL, TOP + row as i32 * CELL);
                    let cell = [(x, y), (x + CELL - 2, y + CELL - 2)];
                    let shade = if row == column { MORE } else { LESS };
                    area.draw(&Rectangle::new(cell, LINE.mix(0.3).filled()))?;
                    if count > 0 {
                        area.draw(&Rectangle::new(cell, shade.mix(share * DARKEST).filled()))?;
                        let (x, y) = (x + CELL / 2 - 1, y + CELL / 2 - 1);
                        area.draw(&Text::new(count.to_string(), (x, y - 9), middle(INK)))?;
                        let share = format!("{:.0} %", 100.0 * share);
                        area.draw(&Text::new(share, (x, y + 9), middle(INK)))?;
                    }
                }
            }
            Ok(())
        },
    )
}

/// A precision–recall curve as average precision weighs it: each precision holds back to the recall
/// before.
fn steps(points: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let mut reached = 0.0;
    let mut line = Vec::new();
    for &[recall, precision] in points {
        // A threshold that finds nothing more is no part of the area.
        if recall > reached {
            line.extend([(reached, precision), (recall, precision)]);
            reached = recall;
        }
    }
    line
}

/// One small ROC and one small precision–recall curve per genre.
pub(super) fn curves(all: &BTreeMap<String, Curves>) -> Result<[Vec<Markup>; 2], TrainError> {
    let mut drawn = [Vec::new(), Vec::new()];
    for (at, (genre, curve)) in all.iter().enumerate() {
        let points =
            |of: &[[f64; 2]]| -> Vec<(f64, f64)> { of.iter().map(|p| (p[0], p[1])).collect() };
        let one = |kind: &str,
                   name: String,
                   description: String,
                   axes: [&str; 2],
                   points: Vec<(f64, f64)>| {
            svg(
                &format!("{kind}-{at}"),
                (320, 310),
                &name,
                &description,
                |area| {
                    let (head, area) = area.split_vertically(26);
                    head.draw(&Text::new(name.clone(), (160, 14), middle(INK)))?;
                    let mut chart = chart(
                        &area,
                        Axes {
                            x: 0.0..1.0,
                            y: 0.0..1.0,
                            x_name: axes[0],
                            y_name: axes[1],
                            whole_x: false,
                        },
                    )?;
                    if kind == "roc" {
                        let chance = [(0.0, 0.0), (1.0, 1.0)];
                        chart.draw_series(DashedLineSeries::new(chance, 4, 4, QUIET.into()))?;
                    }
                    let style = genre_colour(genre).stroke_width(3);
                    chart.draw_series(LineSeries::new(points, style))?;
                    Ok(())
                },
            )
        };
        drawn[0].push(one(
            "roc",
            format!("{genre}: AUC {:.3}", curve.auc),
            format!("ROC curve of {genre} against the rest; the dashed line is chance"),
            ["false positive rate", "true positive rate"],
            points(&curve.roc),
        )?);
        drawn[1].push(one(
            "pr",
            format!("{genre}: AP {:.3}", curve.average_precision),
            format!(
                "precision at each recall of {genre}; average precision {:.3}",
                curve.average_precision
            ),
            ["recall", "precision"],
            steps(&curve.precision_recall),
        )?);
    }
    Ok(drawn)
}

/// The reliability diagram.
pub(super) fn reliability(bars: &[Reliability]) -> Result<Markup, TrainError> {
    let description: Vec<String> = bars
        .iter()
        .map(|bar| {
            format!(
                "of {} clips with confidence {:.1} to {:.1}, {:.0} % are right",
                bar.clips,
                bar.from,
                bar.to,
                100.0 * bar.accuracy
            )
        })
        .collect();
    svg(
        "reliability",
        (480, 400),
        "Reliability",
        &description.join("; "),
        |area| {
            let mut chart = chart(
                area,
                Axes {
                    x: 0.0..1.0,
                    y: 0.0..1.1,
                    x_name: "confidence",
                    y_name: "share that is right",
                    whole_x: false,
                },
            )?;
            chart.draw_series(bars.iter().map(|bar| {
                let corners = [(bar.from + 0.005, 0.0), (bar.to - 0.005, bar.accuracy)];
                Rectangle::new(corners, MORE.mix(DARKEST).filled())
            }))?;
            let promise = [(0.0, 0.0), (1.0, 1.0)];
            chart.draw_series(DashedLineSeries::new(promise, 5, 4, QUIET.into()))?;
            let above = middle(INK).pos(Pos::new(HPos::Center, VPos::Bottom));
            chart.draw_series(bars.iter().map(|bar| {
                let place = ((bar.from + bar.to) / 2.0, bar.accuracy + 0.01);
                Text::new(bar.clips.to_string(), place, above.clone())
            }))?;
            Ok(())
        },
    )
}

/// Where names of so many letters stand beside their dots, in pixels: above, below, right or left,
/// whichever first covers neither a dot nor another name.
fn names_beside(dots: &[(i32, i32)], letters: impl Iterator<Item = usize>) -> Vec<(i32, i32)> {
    let mut placed: Vec<(i32, i32, i32)> = Vec::new();
    for (&(x, y), count) in dots.iter().zip(letters) {
        let half = count as i32 * FONT_SIZE / 4 + 2;
        let beside = [
            (x, y - 18),
            (x, y + 18),
            (x + half + 10, y),
            (x - half - 10, y),
        ];
        let free = |&(x, y): &(i32, i32)| {
            let inside = x - half > 70 && x + half < 475;
            let dots = dots.iter();
            inside
                && dots
                    .into_iter()
                    .all(|d| (d.0 - x).abs() > half + 6 || (d.1 - y).abs() > 14)
                && placed
                    .iter()
                    .all(|p| (p.0 - x).abs() > half + p.2 || (p.1 - y).abs() > FONT_SIZE)
        };
        let (x, y) = beside.into_iter().find(free).unwrap_or(beside[0]);
        placed.push((x, y, half));
    }
    placed.into_iter().map(|(x, y, _)| (x, y)).collect()
}

/// The plane of the first two principal components: the signatures, and all clips.
pub(super) fn plane(places: &Places) -> Result<[Markup; 2], TrainError> {
    let names = [0, 1].map(|axis| {
        format!(
            "component {} ({:.0} % of the variance)",
            axis + 1,
            100.0 * places.explained[axis]
        )
    });
    let at = |p: &[f32; 3]| (f64::from(p[0]), f64::from(p[1]));
    let description: Vec<String> = places
        .signatures
        .iter()
        .map(|s| format!("{} at {:.2}, {:.2}", s.genre, s.point[0], s.point[1]))
        .collect();
    let draw = |id: &str, title: &str, clips: bool| {
        let shown = || {
            let songs = places.songs.iter().filter(|_| clips).map(|s| at(&s.point));
            songs.chain(places.signatures.iter().map(|s| at(&s.point)))
        };
        svg(id, (480, 440), title, &description.join("; "), |area| {
            let (head, below) = area.split_vertically(28);
            head.draw(&Text::new(title.to_owned(), (240, 16), middle(INK)))?;
            let mut chart = chart(
                &below,
                Axes {
                    x: range(shown().map(|p| p.0)),
                    y: range(shown().map(|p| p.1)),
                    x_name: &names[0],
                    y_name: &names[1],
                    whole_x: false,
                },
            )?;
            // Letters repeat what the colour says, as long as there is room for them.
            let lettered = places.songs.len() <= MAX_LETTERED;
            let small = |colour| ("sans-serif", 12).into_font().color(&colour);
            for song in places.songs.iter().filter(|_| clips) {
                let colour = genre_colour(&song.genre);
                let place = at(&song.point);
                if lettered {
                    let short: String = song.genre.chars().take(2).collect();
                    let style = small(colour).pos(Pos::new(HPos::Center, VPos::Center));
                    chart.draw_series([Text::new(short, place, style)])?;
                } else {
                    chart.draw_series([Circle::new(place, 3, colour.mix(0.75).filled())])?;
                }
            }
            chart.draw_series(places.signatures.iter().flat_map(|s| {
                let (place, colour) = (at(&s.point), genre_colour(&s.genre));
                [
                    Circle::new(place, 7, colour.filled()),
                    Circle::new(place, 7, INK.stroke_width(1)),
                ]
            }))?;
            let dots: Vec<(i32, i32)> = places
                .signatures
                .iter()
                .map(|s| chart.backend_coord(&at(&s.point)))
                .collect();
            for (signature, place) in places.signatures.iter().zip(names_beside(
                &dots,
                places.signatures.iter().map(|s| s.genre.chars().count()),
            )) {
                area.draw(&Text::new(signature.genre.clone(), place, middle(INK)))?;
            }
            Ok(())
        })
    };
    Ok([
        draw(
            "signatures",
            "Signatures of the genres in two dimensions",
            false,
        )?,
        draw("clips", "All clips in two dimensions", true)?,
    ])
}

/// The heat map of correlations between descriptors.
pub(super) fn correlations(of: &Correlations) -> Result<Markup, TrainError> {
    const CELL: i32 = 15;
    const EDGE: i32 = 180;
    let size = of.names.len() as i32 * CELL;
    let mut pairs: Vec<(f64, usize, usize)> = (0..of.names.len())
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| (of.values[a][b], a, b))
        .collect();
    pairs.sort_by(|x, y| y.0.abs().total_cmp(&x.0.abs()));
    let description: Vec<String> = pairs
        .iter()
        .take(5)
        .map(|&(r, a, b)| format!("{} with {} {r:.2}", of.names[a], of.names[b]))
        .collect();
    let description = format!(
        "Pearson correlations over {} clips; the strongest: {}",
        of.clips,
        description.join("; ")
    );
    let canvas = ((EDGE + size + 8) as u32, (EDGE + size + 8) as u32);
    svg(
        "correlations",
        canvas,
        "Correlation of the descriptors",
        &description,
        |area| {
            let small = ("sans-serif", 13).into_font();
            let right = small
                .clone()
                .color(&INK)
                .pos(Pos::new(HPos::Right, VPos::Center));
            let upward = small
                .transform(FontTransform::Rotate270)
                .color(&INK)
                .pos(Pos::new(HPos::Left, VPos::Center));
            for (row, name) in of.names.iter().enumerate() {
                let along = EDGE + row as i32 * CELL;
                area.draw(&Text::new(
                    name.clone(),
                    (EDGE - 5, along + 7),
                    right.clone(),
                ))?;
                area.draw(&Text::new(
                    name.clone(),
                    (along + 7, EDGE - 5),
                    upward.clone(),
                ))?;
                for (column, &r) in of.values[row].iter().enumerate() {
                    let x = EDGE + column as i32 * CELL;
                    let cell = [(x, along), (x + CELL - 1, along + CELL - 1)];
                    let colour = if r < 0.0 { LESS } else { MORE };
                    area.draw(&Rectangle::new(cell, colour.mix(r.abs().min(1.0)).filled()))?;
                }
            }
            Ok(())
        },
    )
}

/// A mel spectrogram in shades of ink.
pub(super) fn spectrogram(at: usize, picture: &SpectrogramImage) -> Result<Markup, TrainError> {
    let title = format!("Mel spectrogram: {} ({})", picture.title, picture.genre);
    let description = format!(
        "{:.1} seconds in {} mel bands, from {:.0} dB (paper) to {:.0} dB (ink)",
        picture.seconds, picture.bands, picture.range[0], picture.range[1]
    );
    const SIZE: (u32, u32) = (480, 250);
    let plot = std::cell::Cell::new((0..0, 0..0));
    let axes = drawing(SIZE, &title, &genre_colours(), |area| {
        let chart = chart(
            area,
            Axes {
                x: 0.0..picture.seconds.max(1e-3),
                y: 0.0..picture.bands as f64,
                x_name: "time (seconds)",
                y_name: "mel band",
                whole_x: false,
            },
        )?;
        plot.set(chart.plotting_area().get_pixel_range());
        Ok(())
    })?;
    // Plotters would draw a rectangle per value; a path per shade, of runs of it, is far shorter.
    let (x, y) = plot.take();
    let columns = picture.decibels.first().map_or(0, Vec::len).max(1);
    let rows = picture.decibels.len().max(1);
    let [low, high] = picture.range;
    let shade = |db: f32| {
        let share = (db - low) / (high - low).max(1e-6);
        (share.clamp(0.0, 1.0) * SHADES as f32).round() as usize
    };
    let mut paths = vec![String::new(); SHADES + 1];
    for (row, values) in picture.decibels.iter().enumerate() {
        let mut column = 0;
        for run in values.chunk_by(|a, b| shade(*a) == shade(*b)) {
            let path = &mut paths[shade(run[0])];
            path.push_str(&format!(
                "M{column} {}h{}v1h-{}z",
                rows - 1 - row,
                run.len(),
                run.len()
            ));
            column += run.len();
        }
    }
    let transform = format!(
        "translate({} {}) scale({:.4} {:.4})",
        x.start,
        y.start,
        f64::from(x.end - x.start) / columns as f64,
        f64::from(y.end - y.start) / rows as f64
    );
    let shaded = paths
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, path)| !path.is_empty());
    let drawing = html! {
        (axes)
        g shape-rendering="crispEdges" fill="var(--ink)" transform=(transform) {
            @for (shade, path) in shaded {
                path fill-opacity=(shade as f64 / SHADES as f64) d=(path) {}
            }
        }
    };
    Ok(framed(
        &format!("mel-{at}"),
        SIZE,
        &title,
        &description,
        &drawing,
    ))
}
