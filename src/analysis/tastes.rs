//! What answers to a survey of tastes say of its songs and genres.

use std::collections::BTreeMap;

use serde::Serialize;
use soundalike_survey::{Answer, Config, Favourite, Opinion};

use crate::statistics::{Metric, bootstrap, krippendorff_alpha, wilson};

/// How many like something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    /// Ratings `like`.
    pub likes: usize,
    /// Ratings `dislike`.
    pub dislikes: usize,
    /// Ratings `unknown`.
    pub unknown: usize,
    /// Likes among likes and dislikes, 0 to 1; none without either.
    pub like_rate: Option<f64>,
    /// Its 95 % interval by Wilson.
    pub interval: Option<[f64; 2]>,
}

impl Rate {
    fn of(opinions: impl Iterator<Item = Opinion>) -> Self {
        let mut rate = Self::default();
        for opinion in opinions {
            *match opinion {
                Opinion::Like => &mut rate.likes,
                Opinion::Dislike => &mut rate.dislikes,
                Opinion::Unknown => &mut rate.unknown,
            } += 1;
        }
        let known = rate.likes + rate.dislikes;
        rate.like_rate = (known > 0).then(|| rate.likes as f64 / known as f64);
        rate.interval = wilson(rate.likes, known);
        rate
    }
}

/// A song of the survey.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SongRate {
    /// Its id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Artist.
    pub artist: String,
    /// Genre.
    pub genre: String,
    /// Its ratings.
    #[serde(flatten)]
    pub rate: Rate,
    /// How often it is one of the three favourites.
    pub favourite_of: usize,
}

/// A genre of the survey's songs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenreRate {
    /// The genre.
    pub genre: String,
    /// Its songs.
    pub songs: usize,
    /// Their ratings. A participant's ratings of one genre depend on each other, which the interval by Wilson
    /// does not know.
    #[serde(flatten)]
    pub rate: Rate,
    /// 95 % interval of the like rate by bootstrap over participants, which knows it.
    pub participants_interval: Option<[f64; 2]>,
}

/// What answers to a survey of tastes say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tastes {
    /// All ratings.
    pub all: Rate,
    /// Krippendorff's alpha of like and dislike; an unknown song counts as not rated.
    pub agreement: Option<f64>,
    /// Answers whose favourite song is a file of the participant's own.
    pub own_favourites: usize,
    /// The songs, in the survey's order.
    pub songs: Vec<SongRate>,
    /// Their genres, by name.
    pub genres: Vec<GenreRate>,
}

/// Analyses answers that fit the survey.
pub(crate) fn tastes(survey: &Config, answers: &[&Answer]) -> Tastes {
    let opinions: Vec<BTreeMap<&str, Opinion>> = answers
        .iter()
        .map(|answer| {
            let labels = answer.labels.iter();
            labels
                .map(|label| (label.song.as_str(), label.opinion))
                .collect()
        })
        .collect();
    let of_song = |id: &str| -> Vec<Opinion> {
        opinions
            .iter()
            .filter_map(|known| known.get(id).copied())
            .collect()
    };
    let songs: Vec<SongRate> = survey
        .songs
        .iter()
        .map(|song| SongRate {
            id: song.id.clone(),
            title: song.title.clone(),
            artist: song.artist.clone(),
            genre: song.genre.clone(),
            rate: Rate::of(of_song(&song.id).into_iter()),
            favourite_of: answers
                .iter()
                .filter(|a| a.favourites.contains(&song.id))
                .count(),
        })
        .collect();
    let units: Vec<Vec<usize>> = survey
        .songs
        .iter()
        .map(|song| of_song(&song.id).into_iter().filter_map(binary).collect())
        .collect();
    let own = |answer: &&&Answer| matches!(answer.favourite, Favourite::Own { .. });
    Tastes {
        all: Rate::of(opinions.iter().flat_map(|known| known.values().copied())),
        agreement: krippendorff_alpha(&units, 2, Metric::Nominal),
        own_favourites: answers.iter().filter(own).count(),
        songs,
        genres: genres(survey, &opinions),
    }
}

/// A rating that is known: 1 for like, 0 for dislike.
fn binary(opinion: Opinion) -> Option<usize> {
    match opinion {
        Opinion::Like => Some(1),
        Opinion::Dislike => Some(0),
        Opinion::Unknown => None,
    }
}

fn genres(survey: &Config, opinions: &[BTreeMap<&str, Opinion>]) -> Vec<GenreRate> {
    let mut songs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for song in &survey.songs {
        songs.entry(&song.genre).or_default().push(&song.id);
    }
    songs
        .into_iter()
        .map(|(genre, ids)| {
            let of = |known: &BTreeMap<&str, Opinion>| -> Vec<Opinion> {
                ids.iter().filter_map(|id| known.get(id).copied()).collect()
            };
            // Of each participant, likes and ratings.
            let counts: Vec<[usize; 2]> = opinions
                .iter()
                .map(|known| {
                    let ratings: Vec<usize> = of(known).into_iter().filter_map(binary).collect();
                    [ratings.iter().sum(), ratings.len()]
                })
                .collect();
            let participants_interval = bootstrap(counts.len(), |drawn| {
                let sum = |which: usize| drawn.iter().map(|&at| counts[at][which]).sum::<usize>();
                let (likes, ratings) = (sum(0), sum(1));
                (ratings > 0).then(|| likes as f64 / ratings as f64)
            });
            GenreRate {
                genre: genre.to_owned(),
                songs: ids.len(),
                rate: Rate::of(opinions.iter().flat_map(of)),
                participants_interval,
            }
        })
        .collect()
}
