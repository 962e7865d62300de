//! The answers to a survey, read from files and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::population::{Songs, fit};
use soundalike_core::catalog::Catalog;
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Origin, Population, TasteError};
use soundalike_survey::{Answer, Config, Favourite, Opinion};

/// Fewest participants that a population is fitted to.
pub(super) const MIN_PARTICIPANTS: usize = 4;

/// What can go wrong with answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// A file cannot be read.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// Too few answers.
    #[error(
        "{found} usable answers are too few to train on; at least {MIN_PARTICIPANTS} participants must have answered"
    )]
    TooFew {
        /// Usable answers.
        found: usize,
    },
    /// A song of the survey is not in the catalogue.
    #[error(
        "{0} is in the survey but not in the catalogue; use the catalogue that the survey was made from"
    )]
    UnknownSong(String),
    /// A parameter that is out of range.
    #[error("{0}")]
    Setting(String),
    /// The taste model cannot be built.
    #[error(transparent)]
    Taste(#[from] TasteError),
}

/// One participant.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Ratings: songs by index in [`Answers::songs`], with whether they are liked. Unknown songs are left
    /// out.
    pub ratings: Vec<(usize, bool)>,
    /// The favourite song.
    pub favourite: Favourite,
}

/// The usable answers to a survey.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The survey's id.
    pub survey: String,
    /// Ids of the songs of the survey.
    pub songs: Vec<String>,
    /// Their tracks in the catalogue.
    pub tracks: Vec<usize>,
    /// The participants.
    pub participants: Vec<Participant>,
    /// Whether any of the answers is simulated.
    pub simulated: bool,
}

impl Answers {
    /// Reads answers from files of JSON lines, and reports the lines that cannot be used, a sentence
    /// each. Of two answers of one participant, the later line counts.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(
        files: &[PathBuf],
        config: Option<&Config>,
        catalog: &Catalog,
    ) -> Result<(Self, Vec<String>), AnswersError> {
        let mut bad = Vec::new();
        let mut good: BTreeMap<String, Answer> = BTreeMap::new();
        let mut survey: Option<String> = config.map(|c| c.id.clone());
        for path in files {
            let io = |cause| AnswersError::Io {
                path: path.clone(),
                cause,
            };
            let file = std::fs::File::open(path).map_err(io)?;
            for (index, line) in std::io::BufReader::new(file).split(b'\n').enumerate() {
                let line = line.map_err(io)?;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                match checked(&line, config, survey.as_deref(), catalog) {
                    Ok(answer) => {
                        survey.get_or_insert_with(|| answer.survey.clone());
                        good.insert(answer.participant.clone(), answer);
                    }
                    Err(cause) => bad.push(sentence(path, index + 1, &cause)),
                }
            }
        }
        let tracks: BTreeMap<&str, usize> = tracks_of(catalog);
        let ids: BTreeSet<&str> = good
            .values()
            .flat_map(|a| a.labels.iter().map(|l| l.song.as_str()))
            .collect();
        let index: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        let participants = good
            .values()
            .map(|answer| Participant {
                ratings: answer
                    .labels
                    .iter()
                    .filter(|label| label.opinion != Opinion::Unknown)
                    .map(|label| (index[label.song.as_str()], label.opinion == Opinion::Like))
                    .collect(),
                favourite: answer.favourite.clone(),
            })
            .collect();
        let answers = Self {
            survey: survey.unwrap_or_default(),
            tracks: ids.iter().map(|id| tracks[id]).collect(),
            songs: ids.iter().map(|id| (*id).to_owned()).collect(),
            participants,
            simulated: good.values().any(|answer| answer.simulated),
        };
        Ok((answers, bad))
    }

    /// The population of all participants, for `models/taste.safetensors`.
    ///
    /// # Errors
    /// If there are too few.
    pub fn population(&self, catalog: &Catalog) -> Result<Population, AnswersError> {
        if self.participants.len() < MIN_PARTICIPANTS {
            return Err(AnswersError::TooFew {
                found: self.participants.len(),
            });
        }
        let all: Vec<usize> = (0..self.participants.len()).collect();
        Ok(self.population_of(catalog, &Space::of(catalog), &all, |_| true))
    }

    /// The same without the ratings of some songs.
    pub(super) fn without_songs(&self, is_left_out: impl Fn(usize) -> bool) -> Self {
        let mut answers = self.clone();
        for participant in &mut answers.participants {
            participant.ratings.retain(|(song, _)| !is_left_out(*song));
        }
        answers
    }

    /// The population of some participants, by their ratings of some songs.
    pub(super) fn population_of(
        &self,
        catalog: &Catalog,
        space: &Space,
        participants: &[usize],
        includes: impl Fn(usize) -> bool,
    ) -> Population {
        let chosen: Vec<usize> = (0..self.songs.len()).filter(|&s| includes(s)).collect();
        let places: BTreeMap<usize, usize> =
            chosen.iter().enumerate().map(|(i, &s)| (s, i)).collect();
        let ids: Vec<String> = chosen.iter().map(|&s| self.songs[s].clone()).collect();
        let features: Vec<Vec<f64>> = chosen
            .iter()
            .map(|&s| space.features(catalog.embedding(self.tracks[s])))
            .collect();
        let ratings: Vec<Vec<(usize, bool)>> = participants
            .iter()
            .map(|&p| {
                let ratings = self.participants[p].ratings.iter();
                ratings
                    .filter_map(|&(s, liked)| Some((*places.get(&s)?, liked)))
                    .collect()
            })
            .collect();
        let origin = Origin {
            model_sha256: catalog.provenance.model_sha256.clone(),
            simulated: self.simulated,
            survey: self.survey.clone(),
            answers: ratings.len(),
        };
        let songs = Songs {
            ids: &ids,
            features: &features,
        };
        fit(origin, space, &songs, &ratings)
    }
}

/// Tracks by path.
pub(super) fn tracks_of(catalog: &Catalog) -> BTreeMap<&str, usize> {
    let paths = catalog.tracks.iter().map(|track| track.path.as_str());
    paths.zip(0..).collect()
}

/// An answer, or why it cannot be used.
fn checked(
    line: &[u8],
    config: Option<&Config>,
    survey: Option<&str>,
    catalog: &Catalog,
) -> Result<Answer, String> {
    let answer = Answer::from_json(line).map_err(|e| e.to_string())?;
    if answer.model_sha256 != catalog.provenance.model_sha256 {
        let short = |sha: &str| sha.chars().take(8).collect::<String>();
        return Err(format!(
            "its embeddings are of another model ({}…) than the catalogue's ({}…)",
            short(&answer.model_sha256),
            short(&catalog.provenance.model_sha256)
        ));
    }
    if let Some(config) = config {
        answer.check(config).map_err(|e| e.to_string())?;
    }
    if survey.is_some_and(|survey| survey != answer.survey) {
        return Err(format!(
            "it answers another survey ({}) than the others",
            answer.survey
        ));
    }
    let tracks = tracks_of(catalog);
    let mut seen = BTreeSet::new();
    for label in &answer.labels {
        if !tracks.contains_key(label.song.as_str()) {
            return Err(format!("its song {} is not in the catalogue", label.song));
        }
        if !seen.insert(label.song.as_str()) {
            return Err(format!("it has two ratings of {}", label.song));
        }
    }
    match &answer.favourite {
        Favourite::Song { id } if !tracks.contains_key(id.as_str()) => {
            Err(format!("its favourite {id} is not in the catalogue"))
        }
        Favourite::Own { embedding, .. } if embedding.len() != catalog.dimensions() => {
            Err(format!(
                "its favourite's embedding has {} numbers instead of {}",
                embedding.len(),
                catalog.dimensions()
            ))
        }
        _ => Ok(answer),
    }
}

/// "answers.jsonl, line 3: … ; left out".
fn sentence(path: &Path, line: usize, cause: &str) -> String {
    format!("{}, line {line}: {cause}; left out", path.display())
}
