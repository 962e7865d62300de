//! Tempo and key of a song that comes in pieces.

use super::beat::{TempoEstimate, steady_tempo};
use super::key::{KeyEstimate, KeyProfiles, PitchHistogram};
use super::{Compression, FrontEnd, Spectrogram, onset_strength};

/// Tempo and key of a song, where it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TempoAndKey {
    /// `None` where there is no beat: noise, speech, silence, sustained sounds.
    pub tempo: Option<TempoEstimate>,
    /// `None` where there is no tonality: noise, speech, silence, drums.
    pub key: Option<KeyEstimate>,
}

/// Hears pieces of a sound, and tells tempo and key of all of them together. Of each piece it keeps the
/// onset strengths, four bytes a frame; the sum of the pitches is of constant size.
///
/// # Examples
/// ```
/// use soundalike_core::audio::synth::Progression;
/// use soundalike_core::dsp::{FrontEnd, TempoAndKeyAnalyser};
///
/// let song = Progression { bpm: 110.0, ..Progression::set()[9] };
/// let front_end = FrontEnd::musicnn();
/// let clip = song.render().resampled(front_end.sample_rate)?;
/// let mut analyser = TempoAndKeyAnalyser::new(&front_end);
/// for piece in clip.samples().chunks(5 * 16_000) {
///     analyser.push(piece, &front_end.log_mel(piece));
/// }
/// let heard = analyser.answer();
/// let tempo = heard.tempo.expect("a song with a beat");
/// assert!((tempo.bpm / 110.0 - 1.0).abs() < 0.04);
/// assert_eq!(heard.key.expect("a song with a key").key.to_string(), "Db major");
/// # Ok::<(), soundalike_core::audio::AudioError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TempoAndKeyAnalyser {
    front_end: FrontEnd,
    /// In dB, a frame each.
    onsets: Vec<f32>,
    pitches: PitchHistogram,
}

impl TempoAndKeyAnalyser {
    /// For samples and log-mel spectrograms of a front end.
    pub fn new(front_end: &FrontEnd) -> Self {
        Self {
            front_end: front_end.clone(),
            onsets: Vec::new(),
            pitches: PitchHistogram::new(front_end.sample_rate),
        }
    }

    /// Goes on with mono samples at the front end's rate, and their [log-mel spectrogram](FrontEnd::log_mel).
    pub fn push(&mut self, samples: &[f32], log_mel: &Spectrogram) {
        self.pitches.push(samples);
        let to_decibel = match self.front_end.compression {
            Compression::Decibel => 1.0,
            Compression::LogPlusOne { .. } => 10.0,
        };
        let mut onsets = onset_strength(&self.front_end, log_mel);
        // Where a piece begins there is nothing before it to rise from.
        let edge = 1 + self.front_end.n_fft / self.front_end.hop_length;
        onsets.iter_mut().take(edge).for_each(|onset| *onset = 0.0);
        self.onsets
            .extend(onsets.into_iter().map(|onset| (to_decibel * onset) as f32));
    }

    /// Tempo and key of what was heard so far.
    pub fn answer(&self) -> TempoAndKey {
        TempoAndKey {
            tempo: steady_tempo(&self.onsets, 1.0 / self.front_end.frame_seconds()),
            key: self.key_by(KeyProfiles::default()),
        }
    }

    /// The key of what was heard so far by other profiles than [`TempoAndKeyAnalyser::answer`] uses.
    pub fn key_by(&self, profiles: KeyProfiles) -> Option<KeyEstimate> {
        self.pitches.key(profiles)
    }
}
