//! The visitor's taste, for the page's worker: see `Learning` in www/types.d.ts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::error::{PageError, Subject, Thrown};
use super::{Engine, to_js};
use soundalike_core::catalog::{Catalog, Recommendation, RecommendationView, SongView};
use soundalike_core::taste::{Population, RatedSong, Taste, TasteSummary};
use soundalike_survey::Opinion;

/// The list is looked for so many times as long as it will be, so that taste can bring songs into it.
const POOL: usize = 5;

/// A fitted taste model.
pub(super) struct Personal {
    taste: Taste,
    /// Number of ratings that it was fitted to.
    labels: usize,
    disliked: Vec<usize>,
}

/// What the visitor thinks of a song.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Thumb {
    #[cfg_attr(test, ts(type = "'like' | 'dislike' | 'unknown'"))]
    opinion: Opinion,
    /// The path of a song of the catalogue; one that the catalogue lacks says nothing.
    path: Option<String>,
    /// Of the visitor's own song.
    #[serde(default)]
    embedding: Vec<f32>,
}

/// A song of the catalogue to ask for a rating of.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Asked<'a> {
    #[serde(flatten)]
    song: SongView<'a>,
    /// Probability that it is liked.
    liked: f32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Learning<'a> {
    summary: TasteSummary,
    ask: Option<Asked<'a>>,
    /// The track of each opinion; none for a song that the catalogue lacks.
    tracks: Vec<Option<usize>>,
}

/// A recommendation, and whether the visitor will like it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Liked<'a> {
    #[serde(flatten)]
    view: RecommendationView<'a>,
    /// Probability that it is liked; none before there are opinions.
    liked: Option<f32>,
    /// Its number among the visitor's own songs, if it is one.
    mine: Option<usize>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct People<'a> {
    simulated: bool,
    answers: usize,
    survey: &'a str,
}

#[wasm_bindgen]
impl Engine {
    /// Sets the prior of the visitor's taste to that of many people (models/taste.safetensors); `undefined`
    /// removes it. Afterwards the taste has to be fitted to the ratings again.
    ///
    /// # Errors
    /// If the bytes are not such a model, or of another model's embeddings.
    #[wasm_bindgen(js_name = setPopulation)]
    pub fn set_population(&mut self, population: Option<Vec<u8>>) -> Result<JsValue, Thrown> {
        let population = population
            .map(|bytes| Population::from_bytes(&bytes))
            .transpose()
            .map_err(|e| Thrown::about(Subject::TasteModel, &e))?;
        let taste = Taste::new(&self.catalog, population.as_ref())?;
        self.personal = Some(Personal {
            taste,
            labels: 0,
            disliked: Vec::new(),
        });
        to_js(&population.as_ref().map(|population| People {
            simulated: population.simulated(),
            answers: population.answers(),
            survey: population.survey(),
        }))
    }

    /// Fits the taste to all ratings of the visitor, and returns a summary and the song whose rating
    /// would tell it most.
    ///
    /// # Errors
    /// If the opinions are none.
    #[wasm_bindgen(js_name = learnTaste)]
    pub fn learn_taste(&mut self, opinions: JsValue) -> Result<JsValue, Thrown> {
        let thumbs: Vec<Thumb> = serde_wasm_bindgen::from_value(opinions)
            .map_err(|e| PageError::Ratings(e.to_string()))?;
        let catalog = &self.catalog;
        let personal = match &mut self.personal {
            Some(personal) => personal,
            none => none.insert(Personal {
                taste: Taste::new(catalog, None)?,
                labels: 0,
                disliked: Vec::new(),
            }),
        };
        let by_path: HashMap<&str, usize> = catalog
            .tracks
            .iter()
            .enumerate()
            .map(|(index, track)| (track.path.as_str(), index))
            .collect();
        let tracks: Vec<Option<usize>> = thumbs
            .iter()
            .map(|thumb| by_path.get(thumb.path.as_deref()?).copied())
            .collect();
        let labelled: Vec<RatedSong<'_>> = thumbs
            .iter()
            .zip(&tracks)
            .filter_map(|(thumb, track)| {
                let embedding = match (track, &thumb.path) {
                    (Some(track), _) => catalog.embedding(*track),
                    (None, Some(_)) => return None,
                    (None, None) => &thumb.embedding,
                };
                let liked = match thumb.opinion {
                    Opinion::Like => true,
                    Opinion::Dislike => false,
                    Opinion::Unknown => return None,
                };
                (embedding.len() == catalog.dimensions()).then_some(RatedSong { embedding, liked })
            })
            .collect();
        personal.taste.learn(&labelled);
        personal.labels = labelled.len();
        let on_tracks = || {
            let pairs = thumbs.iter().zip(&tracks);
            pairs.filter_map(|(thumb, track)| Some((thumb.opinion, (*track)?)))
        };
        personal.disliked = on_tracks()
            .filter(|(opinion, _)| *opinion == Opinion::Dislike)
            .map(|(_, track)| track)
            .collect();
        let known: Vec<usize> = on_tracks().map(|(_, track)| track).collect();
        let ask = personal.taste.ask(catalog, &known).map(|track| {
            let liked = personal.taste.rate(catalog.embedding(track)).probability;
            let song = catalog.song_view(track);
            Asked { song, liked }
        });
        to_js(&Learning {
            summary: personal.taste.summary(catalog),
            ask,
            tracks,
        })
    }

    /// The path of a track in the catalogue, by which opinions are kept; undefined if there is none.
    #[wasm_bindgen(js_name = pathOf)]
    pub fn path_of(&self, track: usize) -> Option<String> {
        Some(self.catalog.tracks.get(track)?.path.clone())
    }
}

impl Engine {
    /// Recommendations of a catalogue that begins with the shipped one, in the order of similarity and taste:
    /// `find` looks for so many songs without these tracks.
    pub(super) fn to_taste(
        &self,
        catalog: &Catalog,
        k: usize,
        find: impl FnOnce(usize, &[usize]) -> Vec<Recommendation>,
    ) -> Result<JsValue, Thrown> {
        let personal = self.personal.as_ref().filter(|p| p.labels > 0);
        let found = match personal {
            None => find(k, &[]),
            Some(personal) => {
                let pool = find(k.saturating_mul(POOL), &personal.disliked);
                let mut ranked = personal.taste.rerank(catalog, pool);
                ranked.truncate(k);
                ranked
            }
        };
        let liked = |track| {
            let embedding = catalog.embedding(track);
            personal.map(|p| p.taste.rate(embedding).probability)
        };
        let views = catalog.view(&found).into_iter().map(|view| Liked {
            liked: liked(view.song.track),
            mine: view.song.track.checked_sub(self.catalog.len()),
            view,
        });
        to_js(&views.collect::<Vec<_>>())
    }
}
