//! The features that heads are fitted to: the mean over a clip of the network's last layer, of the clip as it is and of
//! changed versions of it.

use soundalike_datasets::output::write_whole;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rayon::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::corruption::Corruption;
use super::error::TrainError;
use super::evaluate::{ClipError, no_usable_clip};
use super::head::Rows;
use soundalike_core::audio::{AudioError, Clip};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::Song;
use soundalike_datasets::output::OutputError;
use soundalike_datasets::progress::Progress;

/// Length of the short version of a clip in seconds: what the page's first prediction is made from.
const SHORT_SECONDS: f64 = 3.0;
/// Segments of one clip that are used, spread over its length.
const SEGMENTS: usize = 12;
/// The metadata entry of a file of features that holds [`FeatureCacheHeader`] as JSON.
const HEADER: &str = "soundalike.features";
const FEATURES: &str = "features";

/// A version of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// As it is.
    Whole,
    /// Its first three seconds.
    Start,
    /// Limited to the band of a telephone.
    Telephone,
}

impl View {
    /// All of them, in the order of [`ClipFeatures::views`].
    pub const ALL: [Self; 3] = [Self::Whole, Self::Start, Self::Telephone];

    /// Its name where figures are printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole clips",
            Self::Start => "first 3 seconds",
            Self::Telephone => "through a telephone",
        }
    }

    fn of(self, clip: &Clip) -> Result<Clip, AudioError> {
        match self {
            Self::Whole => Ok(clip.clone()),
            Self::Start => {
                let length = (SHORT_SECONDS * f64::from(clip.rate())) as usize;
                let samples = clip.samples();
                Clip::new(samples[..samples.len().min(length)].to_vec(), clip.rate())
            }
            Self::Telephone => Corruption::Phone.apply(clip.clone()),
        }
    }
}

/// The features of clips.
#[derive(Clone, Debug, Default)]
pub struct ClipFeatures {
    /// Of each clip that could be used, its place among the songs that were given.
    pub places: Vec<usize>,
    /// Of each of the given views, `[clips, features]`.
    pub views: Vec<Rows>,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

#[derive(Serialize, Deserialize)]
struct FeatureCacheHeader {
    model_sha256: String,
    views: Vec<View>,
    /// Of each row, the file that it is of: see [`key`].
    clips: Vec<String>,
}

/// Identifies a song's features: its file and the part of it.
fn key(song: &Song) -> String {
    let found = std::fs::metadata(&song.file).ok();
    let changed = found.as_ref().and_then(|found| found.modified().ok());
    let changed = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    format!(
        "{}|{}|{}|{:?}",
        song.file.display(),
        found.map_or(0, |found| found.len()),
        changed.map_or(0, |time| time.as_nanos()),
        song.span
    )
}

impl ClipFeatures {
    /// Decodes the songs and computes their features, on all cores. With `cache`, rows of that file are taken where
    /// they are of the same model and the same unchanged song, and the file is rewritten.
    ///
    /// # Errors
    /// If the model has no features, the device fails, or the cache cannot be written.
    pub fn gather(
        predictor: &Predictor,
        songs: &[Song],
        views: &[View],
        cache: Option<&Path>,
    ) -> Result<Self, TrainError> {
        let cached = cache.map(|path| cached_rows(path, predictor, views));
        let cached = cached.unwrap_or_default();
        let keys: Vec<String> = songs.iter().map(key).collect();
        let progress = Progress::new("computing features", songs.len());
        let computed: Vec<Result<Vec<f32>, String>> = songs
            .par_iter()
            .zip(&keys)
            .map(|(song, key)| {
                let row = match cached.get(key) {
                    Some(row) => Ok(row.clone()),
                    None => row_of(predictor, song, views),
                };
                progress.advance();
                row
            })
            .collect();
        drop(progress);
        let mut features = Self {
            views: vec![Rows::default(); views.len()],
            ..Self::default()
        };
        for (place, (song, row)) in songs.iter().zip(&computed).enumerate() {
            match row {
                Ok(row) => {
                    let width = row.len() / views.len().max(1);
                    features.places.push(place);
                    for (view, values) in features.views.iter_mut().zip(row.chunks(width)) {
                        view.width = width;
                        view.values.extend_from_slice(values);
                    }
                }
                Err(error) => {
                    let error = ClipError::new(&song.file, error.clone());
                    features.errors.push(error);
                }
            }
        }
        if features.places.is_empty() {
            return Err(no_usable_clip(&features.errors));
        }
        if let Some(path) = cache {
            let rows = keys.iter().zip(&computed);
            let rows = rows.filter_map(|(key, row)| Some((key.clone(), row.clone().ok()?)));
            write_cache(path, predictor, views, rows.collect())?;
        }
        Ok(features)
    }
}

/// The views of a song one after another, or why it cannot be used.
fn row_of(predictor: &Predictor, song: &Song, views: &[View]) -> Result<Vec<f32>, String> {
    let clip = song.clip().map_err(|e| e.to_string())?;
    let mut row = Vec::new();
    for view in views {
        let clip = view.of(&clip).map_err(|e| e.to_string())?;
        // What is silent through a telephone, or in its first seconds, is taken as it is.
        let found = predictor.clip_features(&clip, SEGMENTS);
        match (found, row.is_empty()) {
            (Ok(found), _) => row.extend(found),
            (Err(error), true) => return Err(error.to_string()),
            (Err(_), false) => {
                let width = row.len() / views.iter().take_while(|v| *v != view).count();
                row.extend_from_within(..width);
            }
        }
    }
    Ok(row)
}

/// The rows of a file of features, if it is of this model; a file that cannot be read is replaced.
fn cached_rows(path: &Path, predictor: &Predictor, views: &[View]) -> HashMap<String, Vec<f32>> {
    let read = || -> Option<HashMap<String, Vec<f32>>> {
        let bytes = std::fs::read(path).ok()?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).ok()?;
        let header = metadata.metadata().as_ref()?.get(HEADER)?;
        let header: FeatureCacheHeader = serde_json::from_str(header).ok()?;
        if header.model_sha256 != predictor.model().sha256 || header.views != views {
            return None;
        }
        let file = SafeTensors::deserialize(&bytes).ok()?;
        let view = file.tensor(FEATURES).ok()?;
        let &[clips, width] = view.shape() else {
            return None;
        };
        if view.dtype() != Dtype::F32 || clips != header.clips.len() || width == 0 {
            return None;
        }
        let (values, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = values.iter().map(|&v| f32::from_le_bytes(v)).collect();
        let rows = values.chunks(width).map(<[f32]>::to_vec);
        Some(header.clips.into_iter().zip(rows).collect())
    };
    read().unwrap_or_default()
}

/// Writes the file of features.
fn write_cache(
    path: &Path,
    predictor: &Predictor,
    views: &[View],
    rows: BTreeMap<String, Vec<f32>>,
) -> Result<(), TrainError> {
    let failed = |cause: String| OutputError::io(path, std::io::Error::other(cause));
    let (clips, rows): (Vec<String>, Vec<Vec<f32>>) = rows.into_iter().unzip();
    let shape = vec![rows.len(), rows.first().map_or(0, Vec::len)];
    let bytes: Vec<u8> = rows
        .iter()
        .flatten()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let header = FeatureCacheHeader {
        model_sha256: predictor.model().sha256.clone(),
        views: views.to_vec(),
        clips,
    };
    let header = serde_json::to_string(&header).map_err(|e| failed(e.to_string()))?;
    let view = TensorView::new(Dtype::F32, shape, &bytes).map_err(|e| failed(e.to_string()))?;
    let metadata = HashMap::from([(HEADER.to_owned(), header)]);
    let file = serialize([(FEATURES, view)], Some(metadata)).map_err(|e| failed(e.to_string()))?;
    Ok(write_whole(path, &file)?)
}
