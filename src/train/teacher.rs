//! Teachers: networks whose embeddings pseudo-labels are made from.

use super::error::TrainError;
use soundalike_core::audio::Clip;

/// A network beside the one that heads are fitted to. The features of both together give better pseudo-labels than those
/// of either alone.
pub trait Teacher: Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// Length of its embedding.
    fn width(&self) -> usize;

    /// The embedding `[width]` of a clip of any sample rate.
    ///
    /// # Errors
    /// If it cannot be computed.
    fn embedding(&self, clip: &Clip) -> Result<Vec<f32>, TrainError>;
}
