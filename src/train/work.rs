//! How much work a network is: operations per example, and the time that they take here.

use std::time::Instant;

use burn::tensor::Device;

use super::TrainError;
use crate::model::{Model, ModelError};

/// Examples that are timed, after one that warms up.
const TIMED: usize = 5;

/// Milliseconds for one example alone on a device: the median of five.
///
/// # Errors
/// If the device fails.
pub fn milliseconds(model: &Model, device: &Device) -> Result<f64, TrainError> {
    let parts: Vec<Vec<f32>> = model
        .normalise
        .iter()
        .zip(model.input().shapes())
        .map(|(part, [_, columns])| {
            let rows = part.mean.iter();
            rows.flat_map(|&mean| vec![mean; columns]).collect()
        })
        .collect();
    let hear =
        || -> Result<(), ModelError> { pollster::block_on(model.hear(&parts, device)).map(|_| ()) };
    hear()?;
    let mut times = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        let started = Instant::now();
        hear()?;
        times.push(1e3 * started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMED / 2])
}
