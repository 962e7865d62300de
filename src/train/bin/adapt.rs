//! `trainer adapt`: features that are robust to corruptions of the recording.

use std::path::PathBuf;

use anyhow::bail;
use burn::tensor::Device;
use soundalike_core::model::WeightPrecision;
use soundalike_datasets as datasets;
use soundalike_datasets::names::shown;
use soundalike_datasets::output::OutputError;
use soundalike_train::{Adaptation, adapt, save_model};

use crate::files::read_model;

#[derive(clap::Args)]
pub struct AdaptArguments {
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

/// Adapts a model and writes it.
pub fn adapt_model(arguments: &AdaptArguments) -> anyhow::Result<()> {
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
    let (predictor, _) = read_model(&arguments.from)?;
    let songs = datasets::open(&arguments.data, arguments.seed)?;
    let adaptation = Adaptation {
        steps: arguments.steps,
        learning_rate: arguments.lr,
        seed: arguments.seed,
        ..Adaptation::default()
    };
    let mut model = adapt(predictor.model(), &songs, &adaptation, &device)?;
    model.storage = WeightPrecision::Single;
    save_model(model, &arguments.output, &device)?;
    eprintln!("{}", shown(&arguments.output));
    Ok(())
}
