//! Synthetic sounds that are not music, for outlier exposure (Hendrycks et al. 2019): on them a model is
//! trained to be uncertain. Noises, hums, tones, clicks, applause, chirps and near-silence; voices have to
//! come from recordings.
//!
//! All distributions here are uniform, on a linear or a logarithmic scale.

use std::f32::consts::TAU;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::augment::between;

/// The kinds and the weights that they are drawn with.
const KINDS: [(NoiseKind, f32); 8] = [
    (NoiseKind::Noise, 3.0),
    (NoiseKind::Hum, 2.0),
    (NoiseKind::Tones, 2.0),
    (NoiseKind::Sweep, 1.0),
    (NoiseKind::Clicks, 1.0),
    (NoiseKind::Applause, 1.5),
    (NoiseKind::Chirps, 1.5),
    (NoiseKind::Quiet, 1.0),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum NoiseKind {
    /// Hiss, wind, traffic, a fan: noise of any spectral slope, steady or modulated.
    Noise,
    /// Mains and its harmonics, a motor.
    Hum,
    /// One to three steady or beeping tones: a test tone, a dial tone, an alarm.
    Tones,
    /// A siren or a test sweep.
    Sweep,
    /// Keys, drips, a clock.
    Clicks,
    /// Many hands clapping.
    Applause,
    /// A bird's calls.
    Chirps,
    /// The noise of a microphone in a quiet room.
    Quiet,
}

/// `length` samples of a random sound that is not music, at `rate` Hz, with a peak of at most one.
pub fn sound(rng: &mut impl Rng, length: usize, rate: u32) -> Vec<f32> {
    let kind = KINDS
        .choose_weighted(rng, |(_, weight)| *weight)
        .map_or(NoiseKind::Noise, |(kind, _)| *kind);
    let mut samples = make(kind, rng, length, rate as f32);
    // Recordings have a noise floor.
    if kind != NoiseKind::Quiet && rng.random_bool(0.5) {
        let floor = noise(rng, length, rate as f32);
        let level = 10.0_f32.powf(-between(rng, 15.0, 55.0) / 20.0);
        let loudness = peak(&samples).max(1e-6);
        for (sample, noise) in samples.iter_mut().zip(floor) {
            *sample += noise * level * loudness;
        }
    }
    let db = match kind {
        NoiseKind::Quiet => between(rng, -85.0, -50.0),
        _ => between(rng, -30.0, 0.0),
    };
    let gain = 10.0_f32.powf(db / 20.0) / peak(&samples).max(1e-6);
    for sample in &mut samples {
        *sample *= gain;
    }
    samples
}

fn make(kind: NoiseKind, rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    match kind {
        NoiseKind::Noise | NoiseKind::Quiet => noise(rng, length, rate),
        NoiseKind::Hum => hum(rng, length, rate),
        NoiseKind::Tones => tones(rng, length, rate),
        NoiseKind::Sweep => sweep(rng, length, rate),
        NoiseKind::Clicks => clicks(rng, length, rate),
        NoiseKind::Applause => applause(rng, length, rate),
        NoiseKind::Chirps => chirps(rng, length, rate),
    }
}

/// Noise through one or two one-pole filters, with slow amplitude modulation.
fn noise(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let low = match rng.random_range(0..3) {
        0 => 1.0,
        _ => 1.0 - (-TAU * between_log(rng, 60.0, 8000.0) / rate).exp(),
    };
    let twice = rng.random_bool(0.4);
    let high = if rng.random_bool(0.25) {
        (-TAU * between_log(rng, 50.0, 3000.0) / rate).exp()
    } else {
        1.0
    };
    let (depth, speed) = (between(rng, 0.0, 0.9), between_log(rng, 0.1, 6.0));
    let depth = if rng.random_bool(0.5) { 0.0 } else { depth };
    let phase = between(rng, 0.0, TAU);
    let (mut a, mut b, mut before, mut held) = (0.0, 0.0, 0.0, 0.0);
    (0..length)
        .map(|i| {
            let white = between(rng, -1.0, 1.0);
            a += low * (white - a);
            b += low * (a - b);
            let coloured = if twice { b } else { a };
            held = high * held + coloured - before;
            before = coloured;
            let filtered = if high < 1.0 { held } else { coloured };
            filtered * (1.0 - depth * (0.5 + 0.5 * (TAU * speed * i as f32 / rate + phase).sin()))
        })
        .collect()
}

fn hum(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let hz = match rng.random_range(0..4) {
        0 => 50.0,
        1 => 60.0,
        2 => 100.0,
        _ => between_log(rng, 30.0, 300.0),
    };
    let fall = between(rng, 0.3, 2.5);
    let partials = if rng.random_bool(0.3) {
        1
    } else {
        rng.random_range(2..=12)
    };
    let waves: Vec<(f32, f32, f32)> = (1..=partials)
        .map(|n| {
            let n = n as f32;
            (
                n * hz,
                n.powf(-fall) * between(rng, 0.4, 1.0),
                between(rng, 0.0, TAU),
            )
        })
        .collect();
    waves_of(&waves, length, rate)
}

fn waves_of(waves: &[(f32, f32, f32)], length: usize, rate: f32) -> Vec<f32> {
    (0..length)
        .map(|i| {
            let t = i as f32 / rate;
            waves
                .iter()
                .map(|(hz, level, phase)| level * (TAU * (hz * t).fract() + phase).sin())
                .sum()
        })
        .collect()
}

fn tones(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let waves: Vec<(f32, f32, f32)> = (0..rng.random_range(1..=3))
        .map(|_| {
            (
                between_log(rng, 100.0, 6000.0),
                between(rng, 0.3, 1.0),
                between(rng, 0.0, TAU),
            )
        })
        .collect();
    let mut samples = waves_of(&waves, length, rate);
    if rng.random_bool(0.6) {
        let (period, share) = (between(rng, 0.2, 1.5) * rate, between(rng, 0.2, 0.8));
        let offset = between(rng, 0.0, period);
        for (i, sample) in samples.iter_mut().enumerate() {
            if ((i as f32 + offset) % period) / period > share {
                *sample = 0.0;
            }
        }
    }
    samples
}

fn sweep(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let (from, to) = (
        between_log(rng, 40.0, 2000.0),
        between_log(rng, 300.0, 10_000.0),
    );
    let there_and_back = rng.random_bool(0.5);
    let period = between(rng, 0.5, 8.0) * rate;
    let mut phase = 0.0_f32;
    (0..length)
        .map(|i| {
            let x = (i as f32 % period) / period;
            let x = if there_and_back {
                1.0 - (2.0 * x - 1.0).abs()
            } else {
                x
            };
            phase = (phase + from * (to / from).powf(x) / rate).fract();
            (TAU * phase).sin()
        })
        .collect()
}

fn clicks(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let regular = rng.random_bool(0.4);
    let gap = between_log(rng, 0.08, 1.2) * rate;
    let mut samples = vec![0.0; length];
    let mut at = between(rng, 0.0, gap);
    while (at as usize) < length {
        let (hz, decay) = (
            between_log(rng, 300.0, 6000.0),
            between_log(rng, 0.002, 0.03) * rate,
        );
        let level = between(rng, 0.4, 1.0);
        for (n, sample) in samples[at as usize..]
            .iter_mut()
            .take((6.0 * decay) as usize)
            .enumerate()
        {
            let fade = (-(n as f32) / decay).exp();
            let wave = 0.5 * (TAU * hz * n as f32 / rate).sin() + between(rng, -0.5, 0.5);
            *sample += level * fade * wave;
        }
        at += if regular {
            gap
        } else {
            gap * between_log(rng, 0.3, 2.5)
        };
    }
    samples
}

/// Claps of many hands: short bursts of noise at random times.
fn applause(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let mut samples = vec![0.0; length];
    let density = between_log(rng, 20.0, 400.0);
    let claps = (density * length as f32 / rate) as usize;
    for _ in 0..claps.max(1) {
        let start = rng.random_range(0..length.max(1));
        let decay = between_log(rng, 0.002, 0.02) * rate;
        let low = 1.0 - (-TAU * between_log(rng, 800.0, 6000.0) / rate).exp();
        let level = between(rng, 0.1, 1.0);
        let mut held = 0.0;
        for (age, sample) in samples[start..]
            .iter_mut()
            .take((6.0 * decay) as usize)
            .enumerate()
        {
            held += low * (between(rng, -1.0, 1.0) - held);
            *sample += level * held * (-(age as f32) / decay).exp();
        }
    }
    samples
}

/// Calls that glide and repeat, with pauses.
fn chirps(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let mut samples = vec![0.0; length];
    let base = between_log(rng, 900.0, 5000.0).min(0.3 * rate);
    let mut at = 0;
    while at < length {
        let (from, to) = (
            base * between_log(rng, 0.7, 1.5),
            base * between_log(rng, 0.7, 1.5),
        );
        let call = (between_log(rng, 0.03, 0.4) * rate) as usize + 1;
        let pause = (between_log(rng, 0.02, 1.2) * rate) as usize;
        let trill = between_log(rng, 5.0, 40.0);
        for repeat in 0..rng.random_range(1..6) {
            let start = at + repeat * (call + call / 2);
            let mut phase = 0.0;
            for age in 0..call {
                let share = age as f32 / call as f32;
                phase += TAU * (from + (to - from) * share) / rate;
                let envelope = (std::f32::consts::PI * share).sin();
                let shake = 0.6 + 0.4 * (TAU * trill * age as f32 / rate).sin();
                if let Some(sample) = samples.get_mut(start + age) {
                    *sample += envelope * shake * phase.sin();
                }
            }
            at = start + call;
        }
        at += pause;
    }
    samples
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, s| peak.max(s.abs()))
}

/// A log-uniform number between two positive numbers.
fn between_log(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low * (high / low).powf(rng.random::<f32>())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn every_kind_is_a_finite_sound_of_the_given_length() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (kind, _) in KINDS {
            let samples = make(kind, &mut rng, 22_050, 22_050.0);
            assert_eq!(samples.len(), 22_050, "{kind:?}");
            assert!(samples.iter().all(|s| s.is_finite()), "{kind:?}");
            assert!(peak(&samples) > 0.0, "{kind:?}");
        }
        for _ in 0..50 {
            let samples = sound(&mut rng, 4096, 22_050);
            assert!(peak(&samples) <= 1.0 + 1e-6);
        }
    }
}
