//! Corruptions of a sound that hardly change a robust model's predictions.

use soundalike_core::audio::{self, Clip};
use soundalike_core::fourier::{InverseRealFft, RealFft};

/// A corruption of the sound before the model, to measure how robust its predictions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Corruption {
    /// Nothing.
    #[default]
    Clean,
    /// A telephone: nothing below 300 Hz and above 3,400 Hz.
    Phone,
    /// A tenth of the amplitude, −20 dB.
    Quiet,
}

impl Corruption {
    /// The corrupted sound.
    pub(super) fn apply(self, clip: Clip) -> Result<Clip, audio::AudioError> {
        match self {
            Self::Clean => Ok(clip),
            Self::Phone => Clip::new(band_pass(&clip, 300.0, 3_400.0), clip.rate()),
            Self::Quiet => {
                let samples = clip.samples().iter().map(|s| s * 0.1).collect();
                Clip::new(samples, clip.rate())
            }
        }
    }
}

/// The sound without what lies below `low` and above `high` Hz: those bins of its spectrum are zeroed.
fn band_pass(clip: &Clip, low: f64, high: f64) -> Vec<f32> {
    let samples = clip.samples();
    // An odd number of samples is transformed with a zero more.
    let length = samples.len().next_multiple_of(2);
    let mut spectrum = RealFft::new(length).process(samples).to_vec();
    let hz_per_bin = f64::from(clip.rate()) / length as f64;
    for (bin, value) in spectrum.iter_mut().enumerate() {
        if !(low..=high).contains(&(bin as f64 * hz_per_bin)) {
            *value = Default::default();
        }
    }
    let mut inverse = InverseRealFft::new(length);
    let filtered = inverse.process(&spectrum).iter();
    filtered
        .map(|s| s / length as f32)
        .take(samples.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_lets_voices_through_and_neither_bass_nor_hiss() {
        let level = |hz: f64| {
            let clip = audio::synth::tone(hz, 1.0, 22_050);
            let out = Corruption::Phone.apply(clip.clone()).expect("a sound");
            let power = |clip: &Clip| clip.samples().iter().map(|s| s * s).sum::<f32>();
            power(&out) / power(&clip)
        };
        assert!(level(1000.0) > 0.95);
        assert!(level(100.0) < 0.05 && level(6000.0) < 0.05);
        let quiet = Corruption::Quiet.apply(audio::synth::tone(440.0, 1.0, 22_050));
        let loud = audio::synth::tone(440.0, 1.0, 22_050).peak();
        assert!((quiet.expect("a sound").peak() - 0.1 * loud).abs() < 1e-4);
    }
}
