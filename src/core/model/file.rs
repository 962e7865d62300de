//! A model and its file: one safetensors file with weights in half precision and, as metadata, all
//! that is needed to use them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calibration::{Calibration, sigmoid};
use super::executor::TwoStreamExecutor;
use super::weights::parameters;
use super::{Architecture, Array, Input, ModelError, Network, Weights};
use crate::dsp::FrontEnd;

/// Version of the file's layout.
const FORMAT_VERSION: u32 = 4;
/// The version before there was a network that begins with MusiCNN's weights. Models of the other
/// networks still say that they are of it or of [`WITHOUT_HEAD`], since nothing about them has changed.
const WITHOUT_MUSICNN: u32 = 3;
/// The version before there were heads.
const WITHOUT_HEAD: u32 = 2;
/// What the network of Tairi et al. was called up to [`WITHOUT_MUSICNN`], and is called now; and the same
/// of its weights.
const RENAMED: [&str; 2] = ["two-stream", "two-stream-rescnn"];
const RENAMED_WEIGHTS: [&str; 2] = ["TwoStream.", "TwoStreamResCnn."];
/// The metadata entry that holds [`ModelHeader`] as JSON.
const HEADER: &str = "soundalike.model";
const MEAN: &str = "input.mean";
const DEVIATION: &str = "input.deviation";
const REFERENCE: &str = "golden.probabilities";

/// How a model was trained, for its card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Name of the data set.
    pub data: String,
    /// Clips of the training split.
    pub train_clips: usize,
    /// Clips of the validation split, which the best epoch was chosen by.
    pub valid_clips: usize,
    /// The epoch, counted from one, whose weights these are.
    pub epoch: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// How the heads were fitted, if not jointly with the rest.
    #[serde(
        default,
        alias = "genre_layer",
        skip_serializing_if = "String::is_empty"
    )]
    pub heads: String,
}

/// What this model predicts for the reference input on the machine that saved it: another device must agree
/// before it is trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceOutputs {
    /// `[segments, genres]` probabilities.
    pub probabilities: Vec<Vec<f32>>,
}

/// The precision of a file's weights. Biases and other single columns are always in single
/// precision: they are few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightPrecision {
    /// Half precision: half the size, eleven bits of each weight.
    #[default]
    Half,
    /// Single precision: as they were trained.
    Single,
}

#[derive(Serialize, Deserialize)]
struct ModelHeader {
    format_version: u32,
    #[serde(flatten)]
    architecture: Architecture,
    genres: Vec<String>,
    tags: Vec<String>,
    calibration: Calibration,
    front_end: FrontEnd,
    training: Training,
}

impl ModelHeader {
    /// The header of a file, and whether the network had its old name then: see [`RENAMED`].
    fn read(bytes: &[u8]) -> Result<(Self, bool), ModelError> {
        let not_a_model = |cause: String| ModelError::NotAModel(cause);
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|e| not_a_model(e.to_string()))?;
        let header = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get(HEADER))
            .ok_or_else(|| not_a_model("it lacks a model header".to_owned()))?;
        let version: ModelVersion =
            serde_json::from_str(header).map_err(|e| not_a_model(e.to_string()))?;
        if !(WITHOUT_HEAD..=FORMAT_VERSION).contains(&version.format_version) {
            return Err(ModelError::Version {
                found: version.format_version,
                known: FORMAT_VERSION,
            });
        }
        let mut header: serde_json::Value =
            serde_json::from_str(header).map_err(|e| not_a_model(e.to_string()))?;
        let renamed =
            version.format_version <= WITHOUT_MUSICNN && header["architecture"] == RENAMED[0];
        if renamed {
            header["architecture"] = RENAMED[1].into();
        }
        let header = serde_json::from_value(header).map_err(|e| not_a_model(e.to_string()))?;
        Ok((header, renamed))
    }

    /// Whether its parts belong together.
    fn check(&self) -> Result<(), ModelError> {
        check_front_end(&self.front_end)?;
        if self.front_end != self.architecture.input().front_end() {
            return Err(ModelError::FrontEnd(format!(
                "{} is not the one of a {}",
                self.front_end, self.architecture
            )));
        }
        if self.genres.is_empty() || self.genres.len() != self.architecture.genres() {
            return Err(ModelError::NotAModel(
                "its genres and its logits differ in number".to_owned(),
            ));
        }
        if self.tags.len() != self.architecture.tags() || !self.calibration.is_sound() {
            return Err(ModelError::NotAModel(
                "its tags or its calibration are wrong".to_owned(),
            ));
        }
        self.architecture.check()
    }
}

/// All arrays of a model file, by their names of today.
fn read_arrays(bytes: &[u8], renamed: bool) -> Result<BTreeMap<String, Array>, ModelError> {
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|e| ModelError::NotAModel(e.to_string()))?;
    let mut arrays = BTreeMap::new();
    for (name, view) in tensors.iter() {
        let array = array_from_view(name, &view)?;
        let old = name.strip_prefix(RENAMED_WEIGHTS[0]).filter(|_| renamed);
        let name = old.map_or(name.to_owned(), |rest| {
            format!("{}{rest}", RENAMED_WEIGHTS[1])
        });
        arrays.insert(name, array);
    }
    Ok(arrays)
}

/// Takes the normalisation of each part of the input out of a file's arrays.
fn take_normalisation(
    arrays: &mut BTreeMap<String, Array>,
    architecture: &Architecture,
) -> Result<Vec<Normalise>, ModelError> {
    let mut take = |name: &str| {
        arrays
            .remove(name)
            .ok_or_else(|| ModelError::Weights(format!("{name} is missing")))
    };
    let mut normalise = Vec::new();
    for (part, [rows, _]) in architecture.input().shapes().into_iter().enumerate() {
        let [mean, deviation] = normalisation_names(part);
        let found = Normalise {
            mean: take(&mean)?.values,
            deviation: take(&deviation)?.values,
        };
        let Normalise { mean, deviation } = &found;
        if mean.len() != rows
            || deviation.len() != rows
            || mean.iter().chain(deviation).any(|v| !v.is_finite())
            || deviation.iter().any(|&d| d <= 0.0)
        {
            return Err(ModelError::Weights(
                "its input normalisation is wrong".to_owned(),
            ));
        }
        normalise.push(found);
    }
    Ok(normalise)
}

/// What a network's input is normalised by: that of the training data, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalise {
    /// Mean of each row, `[rows]`.
    pub mean: Vec<f32>,
    /// Standard deviation of each row, `[rows]`.
    pub deviation: Vec<f32>,
}

impl Normalise {
    /// Of windows `[rows, columns]`, no deviation below `least`.
    pub fn of(
        windows: impl Iterator<Item = Vec<f32>>,
        [rows, columns]: [usize; 2],
        least: f32,
    ) -> Self {
        let mut sum = vec![0.0_f64; rows];
        let mut squares = sum.clone();
        let mut count = 0.0;
        for window in windows {
            count += columns as f64;
            for (row, values) in window.chunks(columns).enumerate() {
                for &value in values {
                    sum[row] += f64::from(value);
                    squares[row] += f64::from(value) * f64::from(value);
                }
            }
        }
        let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
        let deviation = squares
            .iter()
            .zip(&mean)
            .map(|(s, m)| ((s / count - m * m).max(0.0).sqrt() as f32).max(least))
            .collect();
        Self {
            mean: mean.into_iter().map(|m| m as f32).collect(),
            deviation,
        }
    }

    /// Normalises a window `[rows, columns]` in place.
    pub fn apply(&self, window: &mut [f32], columns: usize) {
        for (row, values) in window.chunks_mut(columns).enumerate() {
            for value in values {
                *value = (*value - self.mean[row]) / self.deviation[row];
            }
        }
    }
}

/// A network with all that it takes to use it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Architecture and sizes.
    pub architecture: Architecture,
    /// Names of the logits, in order: of genres, or with [`Head::Sigmoid`](super::Head) of tags.
    pub genres: Vec<String>,
    /// Names of the tags that it tells beside the genres, in order; none of most models.
    pub tags: Vec<String>,
    /// How its logits become probabilities.
    pub calibration: Calibration,
    /// The front end that it was trained with.
    pub front_end: FrontEnd,
    /// Of each part of its input, the normalisation.
    pub normalise: Vec<Normalise>,
    /// How it came to be.
    pub training: Training,
    /// Precision of the weights in its file.
    pub storage: WeightPrecision,
    /// Its outputs for the reference input, if it was saved with them.
    pub reference_outputs: Option<ReferenceOutputs>,
    /// SHA-256 of the file that it was read from, in hexadecimal; empty for an unsaved model.
    pub sha256: String,
    /// Number of trained parameters, running statistics not counted.
    pub parameters: usize,
    network: Network,
    /// Mean and scale of each part, `[1, 1, rows, 1]`.
    normalising: Vec<(Tensor<4>, Tensor<4>)>,
    /// The same network without burn, of one that was read from a file onto the processor.
    executor: Option<Arc<TwoStreamExecutor>>,
}

impl Model {
    /// Puts a network and its surroundings together.
    pub fn new(
        architecture: Architecture,
        network: Network,
        (genres, tags): (Vec<String>, Vec<String>),
        front_end: FrontEnd,
        normalise: Vec<Normalise>,
        training: Training,
        device: &Device,
    ) -> Self {
        let column = |values: &[f32]| {
            let rows = values.len();
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, rows, 1]), device)
        };
        let normalising = normalise.iter().map(|part| {
            let scale: Vec<f32> = part.deviation.iter().map(|d| 1.0 / d).collect();
            (column(&part.mean), column(&scale))
        });
        Self {
            parameters: parameters(&network),
            normalising: normalising.collect(),
            normalise,
            architecture,
            genres,
            tags,
            calibration: Calibration::default(),
            front_end,
            training,
            storage: WeightPrecision::default(),
            reference_outputs: None,
            sha256: String::new(),
            network,
            executor: None,
        }
    }

    /// Reads a model from the bytes of its file onto a device.
    ///
    /// # Errors
    /// If the bytes are not a model, of another version or front end, or damaged.
    ///
    /// # Examples
    /// ```
    /// use burn::tensor::Device;
    /// use soundalike_core::model::{GENRES, Model};
    ///
    /// let model = Model::from_bytes(soundalike_shipped::MODEL, &Device::flex())?;
    /// assert_eq!(model.genres, GENRES);
    /// assert_eq!(model.front_end.sample_rate, 16_000);
    ///
    /// let damaged = &soundalike_shipped::MODEL[..1_000];
    /// assert!(Model::from_bytes(damaged, &Device::flex()).is_err());
    /// # Ok::<(), soundalike_core::model::ModelError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelError> {
        let (header, renamed) = ModelHeader::read(bytes)?;
        header.check()?;
        let mut arrays = read_arrays(bytes, renamed)?;
        let normalise = take_normalisation(&mut arrays, &header.architecture)?;
        let reference = arrays.remove(REFERENCE).map(|array| ReferenceOutputs {
            probabilities: array
                .values
                .chunks(header.genres.len())
                .map(<[f32]>::to_vec)
                .collect(),
        });
        let network = Weights(arrays).apply(header.architecture.init(device))?;
        let parameters = parameters(&network);
        let executor = match &header.architecture {
            Architecture::TwoStream(config) if *device == Device::flex() => {
                let weights = Weights::of(&network);
                let executor = TwoStreamExecutor::new(config, &weights, &normalise[0])?;
                Some(Arc::new(executor))
            }
            _ => None,
        };
        let mut model = Self::new(
            header.architecture,
            network.fused(),
            (header.genres, header.tags),
            header.front_end,
            normalise,
            header.training,
            device,
        );
        model.calibration = header.calibration;
        model.reference_outputs = reference;
        model.parameters = parameters;
        model.sha256 = sha256_hex(bytes);
        model.executor = executor;
        Ok(model)
    }

    /// The bytes of the model's file, of a model that was put together by [`Model::new`]: one that was
    /// read from a file is fused for inference. The weights are rounded to half precision, so read the file
    /// back to have the model that ships.
    ///
    /// # Errors
    /// If serialisation fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let failed = |e: &dyn std::fmt::Display| ModelError::Weights(e.to_string());
        let header = ModelHeader {
            format_version: match self.architecture {
                Architecture::TwoStream(_) => FORMAT_VERSION,
                // A program that knows no heads would take tags for genres, so it must not read them.
                _ if !self.calibration.head.is_softmax() => WITHOUT_MUSICNN,
                // One that knows the network by its old name would not know this one.
                Architecture::TwoStreamResCnn(_) => FORMAT_VERSION,
                Architecture::Other(_) => WITHOUT_HEAD,
            },
            architecture: self.architecture.clone(),
            genres: self.genres.clone(),
            tags: self.tags.clone(),
            calibration: self.calibration,
            front_end: self.front_end.clone(),
            training: self.training.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|e| failed(&e))?;
        let mut stored: Vec<(String, Vec<usize>, Dtype, Vec<u8>)> = Weights::of(&self.network)
            .0
            .into_iter()
            .map(|(name, array)| {
                // Running variances span many orders of magnitude: half precision would lose them.
                let single = self.storage == WeightPrecision::Single || array.shape.len() == 1;
                if single || name.contains("running_") {
                    (name, array.shape, Dtype::F32, f32_bytes(&array.values))
                } else {
                    (name, array.shape, Dtype::F16, f16_bytes(&array.values))
                }
            })
            .collect();
        for (part, values) in self.normalise.iter().enumerate() {
            let pairs = [&values.mean, &values.deviation];
            for (name, values) in normalisation_names(part).into_iter().zip(pairs) {
                stored.push((name, vec![values.len()], Dtype::F32, f32_bytes(values)));
            }
        }
        if let Some(reference) = &self.reference_outputs {
            stored.push((
                REFERENCE.into(),
                vec![reference.probabilities.len(), self.genres.len()],
                Dtype::F32,
                f32_bytes(&reference.probabilities.concat()),
            ));
        }
        let views = stored
            .iter()
            .map(|(name, shape, dtype, bytes)| {
                TensorView::new(*dtype, shape.clone(), bytes)
                    .map(|view| (name.as_str(), view))
                    .map_err(|e| failed(&e))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        serialize(views, Some(metadata)).map_err(|e| failed(&e))
    }

    /// Its input.
    pub fn input(&self) -> Input {
        self.architecture.input()
    }

    /// The sample rate in Hz that a sound is to be decoded at, where one is enough for the picture and for the
    /// input of the network: see [`SoundReader::bring_to`](crate::audio::SoundReader::bring_to).
    pub fn reading_rate(&self) -> Option<u32> {
        let rate = self.front_end.sample_rate;
        (self.input().rate() == rate).then_some(rate)
    }

    /// Predicts windows, of each part of its [`Input`] `[batch, rows, columns]` in one row: for each window
    /// its probabilities and its embedding.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn predict(
        &self,
        parts: &[impl AsRef<[f32]>],
        device: &Device,
    ) -> Result<Vec<SegmentOutput>, ModelError> {
        let (values, width) = match (&self.executor, parts) {
            (Some(executor), [segments]) => executor.predict(segments.as_ref()),
            _ => self.predict_with_burn(parts, device).await?,
        };
        Ok(values
            .chunks(width.max(1))
            .map(|row| {
                let (logits, row) = row.split_at(self.genres.len());
                let (embedding, row) = row.split_at(self.architecture.embedding());
                let (tags, music) = row.split_at(self.tags.len());
                let music = music.first().map_or(f32::INFINITY, |&logit| logit);
                SegmentOutput {
                    probabilities: self
                        .calibration
                        .probabilities(&[logits], self.calibration.music(music)),
                    logits: logits.to_vec(),
                    embedding: embedding.to_vec(),
                    tags: tags.iter().map(|&logit| sigmoid(logit)).collect(),
                    music,
                }
            })
            .collect())
    }

    /// Of each window its logits, embedding, tags' logits and logit of music, one after another, and their number.
    async fn predict_with_burn(
        &self,
        parts: &[impl AsRef<[f32]>],
        device: &Device,
    ) -> Result<(Vec<f32>, usize), ModelError> {
        let output = self.network.forward(self.normalised(parts, device));
        // One read for all, since each waits for the device.
        let mut parts = vec![output.logits, output.embedding];
        parts.extend(output.tags);
        parts.extend(output.music);
        let outputs = Tensor::cat(parts, 1);
        let width = outputs.dims()[1];
        let data = outputs
            .into_data_async()
            .await
            .map_err(|e| ModelError::Device(format!("{e:?}")))?;
        Ok((data.iter::<f32>().collect(), width))
    }
}

impl Model {
    /// The last layer before the heads, `[features]` of each window, of a model that heads can be fitted to:
    /// see [`Network::features`].
    ///
    /// # Errors
    /// If the device fails, or it is no such model.
    pub async fn features(
        &self,
        parts: &[impl AsRef<[f32]>],
        device: &Device,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let features = self
            .network
            .features(self.normalised(parts, device))
            .ok_or_else(|| ModelError::NoFeatures(self.architecture.to_string()))?;
        let width = features.dims()[1];
        let data = features
            .into_data_async()
            .await
            .map_err(|e| ModelError::Device(format!("{e:?}")))?;
        let values: Vec<f32> = data.iter::<f32>().collect();
        Ok(values.chunks(width).map(<[f32]>::to_vec).collect())
    }

    /// A copy of the network's weights. Blocks; in a browser only on the CPU.
    pub fn weights(&self) -> Weights {
        Weights::of(&self.network)
    }

    /// The same model with other weights of its network.
    ///
    /// # Errors
    /// If they do not fit its architecture.
    pub fn with_weights(&self, weights: Weights, device: &Device) -> Result<Self, ModelError> {
        let mut model = self.clone();
        model.executor = None;
        model.network = weights.apply(self.architecture.init(device))?;
        model.sha256 = String::new();
        Ok(model)
    }

    /// Parts of windows as the network takes them.
    fn normalised(&self, parts: &[impl AsRef<[f32]>], device: &Device) -> Vec<Tensor<4>> {
        let parts = self.input().tensors(parts, device);
        let pairs = parts.into_iter().zip(self.normalising.clone());
        pairs.map(|(x, (mean, scale))| (x - mean) * scale).collect()
    }
}

/// The outputs of a model for one segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentOutput {
    /// Calibrated probabilities of the genres, or with [`Head::Sigmoid`](super::Head) of the tags, in the
    /// model's order.
    pub probabilities: Vec<f32>,
    /// The logits that they come from.
    pub logits: Vec<f32>,
    /// Embedding: similar sounds have similar directions.
    pub embedding: Vec<f32>,
    /// Probability of each tag, in the model's order.
    pub tags: Vec<f32>,
    /// Logit of music or not, before any shift; infinite if the model does not tell.
    pub music: f32,
}

#[derive(Deserialize)]
struct ModelVersion {
    format_version: u32,
}

/// What the mean and the deviation of a part of the input are called in a file.
fn normalisation_names(part: usize) -> [String; 2] {
    [MEAN, DEVIATION].map(|name| match part {
        0 => name.to_owned(),
        _ => format!("{name}.{part}"),
    })
}

/// Rejects a front end that this program does not compute.
pub(crate) fn check_front_end(found: &FrontEnd) -> Result<(), ModelError> {
    if [FrontEnd::default(), FrontEnd::musicnn()].contains(found) {
        return Ok(());
    }
    Err(ModelError::FrontEnd(found.to_string()))
}

/// SHA-256 of some bytes in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub(crate) fn f16_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|&v| f16::from_f32(v).to_le_bytes())
        .collect()
}

/// The values of a tensor stored as f16 or f32; `None` for any other type.
pub fn values_from_view(view: &TensorView<'_>) -> Option<Vec<f32>> {
    match view.dtype() {
        Dtype::F16 => Some(
            view.data()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&b| f16::from_le_bytes(b).to_f32())
                .collect(),
        ),
        Dtype::F32 => Some(
            view.data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&b| f32::from_le_bytes(b))
                .collect(),
        ),
        _ => None,
    }
}

fn array_from_view(name: &str, view: &TensorView<'_>) -> Result<Array, ModelError> {
    Ok(Array {
        shape: view.shape().to_vec(),
        values: values_from_view(view)
            .ok_or_else(|| ModelError::Weights(format!("{name} is neither f16 nor f32")))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GENRES;

    fn model() -> Model {
        let architecture: Architecture = "two-stream".parse().expect("known");
        let device = Device::flex();
        let front_end = FrontEnd::musicnn();
        Model::new(
            architecture.clone(),
            architecture.init(&device),
            (GENRES.map(str::to_owned).to_vec(), Vec::new()),
            front_end.clone(),
            vec![Normalise {
                mean: vec![1.0; front_end.mel_bands],
                deviation: vec![0.7; front_end.mel_bands],
            }],
            Training::default(),
            &device,
        )
    }

    /// The file with one piece of its header replaced by another of the same length.
    fn tampered(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .expect("in the header");
        let mut bytes = bytes.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    }

    #[test]
    fn a_model_hears_the_same_after_the_way_through_its_file() {
        let device = Device::flex();
        let model = model();
        let again = Model::from_bytes(&model.to_bytes().expect("serialises"), &device)
            .expect("its own file");
        assert_eq!(again.genres, model.genres);
        assert_eq!(again.parameters, model.parameters);
        assert_eq!(again.sha256.len(), 64);
        let segment: Vec<f32> = (0..96 * 187).map(|i| (i % 97) as f32 / 30.0).collect();
        let predict = |model: &Model| {
            let outputs = pollster::block_on(model.predict(&[&segment], &device)).expect("CPU");
            outputs[0].probabilities.clone()
        };
        for (a, b) in predict(&again).iter().zip(predict(&model)) {
            // Half precision keeps eleven bits of each weight.
            assert!((a - b).abs() < 5e-3, "{a} {b}");
        }
    }

    #[test]
    fn another_version_front_end_or_damage_is_refused_with_the_reason() {
        let bytes = model().to_bytes().expect("serialises");
        let refusal = |bytes: &[u8]| {
            Model::from_bytes(bytes, &Device::flex())
                .expect_err("refused")
                .to_string()
        };
        let other = tampered(
            &bytes,
            "\\\"format_version\\\":4",
            "\\\"format_version\\\":7",
        );
        assert!(refusal(&other).contains("version 7"), "{}", refusal(&other));
        let other = tampered(&bytes, "\\\"hop_length\\\":256", "\\\"hop_length\\\":512");
        assert!(refusal(&other).contains("front end"), "{}", refusal(&other));
        for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
            assert!(refusal(&bytes[..length]).contains("is not a model"));
        }
    }
}
