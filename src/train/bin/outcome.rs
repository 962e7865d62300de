//! One training of a comparison: its configuration and its results.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use soundalike_core::model::milliseconds;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::shown;
use soundalike_datasets::output::write_whole;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song};
use soundalike_train::{Corruption, Evaluation, Examples, Task, TrainingConfig, TrainingRun};

use crate::files::read_model;
use crate::table::TRAIN_SHARE;
use crate::wasm::Wasm;

/// The configuration and the results of one training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// How it was trained: with another configuration it is another run.
    #[serde(rename = "recipe")]
    pub config: TrainingConfig,
    /// Names of the clips it was evaluated on.
    pub clips: Vec<String>,
    /// Of clips with a genre each, it and the predicted one.
    pub labels: Vec<usize>,
    pub calls: Vec<usize>,
    /// Of clips with tags, the share of correct decisions on each.
    #[serde(default)]
    right: Vec<f64>,
    /// Of tags, Hamming accuracy.
    pub accuracy: f64,
    pub macro_f1: f64,
    pub auc_macro: Option<f64>,
    pub precision_at_10: Option<f64>,
    /// Of tags.
    #[serde(default)]
    pub mean_average_precision: Option<f64>,
    pub parameters: usize,
    pub train_seconds: f64,
    pub native_ms: f64,
    /// Not there if it could not be measured yet.
    #[serde(default)]
    pub wasm_ms: Option<f64>,
}

impl Outcome {
    /// Share of each clip's decisions that are correct; of a clip with one genre it is all or nothing.
    pub fn shares(&self) -> Vec<f64> {
        if !self.right.is_empty() {
            return self.right.clone();
        }
        let calls = self.labels.iter().zip(&self.calls);
        calls
            .map(|(label, call)| f64::from(u8::from(label == call)))
            .collect()
    }
}

/// What is trained and evaluated on.
pub enum Data {
    Songs {
        train: Vec<Song>,
        valid: Vec<Song>,
        test: Vec<Song>,
    },
    Table(FeatureTable, String),
}

impl Outcome {
    /// The outcome of a training: read if it is there, else trained, resumed where it was broken off.
    pub fn of(
        config: TrainingConfig,
        data: &Data,
        device: &Device,
        output: &Path,
        wasm: &Wasm,
    ) -> anyhow::Result<Self> {
        let folder = output.join(format!("{}-seed-{}", config.architecture, config.seed));
        let model_path = folder.join("model.safetensors");
        let path = folder.join("outcome.json");
        if let Ok(text) = fs::read_to_string(&path) {
            let mut outcome: Self =
                serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            if outcome.config != config {
                bail!(
                    "{}: was trained with other settings; use the same ones, or another folder",
                    folder.display()
                );
            }
            eprintln!("{} is there already", shown(&folder));
            if outcome.wasm_ms.is_none() {
                outcome.wasm_ms = wasm.milliseconds(&model_path);
                outcome.write(&path)?;
            }
            return Ok(outcome);
        }
        eprintln!("{}", shown(&folder));
        let outcome = match data {
            Data::Songs { train, valid, test } => {
                TrainingRun::on_songs(&config, train, valid, device, &folder, true)?.train()?;
                let task = Task::of(test, config.head);
                let (predictor, _) = read_model(&model_path)?;
                let mut outcome = Self::of_model(config, &predictor, &folder, wasm)?;
                outcome.evaluate(task, &predictor, Examples::Songs(test))?;
                outcome
            }
            Data::Table(table, _) => {
                let (rows, others) = table.split(TRAIN_SHARE, config.seed);
                // A run on rows has no checkpoints; one that was broken off begins again.
                if model_path.exists() {
                    fs::remove_file(&model_path)?;
                }
                TrainingRun::on_rows(&config, table, &rows, device, &folder)?.train()?;
                let task = Task::Table(config.head);
                let (predictor, _) = read_model(&model_path)?;
                let mut outcome = Self::of_model(config, &predictor, &folder, wasm)?;
                outcome.evaluate(task, &predictor, Examples::Rows(table, &others))?;
                outcome
            }
        };
        outcome.write(&path)?;
        Ok(outcome)
    }

    /// Size and speed of a trained model, without an evaluation.
    fn of_model(
        config: TrainingConfig,
        predictor: &Predictor,
        folder: &Path,
        wasm: &Wasm,
    ) -> anyhow::Result<Self> {
        let model = predictor.model();
        let started = Instant::now();
        let clock = || 1e3 * started.elapsed().as_secs_f64();
        Ok(Self {
            parameters: model.parameters,
            train_seconds: seconds_of(&folder.join("metrics.csv"))?,
            native_ms: pollster::block_on(milliseconds(model, clock))?,
            wasm_ms: wasm.milliseconds(&folder.join("model.safetensors")),
            config,
            clips: Vec::new(),
            labels: Vec::new(),
            calls: Vec::new(),
            right: Vec::new(),
            accuracy: 0.0,
            macro_f1: 0.0,
            auc_macro: None,
            precision_at_10: None,
            mean_average_precision: None,
        })
    }

    /// Adds how well the model does.
    fn evaluate(
        &mut self,
        task: Task,
        predictor: &Predictor,
        examples: Examples<'_>,
    ) -> anyhow::Result<()> {
        let (count, name): (usize, Box<dyn Fn(usize) -> String>) = match examples {
            Examples::Songs(songs) => (
                songs.len(),
                Box::new(|at: usize| songs[at].track.path.clone()),
            ),
            Examples::Rows(table, rows) => {
                (rows.len(), Box::new(|row: usize| table.names[row].clone()))
            }
        };
        let progress = Progress::new("evaluating", count).quiet();
        match task.evaluate(predictor, examples, Corruption::Clean, &progress)? {
            Evaluation::Tags(found) => {
                let (found, details) = *found;
                self.clips = details.songs.into_iter().map(name).collect();
                self.right = details.right;
                self.accuracy = found.report.hamming_accuracy;
                self.macro_f1 = found.report.macro_f1;
                self.auc_macro = found.report.auc_macro;
                self.mean_average_precision = found.report.mean_average_precision;
            }
            Evaluation::Genres(found) => {
                let (report, details) = *found;
                self.clips = details.songs.into_iter().map(name).collect();
                self.labels = details.labels;
                self.calls = details.calls;
                self.accuracy = report.accuracy;
                self.macro_f1 = report.macro_f1;
                self.auc_macro = report.auc_macro;
                self.precision_at_10 = report.precision_at_10;
            }
        }
        Ok(())
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        write_whole(path, serde_json::to_string(self)?.as_bytes())?;
        Ok(())
    }
}

/// Seconds of all epochs of a training.
fn seconds_of(metrics: &Path) -> anyhow::Result<f64> {
    let text = fs::read_to_string(metrics).with_context(|| metrics.display().to_string())?;
    let last = |line: &str| {
        line.rsplit(',')
            .next()
            .and_then(|cell| cell.parse::<f64>().ok())
    };
    Ok(text.lines().skip(1).filter_map(last).sum())
}
