//! The time that a network takes, on any machine that has a clock.

use super::{Model, ModelError};

/// Examples that are timed.
const TIMED: usize = 5;

/// Milliseconds of examples before those: a WebAssembly engine compiles a second time, and better, what
/// has run for a while.
const WARM_UP: f64 = 500.0;
/// Those examples at most.
const MOST: usize = 5_000;

/// Milliseconds for one example alone on the model's device: the median of five. `clock` gives milliseconds since
/// any moment.
///
/// # Errors
/// If the device fails.
pub async fn milliseconds(model: &Model, clock: impl Fn() -> f64) -> Result<f64, ModelError> {
    let parts: Vec<Vec<f32>> = model
        .normalise
        .iter()
        .zip(model.input().shapes())
        .map(|(part, [_, columns])| {
            let rows = part.mean.iter();
            rows.flat_map(|&mean| vec![mean; columns]).collect()
        })
        .collect();
    let begun = clock();
    // A clock that stands still must not hold it for ever.
    for _ in 0..MOST {
        model.predict(&parts).await?;
        if clock() - begun >= WARM_UP {
            break;
        }
    }
    let mut times = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        let started = clock();
        model.predict(&parts).await?;
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
        let model = Model::on_processor(include_bytes!("../../../models/two-stream.safetensors"));
        // What the clock shows: at first, after each of two that warm up, and before and after each of
        // those that are timed, which take 9, 2, 40, 3 and 4.
        let shown = [
            0.0, 300.0, 600.0, 600.0, 609.0, 610.0, 612.0, 620.0, 660.0, 670.0, 673.0, 680.0, 684.0,
        ];
        let at = Cell::new(0);
        let clock = || shown[at.replace(at.get() + 1)];
        let model = model.expect("the shipped model");
        let found = pollster::block_on(milliseconds(&model, clock)).expect("a time");
        assert_eq!((found, at.get()), (4.0, shown.len()));
    }
}
