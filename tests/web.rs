//! The library as the browser runs it: `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use soundalike_core::audio::{self, Clip, synth};
use soundalike_core::catalog::Catalog;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::pipeline::Predictor;
use soundalike_web as web;
use wasm_bindgen::JsValue;
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
    let predictor = Predictor::on_processor(MODEL).unwrap();
    // The model file holds what the native CPU answered when it was saved.
    let difference = predictor.reference_difference().await.unwrap().unwrap();
    // Single precision through ten layers, summed in another order.
    assert!(difference <= 1e-4, "{difference}");
}

#[wasm_bindgen_test]
fn the_shipped_catalogue_belongs_to_the_shipped_model() {
    let predictor = Predictor::on_processor(MODEL).unwrap();
    let catalog = Catalog::from_bytes(CATALOG).unwrap();
    catalog.check_model(&predictor.model().sha256).unwrap();
}

#[wasm_bindgen_test]
async fn a_sound_goes_all_the_way_through_what_the_worker_calls() {
    let engine = web::Engine::load(MODEL.to_vec(), CATALOG.to_vec(), "cpu".to_owned())
        .await
        .ok()
        .unwrap();
    let mut sound = web::sample_song();
    let mut analysis = engine.begin(&mut sound).ok().unwrap();
    assert!(analysis.segments() >= 8);
    while analysis.done() < analysis.segments() {
        analysis.step(&engine, 3).await.ok().unwrap();
    }
    let picture = analysis.picture(100);
    assert_eq!(picture.len(), 96 * 100);
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

async fn engine() -> web::Engine {
    web::Engine::load(MODEL.to_vec(), CATALOG.to_vec(), "cpu".to_owned())
        .await
        .ok()
        .unwrap()
}

fn get(value: &JsValue, key: &str) -> JsValue {
    js_sys::Reflect::get(value, &key.into()).unwrap()
}

/// What the page asks of the catalogue, in its own words.
fn wish(json: &str) -> JsValue {
    js_sys::JSON::parse(json).unwrap()
}

#[wasm_bindgen_test]
async fn what_a_microphone_gives_becomes_columns_a_level_and_an_answer() {
    let engine = engine().await;
    let mut live = engine.listen(48_000).ok().unwrap();
    let song = synth::sample_song().resampled(48_000).unwrap();
    for piece in song.samples()[..48_000 * 4].chunks(1024) {
        live.push(piece).ok().unwrap();
    }
    assert!(live.take_picture().len() > 96 * 200);
    let level = live.take_level();
    assert!(level[0] > 0.01 && level[1] > 0.001 && level[0] >= level[1]);
    let now = live.now(&engine).await.ok().unwrap();
    assert_eq!(get(&now, "quiet").as_bool(), Some(false));
    assert!(get(&get(&now, "answer"), "confidence").as_f64().unwrap() > 0.1);
    assert!(engine.listen(1).is_err());
}

#[wasm_bindgen_test]
async fn wishes_narrow_the_list_and_bad_ones_are_an_error() {
    let engine = engine().await;
    let tracks = |wished: &str| -> Vec<u32> {
        let found = engine.similar(wish(wished)).ok().unwrap();
        let found = js_sys::Array::from(&found);
        let track = |song: JsValue| get(&song, "track").as_f64().unwrap() as u32;
        found.iter().map(track).collect()
    };
    let rest = r#""k": 10, "mode": "cosine", "exclude_artists": []"#;
    let plain = tracks(&format!(
        r#"{{ "parts": [{{ "weight": 1, "track": 5 }}], {rest}, "exclude_tracks": [5] }}"#
    ));
    assert!(plain.len() == 10 && !plain.contains(&5));
    let blended = tracks(&format!(
        r#"{{ "parts": [{{ "weight": 1, "track": 5 }}, {{ "weight": -0.5, "track": {} }}],
            {rest}, "exclude_tracks": [5] }}"#,
        plain[0]
    ));
    assert!(blended.len() == 10 && blended != plain);
    let country =
        format!(r#"{{ "parts": [{{ "weight": 1, "track": 5 }}], "genre": "country", {rest} }}"#);
    let found = js_sys::Array::from(&engine.similar(wish(&country)).ok().unwrap());
    assert!(found.length() > 0);
    for song in found.iter() {
        assert_eq!(get(&song, "genre").as_string().as_deref(), Some("country"));
    }
    for bad in [
        "{}".to_owned(),
        format!(r#"{{ "parts": [], {rest} }}"#),
        format!(r#"{{ "parts": [{{ "weight": -1, "track": 5 }}], {rest} }}"#),
        format!(r#"{{ "parts": [{{ "weight": 1, "track": 99999999 }}], {rest} }}"#),
    ] {
        assert!(engine.similar(wish(&bad)).is_err(), "{bad}");
    }
}

#[wasm_bindgen_test]
async fn the_map_has_every_song_and_a_song_lies_where_its_embedding_is_put() {
    let engine = engine().await;
    let catalog = Catalog::from_bytes(CATALOG).unwrap();
    let map = engine.map().ok().unwrap();
    let points = js_sys::Array::from(&get(&map, "points"));
    assert_eq!(points.length() as usize, catalog.len());
    let point = js_sys::Array::from(&get(&points.get(7), "point"));
    let place = engine.place(catalog.embedding(7));
    for (axis, value) in place.iter().enumerate() {
        let expected = point.get(axis as u32).as_f64().unwrap();
        assert!((f64::from(*value) - expected).abs() < 1e-4);
    }
    assert_eq!(js_sys::Array::from(&get(&map, "genres")).length(), 10);
}

#[wasm_bindgen_test]
async fn a_model_takes_its_time_and_other_bytes_are_none() {
    let found = web::milliseconds_per_segment(MODEL.to_vec()).await;
    assert!(found.ok().unwrap() > 0.0);
    assert!(web::milliseconds_per_segment(vec![0; 99]).await.is_err());
}

#[wasm_bindgen_test]
fn bad_input_is_an_error_and_not_a_trap() {
    assert!(web::decode(Vec::new(), None).is_err());
    assert!(web::decode(b"just some text".to_vec(), Some("song.mp3".to_owned())).is_err());
    assert!(Clip::new(vec![f32::NAN; 100], 22_050).is_err());
    assert!(web::probe_rate(b"").is_none());
}
