//! A logarithm that the compiler computes on vectors.

use std::f32::consts::{LOG10_2, LOG10_E};

/// Coefficients of `ln(1 + x) ≈ x − x²/2 + x³ · Σ cₖ xᵏ` from √½ − 1 to √2 − 1, the last first (`logf` of the Cephes
/// library, Moshier 1989).
const SERIES: [f32; 9] = [
    7.037_683_6e-2,
    -1.151_461e-1,
    1.167_699_9e-1,
    -1.242_014_1e-1,
    1.424_932_3e-1,
    -1.666_805_8e-1,
    2.000_071_4e-1,
    -2.499_999_4e-1,
    3.333_333e-1,
];

/// Bits of √½.
const ROOT_OF_HALF: u32 = 0x3f35_04f3;

/// The decimal logarithm of a positive normal number, to three units in the last place; of any other number it means
/// nothing.
#[inline(always)]
pub(super) fn log10(value: f32) -> f32 {
    debug_assert!(value.is_normal() && value > 0.0);
    // value = 2^exponent · (1 + x), where 1 + x is between √½ and √2.
    let exponent = value.to_bits().wrapping_sub(ROOT_OF_HALF) as i32 >> 23;
    let x = f32::from_bits(value.to_bits().wrapping_sub((exponent << 23) as u32)) - 1.0;
    let square = x * x;
    let series = SERIES.iter().fold(0.0, |sum, c| sum * x + c);
    let natural = x + (series * x * square - 0.5 * square);
    natural * LOG10_E + exponent as f32 * LOG10_2
}

#[cfg(test)]
mod tests {
    use super::log10;

    #[test]
    fn it_is_the_logarithm_to_three_units_in_the_last_place() {
        let values = (0..400_000).map(|n| (n as f32 * 2e-4).exp2() * 1.000_000_1);
        let near_one = (0..1_000).map(|n| 1.0 + n as f32 * f32::EPSILON);
        for value in values.chain(near_one) {
            let exact = f64::from(value).log10();
            let unit = f64::from((exact as f32).max(f32::MIN_POSITIVE).next_up()) - exact;
            let error = (f64::from(log10(value)) - exact).abs();
            // Half a unit is rounded away already by the nearest number.
            assert!(error <= 3.0 * unit.max(exact * 6e-8), "{value}: {error}");
        }
        assert_eq!(log10(1.0), 0.0);
        assert_eq!(log10(10.0), 1.0);
    }
}
