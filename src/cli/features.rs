//! `features`: writes a song's features as a NumPy array.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use soundalike_core::audio;
use soundalike_core::dsp::{FrontEnd, chroma, descriptors, dwt, dwt_levels, frame_features, mfcc};
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::write_whole;

/// Number of MFCCs of `features --kind mfcc`, as in the GTZAN feature table.
const COEFFICIENTS: usize = 20;

/// What `features` is asked.
#[derive(Args)]
pub(crate) struct WriteFeatures {
    /// Sound file
    file: PathBuf,
    /// Which features
    #[arg(long, value_enum)]
    kind: Features,
    /// Where to write them
    #[arg(short, value_name = "OUT.npy")]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Features {
    /// Log-mel spectrogram in dB, [128, frames]
    Logmel,
    /// Mel power spectrogram, [128, frames]
    Melspec,
    /// Magnitude spectrogram, [1025, frames]
    Stft,
    /// Mel-frequency cepstral coefficients, [20, frames]
    Mfcc,
    /// Pitch classes from C on, tuned to A = 440 Hz, [12, frames]
    Chroma,
    /// Rms, spectral centroid, bandwidth, rolloff (Hz) and zero-crossing rate, [5, frames]
    Frame,
    /// Wavelet coefficients (db4, 5 levels), cA5 | cD5 | ... | cD1, [coefficients]
    Dwt,
    /// The numbers of the GTZAN feature table, [57]
    Descriptors,
}

impl WriteFeatures {
    /// Writes the features.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let (file, output) = (self.file.as_path(), self.output.as_path());
        let front_end = FrontEnd::default();
        let decoded = audio::decode_file(file).with_context(|| file.display().to_string())?;
        for note in &decoded.notes {
            eprintln!("{}: {}", shown(file), visible(&note.to_string()));
        }
        let clip = decoded
            .clip
            .resampled(front_end.sample_rate)
            .with_context(|| file.display().to_string())?;
        let samples = clip.samples();
        let magnitude = || front_end.stft_magnitude(samples);
        let features = match self.kind {
            Features::Logmel => front_end.log_mel(samples),
            Features::Melspec => front_end.mel_power(samples),
            Features::Stft => magnitude(),
            Features::Mfcc => mfcc(&front_end.log_mel(samples), COEFFICIENTS),
            Features::Chroma => chroma(&front_end, &magnitude(), 0.0),
            Features::Frame => frame_features(&front_end, samples, &magnitude()),
            Features::Dwt => return write_array(output, &dwt(samples, dwt_levels(samples.len()))),
            Features::Descriptors => return write_array(output, &descriptors(&front_end, samples)),
        };
        let shape = [features.bands as u64, features.frames as u64];
        write_whole(output, &npy_bytes(&features.values, &shape)?)?;
        Ok(())
    }
}

fn write_array(output: &Path, values: &[f32]) -> anyhow::Result<()> {
    write_whole(output, &npy_bytes(values, &[values.len() as u64])?)?;
    Ok(())
}

/// A NumPy array file: little-endian f32 in C order.
fn npy_bytes(values: &[f32], shape: &[u64]) -> anyhow::Result<Vec<u8>> {
    use npyz::WriterBuilder;
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .writer(&mut bytes)
        .begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}
