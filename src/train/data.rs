//! Training data in memory: every clip's log-mel spectrogram, decoded once.

use half::f16;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::TrainError;
use super::augment::Augmentation;
use super::waveform_augmentation::WaveformAugmentation;
use soundalike_core::audio;
use soundalike_core::dsp::{FrontEnd, Spectrogram};
use soundalike_core::model::Normalise;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// A log-mel spectrogram in half precision: 0.03 dB is far below what augmentation changes.
#[derive(Clone, Debug)]
pub struct LogMel {
    bands: usize,
    /// Number of frames.
    pub frames: usize,
    values: Vec<f16>,
}

impl LogMel {
    /// Rounds a spectrogram in dB.
    pub fn new(log_mel: &Spectrogram) -> Self {
        Self {
            bands: log_mel.bands,
            frames: log_mel.frames,
            values: log_mel.values.iter().map(|&v| f16::from_f32(v)).collect(),
        }
    }

    /// The value in dB at a place between bands and frames, linearly interpolated; `None` beyond the
    /// last frame.
    pub fn at(&self, band: f32, frame: f32) -> Option<f32> {
        let t = frame as usize;
        if t >= self.frames {
            return None;
        }
        let b = (band as usize).min(self.bands - 1);
        let (next_b, next_t) = ((b + 1).min(self.bands - 1), (t + 1).min(self.frames - 1));
        let (db, dt) = (band - b as f32, frame - t as f32);
        let value = |b: usize, t: usize| self.values[b * self.frames + t].to_f32();
        let here = value(b, t) * (1.0 - dt) + value(b, next_t) * dt;
        let above = value(next_b, t) * (1.0 - dt) + value(next_b, next_t) * dt;
        Some(here * (1.0 - db) + above * db)
    }
}

/// A labelled clip.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What it sounds like.
    pub log_mel: LogMel,
    /// Index of its genre, or indices of its tags.
    pub labels: Vec<usize>,
}

/// Clips to learn from.
pub struct DataSet {
    clips: Vec<Clip>,
    /// Indices of the clips in [`groups`].
    groups: Vec<Vec<usize>>,
    /// Number of genres, or of tags.
    genres: usize,
    front_end: FrontEnd,
}

/// A batch: normalised crops, and what they are to be heard as.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Of each part of the network's input, `[size, rows, columns]`.
    pub inputs: Vec<Vec<f32>>,
    /// `[size, genres]`: probabilities of genres, or of tags, to learn.
    pub targets: Vec<f32>,
    /// Number of crops.
    pub size: usize,
}

/// Least deviation in dB of a band of the log-mel picture, so that one that never changes is not blown up.
pub const LEAST: f32 = 1.0;

impl DataSet {
    /// Decodes the songs on all cores, and makes varied copies as asked. Their genres must be among
    /// `genres`.
    ///
    /// # Errors
    /// Names the first song that cannot be decoded or whose genre is not known; fewer than two
    /// genres are refused.
    pub fn load(
        songs: &[Song],
        genres: &[String],
        front_end: &FrontEnd,
        (variation, seed): (&WaveformAugmentation, u64),
    ) -> Result<Self, TrainError> {
        for song in songs {
            labels(song, genres)?;
        }
        let progress = Progress::new("reading the training clips", songs.len());
        let clips = songs
            .par_iter()
            .enumerate()
            .map(|(at, song)| {
                let unusable = |cause: audio::AudioError| TrainError::Song {
                    file: song.file.clone(),
                    cause: cause.to_string(),
                };
                let labels = labels(song, genres)?;
                let clip = song.clip_at(front_end.sample_rate).map_err(unusable)?;
                let copies = variation.copies(&clip, seed, at).map_err(unusable)?;
                let clips = std::iter::once(&clip).chain(&copies).map(|clip| Clip {
                    log_mel: LogMel::new(&front_end.log_mel(clip.samples())),
                    labels: labels.clone(),
                });
                let clips: Vec<Clip> = clips.collect();
                progress.advance();
                Ok(clips)
            })
            .collect::<Result<Vec<Vec<Clip>>, TrainError>>()?;
        let clips: Vec<Clip> = clips.into_iter().flatten().collect();
        let known = clips.iter().map(|clip| clip.labels.as_slice());
        Ok(Self {
            groups: groups(known.enumerate().collect(), genres.len())?,
            clips,
            genres: genres.len(),
            front_end: front_end.clone(),
        })
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Number of segments, a short clip counting as one: the size of one pass through everything.
    pub fn segments(&self) -> usize {
        self.clips
            .iter()
            .map(|clip| (clip.log_mel.frames / self.front_end.segment_frames).max(1))
            .sum()
    }

    /// Mean and deviation per band over crops as training sees them, gains and equalisers included,
    /// each genre weighing the same.
    pub fn normalisation(&self, augmentation: &Augmentation, seed: u64) -> Normalise {
        /// Crops that are measured: the mean is then known to a tenth of a decibel or so.
        const CROPS: usize = 1000;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let crops = (0..CROPS).map(|_| {
            let clip = self.draw(&mut rng);
            augmentation
                .crop(&clip.log_mel, &self.front_end, &mut rng)
                .0
        });
        let shape = [self.front_end.mel_bands, self.front_end.segment_frames];
        Normalise::of(crops, shape, LEAST)
    }

    /// A random clip; every genre is as likely, however few clips it has, and of clips with tags every
    /// clip.
    fn draw(&self, rng: &mut impl Rng) -> &Clip {
        let index = self
            .groups
            .choose(rng)
            .and_then(|members| members.choose(rng))
            .copied()
            .unwrap_or(0);
        &self.clips[index]
    }

    /// A batch of varied crops. With `mixup` above zero, pairs are blended in shares drawn from
    /// Beta(`mixup`, `mixup`) (Zhang et al. 2018); `smoothing` spreads that share of every label
    /// over all genres.
    pub fn batch(
        &self,
        size: usize,
        augmentation: &Augmentation,
        normalisation: &Normalise,
        (mixup, smoothing): (f64, f32),
        rng: &mut impl Rng,
    ) -> Batch {
        let frames = self.front_end.segment_frames;
        let mut inputs = Vec::with_capacity(size * self.front_end.mel_bands * frames);
        let mut targets = vec![smoothing / self.genres as f32; size * self.genres];
        let prepared = |rng: &mut _| {
            let clip = self.draw(rng);
            let (mut crop, mask) = augmentation.crop(&clip.log_mel, &self.front_end, rng);
            normalisation.apply(&mut crop, frames);
            mask.apply(&mut crop, frames);
            (crop, clip.labels.as_slice())
        };
        for target in targets.chunks_mut(self.genres) {
            let (mut crop, labels) = prepared(rng);
            let share = if mixup > 0.0 { beta(mixup, rng) } else { 1.0 };
            add(target, labels, (1.0 - smoothing) * share);
            if share < 1.0 {
                let (other, other_labels) = prepared(rng);
                add(target, other_labels, (1.0 - smoothing) * (1.0 - share));
                for (a, b) in crop.iter_mut().zip(other) {
                    *a = share * *a + (1.0 - share) * b;
                }
            }
            inputs.extend(crop);
        }
        Batch {
            inputs: vec![inputs],
            targets,
            size,
        }
    }
}

/// Indices of a song's tags, or of its one genre, among those that are learnt.
pub(super) fn labels(song: &Song, names: &[String]) -> Result<Vec<usize>, TrainError> {
    let words = song.words();
    let unknown = |word: &str| TrainError::Song {
        file: song.file.clone(),
        cause: format!("its genre {word:?} is none of {}", names.join(", ")),
    };
    if words.is_empty() {
        return Err(unknown(""));
    }
    let place = |word: &&str| names.iter().position(|name| name == word);
    let places = words
        .iter()
        .map(|word| place(word).ok_or_else(|| unknown(word)));
    places.collect()
}

/// Members with their labels in groups that are drawn from alike: one per genre that has any, or a
/// single one where some have several labels, since no group of its own could then hold a tag's clips.
pub(super) fn groups<T>(
    members: Vec<(T, &[usize])>,
    names: usize,
) -> Result<Vec<Vec<T>>, TrainError> {
    if members.iter().any(|(_, labels)| labels.len() != 1) {
        return Ok(vec![
            members.into_iter().map(|(member, _)| member).collect(),
        ]);
    }
    let mut groups: Vec<Vec<T>> = (0..names).map(|_| Vec::new()).collect();
    for (member, labels) in members {
        groups[labels[0]].push(member);
    }
    groups.retain(|members| !members.is_empty());
    if groups.len() < 2 {
        return Err(TrainError::TooFewGenres(groups.len()));
    }
    Ok(groups)
}

/// Adds a share to the targets of a clip's labels.
pub(super) fn add(target: &mut [f32], labels: &[usize], share: f32) {
    for &label in labels {
        target[label] += share;
    }
}

/// A number from Beta(a, a) by Jöhnk's method, which is quick for small `a`.
pub(super) fn beta(a: f64, rng: &mut impl Rng) -> f32 {
    loop {
        let (x, y) = (
            rng.random::<f64>().powf(1.0 / a),
            rng.random::<f64>().powf(1.0 / a),
        );
        if x + y > 0.0 && x + y <= 1.0 {
            return (x / (x + y)) as f32;
        }
    }
}
