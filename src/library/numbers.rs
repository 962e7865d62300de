//! Lists of numbers as bytes: half precision, little-endian.

use half::f16;

/// The bytes of a list; two for each number.
pub(crate) fn to_bytes(values: &[f32]) -> Vec<u8> {
    let halves = values.iter().map(|&value| f16::from_f32(value));
    halves.flat_map(f16::to_le_bytes).collect()
}

/// Appends the `length` numbers of [`to_bytes`]; false, and nothing, if there are more or fewer, or one is
/// not finite.
pub(crate) fn push_from_bytes(bytes: &[u8], length: usize, values: &mut Vec<f32>) -> bool {
    let before = values.len();
    if bytes.len() != 2 * length {
        return false;
    }
    let halves = bytes.chunks_exact(2);
    values.extend(halves.map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32()));
    if values[before..].iter().all(|value| value.is_finite()) {
        return true;
    }
    values.truncate(before);
    false
}

/// Whether all numbers are finite and stay so in half precision.
pub(crate) fn can_be_kept(values: &[f32]) -> bool {
    values.iter().all(|&value| f16::from_f32(value).is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_in_half_precision() {
        let values = [0.0, -1.5, 0.1, 1234.5, 6e-5];
        let mut read = vec![7.0];
        assert!(push_from_bytes(&to_bytes(&values), values.len(), &mut read));
        for (a, b) in read[1..].iter().zip(values) {
            // Half precision keeps eleven bits.
            assert!((a - b).abs() <= b.abs() / 2048.0, "{a} {b}");
        }
    }

    #[test]
    fn what_is_not_finite_or_of_another_length_is_refused() {
        let mut read = vec![7.0];
        for values in [[1.0, f32::NAN], [f32::INFINITY, 1.0], [1e6, 0.0]] {
            assert!(!can_be_kept(&values));
            assert!(!push_from_bytes(&to_bytes(&values), 2, &mut read));
        }
        assert!(!push_from_bytes(&to_bytes(&[1.0, 2.0]), 3, &mut read));
        assert_eq!(read, [7.0]);
    }
}
