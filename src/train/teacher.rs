//! Teachers: what gives an embedding of a clip that pseudo-labels are made from.

use super::error::TrainError;
use soundalike_core::audio::Clip;

/// A network beside the one that heads are fitted to. What both make of a clip gives better pseudo-labels than either
/// alone.
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
