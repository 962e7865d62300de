//! The songs that a question is about, as they are written on the command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use soundalike_core::dsp::Key;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::shown;
use soundalike_library::{Bounds, Filter, Library, Seed, Sound, listen, settled, track_of};

use crate::open::open_predictor;

/// Which songs may be an answer.
#[derive(Args)]
pub(super) struct Filters {
    /// Only songs of a genre (may be given several times)
    #[arg(long, value_name = "NAME")]
    genre: Vec<String>,
    /// Only songs that the model gives a tag (may be given several times)
    #[arg(long, value_name = "NAME")]
    tag: Vec<String>,
    /// Only songs of these years, such as 1990..1999
    #[arg(long, value_name = "FROM..TO")]
    year: Option<Bounds<u32>>,
    /// Only songs of this tempo in beats per minute, such as 90..110
    #[arg(long, value_name = "FROM..TO")]
    bpm: Option<Bounds<f64>>,
    /// Only songs of a key, such as "A minor" (may be given several times)
    #[arg(long, value_name = "KEY")]
    key: Vec<Key>,
    /// Leave out an artist's songs (may be given several times)
    #[arg(long, value_name = "NAME")]
    exclude_artist: Vec<String>,
}

impl Filters {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            genres: self.genre.clone(),
            tags: self.tag.clone(),
            without_artists: self.exclude_artist.clone(),
            years: self.year.clone(),
            bpm: self.bpm.clone(),
            keys: self.key.clone(),
        }
    }
}

/// The songs that are asked about.
#[derive(Args)]
pub(super) struct SeedArguments {
    /// Songs: numbers of the library, or sound files; with a weight behind a colon, such as 12:0.5
    #[arg(required_unless_present = "like")]
    seeds: Vec<OsString>,
    /// More like this song (may be given several times)
    #[arg(long, value_name = "SONG")]
    like: Vec<OsString>,
    /// Less like this song (may be given several times)
    #[arg(long, value_name = "SONG")]
    dislike: Vec<OsString>,
    /// Model file instead of the shipped one, for files that are not in the library
    #[arg(long)]
    model: Option<PathBuf>,
}

impl SeedArguments {
    /// The seeds with their weights.
    pub(super) fn find(&self, library: &Library) -> anyhow::Result<Vec<(Seed, f32)>> {
        let mut ears = Ears::new(library, self.model.as_deref());
        let liked = self.seeds.iter().chain(&self.like).map(|seed| (seed, 1.0));
        let disliked = self.dislike.iter().map(|seed| (seed, -1.0));
        let all = liked.chain(disliked);
        all.map(|(text, sign)| {
            let (seed, weight) = ears.seed(text)?;
            Ok((seed, sign * weight))
        })
        .collect()
    }
}

/// A song of a library, by its number or file.
pub(super) fn known(library: &Library, written: &OsStr) -> Option<usize> {
    let number = written.to_str().and_then(|text| text.parse().ok());
    let file = Path::new(written);
    number
        .and_then(|number| library.by_id(number))
        .or_else(|| library.by_file(&settled(file)))
        .or_else(|| library.by_file(&std::path::absolute(file).ok()?))
}

/// Finds songs in a library, and hears those that are not in it.
pub(super) struct Ears<'a> {
    library: &'a Library,
    model: Option<&'a Path>,
    /// Opened when it is needed first.
    predictor: Option<Predictor>,
}

impl<'a> Ears<'a> {
    pub(super) fn new(library: &'a Library, model: Option<&'a Path>) -> Self {
        Self {
            library,
            model,
            predictor: None,
        }
    }

    /// A song and its weight: `12`, `12:0.5`, `FILE`, `FILE:0.5`.
    pub(super) fn seed(&mut self, written: &OsStr) -> anyhow::Result<(Seed, f32)> {
        if let Some(row) = known(self.library, written) {
            return Ok((Seed::Song(row), 1.0));
        }
        if Path::new(written).exists() {
            return Ok((self.hear(Path::new(written))?, 1.0));
        }
        let parts = written.to_str().and_then(|text| text.rsplit_once(':'));
        if let Some((song, weight)) = parts
            && let Ok(weight) = weight.parse::<f32>()
        {
            if !weight.is_finite() {
                bail!("{}: a weight must be a number", shown(Path::new(written)));
            }
            let row = known(self.library, OsStr::new(song));
            let seed = match row {
                Some(row) => Seed::Song(row),
                None => self.hear(Path::new(song))?,
            };
            return Ok((seed, weight));
        }
        Ok((self.hear(Path::new(written))?, 1.0))
    }

    fn hear(&mut self, file: &Path) -> anyhow::Result<Seed> {
        if !file.exists() {
            bail!(
                "{}: is neither a file nor a song of the library; `soundalike library similar` shows the songs' numbers",
                shown(file)
            );
        }
        let predictor = match &mut self.predictor {
            Some(predictor) => predictor,
            none => none.insert(open_predictor(self.model)?),
        };
        self.library
            .catalog
            .check_model(&predictor.model().sha256)
            .with_context(|| {
                format!(
                    "{}: is not in the library and cannot be compared with it",
                    shown(file)
                )
            })?;
        let prediction = listen(predictor, file).with_context(|| shown(file))?;
        for note in &prediction.notes {
            eprintln!("{}: {note}", shown(file));
        }
        Ok(Seed::Sound(Box::new(Sound {
            prediction,
            track: track_of(file),
        })))
    }
}
