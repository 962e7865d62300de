//! The shipped network on the processor without burn: the same answer as `TwoStream::forward`, faster. What
//! trains, and what runs on a graphics processor, stays with burn.

use std::sync::{Mutex, PoisonError};

use pulp::{Arch, Simd, WithSimd};

use super::file::Normalise;
use super::{ModelError, TwoStreamConfig, Weights};
use crate::dsp::FrontEnd;
use crate::kernels::inference::{
    Bank, Dense, Epilogue, Frames, MinimalFilter, Output, Pieces, Rows, Scratch, TILES, Transformed,
};

/// Points of filters seven frames wide.
const SEVEN: usize = 10;
/// Points of pieces of four frames.
const FOUR: usize = 7;

/// A two-stream network with its input normalisation, ready to be run.
#[derive(Debug)]
pub struct TwoStreamExecutor {
    arch: Arch,
    seven: MinimalFilter<SEVEN>,
    four: MinimalFilter<FOUR>,
    frames: Frames,
    normalise: Vec<[f32; 2]>,
    /// Tiles of zeros before the first frame that the filters along time reach back.
    lead: usize,
    /// Tiles that they reach beyond the tile of their output, counted from `lead` tiles before.
    reach: usize,
    spectral: Vec<Bank<SEVEN>>,
    temporal: Vec<Bank<FOUR>>,
    residual: Vec<Bank<SEVEN>>,
    features: Dense,
    scale: Vec<f32>,
    shift: Vec<f32>,
    heads: Dense,
    /// Genres; where the features are the embedding it stands between these and the other heads.
    genres: usize,
    has_embedding: bool,
    /// Memory that is not in use: as many pieces as there were threads at once.
    idle: Mutex<Vec<Workspace>>,
}

/// All memory that one segment takes.
#[derive(Debug)]
struct Workspace {
    input: Rows,
    sevens: Transformed,
    fours: Transformed,
    /// Streams and residual layers, each with a row of ones at the end.
    layers: Vec<Rows>,
    /// Maxima, then means.
    pooled: Vec<f32>,
    features: Vec<f32>,
    heads: Vec<f32>,
    scratch: Scratch,
}

/// Finds a network's arrays by the end of their paths.
struct Arrays<'a>(&'a Weights);

impl Arrays<'_> {
    fn get(&self, path: &str) -> Result<&[f32], ModelError> {
        let array = self.0.get(&format!("TwoStream.{path}"))?;
        Ok(&array.values)
    }

    /// What follows the convolution of filters. Where only their loudest band counts and the scale is negative,
    /// their weights have the other sign.
    fn epilogue(&self, path: &str, loudest: bool) -> Result<Epilogue, ModelError> {
        let get = |name: &str| Ok(self.get(&format!("{path}.{name}"))?.to_vec());
        let scale: Vec<f32> = get("scale")?;
        let sign = |&scale: &f32| match scale {
            _ if !loudest => 1.0,
            0.0 => 0.0,
            scale => scale.signum(),
        };
        Ok(Epilogue {
            bias: get("bias")?,
            sign: scale.iter().map(sign).collect(),
            scale,
            shift: get("shift")?,
        })
    }

    fn dense(&self, path: &str) -> Result<(&[f32], &[f32]), ModelError> {
        let weight = self.get(&format!("{path}.weight"))?;
        Ok((weight, self.get(&format!("{path}.bias"))?))
    }
}

impl TwoStreamExecutor {
    /// Takes a network's weights, which fit `config`.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(
        config: &TwoStreamConfig,
        weights: &Weights,
        normalise: &Normalise,
    ) -> Result<Self, ModelError> {
        let arrays = Arrays(weights);
        let FrontEnd {
            mel_bands,
            segment_frames,
            ..
        } = FrontEnd::musicnn();
        let (seven, four) = (MinimalFilter::seven(), MinimalFilter::four());
        let frames = Frames::new(segment_frames);
        let tall = |path: &str, height: usize, rows: usize, loudest: bool| {
            let epilogue = arrays.epilogue(path, loudest)?;
            let weights = arrays.get(&format!("{path}.weight"))?;
            Ok(Bank::tall(&seven, weights, height, rows, epilogue))
        };
        let pieces = || config.temporal.iter().map(|&[_, width]| Pieces::of(width));
        let lead = pieces().map(|pieces| pieces.before).max().unwrap_or(1);
        let reach = pieces().map(|pieces| lead - pieces.before + pieces.count);
        let wide = |(at, &[_, width]): (usize, &[usize; 2])| {
            let path = format!("temporal.{at}");
            let weights = arrays.get(&format!("{path}.weight"))?;
            let epilogue = arrays.epilogue(&path, true)?;
            Ok(Bank::wide(&four, weights, width, mel_bands, lead, epilogue))
        };
        let spectral = config.spectral.iter().enumerate();
        let spectral = spectral
            .map(|(at, &[_, height])| tall(&format!("spectral.{at}"), height, mel_bands, true))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let temporal = config.temporal.iter().enumerate().map(wide);
        let temporal = temporal.collect::<Result<Vec<_>, ModelError>>()?;
        // A row of ones follows the channels.
        let [first, second, _] = config.residual;
        let inputs = [config.front() + 1, first + 1, second + 1];
        let residual = inputs.iter().enumerate();
        let residual = residual
            .map(|(at, &inputs)| tall(&format!("residual.{at}"), inputs, inputs, false))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let mut heads = vec![arrays.dense("genre")?];
        let others = [
            (config.embedding > 0, "embedding"),
            (config.tags > 0, "tags"),
            (config.music, "music"),
        ];
        for (_, path) in others.iter().filter(|(has, _)| *has) {
            heads.push(arrays.dense(path)?);
        }
        let deviations = normalise.mean.iter().zip(&normalise.deviation);
        Ok(Self {
            arch: Arch::new(),
            lead,
            reach: reach.max().unwrap_or(1),
            spectral,
            temporal,
            residual,
            seven,
            four,
            frames,
            normalise: deviations.map(|(&mean, &d)| [mean, 1.0 / d]).collect(),
            features: Dense::new(config.pooled(), &[arrays.dense("features")?]),
            scale: arrays.get("scale")?.to_vec(),
            shift: arrays.get("shift")?.to_vec(),
            heads: Dense::new(config.features, &heads),
            genres: config.genres,
            has_embedding: config.embedding > 0,
            idle: Mutex::default(),
        })
    }

    /// Of each of some segments `[segments, bands, frames]`, not normalised yet, its logits, embedding, tags' logits
    /// and logit of music, `[segments, outputs]`, and the number of these outputs.
    pub fn predict(&self, segments: &[f32]) -> (Vec<f32>, usize) {
        let size = self.normalise.len() * self.frames.count;
        let embedding = if self.has_embedding {
            0
        } else {
            self.scale.len()
        };
        let width = self.heads.outputs + embedding;
        let mut outputs = vec![0.0; segments.len() / size * width];
        let one = |(segment, output): (&[f32], &mut [f32])| {
            let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = idle().pop();
            let mut workspace = taken.unwrap_or_else(|| self.workspace());
            self.arch.dispatch(Run {
                executor: self,
                segment,
                workspace: &mut workspace,
            });
            self.write(&workspace, output);
            idle().push(workspace);
        };
        #[cfg(not(target_arch = "wasm32"))]
        {
            use rayon::prelude::*;
            let segments = segments.par_chunks_exact(size);
            segments
                .zip(outputs.par_chunks_exact_mut(width))
                .for_each(one);
        }
        #[cfg(target_arch = "wasm32")]
        segments
            .chunks_exact(size)
            .zip(outputs.chunks_exact_mut(width))
            .for_each(one);
        (outputs, width)
    }

    /// The outputs of one segment in their order.
    fn write(&self, workspace: &Workspace, output: &mut [f32]) {
        let heads = &workspace.heads[..self.heads.outputs];
        if self.has_embedding {
            output.copy_from_slice(heads);
            return;
        }
        let (genres, others) = heads.split_at(self.genres);
        let (to, rest) = output.split_at_mut(self.genres);
        to.copy_from_slice(genres);
        let (to, rest) = rest.split_at_mut(self.scale.len());
        to.copy_from_slice(&workspace.features[..self.scale.len()]);
        rest.copy_from_slice(others);
    }

    fn workspace(&self) -> Workspace {
        /// Tiles that a filter's signal goes beyond its first.
        const BEYOND: usize = 3;
        let count = self.frames.count;
        let bands = self.normalise.len();
        let spectral = self.spectral.iter().map(|bank| bank.count);
        let front = spectral.chain(self.temporal.iter().map(|bank| bank.count));
        let mut channels = vec![front.sum::<usize>()];
        channels.extend(self.residual.iter().map(|bank| bank.count));
        let layers = channels.iter().map(|&channels| {
            let mut rows = Rows::new(channels + 1, 1, TILES + BEYOND);
            rows.set(channels, std::iter::repeat_n(1.0, count));
            rows
        });
        let rows = channels.iter().fold(bands, |most, &c| most.max(c + 1));
        let reached = (TILES + self.reach).next_multiple_of(16);
        Workspace {
            input: Rows::new(bands, self.lead, reached + BEYOND),
            sevens: Transformed::new(SEVEN, rows, TILES),
            fours: Transformed::new(FOUR, bands, reached),
            layers: layers.collect(),
            pooled: vec![0.0; 2 * channels.iter().sum::<usize>()],
            features: self.features.room(),
            heads: self.heads.room(),
            scratch: Scratch::new(SEVEN),
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, segment: &[f32], workspace: &mut Workspace) {
        let Workspace {
            input,
            sevens,
            fours,
            layers,
            pooled,
            features,
            heads,
            scratch,
        } = workspace;
        let bands = segment.chunks_exact(self.frames.count);
        for (band, (values, [mean, scale])) in bands.zip(&self.normalise).enumerate() {
            input.set(band, values.iter().map(|value| (value - mean) * scale));
        }
        sevens.fill(simd, &self.seven, input, 1);
        fours.fill(simd, &self.four, input, self.lead);
        let half = pooled.len() / 2;
        let (maximum, mean) = pooled.split_at_mut(half);
        let mut done = 0;
        for bank in &self.spectral {
            let output = Output::of_stream(&mut layers[0], done, maximum, mean);
            bank.run(simd, &self.seven, sevens, &self.frames, scratch, output);
            done += bank.count;
        }
        for bank in &self.temporal {
            let output = Output::of_stream(&mut layers[0], done, maximum, mean);
            bank.run(simd, &self.four, fours, &self.frames, scratch, output);
            done += bank.count;
        }
        for (at, bank) in self.residual.iter().enumerate() {
            let (before, after) = layers.split_at_mut(at + 1);
            let before = &before[at];
            sevens.fill(simd, &self.seven, before, 1);
            let output = Output {
                rows: &mut after[0],
                first: 0,
                // The first is no residual: its input has other channels.
                around: (at > 0).then_some((before, before.count - 1)),
                maximum: &mut maximum[done..],
                mean: &mut mean[done..],
            };
            bank.run(simd, &self.seven, sevens, &self.frames, scratch, output);
            done += bank.count;
        }
        self.features.run(simd, pooled, features);
        let after = self.scale.iter().zip(&self.shift);
        for (feature, (scale, shift)) in features.iter_mut().zip(after) {
            *feature = feature.max(0.0) * scale + shift;
        }
        self.heads.run(simd, features, heads);
    }
}

/// One segment through the network, with whatever vectors there are.
struct Run<'a> {
    executor: &'a TwoStreamExecutor,
    segment: &'a [f32],
    workspace: &'a mut Workspace,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.executor.run(simd, self.segment, self.workspace);
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Architecture, Model, Network};

    /// What burn answers, in the order of [`TwoStreamExecutor::predict`].
    fn by_burn(network: &Network, normalise: &Normalise, segments: &[f32]) -> Vec<f32> {
        let FrontEnd {
            mel_bands,
            segment_frames,
            ..
        } = FrontEnd::musicnn();
        let mut segments = segments.to_vec();
        for segment in segments.chunks_mut(mel_bands * segment_frames) {
            normalise.apply(segment, segment_frames);
        }
        let batch = segments.len() / (mel_bands * segment_frames);
        let data = TensorData::new(segments, [batch, 1, mel_bands, segment_frames]);
        let output = network.forward(vec![Tensor::from_data(data, &Device::flex())]);
        let mut parts = vec![output.logits, output.embedding];
        parts.extend(output.tags);
        parts.extend(output.music);
        Tensor::cat(parts, 1).into_data().iter::<f32>().collect()
    }

    /// Numbers from −1 to 1 that look random (Numerical Recipes' generator).
    fn noise(seed: u32) -> impl FnMut() -> f32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        }
    }

    /// A network whose biases, scales and shifts are random too, negative ones and zeros among them.
    fn network(config: &TwoStreamConfig, seed: u32) -> (Network, Weights) {
        let architecture = Architecture::TwoStream(config.clone());
        let mut weights = Weights::of(&architecture.init(&Device::flex()));
        let mut value = noise(seed);
        for (path, array) in &mut weights.0 {
            if array.shape.len() == 1 {
                array.values.iter_mut().for_each(|v| *v = value());
            }
            if path.ends_with(".scale") {
                array.values[0] = 0.0;
            }
        }
        let network = weights.clone().apply(architecture.init(&Device::flex()));
        (network.expect("its own weights"), weights)
    }

    fn compare(config: &TwoStreamConfig, seed: u32) {
        let (network, weights) = network(config, seed);
        let mut value = noise(!seed);
        let normalise = Normalise {
            mean: (0..96).map(|_| value()).collect(),
            deviation: (0..96).map(|_| 1.5 + value()).collect(),
        };
        let segments: Vec<f32> = (0..2 * 96 * 187).map(|_| value()).collect();
        let executor = TwoStreamExecutor::new(config, &weights, &normalise).expect("all weights");
        let expected = by_burn(&network, &normalise, &segments);
        // The second time in memory that has been used.
        for _ in 0..2 {
            let (found, _) = executor.predict(&segments);
            assert_eq!(found.len(), expected.len());
            let most = expected.iter().fold(1.0_f32, |most, v| most.max(v.abs()));
            for (a, b) in found.iter().zip(&expected) {
                // Single precision through seven layers, summed in another order.
                assert!((a - b).abs() < 2e-4 * most, "{config:?}: {a} {b}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn networks_of_any_size_answer_as_burns(
            spectral in prop::collection::vec((1_usize..12, 1_usize..=96), 1..3),
            temporal in prop::collection::vec((1_usize..8, 1_usize..=187), 1..3),
            mut residual in prop::array::uniform3(1_usize..14),
            (features, embedding, tags) in (1_usize..70, 0_usize..40, 0_usize..4),
            music: bool,
            seed: u32,
        ) {
            residual.sort_unstable();
            let groups = |groups: Vec<(usize, usize)>| groups.into_iter().map(|(a, b)| [a, b]).collect();
            compare(
                &TwoStreamConfig {
                    spectral: groups(spectral),
                    temporal: groups(temporal),
                    residual,
                    features,
                    embedding,
                    tags,
                    music,
                    ..TwoStreamConfig::default()
                },
                seed,
            );
        }
    }

    #[test]
    fn processors_without_vectors_answer_the_same() {
        let config = TwoStreamConfig::default();
        let (_, weights) = network(&config, 3);
        let normalise = Normalise {
            mean: vec![0.0; 96],
            deviation: vec![1.0; 96],
        };
        let mut executor = TwoStreamExecutor::new(&config, &weights, &normalise).expect("weights");
        let mut value = noise(5);
        let segment: Vec<f32> = (0..96 * 187).map(|_| value()).collect();
        let (found, _) = executor.predict(&segment);
        executor.arch = Arch::Scalar;
        for (a, b) in executor.predict(&segment).0.iter().zip(&found) {
            // With and without a rounding between product and sum.
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn the_shipped_model_answers_as_with_burn() {
        let device = Device::flex();
        let bytes = include_bytes!("../../../models/two-stream.safetensors");
        let model = Model::from_bytes(bytes, &device).expect("the shipped model");
        let network = model.architecture.init(&device);
        let network = model.weights().apply(network).expect("its own weights");
        // A sweep over the bands, and noise at the level of quiet music.
        let mut value = noise(1);
        let segments: Vec<f32> = (0..3 * 96 * 187)
            .map(|at| {
                let (band, frame) = (at / 187 % 96, at % 187);
                let distance = band as f32 - frame as f32 / 2.0;
                2.0 * (-distance * distance / 50.0).exp() + 0.3 + 0.3 * value()
            })
            .collect();
        let expected = by_burn(&network, &model.normalise[0], &segments);
        let found = pollster::block_on(model.predict(&[&segments])).expect("CPU");
        let expected = expected.chunks(expected.len() / found.len());
        for (found, expected) in found.iter().zip(expected) {
            let (logits, embedding) = (&expected[..10], &expected[10..10 + found.embedding.len()]);
            for (a, b) in found.logits.iter().zip(logits) {
                // Single precision through seven layers, summed in another order.
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                let pairs = a.iter().zip(b);
                pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
            };
            let lengths = dot(embedding, embedding) * dot(&found.embedding, &found.embedding);
            let cosine = dot(embedding, &found.embedding) / lengths.sqrt();
            assert!(cosine > 1.0 - 1e-6, "{cosine}");
        }
    }
}
