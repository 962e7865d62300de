//! What `node.mjs` calls.

use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::*;

fn clock(now: &Function) -> impl Fn() -> f64 {
    let now = now.clone();
    move || {
        let time = now.call0(&JsValue::NULL).ok();
        time.and_then(|time| time.as_f64()).unwrap_or(f64::NAN)
    }
}

fn thrown(error: anyhow::Error) -> JsError {
    JsError::new(&format!("{error:#}"))
}

/// See [`crate::model`]; `now` is `performance.now`.
///
/// # Errors
/// If the bytes are no such model.
#[wasm_bindgen]
pub fn model(bytes: &[u8], now: &Function) -> Result<f64, JsError> {
    crate::model(&clock(now), bytes).map_err(thrown)
}

/// See [`crate::log_mel`].
///
/// # Errors
/// Never.
#[wasm_bindgen(js_name = logMel)]
pub fn log_mel(now: &Function) -> Result<f64, JsError> {
    crate::log_mel(&clock(now)).map_err(thrown)
}

/// See [`crate::search`].
///
/// # Errors
/// If there are no rows.
#[wasm_bindgen]
pub fn search(now: &Function, rows: usize) -> Result<f64, JsError> {
    crate::search(&clock(now), rows).map_err(thrown)
}

/// See [`crate::bytes_to_log_mel`].
///
/// # Errors
/// If the bytes cannot be decoded.
#[wasm_bindgen(js_name = fileToLogMel)]
pub fn file_to_log_mel(sound: &[u8], now: &Function) -> Result<f64, JsError> {
    crate::bytes_to_log_mel(&clock(now), sound).map_err(thrown)
}
