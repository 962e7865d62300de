//! Training data of any other input: every clip's windows, computed once.

use half::f16;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::augment::Mask;
use super::batch::{Batch, BatchSource};
use super::config::TrainingConfig;
use super::error::TrainError;
use super::labels::{add, groups, labels};
use super::mixup;
use soundalike_core::model::{Input, Normalise};
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// Numbers of many windows.
enum Values {
    /// Half precision, which is finer than any recording.
    Half(Vec<f16>),
    /// Single precision, for those that half precision cannot hold.
    Single(Vec<f32>),
}

impl Values {
    fn of(input: Input, values: &[f32]) -> Self {
        match input {
            Input::Descriptors => Self::Single(values.to_vec()),
            _ => Self::Half(values.iter().map(|&v| f16::from_f32(v)).collect()),
        }
    }

    fn window(&self, at: usize, size: usize) -> Vec<f32> {
        let range = at * size..(at + 1) * size;
        match self {
            Self::Half(values) => values[range].iter().map(|v| v.to_f32()).collect(),
            Self::Single(values) => values[range].to_vec(),
        }
    }
}

/// The windows of one clip.
struct Clip {
    /// Index of its genre, or indices of its tags.
    labels: Vec<usize>,
    /// Of each part of the input.
    parts: Vec<Values>,
    /// Windows that are not silent.
    audible: Vec<usize>,
}

/// Labelled clips in windows.
pub struct WindowSource {
    input: Input,
    clips: Vec<Clip>,
    /// Clip and window, in [`groups`].
    groups: Vec<Vec<(usize, usize)>>,
    /// Number of genres, or of tags.
    genres: usize,
}

impl WindowSource {
    /// Decodes the songs on all cores and computes their windows, with augmented copies as configured.
    /// Their genres must be among those of the configuration.
    ///
    /// # Errors
    /// Names the first song that cannot be decoded or whose genre is unknown; fewer than two genres are
    /// rejected.
    pub fn load(songs: &[Song], config: &TrainingConfig) -> Result<Self, TrainError> {
        let (input, genres) = (config.architecture.input(), &config.genres);
        for song in songs {
            labels(song, genres)?;
        }
        let progress = Progress::new("reading the training clips", songs.len());
        let clips = songs
            .par_iter()
            .enumerate()
            .map(|(at, song)| {
                let unusable = |cause: soundalike_core::audio::AudioError| TrainError::Song {
                    file: song.file.clone(),
                    cause: cause.to_string(),
                };
                let labels = labels(song, genres)?;
                let sound = song.clip().map_err(unusable)?;
                let copies = config
                    .variation
                    .copies(&sound, config.seed, at)
                    .map_err(unusable)?;
                let clips = std::iter::once(&sound).chain(&copies).map(|sound| {
                    let examples = input.examples(sound).map_err(unusable)?;
                    let parts = examples.parts.iter();
                    Ok(Clip {
                        labels: labels.clone(),
                        parts: parts.map(|part| Values::of(input, part)).collect(),
                        audible: (0..examples.len())
                            .filter(|&window| examples.audible[window])
                            .collect(),
                    })
                });
                let clips = clips.collect::<Result<Vec<Clip>, TrainError>>()?;
                progress.advance();
                Ok(clips)
            })
            .collect::<Result<Vec<Vec<Clip>>, TrainError>>()?;
        Self::new(clips.into_iter().flatten().collect(), genres.len(), input)
    }

    /// Rows of a feature table, `[57]` each, with the indices of their genres.
    ///
    /// # Errors
    /// If there are fewer than two genres.
    pub fn of_rows<'a>(
        rows: impl Iterator<Item = (&'a [f32], usize)>,
        genres: usize,
    ) -> Result<Self, TrainError> {
        let clips = rows.map(|(row, genre)| Clip {
            labels: vec![genre],
            parts: vec![Values::Single(Input::of_descriptors(row))],
            audible: vec![0],
        });
        Self::new(clips.collect(), genres, Input::Descriptors)
    }

    fn new(clips: Vec<Clip>, genres: usize, input: Input) -> Result<Self, TrainError> {
        let places = clips.iter().enumerate().flat_map(|(at, clip)| {
            let windows = clip.audible.iter();
            windows.map(move |&window| ((at, window), clip.labels.as_slice()))
        });
        Ok(Self {
            groups: groups(places.collect(), genres)?,
            input,
            clips,
            genres,
        })
    }

    /// One part of a window, `[rows, columns]`.
    fn part(&self, (clip, window): (usize, usize), part: usize) -> Vec<f32> {
        let [rows, columns] = self.input.shapes()[part];
        self.clips[clip].parts[part].window(window, rows * columns)
    }

    /// Clip and window, as many as there are, genre by genre in turn, so that each has its share; of a
    /// genre, or of all clips with tags, every window once before any comes again.
    fn order(&self, rng: &mut impl Rng) -> Vec<(usize, usize)> {
        let mut groups = self.groups.clone();
        groups.shuffle(rng);
        for members in &mut groups {
            members.shuffle(rng);
        }
        (0..self.windows())
            .map(|at| {
                let members = &groups[at % groups.len()];
                members[at / groups.len() % members.len()]
            })
            .collect()
    }

    /// A batch of these windows. With `mixup` above zero, each is blended with another of the batch, in
    /// shares drawn from Beta(`mixup`, `mixup`) (Zhang et al. 2018); `smoothing` spreads that share of
    /// every label over all genres. With `spec_augment`, stripes of each window are masked (Park et al.
    /// 2019).
    fn batch(
        &self,
        places: &[(usize, usize)],
        normalisation: &[Normalise],
        (mixup, smoothing): (f64, f32),
        spec_augment: bool,
        rng: &mut impl Rng,
    ) -> Batch {
        let size = places.len();
        let blends: Vec<(f32, usize)> = places
            .iter()
            .map(|_| {
                let share = mixup::share(mixup, rng);
                (share, rng.random_range(0..size))
            })
            .collect();
        let mut targets = vec![smoothing / self.genres as f32; size * self.genres];
        for (at, target) in targets.chunks_mut(self.genres).enumerate() {
            let (share, other) = blends[at];
            let labels = |at: usize| self.clips[places[at].0].labels.as_slice();
            add(target, labels(at), (1.0 - smoothing) * share);
            add(target, labels(other), (1.0 - smoothing) * (1.0 - share));
        }
        let shapes = self.input.shapes().into_iter().enumerate();
        let inputs = shapes.map(|(part, shape @ [_, columns])| {
            let windows: Vec<Vec<f32>> = places
                .iter()
                .map(|&place| {
                    let mut window = self.part(place, part);
                    normalisation[part].apply(&mut window, columns);
                    // Descriptors have no time axis to mask.
                    if spec_augment && columns > 1 {
                        Mask::of_shape(shape, rng).apply(&mut window, columns);
                    }
                    window
                })
                .collect();
            let blended = windows
                .iter()
                .zip(&blends)
                .flat_map(|(own, &(share, other))| {
                    let pairs = own.iter().zip(&windows[other]);
                    pairs.map(move |(a, b)| share * a + (1.0 - share) * b)
                });
            blended.collect()
        });
        Batch {
            inputs: inputs.collect(),
            targets,
            size,
        }
    }
}

impl BatchSource for WindowSource {
    fn clips(&self) -> usize {
        self.clips.len()
    }

    /// Silent windows are not counted.
    fn windows(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// Mean and deviation of each row of each part over windows, each genre weighing the same.
    fn normalisation(&self, config: &TrainingConfig) -> Vec<Normalise> {
        /// Windows that are measured.
        const MOST: usize = 1000;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let mut drawn = self.order(&mut rng);
        drawn.truncate(MOST);
        let shapes = self.input.shapes().into_iter().enumerate();
        shapes
            .map(|(part, shape)| {
                let windows = drawn.iter().map(|&place| self.part(place, part));
                Normalise::of(windows, shape, self.input.least_deviation())
            })
            .collect()
    }

    fn epoch<'a>(
        &'a self,
        config: &'a TrainingConfig,
        normalisation: &'a [Normalise],
        seed: u64,
    ) -> Box<dyn Iterator<Item = Batch> + 'a> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let order = self.order(&mut rng);
        Box::new((0..self.batches(config)).map(move |at| {
            let start = at * config.batch_size;
            let places = &order[start..order.len().min(start + config.batch_size)];
            let (mixing, spec_augment) = (config.mixing(), config.spec_augment);
            self.batch(places, normalisation, mixing, spec_augment, &mut rng)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TrainingConfig {
        TrainingConfig::new("vector-mlp".parse().expect("known"), Vec::new())
    }

    #[test]
    fn clips_with_several_tags_are_drawn_alike_and_learn_all_of_them() {
        let clip = |labels: &[usize]| Clip {
            labels: labels.to_vec(),
            parts: vec![Values::Single(vec![labels.len() as f32; 57])],
            audible: vec![0],
        };
        let clips = [clip(&[0]), clip(&[0, 2]), clip(&[1, 2]), clip(&[0, 1, 2])];
        let windows = WindowSource::new(clips.into(), 3, Input::Descriptors).expect("clips");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut order = windows.order(&mut rng);
        let batch = windows.batch(
            &order,
            &windows.normalisation(&config()),
            (0.0, 0.0),
            false,
            &mut rng,
        );
        for (target, &(clip, _)) in batch.targets.chunks(3).zip(&order) {
            let ones = target.iter().enumerate().filter(|(_, v)| **v == 1.0);
            let ones: Vec<usize> = ones.map(|(label, _)| label).collect();
            assert_eq!(ones, windows.clips[clip].labels);
        }
        order.sort_unstable();
        assert_eq!(order, [(0, 0), (1, 0), (2, 0), (3, 0)]);
    }

    fn windows() -> WindowSource {
        let rows: Vec<(Vec<f32>, usize)> = (0..30)
            .map(|row| (vec![row as f32 + 1.0; 57], usize::from(row >= 20)))
            .collect();
        let rows = rows.iter().map(|(row, genre)| (row.as_slice(), *genre));
        WindowSource::of_rows(rows, 3).expect("two genres")
    }

    #[test]
    fn genres_take_turns_and_no_row_comes_again_before_all_of_its_genre_did() {
        let windows = windows();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let order = windows.order(&mut rng).into_iter();
        let order: Vec<usize> = order.map(|(clip, _)| clip).collect();
        assert_eq!(order.len(), 30);
        let rare: Vec<usize> = order.iter().copied().filter(|&row| row >= 20).collect();
        assert_eq!(rare.len(), 15);
        let first: std::collections::BTreeSet<usize> = rare[..10].iter().copied().collect();
        assert_eq!(first.len(), 10);
    }

    #[test]
    fn targets_sum_to_one_and_inputs_are_normalised() {
        let windows = windows();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let order = windows.order(&mut rng);
        let normalisation = windows.normalisation(&config());
        let batch = windows.batch(&order, &normalisation, (0.3, 0.1), false, &mut rng);
        assert_eq!(batch.inputs[0].len(), 30 * 57);
        for target in batch.targets.chunks(3) {
            assert!((target.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!(batch.inputs[0].iter().all(|v| v.abs() < 4.0));
    }
}
