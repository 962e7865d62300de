//! Which songs of a catalogue a survey asks about.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use soundalike_survey::SurveySong;

use crate::catalog::{Catalog, Track};

/// A catalogue with too few songs to choose from.
#[derive(Debug, thiserror::Error)]
#[error("has {found} suitable songs of as many artists, and {wanted} are asked for")]
pub struct TooFewSongs {
    /// Songs that could be chosen.
    pub found: usize,
    /// Songs asked for.
    pub wanted: usize,
}

/// Chooses songs spread over genres, each of another artist, from those whose title, artist and genre
/// somebody has noted: a participant cannot look for a song without a name. The genres take turns, so
/// their numbers differ by one at most while their songs last. One seed gives one choice.
///
/// # Errors
/// If the catalogue has too few such songs.
pub fn choose_songs(
    catalog: &Catalog,
    count: usize,
    seed: u64,
) -> Result<Vec<SurveySong>, TooFewSongs> {
    let is_noted = |track: &Track| {
        !track.genre.is_empty() && !track.artist.is_empty() && !track.title.is_empty()
    };
    let chosen = choose(catalog, count, seed, is_noted)?;
    let song = |index: usize| survey_song(catalog, index);
    Ok(chosen.into_iter().map(song).collect())
}

/// A track as a song of a survey.
pub(super) fn survey_song(catalog: &Catalog, index: usize) -> SurveySong {
    let track = &catalog.tracks[index];
    SurveySong {
        id: track.path.clone(),
        title: track.title.clone(),
        artist: track.artist.clone(),
        genre: catalog.genre(index).0.to_owned(),
        source: track.source.clone(),
        link: track.link.clone(),
        licence: track.licence.clone(),
        audio: String::new(),
    }
}

/// Chooses tracks spread over genres, labelled or predicted, each of another artist.
pub(super) fn choose(
    catalog: &Catalog,
    count: usize,
    seed: u64,
    is_welcome: impl Fn(&Track) -> bool,
) -> Result<Vec<usize>, TooFewSongs> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut genres: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, track) in catalog.tracks.iter().enumerate() {
        if is_welcome(track) {
            genres
                .entry(catalog.genre(index).0)
                .or_default()
                .push(index);
        }
    }
    let mut genres: Vec<Vec<usize>> = genres.into_values().collect();
    for songs in &mut genres {
        songs.shuffle(&mut rng);
    }
    genres.shuffle(&mut rng);

    let mut artists = BTreeSet::new();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let before = chosen.len();
        for songs in &mut genres {
            let unheard =
                |&song: &usize| artists.insert(catalog.tracks[song].artist.to_lowercase());
            if chosen.len() < count
                && let Some(song) = std::iter::from_fn(|| songs.pop()).find(unheard)
            {
                chosen.push(song);
            }
        }
        if chosen.len() == before {
            return Err(TooFewSongs {
                found: before,
                wanted: count,
            });
        }
    }
    Ok(chosen)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use soundalike_shipped as shipped;

    fn catalog() -> Catalog {
        Catalog::from_bytes(shipped::CATALOG).unwrap()
    }

    #[test]
    fn songs_are_spread_over_genres_and_artists() {
        let songs = choose_songs(&catalog(), 50, 1).unwrap();
        let mut genres: BTreeMap<&str, usize> = BTreeMap::new();
        for song in &songs {
            *genres.entry(&song.genre).or_default() += 1;
        }
        assert_eq!(songs.len(), 50);
        assert_eq!(genres.len(), 13);
        assert!(genres.values().all(|n| (1..=5).contains(n)), "{genres:?}");
        let artists: BTreeSet<&str> = songs.iter().map(|s| s.artist.as_str()).collect();
        assert_eq!(artists.len(), 50);
    }

    #[test]
    fn one_seed_gives_one_choice_and_another_seed_another() {
        let catalog = catalog();
        let choose = |seed| choose_songs(&catalog, 50, seed).unwrap();
        assert_eq!(choose(3), choose(3));
        assert_ne!(choose(3), choose(4));
    }

    #[test]
    fn too_few_songs_are_told() {
        let error = choose_songs(&catalog(), 5_000, 1).unwrap_err();
        assert!(error.found > 100 && error.found < 1_336, "{error}");
    }
}
