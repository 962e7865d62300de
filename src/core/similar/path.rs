//! A smooth way from one song to another.

use super::directions::dot;
use super::select::SAME_RECORDING;
use super::top::Best;
use super::{Directions, Labels, Neighbour};

/// Songs to choose from for each place on the way.
const CHOICES: usize = 16;
/// Neighbours that are looked at for each place; the choices are those that no other place is given.
const LOOKED_AT: usize = 4 * CHOICES;

/// Why there is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// An end is not in the matrix.
    #[error("there is no song {0}")]
    NoSuchSong(usize),
    /// Both ends are the same song or versions of it.
    #[error("a path needs two different songs; these are the same, or versions of one")]
    SameSong,
    /// Fewer than two songs were asked for.
    #[error("a path has at least two songs, its ends")]
    TooShort,
}

/// A place between the ends: how much of each end's direction makes its own.
#[derive(Clone, Copy)]
struct Place {
    of_first: f64,
    of_last: f64,
}

/// A path of `n` songs from row `first` to row `last`, both included: no song twice, no two versions of one song, no
/// recording twice. Fewer than `n` if there are not enough songs that `admitted` lets through (the ends are not asked).
///
/// The places of the path lie evenly on the great circle between the ends. For each there are 16 songs to choose from, the
/// nearest to it that are not nearer to another place. Of all paths through one of each the chosen one has the
/// smallest sum of squared distances of neighbours on the sphere's chords, `Σ (1 − cos)`: this punishes one large step
/// more than several small ones. It is found by dynamic programming (Viterbi 1967).
///
/// # Errors
/// See [`PathError`].
pub fn path(
    directions: &Directions,
    labels: &Labels,
    (first, last): (usize, usize),
    n: usize,
    admitted: impl Fn(usize) -> bool,
) -> Result<Vec<usize>, PathError> {
    let rows = directions.len();
    if let Some(end) = [first, last].into_iter().find(|end| *end >= rows) {
        return Err(PathError::NoSuchSong(end));
    }
    let is_same = |a: usize, b: usize| {
        labels.songs[a] == labels.songs[b] || directions.cosine(a, b) > SAME_RECORDING
    };
    if is_same(first, last) {
        return Err(PathError::SameSong);
    }
    if n < 2 {
        return Err(PathError::TooShort);
    }
    // More places than songs would only be empty.
    let places = places(directions.cosine(first, last), n.min(rows) - 2);
    let near = near_places(directions, (first, last), &places, |row| {
        admitted(row) && !is_same(row, first) && !is_same(row, last)
    });
    let mut pairs = sorted_pairs(near);
    let mut layers = vec![Vec::new(); places.len()];
    // One song for every place before any has several.
    share_out(&mut layers, &pairs, 1, is_same);
    fill_empty(
        &mut layers,
        directions,
        (first, last),
        &places,
        |row, taken| {
            let others = taken.iter().copied().chain([first, last]);
            admitted(row) && !others.into_iter().any(|other| is_same(row, other))
        },
    );
    pairs.retain(|(_, song)| !layers.iter().flatten().any(|taken| *taken == song.index));
    share_out(&mut layers, &pairs, CHOICES, is_same);
    layers.retain(|layer| !layer.is_empty());
    layers.insert(0, vec![first]);
    layers.push(vec![last]);
    Ok(smoothest(directions, &layers))
}

/// Evenly on the great circle between two unit vectors of a cosine: spherical linear interpolation (Shoemake 1985).
fn places(cosine: f64, count: usize) -> Vec<Place> {
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let place = |index: usize| {
        let share = (index + 1) as f64 / (count + 1) as f64;
        // Between opposite ends every great circle is as short: then on the straight line.
        let sine = angle.sin();
        if sine < 1e-6 {
            return Place {
                of_first: 1.0 - share,
                of_last: share,
            };
        }
        Place {
            of_first: ((1.0 - share) * angle).sin() / sine,
            of_last: (share * angle).sin() / sine,
        }
    };
    (0..count).map(place).collect()
}

/// The songs nearest to each place. A place is a sum of the ends, so two products per song serve all places.
fn near_places(
    directions: &Directions,
    (first, last): (usize, usize),
    places: &[Place],
    admitted: impl Fn(usize) -> bool,
) -> Vec<Vec<Neighbour>> {
    let (first, last) = (directions.row(first), directions.row(last));
    let mut best: Vec<Best> = places
        .iter()
        .map(|_| Best::new(LOOKED_AT, directions.len()))
        .collect();
    for index in 0..directions.len() {
        let row = directions.row(index);
        let (a, b) = (f64::from(dot(row, first)), f64::from(dot(row, last)));
        let mut known = None;
        for (best, place) in best.iter_mut().zip(places) {
            let similarity = place.of_first * a + place.of_last * b;
            if similarity >= best.bar() && *known.get_or_insert_with(|| admitted(index)) {
                best.offer(index, similarity);
            }
        }
    }
    best.into_iter().map(Best::into_sorted).collect()
}

/// Places and songs near them, the nearest pairs first.
fn sorted_pairs(near: Vec<Vec<Neighbour>>) -> Vec<(usize, Neighbour)> {
    let of_layer = |(layer, songs): (usize, Vec<Neighbour>)| {
        let songs = songs.into_iter();
        songs.map(move |song| (layer, song))
    };
    let mut pairs: Vec<(usize, Neighbour)> =
        near.into_iter().enumerate().flat_map(of_layer).collect();
    pairs.sort_by(|a, b| a.1.rank(&b.1).then(a.0.cmp(&b.0)));
    pairs
}

/// Gives places up to `most` songs each, a song to one place only.
fn share_out(
    layers: &mut [Vec<usize>],
    pairs: &[(usize, Neighbour)],
    most: usize,
    is_same: impl Fn(usize, usize) -> bool,
) {
    let mut taken: Vec<usize> = layers.iter().flatten().copied().collect();
    for (layer, song) in pairs {
        let is_free = || !taken.iter().any(|other| is_same(song.index, *other));
        if layers[*layer].len() < most && is_free() {
            layers[*layer].push(song.index);
            taken.push(song.index);
        }
    }
}

/// The nearest song that is left for each place that has none.
fn fill_empty(
    layers: &mut [Vec<usize>],
    directions: &Directions,
    (first, last): (usize, usize),
    places: &[Place],
    is_free: impl Fn(usize, &[usize]) -> bool,
) {
    for at in 0..layers.len() {
        if !layers[at].is_empty() {
            continue;
        }
        let taken: Vec<usize> = layers.iter().flatten().copied().collect();
        let pairs = directions.row(first).iter().zip(directions.row(last));
        let Place { of_first, of_last } = places[at];
        let place: Vec<f32> = pairs
            .map(|(a, b)| (of_first * f64::from(*a) + of_last * f64::from(*b)) as f32)
            .collect();
        let found = directions.nearest(&place, 1, |row| is_free(row, &taken));
        layers[at].extend(found.first().map(|song| song.index));
    }
}

/// One song of each layer, with the smallest sum of `1 − cos` from each to the next.
fn smoothest(directions: &Directions, layers: &[Vec<usize>]) -> Vec<usize> {
    // The cost of the best way to each song of the layer, and where in the layer before it comes from.
    let mut costs = vec![0.0_f64; layers[0].len()];
    let mut origins: Vec<Vec<usize>> = Vec::with_capacity(layers.len());
    for pair in layers.windows(2) {
        let (before, here) = (&pair[0], &pair[1]);
        let best = here.iter().map(|song| {
            let ways = before.iter().zip(&costs).enumerate();
            ways.map(|(at, (from, cost))| (cost + 1.0 - directions.cosine(*from, *song), at))
                .fold((f64::INFINITY, 0), |a, b| if b.0 < a.0 { b } else { a })
        });
        let (next, from): (Vec<f64>, Vec<usize>) = best.unzip();
        costs = next;
        origins.push(from);
    }
    // The last layer is the end alone.
    let mut at = 0;
    let mut songs = vec![layers[layers.len() - 1][at]];
    for (layer, origin) in layers.iter().zip(&origins).rev() {
        at = origin[at];
        songs.push(layer[at]);
    }
    songs.reverse();
    songs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    use rand_chacha::ChaCha8Rng;

    use super::super::testing::{artists, clustered};
    use super::*;

    fn largest_step(songs: &Directions, path: &[usize]) -> f64 {
        let steps = path
            .windows(2)
            .map(|pair| 1.0 - songs.cosine(pair[0], pair[1]));
        steps.fold(0.0, f64::max)
    }

    #[test]
    fn the_largest_step_is_smaller_than_by_chance_and_than_straight_there() {
        let songs = clustered(2000, 12, 40, 0.7);
        let labels = artists(2000, 1);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for ends in [(0, 1), (2, 17), (30, 5)] {
            let found = path(&songs, &labels, ends, 10, |_| true).expect("a path");
            assert_eq!(found.len(), 10);
            let mut rest: Vec<usize> = (0..2000).filter(|row| !found.contains(row)).collect();
            let step = largest_step(&songs, &found);
            let by_chance = (0..50).map(|_| {
                rest.shuffle(&mut rng);
                let inner = rest[..8].iter().copied();
                let way: Vec<usize> = [ends.0].into_iter().chain(inner).chain([ends.1]).collect();
                largest_step(&songs, &way)
            });
            let by_chance = by_chance.fold(f64::INFINITY, f64::min);
            assert!(step < by_chance, "{step} {by_chance}");
            assert!(step < 1.0 - songs.cosine(ends.0, ends.1));
        }
    }

    #[test]
    fn versions_the_same_recording_and_refused_songs_are_not_on_the_way() {
        let mut songs: Vec<f32> = Vec::new();
        // Around a circle, each place three times.
        for place in 0..12 {
            let angle = place as f32 * 0.2;
            for _ in 0..3 {
                songs.extend([angle.cos(), angle.sin()]);
            }
        }
        let songs = Directions::from_centre(&songs, vec![0.0, 0.0]).expect("a matrix");
        let labels = artists(36, 1);
        let found = path(&songs, &labels, (0, 33), 36, |_| true).expect("a path");
        let places: Vec<usize> = found.iter().map(|row| row / 3).collect();
        assert_eq!(places, (0..12).collect::<Vec<_>>());
        let found = path(&songs, &labels, (0, 33), 36, |row| row / 3 != 5).expect("a path");
        assert_eq!(found.len(), 11);
        let mut versions = labels.clone();
        versions.songs[12..15].fill(18);
        versions.songs[18..21].fill(18);
        let found = path(&songs, &versions, (0, 33), 36, |_| true).expect("a path");
        assert_eq!(
            found.len(),
            11,
            "one of the places 4 and 6: they are versions of one song"
        );
    }

    #[test]
    fn a_path_between_versions_of_one_song_is_refused() {
        let songs = clustered(10, 4, 2, 0.5);
        let mut labels = artists(10, 1);
        let path = |labels: &Labels, ends, n| path(&songs, labels, ends, n, |_| true);
        assert_eq!(path(&labels, (3, 3), 5), Err(PathError::SameSong));
        assert_eq!(path(&labels, (3, 10), 5), Err(PathError::NoSuchSong(10)));
        assert_eq!(path(&labels, (3, 4), 1), Err(PathError::TooShort));
        assert_eq!(path(&labels, (3, 4), 2), Ok(vec![3, 4]));
        labels.songs[4] = labels.songs[3];
        assert_eq!(path(&labels, (3, 4), 5), Err(PathError::SameSong));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_has_its_ends_its_length_and_nothing_twice(
            rows in 2_usize..120,
            each in 1_usize..4,
            n in 2_usize..40,
        ) {
            let songs = clustered(rows, 16, 5, 0.8);
            let mut labels = artists(rows, 1);
            labels.songs = (0..rows as u32).map(|row| row / each as u32).collect();
            let last = rows - 1;
            prop_assume!(labels.songs[0] != labels.songs[last]);
            let found = path(&songs, &labels, (0, last), n, |_| true);
            let found = found.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!((found[0], found[found.len() - 1]), (0, last));
            prop_assert_eq!(found.len(), n.min(rows.div_ceil(each)));
            let mut numbers: Vec<u32> = found.iter().map(|row| labels.songs[*row]).collect();
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), found.len());
        }
    }
}
