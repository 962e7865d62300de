//! SVG figures, drawn by plotters. Every colour is drawn as a placeholder and replaced by a variable of the
//! page's style, so that a figure adapts to light and dark.

use std::error::Error;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Text and lines that matter.
pub const INK: RGBColor = RGBColor(1, 2, 3);
/// Text and lines that matter less.
pub const QUIET: RGBColor = RGBColor(1, 2, 4);
/// Lines of a grid.
pub const LINE: RGBColor = RGBColor(1, 2, 5);
/// More of something, or the first of two.
pub const MORE: RGBColor = RGBColor(1, 2, 6);
/// Less of something, or the second of two.
pub const LESS: RGBColor = RGBColor(1, 2, 7);
/// A genre that has no colour of its own.
pub const UNKNOWN: RGBColor = RGBColor(1, 2, 8);
/// The variables of the style that replace the placeholder colours.
const NAMED: [(RGBColor, &str); 6] = [
    (INK, "ink"),
    (QUIET, "quiet"),
    (LINE, "line"),
    (MORE, "more"),
    (LESS, "less"),
    (UNKNOWN, "unknown"),
];

/// Font size in pixels.
pub const FONT_SIZE: i32 = 16;

/// Where a figure is drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What came of drawing.
pub type Drawn = Result<(), Box<dyn Error>>;

/// A figure that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("{figure}: cannot be drawn: {cause}")]
pub struct FigureError {
    /// Its title.
    pub figure: String,
    /// Why not.
    pub cause: String,
}

/// The style of text in a figure.
pub fn letters(colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", FONT_SIZE).into_font().color(&colour)
}

/// The same, centred on its position.
pub fn middle(colour: RGBColor) -> TextStyle<'static> {
    letters(colour).pos(Pos::new(HPos::Center, VPos::Center))
}

/// An SVG with a title and a description in words, which are its text alternative. `more` are further
/// placeholder colours with the variables that replace them.
///
/// # Errors
/// If it cannot be drawn.
pub fn svg(
    id: &str,
    size: (u32, u32),
    title: &str,
    description: &str,
    more: &[(RGBColor, String)],
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<Markup, FigureError> {
    let drawing = drawing(size, title, more, draw)?;
    Ok(framed(id, size, title, description, &drawing))
}

/// A drawing in its `svg` element, with its text alternative.
pub fn framed(
    id: &str,
    (width, height): (u32, u32),
    title: &str,
    description: &str,
    drawing: &Markup,
) -> Markup {
    let (title_id, text_id) = (format!("{id}-title"), format!("{id}-text"));
    html! {
        svg viewBox={ "0 0 " (width) " " (height) } role="img"
            aria-labelledby={ (title_id) " " (text_id) } {
            title id=(title_id) { (title) }
            desc id=(text_id) { (description) }
            (drawing)
        }
    }
}

/// What plotters draws, in the colours of the page's style: the elements inside its `svg` element.
///
/// # Errors
/// If it cannot be drawn.
pub fn drawing(
    size: (u32, u32),
    title: &str,
    more: &[(RGBColor, String)],
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<Markup, FigureError> {
    let mut text = String::new();
    let drawn = (|| -> Drawn {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area)?;
        area.present()?;
        Ok(())
    })();
    drawn.map_err(|cause| FigureError {
        figure: title.to_owned(),
        cause: cause.to_string(),
    })?;
    let inside = text.split_once('>').map_or("", |(_, rest)| rest).trim_end();
    let mut inside = inside.strip_suffix("</svg>").unwrap_or(inside).to_owned();
    let named = NAMED.iter().map(|(colour, name)| (*colour, *name));
    let more = more.iter().map(|(colour, name)| (*colour, name.as_str()));
    for (RGBColor(r, g, b), name) in named.chain(more) {
        inside = inside.replace(
            &format!("\"#{r:02X}{g:02X}{b:02X}\""),
            &format!("\"var(--{name})\""),
        );
    }
    // Plotters escapes the text that it draws.
    Ok(PreEscaped(inside))
}
