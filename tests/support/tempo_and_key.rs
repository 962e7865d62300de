//! Tempo and key of the synthesised songs, compared with what they were made with: for
//! `tests/tempo_and_key.rs` and `examples/tempo_and_key.rs`.

use soundalike_core::audio::synth::Progression;
use soundalike_core::audio::{AudioError, Clip};
use soundalike_core::dsp::{FrontEnd, Key, KeyRelation, Mode, TempoAndKey, TempoAndKeyAnalyser};

/// A tempo is right within this share.
pub const TEMPO_TOLERANCE: f64 = 0.04;

/// What a song's tempo was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TempoFound {
    Right,
    Half,
    Double,
    Other,
    None,
}

/// What was heard of a song, against the truth.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub song: Progression,
    pub tempo: TempoFound,
    /// `None` where no key was heard.
    pub key: Option<KeyRelation>,
}

/// Tempo and key of a sound, by the front end of the shipped model.
pub fn heard(clip: &Clip) -> Result<TempoAndKey, AudioError> {
    Ok(analysed(clip)?.answer())
}

/// An analyser that has heard a sound.
pub fn analysed(clip: &Clip) -> Result<TempoAndKeyAnalyser, AudioError> {
    let front_end = FrontEnd::musicnn();
    let clip = clip.resampled(front_end.sample_rate)?;
    let mut analyser = TempoAndKeyAnalyser::new(&front_end);
    analyser.push(clip.samples(), &front_end.log_mel(clip.samples()));
    Ok(analyser)
}

/// The key that a song was made in.
pub fn key_of(song: &Progression) -> Key {
    let mode = if song.minor { Mode::Minor } else { Mode::Major };
    Key::new(song.tonic, mode)
}

/// Renders a song and hears it.
pub fn outcome(song: Progression) -> Result<Outcome, AudioError> {
    let heard = heard(&song.render())?;
    let near = |bpm: f64| (bpm / song.bpm - 1.0).abs() <= TEMPO_TOLERANCE;
    let tempo = match heard.tempo.map(|tempo| f64::from(tempo.bpm)) {
        None => TempoFound::None,
        Some(bpm) if near(bpm) => TempoFound::Right,
        Some(bpm) if near(2.0 * bpm) => TempoFound::Half,
        Some(bpm) if near(bpm / 2.0) => TempoFound::Double,
        Some(_) => TempoFound::Other,
    };
    let key = heard.key.map(|found| key_of(&song).relation(found.key));
    Ok(Outcome { song, tempo, key })
}

/// How many outcomes have this tempo.
pub fn count_tempo(outcomes: &[Outcome], tempo: TempoFound) -> usize {
    outcomes.iter().filter(|o| o.tempo == tempo).count()
}

/// How many outcomes have this relation of the key.
pub fn count_key(outcomes: &[Outcome], key: Option<KeyRelation>) -> usize {
    outcomes.iter().filter(|o| o.key == key).count()
}

/// MIREX's score of the keys, 0 to 1.
pub fn key_score(outcomes: &[Outcome]) -> f64 {
    let scores = outcomes
        .iter()
        .map(|o| o.key.map_or(0.0, KeyRelation::score));
    scores.sum::<f64>() / outcomes.len().max(1) as f64
}
