//! The export of all answers, streamed page by page, so that memory does not grow with their number.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use time::OffsetDateTime;

use super::store::{Row, Store};
use soundalike_survey::{Answer, AnyAnswer, Config, Favourite, ListeningAnswer, Opinion};

/// Rows of a page.
const PAGE_ROWS: i64 = 100;
const DAY_SECONDS: i64 = 86_400;

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// One answer per line, as it was sent: what the trainer reads.
    #[default]
    Jsonl,
    /// One answer per row, one song per column: what a spreadsheet reads.
    Csv,
}

/// Streams all answers.
pub(super) fn export(store: Store, config: &Config, format: Format) -> Response {
    let columns = Columns::of(config);
    let head = match format {
        Format::Jsonl => Vec::new(),
        Format::Csv => line(&columns.names()),
    };
    let rows = stream::try_unfold(Some(String::new()), move |after| {
        let (store, columns) = (store.clone(), columns.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let rows = store
                .page(&after, PAGE_ROWS)
                .await
                .map_err(std::io::Error::other)?;
            let text: Vec<u8> = rows
                .iter()
                .flat_map(|row| match format {
                    Format::Jsonl => format!("{}\n", row.answer).into_bytes(),
                    Format::Csv => columns
                        .cells(row)
                        .map_or_else(Vec::new, |cells| line(&cells)),
                })
                .collect();
            let next = rows.last().map(|row| row.code_hash.clone());
            Ok::<_, std::io::Error>(Some((Bytes::from(text), next)))
        }
    });
    let head = stream::once(async { Ok(Bytes::from(head)) });
    let (kind, name) = match format {
        Format::Jsonl => ("application/jsonl; charset=utf-8", "answers.jsonl"),
        Format::Csv => ("text/csv; charset=utf-8", "answers.csv"),
    };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename={name}")),
    ];
    (headers, Body::from_stream(head.chain(rows))).into_response()
}

/// The columns of a table of answers.
#[derive(Clone)]
enum Columns {
    /// The ids of the songs of a survey of tastes.
    Songs(Vec<String>),
    /// Seed and recommended song of each rating of a listening study.
    Ratings(Vec<(String, String)>),
}

impl Columns {
    fn of(config: &Config) -> Self {
        match &config.study {
            None => Self::Songs(config.songs.iter().map(|song| song.id.clone()).collect()),
            Some(study) => {
                let owned = |(seed, song): (&str, &str)| (seed.to_owned(), song.to_owned());
                Self::Ratings(study.pairs().into_iter().map(owned).collect())
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let named =
            |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
        let sender = named(&["participant", "received", "consent_version", "consent_at"]);
        let own = match self {
            Self::Songs(songs) => {
                let best = named(&["best_1", "best_2", "best_3"]);
                [named(&["favourite"]), songs.clone(), best].concat()
            }
            Self::Ratings(pairs) => {
                let ratings = pairs.iter().map(|(seed, song)| format!("{seed} > {song}"));
                ratings.collect()
            }
        };
        [sender, own, named(&["comment", "simulated"])].concat()
    }

    /// The cells of an answer; `None` if this version cannot read it, or it is to another kind of survey.
    fn cells(&self, row: &Row) -> Option<Vec<String>> {
        let answer = AnyAnswer::from_json(row.answer.as_bytes()).ok()?;
        let received = OffsetDateTime::from_unix_timestamp(row.received_day * DAY_SECONDS).ok()?;
        let consent = answer.consent();
        let mut cells = vec![
            answer.participant().to_owned(),
            received.date().to_string(),
            consent.version.to_string(),
            consent.at.clone(),
        ];
        match (self, &answer) {
            (Self::Songs(songs), AnyAnswer::Taste(answer)) => {
                cells.extend(taste_cells(songs, answer));
            }
            (Self::Ratings(pairs), AnyAnswer::Listening(answer)) => {
                cells.extend(rating_cells(pairs, answer));
            }
            _ => return None,
        }
        cells.extend([answer.comment().to_owned(), answer.simulated().to_string()]);
        Some(cells)
    }
}

fn taste_cells(songs: &[String], answer: &Answer) -> Vec<String> {
    let favourite = match &answer.favourite {
        Favourite::Song { id } => id.clone(),
        Favourite::Own { .. } => "own".to_owned(),
    };
    let opinion = |song: &String| {
        let label = answer.labels.iter().find(|label| label.song == *song);
        match label.map(|label| label.opinion) {
            Some(Opinion::Like) => "like",
            Some(Opinion::Dislike) => "dislike",
            Some(Opinion::Unknown) => "unknown",
            None => "",
        }
        .to_owned()
    };
    let mut cells = vec![favourite];
    cells.extend(songs.iter().map(opinion));
    cells.extend(answer.favourites.iter().cloned());
    cells
}

fn rating_cells(pairs: &[(String, String)], answer: &ListeningAnswer) -> Vec<String> {
    let rating = |(seed, song): &(String, String)| {
        let mut ratings = answer.ratings.iter();
        let rated = ratings.find(|rated| rated.seed == *seed && rated.song == *song);
        rated.map_or_else(String::new, |rated| rated.rating.to_string())
    };
    pairs.iter().map(rating).collect()
}

/// A line of CSV. Every cell is quoted, so that a spreadsheet that expects `;` finds no cell within a
/// comment, and none of them is a formula.
fn line(cells: &[String]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    // Writing to memory does not fail.
    if writer
        .write_record(cells.iter().map(|cell| harmless(cell)))
        .is_err()
    {
        return Vec::new();
    }
    writer.into_inner().unwrap_or_default()
}

/// What begins a formula, the full-width signs of East Asian input included.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The text with an apostrophe wherever a formula could begin: at the start of the cell, and after whatever
/// may separate cells, whichever of them the spreadsheet expects
/// (https://owasp.org/www-community/attacks/CSV_Injection). `www/lib/export.js` does the same.
fn harmless(cell: &str) -> String {
    let mut safe = String::with_capacity(cell.len() + 2);
    if cell.starts_with(['\t', '\r', '\n']) {
        safe.push('\'');
    }
    let mut may_begin = true;
    for character in cell.chars() {
        if may_begin && FORMULA.contains(&character) {
            safe.push('\'');
        }
        may_begin = match character {
            ',' | ';' | '|' | '\t' | '\r' | '\n' => true,
            '"' => may_begin,
            other => may_begin && other.is_whitespace(),
        };
        safe.push(character);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use soundalike_survey::Label;
    use soundalike_survey::examples::{listening_study_of, survey_of};

    #[test]
    fn every_cell_is_quoted_and_quotes_are_doubled() {
        let cells = ["=1+1", "-2", "say \"hi\"", "two\nlines", "plain"].map(str::to_owned);
        let text = String::from_utf8(line(&cells)).expect("text");
        assert_eq!(
            text,
            "\"'=1+1\",\"'-2\",\"say \"\"hi\"\"\",\"two\nlines\",\"plain\"\n"
        );
    }

    #[test]
    fn no_formula_begins_after_any_separator() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("good;=1+1", "good;'=1+1"),
            ("good, +1", "good, '+1"),
            ("good;\"=1+1\"", "good;\"'=1+1\""),
            ("one\n-two", "one\n'-two"),
            ("one\t@two", "one\t'@two"),
            ("\u{a0}=1", "\u{a0}'=1"),
            ("＝1", "'＝1"),
            ("a;－1;＋1;＠b", "a;'－1;'＋1;'＠b"),
            ("\r\n=1", "'\r\n'=1"),
            ("\ttext", "'\ttext"),
            ("1 + 1 = 2, not 3", "1 + 1 = 2, not 3"),
            ("a-b; c", "a-b; c"),
        ] {
            assert_eq!(harmless(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn an_answer_is_a_row_with_a_column_for_each_song() {
        let (config, mut answer) = survey_of(5);
        answer.labels[3] = Label {
            song: answer.labels[3].song.clone(),
            opinion: Opinion::Unknown,
        };
        let columns = Columns::of(&config);
        let row = Row {
            code_hash: String::new(),
            received_day: 20_000,
            answer: serde_json::to_string(&answer).expect("JSON"),
        };
        let cells = columns.cells(&row).expect("cells");
        let columns = columns.names();
        assert_eq!(cells.len(), columns.len());
        let cell = |name: &str| {
            let at = columns.iter().position(|c| c == name).expect("a column");
            cells[at].as_str()
        };
        assert_eq!(cell("received"), "2024-10-04");
        assert_eq!(cell("favourite"), "own");
        assert_eq!(cell("set/3.ogg"), "unknown");
        assert_eq!(cell("set/4.ogg"), "like");
        assert_eq!(cell("best_3"), "set/2.ogg");
        assert_eq!(cell("simulated"), "false");
    }

    #[test]
    fn ratings_have_a_column_for_each_recommendation() {
        let (config, answer) = listening_study_of(2, 3);
        let columns = Columns::of(&config);
        let mut row = Row {
            code_hash: String::new(),
            received_day: 20_000,
            answer: serde_json::to_string(&answer).expect("JSON"),
        };
        let cells = columns.cells(&row).expect("cells");
        let names = columns.names();
        assert_eq!(cells.len(), names.len());
        let cell = |name: &str| {
            let at = names.iter().position(|c| c == name).expect("a column");
            cells[at].as_str()
        };
        assert_eq!(cell("1/seed.ogg > 1/one-1.ogg"), "5");
        assert_eq!(cell("1/seed.ogg > 1/two-2.ogg"), "2");
        assert_eq!(cell("0/seed.ogg > 0/both.ogg"), "3");
        // An answer to another kind of survey has no row in this table.
        row.answer = serde_json::to_string(&survey_of(5).1).expect("JSON");
        assert!(columns.cells(&row).is_none());
    }
}
