//! The same recording in other files.

use std::cmp::Reverse;

use super::labels::title_key;
use super::{Directions, SongName};

/// A file, as far as it tells one copy of a recording from another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recording<'a> {
    /// Title and artist; the album does not matter.
    pub name: SongName<'a>,
    /// Length in seconds, if known.
    pub seconds: Option<f64>,
    /// Whether it is coded without loss.
    pub lossless: bool,
    /// Bits per second, if known.
    pub bit_rate: Option<u32>,
}

/// When two files are the same recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicateRules {
    /// Cosine similarity, at least.
    pub similarity: f64,
    /// Difference of length in seconds, at most.
    pub seconds: f64,
}

/// Of the shipped model's embeddings: 30 songs of 30 s and their MP3s of 64, 128 and 320 kbit/s had cosines of 0.991 and more,
/// and of the 1.08 million pairs of the shipped catalogue 30 are above 0.98. Copies that sound different, of Vorbis at
/// 30 kbit/s for one, are not found.
impl Default for DuplicateRules {
    fn default() -> Self {
        Self {
            similarity: 0.98,
            seconds: 2.0,
        }
    }
}

/// Files of one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// The best of them.
    pub keep: usize,
    /// The others, the better first.
    pub others: Vec<usize>,
}

/// Files that are the same recording, by row. Two are if their cosine similarity is high enough, their lengths differ little
/// enough, and neither title nor artist differ where both files name them (signs and case do not matter).
/// Where a length is not known, it is not compared.
///
/// The best of them is, in this order: without loss, of the higher bit rate, longer, earlier in the matrix. Each of the
/// others was compared with that best one, so a chain of similar files does not make the ends the same. Sorted by the
/// best one's row.
///
/// Only files of nearly the same length are compared, so this is fast where lengths are known.
pub fn duplicates(
    directions: &Directions,
    recordings: &[Recording<'_>],
    rules: DuplicateRules,
) -> Vec<Duplicates> {
    let rows = directions.len().min(recordings.len());
    let names: Vec<(String, String)> = recordings
        .iter()
        .map(|r| (title_key(r.name.title), title_key(r.name.artist)))
        .collect();
    let (mut by_length, unknown): (Vec<usize>, Vec<usize>) =
        (0..rows).partition(|row| recordings[*row].seconds.is_some());
    let seconds = |row: usize| recordings[row].seconds.unwrap_or(0.0);
    by_length.sort_by(|a, b| seconds(*a).total_cmp(&seconds(*b)));
    let mut best_first: Vec<usize> = (0..rows).collect();
    best_first.sort_by(|a, b| {
        let quality = |row: usize| {
            let recording = &recordings[row];
            (Reverse(recording.lossless), Reverse(recording.bit_rate))
        };
        let by_quality = quality(*a).cmp(&quality(*b));
        by_quality
            .then(seconds(*b).total_cmp(&seconds(*a)))
            .then(a.cmp(b))
    });
    let mut place = vec![0; rows];
    for (at, row) in best_first.iter().enumerate() {
        place[*row] = at;
    }
    let agree = |a: &String, b: &String| a.is_empty() || b.is_empty() || a == b;
    let is_same = |a: usize, b: usize| {
        agree(&names[a].0, &names[b].0)
            && agree(&names[a].1, &names[b].1)
            && directions.cosine(a, b) >= rules.similarity
    };
    let mut taken = vec![false; rows];
    let mut found = Vec::new();
    for keep in best_first {
        if taken[keep] {
            continue;
        }
        let near: &[usize] = match recordings[keep].seconds {
            Some(length) => {
                let from = by_length.partition_point(|row| seconds(*row) < length - rules.seconds);
                let to = by_length.partition_point(|row| seconds(*row) <= length + rules.seconds);
                &by_length[from..to]
            }
            None => &by_length,
        };
        let mut others: Vec<usize> = near
            .iter()
            .chain(&unknown)
            .copied()
            .filter(|row| *row != keep && !taken[*row] && is_same(keep, *row))
            .collect();
        if others.is_empty() {
            continue;
        }
        others.sort_by_key(|row| place[*row]);
        others.iter().for_each(|row| taken[*row] = true);
        taken[keep] = true;
        found.push(Duplicates { keep, others });
    }
    found.sort_by_key(|duplicates| duplicates.keep);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: DuplicateRules = DuplicateRules {
        similarity: 0.99,
        seconds: 2.0,
    };

    fn named<'a>(title: &'a str, artist: &'a str) -> SongName<'a> {
        SongName {
            title,
            artist,
            ..SongName::default()
        }
    }

    fn recording<'a>(title: &'a str, seconds: f64, kilobits: u32) -> Recording<'a> {
        Recording {
            name: named(title, "X"),
            seconds: Some(seconds),
            lossless: kilobits > 400,
            bit_rate: Some(kilobits * 1000),
        }
    }

    /// Rows at these angles.
    fn at(angles: &[f32]) -> Directions {
        let rows: Vec<f32> = angles.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
        Directions::from_centre(&rows, vec![0.0, 0.0]).expect("a matrix")
    }

    #[test]
    fn the_best_copy_is_kept() {
        let songs = at(&[0.0, 0.01, 0.02, 0.03, 1.5]);
        let files = [
            recording("a", 200.0, 128),
            recording("A!", 201.0, 900),
            recording("a", 199.5, 320),
            recording("", 200.5, 320),
            recording("a", 200.0, 320),
        ];
        let found = duplicates(&songs, &files, RULES);
        let expected = Duplicates {
            keep: 1,
            others: vec![3, 2, 0],
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn another_length_title_artist_or_sound_is_another_recording() {
        let songs = at(&[0.0, 0.0, 0.0, 0.0, 0.5]);
        let mut files = [
            recording("a", 200.0, 320),
            recording("a", 203.0, 320),
            recording("a (live)", 197.0, 320),
            recording("a", 206.0, 320),
            recording("a", 200.0, 320),
        ];
        files[3].name = named("a", "Y");
        assert!(duplicates(&songs, &files, RULES).is_empty());
    }

    #[test]
    fn a_chain_of_similar_files_is_not_one_recording() {
        let songs = at(&[0.0, 0.1, 0.2]);
        let files = [recording("a", 200.0, 320); 3];
        let found = duplicates(&songs, &files, RULES);
        let expected = Duplicates {
            keep: 0,
            others: vec![1],
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn an_unknown_length_is_not_compared() {
        let songs = at(&[0.0, 0.0, 0.0]);
        let mut files = [recording("a", 200.0, 320); 3];
        files[1].seconds = None;
        files[2].seconds = Some(100.0);
        let found = duplicates(&songs, &files, RULES);
        let expected = Duplicates {
            keep: 0,
            others: vec![1],
        };
        assert_eq!(found, [expected]);
    }
}
