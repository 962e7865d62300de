//! A sound in 57 numbers, those of the GTZAN feature table.

use super::{FrontEnd, chroma, frame_features, hpss, mfcc, tempo, tuning};

/// Number of MFCCs among the descriptors.
const COEFFICIENTS: usize = 20;

/// What the mean and the variance are taken of, before tempo and MFCCs.
const SERIES: [&str; 8] = [
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
];

/// The names of [`descriptors`], `[57]`: the columns of the GTZAN feature table in their order.
pub fn descriptor_names() -> Vec<String> {
    let moments = |name: String| [format!("{name}_mean"), format!("{name}_var")];
    let mut names: Vec<String> = SERIES
        .into_iter()
        .map(str::to_owned)
        .flat_map(moments)
        .collect();
    names.push("tempo".to_owned());
    names.extend(
        (1..=COEFFICIENTS)
            .map(|k| format!("mfcc{k}"))
            .flat_map(moments),
    );
    names
}

/// The 57 descriptors of mono samples: mean and variance, over all frames (and classes), of chroma in
/// the sound's own tuning; of root mean square, spectral centroid (Hz), bandwidth (Hz), rolloff (Hz)
/// and zero-crossing rate; over all samples, of the harmonic and of the percussive part; tempo in
/// beats per minute; and mean and variance over all frames of each of 20 MFCCs. All are finite.
pub fn descriptors(front_end: &FrontEnd, samples: &[f32]) -> Vec<f32> {
    let magnitude = front_end.stft_magnitude(samples);
    let log_mel = front_end.decibels(front_end.mel_power_of(&magnitude));
    let chroma = chroma(front_end, &magnitude, tuning(front_end, &magnitude));
    let frames = frame_features(front_end, samples, &magnitude);
    let parts = hpss(front_end, samples, &magnitude);
    let cepstrum = mfcc(&log_mel, COEFFICIENTS);

    let mut numbers = Vec::with_capacity(descriptor_names().len());
    numbers.extend(moments(&chroma.values));
    numbers.extend(frames.values.chunks(frames.frames).flat_map(moments));
    numbers.extend(moments(&parts.harmonic));
    numbers.extend(moments(&parts.percussive));
    numbers.push(tempo(front_end, &log_mel));
    numbers.extend(cepstrum.values.chunks(cepstrum.frames).flat_map(moments));
    numbers.into_iter().map(|x| x as f32).collect()
}

/// Mean and variance; zeros of nothing.
fn moments(values: &[f32]) -> [f64; 2] {
    let count = values.len().max(1) as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let deviations = values.iter().map(|&x| (f64::from(x) - mean).powi(2));
    [mean, deviations.sum::<f64>() / count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_the_least_of_sounds_has_finite_descriptors() {
        let front_end = FrontEnd::default();
        let names = descriptor_names();
        assert_eq!(names.len(), 57);
        for samples in [
            vec![],
            vec![0.5],
            vec![0.0; 5000],
            vec![1.0; 3000],
            vec![-1e-20; 700],
            vec![1e9, -1e9],
        ] {
            let numbers = descriptors(&front_end, &samples);
            assert_eq!(numbers.len(), names.len());
            for (name, number) in names.iter().zip(numbers) {
                assert!(number.is_finite(), "{name} of {} samples", samples.len());
            }
        }
    }
}
