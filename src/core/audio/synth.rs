//! Sounds made on the spot: a sample song for visitors without a file, and test signals.
//!
//! The song uses only additions, multiplications, divisions and roundings in `f64`, in a fixed
//! order, and a generator of its own for noise: it is the same to the last bit on every platform.

mod progression;

use super::clip::Clip;

pub use progression::{Comping, Players, Progression};

/// Sample rate of the song, Hz.
const RATE: u32 = 22_050;
const RATE_F: f64 = RATE as f64;
const SECONDS: f64 = 24.5;
const BEATS_PER_MINUTE: f64 = 126.0;
const BEAT: f64 = 60.0 / BEATS_PER_MINUTE;
/// Seconds of fading at the end.
const FADE: f64 = 1.6;
/// -3 dBFS.
const PEAK: f64 = 0.707_945_784;

/// The twelve bars, as semitones above A.
const BARS: [i32; 12] = [0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7];

/// The lead's phrases: bar, beat (thirds are swung), MIDI note, length in beats, loudness.
#[rustfmt::skip]
const LEAD: [(usize, f64, i32, f64, f64); 36] = [
    (0, 2.0, 69, 0.6, 0.8), (0, 2.667, 72, 0.4, 0.7), (0, 3.0, 74, 0.6, 0.9), (0, 3.667, 75, 0.3, 0.8),
    (1, 0.0, 76, 1.4, 1.0), (1, 1.667, 74, 0.4, 0.7), (1, 2.0, 72, 0.6, 0.8), (1, 2.667, 69, 1.4, 0.9),
    (3, 0.667, 76, 0.4, 0.7), (3, 1.0, 79, 0.6, 0.9), (3, 1.667, 76, 0.4, 0.8), (3, 2.0, 74, 0.6, 0.8),
    (3, 2.667, 72, 0.4, 0.7), (3, 3.0, 74, 1.0, 0.9),
    (4, 2.0, 74, 0.6, 0.8), (4, 2.667, 75, 0.4, 0.8), (4, 3.0, 74, 0.6, 0.8), (4, 3.667, 72, 0.4, 0.7),
    (5, 0.0, 69, 1.6, 1.0), (5, 2.667, 67, 0.4, 0.7), (5, 3.0, 69, 1.0, 0.8),
    (7, 0.667, 72, 0.4, 0.7), (7, 1.0, 72, 0.6, 0.8), (7, 1.667, 74, 0.4, 0.8), (7, 2.0, 76, 0.6, 0.9),
    (7, 2.667, 79, 0.4, 0.9), (7, 3.0, 81, 1.0, 1.0),
    (8, 0.0, 80, 0.6, 0.9), (8, 0.667, 76, 0.4, 0.8), (8, 1.0, 74, 1.0, 0.8), (8, 2.667, 71, 1.2, 0.8),
    (9, 0.0, 78, 0.6, 0.9), (9, 0.667, 74, 0.4, 0.8), (9, 1.0, 72, 1.0, 0.8), (9, 2.667, 69, 1.2, 0.8),
    (10, 0.0, 69, 2.0, 0.7),
];

/// The turnaround: thirds walking down against a ringing A, then up to the dominant.
const TURNAROUND: [(f64, i32, i32); 6] = [
    (0.667, 67, 76),
    (1.0, 66, 75),
    (1.667, 65, 74),
    (2.0, 64, 73),
    (2.667, 61, 69),
    (3.0, 64, 69),
];

/// A sample song: twelve bars of blues shuffle for guitars, bass and drums.
///
/// 24.5 s at 22 050 Hz, peak -3 dBFS, faded out at the end; the same on every call and platform.
#[must_use]
pub fn sample_song() -> Clip {
    let mut band = Band::new((SECONDS * RATE_F) as usize);
    let mut noise = Noise(0x5eed);
    band.play_bars(&mut noise);
    band.play_lead(&mut noise);
    band.play_ending(&mut noise);
    band.mixed()
}

/// The samples of each instrument, as long as the song.
struct Band {
    rhythm: Vec<f64>,
    lead: Vec<f64>,
    bass: Vec<f64>,
    drums: Vec<f64>,
}

impl Band {
    fn new(len: usize) -> Self {
        Self {
            rhythm: vec![0.0; len],
            lead: vec![0.0; len],
            bass: vec![0.0; len],
            drums: vec![0.0; len],
        }
    }

    /// Rhythm guitar, bass and drums, beat by beat.
    fn play_bars(&mut self, noise: &mut Noise) {
        for (bar, root) in BARS.into_iter().enumerate() {
            let last = bar == BARS.len() - 1;
            for beat in 0..4 {
                play_rhythm(&mut self.rhythm, noise, bar, beat, root);
                // Root, third, fifth, sixth, and a step to the next bar's root.
                let step = match beat {
                    3 if last => 1,
                    beat => [0, 4, 7, 9][beat],
                };
                let note = Pluck {
                    midi: 33 + root + step,
                    seconds: 0.95 * BEAT,
                    loud: 0.9,
                    bright: 0.25,
                    decay: 0.9985,
                    pick: 0.22,
                };
                note.play(&mut self.bass, noise, time(bar, beat as f64));
                play_drums(&mut self.drums, noise, bar, beat);
            }
        }
    }

    /// The melody and the turnaround.
    fn play_lead(&mut self, noise: &mut Noise) {
        for (bar, beat, midi, beats, loud) in LEAD {
            let note = Pluck {
                midi,
                seconds: beats * BEAT,
                loud,
                bright: 0.72,
                decay: 0.9975,
                pick: 0.13,
            };
            note.play(&mut self.lead, noise, time(bar, beat));
        }
        for (beat, low, high) in TURNAROUND {
            for midi in [low, high] {
                let note = Pluck {
                    midi,
                    seconds: 0.5 * BEAT,
                    loud: 0.65,
                    bright: 0.7,
                    decay: 0.997,
                    pick: 0.13,
                };
                note.play(&mut self.lead, noise, time(10, beat));
            }
        }
    }

    /// An A ninth, strummed, over the bass's low A.
    fn play_ending(&mut self, noise: &mut Noise) {
        for (string, midi) in [45, 52, 57, 61, 67, 71, 76].into_iter().enumerate() {
            let note = Pluck {
                midi,
                seconds: 3.0,
                loud: 0.75,
                bright: 0.55,
                decay: 0.9988,
                pick: 0.2,
            };
            note.play(
                &mut self.rhythm,
                noise,
                time(12, 0.0) + 0.022 * string as f64,
            );
        }
        let low = Pluck {
            midi: 33,
            seconds: 2.5,
            loud: 1.0,
            bright: 0.25,
            decay: 0.9992,
            pick: 0.22,
        };
        low.play(&mut self.bass, noise, time(12, 0.0));
        kick(&mut self.drums, time(12, 0.0), 1.0);
        hiss(&mut self.drums, noise, time(12, 0.0), 0.16, 0.9998, 0.5);
    }

    /// The instruments through their amplifiers, in a room.
    fn mixed(self) -> Clip {
        let Self {
            mut rhythm,
            mut lead,
            bass,
            drums,
        } = self;
        for sample in &mut rhythm {
            *sample = 0.85 * warm(1.4 * *sample);
        }
        for sample in &mut lead {
            *sample = 0.8 * warm(2.2 * *sample);
        }
        let mut mix: Vec<f64> = (0..rhythm.len())
            .map(|n| 0.55 * rhythm[n] + 0.62 * lead[n] + 1.1 * bass[n] + 0.8 * drums[n])
            .collect();
        let room: Vec<f64> = (0..rhythm.len())
            .map(|n| 0.5 * rhythm[n] + 0.9 * lead[n] + 0.25 * drums[n])
            .collect();
        for (sample, echo) in mix.iter_mut().zip(reverb(&room)) {
            *sample = warm(1.6 * (*sample + 0.16 * echo));
        }
        finish(mix)
    }
}

/// A sine of `hz` at full scale, `seconds` long, at `rate` Hz; at least one sample.
///
/// `rate` is brought into 8 000..=192 000.
#[must_use]
pub fn tone(hz: f64, seconds: f64, rate: u32) -> Clip {
    let rate = super::limits::clamp_rate(rate);
    let step = std::f64::consts::TAU * hz / f64::from(rate);
    let len = (seconds * f64::from(rate)).max(1.0) as usize;
    let samples = (0..len).map(|n| (step * n as f64).sin() as f32).collect();
    Clip::trusted(samples, rate)
}

/// White noise in ±1, equal for equal seeds, `seconds` long, at `rate` Hz; at least one sample.
///
/// `rate` is brought into 8 000..=192 000.
#[must_use]
pub fn noise(seed: u64, seconds: f64, rate: u32) -> Clip {
    let rate = super::limits::clamp_rate(rate);
    let len = (seconds * f64::from(rate)).max(1.0) as usize;
    let mut noise = Noise(seed);
    let samples = (0..len).map(|_| noise.next() as f32).collect();
    Clip::trusted(samples, rate)
}

/// Seconds from the start to a beat of a bar.
fn time(bar: usize, beat: f64) -> f64 {
    (4.0 * bar as f64 + beat) * BEAT
}

/// SplitMix64, scaled to ±1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        (word >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// One note of a Karplus–Strong string.
struct Pluck {
    midi: i32,
    /// Seconds until the hand stops the string.
    seconds: f64,
    /// Loudness, 0 to 1.
    loud: f64,
    /// How much of the treble the pick and the string keep, 0 to 1.
    bright: f64,
    /// Loss per round trip of the string.
    decay: f64,
    /// Where along the string it is plucked, 0 to 0.5.
    pick: f64,
}

impl Pluck {
    fn play(&self, track: &mut [f64], noise: &mut Noise, at: f64) {
        // The loop's smoothing delays by `blur`, the allpass by `rest`.
        let blur = 0.5 * (1.0 - 0.6 * self.bright);
        let period = RATE_F / hz_from_midi(self.midi) - blur;
        let whole = (period - 0.3).floor();
        let rest = period - whole;
        let tune = (1.0 - rest) / (1.0 + rest);
        let mut string = self.excitation(noise, whole as usize);

        let begin = (at * RATE_F) as usize;
        let held = (self.seconds * RATE_F) as usize;
        let release = RATE as usize / 12;
        let (mut before, mut tuned_in, mut tuned_out) = (0.0, 0.0, 0.0);
        let mut gain = self.loud;
        let mut position = 0;
        for (n, sample) in track
            .iter_mut()
            .skip(begin)
            .take(held + release)
            .enumerate()
        {
            let out = string[position];
            let smooth = (1.0 - blur) * out + blur * before;
            before = out;
            let tuned = tune * (smooth - tuned_out) + tuned_in;
            tuned_in = smooth;
            tuned_out = tuned;
            string[position] = self.decay * tuned;
            position = if position + 1 == string.len() {
                0
            } else {
                position + 1
            };
            *sample += gain * out;
            if n > held {
                gain *= 0.9965;
            }
        }
    }

    /// A period of noise, as dull as the pick and without the partials that have a node there.
    fn excitation(&self, noise: &mut Noise, len: usize) -> Vec<f64> {
        let mut smooth = 0.0;
        let soft: Vec<f64> = (0..len)
            .map(|_| {
                smooth += (0.15 + 0.8 * self.bright) * (noise.next() - smooth);
                smooth
            })
            .collect();
        let shift = ((self.pick * len as f64) as usize).max(1);
        let mean = soft.iter().sum::<f64>() / len as f64;
        let combed: Vec<f64> = (0..len)
            .map(|n| soft[n] - mean - 0.8 * (soft[(n + len - shift) % len] - mean))
            .collect();
        // Equal energy for every note.
        let power = combed.iter().map(|x| x * x).sum::<f64>() / len as f64;
        let scale = 0.35 / power.sqrt().max(1e-9);
        combed.into_iter().map(|x| scale * x).collect()
    }
}

/// 440 Hz · 2^((midi - 69) / 12), by repeated multiplication.
fn hz_from_midi(midi: i32) -> f64 {
    const SEMITONE: f64 = 1.059_463_094_359_295_3;
    let steps = midi - 69;
    (0..steps.abs()).fold(440.0, |hz, _| {
        if steps > 0 {
            hz * SEMITONE
        } else {
            hz / SEMITONE
        }
    })
}

/// The shuffle: root and fifth, root and sixth, a seventh now and then, on swung eighths.
fn play_rhythm(track: &mut [f64], noise: &mut Noise, bar: usize, beat: usize, root: i32) {
    if bar == 10 {
        return; // the turnaround stands alone
    }
    let upper = [7, 9, if bar.is_multiple_of(2) { 7 } else { 10 }, 9][beat];
    for (swing, loud) in [(0.0, 0.62), (0.667, 0.42)] {
        for midi in [45 + root, 45 + root + upper] {
            let note = Pluck {
                midi,
                seconds: if swing == 0.0 {
                    0.55 * BEAT
                } else {
                    0.24 * BEAT
                },
                loud,
                bright: 0.42,
                decay: 0.992,
                pick: 0.18,
            };
            note.play(track, noise, time(bar, beat as f64 + swing));
        }
    }
}

fn play_drums(track: &mut [f64], noise: &mut Noise, bar: usize, beat: usize) {
    let at = |swing: f64| time(bar, beat as f64 + swing);
    if beat.is_multiple_of(2) {
        kick(track, at(0.0), 0.9);
    } else {
        snare(track, noise, at(0.0), 0.55);
    }
    if beat == 2 {
        kick(track, at(0.667), 0.5);
    }
    if bar % 4 == 3 && beat == 3 {
        snare(track, noise, at(0.333), 0.25);
        snare(track, noise, at(0.667), 0.4);
    }
    hiss(track, noise, at(0.0), 0.10, 0.9965, 0.85);
    if beat % 2 == 1 {
        hiss(track, noise, at(0.667), 0.07, 0.9935, 0.85);
    }
    if bar.is_multiple_of(4) && beat == 0 {
        hiss(track, noise, at(0.0), 0.12, 0.9997, 0.6);
    }
}

/// A falling sine, turned by a rotation that slows down.
fn kick(track: &mut [f64], at: f64, loud: f64) {
    let (mut x, mut y) = (1.0, 0.0);
    let mut turn = std::f64::consts::TAU * 150.0 / RATE_F;
    let floor = std::f64::consts::TAU * 52.0 / RATE_F;
    let mut gain = loud;
    for sample in track
        .iter_mut()
        .skip((at * RATE_F) as usize)
        .take(RATE as usize / 3)
    {
        *sample += gain * y;
        // One step of the symplectic rotation, which neither grows nor shrinks.
        y += turn * x;
        x -= turn * y;
        turn = floor + (turn - floor) * 0.9972;
        gain *= 0.9992;
    }
}

/// A tuned skin and its wires.
fn snare(track: &mut [f64], noise: &mut Noise, at: f64, loud: f64) {
    let (mut x, mut y) = (1.0, 0.0);
    let turn = std::f64::consts::TAU * 188.0 / RATE_F;
    let (mut skin, mut wires, mut dull) = (0.6 * loud, loud, 0.0);
    for sample in track
        .iter_mut()
        .skip((at * RATE_F) as usize)
        .take(RATE as usize / 4)
    {
        let white = noise.next();
        dull += 0.22 * (white - dull);
        *sample += skin * y + wires * 0.55 * (white - 0.7 * dull);
        y += turn * x;
        x -= turn * y;
        skin *= 0.9978;
        wires *= 0.9986;
    }
}

/// A cymbal: noise without its bass, dying away by `decay` per sample.
fn hiss(track: &mut [f64], noise: &mut Noise, at: f64, loud: f64, decay: f64, high: f64) {
    let (mut dull, mut gain) = (0.0, loud);
    for sample in track
        .iter_mut()
        .skip((at * RATE_F) as usize)
        .take(RATE as usize * 2)
    {
        if gain < 1e-4 {
            break;
        }
        let white = noise.next();
        dull += high * (white - dull);
        *sample += gain * (white - dull) / (1.0 - 0.5 * high);
        gain *= decay;
    }
}

/// An amplifier that bends gently before it clips.
fn warm(x: f64) -> f64 {
    x / (1.0 + 0.6 * x.abs())
}

/// A small room: four combs, two allpasses.
fn reverb(dry: &[f64]) -> Vec<f64> {
    let mut wet = vec![0.0; dry.len()];
    for (delay, feedback) in [(811, 0.76), (877, 0.74), (953, 0.72), (1_021, 0.70)] {
        let mut line = vec![0.0; delay];
        let mut dull = 0.0;
        for (n, sample) in dry.iter().enumerate() {
            let out: f64 = line[n % delay];
            dull += 0.55 * (out - dull);
            line[n % delay] = sample + feedback * dull;
            wet[n] += 0.25 * out;
        }
    }
    for delay in [293, 101] {
        let mut line = vec![0.0; delay];
        for (n, sample) in wet.iter_mut().enumerate() {
            let out = line[n % delay] - 0.6 * *sample;
            line[n % delay] = *sample + 0.6 * out;
            *sample = out;
        }
    }
    wet
}

/// Takes out the offset, fades and scales.
fn finish(mut mix: Vec<f64>) -> Clip {
    let (mut before, mut high) = (0.0, 0.0);
    for sample in &mut mix {
        high = *sample - before + 0.995 * high;
        before = *sample;
        *sample = high;
    }
    let fade = (FADE * RATE_F) as usize;
    for (n, sample) in mix.iter_mut().rev().take(fade).enumerate() {
        let x = n as f64 / fade as f64;
        *sample *= x * x * (3.0 - 2.0 * x);
    }
    let peak = mix
        .iter()
        .fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    let scale = PEAK / peak;
    let samples = mix
        .into_iter()
        .map(|sample| (scale * sample) as f32)
        .collect();
    Clip::trusted(samples, RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_song_is_24_and_a_half_seconds_at_minus_3_decibels_and_fades() {
        let song = sample_song();
        assert_eq!(song.rate(), 22_050);
        assert_eq!(song.samples().len(), 540_225);
        assert!((song.peak() - 0.707_95).abs() < 1e-4);
        let end = &song.samples()[song.samples().len() - 100..];
        assert!(end.iter().all(|sample| sample.abs() < 1e-4));
        let mean: f64 = song.samples().iter().map(|s| f64::from(*s)).sum::<f64>();
        assert!((mean / song.samples().len() as f64).abs() < 1e-3);
    }

    #[test]
    fn every_second_but_the_last_is_well_audible() {
        let song = sample_song();
        for second in song.samples().chunks(22_050).take(23) {
            let power: f32 = second.iter().map(|s| s * s).sum::<f32>() / second.len() as f32;
            assert!(power.sqrt() > 0.02, "{}", power.sqrt());
        }
    }

    #[test]
    fn the_song_is_the_same_to_the_last_bit() {
        let hash = sample_song()
            .samples()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, s| {
                (hash ^ u64::from(s.to_bits())).wrapping_mul(0x0100_0000_01b3)
            });
        // FNV-1a over the samples' bits. If the song is changed on purpose, change this too and
        // run tests/make_data.sh.
        assert_eq!(hash, 0x6a4b_e2c6_accf_699c, "{hash:#018x}");
    }

    #[test]
    fn strings_are_in_tune() {
        for midi in [33, 45, 57, 69, 81] {
            let mut track = vec![0.0; 22_050];
            let note = Pluck {
                midi,
                seconds: 1.0,
                loud: 1.0,
                bright: 0.6,
                decay: 0.998,
                pick: 0.2,
            };
            note.play(&mut track, &mut Noise(1), 0.0);
            // The strongest of the frequencies within a semitone, by Fourier sums.
            let level = |hz: f64| {
                let (mut re, mut im) = (0.0, 0.0);
                for (n, x) in track.iter().enumerate() {
                    let window = (std::f64::consts::PI * n as f64 / 22_050.0).sin();
                    let phase = std::f64::consts::TAU * hz * n as f64 / RATE_F;
                    re += window * x * phase.cos();
                    im += window * x * phase.sin();
                }
                re.hypot(im)
            };
            let best = (-48..=48)
                .step_by(4)
                .max_by(|a, b| {
                    let hz =
                        |cents: &i32| hz_from_midi(midi) * (f64::from(*cents) / 1_200.0).exp2();
                    level(hz(a)).total_cmp(&level(hz(b)))
                })
                .unwrap_or(99);
            assert!(best.abs() <= 8, "{midi}: {best} cents off");
        }
    }

    #[test]
    fn test_signals_have_their_length_and_level() {
        let tone = tone(1_000.0, 0.5, 48_000);
        assert_eq!((tone.samples().len(), tone.rate()), (24_000, 48_000));
        assert!((tone.peak() - 1.0).abs() < 1e-6);
        let hiss = noise(7, 1.0, 8_000);
        assert_eq!(hiss, noise(7, 1.0, 8_000));
        assert_ne!(hiss, noise(8, 1.0, 8_000));
        assert!(hiss.peak() <= 1.0 && hiss.peak() > 0.99);
        assert_eq!(noise(7, 0.0, 8_000).samples().len(), 1);
    }
}
