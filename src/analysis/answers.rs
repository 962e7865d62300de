//! Answers as they come from files and databases, and which of them count.

use std::collections::BTreeMap;

use soundalike_survey::{AnyAnswer, Config};

/// An answer that fits its survey.
#[derive(Clone, Debug)]
pub struct Received {
    /// The answer.
    pub answer: AnyAnswer,
    /// The day of its arrival, in days since 1970-01-01, where that is known.
    pub day: Option<i64>,
}

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Its number, from one.
    pub line: usize,
    /// Why not, in one sentence.
    pub cause: String,
}

/// What was read of a file.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The answers that fit the survey, in the file's order.
    pub answers: Vec<Received>,
    /// The lines that do not.
    pub damaged: Vec<Damaged>,
}

/// Reads answers, each a JSON document on a line of its own; empty lines are skipped. Answers whose consent is
/// to an earlier version of the text count: it was valid when it was given.
pub fn read_lines(bytes: &[u8], survey: &Config) -> Lines {
    let mut lines = Lines::default();
    let mut check = Check::new(survey);
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match check.read(line) {
            Ok(answer) => lines.answers.push(Received { answer, day: None }),
            Err(cause) => lines.damaged.push(Damaged {
                line: index + 1,
                cause,
            }),
        }
    }
    lines
}

/// Reads and checks the answers of a database, each with the day of its arrival; a line is the place in the
/// list.
pub fn read_rows<'a>(rows: impl IntoIterator<Item = (i64, &'a str)>, survey: &Config) -> Lines {
    let mut lines = Lines::default();
    let mut check = Check::new(survey);
    for (index, (day, text)) in rows.into_iter().enumerate() {
        match check.read(text.as_bytes()) {
            Ok(answer) => lines.answers.push(Received {
                answer,
                day: Some(day),
            }),
            Err(cause) => lines.damaged.push(Damaged {
                line: index + 1,
                cause,
            }),
        }
    }
    lines
}

/// Holds a survey with each version of its consent against answers.
struct Check<'a> {
    survey: &'a Config,
    earlier: BTreeMap<u32, Config>,
}

impl<'a> Check<'a> {
    fn new(survey: &'a Config) -> Self {
        Self {
            survey,
            earlier: BTreeMap::new(),
        }
    }

    fn read(&mut self, line: &[u8]) -> Result<AnyAnswer, String> {
        let answer = AnyAnswer::from_json(line).map_err(|error| error.to_string())?;
        let version = answer.consent().version;
        let survey = if (1..self.survey.consent_version).contains(&version) {
            self.earlier.entry(version).or_insert_with(|| Config {
                consent_version: version,
                ..self.survey.clone()
            })
        } else {
            self.survey
        };
        answer.check(survey).map_err(|error| error.to_string())?;
        Ok(answer)
    }
}

/// The last answer of each participant, and how many earlier ones it replaces.
pub fn latest(answers: Vec<Received>) -> (Vec<Received>, usize) {
    let all = answers.len();
    let mut last: BTreeMap<String, Received> = BTreeMap::new();
    for received in answers {
        last.insert(received.answer.participant().to_owned(), received);
    }
    let kept: Vec<Received> = last.into_values().collect();
    let replaced = all - kept.len();
    (kept, replaced)
}
