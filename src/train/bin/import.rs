//! `trainer import`: models of published weights.

use std::path::PathBuf;

use burn::tensor::Device;
use clap::Subcommand;
use soundalike_datasets::names::shown;
use soundalike_train::{import_musicnn, save_model};

#[derive(Subcommand)]
pub enum ImportCommand {
    /// MusiCNN (Pons et al.): a model of 50 tags that every two-stream model is initialised with
    Musicnn {
        /// Folder with musicnn_msd_weights.safetensors and tags.txt
        folder: PathBuf,
        /// Where to write the model
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Writes MusiCNN as a model.
pub fn import(command: &ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::Musicnn { folder, output } = command;
    let device = Device::flex();
    let model = import_musicnn(folder, &device)?;
    save_model(model, output, &device)?;
    eprintln!("{}", shown(output));
    Ok(())
}
