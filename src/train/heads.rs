//! A model of one's own from a finished network: its features stay, and heads for genres or tags, for music or
//! not and for the embedding are fitted to them. That takes a minute where training a network takes hours, and
//! needs few clips.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::cross_validate::{CrossValidation, EMBEDDING, LabelledFeatures};
use super::features::{ClipFeatures, View};
use super::head::{LinearHead, Rows};
use super::{TrainError, noises};
use soundalike_core::audio::Clip;
use soundalike_core::model::{
    Aggregation, Architecture, Array, Calibration, Head, Model, ModelError, Training,
    WeightPrecision, Weights,
};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// Draws of the folds that figures are averaged over.
pub const DRAWS: usize = 4;
/// Sounds that are made up as examples of what is not music, and their length in seconds.
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

/// What a music head is fitted to.
pub struct Sounds<'a> {
    /// Music whose genre does not matter.
    pub music: &'a [Song],
    /// Recordings of speech, animals, machines and the like.
    pub not_music: &'a [Song],
}

/// How well music is told from other sounds, out of fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MusicReport {
    /// Clips of music.
    pub music: usize,
    /// Share of them that is called music.
    pub music_recognised: f64,
    /// Recordings of other sounds.
    pub recordings: usize,
    /// Share of them that is not called music.
    pub recordings_recognised: f64,
    /// Sounds that were made up.
    pub noises: usize,
    /// Share of them that is not called music.
    pub noises_recognised: f64,
}

/// What came of fitting heads.
#[derive(Clone, Debug, Serialize)]
pub struct HeadReport {
    /// How well genres or tags are told.
    pub cross_validation: CrossValidation,
    /// How well music is told from other sounds, if a head was fitted for that.
    pub music: Option<MusicReport>,
}

/// Fits heads to the features of `source`, which keeps its network and whatever is not fitted: its tags, and
/// without `sounds` its music head. The embedding is fitted where the source has none.
///
/// # Errors
/// If the source has no features, or heads cannot be fitted.
pub fn fit_heads(
    source: &Model,
    labelled: &LabelledFeatures,
    sounds: Option<&Sounds<'_>>,
    folds: usize,
    device: &Device,
) -> Result<(Model, HeadReport), TrainError> {
    let Architecture::TwoStream(config) = &source.architecture else {
        return Err(ModelError::NoFeatures(source.architecture.to_string()).into());
    };
    let decay = labelled.choose_decay(folds)?;
    let cross_validation = labelled.cross_validate(folds, DRAWS, decay)?;
    let all: Vec<usize> = (0..labelled.len()).collect();
    let genres = labelled.fit(&all, decay)?;

    let mut weights = source.weights();
    let mut config = config.clone().with_genres(labelled.names.len());
    let mut tags = source.tags.clone();
    // A model of tags alone hands them on.
    if source.calibration.head == Head::Sigmoid && tags.is_empty() {
        tags = source.genres.clone();
        config.tags = tags.len();
        for part in ["weight", "bias"] {
            if let Some(array) = weights.0.get(&path("genre", part)).cloned() {
                weights.0.insert(path("tags", part), array);
            }
        }
    }
    put(&mut weights, "genre", &genres);
    if config.embedding == 0
        && let Some(embedding) = labelled.embedding(&all)
    {
        config.embedding = embedding.bias.len();
        put(&mut weights, "embedding", &embedding);
    }
    let mut calibration = Calibration {
        head: labelled.head,
        temperature: cross_validation.temperature,
        aggregation: Aggregation::Logits,
        music_shift: source.calibration.music_shift,
    };
    let mut music = None;
    if let Some(sounds) = sounds {
        let predictor = Predictor::new(source.clone(), device.clone());
        let (head, shift, report) = fit_music(&predictor, labelled, sounds)?;
        put(&mut weights, "music", &head);
        config.music = true;
        calibration.music_shift = shift;
        music = Some(report);
    }
    let architecture = Architecture::TwoStream(config);
    let network = weights.apply(architecture.init(device))?;
    let mut model = Model::new(
        architecture,
        network,
        (labelled.names.clone(), tags),
        source.front_end.clone(),
        source.normalise.clone(),
        Training {
            data: labelled.sets().into_iter().collect::<Vec<_>>().join(", "),
            train_clips: labelled.len(),
            heads: format!("logistic regression, decay {decay}, {folds} folds"),
            ..Training::default()
        },
        device,
    );
    model.calibration = calibration;
    model.storage = WeightPrecision::Half;
    Ok((
        model,
        HeadReport {
            cross_validation,
            music,
        },
    ))
}

fn path(layer: &str, part: &str) -> String {
    format!("TwoStream.{layer}.{part}")
}

fn put(weights: &mut Weights, layer: &str, head: &LinearHead) {
    let outputs = head.bias.len();
    let arrays = [
        (
            "weight",
            vec![head.weight.len() / outputs.max(1), outputs],
            &head.weight,
        ),
        ("bias", vec![outputs], &head.bias),
    ];
    for (part, shape, values) in arrays {
        let values = values.clone();
        weights.0.insert(path(layer, part), Array { shape, values });
    }
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
            eprintln!("{}: {}", error.path, error.error);
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

/// The music head, its shift, and how well it does. Every view of a labelled clip is an example of music, so that
/// neither a short sound nor one through a telephone is taken for speech.
fn fit_music(
    predictor: &Predictor,
    labelled: &LabelledFeatures,
    sounds: &Sounds<'_>,
) -> Result<(LinearHead, f32, MusicReport), TrainError> {
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
    let kinds = [&labelled, &music, &recordings, &noises];
    let x = Rows::stacked(&kinds.map(|kind| kind.rows.clone()));
    // All views of a clip are in one fold.
    let folds: Vec<usize> = kinds
        .iter()
        .flat_map(|kind| (0..kind.rows.len()).map(|row| row % kind.clips % MUSIC_FOLDS))
        .collect();
    let music_rows = labelled.rows.len() + music.rows.len();
    let targets: Vec<f32> = (0..x.len())
        .map(|row| f32::from(u8::from(row < music_rows)))
        .collect();
    // Music counts as much as all else together, and recordings as much as made-up sounds.
    let share = |rows: usize, whole: f32| vec![whole / rows.max(1) as f32; rows];
    let importance = [
        share(music_rows, 2.0),
        share(recordings.rows.len(), 1.0),
        share(noises.rows.len(), 1.0),
    ]
    .concat();
    let fit = |places: &[usize]| {
        let chosen = |values: &[f32]| -> Vec<f32> { places.iter().map(|&at| values[at]).collect() };
        let targets = Rows {
            values: chosen(&targets),
            width: 1,
        };
        let importance = chosen(&importance);
        LinearHead::fit(
            &x.select(places),
            &targets,
            &importance,
            MUSIC_DECAY,
            Head::Sigmoid,
        )
    };
    let out_of_fold: Vec<Vec<(usize, f32)>> = (0..MUSIC_FOLDS)
        .into_par_iter()
        .map(|left_out| {
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..x.len()).partition(|&row| folds[row] == left_out);
            let head = fit(&train)?;
            let logit = |row: usize| head.logits(x.row(row))[0];
            Ok(test.into_iter().map(|row| (row, logit(row))).collect())
        })
        .collect::<Result<_, TrainError>>()?;
    let mut logits = vec![0.0; x.len()];
    for (row, logit) in out_of_fold.into_iter().flatten() {
        logits[row] = logit;
    }
    let mut of_music = logits[..music_rows].to_vec();
    of_music.sort_by(f32::total_cmp);
    let least = of_music
        .get(of_music.len() / MISSED)
        .copied()
        .unwrap_or(0.0);
    let shift = least - (STILL_MUSIC / (1.0 - STILL_MUSIC)).ln();
    // Clips as they are: the first view of each.
    let right = |start: usize, clips: usize, music: bool| -> usize {
        let first_views = &logits[start..start + clips];
        first_views
            .iter()
            .filter(|&&logit| (logit > shift) == music)
            .count()
    };
    let share = |right: usize, clips: usize| right as f64 / clips.max(1) as f64;
    let heard = right(0, labelled.clips, true) + right(labelled.rows.len(), music.clips, true);
    let after = music_rows + recordings.rows.len();
    let report = MusicReport {
        music: labelled.clips + music.clips,
        music_recognised: share(heard, labelled.clips + music.clips),
        recordings: recordings.clips,
        recordings_recognised: share(right(music_rows, recordings.clips, false), recordings.clips),
        noises: noises.clips,
        noises_recognised: share(right(after, noises.clips, false), noises.clips),
    };
    let all: Vec<usize> = (0..x.len()).collect();
    Ok((fit(&all)?, shift, report))
}

/// The features of made-up sounds.
fn noise_features(predictor: &Predictor) -> Result<Rows, TrainError> {
    let rate = predictor.model().front_end.sample_rate;
    let progress = Progress::new("making up noises", NOISES);
    let rows: Vec<Option<Vec<f32>>> = (0..NOISES)
        .into_par_iter()
        .map(|at| {
            let mut rng = ChaCha8Rng::seed_from_u64(at as u64);
            let samples = noises::sound(&mut rng, NOISE_SECONDS * rate as usize, rate);
            // Near-silence may be refused as silent, which is an answer too.
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
