//! The discrete wavelet transform with Daubechies' wavelet of four vanishing moments.

/// Low-pass filter of db4 (Daubechies 1988, Ten Lectures on Wavelets, table 6.1), last tap first as
/// decomposition applies it; to the digits that PyWavelets holds.
const LOW_PASS: [f64; 8] = [
    -0.010_597_401_785_069_032,
    0.032_883_011_666_885_2,
    0.030_841_381_835_560_764,
    -0.187_034_811_719_093_1,
    -0.027_983_769_416_859_854,
    0.630_880_767_929_858_9,
    0.714_846_570_552_915_7,
    0.230_377_813_308_896_5,
];

/// The levels that suit a sound of `samples` samples: 5, or 2 where it is too short to be halved five
/// times (up to 2000 samples).
pub fn dwt_levels(samples: usize) -> usize {
    if samples > 2000 { 5 } else { 2 }
}

/// The db4 wavelet coefficients of a sound, coarsest first: the approximation of the last level, then
/// the details from the last level to the first, `cA5 | cD5 | … | cD1` for five levels.
///
/// The sound is taken as periodic, so that every level halves its number of coefficients; an odd one
/// is first made even by repeating the last sample. Equal to PyWavelets'
/// `wavedec(mode="periodization")`.
pub fn dwt(samples: &[f32], levels: usize) -> Vec<f32> {
    let mut approximation: Vec<f64> = samples.iter().copied().map(f64::from).collect();
    // Details, finest first, each from its last coefficient to its first: reversed at the end.
    let mut reversed: Vec<f64> = Vec::with_capacity(samples.len() + levels);
    for _ in 0..levels {
        let (low, high) = split(&approximation);
        reversed.extend(high.iter().rev());
        approximation = low;
    }
    reversed.extend(approximation.iter().rev());
    reversed.iter().rev().map(|&x| x as f32).collect()
}

/// One level: approximation and detail, each half as long as the signal, rounded up.
fn split(signal: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let taps = LOW_PASS.len();
    let period = signal.len().next_multiple_of(2);
    (0..period / 2)
        .map(|k| {
            let (mut low, mut high) = (0.0, 0.0);
            for (j, weight) in LOW_PASS.iter().enumerate() {
                let at = (2 * k + taps / 2 + taps * period - j) % period;
                let x = signal[at.min(signal.len() - 1)];
                low += weight * x;
                // The high-pass filter is the low-pass one backwards with alternating signs.
                let sign = if j % 2 == 0 { -1.0 } else { 1.0 };
                high += sign * LOW_PASS[taps - 1 - j] * x;
            }
            (low, high)
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_keeps_the_energy_of_a_sound() {
        let samples: Vec<f32> = (0..4096).map(|i| (i as f32 * 0.37).sin()).collect();
        let energy = |x: &[f32]| x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        let coefficients = dwt(&samples, 5);
        assert_eq!(coefficients.len(), samples.len());
        // Orthogonal, so exact but for the coefficients' single precision.
        assert!((energy(&coefficients) / energy(&samples) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn any_length_has_coefficients() {
        assert!(dwt(&[], 5).is_empty());
        for length in 1..20 {
            let constant = vec![1.0; length];
            let coefficients = dwt(&constant, 2);
            assert_eq!(
                coefficients.len(),
                length.div_ceil(2).div_ceil(2) * 2 + length.div_ceil(2)
            );
            // A constant has no detail, and doubles with every two levels.
            assert!((coefficients[0] - 2.0).abs() < 1e-6);
            assert!(
                coefficients[length - length / 2..]
                    .iter()
                    .all(|d| d.abs() < 1e-6)
            );
        }
    }
}
