//! Head refit: the features of a trained network stay, and heads for genres or tags, for music or not and for the
//! embedding are fitted to them. That takes a minute where training a network takes hours, and needs few clips.

use burn::tensor::Device;
use serde::Serialize;

use super::error::TrainError;
use super::figures::CrossValidation;
use super::head::LinearHead;
use super::labelled::LabelledFeatures;
use super::music_head::{MusicReport, Sounds, fit_music};
use soundalike_core::model::{
    Aggregation, Architecture, Array, Calibration, Head, Model, ModelError, Training,
    TwoStreamConfig, WeightPrecision, Weights,
};
use soundalike_core::pipeline::Predictor;

/// Draws of the folds that figures are averaged over.
pub const DRAWS: usize = 4;
/// The evaluation of fitted heads.
#[derive(Clone, Debug, Serialize)]
pub struct HeadReport {
    /// How well genres or tags are predicted.
    pub cross_validation: CrossValidation,
    /// How well music is distinguished from other sounds, if a head was fitted for that.
    pub music: Option<MusicReport>,
}

/// The weights and the configuration of a network whose heads are being replaced.
struct Refit {
    weights: Weights,
    config: TwoStreamConfig,
    /// Names of the tags beside the genres.
    tags: Vec<String>,
}

impl Refit {
    /// The network of `source` with the head for `names` and, where it has no embedding, one fitted to the clips.
    fn new(source: &Model, labelled: &LabelledFeatures, decay: f64) -> Result<Self, TrainError> {
        let Architecture::TwoStream(config) = &source.architecture else {
            return Err(ModelError::NoFeatures(source.architecture.to_string()).into());
        };
        let all: Vec<usize> = (0..labelled.len()).collect();
        let mut refit = Self {
            weights: source.weights(),
            config: TwoStreamConfig {
                genres: labelled.names.len(),
                ..config.clone()
            },
            tags: source.tags.clone(),
        };
        // The tags of a model of tags alone are kept.
        if source.calibration.head == Head::Sigmoid && refit.tags.is_empty() {
            refit.tags = source.genres.clone();
            refit.config.tags = refit.tags.len();
            for part in ["weight", "bias"] {
                let array = refit.weights.get(&path("genre", part))?.clone();
                refit.weights.add(&path("tags", part), array)?;
            }
        }
        let genres = labelled.fit(&all, decay)?;
        for (path, array) in arrays("genre", &genres) {
            refit.weights.replace(&path, array)?;
        }
        if config.embedding == 0
            && let Some(embedding) = labelled.embedding(&all)
        {
            refit.config.embedding = embedding.bias.len();
            refit.add("embedding", &embedding)?;
        }
        Ok(refit)
    }

    /// Puts in a music head.
    fn set_music(&mut self, head: &LinearHead) -> Result<(), ModelError> {
        if !self.config.music {
            self.config.music = true;
            return self.add("music", head);
        }
        for (path, array) in arrays("music", head) {
            self.weights.replace(&path, array)?;
        }
        Ok(())
    }

    fn add(&mut self, layer: &str, head: &LinearHead) -> Result<(), ModelError> {
        for (path, array) in arrays(layer, head) {
            self.weights.add(&path, array)?;
        }
        Ok(())
    }
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
    if !matches!(source.architecture, Architecture::TwoStream(_)) {
        return Err(ModelError::NoFeatures(source.architecture.to_string()).into());
    }
    let decay = labelled.choose_decay(folds)?;
    let cross_validation = labelled.cross_validate(folds, DRAWS, decay)?;
    let mut refit = Refit::new(source, labelled, decay)?;
    let mut calibration = Calibration {
        head: labelled.head,
        temperature: cross_validation.temperature,
        aggregation: Aggregation::Logits,
        music_shift: source.calibration.music_shift,
    };
    let mut music = None;
    if let Some(sounds) = sounds {
        let predictor = Predictor::new(source.clone());
        let (head, shift, report) = fit_music(&predictor, labelled, sounds)?;
        refit.set_music(&head)?;
        calibration.music_shift = shift;
        music = Some(report);
    }
    let architecture = Architecture::TwoStream(refit.config);
    let network = refit.weights.apply(architecture.init(device))?;
    let mut model = Model::new(
        architecture,
        network,
        (labelled.names.clone(), refit.tags),
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
    let report = HeadReport {
        cross_validation,
        music,
    };
    Ok((model, report))
}

fn path(layer: &str, part: &str) -> String {
    format!("TwoStream.{layer}.{part}")
}

/// The arrays of a linear head as a layer of the network, by their paths.
fn arrays(layer: &str, head: &LinearHead) -> [(String, Array); 2] {
    let outputs = head.bias.len();
    let array = |part: &str, shape: Vec<usize>, values: &[f32]| {
        let values = values.to_vec();
        (path(layer, part), Array { shape, values })
    };
    let inputs = head.weight.len() / outputs.max(1);
    [
        array("weight", vec![inputs, outputs], &head.weight),
        array("bias", vec![outputs], &head.bias),
    ]
}
