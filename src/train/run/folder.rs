//! The files of a training run.

use std::path::PathBuf;

/// The folder of a training run.
pub(super) struct RunFolder(pub(super) PathBuf);

impl RunFolder {
    /// The model of the best epoch.
    pub(super) fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    pub(super) fn metrics(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    /// The last checkpoint.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Where a checkpoint is written before it takes the place of the last one.
    pub(super) fn new_checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.new")
    }

    /// Where the last checkpoint lies for the moment in which a new one takes its place.
    pub(super) fn old_checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.old")
    }

    /// Whether it already holds a training run.
    pub(super) fn is_taken(&self) -> bool {
        self.model().exists() || self.checkpoint().exists()
    }
}
