//! What is done with a network once it has learnt from a teacher: its embedding is turned so that genres
//! lie apart ([`super::metric`]), and its genre layer fitted anew in several ways ([`super::head`]).

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::data::{Normalisation, crops_tensor};
use super::fit::Recipe;
use super::head::{LinearMap, Rows, cross_entropy};
use super::lessons::Lessons;
use super::metric::Metric;
use super::teacher::FEATURES;
use super::{Augmentation, TrainError};
use crate::model::{Network, Weights};
use crate::progress::Progress;

/// Views that the genre layers are fitted on, at most.
const VIEWS: usize = 16_000;

/// Share of the views that come through a telephone here: more than in training, since these few weights
/// can be made to serve both.
const PHONE: f64 = 0.4;

/// Strengths of the regularisation of a layer that learns from the labels.
const LABEL_DECAYS: [f32; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// Of the probe from the teacher's features to the labels.
const PROBE_DECAYS: [f32; 3] = [0.3, 1.0, 3.0];
/// Of a layer that learns from the probe's opinion.
const OPINION_DECAYS: [f32; 4] = [0.001, 0.003, 0.01, 0.03];

/// What is known of the views that the layers are fitted on.
struct Evidence {
    embeddings: Rows,
    /// Soft labels; a row of zeros has none.
    labels: Rows,
    /// The teacher's features.
    features: Rows,
    /// Sum of each row of labels.
    known: Vec<f32>,
    /// Weight of each row: every genre counts the same, however few clips it has, and a mix as much as is
    /// known of it.
    share: Vec<f32>,
}

impl Evidence {
    fn gather(
        recipe: &Recipe,
        lessons: &Lessons,
        normalisation: &Normalisation,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let network = weights.clone().apply(recipe.architecture.init(device))?;
        let network = network.fused();
        let views = lessons.music_views(VIEWS);
        let progress = Progress::new("embedding the lessons", views.len());
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        let mut embeddings = Rows {
            width: recipe.architecture.embedding(),
            ..Rows::default()
        };
        let augmentation = Augmentation {
            phone: PHONE,
            ..recipe.augmentation.clone()
        };
        for views in views.chunks(recipe.batch_size) {
            let batch = lessons.batch(views, &augmentation, normalisation, 0.0, &mut rng);
            let x = crops_tensor(batch.inputs, batch.size, device);
            let embedding = network.forward(x).embedding.into_data();
            embeddings.values.extend(embedding.iter::<f32>());
            for _ in views {
                progress.advance();
            }
        }
        let genres = recipe.genres.len();
        let rows = |width: usize, of: &dyn Fn(usize) -> Vec<f32>| Rows {
            values: views.iter().flat_map(|&view| of(view)).collect(),
            width,
        };
        let labels = rows(genres, &|view| lessons.label(view));
        let known: Vec<f32> = labels
            .values
            .chunks(genres)
            .map(|row| row.iter().sum())
            .collect();
        let counts: Vec<f32> = (0..genres)
            .map(|genre| labels.values.iter().skip(genre).step_by(genres).sum())
            .collect();
        let share = labels
            .values
            .chunks(genres)
            .zip(&known)
            .map(|(row, known)| {
                let balanced: f32 = row.iter().zip(&counts).map(|(y, n)| y / n.max(1.0)).sum();
                if *known > 0.0 { balanced / known } else { 0.0 }
            })
            .collect();
        Ok(Self {
            features: rows(FEATURES, &|view| lessons.teacher_features(view)),
            embeddings,
            labels,
            known,
            share,
        })
    }

    /// The genre of each view that is of one alone.
    fn kinds(&self) -> Vec<Option<usize>> {
        let rows = self.labels.values.chunks(self.labels.width);
        rows.map(|row| row.iter().position(|share| *share > 0.99))
            .collect()
    }

    /// What a probe on the teacher's features thinks of every view, half replaced by the label where there
    /// is one.
    fn opinion(&self, decay: f32, device: &Device) -> Rows {
        let probe = LinearMap::fit(&self.features, &self.labels, &self.share, decay, device);
        // A strongly regularised probe is too modest: sharpened until it fits the labels best.
        let factors = (0..40).map(|step| 0.5 * 1.1_f32.powi(step));
        let loss = |map: &LinearMap| {
            cross_entropy(&map.probabilities(&self.features, device), &self.labels)
        };
        let probe = factors
            .map(|factor| probe.scaled(factor))
            .map(|map| (loss(&map), map))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(probe.clone(), |(_, map)| map);
        let width = self.labels.width;
        let opinion = probe.probabilities(&self.features, device);
        let rows = opinion.values.chunks(width);
        let values = rows
            .zip(self.labels.values.chunks(width))
            .zip(&self.known)
            .flat_map(|((opinion, label), known)| {
                let rest = 1.0 - 0.5 * known;
                let pairs = opinion.iter().zip(label);
                pairs.map(move |(o, y)| rest * o + 0.5 * y)
            });
        Rows {
            values: values.collect(),
            width,
        }
    }
}

/// The network's weights with a turned embedding; all its heads give the same answers as before.
fn turned(weights: &Weights, metric: &Metric) -> Weights {
    let mut turned = weights.clone();
    let mut replace = |[weight_path, bias_path]: [&str; 2], (weight, bias)| {
        turned.replace(weight_path, weight);
        turned.replace(bias_path, bias);
    };
    let layer = |[weight_path, bias_path]: [&str; 2]| {
        weights.values(weight_path).zip(weights.values(bias_path))
    };
    if let Some((weight, bias)) = layer(Network::EMBEDDING_LAYER) {
        replace(
            Network::EMBEDDING_LAYER,
            metric.of_embedding_layer(weight, bias),
        );
    }
    for head in Network::HEADS {
        if let Some((weight, bias)) = layer(head) {
            replace(head, metric.of_head(weight, bias));
        }
    }
    turned
}

/// The network with a turned embedding and each of the genre layers, by name: the first as trained, the
/// others from the labels, and from what the teacher's features say of every view.
pub(super) fn heads(
    recipe: &Recipe,
    lessons: &Lessons,
    normalisation: &Normalisation,
    weights: &Weights,
    device: &Device,
) -> Result<Vec<(String, Weights)>, TrainError> {
    let mut evidence = Evidence::gather(recipe, lessons, normalisation, weights, device)?;
    let mut weights = weights.clone();
    let genres = recipe.genres.len();
    if let Some(metric) = Metric::fit(&evidence.embeddings, &evidence.kinds(), genres) {
        weights = turned(&weights, &metric);
        evidence.embeddings = metric.apply(&evidence.embeddings);
    }
    let with = |map: &LinearMap| {
        let (weight, bias) = map.values();
        let [weight_path, bias_path] = Network::GENRE_LAYER;
        let mut fitted = weights.clone();
        fitted.replace(weight_path, weight);
        fitted.replace(bias_path, bias);
        fitted
    };
    let mut found = vec![("as trained".to_owned(), weights.clone())];
    let Evidence {
        embeddings,
        labels,
        share,
        ..
    } = &evidence;
    for decay in LABEL_DECAYS {
        let map = LinearMap::fit(embeddings, labels, share, decay, device);
        found.push((format!("from labels, decay {decay}"), with(&map)));
    }
    let even = vec![1.0; share.len()];
    for probe_decay in PROBE_DECAYS {
        let opinion = evidence.opinion(probe_decay, device);
        for decay in OPINION_DECAYS {
            let map = LinearMap::fit(embeddings, &opinion, &even, decay, device);
            let name = format!("from the teacher's opinion (decay {probe_decay}), decay {decay}");
            found.push((name, with(&map)));
        }
    }
    Ok(found)
}
