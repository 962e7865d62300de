//! Groups of songs that sound alike, and what to call them.

use std::collections::HashMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Directions;
use super::directions::{dot, normalise};

/// Starts of which the best is kept.
const STARTS: u64 = 4;
/// Rounds, at most, should rounding keep it from ending.
const ROUNDS: usize = 100;
/// A genre names a group if this share of its songs has it.
const GENRE_SHARE: f64 = 0.25;
/// Genres in a name, at most.
const GENRES_NAMED: usize = 2;
/// Tags in a name, at most, unless more are needed to tell two groups apart.
const TAGS_NAMED: usize = 2;
/// A tag names a group if its mean probability there is this much …
const TAG_PROBABILITY: f64 = 0.1;
/// … and this many times that of all songs.
const TAG_LIFT: f64 = 1.3;

/// Which group each song is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The group of each row. Group 0 has the most songs.
    pub of: Vec<usize>,
    /// The rows of each group, the most typical first.
    pub members: Vec<Vec<usize>>,
    /// Mean cosine similarity of the songs to the middle of their group.
    pub cohesion: f64,
}

/// A number of groups that suits a number of songs: `√(n/2)`, from 1 to 40 (Mardia, Kent and Bibby 1979, Multivariate
/// Analysis).
pub fn default_count(songs: usize) -> usize {
    ((songs as f64 / 2.0).sqrt().round() as usize).clamp(1, 40)
}

impl Groups {
    /// Divides the rows into `count` groups, or fewer if there are not as many different rows, by spherical k-means (Dhillon
    /// and Modha 2001) from the starts of k-means++ (Arthur and Vassilvitskii 2007), the best of four. The same for the
    /// same rows.
    pub fn of(directions: &Directions, count: usize) -> Self {
        let best = (0..STARTS).map(|seed| run(directions, count.max(1), seed));
        let best = best.reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (of, total) = best.unwrap_or_default();
        sorted(directions, &of, total / directions.len().max(1) as f64)
    }
}

/// The group of each row, and the sum of the cosines to the middles.
fn run(directions: &Directions, count: usize, seed: u64) -> (Vec<usize>, f64) {
    let mut middles = starts(directions, count, seed);
    let mut of = vec![0; directions.len()];
    let mut total = f64::NEG_INFINITY;
    for _ in 0..ROUNDS {
        let mut sum = 0.0;
        for (row, group) in of.iter_mut().enumerate() {
            let row = directions.row(row);
            let (mut nearest, mut most) = (0, f32::NEG_INFINITY);
            for (at, middle) in middles.iter().enumerate() {
                let cosine = dot(row, middle);
                if cosine > most {
                    (nearest, most) = (at, cosine);
                }
            }
            *group = nearest;
            sum += f64::from(most);
        }
        // A group that lost all its songs keeps its middle, and is left out in the end.
        for (at, middle) in middles.iter_mut().enumerate() {
            if let Some(new) = middle_of(directions, (0..of.len()).filter(|row| of[*row] == at)) {
                *middle = new;
            }
        }
        if sum <= total + 1e-9 * sum.abs() {
            break;
        }
        total = sum;
    }
    (of, total)
}

/// Rows far apart: each is drawn with a likelihood of its `1 − cos` to the nearest of those before.
fn starts(directions: &Directions, count: usize, seed: u64) -> Vec<Vec<f32>> {
    let rows = directions.len();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut next = Some(rng.random_range(0..rows.max(1)));
    let mut away = vec![f64::INFINITY; rows];
    let mut middles = Vec::new();
    while let Some(row) = next.take().filter(|row| *row < rows) {
        let middle = directions.row(row);
        for (other, away) in away.iter_mut().enumerate() {
            let distance = 1.0 - f64::from(dot(middle, directions.row(other)));
            // What only rounding tells apart is the same.
            *away = away.min(if distance < 1e-6 { 0.0 } else { distance });
        }
        middles.push(middle.to_vec());
        let total: f64 = away.iter().sum();
        if middles.len() < count && total > 0.0 {
            let mut draw = rng.random_range(0.0..1.0) * total;
            next = away.iter().position(|distance| {
                draw -= distance;
                draw < 0.0
            });
        }
    }
    middles
}

fn middle_of(directions: &Directions, rows: impl Iterator<Item = usize>) -> Option<Vec<f32>> {
    let mut sum = vec![0.0_f64; directions.dimensions()];
    let mut count = 0.0_f64;
    for row in rows {
        let values = sum.iter_mut().zip(directions.row(row));
        values.for_each(|(s, v)| *s += f64::from(*v));
        count += 1.0;
    }
    let mut middle: Vec<f32> = sum.iter().map(|s| (s / count.max(1.0)) as f32).collect();
    normalise(&mut middle).then_some(middle)
}

/// The largest group first, and its most typical song first.
fn sorted(directions: &Directions, of: &[usize], cohesion: f64) -> Groups {
    let count = of.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); count];
    for (row, group) in of.iter().enumerate() {
        members[*group].push(row);
    }
    members.retain(|rows| !rows.is_empty());
    members.sort_by_key(|rows| (std::cmp::Reverse(rows.len()), rows.first().copied()));
    let mut of = vec![0; of.len()];
    for (group, rows) in members.iter_mut().enumerate() {
        rows.iter().for_each(|row| of[*row] = group);
        let middle = middle_of(directions, rows.iter().copied()).unwrap_or_default();
        // Stable: of equally typical songs the first.
        rows.sort_by(|a, b| {
            let typical = |row: usize| dot(directions.row(row), &middle);
            typical(*b).total_cmp(&typical(*a))
        });
    }
    Groups {
        of,
        members,
        cohesion,
    }
}

/// What to call a group; its `Display` is a short English text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupName {
    /// Up to two genres that many of its songs have, the most frequent first.
    pub genres: Vec<String>,
    /// Tags that are more than usual in it, the most unusual first.
    pub tags: Vec<String>,
    /// Tells groups of the same genres and tags apart, from 2; 1 for the first and for all others.
    pub number: usize,
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let genres = self.genres.join(" and ");
        let tags = self.tags.join(", ");
        match (genres.is_empty(), tags.is_empty()) {
            (false, false) => write!(f, "{genres}: {tags}")?,
            (true, true) => f.write_str("mixed")?,
            _ => write!(f, "{genres}{tags}")?,
        }
        if self.number > 1 {
            write!(f, " {}", self.number)?;
        }
        Ok(())
    }
}

/// Names for groups, all different: from `genre`, the genre of a row (empty if not known), and from what is more
/// usual in a group than in all songs of `tags`, `[rows, tag_names]`, probabilities from 0 to 1.
pub fn names<'a>(
    groups: &Groups,
    genre: impl Fn(usize) -> &'a str,
    tags: &[f32],
    tag_names: &[String],
) -> Vec<GroupName> {
    let rows: Vec<usize> = (0..groups.of.len()).collect();
    let usual = mean_tags(&rows, tags, tag_names.len());
    let mut names: Vec<GroupName> = Vec::new();
    for members in &groups.members {
        let genres = main_genres(members, &genre);
        let mut ranked: Vec<(f64, &String)> = mean_tags(members, tags, tag_names.len())
            .into_iter()
            .zip(&usual)
            .zip(tag_names)
            .filter(|((here, usual), _)| *here >= TAG_PROBABILITY && *here >= TAG_LIFT * **usual)
            .map(|((here, usual), name)| (here / usual.max(1e-9), name))
            .filter(|(_, name)| !genres.iter().any(|genre| genre.eq_ignore_ascii_case(name)))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut name = GroupName {
            genres,
            tags: Vec::new(),
            number: 1,
        };
        for (_, tag) in ranked {
            if name.tags.len() >= TAGS_NAMED && !names.contains(&name) {
                break;
            }
            name.tags.push(tag.clone());
        }
        while names.contains(&name) {
            name.number += 1;
        }
        names.push(name);
    }
    names
}

fn main_genres<'a>(members: &[usize], genre: impl Fn(usize) -> &'a str) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for row in members {
        *counts.entry(genre(*row)).or_default() += 1;
    }
    counts.remove("");
    let enough = |count: usize| count as f64 >= GENRE_SHARE * members.len() as f64;
    let mut counts: Vec<(usize, &str)> = counts
        .into_iter()
        .map(|(name, count)| (count, name))
        .filter(|(count, _)| enough(*count))
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let names = counts.into_iter().take(GENRES_NAMED);
    names.map(|(_, name)| name.to_owned()).collect()
}

fn mean_tags(rows: &[usize], tags: &[f32], width: usize) -> Vec<f64> {
    let mut mean = vec![0.0_f64; width];
    for row in rows {
        let values = tags.get(row * width..(row + 1) * width).unwrap_or_default();
        for (m, v) in mean.iter_mut().zip(values) {
            *m += f64::from(*v) / rows.len() as f64;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::testing::clustered;
    use super::*;

    #[test]
    fn songs_that_were_made_alike_are_grouped_together() {
        let songs = clustered(120, 16, 5, 0.15);
        let groups = Groups::of(&songs, 5);
        assert_eq!(groups.members.len(), 5);
        assert!(groups.cohesion > 0.9, "{}", groups.cohesion);
        for rows in &groups.members {
            let made: HashSet<usize> = rows.iter().map(|row| row % 5).collect();
            assert_eq!(made.len(), 1, "{rows:?}");
        }
        for (row, group) in groups.of.iter().enumerate() {
            assert!(groups.members[*group].contains(&row));
        }
        assert_eq!(Groups::of(&songs, 5), groups);
    }

    #[test]
    fn there_are_never_more_groups_than_different_songs() {
        let same = Directions::of(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], 2).expect("a matrix");
        let groups = Groups::of(&same, 9);
        assert_eq!(groups.members, [vec![0, 1], vec![2]]);
        let one = Directions::of(&[1.0, 2.0], 2).expect("a matrix");
        assert_eq!(Groups::of(&one, 3).members, [vec![0]]);
        assert_eq!((default_count(1), default_count(200)), (1, 10));
    }

    #[test]
    fn names_come_from_what_a_group_has_more_of_and_are_all_different() {
        let groups = Groups {
            of: vec![0, 0, 0, 1, 1, 2, 2, 3],
            members: vec![vec![0, 1, 2], vec![3, 4], vec![5, 6], vec![7]],
            cohesion: 1.0,
        };
        let genres = ["rock", "rock", "pop", "rock", "rock", "rock", "rock", ""];
        let tag_names = ["loud", "sad", "rock", "guitar"].map(str::to_owned);
        let tags: Vec<f32> = genres
            .iter()
            .enumerate()
            .flat_map(|(row, _)| {
                let loud = if row < 3 { 0.9 } else { 0.0 };
                let rock = if row < 3 { 0.9 } else { 0.1 };
                [loud, 0.05, rock, 0.5]
            })
            .collect();
        let names = names(&groups, |row| genres[row], &tags, &tag_names);
        let names: Vec<String> = names.iter().map(GroupName::to_string).collect();
        assert_eq!(names, ["rock and pop: loud", "rock", "rock 2", "mixed"]);
    }
}
