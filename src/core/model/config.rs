//! The sizes of the two two-stream networks, which a model file holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dsp::FrontEnd;

/// Length in frames of the filters along frequency and of the residual convolutions of a two-stream network.
pub(super) const FRAMES: usize = 7;
/// Length of the filters along a stream's own axis of a [`TwoStreamResCnnConfig`], in bands or frames.
pub(super) const FILTER: usize = 9;
/// Height and width of its picture after the first pooling, in bands and frames.
pub(super) const POOLED: usize = 32;

/// The sizes of a `two_stream::TwoStream`; those of MusiCNN without its dead filters by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoStreamConfig {
    /// Number of genres, the length of the logits.
    pub genres: usize,
    /// Number of tags; zero for a network without tags.
    pub tags: usize,
    /// Whether it tells music from other sounds.
    pub music: bool,
    /// Of each group of filters along frequency, their number and their height in bands; all are seven
    /// frames wide.
    pub spectral: Vec<[usize; 2]>,
    /// Of each group of filters along time, their number and their width in frames; all are one band high.
    pub temporal: Vec<[usize; 2]>,
    /// Channels of the three residual convolutions, none fewer than the one before.
    pub residual: [usize; 3],
    /// Length of the last layer before the heads.
    pub features: usize,
    /// Length of the embedding; zero if the features themselves are the embedding.
    pub embedding: usize,
    /// Share of the features that is dropped at random before the genre layer while training.
    pub dropout: f64,
}

impl Default for TwoStreamConfig {
    fn default() -> Self {
        Self {
            genres: 10,
            tags: 0,
            music: false,
            spectral: vec![[23, 38], [14, 67]],
            temporal: vec![[3, 128], [7, 64], [17, 32]],
            residual: [20, 64, 64],
            features: 200,
            embedding: 128,
            dropout: 0.3,
        }
    }
}

impl TwoStreamConfig {
    /// Channels of the streams, without the channel of ones.
    pub(super) fn front(&self) -> usize {
        let groups = self.spectral.iter().chain(&self.temporal);
        groups.map(|[count, _]| count).sum()
    }

    /// Length of what is pooled over time.
    pub(super) fn pooled(&self) -> usize {
        2 * (self.front() + self.residual.iter().sum::<usize>())
    }

    /// Length of the embedding.
    pub fn embedding_length(&self) -> usize {
        match self.embedding {
            0 => self.features,
            length => length,
        }
    }

    /// The shape of each of the network's arrays, by its name in a model file.
    pub(super) fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let mut shapes = BTreeMap::new();
        let mut add = |path: &str, shape: &[usize]| {
            shapes.insert(format!("TwoStream.{path}"), shape.to_vec());
        };
        let mut filters = |path: String, shape: [usize; 4]| {
            add(&format!("{path}.weight"), &shape);
            for name in ["bias", "scale", "shift"] {
                add(&format!("{path}.{name}"), &shape[..1]);
            }
        };
        for (at, &[count, height]) in self.spectral.iter().enumerate() {
            filters(format!("spectral.{at}"), [count, 1, height, FRAMES]);
        }
        for (at, &[count, width]) in self.temporal.iter().enumerate() {
            filters(format!("temporal.{at}"), [count, 1, 1, width]);
        }
        let [first, second, third] = self.residual;
        let residual = [(self.front(), first), (first, second), (second, third)];
        for (at, (inputs, outputs)) in residual.into_iter().enumerate() {
            // A channel of ones follows the others.
            filters(format!("residual.{at}"), [outputs, inputs + 1, 1, FRAMES]);
        }
        let heads = [
            ("features", self.pooled(), self.features),
            ("genre", self.features, self.genres),
            ("embedding", self.features, self.embedding),
            ("tags", self.features, self.tags),
            ("music", self.features, usize::from(self.music)),
        ];
        for (path, inputs, outputs) in heads.into_iter().filter(|&(_, _, outputs)| outputs > 0) {
            add(&format!("{path}.weight"), &[inputs, outputs]);
            add(&format!("{path}.bias"), &[outputs]);
        }
        for name in ["scale", "shift"] {
            add(name, &[self.features]);
        }
        shapes
    }

    /// Whether a network of these sizes fits the picture and is no larger than a visitor would wait for.
    pub(super) fn is_possible(&self) -> bool {
        /// Far above any such network.
        const MOST: usize = 2048;
        let front_end = FrontEnd::musicnn();
        let fits = |groups: &[[usize; 2]], longest: usize| {
            !groups.is_empty()
                && groups
                    .iter()
                    .all(|[count, size]| (1..=MOST).contains(count) && (1..=longest).contains(size))
        };
        let [first, second, third] = self.residual;
        let sizes = [self.genres, self.features, self.front(), first, third];
        fits(&self.spectral, front_end.mel_bands)
            && fits(&self.temporal, front_end.segment_frames)
            && first <= second
            && second <= third
            && sizes.iter().all(|size| (1..=MOST).contains(size))
            && self.tags <= MOST
            && self.embedding <= MOST
    }

    /// Multiplications of one segment, each with its addition.
    pub fn multiplications(&self) -> usize {
        let front_end = FrontEnd::musicnn();
        let (bands, frames) = (front_end.mel_bands, front_end.segment_frames);
        let spectral = self.spectral.iter();
        let spectral =
            spectral.map(|[count, height]| count * height * FRAMES * (bands + 1 - height));
        let temporal = self.temporal.iter();
        let temporal = temporal.map(|[count, width]| count * width * bands);
        let [first, second, third] = self.residual;
        let residual =
            FRAMES * (first * (self.front() + 1) + second * (first + 1) + third * (second + 1));
        let heads = self.genres + self.tags + usize::from(self.music) + self.embedding;
        frames * (spectral.chain(temporal).sum::<usize>() + residual)
            + self.features * (self.pooled() + heads)
    }
}

/// The sizes of a `two_stream_rescnn::TwoStreamResCnn`. Channel counts are multiples of sixteen, which WebGPU kernels like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoStreamResCnnConfig {
    /// Number of genres, the length of the logits.
    pub genres: usize,
    /// Number of tags; zero for a network without tags.
    pub tags: usize,
    /// Whether it tells music from other sounds.
    pub music: bool,
    /// Channels of each stream's first convolution and of its two residual blocks.
    pub channels: [usize; 3],
    /// Channels after the fusion.
    pub fused: usize,
    /// Length of the embedding.
    pub embedding: usize,
    /// Share of the embedding that is dropped at random before the genre layer while training.
    pub dropout: f64,
}

impl Default for TwoStreamResCnnConfig {
    fn default() -> Self {
        Self {
            genres: 10,
            tags: 0,
            music: false,
            channels: [32, 48, 96],
            fused: 128,
            embedding: 128,
            dropout: 0.3,
        }
    }
}

impl TwoStreamResCnnConfig {
    /// Multiplications of one segment, each with its addition.
    pub fn multiplications(&self) -> usize {
        let [first, second, third] = self.channels;
        let block = |from: usize, to: usize, kernel: usize| {
            kernel * to * (from + to) + if from == to { 0 } else { from * to }
        };
        let stream = FILTER * first * POOLED * 128
            + block(first, second, FILTER) * POOLED * POOLED
            + block(second, third, 9) * POOLED * POOLED / 4;
        let joint = 2 * third * self.fused + block(self.fused, self.fused, 9);
        let heads = self.genres + self.tags + usize::from(self.music);
        2 * stream + joint * POOLED * POOLED / 16 + self.embedding * (2 * self.fused + heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_do_not_fit_the_picture_are_impossible() {
        let usual = TwoStreamConfig::default;
        assert!(usual().is_possible());
        let wrong = [
            TwoStreamConfig {
                spectral: vec![[4, 97]],
                ..usual()
            },
            TwoStreamConfig {
                temporal: vec![[4, 188]],
                ..usual()
            },
            TwoStreamConfig {
                temporal: Vec::new(),
                ..usual()
            },
            TwoStreamConfig {
                residual: [64, 20, 64],
                ..usual()
            },
            TwoStreamConfig {
                features: 0,
                ..usual()
            },
        ];
        for config in wrong {
            assert!(!config.is_possible(), "{config:?}");
        }
    }
}
