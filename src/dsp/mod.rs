//! From samples to pictures of sound: short-time Fourier transform, mel bands, decibels, and from
//! those to features that describe it: pitch classes, brightness, rhythm, wavelets.
//!
//! Pure functions of numbers, equal to librosa's within the tolerances of `tests/golden.rs`.
//! [`FrontEnd`] holds the one set of parameters; it is stored in every model and catalogue, and a
//! file made with other parameters is refused rather than heard wrongly.

mod chroma;
mod descriptors;
mod hpss;
mod mel;
mod mfcc;
mod segment;
mod spectral;
mod stft;
mod stream;
mod tempo;
mod wavelet;

pub use chroma::{chroma, tuning};
pub use descriptors::{descriptor_names, descriptors};
pub use hpss::{Parts, hpss};
pub use mel::{MelFilterBank, hz_from_mel, mel_from_hz};
pub use mfcc::mfcc;
pub use segment::{Segments, segment_starts, window_starts};
pub use spectral::frame_features;
pub use stft::{Stft, hann_periodic};
pub use stream::MelStream;
pub use tempo::{onset_strength, tempo};
pub use wavelet::{dwt, dwt_levels};

use serde::{Deserialize, Serialize};

/// A matrix of `bands` rows (lowest frequency first) and `frames` columns (earliest first), stored
/// row by row: the value of band `b` at frame `t` is `values[b * frames + t]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// Number of rows: frequency bins, mel bands or coefficients.
    pub bands: usize,
    /// Number of columns: analysis frames, one every hop.
    pub frames: usize,
    /// `bands * frames` values, row by row.
    pub values: Vec<f32>,
}

impl Spectrogram {
    /// A matrix of zeros.
    pub fn zeros(bands: usize, frames: usize) -> Self {
        Self {
            bands,
            frames,
            values: vec![0.0; bands * frames],
        }
    }

    /// The frames of one band, earliest first.
    pub fn band(&self, band: usize) -> &[f32] {
        &self.values[band * self.frames..(band + 1) * self.frames]
    }

    /// The bands of one frame, lowest first.
    pub fn column(&self, frame: usize) -> impl Iterator<Item = f32> {
        let from_there = self.values.iter().skip(frame);
        from_there.step_by(self.frames.max(1)).copied()
    }
}

/// The parameters of the log-mel front end. [`FrontEnd::default`] is what ships.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontEnd {
    /// Sample rate in Hz that the sound is resampled to first.
    pub sample_rate: u32,
    /// Length of the Fourier transform and of its periodic Hann window, in samples.
    pub n_fft: usize,
    /// Hop length: samples from one frame to the next. Frames are centred, the edges zero-padded.
    pub hop_length: usize,
    /// Number of mel bands (Slaney's scale, Slaney's area normalisation).
    pub mel_bands: usize,
    /// Lower edge of the lowest band in Hz.
    pub f_min: f32,
    /// Upper edge of the highest band in Hz.
    pub f_max: f32,
    /// Smallest power before the logarithm: the decibel floor is `10·log10(power_floor)`.
    pub power_floor: f32,
    /// Frames of one segment, the unit that the model hears.
    pub segment_frames: usize,
}

/// Decibels below the loudest that a picture of sound shows.
const PICTURE_RANGE_DB: f32 = 80.0;

/// How dark a level is in a picture of sound: 255 at the loudest, 0 from 80 dB below it on.
pub fn ink(db: f32, loudest_db: f32) -> u8 {
    let share = 1.0 + (db - loudest_db) / PICTURE_RANGE_DB;
    (255.0 * share.clamp(0.0, 1.0)).round() as u8
}

impl Default for FrontEnd {
    fn default() -> Self {
        Self {
            sample_rate: 22_050,
            n_fft: 2048,
            hop_length: 512,
            mel_bands: 128,
            f_min: 0.0,
            f_max: 11_025.0,
            power_floor: 1e-10,
            segment_frames: 128,
        }
    }
}

impl FrontEnd {
    /// Frames of a sound of `samples` samples: one centred on every hop, the first on sample 0.
    pub fn frame_count(&self, samples: usize) -> usize {
        1 + samples / self.hop_length
    }

    /// Seconds from one frame to the next.
    pub fn frame_seconds(&self) -> f64 {
        self.hop_length as f64 / f64::from(self.sample_rate)
    }

    /// Length of one segment in seconds.
    pub fn segment_seconds(&self) -> f64 {
        (self.segment_frames * self.hop_length) as f64 / f64::from(self.sample_rate)
    }

    /// The decibel value of silence.
    pub fn floor_db(&self) -> f32 {
        10.0 * self.power_floor.log10()
    }

    /// Mel power spectrogram `[mel_bands, frames]` of mono samples at [`Self::sample_rate`].
    pub fn mel_power(&self, samples: &[f32]) -> Spectrogram {
        let bank = MelFilterBank::new(self);
        let mut stft = Stft::new(self.n_fft, self.hop_length);
        let mut mel = Spectrogram::zeros(self.mel_bands, self.frame_count(samples.len()));
        let frames = mel.frames;
        let mut power = vec![0.0_f32; self.n_fft / 2 + 1];
        let mut column = vec![0.0_f32; self.mel_bands];
        stft.for_each_frame(samples, |frame, spectrum| {
            for (p, bin) in power.iter_mut().zip(spectrum) {
                *p = bin.norm_sqr() as f32;
            }
            bank.apply(&power, &mut column);
            for (band, &value) in column.iter().enumerate() {
                mel.values[band * frames + frame] = value;
            }
        });
        mel
    }

    /// The same from a [magnitude spectrogram](Self::stft_magnitude).
    pub fn mel_power_of(&self, magnitude: &Spectrogram) -> Spectrogram {
        let bank = MelFilterBank::new(self);
        let mut mel = Spectrogram::zeros(self.mel_bands, magnitude.frames);
        let mut column = vec![0.0_f32; self.mel_bands];
        for frame in 0..magnitude.frames {
            let power: Vec<f32> = magnitude.column(frame).map(|m| m * m).collect();
            bank.apply(&power, &mut column);
            for (row, &value) in mel.values.chunks_mut(magnitude.frames).zip(&column) {
                row[frame] = value;
            }
        }
        mel
    }

    /// Log-mel spectrogram `[mel_bands, frames]` in dB re 1: `10·log10(max(power, power_floor))`.
    pub fn log_mel(&self, samples: &[f32]) -> Spectrogram {
        self.decibels(self.mel_power(samples))
    }

    /// Powers in dB re 1, as [`Self::log_mel`] has them.
    pub fn decibels(&self, mut power: Spectrogram) -> Spectrogram {
        for value in &mut power.values {
            *value = self.decibel(*value);
        }
        power
    }

    /// One power in dB re 1: `10·log10(max(power, power_floor))`.
    pub fn decibel(&self, power: f32) -> f32 {
        10.0 * power.max(self.power_floor).log10()
    }

    /// Magnitude spectrogram `[n_fft / 2 + 1, frames]`.
    pub fn stft_magnitude(&self, samples: &[f32]) -> Spectrogram {
        let mut magnitude = Spectrogram::zeros(self.n_fft / 2 + 1, self.frame_count(samples.len()));
        let frames = magnitude.frames;
        Stft::new(self.n_fft, self.hop_length).for_each_frame(samples, |frame, spectrum| {
            for (bin, value) in spectrum.iter().enumerate() {
                magnitude.values[bin * frames + frame] = value.norm() as f32;
            }
        });
        magnitude
    }
}
