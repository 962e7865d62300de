//! Which songs sound like this one: exact search by cosine similarity from the catalogue's mean (see
//! [`Directions`](crate::similar::Directions)).

use serde::{Deserialize, Serialize};

use super::{Catalog, Reason};
use crate::similar::{
    self, Best, MutualProximity, Neighbour, SelectRules, mutual_similarity, select,
};

/// Share of the genres in the genre-aware score; the rest is the cosine similarity.
pub const GENRE_SHARE: f32 = 0.3;
/// Songs of one known artist among the recommendations, at most: a playlist wants variety.
const PER_ARTIST: usize = 2;
/// Songs that are ranked for each that is asked for: most lists are full before these are used up.
const RANKED_PER_SONG: usize = 8;
/// Songs that are ranked at least.
pub const RANKED: usize = 128;
/// In a catalogue of fewer songs how they lie cannot be told.
const FEWEST_FOR_PROXIMITY: usize = 100;

/// How the songs are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Ranking {
    /// By cosine similarity and agreement of the genres together, the second method of the
    /// recommender of Adiyansjah et al., which listeners liked better.
    #[default]
    GenreAware,
    /// By cosine similarity alone.
    Cosine,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// `[dimensions]`.
    pub embedding: &'a [f32],
    /// `[genres]`, in the catalogue's order.
    pub probabilities: &'a [f32],
    /// `[tags]`, in the catalogue's order; may be empty, and then no tag is a reason.
    pub tags: &'a [f32],
}

/// Several songs in one: what lies between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// `[dimensions]`.
    pub embedding: Vec<f32>,
    /// `[genres]`; the sum is one.
    pub probabilities: Vec<f32>,
    /// `[tags]`.
    pub tags: Vec<f32>,
}

impl Blend {
    /// What to look for.
    pub fn query(&self) -> Query<'_> {
        Query {
            embedding: &self.embedding,
            probabilities: &self.probabilities,
            tags: &self.tags,
        }
    }
}

/// How to look.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Order of the answer.
    pub ranking: Ranking,
    /// The only genre whose songs are wanted, as [`Catalog::genre`] gives it.
    pub genre: Option<String>,
    /// Artists whose songs are left out, compared without regard to case.
    pub exclude_artists: Vec<String>,
    /// Tracks left out by index.
    pub exclude_tracks: Vec<usize>,
    /// For each track whether it may be found, `[tracks]`; all may if there is none. Tracks beyond its end may not.
    pub admitted: Option<Vec<bool>>,
    /// Whether an artist may fill the list, and a recording come twice.
    pub allow_repeats: bool,
    /// Songs of one artist, at most, unless repeats are allowed; two if there is none.
    pub per_artist: Option<usize>,
    /// Songs of one album, at most.
    pub per_album: Option<usize>,
    /// Whether of the versions of a song (live, remix: see [`similar::version_key`]) only the best is found.
    pub one_version: bool,
    /// Tracks that the query is made of. Neither they nor the same recording are found, nor, with `one_version`,
    /// other versions of them.
    pub seeds: Vec<usize>,
    /// Whether the best of [`Ranking::Cosine`] are ordered by mutual proximity instead of the cosine, in a catalogue of 100
    /// songs or more: see [`similar::MutualProximity`], which is computed for each search, and docs/retrieval.md for what it
    /// changes.
    pub mutual_proximity: bool,
    /// How much variety counts against similarity, from 0 (not) to 1: see [`select`].
    pub diversity: f64,
}

/// A song of the catalogue that sounds like the one asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// Index of the song in the catalogue.
    pub track: usize,
    /// Cosine similarity from −1 to 1, measured from the catalogue's mean.
    pub similarity: f32,
    /// What the two have in common.
    pub reason: Reason,
}

/// What is known of a song of the catalogue: part of the JSON that terminal and page show.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SongView<'a> {
    /// Index of the song in the catalogue.
    pub track: usize,
    /// Path of its clip in its collection.
    pub path: &'a str,
    /// Title.
    pub title: &'a str,
    /// Artist; may be empty.
    pub artist: &'a str,
    /// Genre: the label, or else what the model predicts.
    pub genre: &'a str,
    /// Whether the genre is predicted by the model rather than a label.
    pub genre_predicted: bool,
    /// The collection that it comes from.
    pub set: &'a str,
    /// Licence; may be empty.
    pub licence: &'a str,
    /// Where it can be found; may be empty.
    pub source: &'a str,
    /// Address at its source where it can be listened to; may be empty.
    pub link: &'a str,
}

/// A recommendation with what is known of its song: the JSON that terminal and page show.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RecommendationView<'a> {
    /// Place in the list, from one.
    pub rank: usize,
    /// The song.
    #[serde(flatten)]
    pub song: SongView<'a>,
    /// Cosine similarity from −1 to 1.
    pub similarity: f32,
    /// What the two have in common, in English.
    pub why: String,
    /// The same in parts.
    pub reason: &'a Reason,
}

impl Catalog {
    /// What is known of a song. `track` must be below [`Catalog::len`].
    pub fn song_view(&self, track: usize) -> SongView<'_> {
        let song = &self.tracks[track];
        let (genre, genre_predicted) = self.genre(track);
        SongView {
            track,
            path: &song.path,
            title: &song.title,
            artist: &song.artist,
            genre,
            genre_predicted,
            set: &song.set,
            licence: &song.licence,
            source: &song.source,
            link: &song.link,
        }
    }

    /// Recommendations with what is known of their songs.
    pub fn view<'a>(&'a self, found: &'a [Recommendation]) -> Vec<RecommendationView<'a>> {
        let view = |(index, recommendation): (usize, &'a Recommendation)| RecommendationView {
            rank: index + 1,
            song: self.song_view(recommendation.track),
            similarity: recommendation.similarity,
            why: recommendation.reason.to_string(),
            reason: &recommendation.reason,
        };
        found.iter().enumerate().map(view).collect()
    }

    /// The `k` best songs for a query, best first; fewer if the catalogue or the filters leave
    /// fewer. A query of another length than the catalogue's embeddings finds nothing.
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::audio::synth;
    /// use soundalike_core::catalog::{Catalog, Query, Search};
    /// use soundalike_core::pipeline::Predictor;
    ///
    /// let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG)?;
    /// let predictor = Predictor::on_processor(soundalike_shipped::MODEL)?;
    /// catalog.check_model(&predictor.model().sha256)?;
    ///
    /// let prediction = predictor.predict(&synth::sample_song())?;
    /// let query = Query {
    ///     embedding: &prediction.embedding,
    ///     probabilities: &prediction.probabilities,
    ///     tags: &prediction.tags,
    /// };
    /// let only_blues = Search {
    ///     genre: Some("blues".to_owned()),
    ///     ..Search::default()
    /// };
    /// let found = catalog.similar(query, 5, &only_blues);
    /// assert_eq!(found.len(), 5);
    /// assert!(found.iter().all(|song| catalog.genre(song.track).0 == "blues"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn similar(&self, query: Query<'_>, k: usize, search: &Search) -> Vec<Recommendation> {
        if query.embedding.len() != self.dimensions
            || query.probabilities.len() != self.provenance.genres.len()
        {
            return Vec::new();
        }
        let direction = self.directions.direction(query.embedding);
        let admitted = self.admitted(search);
        let mutual = search.mutual_proximity
            && search.ranking == Ranking::Cosine
            && self.len() >= FEWEST_FOR_PROXIMITY;
        let proximity = mutual.then(|| MutualProximity::of(&self.directions));
        let mut most = k.saturating_mul(RANKED_PER_SONG).max(RANKED);
        let chosen = loop {
            let mut ranked = self.ranked(query, &direction, most, search.ranking, &admitted);
            let all = ranked.len() < most;
            if let Some(proximity) = &proximity {
                self.order_by(proximity, &direction, &mut ranked);
            }
            let chosen = self.chosen(&ranked, k, search);
            if all || chosen.len() >= k {
                break chosen;
            }
            most = most.saturating_mul(8);
        };
        let recommendation = |track: usize| {
            let similarity = similar::cosine(&direction, self.directions.row(track)) as f32;
            Recommendation {
                track,
                similarity,
                reason: self.reason(query, track, similarity),
            }
        };
        let chosen = chosen.into_iter().map(|song| recommendation(song.index));
        chosen.collect()
    }

    /// The best of the tracks that are admitted, by the ranking's score.
    fn ranked(
        &self,
        query: Query<'_>,
        direction: &[f32],
        most: usize,
        ranking: Ranking,
        admitted: &[bool],
    ) -> Vec<Neighbour> {
        match ranking {
            Ranking::Cosine => self
                .directions
                .nearest(direction, most, |track| admitted[track]),
            Ranking::GenreAware => {
                let mut best = Best::new(most, self.len());
                for track in (0..self.len()).filter(|track| admitted[*track]) {
                    let similarity = similar::dot(direction, self.directions.row(track));
                    let agreement = genre_agreement(query.probabilities, self.probabilities(track));
                    let score = (1.0 - GENRE_SHARE) * similarity + GENRE_SHARE * agreement;
                    best.offer(track, f64::from(score));
                }
                best.into_sorted()
            }
        }
    }

    /// Orders the best of a ranking by mutual proximity in place of the cosine.
    fn order_by(&self, proximity: &MutualProximity, direction: &[f32], ranked: &mut [Neighbour]) {
        let own = proximity.spread(direction);
        for song in ranked.iter_mut() {
            let spread = proximity.spread(self.directions.row(song.index));
            song.similarity = mutual_similarity(own, spread, song.similarity);
        }
        // Stable: of equal ones the more similar.
        ranked.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    }

    /// Of a ranking, up to `k` that the search lets into one list.
    fn chosen(&self, ranked: &[Neighbour], k: usize, search: &Search) -> Vec<Neighbour> {
        let limit = search.per_artist.unwrap_or(PER_ARTIST);
        let rules = SelectRules {
            k,
            per_artist: (!search.allow_repeats).then_some(limit),
            per_album: search.per_album,
            allow_repeats: search.allow_repeats,
            one_version: search.one_version,
            diversity: search.diversity,
            seeds: &search.seeds,
        };
        select(&self.directions, &self.labels, ranked, &rules)
    }

    /// What a track is, as something to look for.
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::catalog::{Catalog, Search};
    ///
    /// let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG)?;
    /// let others = Search {
    ///     exclude_tracks: vec![7],
    ///     ..Search::default()
    /// };
    /// let found = catalog.similar(catalog.query(7), 3, &others);
    /// assert!(found.iter().all(|song| song.track != 7));
    /// # Ok::<(), soundalike_core::catalog::CatalogError>(())
    /// ```
    pub fn query(&self, track: usize) -> Query<'_> {
        Query {
            embedding: self.embedding(track),
            probabilities: self.probabilities(track),
            tags: self.tags(track),
        }
    }

    /// Songs with weights as one query: a positive weight asks for more like it, a negative one for less.
    /// Directions from the catalogue's mean are added; what would be less than nothing of a genre or
    /// tag is none. `None` if a part does not fit the catalogue, or no weight is positive.
    pub fn blend(&self, parts: &[(Query<'_>, f32)]) -> Option<Blend> {
        let fits = |(query, weight): &(Query<'_>, f32)| {
            query.embedding.len() == self.dimensions
                && query.probabilities.len() == self.provenance.genres.len()
                && query.tags.len() == self.provenance.tags.len()
                && weight.is_finite()
        };
        if !parts.iter().all(fits) {
            return None;
        }
        let directions: Vec<(Vec<f32>, f32)> = parts
            .iter()
            .map(|(query, weight)| (self.directions.direction(query.embedding), *weight))
            .collect();
        let weighted: Vec<(&[f32], f32)> = directions
            .iter()
            .map(|(direction, weight)| (direction.as_slice(), *weight))
            .collect();
        let away = similar::blend(&weighted)?;
        let wanted: f32 = parts.iter().map(|(_, weight)| weight.max(0.0)).sum();
        let sum = |length: usize, row: fn(&Query<'_>) -> Vec<f32>| {
            let mut sum = vec![0.0; length];
            for (query, weight) in parts {
                for (s, v) in sum.iter_mut().zip(row(query)) {
                    *s += weight / wanted * v;
                }
            }
            sum
        };
        let mut probabilities = sum(self.provenance.genres.len(), |q| q.probabilities.to_vec());
        probabilities.iter_mut().for_each(|p| *p = p.max(1e-6));
        let all: f32 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|p| *p /= all);
        let mut tags = sum(self.provenance.tags.len(), |query| query.tags.to_vec());
        tags.iter_mut().for_each(|t| *t = t.clamp(0.0, 1.0));
        let centre = self.directions.centre();
        Some(Blend {
            embedding: away.iter().zip(centre).map(|(v, c)| v + c).collect(),
            probabilities,
            tags,
        })
    }

    /// For each track whether the search may find it.
    fn admitted(&self, search: &Search) -> Vec<bool> {
        let excluded: Vec<String> = search
            .exclude_artists
            .iter()
            .map(|artist| artist.to_lowercase())
            .collect();
        let is_excluded = |artist: &str| {
            let letters = || artist.chars().flat_map(char::to_lowercase);
            excluded.iter().any(|other| letters().eq(other.chars()))
        };
        let mut admitted: Vec<bool> = (0..self.len())
            .map(|track| {
                let genre = search.genre.as_deref();
                let mask = search.admitted.as_ref();
                mask.is_none_or(|mask| mask.get(track) == Some(&true))
                    && genre.is_none_or(|genre| self.genre(track).0 == genre)
                    && !is_excluded(&self.tracks[track].artist)
            })
            .collect();
        for track in search.exclude_tracks.iter().chain(&search.seeds) {
            if let Some(admitted) = admitted.get_mut(*track) {
                *admitted = false;
            }
        }
        admitted
    }

    /// The unit vector from the catalogue's mean towards an embedding.
    pub(super) fn direction(&self, embedding: &[f32]) -> Vec<f32> {
        self.directions.direction(embedding)
    }
}

/// Agreement of two distributions from 0 to 1 (Bhattacharyya coefficient): `Σ √(pᵢ·qᵢ)`, each divided by
/// its sum.
pub fn genre_agreement(p: &[f32], q: &[f32]) -> f32 {
    let common: f32 = p.iter().zip(q).map(|(p, q)| (p * q).max(0.0).sqrt()).sum();
    // Probabilities of genres sum to one; those of tags may sum to anything.
    let sums: f32 = p.iter().sum::<f32>() * q.iter().sum::<f32>();
    common / sums.max(f32::MIN_POSITIVE).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ALIKE, CatalogError, Provenance, Track};
    use crate::model::Head;
    use crate::pipeline::Prediction;
    use crate::similar::dot;

    fn track(title: &str, artist: &str) -> Track {
        Track {
            title: title.to_owned(),
            artist: artist.to_owned(),
            ..Track::default()
        }
    }

    fn provenance() -> Provenance {
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        Provenance {
            model_sha256: "0123456789".to_owned(),
            genres: names(["blues", "rock"]),
            tags: names(["guitar", "sad"]),
            ..Provenance::default()
        }
    }

    fn predicted(embedding: &[f32], probabilities: &[f32], tags: &[f32]) -> Prediction {
        Prediction {
            seconds: 3.0,
            head: Head::default(),
            probabilities: probabilities.to_vec(),
            timeline: Vec::new(),
            embedding: embedding.to_vec(),
            tags: tags.to_vec(),
            music: 1.0,
            notes: Vec::new(),
        }
    }

    fn catalog() -> Catalog {
        let tracks = vec![
            track("a", "X"),
            track("b", "X"),
            track("c", "X"),
            track("d", "Y"),
            track("e", ""),
            track("f", ""),
            track("g", ""),
        ];
        let embeddings = [
            vec![1.0, 0.0],
            vec![0.95, 0.05],
            vec![0.9, 0.1],
            vec![0.8, 0.3],
            vec![0.0, 1.0],
            vec![0.1, 0.9],
            vec![0.3, 0.8],
        ];
        let answers = embeddings.map(|row| {
            let blues = row[0] / (row[0] + row[1]);
            predicted(&row, &[blues, 1.0 - blues], &[0.2, row[1]])
        });
        Catalog::new(provenance(), tracks, &answers).expect("consistent")
    }

    fn titles(catalog: &Catalog, found: &[Recommendation]) -> String {
        found
            .iter()
            .map(|r| catalog.tracks[r.track].title.as_str())
            .collect()
    }

    #[test]
    fn a_song_of_the_catalogue_finds_itself_first() {
        let catalog = catalog();
        for ranking in [Ranking::Cosine, Ranking::GenreAware] {
            for track in 0..catalog.len() {
                let query = catalog.query(track);
                let search = Search {
                    ranking,
                    ..Search::default()
                };
                let found = catalog.similar(query, 3, &search);
                assert_eq!(found[0].track, track);
                assert!(found[0].similarity > 0.999);
            }
        }
    }

    #[test]
    fn the_only_song_of_a_catalogue_is_like_itself() {
        let answer = predicted(&[0.3, 0.8], &[0.5, 0.5], &[0.1, 0.2]);
        let one =
            Catalog::new(provenance(), vec![track("only", "")], &[answer]).expect("consistent");
        let found = one.similar(one.query(0), usize::MAX, &Search::default());
        assert!(found.len() == 1 && found[0].similarity > 0.999);
    }

    #[test]
    fn tags_that_are_more_than_usual_in_both_songs_are_a_reason() {
        let catalog = catalog();
        let why = |of: usize, track: usize| {
            let search = Search {
                allow_repeats: true,
                ..Search::default()
            };
            let found = catalog.similar(catalog.query(of), 7, &search);
            let found = found.into_iter().find(|r| r.track == track);
            found.expect("in the list").reason.to_string()
        };
        // Sadness is in e, f and g alone; the guitar is everywhere.
        assert!(why(4, 5).ends_with("rock; sad"), "{}", why(4, 5));
        assert!(!why(0, 3).contains("sad") && !why(0, 3).contains("guitar"));
    }

    #[test]
    fn a_sound_of_no_genre_shares_none_with_any_song() {
        let catalog = catalog();
        let query = Query {
            embedding: catalog.embedding(0),
            probabilities: &[0.5, 0.5],
            tags: &[],
        };
        for found in catalog.similar(query, 7, &Search::default()) {
            let nothing_named = Reason {
                alike: found.similarity >= ALIKE,
                ..Reason::default()
            };
            assert_eq!(found.reason, nothing_named);
            let text = match nothing_named.alike {
                true => "alike in sound rather than in genre",
                false => "little in common",
            };
            assert_eq!(found.reason.to_string(), text);
        }
    }

    #[test]
    fn songs_that_are_not_alike_have_no_reason_whatever_the_model_predicts() {
        let catalog = catalog();
        // All of one genre, and the guitar everywhere.
        let query = Query {
            probabilities: &[1.0, 0.0],
            tags: &[1.0, 1.0],
            ..catalog.query(0)
        };
        let all = Search {
            allow_repeats: true,
            ..Search::default()
        };
        let found = catalog.similar(query, 7, &all);
        assert!(found.iter().any(|song| song.similarity < -0.8));
        for song in found {
            let text = song.reason.to_string();
            assert_eq!(
                text == "little in common",
                song.similarity < ALIKE,
                "{} {text}",
                song.similarity
            );
        }
    }

    #[test]
    fn limits_versions_seeds_and_a_mask_hold() {
        let mut tracks = catalog().tracks;
        tracks[1].title = "a (live)".to_owned();
        for (track, album) in tracks.iter_mut().zip(["1", "1", "2", "3", "3", "3", "4"]) {
            track.album = album.to_owned();
            track.album_artist = "various".to_owned();
        }
        // Around a circle.
        let answers: Vec<Prediction> = (0..7)
            .map(|at| at as f32 * 0.8)
            .map(|angle| predicted(&[angle.cos(), angle.sin()], &[0.5, 0.5], &[0.1, 0.1]))
            .collect();
        let catalog = Catalog::new(provenance(), tracks, &answers).expect("consistent");
        let found = |search: Search| {
            let found = catalog.similar(catalog.query(0), 7, &search);
            let mut tracks: Vec<usize> = found.iter().map(|r| r.track).collect();
            tracks.sort_unstable();
            tracks
        };
        let search = || Search {
            ranking: Ranking::Cosine,
            per_artist: Some(9),
            ..Search::default()
        };
        assert_eq!(found(search()), [0, 1, 2, 3, 4, 5, 6]);
        let one_version = Search {
            one_version: true,
            ..search()
        };
        assert_eq!(found(one_version.clone()), [0, 2, 3, 4, 5, 6]);
        let seeds = Search {
            seeds: vec![0],
            ..one_version
        };
        assert_eq!(found(seeds), [2, 3, 4, 5, 6]);
        let per_album = Search {
            per_album: Some(1),
            ..search()
        };
        assert_eq!(found(per_album), [0, 2, 5, 6]);
        let per_artist = Search {
            per_artist: Some(1),
            diversity: 0.3,
            ..search()
        };
        assert_eq!(found(per_artist), [0, 3, 4, 5, 6]);
        let mask = Search {
            admitted: Some(vec![false, true, false, true]),
            ..search()
        };
        assert_eq!(found(mask), [1, 3]);
    }

    #[test]
    fn mutual_proximity_gives_another_order_and_a_song_stays_most_like_itself() {
        let catalog = Catalog::from_bytes(soundalike_shipped::CATALOG).expect("the shipped one");
        let found = |track: usize, mutual_proximity: bool| -> Vec<usize> {
            let search = Search {
                ranking: Ranking::Cosine,
                allow_repeats: true,
                mutual_proximity,
                ..Search::default()
            };
            let found = catalog.similar(catalog.query(track), 10, &search);
            assert!(found[0].similarity > 0.9999, "{track}");
            found.iter().map(|song| song.track).collect()
        };
        let tracks: Vec<usize> = (0..catalog.len()).step_by(97).collect();
        let is_reordered = |track: &&usize| found(**track, false) != found(**track, true);
        assert!(tracks.iter().filter(is_reordered).count() > tracks.len() / 2);
    }

    #[test]
    fn an_artist_comes_twice_at_most_and_excluded_ones_never() {
        let catalog = catalog();
        let query = catalog.query(0);
        let search = Search {
            ranking: Ranking::Cosine,
            ..Search::default()
        };
        let found = catalog.similar(query, 7, &search);
        let by_x = found.iter().filter(|r| r.track < 3).count();
        assert!(by_x <= PER_ARTIST);
        assert_eq!(found[0].track, 0);

        let search = Search {
            exclude_artists: vec!["x".to_owned()],
            ranking: Ranking::Cosine,
            allow_repeats: true,
            ..Search::default()
        };
        assert_eq!(titles(&catalog, &catalog.similar(query, 2, &search)), "dg");
    }

    #[test]
    fn the_file_survives_the_way_out_and_in_again_in_half_precision() {
        let mut catalog = catalog();
        catalog.tracks[3].link = "https://example.org/d.ogg".to_owned();
        let bytes = catalog.to_bytes().expect("serialises");
        let again = Catalog::from_bytes(&bytes).expect("reads");
        assert_eq!(again.tracks, catalog.tracks);
        assert_eq!(again.provenance, catalog.provenance);
        for (a, b) in again.tags.iter().zip(&catalog.tags) {
            assert!((a - b).abs() <= 0.5 / 255.0 + 1e-6);
        }
        for (a, b) in again.embeddings.iter().zip(&catalog.embeddings) {
            // Half precision keeps eleven bits.
            assert!((a - b).abs() <= b.abs() / 2048.0);
        }
    }

    #[test]
    fn another_models_catalogue_is_refused_and_so_is_any_other_file() {
        let catalog = catalog();
        assert!(catalog.check_model("0123456789").is_ok());
        assert!(matches!(
            catalog.check_model("abc"),
            Err(CatalogError::OtherModel { .. })
        ));
        let bytes = catalog.to_bytes().expect("serialises");
        assert!(Catalog::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(Catalog::from_bytes(b"not a catalogue").is_err());
        assert!(Catalog::from_bytes(&[]).is_err());
    }

    #[test]
    fn a_blend_of_two_songs_lies_between_them_and_less_of_one_lies_away_from_it() {
        let catalog = catalog();
        let first = |parts: &[(Query<'_>, f32)]| {
            let blend = catalog.blend(parts).expect("a blend");
            let search = Search {
                ranking: Ranking::Cosine,
                exclude_tracks: vec![0, 4],
                ..Search::default()
            };
            catalog.similar(blend.query(), 1, &search)[0].track
        };
        let alone = catalog.blend(&[(catalog.query(3), 2.0)]).expect("one");
        let direction = catalog.direction(&alone.embedding);
        let expected = catalog.direction(catalog.embedding(3));
        assert!(dot(&direction, &expected) > 0.9999);
        let (a, e) = (catalog.query(0), catalog.query(4));
        assert_eq!(first(&[(a, 1.0)]), 1);
        assert_eq!(first(&[(e, 1.0)]), 5);
        // Away from `e` even of what is near both.
        assert_ne!(first(&[(catalog.query(6), 1.0), (e, -0.9)]), 5);
        // However much less: the wanted song stays the nearest.
        assert_eq!(first(&[(catalog.query(6), 1.0), (e, -50.0)]), 6);
        assert!(catalog.blend(&[(a, -1.0)]).is_none());
        assert!(catalog.blend(&[]).is_none());
    }

    #[test]
    fn only_one_genre_can_be_asked_for() {
        let catalog = catalog();
        let genre = catalog.genre(4).0.to_owned();
        let search = Search {
            genre: Some(genre.clone()),
            ..Search::default()
        };
        let found = catalog.similar(catalog.query(0), 10, &search);
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|song| catalog.genre(song.track).0 == genre)
        );
    }
}
