//! A model and its file: one safetensors file with weights in half precision and, as metadata, all
//! that is needed to use them.

use std::collections::BTreeMap;
use std::sync::Arc;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calibration::{Calibration, sigmoid};
use super::executor::TwoStreamExecutor;
use super::{Architecture, Array, Input, ModelError, Weights};
use crate::dsp::FrontEnd;

/// Version of the file's layout.
pub(super) const FORMAT_VERSION: u32 = 4;
/// The version before there was a network that begins with MusiCNN's weights. Models of the other
/// networks still say that they are of it or of [`WITHOUT_HEAD`], since nothing about them has changed.
pub(super) const WITHOUT_MUSICNN: u32 = 3;
/// The version before there were heads.
pub(super) const WITHOUT_HEAD: u32 = 2;
/// What the network of Tairi et al. was called up to [`WITHOUT_MUSICNN`], and is called now; and the same
/// of its weights.
const RENAMED: [&str; 2] = ["two-stream", "two-stream-rescnn"];
const RENAMED_WEIGHTS: [&str; 2] = ["TwoStream.", "TwoStreamResCnn."];
/// The metadata entry that holds [`ModelHeader`] as JSON.
pub(super) const HEADER: &str = "soundalike.model";
const MEAN: &str = "input.mean";
const DEVIATION: &str = "input.deviation";
pub(super) const REFERENCE: &str = "golden.probabilities";

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
pub(super) struct ModelHeader {
    pub format_version: u32,
    #[serde(flatten)]
    pub architecture: Architecture,
    pub genres: Vec<String>,
    pub tags: Vec<String>,
    pub calibration: Calibration,
    pub front_end: FrontEnd,
    pub training: Training,
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
    /// Length of the embedding.
    pub embedding: usize,
    /// The network without burn, of one that was read from a file onto the processor.
    pub(super) executor: Option<Arc<TwoStreamExecutor>>,
    /// The network on a device of burn's.
    #[cfg(feature = "networks")]
    pub(super) network: super::on_device::NetworkOnDevice,
}

/// What a model file holds.
pub(super) struct ModelFile {
    pub header: ModelHeader,
    /// The network's arrays.
    pub weights: Weights,
    pub normalise: Vec<Normalise>,
    pub reference_outputs: Option<ReferenceOutputs>,
    pub sha256: String,
}

impl ModelFile {
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let (header, renamed) = ModelHeader::read(bytes)?;
        header.check()?;
        let mut arrays = read_arrays(bytes, renamed)?;
        let normalise = take_normalisation(&mut arrays, &header.architecture)?;
        let reference_outputs = arrays.remove(REFERENCE).map(|array| ReferenceOutputs {
            probabilities: array
                .values
                .chunks(header.genres.len())
                .map(<[f32]>::to_vec)
                .collect(),
        });
        Ok(Self {
            header,
            weights: Weights(arrays),
            normalise,
            reference_outputs,
            sha256: sha256_hex(bytes),
        })
    }

    /// Its network without burn; `None` of an architecture that has none.
    ///
    /// # Errors
    /// If the weights do not fit the architecture.
    pub fn executor(&self) -> Result<Option<Arc<TwoStreamExecutor>>, ModelError> {
        let Architecture::TwoStream(config) = &self.header.architecture else {
            return Ok(None);
        };
        self.weights.check(&config.shapes())?;
        let executor = TwoStreamExecutor::new(config, &self.weights, &self.normalise[0])?;
        Ok(Some(Arc::new(executor)))
    }
}

impl Model {
    /// Reads a model from the bytes of its file onto the processor. Without the feature `networks` only a model
    /// of the two-stream architecture, the one that ships, can be read; with it, `flex` must be there too.
    ///
    /// # Errors
    /// If the bytes are not a model, of another version or front end, or damaged; [`ModelError::NeedsNetworks`].
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::model::{GENRES, Model};
    ///
    /// let model = Model::on_processor(soundalike_shipped::MODEL)?;
    /// assert_eq!(model.genres, GENRES);
    /// assert_eq!(model.front_end.sample_rate, 16_000);
    ///
    /// let damaged = &soundalike_shipped::MODEL[..1_000];
    /// assert!(Model::on_processor(damaged).is_err());
    /// # Ok::<(), soundalike_core::model::ModelError>(())
    /// ```
    #[cfg(any(feature = "flex", not(feature = "networks")))]
    pub fn on_processor(bytes: &[u8]) -> Result<Self, ModelError> {
        #[cfg(feature = "flex")]
        return Self::from_bytes(bytes, &burn::tensor::Device::flex());
        #[cfg(not(feature = "networks"))]
        Self::of_file(ModelFile::read(bytes)?)
    }

    #[cfg(not(feature = "networks"))]
    fn of_file(file: ModelFile) -> Result<Self, ModelError> {
        let architecture = &file.header.architecture;
        let Architecture::TwoStream(config) = architecture else {
            return Err(ModelError::NeedsNetworks(architecture.to_string()));
        };
        let parameters = file.weights.0.values().map(|array| array.values.len());
        Ok(Self {
            parameters: parameters.sum(),
            embedding: config.embedding_length(),
            executor: file.executor()?,
            architecture: file.header.architecture,
            genres: file.header.genres,
            tags: file.header.tags,
            calibration: file.header.calibration,
            front_end: file.header.front_end,
            normalise: file.normalise,
            training: file.header.training,
            storage: WeightPrecision::default(),
            reference_outputs: file.reference_outputs,
            sha256: file.sha256,
        })
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
    ) -> Result<Vec<SegmentOutput>, ModelError> {
        let (values, width) = match (&self.executor, parts) {
            (Some(executor), [segments]) => executor.predict(segments.as_ref()),
            #[cfg(feature = "networks")]
            _ => self.network.outputs(self.input(), parts).await?,
            #[cfg(not(feature = "networks"))]
            _ => return Err(ModelError::NeedsNetworks(self.architecture.to_string())),
        };
        Ok(values
            .chunks(width.max(1))
            .map(|row| {
                let (logits, row) = row.split_at(self.genres.len());
                let (embedding, row) = row.split_at(self.embedding);
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
pub(super) fn normalisation_names(part: usize) -> [String; 2] {
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
