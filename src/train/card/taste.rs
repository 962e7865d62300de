//! The card of a taste model.

use serde::Serialize;

use crate::taste::TasteReport;

/// The card of a taste model.
#[derive(Serialize)]
pub struct TasteCard<'a> {
    name: &'static str,
    simulated: bool,
    model_sha256: &'a str,
    seed: u64,
    figures: &'a TasteReport,
}

impl<'a> TasteCard<'a> {
    /// Of a taste model on the embedding of the model with that hash; `simulated` if the answers that it was fitted
    /// to are, and `seed` that of the figures.
    pub fn new(
        simulated: bool,
        model_sha256: &'a str,
        seed: u64,
        figures: &'a TasteReport,
    ) -> Self {
        Self {
            name: "Soundalike taste model",
            simulated,
            model_sha256,
            seed,
            figures,
        }
    }
}
