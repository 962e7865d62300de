//! What the answers to a survey say: [`read_lines`] or a database gives the answers, [`analyse`] makes numbers
//! of them, and [`page`] a page of these. The statistics are in [`statistics`], each with its source.

mod analyse;
mod answers;
mod figures;
mod listening;
mod page;
pub mod statistics;
mod tastes;
#[cfg(test)]
mod tests;

pub use analyse::{Analysis, AnalysisError, Day, DayOf, Sources, analyse};
pub use answers::{Damaged, Lines, Received, latest, read_lines, read_rows};
pub use listening::{Listening, MethodRatings, Preferences, SeedRatings};
pub use page::page;
pub use tastes::{GenreRate, Rate, SongRate, Tastes};
