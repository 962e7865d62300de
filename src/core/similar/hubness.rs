//! Hubs: songs that are among everybody's nearest neighbours, and songs that are among nobody's.

use super::directions::{dot, exact_dot};
use super::select::SAME_RECORDING;
use super::{Directions, Neighbour};

/// How often each row is among the nearest of the others, its k-occurrence: of lists of rows, one list for each row.
pub fn k_occurrence<'a>(lists: impl IntoIterator<Item = &'a [Neighbour]>, rows: usize) -> Vec<u32> {
    let mut counts = vec![0; rows];
    for neighbour in lists.into_iter().flatten() {
        counts[neighbour.index] += 1;
    }
    counts
}

/// How unevenly rows are recommended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hubness {
    /// Skewness of the k-occurrence (Radovanović et al. 2010, "Hubs in space"): 0 where all are recommended alike; above
    /// about 1.4 hubs are a problem (Feldbauer and Flexer 2019).
    pub skewness: f64,
    /// Share of the rows that are recommended never.
    pub antihubs: f64,
    /// The greatest k-occurrence.
    pub largest: u32,
}

impl Hubness {
    /// Of the k-occurrence of every row; see [`k_occurrence`].
    pub fn of(counts: &[u32]) -> Self {
        let n = counts.len().max(1) as f64;
        let mean = counts.iter().map(|c| f64::from(*c)).sum::<f64>() / n;
        let moment = |power| {
            let away = counts.iter().map(|c| (f64::from(*c) - mean).powi(power));
            away.sum::<f64>() / n
        };
        let deviation = moment(2).sqrt();
        let never = counts.iter().filter(|count| **count == 0).count();
        Self {
            skewness: if deviation > 0.0 {
                moment(3) / deviation.powi(3)
            } else {
                0.0
            },
            antihubs: never as f64 / n,
            largest: counts.iter().copied().max().unwrap_or(0),
        }
    }
}

/// The cosines of one direction to all rows: their mean and deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean cosine.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

impl Spread {
    /// The probability that a random row is more similar than this cosine, if the cosines are normally distributed.
    fn above(&self, cosine: f64) -> f64 {
        let away = (cosine - self.mean) / self.deviation.max(1e-9);
        0.5 * libm::erfc(away / std::f64::consts::SQRT_2)
    }
}

/// Rows that the cosines of a direction to all are estimated from, at most.
const SAMPLE: usize = 4096;

/// Mutual proximity: how sure it is that two songs are nearer to each other than to a random third, each seen from its own
/// neighbourhood (Schnitzer, Flexer, Schedl and Widmer 2012, "Local and global scaling reduce hubs in space"). Here with
/// normal distributions that are independent.
///
/// The mean cosine of a direction `x` to all rows is `x·m`, and the mean square `xᵀ·S·x`, with the mean row `m` and the mean
/// outer product `S`. So nothing is kept per row, and nothing is quadratic in the rows; of more than 4,096 rows an evenly
/// spaced sample is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct MutualProximity {
    mean: Vec<f32>,
    /// `[dimensions, dimensions]`.
    square: Vec<f32>,
}

impl MutualProximity {
    /// Of all rows.
    pub fn of(directions: &Directions) -> Self {
        let (rows, width) = (directions.len(), directions.dimensions());
        let mut mean = vec![0.0_f64; width];
        let mut square = vec![0.0_f64; width * width];
        let step = rows.div_ceil(SAMPLE).max(1);
        let sample = (0..rows).step_by(step);
        let count = sample.len() as f64;
        for row in sample {
            let row = directions.row(row);
            for (at, v) in row.iter().enumerate() {
                let v = f64::from(*v) / count;
                mean[at] += v;
                let sums = &mut square[at * width..(at + 1) * width];
                let sums = sums.iter_mut().zip(row);
                sums.for_each(|(s, w)| *s += v * f64::from(*w));
            }
        }
        let single = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
        Self {
            mean: single(mean),
            square: single(square),
        }
    }

    /// The spread of a direction `[dimensions]`.
    pub fn spread(&self, direction: &[f32]) -> Spread {
        let mean = exact_dot(direction, &self.mean);
        let rows = self.square.chunks_exact(direction.len().max(1));
        let mean_square: f64 = rows
            .zip(direction)
            .map(|(row, v)| f64::from(dot(row, direction)) * f64::from(*v))
            .sum();
        Spread {
            mean,
            deviation: (mean_square - mean * mean).max(0.0).sqrt(),
        }
    }
}

/// The mutual proximity of two directions of a cosine by their spreads, from −1 to 1 as the cosine is: twice the probability,
/// less one. The same recording is as near as can be, whatever lies around it.
pub fn mutual_similarity(a: Spread, b: Spread, cosine: f64) -> f64 {
    if cosine > SAME_RECORDING {
        return 1.0;
    }
    let (a, b) = (a.above(cosine), b.above(cosine));
    1.0 - 2.0 * (a + b - a * b)
}

/// Local scaling: the distance of two songs over the geometric mean of their distances to their nearest neighbours. This is
/// the form with the mean of `k` neighbours, NICDM (Jégou et al. 2007; Feldbauer and Flexer 2019, "A comprehensive empirical
/// comparison of hubness reduction in high-dimensional spaces"). Quadratic in the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalScaling {
    reach: Vec<f64>,
}

impl LocalScaling {
    /// Of all rows, with `k` neighbours each.
    pub fn of(directions: &Directions, k: usize) -> Self {
        let reach = (0..directions.len()).map(|row| {
            let near = directions.nearest(directions.row(row), k, |other| other != row);
            reach(&near)
        });
        Self {
            reach: reach.collect(),
        }
    }

    /// The scaled distance of two rows of a cosine, from 0.
    pub fn distance(&self, a: usize, b: usize, cosine: f64) -> f64 {
        chord(cosine) / (self.reach[a] * self.reach[b]).sqrt().max(1e-9)
    }
}

fn reach(near: &[Neighbour]) -> f64 {
    let sum: f64 = near.iter().map(|n| chord(n.similarity)).sum();
    sum / near.len().max(1) as f64
}

/// The distance of two unit vectors of a cosine.
fn chord(cosine: f64) -> f64 {
    (2.0 - 2.0 * cosine).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::testing::clustered;
    use super::*;

    /// The k-occurrence by a distance.
    fn hubness(songs: &Directions, distance: impl Fn(usize, usize, f64) -> f64) -> Hubness {
        let lists: Vec<Vec<Neighbour>> = (0..songs.len())
            .map(|a| {
                let mut best = super::super::Best::new(10, songs.len());
                for b in (0..songs.len()).filter(|b| *b != a) {
                    best.offer(b, -distance(a, b, songs.cosine(a, b)));
                }
                best.into_sorted()
            })
            .collect();
        let counts = k_occurrence(lists.iter().map(Vec::as_slice), songs.len());
        Hubness::of(&counts)
    }

    #[test]
    fn skewness_and_antihubs_are_those_of_the_counts() {
        // By hand: the mean is 2, the second moment 34/4, the third 108/4.
        let found = Hubness::of(&[0, 0, 1, 7]);
        assert!(
            (found.skewness - 27.0 / 8.5_f64.powf(1.5)).abs() < 1e-12,
            "{found:?}"
        );
        assert_eq!((found.antihubs, found.largest), (0.5, 7));
        assert_eq!(Hubness::of(&[2, 2]).skewness, 0.0);
    }

    #[test]
    fn the_spread_is_that_of_all_cosines() {
        let songs = clustered(80, 6, 4, 0.8);
        let proximity = MutualProximity::of(&songs);
        for row in [0, 17, 79] {
            let cosines: Vec<f64> = (0..80).map(|other| songs.cosine(row, other)).collect();
            let mean = cosines.iter().sum::<f64>() / 80.0;
            let squares = cosines.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 80.0;
            let spread = proximity.spread(songs.row(row));
            assert!((spread.mean - mean).abs() < 1e-5);
            assert!((spread.deviation - squares.sqrt()).abs() < 1e-5);
        }
    }

    #[test]
    fn mutual_proximity_grows_with_the_cosine_and_is_symmetric() {
        let songs = clustered(80, 6, 4, 0.8);
        let proximity = MutualProximity::of(&songs);
        let spread = |row: usize| proximity.spread(songs.row(row));
        let score =
            |a: usize, b: usize, cosine: f64| mutual_similarity(spread(a), spread(b), cosine);
        assert!(score(0, 1, 0.5) > score(0, 1, 0.4));
        assert!((score(3, 9, 0.2) - score(9, 3, 0.2)).abs() < 1e-9);
        assert!(score(0, 1, -1.0) >= -1.0);
        assert_eq!(score(0, 1, 0.9999), 1.0);
    }

    #[test]
    fn both_corrections_make_hubs_fade() {
        // Many directions and some songs near a common middle: these become hubs.
        let spread = clustered(400, 40, 1, 1.0);
        let songs: Vec<f32> = (0..400)
            .flat_map(|row| {
                let pull = if row % 10 == 0 { 0.5 } else { 0.1 };
                spread
                    .row(row)
                    .iter()
                    .map(move |v| v + pull)
                    .collect::<Vec<_>>()
            })
            .collect();
        let songs = Directions::from_centre(&songs, vec![0.0; 40]).expect("a matrix");
        let plain = hubness(&songs, |_, _, cosine| -cosine);
        let proximity = MutualProximity::of(&songs);
        let mutual = hubness(&songs, |a, b, cosine| {
            let spread = |row: usize| proximity.spread(songs.row(row));
            -mutual_similarity(spread(a), spread(b), cosine)
        });
        let scaling = LocalScaling::of(&songs, 10);
        let scaled = hubness(&songs, |a, b, cosine| scaling.distance(a, b, cosine));
        assert!(plain.skewness > 2.0, "{plain:?}");
        for corrected in [mutual, scaled] {
            assert!(
                corrected.skewness < 0.7 * plain.skewness,
                "{plain:?} {corrected:?}"
            );
            assert!(corrected.antihubs < plain.antihubs);
        }
    }
}
