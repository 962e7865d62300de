//! The arguments that say what is learnt from or measured on.

use std::path::PathBuf;

use soundalike_datasets::{
    self as datasets, DatasetError, Options, Song, SplitBy, SplitRatios, Subset,
};

/// A set of songs and how it is split.
#[derive(Clone, Debug, clap::Args)]
pub struct SetArguments {
    /// INDEX.csv, or a folder with one sub-folder per genre, of GTZAN, of FMA or of MagnaTagATune
    #[arg(long)]
    pub data: PathBuf,
    /// Draw the split by artist, clip or segment (which flatters) instead of taking the set's own
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
}
