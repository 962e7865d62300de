//! Adaptation: making a network's features robust to corruptions of the recording: a telephone, an equaliser, a
//! codec's low-pass, noise.
//!
//! The features of every clean segment are computed first. Then the network is trained to give the same features for
//! the corrupted segment (consistency training, Sohn et al. 2020, with the network before as the teacher). No labels
//! are needed, so all music can be used, and the clean features keep the network close to where it began.

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::sync::mpsc::sync_channel;

use super::augment::Augmentation;
use super::ema::Ema;
use super::error::TrainError;
use soundalike_core::dsp::{FrontEnd, Level, segment_starts};
use soundalike_core::model::{Model, Network, Weights};
use soundalike_datasets::Song;
use soundalike_datasets::names::shown;
use soundalike_datasets::progress::Progress;

/// Segments of one song that are used, spread over its length.
const SEGMENTS: usize = 12;
/// Segments whose clean features are computed together.
const BATCH: usize = 16;
/// Steps over which the learning rate rises.
const WARM_UP_STEPS: usize = 50;
/// Decay of the exponential moving average of the weights.
const EMA_DECAY: f32 = 0.99;
/// Share of the segments that stay clean.
const CLEAN: f64 = 0.25;

/// How a network is adapted.
#[derive(Clone, Debug, PartialEq)]
pub struct Adaptation {
    /// Steps of the optimiser.
    pub steps: usize,
    /// Segments of a step.
    pub batch_size: usize,
    /// Highest learning rate; it falls along half a cosine.
    pub learning_rate: f64,
    /// Seed of every random choice.
    pub seed: u64,
    /// The corruptions of a segment.
    pub augmentation: Augmentation,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            steps: 3000,
            batch_size: 32,
            learning_rate: 1e-3,
            seed: 0,
            augmentation: Augmentation {
                // Every sound is brought to one level anyway.
                gain_db: (0.0, 0.0),
                phone: 0.55,
                low_pass: 0.25,
                noise: 0.15,
                ..Augmentation::default()
            },
        }
    }
}

/// The segments of all songs and their clean features.
struct Segments {
    front_end: FrontEnd,
    /// `[segments, mel_bands, segment_frames]`: levelled mel powers in dB, in half precision.
    decibels: Vec<f16>,
    /// `[segments, features]`.
    features: Vec<f32>,
    width: usize,
    /// Standard deviation of each feature.
    deviation: Vec<f32>,
    band_widths: Vec<f32>,
}

/// Corrupted segments and their clean features.
struct SegmentBatch {
    inputs: Vec<f32>,
    targets: Vec<f32>,
}

impl Segments {
    fn gather(model: &Model, songs: &[Song]) -> Result<Self, TrainError> {
        let front_end = model.front_end.clone();
        let dbfs = front_end.level_dbfs.ok_or_else(|| {
            TrainError::Unsuitable(format!(
                "a {} cannot be adapted; only a two-stream model can",
                model.architecture
            ))
        })?;
        let progress = Progress::new("reading the music", songs.len());
        let found: Vec<Vec<f16>> = songs
            .par_iter()
            .map(|song| {
                let segments = match song.clip_at(front_end.sample_rate) {
                    Ok(clip) if clip.is_silent() => Vec::new(),
                    Ok(clip) => levelled_segments(&front_end, clip.samples(), dbfs),
                    Err(cause) => {
                        tracing::warn!("left out: {}: {cause}", shown(&song.file));
                        Vec::new()
                    }
                };
                progress.advance();
                segments
            })
            .collect();
        drop(progress);
        let decibels = found.concat();
        let size = front_end.mel_bands * front_end.segment_frames;
        let count = decibels.len() / size;
        if count < BATCH {
            return Err(TrainError::Unsuitable(format!(
                "there are only {count} segments of music to adapt the model with; give it more music"
            )));
        }
        let rows = clean_features(model, &front_end, &decibels)?;
        let width = rows
            .first()
            .and_then(|batch| batch.first())
            .map_or(0, Vec::len);
        let features: Vec<f32> = rows.into_iter().flatten().flatten().collect();
        let deviation = (0..width)
            .map(|column| {
                let values = || features.iter().skip(column).step_by(width);
                let mean = values().sum::<f32>() / count as f32;
                let square = values().map(|v| (v - mean).powi(2)).sum::<f32>() / count as f32;
                square.sqrt().max(1e-3)
            })
            .collect();
        Ok(Self {
            band_widths: front_end.band_widths(),
            front_end,
            decibels,
            features,
            width,
            deviation,
        })
    }

    fn len(&self) -> usize {
        self.features.len() / self.width.max(1)
    }

    fn batch(&self, settings: &Adaptation, rng: &mut impl Rng) -> SegmentBatch {
        let size = self.front_end.mel_bands * self.front_end.segment_frames;
        let mut batch = SegmentBatch {
            inputs: Vec::with_capacity(settings.batch_size * size),
            targets: Vec::with_capacity(settings.batch_size * self.width),
        };
        for _ in 0..settings.batch_size {
            let at = rng.random_range(0..self.len());
            let stored = &self.decibels[at * size..(at + 1) * size];
            let mut segment: Vec<f32> = stored.iter().map(|db| db.to_f32()).collect();
            let before = self.power_of(&segment);
            if !rng.random_bool(CLEAN) {
                settings
                    .augmentation
                    .colour(&mut segment, &self.front_end, rng);
            }
            // The front end brings what is left to the same level again.
            let gain = before / self.power_of(&segment).max(f32::MIN_POSITIVE);
            let values = segment
                .iter()
                .map(|db| self.front_end.compress(power(*db) * gain));
            batch.inputs.extend(values);
            batch
                .targets
                .extend_from_slice(&self.features[at * self.width..(at + 1) * self.width]);
        }
        batch
    }

    /// The power of a segment in dB `[mel_bands, segment_frames]`, summed over all bands and frames.
    fn power_of(&self, segment: &[f32]) -> f32 {
        let bands = segment.chunks(self.front_end.segment_frames);
        bands
            .zip(&self.band_widths)
            .map(|(band, width)| width * band.iter().map(|db| power(*db)).sum::<f32>())
            .sum()
    }
}

/// The model's features of segments in dB, batch by batch.
fn clean_features(
    model: &Model,
    front_end: &FrontEnd,
    decibels: &[f16],
) -> Result<Vec<Vec<Vec<f32>>>, TrainError> {
    let size = front_end.mel_bands * front_end.segment_frames;
    let progress = Progress::new("computing clean features", decibels.len() / size);
    decibels
        .par_chunks(BATCH * size)
        .map(|batch| {
            let values = batch
                .iter()
                .map(|db| front_end.compress(power(db.to_f32())));
            let input: Vec<f32> = values.collect();
            let features = pollster::block_on(model.features(&[input]));
            (0..batch.len() / size).for_each(|_| progress.advance());
            features.map_err(TrainError::from)
        })
        .collect()
}

/// The power of a value in dB.
fn power(db: f32) -> f32 {
    10.0_f32.powf(0.1 * db)
}

/// Up to [`SEGMENTS`] segments of a sound brought to `dbfs`, `[segments, mel_bands, segment_frames]` in dB.
fn levelled_segments(front_end: &FrontEnd, samples: &[f32], dbfs: f32) -> Vec<f16> {
    let level = Level::of(samples, front_end.sample_rate);
    let gain = level.gain_to(dbfs);
    let levelled: Vec<f32> = samples.iter().map(|s| (s - level.offset) * gain).collect();
    let mel = front_end.mel_power(&levelled);
    let starts = segment_starts(front_end, mel.frames);
    let step = starts.len().div_ceil(SEGMENTS);
    let length = front_end.segment_frames;
    let mut segments = Vec::new();
    for &start in starts.iter().step_by(step) {
        for band in 0..mel.bands {
            let row = mel.band(band);
            let inside = &row[start..mel.frames.min(start + length)];
            let db = inside
                .iter()
                .map(|power| f16::from_f32(front_end.decibel(*power)));
            let filled = segments.len() + length;
            segments.extend(db);
            segments.resize(filled, f16::from_f32(front_end.floor_db()));
        }
    }
    segments
}

/// Adapts a model's network to the music of `songs`; genres and everything else of it stay as they are.
///
/// # Errors
/// If there is too little music that can be decoded, the model has no features, or the loss
/// diverges.
pub fn adapt(
    model: &Model,
    songs: &[Song],
    settings: &Adaptation,
    device: &Device,
) -> Result<Model, TrainError> {
    let segments = Segments::gather(model, songs)?;
    tracing::info!(
        "adapting to {} segments of {} songs",
        segments.len(),
        songs.len()
    );
    let training_device = device.clone().autodiff();
    let mut network = model
        .weights()
        .apply(model.architecture.init(&training_device))?;
    let mut ema = Ema::new(&network, EMA_DECAY);
    let mut optimizer = AdamConfig::new().init();
    let scale = Tensor::<2>::from_data(
        TensorData::new(
            segments
                .deviation
                .iter()
                .map(|d| 1.0 / d)
                .collect::<Vec<f32>>(),
            [1, segments.width],
        ),
        &training_device,
    );
    let progress = Progress::new("adapting", settings.steps);
    std::thread::scope(|scope| -> Result<(), TrainError> {
        let (sender, batches) = sync_channel(2);
        let segments = &segments;
        scope.spawn(move || {
            let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
            (0..settings.steps).all(|_| sender.send(segments.batch(settings, &mut rng)).is_ok())
        });
        let mut sum = 0.0;
        for (step, batch) in batches.iter().enumerate() {
            let loss = loss(model, &network, batch, &scale, &training_device);
            let value = loss.clone().into_scalar::<f32>();
            if !value.is_finite() {
                return Err(TrainError::Diverged {
                    epoch: 1,
                    rate: settings.learning_rate,
                });
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimizer.step(settings.rate(step), network, gradients);
            ema.update(&network, step);
            sum += value;
            progress.advance();
            if (step + 1) % 100 == 0 {
                tracing::info!(
                    "step {}: mean squared distance {:.4}",
                    step + 1,
                    sum / 100.0
                );
                sum = 0.0;
            }
        }
        Ok(())
    })?;
    Ok(model.with_weights(Weights::of(ema.network()), device)?)
}

/// Mean squared distance of the features from those of the clean segments, in standard deviations.
fn loss(
    model: &Model,
    network: &Network,
    batch: SegmentBatch,
    scale: &Tensor<2>,
    device: &Device,
) -> Tensor<1> {
    let mut inputs = batch.inputs;
    let front_end = &model.front_end;
    let size = front_end.mel_bands * front_end.segment_frames;
    for segment in inputs.chunks_mut(size) {
        model.normalise[0].apply(segment, front_end.segment_frames);
    }
    let features = network.features(model.input().tensors(&[inputs], device));
    // `Segments::gather` has computed features with the same network already.
    let Some(features) = features else {
        return Tensor::zeros([1], device);
    };
    let targets = Tensor::<2>::from_data(TensorData::new(batch.targets, features.dims()), device);
    let distance = (features - targets) * scale.clone();
    (distance.clone() * distance).mean()
}

impl Adaptation {
    /// Learning rate at a step: a short rise, then half a cosine down to zero.
    fn rate(&self, step: usize) -> f64 {
        let rise = ((step + 1) as f64 / WARM_UP_STEPS as f64).min(1.0);
        let turn = std::f64::consts::PI * step as f64 / self.steps.max(1) as f64;
        self.learning_rate * rise * 0.5 * (1.0 + turn.cos())
    }
}
