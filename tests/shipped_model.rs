//! What the shipped model must do whatever a recording went through.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::Path;

use proptest::prelude::*;
use soundalike_core::audio::{Clip, SoundReader, synth};
use soundalike_core::catalog::{Catalog, Search};
use soundalike_core::pipeline::{PredictError, Prediction, Predictor};
use soundalike_shipped as shipped;

fn predictor() -> Predictor {
    Predictor::on_processor(shipped::MODEL).unwrap()
}

fn changed(clip: &Clip, change: impl Fn(f32) -> f32) -> Clip {
    let samples = clip.samples().iter().map(|&s| change(s)).collect();
    Clip::new(samples, clip.rate()).unwrap()
}

/// The ten songs of the shipped catalogue that sound most like an answer's.
fn neighbours(catalog: &Catalog, answer: &Prediction) -> Vec<usize> {
    let query = soundalike_core::catalog::Query {
        embedding: &answer.embedding,
        probabilities: &answer.probabilities,
        tags: &answer.tags,
    };
    let found = catalog.similar(query, 10, &Search::default());
    found.into_iter().map(|song| song.track).collect()
}

#[test]
fn the_same_song_at_another_level_or_with_an_offset_is_the_same_song() {
    let predictor = predictor();
    let catalog = Catalog::from_bytes(shipped::CATALOG).unwrap();
    let song = synth::sample_song();
    let clean = predictor.predict(&song).unwrap();
    let expected = neighbours(&catalog, &clean);
    assert_eq!(expected.len(), 10);
    let gain = |db: f32| 10.0_f32.powf(db / 20.0);
    let versions: [(&str, Clip); 5] = [
        ("-20 dB", changed(&song, |s| s * gain(-20.0))),
        ("-40 dB", changed(&song, |s| s * gain(-40.0))),
        // Not clipped: what is above full scale is kept.
        ("+12 dB", changed(&song, |s| s * gain(12.0))),
        ("offset 0.3", changed(&song, |s| s + 0.3)),
        (
            "offset -0.1 at -30 dB",
            changed(&song, |s| s * gain(-30.0) - 0.1),
        ),
    ];
    for (name, version) in versions {
        let answer = predictor.predict(&version).unwrap();
        assert_eq!(answer.best(), clean.best(), "{name}");
        for (a, b) in answer.probabilities.iter().zip(&clean.probabilities) {
            assert!((a - b).abs() < 0.02, "{name}: {a} {b}");
        }
        let found = neighbours(&catalog, &answer);
        let kept = found
            .iter()
            .filter(|track| expected.contains(track))
            .count();
        assert!(kept >= 9, "{name}: {kept} of 10 neighbours");
    }
}

#[test]
fn noise_hum_and_tones_are_not_music_and_silence_is_refused() {
    let predictor = predictor();
    let genres = &predictor.model().genres;
    let rate = 22_050_u32;
    let seconds = 6;
    let mut state = 1_u32;
    let mut white = || {
        // Numerical Recipes' generator: enough for noise.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32 - 0.5
    };
    let length = seconds * rate as usize;
    let noise: Vec<f32> = (0..length).map(|_| white()).collect();
    let mut held = 0.0;
    let brown: Vec<f32> = noise
        .iter()
        .map(|s| {
            held = 0.99 * held + 0.1 * s;
            held
        })
        .collect();
    let hum: Vec<f32> = (0..length)
        .map(|i| {
            let t = i as f32 / rate as f32;
            let wave = |n: f32| (std::f32::consts::TAU * 50.0 * n * t).sin() / n;
            0.3 * (wave(1.0) + wave(2.0) + wave(3.0))
        })
        .collect();
    for (name, samples) in [("white noise", noise), ("brown noise", brown), ("hum", hum)] {
        let answer = predictor
            .predict(&Clip::new(samples, rate).unwrap())
            .unwrap();
        let verdict = answer.verdict(genres).to_string();
        assert!(
            verdict.starts_with("Not sure"),
            "{name}: {verdict}, music {}",
            answer.music
        );
    }
    let silence = Clip::new(vec![0.0; length], rate).unwrap();
    assert!(matches!(
        predictor.predict(&silence),
        Err(PredictError::Silent)
    ));
}

#[test]
fn the_sample_song_is_music() {
    let answer = predictor().predict(&synth::sample_song()).unwrap();
    assert!(answer.music > 0.5, "{}", answer.music);
}

/// The sample song at another level after so many samples of silence: its largest difference of a probability from
/// the song alone, and whether its genre is the same or one that was as likely but for that difference.
fn moved_by(silence: usize, db: f32) -> (f32, bool) {
    let song = synth::sample_song();
    let gain = 10.0_f32.powf(db / 20.0);
    let silent = std::iter::repeat_n(0.0, silence);
    let samples = silent.chain(song.samples().iter().map(|s| s * gain));
    let clip = Clip::new(samples.collect(), song.rate()).unwrap();
    let predictor = predictor();
    let clean = predictor.predict(&song).unwrap();
    let found = predictor.predict(&clip).unwrap();
    assert!(found.embedding.iter().all(|v| v.is_finite()));
    let pairs = found.probabilities.iter().zip(&clean.probabilities);
    let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let close = clean.confidence() - clean.probabilities[found.best()] <= most;
    (most, found.best() == clean.best() || close)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_level_and_any_silence_before_it_keep_the_genre(db in -40.0_f32..12.0, seconds in 0.3_f64..20.0) {
        let (most, same) = moved_by((seconds * 22_050.0) as usize, db);
        // Twice what a part of a frame moves the six seconds of the sample song by at most (0.032 over 48 places in a
        // frame), as much as when the part is cut off it: silence has segments of its own, but frames are where they are.
        prop_assert!(same && most < 0.065, "{most} after {seconds} s of silence, {db} dB");
    }

    #[test]
    fn silence_of_whole_frames_before_it_changes_next_to_nothing(db in -40.0_f32..12.0, times in 4_usize..250) {
        // Five frames are 1 280 samples at the model's 16 kHz and 1 764 at the song's 22.05 kHz. What is left is the
        // resampler's filter and the window, which reach a little into the silence.
        let (most, same) = moved_by(times * 1_764, db);
        prop_assert!(same && most < 0.005, "{most} after {times} times five frames of silence, {db} dB");
    }
}

/// The files of ../shared/cases, which users of other programs reported: what must come of each.
#[test]
fn the_shared_cases_are_heard_as_they_must_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let folder = root.join("../shared/cases");
    if !folder.is_dir() {
        println!("skipped: there is no ../shared/cases");
        return;
    }
    let predictor = predictor();
    let hear = |name: &str| {
        let mut reader = SoundReader::from_file(&folder.join(name)).unwrap();
        let prediction = predictor.predict_reader(&mut reader);
        prediction.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for (name, seconds) in [
        ("01-joined.mp3", 10.08),
        ("02-mono-then-stereo.mp3", 5.38),
        ("02-rate-switch.mp3", 6.26),
        ("06-ape-end.mp3", 5.02),
        ("06-id3-size-too-small.mp3", 5.04),
        ("06-zeros-100k-before.mp3", 5.07),
        ("09-jingle-then-song.ogg", 5.4),
        ("15-frames-ffffffff.mp3", 5.03),
        ("16-concatenated.flac", 10.0),
        ("12-in24.mov", 2.5),
        ("12-v-pcm_f32be.mov", 2.5),
    ] {
        let found = hear(name);
        assert!(
            (found.seconds - seconds).abs() < 0.03 * seconds,
            "{name}: {} s",
            found.seconds
        );
        let notes: Vec<&str> = found.notes.iter().map(|note| note.code).collect();
        assert!(
            !notes
                .iter()
                .any(|code| code.starts_with("decoding.missing")),
            "{name}: {notes:?}"
        );
    }
    for (name, clean) in [
        ("07-inverted.flac", "07-clean-mono.flac"),
        ("18-lv-minus30.flac", "18-lv-00.flac"),
        ("18-dc.flac", "18-lv-00.flac"),
    ] {
        let (found, clean) = (hear(name), hear(clean));
        assert_eq!(found.best(), clean.best(), "{name}");
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (a, b) = (&found.embedding, &clean.embedding);
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        assert!(cosine >= 0.99, "{name}: cosine {cosine}");
    }
    for name in ["16-corrupt-60k.flac", "25-corrupt-20k.ogg"] {
        let notes = hear(name).notes;
        assert!(
            notes
                .iter()
                .any(|note| note.code == "decoding.missing_once"),
            "{name}: {notes:?}"
        );
    }
    for name in [
        "25-middle-of-stream.ogg",
        "60-vorbis-floor.ogg",
        "60-vorbis-mapping.ogg",
        "60-alac-wasm.m4a",
        "61-hour-of-zeros-192k.flac",
    ] {
        let reader = SoundReader::from_file(&folder.join(name));
        let failed = match reader {
            Ok(mut reader) => predictor.predict_reader(&mut reader).is_err(),
            Err(_) => true,
        };
        assert!(failed, "{name}");
    }
}
