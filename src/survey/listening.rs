//! A listening study: songs, what two methods recommend for each, and a participant's ratings of it.
//!
//! The design is that of Adiyansjah et al. (2019), "Music recommender system based on genre using
//! convolutional recurrent neural networks": listeners rate five recommendations by each of two methods for
//! each of five songs.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Consent, Invalid, check_sender, shortened};
use crate::config::{Config, ConfigError, Kind, SONGS_MOST};

/// Version of the schema of a listening study's answer.
pub const LISTENING_VERSION: u32 = 2;
/// The ratings that can be given: 1 is the worst.
pub const RATINGS: RangeInclusive<u8> = 1..=5;
/// Methods that are compared.
pub const METHODS: usize = 2;
/// Characters of a method's name, at most.
const NAME_MOST: usize = 64;

/// What a listening study asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListeningStudy {
    /// Names of the two methods that are compared. Participants do not see them.
    pub methods: [String; METHODS],
    /// The songs for which something is recommended.
    pub seeds: Vec<SeedSong>,
}

/// A song, and what each method recommends for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedSong {
    /// The song's id among the survey's songs.
    pub song: String,
    /// The ids of what each method recommends, in the order of the methods, best first. A song that both
    /// recommend is rated once and counts for both.
    pub recommendations: [Vec<String>; METHODS],
}

impl SeedSong {
    /// The songs that are rated for this one, each once.
    pub fn rated(&self) -> BTreeSet<&str> {
        self.recommendations
            .iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }
}

impl ListeningStudy {
    /// Every rating that is asked for: seed and recommended song.
    pub fn pairs(&self) -> BTreeSet<(&str, &str)> {
        self.seeds
            .iter()
            .flat_map(|seed| {
                seed.rated()
                    .into_iter()
                    .map(|song| (seed.song.as_str(), song))
            })
            .collect()
    }

    /// How many recommendations are by both methods, and how many there are by each.
    pub fn shared(&self) -> (usize, usize) {
        let counts = self.seeds.iter().map(|seed| {
            let [one, other] = &seed.recommendations;
            (
                one.iter().filter(|song| other.contains(song)).count(),
                one.len(),
            )
        });
        counts.fold((0, 0), |(shared, all), (both, each)| {
            (shared + both, all + each)
        })
    }

    /// Checks the study's fields by themselves, and that it recommends songs of the survey only.
    pub(crate) fn check(&self, songs: &BTreeSet<&str>) -> Result<(), ConfigError> {
        let wrong = |sentence: String| Err(ConfigError::Study(sentence));
        let [first, second] = &self.methods;
        for name in [first, second] {
            if name.trim().is_empty() || name.chars().count() > NAME_MOST {
                return wrong(format!(
                    "has a method without a name, or with one of more than {NAME_MOST} characters"
                ));
            }
        }
        if first == second {
            return wrong(format!("compares the method {first} with itself"));
        }
        if self.seeds.is_empty() {
            return wrong("has no seeds: name songs for which something is recommended".to_owned());
        }
        let mut seen = BTreeSet::new();
        for seed in &self.seeds {
            let name = &seed.song;
            if !seen.insert(name) {
                return wrong(format!("has the seed {name} twice: leave one out"));
            }
            let [one, other] = &seed.recommendations;
            if one.is_empty() || one.len() != other.len() {
                return wrong(format!(
                    "has {} and {} recommendations for {name}: give as many by each method, at least one",
                    one.len(),
                    other.len()
                ));
            }
            for list in [one, other] {
                let different: BTreeSet<&String> = list.iter().collect();
                if different.len() < list.len() {
                    return wrong(format!("recommends a song twice for {name} by one method"));
                }
                if different.contains(name) {
                    return wrong(format!("recommends {name} for itself"));
                }
            }
            let unknown = |id: &&String| !songs.contains(id.as_str());
            if let Some(id) = std::iter::once(name).chain(one).chain(other).find(unknown) {
                return wrong(format!("names the song {id}, which its songs lack"));
            }
        }
        let ratings = self.pairs().len();
        if ratings > SONGS_MOST {
            return wrong(format!("asks for {ratings} ratings: at most {SONGS_MOST}"));
        }
        Ok(())
    }
}

/// A participant's answer to a listening study. It holds no name, no address and nothing of the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListeningAnswer {
    /// Version of this schema: 2.
    #[cfg_attr(feature = "schema", schemars(range(min = 2, max = 2)))]
    pub version: u32,
    /// What kind of survey is answered.
    pub kind: ListeningKind,
    /// The survey's id.
    pub survey: String,
    /// The participant's code, as in an answer about tastes.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$"))
    )]
    pub participant: String,
    /// The consent.
    pub consent: Consent,
    /// A rating of each recommended song, once for each song that it is recommended for, in the order in
    /// which the participant was asked: the page draws it at random.
    pub ratings: Vec<Rated>,
    /// Whatever else the participant wants to say, at most 2,000 characters; may be empty.
    #[cfg_attr(feature = "schema", schemars(length(max = 2_000)))]
    pub comment: String,
    /// True where a program made the answer up.
    #[serde(default)]
    pub simulated: bool,
}

/// The kind of a listening study's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ListeningKind {
    /// Ratings of recommendations.
    #[default]
    Recommendations,
}

/// How well a recommendation fits a song.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rated {
    /// The id of the song for which it is recommended.
    pub seed: String,
    /// The id of the recommended song.
    pub song: String,
    /// From 1, does not fit, to 5, fits very well.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 5)))]
    pub rating: u8,
}

impl ListeningAnswer {
    /// Checks the answer against its survey.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, config: &Config) -> Result<(), Invalid> {
        if self.version != LISTENING_VERSION {
            return Err(Invalid::Version(u64::from(self.version)));
        }
        check_sender(
            [&self.survey, &self.participant, &self.comment],
            &self.consent,
            config,
        )?;
        let Some(study) = config.study.as_ref() else {
            return Err(Invalid::other_kind(Kind::Recommendations, Kind::Taste));
        };
        let mut missing = study.pairs();
        let mut seen = BTreeSet::new();
        for Rated { seed, song, rating } in &self.ratings {
            let pair = (seed.as_str(), song.as_str());
            let named = || (shortened(seed), shortened(song));
            if !missing.remove(&pair) {
                let (seed, song) = named();
                return Err(match seen.contains(&pair) {
                    true => Invalid::RatedTwice { seed, song },
                    false => Invalid::NotRecommended { seed, song },
                });
            }
            seen.insert(pair);
            if !RATINGS.contains(rating) {
                return Err(Invalid::Rating(*rating));
            }
        }
        match missing.into_iter().next() {
            Some((seed, song)) => Err(Invalid::Unrated {
                seed: seed.to_owned(),
                song: song.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::examples::listening_study_of;

    #[track_caller]
    fn refused(change: impl FnOnce(&mut ListeningAnswer), because: &str) {
        let (config, mut answer) = listening_study_of(2, 3);
        answer.check(&config).unwrap();
        change(&mut answer);
        let error = answer.check(&config).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
    }

    #[track_caller]
    fn senseless(change: impl FnOnce(&mut ListeningStudy), because: &str) {
        let (mut config, _) = listening_study_of(2, 3);
        config.check().unwrap();
        change(config.study.as_mut().unwrap());
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn each_thing_that_does_not_fit_is_named() {
        refused(|a| a.version = 1, "version 1");
        refused(|a| a.survey = "other".to_owned(), "“other”");
        refused(|a| a.participant = "abcd".to_owned(), "code");
        refused(|a| a.consent.version = 1, "version 1 of the text");
        refused(|a| a.comment = "x".repeat(2_001), "2001 characters");
        refused(|a| a.ratings[0].rating = 0, "rating 0");
        refused(|a| a.ratings[0].rating = 6, "rating 6");
        refused(|a| drop(a.ratings.pop()), "has no rating");
        refused(|a| a.ratings.push(a.ratings[0].clone()), "two ratings");
        refused(
            |a| a.ratings[0].song = "x".to_owned(),
            "“x” is not recommended",
        );
        // A song that is recommended, but for another one.
        let seed =
            |a: &mut ListeningAnswer| a.ratings[0].seed = a.ratings.last().unwrap().seed.clone();
        refused(seed, "is not recommended");
    }

    #[test]
    fn each_senseless_field_of_the_study_is_named() {
        senseless(|s| s.methods[0].clear(), "method without a name");
        senseless(|s| s.methods[1] = s.methods[0].clone(), "with itself");
        senseless(|s| s.seeds.clear(), "no seeds");
        senseless(|s| s.seeds[1] = s.seeds[0].clone(), "twice");
        senseless(
            |s| drop(s.seeds[0].recommendations[1].pop()),
            "3 and 2 recommendations",
        );
        let itself =
            |s: &mut ListeningStudy| s.seeds[0].recommendations[0][0] = s.seeds[0].song.clone();
        senseless(itself, "for itself");
        let twice = |s: &mut ListeningStudy| {
            s.seeds[0].recommendations[0][0] = s.seeds[0].recommendations[0][1].clone();
        };
        senseless(twice, "recommends a song twice");
        senseless(
            |s| s.seeds[0].recommendations[0][0] = "x".to_owned(),
            "song x",
        );
    }

    #[test]
    fn a_song_of_both_methods_is_rated_once() {
        let (config, answer) = listening_study_of(2, 3);
        let study = config.study.unwrap();
        // The last recommendation of both lists is the same song.
        assert_eq!(study.seeds[0].rated().len(), 5);
        assert_eq!(answer.ratings.len(), 10);
        assert_eq!(study.shared(), (2, 6));
    }

    #[test]
    fn methods_that_hardly_differ_are_warned_about() {
        let (mut config, _) = listening_study_of(2, 3);
        assert!(config.warnings().is_empty());
        let seeds = &mut config.study.as_mut().unwrap().seeds;
        seeds[0].recommendations[1] = seeds[0].recommendations[0].clone();
        let warnings = config.warnings();
        assert!(
            warnings[0].contains("of 6 recommendations by each method 4 are by both"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_study_and_a_survey_of_tastes_are_told_apart() {
        let (tastes, _) = crate::examples::survey_of(5);
        let (config, mut answer) = listening_study_of(2, 3);
        answer.survey = tastes.id.clone();
        answer.consent.version = tastes.consent_version;
        let error = answer.check(&tastes).unwrap_err().to_string();
        assert!(error.contains("listening study"), "{error}");
        let mut without = config.clone();
        without.study = None;
        assert!(
            without
                .check()
                .unwrap_err()
                .to_string()
                .contains("no study")
        );
        let mut tastes = config;
        tastes.kind = Kind::Taste;
        assert!(tastes.check().unwrap_err().to_string().contains("kind"));
    }
}
