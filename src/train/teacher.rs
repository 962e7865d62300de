//! The teacher: MusiCNN (Pons et al. 2017, 2019), a network trained on the Million Song Dataset to
//! hear fifty tags in three seconds of sound. It is asked about whatever the pupil is to learn from.
//!
//! ```text
//! log-mel [b, 1, 187 frames, 96 bands]
//!   timbral   conv 7×38 and 7×67, maximum over the bands           → [b, 204, 187] each
//!   temporal  conv 128×1, 64×1 and 32×1, maximum over the bands    → [b, 51, 187] each
//!   front     those five on channels                               → [b, 561, 187]
//!   middle    three 1-D convolutions of 7 frames, the last two residual → [b, 64, 187] each
//!   pooled    maximum and mean over time of front and middle       → [b, 1506]
//!   features  dense [b, 200];  tags  dense, sigmoid [b, 50]
//! ```

use std::path::Path;

use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

use super::TrainError;
use crate::audio::Clip;
use crate::dsp::FrontEnd;
use crate::kernels::{self, Padding};

/// What a batch norm of MusiCNN adds to the variance (Lasagne's and TensorFlow's default there).
const EPSILON: f32 = 0.001;

/// Length of the teacher's features.
pub const FEATURES: usize = 200;

/// The frames of one segment: three seconds.
const FRAMES: usize = 187;

/// What the teacher says of one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// Probability of each tag.
    pub tags: Vec<f32>,
    /// Its normalised penultimate layer, `[FEATURES]`.
    pub features: Vec<f32>,
}

/// A batch norm in inference: a scale and a shift per channel.
struct Norm {
    scale: Tensor<1>,
    shift: Tensor<1>,
}

impl Norm {
    /// `[batch, channels, …]` to the same.
    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let mut shape = [1; D];
        shape[1] = self.scale.dims()[0];
        x * self.scale.clone().reshape(shape) + self.shift.clone().reshape(shape)
    }
}

/// A convolution with ReLU and norm.
struct Layer {
    weight: Tensor<4>,
    bias: Tensor<1>,
    norm: Norm,
    padding: Padding,
}

/// A [`Layer`] of which only the greatest value over the bands is asked. ReLU and norm wait until
/// after the maximum: where the norm turns the order round, so do the weights.
struct BandLayer {
    layer: Layer,
    sign: Tensor<1>,
}

/// MusiCNN with its weights.
pub struct Teacher {
    names: Vec<String>,
    front_end: FrontEnd,
    device: Device,
    input: Norm,
    front: Vec<BandLayer>,
    middle: [Layer; 3],
    pool: Norm,
    dense: (Tensor<2>, Tensor<1>, Norm),
    tags: (Tensor<2>, Tensor<1>),
}

impl Teacher {
    /// Reads `musicnn_msd_weights.safetensors` and `tags.txt` from a folder.
    ///
    /// # Errors
    /// If one of them is missing or not what it should be.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, TrainError> {
        let path = folder.join("musicnn_msd_weights.safetensors");
        let bytes = std::fs::read(&path).map_err(|e| TrainError::io(&path, e))?;
        let unusable = |cause: String| TrainError::Teacher {
            file: path.clone(),
            cause,
        };
        let file = SafeTensors::deserialize(&bytes).map_err(|e| unusable(e.to_string()))?;
        let array = |name: &str, shape: &[usize]| -> Result<Vec<f32>, TrainError> {
            let view = file.tensor(name).map_err(|e| unusable(e.to_string()))?;
            if view.shape() != shape || view.dtype() != safetensors::Dtype::F32 {
                return Err(unusable(format!(
                    "{name} is {:?} {:?} instead of F32 {shape:?}",
                    view.dtype(),
                    view.shape()
                )));
            }
            let (values, _) = view.data().as_chunks::<4>();
            Ok(values.iter().map(|&v| f32::from_le_bytes(v)).collect())
        };
        let vector = |name: &str, length: usize| -> Result<Tensor<1>, TrainError> {
            let values = array(name, &[length])?;
            Ok(Tensor::from_data(TensorData::new(values, [length]), device))
        };
        let norm = |name: &str, channels: usize| -> Result<Norm, TrainError> {
            let part = |part: &str| vector(&format!("{name}.{part}"), channels);
            let scale = part("gamma")? / (part("variance")? + EPSILON).sqrt();
            let shift = part("beta")? - part("mean")? * scale.clone();
            Ok(Norm { scale, shift })
        };
        let layer = |name: &str, shape: [usize; 4], padding: Padding| -> Result<_, TrainError> {
            // The one-dimensional ones are stored without a height.
            let stored: Vec<usize> = match shape {
                [out, channels, 1, width] => vec![out, channels, width],
                _ => shape.to_vec(),
            };
            let values = array(&format!("{name}.weight"), &stored)?;
            Ok(Layer {
                weight: Tensor::from_data(TensorData::new(values, shape), device),
                bias: vector(&format!("{name}.bias"), shape[0])?,
                norm: norm(&format!("{name}.norm"), shape[0])?,
                padding,
            })
        };
        let over_time = |before: usize, after: usize| Padding {
            height: [before, after],
            width: [0, 0],
        };
        let front = [
            ("timbral_38", [204, 1, 7, 38], over_time(3, 3)),
            ("timbral_67", [204, 1, 7, 67], over_time(3, 3)),
            ("temporal_128", [51, 1, 128, 1], over_time(63, 64)),
            ("temporal_64", [51, 1, 64, 1], over_time(31, 32)),
            ("temporal_32", [51, 1, 32, 1], over_time(15, 16)),
        ]
        .into_iter()
        .map(|(name, shape, padding)| Ok(BandLayer::new(layer(name, shape, padding)?)))
        .collect::<Result<Vec<_>, TrainError>>()?;
        let middle =
            |name: &str, channels: usize| layer(name, [64, channels, 1, 7], Padding::same([1, 7]));
        let dense = |name: &str, inputs: usize, outputs: usize| -> Result<_, TrainError> {
            let weight = array(&format!("{name}.weight"), &[outputs, inputs])?;
            let weight = Tensor::<2>::from_data(TensorData::new(weight, [outputs, inputs]), device);
            Ok((
                weight.transpose(),
                vector(&format!("{name}.bias"), outputs)?,
            ))
        };

        let path = folder.join("tags.txt");
        let names = std::fs::read_to_string(&path).map_err(|e| TrainError::io(&path, e))?;
        let names: Vec<String> = names.lines().map(str::to_owned).collect();
        let (dense_weight, dense_bias) = dense("dense", 1506, FEATURES)?;
        Ok(Self {
            front_end: FrontEnd {
                sample_rate: 16_000,
                n_fft: 512,
                hop_length: 256,
                mel_bands: 96,
                f_max: 8_000.0,
                segment_frames: FRAMES,
                ..FrontEnd::default()
            },
            device: device.clone(),
            input: norm("input_norm", 1)?,
            front,
            middle: [
                middle("mid_1", 561)?,
                middle("mid_2", 64)?,
                middle("mid_3", 64)?,
            ],
            pool: norm("pool_norm", 1506)?,
            dense: (dense_weight, dense_bias, norm("dense_norm", FEATURES)?),
            tags: dense("tags", FEATURES, names.len())?,
            names,
        })
    }

    /// The names of its tags.
    pub fn tag_names(&self) -> &[String] {
        &self.names
    }

    /// Its log-mel picture of three seconds of sound of any rate, `[187 frames, 96 bands]` in one row.
    /// A shorter sound is followed by silence.
    ///
    /// # Errors
    /// If the sound cannot be resampled.
    pub fn picture(&self, clip: &Clip) -> Result<Vec<f32>, TrainError> {
        let clip = clip
            .resampled(self.front_end.sample_rate)
            .map_err(crate::pipeline::HearError::from)?;
        let power = self.front_end.mel_power(clip.samples());
        let bands = self.front_end.mel_bands;
        let mut picture = vec![0.0; FRAMES * bands];
        for band in 0..bands {
            for (frame, &power) in power.band(band).iter().take(FRAMES).enumerate() {
                picture[frame * bands + band] = (10_000.0 * power + 1.0).log10();
            }
        }
        Ok(picture)
    }

    /// What it says of pictures, `[batch, 187, 96]` in one row.
    pub fn hear(&self, pictures: &[f32]) -> Vec<Taught> {
        let bands = self.front_end.mel_bands;
        let batch = pictures.len() / (FRAMES * bands);
        let x = Tensor::<4>::from_data(
            TensorData::new(pictures.to_vec(), [batch, 1, FRAMES, bands]),
            &self.device,
        );
        let (tags, features) = self.forward(x);
        let rows = |tensor: Tensor<2>| -> Vec<Vec<f32>> {
            let width = tensor.dims()[1];
            let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
            values.chunks(width).map(<[f32]>::to_vec).collect()
        };
        rows(tags)
            .into_iter()
            .zip(rows(features))
            .map(|(tags, features)| Taught { tags, features })
            .collect()
    }

    /// `[batch, 1, 187, 96]` to tag probabilities `[batch, tags]` and features `[batch, FEATURES]`.
    fn forward(&self, x: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let x = self.input.forward(x);
        let front: Vec<Tensor<4>> = self
            .front
            .iter()
            .map(|layer| layer.forward(x.clone()))
            .collect();
        // From here on one row of frames: [b, channels, 1, 187].
        let front = Tensor::cat(front, 1).swap_dims(2, 3);
        let [first, second, third] = &self.middle;
        let a = first.forward(front.clone());
        let b = second.forward(a.clone()) + a.clone();
        let c = third.forward(b.clone()) + b.clone();
        let all: Tensor<3> = Tensor::cat(vec![front, a, b, c], 1).squeeze_dim(2);
        let [batch, channels, _] = all.dims();
        let pooled = Tensor::cat(vec![all.clone().max_dim(2), all.mean_dim(2)], 2);
        let pooled = self.pool.forward(pooled.reshape([batch, 2 * channels]));
        let (weight, bias, norm) = &self.dense;
        let dense = pooled.matmul(weight.clone()) + bias.clone().unsqueeze();
        let features = norm.forward(relu(dense));
        let (weight, bias) = &self.tags;
        let tags = sigmoid(features.clone().matmul(weight.clone()) + bias.clone().unsqueeze());
        (tags, features)
    }
}

impl Layer {
    fn convolve(&self, x: Tensor<4>) -> Tensor<4> {
        if kernels::serve(&x.device()) {
            return kernels::convolution(x, self.weight.clone(), self.padding);
        }
        let Padding { height, width } = self.padding;
        let x = x.pad([(height[0], height[1]), (width[0], width[1])], 0.0);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        burn::tensor::module::conv2d(x, self.weight.clone(), None, options)
    }

    fn biased(&self, x: Tensor<4>) -> Tensor<4> {
        x + self.bias.clone().reshape([1, -1, 1, 1])
    }

    /// `[b, channels, 1, frames]` to the same.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.norm.forward(relu(self.biased(self.convolve(x))))
    }
}

impl BandLayer {
    fn new(mut layer: Layer) -> Self {
        let sign = layer.norm.scale.clone().sign();
        layer.weight = layer.weight * sign.clone().reshape([-1, 1, 1, 1]);
        Self { layer, sign }
    }

    /// `[b, 1, frames, bands]` to `[b, channels, frames, 1]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.layer.convolve(x);
        let bands = y.dims()[3];
        let greatest = crate::model::max_pool(y, [1, bands]);
        let turned_back = greatest * self.sign.clone().reshape([1, -1, 1, 1]);
        self.layer
            .norm
            .forward(relu(self.layer.biased(turned_back)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folder of the teacher, where this machine has it.
    fn folder() -> Option<std::path::PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/teacher");
        if !folder.is_dir() {
            println!("skipped: no {}", folder.display());
            return None;
        }
        Some(folder)
    }

    #[test]
    fn the_teacher_says_what_the_reference_says() {
        let Some(folder) = folder() else { return };
        let teacher = Teacher::open(&folder, &Device::flex()).expect("opens");
        assert_eq!(teacher.tag_names().len(), 50);
        let bytes = std::fs::read(folder.join("musicnn_reference.safetensors")).expect("reads");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let values = |name: &str| -> Vec<f32> {
            let view = file.tensor(name).expect(name);
            let (values, _) = view.data().as_chunks::<4>();
            values.iter().map(|&v| f32::from_le_bytes(v)).collect()
        };
        let heard = teacher.hear(&values("input"));
        let tags: Vec<f32> = heard.iter().flat_map(|h| h.tags.clone()).collect();
        let features: Vec<f32> = heard.iter().flat_map(|h| h.features.clone()).collect();
        // The issue's tolerance; single precision through ten layers.
        for (found, expected) in [
            (tags, values("tag_probabilities")),
            (features, values("features")),
        ] {
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-4, "{a} instead of {b}");
            }
        }
    }

    #[test]
    fn a_folder_without_a_teacher_is_refused_by_name() {
        let empty = tempfile::tempdir().expect("a folder");
        let error = Teacher::open(empty.path(), &Device::flex())
            .err()
            .expect("refused");
        assert!(error.to_string().contains("musicnn_msd_weights"), "{error}");
    }
}
