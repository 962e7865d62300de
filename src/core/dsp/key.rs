//! The key of a sound: a histogram of its spectral peaks by pitch class, compared with profiles of the
//! 24 keys.

use std::f64::consts::{PI, TAU};
use std::fmt;
use std::str::FromStr;

use super::hann_periodic;
use crate::fourier::RealFft;

const CLASSES: usize = 12;
/// Bins of the histogram in a semitone: ten cents each.
const BINS: usize = 10;

/// Shortest Fourier transform, in seconds: two semitones are told apart from about 130 Hz on.
const FRAME_SECONDS: f64 = 0.4;

/// Peaks count between these frequencies, in Hz: C2 to about B5. Above, harmonics outnumber notes.
const PEAK_HZ: std::ops::Range<f64> = 65.0..1000.0;
/// Power that a peak must have, as a share of its frame's largest.
const PEAK_SHARE: f32 = 1e-4;
/// Largest power of a windowed frame per squared sample of it below which nothing is heard; about −70 dBFS.
const SILENT_POWER: f32 = 1e-8;
/// Where the weight of a peak is that of its amplitude, in Hz.
const MIDDLE_C_HZ: f64 = 261.6;

/// Least concentration of the peaks around the semitones of one tuning, and least correlation with a profile.
/// Noise has a concentration of up to 0.02, synthesised speech up to 0.07 and a correlation of up to 0.6, but
/// not both; drums have 0.1 and 0.5, a single pitch 1 and 0.5. The songs of [`Progression::set`] have at least
/// 0.4 and 0.75. Recordings with voices and drums have less concentration, often 0.1.
///
/// [`Progression::set`]: crate::audio::synth::Progression::set
const LEAST_TONALITY: f64 = 0.04;
const LEAST_STRENGTH: f64 = 0.6;

/// Profiles of pitch classes that keys are told by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyProfiles {
    /// How well listeners found that each pitch class fits a key (Krumhansl and Kessler 1982, Tracing the
    /// dynamic changes in perceived tonal organization in a spatial representation of musical keys).
    KrumhanslKessler,
    /// The same, adjusted by hand (Temperley 1999, What's key for key? The Krumhansl–Schmuckler key-finding
    /// algorithm reconsidered).
    Temperley1999,
    /// Share of the segments of the Kostka–Payne corpus that have each pitch class (Temperley 2007, Music and
    /// Probability, chapter 6). In the songs of `Progression::set` these name the most keys right: see
    /// docs/features.md.
    #[default]
    Temperley2007,
}

impl KeyProfiles {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::KrumhanslKessler,
        Self::Temperley1999,
        Self::Temperley2007,
    ];

    /// From the tonic on, in semitones.
    fn of(self, mode: Mode) -> [f64; CLASSES] {
        match (self, mode) {
            (Self::KrumhanslKessler, Mode::Major) => [
                6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88,
            ],
            (Self::KrumhanslKessler, Mode::Minor) => [
                6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17,
            ],
            (Self::Temperley1999, Mode::Major) => {
                [5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0]
            }
            (Self::Temperley1999, Mode::Minor) => {
                [5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0]
            }
            (Self::Temperley2007, Mode::Major) => [
                0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400,
            ],
            (Self::Temperley2007, Mode::Minor) => [
                0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330,
            ],
        }
    }
}

const MAJOR_NAMES: [&str; CLASSES] = [
    "C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B",
];
const MINOR_NAMES: [&str; CLASSES] = [
    "C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B",
];

/// Major or minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Major.
    Major,
    /// Minor.
    Minor,
}

/// One of the 24 keys. Its text is `C major`, `Bb minor`; [`FromStr`] reads that and `C`, `Bbm`, `bb min`.
///
/// # Examples
/// ```
/// use soundalike_core::dsp::{Key, KeyRelation};
///
/// let key: Key = "F#m".parse()?;
/// assert_eq!(key.to_string(), "F# minor");
/// assert_eq!(key, "Gb minor".parse()?);
/// assert_eq!(key.relation("A major".parse()?), KeyRelation::Relative);
/// # Ok::<(), soundalike_core::dsp::NotAKey>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Pitch class, 0 (C) to 11 (B).
    tonic: u8,
    mode: Mode,
}

/// How a key lies to another, as MIREX scores them (Music Information Retrieval Evaluation eXchange, Audio
/// Key Detection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRelation {
    /// The same.
    Same,
    /// A fifth above or below, of the same mode.
    Fifth,
    /// Major and minor of the same notes.
    Relative,
    /// Major and minor of the same tonic.
    Parallel,
    /// None of these.
    Other,
}

impl KeyRelation {
    /// The score of MIREX, 0 to 1.
    pub fn score(self) -> f64 {
        match self {
            Self::Same => 1.0,
            Self::Fifth => 0.5,
            Self::Relative => 0.3,
            Self::Parallel => 0.2,
            Self::Other => 0.0,
        }
    }
}

impl Key {
    /// The key of a pitch class, 0 (C) to 11 (B) and round again.
    pub fn new(tonic: u8, mode: Mode) -> Self {
        Self {
            tonic: tonic % CLASSES as u8,
            mode,
        }
    }

    /// Pitch class of its tonic, 0 (C) to 11 (B).
    pub fn tonic(self) -> u8 {
        self.tonic
    }

    /// Major or minor.
    pub fn mode(self) -> Mode {
        self.mode
    }

    /// How it lies to another key.
    pub fn relation(self, other: Self) -> KeyRelation {
        let up = (other.tonic + CLASSES as u8 - self.tonic) % CLASSES as u8;
        match (self.mode, other.mode, up) {
            (mine, its, 0) if mine == its => KeyRelation::Same,
            (mine, its, 5 | 7) if mine == its => KeyRelation::Fifth,
            (Mode::Major, Mode::Minor, 9) | (Mode::Minor, Mode::Major, 3) => KeyRelation::Relative,
            (_, _, 0) => KeyRelation::Parallel,
            _ => KeyRelation::Other,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tonic = usize::from(self.tonic) % CLASSES;
        match self.mode {
            Mode::Major => write!(f, "{} major", MAJOR_NAMES[tonic]),
            Mode::Minor => write!(f, "{} minor", MINOR_NAMES[tonic]),
        }
    }
}

/// A text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key; write it as C major, F# minor, Bb or Am")]
pub struct NotAKey(String);

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let wrong = || NotAKey(text.to_owned());
        let mut rest = text.trim().chars();
        let letter = rest.next().ok_or_else(wrong)?;
        let natural = match letter.to_ascii_uppercase() {
            'C' => 0,
            'D' => 2,
            'E' => 4,
            'F' => 5,
            'G' => 7,
            'A' => 9,
            'B' => 11,
            _ => return Err(wrong()),
        };
        let after = rest.as_str();
        let (shift, after) = match after.chars().next() {
            Some('#' | '♯') => (1, rest_after_first(after)),
            Some('b' | '♭') => (11, rest_after_first(after)),
            _ => (0, after),
        };
        let mode = match after.trim() {
            "" | "M" => Mode::Major,
            "m" => Mode::Minor,
            word => match word.to_lowercase().as_str() {
                "maj" | "major" => Mode::Major,
                "min" | "minor" => Mode::Minor,
                _ => return Err(wrong()),
            },
        };
        Ok(Self::new(natural + shift, mode))
    }
}

/// A text without its first character.
fn rest_after_first(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

/// A key that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyEstimate {
    /// The key.
    pub key: Key,
    /// Correlation of the sound's pitch classes with the key's profile, 0.6 to 1.
    pub strength: f32,
    /// Deviation of the tuning from A = 440 Hz in semitones, −0.5 to 0.5.
    pub tuning: f32,
}

/// How strongly pitches sound, in classes of ten cents from C on, of samples that come in pieces.
#[derive(Clone)]
pub(super) struct PitchHistogram {
    /// Hz of a bin of the transform.
    bin_hz: f64,
    fft: RealFft<f32>,
    window: Vec<f32>,
    frame: Vec<f32>,
    power: Vec<f32>,
    /// Samples that do not fill a frame yet.
    waiting: Vec<f32>,
    weights: [f64; CLASSES * BINS],
}

impl fmt::Debug for PitchHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PitchHistogram")
            .field("bin_hz", &self.bin_hz)
            .field("weights", &self.weights)
            .finish_non_exhaustive()
    }
}

impl PitchHistogram {
    /// Of samples at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        let n_fft = ((FRAME_SECONDS * f64::from(rate)) as usize).next_power_of_two();
        let bin_hz = f64::from(rate) / n_fft as f64;
        Self {
            bin_hz,
            window: hann_periodic(n_fft).iter().map(|&w| w as f32).collect(),
            frame: vec![0.0; n_fft],
            power: vec![0.0; (PEAK_HZ.end / bin_hz) as usize + 2],
            fft: RealFft::new(n_fft),
            waiting: Vec::new(),
            weights: [0.0; CLASSES * BINS],
        }
    }

    /// Goes on with samples; frames do not overlap.
    pub(super) fn push(&mut self, samples: &[f32]) {
        let n_fft = self.window.len();
        let needed = (n_fft - self.waiting.len()).min(samples.len());
        let (first, rest) = samples.split_at(if self.waiting.is_empty() { 0 } else { needed });
        self.waiting.extend_from_slice(first);
        if self.waiting.len() == n_fft {
            let waiting = std::mem::take(&mut self.waiting);
            self.add_frame(&waiting);
        }
        let frames = rest.chunks_exact(n_fft);
        self.waiting.extend_from_slice(frames.remainder());
        for frame in frames {
            self.add_frame(frame);
        }
    }

    /// Adds the peaks of a frame: each by the root of its amplitude, so that quiet notes count too, and
    /// inversely to its frequency, so that fundamentals count more than harmonics. All frames count alike.
    fn add_frame(&mut self, samples: &[f32]) {
        for ((out, x), w) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *out = x * w;
        }
        let spectrum = self.fft.process(&self.frame);
        for (power, bin) in self.power.iter_mut().zip(spectrum) {
            *power = bin.norm_sqr();
        }
        let first = (PEAK_HZ.start / self.bin_hz) as usize;
        let largest = self.power[first..].iter().copied().fold(0.0, f32::max);
        let n_fft = self.window.len() as f32;
        if largest <= SILENT_POWER * n_fft * n_fft {
            return;
        }
        let mut peaks: Vec<(usize, f64)> = Vec::new();
        for (at, around) in self.power[first - 1..].windows(3).enumerate() {
            let (left, here, right) = (around[0], around[1], around[2]);
            if here > PEAK_SHARE * largest && here > left && here >= right {
                let hz = (peak_place(around) + (first + at) as f64) * self.bin_hz;
                let weight = f64::from(here / largest).powf(0.25) * MIDDLE_C_HZ / hz;
                peaks.push((class_bin(hz), weight));
            }
        }
        let total: f64 = peaks.iter().map(|(_, weight)| weight).sum();
        for (bin, weight) in peaks {
            self.weights[bin] += weight / total;
        }
    }

    /// The key, or `None` where there is no tonality: where the peaks do not lie on semitones, or their
    /// classes are those of no key.
    pub(super) fn key(&self, profiles: KeyProfiles) -> Option<KeyEstimate> {
        let (tuning, tonality) = self.tuning();
        if tonality < LEAST_TONALITY {
            return None;
        }
        let chroma = self.chroma(tuning);
        let mut best: Option<(Key, f64)> = None;
        for mode in [Mode::Major, Mode::Minor] {
            let profile = profiles.of(mode);
            for tonic in 0..CLASSES {
                let strength = correlation(&chroma, tonic, &profile);
                if best.is_none_or(|(_, strongest)| strength > strongest) {
                    best = Some((Key::new(tonic as u8, mode), strength));
                }
            }
        }
        let (key, strength) = best?;
        (strength >= LEAST_STRENGTH).then_some(KeyEstimate {
            key,
            strength: strength as f32,
            tuning: tuning as f32,
        })
    }

    /// Deviation from A = 440 Hz in semitones, −0.5 to 0.5, and how much of the weight lies there, 0 to 1:
    /// direction and length of the mean of the peaks on the circle of a semitone.
    fn tuning(&self) -> (f64, f64) {
        let (mut re, mut im, mut total) = (0.0, 0.0, 0.0);
        for (bin, weight) in self.weights.iter().enumerate() {
            let (sin, cos) = (TAU * (bin % BINS) as f64 / BINS as f64).sin_cos();
            re += weight * cos;
            im += weight * sin;
            total += weight;
        }
        let tonality = if total > 0.0 {
            re.hypot(im) / total
        } else {
            0.0
        };
        (im.atan2(re) / TAU, tonality)
    }

    /// Weight of each pitch class, C first, in a tuning. What lies between two semitones counts for none.
    fn chroma(&self, tuning: f64) -> [f64; CLASSES] {
        let mut chroma = [0.0; CLASSES];
        for (bin, weight) in self.weights.iter().enumerate() {
            let semitones = bin as f64 / BINS as f64 - tuning;
            let nearest = semitones.round();
            let class = (nearest as i64).rem_euclid(CLASSES as i64) as usize;
            chroma[class] += weight * (PI * (semitones - nearest)).cos().powi(2);
        }
        chroma
    }
}

/// Where a peak is among three powers, −1 to 1 from the middle one: the top of a parabola through their
/// logarithms.
fn peak_place(powers: &[f32]) -> f64 {
    let log = |p: f32| f64::from(p.max(f32::MIN_POSITIVE)).ln();
    let (left, here, right) = (log(powers[0]), log(powers[1]), log(powers[2]));
    let curvature = left - 2.0 * here + right;
    if curvature < 0.0 {
        (0.5 * (left - right) / curvature).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// The bin of the histogram for a frequency in Hz.
fn class_bin(hz: f64) -> usize {
    // A is nine semitones above C.
    let semitones = CLASSES as f64 * (hz / 440.0).log2() + 9.0;
    let bins = (semitones * BINS as f64).round() as i64;
    bins.rem_euclid((CLASSES * BINS) as i64) as usize
}

/// Pearson's correlation of pitch classes from a tonic on with a profile; 0 where all are alike.
fn correlation(chroma: &[f64; CLASSES], tonic: usize, profile: &[f64; CLASSES]) -> f64 {
    let mean = |values: &[f64; CLASSES]| values.iter().sum::<f64>() / CLASSES as f64;
    let (chroma_mean, profile_mean) = (mean(chroma), mean(profile));
    let (mut product, mut chroma_square, mut profile_square) = (0.0, 0.0, 0.0);
    for (step, expected) in profile.iter().enumerate() {
        let heard = chroma[(tonic + step) % CLASSES] - chroma_mean;
        let expected = expected - profile_mean;
        product += heard * expected;
        chroma_square += heard * heard;
        profile_square += expected * expected;
    }
    let scale = (chroma_square * profile_square).sqrt();
    if scale > 0.0 { product / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;

    fn key(text: &str) -> Key {
        text.parse().unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn every_key_is_read_as_it_is_written() {
        for mode in [Mode::Major, Mode::Minor] {
            for tonic in 0..12 {
                let one = Key::new(tonic, mode);
                assert_eq!(key(&one.to_string()), one);
            }
        }
        assert_eq!(key("Cb"), Key::new(11, Mode::Major));
        assert_eq!(key(" b♭ MIN "), Key::new(10, Mode::Minor));
        assert_eq!(key("bm"), Key::new(11, Mode::Minor));
        for text in ["", "H", "C##", "major", "Am7", "1A"] {
            let error = text.parse::<Key>().err().map(|e| e.to_string());
            assert!(error.is_some_and(|e| e.contains("is no key")), "{text}");
        }
    }

    #[test]
    fn keys_lie_to_each_other_as_mirex_says() {
        for (one, other, relation) in [
            ("C", "C", KeyRelation::Same),
            ("C", "G", KeyRelation::Fifth),
            ("C", "F", KeyRelation::Fifth),
            ("Am", "Em", KeyRelation::Fifth),
            ("C", "Am", KeyRelation::Relative),
            ("Em", "G", KeyRelation::Relative),
            ("Em", "E", KeyRelation::Parallel),
            ("C", "Em", KeyRelation::Other),
            ("C", "D", KeyRelation::Other),
        ] {
            assert_eq!(key(one).relation(key(other)), relation, "{one} {other}");
        }
    }

    #[test]
    fn a_chord_lies_in_its_classes_and_tells_its_tuning() {
        let cents = 20.0;
        let samples: Vec<f32> = (0..64_000)
            .map(|n| {
                let time = f64::from(n) / 16_000.0;
                [220.0, 261.626, 329.628]
                    .iter()
                    .map(|hz| (TAU * hz * f64::exp2(cents / 1_200.0) * time).sin() as f32 / 4.0)
                    .sum()
            })
            .collect();
        let mut histogram = PitchHistogram::new(16_000);
        histogram.push(&samples);
        let (tuning, tonality) = histogram.tuning();
        assert!((tuning - 0.2).abs() < 0.05 && tonality > 0.9, "{tuning}");
        let chroma = histogram.chroma(tuning);
        let total: f64 = chroma.iter().sum();
        assert!(chroma[9] + chroma[0] + chroma[4] > 0.99 * total);
        let found = histogram
            .key(KeyProfiles::default())
            .map(|estimate| estimate.key);
        assert_eq!(found, Some(key("Am")));
    }

    #[test]
    fn in_pieces_the_histogram_is_that_of_the_whole_sound() {
        let noise = synth::noise(3, 4.0, 16_000);
        let mut whole = PitchHistogram::new(16_000);
        whole.push(noise.samples());
        for length in [1_000, 8_192, 20_001] {
            let mut pieces = PitchHistogram::new(16_000);
            for piece in noise.samples().chunks(length) {
                pieces.push(piece);
            }
            assert_eq!(pieces.weights, whole.weights, "{length}");
        }
        assert!(whole.weights.iter().any(|&weight| weight > 0.0));
        assert_eq!(whole.key(KeyProfiles::default()), None);
    }
}
