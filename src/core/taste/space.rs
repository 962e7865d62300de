//! The coordinates that tastes are measured in: the catalogue's principal components, each with mean
//! zero and variance one over its songs.

use crate::catalog::Catalog;
use crate::linear_algebra::{Pca, dot};

/// Principal components that are kept, at most. A choice: few enough for
/// milliseconds in a browser, and forty labels tell no more directions than that.
pub const COMPONENTS: usize = 32;
/// A component with less than this share of the greatest one's variance is rounding.
const NEGLIGIBLE: f64 = 1e-6;

/// Whitened principal components.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// Mean embedding `[dimensions]`.
    pub centre: Vec<f64>,
    /// `[components][dimensions]`, each divided by the deviation of its scores.
    pub rows: Vec<Vec<f64>>,
    /// Share of the kept variance in each component before whitening; the sum is one.
    pub shares: Vec<f64>,
}

impl Space {
    /// The space of a catalogue's songs.
    pub fn of(catalog: &Catalog) -> Self {
        let songs: Vec<Vec<f64>> = (0..catalog.len())
            .map(|track| {
                catalog
                    .embedding(track)
                    .iter()
                    .map(|&v| f64::from(v))
                    .collect()
            })
            .collect();
        let Pca {
            mean,
            variances: values,
            components,
        } = Pca::of(&songs, catalog.dimensions());
        let least = NEGLIGIBLE * values.first().copied().unwrap_or(0.0);
        let kept = values
            .iter()
            .take(COMPONENTS)
            .take_while(|&&v| v > least && v > 0.0)
            .count();
        let whole: f64 = values[..kept].iter().sum();
        let rows = components.into_iter().zip(&values).take(kept);
        Self {
            centre: mean,
            rows: rows
                .map(|(row, value)| row.iter().map(|v| v / value.sqrt()).collect())
                .collect(),
            shares: values[..kept].iter().map(|v| v / whole).collect(),
        }
    }

    /// Weights of a taste in this space: one per component and one for the inclination to like.
    pub fn weights(&self) -> usize {
        self.rows.len() + 1
    }

    /// What the weights of a taste are multiplied with, `[1 + components]`: one and the scores of a
    /// song. A song of another number of dimensions is taken for the mean one.
    pub fn features(&self, embedding: &[f32]) -> Vec<f64> {
        let mut features = vec![0.0; self.weights()];
        features[0] = 1.0;
        if embedding.len() == self.centre.len() {
            let away: Vec<f64> = embedding
                .iter()
                .zip(&self.centre)
                .map(|(&v, c)| f64::from(v) - c)
                .collect();
            for (feature, row) in features[1..].iter_mut().zip(&self.rows) {
                *feature = dot(row, &away);
            }
        }
        features
    }
}
