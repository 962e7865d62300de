//! The files that the tests give to the page.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hound::{SampleFormat, WavSpec, WavWriter};

use crate::ogg;

/// A file that is no music.
pub struct Bad {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether there is something to hear in it, so that an answer is right too.
    pub may_be_answered: bool,
}

/// A folder of sounds that is gone after the test.
pub struct Sounds(tempfile::TempDir);

/// The project's own song as MP3, six seconds.
pub fn song_mp3() -> PathBuf {
    // Chromium takes no path with dots in it.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the repository")
        .join("tests/data/cbr-44100.mp3")
}

/// An ID3v2 tag of a version with short frames of these names.
fn id3(version: u8, frames: &[(&str, &[u8])]) -> Vec<u8> {
    let frames = frames.iter().flat_map(|(name, content)| {
        let header = [0, 0, 0, content.len() as u8, 0, 0];
        [name.as_bytes(), &header, content].concat()
    });
    let frames: Vec<u8> = frames.collect();
    let size = frames.len() as u8;
    assert!(size < 128, "the tag is too long for one digit");
    [b"ID3", &[version, 0, 0, 0, 0, 0, size][..], &frames].concat()
}

impl Sounds {
    /// An empty folder.
    pub fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// The project's own song as WAV.
    pub fn song_wav(&self) -> Result<PathBuf> {
        self.write_clip("song.wav", &soundalike_core::audio::synth::sample_song())
    }

    fn write_clip(&self, name: &str, clip: &soundalike_core::audio::Clip) -> Result<PathBuf> {
        let samples = clip.samples().iter();
        let samples = samples.map(|sample| (sample * f32::from(i16::MAX)) as i16);
        let spec = WavSpec {
            channels: 1,
            sample_rate: clip.rate(),
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let path = self.0.path().join(name);
        let mut writer = WavWriter::create(&path, spec)?;
        for sample in samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()?;
        Ok(path)
    }

    /// A folder as people have it: four songs, some in another folder, a damaged one, and what is no song.
    pub fn library(&self) -> Result<PathBuf> {
        let folder = self.0.path().join("Library");
        std::fs::create_dir_all(folder.join("a"))?;
        // The same song at other speeds is another song.
        for (name, rate) in [
            ("a/one.wav", 22_050),
            ("a/two.wav", 14_000),
            ("three.wav", 30_000),
            ("four.wav", 44_100),
        ] {
            let song = soundalike_core::audio::synth::sample_song();
            let song = soundalike_core::audio::Clip::new(song.samples().to_vec(), rate)?;
            self.write_clip(&format!("Library/{name}"), &song)?;
        }
        let text = "This is a letter, not a song.\n".repeat(40);
        for name in ["bad.mp3", "a/._one.wav", ".DS_Store", "a/cover.jpg"] {
            std::fs::write(folder.join(name), &text)?;
        }
        Ok(folder)
    }

    /// A folder of three songs: one with tags in UTF-8, one with tags in Windows-1251 that are marked as Latin-1, as
    /// they were written for years, and one without.
    pub fn tagged(&self) -> Result<PathBuf> {
        let folder = self.0.path().join("Tagged");
        std::fs::create_dir_all(&folder)?;
        let sound = std::fs::read(song_mp3()).context("tests/data/cbr-44100.mp3 is missing")?;
        // Latin-1 is marked by 0, UTF-8 by 3.
        let star = [0, 0xc7, 0xe2, 0xe5, 0xe7, 0xe4, 0xe0];
        let film = [0, 0xca, 0xe8, 0xed, 0xee];
        let old = id3(3, &[("TIT2", &star), ("TPE1", &film), ("TALB", b"\0Live")]);
        let new = id3(
            4,
            &[
                ("TIT2", "\u{3}Ærlighed".as_bytes()),
                ("TPE1", b"\x03Somebody\0Somebody Else"),
                ("TALB", b"\x03First"),
            ],
        );
        // The song's own tags follow, and say nothing that is not said before.
        for (name, tag) in [("кино.mp3", old), ("new.mp3", new)] {
            std::fs::write(folder.join(name), [tag, sound.clone()].concat())?;
        }
        let song = soundalike_core::audio::synth::sample_song();
        self.write_clip("Tagged/03_my-song.wav", &song)?;
        Ok(folder)
    }

    /// White noise as WAV.
    pub fn noise_wav(&self) -> Result<PathBuf> {
        self.write_clip(
            "noise.wav",
            &soundalike_core::audio::synth::noise(3, 8.0, 22_050),
        )
    }

    /// Nothing to be heard, as WAV.
    pub fn silence_wav(&self) -> Result<PathBuf> {
        let silence = soundalike_core::audio::Clip::new(vec![0.0; 48_000 * 4], 48_000)?;
        self.write_clip("silence.wav", &silence)
    }

    /// No bytes at all.
    pub fn empty(&self) -> Result<PathBuf> {
        self.write("empty.wav", b"")
    }

    /// Words that call themselves music.
    pub fn text(&self) -> Result<PathBuf> {
        self.write(
            "text.mp3",
            "This is a letter, not a song.\n".repeat(40).as_bytes(),
        )
    }

    /// Every kind of bad file.
    pub fn bad(&self) -> Result<Vec<Bad>> {
        let whole = std::fs::read(song_mp3()).context("tests/data/cbr-44100.mp3 is missing")?;
        let tone = |index: usize| (index as f32 * 0.06).sin() * 0.5;
        let refused = |path| Bad {
            path,
            may_be_answered: false,
        };
        let audible = |path| Bad {
            path,
            may_be_answered: true,
        };
        Ok(vec![
            refused(self.empty()?),
            refused(self.text()?),
            refused(self.write("zero-channels.wav", &wav_bytes(0, 0, 44_100))?),
            audible(self.write("truncated.mp3", &whole[..whole.len() * 3 / 5])?),
            audible(self.write("claims-4-gib.wav", &wav_bytes(1, u32::MAX, 44_100))?),
            audible(self.float_wav("nan.wav", 66_150, |index| {
                if index % 100 == 7 {
                    f32::NAN
                } else {
                    tone(index)
                }
            })?),
            audible(self.float_wav("silence.wav", 66_150, |_| 0.0)?),
            audible(self.float_wav("short.wav", 4_410, tone)?),
        ])
    }

    /// Files that are whole only for a decoder that looks further, or that lack a part.
    pub fn odd(&self) -> Result<Vec<PathBuf>> {
        let mp3 = data("cbr-44100.mp3")?;
        let mut hole = data("vorbis.ogg")?;
        hole[20_000..24_000].fill(0);
        Ok(vec![
            self.write("joined.mp3", &[mp3.clone(), data("vbr.mp3")?].concat())?,
            self.write(
                "joined.flac",
                &[data("half.flac")?, data("half.flac")?].concat(),
            )?,
            self.write("zeros-before.mp3", &[vec![0; 100_000], mp3].concat())?,
            self.write("hole.ogg", &hole)?,
            self.inverted_wav()?,
        ])
    }

    /// The project's own song with one channel the negative of the other.
    fn inverted_wav(&self) -> Result<PathBuf> {
        let song = soundalike_core::audio::synth::sample_song();
        let spec = WavSpec {
            channels: 2,
            sample_rate: song.rate(),
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let path = self.0.path().join("inverted.wav");
        let mut writer = WavWriter::create(&path, spec)?;
        for sample in song.samples() {
            let sample = (sample * f32::from(i16::MAX)) as i16;
            writer.write_sample(sample)?;
            writer.write_sample(-sample)?;
        }
        writer.finalize()?;
        Ok(path)
    }

    /// An Ogg file whose set-up is damaged, checksum and all, so that the decoder itself fails.
    pub fn fatal_ogg(&self) -> Result<PathBuf> {
        let whole = data("vorbis.ogg")?;
        // The second page begins where the first one with its one packet ends.
        let from = 58;
        let segments = usize::from(whole[from + 26]);
        let lengths = &whole[from + 27..from + 27 + segments];
        let to = from + 27 + segments + lengths.iter().map(|l| usize::from(*l)).sum::<usize>();
        for at in from + 100..to {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            let sum = ogg::checksum(&bytes[from..to]);
            bytes[from + 22..from + 26].copy_from_slice(&sum.to_le_bytes());
            let error = soundalike_core::audio::decode_bytes(bytes.clone(), "x.ogg").err();
            if error.is_some_and(|error| error.to_string().contains("decoder fails")) {
                return self.write("fatal.ogg", &bytes);
            }
        }
        anyhow::bail!("no byte of the set-up makes the decoder fail")
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    fn float_wav(
        &self,
        name: &str,
        length: usize,
        sample: impl Fn(usize) -> f32,
    ) -> Result<PathBuf> {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 22_050,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let path = self.0.path().join(name);
        let mut writer = WavWriter::create(&path, spec)?;
        for index in 0..length {
            writer.write_sample(sample(index))?;
        }
        writer.finalize()?;
        Ok(path)
    }
}

/// A WAV file of one second whose header says what it is told to; no library
/// would write it.
fn wav_bytes(channels: u16, data_length: u32, rate: u32) -> Vec<u8> {
    let frame = 2 * u32::from(channels);
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend(data_length.saturating_add(36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * frame).to_le_bytes());
    bytes.extend((2 * channels).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_length.to_le_bytes());
    for index in 0..rate {
        let sample = (f64::from(index) * 0.06).sin() * 12_000.0;
        bytes.extend((sample as i16).to_le_bytes());
    }
    bytes
}

fn data(name: &str) -> Result<Vec<u8>> {
    let folder = song_mp3();
    let path = folder.with_file_name(name);
    std::fs::read(&path).with_context(|| path.display().to_string())
}
