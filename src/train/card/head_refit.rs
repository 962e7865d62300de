//! The card of a model whose heads were fitted to the features of a trained network.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::figures::{CrossValidation, Estimate, Figures, SetAccuracy};
use crate::heads::HeadReport;
use crate::metrics::{GenreScore, Reliability, TagReport};
use crate::music_head::MusicReport;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{Calibration, Head, Model};

/// The card of a model whose heads were fitted to the features of a trained network.
#[derive(Serialize)]
pub struct HeadRefitCard<'a> {
    name: &'static str,
    data: HeadRefitCardData,
    network: HeadRefitCardNetwork,
    accuracy: HeadRefitCardAccuracy,
    per_genre: &'a BTreeMap<String, GenreScore>,
    limits: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    music: Option<&'a MusicReport>,
    by_set: &'a BTreeMap<String, SetAccuracy>,
    /// Rows are the true genre, columns the predicted one, over all draws.
    confusion: &'a [Vec<usize>],
    reliability: &'a [Reliability],
    #[serde(skip_serializing_if = "Option::is_none")]
    tags_told: Option<&'a TagReport>,
    decay: f64,
    genres: &'a [String],
    tags: &'a [String],
    calibration: Calibration,
    architecture: String,
    parameters: usize,
    model_bytes: usize,
    model_sha256: &'a str,
    front_end: &'a FrontEnd,
}

#[derive(Serialize)]
struct HeadRefitCardData {
    collection: String,
    labelled_clips: usize,
    clips_of_music_without_labels: usize,
    recordings_that_are_not_music: usize,
}

/// What `trainer evaluate --cross-validate 5` prints, in tables.
#[derive(Serialize)]
struct HeadRefitCardAccuracy {
    measured_on: String,
    by_version: BTreeMap<String, HeadRefitCardFigures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_the_split_of_the_set: BTreeMap<String, HeadRefitCardFigures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    precision: BTreeMap<&'static str, HeadRefitCardPrecision>,
}

/// Figures with the ends of their 95 % intervals.
#[derive(Serialize)]
struct HeadRefitCardFigures {
    accuracy: f64,
    accuracy_from: f64,
    accuracy_to: f64,
    macro_f1: f64,
    macro_f1_from: f64,
    macro_f1_to: f64,
    log_loss: f64,
    calibration_error: f64,
    calibration_error_from: f64,
    calibration_error_to: f64,
}

#[derive(Serialize)]
struct HeadRefitCardPrecision {
    share: f64,
    from: f64,
    to: f64,
}

impl From<&Figures> for HeadRefitCardFigures {
    fn from(figures: &Figures) -> Self {
        let Figures {
            accuracy,
            macro_f1,
            expected_calibration_error: error,
            ..
        } = figures;
        Self {
            accuracy: accuracy.value,
            accuracy_from: accuracy.interval[0],
            accuracy_to: accuracy.interval[1],
            macro_f1: macro_f1.value,
            macro_f1_from: macro_f1.interval[0],
            macro_f1_to: macro_f1.interval[1],
            log_loss: figures.log_loss,
            calibration_error: error.value,
            calibration_error_from: error.interval[0],
            calibration_error_to: error.interval[1],
        }
    }
}

impl HeadRefitCardAccuracy {
    fn of(found: &CrossValidation) -> Self {
        let apart = if found.by_artist {
            ", artists kept apart"
        } else {
            ""
        };
        let table = |views: &BTreeMap<&'static str, Figures>| {
            let rows = views.iter();
            rows.map(|(name, figures)| (name.replace(' ', "_"), figures.into()))
                .collect()
        };
        let precision = found.views.values().flat_map(|figures| {
            let at = [
                ("at_1", figures.precision_at_1),
                ("at_5", figures.precision_at_5),
                ("at_10", figures.precision_at_10),
            ];
            at.into_iter().filter_map(|(name, found)| {
                let Estimate { value, interval } = found?;
                let [from, to] = interval;
                let share = value;
                Some((name, HeadRefitCardPrecision { share, from, to }))
            })
        });
        Self {
            measured_on: format!(
                "clips that the heads were not fitted to: {} draws of {} folds{apart}",
                found.draws, found.folds
            ),
            by_version: table(&found.views),
            by_the_split_of_the_set: table(&found.by_split),
            precision: precision.collect(),
        }
    }
}

/// The origin of the network's weights.
#[derive(Serialize)]
struct HeadRefitCardNetwork {
    began_as: &'static str,
    authors: &'static str,
    licence: &'static str,
    trained_on: &'static str,
}

const MUSICNN: HeadRefitCardNetwork = HeadRefitCardNetwork {
    began_as: "MusiCNN",
    authors: "Jordi Pons, Oriol Nieto, Matthew Prockup, Erik Schmidt, Andreas Ehmann and Xavier Serra",
    licence: "ISC, copyright Music Technology Group, Universitat Pompeu Fabra",
    trained_on: "the Million Song Dataset, with the tags of Last.fm's listeners",
};

/// The limitations of such a model.
fn limits(model: &Model, clips: usize) -> Vec<String> {
    let genres = model.genres.len();
    let knows = match model.calibration.head {
        Head::Softmax => {
            format!("It knows {genres} genres and names one of them whatever the music is.")
        }
        Head::Sigmoid => format!("It knows {genres} tags and no others."),
    };
    vec![
        knows,
        format!("Its genres were learnt from {clips} clips; it does not generalise far beyond music like theirs."),
        "Whether a sound is music it decides by examples; singing alone and unusual instruments may be taken for something else.".to_owned(),
    ]
}

impl<'a> HeadRefitCard<'a> {
    /// Of a model read from a file of `model_bytes`, whose heads were fitted to `clips` labelled clips.
    pub fn new(
        (model, model_bytes): (&'a Model, usize),
        clips: usize,
        report: &'a HeadReport,
    ) -> Self {
        let validation = &report.cross_validation;
        let music = report.music.as_ref();
        Self {
            name: "Soundalike genre model",
            data: HeadRefitCardData {
                collection: model.training.data.clone(),
                labelled_clips: clips,
                clips_of_music_without_labels: music.map_or(0, |music| music.music - clips),
                recordings_that_are_not_music: music.map_or(0, |music| music.recordings),
            },
            network: MUSICNN,
            accuracy: HeadRefitCardAccuracy::of(validation),
            per_genre: &validation.per_genre,
            limits: limits(model, clips),
            music,
            by_set: &validation.by_set,
            confusion: &validation.confusion,
            reliability: &validation.reliability,
            tags_told: validation.tags.as_ref(),
            decay: validation.decay,
            genres: &model.genres,
            tags: &model.tags,
            calibration: model.calibration,
            architecture: model.architecture.to_string(),
            parameters: model.parameters,
            model_bytes,
            model_sha256: &model.sha256,
            front_end: &model.front_end,
        }
    }
}
