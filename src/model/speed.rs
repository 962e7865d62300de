//! The time that a network takes, on any machine that has a clock.

use burn::tensor::Device;

use super::{Model, ModelError};

/// Examples that are timed, after one that warms up.
const TIMED: usize = 5;

/// Milliseconds for one example alone on a device: the median of five. `clock` gives milliseconds since
/// any moment.
///
/// # Errors
/// If the device fails.
pub async fn milliseconds(
    model: &Model,
    device: &Device,
    clock: impl Fn() -> f64,
) -> Result<f64, ModelError> {
    let parts: Vec<Vec<f32>> = model
        .normalise
        .iter()
        .zip(model.input().shapes())
        .map(|(part, [_, columns])| {
            let rows = part.mean.iter();
            rows.flat_map(|&mean| vec![mean; columns]).collect()
        })
        .collect();
    model.hear(&parts, device).await?;
    let mut times = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        let started = clock();
        model.hear(&parts, device).await?;
        times.push(clock() - started);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMED / 2])
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_middle_one_of_five_examples_counts() {
        let device = Device::flex();
        let model = Model::from_bytes(
            include_bytes!("../../models/two-stream.safetensors"),
            &device,
        );
        // What the clock shows before and after each example: they take 9, 2, 40, 3 and 4.
        let shown = [0.0, 9.0, 10.0, 12.0, 20.0, 60.0, 70.0, 73.0, 80.0, 84.0];
        let at = Cell::new(0);
        let clock = || shown[at.replace(at.get() + 1)];
        let model = model.expect("the shipped model");
        let found = pollster::block_on(milliseconds(&model, &device, clock)).expect("a time");
        assert_eq!((found, at.get()), (4.0, 10));
    }
}
