//! From a ranking to a list worth hearing: not twice the same, not all by one artist, and some variety.

use super::directions::exact_dot;
use super::{Directions, Labels, Neighbour};

/// A song this similar to another, by cosine from the mean, is the same recording again.
pub const SAME_RECORDING: f64 = 0.9995;

/// What a list may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelectRules<'a> {
    /// Songs, at most.
    pub k: usize,
    /// Songs of one known artist, at most.
    pub per_artist: Option<usize>,
    /// Songs of one known album, at most.
    pub per_album: Option<usize>,
    /// Whether the same recording may come again.
    pub allow_repeats: bool,
    /// Whether of the versions of a song only the first comes.
    pub one_version: bool,
    /// How much variety counts against similarity, from 0 (not) to 1 (alone).
    pub diversity: f64,
    /// Rows that were asked about: what may not come again is not an answer to them either.
    pub seeds: &'a [usize],
}

impl Default for SelectRules<'_> {
    fn default() -> Self {
        Self {
            k: 10,
            per_artist: None,
            per_album: None,
            allow_repeats: false,
            one_version: true,
            diversity: 0.0,
            seeds: &[],
        }
    }
}

/// Chooses from a ranking, best first. With diversity `δ` the next song is always that with the greatest
/// `(1 − δ)·similarity − δ·(cosine to the most similar of those chosen)`: maximal marginal relevance (Carbonell and
/// Goldstein 1998), with `λ = 1 − δ`. The result is in the order of choice, with the similarities of the ranking.
pub fn select(
    directions: &Directions,
    labels: &Labels,
    ranked: &[Neighbour],
    rules: &SelectRules<'_>,
) -> Vec<Neighbour> {
    let mut chosen: Vec<Neighbour> = Vec::with_capacity(rules.k.min(ranked.len()));
    let mut left = ranked.to_vec();
    // Cosine to the most similar of those chosen, of each that is left.
    let mut closest = vec![f64::NEG_INFINITY; left.len()];
    let diversity = rules.diversity.clamp(0.0, 1.0);
    if diversity == 0.0 {
        for candidate in left {
            if chosen.len() == rules.k {
                break;
            }
            if is_welcome(directions, labels, &candidate, &chosen, rules) {
                chosen.push(candidate);
            }
        }
        return chosen;
    }
    while chosen.len() < rules.k {
        let value = |at: usize, candidate: &Neighbour| {
            let repeated = if chosen.is_empty() { 0.0 } else { closest[at] };
            (1.0 - diversity) * candidate.similarity - diversity * repeated
        };
        // Of equal values the first, which is the better one of the ranking.
        let next = left.iter().enumerate().fold(None, |best, (at, candidate)| {
            let value = value(at, candidate);
            match best {
                Some((_, most)) if value <= most => best,
                _ => Some((at, value)),
            }
        });
        let Some((at, _)) = next else {
            break;
        };
        let candidate = left.remove(at);
        closest.remove(at);
        if is_welcome(directions, labels, &candidate, &chosen, rules) {
            let row = directions.row(candidate.index);
            for (closest, other) in closest.iter_mut().zip(&left) {
                *closest = closest.max(exact_dot(row, directions.row(other.index)));
            }
            chosen.push(candidate);
        }
    }
    chosen
}

fn is_welcome(
    directions: &Directions,
    labels: &Labels,
    candidate: &Neighbour,
    chosen: &[Neighbour],
    rules: &SelectRules<'_>,
) -> bool {
    let row = candidate.index;
    let below = |most: Option<usize>, numbers: &[Option<u32>]| {
        let (Some(most), Some(number)) = (most, numbers[row]) else {
            return true;
        };
        let same = chosen.iter().filter(|c| numbers[c.index] == Some(number));
        same.count() < most
    };
    let repeats = |other: usize| {
        (rules.one_version && labels.songs[row] == labels.songs[other])
            || (!rules.allow_repeats && directions.cosine(row, other) > SAME_RECORDING)
    };
    let before = chosen.iter().map(|c| c.index);
    below(rules.per_artist, &labels.artists)
        && below(rules.per_album, &labels.albums)
        && !before.chain(rules.seeds.iter().copied()).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{artists, clustered};
    use super::super::{Labels, SongName};
    use super::*;

    fn ranking(songs: &Directions, of: usize) -> Vec<Neighbour> {
        songs.nearest(songs.row(of), songs.len(), |_| true)
    }

    fn rows(found: &[Neighbour]) -> Vec<usize> {
        found.iter().map(|c| c.index).collect()
    }

    #[test]
    fn artists_and_albums_have_their_limits() {
        let songs = clustered(60, 8, 3, 0.5);
        let mut labels = artists(60, 6);
        labels.albums = (0..60).map(|row| Some(row / 3)).collect();
        let rules = SelectRules {
            k: 60,
            per_artist: Some(3),
            per_album: Some(2),
            ..SelectRules::default()
        };
        for diversity in [0.0, 0.4] {
            let rules = SelectRules { diversity, ..rules };
            let found = rows(&select(&songs, &labels, &ranking(&songs, 0), &rules));
            assert_eq!(found.len(), 30, "three each of ten artists");
            let most = |each: usize| {
                let of = |number: usize| found.iter().filter(|row| *row / each == number).count();
                (0..60 / each).map(of).max()
            };
            assert_eq!((most(6), most(3)), (Some(3), Some(2)));
        }
    }

    #[test]
    fn versions_and_the_same_recording_come_once_and_not_those_of_the_seed() {
        let embeddings = [1.0, 0.0, 1.0, 0.0, 0.9, 0.4, 0.9, 0.4, 0.1, 1.0, 0.5, 0.9];
        let songs = Directions::from_centre(&embeddings, vec![0.0, 0.0]).expect("a matrix");
        let name = |title, artist| SongName {
            title,
            artist,
            ..SongName::default()
        };
        let labels = Labels::of([
            name("", ""),
            name("", ""),
            name("b", "X"),
            name("c", "X"),
            name("d", "X"),
            name("D (live)", "X"),
        ]);
        let ranked = ranking(&songs, 0);
        let seeds = [0];
        let rules = SelectRules {
            seeds: &seeds,
            ..SelectRules::default()
        };
        let found = rows(&select(&songs, &labels, &ranked, &rules));
        assert_eq!(found, [2, 5]);
        let all = SelectRules {
            allow_repeats: true,
            one_version: false,
            ..rules
        };
        assert_eq!(select(&songs, &labels, &ranked, &all).len(), 6);
    }

    #[test]
    fn diversity_makes_a_list_less_alike_and_none_leaves_the_ranking() {
        let songs = clustered(90, 8, 6, 0.4);
        let labels = artists(90, 1);
        let ranked = ranking(&songs, 0);
        let chosen = |diversity| {
            let rules = SelectRules {
                diversity,
                ..SelectRules::default()
            };
            rows(&select(&songs, &labels, &ranked, &rules))
        };
        let alike = |found: &[usize]| -> f64 {
            let pairs = found
                .iter()
                .flat_map(|a| found.iter().map(move |b| (*a, *b)));
            pairs.map(|(a, b)| songs.cosine(a, b)).sum()
        };
        assert_eq!(chosen(0.0), rows(&ranked[..10]));
        assert_eq!(chosen(0.5)[0], ranked[0].index);
        assert!(alike(&chosen(0.5)) < alike(&chosen(0.0)));
        assert!(alike(&chosen(0.9)) < alike(&chosen(0.5)));
    }
}
