//! The little linear algebra that the taste model needs: small symmetric matrices, row by row, in
//! double precision. The browser has no other.

/// Sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `matrix · x` for a matrix `[rows, x.len()]`.
pub fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks(x.len()).map(|row| dot(row, x)).collect()
}

/// A lower triangle `L` with `L·Lᵀ` the matrix that it was made of.
#[derive(Clone, Debug)]
pub struct Cholesky {
    lower: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Of a symmetric matrix `[size, size]`, of which the lower triangle is read; `None` if it is not positive definite.
    pub fn of(mut lower: Vec<f64>, size: usize) -> Option<Self> {
        for i in 0..size {
            for j in 0..=i {
                let (before, row) = lower.split_at(i * size);
                let (known, value) = if i == j {
                    (&row[..j], row[j])
                } else {
                    (&before[j * size..j * size + j], row[j])
                };
                let rest = value - dot(known, &row[..j]);
                lower[i * size + j] = if i == j {
                    if rest.is_nan() || rest <= 0.0 {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower[j * size + j]
                };
            }
        }
        Some(Self { lower, size })
    }

    /// Natural logarithm of the matrix' determinant.
    pub(crate) fn log_determinant(&self) -> f64 {
        (0..self.size)
            .map(|i| 2.0 * self.lower[i * self.size + i].ln())
            .sum()
    }

    /// `L⁻¹ · x`; its squared length is `xᵀ · matrix⁻¹ · x`.
    pub(crate) fn half_solve(&self, x: &[f64]) -> Vec<f64> {
        let mut solved = x.to_vec();
        for i in 0..self.size {
            let row = &self.lower[i * self.size..i * self.size + i];
            let known = dot(row, &solved[..i]);
            solved[i] = (solved[i] - known) / self.lower[i * self.size + i];
        }
        solved
    }

    /// `matrix⁻¹ · x`.
    pub fn solve(&self, x: &[f64]) -> Vec<f64> {
        let mut solved = self.half_solve(x);
        for i in (0..self.size).rev() {
            let below: f64 = (i + 1..self.size)
                .map(|j| self.lower[j * self.size + i] * solved[j])
                .sum();
            solved[i] = (solved[i] - below) / self.lower[i * self.size + i];
        }
        solved
    }

    /// The inverse of the matrix, `[size, size]`.
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverse = Vec::with_capacity(self.size * self.size);
        for i in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[i] = 1.0;
            inverse.extend(self.solve(&unit));
        }
        inverse
    }
}

/// Principal components of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// Mean row, `[dimensions]`.
    pub mean: Vec<f64>,
    /// Variance along each component, greatest first, `[dimensions]`.
    pub variances: Vec<f64>,
    /// The components as rows of length one, `[dimensions, dimensions]`.
    pub components: Vec<Vec<f64>>,
}

impl Pca {
    /// Of `rows` `[rows, dimensions]`, by the eigenvectors of their covariance.
    pub fn of(rows: &[Vec<f64>], dimensions: usize) -> Self {
        let count = rows.len().max(1) as f64;
        let mut mean = vec![0.0; dimensions];
        for row in rows {
            for (m, v) in mean.iter_mut().zip(row) {
                *m += v / count;
            }
        }
        let mut covariance = vec![0.0; dimensions * dimensions];
        for row in rows {
            let away: Vec<f64> = row.iter().zip(&mean).map(|(v, m)| v - m).collect();
            for (sums, a) in covariance.chunks_mut(dimensions.max(1)).zip(&away) {
                for (sum, b) in sums.iter_mut().zip(&away) {
                    *sum += a * b / count;
                }
            }
        }
        let (variances, components) = eigen(covariance, dimensions);
        Self {
            mean,
            variances,
            components,
        }
    }
}

/// Sweeps over all pairs, at most, should rounding keep it from ending.
const SWEEPS: usize = 30;

/// Eigenvalues, greatest first, and eigenvectors as rows, of a symmetric matrix `[size, size]`, by
/// Jacobi's rotations (Golub and Van Loan, Matrix Computations, 8.5). The sign of a vector is that
/// which makes its greatest component positive.
pub fn eigen(mut matrix: Vec<f64>, size: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = size;
    // Rows that become the vectors.
    let mut vectors = vec![0.0; n * n];
    for i in 0..n {
        vectors[i * n + i] = 1.0;
    }
    let whole: f64 = matrix.iter().map(|v| v * v).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| matrix[i * n + j] * matrix[i * n + j])
            .sum();
        if off <= 1e-22 * whole {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = matrix[p * n + q];
                if apq.abs() < 1e-300 {
                    continue;
                }
                let theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (a, b) = (matrix[k * n + p], matrix[k * n + q]);
                    matrix[k * n + p] = c * a - s * b;
                    matrix[k * n + q] = s * a + c * b;
                }
                rotate(&mut matrix, n, (p, q), (c, s));
                rotate(&mut vectors, n, (p, q), (c, s));
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| matrix[b * n + b].total_cmp(&matrix[a * n + a]));
    let values = order.iter().map(|&i| matrix[i * n + i]).collect();
    let rows = order.iter().map(|&i| {
        let row = &vectors[i * n..(i + 1) * n];
        let greatest = row
            .iter()
            .fold(0.0_f64, |g, &v| if v.abs() > g.abs() { v } else { g });
        row.iter().map(|v| v * greatest.signum()).collect()
    });
    (values, rows.collect())
}

/// Turns rows `p` and `q`.
fn rotate(matrix: &mut [f64], n: usize, (p, q): (usize, usize), (c, s): (f64, f64)) {
    for k in 0..n {
        let (a, b) = (matrix[p * n + k], matrix[q * n + k]);
        matrix[p * n + k] = c * a - s * b;
        matrix[q * n + k] = s * a + c * b;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MATRIX: [f64; 9] = [4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0];

    #[test]
    fn solving_undoes_multiplying() {
        let x = [1.0, -2.0, 0.5];
        let cholesky = Cholesky::of(MATRIX.to_vec(), 3).unwrap();
        let b = times(&MATRIX, &x);
        for (solved, x) in cholesky.solve(&b).iter().zip(x) {
            assert!((solved - x).abs() < 1e-12);
        }
        let back = times(&cholesky.inverse(), &b);
        assert!((back[1] + 2.0).abs() < 1e-12);
        let half = cholesky.half_solve(&b);
        assert!((dot(&half, &half) - dot(&b, &x)).abs() < 1e-12);
        assert!(Cholesky::of(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
    }

    #[test]
    fn eigenvectors_are_only_stretched() {
        let (values, vectors) = eigen(MATRIX.to_vec(), 3);
        assert!(values[0] > values[1] && values[1] > values[2]);
        let log_determinant: f64 = values.iter().map(|v| v.ln()).sum();
        let cholesky = Cholesky::of(MATRIX.to_vec(), 3).unwrap();
        assert!((cholesky.log_determinant() - log_determinant).abs() < 1e-12);
        for (value, vector) in values.iter().zip(&vectors) {
            for (stretched, v) in times(&MATRIX, vector).iter().zip(vector) {
                assert!((stretched - value * v).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn components_are_those_of_the_largest_variances() {
        // Two axes turned by 30 degrees with variances 4 and 1, a third that never changes.
        let (c, s) = (3.0_f64.sqrt() / 2.0, 0.5);
        let rows: Vec<Vec<f64>> = [(2.0, 1.0), (2.0, -1.0), (-2.0, 1.0), (-2.0, -1.0)]
            .iter()
            .map(|(a, b)| vec![a * c - b * s + 5.0, a * s + b * c, 7.0])
            .collect();
        let pca = Pca::of(&rows, 3);
        for (found, expected) in pca.variances.iter().zip([4.0, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        for (found, expected) in pca.mean.iter().zip([5.0, 0.0, 7.0]) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert!((pca.components[0][0] - c).abs() < 1e-9);
        assert!((pca.components[0][1] - s).abs() < 1e-9);
    }
}
