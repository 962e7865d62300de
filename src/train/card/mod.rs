//! Model cards: descriptions of models for those who use them.

mod genres;
mod head_refit;
mod split;
mod table;
mod tags;
mod taste;

use std::path::Path;

use serde::Serialize;

use super::error::TrainError;
pub use genres::GenreCard;
pub use head_refit::HeadRefitCard;
use soundalike_datasets::output::{OutputError, write_whole};
pub use split::artists_in_both;
pub use table::TableCard;
pub use tags::TagCard;
pub use taste::TasteCard;

/// The card of a model.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ModelCard<'a> {
    /// Of a model of genres that was trained as a whole.
    Genres(Box<GenreCard<'a>>),
    /// Of a model whose heads were fitted to the features of a trained network.
    HeadRefit(Box<HeadRefitCard<'a>>),
    /// Of a model of tags.
    Tags(Box<TagCard<'a>>),
    /// Of a model of a feature table.
    Table(Box<TableCard<'a>>),
    /// Of a taste model.
    Taste(Box<TasteCard<'a>>),
}

impl ModelCard<'_> {
    /// Writes the card as JSON.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|e| OutputError::io(path, std::io::Error::other(e)))?;
        Ok(write_whole(path, format!("{json}\n").as_bytes())?)
    }
}
