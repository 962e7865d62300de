//! Why a song is recommended.

use std::fmt;

use serde::Serialize;

use super::{Catalog, Query};
use crate::model::display_name;

/// Tags named as the reason, at most.
const TAGS_NAMED: usize = 3;
/// How much more probable than in the catalogue's mean a tag must be in both songs to be a reason.
const TAG_LIFT: f32 = 1.5;
/// Genres and tags that contribute less than this to the agreement of two songs are not mentioned.
const WORTH_MENTIONING: f32 = 0.1;
/// Songs less similar than this, by cosine from the catalogue's mean, have little in common, whatever genres the model
/// predicts for them: up to there two songs have one labelled genre no more often than any two. Measured out of fold: see
/// docs/retrieval.md.
pub const ALIKE: f32 = 0.3;
/// A genre that is hardly more probable than all genres on average is not what a song sounds like.
const MORE_THAN_CHANCE: f32 = 1.2;

/// What two songs have in common, most certain first; its `Display` is the English text. Both lists are
/// empty where only the embeddings are close, and where the songs are not alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Reason {
    /// Whether the two are alike at all: whether their similarity is 0.3 or more. What is not alike shares nothing.
    pub alike: bool,
    /// Up to two genres that the model predicts for both.
    pub genres: Vec<String>,
    /// Up to three tags that are more than usual in both.
    pub tags: Vec<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let genres: Vec<&str> = self.genres.iter().map(|g| display_name(g)).collect();
        let tags = self.tags.join(", ");
        match genres.as_slice() {
            _ if !self.alike => f.write_str("little in common"),
            [] if tags.is_empty() => f.write_str("alike in sound rather than in genre"),
            [] => write!(f, "in common: {tags}"),
            genres => {
                write!(f, "both sound like {}", genres.join(" and "))?;
                if tags.is_empty() {
                    Ok(())
                } else {
                    write!(f, "; {tags}")
                }
            }
        }
    }
}

impl Catalog {
    /// What two songs have in common: genres, and the tags that are more than usual in both.
    pub(super) fn reason(&self, query: Query<'_>, track: usize, similarity: f32) -> Reason {
        if similarity.is_nan() || similarity < ALIKE {
            return Reason::default();
        }
        let chance = MORE_THAN_CHANCE / self.provenance.genres.len() as f32;
        let mut genres: Vec<(f32, &str)> = query
            .probabilities
            .iter()
            .zip(self.probabilities(track))
            .zip(&self.provenance.genres)
            .filter(|((p, q), _)| p.min(**q) >= chance)
            .map(|((p, q), genre)| ((p * q).sqrt(), genre.as_str()))
            .filter(|(weight, _)| *weight >= WORTH_MENTIONING)
            .collect();
        genres.sort_by(|a, b| b.0.total_cmp(&a.0));
        genres.truncate(2);
        let mut tags: Vec<(f32, &str)> = query
            .tags
            .iter()
            .zip(self.tags(track))
            .zip(&self.usual_tags)
            .zip(&self.provenance.tags)
            .filter(|(((p, q), usual), _)| p.min(**q) >= TAG_LIFT * **usual)
            .map(|(((p, q), _), tag)| ((p * q).sqrt(), tag.as_str()))
            .filter(|(weight, _)| *weight >= WORTH_MENTIONING)
            .collect();
        tags.sort_by(|a, b| b.0.total_cmp(&a.0));
        // The genre itself is often a tag too.
        tags.retain(|(_, tag)| {
            let same = |(_, genre): &(f32, &str)| display_name(genre).eq_ignore_ascii_case(tag);
            !genres.iter().any(same)
        });
        tags.truncate(TAGS_NAMED);
        let names = |found: Vec<(f32, &str)>| {
            let names = found.into_iter().map(|(_, name)| name.to_owned());
            names.collect()
        };
        Reason {
            alike: true,
            genres: names(genres),
            tags: names(tags),
        }
    }
}
