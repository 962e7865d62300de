//! From a sound to an answer: resample, log-mel, segments, model, and the whole clip's verdict.
//!
//! [`AnalysisSession`] does it in steps, so that a page can draw, show how far it is and be cancelled;
//! [`Predictor::predict`] does it at once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::audio::{AudioError, Clip, SoundReader, synth};
use crate::dsp::{Spectrogram, TempoAndKey, TempoAndKeyAnalyser};
use crate::message::{Message, Notice};
use crate::model::{
    Calibration, Examples, Head, Input, Model, ModelError, ReferenceOutputs, SegmentOutput, mean,
};
use crate::verdict::Verdict;

/// Segments that go through the model together at most: see [`Input::batch`].
pub const BATCH: usize = 8;

/// A sound is analysed in pieces of this length, in seconds, so that memory does not grow with it.
pub const PIECE_SECONDS: f64 = 600.0;

/// Segments of the sample song that make the reference input.
const REFERENCE_SEGMENTS: usize = 4;

/// What can go wrong between a sound and its prediction.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "predict.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum PredictError {
    /// The sound cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Nothing but silence.
    #[error(
        "is silent, so no genre is sure and there is nothing to hear; choose a sound that can be heard"
    )]
    Silent,
    /// Too short to say anything.
    #[error("lasts only {seconds:.2} seconds; choose a sound of at least {least} seconds")]
    TooShort {
        /// Its length.
        seconds: f64,
        /// The shortest that is analysed.
        least: f64,
    },
}

impl Message for PredictError {
    fn code(&self) -> &'static str {
        match self {
            Self::Audio(error) => error.code(),
            Self::Model(error) => error.code(),
            other => other.into(),
        }
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Audio(error) => error.arguments(),
            Self::Model(error) => error.arguments(),
            Self::Silent => Vec::new(),
            Self::TooShort { seconds, least } => vec![
                ("seconds", format!("{seconds:.2}")),
                ("least", least.to_string()),
            ],
        }
    }

    fn details(&self) -> Vec<(&'static str, Notice)> {
        match self {
            Self::Audio(error) => error.details(),
            Self::Model(error) => error.details(),
            Self::Silent | Self::TooShort { .. } => Vec::new(),
        }
    }
}

/// What should be known about a prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "prediction.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum PredictionNote {
    /// The sound was repeated until it filled the model's window.
    #[error(
        "It is shorter than the {seconds:.1} seconds that the model listens to at once; it was repeated."
    )]
    Repeated {
        /// Length of the window.
        seconds: f64,
    },
    /// Silence was added until the sound filled the model's window.
    #[error(
        "It is shorter than the {seconds:.1} seconds that the model listens to at once; silence was added."
    )]
    Padded {
        /// Length of the window.
        seconds: f64,
    },
}

impl Message for PredictionNote {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Repeated { seconds } | Self::Padded { seconds } => {
                vec![("seconds", format!("{seconds:.1}"))]
            }
        }
    }
}

/// Shortest sound that is analysed, in seconds: anything shorter is less than a note.
pub const SHORTEST_SECONDS: f64 = 0.1;

/// Probabilities of one stretch of the sound.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// Start in seconds.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
    /// `[genres]`, in the model's order.
    pub probabilities: Vec<f32>,
}

/// What the model predicts for a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Length of the sound in seconds.
    pub seconds: f64,
    /// What the probabilities are of.
    pub head: Head,
    /// `[genres]`: calibrated, in the model's order; the sum is one, unless they are of tags.
    pub probabilities: Vec<f32>,
    /// One entry per segment, in order of time and without gaps.
    pub timeline: Vec<TimelineEntry>,
    /// Mean of the segments' embeddings.
    pub embedding: Vec<f32>,
    /// `[tags]`: mean of the segments' probabilities, in the model's order.
    pub tags: Vec<f32>,
    /// Probability that it is music at all.
    pub music: f32,
    /// Notes on how it was computed.
    pub notes: Vec<Notice>,
}

impl Prediction {
    /// Index of the most probable genre.
    pub fn best(&self) -> usize {
        (0..self.probabilities.len())
            .max_by(|&a, &b| self.probabilities[a].total_cmp(&self.probabilities[b]))
            .unwrap_or(0)
    }

    /// Probability of the most probable genre.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.best()]
    }
}

/// A [`Prediction`] with the names of genres and tags, as terminal and page have it in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PredictionView {
    /// Length of the sound in seconds.
    pub seconds: f64,
    /// Whether the genres are one of several or, as tags are, any number at once.
    #[serde(skip_serializing_if = "Head::is_softmax")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Head>"))]
    pub head: Head,
    /// The most probable genre.
    pub genre: String,
    /// Its probability.
    pub confidence: f32,
    /// Probability of each genre.
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, number>"))]
    pub probabilities: BTreeMap<String, f32>,
    /// One entry per segment.
    pub timeline: Vec<TimelineView>,
    /// See [`Prediction::embedding`].
    pub embedding: Vec<f32>,
    /// Probability of each tag; none if the model has none.
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, number>"))]
    pub tags: BTreeMap<String, f32>,
    /// See [`Prediction::music`].
    pub music: f32,
    /// See [`Prediction::notes`].
    pub notes: Vec<String>,
}

/// A [`TimelineEntry`] with the genres' names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TimelineView {
    /// Start in seconds.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
    /// Probability of each genre.
    #[cfg_attr(feature = "typescript", ts(type = "Record<string, number>"))]
    pub probabilities: BTreeMap<String, f32>,
}

impl Prediction {
    /// The prediction with the names of the model's genres and tags, to be shown.
    pub fn view(&self, genres: &[String], tags: &[String]) -> PredictionView {
        let named = |probabilities: &[f32]| {
            genres
                .iter()
                .cloned()
                .zip(probabilities.iter().copied())
                .collect()
        };
        PredictionView {
            seconds: self.seconds,
            head: self.head,
            genre: genres[self.best()].clone(),
            confidence: self.confidence(),
            probabilities: named(&self.probabilities),
            timeline: self
                .timeline
                .iter()
                .map(|moment| TimelineView {
                    start: moment.start,
                    end: moment.end,
                    probabilities: named(&moment.probabilities),
                })
                .collect(),
            embedding: self.embedding.clone(),
            tags: tags
                .iter()
                .cloned()
                .zip(self.tags.iter().copied())
                .collect(),
            music: self.music,
            notes: self.notes.iter().map(ToString::to_string).collect(),
        }
    }

    /// The probabilities in words.
    pub fn verdict(&self, genres: &[String]) -> Verdict {
        Verdict::new(self.head, &self.probabilities, self.music, genres)
    }
}

/// A model on its device.
#[derive(Clone, Debug)]
pub struct Predictor {
    model: Model,
}

impl Predictor {
    /// A predictor with a model.
    pub fn new(model: Model) -> Self {
        Self { model }
    }

    /// Reads a model file onto the processor.
    ///
    /// # Errors
    /// See [`Model::on_processor`].
    #[cfg(any(feature = "flex", not(feature = "networks")))]
    pub fn on_processor(bytes: &[u8]) -> Result<Self, ModelError> {
        Ok(Self::new(Model::on_processor(bytes)?))
    }

    /// Reads a model file onto a device.
    ///
    /// # Errors
    /// See [`Model::from_bytes`].
    #[cfg(feature = "networks")]
    pub fn from_bytes(bytes: &[u8], device: &burn::tensor::Device) -> Result<Self, ModelError> {
        Ok(Self::new(Model::from_bytes(bytes, device)?))
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The outputs of the model for windows: see [`Model::predict`].
    ///
    /// # Errors
    /// If the device fails.
    pub async fn segments(
        &self,
        parts: &[impl AsRef<[f32]>],
    ) -> Result<Vec<SegmentOutput>, ModelError> {
        self.model.predict(parts).await
    }

    /// Predicts a whole sound. Blocks.
    ///
    /// # Errors
    /// If the sound is silent, too short or cannot be resampled, or the device fails.
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::audio::synth;
    /// use soundalike_core::pipeline::Predictor;
    ///
    /// let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    /// let song = synth::sample_song();
    /// let prediction = predictor.predict(&song)?;
    ///
    /// let genres = &predictor.model().genres;
    /// println!("{}: {}", genres[prediction.best()], prediction.confidence());
    /// println!("{}", prediction.verdict(genres));
    /// assert_eq!(prediction.probabilities.len(), genres.len());
    /// assert!((prediction.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-3);
    ///
    /// let silence = soundalike_core::audio::Clip::new(vec![0.0; 48_000], 16_000)?;
    /// assert!(predictor.predict(&silence).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn predict(&self, clip: &Clip) -> Result<Prediction, PredictError> {
        Ok(self.analysed(clip)?.answer())
    }

    /// Predicts a sound file piece by piece, so that an hour takes no more memory than ten minutes; the notes on
    /// how it was decoded come first. Blocks.
    ///
    /// # Errors
    /// Those of [`SoundReader::next_piece`] and [`Predictor::predict`].
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::audio::SoundReader;
    /// use soundalike_core::pipeline::Predictor;
    ///
    /// let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    /// let file = std::path::Path::new("../../tests/data/half.flac");
    /// let prediction = predictor.predict_reader(&mut SoundReader::from_file(file)?)?;
    /// assert!((prediction.seconds - 0.5).abs() < 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn predict_reader(&self, reader: &mut SoundReader) -> Result<Prediction, PredictError> {
        let session = self.analysed_reader(reader, AnalysisSession::begin_long)?;
        Ok(Self::answer_with_notes(&session, reader))
    }

    /// What [`Predictor::predict_reader`] predicts, and tempo and key of the same sound, which is decoded once.
    ///
    /// # Errors
    /// Those of [`Predictor::predict_reader`].
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::audio::SoundReader;
    /// use soundalike_core::pipeline::Predictor;
    ///
    /// let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    /// let file = std::path::Path::new("../../tests/data/half.flac");
    /// let mut reader = SoundReader::from_file(file)?;
    /// let (_, heard) = predictor.predict_reader_with_tempo_and_key(&mut reader)?;
    /// // Half a second has no tempo.
    /// assert_eq!(heard.tempo, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn predict_reader_with_tempo_and_key(
        &self,
        reader: &mut SoundReader,
    ) -> Result<(Prediction, TempoAndKey), PredictError> {
        let session = self.analysed_reader(reader, AnalysisSession::begin_with_tempo_and_key)?;
        let heard = session.tempo_and_key().unwrap_or_default();
        Ok((Self::answer_with_notes(&session, reader), heard))
    }

    /// All pieces of a sound, every segment predicted; `begin` takes the first.
    fn analysed_reader(
        &self,
        reader: &mut SoundReader,
        begin: fn(Clip, &Model) -> Result<AnalysisSession, PredictError>,
    ) -> Result<AnalysisSession, PredictError> {
        if let Some(rate) = self.model.reading_rate() {
            reader.bring_to(rate)?;
        }
        let first = reader.next_piece(PIECE_SECONDS)?;
        let first = first.ok_or(PredictError::Audio(AudioError::EmptySound))?;
        let mut session = begin(first, &self.model)?;
        loop {
            while session.done() < session.segments() {
                pollster::block_on(session.step(self, BATCH))?;
            }
            if !session.read(reader, &self.model)? {
                break;
            }
        }
        session.check()?;
        Ok(session)
    }

    /// The prediction, the notes on how the sound was decoded first.
    fn answer_with_notes(session: &AnalysisSession, reader: &SoundReader) -> Prediction {
        let mut prediction = session.answer();
        let notes = reader.notes();
        prediction.notes.splice(0..0, notes.iter().map(Notice::of));
        prediction
    }

    /// The mean over a sound of the model's last layer before the heads, from up to `most` segments spread
    /// over its length: see [`Model::features`]. Blocks.
    ///
    /// # Errors
    /// See [`Predictor::predict`]; and if the model has no features.
    #[cfg(feature = "networks")]
    pub fn clip_features(&self, clip: &Clip, most: usize) -> Result<Vec<f32>, PredictError> {
        let analysis = AnalysisSession::begin(clip, &self.model)?;
        let audible: Vec<usize> = (0..analysis.segments())
            .filter(|&segment| analysis.segments.audible[segment])
            .collect();
        let step = audible.len().div_ceil(most.max(1)).max(1);
        let chosen: Vec<usize> = audible.into_iter().step_by(step).collect();
        let mut found = Vec::new();
        for batch in chosen.chunks(BATCH) {
            let segments = batch
                .iter()
                .filter_map(|&s| analysis.segment_values(s))
                .flatten();
            let input: Vec<f32> = segments.copied().collect();
            found.extend(pollster::block_on(self.model.features(&[input]))?);
        }
        let width = found.first().map_or(0, Vec::len);
        Ok(mean(width, found.iter().map(Vec::as_slice)))
    }

    /// A whole sound, every segment predicted. Blocks.
    ///
    /// # Errors
    /// See [`Predictor::predict`].
    pub fn analysed(&self, clip: &Clip) -> Result<AnalysisSession, PredictError> {
        let mut analysis = AnalysisSession::begin(clip, &self.model)?;
        while analysis.done() < analysis.segments() {
            pollster::block_on(analysis.step(self, BATCH))?;
        }
        Ok(analysis)
    }

    /// What the model predicts for the reference input on this device.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn reference_outputs(&self) -> Result<ReferenceOutputs, PredictError> {
        let mut analysis = AnalysisSession::begin(&synth::sample_song(), &self.model)?;
        while analysis.done() < REFERENCE_SEGMENTS.min(analysis.segments()) {
            analysis.step(self, REFERENCE_SEGMENTS).await?;
        }
        Ok(ReferenceOutputs {
            probabilities: analysis
                .outputs
                .into_iter()
                .take(REFERENCE_SEGMENTS)
                .map(|output| output.probabilities)
                .collect(),
        })
    }

    /// Largest absolute difference between this device's probabilities for the reference input and
    /// those in the model file; `None` if the file has none.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn reference_difference(&self) -> Result<Option<f32>, PredictError> {
        let Some(expected) = self.model.reference_outputs.clone() else {
            return Ok(None);
        };
        let found = self.reference_outputs().await?;
        if found.probabilities.len() != expected.probabilities.len() {
            return Ok(None);
        }
        let pairs = found
            .probabilities
            .iter()
            .flatten()
            .zip(expected.probabilities.iter().flatten());
        // A NaN must not pass for agreement, so it counts as the largest difference there can be.
        Ok(Some(pairs.fold(0.0, |worst: f32, (a, b)| {
            let difference = (a - b).abs();
            worst.max(if difference.is_nan() { 1.0 } else { difference })
        })))
    }
}

/// The analysis of one sound, in steps. A long sound is pushed piece by piece: only the last piece's
/// spectrogram and windows are kept.
#[derive(Clone, Debug)]
pub struct AnalysisSession {
    seconds: f64,
    input: Input,
    window_seconds: f64,
    pool: Aggregator,
    /// Of the pieces before the last.
    past: Vec<Placed>,
    /// When the last piece begins, seconds.
    begins: f64,
    log_mel: Spectrogram,
    segments: Examples,
    /// Whether the last piece is silent, so that the model need not be asked.
    silent: bool,
    outputs: Vec<SegmentOutput>,
    /// Where tempo and key were asked for.
    tempo_and_key: Option<TempoAndKeyAnalyser>,
}

/// A segment's place in time, seconds.
#[derive(Clone, Copy, Debug)]
struct Placed {
    /// The window that the model sees.
    window: (f64, f64),
    /// The time that its output stands for.
    entry: (f64, f64),
    audible: bool,
}

impl AnalysisSession {
    /// Begins with the whole of a sound, or its first piece.
    ///
    /// # Errors
    /// If it is silent, shorter than [`SHORTEST_SECONDS`] or cannot be resampled.
    pub fn begin(clip: &Clip, model: &Model) -> Result<Self, PredictError> {
        if clip.is_silent() {
            return Err(PredictError::Silent);
        }
        Self::begin_piece(Cow::Borrowed(clip), model, None)
    }

    /// Begins with the first of several pieces, which may be silent: [`AnalysisSession::check`] at the end. It is
    /// taken, so that its samples are gone once its spectrogram is there.
    ///
    /// # Errors
    /// If it is shorter than [`SHORTEST_SECONDS`], so that nothing follows it, or cannot be resampled.
    pub fn begin_long(clip: Clip, model: &Model) -> Result<Self, PredictError> {
        Self::begin_piece(Cow::Owned(clip), model, None)
    }

    /// As [`AnalysisSession::begin_long`], and listens for tempo and key as well: see
    /// [`AnalysisSession::tempo_and_key`].
    ///
    /// # Errors
    /// Those of [`AnalysisSession::begin_long`].
    pub fn begin_with_tempo_and_key(clip: Clip, model: &Model) -> Result<Self, PredictError> {
        Self::begin_piece(
            Cow::Owned(clip),
            model,
            Some(TempoAndKeyAnalyser::new(&model.front_end)),
        )
    }

    fn begin_piece(
        clip: Cow<'_, Clip>,
        model: &Model,
        mut tempo_and_key: Option<TempoAndKeyAnalyser>,
    ) -> Result<Self, PredictError> {
        let seconds = clip.seconds();
        if seconds < SHORTEST_SECONDS {
            return Err(if clip.is_silent() {
                PredictError::Silent
            } else {
                PredictError::TooShort {
                    seconds,
                    least: SHORTEST_SECONDS,
                }
            });
        }
        let input = model.input();
        let silent = clip.is_silent();
        let (log_mel, segments) = windows_of(clip, model, tempo_and_key.as_mut())?;
        Ok(Self {
            seconds,
            input,
            window_seconds: input.seconds(),
            pool: Aggregator::of(model),
            past: Vec::new(),
            begins: 0.0,
            silent,
            segments,
            log_mel,
            outputs: Vec::new(),
            tempo_and_key,
        })
    }

    /// Goes on with the next piece of the sound, once all segments are done; false where there is none. What is
    /// kept of the last piece is given up before the next one is read.
    ///
    /// # Errors
    /// Those of [`SoundReader::next_piece`]; then there is no last piece any more.
    pub fn read(&mut self, reader: &mut SoundReader, model: &Model) -> Result<bool, AudioError> {
        if reader.ended() {
            return Ok(false);
        }
        let places: Vec<Placed> = self.placed().collect();
        self.past.extend(places);
        self.begins = self.seconds;
        self.log_mel = Spectrogram::zeros(self.log_mel.bands, 0);
        self.segments = Examples::none(&self.segments);
        let Some(clip) = reader.next_piece(PIECE_SECONDS)? else {
            return Ok(false);
        };
        self.seconds += clip.seconds();
        self.silent = clip.is_silent();
        let clip = Cow::Owned(clip);
        (self.log_mel, self.segments) = windows_of(clip, model, self.tempo_and_key.as_mut())?;
        Ok(true)
    }

    /// Whether there is anything to predict.
    ///
    /// # Errors
    /// If all of the sound so far is silent.
    pub fn check(&self) -> Result<(), PredictError> {
        if self.silent && !self.past.iter().any(|segment| segment.audible) {
            return Err(PredictError::Silent);
        }
        Ok(())
    }

    /// Tempo and key of all pieces so far; `None` unless the session began with
    /// [`AnalysisSession::begin_with_tempo_and_key`].
    pub fn tempo_and_key(&self) -> Option<TempoAndKey> {
        self.tempo_and_key.as_ref().map(TempoAndKeyAnalyser::answer)
    }

    /// Number of segments in all pieces so far.
    pub fn segments(&self) -> usize {
        self.past.len() + self.segments.len()
    }

    /// Number of segments predicted so far.
    pub fn done(&self) -> usize {
        self.outputs.len()
    }

    /// From when to when a segment lasts, in seconds.
    pub fn segment_span(&self, segment: usize) -> (f64, f64) {
        if let Some(past) = self.past.get(segment) {
            return past.window;
        }
        let (start, end) = self.segments.span(segment - self.past.len());
        (self.begins + start, self.begins + end)
    }

    /// The first part of the input of a segment; none of a piece before the last.
    pub(crate) fn segment_values(&self, segment: usize) -> Option<&[f32]> {
        let segment = segment.checked_sub(self.past.len())?;
        (segment < self.segments.len()).then(|| self.segments.windows(segment..segment + 1)[0])
    }

    /// The outputs for a segment, if there are any yet.
    pub(crate) fn output_of(&self, segment: usize) -> Option<&SegmentOutput> {
        self.outputs.get(segment)
    }

    /// Length of the sound in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The log-mel spectrogram of the last piece, `[mel_bands, frames]` as [`FrontEnd::log_mel`] has it.
    ///
    /// [`FrontEnd::log_mel`]: crate::dsp::FrontEnd::log_mel
    pub fn log_mel(&self) -> &Spectrogram {
        &self.log_mel
    }

    /// Predicts up to `count` further segments, and no more than the model's input allows at once.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn step(&mut self, predictor: &Predictor, count: usize) -> Result<(), ModelError> {
        let from = self.done() - self.past.len();
        let to = self
            .segments
            .len()
            .min(from + count.min(self.input.batch()));
        if self.silent {
            self.outputs
                .resize(self.segments(), SegmentOutput::default());
        } else if from < to {
            let batch = self.segments.windows(from..to);
            self.outputs.extend(predictor.segments(&batch).await?);
        }
        Ok(())
    }

    /// The places of the last piece's segments.
    fn placed(&self) -> impl Iterator<Item = Placed> + '_ {
        let unit = self.segments.unit_seconds;
        // Where segments overlap, each stands for the time that is nearest to its middle.
        let starts = &self.segments.starts;
        let middle = self.segments.length as f64 / 2.0;
        let border = move |left: usize| {
            let at = (starts[left] + starts[left + 1]) as f64 / 2.0 + middle;
            (self.begins + at * unit).min(self.seconds)
        };
        (0..starts.len()).map(move |at| {
            let (start, end) = self.segments.span(at);
            Placed {
                window: (self.begins + start, self.begins + end),
                entry: (
                    if at == 0 { self.begins } else { border(at - 1) },
                    if at + 1 == starts.len() {
                        self.seconds
                    } else {
                        border(at)
                    },
                ),
                audible: self.segments.audible[at] && !self.silent,
            }
        })
    }

    /// The outputs for the audible segments.
    fn audible(&self) -> Vec<&SegmentOutput> {
        let places = self.past.iter().copied().chain(self.placed());
        let outputs = self.outputs.iter().zip(places);
        outputs
            .filter(|(_, place)| place.audible)
            .map(|(output, _)| output)
            .collect()
    }

    /// The logits of the genres and of music of the audible segments.
    pub fn evidence(&self) -> (Vec<Vec<f32>>, Vec<f32>) {
        let audible = self.audible().into_iter();
        audible.map(|h| (h.logits.clone(), h.music)).unzip()
    }

    /// The answer from the segments predicted so far; those of [`Calibration::unknown`] if there are none yet.
    pub fn answer(&self) -> Prediction {
        let places = self.past.iter().copied().chain(self.placed());
        let timeline = self
            .outputs
            .iter()
            .zip(places)
            .map(|(output, place)| TimelineEntry {
                start: place.entry.0,
                end: place.entry.1,
                probabilities: if place.audible {
                    output.probabilities.clone()
                } else {
                    self.pool.unknown()
                },
            })
            .collect();
        let mut notes = Vec::new();
        if self.segments.padded && self.past.is_empty() {
            let seconds = self.window_seconds;
            let note = if self.input == Input::LogMelLong {
                PredictionNote::Repeated { seconds }
            } else {
                PredictionNote::Padded { seconds }
            };
            notes.push(Notice::of(&note));
        }
        Prediction {
            seconds: self.seconds,
            timeline,
            notes,
            ..self.pool.answer(&self.audible())
        }
    }
}

/// The log-mel spectrogram of a sound and its windows for the model; `tempo_and_key` hears it too. Samples that were
/// given are gone before the windows are cut.
fn windows_of(
    clip: Cow<'_, Clip>,
    model: &Model,
    tempo_and_key: Option<&mut TempoAndKeyAnalyser>,
) -> Result<(Spectrogram, Examples), AudioError> {
    let front_end = &model.front_end;
    let input = model.input();
    let resampled = if clip.rate() == front_end.sample_rate {
        Cow::Borrowed(&*clip)
    } else {
        Cow::Owned(clip.resampled(front_end.sample_rate)?)
    };
    let log_mel = front_end.log_mel(resampled.samples());
    if let Some(analyser) = tempo_and_key {
        analyser.push(resampled.samples(), &log_mel);
    }
    let segments = match input {
        input if input.is_log_mel() => {
            drop(resampled);
            drop(clip);
            Examples::of_log_mel(front_end, &log_mel)
        }
        _ if input.rate() == front_end.sample_rate => input.examples_of(resampled.samples()),
        _ => input.examples(&clip)?,
    };
    Ok((log_mel, segments))
}

/// Aggregates the outputs for the segments of a sound to one prediction.
#[derive(Clone, Debug)]
pub struct Aggregator {
    calibration: Calibration,
    genres: usize,
    tags: usize,
    dimensions: usize,
}

impl Aggregator {
    /// An aggregator for the outputs of a model.
    pub fn of(model: &Model) -> Self {
        Self {
            calibration: model.calibration,
            genres: model.genres.len(),
            tags: model.tags.len(),
            dimensions: model.embedding,
        }
    }

    /// Probabilities of a stretch in which nothing is known.
    fn unknown(&self) -> Vec<f32> {
        self.calibration.unknown(self.genres)
    }

    /// The prediction for these segments together, without a timeline: `Aggregator::unknown` if there are none.
    pub fn answer(&self, outputs: &[&SegmentOutput]) -> Prediction {
        let music = self
            .calibration
            .mean_music(outputs.iter().map(|output| output.music));
        let probabilities = if outputs.is_empty() {
            self.unknown()
        } else {
            let logits: Vec<&[f32]> = outputs.iter().map(|h| h.logits.as_slice()).collect();
            self.calibration.probabilities(&logits, music)
        };
        Prediction {
            seconds: 0.0,
            head: self.calibration.head,
            probabilities,
            timeline: Vec::new(),
            embedding: mean(
                self.dimensions,
                outputs.iter().map(|h| h.embedding.as_slice()),
            ),
            tags: mean(self.tags, outputs.iter().map(|h| h.tags.as_slice())),
            music,
            notes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(probabilities: &[f32]) -> String {
        verdict_of(Head::Softmax, probabilities)
    }

    fn verdict_of(head: Head, probabilities: &[f32]) -> String {
        let genres: Vec<String> = ["blues", "jazz", "hiphop", "rock"]
            .map(str::to_owned)
            .to_vec();
        let answer = Prediction {
            seconds: 3.0,
            head,
            probabilities: probabilities.to_vec(),
            timeline: Vec::new(),
            embedding: Vec::new(),
            tags: Vec::new(),
            music: 1.0,
            notes: Vec::new(),
        };
        answer.verdict(&genres).to_string()
    }

    #[test]
    fn the_verdict_says_in_words_how_sure_it_is() {
        assert_eq!(verdict(&[0.9, 0.1, 0.0, 0.0]), "Clearly blues");
        assert_eq!(
            verdict(&[0.7, 0.2, 0.1, 0.0]),
            "Mostly blues, with some jazz"
        );
        assert_eq!(
            verdict(&[0.15, 0.2, 0.65, 0.0]),
            "Mostly hip-hop, with some jazz and blues"
        );
        assert_eq!(verdict(&[0.8, 0.1, 0.1, 0.0]), "Mostly blues");
        assert_eq!(verdict(&[0.45, 0.4, 0.1, 0.05]), "Between blues and jazz");
        assert_eq!(
            verdict(&[0.4, 0.3, 0.2, 0.1]),
            "Closest to blues, with some jazz and hip-hop"
        );
        assert_eq!(
            verdict(&[0.3, 0.3, 0.3, 0.1]),
            "Not sure: a little blues, jazz and hip-hop"
        );
    }

    #[test]
    fn the_verdict_on_tags_names_all_that_are_called() {
        let of = |p: &[f32]| verdict_of(Head::Sigmoid, p);
        assert_eq!(of(&[0.6, 0.9, 0.5, 0.4]), "Jazz, blues and hip-hop");
        assert_eq!(
            of(&[0.2, 0.4, 0.1, 0.0]),
            "Not sure: a little jazz and blues"
        );
        assert_eq!(of(&[0.0, 0.0, 0.0, 0.01]), "Not sure: a little rock");
    }

    #[test]
    fn the_mean_of_nothing_is_zero() {
        assert_eq!(mean(2, [].into_iter()), [0.0, 0.0]);
        let rows: [&[f32]; 2] = [&[1.0, 2.0], &[3.0, 4.0]];
        assert_eq!(mean(2, rows.into_iter()), [2.0, 3.0]);
    }
}
