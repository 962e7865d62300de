//! The programs of examples/ run: `cargo test` compiles them next to its tests. The page of examples/ is
//! visited by the end-to-end tests.

use std::path::{Path, PathBuf};
use std::process::Command;

const SONG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cbr-44100.mp3");

/// target/release/examples/NAME, seen from target/release/deps/examples-….
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    let folder = test.ancestors().nth(2).expect("a folder of the profile");
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join("examples").join(name);
    assert!(
        program.is_file(),
        "{} is not compiled: cargo test --release -p soundalike (without --test) compiles it",
        program.display()
    );
    program
}

fn lines(name: &str, file: &Path) -> Vec<String> {
    let output = Command::new(example(name)).arg(file).output();
    let output = output.expect("an example that starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    stdout.lines().map(str::to_owned).collect()
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:?}"))
}

#[test]
fn classify_gives_a_sentence_and_ten_probabilities() {
    let lines = lines("classify", Path::new(SONG));
    let (verdict, genres) = lines.split_first().expect("lines");
    assert!(verdict.contains(' '), "{verdict:?}");
    assert_eq!(genres.len(), 10, "{genres:?}");
    let share = |line: &String| {
        number(
            line.trim_end_matches(" %")
                .split_once(' ')
                .expect("two words")
                .1,
        )
    };
    let sum: f64 = genres.iter().map(share).sum();
    assert!((sum - 100.0).abs() < 1.0, "{genres:?}");
}

#[test]
fn search_gives_five_songs_with_similarities() {
    let lines = lines("search", Path::new(SONG));
    assert_eq!(lines.len(), 5, "{lines:?}");
    for line in &lines {
        let (similarity, song) = line.split_once("  ").expect("a song after its similarity");
        assert!((-1.0..=1.001).contains(&number(similarity)), "{line}");
        assert!(song.contains(" – "), "{line}");
    }
}

#[test]
fn a_file_that_is_no_sound_is_refused_in_a_sentence() {
    for name in ["classify", "search"] {
        let output = Command::new(example(name)).arg(file!()).output();
        let output = output.expect("an example that starts");
        assert!(!output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.starts_with("Error: "), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
