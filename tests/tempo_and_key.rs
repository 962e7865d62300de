//! Tempo and key of songs that the project synthesises, so that the truth is known.
//! `examples/tempo_and_key.rs` prints the figures of the whole set.
#![allow(clippy::unwrap_used)]

#[path = "support/tempo_and_key.rs"]
mod support;

use rayon::prelude::*;
use soundalike_core::audio::synth::{self, Players, Progression};
use soundalike_core::audio::{Clip, SoundReader};
use soundalike_core::dsp::{KeyRelation, TempoAndKey};
use soundalike_core::pipeline::Predictor;
use support::{TempoFound, count_key, count_tempo, heard, key_score, outcome};

#[test]
fn the_synthesised_songs_have_their_tempo_and_key() {
    // Every second song of the set has each key, tempo, tuning and way of playing.
    let songs: Vec<Progression> = Progression::set().into_iter().step_by(2).collect();
    let outcomes: Vec<_> = songs
        .into_par_iter()
        .map(|song| outcome(song).unwrap())
        .collect();
    let share = |count: usize| count as f64 / outcomes.len() as f64;

    // Half and double of a tempo are heard in the same music by people too: what must not happen is
    // anything else.
    let right = share(count_tempo(&outcomes, TempoFound::Right));
    let half = share(count_tempo(&outcomes, TempoFound::Half));
    let double = share(count_tempo(&outcomes, TempoFound::Double));
    assert!(right >= 0.68, "{right}");
    assert!(right + half + double >= 0.98, "{right} {half} {double}");

    // The progression i–VI–III–VII, a quarter of the songs in minor, is vi–IV–I–V of the relative major.
    let same = share(count_key(&outcomes, Some(KeyRelation::Same)));
    let other = share(count_key(&outcomes, Some(KeyRelation::Other)));
    assert!(same >= 0.75, "{same}");
    assert!(other <= 0.02, "{other}");
    assert!(key_score(&outcomes) >= 0.82, "{}", key_score(&outcomes));
    assert_eq!(count_key(&outcomes, None), 0);
    // In major only the fifth is mistaken for the tonic.
    let in_major = outcomes.iter().filter(|outcome| !outcome.song.minor);
    let mut relations = in_major.map(|outcome| outcome.key);
    assert!(relations.all(|key| matches!(key, Some(KeyRelation::Same | KeyRelation::Fifth))));
}

/// Syllables: a voice of 90 to 210 Hz that glides, two formants, pauses; no rhythm and no scale.
fn speech(seed: u64, seconds: f64) -> Clip {
    let rate = 16_000.0;
    let noise = synth::noise(seed, seconds * 2.0, 16_000);
    let mut random = noise.samples().iter().map(|x| 0.5 + 0.5 * f64::from(*x));
    let mut chance = move || random.next().unwrap_or(0.5);
    let mut samples: Vec<f32> = Vec::new();
    let mut phase = 0.0;
    while (samples.len() as f64) < seconds * rate {
        let length = (0.09 + 0.25 * chance()) * rate;
        let pitch = 90.0 + 120.0 * chance();
        let glide = 0.7 + 0.5 * chance() - 1.0;
        let formants = [300.0 + 600.0 * chance(), 900.0 + 1_500.0 * chance()];
        let mut memory = [[0.0; 2]; 2];
        for at in 0..length as usize {
            let done = at as f64 / length;
            phase += pitch * (1.0 + glide * done) / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase %= 1.0;
            let mut sum = 0.0;
            for (formant, past) in formants.iter().zip(&mut memory) {
                let turn = std::f64::consts::TAU * formant / rate;
                let value = pulse + 1.94 * turn.cos() * past[0] - 0.97 * 0.97 * past[1];
                *past = [value, past[0]];
                sum += value;
            }
            samples.push((0.05 * sum * (std::f64::consts::PI * done).sin()) as f32);
        }
        if chance() < 0.25 {
            let pause = ((0.05 + 0.5 * chance()) * rate) as usize;
            samples.extend(std::iter::repeat_n(0.0, pause));
        }
    }
    Clip::new(samples, 16_000).unwrap()
}

#[test]
fn noise_speech_silence_and_a_tone_have_neither_tempo_nor_key() {
    let silence = Clip::new(vec![0.0; 320_000], 16_000).unwrap();
    for (name, clip) in [
        ("noise", synth::noise(1, 30.0, 16_000)),
        ("more noise", synth::noise(2, 30.0, 22_050)),
        ("little noise", synth::noise(0, 10.0, 16_000)),
        ("speech", speech(1, 40.0)),
        ("more speech", speech(2, 40.0)),
        ("silence", silence),
        ("tone", synth::tone(440.0, 20.0, 16_000)),
        ("a moment", synth::tone(440.0, 0.1, 16_000)),
    ] {
        assert_eq!(heard(&clip).unwrap(), TempoAndKey::default(), "{name}");
    }
}

#[test]
fn drums_alone_have_a_tempo_and_no_key() {
    for bpm in [90.0, 120.0, 140.0] {
        let drums = Progression {
            bpm,
            players: Players::Drums,
            ..Progression::set()[0]
        };
        let heard = heard(&drums.render()).unwrap();
        let found = f64::from(heard.tempo.unwrap().bpm);
        assert!((found / bpm - 1.0).abs() < 0.04, "{bpm}: {found}");
        assert_eq!(heard.key, None);
    }
}

#[test]
fn the_predictor_hears_tempo_and_key_on_the_way_and_predicts_the_same() {
    let predictor = Predictor::on_processor(soundalike_shipped::MODEL).unwrap();
    let song = Progression {
        bpm: 110.0,
        ..Progression::set()[3]
    };
    let clip = song.render();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("song.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: clip.rate(),
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&file, spec).unwrap();
    for &sample in clip.samples() {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();

    let open = || SoundReader::from_file(&file).unwrap();
    let alone = predictor.predict_reader(&mut open()).unwrap();
    let (prediction, found) = predictor
        .predict_reader_with_tempo_and_key(&mut open())
        .unwrap();
    assert_eq!(prediction, alone);
    assert_eq!(found, heard(&clip).unwrap());
    assert!(found.tempo.is_some() && found.key.is_some());
}
