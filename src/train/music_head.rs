//! The head that distinguishes music from other sounds.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::error::TrainError;
use super::features::{ClipFeatures, View};
use super::head::{LinearHead, Rows};
use super::labelled::{EMBEDDING, LabelledFeatures};
use super::noises;
use soundalike_core::audio::Clip;
use soundalike_core::model::Head;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// Synthetic sounds that are examples of what is not music, and their length in seconds.
const NOISES: usize = 600;
const NOISE_SECONDS: usize = 5;
/// Regularisation of the music head. It has examples by the thousand, so a little is enough.
const MUSIC_DECAY: f64 = 0.001;
/// Folds that its threshold is chosen by.
const MUSIC_FOLDS: usize = 5;
/// One in this many clips of real music may fall below the threshold …
const MISSED: usize = 50;
/// … and the others are music with at least this probability.
const STILL_MUSIC: f32 = 0.8;

/// The sounds that a music head is fitted to, beside the labelled clips.
pub struct Sounds<'a> {
    /// Music whose genre does not matter.
    pub music: &'a [Song],
    /// Recordings of speech, animals, machines and the like.
    pub not_music: &'a [Song],
}

/// How well music is distinguished from other sounds, out of fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MusicReport {
    /// Clips of music.
    pub music: usize,
    /// Share of them that is classified as music.
    pub music_recognised: f64,
    /// Recordings of other sounds.
    pub recordings: usize,
    /// Share of them that is not classified as music.
    pub recordings_recognised: f64,
    /// Synthetic sounds.
    pub noises: usize,
    /// Share of them that is not classified as music.
    pub noises_recognised: f64,
}

/// Examples of one kind for the music head: the views of its clips, one view after another.
struct Examples {
    rows: Rows,
    /// Clips, of each of which there are `rows.len() / clips` views.
    clips: usize,
}

impl Examples {
    fn of(features: &ClipFeatures) -> Self {
        for error in &features.errors {
            tracing::warn!("{}: {}", error.path, error.error);
        }
        Self {
            rows: Rows::stacked(&features.views),
            clips: features.places.len(),
        }
    }

    fn none(width: usize) -> Self {
        let values = Vec::new();
        Self {
            rows: Rows { values, width },
            clips: 0,
        }
    }
}

/// The examples that a music head is fitted to, kind after kind.
struct MusicExamples {
    /// Labelled clips and other music, then recordings and synthetic sounds.
    kinds: [Examples; 4],
    /// The rows of all kinds.
    rows: Rows,
    /// Number of rows of music, which come first.
    music_rows: usize,
    /// Of each row, how much it counts.
    importance: Vec<f32>,
}

impl MusicExamples {
    /// Every view of a labelled clip is an example of music, so that neither a short sound nor one through a telephone
    /// is taken for speech.
    fn gather(
        predictor: &Predictor,
        labelled: &LabelledFeatures,
        sounds: &Sounds<'_>,
    ) -> Result<Self, TrainError> {
        let labelled = Examples {
            rows: labelled.features(),
            clips: labelled.len(),
        };
        let gathered = |songs: &[Song], views: &[View]| -> Result<Examples, TrainError> {
            if songs.is_empty() {
                return Ok(Examples::none(labelled.rows.width));
            }
            let found = ClipFeatures::gather(predictor, songs, views, None)?;
            Ok(Examples::of(&found))
        };
        let music = gathered(sounds.music, &[View::Whole])?;
        // As they are and through a telephone, as the music is.
        let recordings = gathered(sounds.not_music, &[View::Whole, View::Telephone])?;
        let noises = noise_features(predictor)?;
        let noises = Examples {
            clips: noises.len(),
            rows: noises,
        };
        let music_rows = labelled.rows.len() + music.rows.len();
        // Music counts as much as all else together, and recordings as much as synthetic sounds.
        let share = |rows: usize, whole: f32| vec![whole / rows.max(1) as f32; rows];
        let importance = [
            share(music_rows, 2.0),
            share(recordings.rows.len(), 1.0),
            share(noises.rows.len(), 1.0),
        ];
        let kinds = [labelled, music, recordings, noises];
        Ok(Self {
            rows: Rows::stacked(&kinds.each_ref().map(|kind| kind.rows.clone())),
            importance: importance.concat(),
            music_rows,
            kinds,
        })
    }

    /// The head fitted to some rows.
    fn fit(&self, places: &[usize]) -> Result<LinearHead, TrainError> {
        let target = |&row: &usize| f32::from(u8::from(row < self.music_rows));
        let targets = Rows {
            values: places.iter().map(target).collect(),
            width: 1,
        };
        let importance: Vec<f32> = places.iter().map(|&row| self.importance[row]).collect();
        let rows = self.rows.select(places);
        LinearHead::fit(&rows, &targets, &importance, MUSIC_DECAY, Head::Sigmoid)
    }

    /// The logit of each row by a head that was fitted without its fold. All views of a clip are in one fold.
    fn out_of_fold(&self) -> Result<Vec<f32>, TrainError> {
        let folds: Vec<usize> = self
            .kinds
            .iter()
            .flat_map(|kind| (0..kind.rows.len()).map(|row| row % kind.clips % MUSIC_FOLDS))
            .collect();
        let logits: Vec<Vec<(usize, f32)>> = (0..MUSIC_FOLDS)
            .into_par_iter()
            .map(|fold| {
                let (test, train): (Vec<usize>, Vec<usize>) =
                    (0..self.rows.len()).partition(|&row| folds[row] == fold);
                let head = self.fit(&train)?;
                let logit = |row: usize| head.logits(self.rows.row(row))[0];
                Ok(test.into_iter().map(|row| (row, logit(row))).collect())
            })
            .collect::<Result<_, TrainError>>()?;
        let mut all = vec![0.0; self.rows.len()];
        for (row, logit) in logits.into_iter().flatten() {
            all[row] = logit;
        }
        Ok(all)
    }

    /// How well music is distinguished from other sounds by these logits and a threshold.
    fn report(&self, logits: &[f32], threshold: f32) -> MusicReport {
        let [labelled, music, recordings, noises] = &self.kinds;
        // Clips as they are: the first view of each.
        let correct = |start: usize, clips: usize, music: bool| -> usize {
            let first_views = &logits[start..start + clips];
            first_views
                .iter()
                .filter(|&&logit| (logit > threshold) == music)
                .count()
        };
        let share = |correct: usize, clips: usize| correct as f64 / clips.max(1) as f64;
        let of_music =
            correct(0, labelled.clips, true) + correct(labelled.rows.len(), music.clips, true);
        let (first_recording, first_noise) =
            (self.music_rows, self.music_rows + recordings.rows.len());
        MusicReport {
            music: labelled.clips + music.clips,
            music_recognised: share(of_music, labelled.clips + music.clips),
            recordings: recordings.clips,
            recordings_recognised: share(
                correct(first_recording, recordings.clips, false),
                recordings.clips,
            ),
            noises: noises.clips,
            noises_recognised: share(correct(first_noise, noises.clips, false), noises.clips),
        }
    }
}

/// The music head, its shift, and how well it does.
pub(super) fn fit_music(
    predictor: &Predictor,
    labelled: &LabelledFeatures,
    sounds: &Sounds<'_>,
) -> Result<(LinearHead, f32, MusicReport), TrainError> {
    let examples = MusicExamples::gather(predictor, labelled, sounds)?;
    let logits = examples.out_of_fold()?;
    let mut of_music = logits[..examples.music_rows].to_vec();
    of_music.sort_by(f32::total_cmp);
    let least = of_music
        .get(of_music.len() / MISSED)
        .copied()
        .unwrap_or(0.0);
    let shift = least - (STILL_MUSIC / (1.0 - STILL_MUSIC)).ln();
    let report = examples.report(&logits, shift);
    let all: Vec<usize> = (0..examples.rows.len()).collect();
    Ok((examples.fit(&all)?, shift, report))
}

/// The features of synthetic sounds.
fn noise_features(predictor: &Predictor) -> Result<Rows, TrainError> {
    let rate = predictor.model().front_end.sample_rate;
    let progress = Progress::new("synthesising noises", NOISES);
    let rows: Vec<Option<Vec<f32>>> = (0..NOISES)
        .into_par_iter()
        .map(|at| {
            let mut rng = ChaCha8Rng::seed_from_u64(at as u64);
            let samples = noises::sound(&mut rng, NOISE_SECONDS * rate as usize, rate);
            // Near-silence may be rejected as silent, which is right too.
            let clip = Clip::new(samples, rate).ok();
            let row = clip.and_then(|clip| predictor.clip_features(&clip, 1).ok());
            progress.advance();
            row
        })
        .collect();
    let rows: Vec<Vec<f32>> = rows.into_iter().flatten().collect();
    Ok(Rows {
        width: rows.first().map_or(EMBEDDING, Vec::len),
        values: rows.concat(),
    })
}
