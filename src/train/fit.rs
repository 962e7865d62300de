//! The training loop.

use soundalike_datasets::output::{make_folder, write_whole};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::augment::Augmentation;
use super::calibrate::calibrate;
use super::data::{Batch, DataSet};
use super::evaluate::{Corruption, evaluate};
use super::tags::evaluate_tags;
use super::waveform_augmentation::WaveformAugmentation;
use super::windows::Windows;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{
    Architecture, Head, Input, Model, Network, Normalise, Training, Weights, parameters,
};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::output::OutputError;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{Song, tagged};

/// What to train and how. Unchecked numbers from the command line become a recipe by
/// [`TrainingConfig::checked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// The network.
    pub architecture: Architecture,
    /// Names of the genres, or of the tags, the order of the logits.
    pub genres: Vec<String>,
    /// What the logits are of; songs with tags need [`Head::Sigmoid`].
    #[serde(default)]
    pub head: Head,
    /// Passes over the training data, at most.
    pub epochs: usize,
    /// Highest learning rate; it rises to it in the first epochs and falls along a cosine.
    pub learning_rate: f64,
    /// Epochs without a better validation score before it stops.
    pub patience: usize,
    /// Crops per step.
    pub batch_size: usize,
    /// Decay of the weights per step and learning rate (AdamW).
    pub weight_decay: f32,
    /// Share of the averaged weights that each step keeps.
    #[serde(alias = "average")]
    pub ema_decay: f32,
    /// Parameter of mixup's Beta distribution; zero for none.
    pub mixup: f64,
    /// Share of each label that is spread over all genres, with a softmax.
    pub smoothing: f32,
    /// How the weights are moved.
    pub optimizer: Optimizer,
    /// How crops are varied; only of networks that hear log-mel pictures of three seconds.
    pub augmentation: Augmentation,
    /// Whether stripes of all other pictures are hidden at every step (SpecAugment).
    #[serde(default, alias = "masked")]
    pub spec_augment: bool,
    /// Varied copies of every clip.
    pub variation: WaveformAugmentation,
    /// Seed of every random choice.
    pub seed: u64,
    /// Name of the data, for the card.
    pub data: String,
}

/// How gradients move the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam with decay of the weights beside the gradient (Loshchilov & Hutter 2019).
    AdamW,
    /// Adam (Kingma & Ba 2015), without decay.
    Adam,
    /// Stochastic gradient descent.
    Sgd,
}

impl std::str::FromStr for Optimizer {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "adamw" => Ok(Self::AdamW),
            "adam" => Ok(Self::Adam),
            "sgd" => Ok(Self::Sgd),
            _ => Err(format!(
                "there is no optimizer {name}; there is adamw, adam, sgd"
            )),
        }
    }
}

impl TrainingConfig {
    /// Steps over which the learning rate rises.
    const WARM_UP_STEPS: usize = 100;

    /// A recipe with the defaults of its architecture.
    pub fn new(architecture: Architecture, genres: Vec<String>) -> Self {
        let two_stream = matches!(architecture, Architecture::TwoStreamResCnn(_));
        let input = architecture.input();
        Self {
            genres,
            head: Head::default(),
            epochs: if two_stream { 80 } else { 40 },
            learning_rate: 2e-3,
            patience: 25,
            // Pictures of 29 seconds and rows of samples take much memory on their way back.
            batch_size: match input {
                Input::LogMelLong => 8,
                Input::Waveform => 16,
                _ => 32,
            },
            weight_decay: 0.05,
            ema_decay: 0.99,
            mixup: 0.3,
            smoothing: 0.1,
            optimizer: Optimizer::AdamW,
            augmentation: Augmentation::default(),
            spec_augment: false,
            variation: WaveformAugmentation::default(),
            seed: 0,
            data: String::new(),
            architecture,
        }
    }

    /// The recipe itself, if every number is one that training can use.
    ///
    /// # Errors
    /// Names the first number that is not.
    pub fn checked(self) -> Result<Self, TrainError> {
        let wrong = |what: &str| Err(TrainError::TrainingConfig(what.to_owned()));
        if self.epochs == 0 {
            return wrong("--epochs must be at least 1");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return wrong("--lr must lie above 0 and not above 1");
        }
        if self.patience == 0 {
            return wrong("--patience must be at least 1");
        }
        if self.batch_size < 2 {
            return wrong(
                "--batch must be at least 2, since batch normalisation needs more than one",
            );
        }
        let variation = &self.variation;
        let amounts = [
            variation.pitch,
            variation.stretch,
            variation.noise,
            variation.volume,
        ];
        if amounts.iter().any(|amount| !(0.0..=60.0).contains(amount)) || variation.stretch >= 1.0 {
            return wrong(
                "--pitch, --noise and --volume must lie between 0 and 60, --stretch between 0 and 1",
            );
        }
        if self.architecture.check().is_err() {
            return wrong("--dropout must be at least 0 and below 1");
        }
        Ok(self)
    }

    /// Parameter of mixup, and the share of each label that is spread.
    fn blending(&self) -> (f64, f32) {
        match self.head {
            Head::Softmax => (self.mixup, self.smoothing),
            // A tag that is not there is a label too: there is nothing to spread one over.
            Head::Sigmoid => (self.mixup, 0.0),
        }
    }

    /// Learning rate at a step: a linear rise, then half a cosine down to zero.
    fn rate(&self, step: usize, steps: usize) -> f64 {
        let warm_up = Self::WARM_UP_STEPS.min(steps / 2);
        if step < warm_up {
            return self.learning_rate * (step + 1) as f64 / warm_up as f64;
        }
        let share = (step - warm_up) as f64 / (steps - warm_up).max(1) as f64;
        self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
    }
}

/// Where training stands after an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    /// Epochs done.
    epoch: usize,
    /// Highest [`ValidationScore::score`] on the validation split, and the epoch that reached it, counted from one.
    best: Option<(f64, usize)>,
    /// The loss there.
    #[serde(default)]
    best_loss: f64,
}

impl State {
    /// Whether an epoch is better than the best so far. Where few clips choose, many epochs put the tags'
    /// clips in the right order; among those the loss decides.
    fn is_beaten_by(&self, judged: &ValidationScore) -> bool {
        // A hair's breadth more than equal, since the state goes through decimal digits.
        const HAIR: f64 = 1e-9;
        let Some((best, _)) = self.best else {
            return true;
        };
        let as_good = judged.average_precision.is_some() && judged.score() > best - HAIR;
        judged.score() > best + HAIR || as_good && judged.log_loss < self.best_loss - HAIR
    }
}

/// How well an epoch's model does on the clips that choose.
struct ValidationScore {
    /// Mean cross-entropy in nats, of tags binary.
    log_loss: f64,
    /// Accuracy, of tags Hamming accuracy.
    accuracy: f64,
    macro_f1: f64,
    /// Of tags, the mean average precision.
    average_precision: Option<f64>,
    warning: Option<&'static str>,
}

impl ValidationScore {
    /// Hears the songs that choose.
    fn of(predictor: &Predictor, songs: &[Song]) -> Result<Self, TrainError> {
        let progress = Progress::new("choosing", songs.len()).quiet();
        if tagged(songs) {
            let (found, _) = evaluate_tags(predictor, songs, Corruption::Clean, &progress)?;
            return Ok(Self {
                log_loss: found.log_loss,
                accuracy: found.report.hamming_accuracy,
                macro_f1: found.report.macro_f1,
                average_precision: Some(found.report.mean_average_precision.unwrap_or(0.0)),
                warning: found.warning,
            });
        }
        let found = evaluate(predictor, songs, Corruption::Clean, &progress)?;
        Ok(Self {
            log_loss: found.log_loss,
            accuracy: found.accuracy,
            macro_f1: found.macro_f1,
            average_precision: None,
            warning: found.warning,
        })
    }

    /// What the best epoch is chosen by, and its name. F1, because every genre should count, and not the
    /// loss, which the confidence of a network that has seen its few clips often drives up while its
    /// answers still get better. Of tags average precision, since a rare one is seldom called at all.
    fn score(&self) -> f64 {
        self.average_precision.unwrap_or(self.macro_f1)
    }
}

/// What the best epoch of a training on tags, or on genres, is chosen by.
pub fn score_name(of_tags: bool) -> &'static str {
    if of_tags {
        "mean average precision"
    } else {
        "macro F1"
    }
}

/// A line of metrics.csv.
struct EpochMetrics<'a> {
    epoch: usize,
    rate: f64,
    loss: f64,
    valid: &'a ValidationScore,
    seconds: f64,
}

/// Files of a training run in its folder.
struct RunFolder(PathBuf);

impl RunFolder {
    fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    fn metrics(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Where the checkpoint lies for the moment in which a new one takes its place.
    fn old_checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.old")
    }
}

/// Everything that changes while training.
struct Progressing {
    network: Network,
    optimizer: ModuleOptimizer,
    average: Weights,
    state: State,
}

/// Where batches come from.
enum Source {
    /// Labelled clips for networks that hear log-mel pictures of three seconds.
    Clips(DataSet),
    /// Labelled clips, or rows of a table, for any other.
    Windows(Windows),
}

impl Source {
    /// Crops of one epoch.
    fn crops(&self) -> usize {
        match self {
            Self::Clips(clips) => clips.segments(),
            Self::Windows(windows) => windows.windows(),
        }
    }

    /// Clips that are learnt from: those that could be heard and were not silent.
    fn clips(&self, recipe: &TrainingConfig) -> usize {
        match self {
            Self::Clips(clips) => clips.len() / (1 + recipe.variation.copies),
            Self::Windows(windows) => windows.len() / (1 + recipe.variation.copies),
        }
    }

    fn normalisation(&self, recipe: &TrainingConfig) -> Vec<Normalise> {
        let (augmentation, seed) = (&recipe.augmentation, recipe.seed);
        match self {
            Self::Clips(clips) => vec![clips.normalisation(augmentation, seed)],
            Self::Windows(windows) => windows.normalisation(seed),
        }
    }

    /// The batches of one epoch, until nobody takes them any more.
    fn send(
        &self,
        recipe: &TrainingConfig,
        normalisation: &[Normalise],
        seed: u64,
        count: usize,
        mut take: impl FnMut(Batch) -> bool,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match self {
            Self::Clips(clips) => {
                let mut batch = || {
                    clips.batch(
                        recipe.batch_size,
                        &recipe.augmentation,
                        &normalisation[0],
                        recipe.blending(),
                        &mut rng,
                    )
                };
                (0..count).all(|_| take(batch()));
            }
            Self::Windows(windows) => {
                let shares = recipe.blending();
                let order = windows.order(&mut rng);
                order.chunks(recipe.batch_size).take(count).all(|places| {
                    let spec_augment = recipe.spec_augment;
                    take(windows.batch(places, normalisation, shares, spec_augment, &mut rng))
                });
            }
        }
    }
}

/// Trains a model, keeps the weights with the highest validation macro F1 (of tags, mean average precision)
/// in `folder/model.safetensors`
/// and a line per epoch in `folder/metrics.csv`. With `resume` it goes on from the last finished
/// epoch of the same recipe.
///
/// # Errors
/// If a song or a number cannot be used, or the folder cannot be written.
pub fn fit(
    recipe: &TrainingConfig,
    train: &[Song],
    valid: &[Song],
    device: &Device,
    folder: &Path,
    resume: bool,
) -> Result<(), TrainError> {
    let folder = RunFolder(folder.to_owned());
    make_folder(&folder.0)?;
    if !resume && (folder.model().exists() || folder.checkpoint().exists()) {
        return Err(TrainError::Exists(folder.0));
    }
    let front_end = recipe.architecture.input().front_end();
    let source = labelled(recipe, train, &front_end)?;
    let normalisation = source.normalisation(recipe);
    let training_device = device.clone().autodiff();
    let mut now = begin(recipe, &training_device, Some(&folder))?;
    let per_epoch = source.crops().div_ceil(recipe.batch_size);
    let steps = per_epoch * recipe.epochs;
    let clips = source.clips(recipe);
    eprintln!(
        "training {} with {} parameters on {clips} clips ({per_epoch} steps an epoch), choosing by {}",
        recipe.architecture,
        parameters(&now.network),
        valid.len()
    );

    let model_of = |weights: &Weights, epoch: usize| -> Result<Model, TrainError> {
        let mut model = Model::new(
            recipe.architecture.clone(),
            weights.clone().apply(recipe.architecture.init(device))?,
            (recipe.genres.clone(), Vec::new()),
            front_end.clone(),
            normalisation.clone(),
            Training {
                data: recipe.data.clone(),
                train_clips: clips,
                valid_clips: valid.len(),
                epoch,
                seed: recipe.seed,
                ..Training::default()
            },
            device,
        );
        model.calibration.head = recipe.head;
        Ok(model)
    };
    while now.state.epoch < recipe.epochs {
        let best_epoch = now.state.best.map_or(0, |(_, epoch)| epoch);
        if now.state.epoch - best_epoch >= recipe.patience {
            eprintln!(
                "stopped: no better validation {} for {} epochs",
                score_name(tagged(valid)),
                recipe.patience
            );
            break;
        }
        let started = Instant::now();
        let first_step = now.state.epoch * per_epoch;
        let loss = epoch(
            recipe,
            &source,
            &normalisation,
            &training_device,
            &mut now,
            first_step..first_step + per_epoch,
            steps,
        )?;
        now.state.epoch += 1;

        let mut model = model_of(&now.average, now.state.epoch)?;
        model.calibration = calibrate(&model, valid, device)?.0;
        let predictor = Predictor::new(model.clone(), device.clone());
        let judged = ValidationScore::of(&predictor, valid)?;
        if now.state.is_beaten_by(&judged) {
            now.state.best_loss = judged.log_loss;
            now.state.best = Some((judged.score(), now.state.epoch));
            save_best(model, device, &folder)?;
        }
        note(
            &folder,
            &EpochMetrics {
                epoch: now.state.epoch,
                rate: recipe.rate(first_step, steps),
                loss,
                valid: &judged,
                seconds: started.elapsed().as_secs_f64(),
            },
        )?;
        keep(recipe, &now, &folder)?;
    }
    if let Some((score, epoch)) = now.state.best {
        let name = score_name(tagged(valid));
        eprintln!("best: epoch {epoch}, validation {name} {score:.3}");
    }
    Ok(())
}

/// Labelled songs as the architecture hears them.
fn labelled(
    recipe: &TrainingConfig,
    songs: &[Song],
    front_end: &FrontEnd,
) -> Result<Source, TrainError> {
    let variation = (&recipe.variation, recipe.seed);
    Ok(match recipe.architecture.input() {
        Input::LogMel => Source::Clips(DataSet::load(songs, &recipe.genres, front_end, variation)?),
        input => Source::Windows(Windows::load(songs, &recipe.genres, input, variation)?),
    })
}

/// Trains a network of descriptors on rows of a feature table, `[57]` each, with the indices of their
/// genres: for all epochs, since no rows are held back to choose by. Keeps the model in
/// `folder/model.safetensors` and a line per epoch in `folder/metrics.csv`.
///
/// # Errors
/// If a number cannot be used, or the folder cannot be written or holds a training already.
pub fn fit_rows<'a>(
    recipe: &TrainingConfig,
    rows: impl Iterator<Item = (&'a [f32], usize)>,
    device: &Device,
    folder: &Path,
) -> Result<(), TrainError> {
    let folder = RunFolder(folder.to_owned());
    make_folder(&folder.0)?;
    if folder.model().exists() {
        return Err(TrainError::Exists(folder.0));
    }
    let windows = Windows::of_rows(rows, recipe.genres.len())?;
    let clips = windows.len();
    let source = Source::Windows(windows);
    let normalisation = source.normalisation(recipe);
    let training_device = device.clone().autodiff();
    let mut now = begin(recipe, &training_device, None)?;
    let per_epoch = source.crops().div_ceil(recipe.batch_size);
    let mut lines = vec!["epoch,learning_rate,train_loss,seconds".to_owned()];
    for at in 0..recipe.epochs {
        let started = Instant::now();
        let steps = at * per_epoch..(at + 1) * per_epoch;
        let rate = recipe.rate(steps.start, per_epoch * recipe.epochs);
        let loss = epoch(
            recipe,
            &source,
            &normalisation,
            &training_device,
            &mut now,
            steps,
            per_epoch * recipe.epochs,
        )?;
        now.state.epoch += 1;
        let seconds = started.elapsed().as_secs_f64();
        lines.push(format!("{},{rate:.6},{loss:.4},{seconds:.1}", at + 1));
    }
    write_whole(
        &folder.metrics(),
        format!("{}\n", lines.join("\n")).as_bytes(),
    )?;
    let mut model = Model::new(
        recipe.architecture.clone(),
        now.average.apply(recipe.architecture.init(device))?,
        (recipe.genres.clone(), Vec::new()),
        recipe.architecture.input().front_end(),
        normalisation,
        Training {
            data: recipe.data.clone(),
            train_clips: clips,
            valid_clips: 0,
            epoch: recipe.epochs,
            seed: recipe.seed,
            ..Training::default()
        },
        device,
    );
    model.calibration.head = recipe.head;
    save_best(model, device, &folder)
}

/// One pass over the training data. Returns the mean loss.
fn epoch(
    recipe: &TrainingConfig,
    source: &Source,
    normalisation: &[Normalise],
    device: &Device,
    now: &mut Progressing,
    steps: std::ops::Range<usize>,
    all_steps: usize,
) -> Result<f64, TrainError> {
    let epoch = now.state.epoch;
    let progress = Progress::new(&format!("epoch {}", epoch + 1), steps.len()).quiet();
    // Each epoch has a seed of its own, so that a resumed run draws what an unbroken one would have.
    let seed = recipe
        .seed
        .wrapping_mul(1_000_003)
        .wrapping_add(epoch as u64);
    device.seed(seed);
    let count = steps.len();
    let mut sum = 0.0;
    std::thread::scope(|scope| -> Result<(), TrainError> {
        // The next batch is made while the network works on this one.
        let (sender, batches) = sync_channel(2);
        scope.spawn(move || {
            source.send(recipe, normalisation, seed, count, |batch| {
                sender.send(batch).is_ok()
            });
        });
        for (step, batch) in steps.zip(batches) {
            let loss = loss(recipe, &now.network, batch, device);
            let value = f64::from(loss.clone().into_scalar::<f32>());
            if !value.is_finite() {
                return Err(TrainError::Diverged {
                    epoch: epoch + 1,
                    rate: recipe.learning_rate,
                });
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &now.network);
            now.network =
                now.optimizer
                    .step(recipe.rate(step, all_steps), now.network.clone(), gradients);
            // Early on the average would hang on to the random beginning, so it starts out short.
            let keep = recipe.ema_decay.min((step + 1) as f32 / (step + 10) as f32);
            // Out of training, because that is when the running statistics take their last update.
            now.average
                .ema_update(&Weights::of(&now.network.valid()), keep);
            sum += value;
            progress.advance();
            progress.say(format!("loss {:.3}", value));
        }
        Ok(())
    })?;
    Ok(sum / count as f64)
}

/// Binary cross-entropy of each row, mean over its columns: `[rows, 1]`.
fn binary(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    (log_sigmoid(logits.clone()) * targets.clone()
        + log_sigmoid(logits.neg()) * (targets.neg() + 1.0))
        .mean_dim(1)
        .neg()
}

/// The loss of a batch: cross-entropy, of tags binary.
fn loss(recipe: &TrainingConfig, network: &Network, batch: Batch, device: &Device) -> Tensor<1> {
    let size = batch.size;
    let parts = recipe.architecture.input().tensors(&batch.inputs, device);
    let output = network.forward(parts);
    let width = batch.targets.len() / size;
    let targets = Tensor::<2>::from_data(TensorData::new(batch.targets, [size, width]), device);
    let crossed = |logits: Tensor<2>| match recipe.head {
        Head::Softmax => (log_softmax(logits, 1) * targets.clone())
            .sum()
            .neg()
            .div_scalar(size as f32),
        Head::Sigmoid => binary(logits, targets.clone()).mean(),
    };
    // Members learn apart: nothing that one is told depends on another.
    let members = output.members.len();
    match output.members.into_iter().map(crossed).reduce(|a, b| a + b) {
        Some(sum) => sum.div_scalar(members as f32),
        None => crossed(output.logits),
    }
}

/// A fresh start, or the last checkpoint.
fn begin(
    recipe: &TrainingConfig,
    device: &Device,
    folder: Option<&RunFolder>,
) -> Result<Progressing, TrainError> {
    device.seed(recipe.seed);
    let network = recipe.architecture.init(device);
    let optimizer = match recipe.optimizer {
        Optimizer::AdamW => AdamWConfig::new()
            .with_weight_decay(recipe.weight_decay)
            .init(),
        Optimizer::Adam => AdamConfig::new().init(),
        Optimizer::Sgd => SgdConfig::new().init(),
    };
    let checkpoint = folder.and_then(|folder| {
        [folder.checkpoint(), folder.old_checkpoint()]
            .into_iter()
            .find(|checkpoint| checkpoint.exists())
    });
    // Killed in its first epoch, a run has nothing to go on from and begins again.
    let Some(checkpoint) = checkpoint else {
        return Ok(Progressing {
            average: Weights::of(&network),
            network,
            optimizer,
            state: State::default(),
        });
    };
    let unusable = |cause: String| TrainError::Checkpoint {
        folder: checkpoint.clone(),
        cause,
    };
    let text = |name: &str| {
        fs::read_to_string(checkpoint.join(name)).map_err(|e| unusable(format!("{name}: {e}")))
    };
    let kept: TrainingConfig =
        serde_json::from_str(&text("recipe.json")?).map_err(|e| unusable(e.to_string()))?;
    // More epochs or patience may be asked for; anything else would be another training.
    if (TrainingConfig {
        epochs: recipe.epochs,
        patience: recipe.patience,
        ..kept
    }) != *recipe
    {
        return Err(unusable(
            "it was made with other settings; use the same ones, or another folder".to_owned(),
        ));
    }
    let state = serde_json::from_str(&text("state.json")?).map_err(|e| unusable(e.to_string()))?;
    let broken = |name: &str, e: burn::store::RecordError| unusable(format!("{name}: {e}"));
    let average = recipe
        .architecture
        .init(device)
        .try_load_file(checkpoint.join("average.bpk"))
        .map_err(|e| broken("average.bpk", e))?;
    Ok(Progressing {
        average: Weights::of(&average),
        network: network
            .try_load_file(checkpoint.join("network.bpk"))
            .map_err(|e| broken("network.bpk", e))?,
        optimizer: optimizer
            .load(checkpoint.join("optimizer.bpk"))
            .map_err(|e| unusable(format!("optimizer.bpk: {e}")))?,
        state,
    })
}

/// Keeps a checkpoint. It is written beside the old one and then takes its place, so that a run
/// killed at any moment can go on.
fn keep(recipe: &TrainingConfig, now: &Progressing, folder: &RunFolder) -> Result<(), TrainError> {
    let (target, fresh) = (folder.checkpoint(), folder.0.join("checkpoint.new"));
    let failed = |e: std::io::Error| TrainError::from(OutputError::io(&fresh, e));
    let record = |e: burn::store::RecordError| TrainError::Checkpoint {
        folder: fresh.clone(),
        cause: e.to_string(),
    };
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(failed)?;
    }
    fs::create_dir_all(&fresh).map_err(failed)?;
    let json = |value: serde_json::Result<String>, name: &str| {
        let text = value.map_err(|e| TrainError::Checkpoint {
            folder: fresh.clone(),
            cause: e.to_string(),
        })?;
        fs::write(fresh.join(name), text).map_err(failed)
    };
    json(serde_json::to_string_pretty(recipe), "recipe.json")?;
    json(serde_json::to_string(&now.state), "state.json")?;
    let average = now.average.clone().apply(now.network.clone())?;
    average
        .save_file(fresh.join("average.bpk"))
        .map_err(record)?;
    now.network
        .clone()
        .save_file(fresh.join("network.bpk"))
        .map_err(record)?;
    now.optimizer
        .save(fresh.join("optimizer.bpk"))
        .map_err(record)?;
    let old = folder.old_checkpoint();
    if old.exists() {
        fs::remove_dir_all(&old).map_err(failed)?;
    }
    if target.exists() {
        fs::rename(&target, &old).map_err(failed)?;
    }
    fs::rename(&fresh, &target).map_err(failed)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(failed)?;
    }
    Ok(())
}

/// Saves the best model so far.
fn save_best(model: Model, device: &Device, folder: &RunFolder) -> Result<(), TrainError> {
    save_model(model, &folder.model(), device)
}

/// Writes a model's file, with its answers to the reference input as the rounded weights give them.
///
/// # Errors
/// If the model gives no answer or the file cannot be written.
pub fn save_model(mut model: Model, path: &Path, device: &Device) -> Result<(), TrainError> {
    let rounded = Predictor::from_bytes(&model.to_bytes()?, device.clone())?;
    model.reference_outputs = Some(pollster::block_on(rounded.reference_outputs())?);
    Ok(write_whole(path, &model.to_bytes()?)?)
}

/// Adds a line to metrics.csv and prints it.
fn note(folder: &RunFolder, metrics: &EpochMetrics<'_>) -> Result<(), TrainError> {
    let (head, cell) = match metrics.valid.average_precision {
        Some(value) => ("valid_average_precision,", format!("{value:.4},")),
        None => ("", String::new()),
    };
    let header = format!(
        "epoch,learning_rate,train_loss,valid_loss,valid_accuracy,valid_macro_f1,{head}seconds"
    );
    let path = folder.metrics();
    // A run killed between this line and its checkpoint does the epoch again: its old line goes.
    let kept: Vec<String> = fs::read_to_string(&path)
        .unwrap_or_default()
        .lines()
        .skip(1)
        .take(metrics.epoch - 1)
        .map(str::to_owned)
        .collect();
    let line = format!(
        "{},{:.6},{:.4},{:.4},{:.4},{:.4},{cell}{:.1}",
        metrics.epoch,
        metrics.rate,
        metrics.loss,
        metrics.valid.log_loss,
        metrics.valid.accuracy,
        metrics.valid.macro_f1,
        metrics.seconds
    );
    let lines: Vec<&str> = std::iter::once(header.as_str())
        .chain(kept.iter().map(String::as_str))
        .chain([line.as_str()])
        .collect();
    write_whole(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
    eprintln!(
        "epoch {:3}  train loss {:.3}  valid loss {:.3}  {} {:.1} %  macro F1 {:.3}{}  {:.1} s{}",
        metrics.epoch,
        metrics.loss,
        metrics.valid.log_loss,
        if metrics.valid.average_precision.is_some() {
            "Hamming accuracy"
        } else {
            "accuracy"
        },
        100.0 * metrics.valid.accuracy,
        metrics.valid.macro_f1,
        metrics
            .valid
            .average_precision
            .map_or(String::new(), |value| format!("  mean AP {value:.3}")),
        metrics.seconds,
        metrics
            .valid
            .warning
            .map_or(String::new(), |warning| format!("  ({warning})"))
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_epochs_of_one_precision_the_loss_decides_and_among_those_of_one_f1_the_first() {
        let judged = |score: f64, log_loss: f64, of_tags: bool| ValidationScore {
            log_loss,
            accuracy: 0.5,
            macro_f1: score,
            average_precision: of_tags.then_some(score),
            warning: None,
        };
        let state = State {
            epoch: 3,
            best: Some((0.8, 2)),
            best_loss: 0.5,
        };
        assert!(State::default().is_beaten_by(&judged(0.0, 9.0, false)));
        for of_tags in [false, true] {
            assert!(state.is_beaten_by(&judged(0.81, 9.0, of_tags)));
            assert!(!state.is_beaten_by(&judged(0.79, 0.1, of_tags)));
            assert_eq!(state.is_beaten_by(&judged(0.8, 0.4, of_tags)), of_tags);
            assert!(!state.is_beaten_by(&judged(0.8, 0.5, of_tags)));
        }
    }

    #[test]
    fn the_learning_rate_rises_then_falls_to_nothing() {
        let architecture = "two-stream".parse().expect("known");
        let recipe = TrainingConfig::new(architecture, vec!["a".to_owned()]);
        let rates: Vec<f64> = (0..1000).map(|step| recipe.rate(step, 1000)).collect();
        let top = TrainingConfig::WARM_UP_STEPS;
        assert!(rates[..top].windows(2).all(|pair| pair[0] < pair[1]));
        assert!(rates[top - 1..].windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(rates[999] < 1e-7 && (rates[top] - 2e-3).abs() < 1e-6);
    }

    #[test]
    fn a_recipe_with_a_useless_number_is_refused() {
        let architecture: Architecture = "two-stream".parse().expect("known");
        let recipe = TrainingConfig::new(architecture, vec!["a".to_owned()]);
        assert!(recipe.clone().checked().is_ok());
        for (epochs, learning_rate, patience) in
            [(0, 1e-3, 1), (1, 0.0, 1), (1, f64::NAN, 1), (1, 1e-3, 0)]
        {
            let wrong = TrainingConfig {
                epochs,
                learning_rate,
                patience,
                ..recipe.clone()
            };
            assert!(wrong.checked().is_err());
        }
    }
}
