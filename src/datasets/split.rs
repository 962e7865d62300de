//! Training, validation and test splits: by artist, by clip, or by segment, which leaks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{DatasetError, Song, Split};
use crate::progress::Progress;

/// Length in seconds of a segment where songs are split by segment, as in Tairi et al.
const SEGMENT_SECONDS: f64 = 3.0;

/// The warning beside every figure from a split by segment.
const LEAK: &str = "split by segment: pieces of one song are on both sides, so the split leaks and this figure is too high";

/// What is kept together in one split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitBy {
    /// All songs of an artist; a song of an unknown artist counts as an artist of its own.
    Artist,
    /// Each clip. An artist may be in several splits.
    Clip,
    /// Segments of three seconds, as in Tairi et al. This leaks: segments of one song are in several
    /// splits, so the figures are too good.
    Segment,
}

impl SplitBy {
    /// The warning that must stand beside every figure from such a split.
    pub fn warning(self) -> Option<&'static str> {
        (self == Self::Segment).then_some(LEAK)
    }
}

impl fmt::Display for SplitBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Artist => "artist",
            Self::Clip => "clip",
            Self::Segment => "segment",
        })
    }
}

impl FromStr for SplitBy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "artist" => Ok(Self::Artist),
            "clip" => Ok(Self::Clip),
            "segment" => Ok(Self::Segment),
            _ => Err(format!(
                "there is no split by {name}; there is artist, clip, segment"
            )),
        }
    }
}

/// The warning that must stand beside every figure from these songs, if some of them are segments of
/// songs, whose other segments may be in another split.
pub fn warning(songs: &[Song]) -> Option<&'static str> {
    let by = songs.iter().any(Song::is_piece).then_some(SplitBy::Segment);
    by.and_then(SplitBy::warning)
}

/// The shares of the training, validation and test splits. They sum to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitRatios {
    train: f64,
    valid: f64,
    test: f64,
}

impl SplitRatios {
    /// Ratios in any unit, such as `(80.0, 10.0, 10.0)`.
    ///
    /// # Errors
    /// If one is negative or not a number, the training split would be empty, or both others would.
    pub fn new(train: f64, valid: f64, test: f64) -> Result<Self, String> {
        let sum = train + valid + test;
        let usable = [train, valid, test]
            .iter()
            .all(|s| s.is_finite() && *s >= 0.0);
        if !usable || train <= 0.0 || valid + test <= 0.0 {
            return Err(format!(
                "{train}/{valid}/{test} are not ratios of train, valid and test; give three numbers such as 80/10/10"
            ));
        }
        Ok(Self {
            train: train / sum,
            valid: valid / sum,
            test: test / sum,
        })
    }
}

impl Default for SplitRatios {
    /// 70 % training, 15 % validation, 15 % test.
    fn default() -> Self {
        Self {
            train: 0.7,
            valid: 0.15,
            test: 0.15,
        }
    }
}

impl fmt::Display for SplitRatios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, valid, test] =
            [self.train, self.valid, self.test].map(|share| (1e4 * share).round() / 100.0);
        write!(f, "{train}/{valid}/{test}")
    }
}

impl FromStr for SplitRatios {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<f64> = text
            .split('/')
            .filter_map(|n| n.trim().parse().ok())
            .collect();
        match (numbers.as_slice(), text.split('/').count()) {
            (&[train, valid, test], 3) => Self::new(train, valid, test),
            _ => Err(format!(
                "{text:?} are not ratios of train, valid and test; give three numbers such as 80/10/10"
            )),
        }
    }
}

/// Draws a stratified split of the songs that are not [`Split::Extra`]: with the same shares in every
/// genre. Where they are split by segment, segments replace the songs.
///
/// # Errors
/// If the length of a song that is cut into segments cannot be determined.
pub(super) fn split(
    mut songs: Vec<Song>,
    by: SplitBy,
    shares: SplitRatios,
    seed: u64,
) -> Result<Vec<Song>, DatasetError> {
    if by == SplitBy::Segment {
        songs = cut(songs)?;
    }
    let drawn: Vec<usize> = (0..songs.len())
        .filter(|&index| songs[index].split != Split::Extra)
        .collect();
    let items: Vec<(String, String)> = drawn
        .iter()
        .map(|&index| {
            let track = &songs[index].track;
            let group = match by {
                SplitBy::Artist => artist(&songs[index]),
                SplitBy::Clip | SplitBy::Segment => track.path.clone(),
            };
            (track.genre.clone(), group)
        })
        .collect();
    let bins = draw(&items, &[shares.test, shares.valid, shares.train], seed);
    for (index, bin) in drawn.into_iter().zip(bins) {
        songs[index].split = [Split::Test, Split::Valid, Split::Train][bin];
    }
    Ok(songs)
}

/// The artist group of a song.
fn artist(song: &Song) -> String {
    match song.track.artist.as_str() {
        "" => song.track.path.clone(),
        artist => artist.to_lowercase(),
    }
}

/// The fold, `0..k`, of each song for cross-validation, stratified by genre and grouped by artist. `k` is at
/// least one. Where artists of a genre are known, its songs of unknown artists are in one fold, since they
/// may be by one artist.
pub fn folds(songs: &[Song], k: usize, seed: u64) -> Vec<usize> {
    let known: BTreeSet<&str> = songs
        .iter()
        .filter(|song| !song.track.artist.is_empty())
        .map(|song| song.track.genre.as_str())
        .collect();
    let group = |song: &Song| match song.track.artist.as_str() {
        "" if known.contains(song.track.genre.as_str()) => {
            format!("\n{}\n{}", song.track.set, song.track.genre)
        }
        _ => artist(song),
    };
    let items: Vec<(String, String)> = songs
        .iter()
        .map(|song| (song.track.genre.clone(), group(song)))
        .collect();
    let k = k.max(1);
    draw(&items, &vec![1.0 / k as f64; k], seed)
}

/// Splits rows in two, stratified by label: the indices of about `share` of the rows (0 to 1), and of the
/// others, each in ascending order. A label of at least two rows is in both parts.
pub fn split_stratified(labels: &[usize], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let items: Vec<(String, String)> = labels
        .iter()
        .enumerate()
        .map(|(row, label)| (format!("{label:08}"), format!("{row:08}")))
        .collect();
    halves(&items, share, seed)
}

/// Splits items in two; see [`draw`].
pub(super) fn halves(
    items: &[(String, String)],
    share: f64,
    seed: u64,
) -> (Vec<usize>, Vec<usize>) {
    let bins = draw(items, &[1.0 - share, share], seed);
    (0..items.len()).partition(|&item| bins[item] == 1)
}

/// The bin of each item `(genre, group)`, drawn so that no group is in two bins and each bin has its
/// share of every genre. A genre with enough groups has at least one in every bin with a share.
fn draw(items: &[(String, String)], shares: &[f64], seed: u64) -> Vec<usize> {
    let mut by_genre: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for (index, (genre, group)) in items.iter().enumerate() {
        let groups = by_genre.entry(genre).or_default();
        groups.entry(group).or_default().push(index);
    }
    let edges: Vec<f64> = shares
        .iter()
        .scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        })
        .collect();
    // A group of two genres must be in one bin, so the first genre decides.
    let mut decided: HashMap<&str, usize> = HashMap::new();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<Vec<(&str, usize)>> = Vec::new();
    let mut genres_of: HashMap<&str, usize> = HashMap::new();
    for groups in by_genre.values() {
        let total: usize = groups.values().map(Vec::len).sum();
        let mut groups: Vec<(&str, usize)> = groups
            .iter()
            .map(|(group, members)| (*group, members.len()))
            .collect();
        groups.shuffle(&mut rng);
        let mut filled = 0;
        for &(group, size) in &groups {
            // The middle of the group decides, so that a large group fits best.
            let share = (filled as f64 + size as f64 / 2.0) / total as f64;
            let bin = edges.iter().position(|&edge| share < edge);
            decided
                .entry(group)
                .or_insert(bin.unwrap_or(shares.len() - 1));
            *genres_of.entry(group).or_default() += 1;
            filled += size;
        }
        order.push(groups);
    }
    // With few groups, some bins would get less than half a group. The later bins, training and
    // validation, are filled first.
    for groups in &order {
        for bin in (0..shares.len()).rev().filter(|&bin| shares[bin] > 0.0) {
            let mut counts = vec![0_usize; shares.len()];
            groups
                .iter()
                .for_each(|(group, _)| counts[decided[group]] += 1);
            if counts[bin] > 0 {
                continue;
            }
            let spare = groups
                .iter()
                .filter(|(group, _)| counts[decided[group]] > 1 && genres_of[group] == 1);
            let moved = spare
                .min_by_key(|(group, size)| (std::cmp::Reverse(counts[decided[group]]), *size));
            if let Some((group, _)) = moved {
                decided.insert(group, bin);
            }
        }
    }
    items
        .iter()
        .map(|(_, group)| decided[group.as_str()])
        .collect()
}

/// Cuts songs into segments of three seconds, without the remainder at the end. A song of less than two
/// segments stays whole, as does one that is [`Split::Extra`].
fn cut(songs: Vec<Song>) -> Result<Vec<Song>, DatasetError> {
    let progress = Progress::new("measuring the songs", songs.len());
    let pieces: Vec<Vec<Song>> = songs
        .into_par_iter()
        .map(|song| {
            if song.split == Split::Extra {
                progress.advance();
                return Ok(vec![song]);
            }
            let clip = song.clip().map_err(|cause| DatasetError::Sound {
                path: song.file.clone(),
                cause,
            })?;
            progress.advance();
            // A small tolerance, so that exactly 30 seconds are ten segments.
            let count = (clip.seconds() / SEGMENT_SECONDS + 1e-6) as usize;
            if count < 2 {
                return Ok(vec![song]);
            }
            let piece = |index: usize| {
                let (start, end) = (
                    index as f64 * SEGMENT_SECONDS,
                    (index + 1) as f64 * SEGMENT_SECONDS,
                );
                let mut piece = song.clone();
                piece.span = Some((start, end));
                piece.track.path = format!("{}#t={start},{end}", song.track.path);
                piece
            };
            Ok((0..count).map(piece).collect())
        })
        .collect::<Result<_, DatasetError>>()?;
    Ok(pieces.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use soundalike_core::catalog::Track;

    fn song(genre: &str, artist: &str, path: &str) -> Song {
        let track = Track {
            genre: genre.to_owned(),
            artist: artist.to_owned(),
            path: path.to_owned(),
            ..Track::default()
        };
        Song::new(PathBuf::from(path), Split::Train, track)
    }

    /// Songs of two genres, `each` of either, three to an artist.
    fn two_genres(each: usize) -> Vec<Song> {
        let songs = ["blues", "rock"].into_iter().flat_map(|genre| {
            (0..each).map(move |i| {
                let artist = format!("{genre}{}", i / 3);
                song(genre, &artist, &format!("{genre}/{i}.wav"))
            })
        });
        songs.collect()
    }

    fn count(songs: &[Song], genre: &str, split: Split) -> usize {
        let of = |s: &&Song| s.track.genre == genre && s.split == split;
        songs.iter().filter(of).count()
    }

    #[test]
    fn no_artist_is_on_both_sides_of_a_split_and_every_genre_is_on_each() {
        let draw = |seed| {
            let songs = two_genres(60);
            split(songs, SplitBy::Artist, SplitRatios::default(), seed).expect("split")
        };
        let songs = draw(7);
        let mut seen: HashMap<&str, Split> = HashMap::new();
        for song in &songs {
            let split = *seen.entry(&song.track.artist).or_insert(song.split);
            assert_eq!(split, song.split);
        }
        for genre in ["blues", "rock"] {
            for (split, least) in [(Split::Train, 36), (Split::Valid, 6), (Split::Test, 6)] {
                let count = count(&songs, genre, split);
                assert!(count >= least, "{genre} {split:?} {count}");
            }
        }
        assert_eq!(draw(7), songs, "one seed, one split");
        assert_ne!(draw(8), songs);
    }

    #[test]
    fn a_split_by_clip_has_the_shares_in_every_genre_and_leaves_extra_songs_alone() {
        let mut songs = two_genres(100);
        songs.push(song("blues", "", "blues/extra.wav"));
        songs[200].split = Split::Extra;
        let shares = "80/10/10".parse().expect("shares");
        let songs = split(songs, SplitBy::Clip, shares, 1).expect("split");
        for genre in ["blues", "rock"] {
            let counts = [Split::Train, Split::Valid, Split::Test].map(|s| count(&songs, genre, s));
            assert_eq!(counts, [80, 10, 10]);
        }
        assert_eq!(songs[200].split, Split::Extra);
    }

    #[test]
    fn genres_of_few_clips_are_on_every_side_that_they_have_clips_for() {
        for shares in ["70/15/15", "80/10/10", "90/5/5"] {
            let shares: SplitRatios = shares.parse().expect("shares");
            for (each, sides) in [
                (2, [1, 1, 0]),
                (3, [1, 1, 1]),
                (4, [2, 1, 1]),
                (5, [3, 1, 1]),
            ] {
                let songs = split(two_genres(each), SplitBy::Clip, shares, 3).expect("split");
                let counts =
                    [Split::Train, Split::Valid, Split::Test].map(|s| count(&songs, "rock", s));
                assert_eq!(counts, sides, "{each} clips at {shares}");
            }
        }
    }

    #[test]
    fn an_artist_of_two_genres_stays_on_one_side() {
        for seed in 0..20 {
            let mut songs = two_genres(9);
            songs
                .iter_mut()
                .step_by(3)
                .for_each(|s| s.track.artist = "both".to_owned());
            let songs = split(songs, SplitBy::Artist, SplitRatios::default(), seed).expect("split");
            let of_both = songs.iter().filter(|s| s.track.artist == "both");
            let sides: BTreeSet<_> = of_both.map(|s| format!("{:?}", s.split)).collect();
            assert_eq!(sides.len(), 1, "seed {seed}");
        }
    }

    #[test]
    fn stratified_rows_split_seventy_to_thirty_and_repeat_by_their_seed() {
        let labels: Vec<usize> = (0..1000).map(|row| row % 10).collect();
        let (train, test) = split_stratified(&labels, 0.7, 5);
        for label in 0..10 {
            assert_eq!(
                train.iter().filter(|&&row| labels[row] == label).count(),
                70
            );
            assert_eq!(test.iter().filter(|&&row| labels[row] == label).count(), 30);
        }
        let mut all = [train.clone(), test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_eq!(split_stratified(&labels, 0.7, 5), (train.clone(), test));
        assert_ne!(split_stratified(&labels, 0.7, 6).0, train);
    }

    #[test]
    fn folds_keep_artists_together_and_are_of_one_size() {
        let songs = two_genres(60);
        let folds = folds(&songs, 5, 2);
        for fold in 0..5 {
            let members: Vec<&Song> = songs
                .iter()
                .zip(&folds)
                .filter(|(_, f)| **f == fold)
                .map(|(s, _)| s)
                .collect();
            assert_eq!(members.len(), 24, "fold {fold}");
            for song in members {
                let artist = &song.track.artist;
                let others = songs
                    .iter()
                    .zip(&folds)
                    .filter(|(s, _)| s.track.artist == *artist);
                assert!(others.into_iter().all(|(_, f)| *f == fold), "{artist}");
            }
        }
    }

    #[test]
    fn ratios_that_are_not_valid_are_refused() {
        assert_eq!(SplitRatios::default().to_string(), "70/15/15");
        let shares: SplitRatios = "8/1/1".parse().expect("shares");
        assert_eq!(shares.to_string(), "80/10/10");
        for wrong in [
            "80/10",
            "80/10/10/0",
            "a/b/c",
            "0/50/50",
            "-1/50/50",
            "100/0/0",
            "NaN/1/1",
            "",
        ] {
            let refused = wrong.parse::<SplitRatios>().expect_err(wrong);
            assert!(refused.contains("80/10/10"), "{refused}");
        }
    }
}
