//! Reads a sound piece by piece: mixed to mono and brought to one rate while it is decoded.

use super::clip::Clip;
use super::damage::Damage;
use super::error::{AudioError, check_channels, check_rate, guarded};
use super::limits::MAX_KEPT_RATE;
use super::mix::MonoMix;
use super::note::Note;
use super::resample::{Resampling, resample, resampled_len};
use super::source::{Packet, PacketSource};

/// What follows a piece and is shorter than this is part of it, seconds: no piece is too short to analyse.
const SHORTEST_REST: f64 = 10.0;
/// Room for a piece of up to this length is taken at once, seconds: growing step by step would take up to three
/// times as much for a while. What is not used of it costs no memory.
const RESERVED: f64 = 620.0;
/// What may come at once beyond the end of a piece, seconds: a block of the mix.
const OVERHANG: f64 = 40.0;
/// A stated length may miss by this many seconds without a word: an encoder's last frames, roundings.
const SLACK: f64 = 0.11;
/// And by this share of it, where there is more than is stated.
const SLACK_SHARE: f64 = 0.01;
/// Less than this is missing without a word, seconds: a frame or two.
const LEAST_HOLE: f64 = 0.06;
/// Unless it is this share of the sound.
const LEAST_SHARE: f64 = 0.02;
/// From this share on so much of a file is damaged that there is no answer.
const UNDECODABLE: f64 = 1.0 / 3.0;
/// Damage is known to a page or a frame only, so this much of it is doubtful, seconds.
const DOUBT: f64 = 0.5;

/// A sound file that is read piece by piece.
///
/// # Examples
/// ```
/// use soundalike_core::audio::SoundReader;
///
/// let bytes = std::fs::read("../../tests/data/half.flac")?;
/// let mut reader = SoundReader::from_bytes(bytes, "half.flac")?;
/// let mut seconds = 0.0;
/// while let Some(piece) = reader.next_piece(60.0)? {
///     seconds += piece.seconds();
/// }
/// assert!(seconds > 0.0 && reader.notes().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SoundReader {
    source: Box<dyn PacketSource>,
    packet: Packet,
    mix: MonoMix,
    kept: Kept,
    channels: usize,
    source_rate: u32,
    /// Seconds decoded.
    heard: f64,
    /// Damaged places: from when on, and how long, in seconds.
    holes: Vec<(f64, f64)>,
    limit: f64,
    longer: bool,
    ended: bool,
    given: bool,
}

/// The samples that wait to be given away.
struct Kept {
    /// Hz; 0 before the first samples where it is the file's.
    rate: u32,
    /// Whether the rate was asked for.
    fixed: bool,
    samples: Vec<f32>,
    run: Option<Run>,
}

/// Samples of one rate that are resampled together.
struct Run {
    from: u32,
    resampling: Resampling,
    /// Samples put in, and got out.
    put: u64,
    got: u64,
}

impl SoundReader {
    pub(super) fn new(source: Box<dyn PacketSource>) -> Self {
        Self {
            source,
            packet: Packet::default(),
            mix: MonoMix::default(),
            kept: Kept {
                rate: 0,
                fixed: false,
                samples: Vec::new(),
                run: None,
            },
            channels: 0,
            source_rate: 0,
            heard: 0.0,
            holes: Vec::new(),
            limit: f64::INFINITY,
            longer: false,
            ended: false,
            given: false,
        }
    }

    /// Reads no more than this many seconds; what is left out is told in the notes.
    #[must_use]
    pub fn limited_to(mut self, seconds: f64) -> Self {
        self.limit = seconds;
        self
    }

    /// Brings the sound to `rate` Hz while it is decoded, 8 000 to 192 000, in place of the file's own rate up to
    /// 48 000 Hz, so that no piece is ever in memory at a higher rate than it is needed at. Only before the first
    /// piece; later it changes nothing.
    ///
    /// # Errors
    /// [`AudioError::Rate`] for a rate out of range.
    pub fn bring_to(&mut self, rate: u32) -> Result<(), AudioError> {
        check_rate(rate)?;
        if self.source_rate == 0 {
            (self.kept.rate, self.kept.fixed) = (rate, true);
        }
        Ok(())
    }

    /// Channels of the file where it begins, 1 to 8; 0 before the first piece.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Sample rate of the file where it begins, Hz; 0 before the first piece.
    pub fn source_rate(&self) -> u32 {
        self.source_rate
    }

    /// Seconds decoded so far.
    pub fn seconds(&self) -> f64 {
        self.heard
    }

    /// Whether all of it is read.
    pub fn ended(&self) -> bool {
        self.ended && self.kept.samples.is_empty()
    }

    /// The next `seconds` of the sound, or all that is left if that is up to ten seconds longer; none at the end.
    /// Pieces are at the file's own rate, up to 48 000 Hz, or at that of [`SoundReader::bring_to`].
    ///
    /// # Errors
    /// If the file cannot be read, holds no sound, or more than a third of it cannot be decoded.
    pub fn next_piece(&mut self, seconds: f64) -> Result<Option<Clip>, AudioError> {
        let wanted = seconds + SHORTEST_REST;
        while !self.ended && self.kept.seconds() <= wanted {
            self.read_packet()?;
            self.kept.make_room(wanted);
        }
        if self.ended {
            self.check_damage()?;
        }
        let kept = &mut self.kept;
        if kept.samples.is_empty() {
            return if self.given {
                Ok(None)
            } else {
                Err(self.nothing())
            };
        }
        let samples = if kept.seconds() <= wanted {
            std::mem::take(&mut kept.samples)
        } else {
            let rest = kept
                .samples
                .split_off((seconds * f64::from(kept.rate)) as usize);
            std::mem::replace(&mut kept.samples, rest)
        };
        self.given = true;
        Clip::new(samples, self.kept.rate).map(Some)
    }

    /// What a listener should know; complete after the last piece.
    pub fn notes(&self) -> Vec<Note> {
        let heard = self.heard;
        let claims = self.source.claims();
        let missing = self.missing();
        let stated = claims.seconds.filter(|_| self.ended && !self.longer);
        let short = stated.filter(|stated| *stated > heard + missing + SLACK);
        let mut notes = Vec::new();
        if self.longer {
            notes.push(Note::OnlyFirst {
                minutes: (self.limit / 60.0) as u32,
            });
        } else if short.is_some() || claims.cut {
            notes.push(Note::CutShort {
                heard,
                whole: short,
            });
        }
        if claims.unmeasured {
            notes.push(Note::Unmeasured { heard });
        }
        if let Some(stated) = stated.filter(|s| heard > s * (1.0 + SLACK_SHARE) + SLACK) {
            notes.push(Note::LongerThanStated { heard, stated });
        }
        let told = missing >= LEAST_HOLE || missing >= LEAST_SHARE * heard;
        if let Some((at, _)) = self.holes.first().filter(|_| told) {
            notes.push(Note::Missing {
                seconds: missing,
                places: self.holes.len(),
                at: *at,
            });
        }
        if self.mix.cancelling > 0.0 {
            notes.push(Note::Cancelling {
                seconds: self.mix.cancelling,
            });
        }
        if let Some(hertz) = claims.band {
            notes.push(Note::LowerBand { hertz });
        }
        notes
    }

    fn read_packet(&mut self) -> Result<(), AudioError> {
        let (source, packet) = (&mut self.source, &mut self.packet);
        packet.clear();
        let more = guarded(|| source.next(packet))?;
        if packet.missing != 0.0 {
            self.note_hole();
        }
        let mut failed = Ok(());
        let kept = &mut self.kept;
        let mut keep = |samples: &[f32], rate| {
            if failed.is_ok() {
                failed = kept.push(samples, rate);
            }
        };
        if more && !self.packet.samples.is_empty() {
            check_channels(self.packet.channels)?;
            check_rate(self.packet.rate)?;
            if self.source_rate == 0 {
                (self.channels, self.source_rate) = (self.packet.channels, self.packet.rate);
            }
            let frames = self.packet.samples.len() / self.packet.channels;
            let left = (self.limit - self.heard) * f64::from(self.packet.rate);
            let taken = (left.max(0.0).round() as usize).min(frames);
            self.longer = taken < frames;
            self.packet.samples.truncate(taken * self.packet.channels);
            self.heard += taken as f64 / f64::from(self.packet.rate);
            self.mix.push(&self.packet, &mut keep);
        }
        if !more || self.longer {
            self.ended = true;
            self.mix.flush(&mut keep);
            failed?;
            self.kept.end_run();
            return Ok(());
        }
        failed
    }

    /// Damage in adjacent packets is one hole.
    fn note_hole(&mut self) {
        if let Some(at) = self.packet.missing_at {
            self.holes.push((at, self.packet.missing));
            return;
        }
        match self.holes.last_mut() {
            Some((at, seconds)) if *at >= self.heard - 1e-6 => *seconds += self.packet.missing,
            // A hole turns out to be smaller than its first packets said.
            Some((_, seconds)) if self.packet.missing < 0.0 => {
                *seconds = (*seconds + self.packet.missing).max(0.0);
            }
            None if self.packet.missing < 0.0 => {}
            _ => self.holes.push((self.heard, self.packet.missing)),
        }
    }

    /// Seconds that damage has cost.
    fn missing(&self) -> f64 {
        self.holes.iter().map(|(_, seconds)| seconds).sum()
    }

    fn check_damage(&self) -> Result<(), AudioError> {
        let missing = self.missing();
        if missing - DOUBT > UNDECODABLE * (missing + self.heard) && self.heard > 0.0 {
            return Err(Damage::MostlyUndecodable {
                missing: format!("{missing:.1}"),
                whole: format!("{:.1}", missing + self.heard),
            }
            .into());
        }
        Ok(())
    }

    /// Why there is not one sample.
    fn nothing(&self) -> AudioError {
        let claims = self.source.claims();
        let promised = claims.seconds.is_some_and(|seconds| seconds > 0.0);
        if promised || claims.cut || !self.holes.is_empty() {
            Damage::NothingDecodable.into()
        } else {
            AudioError::EmptySound
        }
    }
}

/// Channels that something else decoded, mixed to mono as [`SoundReader`] mixes them, with notes.
///
/// # Errors
/// [`AudioError::Channels`], [`AudioError::UnequalChannels`], and those of [`Clip::new`].
pub fn mixed(channels: &[&[f32]], rate: u32) -> Result<(Clip, Vec<Note>), AudioError> {
    check_channels(channels.len())?;
    check_rate(rate)?;
    let frames = channels[0].len();
    if channels.iter().any(|channel| channel.len() != frames) {
        return Err(AudioError::UnequalChannels);
    }
    let mut mix = MonoMix::default();
    let mut samples = Vec::with_capacity(frames);
    let mut keep = |block: &[f32], _| samples.extend_from_slice(block);
    let mut packet = Packet {
        channels: channels.len(),
        rate,
        ..Packet::default()
    };
    for from in (0..frames).step_by(rate as usize) {
        let to = frames.min(from + rate as usize);
        packet.samples.clear();
        let interleaved = (from..to).flat_map(|at| channels.iter().map(move |channel| channel[at]));
        packet.samples.extend(interleaved);
        mix.push(&packet, &mut keep);
    }
    mix.flush(&mut keep);
    let seconds = mix.cancelling;
    let notes = (seconds > 0.0).then_some(Note::Cancelling { seconds });
    Ok((Clip::new(samples, rate)?, notes.into_iter().collect()))
}

impl Kept {
    fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate.max(1))
    }

    /// Takes room for `seconds` and a packet, once it is seen that there are more samples than a short sound has.
    fn make_room(&mut self, seconds: f64) {
        let some = self.samples.len() > self.rate as usize;
        if some && seconds <= RESERVED {
            let room = ((seconds + OVERHANG) * f64::from(self.rate)) as usize;
            let more = room.saturating_sub(self.samples.len());
            self.samples.reserve_exact(more);
        }
    }

    /// Takes mono samples at `from` Hz.
    fn push(&mut self, samples: &[f32], from: u32) -> Result<(), AudioError> {
        let best = match self.fixed {
            true => self.rate,
            false => from.min(MAX_KEPT_RATE),
        };
        if self.rate == 0 {
            self.rate = best;
        }
        if self.run.as_ref().is_some_and(|run| run.from != from) {
            self.end_run();
            // A jingle at a low rate must not take the upper bands from the song after it.
            if best > self.rate {
                self.samples = resample(&self.samples, self.rate, best)?;
                self.rate = best;
            }
        }
        let run = match &mut self.run {
            Some(run) => run,
            run => run.insert(Run {
                from,
                resampling: Resampling::new(from, self.rate)?,
                put: 0,
                got: 0,
            }),
        };
        let before = self.samples.len();
        run.resampling.push(samples, &mut self.samples);
        run.put += samples.len() as u64;
        run.got += (self.samples.len() - before) as u64;
        Ok(())
    }

    /// Gets out what still lies in the filter.
    fn end_run(&mut self) {
        let Some(mut run) = self.run.take() else {
            return;
        };
        let due = resampled_len(run.put as usize, run.from, self.rate) as u64;
        let silence = [0.0; 4_096];
        let start = self.samples.len() as u64 - run.got.min(self.samples.len() as u64);
        let given_away = run.got - (self.samples.len() as u64 - start);
        while given_away + (self.samples.len() as u64 - start) < due {
            run.resampling.push(&silence, &mut self.samples);
        }
        self.samples.truncate((start + due - given_away) as usize);
    }
}
