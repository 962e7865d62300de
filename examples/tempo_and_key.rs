//! Without an argument: how many of the songs that the project synthesises have their tempo and key
//! estimated right, and what that costs beside the whole analysis. With sound files: their tempo and key.
//!
//! ```sh
//! cargo run --release --example tempo_and_key
//! cargo run --release --example tempo_and_key -- SONG.mp3
//! ```

#[path = "../tests/support/tempo_and_key.rs"]
mod support;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use soundalike::audio::synth::{Players, Progression};
use soundalike::audio::{Clip, decode_file};
use soundalike::dsp::{KeyProfiles, KeyRelation, TempoAndKeyAnalyser};
use soundalike::pipeline::Predictor;
use support::{
    Outcome, TempoFound, analysed, count_key, count_tempo, heard, key_of, key_score, outcome,
};

fn main() -> anyhow::Result<()> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        print_accuracy()?;
        print_profiles()?;
        return print_cost();
    }
    for file in files {
        let name = file.display().to_string();
        let clip = decode_file(&file).with_context(|| name.clone())?.clip;
        let heard = heard(&clip)?;
        let tempo = heard.tempo.map_or("no tempo".to_owned(), |tempo| {
            format!("{:.1} BPM (confidence {:.2})", tempo.bpm, tempo.confidence)
        });
        let key = heard.key.map_or("no key".to_owned(), |key| {
            format!("{} (strength {:.2})", key.key, key.strength)
        });
        println!("{name}: {tempo}, {key}");
    }
    Ok(())
}

fn print_accuracy() -> anyhow::Result<()> {
    let outcomes: Vec<Outcome> = Progression::set()
        .into_iter()
        .map(outcome)
        .collect::<Result<_, _>>()?;
    let of = |take: fn(&Outcome) -> bool| -> Vec<Outcome> {
        outcomes.iter().copied().filter(take).collect()
    };
    println!("tempo              songs  right  half  double  other  none");
    for (name, songs) in [
        ("all", outcomes.clone()),
        ("without drums", of(|o| o.song.players == Players::Strings)),
        ("with drums", of(|o| o.song.players != Players::Strings)),
        ("60 to 90 BPM", of(|o| o.song.bpm <= 90.0)),
        (
            "100 to 140 BPM",
            of(|o| (100.0..=140.0).contains(&o.song.bpm)),
        ),
        ("150 to 180 BPM", of(|o| o.song.bpm >= 150.0)),
    ] {
        let count = |tempo| count_tempo(&songs, tempo);
        println!(
            "{name:18} {:5}  {:5}  {:4}  {:6}  {:5}  {:4}",
            songs.len(),
            count(TempoFound::Right),
            count(TempoFound::Half),
            count(TempoFound::Double),
            count(TempoFound::Other),
            count(TempoFound::None),
        );
    }
    println!("\nkey                songs  same  fifth  relative  parallel  other  none  score");
    for (name, songs) in [
        ("all", outcomes.clone()),
        ("major", of(|o| !o.song.minor)),
        ("minor", of(|o| o.song.minor)),
        ("i-VI-III-VII", of(|o| o.song.minor && o.song.chords == 0)),
        ("30 cents flat", of(|o| o.song.cents < 0.0)),
        ("in tune", of(|o| o.song.cents == 0.0)),
        ("30 cents sharp", of(|o| o.song.cents > 0.0)),
        ("with drums", of(|o| o.song.players != Players::Strings)),
    ] {
        let count = |relation| count_key(&songs, Some(relation));
        println!(
            "{name:18} {:5}  {:4}  {:5}  {:8}  {:8}  {:5}  {:4}  {:.3}",
            songs.len(),
            count(KeyRelation::Same),
            count(KeyRelation::Fifth),
            count(KeyRelation::Relative),
            count(KeyRelation::Parallel),
            count(KeyRelation::Other),
            count_key(&songs, None),
            key_score(&songs),
        );
    }
    Ok(())
}

/// Exact keys by each pair of profiles.
fn print_profiles() -> anyhow::Result<()> {
    let mut right = [[0; 2]; KeyProfiles::ALL.len()];
    for song in Progression::set() {
        let analyser = analysed(&song.render())?;
        for (right, profiles) in right.iter_mut().zip(KeyProfiles::ALL) {
            let found = analyser.key_by(profiles).map(|found| found.key);
            right[usize::from(song.minor)] += usize::from(found == Some(key_of(&song)));
        }
    }
    println!("\nprofiles           major  minor");
    for ([major, minor], profiles) in right.into_iter().zip(KeyProfiles::ALL) {
        println!("{:17}  {major:5}  {minor:5}", format!("{profiles:?}"));
    }
    Ok(())
}

/// Times tempo and key of four minutes of stereo's mono mix at 44.1 kHz beside the whole analysis.
fn print_cost() -> anyhow::Result<()> {
    let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    let song = Progression::set()[3].render();
    let samples = song.samples().iter().copied().cycle();
    let four_minutes =
        Clip::new(samples.take(240 * 22_050).collect(), 22_050)?.resampled(44_100)?;
    let front_end = &predictor.model().front_end;
    let (mut whole, mut alone) = (f64::INFINITY, f64::INFINITY);
    // The best of five: other work on the machine only adds.
    for _ in 0..5 {
        let started = Instant::now();
        predictor.predict(&four_minutes)?;
        whole = whole.min(started.elapsed().as_secs_f64());
        let resampled = four_minutes.resampled(front_end.sample_rate)?;
        let log_mel = front_end.log_mel(resampled.samples());
        let started = Instant::now();
        let mut analyser = TempoAndKeyAnalyser::new(front_end);
        analyser.push(resampled.samples(), &log_mel);
        analyser.answer();
        alone = alone.min(started.elapsed().as_secs_f64());
    }
    println!(
        "\nfour minutes: tempo and key {:.1} ms, analysis without them {:.1} ms (without decoding): {:.1} % more",
        1e3 * alone,
        1e3 * whole,
        100.0 * alone / whole
    );
    Ok(())
}
