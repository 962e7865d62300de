//! Sounds that are not music, made on the spot: what a model must hear to learn when it should not be
//! sure (outlier exposure, Hendrycks et al. 2019). Noises, hums, tones, clicks, near-silence, and
//! speech from a small formant synthesiser (source and filters after Klatt 1980).

use std::f32::consts::TAU;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::augment::between;

/// The kinds, drawn with these weights: speech is the one that sounds most like music.
const KINDS: [(Kind, f32); 8] = [
    (Kind::Speech, 6.0),
    (Kind::Babble, 1.5),
    (Kind::Noise, 3.0),
    (Kind::Hum, 2.0),
    (Kind::Tones, 2.0),
    (Kind::Sweep, 1.0),
    (Kind::Clicks, 1.0),
    (Kind::Quiet, 1.0),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// One voice.
    Speech,
    /// Several voices at once.
    Babble,
    /// Hiss, wind, traffic, a fan: noise of any slope, steady or swelling.
    Noise,
    /// Mains and its harmonics, a motor.
    Hum,
    /// One to three steady or beeping tones: a test tone, a dial tone, an alarm.
    Tones,
    /// A siren or a test sweep.
    Sweep,
    /// Keys, drips, a clock.
    Clicks,
    /// What a microphone gives in a quiet room.
    Quiet,
}

/// `length` samples of a random sound that is not music, at `rate` Hz, with a peak of at most one.
pub fn sound(rng: &mut impl Rng, length: usize, rate: u32) -> Vec<f32> {
    let kind = KINDS
        .choose_weighted(rng, |(_, weight)| *weight)
        .map_or(Kind::Noise, |(kind, _)| *kind);
    let mut samples = make(kind, rng, length, rate as f32);
    // A recording is never quite clean.
    if kind != Kind::Quiet && rng.random_bool(0.5) {
        let floor = noise(rng, length, rate as f32);
        let level = 10.0_f32.powf(-between(rng, 15.0, 55.0) / 20.0);
        let loudness = peak(&samples).max(1e-6);
        for (sample, noise) in samples.iter_mut().zip(floor) {
            *sample += noise * level * loudness;
        }
    }
    let db = match kind {
        Kind::Quiet => between(rng, -85.0, -50.0),
        _ => between(rng, -30.0, 0.0),
    };
    let gain = 10.0_f32.powf(db / 20.0) / peak(&samples).max(1e-6);
    for sample in &mut samples {
        *sample *= gain;
    }
    samples
}

fn make(kind: Kind, rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    match kind {
        Kind::Speech => speech(rng, length, rate),
        Kind::Babble => {
            let voices = rng.random_range(2..=6);
            let mut sum = vec![0.0; length];
            for _ in 0..voices {
                let level = between(rng, 0.3, 1.0);
                for (s, v) in sum.iter_mut().zip(speech(rng, length, rate)) {
                    *s += level * v;
                }
            }
            sum
        }
        Kind::Noise | Kind::Quiet => noise(rng, length, rate),
        Kind::Hum => hum(rng, length, rate),
        Kind::Tones => tones(rng, length, rate),
        Kind::Sweep => sweep(rng, length, rate),
        Kind::Clicks => clicks(rng, length, rate),
    }
}

/// Noise through one or two one-pole filters, with a slow swell.
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

/// First four formants in Hz of some vowels of a male voice (after Peterson and Barney 1952).
const VOWELS: [[f32; 4]; 9] = [
    [270.0, 2290.0, 3010.0, 3500.0],
    [390.0, 1990.0, 2550.0, 3500.0],
    [530.0, 1840.0, 2480.0, 3500.0],
    [660.0, 1720.0, 2410.0, 3500.0],
    [730.0, 1090.0, 2440.0, 3400.0],
    [570.0, 840.0, 2410.0, 3400.0],
    [440.0, 1020.0, 2240.0, 3300.0],
    [300.0, 870.0, 2240.0, 3300.0],
    [490.0, 1350.0, 1690.0, 3300.0],
];
/// Their bandwidths in Hz.
const BANDWIDTHS: [f32; 4] = [70.0, 100.0, 140.0, 220.0];

/// A resonator with two poles.
#[derive(Clone, Copy, Default)]
struct Resonator {
    y1: f32,
    y2: f32,
}

impl Resonator {
    fn step(&mut self, x: f32, hz: f32, bandwidth: f32, rate: f32) -> f32 {
        let radius = (-TAU / 2.0 * bandwidth / rate).exp();
        let (b, c) = (2.0 * radius * (TAU * hz / rate).cos(), -radius * radius);
        let y = (1.0 - b - c) * x + b * self.y1 + c * self.y2;
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

/// A voice that says syllables without sense: vowels that glide into one another, hissing and
/// stopped consonants between them, phrases that fall in pitch, pauses.
fn speech(rng: &mut impl Rng, length: usize, rate: f32) -> Vec<f32> {
    let pitch = between_log(rng, 80.0, 280.0);
    // A shorter throat has higher formants.
    let throat = between(rng, 0.9, 1.25);
    let pace = between(rng, 0.7, 1.4);
    let breath = between(rng, 0.0, 0.08);
    let tilt = between(rng, 0.02, 0.25);
    let mut samples = Vec::with_capacity(length);
    let mut formants = [Resonator::default(); 4];
    let mut hiss = Resonator::default();
    let mut vowel = VOWELS[rng.random_range(0..VOWELS.len())];
    let (mut phase, mut glottis, mut smooth) = (0.0_f32, 0.0_f32, 0.0_f32);
    let mut lift = 1.2;
    while samples.len() < length {
        // A phrase: some syllables, then a pause.
        for _ in 0..rng.random_range(2..=9) {
            let next = VOWELS[rng.random_range(0..VOWELS.len())];
            let consonant = rng.random_range(0..4);
            let consonant_length = between(rng, 0.03, 0.12) / pace;
            let vowel_length = between(rng, 0.07, 0.26) / pace;
            let (hiss_hz, hiss_width) = (between(rng, 1800.0, 7000.0), between(rng, 600.0, 2500.0));
            let accent = between(rng, 0.85, 1.3);
            let level = between(rng, 0.5, 1.0);
            let total = ((consonant_length + vowel_length) * rate) as usize;
            let opening = (consonant_length * rate) as usize;
            for i in 0..total {
                let x = i as f32 / total as f32;
                let voiced = match consonant {
                    // Stops are silent, then burst; hisses have no voice; the others hum.
                    0 | 1 if i < opening => 0.0,
                    2 if i < opening => 0.25,
                    _ => 1.0,
                };
                let fade = ((total - i) as f32 / (0.03 * rate)).min(1.0);
                let hissing = match consonant {
                    0 if i < opening => 0.5,
                    1 if i < opening && i + (0.012 * rate) as usize > opening => 0.8,
                    _ => 0.0,
                };
                let hz = pitch * lift * (1.0 + (accent - 1.0) * (TAU / 2.0 * x).sin());
                let jitter = 1.0 + between(rng, -0.01, 0.01);
                phase += hz * jitter / rate;
                // A pulse of air at each opening of the glottis, made duller by the tilt.
                let pulse = if phase >= 1.0 {
                    phase -= 1.0;
                    1.0
                } else {
                    0.0
                };
                glottis += tilt * (pulse - glottis);
                smooth += 0.5 * (glottis - smooth);
                let source = voiced * fade * level * (smooth + breath * between(rng, -0.1, 0.1));
                let mut y = source;
                for (n, formant) in formants.iter_mut().enumerate() {
                    let centre = throat * (vowel[n] + (next[n] - vowel[n]) * x);
                    y = formant.step(y, centre.min(0.45 * rate), BANDWIDTHS[n] * throat, rate);
                }
                let noise = between(rng, -1.0, 1.0) * hissing * level;
                let noise = hiss.step(noise, hiss_hz.min(0.45 * rate), hiss_width, rate);
                samples.push(y + 0.1 * noise);
            }
            vowel = next;
            lift *= between(rng, 0.93, 1.0);
        }
        lift = between(rng, 1.0, 1.35);
        let pause = (between(rng, 0.1, 0.8) * rate) as usize;
        samples.extend((0..pause).map(|_| 0.0));
    }
    // Begin anywhere in it.
    samples.truncate(length);
    samples
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, s| peak.max(s.abs()))
}

/// Between two positive numbers, each octave as likely.
fn between_log(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low * (high / low).powf(rng.random::<f32>())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn every_kind_is_a_finite_sound_of_the_asked_length() {
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

    #[test]
    fn the_voice_has_pauses_and_a_pitch() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let samples = speech(&mut rng, 10 * 22_050, 22_050.0);
        let loud = peak(&samples);
        let quiet = samples
            .chunks(2205)
            .filter(|c| peak(c) < 0.02 * loud)
            .count();
        assert!(
            quiet >= 3,
            "{quiet} tenths of a second of pause in ten seconds"
        );
        // Louder in the octaves of a voice's first formants than above six kilohertz.
        let front_end = crate::dsp::FrontEnd::default();
        let power = front_end.mel_power(&samples);
        let sum = |bands: std::ops::Range<usize>| -> f32 {
            bands.map(|b| power.band(b).iter().sum::<f32>()).sum()
        };
        assert!(sum(5..60) > 10.0 * sum(108..128));
    }
}
