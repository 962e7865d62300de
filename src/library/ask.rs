//! Questions to a library: what sounds like these songs, what lies between two, what is there twice.

use std::path::Path;

use rayon::prelude::*;
use soundalike_core::catalog::{Blend, Query, Ranking, Recommendation, Search, Track};
use soundalike_core::pipeline::Prediction;
use soundalike_core::similar::{
    self, DuplicateRules, Hubness, MixRules, Neighbour, PathError, Recording, SAME_RECORDING,
    SongName, k_occurrence,
};

use crate::filter::{Filter, Sieve};
use crate::store::Library;

/// Songs whose neighbours are looked up for the figures of hubness, at most: all pairs of more take too long.
const LOOKED_UP: usize = 20_000;
/// Neighbours of each song in the figures of hubness.
pub const NEIGHBOURS: usize = 10;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nothing is wanted, or the wanted songs cancel out.
    #[error("no song is asked for; give at least one with a weight above 0")]
    NothingWanted,
    /// The model does not know a tag.
    #[error("the model knows no tag {tag:?}; it knows {known}")]
    NoSuchTag {
        /// The tag.
        tag: String,
        /// The model's tags.
        known: String,
    },
    /// There is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// What is asked about.
#[derive(Clone, Debug)]
pub enum Seed {
    /// A song of the library, by its row.
    Song(usize),
    /// A sound that is not in it.
    Sound(Box<Sound>),
}

/// A sound that was heard for a question only.
#[derive(Clone, Debug)]
pub struct Sound {
    /// What the library's model hears in it.
    pub prediction: Prediction,
    /// What its tags say.
    pub track: Track,
}

/// What an answer may hold.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Songs, at most.
    pub k: usize,
    /// How they are ranked.
    pub ranking: Ranking,
    /// Whether hubs are corrected, with [`Ranking::Cosine`]: see [`Search::mutual_proximity`].
    pub mutual_proximity: bool,
    /// Songs of one artist, at most.
    pub per_artist: Option<usize>,
    /// Songs of one album, at most.
    pub per_album: Option<usize>,
    /// How much variety counts against similarity, from 0 to 1.
    pub diversity: f64,
    /// Which songs may be an answer.
    pub filter: Filter,
}

/// A song of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Its row.
    pub row: usize,
    /// Cosine similarity to what was asked about, measured from the library's mean, from −1 to 1.
    pub similarity: f64,
}

/// A recording in several files.
#[derive(Clone, Debug)]
pub struct Copies {
    /// The row of the file to keep.
    pub keep: usize,
    /// The other files, the better first, with their similarity to it.
    pub others: Vec<Found>,
}

/// How evenly the songs of a library are recommended.
#[derive(Clone, Copy, Debug)]
pub struct Evenness {
    /// Its figures, with [`NEIGHBOURS`] neighbours each.
    pub hubness: Hubness,
    /// Songs whose neighbours were looked up.
    pub asked: usize,
}

impl Seed {
    fn query<'a>(&'a self, library: &'a Library) -> Query<'a> {
        match self {
            Self::Song(row) => library.catalog.query(*row),
            Self::Sound(sound) => Query {
                embedding: &sound.prediction.embedding,
                probabilities: &sound.prediction.probabilities,
                tags: &sound.prediction.tags,
            },
        }
    }
}

/// What a file's tags call its song. A title without an artist is the file's name, which differs for copies.
fn tagged_name(track: &Track) -> SongName<'_> {
    if track.artist.is_empty() {
        return SongName::default();
    }
    track.name()
}

/// What is asked about, together.
struct Question<'a> {
    blend: Blend,
    /// Rows that were asked about.
    rows: Vec<usize>,
    /// Sounds that were asked about, with their directions from the library's mean.
    sounds: Vec<(Vec<f32>, &'a Sound)>,
}

impl<'a> Question<'a> {
    fn new(library: &Library, seeds: &'a [(Seed, f32)]) -> Result<Self, AskError> {
        let catalog = &library.catalog;
        let parts = seeds.iter();
        let parts: Vec<(Query<'_>, f32)> = parts
            .map(|(seed, weight)| (seed.query(library), *weight))
            .collect();
        let blend = catalog.blend(&parts).ok_or(AskError::NothingWanted)?;
        let (mut rows, mut sounds) = (Vec::new(), Vec::new());
        for (seed, _) in seeds {
            match seed {
                Seed::Song(row) => rows.push(*row),
                Seed::Sound(sound) => {
                    let embedding = &sound.prediction.embedding;
                    sounds.push((catalog.directions().direction(embedding), &**sound));
                }
            }
        }
        Ok(Self {
            blend,
            rows,
            sounds,
        })
    }

    /// Which rows may be an answer: those that pass the filter and are not what was asked about, the same
    /// recording as one of its sounds or a version of its song.
    fn admitted(&self, library: &Library, filter: &Filter) -> Result<Vec<bool>, AskError> {
        let sieve = Sieve::new(library, filter)?;
        let catalog = &library.catalog;
        let song = |track: &Track| similar::version_key(&track.title, &track.artist);
        let asked_about: Vec<_> = self.sounds.iter().map(|(_, s)| song(&s.track)).collect();
        let is_asked_about = |row: usize| {
            let recording = |(direction, _): &(Vec<f32>, &Sound)| {
                let cosine = similar::cosine(direction, catalog.directions().row(row));
                cosine > SAME_RECORDING
            };
            self.rows.contains(&row)
                || self.sounds.iter().any(recording)
                || (asked_about.iter().any(Option::is_some)
                    && song(&catalog.tracks[row])
                        .is_some_and(|key| asked_about.iter().flatten().any(|asked| *asked == key)))
        };
        let rows = 0..catalog.len();
        Ok(rows
            .map(|row| sieve.admits(row) && !is_asked_about(row))
            .collect())
    }
}

impl Library {
    /// The songs that sound most like the wanted seeds and least like the unwanted, those of negative weight, each
    /// with what it has in common with them. What was asked about, other encodings and other versions of it are no
    /// answer, and no song comes in two versions.
    ///
    /// # Errors
    /// If nothing is wanted, or the filter names a tag that the model does not know.
    pub fn similar(
        &self,
        seeds: &[(Seed, f32)],
        rules: &Rules,
    ) -> Result<Vec<Recommendation>, AskError> {
        let question = Question::new(self, seeds)?;
        let search = Search {
            ranking: rules.ranking,
            admitted: Some(question.admitted(self, &rules.filter)?),
            per_artist: Some(rules.per_artist.unwrap_or(usize::MAX)),
            per_album: rules.per_album,
            one_version: true,
            seeds: question.rows,
            diversity: rules.diversity,
            mutual_proximity: rules.mutual_proximity,
            ..Search::default()
        };
        Ok(self
            .catalog
            .similar(question.blend.query(), rules.k, &search))
    }

    /// A smooth way of up to `n` songs between two, both included; the similarity is that to the song before.
    ///
    /// # Errors
    /// If both are the same song, `n` is below two, or the filter names a tag that the model does not know.
    pub fn path(
        &self,
        ends: (usize, usize),
        n: usize,
        filter: &Filter,
    ) -> Result<Vec<Found>, AskError> {
        let sieve = Sieve::new(self, filter)?;
        let admitted = |row| sieve.admits(row);
        let rows = self.catalog.path(ends.0, ends.1, n, admitted)?;
        let mut before = ends.0;
        let steps = rows.into_iter().map(|row| {
            let similarity = self.catalog.directions().cosine(before, row);
            before = row;
            Found { row, similarity }
        });
        Ok(steps.collect())
    }

    /// The song of the library that is nearest to a seed: itself, for a song of it. `None` for a sound without a
    /// direction.
    pub fn nearest(&self, seed: &Seed) -> Option<usize> {
        match seed {
            Seed::Song(row) => Some(*row),
            Seed::Sound(sound) => {
                let directions = self.catalog.directions();
                let direction = directions.direction(&sound.prediction.embedding);
                let found = directions.nearest(&direction, 1, |_| true);
                found.first().map(|song| song.index)
            }
        }
    }

    /// A walk without end from what was asked about, without repeats while there are other songs; the similarity is
    /// that to what was asked about. It ends only where no song may be an answer.
    ///
    /// # Errors
    /// As [`Library::similar`].
    pub fn mix(
        &self,
        seeds: &[(Seed, f32)],
        rules: MixRules,
        filter: &Filter,
    ) -> Result<impl Iterator<Item = Found> + use<'_>, AskError> {
        let question = Question::new(self, seeds)?;
        let admitted = question.admitted(self, filter)?;
        let query = question.blend.query();
        let direction = self.catalog.directions().direction(query.embedding);
        let mix = self.catalog.mix(query, rules, |row| admitted[row]);
        let found = mix.into_iter().flatten();
        Ok(found.map(move |row| Found {
            row,
            similarity: similar::cosine(&direction, self.catalog.directions().row(row)),
        }))
    }

    /// Recordings that are there in several files: alike in sound, of nearly the same length, and not of different
    /// names.
    pub fn duplicates(&self) -> Vec<Copies> {
        let songs = self.catalog.tracks.iter().zip(&self.songs);
        let recordings: Vec<Recording<'_>> = songs
            .map(|(track, song)| Recording {
                name: tagged_name(track),
                seconds: Some(song.seconds),
                lossless: is_lossless(&song.file),
                bit_rate: Some((8.0 * song.size as f64 / song.seconds.max(0.1)) as u32),
            })
            .collect();
        let found = self
            .catalog
            .duplicates(&recordings, DuplicateRules::default());
        let copies = found.into_iter().map(|copies| Copies {
            keep: copies.keep,
            others: copies
                .others
                .into_iter()
                .map(|row| Found {
                    row,
                    similarity: self.catalog.directions().cosine(copies.keep, row),
                })
                .collect(),
        });
        copies.collect()
    }

    /// How evenly the songs are recommended. Of a large library, the neighbours of every so many songs are looked
    /// up.
    pub fn evenness(&self) -> Evenness {
        let rows = self.catalog.len();
        let step = rows.div_ceil(LOOKED_UP).max(1);
        let asked: Vec<usize> = (0..rows).step_by(step).collect();
        let lists: Vec<Vec<Neighbour>> = asked
            .par_iter()
            .map(|&row| {
                let directions = self.catalog.directions();
                directions.nearest(directions.row(row), NEIGHBOURS, |other| other != row)
            })
            .collect();
        let counts = k_occurrence(lists.iter().map(Vec::as_slice), rows);
        Evenness {
            hubness: Hubness::of(&counts),
            asked: asked.len(),
        }
    }
}

/// Whether a file is coded without loss, as far as its name says; of M4A and CAF it does not.
fn is_lossless(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ["flac", "wav", "aif", "aiff", "aifc", "au"]
        .iter()
        .any(|known| ending.is_some_and(|it| it.eq_ignore_ascii_case(known)))
}
