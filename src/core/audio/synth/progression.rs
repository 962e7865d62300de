//! Short songs of known tempo and key, to check the estimators of both.

use super::{Noise, Pluck, RATE_F, finish, hiss, kick, snare, warm};
use crate::audio::clip::Clip;

/// Least length of a song in seconds; it goes on to the end of its last four bars.
const LEAST_SECONDS: f64 = 20.0;
const BEATS_PER_BAR: usize = 4;

/// Triads as semitones above their root.
const MAJOR: [i32; 3] = [0, 4, 7];
const MINOR: [i32; 3] = [0, 3, 7];

/// Four chords each, as semitones from the tonic to the root, and triads.
type Chords = [(i32, [i32; 3]); 4];
const IN_MAJOR: [Chords; 4] = [
    [(0, MAJOR), (7, MAJOR), (9, MINOR), (5, MAJOR)],
    [(0, MAJOR), (9, MINOR), (2, MINOR), (7, MAJOR)],
    [(0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)],
    [(0, MAJOR), (5, MAJOR), (0, MAJOR), (7, MAJOR)],
];
const IN_MINOR: [Chords; 4] = [
    [(0, MINOR), (8, MAJOR), (3, MAJOR), (10, MAJOR)],
    [(0, MINOR), (5, MINOR), (7, MAJOR), (0, MINOR)],
    [(0, MINOR), (10, MAJOR), (8, MAJOR), (7, MAJOR)],
    [(0, MINOR), (7, MINOR), (5, MINOR), (0, MINOR)],
];

const MAJOR_SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
/// Natural minor.
const MINOR_SCALE: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

/// How the chords are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comping {
    /// Bass and chord on every beat.
    Beats,
    /// Bass on the first and third beat, the chord on the others.
    Alternating,
    /// The chord's notes one by one in eighths, above a bass on the first and third beat.
    Eighths,
}

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Players {
    /// Plucked strings: chords, bass, melody.
    Strings,
    /// Strings and drums.
    StringsAndDrums,
    /// Drums alone, so that there is a tempo and no key.
    Drums,
}

/// A song of four chords that come again, with bass and a melody, for plucked strings and drums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progression {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// Whether the key is minor.
    pub minor: bool,
    /// Which of the four chord progressions of the mode, 0 to 3.
    pub chords: usize,
    /// How the chords are played.
    pub comping: Comping,
    /// Who plays.
    pub players: Players,
    /// Beats per minute, four to a bar.
    pub bpm: f64,
    /// Deviation of the tuning from A = 440 Hz, in cents.
    pub cents: f64,
    /// Of the melody and the strings' noise.
    pub seed: u64,
}

impl Progression {
    /// A set of 144 songs: six in each of the 24 keys; 60 to 180 beats per minute in steps of ten; half of
    /// them with drums; a third each 30 cents flat, in tune and 30 cents sharp.
    #[must_use]
    pub fn set() -> Vec<Self> {
        let compings = [Comping::Beats, Comping::Alternating, Comping::Eighths];
        (0..144_usize)
            .map(|n| {
                let (key, turn) = (n / 6, n % 6);
                Self {
                    tonic: (key % 12) as u8,
                    minor: key >= 12,
                    chords: (key + turn) % 4,
                    comping: compings[turn % 3],
                    players: if turn < 3 {
                        Players::Strings
                    } else {
                        Players::StringsAndDrums
                    },
                    bpm: 60.0 + 10.0 * (n * 5 % 13) as f64,
                    cents: [-30.0, 0.0, 30.0][(key + turn / 2) % 3],
                    seed: n as u64,
                }
            })
            .collect()
    }

    /// The song, 20 s or up to four bars longer, at about 22 050 Hz, peak −3 dBFS.
    ///
    /// A tuning other than 440 Hz comes from another sample rate, as of a tape that runs faster or slower;
    /// the beats are spaced so that the tempo is [`Self::bpm`] nevertheless.
    #[must_use]
    pub fn render(&self) -> Clip {
        let rate = (RATE_F * (self.cents / 1_200.0).exp2()).round() as u32;
        let beat = 60.0 / self.bpm * f64::from(rate) / RATE_F;
        let cycle = beat * (4 * BEATS_PER_BAR) as f64;
        let bars = 4 * (LEAST_SECONDS / cycle).ceil() as usize;
        // A bar more for the last chord to die away.
        let len = ((bars + 1) as f64 * BEATS_PER_BAR as f64 * beat * RATE_F) as usize;
        let mut band = Performance {
            song: self,
            beat,
            noise: Noise(self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0xbea7),
            strings: vec![0.0; len],
            drums: vec![0.0; len],
        };
        for bar in 0..bars {
            if self.players != Players::Drums {
                band.play_chord(bar);
                band.play_melody(bar);
            }
            if self.players != Players::Strings {
                band.play_drums(bar);
            }
        }
        if self.players != Players::Drums {
            band.play_end(bars);
        }
        let mix = band.strings.iter().zip(&band.drums);
        let mix = mix.map(|(s, d)| warm(0.7 * s + 0.7 * d)).collect();
        Clip::trusted(finish(mix).samples().to_vec(), rate)
    }

    fn chord(&self, bar: usize) -> (i32, [i32; 3]) {
        let progressions = if self.minor { IN_MINOR } else { IN_MAJOR };
        progressions[self.chords % 4][bar % 4]
    }
}

/// The song as it is played.
struct Performance<'a> {
    song: &'a Progression,
    /// Seconds of a beat at [`RATE`].
    beat: f64,
    noise: Noise,
    strings: Vec<f64>,
    drums: Vec<f64>,
}

impl Performance<'_> {
    /// 0 to 1.
    fn chance(&mut self) -> f64 {
        0.5 + 0.5 * self.noise.next()
    }

    fn time(&self, bar: usize, beat: f64) -> f64 {
        ((bar * BEATS_PER_BAR) as f64 + beat) * self.beat
    }

    /// Plays a note, `beats` long.
    fn pluck(&mut self, midi: i32, bar: usize, beat: f64, beats: f64, loud: f64) {
        let at = self.time(bar, beat);
        let note = Pluck {
            midi,
            seconds: beats * self.beat,
            loud,
            bright: if midi < 48 { 0.3 } else { 0.55 },
            decay: 0.9975,
            pick: 0.17,
        };
        note.play(&mut self.strings, &mut self.noise, at);
    }

    /// A triad between G3 and F#4, strummed.
    fn strum(&mut self, bar: usize, beat: f64, beats: f64) {
        for (string, midi) in self.voicing(bar).into_iter().enumerate() {
            let late = 0.012 * string as f64 / self.beat;
            self.pluck(midi, bar, beat + late, beats, 0.5);
        }
    }

    fn voicing(&self, bar: usize) -> [i32; 3] {
        let (root, triad) = self.song.chord(bar);
        let root = i32::from(self.song.tonic) + root;
        let mut notes = triad.map(|step| 55 + (root + step - 55).rem_euclid(12));
        notes.sort_unstable();
        notes
    }

    fn bass(&mut self, bar: usize, beat: f64, beats: f64, fifth: bool) {
        let (root, _) = self.song.chord(bar);
        let root = i32::from(self.song.tonic) + root + if fifth { 7 } else { 0 };
        self.pluck(36 + root.rem_euclid(12), bar, beat, beats, 0.8);
    }

    fn play_chord(&mut self, bar: usize) {
        match self.song.comping {
            Comping::Beats => {
                for beat in 0..BEATS_PER_BAR {
                    self.bass(bar, beat as f64, 0.9, beat == 3);
                    self.strum(bar, beat as f64, 0.8);
                }
            }
            Comping::Alternating => {
                for beat in [0.0, 2.0] {
                    self.bass(bar, beat, 0.9, beat > 0.0);
                    self.strum(bar, beat + 1.0, 0.5);
                }
            }
            Comping::Eighths => {
                let notes = self.voicing(bar);
                for eighth in 0..2 * BEATS_PER_BAR {
                    let note = notes[[0, 1, 2, 1][eighth % 4]];
                    let loud = if eighth % 2 == 0 { 0.6 } else { 0.45 };
                    self.pluck(note, bar, eighth as f64 / 2.0, 0.8, loud);
                }
                self.bass(bar, 0.0, 1.9, false);
                self.bass(bar, 2.0, 1.9, true);
            }
        }
    }

    /// On each beat a note, a rest or two eighths; mostly notes of the chord, else of the scale.
    fn play_melody(&mut self, bar: usize) {
        let scale = if self.song.minor {
            MINOR_SCALE
        } else {
            MAJOR_SCALE
        };
        for beat in 0..BEATS_PER_BAR {
            let choice = self.chance();
            let places: &[f64] = match choice {
                0.0..0.3 => &[],
                0.3..0.75 => &[0.0],
                _ => &[0.0, 0.5],
            };
            for place in places {
                let degree = if self.chance() < 0.65 {
                    let (root, triad) = self.song.chord(bar);
                    root + triad[(3.0 * self.chance()) as usize % 3]
                } else {
                    scale[(7.0 * self.chance()) as usize % 7]
                };
                let note = 69 + (i32::from(self.song.tonic) + degree - 69).rem_euclid(12);
                let beats = if places.len() == 1 { 0.9 } else { 0.45 };
                self.pluck(note, bar, beat as f64 + place, beats, 0.5);
            }
        }
    }

    fn play_drums(&mut self, bar: usize) {
        for beat in 0..BEATS_PER_BAR {
            let at = self.time(bar, beat as f64);
            if beat % 2 == 0 {
                kick(&mut self.drums, at, 0.9);
            } else {
                snare(&mut self.drums, &mut self.noise, at, 0.5);
            }
            for (half, loud) in [(0.0, 0.10), (0.5, 0.07)] {
                let at = self.time(bar, beat as f64 + half);
                hiss(&mut self.drums, &mut self.noise, at, loud, 0.9965, 0.85);
            }
        }
    }

    /// The tonic's triad, which ends the song.
    fn play_end(&mut self, bars: usize) {
        // Bar 0 has the tonic's chord in every progression.
        let notes = self.voicing(0);
        let bass = 36 + i32::from(self.song.tonic);
        for midi in [bass, notes[0], notes[1], notes[2]] {
            self.pluck(midi, bars, 0.0, 3.0, 0.6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_has_every_key_and_tempo_and_its_songs_sound() {
        let set = Progression::set();
        for minor in [false, true] {
            for tonic in 0..12 {
                let in_key = set.iter().filter(|p| (p.tonic, p.minor) == (tonic, minor));
                assert_eq!(in_key.count(), 6);
            }
        }
        for tempo in 6..=18 {
            let bpm = f64::from(10 * tempo);
            assert!(set.iter().filter(|p| p.bpm == bpm).count() >= 11);
        }
        let song = Progression {
            cents: 30.0,
            ..set[3]
        };
        let clip = song.render();
        assert_eq!(clip.rate(), 22_435);
        assert!(clip.seconds() > 20.0 && clip.peak() > 0.7);
        assert_eq!(clip, song.render());
    }
}
