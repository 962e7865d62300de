//! Baselines of the personal models: majorities, the nearest song and popularity.

use super::answers::Answers;
use super::embeddings::centred;
use soundalike_core::catalog::Catalog;
use soundalike_core::linear_algebra::dot;
use soundalike_core::taste::posterior::{Observation, Posterior, Prior, moderation, sigmoid};

/// Pseudo-count that smooths a share, so that none is zero or one.
const PSEUDO_COUNT: f64 = 2.0;

/// The baselines, fitted to the training participants.
pub(super) struct Baselines {
    /// Share of all ratings that are likes.
    liked: f64,
    /// The share of each song, smoothed.
    songs: Vec<f64>,
    /// Probability of a like where the nearest known song is disliked and liked.
    nearest: [f64; 2],
}

impl Baselines {
    pub(super) fn fit(answers: &Answers, participants: &[usize], near: &[Vec<usize>]) -> Self {
        let mut counts = vec![(0.0, 0.0); answers.songs.len()];
        let mut agree = [(0.0, 0.0); 2];
        for &participant in participants {
            let ratings = &answers.participants[participant].ratings;
            for &(song, liked) in ratings {
                counts[song].0 += f64::from(u8::from(liked));
                counts[song].1 += 1.0;
                if let Some(other) = nearest(ratings, song, near) {
                    let cell = &mut agree[usize::from(other)];
                    cell.0 += f64::from(u8::from(liked));
                    cell.1 += 1.0;
                }
            }
        }
        let all: (f64, f64) = counts
            .iter()
            .fold((0.0, 0.0), |all, c| (all.0 + c.0, all.1 + c.1));
        let liked = (all.0 + 1.0) / (all.1 + 2.0);
        let smooth = |c: &(f64, f64)| (c.0 + PSEUDO_COUNT * liked) / (c.1 + PSEUDO_COUNT);
        Self {
            liked,
            songs: counts.iter().map(smooth).collect(),
            nearest: agree.map(|c| smooth(&c)),
        }
    }

    /// The probabilities of a like of a song: by the majority overall, per song and per person, by the nearest
    /// neighbour and by popularity.
    pub(super) fn predict(
        &self,
        known: &[(usize, bool)],
        song: usize,
        near: &[Vec<usize>],
    ) -> [f64; 5] {
        let likes = known.iter().filter(|(_, liked)| *liked).count() as f64;
        let participant = (likes + PSEUDO_COUNT * self.liked) / (known.len() as f64 + PSEUDO_COUNT);
        let nearest =
            nearest(known, song, near).map_or(self.liked, |n| self.nearest[usize::from(n)]);
        [
            self.liked,
            self.songs[song],
            participant,
            nearest,
            self.popularity(known, song),
        ]
    }

    /// The share of likes of the song, shifted by the participant's intercept.
    fn popularity(&self, known: &[(usize, bool)], song: usize) -> f64 {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let observations: Vec<Observation> = known
            .iter()
            .map(|&(s, liked)| Observation {
                features: vec![1.0],
                offset: logit(self.songs[s]),
                liked,
            })
            .collect();
        let (mean, variance) =
            Posterior::of(&Prior::diagonal(&[1.0], 1.0), &observations).logit(&[1.0]);
        sigmoid(moderation(variance) * (mean + logit(self.songs[song])))
    }
}

/// The rating of the known song that is most similar to this one.
fn nearest(known: &[(usize, bool)], song: usize, near: &[Vec<usize>]) -> Option<bool> {
    near[song].iter().find_map(|other| {
        let found = known.iter().find(|(s, _)| s == other && *s != song);
        found.map(|(_, liked)| *liked)
    })
}

/// For each song the other songs, the most similar first, by cosine similarity of centred embeddings.
pub(super) fn neighbours(answers: &Answers, catalog: &Catalog) -> Vec<Vec<usize>> {
    let centred = centred(catalog);
    let rows: Vec<&Vec<f64>> = answers.tracks.iter().map(|&t| &centred[t]).collect();
    (0..rows.len())
        .map(|song| {
            let cosine = |other: usize| {
                dot(rows[song], rows[other]) / dot(rows[other], rows[other]).sqrt().max(1e-12)
            };
            let mut order: Vec<usize> = (0..rows.len()).filter(|&o| o != song).collect();
            order.sort_by(|&a, &b| cosine(b).total_cmp(&cosine(a)));
            order
        })
        .collect()
}
