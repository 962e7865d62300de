//! What a probe on the teacher's features thinks of the genre of every lesson, labelled or not: the
//! teacher knows no genres, but a logistic regression from its features to the few labels does, and its
//! soft answer teaches more than the label alone (Hinton et al. 2015).

use burn::tensor::Device;

use super::head::{LinearMap, Rows, cross_entropy};
use super::lessons::Lessons;
use super::teacher::FEATURES;

/// Share of the label in the opinion on a view whose genre is known.
const LABEL: f32 = 0.5;

/// What labels and teacher know of some views.
pub(super) struct Known {
    /// The teacher's features.
    features: Rows,
    /// Soft labels; a row of zeros has none.
    pub labels: Rows,
    /// Weight of each row: every genre counts the same, however few clips it has, and a mix as much as is
    /// known of it.
    pub share: Vec<f32>,
}

impl Known {
    pub fn of(lessons: &Lessons, views: &[usize]) -> Self {
        let genres = lessons.genres();
        let rows = |width: usize, of: &dyn Fn(usize) -> Vec<f32>| Rows {
            values: views.iter().flat_map(|&view| of(view)).collect(),
            width,
        };
        let labels = rows(genres, &|view| lessons.label(view));
        let counts: Vec<f32> = (0..genres)
            .map(|genre| labels.values.iter().skip(genre).step_by(genres).sum())
            .collect();
        let share = labels
            .values
            .chunks(genres)
            .map(|row| {
                let known: f32 = row.iter().sum();
                let balanced: f32 = row.iter().zip(&counts).map(|(y, n)| y / n.max(1.0)).sum();
                if known > 0.0 { balanced / known } else { 0.0 }
            })
            .collect();
        Self {
            features: rows(FEATURES, &|view| lessons.teacher_features(view)),
            labels,
            share,
        }
    }

    /// The opinion `[views, genres]` of a probe with this decay, half replaced by the label where there
    /// is one. Rows sum to one.
    pub fn opinion(&self, decay: f32, device: &Device) -> Rows {
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
            .flat_map(|(opinion, label)| {
                let rest = 1.0 - LABEL * label.iter().sum::<f32>();
                let pairs = opinion.iter().zip(label);
                pairs.map(move |(o, y)| rest * o + LABEL * y)
            });
        Rows {
            values: values.collect(),
            width,
        }
    }
}
