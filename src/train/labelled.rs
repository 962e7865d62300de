//! The labelled clips that heads are fitted to: features, targets and pseudo-labels.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::error::TrainError;
use super::evaluate::ClipError;
use super::features::{ClipFeatures, View};
use super::head::{LinearHead, Rows};
use super::lda::LdaTransform;
use super::teacher::Teacher;
use soundalike_core::model::{Calibration, Head, Model, Network};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::progress::Progress;

/// Length of the embedding that is fitted.
pub const EMBEDDING: usize = 128;
/// Fewest clips of a genre: with fewer, heads cannot be fitted to some and evaluated on others.
pub(super) const FEWEST: usize = 3;

/// Labelled clips and their features.
pub struct LabelledFeatures {
    /// Names of the genres or tags, the order of the logits.
    pub names: Vec<String>,
    /// Whether the logits go through a softmax or a sigmoid.
    pub head: Head,
    /// Of each of [`View::ALL`], `[clips, features]`.
    pub(super) views: Vec<Rows>,
    /// `[clips, names]`: one where a clip has the genre or tag.
    pub(super) targets: Rows,
    pub(super) songs: Vec<Song>,
    /// Whether the set has a split of its own.
    pub(super) own_split: bool,
    /// The embedding of the model, if none is to be fitted.
    fixed_embedding: Option<LinearHead>,
    /// Pseudo-labels, if there is a teacher.
    pseudo_labels: Option<PseudoLabels>,
    /// Clips that could not be used.
    pub errors: Vec<ClipError>,
}

/// The source of pseudo-labels: a probe on the features of the network and the embedding of a teacher together is
/// fitted to the labelled clips, and its probabilities for clips without a label are targets like labels (Hinton et
/// al. 2015).
struct PseudoLabels {
    /// The teacher's embedding of each labelled clip.
    labelled: Rows,
    /// Features of the clips without a label.
    features: Rows,
    /// The teacher's embedding of them.
    unlabelled: Rows,
}

/// Weight of all pseudo-labels together beside all labels.
const PSEUDO_LABEL_SHARE: f32 = 0.5;
/// Regularisation of the probe.
const PROBE_DECAY: f64 = 0.5;

impl LabelledFeatures {
    /// Decodes the songs that have one of `names` and computes their features; with `cache`, those of
    /// unchanged songs are read from that file, and it is rewritten.
    ///
    /// # Errors
    /// If no song can be used, a genre has fewer than three clips, or the features cannot be computed.
    pub fn gather(
        predictor: &Predictor,
        songs: &[Song],
        names: &[String],
        head: Head,
        cache: Option<&std::path::Path>,
    ) -> Result<Self, TrainError> {
        let songs: Vec<Song> = songs
            .iter()
            .filter(|song| names.iter().any(|name| has(song, name)))
            .cloned()
            .collect();
        enough(&songs, names)?;
        let features = ClipFeatures::gather(predictor, &songs, &View::ALL, cache)?;
        let songs: Vec<Song> = features
            .places
            .iter()
            .map(|&at| songs[at].clone())
            .collect();
        // Some of them may be silent or damaged.
        if let Err(error) = enough(&songs, names) {
            for error in &features.errors {
                tracing::warn!("{}: {}", error.path, error.error);
            }
            return Err(error);
        }
        let targets = songs.iter().flat_map(|song| {
            names
                .iter()
                .map(|name| f32::from(u8::from(has(song, name))))
        });
        Ok(Self {
            names: names.to_vec(),
            head,
            targets: Rows {
                values: targets.collect(),
                width: names.len(),
            },
            views: features.views,
            own_split: false,
            fixed_embedding: None,
            pseudo_labels: None,
            errors: features.errors,
            songs,
        })
    }

    /// The same, of a set that has a split of its own.
    #[must_use]
    pub fn with_own_split(mut self, own_split: bool) -> Self {
        self.own_split = own_split;
        self
    }

    /// The same with the embedding of a model, if it has one, instead of one fitted to these clips.
    #[must_use]
    pub fn with_embedding_of(mut self, model: &Model) -> Self {
        self.fixed_embedding = LinearHead::of(&model.weights(), Network::EMBEDDING_LAYER);
        self
    }

    /// The same with pseudo-labels of `unlabelled` music from a probe on the features of the network and the embedding
    /// of `teacher`.
    ///
    /// # Errors
    /// If no clip of it can be used, or the teacher fails.
    pub fn with_pseudo_labels(
        mut self,
        predictor: &Predictor,
        teacher: &dyn Teacher,
        unlabelled: &[Song],
    ) -> Result<Self, TrainError> {
        let found = ClipFeatures::gather(predictor, unlabelled, &[View::Whole], None)?;
        let unlabelled: Vec<Song> = found
            .places
            .iter()
            .map(|&at| unlabelled[at].clone())
            .collect();
        let count = self.songs.len() + unlabelled.len();
        let progress = Progress::new(&format!("embeddings of {}", teacher.name()), count);
        let embeddings = |songs: &[Song]| teacher_embeddings(teacher, songs, &progress);
        self.pseudo_labels = Some(PseudoLabels {
            labelled: embeddings(&self.songs)?,
            unlabelled: embeddings(&unlabelled)?,
            features: Rows::stacked(&found.views),
        });
        Ok(self)
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.songs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// The sets that the clips come from.
    pub fn sets(&self) -> BTreeSet<&str> {
        self.songs
            .iter()
            .map(|song| song.track.set.as_str())
            .collect()
    }

    /// Features of all views, one view after another.
    pub(super) fn features(&self) -> Rows {
        Rows::stacked(&self.views)
    }

    /// Index of each clip's genre, or of its first tag.
    pub(super) fn labels(&self) -> Vec<usize> {
        let rows = self.targets.values.chunks(self.targets.width.max(1));
        rows.map(|row| row.iter().position(|t| *t > 0.0).unwrap_or(0))
            .collect()
    }

    /// A head fitted to all views of some clips. Every genre weighs the same, however few clips it has.
    ///
    /// # Errors
    /// If it cannot be fitted.
    pub(super) fn fit(&self, places: &[usize], decay: f64) -> Result<LinearHead, TrainError> {
        let labels = self.labels();
        let mut counts = vec![0.0_f32; self.names.len()];
        for &place in places {
            counts[labels[place]] += 1.0;
        }
        let importance: Vec<f32> = match self.head {
            Head::Softmax => places
                .iter()
                .map(|&place| 1.0 / counts[labels[place]])
                .collect(),
            Head::Sigmoid => vec![1.0; places.len()],
        };
        let mut views: Vec<Rows> = self.views.iter().map(|view| view.select(places)).collect();
        let mut targets = vec![self.targets.select(places); views.len()];
        let mut weights = importance.repeat(views.len());
        if let Some(pseudo_labels) = &self.pseudo_labels {
            let inputs = views[0].beside(&pseudo_labels.labelled.select(places));
            let probe = LinearHead::fit(&inputs, &targets[0], &importance, PROBE_DECAY, self.head)?;
            let unlabelled = pseudo_labels.features.beside(&pseudo_labels.unlabelled);
            let probabilities = (0..unlabelled.len())
                .flat_map(|row| self.probabilities(&probe.logits(unlabelled.row(row)), 1.0));
            let total: f32 = weights.iter().sum();
            let each = PSEUDO_LABEL_SHARE * total / unlabelled.len().max(1) as f32;
            weights.extend(vec![each; unlabelled.len()]);
            targets.push(Rows {
                values: probabilities.collect(),
                width: self.names.len(),
            });
            views.push(pseudo_labels.features.clone());
        }
        LinearHead::fit(
            &Rows::stacked(&views),
            &Rows::stacked(&targets),
            &weights,
            decay,
            self.head,
        )
    }

    /// The embedding of the model, or else one fitted to all views of some clips; `None` with fewer than two genres.
    pub(super) fn embedding(&self, places: &[usize]) -> Option<LinearHead> {
        if self.fixed_embedding.is_some() {
            return self.fixed_embedding.clone();
        }
        let views: Vec<Rows> = self.views.iter().map(|view| view.select(places)).collect();
        let labels = self.labels();
        let labels: Vec<usize> = places.iter().map(|&place| labels[place]).collect();
        let rows = Rows::stacked(&views);
        let dimensions = EMBEDDING.min(rows.width);
        let labels = labels.repeat(views.len());
        LdaTransform::fit(&rows, &labels, self.names.len(), dimensions).map(|map| map.layer())
    }

    /// Probabilities of logits, divided by a temperature.
    pub(super) fn probabilities(&self, logits: &[f32], temperature: f32) -> Vec<f32> {
        let calibration = Calibration {
            head: self.head,
            temperature,
            ..Calibration::default()
        };
        calibration.probabilities(&[logits], 1.0)
    }
}

/// Whether a song has a genre or tag.
fn has(song: &Song, name: &str) -> bool {
    song.words().contains(&name)
}

/// Rejects a genre with too few clips.
fn enough(songs: &[Song], names: &[String]) -> Result<(), TrainError> {
    for name in names {
        let clips = songs.iter().filter(|song| has(song, name)).count();
        if clips < FEWEST {
            return Err(TrainError::TooFewClips {
                genre: name.clone(),
                clips,
                fewest: FEWEST,
            });
        }
    }
    Ok(())
}

/// The teacher's embedding of each song.
fn teacher_embeddings(
    teacher: &dyn Teacher,
    songs: &[Song],
    progress: &Progress,
) -> Result<Rows, TrainError> {
    let rows: Vec<Vec<f32>> = songs
        .par_iter()
        .map(|song| {
            let clip = song.clip().map_err(|cause| TrainError::Song {
                file: song.file.clone(),
                cause: cause.to_string(),
            })?;
            let row = teacher.embedding(&clip);
            progress.advance();
            row
        })
        .collect::<Result<_, _>>()?;
    Ok(Rows {
        width: teacher.width(),
        values: rows.concat(),
    })
}
