//! Unit vectors from the mean, and the exact search among them.

use super::SimilarError;
use super::top::{Best, Neighbour};

/// Accumulators of a dot product in single precision: as many as the widest vector unit has use for, so that the
/// compiler needs no permission to change the order of the sum.
const LANES: usize = 16;
/// Embeddings that differ by less than this in every value are all the same.
const ALIKE: f64 = 1e-6;

/// Embeddings as unit vectors from their mean, `[rows, dimensions]`.
///
/// All embeddings of a model have much in common. So a plain cosine is high for any two songs, and songs near the mean
/// become everybody's neighbours. Measured from the mean the cosine tells songs apart, and such hubs fade (Suzuki et
/// al. 2013, "Centering similarity measures to reduce hubs").
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    dimensions: usize,
    centre: Vec<f32>,
    values: Vec<f32>,
}

impl Directions {
    /// Of embeddings `[rows, dimensions]`, row by row, from their mean. Where all are the same there is no mean to be
    /// told apart from, and they are measured from zero.
    ///
    /// # Errors
    /// If there are none, the rows are not whole, or a value is not finite.
    pub fn of(embeddings: &[f32], dimensions: usize) -> Result<Self, SimilarError> {
        check(embeddings, dimensions)?;
        let rows = embeddings.len() / dimensions;
        let mut centre = vec![0.0_f64; dimensions];
        for row in embeddings.chunks_exact(dimensions) {
            for (c, &v) in centre.iter_mut().zip(row) {
                *c += f64::from(v) / rows as f64;
            }
        }
        let all_alike = embeddings.chunks_exact(dimensions).all(|row| {
            let mut pairs = row.iter().zip(&centre);
            pairs.all(|(v, c)| (f64::from(*v) - c).abs() < ALIKE)
        });
        if all_alike {
            centre.fill(0.0);
        }
        Self::from_centre(embeddings, centre.into_iter().map(|c| c as f32).collect())
    }

    /// Of embeddings `[rows, centre.len()]`, from a known centre.
    ///
    /// # Errors
    /// If there are none, the rows are not whole, or a value is not finite.
    pub fn from_centre(embeddings: &[f32], centre: Vec<f32>) -> Result<Self, SimilarError> {
        let dimensions = centre.len();
        check(embeddings, dimensions)?;
        let mut values = embeddings.to_vec();
        for row in values.chunks_exact_mut(dimensions) {
            point(row, &centre);
        }
        Ok(Self {
            dimensions,
            centre,
            values,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there are no rows; never true.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Length of a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Where the rows are measured from, `[dimensions]`.
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// A row, `[dimensions]`: of length one, or zero for an embedding that is the centre.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// The direction of any embedding `[dimensions]`.
    pub fn direction(&self, embedding: &[f32]) -> Vec<f32> {
        let mut direction = embedding.to_vec();
        point(&mut direction, &self.centre);
        direction
    }

    /// Cosine similarity of two rows, from −1 to 1, in single precision.
    pub fn cosine(&self, a: usize, b: usize) -> f64 {
        f64::from(dot(self.row(a), self.row(b)))
    }

    /// The `k` rows that are most similar to `query`, a direction `[dimensions]`, among those that `admitted` lets
    /// through; most similar first, and of equal ones the lower index. Nothing for a query of another length, or with a
    /// value that is not finite.
    ///
    /// Each row is compared in single precision. Only where that could be among the best so far, within the bound of
    /// its rounding error, is it compared in double precision, and that alone decides: the result is that of comparing
    /// all in double precision. Nothing is allocated per row.
    pub fn nearest(
        &self,
        query: &[f32],
        k: usize,
        admitted: impl Fn(usize) -> bool,
    ) -> Vec<Neighbour> {
        if query.len() != self.dimensions || !query.iter().all(|v| v.is_finite()) {
            return Vec::new();
        }
        let mut best = Best::new(k, self.len());
        let rounding = self.rounding(query);
        let mut bar = best.bar();
        for (index, row) in self.values.chunks_exact(self.dimensions).enumerate() {
            if f64::from(dot(query, row)) >= bar && admitted(index) {
                best.offer(index, exact_dot(query, row));
                bar = best.bar() - rounding;
            }
        }
        best.into_sorted()
    }

    /// How far [`dot`] can be from the exact product of a query and a unit vector: `n·ε·|x|·|y|` (Higham 2002, Accuracy
    /// and Stability of Numerical Algorithms, 3.1), with twice the unit roundoff for ε and some more for the lengths.
    fn rounding(&self, query: &[f32]) -> f64 {
        let length = exact_dot(query, query).sqrt();
        let epsilon = f64::from(f32::EPSILON);
        (self.dimensions + LANES) as f64 * epsilon * length + f64::from(f32::MIN_POSITIVE)
    }
}

fn check(embeddings: &[f32], dimensions: usize) -> Result<(), SimilarError> {
    if embeddings.is_empty() || dimensions == 0 {
        return Err(SimilarError::Empty);
    }
    if !embeddings.len().is_multiple_of(dimensions) {
        return Err(SimilarError::Shape {
            values: embeddings.len(),
            dimensions,
        });
    }
    let wrong = embeddings.iter().position(|v| !v.is_finite());
    wrong.map_or(Ok(()), |at| {
        Err(SimilarError::NotFinite {
            row: at / dimensions,
        })
    })
}

/// Makes an embedding the unit vector from the centre.
pub(crate) fn point(row: &mut [f32], centre: &[f32]) {
    let away = |(v, c): (&f32, &f32)| f64::from(*v) - f64::from(*c);
    let squares = row.iter().zip(centre).map(|pair| away(pair).powi(2));
    let length = squares.sum::<f64>().sqrt();
    // What is the centre itself points nowhere.
    let scale = if length > 0.0 { length.recip() } else { 0.0 };
    for (v, c) in row.iter_mut().zip(centre) {
        *v = (away((v, c)) * scale) as f32;
    }
}

/// Scales a vector to length one; false, and unchanged, if it is hardly longer than nothing.
pub(super) fn normalise(vector: &mut [f32]) -> bool {
    let length = exact_dot(vector, vector).sqrt();
    if length < 1e-6 {
        return false;
    }
    vector
        .iter_mut()
        .for_each(|v| *v = (f64::from(*v) / length) as f32);
    true
}

/// Sum of products in single precision, quickly.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Sum of products in double precision: of two unit vectors their cosine, from −1 to 1.
pub fn exact_dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    // From zero: an empty `sum` is −0, which would be sorted below 0.
    products.fold(0.0, |sum, product| sum + product)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All rows by cosine in double precision, sorted.
    fn reference(directions: &Directions, query: &[f32]) -> Vec<Neighbour> {
        let mut all: Vec<Neighbour> = (0..directions.len())
            .map(|index| {
                let pairs = query.iter().zip(directions.row(index));
                let similarity = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                Neighbour { index, similarity }
            })
            .collect();
        all.sort_by(|a, b| {
            let order = b.similarity.partial_cmp(&a.similarity).unwrap();
            order.then(a.index.cmp(&b.index))
        });
        all
    }

    /// Few values, so that equal rows and equal cosines are common; or values that differ by rounding only.
    fn matrices() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>)> {
        (1_usize..40, 1_usize..60, any::<bool>()).prop_flat_map(|(dimensions, rows, coarse)| {
            let value = if coarse {
                (-2_i8..=2).prop_map(f32::from).boxed()
            } else {
                (-1.0_f32..1.0).prop_map(|v| 1.0 + v * 1e-6).boxed()
            };
            (
                Just(dimensions),
                prop::collection::vec(value.clone(), dimensions * rows),
                prop::collection::vec(value, dimensions),
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_nearest_are_those_of_a_sort_in_double_precision(
            (dimensions, embeddings, query) in matrices(),
            k in 0_usize..70,
            admitted_of_three in 1_usize..=3,
        ) {
            let zero = vec![0.0; dimensions];
            let both = [
                Directions::of(&embeddings, dimensions).unwrap(),
                Directions::from_centre(&embeddings, zero).unwrap(),
            ];
            for directions in both {
                let query = directions.direction(&query);
                let found = directions.nearest(&query, k, |row| row % 3 < admitted_of_three);
                let mut expected = reference(&directions, &query);
                expected.retain(|row| row.index % 3 < admitted_of_three);
                expected.truncate(k);
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn single_precision_is_within_its_bound((dimensions, embeddings, query) in matrices()) {
            let directions = Directions::from_centre(&embeddings, vec![0.0; dimensions]).unwrap();
            for row in 0..directions.len() {
                let row = directions.row(row);
                let error = (f64::from(dot(&query, row)) - exact_dot(&query, row)).abs();
                prop_assert!(error <= directions.rounding(&query));
            }
        }
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        assert_eq!(Directions::of(&[], 2), Err(SimilarError::Empty));
        assert_eq!(Directions::of(&[1.0], 0), Err(SimilarError::Empty));
        let shape = Directions::of(&[1.0, 2.0, 3.0], 2);
        assert!(matches!(shape, Err(SimilarError::Shape { values: 3, .. })));
        let nan = Directions::of(&[1.0, 2.0, 3.0, f32::NAN], 2);
        assert_eq!(nan, Err(SimilarError::NotFinite { row: 1 }));
        let directions = Directions::of(&[1.0, 2.0, 3.0, 5.0], 2).unwrap();
        assert!(directions.nearest(&[1.0], 1, |_| true).is_empty());
        assert!(directions.nearest(&[1.0, f32::NAN], 1, |_| true).is_empty());
    }

    #[test]
    fn rows_that_are_all_alike_are_alike() {
        let directions = Directions::of(&[0.3, 0.4, 0.3, 0.4], 2).unwrap();
        assert!((directions.cosine(0, 1) - 1.0).abs() < 1e-6);
    }
}
