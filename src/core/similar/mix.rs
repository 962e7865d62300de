//! An endless walk from song to similar song.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::directions::normalise;
use super::{Directions, Labels, Neighbour};

/// How a mix walks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixRules {
    /// Seed of the choices: the same seed, the same mix.
    pub seed: u64,
    /// Songs between two of one known artist, at least, while there are others.
    pub artist_gap: usize,
    /// Songs that the next one is drawn from: the most similar that are left. The nearer, the likelier.
    pub choices: usize,
    /// How much the start pulls back, from 0 (wanders off) to 1 (stays around it).
    pub adherence: f32,
}

impl Default for MixRules {
    fn default() -> Self {
        Self {
            seed: 0,
            artist_gap: 5,
            choices: 8,
            adherence: 0.3,
        }
    }
}

/// Rows without end. No song, and no other version of it, comes again before all others were heard; then a new round begins.
/// Ends only if no row is admitted.
#[derive(Clone, Debug)]
pub struct Mix<'a> {
    directions: &'a Directions,
    labels: &'a Labels,
    rules: MixRules,
    rng: ChaCha8Rng,
    start: Vec<f32>,
    current: Vec<f32>,
    admitted: Vec<bool>,
    heard: Vec<bool>,
    /// Artists of the last songs, the newest last.
    recent: VecDeque<Option<u32>>,
}

impl<'a> Mix<'a> {
    /// From `start`, a direction `[dimensions]`, over the rows that `admitted` lets through. A song that was asked about
    /// is left to `admitted`.
    pub fn new(
        directions: &'a Directions,
        labels: &'a Labels,
        start: &[f32],
        rules: MixRules,
        admitted: impl Fn(usize) -> bool,
    ) -> Self {
        let songs = labels
            .songs
            .iter()
            .max()
            .map_or(0, |last| *last as usize + 1);
        Self {
            directions,
            labels,
            rules,
            rng: ChaCha8Rng::seed_from_u64(rules.seed),
            start: start.to_vec(),
            current: start.to_vec(),
            admitted: (0..directions.len()).map(admitted).collect(),
            heard: vec![false; songs],
            recent: VecDeque::with_capacity(rules.artist_gap),
        }
    }

    /// Between the last song and the start.
    fn target(&self) -> Vec<f32> {
        let adherence = self.rules.adherence.clamp(0.0, 1.0);
        let pairs = self.current.iter().zip(&self.start);
        let mut target: Vec<f32> = pairs
            .map(|(here, start)| (1.0 - adherence) * here + adherence * start)
            .collect();
        if !normalise(&mut target) {
            return self.current.clone();
        }
        target
    }

    fn candidates(&self, spaced: bool) -> Vec<Neighbour> {
        let is_free = |row: usize| {
            let artist = self.labels.artists[row];
            let too_soon = spaced && artist.is_some() && self.recent.contains(&artist);
            self.admitted[row] && !self.heard[self.labels.songs[row] as usize] && !too_soon
        };
        let choices = self.rules.choices.max(1);
        self.directions.nearest(&self.target(), choices, is_free)
    }
}

impl Iterator for Mix<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let mut found = self.candidates(true);
        if found.is_empty() {
            found = self.candidates(false);
        }
        if found.is_empty() {
            self.heard.fill(false);
            found = self.candidates(true);
        }
        if found.is_empty() {
            found = self.candidates(false);
        }
        // The likelihood falls with the rank, as 1, 1/2, 1/3, …
        let total: f64 = (1..=found.len()).map(|rank| 1.0 / rank as f64).sum();
        let mut draw = self.rng.random_range(0.0..1.0) * total;
        let drawn = found.iter().enumerate().find(|(at, _)| {
            draw -= 1.0 / (at + 1) as f64;
            draw < 0.0
        });
        let row = drawn.map(|(_, song)| song).or(found.last())?.index;
        self.heard[self.labels.songs[row] as usize] = true;
        self.current = self.directions.row(row).to_vec();
        self.recent.push_back(self.labels.artists[row]);
        while self.recent.len() > self.rules.artist_gap {
            self.recent.pop_front();
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::testing::{artists, clustered};
    use super::*;

    #[test]
    fn all_songs_come_before_one_comes_again() {
        let songs = clustered(50, 8, 5, 0.5);
        let labels = artists(50, 1);
        let mut mix = Mix::new(&songs, &labels, songs.row(0), MixRules::default(), |_| true);
        for _ in 0..3 {
            let round: HashSet<usize> = mix.by_ref().take(50).collect();
            assert_eq!(round.len(), 50);
        }
    }

    #[test]
    fn artists_are_spaced_and_versions_come_once() {
        let songs = clustered(120, 8, 5, 0.5);
        let mut labels = artists(120, 6);
        labels.songs = (0..120).map(|row| row / 2).collect();
        let rules = MixRules {
            seed: 3,
            ..MixRules::default()
        };
        let found: Vec<usize> = Mix::new(&songs, &labels, songs.row(0), rules, |_| true)
            .take(40)
            .collect();
        let versions: HashSet<usize> = found.iter().map(|row| row / 2).collect();
        assert_eq!(versions.len(), found.len());
        for window in found.windows(rules.artist_gap + 1) {
            let by: HashSet<usize> = window.iter().map(|row| row / 6).collect();
            assert_eq!(by.len(), window.len(), "{found:?}");
        }
    }

    #[test]
    fn one_seed_gives_one_mix_and_another_gives_another() {
        let songs = clustered(200, 8, 5, 0.5);
        let labels = artists(200, 2);
        let mix = |seed| -> Vec<usize> {
            let rules = MixRules {
                seed,
                ..MixRules::default()
            };
            Mix::new(&songs, &labels, songs.row(0), rules, |row| row != 0)
                .take(20)
                .collect()
        };
        assert_eq!(mix(1), mix(1));
        assert_ne!(mix(1), mix(2));
        assert!(!mix(1).contains(&0));
    }

    #[test]
    fn each_song_is_nearer_to_the_last_than_by_chance() {
        let songs = clustered(600, 8, 20, 0.5);
        let labels = artists(600, 1);
        let found: Vec<usize> =
            Mix::new(&songs, &labels, songs.row(0), MixRules::default(), |_| true)
                .take(60)
                .collect();
        let mean = |pairs: &[(usize, usize)]| -> f64 {
            pairs.iter().map(|(a, b)| songs.cosine(*a, *b)).sum::<f64>() / pairs.len() as f64
        };
        let steps: Vec<(usize, usize)> = found.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let chance: Vec<(usize, usize)> = (0..300).map(|row| (row, 599 - row)).collect();
        assert!(mean(&steps) > mean(&chance) + 0.3);
    }

    #[test]
    fn only_an_empty_choice_ends_it() {
        let songs = clustered(4, 8, 2, 0.5);
        let labels = artists(4, 4);
        let mix = |admitted: fn(usize) -> bool| {
            Mix::new(&songs, &labels, songs.row(0), MixRules::default(), admitted)
        };
        assert_eq!(mix(|_| false).next(), None);
        assert_eq!(mix(|row| row == 2).take(3).collect::<Vec<_>>(), [2, 2, 2]);
    }
}
