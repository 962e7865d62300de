//! Trains and evaluates models.

mod compare;
mod heads;
mod sets;
mod sweep;
mod table;
mod tags;
mod taste;
mod wasm;

use soundalike_datasets::output::{OutputError, make_folder, write_whole};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use burn::tensor::Device;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use sets::SetArguments;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{Architecture, Calibration, GENRES, Head, WeightPrecision};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::terminal::print_events;
use soundalike_datasets::{self as datasets, FeatureTable, Song, Split};
use soundalike_shipped as shipped;
use soundalike_train::metrics::{GenreScore, Reliability};
use soundalike_train::report::{self, Contents, EvaluatedClips};
use soundalike_train::{
    Adaptation, Augmentation, Corruption, DeviceName, Optimizer, Precision, Report, TrainingConfig,
    WaveformAugmentation, adapt, evaluate, evaluate_in_detail, evaluate_tags, fit, import_musicnn,
    open_device, save_model,
};

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model on an index, a folder of genres or a feature table
    Train(TrainArguments),
    /// Make a model of published weights
    #[command(subcommand)]
    Import(ImportCommand),
    /// Make a model's features the same through telephones, equalisers, codecs and noise
    Adapt(AdaptArguments),
    /// Simulate, learn from and measure people's answers
    #[command(subcommand)]
    Taste(taste::TasteCommand),
    /// Train several architectures on the same clips and print them side by side
    Compare(compare::CompareArguments),
    /// Train with several values of one setting and draw their curves
    Sweep(sweep::SweepArguments),
    /// Measure a model on labelled clips
    Evaluate {
        #[command(flatten)]
        set: SetArguments,
        /// Which clips
        #[arg(long, value_enum, default_value = "test")]
        split: SplitName,
        /// Model file instead of the shipped one
        #[arg(long)]
        model: Option<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        /// Seed of a split that is drawn
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Fit the heads anew in this many folds and measure on the clips left out, over all labelled clips
        #[arg(long, value_name = "FOLDS", conflicts_with_all = ["report", "split", "through"])]
        cross_validate: Option<usize>,
        /// Of --cross-validate, the sets whose labels are used, instead of those that the model learnt from
        #[arg(
            long,
            value_name = "SET",
            value_delimiter = ',',
            requires = "cross_validate"
        )]
        sets: Vec<String>,
        /// Of --cross-validate, the folder of a second teacher, YAMNet: pseudo-labels of all other music of the set are
        /// learnt beside the labels
        #[arg(long, value_name = "DIR", requires = "cross_validate")]
        pseudo_labels: Option<PathBuf>,
        /// What the clips go through first
        #[arg(long, value_enum, default_value = "clean")]
        through: CorruptionName,
        /// Folder for report.html, a page with every figure, and report.json
        #[arg(long, value_name = "DIR")]
        report: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum ImportCommand {
    /// MusiCNN (Pons et al.): a model of 50 tags that every two-stream model begins with
    Musicnn {
        /// Folder with musicnn_msd_weights.safetensors and tags.txt
        folder: PathBuf,
        /// Where to write the model
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(clap::Args)]
struct AdaptArguments {
    /// The model, as `trainer import` writes it
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// INDEX.csv or a folder of music; genres do not matter
    #[arg(long)]
    data: PathBuf,
    /// Steps of the optimiser
    #[arg(long, default_value_t = 3000)]
    steps: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 1e-3)]
    lr: f64,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write the adapted model
    #[arg(short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(clap::Args)]
struct TrainArguments {
    #[command(flatten)]
    set: SetArguments,
    /// Architecture: two-stream, two-stream-rescnn (Tairi et al.), conv1d, conv2d, crnn (patel's, with a size in millions of parameters such
    /// as crnn@0.25), sample-cnn, vector-cnn, vector-mlp, logmel-cnn, mfcc-cnn, mfcc-crnn, dwt-cnn,
    /// stft-cnn, multimodal or resnet18
    #[arg(long, default_value = "two-stream")]
    arch: Architecture,
    #[command(flatten)]
    settings: Settings,
    /// A two-stream model whose network is taken: only heads are fitted to it, in a minute for 200 clips
    #[arg(long, value_name = "MODEL", conflicts_with_all = [
        "epochs", "lr", "patience", "batch", "optimizer", "dropout", "mixup", "augment", "specaugment", "copies",
        "device", "resume", "report",
    ])]
    from: Option<PathBuf>,
    /// With --from, the sets whose labels are learnt, such as gtzan,misc; all if none is named
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
    /// Go on from the last checkpoint in the folder
    #[arg(long)]
    resume: bool,
    /// Folder for report.html, a page with the curves of the training, and report.json
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// What every training can be told, instead of the defaults of its architecture.
#[derive(Clone, Debug, clap::Args)]
struct Settings {
    /// Passes over the training data, at most
    #[arg(long)]
    epochs: Option<usize>,
    /// Highest learning rate
    #[arg(long)]
    lr: Option<f64>,
    /// Epochs without a better validation score (macro F1, of tags mean average precision) before it stops
    #[arg(long)]
    patience: Option<usize>,
    /// Crops per step
    #[arg(long)]
    batch: Option<usize>,
    /// softmax, one genre of several, or sigmoid, each of them with a probability of its own; songs with
    /// tags always take sigmoid
    #[arg(long)]
    head: Option<Head>,
    /// What moves the weights: adamw, adam or sgd
    #[arg(long)]
    optimizer: Option<Optimizer>,
    /// Share that is dropped at random before the last layer
    #[arg(long)]
    dropout: Option<f64>,
    /// Parameter of mixup's Beta distribution, 0 for none
    #[arg(long)]
    mixup: Option<f64>,
    /// Whether log-mel pictures of three seconds are varied at every step
    #[arg(long, value_name = "true|false")]
    augment: Option<bool>,
    /// Whether stripes of the pictures are hidden at every step (SpecAugment); without being told, those
    /// of varied log-mel pictures are
    #[arg(long, value_name = "true|false")]
    specaugment: Option<bool>,
    /// Varied copies of each clip beside the clip itself
    #[arg(long, default_value_t = 0)]
    copies: usize,
    /// Of the copies, the greatest shift of pitch in semitones
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    pitch: f64,
    /// Of the copies, the greatest change of speed, as a share
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    stretch: f64,
    /// Of the copies, the loudest noise, in dB below the sound
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    noise: f64,
    /// Of the copies, the greatest change of level in dB
    #[arg(long, default_value_t = 0.0, requires = "copies")]
    volume: f64,
}

impl Settings {
    /// The recipe with these settings; wrong ones end the program as wrong usage does.
    fn apply(&self, mut recipe: TrainingConfig) -> TrainingConfig {
        recipe.epochs = self.epochs.unwrap_or(recipe.epochs);
        recipe.learning_rate = self.lr.unwrap_or(recipe.learning_rate);
        recipe.patience = self.patience.unwrap_or(recipe.patience);
        recipe.batch_size = self.batch.unwrap_or(recipe.batch_size);
        recipe.optimizer = self.optimizer.unwrap_or(recipe.optimizer);
        recipe.head = self.head.unwrap_or(recipe.head);
        recipe.mixup = self.mixup.unwrap_or(recipe.mixup);
        if let Some(dropout) = self.dropout {
            recipe.architecture = recipe.architecture.with_dropout(dropout);
        }
        if self.augment == Some(false) {
            recipe.augmentation = Augmentation::NONE;
        }
        if let Some(masked) = self.specaugment {
            let from = if masked {
                Augmentation::default()
            } else {
                Augmentation::NONE
            };
            recipe.augmentation.mask_bands = from.mask_bands;
            recipe.augmentation.mask_frames = from.mask_frames;
            recipe.spec_augment = masked;
        }
        recipe.variation = WaveformAugmentation {
            copies: self.copies,
            pitch: self.pitch,
            stretch: self.stretch,
            noise: self.noise,
            volume: self.volume,
        };
        recipe.checked().unwrap_or_else(|error| {
            Arguments::command()
                .error(ErrorKind::ValueValidation, error)
                .exit()
        })
    }
}

impl Settings {
    /// Gives the recipe what the songs are of: their genres or tags, as many outputs, and where they have
    /// tags the head for them.
    fn fit_to(&self, recipe: &mut TrainingConfig, songs: &[Song]) -> anyhow::Result<()> {
        if datasets::tagged(songs) {
            if self.head == Some(Head::Softmax) {
                bail!(
                    "a softmax tells one genre of several, and these songs have tags, many at once; leave out --head"
                );
            }
            recipe.head = Head::Sigmoid;
            recipe.genres = datasets::tags_of(&of_split(songs, Split::Train));
        } else {
            recipe.genres = genres_of(songs);
        }
        recipe.data = collections(songs);
        recipe.architecture = recipe.architecture.clone().with_genres(recipe.genres.len());
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Valid,
    Test,
    Extra,
    /// Every labelled clip
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum CorruptionName {
    /// As they are
    Clean,
    /// Nothing below 300 Hz and above 3,400 Hz
    Phone,
    /// At −20 dB
    Quiet,
}

impl From<CorruptionName> for Corruption {
    fn from(name: CorruptionName) -> Self {
        match name {
            CorruptionName::Clean => Self::Clean,
            CorruptionName::Phone => Self::Phone,
            CorruptionName::Quiet => Self::Quiet,
        }
    }
}

impl SplitName {
    fn takes(self, split: Split) -> bool {
        match self {
            Self::Train => split == Split::Train,
            Self::Valid => split == Split::Valid,
            Self::Test => split == Split::Test,
            Self::Extra => split == Split::Extra,
            Self::All => true,
        }
    }
}

/// The model card that `train` writes beside the model.
#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    data: CardData,
    accuracy: CardAccuracy<'a>,
    per_genre: &'a BTreeMap<String, GenreScore>,
    limits: [String; 3],
    genres: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    calibration: Calibration,
    reliability: &'a [Reliability],
    precision_of_others: &'a BTreeMap<&'static str, Precision>,
    /// Rows are the true genre, columns what was called.
    confusion: &'a [Vec<usize>],
    architecture: String,
    parameters: usize,
    model_bytes: usize,
    model_sha256: &'a str,
    epoch: usize,
    front_end: &'a FrontEnd,
    recipe: &'a TrainingConfig,
}

#[derive(Serialize)]
struct CardData {
    collection: String,
    clips_learnt_from: usize,
    clips_that_chose: usize,
    split: String,
}

/// What `trainer evaluate --split valid` prints.
#[derive(Serialize)]
struct CardAccuracy<'a> {
    measured_on: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    clips: usize,
    accuracy: f64,
    accuracy_interval: [f64; 2],
    macro_f1: f64,
    auc_macro: Option<f64>,
    expected_calibration_error: f64,
    precision_at_1: Option<f64>,
    precision_at_5: Option<f64>,
    precision_at_10: Option<f64>,
    segment_accuracy: f64,
    /// Accuracy on the same clips after each of these.
    heard_through: BTreeMap<&'a str, f64>,
}

/// What every model that is trained from labels alone is bad at.
fn limits(genres: usize, clips: usize) -> [String; 3] {
    [
        format!(
            "It knows {genres} genres; it answers with one of them whatever it hears, speech and noise included."
        ),
        format!("It learnt from {clips} clips and does not generalise far beyond them."),
        "The validation split also chose the best epoch, so on other music it does a little worse."
            .to_owned(),
    ]
}

/// Whether artists, or pieces of one song, are on both sides, as far as they are known.
fn split_by_artist(train: &[Song], valid: &[Song]) -> String {
    if let Some(warning) = datasets::warning(train) {
        return warning.to_owned();
    }
    let artists = |songs: &[Song]| -> BTreeSet<String> {
        let known = songs.iter().map(|song| song.track.artist.to_lowercase());
        known.filter(|artist| !artist.is_empty()).collect()
    };
    let (train, valid) = (artists(train), artists(valid));
    if train.is_empty() || valid.is_empty() {
        return "no artist is known, so some may be in both".to_owned();
    }
    match train.intersection(&valid).count() {
        0 => "no known artist is in both".to_owned(),
        shared => format!("{shared} artists are in both, so the accuracy flatters"),
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    print_events();
    let done = match command {
        Command::Train(arguments) => train(arguments),
        Command::Import(ImportCommand::Musicnn { folder, output }) => {
            import(&folder, &output).map(|()| true)
        }
        Command::Adapt(arguments) => adapt_model(&arguments).map(|()| true),
        Command::Taste(command) => taste::run(command),
        Command::Compare(arguments) => compare::compare(&arguments).map(|()| true),
        Command::Sweep(arguments) => sweep::sweep(&arguments).map(|()| true),
        Command::Evaluate {
            set,
            model,
            json,
            seed,
            cross_validate: Some(folds),
            sets,
            pseudo_labels,
            ..
        } => {
            if FeatureTable::is_at(&set.data) {
                refuse(
                    "a table of features has no sound, so nothing can be cross-validated; leave out --cross-validate",
                );
            }
            let teacher = pseudo_labels.as_deref();
            cross_validate(&set, &sets, model.as_deref(), teacher, folds, json, seed)
        }
        Command::Evaluate {
            set,
            split,
            model,
            json,
            seed,
            through,
            report,
            ..
        } => measure(
            &set,
            split,
            model.as_deref(),
            json,
            seed,
            through.into(),
            report.as_deref(),
        ),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("trainer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends the program as wrong usage does.
fn refuse(why: &str) -> ! {
    Arguments::command()
        .error(ErrorKind::ArgumentConflict, why)
        .exit()
}

fn train(arguments: TrainArguments) -> anyhow::Result<bool> {
    let mut recipe = TrainingConfig::new(arguments.arch.clone(), Vec::new());
    recipe.seed = arguments.seed;
    let mut recipe = arguments.settings.apply(recipe);
    // Folders that cannot be made are better known before the work than after it.
    for folder in std::iter::once(&arguments.output).chain(&arguments.report) {
        if folder.is_file() {
            bail!(OutputError::NotAFolder(folder.clone()));
        }
    }
    if FeatureTable::is_at(&arguments.set.data) {
        if arguments.from.is_some() {
            bail!("a table of features has no sound that a model could hear; leave out --from");
        }
        return table::train(recipe, &arguments).map(|()| true);
    }
    if let Some(from) = &arguments.from {
        if !matches!(arguments.arch, Architecture::TwoStream(_)) {
            refuse("--from takes the network of a two-stream model; leave out --arch");
        }
        return heads::train(&arguments, from);
    }
    let songs = arguments.set.open(arguments.seed)?;
    datasets::check(&arguments.set.data, &songs)?;
    if let Some(warning) = datasets::warning(&songs) {
        eprintln!("{warning}");
    }
    arguments.settings.fit_to(&mut recipe, &songs)?;
    let device = open_device(arguments.device)?;
    let (train, valid) = (
        of_split(&songs, Split::Train),
        of_split(&songs, Split::Valid),
    );
    if train.is_empty() || valid.is_empty() {
        bail!(
            "{}: has {} clips to train on and {} to choose by; both are needed",
            arguments.set.data.display(),
            train.len(),
            valid.len()
        );
    }
    fit(
        &recipe,
        &train,
        &valid,
        &device,
        &arguments.output,
        arguments.resume,
    )?;

    let path = arguments.output.join("model.safetensors");
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let predictor = Predictor::from_bytes(&bytes, Device::flex())?;
    if datasets::tagged(&songs) {
        return tags::finish(&recipe, &predictor, [&train, &valid], &arguments).map(|()| true);
    }
    let progress = Progress::new("evaluating", valid.len());
    let report = evaluate(&predictor, &valid, Corruption::Clean, &progress)?;
    drop(progress);
    for error in &report.errors {
        eprintln!("{}: {}", error.path, error.error);
    }
    print_report(&report, false)?;
    if let Some(folder) = &arguments.report {
        write_training_report(&recipe, &report, &arguments.output, folder)?;
    }
    let model = predictor.model();
    let mut heard_through = BTreeMap::new();
    for (name, through) in [
        ("a telephone, 300 to 3,400 Hz", Corruption::Phone),
        ("a tenth of the amplitude, −20 dB", Corruption::Quiet),
    ] {
        let progress = Progress::new("evaluating", valid.len()).quiet();
        let changed = evaluate(&predictor, &valid, through, &progress)?;
        heard_through.insert(name, changed.accuracy);
    }
    let card = Card {
        name: "Soundalike genre model",
        data: CardData {
            collection: recipe.data.clone(),
            clips_learnt_from: model.training.train_clips,
            clips_that_chose: report.clips,
            split: split_by_artist(&train, &valid),
        },
        accuracy: CardAccuracy {
            measured_on: "the clips that chose",
            warning: report.warning,
            clips: report.clips,
            accuracy: report.accuracy,
            accuracy_interval: report.accuracy_interval,
            macro_f1: report.macro_f1,
            auc_macro: report.auc_macro,
            expected_calibration_error: report.expected_calibration_error,
            precision_at_1: report.precision_at_1,
            precision_at_5: report.precision_at_5,
            precision_at_10: report.precision_at_10,
            segment_accuracy: report.segment_accuracy,
            heard_through,
        },
        per_genre: &report.per_genre,
        limits: limits(model.genres.len(), model.training.train_clips),
        genres: &model.genres,
        tags: &model.tags,
        calibration: model.calibration,
        reliability: &report.reliability,
        precision_of_others: &report.precision_of_others,
        confusion: &report.confusion,
        architecture: model.architecture.to_string(),
        parameters: model.parameters,
        model_bytes: bytes.len(),
        model_sha256: &model.sha256,
        epoch: model.training.epoch,
        front_end: &model.front_end,
        recipe: &recipe,
    };
    let card_path = arguments.output.join("card.json");
    write_whole(
        &card_path,
        format!("{}\n", serde_json::to_string_pretty(&card)?).as_bytes(),
    )?;
    eprintln!("{} and {}", path.display(), card_path.display());
    Ok(true)
}

/// Writes MusiCNN as a model.
fn import(folder: &Path, output: &Path) -> anyhow::Result<()> {
    let device = Device::flex();
    let model = import_musicnn(folder, &device)?;
    save_model(model, output, &device)?;
    eprintln!("{}", output.display());
    Ok(())
}

/// Adapts a model and writes it.
fn adapt_model(arguments: &AdaptArguments) -> anyhow::Result<()> {
    if arguments.steps == 0 || !(arguments.lr > 0.0 && arguments.lr <= 0.1) {
        bail!("--steps must be at least 1, and --lr lie above 0 and not above 0.1");
    }
    // A place that cannot be written is better known before the work than after it.
    let folder = arguments
        .output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!(OutputError::NoFolder(folder.to_owned()));
    }
    let device = Device::flex();
    let name = arguments.from.display().to_string();
    let bytes = std::fs::read(&arguments.from).with_context(|| name.clone())?;
    let mut model = Predictor::from_bytes(&bytes, device.clone())
        .context(name)?
        .model()
        .clone();
    let songs = datasets::open(&arguments.data, arguments.seed)?;
    let settings = Adaptation {
        steps: arguments.steps,
        learning_rate: arguments.lr,
        seed: arguments.seed,
        ..Adaptation::default()
    };
    model = adapt(&model, &songs, &settings, &device)?;
    model.storage = WeightPrecision::Single;
    save_model(model, &arguments.output, &device)?;
    eprintln!("{}", arguments.output.display());
    Ok(())
}

/// The page of a training: its curves, and how well its model does on the clips that chose.
fn write_training_report(
    recipe: &TrainingConfig,
    report: &Report,
    run: &Path,
    folder: &Path,
) -> anyhow::Result<()> {
    let contents = Contents {
        title: format!("How {} learnt from {}", recipe.architecture, recipe.data),
        notes: vec![
            "The clips that chose the best epoch are the ones it is measured by.".to_owned(),
        ],
        warnings: report.warning.into_iter().map(str::to_owned).collect(),
        evaluation: Some(report.clone()),
        epochs: report::epochs_of(&run.join("metrics.csv"))?,
        ..Contents::default()
    };
    report::write(folder, &contents)?;
    eprintln!("{}", folder.join("report.html").display());
    Ok(())
}

/// A model file, or the shipped model, and its name.
fn open_model(model: Option<&Path>) -> anyhow::Result<(Predictor, String)> {
    let (bytes, name) = match model {
        Some(path) => (
            std::fs::read(path).with_context(|| path.display().to_string())?,
            path.display().to_string(),
        ),
        None => (shipped::MODEL.to_vec(), "the shipped model".to_owned()),
    };
    let predictor = Predictor::from_bytes(&bytes, Device::flex()).context(name.clone())?;
    Ok((predictor, name))
}

/// Cross-validates heads on the features of a model and prints; false if some clips could not be used.
fn cross_validate(
    set: &SetArguments,
    sets: &[String],
    model: Option<&Path>,
    teacher: Option<&Path>,
    folds: usize,
    json: bool,
    seed: u64,
) -> anyhow::Result<bool> {
    let (predictor, _) = open_model(model)?;
    let own_split = set.has_own_split();
    heads::cross_validate(
        &predictor,
        set.open(seed)?,
        sets,
        teacher,
        own_split,
        folds,
        json,
    )
}

/// Evaluates and prints; false if some clips could not be heard.
fn measure(
    set: &SetArguments,
    split: SplitName,
    model: Option<&Path>,
    json: bool,
    seed: u64,
    through: Corruption,
    folder: Option<&Path>,
) -> anyhow::Result<bool> {
    let (predictor, name) = open_model(model)?;
    if FeatureTable::is_at(&set.data) {
        return table::measure(&predictor, &set.data, split, json, seed);
    }
    let songs: Vec<Song> = set
        .open(seed)?
        .into_iter()
        .filter(|song| split.takes(song.split) && !song.words().is_empty())
        .collect();
    if songs.is_empty() {
        bail!(
            "{}: has no labelled clips in this split; choose another with --split",
            set.data.display()
        );
    }
    // A folder that cannot be made is better known before the work than after it.
    if let Some(folder) = folder {
        make_folder(folder)?;
    }
    let progress = Progress::new("evaluating", songs.len());
    if datasets::tagged(&songs) {
        let (found, _) = evaluate_tags(&predictor, &songs, through, &progress)?;
        drop(progress);
        tags::print(&found, json)?;
        let all_heard = found.errors.is_empty();
        if let Some(folder) = folder {
            let title = format!("How well {name} tells the tags of {}", set.data.display());
            tags::write_report(title, found, Vec::new(), folder)?;
        }
        return Ok(all_heard);
    }
    let (report, details) = evaluate_in_detail(&predictor, &songs, through, &progress)?;
    drop(progress);
    for error in &report.errors {
        eprintln!("{}: {}", error.path, error.error);
    }
    print_report(&report, json)?;
    let all_heard = report.errors.is_empty();
    if let Some(folder) = folder {
        let heard = EvaluatedClips {
            predictor: &predictor,
            songs: &songs,
            details: &details,
        };
        let title = format!("How well {name} does on {}", set.data.display());
        report::write(folder, &Contents::of_evaluation(title, report, &heard)?)?;
        eprintln!("{}", folder.join("report.html").display());
    }
    Ok(all_heard)
}

/// The ten known genres if the training clips are of those, else whatever they are of, by name.
fn genres_of(songs: &[Song]) -> Vec<String> {
    let labels: BTreeSet<&str> = songs
        .iter()
        .filter(|song| song.split == Split::Train)
        .map(|song| song.track.genre.as_str())
        .collect();
    if labels.iter().all(|label| GENRES.contains(label)) {
        return GENRES.map(str::to_owned).to_vec();
    }
    labels.into_iter().map(str::to_owned).collect()
}

fn of_split(songs: &[Song], split: Split) -> Vec<Song> {
    songs
        .iter()
        .filter(|song| song.split == split)
        .cloned()
        .collect()
}

/// The sets that the training clips come from.
fn collections(songs: &[Song]) -> String {
    sets_of(songs.iter().filter(|song| song.split == Split::Train))
}

/// The sets that songs come from.
fn sets_of<'a>(songs: impl Iterator<Item = &'a Song>) -> String {
    let sets: BTreeSet<&str> = songs.map(|song| song.track.set.as_str()).collect();
    sets.into_iter().collect::<Vec<_>>().join(", ")
}

fn print_report(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    if let Some(warning) = report.warning {
        writeln!(out, "{warning}")?;
    }
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let [low, high] = report.accuracy_interval;
    writeln!(
        out,
        "accuracy         {} of {} clips (95 %: {} to {})",
        percent(report.accuracy),
        report.clips,
        percent(low),
        percent(high)
    )?;
    writeln!(out, "macro F1         {:.3}", report.macro_f1)?;
    let weighted = report.weighted_average;
    writeln!(
        out,
        "weighted         {:.3} precision, {:.3} recall, {:.3} F1",
        weighted.precision, weighted.recall, weighted.f1
    )?;
    let optional = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
    writeln!(out, "macro AUC        {}", optional(report.auc_macro))?;
    let mean_ap = optional(report.mean_average_precision);
    writeln!(out, "mean AP          {mean_ap}")?;
    writeln!(out, "log loss         {:.3}", report.log_loss)?;
    writeln!(
        out,
        "calibration      {:.3} expected error",
        report.expected_calibration_error
    )?;
    let row = |name: &str, at: [Option<f64>; 3]| {
        let [one, five, ten] = at.map(optional);
        format!("{name:<17}{one} at 1, {five} at 5, {ten} at 10")
    };
    let own = [
        report.precision_at_1,
        report.precision_at_5,
        report.precision_at_10,
    ];
    writeln!(out, "{}", row("precision", own))?;
    for (name, precision) in &report.precision_of_others {
        let at = [precision.at_1, precision.at_5, precision.at_10];
        let name = name.replace('_', " ");
        writeln!(out, "{}", row(&format!("  {name}"), at))?;
    }
    writeln!(
        out,
        "segment accuracy {} of {} segments",
        percent(report.segment_accuracy),
        report.segments
    )?;
    writeln!(out, "\nconfidence   right    clips")?;
    for bar in &report.reliability {
        let right = "█".repeat((bar.accuracy * 20.0).round() as usize);
        writeln!(
            out,
            "{:>3.0} to {:<4}  {:>5.1} %  {:<5}{right}",
            100.0 * bar.from,
            percent(bar.to).trim_end_matches(".0 %"),
            100.0 * bar.accuracy,
            bar.clips,
        )?;
    }
    writeln!(out, "\ngenre       precision  recall  F1     clips  called")?;
    for (index, genre) in report.genres.iter().enumerate() {
        let score = &report.per_genre[genre];
        let mut called: Vec<(usize, &String)> = report.confusion[index]
            .iter()
            .copied()
            .zip(&report.genres)
            .filter(|(count, _)| *count > 0)
            .collect();
        called.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let called: Vec<String> = called.iter().map(|(n, g)| format!("{g} {n}")).collect();
        writeln!(
            out,
            "{genre:<12}{:<11.3}{:<8.3}{:<7.3}{:<7}{}",
            score.precision,
            score.recall,
            score.f1,
            score.support,
            called.join(", ")
        )?;
    }
    Ok(())
}
