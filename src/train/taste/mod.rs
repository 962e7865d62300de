//! Tastes of many people: reading their answers, simulating them, learning from them, and measuring
//! what that is good for.

mod evaluate;
mod factors;
mod favourite;
mod networks;
mod population;
mod simulate;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

pub use evaluate::{Figure, Personal, TasteReport, evaluate, with_networks};
pub use favourite::HammingRow;
pub use simulate::{Planted, Scenario, Simulation, simulate};

use soundalike_core::catalog::Catalog;
use soundalike_core::taste::space::Space;
use soundalike_core::taste::{Origin, Population, TasteError};
use soundalike_survey::{Answer, Config, Favourite, Opinion};

/// Answers that are needed to learn what people have in common.
const FEWEST: usize = 4;

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
    /// Too little to learn from.
    #[error(
        "{found} usable answers are too few to learn from; at least {FEWEST} people must have answered"
    )]
    TooFew {
        /// Usable answers.
        found: usize,
    },
    /// A song that is asked about is not in the catalogue.
    #[error(
        "{0} is in the survey but not in the catalogue; use the catalogue that the survey was made from"
    )]
    UnknownSong(String),
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(String),
    /// The taste model.
    #[error(transparent)]
    Taste(#[from] TasteError),
}

/// One participant.
#[derive(Clone, Debug)]
pub struct Person {
    /// Songs by index in [`Answers::songs`], with whether they are liked; the unknown left out.
    pub labels: Vec<(usize, bool)>,
    /// Favourite song.
    pub favourite: Favourite,
}

/// Answers that can be used.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The survey's id.
    pub survey: String,
    /// Ids of the songs that were asked about.
    pub songs: Vec<String>,
    /// Their tracks in the catalogue.
    pub tracks: Vec<usize>,
    /// Who answered.
    pub people: Vec<Person>,
    /// Whether any of the answers was made by a program.
    pub simulated: bool,
}

impl Answers {
    /// Reads answers from files of JSON lines, and says which lines cannot be used and why, a
    /// sentence each. Where a participant answered twice, the later line counts.
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
        let people = good
            .values()
            .map(|answer| Person {
                labels: answer
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
            people,
            simulated: good.values().any(|answer| answer.simulated),
        };
        Ok((answers, bad))
    }

    /// What all people have in common, for `models/taste.safetensors`.
    ///
    /// # Errors
    /// If there are too few.
    pub fn population(&self, catalog: &Catalog) -> Result<Population, AnswersError> {
        if self.people.len() < FEWEST {
            return Err(AnswersError::TooFew {
                found: self.people.len(),
            });
        }
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        Ok(self.population_of(catalog, &Space::of(catalog), &everybody, |_| true))
    }

    /// What some people have in common, by their opinions on some songs.
    fn population_of(
        &self,
        catalog: &Catalog,
        space: &Space,
        people: &[usize],
        song: impl Fn(usize) -> bool,
    ) -> Population {
        let chosen: Vec<usize> = (0..self.songs.len()).filter(|&s| song(s)).collect();
        let places: BTreeMap<usize, usize> =
            chosen.iter().enumerate().map(|(i, &s)| (s, i)).collect();
        let ids: Vec<String> = chosen.iter().map(|&s| self.songs[s].clone()).collect();
        let features: Vec<Vec<f64>> = chosen
            .iter()
            .map(|&s| space.features(catalog.embedding(self.tracks[s])))
            .collect();
        let people: Vec<Vec<(usize, bool)>> = people
            .iter()
            .map(|&p| {
                let labels = self.people[p].labels.iter();
                labels
                    .filter_map(|&(s, liked)| Some((*places.get(&s)?, liked)))
                    .collect()
            })
            .collect();
        let origin = Origin {
            model_sha256: catalog.provenance.model_sha256.clone(),
            simulated: self.simulated,
            survey: self.survey.clone(),
            answers: people.len(),
        };
        let songs = population::Songs {
            ids: &ids,
            features: &features,
        };
        population::learn(origin, space, &songs, &people)
    }
}

/// Tracks by path.
fn tracks_of(catalog: &Catalog) -> BTreeMap<&str, usize> {
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
            return Err(format!("it has two opinions on {}", label.song));
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

#[cfg(test)]
mod tests;
