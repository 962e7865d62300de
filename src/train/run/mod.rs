//! A training run: the loop over the epochs.

mod checkpoint;
mod early_stopping;
mod folder;
mod learning_rate;
mod metric_log;
mod state;

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::batch::{Batch, BatchSource};
use super::calibrate::calibrate;
use super::config::TrainingConfig;
use super::data::ClipSource;
use super::error::TrainError;
use super::rows::TableSource;
use super::save::save_model;
use super::task::{Task, ValidationScore};
use super::windows::WindowSource;
use folder::RunFolder;
use learning_rate::LearningRate;
use metric_log::{EpochMetrics, MetricLog};
use soundalike_core::model::{Input, Model, Network, Normalise, Training, parameters};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::output::make_folder;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song};
use state::TrainingState;

/// A training run: its folder holds the model of the best epoch as `model.safetensors` and a line per epoch in
/// `metrics.csv`.
pub struct TrainingRun<'a> {
    config: &'a TrainingConfig,
    task: Task,
    source: Box<dyn BatchSource>,
    normalisation: Vec<Normalise>,
    /// None for rows of a table, all of whose epochs are trained.
    validation: Option<&'a [Song]>,
    device: &'a Device,
    folder: RunFolder,
    learning_rate: LearningRate,
}

impl<'a> TrainingRun<'a> {
    /// Reads the training split. With `resume`, a run that the folder holds is resumed after its last finished
    /// epoch if it has the same configuration.
    ///
    /// # Errors
    /// If a song cannot be used, or the folder cannot be written or holds a run that is not to be resumed.
    pub fn on_songs(
        config: &'a TrainingConfig,
        train: &[Song],
        validation: &'a [Song],
        device: &'a Device,
        folder: &Path,
        resume: bool,
    ) -> Result<Self, TrainError> {
        let folder = open_folder(folder, resume)?;
        let source: Box<dyn BatchSource> = match config.architecture.input() {
            Input::LogMel => Box::new(ClipSource::load(train, config)?),
            _ => Box::new(WindowSource::load(train, config)?),
        };
        let task = Task::of(validation, config.head);
        let run = Self::new(config, task, source, Some(validation), device, folder);
        Ok(run)
    }

    /// Takes rows of a feature table to train a network of descriptors on.
    ///
    /// # Errors
    /// If there are fewer than two genres, or the folder cannot be written or holds a run.
    pub fn on_rows(
        config: &'a TrainingConfig,
        table: &FeatureTable,
        rows: &[usize],
        device: &'a Device,
        folder: &Path,
    ) -> Result<Self, TrainError> {
        let folder = open_folder(folder, false)?;
        let source = Box::new(TableSource::new(table, rows)?);
        let task = Task::Table(config.head);
        Ok(Self::new(config, task, source, None, device, folder))
    }

    fn new(
        config: &'a TrainingConfig,
        task: Task,
        source: Box<dyn BatchSource>,
        validation: Option<&'a [Song]>,
        device: &'a Device,
        folder: RunFolder,
    ) -> Self {
        let steps = source.batches(config) * config.epochs;
        Self {
            normalisation: source.normalisation(config),
            learning_rate: LearningRate::new(config.learning_rate, steps),
            config,
            task,
            source,
            validation,
            device,
            folder,
        }
    }

    /// Clips or rows of the training split that could be used.
    fn clips(&self) -> usize {
        self.source.clips() / (1 + self.config.variation.copies)
    }

    /// Trains. With a validation split it keeps the model with the highest [`ValidationScore::score`] and stops
    /// early; without, it trains for all epochs and keeps the last one.
    ///
    /// # Errors
    /// If the loss diverges, or a file cannot be written.
    pub fn train(&self) -> Result<(), TrainError> {
        let training_device = self.device.clone().autodiff();
        let mut state = TrainingState::new(self.config, &training_device);
        if self.validation.is_some() {
            state = checkpoint::resume(state, self.config, &training_device, &self.folder)?;
        }
        self.announce(&state.network);
        let log = MetricLog(self.folder.metrics());
        while state.stopping.epoch() < self.config.epochs {
            if self.validation.is_some() && state.stopping.is_over(self.config.patience) {
                tracing::info!(
                    "stopped: no better validation {} for {} epochs",
                    self.task.score_name(),
                    self.config.patience
                );
                break;
            }
            let started = Instant::now();
            let first_step = state.stopping.epoch() * self.source.batches(self.config);
            let loss = self.epoch(&mut state, first_step, &training_device)?;
            state.stopping.advance();
            let score = self.validate(&mut state)?;
            let metrics = EpochMetrics {
                epoch: state.stopping.epoch(),
                learning_rate: self.learning_rate.at(first_step),
                loss,
                validation: score.as_ref(),
                seconds: started.elapsed().as_secs_f64(),
            };
            log.write(&metrics)?;
            if self.validation.is_some() {
                tracing::info!("{}", metrics.summary());
                checkpoint::keep(self.config, &state, &self.folder)?;
            }
        }
        if self.validation.is_none() {
            save_model(self.model(&state), &self.folder.model(), self.device)?;
        } else if let Some((score, epoch)) = state.stopping.best() {
            let name = self.task.score_name();
            tracing::info!("best: epoch {epoch}, validation {name} {score:.3}");
        }
        Ok(())
    }

    /// Prints what is about to be trained.
    fn announce(&self, network: &Network) {
        if let Some(validation) = self.validation {
            tracing::info!(
                "training {} with {} parameters on {} clips ({} steps an epoch), validating on {}",
                self.config.architecture,
                parameters(network),
                self.clips(),
                self.source.batches(self.config),
                validation.len()
            );
        }
    }

    /// One pass over the training split. Returns the mean loss.
    fn epoch(
        &self,
        state: &mut TrainingState,
        first_step: usize,
        device: &Device,
    ) -> Result<f64, TrainError> {
        let (config, epoch) = (self.config, state.stopping.epoch());
        let count = self.source.batches(config);
        let progress = Progress::new(&format!("epoch {}", epoch + 1), count).quiet();
        // Each epoch has a seed of its own, so that a resumed run draws what an unbroken one would have.
        let seed = config
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(epoch as u64);
        device.seed(seed);
        let mut sum = 0.0;
        std::thread::scope(|scope| -> Result<(), TrainError> {
            // The next batch is made while the network works on this one.
            let (sender, batches) = sync_channel(2);
            scope.spawn(move || {
                let mut batches = self.source.epoch(config, &self.normalisation, seed);
                batches.all(|batch| sender.send(batch).is_ok())
            });
            for (at, batch) in batches.into_iter().enumerate() {
                let loss = self.step(state, first_step + at, batch, device)?;
                sum += loss;
                progress.advance();
                progress.say(format!("loss {loss:.3}"));
            }
            Ok(())
        })?;
        Ok(sum / count as f64)
    }

    /// One step of the optimiser. Returns the loss before it.
    fn step(
        &self,
        state: &mut TrainingState,
        step: usize,
        batch: Batch,
        device: &Device,
    ) -> Result<f64, TrainError> {
        let parts = self
            .config
            .architecture
            .input()
            .tensors(&batch.inputs, device);
        let output = state.network.forward(parts);
        let shape = [batch.size, batch.targets.len() / batch.size];
        let targets = Tensor::<2>::from_data(TensorData::new(batch.targets, shape), device);
        let loss = self.task.loss(output, &targets);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(TrainError::Diverged {
                epoch: state.stopping.epoch() + 1,
                rate: self.config.learning_rate,
            });
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &state.network);
        let rate = self.learning_rate.at(step);
        state.network = state.optimizer.step(rate, state.network.clone(), gradients);
        state.ema.update(&state.network, step);
        Ok(value)
    }

    /// Evaluates the averaged weights on the validation split, if there is one, and saves the model if it is the
    /// best so far.
    fn validate(&self, state: &mut TrainingState) -> Result<Option<ValidationScore>, TrainError> {
        let Some(validation) = self.validation else {
            return Ok(None);
        };
        let mut model = self.model(state);
        model.calibration = calibrate(&model, validation)?.0;
        let predictor = Predictor::new(model.clone());
        let score = self.task.validate(&predictor, validation)?;
        if state.stopping.record(&score) {
            save_model(model, &self.folder.model(), self.device)?;
        }
        Ok(Some(score))
    }

    /// The model with the averaged weights.
    fn model(&self, state: &TrainingState) -> Model {
        let config = self.config;
        let mut model = Model::new(
            config.architecture.clone(),
            state.ema.network().clone(),
            (config.genres.clone(), Vec::new()),
            config.architecture.input().front_end(),
            self.normalisation.clone(),
            Training {
                data: config.data.clone(),
                train_clips: self.clips(),
                valid_clips: self.validation.map_or(0, <[Song]>::len),
                epoch: state.stopping.epoch(),
                seed: config.seed,
                ..Training::default()
            },
            self.device,
        );
        model.calibration.head = config.head;
        model
    }
}

/// Makes the folder of a run, which must not hold another one unless that is to be resumed.
fn open_folder(folder: &Path, resume: bool) -> Result<RunFolder, TrainError> {
    make_folder(folder)?;
    let folder = RunFolder(folder.to_owned());
    if !resume && folder.is_taken() {
        return Err(TrainError::Exists(folder.0));
    }
    Ok(folder)
}
