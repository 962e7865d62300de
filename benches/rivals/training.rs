//! A step of the shipped network's training, as `trainer adapt` takes it.

use anyhow::{Context, Result};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use soundalike_core::model::Model;

/// Segments of a step.
pub const BATCH: usize = 32;
/// Rate of learning; the time does not depend on it.
const RATE: f64 = 1e-4;

/// One step: the features of [`BATCH`] segments, their mean squared distance from others, its gradients, and Adam. In
/// milliseconds.
///
/// # Errors
/// If the file is no model that has features.
pub fn step(clock: &impl Fn() -> f64, bytes: &[u8]) -> Result<f64> {
    let device = Device::flex().autodiff();
    let model = Model::from_bytes(bytes, &Device::flex())?;
    let mut network = model.weights().apply(model.architecture.init(&device))?;
    let [rows, columns] = *model.input().shapes().first().context("it has no input")?;
    let mut value = crate::noise(1);
    let input: Vec<f32> = (0..BATCH * rows * columns).map(|_| value()).collect();
    let mut optimizer = AdamConfig::new().init();
    crate::median(clock, crate::FEW, || {
        let parts = model.input().tensors(std::slice::from_ref(&input), &device);
        let features = network.features(parts).context("it has no features")?;
        let targets = TensorData::new(vec![0.5; features.shape().num_elements()], features.dims());
        let distance = features - Tensor::<2>::from_data(targets, &device);
        let loss = (distance.clone() * distance).mean();
        // The trainer looks at every loss.
        loss.clone().into_scalar::<f32>();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(RATE, network.clone(), gradients);
        Ok(())
    })
}
