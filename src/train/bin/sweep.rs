//! Trainings that differ in one setting, as tairi tried learning rates and patience.

use soundalike_datasets::output::make_folder;
use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use soundalike_core::model::Architecture;
use soundalike_datasets::{self as datasets, FeatureTable, Split};
use soundalike_train::report::{self, Contents, Run, Sweep};
use soundalike_train::{DeviceName, TrainError, TrainingConfig, fit, open_device, score_name};

use crate::compare::repeated;
use crate::sets::SetArguments;
use crate::{Settings, of_split};

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
    /// Its values; without, those that tairi tried
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
    /// Folder for report.html, report.json and the runs, which are gone on with
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
    /// The values of tairi's figures.
    fn of_tairi(self) -> Vec<f64> {
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

/// Trains once per value and writes the page.
pub fn sweep(arguments: &SweepArguments) -> anyhow::Result<()> {
    let path = &arguments.set.data;
    if FeatureTable::is_at(path) {
        bail!(
            "{}: no rows of a table are held back to choose by, so there are no curves to compare; give songs",
            path.display()
        );
    }
    let values = if arguments.values.is_empty() {
        arguments.vary.of_tairi()
    } else {
        arguments.values.clone()
    };
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    if let Some(twice) = repeated(&words) {
        bail!("--values names {twice} twice; name each value once");
    }
    let mut settings = arguments.settings.clone();
    let mut recipes = Vec::new();
    for &value in &values {
        match arguments.vary {
            Setting::LearningRate => settings.lr = Some(value),
            Setting::Patience if value.fract() == 0.0 && value >= 1.0 => {
                settings.patience = Some(value as usize);
            }
            Setting::Patience => bail!("{value} is no patience; give whole numbers from 1"),
        }
        let mut recipe = TrainingConfig::new(arguments.arch.clone(), Vec::new());
        recipe.seed = arguments.seed;
        recipes.push(settings.apply(recipe));
    }
    let songs = arguments.set.open(arguments.seed)?;
    datasets::check(path, &songs)?;
    let warning = datasets::warning(&songs);
    let [train, valid] = [Split::Train, Split::Valid].map(|split| of_split(&songs, split));
    if train.is_empty() || valid.is_empty() {
        bail!(
            "{}: has {} clips to train on and {} to choose by; both are needed",
            path.display(),
            train.len(),
            valid.len()
        );
    }
    make_folder(&arguments.output)?;
    let device = open_device(arguments.device)?;
    let setting = arguments.vary.name();
    let mut runs = Vec::new();
    for (mut recipe, value) in recipes.into_iter().zip(values) {
        settings.fit_to(&mut recipe, &songs)?;
        let folder = arguments
            .output
            .join(format!("{}-{value}", setting.replace(' ', "-")));
        eprintln!("{setting} {value}");
        match fit(&recipe, &train, &valid, &device, &folder, true) {
            Ok(()) => {}
            // That too is a result.
            Err(error @ TrainError::Diverged { .. }) => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
        let metrics = folder.join("metrics.csv");
        let epochs = if metrics.exists() {
            report::epochs_of(&metrics)?
        } else {
            Vec::new()
        };
        let chosen_by = score_name(datasets::tagged(&songs));
        let scores = epochs.iter().map(|epoch| epoch.score());
        println!(
            "{setting} {value}: {} epochs, best validation {chosen_by} {:.3}",
            epochs.len(),
            scores.fold(0.0, f64::max)
        );
        runs.push(Run {
            value: value.to_string(),
            epochs,
        });
    }
    let contents = Contents {
        title: format!("{} with several values of the {setting}", arguments.arch),
        notes: vec!["The curves are of the clips that choose the best epoch.".to_owned()],
        warnings: warning.into_iter().map(str::to_owned).collect(),
        sweeps: vec![Sweep {
            setting: setting.to_owned(),
            runs,
        }],
        ..Contents::default()
    };
    report::write(&arguments.output, &contents)?;
    eprintln!("{}", arguments.output.join("report.html").display());
    Ok(())
}
