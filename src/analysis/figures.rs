//! The figures of a report.

use maud::Markup;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use soundalike_pages::{
    Area, Drawn, FigureError, INK, LESS, LINE, MORE, QUIET, letters, middle, svg,
};

use crate::analyse::Day;
use crate::listening::MethodRatings;

/// Width of a figure in pixels.
const WIDTH: i32 = 480;
/// Where bars and points begin and end, from the left.
const LEFT: i32 = 60;
const RIGHT: i32 = WIDTH - 30;
/// Days up to which the number stands above each bar.
const FEW: i64 = 12;

fn right(colour: RGBColor) -> TextStyle<'static> {
    letters(colour).pos(Pos::new(HPos::Right, VPos::Center))
}

fn line(area: &Area<'_>, from: (i32, i32), to: (i32, i32), style: ShapeStyle) -> Drawn {
    Ok(area.draw(&PathElement::new([from, to], style))?)
}

fn text(area: &Area<'_>, said: &str, at: (i32, i32), style: TextStyle<'_>) -> Drawn {
    Ok(area.draw(&Text::new(said.to_owned(), at, style))?)
}

/// Answers by day, from the first day to the last.
pub(crate) fn days(days: &[Day], title: &str) -> Result<Markup, FigureError> {
    const TOP: i32 = 50;
    const BOTTOM: i32 = 200;
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(Markup::default());
    };
    let span = last.number - first.number + 1;
    let most = days.iter().map(|day| day.answers).max().unwrap_or(1);
    let described: Vec<String> = days
        .iter()
        .map(|day| format!("{}: {}", day.date, day.answers))
        .collect();
    svg(
        "days",
        (480, 250),
        title,
        &described.join("; "),
        &[],
        |area| {
            text(area, title, (WIDTH / 2, 16), middle(INK))?;
            line(area, (LEFT, BOTTOM), (RIGHT, BOTTOM), QUIET.stroke_width(1))?;
            line(area, (LEFT, TOP), (RIGHT, TOP), LINE.stroke_width(1))?;
            text(area, &most.to_string(), (LEFT - 8, TOP), right(QUIET))?;
            text(area, "0", (LEFT - 8, BOTTOM), right(QUIET))?;
            let width = f64::from(RIGHT - LEFT) / span as f64;
            for day in days {
                let from = f64::from(LEFT) + width * (day.number - first.number) as f64;
                let (from, to) = (from.round() as i32, ((from + 0.85 * width).round() as i32));
                let height = f64::from(BOTTOM - TOP) * day.answers as f64 / most as f64;
                let top = BOTTOM - height.round() as i32;
                area.draw(&Rectangle::new(
                    [(from, top), (to.max(from + 1), BOTTOM)],
                    MORE.filled(),
                ))?;
                if span <= FEW {
                    let at = ((from + to) / 2, top - 10);
                    text(area, &day.answers.to_string(), at, middle(INK))?;
                }
            }
            let below = BOTTOM + 18;
            let begin = letters(QUIET).pos(Pos::new(HPos::Left, VPos::Center));
            text(area, &first.date, (LEFT, below), begin)?;
            if span > 1 {
                text(area, &last.date, (RIGHT, below), right(QUIET))?;
            }
            Ok(())
        },
    )
}

/// A value with its interval.
pub(crate) struct Point {
    pub name: String,
    pub value: f64,
    pub interval: Option<[f64; 2]>,
    /// Its text, such as a percentage.
    pub shown: String,
}

/// Values with their intervals, one below the other. `scale` are the ends of the axis and their texts.
pub(crate) fn intervals(
    id: &str,
    title: &str,
    points: &[Point],
    scale: [(f64, &str); 2],
) -> Result<Markup, FigureError> {
    const FROM: i32 = 160;
    const TO: i32 = WIDTH - 80;
    const ROW: i32 = 30;
    const TOP: i32 = 60;
    let [(low, low_text), (high, high_text)] = scale;
    let x = |value: f64| {
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        FROM + (f64::from(TO - FROM) * share).round() as i32
    };
    let described: Vec<String> = points
        .iter()
        .map(|point| format!("{}: {}", point.name, point.shown))
        .collect();
    let height = TOP + ROW * points.len() as i32 + 10;
    let size = (WIDTH as u32, height as u32);
    svg(id, size, title, &described.join("; "), &[], |area| {
        text(area, title, (WIDTH / 2, 16), middle(INK))?;
        text(area, low_text, (FROM, TOP - 18), middle(QUIET))?;
        text(area, high_text, (TO, TOP - 18), middle(QUIET))?;
        for value in [low, (low + high) / 2.0, high] {
            line(
                area,
                (x(value), TOP - 6),
                (x(value), height - 8),
                LINE.stroke_width(1),
            )?;
        }
        for (row, point) in points.iter().enumerate() {
            let y = TOP + ROW * row as i32 + ROW / 2;
            text(area, &shortened(&point.name), (FROM - 14, y), right(INK))?;
            if let Some([from, to]) = point.interval {
                line(area, (x(from), y), (x(to), y), INK.stroke_width(2))?;
            }
            area.draw(&Circle::new((x(point.value), y), 5, MORE.filled()))?;
            text(area, &point.shown, (WIDTH - 6, y), right(INK))?;
        }
        Ok(())
    })
}

/// How often each rating was given, by method.
pub(crate) fn counts(methods: &[MethodRatings; 2]) -> Result<Markup, FigureError> {
    const TITLE: &str = "How often each rating was given";
    const TOP: i32 = 60;
    const BOTTOM: i32 = 220;
    let most = methods
        .iter()
        .flat_map(|m| m.counts)
        .max()
        .unwrap_or(0)
        .max(1);
    let described: Vec<String> = methods
        .iter()
        .map(|method| {
            let counts = method.counts.iter().enumerate();
            let counts: Vec<String> = counts.map(|(at, n)| format!("{}: {n}", at + 1)).collect();
            format!("{} {}", method.name, counts.join(", "))
        })
        .collect();
    svg(
        "ratings",
        (480, 290),
        TITLE,
        &described.join("; "),
        &[],
        |area| {
            text(area, TITLE, (WIDTH / 2, 16), middle(INK))?;
            line(area, (LEFT, BOTTOM), (RIGHT, BOTTOM), QUIET.stroke_width(1))?;
            let levels = methods[0].counts.len() as i32;
            let width = (RIGHT - LEFT) / levels;
            for (which, (method, colour)) in methods.iter().zip([MORE, LESS]).enumerate() {
                for (level, count) in method.counts.iter().enumerate() {
                    let from = LEFT + width * level as i32 + 6 + which as i32 * (width / 2 - 4);
                    let height = f64::from(BOTTOM - TOP) * *count as f64 / most as f64;
                    let top = BOTTOM - height.round() as i32;
                    let to = from + width / 2 - 8;
                    area.draw(&Rectangle::new(
                        [(from, top), (to, BOTTOM)],
                        colour.filled(),
                    ))?;
                    text(
                        area,
                        &count.to_string(),
                        ((from + to) / 2, top - 10),
                        middle(INK),
                    )?;
                }
                let key = 40 + 220 * which as i32;
                area.draw(&Rectangle::new(
                    [(key, 262), (key + 14, 276)],
                    colour.filled(),
                ))?;
                let name = letters(INK).pos(Pos::new(HPos::Left, VPos::Center));
                text(area, &shortened(&method.name), (key + 20, 270), name)?;
            }
            for level in 0..levels {
                let at = (LEFT + width * level + width / 2, BOTTOM + 18);
                text(area, &(level + 1).to_string(), at, middle(QUIET))?;
            }
            Ok(())
        },
    )
}

/// A name that fits beside a figure.
fn shortened(name: &str) -> String {
    const MOST: usize = 17;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
