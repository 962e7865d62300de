//! Names a song's genre and finds the songs that sound like it.
//!
//! The whole public interface is that of [`soundalike_core`]; the command line, the trainer, the
//! server and the browser's module are crates of their own (see ARCHITECTURE.md).

pub use soundalike_core::*;
