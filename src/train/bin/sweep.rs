//! Trainings that differ in one setting, as in the figures of Tairi et al.

use std::path::{Path, PathBuf};

use anyhow::bail;
use burn::tensor::Device;
use clap::ValueEnum;
use soundalike_core::model::Architecture;
use soundalike_datasets::output::make_folder;
use soundalike_datasets::{FeatureTable, Song};
use soundalike_train::report::{self, Contents, Epoch, Run, Sweep};
use soundalike_train::{DeviceName, Task, TrainError, TrainingConfig, TrainingRun, open_device};

use crate::files::write_report;
use crate::sets::{SetArguments, repeated};
use crate::settings::Settings;

/// What is varied.
#[derive(clap::Args)]
pub struct SweepArguments {
    #[command(flatten)]
    set: SetArguments,
    /// Architecture, as for `train`
    #[arg(long, default_value = "two-stream")]
    arch: Architecture,
    /// The setting that is varied
    #[arg(long, value_enum)]
    vary: Setting,
    /// Its values; by default those of Tairi et al.
    #[arg(long, value_delimiter = ',')]
    values: Vec<f64>,
    #[command(flatten)]
    settings: Settings,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device: cpu, vulkan or cuda
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Folder for report.html, report.json and the runs, which are resumed
    #[arg(short, value_name = "DIR")]
    output: PathBuf,
}

/// A setting that can be varied.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Setting {
    /// The highest learning rate
    LearningRate,
    /// Epochs without a better validation score before it stops
    Patience,
}

impl Setting {
    /// The values of the figures of Tairi et al.
    fn published(self) -> Vec<f64> {
        match self {
            Self::LearningRate => vec![1e-4, 1e-3, 1e-2, 1e-1],
            Self::Patience => vec![2.0, 5.0, 10.0, 20.0],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::LearningRate => "learning rate",
            Self::Patience => "patience",
        }
    }
}

/// The configuration of each value, with its name.
fn configs(arguments: &SweepArguments) -> anyhow::Result<Vec<(f64, TrainingConfig)>> {
    let values = if arguments.values.is_empty() {
        arguments.vary.published()
    } else {
        arguments.values.clone()
    };
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    if let Some(twice) = repeated(&words) {
        bail!("--values names {twice} twice; name each value once");
    }
    let mut settings = arguments.settings.clone();
    let mut configs = Vec::new();
    for value in values {
        match arguments.vary {
            Setting::LearningRate => settings.lr = Some(value),
            Setting::Patience if value.fract() == 0.0 && value >= 1.0 => {
                settings.patience = Some(value as usize);
            }
            Setting::Patience => bail!("{value} is no patience; give whole numbers from 1"),
        }
        let config = settings.config(arguments.arch.clone(), arguments.seed)?;
        configs.push((value, config));
    }
    Ok(configs)
}

/// Trains once per value and writes the page.
pub fn sweep(arguments: &SweepArguments) -> anyhow::Result<()> {
    let (set, settings) = (&arguments.set, &arguments.settings);
    if FeatureTable::is_at(&set.data) {
        bail!(
            "{}: a table has no validation split, so there are no curves to compare; give songs",
            set.data.display()
        );
    }
    let configs = configs(arguments)?;
    let songs = set.open_to_train(arguments.seed)?;
    let [train, valid] = set.train_and_valid(&songs.all)?;
    make_folder(&arguments.output)?;
    let device = open_device(arguments.device)?;
    let setting = arguments.vary.name();
    let mut runs = Vec::new();
    for (value, config) in configs {
        let config = settings.for_songs(config, &songs.all)?;
        let folder = format!("{}-{value}", setting.replace(' ', "-"));
        let folder = arguments.output.join(folder);
        eprintln!("{setting} {value}");
        let epochs = epochs(&config, [&train, &valid], &device, &folder)?;
        let scores = epochs.iter().map(|epoch| epoch.score());
        println!(
            "{setting} {value}: {} epochs, best validation {} {:.3}",
            epochs.len(),
            Task::of(&songs.all, config.head).score_name(),
            scores.fold(0.0, f64::max)
        );
        runs.push(Run {
            value: value.to_string(),
            epochs,
        });
    }
    let contents = Contents {
        title: format!("{} with several values of the {setting}", arguments.arch),
        notes: vec!["The curves are of the validation split.".to_owned()],
        warnings: songs.warning.into_iter().map(str::to_owned).collect(),
        sweeps: vec![Sweep {
            setting: setting.to_owned(),
            runs,
        }],
        ..Contents::default()
    };
    write_report(&arguments.output, &contents)
}

/// The epochs of a training, resumed where it was broken off; those before it diverged if it does.
fn epochs(
    config: &TrainingConfig,
    [train, valid]: [&[Song]; 2],
    device: &Device,
    folder: &Path,
) -> anyhow::Result<Vec<Epoch>> {
    match TrainingRun::on_songs(config, train, valid, device, folder, true)?.train() {
        Ok(()) => {}
        // That too is a result.
        Err(error @ TrainError::Diverged { .. }) => eprintln!("{error}"),
        Err(error) => return Err(error.into()),
    }
    let metrics = folder.join("metrics.csv");
    if !metrics.exists() {
        return Ok(Vec::new());
    }
    Ok(report::epochs_of(&metrics)?)
}
