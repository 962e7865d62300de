//! What answers to a listening study say of its two methods.

use std::collections::BTreeMap;

use serde::Serialize;
use soundalike_survey::{Config, ListeningAnswer, ListeningStudy, METHODS, RATINGS};

use crate::statistics::{Metric, SignedRank, bootstrap, krippendorff_alpha, wilcoxon_signed_rank};

/// Number of different ratings.
const LEVELS: usize = *RATINGS.end() as usize;

/// A method's ratings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodRatings {
    /// The method.
    pub name: String,
    /// Its ratings by all participants.
    pub ratings: usize,
    /// The mean over participants of their mean rating, 1 to 5.
    pub mean: f64,
    /// Its 95 % interval by bootstrap over participants.
    pub interval: Option<[f64; 2]>,
    /// How often each rating was given, the lowest first.
    pub counts: [usize; LEVELS],
}

/// How many participants rate one method higher, by their means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Preferences {
    /// The first method.
    pub first: usize,
    /// The second method.
    pub second: usize,
    /// Neither.
    pub neither: usize,
}

/// The ratings of what is recommended for a song.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedRatings {
    /// The song's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its artist.
    pub artist: String,
    /// Mean rating of each method.
    pub means: [f64; METHODS],
    /// Songs that both methods recommend for it.
    pub shared: usize,
}

/// What answers to a listening study say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listening {
    /// Participants.
    pub participants: usize,
    /// The two methods.
    pub methods: [MethodRatings; METHODS],
    /// The mean over participants of the difference of their means, the first method less the second.
    pub difference: f64,
    /// Its 95 % interval by bootstrap over participants.
    pub difference_interval: Option<[f64; 2]>,
    /// Wilcoxon's signed-rank test of these differences; none if all are zero.
    pub test: Option<SignedRank>,
    /// How many participants rate which method higher.
    pub preferences: Preferences,
    /// Krippendorff's alpha of the ratings as ordinal numbers.
    pub agreement: Option<f64>,
    /// The songs for which something is recommended.
    pub seeds: Vec<SeedRatings>,
}

/// Analyses answers that fit the survey; there is at least one.
pub(crate) fn listening(
    survey: &Config,
    study: &ListeningStudy,
    answers: &[&ListeningAnswer],
) -> Listening {
    let rated: Vec<BTreeMap<(&str, &str), u8>> = answers
        .iter()
        .map(|answer| {
            let ratings = answer.ratings.iter();
            ratings
                .map(|r| ((r.seed.as_str(), r.song.as_str()), r.rating))
                .collect()
        })
        .collect();
    // Of each participant and method the sum and the number of ratings.
    let sums: Vec<[[u32; 2]; METHODS]> = rated
        .iter()
        .map(|known| [0, 1].map(|method| sum(&ratings_of(study, None, method, known))))
        .collect();
    let means: Vec<[f64; METHODS]> = sums.iter().map(|of| of.map(mean)).collect();
    let differences: Vec<f64> = sums.iter().map(difference).collect();
    let over = |drawn: &[usize], value: &dyn Fn(usize) -> f64| {
        Some(drawn.iter().map(|&at| value(at)).sum::<f64>() / drawn.len() as f64)
    };
    let method = |which: usize| {
        let mut counts = [0; LEVELS];
        for known in &rated {
            for rating in ratings_of(study, None, which, known) {
                counts[usize::from(rating) - 1] += 1;
            }
        }
        MethodRatings {
            name: study.methods[which].clone(),
            ratings: counts.iter().sum(),
            mean: means.iter().map(|of| of[which]).sum::<f64>() / means.len() as f64,
            interval: bootstrap(means.len(), |drawn| over(drawn, &|at| means[at][which])),
            counts,
        }
    };
    let units: Vec<Vec<usize>> = study
        .pairs()
        .into_iter()
        .map(|pair| {
            let ratings = rated.iter().filter_map(|known| known.get(&pair));
            ratings.map(|rating| usize::from(*rating) - 1).collect()
        })
        .collect();
    let prefer = |is: fn(f64) -> bool| differences.iter().filter(|d| is(**d)).count();
    Listening {
        participants: answers.len(),
        methods: [method(0), method(1)],
        difference: differences.iter().sum::<f64>() / differences.len() as f64,
        difference_interval: bootstrap(differences.len(), |drawn| {
            over(drawn, &|at| differences[at])
        }),
        test: wilcoxon_signed_rank(&differences),
        preferences: Preferences {
            first: prefer(|d| d > 0.0),
            second: prefer(|d| d < 0.0),
            neither: prefer(|d| d == 0.0),
        },
        agreement: krippendorff_alpha(&units, LEVELS, Metric::Ordinal),
        seeds: seeds(survey, study, &rated),
    }
}

/// A participant's ratings of what a method recommends, for one song or for all.
fn ratings_of(
    study: &ListeningStudy,
    seed: Option<&str>,
    method: usize,
    known: &BTreeMap<(&str, &str), u8>,
) -> Vec<u8> {
    study
        .seeds
        .iter()
        .filter(|of| seed.is_none_or(|seed| seed == of.song))
        .flat_map(|of| {
            let songs = of.recommendations[method].iter();
            songs.filter_map(|song| known.get(&(of.song.as_str(), song.as_str())).copied())
        })
        .collect()
}

/// Sum and number of ratings.
fn sum(ratings: &[u8]) -> [u32; 2] {
    let sum = ratings.iter().map(|&rating| u32::from(rating)).sum();
    [sum, ratings.len() as u32]
}

fn mean([sum, count]: [u32; 2]) -> f64 {
    f64::from(sum) / f64::from(count.max(1))
}

/// The difference of two means as one fraction of whole numbers, so that differences that are equal are equal
/// as floating-point numbers too: the test ranks them.
fn difference([[one, ones], [other, others]]: &[[u32; 2]; METHODS]) -> f64 {
    let numerator = i64::from(one * others) - i64::from(other * ones);
    numerator as f64 / f64::from((ones * others).max(1))
}

fn seeds(
    survey: &Config,
    study: &ListeningStudy,
    rated: &[BTreeMap<(&str, &str), u8>],
) -> Vec<SeedRatings> {
    study
        .seeds
        .iter()
        .map(|seed| {
            let song = survey.songs.iter().find(|song| song.id == seed.song);
            let all = |method| {
                let ratings = rated
                    .iter()
                    .flat_map(|known| ratings_of(study, Some(&seed.song), method, known));
                mean(sum(&ratings.collect::<Vec<_>>()))
            };
            let [one, other] = &seed.recommendations;
            SeedRatings {
                id: seed.song.clone(),
                title: song.map_or_else(String::new, |song| song.title.clone()),
                artist: song.map_or_else(String::new, |song| song.artist.clone()),
                means: [all(0), all(1)],
                shared: one.iter().filter(|song| other.contains(song)).count(),
            }
        })
        .collect()
}
