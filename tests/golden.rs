//! The front end against librosa 0.11, on every signal of `tests/golden` and, where the folder of
//! reference values is there, on two pieces of music.
//!
//! Tolerances are those of the design: filter bank 1e-7 absolute; mel power 1e-4 relative where it
//! exceeds 1e-10; log-mel 0.01 dB above −80 dB; frame counts exact. Below those levels the values are
//! the rounding of librosa's single-precision spectra, so only their being low is checked.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use soundalike::dsp::{FrontEnd, MelFilterBank, Spectrogram, mfcc};

const SIGNALS: [&str; 8] = [
    "silence",
    "impulse",
    "tone440",
    "sweep",
    "noise",
    "clicks120",
    "short",
    "loud_clipped",
];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every signal there is: name, folder.
fn signals() -> Vec<(&'static str, PathBuf)> {
    let mut all: Vec<_> = SIGNALS.into_iter().map(|name| (name, here())).collect();
    let music = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden");
    for name in ["brahms", "vibeace"] {
        if music.join(format!("{name}.wav")).exists() {
            all.push((name, music.clone()));
        } else {
            println!("skipped: {name}, since {} is not there", music.display());
        }
    }
    all
}

fn array(path: &Path) -> Spectrogram {
    let bytes = fs::read(path).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let shape = npy.shape().to_vec();
    Spectrogram {
        bands: shape[0] as usize,
        frames: shape[1] as usize,
        values: npy.into_vec::<f32>().unwrap(),
    }
}

fn samples(folder: &Path, name: &str) -> Vec<f32> {
    let mut wav = hound::WavReader::open(folder.join(format!("{name}.wav"))).unwrap();
    assert_eq!(wav.spec().sample_rate, 22_050);
    wav.samples::<i16>()
        .map(|s| f32::from(s.unwrap()) / 32_768.0)
        .collect()
}

#[test]
fn the_filter_bank_equals_librosas() {
    let expected = array(&here().join("mel_filterbank.npy"));
    let found = MelFilterBank::new(&FrontEnd::default()).dense();
    assert_eq!(found.len(), expected.values.len());
    for (a, b) in found.iter().zip(&expected.values) {
        assert!((a - b).abs() <= 1e-7, "{a} {b}");
    }
}

#[test]
fn mel_power_equals_librosas() {
    for (name, folder) in signals() {
        let expected = array(&folder.join(format!("{name}.melspec_power.npy")));
        let found = FrontEnd::default().mel_power(&samples(&folder, name));
        assert_eq!(
            (found.bands, found.frames),
            (expected.bands, expected.frames),
            "{name}"
        );
        for (i, (a, b)) in found.values.iter().zip(&expected.values).enumerate() {
            if *b > 1e-10 {
                assert!((a - b).abs() <= 1e-4 * b, "{name} {i}: {a} {b}");
            } else {
                assert!(*a < 2e-10, "{name} {i}: {a} {b}");
            }
        }
    }
}

#[test]
fn log_mel_equals_librosas_within_a_hundredth_of_a_decibel() {
    for (name, folder) in signals() {
        let expected = array(&folder.join(format!("{name}.logmel_db.npy")));
        let found = FrontEnd::default().log_mel(&samples(&folder, name));
        assert_eq!(found.frames, expected.frames, "{name}");
        for (i, (a, b)) in found.values.iter().zip(&expected.values).enumerate() {
            if *b > -80.0 {
                assert!((a - b).abs() <= 0.01, "{name} {i}: {a} {b}");
            } else {
                assert!(*a < -79.0, "{name} {i}: {a} {b}");
            }
        }
    }
}

#[test]
fn magnitude_equals_librosas() {
    for (name, folder) in signals() {
        let expected = array(&folder.join(format!("{name}.stft_mag.npy")));
        let found = FrontEnd::default().stft_magnitude(&samples(&folder, name));
        assert_eq!(found.bands, expected.bands);
        for bin in 0..found.bands {
            for (frame, b) in expected.band(bin).iter().enumerate() {
                let a = found.band(bin)[frame];
                // A full-scale frame reaches 1024, and single precision keeps seven digits of it.
                assert!(
                    (a - b).abs() <= 1e-4 * b + 2e-4,
                    "{name} {bin} {frame}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn mfccs_equal_librosas() {
    for (name, folder) in signals() {
        let expected = array(&folder.join(format!("{name}.mfcc.npy")));
        let found = mfcc(&FrontEnd::default().log_mel(&samples(&folder, name)), 20);
        assert_eq!(found.values.len(), expected.values.len());
        for (i, (a, b)) in found.values.iter().zip(&expected.values).enumerate() {
            // 0.01 dB in each of 128 bands adds up to 0.11 at most in an orthonormal transform, and
            // to far less where the errors are not all of one sign.
            assert!((a - b).abs() <= 0.05, "{name} {i}: {a} {b}");
        }
    }
}
