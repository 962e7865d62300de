//! Evaluation of what is found to be similar: the model's embedding beside chance and the classical description of timbre,
//! with and without a correction of hubs.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use soundalike_core::catalog::{GENRE_SHARE, RANKED, genre_agreement};
use soundalike_core::pipeline::{Prediction, Predictor};
use soundalike_core::similar::{
    Directions, LocalScaling, MutualProximity, Spread, mutual_similarity,
};
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song};

use super::error::TrainError;
use super::evaluate::{ClipError, no_usable_clip, trained_on};
use super::labelled::LabelledFeatures;
use super::metrics::{ClipLabels, RankedClips, RetrievalDifference, RetrievalFigures};
use super::neighbours::{mfcc_statistics, standardised};

/// Neighbours by which the distances of local scaling are scaled: as many as a list has.
const SCALED_BY: usize = 10;
/// Width of the ranges of similarity in which genres are compared.
const RANGE: f64 = 0.1;

/// What `trainer evaluate --retrieval` prints.
#[derive(Clone, Debug, Serialize)]
pub struct RetrievalReport {
    /// A warning about every figure of the embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// Clips, each ranked among all others.
    pub clips: usize,
    /// Known artists.
    pub artists: usize,
    /// Folds in which the embedding was fitted to the other clips; none if it is the model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Each way to rank.
    pub rankings: Vec<RankingFigures>,
    /// How much a correction of hubs changes, among clips by other artists.
    pub corrections: Vec<Correction>,
    /// Share of pairs of one genre, of all pairs of clips that are not known to be by one artist.
    pub one_genre_by_chance: f64,
    /// The same by the embedding's cosine similarity.
    pub one_genre: Vec<SimilarityRange>,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

/// The figures of one way to rank.
#[derive(Clone, Debug, Serialize)]
pub struct RankingFigures {
    /// Its name.
    pub name: &'static str,
    /// Among all other clips.
    pub all: RetrievalFigures,
    /// Among clips that are not known to be by the same artist.
    pub other_artists: RetrievalFigures,
}

/// How much better a ranking is than the one that it corrects.
#[derive(Clone, Debug, Serialize)]
pub struct Correction {
    /// The corrected ranking.
    pub name: &'static str,
    /// The ranking that it corrects.
    pub of: &'static str,
    /// How much better, among clips by other artists.
    #[serde(flatten)]
    pub better: RetrievalDifference,
}

/// Pairs of clips in a range of similarity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SimilarityRange {
    /// Cosine similarity, from.
    pub from: f64,
    /// Cosine similarity, to.
    pub to: f64,
    /// Pairs.
    pub pairs: usize,
    /// Share of them that have one genre.
    pub one_genre: f64,
}

/// Embeddings of all clips, and the clips that they may be asked about.
struct Embedded {
    /// `[clips, dimensions]`.
    rows: Vec<Vec<f32>>,
    /// Clips that the embedding was not fitted to, or all.
    queries: Vec<usize>,
    /// `[clips, genres]`: what is predicted, for the ranking that takes it into account; may be empty, and then there is
    /// no such ranking.
    probabilities: Vec<Vec<f32>>,
}

/// Clips of known genre.
struct Clips<'a> {
    genres: Vec<usize>,
    artists: Vec<&'a str>,
    /// Descriptions by MFCCs.
    statistics: Vec<Vec<f32>>,
}

/// Ranks every clip of known genre among all others by the model's embedding, and by others to compare with.
///
/// # Errors
/// If no clip can be used.
pub fn evaluate_retrieval(
    predictor: &Predictor,
    songs: &[Song],
    progress: &Progress,
) -> Result<RetrievalReport, TrainError> {
    let model = predictor.model();
    let found: Vec<Result<(Prediction, Vec<f32>), String>> = songs
        .par_iter()
        .map(|song| {
            let clip = song.clip().map_err(|e| e.to_string())?;
            let prediction = predictor.predict(&clip).map_err(|e| e.to_string())?;
            let statistics = mfcc_statistics(&clip).map_err(|e| e.to_string())?;
            progress.advance();
            Ok((prediction, statistics))
        })
        .collect();
    let mut clips = Clips::none();
    let (mut rows, mut probabilities, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (song, found) in songs.iter().zip(found) {
        let genre = model.genres.iter().position(|g| *g == song.track.genre);
        let error = match (genre, found) {
            (Some(genre), Ok((prediction, statistics))) => {
                clips.push(genre, &song.track.artist, statistics);
                rows.push(prediction.embedding);
                probabilities.push(prediction.probabilities);
                continue;
            }
            (None, _) => format!("its genre {:?} is none of the model's", song.track.genre),
            (_, Err(error)) => error,
        };
        errors.push(ClipError::new(&song.file, error));
    }
    if rows.is_empty() {
        return Err(no_usable_clip(&errors));
    }
    let all = Embedded {
        queries: (0..rows.len()).collect(),
        rows,
        probabilities,
    };
    let warning = datasets::warning(songs).or(trained_on(model, songs));
    let mut report = report(&clips, &[all])?;
    report.warning = warning;
    report.errors = errors;
    Ok(report)
}

/// Ranks every clip among all others by an embedding that is fitted without it and the other clips of its fold, which
/// hold its artist; see [`LabelledFeatures::cross_validate`].
///
/// # Errors
/// If a clip cannot be read again, or an embedding cannot be fitted.
pub fn evaluate_retrieval_out_of_fold(
    labelled: &LabelledFeatures,
    folds: usize,
    progress: &Progress,
) -> Result<RetrievalReport, TrainError> {
    let statistics = labelled.songs.par_iter().map(|song| {
        let failed = |cause: String| TrainError::Song {
            file: song.file.clone(),
            cause,
        };
        let clip = song.clip().map_err(|e| failed(e.to_string()))?;
        let statistics = mfcc_statistics(&clip).map_err(|e| failed(e.to_string()))?;
        progress.advance();
        Ok(statistics)
    });
    let statistics: Vec<Vec<f32>> = statistics.collect::<Result<_, TrainError>>()?;
    let mut clips = Clips::none();
    let songs = labelled.songs.iter().zip(labelled.labels());
    for ((song, genre), statistics) in songs.zip(statistics) {
        clips.push(genre, &song.track.artist, statistics);
    }
    let fold_of = datasets::folds(&labelled.songs, folds, 0);
    let decay = labelled.choose_decay(folds)?;
    let mut parts = Vec::new();
    for fold in 0..folds {
        let (queries, rest): (Vec<usize>, Vec<usize>) =
            (0..labelled.len()).partition(|&place| fold_of[place] == fold);
        let (Some(map), head) = (labelled.embedding(&rest), labelled.fit(&rest, decay)?) else {
            continue;
        };
        let features = || (0..labelled.len()).map(|place| labelled.views[0].row(place));
        let predicted = |row| labelled.probabilities(&head.logits(row), 1.0);
        parts.push(Embedded {
            rows: features().map(|row| map.logits(row)).collect(),
            queries,
            probabilities: features().map(predicted).collect(),
        });
    }
    let mut report = report(&clips, &parts)?;
    report.folds = Some(folds);
    report.errors.clone_from(&labelled.errors);
    Ok(report)
}

impl<'a> Clips<'a> {
    fn none() -> Self {
        Self {
            genres: Vec::new(),
            artists: Vec::new(),
            statistics: Vec::new(),
        }
    }

    fn push(&mut self, genre: usize, artist: &'a str, statistics: Vec<f32>) {
        self.genres.push(genre);
        self.artists.push(artist);
        self.statistics.push(statistics);
    }

    fn labels(&self) -> ClipLabels<'_> {
        ClipLabels {
            genres: &self.genres,
            artists: &self.artists,
        }
    }

    fn known_artists(&self) -> usize {
        let mut artists: Vec<String> = self.artists.iter().map(|a| a.to_lowercase()).collect();
        artists.retain(|artist| !artist.is_empty());
        artists.sort_unstable();
        artists.dedup();
        artists.len()
    }
}

const EMBEDDING: &str = "embedding";
const EMBEDDING_MUTUAL: &str = "embedding, mutual proximity";
const EMBEDDING_LOCAL: &str = "embedding, local scaling";
const GENRE_AWARE: &str = "genre-aware";
const GENRE_AWARE_MUTUAL: &str = "genre-aware, mutual proximity";
const MFCC: &str = "MFCC statistics";
const MFCC_MUTUAL: &str = "MFCC statistics, mutual proximity";
const MFCC_LOCAL: &str = "MFCC statistics, local scaling";
const RANDOM: &str = "random";

/// Each corrected ranking with the one that it corrects.
const CORRECTIONS: [(&str, &str); 5] = [
    (EMBEDDING_MUTUAL, EMBEDDING),
    (EMBEDDING_LOCAL, EMBEDDING),
    (GENRE_AWARE_MUTUAL, GENRE_AWARE),
    (MFCC_MUTUAL, MFCC),
    (MFCC_LOCAL, MFCC),
];

fn report(clips: &Clips<'_>, parts: &[Embedded]) -> Result<RetrievalReport, TrainError> {
    let labels = clips.labels();
    let mut rankings = Vec::new();
    let mut add = |name, ranked: Vec<RankedClips>| {
        rankings.push(RankingFigures {
            name,
            all: RetrievalFigures::of(labels, &ranked, false),
            other_artists: RetrievalFigures::of(labels, &ranked, true),
        });
    };
    let embedded: Vec<Compared<'_>> = parts.iter().map(Compared::of).collect::<Result<_, _>>()?;
    let cosine = |set: &Compared<'_>, a, b| set.cosine(a, b);
    let local = |set: &Compared<'_>, a, b| set.local(a, b);
    let mutual = |set: &Compared<'_>, a, b| set.mutual(a, b);
    add(EMBEDDING, ranked(&embedded, cosine, None));
    add(EMBEDDING_MUTUAL, ranked(&embedded, cosine, Some(&mutual)));
    add(EMBEDDING_LOCAL, ranked(&embedded, local, None));
    if parts.iter().all(|part| !part.probabilities.is_empty()) {
        let plain = |set: &Compared<'_>, a, b| set.genre_aware(a, b, set.cosine(a, b));
        let aware = |set: &Compared<'_>, a, b| set.genre_aware(a, b, set.mutual(a, b));
        add(GENRE_AWARE, ranked(&embedded, plain, None));
        add(GENRE_AWARE_MUTUAL, ranked(&embedded, plain, Some(&aware)));
    }
    let described = Embedded {
        rows: standardised(&clips.statistics),
        queries: parts.iter().flat_map(|p| p.queries.clone()).collect(),
        probabilities: Vec::new(),
    };
    let classical = [Compared::of(&described)?];
    add(MFCC, ranked(&classical, cosine, None));
    add(MFCC_MUTUAL, ranked(&classical, cosine, Some(&mutual)));
    add(MFCC_LOCAL, ranked(&classical, local, None));
    add(RANDOM, random(clips.genres.len(), &described.queries));
    let named = |name| rankings.iter().find(|ranking| ranking.name == name);
    let corrections = CORRECTIONS.iter().filter_map(|(name, of)| {
        let (corrected, plain) = (named(*name)?, named(*of)?);
        Some(Correction {
            name,
            of,
            better: corrected.other_artists.better_than(&plain.other_artists),
        })
    });
    let (one_genre_by_chance, one_genre) = one_genre(labels, &embedded);
    Ok(RetrievalReport {
        warning: None,
        clips: clips.genres.len(),
        artists: clips.known_artists(),
        folds: None,
        corrections: corrections.collect(),
        one_genre_by_chance,
        one_genre,
        errors: Vec::new(),
        rankings,
    })
}

/// Descriptions of clips, ready to be compared.
struct Compared<'a> {
    of: &'a Embedded,
    directions: Directions,
    spreads: Vec<Spread>,
    scaling: LocalScaling,
}

/// A score of two clips, of which more is better.
type Score<'a> = &'a (dyn Fn(&Compared<'_>, usize, usize) -> f64 + Sync);

impl<'a> Compared<'a> {
    fn of(of: &'a Embedded) -> Result<Self, TrainError> {
        let dimensions = of.rows.first().map_or(0, Vec::len);
        let directions = Directions::of(&of.rows.concat(), dimensions)
            .map_err(|error| TrainError::Unsuitable(error.to_string()))?;
        let proximity = MutualProximity::of(&directions);
        let rows = (0..directions.len()).map(|row| directions.row(row));
        Ok(Self {
            of,
            spreads: rows.map(|row| proximity.spread(row)).collect(),
            scaling: LocalScaling::of(&directions, SCALED_BY),
            directions,
        })
    }

    fn cosine(&self, a: usize, b: usize) -> f64 {
        self.directions.cosine(a, b)
    }

    fn mutual(&self, a: usize, b: usize) -> f64 {
        mutual_similarity(self.spreads[a], self.spreads[b], self.cosine(a, b))
    }

    fn local(&self, a: usize, b: usize) -> f64 {
        -self.scaling.distance(a, b, self.cosine(a, b))
    }

    fn genre_aware(&self, a: usize, b: usize, similarity: f64) -> f64 {
        let share = f64::from(GENRE_SHARE);
        let predicted = &self.of.probabilities;
        let agreement = genre_agreement(&predicted[a], &predicted[b]);
        (1.0 - share) * similarity + share * f64::from(agreement)
    }
}

/// All other clips of every query, by a score; of equal ones the first clip. With `corrected` the best are ordered by that
/// instead, as many as the catalogue's search orders.
fn ranked(
    parts: &[Compared<'_>],
    score: impl Fn(&Compared<'_>, usize, usize) -> f64 + Sync,
    corrected: Option<Score<'_>>,
) -> Vec<RankedClips> {
    let of_part = |part: usize| parts[part].of.queries.iter().map(move |q| (part, *q));
    let queries: Vec<(usize, usize)> = (0..parts.len()).flat_map(of_part).collect();
    let ranked = queries.into_par_iter().map(|(part, query)| {
        let part = &parts[part];
        let others = (0..part.directions.len()).filter(|other| *other != query);
        let mut others: Vec<(f64, usize)> = others
            .map(|other| (score(part, query, other), other))
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        if let Some(corrected) = corrected {
            let best = others.len().min(RANKED);
            for (score, other) in &mut others[..best] {
                *score = corrected(part, query, *other);
            }
            others[..best].sort_by(|a, b| b.0.total_cmp(&a.0));
        }
        RankedClips {
            query,
            others: others.into_iter().map(|(_, other)| other).collect(),
        }
    });
    ranked.collect()
}

fn random(clips: usize, queries: &[usize]) -> Vec<RankedClips> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let ranked = queries.iter().map(|query| {
        let mut others: Vec<usize> = (0..clips).filter(|other| other != query).collect();
        others.shuffle(&mut rng);
        RankedClips {
            query: *query,
            others,
        }
    });
    ranked.collect()
}

/// Share of pairs of one genre: of all pairs not by one artist, and by their similarity.
fn one_genre(labels: ClipLabels<'_>, parts: &[Compared<'_>]) -> (f64, Vec<SimilarityRange>) {
    let ranges = (2.0 / RANGE).round() as usize;
    let mut counts = vec![[0_usize; 2]; ranges];
    for part in parts {
        for a in &part.of.queries {
            let others = (0..part.directions.len()).filter(|b| b != a);
            for b in others.filter(|b| !labels.by_one_artist(*a, *b)) {
                let at = (part.cosine(*a, b) + 1.0) / RANGE;
                let range = &mut counts[(at.max(0.0) as usize).min(ranges - 1)];
                range[0] += 1;
                range[1] += usize::from(labels.genres[*a] == labels.genres[b]);
            }
        }
    }
    let share = |[pairs, same]: [usize; 2]| same as f64 / pairs.max(1) as f64;
    let all = counts
        .iter()
        .fold([0, 0], |a, b| [a[0] + b[0], a[1] + b[1]]);
    let ranges = counts.iter().enumerate().filter(|(_, range)| range[0] > 0);
    let ranges = ranges.map(|(at, range)| SimilarityRange {
        from: at as f64 * RANGE - 1.0,
        to: (at + 1) as f64 * RANGE - 1.0,
        pairs: range[0],
        one_genre: share(*range),
    });
    (share(all), ranges.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Two genres of three artists each; the embedding tells genres apart, the statistics do not.
    fn clips() -> (Clips<'static>, Vec<Vec<f32>>) {
        let mut clips = Clips::none();
        let mut rows = Vec::new();
        for clip in 0..24 {
            let genre = clip % 2;
            let noise = (clip * 7 % 5) as f32 / 10.0;
            let artist = ["a", "b", "c", "d", "e", "f"][clip % 6];
            let statistics = vec![(clip * 5 % 7) as f32, (clip * 3 % 11) as f32];
            clips.push(genre, artist, statistics);
            rows.push(vec![genre as f32, noise, 1.0 - noise * noise]);
        }
        (clips, rows)
    }

    #[test]
    fn an_embedding_of_the_genres_beats_chance_and_the_statistics() {
        let (clips, rows) = clips();
        let parts = [Embedded {
            queries: (0..rows.len()).collect(),
            rows,
            probabilities: Vec::new(),
        }];
        let found = report(&clips, &parts).unwrap();
        assert_eq!((found.clips, found.artists), (24, 6));
        let at_1 = |name| {
            let ranking = found.rankings.iter().find(|r| r.name == name).unwrap();
            ranking.other_artists.precision_at_1.unwrap().value
        };
        for name in [EMBEDDING, EMBEDDING_MUTUAL, EMBEDDING_LOCAL] {
            assert_eq!(at_1(name), 1.0, "{name}");
        }
        assert!(at_1(MFCC) < 1.0 && at_1(RANDOM) < 1.0);
        assert_eq!(found.corrections.len(), 4, "without probabilities");
        let last = found.one_genre.last().unwrap();
        assert_eq!((last.to, last.one_genre), (1.0, 1.0));
        let pairs: usize = found.one_genre.iter().map(|range| range.pairs).sum();
        assert_eq!(pairs, 24 * 20, "all but those of one artist");
        assert!((found.one_genre_by_chance - 8.0 / 20.0).abs() < 1e-12);
    }

    #[test]
    fn folds_are_asked_about_once_each() {
        let (clips, rows) = clips();
        let part = |queries: std::ops::Range<usize>| Embedded {
            rows: rows.clone(),
            queries: queries.collect(),
            probabilities: vec![vec![0.5, 0.5]; 24],
        };
        let whole = report(&clips, &[part(0..24)]).unwrap();
        assert_eq!(whole.corrections.len(), CORRECTIONS.len());
        let folds = report(&clips, &[part(0..10), part(10..24)]).unwrap();
        let figures = |found: &RetrievalReport| found.rankings[0].other_artists.clone();
        assert_eq!(figures(&whole), figures(&folds));
    }
}
