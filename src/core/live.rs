//! Predictions for a live sound: a microphone, another tab.
//!
//! Samples come in at the device's own rate, in pieces of any length. Columns of the log-mel picture come
//! out at once; an answer whenever it is asked for, from the segments of the last ten seconds, so that
//! it is steady and still follows the music.

use std::collections::VecDeque;

use crate::audio::{AudioError, Clip, Resampling, SILENCE_PEAK};
use crate::dsp::{FrontEnd, MelStream, RunningLevel, intensity};
use crate::model::{Input, Model, ModelError, SegmentOutput};
use crate::pipeline::{Aggregator, Prediction, Predictor};

/// How far back a prediction reaches, in seconds.
pub const WINDOW_SECONDS: f64 = 10.0;

/// How fast the loudest is forgotten, in dB a second.
const FORGETTING_DB: f32 = 1.0;
/// The picture is not turned up for less than this, so that an empty room stays dark.
const FAINTEST_DB: f32 = -30.0;
/// Full scale, or as good as.
const CLIPPED: f32 = 0.999;

/// How loud it has been since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputLevel {
    /// Largest absolute sample; full scale is one.
    pub peak: f32,
    /// Root of the mean square.
    pub rms: f32,
    /// Whether two samples running reached full scale: the device was too loud.
    pub clipped: bool,
}

/// The state of a live session.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    /// From the segments of the last [`WINDOW_SECONDS`]; `None` until there is one.
    pub answer: Option<Prediction>,
    /// Whether the last three seconds were too quiet for a prediction.
    pub quiet: bool,
    /// Seconds of sound so far.
    pub seconds: f64,
}

/// A live sound.
pub struct LiveSession {
    front_end: FrontEnd,
    pool: Aggregator,
    rate: u32,
    resampling: Resampling,
    mel: MelStream,
    /// Of a front end that brings every sound to one level.
    level: Option<RunningLevel>,
    resampled: Vec<f32>,
    /// Samples so far, at the device's rate.
    samples: u64,
    /// The last columns of powers `[mel_bands]`, one segment of them at most.
    columns: VecDeque<Vec<f32>>,
    /// Peak of each of as many hops.
    peaks: VecDeque<f32>,
    /// The input of the model, and of one without log-mel pictures the last window of samples.
    input: Input,
    recent: VecDeque<f32>,
    /// Columns so far.
    count: u64,
    /// The last prediction, and the number of columns at that time.
    outputs: VecDeque<(u64, SegmentOutput)>,
    /// Columns of the picture that nobody has taken yet.
    picture: Vec<u8>,
    loudest_db: f32,
    peak: f32,
    squares: f64,
    measured: u64,
    clipped: bool,
    at_full_scale: bool,
}

impl LiveSession {
    /// Begins to listen to a device of this rate in Hz.
    ///
    /// # Errors
    /// If the rate is out of range.
    pub fn begin(rate: u32, model: &Model) -> Result<Self, AudioError> {
        let front_end = model.front_end.clone();
        Ok(Self {
            pool: Aggregator::of(model),
            rate,
            resampling: Resampling::new(rate, front_end.sample_rate)?,
            mel: MelStream::new(&front_end),
            level: (front_end.level_dbfs)
                .map(|_| RunningLevel::new(front_end.sample_rate, WINDOW_SECONDS)),
            resampled: Vec::new(),
            samples: 0,
            columns: VecDeque::new(),
            peaks: VecDeque::new(),
            input: model.input(),
            recent: VecDeque::new(),
            count: 0,
            outputs: VecDeque::new(),
            picture: Vec::new(),
            loudest_db: FAINTEST_DB,
            peak: 0.0,
            squares: 0.0,
            measured: 0,
            clipped: false,
            at_full_scale: false,
            front_end,
        })
    }

    /// Takes mono samples at the device's rate.
    ///
    /// # Errors
    /// If the resampler fails; never in practice.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        for &sample in samples {
            // A driver's NaN must not stop a listening that has gone well.
            let size = if sample.is_finite() {
                sample.abs()
            } else {
                0.0
            };
            self.peak = self.peak.max(size);
            self.squares += f64::from(size * size);
            let full = size >= CLIPPED;
            self.clipped |= full && self.at_full_scale;
            self.at_full_scale = full;
        }
        self.measured += samples.len() as u64;
        self.samples += samples.len() as u64;
        let finite = |sample: &f32| if sample.is_finite() { *sample } else { 0.0 };
        let clean: Vec<f32> = samples
            .iter()
            .map(finite)
            .map(|s| s.clamp(-8.0, 8.0))
            .collect();

        self.resampled.clear();
        self.resampling.push(&clean, &mut self.resampled);
        if let Some(level) = &mut self.level {
            level.push(&mut self.resampled);
        }
        if !self.input.is_log_mel() {
            self.recent.extend(&self.resampled);
            let rate = f64::from(self.front_end.sample_rate);
            let most = (self.input.seconds() * rate).ceil() as usize;
            let too_many = self.recent.len().saturating_sub(most);
            self.recent.drain(..too_many);
        }
        let front_end = &self.front_end;
        let length = front_end.segment_frames;
        for hop in self.resampled.chunks(front_end.hop_length) {
            let peak = hop.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
            let (columns, picture) = (&mut self.columns, &mut self.picture);
            let (count, peaks) = (&mut self.count, &mut self.peaks);
            let loudest = &mut self.loudest_db;
            let forgetting = FORGETTING_DB * front_end.frame_seconds() as f32;
            if let Some(last) = peaks.back_mut() {
                *last = last.max(peak);
            }
            self.mel.push(hop, |column| {
                if columns.len() == length {
                    columns.pop_front();
                    peaks.pop_front();
                }
                columns.push_back(column.to_vec());
                peaks.push_back(peak);
                *count += 1;
                let most = column.iter().copied().fold(0.0, f32::max);
                *loudest = front_end
                    .decibel(most)
                    .max(FAINTEST_DB)
                    .max(*loudest - forgetting);
                let db = column.iter().map(|power| front_end.decibel(*power));
                picture.extend(db.map(|db| intensity(db, *loudest)));
            });
        }
        Ok(())
    }

    /// The columns of the picture since the last call, `[columns, mel_bands]`, the lowest band first: 255
    /// is the loudest of late, 0 lies 80 dB below it.
    pub fn take_picture(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.picture)
    }

    /// How loud it has been since the last call.
    pub fn take_level(&mut self) -> InputLevel {
        let level = InputLevel {
            peak: self.peak,
            rms: (self.squares / self.measured.max(1) as f64).sqrt() as f32,
            clipped: self.clipped,
        };
        (self.peak, self.squares, self.measured, self.clipped) = (0.0, 0.0, 0, false);
        level
    }

    /// Predicts the last segment and aggregates the last seconds.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn now(&mut self, predictor: &Predictor) -> Result<Now, ModelError> {
        let seconds = self.samples as f64 / f64::from(self.rate);
        let peak = self.peaks.iter().copied().fold(0.0, f32::max);
        let whole = self.columns.len() == self.front_end.segment_frames;
        let quiet = peak < SILENCE_PEAK;
        if whole && !quiet {
            let parts = match self.input {
                input if input.is_log_mel() => {
                    // The gain of the last ten seconds, which is that of a file of them.
                    let gain = match (&self.level, self.front_end.level_dbfs) {
                        (Some(level), Some(dbfs)) => level.level().gain_to(dbfs),
                        _ => 1.0,
                    };
                    let front_end = &self.front_end;
                    let value = |power: f32| front_end.compress(power * gain * gain);
                    let segment = (0..front_end.mel_bands).flat_map(|band| {
                        let columns = self.columns.iter();
                        columns.map(move |column| value(column[band]))
                    });
                    vec![segment.collect::<Vec<f32>>()]
                }
                input => {
                    let samples = self.recent.make_contiguous().to_vec();
                    let examples = Clip::new(samples, self.front_end.sample_rate)
                        .and_then(|clip| input.examples(&clip))
                        .map_err(|e| ModelError::Device(e.to_string()))?;
                    let last = examples.len() - 1;
                    let last = examples.windows(last..last + 1);
                    last.into_iter().map(<[f32]>::to_vec).collect()
                }
            };
            let outputs = predictor.segments(&parts).await?;
            self.outputs
                .extend(outputs.into_iter().map(|h| (self.count, h)));
        }
        let reach = (WINDOW_SECONDS - self.input.seconds()).max(0.0);
        let columns = (reach / self.front_end.frame_seconds()) as u64;
        let oldest = self.count.saturating_sub(columns);
        self.outputs.retain(|(count, _)| *count >= oldest);
        let outputs: Vec<&SegmentOutput> = self.outputs.iter().map(|(_, output)| output).collect();
        let answer = (!outputs.is_empty()).then(|| Prediction {
            seconds,
            ..self.pool.answer(&outputs)
        });
        Ok(Now {
            answer,
            quiet,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;
    use soundalike_shipped as shipped;

    fn predictor() -> Predictor {
        Predictor::on_processor(shipped::MODEL).expect("the shipped model")
    }

    /// Plays a clip in pieces as an audio worklet gives them, asking once a second.
    fn play(clip: &Clip, predictor: &Predictor) -> Vec<Now> {
        let mut live = LiveSession::begin(clip.rate(), predictor.model()).expect("a rate");
        let mut said = Vec::new();
        for second in clip.samples().chunks(clip.rate() as usize) {
            for piece in second.chunks(128) {
                live.push(piece).expect("pushed");
            }
            said.push(pollster::block_on(live.now(predictor)).expect("a prediction"));
        }
        said
    }

    #[test]
    fn what_is_heard_live_is_what_is_heard_of_the_file() {
        let predictor = predictor();
        let song = synth::sample_song();
        let ten = song.samples()[..song.rate() as usize * 10].to_vec();
        let ten = Clip::new(ten, song.rate()).expect("a clip");
        let whole = predictor.predict(&ten).expect("an answer");
        for rate in [song.rate(), 48_000] {
            let said = play(&ten.resampled(rate).expect("a rate"), &predictor);
            assert!(said[1].answer.is_none(), "after two seconds");
            let last = said.last().and_then(|now| now.answer.clone()).expect("ten");
            // The segments begin elsewhere, so the numbers differ, but not by much.
            for (a, b) in last.probabilities.iter().zip(&whole.probabilities) {
                assert!((a - b).abs() < 0.15, "{a} {b} at {rate} Hz");
            }
        }
    }

    #[test]
    fn silence_is_too_quiet_and_an_old_song_is_forgotten() {
        let predictor = predictor();
        let song = synth::sample_song();
        let rate = song.rate() as usize;
        let mut samples = song.samples()[..5 * rate].to_vec();
        samples.resize(20 * rate, 0.0);
        let said = play(
            &Clip::new(samples, song.rate()).expect("a clip"),
            &predictor,
        );
        assert!(!said[4].quiet && said[4].answer.is_some());
        assert!(said[9].quiet && said[9].answer.is_some());
        assert!(said[19].quiet && said[19].answer.is_none());
    }

    #[test]
    fn levels_and_clipping_are_of_the_time_since_they_were_asked() {
        let predictor = predictor();
        let mut live = LiveSession::begin(48_000, predictor.model()).expect("a rate");
        live.push(&[0.5, -0.5, 1.0, 0.2]).expect("pushed");
        let level = live.take_level();
        assert_eq!((level.peak, level.clipped), (1.0, false));
        live.push(&[0.0, 1.0, -1.0, f32::NAN]).expect("pushed");
        assert!(live.take_level().clipped);
        assert_eq!(live.take_level(), InputLevel::default());
    }

    #[test]
    fn the_picture_has_a_column_a_hop_and_is_taken_once() {
        let predictor = predictor();
        let rate = predictor.model().front_end.sample_rate;
        let mut live = LiveSession::begin(rate, predictor.model()).expect("a rate");
        live.push(synth::tone(440.0, 1.0, rate).samples())
            .expect("pushed");
        let picture = live.take_picture();
        assert_eq!(picture.len(), 96 * (1 + (16_000 - 512) / 256));
        assert_eq!(picture.iter().max(), Some(&255));
        assert!(live.take_picture().is_empty());
    }
}
