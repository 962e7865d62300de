//! Mono sound in memory.

use super::error::AudioError;
use super::limits::{MAX_CHANNELS, MAX_RATE, MIN_RATE};
use super::resample::resample;

/// Peak below which a clip counts as silent: 10^(-70/20), which is -70 dBFS or 10.4 steps of
/// 16-bit sound.
///
/// Silence is not always zeros. Plain dither of 16 bits moves by one step (-90 dBFS),
/// noise-shaped dither by several (about -76 dBFS), and the smallest code of A-law, which has no
/// zero, is eight steps (-72 dBFS). Music is far above: even a quiet song peaks over -40 dBFS.
pub const SILENCE_PEAK: f32 = 3.162_277_6e-4;

/// Mono sound: at least one sample, all finite, at a rate of 8 000 to 192 000 Hz.
///
/// Full scale is ±1; louder samples, as lossy decoders make them, are kept.
///
/// # Examples
/// ```
/// use soundalike_core::audio::Clip;
///
/// let left = vec![0.5; 44_100];
/// let right = vec![0.0; 44_100];
/// let clip = Clip::from_channels(&[&left, &right], 44_100)?;
/// assert_eq!(clip.samples()[0], 0.25);
/// assert_eq!(clip.resampled(16_000)?.samples().len(), 16_000);
///
/// assert!(Clip::new(vec![f32::NAN], 44_100).is_err());
/// # Ok::<(), soundalike_core::audio::AudioError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    samples: Vec<f32>,
    rate: u32,
}

/// Largest sample that is taken, times full scale: powers of much larger ones overflow.
const LOUDEST: f32 = 1e6;

/// Whether every sample is finite and less than `limit` in size.
pub(super) fn all_below(samples: &[f32], limit: f32) -> bool {
    // Without a branch in each chunk, so that it is done on vectors.
    let chunk = |chunk: &[f32]| chunk.iter().fold(true, |ok, s| ok & (s.abs() < limit));
    samples.chunks(256).all(chunk)
}

impl Clip {
    /// Takes mono `samples` at `rate` Hz.
    ///
    /// # Errors
    /// [`AudioError::Rate`] outside 8 000..=192 000 Hz, [`AudioError::EmptySound`] without
    /// samples, [`AudioError::NonFinite`] if a sample is NaN or infinite, [`AudioError::TooLoud`] if
    /// one is beyond a million times full scale.
    pub fn new(samples: Vec<f32>, rate: u32) -> Result<Self, AudioError> {
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(AudioError::Rate(rate));
        }
        if samples.is_empty() {
            return Err(AudioError::EmptySound);
        }
        if !all_below(&samples, LOUDEST.next_up()) {
            return Err(if samples.iter().all(|sample| sample.is_finite()) {
                AudioError::TooLoud
            } else {
                AudioError::NonFinite
            });
        }
        Ok(Self { samples, rate })
    }

    /// Takes samples known to be finite and at least one, at a rate within range.
    pub(super) fn trusted(samples: Vec<f32>, rate: u32) -> Self {
        Self { samples, rate }
    }

    /// Mixes 1 to 8 `channels` of equal length at `rate` Hz to their mean.
    ///
    /// # Errors
    /// [`AudioError::Channels`], [`AudioError::UnequalChannels`], and those of [`Clip::new`].
    pub fn from_channels(channels: &[&[f32]], rate: u32) -> Result<Self, AudioError> {
        let (first, others) = match channels {
            [first, others @ ..] if channels.len() <= MAX_CHANNELS => (first, others),
            _ => return Err(AudioError::Channels(channels.len())),
        };
        if others.iter().any(|channel| channel.len() != first.len()) {
            return Err(AudioError::UnequalChannels);
        }
        let mut mix = first.to_vec();
        for channel in others {
            for (sum, sample) in mix.iter_mut().zip(*channel) {
                *sum += sample;
            }
        }
        if !others.is_empty() {
            let count = channels.len() as f32;
            for sum in &mut mix {
                *sum /= count;
            }
        }
        Self::new(mix, rate)
    }

    /// The samples, full scale ±1; never empty.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Samples per second, 8 000..=192 000 Hz.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Duration in seconds, above 0.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// Largest absolute sample, 1 at full scale.
    #[must_use]
    pub fn peak(&self) -> f32 {
        self.samples
            .iter()
            .fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    /// Whether nothing is to be heard: the peak is below [`SILENCE_PEAK`], -70 dBFS.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.peak() < SILENCE_PEAK
    }

    /// The same sound at another `rate` in Hz; see [`resample`].
    ///
    /// # Errors
    /// [`AudioError::Rate`] outside 8 000..=192 000 Hz; [`AudioError::NonFinite`] for samples so
    /// large that filtering overflows.
    pub fn resampled(&self, rate: u32) -> Result<Self, AudioError> {
        Self::new(resample(&self.samples, self.rate, rate)?, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_sound() {
        assert_eq!(Clip::new(vec![], 44_100), Err(AudioError::EmptySound));
        assert_eq!(
            Clip::new(vec![f32::NAN], 44_100),
            Err(AudioError::NonFinite)
        );
        assert_eq!(
            Clip::new(vec![f32::INFINITY], 44_100),
            Err(AudioError::NonFinite)
        );
        assert_eq!(Clip::new(vec![0.0], 7_999), Err(AudioError::Rate(7_999)));
        assert_eq!(
            Clip::new(vec![0.0], 192_001),
            Err(AudioError::Rate(192_001))
        );
        assert!(Clip::new(vec![0.0], 8_000).is_ok());
        assert!(Clip::new(vec![0.0], 192_000).is_ok());
    }

    #[test]
    fn mixes_channels_to_their_mean() -> Result<(), AudioError> {
        let clip = Clip::from_channels(&[&[1.0, 0.0], &[0.0, -0.5], &[-0.25, 0.5]], 8_000)?;
        assert_eq!(clip.samples(), [0.25, 0.0]);
        assert_eq!(
            Clip::from_channels(&[], 8_000),
            Err(AudioError::Channels(0))
        );
        let nine: [&[f32]; 9] = [&[0.0]; 9];
        assert_eq!(
            Clip::from_channels(&nine, 8_000),
            Err(AudioError::Channels(9))
        );
        assert_eq!(
            Clip::from_channels(&[&[0.0], &[0.0, 0.0]], 8_000),
            Err(AudioError::UnequalChannels)
        );
        Ok(())
    }

    #[test]
    fn dither_and_the_idle_codes_of_telephony_are_silent_and_a_quiet_song_is_not() {
        let silent = |peak: f32| Clip::new(vec![peak, -peak], 8_000).is_ok_and(|c| c.is_silent());
        assert!(silent(0.0));
        assert!(silent(2.0 / 32_768.0)); // 16-bit dither
        assert!(silent(8.0 / 32_768.0)); // A-law's smallest code
        assert!(!silent(0.01)); // -40 dBFS
        assert!(!silent(0.001)); // -60 dBFS
    }

    #[test]
    fn knows_its_length_and_peak() -> Result<(), AudioError> {
        let clip = Clip::new(vec![0.25, -0.75, 0.5, 0.0], 8_000)?;
        assert_eq!(clip.seconds(), 0.0005);
        assert_eq!(clip.peak(), 0.75);
        assert_eq!(clip.rate(), 8_000);
        Ok(())
    }
}
