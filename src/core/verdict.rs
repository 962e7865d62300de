//! The one rule that turns probabilities into a verdict, and its English sentence.

use std::fmt;

use serde::Serialize;

use crate::model::{Head, display_name};

/// Below this it is more probably no music than music.
const MUSIC: f32 = 0.5;
/// Below this no genre stands out: with ten of them a guess is right once in ten.
const SURE: f32 = 0.35;
/// From here on one genre has more than half of the song.
const MOSTLY: f32 = 0.5;
/// From here on the others are not worth a word.
const CLEARLY: f32 = 0.85;
/// A second or third genre is named from here on.
const SOME: f32 = 0.12;
/// A second genre with this share of the first stands beside it.
const EVEN: f32 = 0.8;
/// A tag is named from here on.
const TAG: f32 = 0.5;
/// Tags that are named at most.
const TAGS: usize = 5;

/// What the probabilities of a sound come to. Genres and tags are those of the model, most probable
/// first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// It is more probably no music than music.
    NotMusic,
    /// No genre stands out; `near` are those that come nearest.
    Unsure {
        /// One to three genres or tags.
        near: Vec<String>,
    },
    /// One genre alone, from 0.85 on.
    Clearly {
        /// The genre.
        genre: String,
    },
    /// Two genres, the second with at least four fifths of the first.
    Between {
        /// The more probable one.
        first: String,
        /// The other.
        second: String,
    },
    /// One genre has at least half, or (`closest`) less than that.
    Mostly {
        /// The genre.
        genre: String,
        /// Whether the genre has less than half.
        closest: bool,
        /// Up to two others worth naming.
        some: Vec<String>,
    },
    /// Of a model of tags: all from 0.5 on, up to five.
    Tags {
        /// The tags.
        tags: Vec<String>,
    },
}

impl Verdict {
    /// The verdict on probabilities `[genres]` of genres or tags, and the probability that it is `music`.
    pub fn new(head: Head, probabilities: &[f32], music: f32, genres: &[String]) -> Self {
        let mut order: Vec<(f32, &str)> = probabilities
            .iter()
            .copied()
            .zip(genres.iter().map(String::as_str))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let named = |from: f32, most: usize, candidates: &[(f32, &str)]| -> Vec<String> {
            let enough = candidates.iter().filter(|(p, _)| *p >= from);
            enough
                .take(most)
                .map(|(_, genre)| (*genre).to_owned())
                .collect()
        };
        let Some((&(top, first), others)) = order.split_first() else {
            return Self::Unsure { near: Vec::new() };
        };
        if music < MUSIC {
            return Self::NotMusic;
        }
        let of_tags = head == Head::Sigmoid;
        if of_tags && top >= TAG {
            return Self::Tags {
                tags: named(TAG, TAGS, &order),
            };
        }
        if top < SURE || of_tags {
            let mut near = named(SOME, 3, &order[..order.len().min(3)]);
            if near.is_empty() {
                near.push(first.to_owned());
            }
            return Self::Unsure { near };
        }
        let genre = first.to_owned();
        if top >= CLEARLY {
            return Self::Clearly { genre };
        }
        match others.first() {
            Some(&(next, second)) if next >= EVEN * top => Self::Between {
                first: genre,
                second: second.to_owned(),
            },
            _ => Self::Mostly {
                genre,
                closest: top < MOSTLY,
                some: named(SOME, 2, &others[..others.len().min(2)]),
            },
        }
    }

    /// The genres that have at least half of the song, two where it is between them; the tags, of a model of tags.
    /// None where no genre stands out, where the nearest one has less than half, and where it is no music.
    pub fn sure(&self) -> Vec<&str> {
        match self {
            Self::Clearly { genre }
            | Self::Mostly {
                genre,
                closest: false,
                ..
            } => vec![genre],
            Self::Between { first, second } => vec![first, second],
            Self::Tags { tags } => tags.iter().map(String::as_str).collect(),
            Self::NotMusic | Self::Unsure { .. } | Self::Mostly { closest: true, .. } => Vec::new(),
        }
    }
}

/// An English sentence without a full stop: "Mostly blues, with some jazz", "Guitar, slow and rock".
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMusic => f.write_str("Not sure: this does not sound like music"),
            Self::Unsure { near } if near.is_empty() => f.write_str("Not sure"),
            Self::Unsure { near } => write!(f, "Not sure: a little {}", listed(near)),
            Self::Clearly { genre } => write!(f, "Clearly {}", display_name(genre)),
            Self::Between { first, second } => write!(
                f,
                "Between {} and {}",
                display_name(first),
                display_name(second)
            ),
            Self::Mostly {
                genre,
                closest,
                some,
            } => {
                let degree = if *closest { "Closest to" } else { "Mostly" };
                write!(f, "{degree} {}", display_name(genre))?;
                if some.is_empty() {
                    return Ok(());
                }
                write!(f, ", with some {}", listed(some))
            }
            Self::Tags { tags } => f.write_str(&capitalised(&listed(tags))),
        }
    }
}

/// "a", "a and b", "a, b and c".
fn listed(names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(|name| display_name(name)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// With its first letter in upper case.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sure_only_of_what_has_half_of_a_song() {
        let genres = ["blues", "jazz", "hiphop", "rock"].map(str::to_owned);
        let sure = |head, probabilities: &[f32], music| {
            let verdict = Verdict::new(head, probabilities, music, &genres);
            verdict.sure().join(" ")
        };
        let one = |probabilities: &[f32]| sure(Head::Softmax, probabilities, 1.0);
        assert_eq!(one(&[0.9, 0.1, 0.0, 0.0]), "blues");
        assert_eq!(one(&[0.2, 0.55, 0.25, 0.0]), "jazz");
        assert_eq!(one(&[0.45, 0.4, 0.1, 0.05]), "blues jazz");
        // Less than half, and nothing beside it.
        assert_eq!(one(&[0.4, 0.3, 0.2, 0.1]), "");
        assert_eq!(one(&[0.3, 0.3, 0.3, 0.1]), "");
        assert_eq!(sure(Head::Softmax, &[0.9, 0.1, 0.0, 0.0], 0.4), "");
        assert_eq!(
            sure(Head::Sigmoid, &[0.9, 0.6, 0.4, 0.0], 1.0),
            "blues jazz"
        );
    }
}
