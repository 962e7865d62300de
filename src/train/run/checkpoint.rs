//! Checkpoints: what a run that was killed at any moment is resumed from.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::store::RecordError;
use burn::tensor::Device;

use super::folder::RunFolder;
use super::state::TrainingState;
use crate::config::TrainingConfig;
use crate::ema::Ema;
use crate::error::TrainError;
use soundalike_core::model::Weights;
use soundalike_datasets::output::OutputError;

const CONFIG: &str = "recipe.json";
const STATE: &str = "state.json";
const AVERAGE: &str = "average.bpk";
const NETWORK: &str = "network.bpk";
const OPTIMIZER: &str = "optimizer.bpk";

fn unusable(checkpoint: &Path, cause: String) -> TrainError {
    TrainError::Checkpoint {
        folder: checkpoint.to_owned(),
        cause,
    }
}

/// Puts the last checkpoint of a folder into a fresh state; without one the state stays as it is. `device` is
/// the one with gradients.
pub(super) fn resume(
    state: TrainingState,
    config: &TrainingConfig,
    device: &Device,
    folder: &RunFolder,
) -> Result<TrainingState, TrainError> {
    let checkpoint = [folder.checkpoint(), folder.old_checkpoint()]
        .into_iter()
        .find(|checkpoint| checkpoint.exists());
    // Killed in its first epoch, a run has nothing to be resumed from and begins again.
    let Some(checkpoint) = checkpoint else {
        return Ok(state);
    };
    let unusable = |cause: String| unusable(&checkpoint, cause);
    let text = |name: &str| {
        fs::read_to_string(checkpoint.join(name)).map_err(|e| unusable(format!("{name}: {e}")))
    };
    let earlier: TrainingConfig =
        serde_json::from_str(&text(CONFIG)?).map_err(|e| unusable(e.to_string()))?;
    // Epochs and patience may be raised; anything else would be another training.
    if (TrainingConfig {
        epochs: config.epochs,
        patience: config.patience,
        ..earlier
    }) != *config
    {
        return Err(unusable(
            "it was made with other settings; use the same ones, or another folder".to_owned(),
        ));
    }
    let stopping = serde_json::from_str(&text(STATE)?).map_err(|e| unusable(e.to_string()))?;
    let broken = |name: &str, e: RecordError| unusable(format!("{name}: {e}"));
    let average = config
        .architecture
        .init(device)
        .try_load_file(checkpoint.join(AVERAGE))
        .map_err(|e| broken(AVERAGE, e))?;
    Ok(TrainingState {
        ema: Ema::new(&average, config.ema_decay),
        network: state
            .network
            .try_load_file(checkpoint.join(NETWORK))
            .map_err(|e| broken(NETWORK, e))?,
        optimizer: state
            .optimizer
            .load(checkpoint.join(OPTIMIZER))
            .map_err(|e| unusable(format!("{OPTIMIZER}: {e}")))?,
        stopping,
    })
}

/// Writes a checkpoint beside the last one, whose place it then takes.
pub(super) fn keep(
    config: &TrainingConfig,
    state: &TrainingState,
    folder: &RunFolder,
) -> Result<(), TrainError> {
    let (target, fresh, old) = (
        folder.checkpoint(),
        folder.new_checkpoint(),
        folder.old_checkpoint(),
    );
    let failed = |e: std::io::Error| TrainError::from(OutputError::io(&fresh, e));
    let remove = |folder: &Path| -> Result<(), TrainError> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(failed)?;
        }
        Ok(())
    };
    remove(&fresh)?;
    fs::create_dir_all(&fresh).map_err(failed)?;
    write(config, state, &fresh)?;
    remove(&old)?;
    if target.exists() {
        fs::rename(&target, &old).map_err(failed)?;
    }
    fs::rename(&fresh, &target).map_err(failed)?;
    remove(&old)
}

/// Writes the files of a checkpoint.
fn write(config: &TrainingConfig, state: &TrainingState, fresh: &Path) -> Result<(), TrainError> {
    let failed = |e: std::io::Error| TrainError::from(OutputError::io(fresh, e));
    let record = |e: RecordError| unusable(fresh, e.to_string());
    let json = |value: serde_json::Result<String>, name: &str| {
        let text = value.map_err(|e| unusable(fresh, e.to_string()))?;
        fs::write(fresh.join(name), text).map_err(failed)
    };
    json(serde_json::to_string_pretty(config), CONFIG)?;
    json(serde_json::to_string(&state.stopping), STATE)?;
    let network = &state.network;
    let average = Weights::of(state.ema.network()).apply(network.clone())?;
    average.save_file(fresh.join(AVERAGE)).map_err(record)?;
    network
        .clone()
        .save_file(fresh.join(NETWORK))
        .map_err(record)?;
    state
        .optimizer
        .save(fresh.join(OPTIMIZER))
        .map_err(record)?;
    Ok(())
}
