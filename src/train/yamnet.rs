//! YAMNet (Google; trained on AudioSet, 521 classes; Apache License 2.0) as a teacher: it was trained on other sounds
//! than MusiCNN, so its embedding adds to the network's features where pseudo-labels are made. It runs in the trainer
//! only.
//!
//! ```text
//! log-mel   16 kHz, frames of 400 samples every 160, periodic Hann, |FFT 512|, 64 HTK mel bands from 125 to
//!           7,500 Hz, ln(x + 0.001); patches of 96 frames, one every 48
//! layer 1   conv 3×3, stride 2, ReLU                                  → [b, 32, 48, 32]
//! layers 2 to 14   depthwise 3×3 (stride 2 in 3, 5, 7 and 13), ReLU, pointwise, ReLU   → [b, 1024, 3, 2]
//! mean over the feature map                                           → embedding [b, 1024]
//! dense, sigmoid                                                      → scores [b, 521], not computed here
//! ```

use std::path::Path;

use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

use super::error::TrainError;
use super::teacher::Teacher;
use soundalike_core::audio::Clip;
use soundalike_core::dsp::{Level, hann_periodic};
use soundalike_core::fourier::RealFft;
use soundalike_core::model::{mean, values_from_view};
use soundalike_datasets::output::OutputError;

/// Length of the embedding.
const EMBEDDING: usize = 1024;
const RATE: u32 = 16_000;
const WINDOW: usize = 400;
const HOP: usize = 160;
const FFT: usize = 512;
const BANDS: usize = 64;
/// Added before the logarithm.
const OFFSET: f32 = 0.001;
/// Frames of a patch, and from one patch to the next.
const PATCH: usize = 96;
const PATCH_HOP: usize = 48;
/// Level that every sound is brought to.
const LEVEL_DBFS: f32 = -20.0;
/// Patches that go through the network together.
const BATCH: usize = 8;
/// Output channels of layers 2 to 14.
const CHANNELS: [usize; 13] = [
    64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024,
];
/// Layers whose depthwise convolution halves the feature map.
const HALVING: [usize; 4] = [3, 5, 7, 13];
const WEIGHTS: &str = "yamnet_weights.safetensors";

/// A convolution with its bias.
struct YamnetLayer {
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    groups: usize,
}

/// YAMNet with its weights.
pub struct Yamnet {
    device: Device,
    first: YamnetLayer,
    /// Depthwise and pointwise.
    others: Vec<[YamnetLayer; 2]>,
    /// `[BANDS, FFT / 2 + 1]`
    mel: Vec<f32>,
}

impl Yamnet {
    /// Reads `yamnet_weights.safetensors` from a folder.
    ///
    /// # Errors
    /// If it is missing, damaged, or holds arrays of other shapes.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, TrainError> {
        let path = folder.join(WEIGHTS);
        let bytes = std::fs::read(&path).map_err(|e| OutputError::io(&path, e))?;
        let unusable = |cause: String| TrainError::Weights {
            file: path.clone(),
            cause,
        };
        let file = SafeTensors::deserialize(&bytes).map_err(|e| unusable(e.to_string()))?;
        let array = |name: &str, shape: &[usize]| -> Result<Vec<f32>, TrainError> {
            let view = file.tensor(name).map_err(|e| unusable(e.to_string()))?;
            match values_from_view(&view) {
                Some(values) if view.shape() == shape => Ok(values),
                _ => Err(unusable(format!(
                    "{name} is {:?} {:?} instead of {shape:?}",
                    view.dtype(),
                    view.shape()
                ))),
            }
        };
        let layer =
            |name: &str, shape: [usize; 4], stride: usize| -> Result<YamnetLayer, TrainError> {
                let weight = array(&format!("{name}.weight"), &shape)?;
                let bias = array(&format!("{name}.bias"), &shape[..1])?;
                Ok(YamnetLayer {
                    weight: Tensor::from_data(TensorData::new(weight, shape), device),
                    bias: Tensor::from_data(TensorData::new(bias, [shape[0]]), device),
                    stride,
                    groups: if name.ends_with("depthwise") {
                        shape[0]
                    } else {
                        1
                    },
                })
            };
        let first = layer("layer1.conv", [32, 1, 3, 3], 2)?;
        let mut channels = 32;
        let mut others = Vec::new();
        for (number, out) in (2..).zip(CHANNELS) {
            let stride = if HALVING.contains(&number) { 2 } else { 1 };
            let name = |kind: &str| format!("layer{number}.{kind}");
            others.push([
                layer(&name("depthwise"), [channels, 1, 3, 3], stride)?,
                layer(&name("pointwise"), [out, channels, 1, 1], 1)?,
            ]);
            channels = out;
        }
        Ok(Self {
            first,
            others,
            mel: array("mel.weight", &[BANDS, FFT / 2 + 1])?,
            device: device.clone(),
        })
    }

    /// Log-mel frames of samples at 16 kHz, frame by frame.
    fn log_mel(&self, samples: &[f32]) -> Vec<f32> {
        let mut fft = RealFft::<f32>::new(FFT);
        let window: Vec<f32> = hann_periodic(WINDOW)
            .into_iter()
            .map(|w| w as f32)
            .collect();
        let mut frame = vec![0.0; WINDOW];
        let mut samples = samples.to_vec();
        samples.resize(samples.len().max(WINDOW), 0.0);
        let mut log_mel = Vec::new();
        for start in (0..=samples.len() - WINDOW).step_by(HOP) {
            for ((x, s), w) in frame.iter_mut().zip(&samples[start..]).zip(&window) {
                *x = s * w;
            }
            let spectrum = fft.process(&frame).iter();
            let magnitude: Vec<f32> = spectrum.map(|bin| bin.norm()).collect();
            log_mel.extend(self.mel.chunks(FFT / 2 + 1).map(|weights| {
                let sum: f32 = weights.iter().zip(&magnitude).map(|(w, m)| w * m).sum();
                (sum + OFFSET).ln()
            }));
        }
        log_mel
    }

    /// Patches `[batch, PATCH, BANDS]` in one row to `[batch, EMBEDDING]`.
    fn embeddings(&self, patches: &[f32]) -> Tensor<2> {
        let batch = patches.len() / (PATCH * BANDS);
        let shape = [batch, 1, PATCH, BANDS];
        let x = Tensor::<4>::from_data(TensorData::new(patches.to_vec(), shape), &self.device);
        let mut x = self.first.forward(x);
        for [depthwise, pointwise] in &self.others {
            x = pointwise.forward(depthwise.forward(x));
        }
        let [_, channels, height, width] = x.dims();
        x.reshape([batch, channels, height * width])
            .mean_dim(2)
            .squeeze_dim(2)
    }
}

impl Teacher for Yamnet {
    fn name(&self) -> &str {
        "YAMNet"
    }

    fn width(&self) -> usize {
        EMBEDDING
    }

    /// The mean over the patches of a sound that is brought to −20 dBFS.
    fn embedding(&self, clip: &Clip) -> Result<Vec<f32>, TrainError> {
        let clip = clip
            .resampled(RATE)
            .map_err(soundalike_core::pipeline::PredictError::from)?;
        let level = Level::of(clip.samples(), RATE);
        let gain = level.gain_to(LEVEL_DBFS);
        let samples: Vec<f32> = clip
            .samples()
            .iter()
            .map(|s| (s - level.offset) * gain)
            .collect();
        let log_mel = self.log_mel(&samples);
        let frames = log_mel.len() / BANDS;
        let starts = (0..=frames.saturating_sub(PATCH)).step_by(PATCH_HOP);
        let patches: Vec<Vec<f32>> = starts
            .map(|start| {
                let end = (start + PATCH).min(frames);
                let mut patch = log_mel[start * BANDS..end * BANDS].to_vec();
                patch.resize(PATCH * BANDS, OFFSET.ln());
                patch
            })
            .collect();
        let mut rows = Vec::new();
        for batch in patches.chunks(BATCH) {
            let embedding = self.embeddings(&batch.concat());
            let values: Vec<f32> = embedding.into_data().iter::<f32>().collect();
            rows.extend(values.chunks(EMBEDDING).map(<[f32]>::to_vec));
        }
        Ok(mean(EMBEDDING, rows.iter().map(Vec::as_slice)))
    }
}

impl YamnetLayer {
    /// The convolution with TensorFlow's "same" padding, in which of an odd amount the larger half comes after, and
    /// a ReLU.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let kernel = self.weight.dims()[2];
        let around = |size: usize| {
            let out = size.div_ceil(self.stride);
            let missing = ((out - 1) * self.stride + kernel).saturating_sub(size);
            (missing / 2, missing - missing / 2)
        };
        let x = if kernel > 1 {
            x.pad([around(height), around(width)], 0.0)
        } else {
            x
        };
        let options = ConvOptions::new([self.stride; 2], [0, 0], [1, 1], self.groups);
        relu(conv2d(
            x,
            self.weight.clone(),
            Some(self.bias.clone()),
            options,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yamnet_equals_the_reference_outputs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/teacher");
        if !folder.is_dir() {
            println!("skipped: no {}", folder.display());
            return;
        }
        let yamnet = Yamnet::open(&folder, &Device::flex()).expect("opens");
        let bytes = std::fs::read(folder.join("yamnet_reference.safetensors")).expect("reads");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let values = |name: &str| values_from_view(&file.tensor(name).expect(name)).expect(name);
        // Single precision through fourteen layers, and weights that were read in half precision.
        let near = |found: &[f32], expected: &[f32], what: &str| {
            assert_eq!(found.len(), expected.len(), "{what}");
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-3, "{what}: {a} instead of {b}");
            }
        };
        let log_mel = yamnet.log_mel(&values("waveform"));
        near(&log_mel, &values("logmel"), "log-mel");
        let embedding = yamnet.embeddings(&log_mel);
        let embedding: Vec<f32> = embedding.into_data().iter::<f32>().collect();
        let bytes = std::fs::read(folder.join(WEIGHTS)).expect("reads");
        let weights = SafeTensors::deserialize(&bytes).expect("safetensors");
        let weight = |name: &str| values_from_view(&weights.tensor(name).expect(name)).expect(name);
        let rows = weight("dense.weight");
        let scores: Vec<f32> = rows
            .chunks(EMBEDDING)
            .zip(weight("dense.bias"))
            .map(|(row, bias)| {
                let sum: f32 = row.iter().zip(&embedding).map(|(w, e)| w * e).sum();
                1.0 / (1.0 + (-sum - bias).exp())
            })
            .collect();
        near(&embedding, &values("embedding"), "embedding");
        near(&scores, &values("scores"), "scores");
    }

    #[test]
    fn a_folder_without_weights_is_rejected_by_name() {
        let empty = tempfile::tempdir().expect("a folder");
        let error = Yamnet::open(empty.path(), &Device::flex())
            .err()
            .expect("rejected");
        assert!(error.to_string().contains(WEIGHTS), "{error}");
    }
}
