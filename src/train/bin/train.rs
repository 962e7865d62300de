//! `trainer train`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use soundalike_core::model::Architecture;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::OutputError;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song};
use soundalike_train::report::{self, Contents};
use soundalike_train::{
    Corruption, DeviceName, Evaluation, Examples, GenreCard, ModelCard, Report, TagCard, Task,
    TrainingConfig, TrainingRun, artists_in_both, evaluate, open_device,
};

use crate::errors::UsageError;
use crate::files::{read_model, write_report};
use crate::print::print_report;
use crate::sets::SetArguments;
use crate::settings::Settings;
use crate::{refit, table, tags};

#[derive(clap::Args)]
pub struct TrainArguments {
    #[command(flatten)]
    set: SetArguments,
    /// Architecture: two-stream, two-stream-rescnn (Tairi et al.), conv1d, conv2d, crnn (all three of Choi et al. 2017, with
    /// a size in millions of parameters such as crnn@0.25), sample-cnn, vector-cnn, vector-mlp, logmel-cnn, mfcc-cnn,
    /// mfcc-crnn, dwt-cnn, stft-cnn, multimodal or resnet18
    #[arg(long, default_value = "two-stream")]
    arch: Architecture,
    #[command(flatten)]
    settings: Settings,
    /// A two-stream model whose network is kept: only heads are fitted to its features, in a minute for 200 clips
    #[arg(long, value_name = "MODEL", conflicts_with_all = [
        "epochs", "lr", "patience", "batch", "optimizer", "dropout", "mixup", "augment", "specaugment", "copies",
        "device", "resume", "report",
    ])]
    from: Option<PathBuf>,
    /// With --from, the sets whose labels are used, such as gtzan,misc; all if none is named
    #[arg(long, value_name = "SET", value_delimiter = ',', requires = "from")]
    sets: Vec<String>,
    /// With --from, a folder of recordings that are no music: speech, animals, machines
    #[arg(long, value_name = "DIR", requires = "from")]
    not_music: Vec<PathBuf>,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device: cpu, vulkan or cuda
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Folder for the model, its card, metrics and checkpoint
    #[arg(short, value_name = "DIR")]
    output: PathBuf,
    /// Resume from the last checkpoint in the folder
    #[arg(long)]
    resume: bool,
    /// Folder for report.html, a page with the curves of the training, and report.json
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// Trains a model; false if some clips could not be used.
pub fn train(arguments: &TrainArguments) -> anyhow::Result<bool> {
    let config = arguments
        .settings
        .config(arguments.arch.clone(), arguments.seed)?;
    // Folders that cannot be made are better known before the work than after it.
    for folder in std::iter::once(&arguments.output).chain(&arguments.report) {
        if folder.is_file() {
            bail!(OutputError::NotAFolder(folder.clone()));
        }
    }
    if FeatureTable::is_at(&arguments.set.data) {
        if arguments.from.is_some() {
            bail!("a table of features has no sound to compute features of; leave out --from");
        }
        let device = open_device(arguments.device)?;
        let report = arguments.report.as_deref();
        let output = &arguments.output;
        return table::train(config, &arguments.set.data, &device, output, report).map(|()| true);
    }
    if let Some(from) = &arguments.from {
        if !matches!(arguments.arch, Architecture::TwoStream(_)) {
            bail!(UsageError::conflict(
                "--from takes the network of a two-stream model; leave out --arch"
            ));
        }
        return refit::refit(&refit::Refit {
            from,
            set: &arguments.set,
            sets: &arguments.sets,
            not_music: &arguments.not_music,
            settings: &arguments.settings,
            seed: arguments.seed,
            output: &arguments.output,
        });
    }
    on_songs(config, arguments).map(|()| true)
}

/// Trains on songs, evaluates on the validation split, and writes card and report.
fn on_songs(config: TrainingConfig, arguments: &TrainArguments) -> anyhow::Result<()> {
    let songs = arguments.set.open_to_train(arguments.seed)?;
    if let Some(warning) = songs.warning {
        eprintln!("{warning}");
    }
    let config = arguments.settings.for_songs(config, &songs.all)?;
    let device = open_device(arguments.device)?;
    let [train, valid] = arguments.set.train_and_valid(&songs.all)?;
    let output = &arguments.output;
    TrainingRun::on_songs(&config, &train, &valid, &device, output, arguments.resume)?.train()?;

    let path = output.join("model.safetensors");
    let (predictor, model_bytes) = read_model(&path)?;
    let model = predictor.model();
    let progress = Progress::new("evaluating", valid.len());
    let task = Task::of(&valid, config.head);
    let examples = Examples::Songs(&valid);
    let found = task.evaluate(&predictor, examples, Corruption::Clean, &progress)?;
    drop(progress);
    let split = artists_in_both(&train, &valid);
    let card_path = output.join("card.json");
    let title = format!("Training of {} on {}", config.architecture, config.data);
    match found {
        Evaluation::Tags(found) => {
            let (found, _) = *found;
            tags::print(&found, false)?;
            let card = TagCard::new(&config, model, &found, split);
            ModelCard::Tags(Box::new(card)).write(&card_path)?;
            eprintln!("{}", shown(&card_path));
            if let Some(folder) = &arguments.report {
                let epochs = report::epochs_of(&output.join("metrics.csv"))?;
                tags::write_report(title, found, epochs, folder)?;
            }
        }
        Evaluation::Genres(found) => {
            let (report, _) = *found;
            for error in &report.errors {
                eprintln!("{}: {}", visible(&error.path), visible(&error.error));
            }
            print_report(&report, false)?;
            if let Some(folder) = &arguments.report {
                write_report(folder, &contents(title, &report, output)?)?;
            }
            let corrupted = corrupted_accuracies(&predictor, &valid)?;
            let card = GenreCard::new(&config, (model, model_bytes), &report, split, corrupted);
            ModelCard::Genres(Box::new(card)).write(&card_path)?;
            eprintln!("{} and {}", shown(&path), shown(&card_path));
        }
    }
    Ok(())
}

/// Accuracy on the same clips after each corruption.
fn corrupted_accuracies(
    predictor: &Predictor,
    songs: &[Song],
) -> anyhow::Result<BTreeMap<&'static str, f64>> {
    let mut accuracies = BTreeMap::new();
    for (name, corruption) in [
        ("a telephone, 300 to 3,400 Hz", Corruption::Phone),
        ("a tenth of the amplitude, −20 dB", Corruption::Quiet),
    ] {
        let progress = Progress::new("evaluating", songs.len()).quiet();
        let report = evaluate(predictor, songs, corruption, &progress)?;
        accuracies.insert(name, report.accuracy);
    }
    Ok(accuracies)
}

/// The page of a training: its curves, and how well its model does on the validation split.
fn contents(title: String, report: &Report, run: &Path) -> anyhow::Result<Contents> {
    Ok(Contents {
        title,
        notes: vec![
            "Evaluated on the validation split, which the best epoch was chosen by.".to_owned(),
        ],
        warnings: report.warning.into_iter().map(str::to_owned).collect(),
        evaluation: Some(report.clone()),
        epochs: report::epochs_of(&run.join("metrics.csv"))?,
        ..Contents::default()
    })
}
