//! Sums that a processor computes on vectors.

/// The sum of what `of` makes of each value, in double precision. Several sums run beside each other, so that none
/// waits for the one before.
pub(crate) fn sum(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += of(f64::from(*value));
        }
    }
    let rest = rest.iter().map(|value| of(f64::from(*value)));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn every_value_counts_once_whatever_their_number() {
        for count in 0..40 {
            let values: Vec<f32> = (0..count).map(|n| n as f32 + 1.0).collect();
            let squares: usize = (1..=count).map(|n| n * n).sum();
            assert_eq!(sum(&values, |v| v * v), squares as f64);
        }
    }
}
