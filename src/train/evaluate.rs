//! How well a model does on labelled clips.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::TrainError;
use super::metrics::{self, GenreScore};
use crate::catalog::{Catalog, Query, Ranking, Search};
use crate::library::{Song, hear_all};
use crate::pipeline::{Answer, Listener};
use crate::progress::Progress;

/// What `trainer evaluate` prints. The unit is the clip, unless a name says segment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Clips that were heard.
    pub clips: usize,
    /// Share of the clips whose most probable genre is the labelled one.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (bootstrap over clips).
    pub accuracy_interval: [f64; 2],
    /// Mean F1 over the genres that have clips.
    pub macro_f1: f64,
    /// Scores of each genre.
    pub per_genre: BTreeMap<String, GenreScore>,
    /// Order of the rows and columns of `confusion`.
    pub genres: Vec<String>,
    /// Counts `[true genre][called genre]`.
    pub confusion: Vec<Vec<usize>>,
    /// Area under the ROC curve, one genre against the rest, averaged.
    pub auc_macro: Option<f64>,
    /// Mean cross-entropy in nats.
    pub log_loss: f64,
    /// Share of the five nearest other clips, by other artists, that have the clip's genre.
    pub precision_at_5: Option<f64>,
    /// The same of the ten nearest.
    pub precision_at_10: Option<f64>,
    /// Segments that were heard.
    pub segments: usize,
    /// Share of the segments whose most probable genre is their clip's.
    pub segment_accuracy: f64,
    /// Clips that could not be heard, with the reason.
    pub errors: Vec<ClipError>,
}

/// A clip that could not be heard.
#[derive(Clone, Debug, Serialize)]
pub struct ClipError {
    /// Its file.
    pub path: String,
    /// The reason.
    pub error: String,
}

/// Hears the songs, which must be labelled with genres of the model, and compares.
///
/// # Errors
/// If no song could be heard.
pub fn evaluate(
    listener: &Listener,
    songs: &[Song],
    progress: &Progress,
) -> Result<Report, TrainError> {
    let heard = hear_all(listener, songs, progress);
    let model = listener.model();
    let mut errors = Vec::new();
    let mut labels = Vec::new();
    let mut answers = Vec::new();
    let mut tracks = Vec::new();
    for (song, heard) in songs.iter().zip(heard) {
        let label = model.genres.iter().position(|g| *g == song.track.genre);
        match (label, heard) {
            (Some(label), Ok(answer)) => {
                labels.push(label);
                answers.push(answer);
                tracks.push(song.track.clone());
            }
            (None, _) => errors.push(ClipError {
                path: song.file.display().to_string(),
                error: format!("its genre {:?} is none of the model's", song.track.genre),
            }),
            (_, Err(error)) => errors.push(ClipError {
                path: song.file.display().to_string(),
                error,
            }),
        }
    }
    if answers.is_empty() {
        let first = errors.first();
        return Err(TrainError::NothingHeard(
            first.map_or("there are none".to_owned(), |e| {
                format!("{}: {}", e.path, e.error)
            }),
        ));
    }
    let genres = model.genres.len();
    let calls: Vec<usize> = answers.iter().map(Answer::best).collect();
    let probabilities: Vec<Vec<f32>> = answers.iter().map(|a| a.probabilities.clone()).collect();
    let embeddings: Vec<Vec<f32>> = answers.iter().map(|a| a.embedding.clone()).collect();
    let confusion = metrics::confusion(&labels, &calls, genres);
    let per_genre = metrics::per_genre(&confusion, &model.genres);
    let (mut segments, mut segments_right) = (0, 0);
    for (answer, &label) in answers.iter().zip(&labels) {
        for moment in &answer.timeline {
            segments += 1;
            let p = &moment.probabilities;
            segments_right += usize::from(p.iter().all(|&other| other <= p[label]));
        }
    }
    let catalog = Catalog::new(
        model.sha256.clone(),
        model.front_end.clone(),
        model.genres.clone(),
        tracks,
        &embeddings,
        &probabilities,
    )?;
    let log_loss = labels
        .iter()
        .zip(&probabilities)
        .map(|(&label, p)| -f64::from(p[label].max(f32::MIN_POSITIVE)).ln());
    Ok(Report {
        clips: labels.len(),
        accuracy: metrics::accuracy(&labels, &calls),
        accuracy_interval: metrics::accuracy_interval(&labels, &calls),
        macro_f1: metrics::macro_f1(&per_genre),
        per_genre,
        genres: model.genres.clone(),
        confusion,
        auc_macro: metrics::auc_macro(&labels, &probabilities, genres),
        log_loss: metrics::mean(log_loss).unwrap_or(0.0),
        precision_at_5: precision_at(&catalog, 5),
        precision_at_10: precision_at(&catalog, 10),
        segments,
        segment_accuracy: f64::from(segments_right as u32) / segments.max(1) as f64,
        errors,
    })
}

/// Mean share of a clip's `k` nearest neighbours that have its genre. Neither the clip itself nor
/// other clips of its artist count; a clip without any neighbour left is not asked.
pub fn precision_at(catalog: &Catalog, k: usize) -> Option<f64> {
    let shares: Vec<f64> = (0..catalog.len())
        .into_par_iter()
        .filter_map(|clip| {
            let track = &catalog.tracks[clip];
            let query = Query {
                embedding: catalog.embedding(clip),
                probabilities: catalog.probabilities(clip),
            };
            let mut search = Search {
                ranking: Ranking::Cosine,
                exclude_tracks: vec![clip],
                allow_repeats: true,
                ..Search::default()
            };
            if !track.artist.is_empty() {
                search.exclude_artists.push(track.artist.clone());
            }
            let found = catalog.similar(query, k, &search);
            let same = found
                .iter()
                .filter(|r| catalog.tracks[r.track].genre == track.genre)
                .count();
            (!found.is_empty()).then(|| same as f64 / found.len() as f64)
        })
        .collect();
    metrics::mean(shares.into_iter())
}
