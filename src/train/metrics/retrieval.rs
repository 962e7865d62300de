//! How good lists of similar clips are: precision, mean average precision, hubs, and how often the artist is the same.

use serde::Serialize;
use soundalike_core::similar::Hubness;

use crate::figures::Estimate;

/// Length of the lists that hubs and artists are counted in.
const LIST: usize = 10;

/// What is known of clips, all of `[clips]`.
#[derive(Clone, Copy, Debug)]
pub struct ClipLabels<'a> {
    /// Index of the genre.
    pub genres: &'a [usize],
    /// The artist, compared without regard to case; empty where not known.
    pub artists: &'a [&'a str],
}

impl ClipLabels<'_> {
    /// Whether two clips are known to be by one artist.
    pub fn by_one_artist(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.artists[a], self.artists[b]);
        !a.is_empty() && a.eq_ignore_ascii_case(b)
    }
}

/// All other clips in order of similarity to a clip, the most similar first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedClips {
    /// The clip that was asked about.
    pub query: usize,
    /// The others.
    pub others: Vec<usize>,
}

/// How good the lists are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetrievalFigures {
    /// Whether the most similar clip has the clip's genre, mean over the clips that were asked about.
    pub precision_at_1: Option<Estimate>,
    /// Share of the five most similar that have it.
    pub precision_at_5: Option<Estimate>,
    /// Share of the ten most similar that have it.
    pub precision_at_10: Option<Estimate>,
    /// Mean over the clips of the average precision of the whole ranking.
    pub mean_average_precision: Option<Estimate>,
    /// Skewness of how often a clip is in lists of ten: see [`Hubness::skewness`].
    pub skewness: f64,
    /// Share of the clips that are in no list of ten: anti-hubs.
    pub antihubs: f64,
    /// In how many lists of ten the most frequent clip is.
    pub largest_hub: u32,
    /// Share of the clips that are the most similar to some other.
    pub coverage_at_1: f64,
    /// Share of the clips that are in a list of ten, the rest being anti-hubs.
    pub coverage_at_10: f64,
    /// Share of the ten most similar that are by the clip's artist, mean over the clips of known artists.
    pub same_artist: Option<f64>,
    /// Of each clip that was asked about.
    #[serde(skip)]
    per_query: Vec<QueryFigures>,
}

/// Of one list.
#[derive(Clone, Copy, Debug, PartialEq)]
struct QueryFigures {
    at_1: Option<f64>,
    at_5: Option<f64>,
    at_10: Option<f64>,
    average_precision: Option<f64>,
    same_artist: Option<f64>,
}

/// How much better one ranking is than another, of the same clips.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RetrievalDifference {
    /// Of the precision at 10, with the interval of a paired bootstrap.
    pub precision_at_10: Option<Estimate>,
    /// Of the mean average precision.
    pub mean_average_precision: Option<Estimate>,
}

impl RetrievalFigures {
    /// Of rankings of `labels.genres.len()` clips, a query each. With `other_artists` clips by the artist of the clip that
    /// was asked about are taken out of its ranking first, since an album sounds like itself (Pampalk 2006: artist
    /// filter). A ranking without any clip of the genre has no average precision.
    pub fn of(labels: ClipLabels<'_>, rankings: &[RankedClips], other_artists: bool) -> Self {
        let lists: Vec<Vec<usize>> = rankings
            .iter()
            .map(|ranking| {
                let keep =
                    |other: &usize| !other_artists || !labels.by_one_artist(ranking.query, *other);
                ranking.others.iter().copied().filter(keep).collect()
            })
            .collect();
        let queries = rankings.iter().zip(&lists);
        let per_query: Vec<QueryFigures> = queries
            .map(|(ranking, list)| QueryFigures::of(labels, ranking.query, list))
            .collect();
        let clips = labels.genres.len();
        let counts = |k: usize| occurrences(&lists, clips, k);
        let hubness = Hubness::of(&counts(LIST));
        let mean = |of: fn(&QueryFigures) -> Option<f64>| {
            let values: Vec<Option<f64>> = per_query.iter().map(of).collect();
            Estimate::of_mean(&values)
        };
        let same_artist = per_query.iter().filter_map(|query| query.same_artist);
        Self {
            precision_at_1: mean(|q| q.at_1),
            precision_at_5: mean(|q| q.at_5),
            precision_at_10: mean(|q| q.at_10),
            mean_average_precision: mean(|q| q.average_precision),
            skewness: hubness.skewness,
            antihubs: hubness.antihubs,
            largest_hub: hubness.largest,
            coverage_at_1: 1.0 - Hubness::of(&counts(1)).antihubs,
            coverage_at_10: 1.0 - hubness.antihubs,
            same_artist: super::mean(same_artist),
            per_query,
        }
    }

    /// How much better these are than `other`, which must be of the same clips in the same order.
    pub fn better_than(&self, other: &Self) -> RetrievalDifference {
        let difference = |of: fn(&QueryFigures) -> Option<f64>| {
            let pairs = self.per_query.iter().zip(&other.per_query);
            let values: Vec<Option<f64>> = pairs.map(|(a, b)| Some(of(a)? - of(b)?)).collect();
            Estimate::of_mean(&values)
        };
        RetrievalDifference {
            precision_at_10: difference(|q| q.at_10),
            mean_average_precision: difference(|q| q.average_precision),
        }
    }
}

impl QueryFigures {
    fn of(labels: ClipLabels<'_>, query: usize, list: &[usize]) -> Self {
        let relevant = |other: &usize| labels.genres[*other] == labels.genres[query];
        let precision = |k: usize| {
            let nearest = &list[..k.min(list.len())];
            let hits = nearest.iter().filter(|other| relevant(other)).count();
            (!nearest.is_empty()).then(|| hits as f64 / nearest.len() as f64)
        };
        let (mut hits, mut sum) = (0.0, 0.0);
        for (at, _) in list.iter().enumerate().filter(|(_, other)| relevant(other)) {
            hits += 1.0;
            sum += hits / (at + 1) as f64;
        }
        let nearest = &list[..LIST.min(list.len())];
        let own = nearest.iter().filter(|o| labels.by_one_artist(query, **o));
        let known = !labels.artists[query].is_empty() && !nearest.is_empty();
        Self {
            at_1: precision(1),
            at_5: precision(5),
            at_10: precision(10),
            average_precision: (hits > 0.0).then(|| sum / hits),
            same_artist: known.then(|| own.count() as f64 / nearest.len() as f64),
        }
    }
}

/// How often each clip is among the first `k` of the lists.
fn occurrences(lists: &[Vec<usize>], clips: usize, k: usize) -> Vec<u32> {
    let mut counts = vec![0; clips];
    for other in lists.iter().flat_map(|list| list.iter().take(k)) {
        counts[*other] += 1;
    }
    counts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranked(lists: &[&[usize]]) -> Vec<RankedClips> {
        let of = |(query, others): (usize, &&[usize])| RankedClips {
            query,
            others: others.to_vec(),
        };
        lists.iter().enumerate().map(of).collect()
    }

    #[test]
    fn figures_are_those_counted_by_hand() {
        let labels = ClipLabels {
            genres: &[0, 0, 1, 0],
            artists: &["a", "A", "", "b"],
        };
        let rankings = ranked(&[&[1, 2, 3], &[0, 2, 3], &[0, 1, 3], &[2, 0, 1]]);
        let all = RetrievalFigures::of(labels, &rankings, false);
        assert_eq!(all.precision_at_1.unwrap().value, 0.5);
        // Clip 2 is the only one of its genre: no average precision, and no hit.
        let precision = (2.0 / 3.0 * 3.0 + 0.0) / 4.0;
        assert!((all.precision_at_10.unwrap().value - precision).abs() < 1e-12);
        let first = (1.0 + 2.0 / 3.0) / 2.0;
        let last = (1.0 / 2.0 + 2.0 / 3.0) / 2.0;
        let expected = (first + first + last) / 3.0;
        assert!((all.mean_average_precision.unwrap().value - expected).abs() < 1e-12);
        // Of three neighbours of 0 and of 1 one is by the same artist, of 3 none.
        assert!((all.same_artist.unwrap() - 2.0 / 9.0).abs() < 1e-12);
        assert_eq!((all.antihubs, all.largest_hub), (0.0, 3));
        assert_eq!(all.coverage_at_1, 0.75);

        let others = RetrievalFigures::of(labels, &rankings, true);
        assert_eq!(others.same_artist, Some(0.0));
        assert_eq!(others.precision_at_1.unwrap().value, 0.0);
        let gain = all
            .better_than(&others)
            .mean_average_precision
            .unwrap()
            .value;
        let [all, others] = [all, others].map(|f| f.mean_average_precision.unwrap().value);
        assert!((gain - (all - others)).abs() < 1e-12);
    }

    #[test]
    fn nothing_ranked_has_no_precision() {
        let labels = ClipLabels {
            genres: &[0],
            artists: &["a"],
        };
        let found = RetrievalFigures::of(labels, &ranked(&[&[]]), true);
        assert_eq!(found.precision_at_1, None);
        assert_eq!(found.mean_average_precision, None);
        assert_eq!((found.antihubs, found.coverage_at_10), (1.0, 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_ranking_by_genre_is_perfect_and_its_reverse_is_not_better(clips in 4_usize..12) {
            let genres: Vec<usize> = (0..clips).map(|clip| clip % 2).collect();
            let artists = vec![""; clips];
            let labels = ClipLabels { genres: &genres, artists: &artists };
            let mut rankings: Vec<RankedClips> = (0..clips)
                .map(|query| {
                    let mut others: Vec<usize> = (0..clips).filter(|o| *o != query).collect();
                    others.sort_by_key(|other| genres[*other] != genres[query]);
                    RankedClips { query, others }
                })
                .collect();
            let perfect = RetrievalFigures::of(labels, &rankings, true);
            prop_assert_eq!(perfect.mean_average_precision.unwrap().value, 1.0);
            rankings.iter_mut().for_each(|ranking| ranking.others.reverse());
            let reversed = RetrievalFigures::of(labels, &rankings, true);
            let better = perfect.better_than(&reversed).mean_average_precision.unwrap();
            prop_assert!(better.value > 0.0 && better.interval[0] > 0.0);
        }
    }
}
