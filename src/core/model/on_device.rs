//! A model's network on a device of burn's: to be run there, trained further and saved.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::file::{
    FORMAT_VERSION, HEADER, ModelFile, ModelHeader, REFERENCE, WITHOUT_HEAD, WITHOUT_MUSICNN,
    f16_bytes, normalisation_names,
};
use super::network_weights::parameters;
use super::{
    Architecture, Calibration, Input, Model, ModelError, Network, Normalise, Training,
    WeightPrecision, Weights,
};
use crate::dsp::FrontEnd;

/// A network, and what normalises its input.
#[derive(Clone, Debug)]
pub(super) struct NetworkOnDevice {
    network: Network,
    /// Mean and scale of each part, `[1, 1, rows, 1]`.
    normalising: Vec<(Tensor<4>, Tensor<4>)>,
    device: Device,
}

impl NetworkOnDevice {
    fn new(network: Network, normalise: &[Normalise], device: &Device) -> Self {
        let column = |values: &[f32]| {
            let rows = values.len();
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, rows, 1]), device)
        };
        let normalising = normalise.iter().map(|part| {
            let scale: Vec<f32> = part.deviation.iter().map(|d| 1.0 / d).collect();
            (column(&part.mean), column(&scale))
        });
        Self {
            network,
            normalising: normalising.collect(),
            device: device.clone(),
        }
    }

    /// Of each window its logits, embedding, tags' logits and logit of music, one after another, and their number.
    pub async fn outputs(
        &self,
        input: Input,
        parts: &[impl AsRef<[f32]>],
    ) -> Result<(Vec<f32>, usize), ModelError> {
        let output = self.network.forward(self.normalised(input, parts));
        // One read for all, since each waits for the device.
        let mut parts = vec![output.logits, output.embedding];
        parts.extend(output.tags);
        parts.extend(output.music);
        rows(Tensor::cat(parts, 1)).await
    }

    /// Parts of windows as the network takes them.
    fn normalised(&self, input: Input, parts: &[impl AsRef<[f32]>]) -> Vec<Tensor<4>> {
        let parts = input.tensors(parts, &self.device);
        let pairs = parts.into_iter().zip(self.normalising.clone());
        pairs.map(|(x, (mean, scale))| (x - mean) * scale).collect()
    }
}

/// The values of a tensor, and how many a row has.
async fn rows(tensor: Tensor<2>) -> Result<(Vec<f32>, usize), ModelError> {
    let width = tensor.dims()[1];
    let data = tensor
        .into_data_async()
        .await
        .map_err(|e| ModelError::Device(format!("{e:?}")))?;
    Ok((data.iter::<f32>().collect(), width))
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
        Self {
            parameters: parameters(&network),
            embedding: architecture.embedding(),
            network: NetworkOnDevice::new(network, &normalise, device),
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
    /// # Ok::<(), soundalike_core::model::ModelError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, ModelError> {
        let file = ModelFile::read(bytes)?;
        #[cfg(feature = "flex")]
        let on_processor = *device == Device::flex();
        #[cfg(not(feature = "flex"))]
        let on_processor = false;
        let executor = if on_processor { file.executor()? } else { None };
        let network = file.weights.apply(file.header.architecture.init(device))?;
        let parameters = parameters(&network);
        let mut model = Self::new(
            file.header.architecture,
            network.fused(),
            (file.header.genres, file.header.tags),
            file.header.front_end,
            file.normalise,
            file.header.training,
            device,
        );
        model.calibration = file.header.calibration;
        model.reference_outputs = file.reference_outputs;
        model.parameters = parameters;
        model.sha256 = file.sha256;
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
        let mut stored: Vec<(String, Vec<usize>, Dtype, Vec<u8>)> =
            Weights::of(&self.network.network)
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

    /// The last layer before the heads, `[features]` of each window, of a model that heads can be fitted to:
    /// see [`Network::features`].
    ///
    /// # Errors
    /// If the device fails, or it is no such model.
    pub async fn features(&self, parts: &[impl AsRef<[f32]>]) -> Result<Vec<Vec<f32>>, ModelError> {
        let parts = self.network.normalised(self.input(), parts);
        let features = self.network.network.features(parts);
        let features =
            features.ok_or_else(|| ModelError::NoFeatures(self.architecture.to_string()))?;
        let (values, width) = rows(features).await?;
        Ok(values.chunks(width).map(<[f32]>::to_vec).collect())
    }

    /// A copy of the network's weights. Blocks; in a browser only on the CPU.
    pub fn weights(&self) -> Weights {
        Weights::of(&self.network.network)
    }

    /// The same model with other weights of its network.
    ///
    /// # Errors
    /// If they do not fit its architecture.
    pub fn with_weights(&self, weights: Weights, device: &Device) -> Result<Self, ModelError> {
        let mut model = self.clone();
        model.executor = None;
        let network = weights.apply(self.architecture.init(device))?;
        model.network = NetworkOnDevice::new(network, &self.normalise, device);
        model.sha256 = String::new();
        Ok(model)
    }
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
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
            let outputs = pollster::block_on(model.predict(&[&segment])).expect("CPU");
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
