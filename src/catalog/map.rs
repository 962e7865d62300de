//! A map of the songs: the three directions in which they differ most.
//!
//! Principal components (Pearson 1901) of the directions that the search compares, so that what lies
//! together on the map sounds alike.

use serde::Serialize;

use super::Catalog;

/// Axes of the map.
const AXES: usize = 3;
/// Turns of the orthogonal iteration: far more than a map wants, and quick.
const TURNS: usize = 60;
/// Share of the songs that lie within one of the middle; the scale of the map.
const WITHIN: f64 = 0.98;

/// Where songs lie: `[x, y, z]`, nearly all within −1 and 1.
pub type Place = [f32; AXES];

/// A map of a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Share of the variance that each axis holds.
    pub explained: [f32; AXES],
    /// Place of each track.
    pub tracks: Vec<Place>,
    axes: [Vec<f64>; AXES],
    middle: Vec<f64>,
    scale: f64,
}

/// A genre's signature: the middle of its songs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Signature<'a> {
    /// The genre.
    pub genre: &'a str,
    /// How many songs it has.
    pub songs: usize,
    /// Their middle.
    pub point: Place,
}

impl Catalog {
    /// The map of all songs. The same for the same catalogue, on every machine.
    pub fn map(&self) -> Map {
        let rows: Vec<Vec<f64>> = (0..self.len())
            .map(|track| {
                let direction = self.direction(self.embedding(track));
                direction.into_iter().map(f64::from).collect()
            })
            .collect();
        let width = self.dimensions();
        let count = rows.len().max(1) as f64;
        let mut middle = vec![0.0; width];
        for row in &rows {
            for (m, v) in middle.iter_mut().zip(row) {
                *m += v / count;
            }
        }
        let rows: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| row.iter().zip(&middle).map(|(v, m)| v - m).collect())
            .collect();
        let mut covariance = vec![0.0; width * width];
        for row in &rows {
            for (i, a) in row.iter().enumerate() {
                for (sum, b) in covariance[i * width..].iter_mut().zip(row) {
                    *sum += a * b / count;
                }
            }
        }
        let (axes, variances) = principal(&covariance, width);
        let total: f64 = (0..width).map(|i| covariance[i * width + i]).sum();
        let mut sizes: Vec<f64> = rows
            .iter()
            .flat_map(|row| axes.iter().map(|axis| dot(row, axis).abs()))
            .collect();
        sizes.sort_by(f64::total_cmp);
        let largest = sizes.get((sizes.len() as f64 * WITHIN) as usize).copied();
        let scale = 1.0 / largest.filter(|s| *s > 1e-9).unwrap_or(1.0);
        let place = |row: &Vec<f64>| axes.each_ref().map(|axis| (dot(row, axis) * scale) as f32);
        Map {
            explained: variances.map(|v| (v / total.max(1e-12)) as f32),
            tracks: rows.iter().map(place).collect(),
            axes,
            middle,
            scale,
        }
    }

    /// Where an embedding lies on the catalogue's map.
    pub fn place(&self, map: &Map, embedding: &[f32]) -> Place {
        let direction = self.direction(embedding);
        let row: Vec<f64> = direction
            .iter()
            .zip(&map.middle)
            .map(|(v, m)| f64::from(*v) - m)
            .collect();
        let on = |axis: &Vec<f64>| (dot(&row, axis) * map.scale) as f32;
        map.axes.each_ref().map(on)
    }

    /// The signatures of the model's genres that have songs.
    pub fn signatures(&self, map: &Map) -> Vec<Signature<'_>> {
        let genres = self.maker.genres.iter();
        genres
            .filter_map(|genre| {
                let songs: Vec<&Place> = (0..self.len())
                    .filter(|track| self.genre(*track).0 == genre)
                    .map(|track| &map.tracks[track])
                    .collect();
                let count = songs.len();
                let mean = |axis: usize| songs.iter().map(|p| p[axis]).sum::<f32>() / count as f32;
                (count > 0).then(|| Signature {
                    genre,
                    songs: count,
                    point: std::array::from_fn(mean),
                })
            })
            .collect()
    }
}

/// The axes of the largest variances of a covariance `[width, width]`, largest first, and these, by
/// orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4).
fn principal(covariance: &[f64], width: usize) -> ([Vec<f64>; AXES], [f64; AXES]) {
    // Any start does that is not at right angles to what is sought.
    let mut axes: [Vec<f64>; AXES] = std::array::from_fn(|axis| {
        (0..width)
            .map(|i| ((i * (axis + 3) + axis) as f64).sin())
            .collect()
    });
    let apply = |axis: &Vec<f64>| -> Vec<f64> {
        covariance
            .chunks(width.max(1))
            .map(|row| dot(row, axis))
            .collect()
    };
    for _ in 0..TURNS {
        axes = axes.each_ref().map(apply);
        for at in 0..AXES {
            let (before, rest) = axes.split_at_mut(at);
            if let Some(axis) = rest.first_mut() {
                for other in before.iter() {
                    let along = dot(axis, other);
                    axis.iter_mut()
                        .zip(other)
                        .for_each(|(a, o)| *a -= along * o);
                }
                let length = dot(axis, axis).sqrt();
                if length > 1e-12 {
                    axis.iter_mut().for_each(|a| *a /= length);
                }
            }
        }
    }
    // A direction has two ends: the one with the larger sum is up.
    for axis in &mut axes {
        if axis.iter().sum::<f64>() < 0.0 {
            axis.iter_mut().for_each(|a| *a = -*a);
        }
    }
    let variances = axes.each_ref().map(|axis| dot(axis, &apply(axis)));
    (axes, variances)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_are_those_of_the_largest_variances() {
        // Variances 5, 3, 1, 0.1 along four axes, of which the first two are turned by 30 degrees.
        let (c, s) = (3.0_f64.sqrt() / 2.0, 0.5);
        let covariance = [
            [5.0 * c * c + 3.0 * s * s, (5.0 - 3.0) * c * s, 0.0, 0.0],
            [(5.0 - 3.0) * c * s, 5.0 * s * s + 3.0 * c * c, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.1],
        ];
        let (axes, variances) = principal(covariance.as_flattened(), 4);
        for (found, expected) in variances.iter().zip([5.0, 3.0, 1.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert!((axes[0][0].abs() - c).abs() < 1e-6 && axes[0][2].abs() < 1e-9);
        assert!((axes[2][2].abs() - 1.0).abs() < 1e-9);
    }

    // The shipped files are embedded natively only.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn songs_of_the_shipped_catalogue_lie_where_their_embeddings_are_put() {
        let catalog = Catalog::from_bytes(crate::shipped::CATALOG).expect("the shipped one");
        let map = catalog.map();
        assert!(map.explained.is_sorted_by(|a, b| a >= b));
        assert!(
            map.explained.iter().sum::<f32>() > 0.2,
            "{:?}",
            map.explained
        );
        for track in [0, 100, catalog.len() - 1] {
            let place = catalog.place(&map, catalog.embedding(track));
            for (a, b) in place.iter().zip(map.tracks[track]) {
                assert!((a - b).abs() < 1e-4);
            }
        }
        assert_eq!(catalog.signatures(&map).len(), 10);
        let inside = map
            .tracks
            .iter()
            .flatten()
            .filter(|v| v.abs() <= 1.0)
            .count();
        assert!(inside as f64 >= 0.97 * 3.0 * catalog.len() as f64);
    }
}
