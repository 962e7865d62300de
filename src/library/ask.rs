//! Questions to a library: what sounds like these songs, what lies between two, what is there twice.

use std::path::Path;

use rayon::prelude::*;
use soundalike_core::catalog::Track;
use soundalike_core::pipeline::Prediction;
use soundalike_core::similar::{
    self, Directions, DuplicateRules, GroupName, Groups, Hubness, Labels, Mix, MixRules, Neighbour,
    PathError, Recording, SAME_RECORDING, SelectRules, SongName, default_count, duplicates,
    k_occurrence, select,
};

use crate::filter::{Filter, Sieve};
use crate::store::Library;

/// Cosine from the mean and difference of length that two encodings of one recording stay within.
const SAME: DuplicateRules = DuplicateRules {
    similarity: 0.98,
    seconds: 2.0,
};
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

/// Songs that sound alike, with a name.
#[derive(Clone, Debug)]
pub struct Group {
    /// What to call them.
    pub name: GroupName,
    /// Their rows, the most typical first.
    pub rows: Vec<usize>,
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
    fn direction(&self, directions: &Directions) -> Vec<f32> {
        match self {
            Self::Song(row) => directions.row(*row).to_vec(),
            Self::Sound(sound) => directions.direction(&sound.prediction.embedding),
        }
    }
}

/// The names of a library's songs as numbers.
pub(crate) fn labels(tracks: &[Track]) -> Labels {
    Labels::of(tracks.iter().map(song_name))
}

fn song_name(track: &Track) -> SongName<'_> {
    SongName {
        title: &track.title,
        artist: &track.artist,
        album: &track.album,
        album_artist: &track.album_artist,
    }
}

/// What a file's tags call its song. A title without an artist is the file's name, which differs for copies.
fn tagged_name(track: &Track) -> SongName<'_> {
    if track.artist.is_empty() {
        return SongName::default();
    }
    song_name(track)
}

/// What is asked about, together.
struct Query<'a> {
    direction: Vec<f32>,
    /// Rows that were asked about.
    rows: Vec<usize>,
    /// Sounds that were asked about, with their directions.
    sounds: Vec<(Vec<f32>, &'a Sound)>,
}

impl<'a> Query<'a> {
    fn new(library: &Library, seeds: &'a [(Seed, f32)]) -> Result<Self, AskError> {
        let directions: Vec<Vec<f32>> = seeds
            .iter()
            .map(|(seed, _)| seed.direction(&library.directions))
            .collect();
        let weights = seeds.iter().map(|(_, weight)| *weight);
        let parts: Vec<(&[f32], f32)> = directions.iter().map(Vec::as_slice).zip(weights).collect();
        let direction = similar::blend(&parts).ok_or(AskError::NothingWanted)?;
        let (mut rows, mut sounds) = (Vec::new(), Vec::new());
        for ((seed, _), direction) in seeds.iter().zip(directions) {
            match seed {
                Seed::Song(row) => rows.push(*row),
                Seed::Sound(sound) => sounds.push((direction, &**sound)),
            }
        }
        Ok(Self {
            direction,
            rows,
            sounds,
        })
    }

    /// Whether a row is what was asked about: the same recording as a sound, or a version of its song.
    fn is_asked_about(&self, library: &Library, row: usize) -> bool {
        let track = &library.catalog.tracks[row];
        let song = |track: &Track| similar::version_key(&track.title, &track.artist);
        self.rows.contains(&row)
            || self.sounds.iter().any(|(direction, sound)| {
                let pairs = direction.iter().zip(library.directions.row(row));
                let cosine: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                cosine > SAME_RECORDING
                    || song(track).is_some_and(|key| Some(key) == song(&sound.track))
            })
    }
}

impl Library {
    /// The songs that sound most like the wanted seeds and least like the unwanted, those of negative weight. What
    /// was asked about, other encodings and other versions of it are no answer, and no song comes in two
    /// versions.
    ///
    /// # Errors
    /// If nothing is wanted, or the filter names a tag that the model does not know.
    pub fn similar(&self, seeds: &[(Seed, f32)], rules: &Rules) -> Result<Vec<Found>, AskError> {
        let query = Query::new(self, seeds)?;
        let sieve = Sieve::new(self, &rules.filter)?;
        let select_rules = SelectRules {
            k: rules.k,
            per_artist: rules.per_artist,
            per_album: rules.per_album,
            diversity: rules.diversity,
            seeds: &query.rows,
            ..SelectRules::default()
        };
        let admitted = |row: usize| sieve.admits(row) && !query.is_asked_about(self, row);
        // More than are wanted, since some are versions of others; all, where that is not enough.
        let mut looked_at = rules.k.saturating_mul(4).saturating_add(64);
        loop {
            let ranked = self
                .directions
                .nearest(&query.direction, looked_at, admitted);
            let chosen = select(&self.directions, &self.labels, &ranked, &select_rules);
            if chosen.len() >= rules.k || ranked.len() < looked_at {
                return Ok(chosen.into_iter().map(Found::from).collect());
            }
            looked_at = looked_at.saturating_mul(8);
        }
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
        let rows = similar::path(&self.directions, &self.labels, ends, n, admitted)?;
        let mut before = ends.0;
        let steps = rows.into_iter().map(|row| {
            let similarity = self.directions.cosine(before, row);
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
            Seed::Sound(_) => {
                let direction = seed.direction(&self.directions);
                let found = self.directions.nearest(&direction, 1, |_| true);
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
        let query = Query::new(self, seeds)?;
        let sieve = Sieve::new(self, filter)?;
        let admitted = |row: usize| sieve.admits(row) && !query.is_asked_about(self, row);
        let mix = Mix::new(
            &self.directions,
            &self.labels,
            &query.direction,
            rules,
            admitted,
        );
        let direction = query.direction;
        Ok(mix.map(move |row| {
            let pairs = direction.iter().zip(self.directions.row(row));
            Found {
                row,
                similarity: pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum(),
            }
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
        let found = duplicates(&self.directions, &recordings, SAME);
        let copies = found.into_iter().map(|copies| Copies {
            keep: copies.keep,
            others: copies
                .others
                .into_iter()
                .map(|row| Found {
                    row,
                    similarity: self.directions.cosine(copies.keep, row),
                })
                .collect(),
        });
        copies.collect()
    }

    /// Groups of songs that sound alike, the largest first; `None` for as many as suit the library.
    pub fn groups(&self, count: Option<usize>) -> Vec<Group> {
        let catalog = &self.catalog;
        let count = count.unwrap_or_else(|| default_count(catalog.len()));
        let groups = Groups::of(&self.directions, count);
        let width = catalog.provenance.tags.len();
        let mut tags = Vec::with_capacity(catalog.len() * width);
        for row in 0..catalog.len() {
            tags.extend_from_slice(catalog.tags(row));
        }
        let genre = |row: usize| catalog.genre(row).0;
        let names = similar::names(&groups, genre, &tags, &catalog.provenance.tags);
        let members = groups.members.into_iter();
        let groups = names.into_iter().zip(members);
        groups.map(|(name, rows)| Group { name, rows }).collect()
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
                let direction = self.directions.row(row);
                self.directions
                    .nearest(direction, NEIGHBOURS, |other| other != row)
            })
            .collect();
        let counts = k_occurrence(lists.iter().map(Vec::as_slice), rows);
        Evenness {
            hubness: Hubness::of(&counts),
            asked: asked.len(),
        }
    }
}

impl From<Neighbour> for Found {
    fn from(neighbour: Neighbour) -> Self {
        Self {
            row: neighbour.index,
            similarity: neighbour.similarity,
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
