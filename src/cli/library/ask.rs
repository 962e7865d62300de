//! What sounds like songs, what lies between two, and a walk.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;
use soundalike_core::catalog::{Ranking, Reason};
use soundalike_core::similar::MixRules;
use soundalike_datasets::names::shown;
use soundalike_library::{AskError, Found, Library, Rules, Seed};

use super::LibraryPlace;
use super::seeds::{Ears, Filters, SeedArguments};
use super::songs::{Output, line};

/// What `library similar` is asked.
#[derive(Args)]
pub(super) struct Similar {
    #[command(flatten)]
    seeds: SeedArguments,
    /// Number of songs to find
    #[arg(short, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    k: u32,
    /// Rank by similarity alone, without the genres
    #[arg(long)]
    cosine: bool,
    /// Correct hubs, songs that are near to too many others, by mutual proximity
    #[arg(long, requires = "cosine")]
    mutual_proximity: bool,
    /// Songs of one artist, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    per_artist: Option<u32>,
    /// Songs of one album, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    per_album: Option<u32>,
    /// How much variety counts against similarity, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    diversity: f64,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    output: Output,
}

/// What `library path` is asked.
#[derive(Args)]
pub(super) struct Way {
    /// Where it begins: a number of the library, or a sound file
    from: OsString,
    /// Where it ends
    to: OsString,
    /// Songs on the way, both ends included
    #[arg(short, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..))]
    n: u32,
    /// Model file instead of the shipped one, for files that are not in the library
    #[arg(long)]
    model: Option<PathBuf>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    output: Output,
}

/// What `library mix` is asked.
#[derive(Args)]
pub(super) struct Wander {
    #[command(flatten)]
    seeds: SeedArguments,
    /// Number of songs
    #[arg(short, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    n: u32,
    /// Do not end; each song is printed as it is found
    #[arg(long, conflicts_with_all = ["n", "m3u8", "jspf", "json"])]
    endless: bool,
    /// Another number makes another mix
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How much the start pulls back, from 0 (wanders off) to 1 (stays around it)
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    stay: f64,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    output: Output,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

impl Similar {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let library = place.open()?;
        let seeds = self.seeds.find(&library)?;
        let rules = Rules {
            k: self.k as usize,
            ranking: if self.cosine {
                Ranking::Cosine
            } else {
                Ranking::GenreAware
            },
            mutual_proximity: self.mutual_proximity,
            per_artist: self.per_artist.map(|n| n as usize),
            per_album: self.per_album.map(|n| n as usize),
            diversity: self.diversity,
            filter: self.filters.filter(),
        };
        let (found, reasons) = similar(&library, &seeds, &rules)?;
        self.output
            .write(place, &library, &found, &reasons, "Similar songs")?;
        Ok(true)
    }
}

/// Similar songs, and why each is one.
pub(super) fn similar(
    library: &Library,
    seeds: &[(Seed, f32)],
    rules: &Rules,
) -> Result<(Vec<Found>, Vec<Reason>), AskError> {
    let recommended = library.similar(seeds, rules)?.into_iter();
    let parts = recommended.map(|song| {
        let similarity = f64::from(song.similarity);
        let row = song.track;
        (Found { row, similarity }, song.reason)
    });
    Ok(parts.unzip())
}

impl Way {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let library = place.open()?;
        let mut ears = Ears::new(&library, self.model.as_deref());
        let mut end = |written: &OsString| -> anyhow::Result<usize> {
            let (seed, _) = ears.seed(written)?;
            let row = library.nearest(&seed).unwrap_or(0);
            if matches!(seed, Seed::Sound(_)) {
                eprintln!(
                    "{}: is not in the library, so the song nearest to it is taken: {}",
                    shown(written.as_ref()),
                    shown(&library.songs[row].file)
                );
            }
            Ok(row)
        };
        let ends = (end(&self.from)?, end(&self.to)?);
        let found = library.path(ends, self.n as usize, &self.filters.filter())?;
        self.output
            .write(place, &library, &found, &[], "A way between songs")?;
        Ok(true)
    }
}

impl Wander {
    pub(super) fn run(&self, place: &LibraryPlace) -> anyhow::Result<bool> {
        let library = place.open()?;
        let seeds = self.seeds.find(&library)?;
        let rules = MixRules {
            seed: self.seed,
            adherence: self.stay as f32,
            ..MixRules::default()
        };
        let walk = library.mix(&seeds, rules, &self.filters.filter())?;
        if self.endless {
            return self.print_on(&library, walk);
        }
        let found: Vec<Found> = walk.take(self.n as usize).collect();
        self.output.write(place, &library, &found, &[], "Mix")?;
        Ok(true)
    }

    /// Prints songs until nobody reads them any more.
    fn print_on(
        &self,
        library: &Library,
        walk: impl Iterator<Item = Found>,
    ) -> anyhow::Result<bool> {
        let mut out = std::io::stdout().lock();
        for (at, song) in walk.enumerate() {
            let text = if self.output.writes_null() {
                library.nul_separated(&[song.row])
            } else {
                format!("{}\n", line(library, at, song)).into_bytes()
            };
            match out.write_all(&text).and_then(|()| out.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                written => written?,
            }
        }
        Ok(true)
    }
}
