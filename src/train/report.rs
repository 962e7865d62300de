//! The report: one self-contained page with every figure, and every number as JSON.

mod contents;
mod figures;
mod gather;
mod page;
#[cfg(test)]
mod tests;
mod write;

pub use contents::{
    Compared, Contents, Correlations, Epoch, Pair, Places, Run, SpectrogramImage, Spot, Sweep,
};
pub use gather::{EvaluatedClips, epochs_of};
pub use write::write;
