//! MusiCNN (Pons et al. 2017, 2019; weights trained on the Million Song Dataset) as the initialisation of the
//! network that ships.
//!
//! Weight decay has driven most of its filters to exactly zero. Such a filter has a constant output,
//! `relu(bias)·scale + shift`, so it is pruned, and the next layer's response to the constants is carried by
//! that layer's channel of ones. The normalisation after the pooling is folded into the dense layer. Nothing
//! else changes, and neither does any output.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use safetensors::{Dtype, SafeTensors};

use super::error::TrainError;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{
    Architecture, Array, Head, Model, Normalise, Training, TwoStreamConfig, WeightPrecision,
    Weights,
};
use soundalike_datasets::output::OutputError;

/// What a batch norm of MusiCNN adds to the variance (Lasagne's and TensorFlow's default there).
const EPSILON: f32 = 0.001;
/// Weights below this are those of a dead filter: the largest of a live one are thousands of times larger.
const DEAD: f32 = 1e-5;
/// Width in frames of the filters along frequency and of the residual convolutions.
const FRAMES: usize = 7;
/// Channels of the residual convolutions, before the dead ones are left out.
const RESIDUAL: usize = 64;
/// Length of the last layer before the tags.
const FEATURES: usize = 200;
/// The filters along frequency: name, number, height in bands.
const SPECTRAL: [(&str, usize, usize); 2] = [("timbral_38", 204, 38), ("timbral_67", 204, 67)];
/// The filters along time: name, number, width in frames.
const TEMPORAL: [(&str, usize, usize); 3] = [
    ("temporal_128", 51, 128),
    ("temporal_64", 51, 64),
    ("temporal_32", 51, 32),
];

/// The file of weights and the list of tags in MusiCNN's folder.
const WEIGHTS: &str = "musicnn_msd_weights.safetensors";
const TAGS: &str = "tags.txt";

/// The published weights, by name.
struct Published<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
}

impl Published<'_> {
    fn unusable(&self, cause: String) -> TrainError {
        TrainError::Weights {
            file: self.path.to_owned(),
            cause,
        }
    }

    fn array(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, TrainError> {
        let view = self
            .file
            .tensor(name)
            .map_err(|e| self.unusable(e.to_string()))?;
        if view.shape() != shape || view.dtype() != Dtype::F32 {
            return Err(self.unusable(format!(
                "{name} is {:?} {:?} instead of F32 {shape:?}",
                view.dtype(),
                view.shape()
            )));
        }
        let (values, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = values.iter().map(|&v| f32::from_le_bytes(v)).collect();
        if values.iter().any(|v| !v.is_finite()) {
            return Err(self.unusable(format!("{name} holds values that are not numbers")));
        }
        Ok(values)
    }

    /// Scale and shift of a batch norm in inference, `[channels]` each.
    fn norm(&self, name: &str, channels: usize) -> Result<(Vec<f32>, Vec<f32>), TrainError> {
        let part = |part: &str| self.array(&format!("{name}.{part}"), &[channels]);
        let (gamma, beta) = (part("gamma")?, part("beta")?);
        let (mean, variance) = (part("mean")?, part("variance")?);
        let scale = gamma.iter().zip(&variance);
        let scale: Vec<f32> = scale.map(|(g, v)| g / (v + EPSILON).sqrt()).collect();
        let shift = beta.iter().zip(mean.iter().zip(&scale));
        let shift = shift.map(|(b, (m, s))| b - m * s).collect();
        Ok((scale, shift))
    }

    /// A convolution, its weights `[count, inputs]` in one row.
    fn layer(&self, name: &str, count: usize, shape: &[usize]) -> Result<MusicnnLayer, TrainError> {
        let full: Vec<usize> = std::iter::once(count)
            .chain(shape.iter().copied())
            .collect();
        let (scale, shift) = self.norm(&format!("{name}.norm"), count)?;
        Ok(MusicnnLayer {
            inputs: shape.iter().product(),
            weight: self.array(&format!("{name}.weight"), &full)?,
            bias: self.array(&format!("{name}.bias"), &[count])?,
            scale,
            shift,
        })
    }
}

/// A convolution with ReLU, scale and shift.
struct MusicnnLayer {
    /// Weights of one filter.
    inputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl MusicnnLayer {
    fn filter(&self, filter: usize) -> &[f32] {
        &self.weight[filter * self.inputs..(filter + 1) * self.inputs]
    }

    fn len(&self) -> usize {
        self.bias.len()
    }

    fn is_alive(&self, filter: usize) -> bool {
        self.filter(filter).iter().any(|w| w.abs() > DEAD)
    }

    /// What a filter without weights gives everywhere.
    fn constant(&self, filter: usize) -> f32 {
        self.bias[filter].max(0.0) * self.scale[filter] + self.shift[filter]
    }

    fn alive(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|&filter| self.is_alive(filter))
            .collect()
    }
}

/// Channels of a feature map that are not pruned, in order, and the constants of those that are.
struct Channels {
    live: Vec<usize>,
    /// `[channels]`: zero for a live one.
    constants: Vec<f32>,
}

impl Channels {
    /// Of the outputs of several layers, one after another.
    fn of(layers: &[&MusicnnLayer]) -> Self {
        let mut live = Vec::new();
        let mut constants = Vec::new();
        for layer in layers {
            for filter in 0..layer.len() {
                if layer.is_alive(filter) {
                    live.push(constants.len());
                    constants.push(0.0);
                } else {
                    constants.push(layer.constant(filter));
                }
            }
        }
        Self { live, constants }
    }

    /// Of a residual sum, these channels and a layer's output: what is live in either is. It begins with the channels
    /// before.
    fn and(&self, layer: &MusicnnLayer) -> Self {
        let fresh = layer.alive().into_iter().filter(|c| !self.live.contains(c));
        let live: Vec<usize> = self.live.iter().copied().chain(fresh).collect();
        let constants = (0..layer.len()).map(|c| {
            if live.contains(&c) {
                0.0
            } else {
                self.constants[c] + layer.constant(c)
            }
        });
        Self {
            constants: constants.collect(),
            live,
        }
    }
}

/// The layers of MusiCNN up to the pooling, and the channels after them.
struct Trunk {
    spectral: Vec<MusicnnLayer>,
    temporal: Vec<MusicnnLayer>,
    residual: [MusicnnLayer; 3],
    /// Of the front end's feature map and of the three residual ones.
    channels: [Channels; 4],
}

impl Trunk {
    fn read(published: &Published<'_>) -> Result<Self, TrainError> {
        // Stored as [out, in, time, frequency]; here the bands come first.
        let spectral = SPECTRAL
            .iter()
            .map(|&(name, count, bands)| published.layer(name, count, &[1, FRAMES, bands]))
            .collect::<Result<Vec<_>, _>>()?;
        let temporal = TEMPORAL
            .iter()
            .map(|&(name, count, frames)| published.layer(name, count, &[1, frames, 1]))
            .collect::<Result<Vec<_>, _>>()?;
        let streams: Vec<&MusicnnLayer> = spectral.iter().chain(&temporal).collect();
        let front = Channels::of(&streams);
        let first = published.layer("mid_1", RESIDUAL, &[front.constants.len(), FRAMES])?;
        let second = published.layer("mid_2", RESIDUAL, &[RESIDUAL, FRAMES])?;
        let third = published.layer("mid_3", RESIDUAL, &[RESIDUAL, FRAMES])?;
        // b = second(a) + a, and c = third(b) + b.
        let a = Channels::of(&[&first]);
        let b = a.and(&second);
        let c = b.and(&third);
        Ok(Self {
            spectral,
            temporal,
            residual: [first, second, third],
            channels: [front, a, b, c],
        })
    }

    fn put(&self, put: &mut impl FnMut(&str, Vec<usize>, Vec<f32>)) {
        for (at, layer) in self.spectral.iter().enumerate() {
            put_stream(put, &format!("spectral.{at}"), layer, SPECTRAL[at].2);
        }
        for (at, layer) in self.temporal.iter().enumerate() {
            put_stream(put, &format!("temporal.{at}"), layer, 1);
        }
        let none = vec![0.0; RESIDUAL];
        let [front, a, b, c] = &self.channels;
        let [first, second, third] = &self.residual;
        put_residual(put, 0, first, &a.live, front, &none);
        put_residual(put, 1, second, &b.live, a, &a.constants);
        put_residual(put, 2, third, &c.live, b, &b.constants);
    }

    /// The dense layer after the pooling, with the normalisation between them folded into it and without the pruned
    /// channels. Pooled channel by channel, the maximum and then the mean of each; here all maxima come first.
    fn put_dense(
        &self,
        published: &Published<'_>,
        put: &mut impl FnMut(&str, Vec<usize>, Vec<f32>),
    ) -> Result<(), TrainError> {
        let channels: usize = self.channels.iter().map(|map| map.constants.len()).sum();
        let (pool_scale, pool_shift) = published.norm("pool_norm", 2 * channels)?;
        let dense = published.array("dense.weight", &[FEATURES, 2 * channels])?;
        let mut bias = published.array("dense.bias", &[FEATURES])?;
        let mut maxima = Vec::new();
        let mut means = Vec::new();
        let mut first_channel = 0;
        for map in &self.channels {
            maxima.extend(map.live.iter().map(|c| 2 * (first_channel + c)));
            means.extend(map.live.iter().map(|c| 2 * (first_channel + c) + 1));
            for (row, bias) in dense.chunks(2 * channels).zip(&mut bias) {
                for (c, constant) in map.constants.iter().enumerate() {
                    for place in [2 * (first_channel + c), 2 * (first_channel + c) + 1] {
                        *bias += row[place] * (pool_scale[place] * constant + pool_shift[place]);
                    }
                }
            }
            first_channel += map.constants.len();
        }
        let pooled: Vec<usize> = maxima.into_iter().chain(means).collect();
        let weight = pooled.iter().flat_map(|&place| {
            let rows = dense.chunks(2 * channels);
            rows.map(move |row| (row[place], place))
        });
        let weight: Vec<f32> = weight.map(|(w, place)| w * pool_scale[place]).collect();
        put("features.weight", vec![pooled.len(), FEATURES], weight);
        put("features.bias", vec![FEATURES], bias);
        Ok(())
    }

    /// The sizes of what is left, with an output for each tag.
    fn config(&self, tags: usize) -> TwoStreamConfig {
        let sizes = |names: &[(&str, usize, usize)], layers: &[MusicnnLayer]| -> Vec<[usize; 2]> {
            let pairs = names.iter().zip(layers);
            pairs
                .map(|((_, _, size), layer)| [layer.alive().len(), *size])
                .collect()
        };
        let [_, a, b, c] = &self.channels;
        TwoStreamConfig {
            genres: tags,
            spectral: sizes(&SPECTRAL, &self.spectral),
            temporal: sizes(&TEMPORAL, &self.temporal),
            residual: [a.live.len(), b.live.len(), c.live.len()],
            embedding: 0,
            ..TwoStreamConfig::default()
        }
    }
}

/// The sigmoid of each tag.
fn put_tags(
    published: &Published<'_>,
    tags: usize,
    put: &mut impl FnMut(&str, Vec<usize>, Vec<f32>),
) -> Result<(), TrainError> {
    let (scale, shift) = published.norm("dense_norm", FEATURES)?;
    put("scale", vec![FEATURES], scale);
    put("shift", vec![FEATURES], shift);
    let weight = published.array("tags.weight", &[tags, FEATURES])?;
    let weight: Vec<f32> = (0..FEATURES)
        .flat_map(|input| weight.iter().skip(input).step_by(FEATURES).copied())
        .collect();
    put("genre.weight", vec![FEATURES, tags], weight);
    let bias = published.array("tags.bias", &[tags])?;
    put("genre.bias", vec![tags], bias);
    Ok(())
}

/// Reads MusiCNN's weights and tags from `folder` and turns them into a model: the network
/// [`two_stream`](soundalike_core::model::two_stream) with a sigmoid for each of the 50 tags, its features as the
/// embedding. Features and tags equal those of the full network up to rounding (1e-4).
///
/// # Errors
/// If a file is missing, damaged, or holds arrays of other shapes.
pub fn import_musicnn(folder: &Path, device: &Device) -> Result<Model, TrainError> {
    let path = folder.join(WEIGHTS);
    let bytes = std::fs::read(&path).map_err(|e| OutputError::io(&path, e))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| TrainError::Weights {
        file: path.clone(),
        cause: e.to_string(),
    })?;
    let published = Published { path: &path, file };
    let tags_path = folder.join(TAGS);
    let tags = std::fs::read_to_string(&tags_path).map_err(|e| OutputError::io(&tags_path, e))?;
    let tags: Vec<String> = tags.lines().map(str::to_owned).collect();

    let trunk = Trunk::read(&published)?;
    let mut arrays = BTreeMap::new();
    let mut put = |name: &str, shape: Vec<usize>, values: Vec<f32>| {
        arrays.insert(format!("TwoStream.{name}"), Array { shape, values });
    };
    trunk.put(&mut put);
    trunk.put_dense(&published, &mut put)?;
    put_tags(&published, tags.len(), &mut put)?;
    let architecture = Architecture::TwoStream(trunk.config(tags.len()));
    let network = Weights(arrays).apply(architecture.init(device))?;
    // The normalisation of its input, gamma·(x − mean)/deviation + beta, as a mean and a deviation.
    let (scale, shift) = published.norm("input_norm", 1)?;
    let front_end = FrontEnd::musicnn();
    let normalise = Normalise {
        mean: vec![-shift[0] / scale[0]; front_end.mel_bands],
        deviation: vec![1.0 / scale[0]; front_end.mel_bands],
    };
    let mut model = Model::new(
        architecture,
        network,
        (tags, Vec::new()),
        front_end,
        vec![normalise],
        Training {
            data: "the Million Song Dataset, by MusiCNN".to_owned(),
            ..Training::default()
        },
        device,
    );
    model.calibration.head = Head::Sigmoid;
    model.storage = WeightPrecision::Single;
    Ok(model)
}

/// The live filters of a stream. Where the scale is negative the weights are stored with their sign turned,
/// since the network then takes a minimum for a maximum.
fn put_stream(
    put: &mut impl FnMut(&str, Vec<usize>, Vec<f32>),
    name: &str,
    layer: &MusicnnLayer,
    bands: usize,
) {
    let alive = layer.alive();
    let frames = layer.inputs / bands;
    let mut weight = Vec::new();
    for &filter in &alive {
        let sign = layer.scale[filter].signum();
        let stored = layer.filter(filter);
        for band in 0..bands {
            weight.extend((0..frames).map(|frame| sign * stored[frame * bands + band]));
        }
    }
    put(
        &format!("{name}.weight"),
        vec![alive.len(), 1, bands, frames],
        weight,
    );
    let of = |values: &[f32]| alive.iter().map(|&filter| values[filter]).collect();
    put(&format!("{name}.bias"), vec![alive.len()], of(&layer.bias));
    put(
        &format!("{name}.scale"),
        vec![alive.len()],
        of(&layer.scale),
    );
    put(
        &format!("{name}.shift"),
        vec![alive.len()],
        of(&layer.shift),
    );
}

/// A residual convolution: of the live channels of `input` and the channel of ones, to the channels `live`. What is
/// `around` it is constant in the channels that the input lacks, which the shift takes over.
fn put_residual(
    put: &mut impl FnMut(&str, Vec<usize>, Vec<f32>),
    at: usize,
    layer: &MusicnnLayer,
    live: &[usize],
    input: &Channels,
    around: &[f32],
) {
    let mut weight = Vec::new();
    for &filter in live {
        let stored = layer.filter(filter);
        let row = |channel: usize| &stored[channel * FRAMES..(channel + 1) * FRAMES];
        for &channel in &input.live {
            weight.extend_from_slice(row(channel));
        }
        for frame in 0..FRAMES {
            let constants = input.constants.iter().enumerate();
            weight.push(constants.map(|(channel, c)| c * row(channel)[frame]).sum());
        }
    }
    let name = format!("residual.{at}");
    let shape = vec![live.len(), input.live.len() + 1, 1, FRAMES];
    put(&format!("{name}.weight"), shape, weight);
    let of = |values: &[f32]| -> Vec<f32> { live.iter().map(|&filter| values[filter]).collect() };
    put(&format!("{name}.bias"), vec![live.len()], of(&layer.bias));
    put(&format!("{name}.scale"), vec![live.len()], of(&layer.scale));
    let shift = live
        .iter()
        .map(|&filter| layer.shift[filter] + around[filter]);
    put(&format!("{name}.shift"), vec![live.len()], shift.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folder of MusiCNN's weights, where this machine has it.
    fn folder() -> Option<std::path::PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/teacher");
        if !folder.is_dir() {
            println!("skipped: no {}", folder.display());
            return None;
        }
        Some(folder)
    }

    #[test]
    fn the_imported_model_equals_the_reference_after_the_way_through_its_file() {
        let Some(folder) = folder() else { return };
        let device = Device::flex();
        let model = import_musicnn(&folder, &device).expect("imports");
        let model = Model::from_bytes(&model.to_bytes().expect("bytes"), &device).expect("reads");
        assert_eq!(model.genres.len(), 50);
        // 787 thousand before the dead filters were left out.
        assert!(model.parameters < 160_000, "{}", model.parameters);
        let bytes = std::fs::read(folder.join("musicnn_reference.safetensors")).expect("reads");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let values = |name: &str| -> Vec<f32> {
            let view = file.tensor(name).expect(name);
            let (values, _) = view.data().as_chunks::<4>();
            values.iter().map(|&v| f32::from_le_bytes(v)).collect()
        };
        // From [frames, bands] to [bands, frames].
        let input: Vec<f32> = values("input")
            .chunks(187 * 96)
            .flat_map(|patch| {
                let bands = (0..96).map(|band| patch.iter().skip(band).step_by(96));
                bands.flatten().copied().collect::<Vec<f32>>()
            })
            .collect();
        let output = pollster::block_on(model.predict(&[input])).expect("CPU");
        let tags: Vec<f32> = output
            .iter()
            .flat_map(|o| o.probabilities.clone())
            .collect();
        let features: Vec<f32> = output.iter().flat_map(|o| o.embedding.clone()).collect();
        // The tolerance; single precision through ten layers.
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
    fn weights_that_are_missing_damaged_or_of_another_shape_are_rejected_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let refusal = || {
            let refused = import_musicnn(folder.path(), &Device::flex());
            refused.expect_err("rejected").to_string()
        };
        assert!(refusal().contains(WEIGHTS), "{}", refusal());
        std::fs::write(folder.path().join(TAGS), "rock\npop\n").expect("writes");
        std::fs::write(folder.path().join(WEIGHTS), [1, 2, 3]).expect("writes");
        assert!(refusal().contains("does not hold"), "{}", refusal());
        let bytes = vec![0_u8; 4 * 7];
        let view = safetensors::tensor::TensorView::new(Dtype::F32, vec![7], &bytes);
        let file = safetensors::serialize([("timbral_38.norm.gamma", view.expect("a view"))], None);
        std::fs::write(folder.path().join(WEIGHTS), file.expect("a file")).expect("writes");
        let message = refusal();
        assert!(
            message.contains("timbral_38.norm.gamma is F32 [7] instead of"),
            "{message}"
        );
    }
}
