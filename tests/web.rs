//! The library as the browser runs it: `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use soundalike_core::audio::{self, Clip, synth};
use soundalike_core::catalog::Catalog;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::pipeline::Predictor;
use soundalike_web as web;
use wasm_bindgen::{JsCast, JsValue};
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

/// A file that is read block by block, as the worker reads it; one that is gone if `fails`.
fn source(bytes: &[u8], fails: bool) -> JsValue {
    let file = js_sys::Object::new();
    let set = |key: &str, value: &JsValue| js_sys::Reflect::set(&file, &key.into(), value).unwrap();
    set("size", &(bytes.len() as f64).into());
    set("bytes", &js_sys::Uint8Array::from(bytes));
    set("most", &0.into());
    let read = match fails {
        true => "throw new Error('gone');",
        false => "this.most = Math.max(this.most, count); return this.bytes.slice(at, at + count);",
    };
    set("read", &js_sys::Function::new_with_args("at, count", read));
    file.into()
}

#[wasm_bindgen_test]
fn a_file_that_is_read_as_it_is_needed_is_heard_as_its_bytes() {
    // Ten minutes, several blocks long.
    let rate = 8_000_u32;
    let samples: Vec<u8> = (0..rate * 600)
        .flat_map(|n| ((u64::from(n).pow(2) / 7 % 20_000) as i16 - 10_000).to_le_bytes())
        .collect();
    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(&samples);
    let all = (wav.len() as u32 - 8).to_le_bytes();
    wav[4..8].copy_from_slice(&all);

    let name = || Some("song.wav".to_owned());
    let bytes = js_sys::Uint8Array::from(wav.as_slice());
    let whole = web::decode(bytes.into(), name(), Some(16_000))
        .ok()
        .unwrap();
    let file = source(&wav, false);
    let read = web::decode(file.clone(), name(), Some(16_000))
        .ok()
        .unwrap();
    assert_eq!(
        (read.rate(), read.seconds(), read.whole()),
        (16_000, 600.0, true)
    );
    let samples = |sound: &web::Sound| sound.samples().ok().unwrap().to_vec();
    assert!(samples(&read) == samples(&whole));
    let most = get(&file, "most").as_f64().unwrap();
    assert!(
        most > 0.0 && most < wav.len() as f64 / 4.0,
        "{most} bytes at once"
    );

    let mut plain = web::PlainSound::open(source(&wav, false), name())
        .ok()
        .unwrap();
    let mut played = Vec::new();
    while let Some(part) = plain.next_piece().ok().unwrap() {
        played.extend(part);
    }
    assert_eq!((plain.rate(), played.len()), (rate, 600 * rate as usize));
    assert!(web::decode(source(&wav, true), name(), None).is_err());
    assert!(web::decode(source(b"", false), name(), None).is_err());
}

#[wasm_bindgen_test]
fn a_song_is_called_by_its_tags_or_else_by_its_file() {
    // "Кино" in Windows-1251, marked as Latin-1.
    let text = |id: &str, text: &[u8]| {
        let size = text.len() as u8 + 1;
        [id.as_bytes(), &[0, 0, 0, size, 0, 0, 0], text].concat()
    };
    let old = [0xca, 0xe8, 0xed, 0xee];
    let star = [0xc7, 0xe2, 0xe5, 0xe7, 0xe4, 0xe0];
    let frames = [
        text("TIT2", &star),
        text("TPE1", &old),
        text("TALB", b"Live"),
    ]
    .concat();
    let tag = [b"ID3\x03\0\0\0\0\0", &[frames.len() as u8][..], &frames].concat();
    let names = |bytes: &[u8], name: &str| {
        let names = web::names_of(source(bytes, false).unchecked_into(), name)
            .ok()
            .unwrap();
        ["title", "artist", "album"].map(|key| get(&names, key).as_string().unwrap())
    };
    assert_eq!(names(&tag, "x.mp3"), ["Звезда", "Кино", "Live"]);
    assert_eq!(names(b"no tags", "03_my-song.mp3"), ["My song", "", ""]);
}

#[wasm_bindgen_test]
fn bad_input_is_an_error_and_not_a_trap() {
    let bytes = |text: &[u8]| JsValue::from(js_sys::Uint8Array::from(text));
    assert!(web::decode(bytes(b""), None, None).is_err());
    let name = Some("song.mp3".to_owned());
    assert!(web::decode(bytes(b"just some text"), name, None).is_err());
    assert!(Clip::new(vec![f32::NAN; 100], 22_050).is_err());
    assert!(web::probe_rate(b"").is_none());
}
