//! The numbers of a report.

use std::collections::BTreeMap;

use serde::Serialize;
use soundalike_survey::{AnyAnswer, Config, Kind};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, UtcOffset};

use crate::answers::Received;
use crate::listening::{self, Listening};
use crate::tastes::{self, Tastes};

/// The Julian day of 1970-01-01.
const JULIAN_1970: i64 = 2_440_588;

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnalysisError {
    /// No answers.
    #[error("there are no answers to the survey “{0}” to report on")]
    Empty(String),
}

/// What is known of the answers beside themselves.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Answers that were withdrawn and are not among these, where that is known.
    pub withdrawn: Option<u64>,
    /// Lines or rows that could not be used.
    pub left_out: usize,
    /// Earlier answers of the same participants.
    pub replaced: usize,
}

/// Which day an answer is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DayOf {
    /// The day on which it arrived at the collector.
    Arrival,
    /// The day of its consent, in UTC.
    Consent,
}

/// A day with answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// As in ISO 8601.
    pub date: String,
    /// In days since 1970-01-01.
    #[serde(skip)]
    pub number: i64,
    /// Its answers.
    pub answers: usize,
}

/// The numbers of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// The survey's id.
    pub survey: String,
    /// Its title, in English where it has one.
    pub title: String,
    /// What it asks.
    pub kind: Kind,
    /// Answers, one of each participant.
    pub answers: usize,
    /// How many of them a program made up.
    pub simulated: usize,
    /// Answers that were withdrawn; none where that is not known.
    pub withdrawn: Option<u64>,
    /// Lines or rows that could not be used.
    pub left_out: usize,
    /// Earlier answers of the same participants, which do not count.
    pub replaced: usize,
    /// Answers with a comment.
    pub comments: usize,
    /// By consent's version, the number of answers.
    pub consents: BTreeMap<u32, usize>,
    /// Which day is counted.
    pub day_of: DayOf,
    /// The days with answers, the first one first.
    pub days: Vec<Day>,
    /// The median of the whole days from consent to arrival; none where arrivals are not known.
    pub median_days_to_arrival: Option<i64>,
    /// Of a survey of tastes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tastes: Option<Tastes>,
    /// Of a listening study.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listening: Option<Listening>,
}

/// Analyses answers that fit their survey, one of each participant.
///
/// # Errors
/// If there are none.
pub fn analyse(
    survey: &Config,
    answers: &[Received],
    sources: &Sources,
) -> Result<Analysis, AnalysisError> {
    if answers.is_empty() {
        return Err(AnalysisError::Empty(survey.id.clone()));
    }
    let of_taste = answers
        .iter()
        .filter_map(|received| match &received.answer {
            AnyAnswer::Taste(answer) => Some(answer),
            AnyAnswer::Listening(_) => None,
        });
    let of_listening = answers
        .iter()
        .filter_map(|received| match &received.answer {
            AnyAnswer::Taste(_) => None,
            AnyAnswer::Listening(answer) => Some(answer),
        });
    let study = survey.study.as_ref();
    let count = |is: fn(&AnyAnswer) -> bool| answers.iter().filter(|r| is(&r.answer)).count();
    let mut consents = BTreeMap::new();
    for received in answers {
        *consents
            .entry(received.answer.consent().version)
            .or_default() += 1;
    }
    let arrivals: Option<Vec<i64>> = answers.iter().map(|received| received.day).collect();
    let agreed: Vec<Option<i64>> = answers.iter().map(|r| consent_day(&r.answer)).collect();
    let (day_of, numbers) = match &arrivals {
        Some(arrivals) => (DayOf::Arrival, arrivals.clone()),
        None => (DayOf::Consent, agreed.iter().copied().flatten().collect()),
    };
    Ok(Analysis {
        survey: survey.id.clone(),
        title: survey.title.get("en").to_owned(),
        kind: survey.kind,
        answers: answers.len(),
        simulated: count(AnyAnswer::simulated),
        withdrawn: sources.withdrawn,
        left_out: sources.left_out,
        replaced: sources.replaced,
        comments: count(|answer| !answer.comment().trim().is_empty()),
        consents,
        day_of,
        days: days(&numbers),
        median_days_to_arrival: arrivals.and_then(|arrivals| {
            let pairs = arrivals.iter().zip(&agreed);
            median(
                pairs
                    .filter_map(|(day, agreed)| Some(day - (*agreed)?))
                    .collect(),
            )
        }),
        tastes: (survey.kind == Kind::Taste)
            .then(|| tastes::tastes(survey, &of_taste.collect::<Vec<_>>())),
        listening: study
            .map(|study| listening::listening(survey, study, &of_listening.collect::<Vec<_>>())),
    })
}

/// The day of the consent in UTC, in days since 1970-01-01.
fn consent_day(answer: &AnyAnswer) -> Option<i64> {
    let at = OffsetDateTime::parse(&answer.consent().at, &Rfc3339).ok()?;
    let day = at.to_offset(UtcOffset::UTC).to_julian_day();
    Some(i64::from(day) - JULIAN_1970)
}

/// Each day with its number of answers.
fn days(numbers: &[i64]) -> Vec<Day> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for number in numbers {
        *counts.entry(*number).or_default() += 1;
    }
    let date = |number: i64| {
        let julian = i32::try_from(number + JULIAN_1970).ok()?;
        Date::from_julian_day(julian).ok()
    };
    counts
        .into_iter()
        .map(|(number, answers)| Day {
            date: date(number).map_or_else(|| number.to_string(), |date| date.to_string()),
            number,
            answers,
        })
        .collect()
}

/// The middle value, the lower one of two.
fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}
