//! How long each room of the house takes. `cargo xtask bench` prints the table.
#![cfg(not(target_arch = "wasm32"))]

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use soundalike_core::audio::synth;
use soundalike_core::catalog::{Catalog, Query, Search};
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::Architecture;
use soundalike_core::pipeline::Predictor;
use soundalike_shipped as shipped;

fn audio_and_front_end(c: &mut Criterion) {
    let song = synth::sample_song();
    c.bench_function("synthesise the sample song (24 s)", |b| {
        b.iter(synth::sample_song);
    });
    let studio = synth::noise(1, 30.0, 44_100);
    c.bench_function("resample 30 s from 44.1 kHz", |b| {
        b.iter(|| black_box(&studio).resampled(22_050));
    });
    let front_end = FrontEnd::default();
    c.bench_function("log-mel spectrogram of 24 s", |b| {
        b.iter(|| front_end.log_mel(black_box(song.samples())));
    });
}

fn model_and_catalogue(c: &mut Criterion) {
    let mut group = c.benchmark_group("shipped");
    group.sample_size(20);
    group.bench_function("load the model", |b| {
        b.iter(|| Predictor::on_processor(shipped::MODEL));
    });
    let Ok(predictor) = Predictor::on_processor(shipped::MODEL) else {
        return;
    };
    let front_end = &predictor.model().front_end;
    let size = front_end.mel_bands * front_end.segment_frames;
    for segments in [1, 10] {
        let input = vec![-40.0; segments * size];
        group.bench_function(format!("hear {segments} segment(s)"), |b| {
            b.iter(|| pollster::block_on(predictor.model().predict(&[black_box(&input)])));
        });
    }
    let song = synth::sample_song();
    group.bench_function("classify 24 s, sound to answer", |b| {
        b.iter(|| predictor.predict(black_box(&song)));
    });
    group.bench_function("load the catalogue", |b| {
        b.iter(|| Catalog::from_bytes(shipped::CATALOG));
    });
    if let (Ok(catalog), Ok(answer)) = (
        Catalog::from_bytes(shipped::CATALOG),
        predictor.predict(&song),
    ) {
        let query = Query {
            embedding: &answer.embedding,
            probabilities: &answer.probabilities,
            tags: &answer.tags,
        };
        group.bench_function("find ten songs in the catalogue", |b| {
            b.iter(|| catalog.similar(black_box(query), 10, &Search::default()));
        });
    }
    group.finish();
}

fn training(c: &mut Criterion) {
    let mut group = c.benchmark_group("training");
    group.sample_size(10);
    let device = Device::flex().autodiff();
    if let Ok(architecture) = "two-stream".parse::<Architecture>() {
        let network = architecture.init(&device);
        let crops = Tensor::<4>::random([32, 1, 128, 128], Distribution::Default, &device);
        group.bench_function("forward and backward, 32 crops", |b| {
            b.iter(|| {
                network
                    .forward(vec![black_box(crops.clone())])
                    .logits
                    .sum()
                    .backward()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, audio_and_front_end, model_and_catalogue, training);
criterion_main!(benches);
