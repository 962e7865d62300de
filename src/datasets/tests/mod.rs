//! The loaders on small datasets that are made here, and what they say of broken ones: a file for each
//! layout, one for the feature table and one for the split.

mod fma;
mod folder;
mod gtzan;
mod index;
mod layouts;
mod magnatagatune;
mod split;
mod table;

use std::fs;
use std::path::Path;

use crate::{Options, Song, check, open_with};
use soundalike_core::audio::synth;

/// Writes a tone, of another pitch for another name.
fn sound(path: &Path, seconds: f64) {
    let hz = 200 + path.to_string_lossy().bytes().map(u32::from).sum::<u32>() % 1000;
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    for sample in synth::tone(f64::from(hz), seconds, 8000).samples() {
        wav.write_sample((sample * 30_000.0) as i16)
            .expect("written");
    }
    wav.finalize().expect("written");
}

/// A folder with these sounds of a tenth of a second.
fn folder_of(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    files
        .iter()
        .for_each(|file| sound(&folder.path().join(file), 0.1));
    folder
}

/// What is said of a set that is to be learnt from.
fn refusal(path: &Path) -> String {
    let options = Options::default();
    let opened = open_with(path, &options).and_then(|songs| check(path, &songs).map(|()| songs));
    let said = opened.expect_err("refused").to_string();
    assert!(!said.contains('\n'), "{said}");
    said
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

fn paths(songs: &[Song]) -> Vec<&str> {
    songs.iter().map(|song| song.track.path.as_str()).collect()
}

const INDEX: &str = "path,set,genre,split,artist,title,album,seconds\n";

/// What is said in events of the libraries while something is done, line by line.
fn warnings<T>(act: impl FnOnce() -> T) -> (T, Vec<String>) {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    let done = tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    (done, text.lines().map(str::to_owned).collect())
}
