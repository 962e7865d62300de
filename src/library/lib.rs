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
//! memory, for questions; a [`Live`] one follows the file while it is asked again and again.

mod ask;
mod error;
mod export;
mod filter;
mod hear;
mod live;
mod merge;
mod numbers;
mod paths;
mod playlist;
mod report;
mod scan;
mod shard;
mod store;
mod tagging;
#[cfg(test)]
mod testing;
mod update;

pub use ask::{AskError, Copies, Evenness, Found, NEIGHBOURS, Rules, Seed, Sound};
pub use error::LibraryError;
pub use export::Table;
pub use filter::{Bounds, Filter, Limits};
pub use hear::{listen, track_of};
pub use live::{Live, Snapshot};
pub use merge::{Merged, merge};
pub use paths::{default_file, settled};
pub use playlist::Naming;
pub use report::{Counts, Report, Told};
pub use shard::Shard;
pub use store::{FolderState, Info, LeftOut, Library, LibrarySong, Store};
pub use tagging::{Proposal, Proposals, Tagged, Wish, restore_tags, write_tags};
pub use update::{Settings, check_folder, update};
