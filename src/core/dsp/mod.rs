//! From samples to pictures of sound: short-time Fourier transform, mel bands, decibels, and from
//! those to features that describe it: pitch classes, brightness, rhythm, wavelets.
//!
//! Pure functions of numbers, equal to librosa's within the tolerances of `tests/golden.rs`.
//! [`FrontEnd`] holds a set of parameters; it is stored in every model and catalogue, and a file made
//! with parameters that this program does not know is rejected rather than misread.

mod beat;
mod chroma;
mod descriptors;
mod hpss;
mod key;
mod level;
mod logarithm;
mod mel;
mod mfcc;
mod segment;
mod spectral;
mod stft;
mod stream;
mod tempo;
mod tempo_and_key;
mod wavelet;

pub use beat::TempoEstimate;
pub use chroma::{chroma, tuning};
pub use descriptors::{descriptor_names, descriptors};
pub use hpss::{Parts, hpss};
pub use key::{Key, KeyEstimate, KeyProfiles, KeyRelation, Mode, NotAKey};
pub use level::{Level, RunningLevel};
pub use mel::{MelFilterBank, hz_from_mel, mel_from_hz};
pub use mfcc::mfcc;
pub use segment::{Segments, segment_starts, window_starts};
pub use spectral::frame_features;
pub use stft::{Stft, hann_periodic};
pub use stream::MelStream;
pub use tempo::{onset_strength, tempo};
pub use tempo_and_key::{TempoAndKey, TempoAndKeyAnalyser};
pub use wavelet::{dwt, dwt_levels};

use std::fmt;

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

/// [`Compression::LogPlusOne`] of a power.
#[inline(always)]
fn log_plus_one(factor: f32, power: f32) -> f32 {
    logarithm::log10(factor * power + 1.0)
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

/// How mel powers become the values that a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// `10·log10(max(power, power_floor))`: decibels, as librosa's `power_to_db` has them.
    #[default]
    Decibel,
    /// `log10(factor·power + 1)`, which is zero for silence (Pons et al. 2017 take a factor of 10 000).
    LogPlusOne {
        /// What a power is multiplied by.
        factor: f32,
    },
}

impl Compression {
    fn is_decibel(&self) -> bool {
        *self == Self::Decibel
    }
}

/// The parameters of a log-mel front end. [`FrontEnd::default`] is the one of the papers' networks,
/// [`FrontEnd::musicnn`] the one of the model that ships.
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
    /// Frames of one segment, the unit that the model takes.
    pub segment_frames: usize,
    /// How powers are compressed.
    #[serde(default, skip_serializing_if = "Compression::is_decibel")]
    pub compression: Compression,
    /// Level in dBFS that every sound is brought to first: see [`Level`]. `None` leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_dbfs: Option<f32>,
}

/// Decibels below the loudest that a picture of sound shows.
const PICTURE_RANGE_DB: f32 = 80.0;

/// How dark a level is in a picture of sound: 255 at the loudest, 0 from 80 dB below it on.
pub fn intensity(db: f32, loudest_db: f32) -> u8 {
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
            compression: Compression::Decibel,
            level_dbfs: None,
        }
    }
}

impl fmt::Display for FrontEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} Hz, n_fft {}, hop length {}, {} mel bands from {} to {} Hz, segments of {} frames, ",
            self.sample_rate,
            self.n_fft,
            self.hop_length,
            self.mel_bands,
            self.f_min,
            self.f_max,
            self.segment_frames
        )?;
        match self.compression {
            Compression::Decibel => write!(f, "decibels above {}", self.power_floor)?,
            Compression::LogPlusOne { factor } => write!(f, "log10({factor} x + 1)")?,
        }
        match self.level_dbfs {
            Some(level) => write!(f, ", at {level} dBFS"),
            None => Ok(()),
        }
    }
}

impl FrontEnd {
    /// The front end of MusiCNN (Pons et al. 2017, 2019) after the level is brought to −14 dBFS: segments
    /// of 187 frames, 2.99 seconds. docs/model.md says how the level was chosen.
    pub fn musicnn() -> Self {
        Self {
            sample_rate: 16_000,
            n_fft: 512,
            hop_length: 256,
            mel_bands: 96,
            f_min: 0.0,
            f_max: 8_000.0,
            power_floor: 1e-10,
            segment_frames: 187,
            compression: Compression::LogPlusOne { factor: 10_000.0 },
            level_dbfs: Some(-14.0),
        }
    }

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

    /// Mel power spectrogram `[mel_bands, frames]` of mono samples at [`Self::sample_rate`].
    pub fn mel_power(&self, samples: &[f32]) -> Spectrogram {
        self.centred_mel_power(samples, 0.0)
    }

    /// [`Self::mel_power`] of the samples less `offset`.
    fn centred_mel_power(&self, samples: &[f32], offset: f32) -> Spectrogram {
        let bank = MelFilterBank::new(self);
        let mut stft = Stft::new(self.n_fft, self.hop_length);
        let mut mel = Spectrogram::zeros(self.mel_bands, self.frame_count(samples.len()));
        let frames = mel.frames;
        let mut power = vec![0.0_f32; self.n_fft / 2 + 1];
        let mut column = vec![0.0_f32; self.mel_bands];
        stft.for_each_centred_frame(samples, offset, |frame, spectrum| {
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

    /// Log-mel spectrogram `[mel_bands, frames]` as a model takes it: of a sound brought to
    /// [`Self::level_dbfs`], in the unit of [`Self::compression`].
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::audio::synth;
    /// use soundalike_core::dsp::FrontEnd;
    ///
    /// let front_end = FrontEnd::musicnn();
    /// let tone = synth::tone(1_000.0, 2.0, front_end.sample_rate);
    /// let log_mel = front_end.log_mel(tone.samples());
    /// assert_eq!(log_mel.bands, front_end.mel_bands);
    ///
    /// // The loudest band in the middle of the sound is the tone's.
    /// let column: Vec<f32> = log_mel.column(log_mel.frames / 2).collect();
    /// let loudest = (0..log_mel.bands).max_by(|&a, &b| column[a].total_cmp(&column[b]));
    /// let hertz = front_end.band_centres()[loudest.expect("bands")];
    /// assert!((hertz - 1_000.0).abs() < 50.0);
    /// ```
    pub fn log_mel(&self, samples: &[f32]) -> Spectrogram {
        match self.level_dbfs {
            None => self.compressed(self.mel_power(samples), 1.0),
            Some(dbfs) => {
                let level = Level::of(samples, self.sample_rate);
                let gain = level.gain_to(dbfs);
                self.compressed(self.centred_mel_power(samples, level.offset), gain * gain)
            }
        }
    }

    /// Powers times `gain`, in the unit of [`Self::compression`].
    fn compressed(&self, mut power: Spectrogram, gain: f32) -> Spectrogram {
        // A loop for each, so that the one that is used is computed on vectors.
        match self.compression {
            Compression::LogPlusOne { factor } => {
                for value in &mut power.values {
                    *value = log_plus_one(factor, *value * gain);
                }
            }
            Compression::Decibel => {
                for value in &mut power.values {
                    *value = self.decibel(*value * gain);
                }
            }
        }
        power
    }

    /// One power in the unit of [`Self::compression`].
    pub fn compress(&self, power: f32) -> f32 {
        match self.compression {
            Compression::Decibel => self.decibel(power),
            Compression::LogPlusOne { factor } => log_plus_one(factor, power),
        }
    }

    /// The level in dB that a value of [`Self::log_mel`] stands for, to be drawn.
    pub fn decibel_of_value(&self, value: f32) -> f32 {
        match self.compression {
            Compression::Decibel => value,
            Compression::LogPlusOne { factor } => {
                self.decibel((10.0_f32.powf(value) - 1.0) / factor)
            }
        }
    }

    /// The decibel value of silence.
    pub fn floor_db(&self) -> f32 {
        self.decibel(0.0)
    }

    /// Half the width of each band's triangle in Hz, `[mel_bands]`: what a band's power times it, summed over
    /// all bands, is proportional to the power of the sound.
    pub fn band_widths(&self) -> Vec<f32> {
        let edge = |band: usize| self.band_edge(band);
        (0..self.mel_bands)
            .map(|band| ((edge(band + 2) - edge(band)) / 2.0) as f32)
            .collect()
    }

    /// Centre of each band in Hz, `[mel_bands]`.
    pub fn band_centres(&self) -> Vec<f64> {
        (1..=self.mel_bands)
            .map(|edge| self.band_edge(edge))
            .collect()
    }

    /// Edges and centres of the bands in Hz: band `b` rises from edge `b` to edge `b + 1` and falls to edge
    /// `b + 2`.
    fn band_edge(&self, edge: usize) -> f64 {
        let low = mel_from_hz(f64::from(self.f_min));
        let high = mel_from_hz(f64::from(self.f_max));
        hz_from_mel(low + (high - low) * edge as f64 / (self.mel_bands + 1) as f64)
    }

    /// The value of silence in [`Self::log_mel`].
    pub fn silence(&self) -> f32 {
        self.compress(0.0)
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
