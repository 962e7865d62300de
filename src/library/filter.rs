//! Which songs may be an answer.

use std::ops::RangeInclusive;
use std::str::FromStr;

use soundalike_core::catalog::Catalog;
use soundalike_core::dsp::Key;
use soundalike_core::model::display_name;

use crate::ask::AskError;
use crate::store::Library;

/// A tag is a song's if the model gives it this probability …
const TAG_PROBABILITY: f32 = 0.1;
/// … and this many times that of the library's mean.
const TAG_LIFT: f32 = 1.5;

/// Which songs may be an answer. What a list names is enough once; a song of which something is not known does
/// not pass a filter for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Genres, without regard to case: of the file's tags, or what the model predicts where they name none.
    pub genres: Vec<String>,
    /// The model's tags, without regard to case: a song has those that are at least 10 % probable and 1.5 times
    /// as probable as in the library's mean.
    pub tags: Vec<String>,
    /// Artists that are left out, without regard to case.
    pub without_artists: Vec<String>,
    /// Years.
    pub years: Option<Bounds<u32>>,
    /// Tempo in beats per minute.
    pub bpm: Option<Bounds<f64>>,
    /// Keys, such as `A minor`.
    pub keys: Vec<Key>,
}

/// A range of numbers, both ends included: `1990..1999`, `1990..`, `..1999` or `1994`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds<T>(RangeInclusive<T>);

/// Numbers that have a least and a greatest one.
pub trait Limits: Copy + PartialOrd + FromStr {
    /// The least.
    const LEAST: Self;
    /// The greatest.
    const GREATEST: Self;
}

impl Limits for u32 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}

impl Limits for f64 {
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::INFINITY;
}

impl<T: Limits> Bounds<T> {
    fn hold(&self, value: Option<T>) -> bool {
        value.is_some_and(|value| self.0.contains(&value))
    }
}

impl<T: Limits> FromStr for Bounds<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it must be a number or a range, such as 90..110, 90.. or ..110".to_owned();
        let number = |text: &str, open: T| match text.trim() {
            "" => Ok(open),
            text => text.parse().map_err(|_| wrong()),
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) if !(from.is_empty() && to.is_empty()) => {
                let to = to.strip_prefix('=').unwrap_or(to);
                (number(from, T::LEAST)?, number(to, T::GREATEST)?)
            }
            Some(_) => return Err(wrong()),
            None => {
                let only = text.trim().parse().map_err(|_| wrong())?;
                (only, only)
            }
        };
        if from <= to {
            Ok(Self(from..=to))
        } else {
            Err("its first number must not be above its second".to_owned())
        }
    }
}

/// The probability from which on a song has the tag of a column.
pub(crate) fn tag_threshold(catalog: &Catalog, column: usize) -> f32 {
    let sum: f32 = (0..catalog.len())
        .map(|row| catalog.tags(row)[column])
        .sum();
    let usual = sum / catalog.len() as f32;
    TAG_PROBABILITY.max(TAG_LIFT * usual)
}

/// A filter, ready for the songs of one library.
pub(crate) struct Sieve<'a> {
    library: &'a Library,
    filter: &'a Filter,
    genres: Vec<String>,
    without_artists: Vec<String>,
    /// Columns of the tags, and the least probability of each.
    tags: Vec<(usize, f32)>,
}

impl<'a> Sieve<'a> {
    /// # Errors
    /// If the model has no tag of a name.
    pub(crate) fn new(library: &'a Library, filter: &'a Filter) -> Result<Self, AskError> {
        let catalog = &library.catalog;
        let known = &catalog.provenance.tags;
        let mut tags = Vec::new();
        for name in &filter.tags {
            let column = known.iter().position(|tag| tag.eq_ignore_ascii_case(name));
            let column = column.ok_or_else(|| AskError::NoSuchTag {
                tag: name.clone(),
                known: known.join(", "),
            })?;
            tags.push((column, tag_threshold(catalog, column)));
        }
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
        Ok(Self {
            genres: lower(&filter.genres),
            without_artists: lower(&filter.without_artists),
            tags,
            library,
            filter,
        })
    }

    /// Whether a song may be an answer.
    pub(crate) fn admits(&self, row: usize) -> bool {
        let filter = self.filter;
        let catalog = &self.library.catalog;
        let (track, song) = (&catalog.tracks[row], &self.library.songs[row]);
        let tag = |&(column, least): &(usize, f32)| catalog.tags(row)[column] >= least;
        let key = || song.key.as_deref().and_then(|key| key.parse::<Key>().ok());
        (self.genres.is_empty() || self.is_of_genre(row))
            && (self.tags.is_empty() || self.tags.iter().any(tag))
            && (self.without_artists.is_empty()
                || !self.without_artists.contains(&track.artist.to_lowercase()))
            && filter
                .years
                .as_ref()
                .is_none_or(|years| years.hold(track.year))
            && filter
                .bpm
                .as_ref()
                .is_none_or(|bpm| bpm.hold(song.tempo_bpm))
            && (filter.keys.is_empty() || key().is_some_and(|key| filter.keys.contains(&key)))
    }

    fn is_of_genre(&self, row: usize) -> bool {
        let (genre, predicted) = self.library.catalog.genre(row);
        let wanted = |name: &str| self.genres.contains(&name.trim().to_lowercase());
        if predicted {
            return wanted(genre) || wanted(display_name(genre));
        }
        // A file's tags may name several.
        wanted(genre) || genre.split([',', ';', '/']).any(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_both_their_ends_and_may_be_open() {
        let bounds = |text: &str| text.parse::<Bounds<u32>>();
        let years = bounds("1990..1999").expect("a range");
        assert!(years.hold(Some(1990)) && years.hold(Some(1999)));
        assert!(!years.hold(Some(2000)) && !years.hold(None));
        assert!(bounds("1990..").expect("open").hold(Some(3000)));
        assert!(bounds("..1990").expect("open").hold(Some(0)));
        assert!(!bounds("1990").expect("one").hold(Some(1991)));
        for text in ["", "..", "a..b", "2..1", "1990...", "x"] {
            assert!(bounds(text).is_err(), "{text}");
        }
        let bpm: Bounds<f64> = "89.5..110".parse().expect("a range");
        assert!(bpm.hold(Some(89.5)) && !bpm.hold(Some(89.4)));
    }
}
