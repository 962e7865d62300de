//! Which rows of a matrix of embeddings are alike: exact search, several seeds, paths, mixes, duplicates and groups.
//!
//! Everything works on [`Directions`], the unit vectors of embeddings from their mean, and on row numbers. What is
//! known of the songs by name comes in as [`Labels`]. No files, no model: [`catalog`](crate::catalog) brings those.
//!
//! All results are the same for the same input, on every machine.

mod directions;
mod duplicates;
mod groups;
mod hubness;
mod labels;
mod mix;
mod path;
mod seeds;
mod select;
#[cfg(test)]
mod testing;
mod top;

pub use directions::{Directions, exact_dot as cosine};
pub(crate) use directions::{dot, point};
pub use duplicates::{DuplicateRules, Duplicates, Recording, duplicates};
pub use groups::{GroupName, Groups, default_count, names};
pub use hubness::{
    Hubness, LocalScaling, MutualProximity, Spread, k_occurrence, mutual_similarity,
};
pub use labels::{Labels, SongName, title_key, version_key};
pub use mix::{Mix, MixRules};
pub use path::{PathError, path};
pub use seeds::blend;
pub use select::{SAME_RECORDING, SelectRules, select};
pub use top::{Best, Neighbour};

/// Why a matrix cannot be searched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimilarError {
    /// There are no rows, or they have no columns.
    #[error("there are no embeddings")]
    Empty,
    /// The values do not fill whole rows.
    #[error("{values} values do not fill rows of {dimensions}")]
    Shape {
        /// Number of values.
        values: usize,
        /// Length of a row.
        dimensions: usize,
    },
    /// A value is infinite or not a number.
    #[error("row {row} has a value that is not a finite number")]
    NotFinite {
        /// The row, from zero.
        row: usize,
    },
}
