//! What is done with a network once it has learnt from a teacher: its embedding is turned so that genres
//! lie apart ([`super::metric`]), and its genre layer fitted anew in several ways ([`super::head`]).

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::fit::Recipe;
use super::head::{LinearMap, Rows};
use super::lessons::Lessons;
use super::metric::Metric;
use super::opinion::Known;
use super::{Augmentation, TrainError};
use crate::model::{Network, Normalise, Weights};
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
    known: Known,
}

impl Evidence {
    fn gather(
        recipe: &Recipe,
        lessons: &Lessons,
        normalisation: &Normalise,
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
            let batch = lessons.batch(views, &augmentation, normalisation, &mut rng);
            let parts = recipe.architecture.input().tensors(&batch.inputs, device);
            let embedding = network.forward(parts).embedding.into_data();
            embeddings.values.extend(embedding.iter::<f32>());
            for _ in views {
                progress.advance();
            }
        }
        Ok(Self {
            embeddings,
            known: Known::of(lessons, &views),
        })
    }

    /// The genre of each view that is of one alone.
    fn kinds(&self) -> Vec<Option<usize>> {
        let labels = &self.known.labels;
        let rows = labels.values.chunks(labels.width);
        rows.map(|row| row.iter().position(|share| *share > 0.99))
            .collect()
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
    normalisation: &Normalise,
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
    let Evidence { embeddings, known } = &evidence;
    let Known { labels, share, .. } = known;
    for decay in LABEL_DECAYS {
        let map = LinearMap::fit(embeddings, labels, share, decay, device);
        found.push((format!("from labels, decay {decay}"), with(&map)));
    }
    let even = vec![1.0; share.len()];
    for probe_decay in PROBE_DECAYS {
        let opinion = known.opinion(probe_decay, device);
        for decay in OPINION_DECAYS {
            let map = LinearMap::fit(embeddings, &opinion, &even, decay, device);
            let name = format!("from the teacher's opinion (decay {probe_decay}), decay {decay}");
            found.push((name, with(&map)));
        }
    }
    Ok(found)
}
