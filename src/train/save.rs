//! Writing a model's file.

use std::path::Path;

use burn::tensor::Device;

use super::error::TrainError;
use soundalike_core::model::Model;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::output::write_whole;

/// Writes a model's file, with the reference outputs that its rounded weights give.
///
/// # Errors
/// If the model fails or the file cannot be written.
pub fn save_model(mut model: Model, path: &Path, device: &Device) -> Result<(), TrainError> {
    let rounded = Predictor::from_bytes(&model.to_bytes()?, device)?;
    model.reference_outputs = Some(pollster::block_on(rounded.reference_outputs())?);
    Ok(write_whole(path, &model.to_bytes()?)?)
}
