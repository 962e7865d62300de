//! Training data of networks with log-mel windows of three seconds: every clip's spectrogram, computed once and
//! cropped and augmented again for every batch.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::augment::Augmentation;
use super::batch::{Batch, BatchSource};
use super::config::TrainingConfig;
use super::error::TrainError;
use super::labels::{add, groups, labels};
use super::log_mel::LogMel;
use super::mixup;
use soundalike_core::audio;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::Normalise;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// A labelled clip.
#[derive(Clone, Debug)]
struct Clip {
    log_mel: LogMel,
    /// Index of its genre, or indices of its tags.
    labels: Vec<usize>,
}

/// Labelled clips.
pub struct ClipSource {
    clips: Vec<Clip>,
    /// Indices of the clips in [`groups`].
    groups: Vec<Vec<usize>>,
    /// Number of genres, or of tags.
    genres: usize,
    front_end: FrontEnd,
}

/// Least deviation in dB of a band, so that one that never changes is not blown up.
const LEAST_DEVIATION: f32 = 1.0;

impl ClipSource {
    /// Decodes the songs on all cores, with augmented copies as configured. Their genres must be among
    /// those of the configuration.
    ///
    /// # Errors
    /// Names the first song that cannot be decoded or whose genre is unknown; fewer than two genres are
    /// rejected.
    pub fn load(songs: &[Song], config: &TrainingConfig) -> Result<Self, TrainError> {
        let front_end = config.architecture.input().front_end();
        let genres = &config.genres;
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
                let copies = config
                    .variation
                    .copies(&clip, config.seed, at)
                    .map_err(unusable)?;
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
        let labelled = clips.iter().map(|clip| clip.labels.as_slice());
        Ok(Self {
            groups: groups(labelled.enumerate().collect(), genres.len())?,
            clips,
            genres: genres.len(),
            front_end,
        })
    }

    /// A random clip. Every genre is equally likely, however few clips it has; of clips with tags every
    /// clip is.
    fn draw(&self, rng: &mut impl Rng) -> &Clip {
        let index = self
            .groups
            .choose(rng)
            .and_then(|members| members.choose(rng))
            .copied()
            .unwrap_or(0);
        &self.clips[index]
    }

    /// A batch of augmented crops. With mixup, pairs are blended in shares drawn from Beta(`mixup`,
    /// `mixup`) (Zhang et al. 2018); `smoothing` spreads that share of every label over all genres.
    fn batch(
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
            let share = mixup::share(mixup, rng);
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

impl BatchSource for ClipSource {
    fn clips(&self) -> usize {
        self.clips.len()
    }

    /// A clip shorter than a window counts as one.
    fn windows(&self) -> usize {
        self.clips
            .iter()
            .map(|clip| (clip.log_mel.frames / self.front_end.segment_frames).max(1))
            .sum()
    }

    /// Mean and deviation per band over crops as training sees them, gains and equalisers included,
    /// each genre weighing the same.
    fn normalisation(&self, config: &TrainingConfig) -> Vec<Normalise> {
        /// Crops that are measured: the mean is then known to a tenth of a decibel or so.
        const CROPS: usize = 1000;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let crops = (0..CROPS).map(|_| {
            let clip = self.draw(&mut rng);
            let (crop, _) = config
                .augmentation
                .crop(&clip.log_mel, &self.front_end, &mut rng);
            crop
        });
        let shape = [self.front_end.mel_bands, self.front_end.segment_frames];
        vec![Normalise::of(crops, shape, LEAST_DEVIATION)]
    }

    fn epoch<'a>(
        &'a self,
        config: &'a TrainingConfig,
        normalisation: &'a [Normalise],
        seed: u64,
    ) -> Box<dyn Iterator<Item = Batch> + 'a> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Box::new((0..self.batches(config)).map(move |_| {
            self.batch(
                config.batch_size,
                &config.augmentation,
                &normalisation[0],
                config.mixing(),
                &mut rng,
            )
        }))
    }
}
