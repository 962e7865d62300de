//! Which songs a listening study asks about, and what two methods recommend for them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

use soundalike_survey::{ListeningStudy, METHODS, SeedSong, SurveySong};

use super::choose::{TooFewSongs, choose, survey_song};
use crate::catalog::{Catalog, Ranking, Search, Track};

/// A way to recommend songs for another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Method {
    /// By cosine similarity of the embeddings, the first method of Adiyansjah et al.
    Cosine,
    /// By cosine similarity and genre together, their second method.
    GenreAware,
    /// Drawn at random among the songs of the same genre.
    RandomInGenre,
    /// Drawn at random among all songs.
    Random,
}

/// What a listening study is to ask.
#[derive(Clone, Copy, Debug)]
pub struct StudyDesign {
    /// Songs for which something is recommended.
    pub seeds: usize,
    /// Recommendations by each method for each of them.
    pub recommendations: usize,
    /// The methods.
    pub methods: [Method; METHODS],
    /// Whether only songs count whose licence is stated.
    pub licensed: bool,
    /// Seed of every random choice.
    pub seed: u64,
}

/// Why a listening study cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Too few songs to choose seeds from.
    #[error(transparent)]
    Seeds(#[from] TooFewSongs),
    /// Too few songs to recommend.
    #[error("has {found} songs that {method} recommends for {song}, and {wanted} are asked for")]
    Recommendations {
        /// Songs that were found.
        found: usize,
        /// The method.
        method: Method,
        /// The song for which they would be.
        song: String,
        /// Songs asked for.
        wanted: usize,
    },
}

/// Chooses seeds spread over genres, each of another artist, and what each method recommends for them, from
/// the songs that a participant can find: they have a title, an artist and an address at which they can be
/// listened to. An artist's own songs are not recommended for a song of theirs. One seed gives one study.
///
/// # Errors
/// If the catalogue has too few such songs.
pub fn choose_study(
    catalog: &Catalog,
    design: &StudyDesign,
) -> Result<(Vec<SurveySong>, ListeningStudy), StudyError> {
    let is_welcome = |track: &Track| {
        let named = !track.title.is_empty() && !track.artist.is_empty() && !track.link.is_empty();
        named && (!design.licensed || has_licence(track))
    };
    let unwelcome: Vec<usize> = (0..catalog.len())
        .filter(|&track| !is_welcome(&catalog.tracks[track]))
        .collect();
    let chosen = choose(catalog, design.seeds, design.seed, |track| {
        is_welcome(track)
    })?;
    let mut random = ChaCha8Rng::seed_from_u64(design.seed);
    let mut tracks: BTreeSet<usize> = chosen.iter().copied().collect();
    let mut seeds = Vec::new();
    for seed in chosen {
        let mut lists = Vec::new();
        for method in design.methods {
            let found = recommend(catalog, seed, method, design, &unwelcome, &mut random);
            if found.len() < design.recommendations {
                return Err(StudyError::Recommendations {
                    found: found.len(),
                    method,
                    song: catalog.tracks[seed].path.clone(),
                    wanted: design.recommendations,
                });
            }
            tracks.extend(&found);
            let path = |track: usize| catalog.tracks[track].path.clone();
            lists.push(found.into_iter().map(path).collect::<Vec<String>>());
        }
        let second = lists.pop().unwrap_or_default();
        seeds.push(SeedSong {
            song: catalog.tracks[seed].path.clone(),
            recommendations: [lists.pop().unwrap_or_default(), second],
        });
    }
    let songs = tracks.into_iter().map(|track| survey_song(catalog, track));
    let study = ListeningStudy {
        methods: design.methods.map(|method| method.to_string()),
        seeds,
    };
    Ok((songs.collect(), study))
}

/// Whether somebody has stated a licence.
fn has_licence(track: &Track) -> bool {
    !track.licence.is_empty() && track.licence != "unclear"
}

/// What a method recommends for a track, best first.
fn recommend(
    catalog: &Catalog,
    seed: usize,
    method: Method,
    design: &StudyDesign,
    unwelcome: &[usize],
    random: &mut ChaCha8Rng,
) -> Vec<usize> {
    let artist = catalog.tracks[seed].artist.clone();
    let similar = |ranking| {
        let search = Search {
            ranking,
            exclude_artists: vec![artist.clone()],
            exclude_tracks: unwelcome.iter().copied().chain([seed]).collect(),
            ..Search::default()
        };
        let found = catalog.similar(catalog.query(seed), design.recommendations, &search);
        found.into_iter().map(|song| song.track).collect()
    };
    let mut drawn = |in_genre: bool| {
        let others = |track: &usize| {
            let same_artist = catalog.tracks[*track].artist.eq_ignore_ascii_case(&artist);
            let fits = !in_genre || catalog.genre(*track).0 == catalog.genre(seed).0;
            *track != seed && !same_artist && fits && unwelcome.binary_search(track).is_err()
        };
        let mut tracks: Vec<usize> = (0..catalog.len()).filter(others).collect();
        tracks.shuffle(random);
        tracks.truncate(design.recommendations);
        tracks
    };
    match method {
        Method::Cosine => similar(Ranking::Cosine),
        Method::GenreAware => similar(Ranking::GenreAware),
        Method::RandomInGenre => drawn(true),
        Method::Random => drawn(false),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use soundalike_shipped as shipped;

    fn catalog() -> Catalog {
        Catalog::from_bytes(shipped::CATALOG).unwrap()
    }

    fn design(methods: [Method; METHODS]) -> StudyDesign {
        StudyDesign {
            seeds: 5,
            recommendations: 5,
            methods,
            licensed: false,
            seed: 3,
        }
    }

    #[test]
    fn a_study_recommends_songs_of_other_artists_that_can_be_listened_to() {
        let catalog = catalog();
        for methods in [
            [Method::Cosine, Method::GenreAware],
            [Method::GenreAware, Method::RandomInGenre],
            [Method::Random, Method::Cosine],
        ] {
            let (songs, study) = choose_study(&catalog, &design(methods)).unwrap();
            assert_eq!(study.methods, methods.map(|method| method.to_string()));
            assert_eq!(study.seeds.len(), 5);
            let artist = |id: &str| {
                let song = songs.iter().find(|song| song.id == id).unwrap();
                assert!(song.link.starts_with("https://"), "{}", song.link);
                song.artist.clone()
            };
            for seed in &study.seeds {
                for list in &seed.recommendations {
                    assert_eq!(list.len(), 5);
                    for song in list {
                        assert_ne!(artist(song), artist(&seed.song));
                    }
                }
            }
        }
    }

    #[test]
    fn lists_are_those_of_the_search_and_of_the_genre() {
        let catalog = catalog();
        let methods = [Method::Cosine, Method::RandomInGenre];
        let (_, study) = choose_study(&catalog, &design(methods)).unwrap();
        let track = |id: &str| catalog.tracks.iter().position(|t| t.path == id).unwrap();
        for seed in &study.seeds {
            let [similar, drawn] = &seed.recommendations;
            let query = catalog.query(track(&seed.song));
            let found = catalog.similar(
                query,
                catalog.len(),
                &Search {
                    ranking: Ranking::Cosine,
                    allow_repeats: true,
                    ..Search::default()
                },
            );
            let place = |id: &String| found.iter().position(|f| f.track == track(id)).unwrap();
            let places: Vec<usize> = similar.iter().map(place).collect();
            assert!(places.is_sorted(), "{places:?}");
            for song in drawn {
                assert_eq!(
                    catalog.genre(track(song)).0,
                    catalog.genre(track(&seed.song)).0
                );
            }
        }
    }

    #[test]
    fn one_seed_gives_one_study_and_only_licensed_songs_where_asked() {
        let catalog = catalog();
        let methods = [Method::GenreAware, Method::Random];
        let licensed = StudyDesign {
            licensed: true,
            ..design(methods)
        };
        let (songs, study) = choose_study(&catalog, &licensed).unwrap();
        assert!(songs.iter().all(|song| song.licence != "unclear"));
        assert_eq!(choose_study(&catalog, &licensed).unwrap().1, study);
        let other = StudyDesign {
            seed: 4,
            ..licensed
        };
        assert_ne!(choose_study(&catalog, &other).unwrap().1, study);
    }

    #[test]
    fn too_few_songs_are_told() {
        let many = StudyDesign {
            recommendations: 400,
            ..design([Method::RandomInGenre, Method::Cosine])
        };
        let error = choose_study(&catalog(), &many).unwrap_err().to_string();
        assert!(
            error.contains("random-in-genre") && error.contains("400"),
            "{error}"
        );
    }
}
