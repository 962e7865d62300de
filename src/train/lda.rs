//! The embedding: linear discriminant analysis of the features (Fisher 1936) with the covariance within genres
//! shrunk towards a sphere, so that what a genre has in common counts for more than what its songs differ in.
//! It is a linear map, which the embedding layer of the network computes.

use faer::{Mat, Side};

use super::head::{LinearHead, Rows};

/// Share of the mean variance that is added to every direction before whitening.
const SHRINKAGE: f64 = 0.3;
/// How much further than whitened the discriminant directions are stretched.
const STRETCH: f64 = 2.0;

/// An affine map of features to embeddings: `f ↦ (f − mean) · forward`.
pub struct LdaTransform {
    mean: Vec<f64>,
    /// `[features, dimensions]`
    forward: Mat<f64>,
}

impl LdaTransform {
    /// From features and the genres of their clips, every genre weighing the same. Of the directions that do not
    /// discriminant ones those are kept in which the clips vary most. `None` with fewer than two genres.
    pub fn fit(
        embeddings: &Rows,
        labels: &[usize],
        genres: usize,
        dimensions: usize,
    ) -> Option<Self> {
        let width = embeddings.width;
        let row = |at: usize| &embeddings.values[at * width..(at + 1) * width];
        let members = |genre: usize| (0..labels.len()).filter(move |&at| labels[at] == genre);
        let mean_of = |rows: &mut dyn Iterator<Item = usize>| -> (Vec<f64>, f64) {
            let (mut sum, mut count) = (vec![0.0; width], 0.0);
            for at in rows {
                count += 1.0;
                for (s, &v) in sum.iter_mut().zip(row(at)) {
                    *s += f64::from(v);
                }
            }
            sum.iter_mut().for_each(|s| *s /= f64::max(count, 1.0));
            (sum, count)
        };
        let (mean, _) = mean_of(&mut (0..labels.len()));
        let means: Vec<(Vec<f64>, f64)> = (0..genres)
            .map(|genre| mean_of(&mut members(genre)))
            .collect();
        let present: Vec<usize> = (0..genres).filter(|&genre| means[genre].1 > 0.0).collect();
        if present.len() < 2 {
            return None;
        }
        let share = 1.0 / present.len() as f64;
        let centre: Vec<f64> = (0..width)
            .map(|i| share * present.iter().map(|&genre| means[genre].0[i]).sum::<f64>())
            .collect();
        let mut within = Mat::<f64>::zeros(width, width);
        let mut between = Mat::<f64>::zeros(width, width);
        let difference = |a: &mut dyn Iterator<Item = f64>, b: &[f64]| -> Vec<f64> {
            a.zip(b).map(|(a, b)| a - b).collect()
        };
        for &genre in &present {
            let (mean, count) = &means[genre];
            for at in members(genre) {
                let from_mean = difference(&mut row(at).iter().map(|&v| f64::from(v)), mean);
                add_outer(&mut within, &from_mean, share / count);
            }
            let from_centre = difference(&mut mean.iter().copied(), &centre);
            add_outer(&mut between, &from_centre, share);
        }
        let spread = (0..width).map(|i| within[(i, i)]).sum::<f64>() / width as f64;
        for i in 0..width {
            within[(i, i)] += SHRINKAGE * spread;
        }
        let whiten = inverse_root(&within)?;
        let seen = &whiten * &between * &whiten;
        let eigen = seen.self_adjoint_eigen(Side::Lower).ok()?;
        // Eigenvalues rise, so the last directions are the most discriminant.
        let first = width - (present.len() - 1).min(width);
        let mut stretch = Mat::<f64>::identity(width, width);
        let mut rest = Mat::<f64>::identity(width, width);
        for direction in first..width {
            let axis: Vec<f64> = (0..width).map(|i| eigen.U()[(i, direction)]).collect();
            add_outer(&mut stretch, &axis, STRETCH);
            add_outer(&mut rest, &axis, -1.0);
        }
        let mut forward = &whiten * &stretch;
        if dimensions < width {
            let centred =
                Mat::from_fn(labels.len(), width, |at, i| f64::from(row(at)[i]) - mean[i]);
            // Without the discriminant directions, which are kept whatever their variance.
            let mapped = &centred * &forward * &rest;
            let covariance = mapped.transpose() * &mapped;
            let varying = covariance.self_adjoint_eigen(Side::Lower).ok()?;
            let fixed = (width - first).min(dimensions);
            let kept = Mat::from_fn(width, dimensions, |i, d| match d.checked_sub(fixed) {
                None => eigen.U()[(i, width - 1 - d)],
                Some(d) => varying.U()[(i, width - 1 - d)],
            });
            forward = &forward * &kept;
        }
        Some(Self { mean, forward })
    }

    /// The map as a layer.
    pub fn layer(&self) -> LinearHead {
        let (inputs, outputs) = (self.forward.nrows(), self.forward.ncols());
        let bias = (0..outputs).map(|o| {
            let sum: f64 = (0..inputs)
                .map(|i| self.mean[i] * self.forward[(i, o)])
                .sum();
            -sum as f32
        });
        LinearHead {
            weight: (0..inputs * outputs)
                .map(|at| self.forward[(at / outputs, at % outputs)] as f32)
                .collect(),
            bias: bias.collect(),
        }
    }
}

fn add_outer(matrix: &mut Mat<f64>, vector: &[f64], factor: f64) {
    for (i, a) in vector.iter().enumerate() {
        for (j, b) in vector.iter().enumerate() {
            matrix[(i, j)] += factor * a * b;
        }
    }
}

/// Inverse square root of a positive definite matrix; `None` if it is not one.
fn inverse_root(matrix: &Mat<f64>) -> Option<Mat<f64>> {
    let width = matrix.nrows();
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let mut found = Mat::zeros(width, width);
    for direction in 0..width {
        let value = eigen.S()[direction];
        if value <= 0.0 {
            return None;
        }
        let axis: Vec<f64> = (0..width).map(|i| eigen.U()[(i, direction)]).collect();
        add_outer(&mut found, &axis, 1.0 / value.sqrt());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Two genres that differ in the first of three numbers, which varies least.
    fn example() -> (Rows, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let values = (0..3000_u32).flat_map(|i| {
            let mut wobble = |width: f32| width * (rng.random::<f32>() - 0.5);
            [
                (i % 2) as f32 + wobble(0.4),
                wobble(80.0),
                wobble(50.0) + 2.0,
            ]
        });
        let rows = Rows {
            values: values.collect(),
            width: 3,
        };
        (rows, (0..3000).map(|i| i % 2).collect())
    }

    #[test]
    fn what_tells_genres_apart_comes_to_count_most_and_is_kept() {
        let (rows, labels) = example();
        // The nearest other row is of the same genre more often than before.
        let right = |rows: &Rows| {
            let distance = |a: usize, b: usize| -> f32 {
                let pairs = rows.row(a).iter().zip(rows.row(b));
                pairs.map(|(a, b)| (a - b).powi(2)).sum()
            };
            (0..100)
                .filter(|&a| {
                    let others = (0..3000).filter(|&b| b != a);
                    let nearest = others.min_by(|&b, &c| distance(a, b).total_cmp(&distance(a, c)));
                    nearest.is_some_and(|b| b % 2 == a % 2)
                })
                .count()
        };
        for dimensions in [2, 3] {
            let layer = LdaTransform::fit(&rows, &labels, 2, dimensions).expect("two genres");
            let layer = layer.layer();
            let mapped = Rows {
                values: (0..3000)
                    .flat_map(|at| layer.logits(rows.row(at)))
                    .collect(),
                width: dimensions,
            };
            if dimensions == 3 {
                let (before, after) = (right(&rows), right(&mapped));
                assert!(after > before + 10, "{before} {after}");
            } else {
                // The discriminant direction is the first one.
                let gap = |column: usize| -> f32 {
                    let of = |at: usize| mapped.row(at)[column];
                    (0..3000)
                        .map(|at| if at % 2 == 0 { of(at) } else { -of(at) })
                        .sum::<f32>()
                        .abs()
                };
                assert!(gap(0) > 3.0 * gap(1), "{} {}", gap(0), gap(1));
            }
            let mean: f32 = mapped.values.iter().sum::<f32>() / mapped.values.len() as f32;
            assert!(mean.abs() < 1e-2, "{mean}");
        }
    }

    #[test]
    fn one_genre_gives_no_direction() {
        let (rows, _) = example();
        assert!(LdaTransform::fit(&rows, &[0; 3000], 2, 3).is_none());
    }
}
