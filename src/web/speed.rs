//! How long a network takes in this module: what `trainer compare` asks.

use wasm_bindgen::prelude::*;

use super::error::{Subject, Thrown};
use super::now;
use soundalike_core::model::{Model, milliseconds};

/// Milliseconds that the model of a file takes for one segment on the processor.
///
/// # Errors
/// If the bytes are no model, or the device fails.
#[wasm_bindgen(js_name = millisecondsPerSegment)]
pub async fn milliseconds_per_segment(model: Vec<u8>) -> Result<f64, Thrown> {
    let model = Model::on_processor(&model).map_err(|e| Thrown::about(Subject::Model, &e))?;
    Ok(milliseconds(&model, now).await?)
}
