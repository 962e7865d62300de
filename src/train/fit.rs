//! The training loop.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::augment::Augmentation;
use super::data::{DataSet, Normalisation};
use super::evaluate::{Report, evaluate};
use super::{TrainError, write_whole};
use crate::dsp::FrontEnd;
use crate::library::Song;
use crate::model::{Architecture, Model, Network, Training, Weights, parameters};
use crate::pipeline::Listener;
use crate::progress::Progress;

/// What to train and how. Unchecked numbers from the command line become a recipe by
/// [`Recipe::checked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The network.
    pub architecture: Architecture,
    /// Names of the genres, the order of the logits.
    pub genres: Vec<String>,
    /// Passes over the training data, at most.
    pub epochs: usize,
    /// Highest learning rate; it rises to it in the first epochs and falls along a cosine.
    pub learning_rate: f64,
    /// Epochs without a better validation F1 before it stops.
    pub patience: usize,
    /// Crops per step.
    pub batch_size: usize,
    /// Decay of the weights per step and learning rate (AdamW).
    pub weight_decay: f32,
    /// Share of the averaged weights that each step keeps.
    pub average: f32,
    /// Parameter of mixup's Beta distribution; zero for none.
    pub mixup: f64,
    /// Share of each label that is spread over all genres.
    pub smoothing: f32,
    /// How crops are varied.
    pub augmentation: Augmentation,
    /// Seed of every random choice.
    pub seed: u64,
    /// Name of the data, for the card.
    pub data: String,
}

impl Recipe {
    /// Steps over which the learning rate rises.
    const WARM_UP_STEPS: usize = 30;

    /// A recipe with the defaults that train the shipped model.
    pub fn new(architecture: Architecture, genres: Vec<String>) -> Self {
        Self {
            architecture,
            genres,
            epochs: 80,
            learning_rate: 2e-3,
            patience: 25,
            batch_size: 32,
            weight_decay: 0.05,
            average: 0.99,
            mixup: 0.3,
            smoothing: 0.1,
            augmentation: Augmentation::default(),
            seed: 0,
            data: String::new(),
        }
    }

    /// The recipe itself, if every number is one that training can use.
    ///
    /// # Errors
    /// Names the first number that is not.
    pub fn checked(self) -> Result<Self, TrainError> {
        let wrong = |what: &str| Err(TrainError::Recipe(what.to_owned()));
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
        Ok(self)
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
    /// Highest macro F1 on the validation split, and the epoch that reached it, counted from one.
    best: Option<(f64, usize)>,
}

/// A line of metrics.csv.
struct EpochMetrics<'a> {
    epoch: usize,
    rate: f64,
    loss: f64,
    valid: &'a Report,
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

/// Trains a model, keeps the weights with the highest validation macro F1 in `folder/model.safetensors`
/// and a line per epoch in `folder/metrics.csv`. With `resume` it goes on from the last finished
/// epoch of the same recipe.
///
/// # Errors
/// If a song or a number cannot be used, or the folder cannot be written.
pub fn fit(
    recipe: &Recipe,
    train: &[Song],
    valid: &[Song],
    device: &Device,
    folder: &Path,
    resume: bool,
) -> Result<(), TrainError> {
    let folder = RunFolder(folder.to_owned());
    fs::create_dir_all(&folder.0).map_err(|e| TrainError::io(&folder.0, e))?;
    if !resume && (folder.model().exists() || folder.checkpoint().exists()) {
        return Err(TrainError::Exists(folder.0));
    }
    let front_end = FrontEnd::default();
    let data = DataSet::load(train, &recipe.genres, &front_end)?;
    let normalisation = data.normalisation(&recipe.augmentation, recipe.seed);
    let training_device = device.clone().autodiff();
    let mut now = begin(recipe, &training_device, &folder)?;
    let per_epoch = data.segments().div_ceil(recipe.batch_size);
    let steps = per_epoch * recipe.epochs;
    eprintln!(
        "training {} with {} parameters on {} clips ({per_epoch} steps an epoch), choosing by {}",
        recipe.architecture,
        parameters(&now.network),
        data.len(),
        valid.len()
    );

    while now.state.epoch < recipe.epochs {
        let best_epoch = now.state.best.map_or(0, |(_, epoch)| epoch);
        if now.state.epoch - best_epoch >= recipe.patience {
            eprintln!(
                "stopped: no better validation F1 for {} epochs",
                recipe.patience
            );
            break;
        }
        let started = Instant::now();
        let first_step = now.state.epoch * per_epoch;
        let loss = epoch(
            recipe,
            &data,
            &normalisation,
            &training_device,
            &mut now,
            first_step..first_step + per_epoch,
            steps,
        )?;
        now.state.epoch += 1;

        let network = now
            .average
            .clone()
            .apply(recipe.architecture.init(device))?;
        let model = Model::new(
            recipe.architecture.clone(),
            network,
            recipe.genres.clone(),
            front_end.clone(),
            (normalisation.mean.clone(), normalisation.deviation.clone()),
            Training {
                data: recipe.data.clone(),
                train_clips: train.len(),
                valid_clips: valid.len(),
                epoch: now.state.epoch,
                seed: recipe.seed,
            },
            device,
        );
        let listener = Listener::new(model.clone(), device.clone());
        let report = evaluate(
            &listener,
            valid,
            &Progress::new("choosing", valid.len()).quiet(),
        )?;
        // F1, because every genre should count, and not the loss, which the confidence of a network
        // that has seen its few clips often drives up while its answers still get better.
        if now
            .state
            .best
            // A hair's breadth more than equal, since the state goes through decimal digits.
            .is_none_or(|(best, _)| report.macro_f1 > best + 1e-9)
        {
            now.state.best = Some((report.macro_f1, now.state.epoch));
            save_best(model, device, &folder)?;
        }
        note(
            &folder,
            &EpochMetrics {
                epoch: now.state.epoch,
                rate: recipe.rate(first_step, steps),
                loss,
                valid: &report,
                seconds: started.elapsed().as_secs_f64(),
            },
        )?;
        keep(recipe, &now, &folder)?;
    }
    if let Some((f1, epoch)) = now.state.best {
        eprintln!("best: epoch {epoch}, validation macro F1 {f1:.3}");
    }
    Ok(())
}

/// One pass over the training data. Returns the mean loss.
fn epoch(
    recipe: &Recipe,
    data: &DataSet,
    normalisation: &Normalisation,
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
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for _ in 0..count {
                let batch = data.batch(
                    recipe.batch_size,
                    &recipe.augmentation,
                    normalisation,
                    (recipe.mixup, recipe.smoothing),
                    &mut rng,
                );
                if sender.send(batch).is_err() {
                    return;
                }
            }
        });
        let front_end = FrontEnd::default();
        for (step, batch) in steps.zip(batches) {
            let (bands, frames) = (front_end.mel_bands, front_end.segment_frames);
            let x = Tensor::<4>::from_data(
                TensorData::new(batch.inputs, [batch.size, 1, bands, frames]),
                device,
            );
            let y = Tensor::<2>::from_data(
                TensorData::new(batch.targets, [batch.size, recipe.genres.len()]),
                device,
            );
            let logits = now.network.forward(x).logits;
            let loss = (log_softmax(logits, 1) * y).sum_dim(1).mean().neg();
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
            let keep = recipe.average.min((step + 1) as f32 / (step + 10) as f32);
            // Out of training, because that is when the running statistics take their last update.
            now.average.follow(&Weights::of(&now.network.valid()), keep);
            sum += value;
            progress.advance();
            progress.say(format!("loss {:.3}", value));
        }
        Ok(())
    })?;
    Ok(sum / count as f64)
}

/// A fresh start, or the last checkpoint.
fn begin(recipe: &Recipe, device: &Device, folder: &RunFolder) -> Result<Progressing, TrainError> {
    device.seed(recipe.seed);
    let network = recipe.architecture.init(device);
    let optimizer = AdamWConfig::new()
        .with_weight_decay(recipe.weight_decay)
        .init();
    let checkpoint = [folder.checkpoint(), folder.old_checkpoint()]
        .into_iter()
        .find(|checkpoint| checkpoint.exists());
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
    let kept: Recipe =
        serde_json::from_str(&text("recipe.json")?).map_err(|e| unusable(e.to_string()))?;
    // More epochs or patience may be asked for; anything else would be another training.
    if (Recipe {
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
    let load = |network: Network, name: &str| {
        network
            .try_load_file(checkpoint.join(name))
            .map_err(|e| unusable(format!("{name}: {e}")))
    };
    let average = load(recipe.architecture.init(device), "average.bpk")?;
    Ok(Progressing {
        average: Weights::of(&average),
        network: load(network, "network.bpk")?,
        optimizer: optimizer
            .load(checkpoint.join("optimizer.bpk"))
            .map_err(|e| unusable(format!("optimizer.bpk: {e}")))?,
        state,
    })
}

/// Keeps a checkpoint. It is written beside the old one and then takes its place, so that a run
/// killed at any moment can go on.
fn keep(recipe: &Recipe, now: &Progressing, folder: &RunFolder) -> Result<(), TrainError> {
    let (target, fresh) = (folder.checkpoint(), folder.0.join("checkpoint.new"));
    let failed = |e: std::io::Error| TrainError::io(&fresh, e);
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

/// Saves the best model so far, with its answers to the golden input as the rounded weights give them.
fn save_best(mut model: Model, device: &Device, folder: &RunFolder) -> Result<(), TrainError> {
    let rounded = Listener::from_bytes(&model.to_bytes()?, device.clone())?;
    model.golden = Some(pollster::block_on(rounded.golden())?);
    write_whole(&folder.model(), &model.to_bytes()?)
}

/// Adds a line to metrics.csv and prints it.
fn note(folder: &RunFolder, metrics: &EpochMetrics<'_>) -> Result<(), TrainError> {
    const HEADER: &str =
        "epoch,learning_rate,train_loss,valid_loss,valid_accuracy,valid_macro_f1,seconds";
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
        "{},{:.6},{:.4},{:.4},{:.4},{:.4},{:.1}",
        metrics.epoch,
        metrics.rate,
        metrics.loss,
        metrics.valid.log_loss,
        metrics.valid.accuracy,
        metrics.valid.macro_f1,
        metrics.seconds
    );
    let lines: Vec<&str> = std::iter::once(HEADER)
        .chain(kept.iter().map(String::as_str))
        .chain([line.as_str()])
        .collect();
    write_whole(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
    eprintln!(
        "epoch {:3}  train loss {:.3}  valid loss {:.3}  accuracy {:.1} %  macro F1 {:.3}  {:.1} s",
        metrics.epoch,
        metrics.loss,
        metrics.valid.log_loss,
        100.0 * metrics.valid.accuracy,
        metrics.valid.macro_f1,
        metrics.seconds
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_falls_to_nothing() {
        let architecture = "two-stream".parse().expect("known");
        let recipe = Recipe::new(architecture, vec!["a".to_owned()]);
        let rates: Vec<f64> = (0..1000).map(|step| recipe.rate(step, 1000)).collect();
        assert!(rates[0] < rates[10] && rates[10] < rates[29]);
        assert!(rates[29..].windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(rates[999] < 1e-7 && (rates[30] - 2e-3).abs() < 1e-6);
    }

    #[test]
    fn a_recipe_with_a_useless_number_is_refused() {
        let architecture: Architecture = "two-stream".parse().expect("known");
        let recipe = Recipe::new(architecture, vec!["a".to_owned()]);
        assert!(recipe.clone().checked().is_ok());
        for (epochs, learning_rate, patience) in
            [(0, 1e-3, 1), (1, 0.0, 1), (1, f64::NAN, 1), (1, 1e-3, 0)]
        {
            let wrong = Recipe {
                epochs,
                learning_rate,
                patience,
                ..recipe.clone()
            };
            assert!(wrong.checked().is_err());
        }
    }
}
