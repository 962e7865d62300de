//! The library as the browser runs it: `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use burn::tensor::Device;
use soundalike::audio::{self, Clip, synth};
use soundalike::catalog::Catalog;
use soundalike::dsp::FrontEnd;
use soundalike::pipeline::Listener;
use soundalike::web;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const MODEL: &[u8] = include_bytes!("../models/two-stream.safetensors");
const CATALOG: &[u8] = include_bytes!("../models/catalog.safetensors");

/// The values of a little-endian f32 .npy file of version 1.
fn npy(bytes: &[u8]) -> Vec<f32> {
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[10 + header..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn golden_log_mel(wav: &[u8], expected: &[u8]) {
    let clip = audio::decode_bytes(wav.to_vec(), "golden.wav")
        .unwrap()
        .clip;
    let found = FrontEnd::default().log_mel(clip.samples());
    let expected = npy(expected);
    assert_eq!(found.values.len(), expected.len());
    for (a, b) in found.values.iter().zip(&expected) {
        // The tolerance of tests/golden.rs.
        assert!(*b <= -80.0 || (a - b).abs() <= 0.01, "{a} {b}");
    }
}

#[wasm_bindgen_test]
fn log_mel_equals_librosas() {
    golden_log_mel(
        include_bytes!("golden/sweep.wav"),
        include_bytes!("golden/sweep.logmel_db.npy"),
    );
    golden_log_mel(
        include_bytes!("golden/noise.wav"),
        include_bytes!("golden/noise.logmel_db.npy"),
    );
    golden_log_mel(
        include_bytes!("golden/short.wav"),
        include_bytes!("golden/short.logmel_db.npy"),
    );
}

#[wasm_bindgen_test]
fn resampling_keeps_a_tone_where_it_was() {
    let tone = synth::tone(440.0, 1.0, 44_100);
    let found = tone.resampled(22_050).unwrap();
    let expected = synth::tone(440.0, 1.0, 22_050);
    assert_eq!(found.samples().len(), expected.samples().len());
    // The edges ring, since the tone begins and ends abruptly.
    for i in 1000..21_000 {
        assert!((found.samples()[i] - expected.samples()[i]).abs() < 1e-3);
    }
}

#[wasm_bindgen_test]
async fn the_shipped_model_answers_as_it_does_natively() {
    let listener = Listener::from_bytes(MODEL, Device::flex()).unwrap();
    // The model file holds what the native CPU answered when it was saved.
    let difference = listener.golden_difference().await.unwrap().unwrap();
    assert!(difference <= 1e-3, "{difference}");
}

#[wasm_bindgen_test]
fn the_shipped_catalogue_belongs_to_the_shipped_model() {
    let listener = Listener::from_bytes(MODEL, Device::flex()).unwrap();
    let catalog = Catalog::from_bytes(CATALOG).unwrap();
    catalog.check_model(&listener.model().sha256).unwrap();
}

#[wasm_bindgen_test]
async fn a_sound_goes_all_the_way_through_what_the_worker_calls() {
    let engine = web::Engine::load(MODEL.to_vec(), CATALOG.to_vec(), "cpu".to_owned())
        .await
        .ok()
        .unwrap();
    let sound = web::sample_song();
    let mut analysis = engine.begin(&sound).ok().unwrap();
    assert!(analysis.segments() >= 8);
    while analysis.done() < analysis.segments() {
        analysis.step(&engine, 3).await.ok().unwrap();
    }
    let picture = analysis.picture(100);
    assert_eq!(picture.len(), 128 * 100);
    assert_eq!(picture.iter().max(), Some(&255));
    let answer = analysis.answer().ok().unwrap();
    let number = |key: &str| {
        js_sys::Reflect::get(&answer, &key.into())
            .unwrap()
            .as_f64()
            .unwrap()
    };
    assert!(number("confidence") > 0.1 && number("confidence") <= 1.0);
    assert!((number("seconds") - sound.seconds()).abs() < 1e-9);
}

#[wasm_bindgen_test]
fn bad_input_is_an_error_and_not_a_trap() {
    assert!(web::decode(Vec::new(), None).is_err());
    assert!(web::decode(b"just some text".to_vec(), Some("song.mp3".to_owned())).is_err());
    assert!(Clip::new(vec![f32::NAN; 100], 22_050).is_err());
    assert!(web::probe_rate(b"").is_none());
}
