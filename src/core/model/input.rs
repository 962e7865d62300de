//! The inputs of networks: a sound cut into windows, and each window in the numbers that a network takes.

#[cfg(feature = "networks")]
use burn::tensor::{Device, Tensor, TensorData};

use crate::audio::{AudioError, Clip};
use crate::dsp::{
    FrontEnd, Segments, Spectrogram, descriptor_names, descriptors, dwt, mfcc, window_starts,
};

/// Samples per second of every input but [`Input::LogMelLong`].
const RATE: u32 = 22_050;
/// Three seconds, the window of the inputs of perry's networks.
const THREE_SECONDS: usize = 66_150;
/// Thirty seconds, a clip of the GTZAN feature table.
const THIRTY_SECONDS: usize = 661_500;
/// 3¹⁰ samples: nine poolings by three after a first step of three leave one (Lee et al. 2017).
const SAMPLE_CNN: usize = 59_049;
/// MFCCs of a frame.
const COEFFICIENTS: usize = 20;
/// Bins of a spectrum that are put together, and rows that this leaves of 1,024.
const BINS: usize = 4;
const STFT_ROWS: usize = 256;
/// Levels of the wavelet transform, and columns that each level's coefficients are pooled to.
const LEVELS: usize = 6;
const DWT_COLUMNS: usize = 128;
/// A window whose loudest sample is this share of the sound's loudest, −60 dB, is silence in between.
const SILENT_SHARE: f32 = 1e-3;
/// Smallest power before a logarithm.
const FLOOR: f32 = 1e-10;

/// The input of a network for one window of a sound. Every part is `[rows, columns]` in one row, and each
/// of its rows is normalised by a mean and a deviation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The log-mel picture of 3 seconds in dB, `[128, 128]`: [`FrontEnd::default`].
    LogMel,
    /// The levelled log-mel picture of 3 seconds at 16 kHz, `[96, 187]`: [`FrontEnd::musicnn`].
    LeveledLogMel,
    /// That of 29.1 seconds at 12 kHz in dB, `[96, 1366]` (Choi et al. 2017).
    LogMelLong,
    /// 2.7 seconds of samples, `[1, 59 049]` (Lee et al. 2017).
    Waveform,
    /// The 57 [`descriptors`] of up to 30 seconds, `[57, 1]`: see [`Input::of_descriptors`].
    Descriptors,
    /// 20 MFCCs of 3 seconds, `[20, 130]`.
    Mfcc,
    /// The wavelet coefficients of 3 seconds, `cA6 | cD6 | … | cD1` in dB, `[7, 128]`.
    Dwt,
    /// The spectra of 3 seconds in dB, four bins together, `[256, 130]`.
    Stft,
    /// [`Input::Mfcc`], [`Input::Dwt`] and [`Input::Stft`].
    Multimodal,
}

/// The windows of one sound, in order of time.
#[derive(Clone, Debug)]
pub struct Examples {
    /// Where each begins, in units of [`Examples::unit_seconds`].
    pub starts: Vec<usize>,
    /// Length of a window in the same units.
    pub length: usize,
    /// Seconds of a unit: a frame, or a sample.
    pub unit_seconds: f64,
    /// Of each window, whether it is audible.
    pub audible: Vec<bool>,
    /// Whether the sound was shorter than one window, and was filled up.
    pub padded: bool,
    /// Of each part of the input, the windows one after another, `[windows, rows, columns]`.
    pub parts: Vec<Vec<f32>>,
}

impl Examples {
    /// Windows as these, but none.
    pub(crate) fn none(of: &Self) -> Self {
        Self {
            starts: Vec::new(),
            length: of.length,
            unit_seconds: of.unit_seconds,
            audible: Vec::new(),
            padded: of.padded,
            parts: vec![Vec::new(); of.parts.len()],
        }
    }

    /// Number of windows, at least one of a sound.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Not of a sound: even the shortest has one window.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// From when to when a window lasts, in seconds; zeros beyond the last one.
    pub fn span(&self, window: usize) -> (f64, f64) {
        let first = self.starts.get(window).copied().unwrap_or(0);
        let last = first + self.length;
        (
            first as f64 * self.unit_seconds,
            last as f64 * self.unit_seconds,
        )
    }

    /// The parts of some windows.
    pub fn windows(&self, range: std::ops::Range<usize>) -> Vec<&[f32]> {
        let size = |part: &[f32]| part.len() / self.len().max(1);
        self.parts
            .iter()
            .map(|part| &part[range.start * size(part)..range.end * size(part)])
            .collect()
    }
}

impl Input {
    /// The front end of a model with this input; of one without log-mel pictures, that of the
    /// picture which is drawn.
    pub fn front_end(self) -> FrontEnd {
        match self {
            Self::LeveledLogMel => FrontEnd::musicnn(),
            _ => FrontEnd::default(),
        }
    }

    /// Whether windows are segments of the log-mel picture of [`Input::front_end`].
    pub fn is_log_mel(self) -> bool {
        matches!(self, Self::LogMel | Self::LeveledLogMel)
    }

    /// Rows and columns of each part.
    pub fn shapes(self) -> Vec<[usize; 2]> {
        match self {
            Self::LogMel | Self::LeveledLogMel => {
                let front_end = self.front_end();
                vec![[front_end.mel_bands, front_end.segment_frames]]
            }
            Self::LogMelLong => {
                let front_end = Self::long_front_end();
                vec![[front_end.mel_bands, front_end.segment_frames]]
            }
            Self::Waveform => vec![[1, SAMPLE_CNN]],
            Self::Descriptors => vec![[57, 1]],
            Self::Mfcc => vec![[COEFFICIENTS, 130]],
            Self::Dwt => vec![[LEVELS + 1, DWT_COLUMNS]],
            Self::Stft => vec![[STFT_ROWS, 130]],
            Self::Multimodal => [Self::Mfcc, Self::Dwt, Self::Stft]
                .into_iter()
                .flat_map(Self::shapes)
                .collect(),
        }
    }

    /// Sample rate in Hz that a sound is brought to first.
    pub fn rate(self) -> u32 {
        match self {
            Self::LogMelLong => Self::long_front_end().sample_rate,
            Self::LeveledLogMel => self.front_end().sample_rate,
            _ => RATE,
        }
    }

    /// Length of a window in seconds.
    pub fn seconds(self) -> f64 {
        match self {
            Self::LogMel | Self::LeveledLogMel => self.front_end().segment_seconds(),
            _ => self.samples() as f64 / f64::from(self.rate()),
        }
    }

    /// Length of a window in samples.
    fn samples(self) -> usize {
        match self {
            Self::LogMel | Self::LeveledLogMel => {
                let front_end = self.front_end();
                front_end.segment_frames * front_end.hop_length
            }
            Self::LogMelLong => {
                let front_end = Self::long_front_end();
                (front_end.segment_frames - 1) * front_end.hop_length
            }
            Self::Waveform => SAMPLE_CNN,
            Self::Descriptors => THIRTY_SECONDS,
            Self::Mfcc | Self::Dwt | Self::Stft | Self::Multimodal => THREE_SECONDS,
        }
    }

    /// Windows that go through a network together: enough to keep a processor busy, few enough that a
    /// browser has the memory.
    pub fn batch(self) -> usize {
        match self {
            Self::LogMelLong => 1,
            Self::Waveform => 4,
            _ => 8,
        }
    }

    /// Least deviation of a row, so that one that never changes is not blown up.
    pub fn least_deviation(self) -> f32 {
        match self {
            Self::Waveform => 1e-3,
            // Some of them are as small as the mean of a sound's harmonic part.
            Self::Descriptors => 1e-7,
            // A decibel of loud sound, in powers of ten.
            Self::LeveledLogMel => 0.1,
            // A decibel.
            _ => 1.0,
        }
    }

    /// The front end of patel's networks: that of Choi et al. 2017, 96 mel bands of a sound at 12 kHz.
    pub fn long_front_end() -> FrontEnd {
        FrontEnd {
            sample_rate: 12_000,
            n_fft: 512,
            hop_length: 256,
            mel_bands: 96,
            f_min: 0.0,
            f_max: 6_000.0,
            power_floor: FLOOR,
            segment_frames: 1366,
            ..FrontEnd::default()
        }
    }

    /// A sound in windows, at least one. What is shorter than a window is followed by silence; with
    /// windows of 29 seconds, in which there would be little else, it is repeated; and descriptors are
    /// those of whatever there is.
    ///
    /// # Errors
    /// If the sound cannot be resampled.
    pub fn examples(self, clip: &Clip) -> Result<Examples, AudioError> {
        let clip = clip.resampled(self.rate())?;
        Ok(self.examples_of(clip.samples()))
    }

    /// [`Input::examples`] of samples at [`Input::rate`].
    pub fn examples_of(self, samples: &[f32]) -> Examples {
        if self.is_log_mel() {
            let front_end = self.front_end();
            return Examples::of_log_mel(&front_end, &front_end.log_mel(samples));
        }
        let length = self.samples();
        let starts = window_starts(length, samples.len());
        let peak = |samples: &[f32]| samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        let quiet = SILENT_SHARE * peak(samples);
        let mut parts = vec![Vec::new(); self.shapes().len()];
        let mut audible = Vec::with_capacity(starts.len());
        for &start in &starts {
            let window = &samples[start..samples.len().min(start + length)];
            audible.push(peak(window) >= quiet);
            for (part, values) in parts.iter_mut().zip(self.window(window)) {
                part.extend(values);
            }
        }
        Examples {
            starts,
            length,
            unit_seconds: 1.0 / f64::from(self.rate()),
            audible,
            padded: samples.len() < length && self != Self::Descriptors,
            parts,
        }
    }

    /// The parts of one window of up to [`Input::samples`] samples.
    fn window(self, samples: &[f32]) -> Vec<Vec<f32>> {
        let filled = || -> Vec<f32> {
            let mut filled = samples.to_vec();
            if self == Self::LogMelLong && !samples.is_empty() {
                filled = samples
                    .iter()
                    .copied()
                    .cycle()
                    .take(self.samples())
                    .collect();
            }
            filled.resize(self.samples(), 0.0);
            filled
        };
        let front_end = FrontEnd::default();
        match self {
            Self::LogMel | Self::LeveledLogMel => {
                vec![self.front_end().log_mel(&filled()).values]
            }
            Self::LogMelLong => vec![Self::long_front_end().log_mel(&filled()).values],
            Self::Waveform => vec![filled()],
            Self::Descriptors => vec![Self::of_descriptors(&descriptors(&front_end, samples))],
            Self::Mfcc => vec![mfcc(&front_end.log_mel(&filled()), COEFFICIENTS).values],
            Self::Dwt => vec![wavelets(&filled())],
            Self::Stft => vec![spectra(&front_end, &filled())],
            Self::Multimodal => [Self::Mfcc, Self::Dwt, Self::Stft]
                .into_iter()
                .flat_map(|input| input.window(samples))
                .collect(),
        }
    }

    /// The 57 [`descriptors`] as a network takes them: variances and the levels, which span many orders
    /// of magnitude, in logarithm.
    pub fn of_descriptors(numbers: &[f32]) -> Vec<f32> {
        /// The least there is a logarithm of.
        const LEAST: f32 = 1e-12;
        let names = descriptor_names();
        let pairs = names.iter().zip(numbers);
        pairs
            .map(|(name, &number)| {
                if name.ends_with("_var") || name == "rms_mean" {
                    number.max(LEAST).ln()
                } else {
                    number
                }
            })
            .collect()
    }

    /// Parts of a batch of windows, each `[batch, rows, columns]` in one row, as what a network takes:
    /// `[batch, 1, rows, columns]` each.
    #[cfg(feature = "networks")]
    pub fn tensors(self, parts: &[impl AsRef<[f32]>], device: &Device) -> Vec<Tensor<4>> {
        self.shapes()
            .into_iter()
            .zip(parts)
            .map(|([rows, columns], part)| {
                let values = part.as_ref().to_vec();
                let batch = values.len() / (rows * columns);
                Tensor::from_data(TensorData::new(values, [batch, 1, rows, columns]), device)
            })
            .collect()
    }
}

impl Examples {
    /// The segments of a log-mel spectrogram `[mel_bands, frames]` of this front end.
    pub fn of_log_mel(front_end: &FrontEnd, log_mel: &Spectrogram) -> Self {
        let segments = Segments::cut(front_end, log_mel);
        Self {
            starts: segments.starts,
            length: front_end.segment_frames,
            unit_seconds: front_end.frame_seconds(),
            audible: segments.audible,
            padded: segments.padded,
            parts: vec![segments.values],
        }
    }
}

/// Power of four bins together in dB, `[256, frames]`; half the sample rate is left out.
fn spectra(front_end: &FrontEnd, samples: &[f32]) -> Vec<f32> {
    let magnitude = front_end.stft_magnitude(samples);
    let frames = magnitude.frames;
    let mut out = vec![0.0; STFT_ROWS * frames];
    for (row, line) in out.chunks_mut(frames).enumerate() {
        for bin in row * BINS..(row + 1) * BINS {
            for (sum, m) in line.iter_mut().zip(magnitude.band(bin)) {
                *sum += m * m / BINS as f32;
            }
        }
        for value in line {
            *value = front_end.decibel(*value);
        }
    }
    out
}

/// Mean power in dB of each level's wavelet coefficients in 128 stretches of time, `[7, 128]`.
fn wavelets(samples: &[f32]) -> Vec<f32> {
    let coefficients = dwt(samples, LEVELS);
    // Lengths of the levels, each half of the one before, rounded up.
    let mut lengths = Vec::with_capacity(LEVELS + 1);
    let mut length = samples.len();
    for _ in 0..LEVELS {
        length = length.div_ceil(2);
        lengths.push(length);
    }
    lengths.push(length);
    lengths.reverse();
    let mut out = Vec::with_capacity((LEVELS + 1) * DWT_COLUMNS);
    let mut rest = coefficients.as_slice();
    for length in lengths {
        let (level, others) = rest.split_at(length.min(rest.len()));
        rest = others;
        for column in 0..DWT_COLUMNS {
            let padding = |column: usize| column * level.len() / DWT_COLUMNS;
            let stretch = &level[padding(column)..padding(column + 1)];
            let power = stretch.iter().map(|c| c * c).sum::<f32>() / stretch.len().max(1) as f32;
            out.push(10.0 * power.max(FLOOR).log10());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;

    const ALL: [Input; 9] = [
        Input::LogMel,
        Input::LeveledLogMel,
        Input::LogMelLong,
        Input::Waveform,
        Input::Descriptors,
        Input::Mfcc,
        Input::Dwt,
        Input::Stft,
        Input::Multimodal,
    ];

    #[test]
    fn every_input_of_every_length_has_the_shapes_it_promises() {
        for seconds in [0.2, 2.0, 7.0] {
            let clip = synth::tone(440.0, seconds, 22_050);
            for input in ALL {
                let examples = input.examples(&clip).expect("a sound");
                let shapes = input.shapes();
                assert_eq!(examples.parts.len(), shapes.len(), "{input:?}");
                for (part, [rows, columns]) in examples.parts.iter().zip(shapes) {
                    let expected = examples.len() * rows * columns;
                    assert_eq!(part.len(), expected, "{input:?} of {seconds} s");
                    assert!(part.iter().all(|v| v.is_finite()), "{input:?}");
                }
                assert_eq!(examples.audible, vec![true; examples.len()]);
                let short = seconds < input.seconds() - 0.1;
                let padded = short && input != Input::Descriptors;
                assert_eq!(examples.padded, padded, "{input:?}");
                let (start, end) = examples.span(0);
                assert!(start == 0.0 && (end - input.seconds()).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_short_sound_is_repeated_only_where_little_else_would_be_left() {
        let clip = synth::tone(440.0, 2.0, 22_050);
        let long = Input::LogMelLong.examples(&clip).expect("a sound");
        let last_frames = |row: usize| long.parts[0][row * 1366 + 1300];
        assert!((0..96).any(|row| last_frames(row) > -40.0));
        let short = Input::Waveform.examples(&clip).expect("a sound");
        assert!(short.parts[0][50_000..].iter().all(|&sample| sample == 0.0));
    }

    #[test]
    fn a_low_tone_lies_in_the_low_rows_of_spectra_and_wavelets() {
        let clip = synth::tone(100.0, 3.0, 22_050);
        let spectra = Input::Stft.examples(&clip).expect("a sound");
        let loudest = |values: &[f32], columns: usize| {
            let middle = |row: &[f32]| row[columns / 2];
            let rows: Vec<f32> = values.chunks(columns).map(middle).collect();
            (0..rows.len()).max_by(|&a, &b| rows[a].total_cmp(&rows[b]))
        };
        // 100 Hz is bin 9 of 10.8 Hz each, the third group of four.
        assert_eq!(loudest(&spectra.parts[0], 130), Some(2));
        // The approximation has what lies below 172 Hz.
        let wavelets = Input::Dwt.examples(&clip).expect("a sound");
        assert_eq!(loudest(&wavelets.parts[0], 128), Some(0));
    }
}
