//! What a pupil learns from a teacher: many views of every song, and what the teacher says of each.
//!
//! Teacher and pupil hear the same sound: a crop from a random place, at a random speed, mixed with
//! another song or not (patient and consistent teaching, Beyer et al. 2022). What should not change the
//! answer (level, equaliser, bandwidth, noise) is varied later, in every batch anew, for the pupil
//! alone. Asking the teacher takes longer than a training step, so the lessons are kept in a file.

use std::path::Path;

use burn::tensor::Device;
use half::f16;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::data::{Batch, LEAST};
use super::opinion::Known;
use super::teacher::{FEATURES, Teacher};
use super::{Augmentation, TrainError, others, write_whole};
use crate::audio::Clip;
use crate::dsp::FrontEnd;
use crate::library::Song;
use crate::model::{Normalise, sha256_hex};
use crate::pipeline::HearError;
use crate::progress::Progress;

/// How lessons are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curriculum {
    /// Views of each song.
    pub views: usize,
    /// Probability that a view is a mix of two songs.
    pub mix: f64,
    /// Level of the second song of a mix against the first in dB, from and to.
    pub mix_db: (f32, f32),
    /// Probability that a view's speed, and with it its pitch, is changed.
    pub retune: f64,
    /// Slowest and fastest speed.
    pub speed: (f32, f32),
    /// Sounds that are not music, as a share of the views.
    pub others: f64,
}

impl Default for Curriculum {
    fn default() -> Self {
        Self {
            views: 28,
            mix: 0.4,
            mix_db: (-10.0, 3.0),
            retune: 0.5,
            speed: (0.86, 1.16),
            others: 0.06,
        }
    }
}

/// Songs whose views are made together; the partner of a mix is one of them.
const TOGETHER: usize = 32;

/// Regularisation of the probe whose opinion is learnt: about the best of five in five-fold cross-validation over
/// the labelled clips, artists kept together.
const PROBE_DECAY: f32 = 1.0;

/// Pictures that the teacher hears at once.
const TEACHER_BATCH: usize = 16;

/// Views with what they are to be heard as. All arrays are row by row.
pub struct Lessons {
    front_end: FrontEnd,
    genres: usize,
    tags: usize,
    /// `[views, mel_bands, segment_frames]` in dB.
    log_mels: Vec<f16>,
    /// `[views, genres]`: shares of labelled songs; a row of zeros has no label.
    labels: Vec<f16>,
    /// `[views, tags]`: the teacher's probabilities.
    tag_targets: Vec<f16>,
    /// `[views, FEATURES]`: the teacher's features.
    features: Vec<f16>,
    /// `[views]`: whether it is music; the teacher is not asked about what is not.
    music: Vec<bool>,
    /// Mean and deviation of each of the teacher's features.
    feature_scale: (Vec<f32>, Vec<f32>),
    /// `[views, genres]`: genre probabilities to learn, from the label and a probe on the teacher's features.
    opinions: Vec<f16>,
}

/// One view.
struct View {
    log_mel: Vec<f16>,
    picture: Vec<f32>,
    label: Vec<f32>,
}

impl Lessons {
    /// Makes the lessons, or reads them from `cache` if they are the same ones.
    ///
    /// # Errors
    /// If a song cannot be decoded or the cache cannot be written.
    pub fn prepare(
        songs: &[Song],
        genres: &[String],
        teacher: &Teacher,
        curriculum: &Curriculum,
        seed: u64,
        cache: &Path,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let front_end = FrontEnd::default();
        let names: Vec<_> = songs
            .iter()
            .map(|song| (&song.file, &song.track.genre))
            .collect();
        let key = serde_json::to_string(&(names, genres, curriculum, seed, &front_end))
            .map_err(|e| TrainError::Recipe(e.to_string()))?;
        let key = sha256_hex(key.as_bytes());
        let tags = teacher.tag_names().len();
        if let Some(lessons) = Self::read(cache, &key, genres.len(), tags, &front_end, device) {
            eprintln!("{} lessons from {}", lessons.len(), cache.display());
            return Ok(lessons);
        }
        let mut lessons = Self {
            genres: genres.len(),
            tags,
            log_mels: Vec::new(),
            labels: Vec::new(),
            tag_targets: Vec::new(),
            features: Vec::new(),
            music: Vec::new(),
            feature_scale: (Vec::new(), Vec::new()),
            opinions: Vec::new(),
            front_end,
        };
        lessons.make(songs, genres, teacher, curriculum, seed)?;
        lessons.summarise(device);
        write_whole(cache, &lessons.to_bytes(&key)?)?;
        Ok(lessons)
    }

    /// Number of views that are music.
    pub fn music(&self) -> usize {
        self.music.iter().filter(|music| **music).count()
    }

    /// Number of genres.
    pub fn genres(&self) -> usize {
        self.genres
    }

    /// Number of views.
    pub fn len(&self) -> usize {
        self.music.len()
    }

    fn make(
        &mut self,
        songs: &[Song],
        genres: &[String],
        teacher: &Teacher,
        curriculum: &Curriculum,
        seed: u64,
    ) -> Result<(), TrainError> {
        let mut order: Vec<&Song> = songs.iter().collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let progress = Progress::new("asking the teacher", songs.len());
        let length = self.front_end.segment_frames * self.front_end.hop_length;
        for (group, songs) in order.chunks(TOGETHER).enumerate() {
            let clips: Vec<(Clip, Option<usize>)> = songs
                .par_iter()
                .filter_map(|song| {
                    match song.clip_at(self.front_end.sample_rate) {
                        Ok(clip) if !clip.is_silent() => {
                            let genre = genres.iter().position(|g| *g == song.track.genre);
                            Some((clip, genre))
                        }
                        // A song the less is no reason to stop.
                        Ok(_) => left_out(song, &"is silent"),
                        Err(cause) => left_out(song, &cause),
                    }
                })
                .collect();
            let jobs: Vec<(usize, usize)> = (0..clips.len())
                .flat_map(|song| (0..curriculum.views).map(move |view| (song, view)))
                .collect();
            for jobs in jobs.chunks(8 * TEACHER_BATCH) {
                let views = jobs
                    .par_iter()
                    .map(|&(song, view)| {
                        let place = ((group * TOGETHER + song) * curriculum.views + view) as u64;
                        let mut rng = ChaCha8Rng::seed_from_u64(seed);
                        rng.set_stream(place + 1);
                        let (samples, label) = self.view(&clips, song, curriculum, &mut rng)?;
                        let middle = samples.samples()[self.context()..].to_vec();
                        Ok(View {
                            log_mel: self.log_mel(samples.samples()),
                            picture: teacher.picture(
                                &Clip::new(middle, samples.rate()).map_err(HearError::from)?,
                            )?,
                            label,
                        })
                    })
                    .collect::<Result<Vec<View>, TrainError>>()?;
                for views in views.chunks(TEACHER_BATCH) {
                    let pictures: Vec<f32> =
                        views.iter().flat_map(|view| view.picture.clone()).collect();
                    for (view, taught) in views.iter().zip(teacher.hear(&pictures)) {
                        self.log_mels.extend_from_slice(&view.log_mel);
                        self.labels.extend(halves(&view.label));
                        self.tag_targets.extend(halves(&taught.tags));
                        self.features.extend(halves(&taught.features));
                        self.music.push(true);
                    }
                }
            }
            for _ in songs {
                progress.advance();
            }
        }
        let others = (self.len() as f64 * curriculum.others) as u64;
        let samples = length + 2 * self.context();
        let made: Vec<Vec<f16>> = (0..others)
            .into_par_iter()
            .map(|place| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x6f74_6865_7273);
                rng.set_stream(place);
                self.log_mel(&others::sound(
                    &mut rng,
                    samples,
                    self.front_end.sample_rate,
                ))
            })
            .collect();
        for log_mel in made {
            self.log_mels.extend(log_mel);
            self.labels.extend(vec![f16::ZERO; self.genres]);
            self.tag_targets.extend(vec![f16::ZERO; self.tags]);
            self.features.extend(vec![f16::ZERO; FEATURES]);
            self.music.push(false);
        }
        Ok(())
    }

    /// Samples before a segment that its first frame, centred on the segment's first sample, sees.
    fn context(&self) -> usize {
        self.front_end.n_fft / 2
    }

    /// Samples of a view with context on both sides, and its label.
    fn view(
        &self,
        clips: &[(Clip, Option<usize>)],
        song: usize,
        curriculum: &Curriculum,
        rng: &mut impl Rng,
    ) -> Result<(Clip, Vec<f32>), TrainError> {
        let speed = if rng.random_bool(curriculum.retune) {
            rng.random_range(curriculum.speed.0..=curriculum.speed.1)
        } else {
            1.0
        };
        let (clip, genre) = &clips[song];
        let mut samples = self.crop(clip, speed, rng)?;
        let mut label = vec![0.0; self.genres];
        let mut share = 1.0;
        if clips.len() > 1 && rng.random_bool(curriculum.mix) {
            let other = (song + rng.random_range(1..clips.len())) % clips.len();
            let (other, other_genre) = &clips[other];
            let second = self.crop(other, 1.0, rng)?;
            let db = rng.random_range(curriculum.mix_db.0..=curriculum.mix_db.1);
            let (mine, theirs) = (rms(&samples), rms(&second));
            if mine > 0.0 && theirs > 0.0 {
                let gain = mine / theirs * 10.0_f32.powf(db / 20.0);
                for (a, b) in samples.iter_mut().zip(second) {
                    *a += gain * b;
                }
                share = 1.0 / (1.0 + 10.0_f32.powf(db / 10.0));
            }
            if let Some(genre) = other_genre {
                label[*genre] += 1.0 - share;
            }
        }
        if let Some(genre) = genre {
            label[*genre] += share;
        }
        let peak = samples.iter().fold(1.0_f32, |peak, s| peak.max(s.abs()));
        for sample in &mut samples {
            *sample /= peak;
        }
        let clip = Clip::new(samples, self.front_end.sample_rate).map_err(HearError::from)?;
        Ok((clip, label))
    }

    /// A segment of samples with context on both sides, from a random place. A short clip begins with
    /// its beginning and is followed by silence, as when it is heard.
    fn crop(&self, clip: &Clip, speed: f32, rng: &mut impl Rng) -> Result<Vec<f32>, TrainError> {
        let segment = self.front_end.segment_frames * self.front_end.hop_length;
        let (context, length) = (self.context(), segment + 2 * self.context());
        let taken = (length as f32 * speed).ceil() as usize + 8;
        let room = (clip.samples().len() + 2 * context).saturating_sub(taken);
        let start = rng.random_range(0..=room);
        let mut samples = vec![0.0; taken];
        // The clip's first sample stands `context` samples into a crop that starts at zero.
        let skip = context.saturating_sub(start);
        let from = start.saturating_sub(context);
        for (to, from) in samples[skip..]
            .iter_mut()
            .zip(&clip.samples()[from.min(clip.samples().len())..])
        {
            *to = *from;
        }
        if speed != 1.0 {
            let rate = self.front_end.sample_rate;
            let faster = (rate as f32 * speed).round() as u32;
            samples = Clip::new(samples, faster)
                .and_then(|clip| clip.resampled(rate))
                .map_err(HearError::from)?
                .samples()
                .to_vec();
        }
        samples.resize(length, 0.0);
        Ok(samples)
    }

    /// The frames of a segment of samples with context on both sides.
    fn log_mel(&self, samples: &[f32]) -> Vec<f16> {
        let log_mel = self.front_end.log_mel(samples);
        let first = self.context() / self.front_end.hop_length;
        let frames = self.front_end.segment_frames;
        (0..log_mel.bands)
            .flat_map(|band| halves(&log_mel.band(band)[first..first + frames]))
            .collect()
    }

    /// The scale of the teacher's features, and what they say of genres.
    fn summarise(&mut self, device: &Device) {
        let rows: Vec<&[f16]> = self
            .features
            .chunks(FEATURES)
            .zip(&self.music)
            .filter(|(_, music)| **music)
            .map(|(row, _)| row)
            .collect();
        let count = rows.len().max(1) as f64;
        let (mean, deviation) = (0..FEATURES)
            .map(|feature| {
                let values = || rows.iter().map(|row| f64::from(row[feature].to_f32()));
                let mean = values().sum::<f64>() / count;
                let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
                (mean as f32, (variance.sqrt() as f32).max(1e-3))
            })
            .unzip();
        self.feature_scale = (mean, deviation);
        let all: Vec<usize> = (0..self.len()).filter(|&view| self.music[view]).collect();
        let opinions = Known::of(self, &all).opinion(PROBE_DECAY, device);
        // What is not music is no genre more than another.
        self.opinions = vec![f16::from_f32(1.0 / self.genres as f32); self.len() * self.genres];
        for (&view, opinion) in all.iter().zip(opinions.values.chunks(self.genres)) {
            let row = &mut self.opinions[view * self.genres..(view + 1) * self.genres];
            row.copy_from_slice(&halves(opinion));
        }
    }

    /// Mean and deviation per band over views as training sees them.
    pub fn normalisation(&self, augmentation: &Augmentation, seed: u64) -> Normalise {
        /// Enough that the mean is known to a tenth of a decibel or so.
        const VIEWS: usize = 2000;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let crops = (0..VIEWS.min(self.len())).map(|_| {
            let view = rng.random_range(0..self.len());
            let mut crop = self.crop_of(view);
            augmentation.colour(&mut crop, &self.front_end, &mut rng);
            crop
        });
        let shape = [self.front_end.mel_bands, self.front_end.segment_frames];
        Normalise::of(crops, shape, LEAST)
    }

    fn crop_of(&self, view: usize) -> Vec<f32> {
        let size = self.front_end.mel_bands * self.front_end.segment_frames;
        let values = &self.log_mels[view * size..(view + 1) * size];
        values.iter().map(|v| v.to_f32()).collect()
    }

    /// Up to `most` views of music: all that have a label, and of the others as many as there is room for,
    /// evenly.
    pub fn music_views(&self, most: usize) -> Vec<usize> {
        let labelled = |view: &usize| self.label(*view).iter().any(|share| *share > 0.0);
        let music = (0..self.len()).filter(|&view| self.music[view]);
        let (mut views, others): (Vec<usize>, Vec<usize>) = music.partition(labelled);
        let room = most.saturating_sub(views.len());
        let step = others.len().div_ceil(room.max(1)).max(1);
        views.extend(others.into_iter().step_by(step).take(room));
        views.truncate(most);
        views
    }

    /// Shares of the labelled genres in a view, `[genres]`.
    pub fn label(&self, view: usize) -> Vec<f32> {
        let row = &self.labels[view * self.genres..(view + 1) * self.genres];
        row.iter().map(|share| share.to_f32()).collect()
    }

    /// The teacher's features of a view, `[FEATURES]`.
    pub fn teacher_features(&self, view: usize) -> Vec<f32> {
        let row = &self.features[view * FEATURES..(view + 1) * FEATURES];
        row.iter().map(|feature| feature.to_f32()).collect()
    }

    /// The order of one pass through all views.
    pub fn order(&self, rng: &mut impl Rng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(rng);
        order
    }

    /// A batch of these views, varied for the pupil.
    pub fn batch(
        &self,
        views: &[usize],
        augmentation: &Augmentation,
        normalisation: &Normalise,
        rng: &mut impl Rng,
    ) -> Batch {
        let frames = self.front_end.segment_frames;
        let mut batch = Batch {
            inputs: vec![Vec::new()],
            size: views.len(),
            music: Some(Vec::new()),
            labels: Some(Vec::new()),
            tags: Some(Vec::new()),
            features: Some(Vec::new()),
            ..Batch::default()
        };
        let floats = |row: &[f16]| -> Vec<f32> { row.iter().map(|v| v.to_f32()).collect() };
        for &view in views {
            let mut crop = self.crop_of(view);
            augmentation.colour(&mut crop, &self.front_end, rng);
            let mask = augmentation.mask(&self.front_end, rng);
            normalisation.apply(&mut crop, frames);
            mask.apply(&mut crop, frames);
            batch.inputs[0].extend(crop);
            let music = self.music[view];
            let opinion = &self.opinions[view * self.genres..(view + 1) * self.genres];
            batch.targets.extend(floats(opinion));
            let label = self.label(view);
            batch.labels.iter_mut().for_each(|all| all.extend(&label));
            let flag = f32::from(u8::from(music));
            batch.music.iter_mut().for_each(|all| all.push(flag));
            let tags = floats(&self.tag_targets[view * self.tags..(view + 1) * self.tags]);
            batch.tags.iter_mut().for_each(|all| all.extend(&tags));
            let features = self.teacher_features(view);
            let (mean, deviation) = &self.feature_scale;
            let scaled = features.iter().zip(mean.iter().zip(deviation));
            let scaled: Vec<f32> = scaled.map(|(f, (m, d))| (f - m) / d).collect();
            batch
                .features
                .iter_mut()
                .for_each(|all| all.extend(&scaled));
        }
        batch
    }

    fn to_bytes(&self, key: &str) -> Result<Vec<u8>, TrainError> {
        let failed = |e: safetensors::SafeTensorError| TrainError::Recipe(e.to_string());
        let bytes =
            |values: &[f16]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
        let views = self.len();
        let picture = [self.front_end.mel_bands, self.front_end.segment_frames];
        let music: Vec<u8> = self.music.iter().map(|&m| u8::from(m)).collect();
        let arrays = [
            (
                LOG_MELS,
                vec![views, picture[0], picture[1]],
                Dtype::F16,
                bytes(&self.log_mels),
            ),
            (
                LABELS,
                vec![views, self.genres],
                Dtype::F16,
                bytes(&self.labels),
            ),
            (
                TAGS,
                vec![views, self.tags],
                Dtype::F16,
                bytes(&self.tag_targets),
            ),
            (
                FEATURE_ROWS,
                vec![views, FEATURES],
                Dtype::F16,
                bytes(&self.features),
            ),
            (MUSIC, vec![views], Dtype::U8, music),
        ];
        let tensors = arrays
            .iter()
            .map(|(name, shape, dtype, bytes)| {
                Ok((
                    *name,
                    TensorView::new(*dtype, shape.clone(), bytes).map_err(failed)?,
                ))
            })
            .collect::<Result<Vec<_>, TrainError>>()?;
        let metadata = [(KEY.to_owned(), key.to_owned())].into();
        safetensors::serialize(tensors, Some(metadata)).map_err(failed)
    }

    /// The cached lessons, if there are any and they are the ones asked for.
    fn read(
        path: &Path,
        key: &str,
        genres: usize,
        tags: usize,
        front_end: &FrontEnd,
        device: &Device,
    ) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).ok()?;
        if metadata.metadata().as_ref()?.get(KEY)? != key {
            return None;
        }
        let file = SafeTensors::deserialize(&bytes).ok()?;
        let array = |name: &str| -> Option<Vec<f16>> {
            let view = file.tensor(name).ok()?;
            let (values, _) = view.data().as_chunks::<2>();
            Some(values.iter().map(|&v| f16::from_le_bytes(v)).collect())
        };
        let music: Vec<bool> = file
            .tensor(MUSIC)
            .ok()?
            .data()
            .iter()
            .map(|&m| m == 1)
            .collect();
        let mut lessons = Self {
            front_end: front_end.clone(),
            genres,
            tags,
            log_mels: array(LOG_MELS)?,
            labels: array(LABELS)?,
            tag_targets: array(TAGS)?,
            features: array(FEATURE_ROWS)?,
            music,
            feature_scale: (Vec::new(), Vec::new()),
            opinions: Vec::new(),
        };
        lessons.summarise(device);
        Some(lessons)
    }
}

const KEY: &str = "soundalike.lessons";
const LOG_MELS: &str = "log_mels";
const LABELS: &str = "labels";
const TAGS: &str = "tags";
const FEATURE_ROWS: &str = "features";
const MUSIC: &str = "music";

/// Says that a song is left out, and why.
fn left_out<T>(song: &Song, cause: &dyn std::fmt::Display) -> Option<T> {
    eprintln!("left out {}: {cause}", song.file.display());
    None
}

fn halves(values: &[f32]) -> Vec<f16> {
    values.iter().map(|&v| f16::from_f32(v)).collect()
}

fn rms(samples: &[f32]) -> f32 {
    let squares: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (squares / samples.len().max(1) as f64).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::synth;
    use crate::catalog::Track;
    use crate::library::Split;
    use burn::tensor::Device;

    /// Three seconds of sound in a folder, as songs of these genres; `None` where this machine has no
    /// teacher.
    fn lesson(curriculum: &Curriculum, seed: u64, folder: &Path) -> Option<Lessons> {
        let teacher = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/teacher");
        if !teacher.is_dir() {
            println!("skipped: no {}", teacher.display());
            return None;
        }
        let teacher = Teacher::open(&teacher, &Device::flex()).expect("opens");
        let songs: Vec<Song> = [
            ("blues", 220.0, 1.0),
            ("rock", 550.0, 9.0),
            ("", 880.0, 4.0),
        ]
        .into_iter()
        .map(|(genre, hz, seconds)| {
            let file = folder.join(format!("{hz}.wav"));
            let tone = synth::tone(hz, seconds, 22_050);
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 22_050,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(&file, spec).expect("a file");
            for sample in tone.samples() {
                writer
                    .write_sample((sample * 30_000.0) as i16)
                    .expect("written");
            }
            writer.finalize().expect("written");
            let track = Track {
                genre: genre.to_owned(),
                ..Track::default()
            };
            Song::new(file, Split::Train, track)
        })
        .collect();
        let genres = ["blues", "rock"].map(str::to_owned);
        let cache = folder.join("lessons.safetensors");
        Some(
            Lessons::prepare(
                &songs,
                &genres,
                &teacher,
                curriculum,
                seed,
                &cache,
                &Device::flex(),
            )
            .expect("made"),
        )
    }

    #[test]
    fn lessons_are_made_once_and_read_back_and_others_are_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let curriculum = Curriculum {
            views: 4,
            others: 0.25,
            ..Curriculum::default()
        };
        let Some(made) = lesson(&curriculum, 1, folder.path()) else {
            return;
        };
        assert_eq!(made.len(), 15);
        assert_eq!(made.music.iter().filter(|music| **music).count(), 12);
        let again = lesson(&curriculum, 1, folder.path()).expect("a teacher");
        assert_eq!(again.log_mels, made.log_mels);
        assert_eq!(again.features, made.features);
        assert_eq!(again.feature_scale, made.feature_scale);
        let other = lesson(&curriculum, 2, folder.path()).expect("a teacher");
        assert_ne!(other.log_mels, made.log_mels);
    }

    #[test]
    fn a_batch_holds_labels_where_there_are_any_and_no_genre_for_what_is_not_music() {
        let folder = tempfile::tempdir().expect("a folder");
        let curriculum = Curriculum {
            views: 2,
            mix: 0.0,
            others: 0.5,
            ..Curriculum::default()
        };
        let Some(lessons) = lesson(&curriculum, 3, folder.path()) else {
            return;
        };
        let normalisation = lessons.normalisation(&Augmentation::default(), 0);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let views: Vec<usize> = (0..lessons.len()).collect();
        let augmentation = Augmentation::default();
        let batch = lessons.batch(&views, &augmentation, &normalisation, &mut rng);
        assert_eq!(batch.inputs[0].len(), 9 * 128 * 128);
        assert!(batch.inputs[0].iter().all(|v| v.is_finite()));
        let sum = |row: &[f32]| row.iter().sum::<f32>();
        let labels: Vec<f32> = batch
            .labels
            .iter()
            .flat_map(|l| l.chunks(2).map(sum))
            .collect();
        let labelled = labels.iter().filter(|sum| **sum > 0.5).count();
        assert_eq!(labelled, 4, "two views of two labelled songs: {labels:?}");
        // Every view has an opinion to learn, in half precision.
        let targets = batch.targets.chunks(2).map(sum);
        assert!(targets.into_iter().all(|sum| (sum - 1.0).abs() < 1e-2));
        assert!(batch.targets[12..].iter().all(|p| (p - 0.5).abs() < 1e-6));
        assert_eq!(batch.tags.map(|tags| tags.len()), Some(9 * 50));
        assert_eq!(batch.features.map(|f| f.len()), Some(9 * FEATURES));
    }
}
