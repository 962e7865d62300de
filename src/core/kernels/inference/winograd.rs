//! Minimal filtering (Winograd 1980; for networks Lavin and Gray 2016): a few consecutive outputs of a filter
//! from fewer products than outputs times taps.
//!
//! Four outputs of a filter with `r` taps, `y[i] = Σ_k g[k] · d[i + k]`, take `r + 3` products instead of `4 r`: as
//! many as there are points at which the polynomials with the coefficients `g` and `d` are multiplied (Toom and
//! Cook), `y = Aᵀ [(G g) ⊙ (Bᵀ d)]`. The filter's side `G g` is taken once, when a model is loaded; the signal's side
//! `Bᵀ d` once for all filters.

/// Outputs that are computed together.
pub const OUTPUTS: usize = 4;

/// The matrices of four outputs of a filter with `POINTS − 3` taps. The points are, in order: zero if their
/// number is even, pairs `a, −a`, and infinity.
#[derive(Clone, Debug)]
pub struct MinimalFilter<const POINTS: usize> {
    /// The positive one of each pair; the rest is not used.
    pub pairs: [f32; POINTS],
    /// `Bᵀ`, `[points, points]`.
    pub signal: [[f32; POINTS]; POINTS],
    /// `G`, `[points, taps]`, the taps filled up with zeros.
    filter: [[f64; POINTS]; POINTS],
}

impl MinimalFilter<10> {
    /// Seven taps. Of the sets tried (2, 1/2 and 3/4, 3, 4, 1/4 or 3/2), these points round least: 2 · 10⁻⁶ of the
    /// outputs in single precision.
    pub fn seven() -> Self {
        Self::new(&[1.0, 0.5, 2.0, 1.5])
    }
}

impl MinimalFilter<7> {
    /// Four taps.
    pub fn four() -> Self {
        Self::new(&[1.0, 0.5, 2.0])
    }
}

impl<const POINTS: usize> MinimalFilter<POINTS> {
    /// Number of taps.
    pub const TAPS: usize = POINTS + 1 - OUTPUTS;
    /// Whether zero is a point.
    pub const ZERO: bool = POINTS.is_multiple_of(2);
    /// Number of pairs.
    pub const PAIRS: usize = (POINTS - 1) / 2;

    fn new(pairs: &[f64]) -> Self {
        let zero = Self::ZERO.then_some(0.0).into_iter();
        let finite = zero.chain(pairs.iter().flat_map(|&a| [a, -a]));
        let finite: Vec<f64> = finite.collect();
        // Of a polynomial with so many coefficients its values at the points; at infinity the last coefficient.
        let values = |coefficients: usize| {
            let mut rows = [[0.0; POINTS]; POINTS];
            for (row, point) in rows.iter_mut().zip(&finite) {
                let mut power = 1.0;
                for value in row.iter_mut().take(coefficients) {
                    *value = power;
                    power *= point;
                }
            }
            rows[POINTS - 1][coefficients - 1] = 1.0;
            rows
        };
        let inverse = inverse(values(POINTS));
        let mut found = Self {
            pairs: [0.0; POINTS],
            signal: [[0.0; POINTS]; POINTS],
            filter: values(Self::TAPS),
        };
        for (to, &pair) in found.pairs.iter_mut().zip(pairs) {
            *to = pair as f32;
        }
        for (i, row) in found.signal.iter_mut().enumerate() {
            for (value, column) in row.iter_mut().zip(&inverse) {
                *value = column[i] as f32;
            }
        }
        found
    }

    /// `G g`: what a filter with up to as many taps is at each point.
    pub fn filter(&self, taps: &[f32]) -> [f32; POINTS] {
        self.filter.map(|row| {
            let products = row.iter().zip(taps).map(|(a, &b)| a * f64::from(b));
            products.sum::<f64>() as f32
        })
    }
}

/// The inverse of a matrix, by Gauss and Jordan with the largest pivot.
fn inverse<const N: usize>(mut left: [[f64; N]; N]) -> [[f64; N]; N] {
    let mut right = [[0.0; N]; N];
    for (at, row) in right.iter_mut().enumerate() {
        row[at] = 1.0;
    }
    for column in 0..N {
        let size = |row: &usize| left[*row][column].abs();
        let pivot = (column..N).max_by(|a, b| size(a).total_cmp(&size(b)));
        let pivot = pivot.unwrap_or(column);
        left.swap(column, pivot);
        right.swap(column, pivot);
        let scale = 1.0 / left[column][column];
        for rows in [&mut left, &mut right] {
            rows[column].iter_mut().for_each(|value| *value *= scale);
        }
        for row in (0..N).filter(|&row| row != column) {
            let factor = left[row][column];
            for rows in [&mut left, &mut right] {
                let pivot = rows[column];
                for (value, pivot) in rows[row].iter_mut().zip(pivot) {
                    *value -= factor * pivot;
                }
            }
        }
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_a_filter<const POINTS: usize>(minimal: &MinimalFilter<POINTS>) {
        let taps: Vec<f32> = (0..MinimalFilter::<POINTS>::TAPS)
            .map(|k| (k as f32 * 1.7).sin())
            .collect();
        let signal: [f32; POINTS] = std::array::from_fn(|k| (k as f32 * 0.9).cos());
        let filter = minimal.filter(&taps);
        let products: [f32; POINTS] = std::array::from_fn(|point| {
            let row = minimal.signal[point].iter().zip(&signal);
            filter[point] * row.map(|(a, b)| a * b).sum::<f32>()
        });
        let zero = usize::from(MinimalFilter::<POINTS>::ZERO);
        for output in 0..OUTPUTS {
            let mut found = 0.0;
            for (point, product) in products.iter().enumerate() {
                found += product
                    * match point.checked_sub(zero) {
                        _ if point + 1 == POINTS => f32::from(u8::from(output + 1 == OUTPUTS)),
                        None => f32::from(u8::from(output == 0)),
                        Some(at) if at.is_multiple_of(2) => {
                            minimal.pairs[at / 2].powi(output as i32)
                        }
                        Some(at) => (-minimal.pairs[at / 2]).powi(output as i32),
                    };
            }
            let expected = taps.iter().zip(&signal[output..]).map(|(a, b)| a * b);
            let expected: f32 = expected.sum();
            // Single precision: the sums are of numbers up to some twenty.
            assert!((found - expected).abs() < 2e-5, "{found} {expected}");
        }
    }

    #[test]
    fn four_outputs_are_those_of_the_filter() {
        is_a_filter(&MinimalFilter::seven());
        is_a_filter(&MinimalFilter::four());
    }
}
