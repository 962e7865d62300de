//! The arguments that name a set of songs, and its splits.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use soundalike_datasets::{
    self as datasets, DatasetError, Options, Song, Split, SplitBy, SplitRatios, Subset,
};

/// A set of songs and how it is split.
#[derive(Clone, Debug, clap::Args)]
pub struct SetArguments {
    /// INDEX.csv, or a folder with one sub-folder per genre, of GTZAN, of FMA or of MagnaTagATune
    #[arg(long)]
    pub data: PathBuf,
    /// Draw the split by artist, clip or segment (which leaks) instead of taking the set's own
    #[arg(long, value_name = "artist|clip|segment")]
    pub split_by: Option<SplitBy>,
    /// Draw the split with these shares of train, valid and test, such as 80/10/10
    #[arg(long, value_name = "TRAIN/VALID/TEST")]
    pub shares: Option<SplitRatios>,
    /// Part of FMA: small, medium, large or full
    #[arg(long)]
    pub subset: Option<Subset>,
}

impl SetArguments {
    /// Whether the set brings a split of its own, which is taken: an index does, and a folder's is drawn.
    pub fn has_own_split(&self) -> bool {
        self.data.is_file() && self.split_by.is_none() && self.shares.is_none()
    }

    /// The songs of the set; `seed` is that of a split that is drawn.
    ///
    /// # Errors
    /// The first thing that is wrong with the set, with its file and row.
    pub fn open(&self, seed: u64) -> Result<Vec<Song>, DatasetError> {
        let options = Options {
            seed,
            split_by: self.split_by,
            shares: self.shares,
            subset: self.subset,
        };
        datasets::open_with(&self.data, &options)
    }

    /// The songs of the set, checked, for training.
    ///
    /// # Errors
    /// If something is wrong with the set, or nothing to train or validate on is in it.
    pub fn open_to_train(&self, seed: u64) -> anyhow::Result<TrainingSongs> {
        let songs = self.open(seed)?;
        datasets::check(&self.data, &songs)?;
        Ok(TrainingSongs {
            warning: datasets::warning(&songs),
            all: songs,
        })
    }

    /// The training and the validation split of songs.
    ///
    /// # Errors
    /// If one of them is empty.
    pub fn train_and_valid(&self, songs: &[Song]) -> anyhow::Result<[Vec<Song>; 2]> {
        let [train, valid] = [Split::Train, Split::Valid].map(|split| of_split(songs, split));
        if train.is_empty() || valid.is_empty() {
            bail!(
                "{}: has {} clips to train on and {} to validate on; both are needed",
                self.data.display(),
                train.len(),
                valid.len()
            );
        }
        Ok([train, valid])
    }
}

/// Songs for training.
pub struct TrainingSongs {
    /// Of all splits.
    pub all: Vec<Song>,
    /// A warning about every figure, where a song has pieces on both sides of the split or artists may be.
    pub warning: Option<&'static str>,
}

/// The name of a split on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    Train,
    Valid,
    Test,
    Extra,
    /// Every labelled clip
    All,
}

impl SplitName {
    /// Whether a split is the named one.
    pub fn includes(self, split: Split) -> bool {
        match self {
            Self::Train => split == Split::Train,
            Self::Valid => split == Split::Valid,
            Self::Test => split == Split::Test,
            Self::Extra => split == Split::Extra,
            Self::All => true,
        }
    }
}

/// The songs of one split.
pub fn of_split(songs: &[Song], split: Split) -> Vec<Song> {
    songs
        .iter()
        .filter(|song| song.split == split)
        .cloned()
        .collect()
}

/// The sets that the training clips come from.
pub fn collections(songs: &[Song]) -> String {
    let train = songs.iter().filter(|song| song.split == Split::Train);
    let sets: BTreeSet<&str> = train.map(|song| song.track.set.as_str()).collect();
    sets.into_iter().collect::<Vec<_>>().join(", ")
}

/// The first of the words that stands there twice.
pub fn repeated(words: &[String]) -> Option<&String> {
    let earlier = |at: usize| words[..at].contains(&words[at]);
    (0..words.len())
        .find(|&at| earlier(at))
        .map(|at| &words[at])
}
