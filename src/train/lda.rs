//! Turning and stretching the embedding so that what a genre has in common counts for more than what its
//! songs differ in: linear discriminant analysis (Fisher 1936), with the covariance within genres shrunk
//! towards a sphere. The embedding comes from a linear layer, and all heads begin with one, so the change
//! is taken over by their weights: it costs nothing when hearing.

use faer::{Mat, Side};

use super::head::Rows;

/// Share of the mean variance that is added to every direction before whitening.
const SHRINKAGE: f64 = 0.3;
/// How much further than whitened the directions that tell genres apart are stretched.
const STRETCH: f64 = 2.0;

/// An invertible affine map of embeddings: `e ↦ (e − mean) · forward`.
pub struct LdaTransform {
    mean: Vec<f64>,
    forward: Mat<f64>,
    inverse: Mat<f64>,
}

impl LdaTransform {
    /// From embeddings and their genres, `None` where there is none; `None` with fewer than two genres.
    pub fn fit(embeddings: &Rows, labels: &[Option<usize>], genres: usize) -> Option<Self> {
        let width = embeddings.width;
        let row = |at: usize| &embeddings.values[at * width..(at + 1) * width];
        let labelled: Vec<(usize, usize)> = labels
            .iter()
            .enumerate()
            .filter_map(|(at, label)| label.map(|genre| (at, genre)))
            .collect();
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
        let (centre, all) = mean_of(&mut labelled.iter().map(|(at, _)| *at));
        let means: Vec<(Vec<f64>, f64)> = (0..genres)
            .map(|genre| {
                let members = labelled.iter().filter(|(_, g)| *g == genre);
                mean_of(&mut members.map(|(at, _)| *at))
            })
            .collect();
        let present = means.iter().filter(|(_, count)| *count > 0.0).count();
        if present < 2 {
            return None;
        }
        let mut within = Mat::<f64>::zeros(width, width);
        for &(at, genre) in &labelled {
            let difference: Vec<f64> = row(at)
                .iter()
                .zip(&means[genre].0)
                .map(|(v, m)| f64::from(*v) - m)
                .collect();
            add_outer(&mut within, &difference, 1.0 / all);
        }
        let mut between = Mat::<f64>::zeros(width, width);
        for (mean, count) in &means {
            let difference: Vec<f64> = mean.iter().zip(&centre).map(|(a, b)| a - b).collect();
            add_outer(&mut between, &difference, count / all);
        }
        let spread = (0..width).map(|i| within[(i, i)]).sum::<f64>() / width as f64;
        for i in 0..width {
            within[(i, i)] += SHRINKAGE * spread;
        }
        let (whiten, unwhiten) = roots(&within)?;
        let seen = &whiten * &between * &whiten;
        let eigen = seen.self_adjoint_eigen(Side::Lower).ok()?;
        // Eigenvalues rise, so the last directions tell most.
        let tell = width - (present - 1).min(width);
        let mut stretch = Mat::<f64>::identity(width, width);
        let mut shrink = Mat::<f64>::identity(width, width);
        for direction in tell..width {
            let axis: Vec<f64> = (0..width).map(|i| eigen.U()[(i, direction)]).collect();
            add_outer(&mut stretch, &axis, STRETCH);
            add_outer(&mut shrink, &axis, 1.0 / (1.0 + STRETCH) - 1.0);
        }
        Some(Self {
            mean,
            forward: &whiten * &stretch,
            inverse: &shrink * &unwhiten,
        })
    }

    /// The embedding layer with the map taken over: `weight` `[inputs, width]`, `bias` `[width]`.
    pub fn of_embedding_layer(&self, weight: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let centred: Vec<f64> = bias
            .iter()
            .zip(&self.mean)
            .map(|(b, m)| f64::from(*b) - m)
            .collect();
        let weight: Vec<f64> = weight.iter().map(|w| f64::from(*w)).collect();
        (
            self.times(&weight, &self.forward),
            self.times(&centred, &self.forward),
        )
    }

    /// A head after the embedding with the map undone: `weight` `[width, outputs]`, `bias` `[outputs]`.
    pub fn of_head(&self, weight: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (width, outputs) = (self.mean.len(), bias.len());
        let mut found = vec![0.0; width * outputs];
        for i in 0..width {
            for k in 0..width {
                let share = self.inverse[(i, k)];
                for o in 0..outputs {
                    found[i * outputs + o] += share * f64::from(weight[k * outputs + o]);
                }
            }
        }
        let shift = |o: usize| -> f64 {
            (0..width)
                .map(|k| self.mean[k] * f64::from(weight[k * outputs + o]))
                .sum()
        };
        let bias = bias.iter().enumerate();
        (
            found.into_iter().map(|v| v as f32).collect(),
            bias.map(|(o, b)| (f64::from(*b) + shift(o)) as f32)
                .collect(),
        )
    }

    /// Rows of the embedding's width times a matrix.
    fn times(&self, rows: &[f64], matrix: &Mat<f64>) -> Vec<f32> {
        let width = self.mean.len();
        rows.chunks(width)
            .flat_map(|row| {
                (0..width).map(move |o| {
                    let sum: f64 = (0..width).map(|k| row[k] * matrix[(k, o)]).sum();
                    sum as f32
                })
            })
            .collect()
    }

    /// Maps embeddings.
    pub fn apply(&self, embeddings: &Rows) -> Rows {
        let width = self.mean.len();
        let centred: Vec<f64> = embeddings
            .values
            .chunks(width)
            .flat_map(|row| row.iter().zip(&self.mean).map(|(v, m)| f64::from(*v) - m))
            .collect();
        Rows {
            values: self.times(&centred, &self.forward),
            width,
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

/// Inverse square root and square root of a positive definite matrix; `None` if it is not one.
fn roots(matrix: &Mat<f64>) -> Option<(Mat<f64>, Mat<f64>)> {
    let width = matrix.nrows();
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let mut found = (Mat::zeros(width, width), Mat::zeros(width, width));
    for direction in 0..width {
        let value = eigen.S()[direction];
        if value <= 0.0 {
            return None;
        }
        let axis: Vec<f64> = (0..width).map(|i| eigen.U()[(i, direction)]).collect();
        add_outer(&mut found.0, &axis, 1.0 / value.sqrt());
        add_outer(&mut found.1, &axis, value.sqrt());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Two genres that differ in the first of three numbers, which varies least.
    fn example() -> (Rows, Vec<Option<usize>>) {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let values = (0..300_u32).flat_map(|i| {
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
        (
            rows,
            (0..300).map(|i| (i % 3 != 0).then_some(i % 2)).collect(),
        )
    }

    #[test]
    fn what_tells_genres_apart_comes_to_count_most() {
        let (rows, labels) = example();
        let mapped = LdaTransform::fit(&rows, &labels, 2)
            .expect("two genres")
            .apply(&rows);
        let distance = |rows: &Rows, a: usize, b: usize| -> f32 {
            (0..3)
                .map(|i| (rows.values[a * 3 + i] - rows.values[b * 3 + i]).powi(2))
                .sum()
        };
        // The nearest other row is of the same genre more often than before.
        let right = |rows: &Rows| {
            (0..100)
                .filter(|&a| {
                    let others = (0..300).filter(|&b| b != a);
                    let nearest = others
                        .min_by(|&b, &c| distance(rows, a, b).total_cmp(&distance(rows, a, c)));
                    nearest.is_some_and(|b| b % 2 == a % 2)
                })
                .count()
        };
        assert!(
            right(&mapped) > right(&rows),
            "{} {}",
            right(&mapped),
            right(&rows)
        );
    }

    #[test]
    fn layers_that_take_the_map_over_give_the_same_answers() {
        let (rows, labels) = example();
        let transform = LdaTransform::fit(&rows, &labels, 2).expect("two genres");
        let (weight, bias) = ([0.3, -0.2, 0.9, 0.1, 0.4, -0.7], [0.5, -0.25]);
        let (turned, shifted) = transform.of_head(&weight, &bias);
        let answer = |row: &[f32], weight: &[f32], bias: &[f32], o: usize| -> f32 {
            (0..3).map(|k| row[k] * weight[k * 2 + o]).sum::<f32>() + bias[o]
        };
        let mapped = transform.apply(&rows);
        for (before, after) in rows.values.chunks(3).zip(mapped.values.chunks(3)) {
            for o in 0..2 {
                let (a, b) = (
                    answer(before, &weight, &bias, o),
                    answer(after, &turned, &shifted, o),
                );
                // Single precision after a map and its inverse.
                assert!((a - b).abs() < 1e-3 * a.abs().max(1.0), "{a} {b}");
            }
        }
        // An embedding layer that copies its input gives the mapped rows.
        let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let (weight, bias) = transform.of_embedding_layer(&identity, &[0.0; 3]);
        let row = &rows.values[..3];
        for o in 0..3 {
            let found = (0..3).map(|k| row[k] * weight[k * 3 + o]).sum::<f32>() + bias[o];
            assert!((found - mapped.values[o]).abs() < 1e-3);
        }
    }

    #[test]
    fn one_genre_gives_no_direction() {
        let (rows, _) = example();
        assert!(LdaTransform::fit(&rows, &vec![Some(0); 300], 2).is_none());
    }
}
