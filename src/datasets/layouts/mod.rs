//! The layouts in which datasets lie on disk, a file for each.
//!
//! A new layout is a file here with a type that implements [`Layout`], and one line in the list
//! `LAYOUTS`, beside its `mod` line. Splits, checks, catalogues and training work on the songs that it
//! returns, whatever their layout.

mod fma;
mod folder;
mod gtzan;
mod index;
mod magnatagatune;

use std::path::Path;

pub use fma::Subset;

use crate::{DatasetError, Song};

/// All layouts, the most specific first: the first that recognises a path reads it.
const LAYOUTS: [&dyn Layout; 5] = [
    &fma::Fma,
    &index::Index,
    &magnatagatune::MagnaTagATune,
    &gtzan::Gtzan,
    &folder::Folder,
];

/// A way in which a dataset lies on disk.
pub(crate) trait Layout: Sync {
    /// Its name, as it stands in messages.
    fn name(&self) -> &'static str;

    /// Whether what is at a path, a file or a folder that exists, looks like this layout.
    fn recognises(&self, path: &Path) -> bool;

    /// Whether it has the subsets of [`Subset`].
    fn has_subsets(&self) -> bool {
        false
    }

    /// The songs at a path that it recognises; those of a subset where it has subsets and one is given.
    ///
    /// # Errors
    /// If a table of the dataset has a wrong row. Single files that cannot be read are
    /// [`Found::problems`].
    fn read(&self, path: &Path, subset: Option<Subset>) -> Result<Found, DatasetError>;
}

/// What a layout found.
#[derive(Default)]
pub(crate) struct Found {
    pub songs: Vec<Song>,
    /// Whether the dataset has a split of its own.
    pub own_split: bool,
    /// Files that cannot be read, and clips that are there twice.
    pub problems: Vec<DatasetError>,
}

/// The layout of what is at a path.
pub(crate) fn layout_of(path: &Path) -> Option<&'static dyn Layout> {
    LAYOUTS.into_iter().find(|layout| layout.recognises(path))
}

/// Reads the dataset at a path, whatever its layout.
///
/// # Errors
/// If there is nothing at the path, it cannot be read, or its layout has no subsets and one is given.
pub(crate) fn read(path: &Path, subset: Option<Subset>) -> Result<Found, DatasetError> {
    let not_found = || DatasetError::NotFound(path.to_owned());
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::PermissionDenied => DatasetError::unreadable(path, e),
        _ => not_found(),
    })?;
    if metadata.is_dir() {
        std::fs::read_dir(path).map_err(|e| DatasetError::unreadable(path, e))?;
    }
    let layout = layout_of(path).ok_or_else(not_found)?;
    if subset.is_some() && !layout.has_subsets() {
        return Err(DatasetError::NoSubset {
            path: path.to_owned(),
            layout: layout.name(),
        });
    }
    layout.read(path, subset)
}
