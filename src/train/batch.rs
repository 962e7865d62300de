//! Batches and the sources that they are drawn from.

use super::config::TrainingConfig;
use soundalike_core::model::Normalise;

/// A batch: normalised windows and their targets.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Of each part of the network's input, `[size, rows, columns]`.
    pub inputs: Vec<Vec<f32>>,
    /// `[size, genres]`: target probabilities of genres or tags.
    pub targets: Vec<f32>,
    /// Number of windows.
    pub size: usize,
}

/// Labelled examples that batches are drawn from.
pub trait BatchSource: Sync {
    /// Number of clips or rows, augmented copies counted.
    fn clips(&self) -> usize;

    /// Number of windows: the size of an epoch.
    fn windows(&self) -> usize;

    /// Of each part of the input, the normalisation.
    fn normalisation(&self, config: &TrainingConfig) -> Vec<Normalise>;

    /// The batches of one epoch, drawn with `seed`.
    fn epoch<'a>(
        &'a self,
        config: &'a TrainingConfig,
        normalisation: &'a [Normalise],
        seed: u64,
    ) -> Box<dyn Iterator<Item = Batch> + 'a>;

    /// Number of batches of an epoch.
    fn batches(&self, config: &TrainingConfig) -> usize {
        self.windows().div_ceil(config.batch_size)
    }
}
