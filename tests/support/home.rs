//! A folder of music that the tests make, and a library beside it.
#![allow(
    dead_code,
    reason = "not every test that has a library needs all of it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use soundalike_core::audio::{Clip, synth};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_soundalike");

/// A folder of music and a library beside it.
pub struct Home {
    pub folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("music")).unwrap();
        Self { folder }
    }

    /// A home with five songs that differ.
    pub fn with_songs() -> Self {
        let home = Self::new();
        for seed in 0..5 {
            home.song(&format!("band {seed}/song {seed}.wav"), seed, &[]);
        }
        home
    }

    /// A home with named songs of two genres, and one of them twice in another encoding.
    pub fn tagged() -> Self {
        let home = Self::new();
        for seed in 0..12_u64 {
            let (artist, genre) = if seed.is_multiple_of(2) {
                ("Odds", "Rock")
            } else {
                ("Ends", "Jazz; Blues")
            };
            let year = (1980 + 2 * seed).to_string();
            let title = format!("Number {seed}");
            let frames = [
                ("TIT2", title.as_str()),
                ("TPE1", artist),
                ("TCON", genre),
                ("TDRC", &year),
            ];
            home.song(&format!("{artist}/{seed}.wav"), seed, &frames);
        }
        // The first song again, half as loud, in sixteen bits.
        let clip = sound(0, 4.0);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: clip.rate(),
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(home.file("copy.wav"), spec).unwrap();
        for sample in clip.samples() {
            writer.write_sample((sample * 16_000.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        home.counts();
        home
    }

    pub fn music(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("music")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.music().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("library.sqlite")
    }

    /// Writes a song below the music folder; tags as ID3 frames.
    pub fn song(&self, name: &str, seed: u64, frames: &[(&str, &str)]) -> PathBuf {
        let file = self.file(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, wav(&sound(seed, 4.0), frames)).unwrap();
        file
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["library", "--library"]).arg(self.store());
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{}", errors(&output));
        json(&output)
    }

    /// Hears the music folder.
    pub fn add(&self) -> Output {
        let music = self.music();
        self.run(&["add", "--json", music.to_str().unwrap()])
    }

    /// The counts of an [`Home::add`] that succeeds.
    pub fn counts(&self) -> Value {
        let output = self.add();
        assert!(output.status.success(), "{}", errors(&output));
        json(&output)["counts"].clone()
    }

    /// All rows as a table, without the songs' numbers, which depend on the order of hearing.
    pub fn table(&self) -> Vec<Vec<String>> {
        let file = self.folder.path().join("table.csv");
        let output = self.run(&["export", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", errors(&output));
        table(&file)
    }
}

pub fn table(file: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        row.iter().skip(1).map(str::to_owned).collect()
    });
    rows.collect()
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {} {}",
            String::from_utf8_lossy(&output.stdout),
            errors(output)
        );
    })
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A chord with noise in it; another for another seed.
pub fn sound(seed: u64, seconds: f64) -> Clip {
    let rate = 22_050;
    let low = synth::tone(110.0 * 1.26_f64.powi(seed as i32 % 12), seconds, rate);
    let high = synth::tone(523.0 + 97.0 * seed as f64, seconds, rate);
    let noise = synth::noise(seed, seconds, rate);
    let share = 0.05 + 0.08 * (seed % 7) as f32;
    let samples = low
        .samples()
        .iter()
        .zip(high.samples())
        .zip(noise.samples());
    let samples = samples.enumerate().map(|(at, ((low, high), noise))| {
        // A beat, slower for higher seeds.
        let beat = 1.0 - (at % (6_000 + 900 * seed as usize)) as f32 / 20_000.0;
        beat * (0.3 * low + 0.2 * high + share * noise)
    });
    Clip::new(samples.collect(), rate).unwrap()
}

pub fn wav(clip: &Clip, frames: &[(&str, &str)]) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: clip.rate(),
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for &sample in clip.samples() {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    let mut bytes = bytes.into_inner();
    if frames.is_empty() {
        return bytes;
    }
    let frames = frames.iter().map(|(name, text)| {
        let length = u8::try_from(text.len() + 1).unwrap();
        let head = [0, 0, 0, length, 0, 0, 3];
        [name.as_bytes(), &head, text.as_bytes()].concat()
    });
    let frames = frames.collect::<Vec<_>>().concat();
    let size = [0, 0, (frames.len() >> 7) as u8, (frames.len() & 0x7f) as u8];
    let tag = [&b"ID3\x04\0\0"[..], &size, &frames].concat();
    bytes.extend(b"id3 ");
    bytes.extend(u32::try_from(tag.len()).unwrap().to_le_bytes());
    bytes.extend(tag);
    bytes
}
