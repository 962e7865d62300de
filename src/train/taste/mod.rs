//! Taste models of many participants: reading their answers, simulating answers, fitting a population, and
//! evaluating how well ratings are predicted.

mod answers;
mod baselines;
mod embeddings;
mod evaluate;
mod factors;
mod favourite;
mod hamming;
mod networks;
mod population;
mod resampling;
mod scores;
mod simulate;
#[cfg(test)]
mod tests;

pub use answers::{Answers, AnswersError, Participant};
pub use evaluate::{TasteReport, evaluate, with_networks};
pub use hamming::HammingRow;
pub use scores::{MethodScores, PersonalScores};
pub use simulate::{GroundTruth, Scenario, Simulation, simulate};
