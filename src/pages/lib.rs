//! Reports as one HTML page that needs nothing else: the frame with its style and content security policy,
//! tables, and SVG figures that adapt to light and dark. All text is written by maud, which escapes it; what
//! is not escaped is marked as [`PreEscaped`].

mod figure;

pub use figure::{
    Area, Drawn, FONT_SIZE, FigureError, INK, LESS, LINE, MORE, QUIET, UNKNOWN, drawing, framed,
    letters, middle, svg,
};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// The style of Soundalike's page, whose colours are used.
const SITE: &str = include_str!("../../www/styles/theme.css");
const STYLE: &str = include_str!("page.css");

/// The colours of Soundalike's page, light and dark: in its style each is defined twice.
pub fn colours() -> String {
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

/// The source expression of inline code in a content security policy.
fn hash(code: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(code)))
}

/// A whole page. `script` is allowed to run by the page's policy, and put at its end where it is not empty.
pub fn page(title: &str, body: &Markup, script: &str) -> String {
    let style = format!("{}{STYLE}", colours());
    let mut policy = format!("default-src 'none'; style-src {}", hash(&style));
    if !script.is_empty() {
        policy += &format!("; script-src {}", hash(script));
    }
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(&style)) }
            }
            body {
                main {
                    h1 { (title) }
                    (body)
                }
                @if !script.is_empty() {
                    script { (PreEscaped(script)) }
                }
            }
        }
    };
    // Names may hold control characters, which HTML does not allow.
    let forbidden = |c: char| c.is_control() && c != '\n';
    page.into_string().replace(forbidden, " ")
}

/// Figures under a heading, side by side where there is room: `class` is `pair` or `small`.
pub fn section(title: &str, class: &str, figures: &[Markup]) -> Markup {
    html! {
        h2 { (title) }
        div class=(class) {
            @for figure in figures {
                figure { (figure) }
            }
        }
    }
}

/// A table that scrolls by itself where the page is narrow.
pub fn table(name: &str, head: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(name) {
            table {
                thead {
                    tr {
                        @for cell in head {
                            th scope="col" { (cell) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 {
                                    th scope="row" { (cell) }
                                } @else {
                                    td { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A table of names and values whose texts wrap, so that it fits wherever the page does.
pub fn values(name: &str, rows: &[(String, String)]) -> Markup {
    html! {
        table.values {
            caption.unseen { (name) }
            tbody {
                @for (name, value) in rows {
                    tr {
                        th scope="row" { (name) }
                        td { (value) }
                    }
                }
            }
        }
    }
}

/// A share from 0 to 1 in per cent, with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A value as text; a dash where there is none.
pub fn optional<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or("–".to_owned(), shown)
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
    fn a_page_without_a_script_allows_none() {
        let page = page("A <title>", &html! { p { "text" } }, "");
        assert!(!page.contains("script-src") && !page.contains("<script"));
        assert!(page.contains("<h1>A &lt;title&gt;</h1>"), "{page}");
    }
}
