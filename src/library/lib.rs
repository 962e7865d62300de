//! A person's own music: every song is heard once and kept in one file, which then answers what sounds
//! alike.
//!
//! ```text
//! folders ──► scan    what is new, changed, moved, missing   (walk, size and time of every file)
//!             │ tasks
//!             ▼
//!             hear    hash, tags, decode, embed              (all cores, a bounded queue)
//!             │ outcomes
//!             ▼
//!             update  the only writer; saves every two seconds ──► store  (SQLite, one file)
//!                                                                  │
//!                                          catalogue, in memory ◄──┘
//! ```
//!
//! [`Store`] is the file, [`update`] brings it up to date with the folders, [`Library`] is what it holds, in
//! memory, for questions.

mod error;
mod hear;
mod numbers;
mod paths;
mod scan;
mod shard;
mod store;
mod update;

pub use error::LibraryError;
pub use hear::listen;
pub use paths::{default_file, settled};
pub use shard::Shard;
pub use store::{FolderState, Info, Library, LibrarySong, Store};
pub use update::{Counts, Report, Settings, Told, update};
