//! A map of the songs: the three directions in which they differ most.
//!
//! Principal components (Pearson 1901) of the directions that the search compares, so that what lies
//! together on the map sounds alike.

use serde::Serialize;

use super::Catalog;
use crate::linear_algebra::{Pca, dot};

/// Axes of the map.
const AXES: usize = 3;
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
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
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
        let pca = Pca::of(&rows, self.dimensions());
        let total: f64 = pca.variances.iter().sum();
        let middle = pca.mean;
        let rows: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| row.iter().zip(&middle).map(|(v, m)| v - m).collect())
            .collect();
        let mut components = pca.components.into_iter();
        let axes: [Vec<f64>; AXES] =
            std::array::from_fn(|_| upright(components.next().unwrap_or_default()));
        let variances: [f64; AXES] =
            std::array::from_fn(|axis| pca.variances.get(axis).copied().unwrap_or(0.0));
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
        let genres = self.provenance.genres.iter();
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

/// A direction has two ends: the one with the larger sum is up.
fn upright(axis: Vec<f64>) -> Vec<f64> {
    if axis.iter().sum::<f64>() < 0.0 {
        return axis.iter().map(|a| -a).collect();
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn songs_of_the_shipped_catalogue_lie_where_their_embeddings_are_put() {
        let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG).expect("the shipped one");
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
