//! What the tags of the visitor's own files say of their songs.

use std::io::BufReader;
use std::path::Path;

use serde::Serialize;
use soundalike_tags::SongTags;
use wasm_bindgen::prelude::*;

use super::error::Thrown;
use super::file::{BlockFile, SourceFile};
use super::to_js;

/// What a song is called.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct SongNames {
    /// Title, or what the file's name makes of it.
    title: String,
    /// Artist; may be empty.
    artist: String,
    /// Album; may be empty.
    album: String,
}

/// What a file is called by its tags, or else by its name, as the terminal calls it: see `SongNames` in
/// www/engine/engine-types.d.ts. A file that cannot be read has no tags.
///
/// # Errors
/// Never in practice: only if the values cannot be converted.
#[wasm_bindgen(js_name = namesOf)]
pub fn names_of(file: SourceFile, name: &str) -> Result<JsValue, Thrown> {
    let tags = SongTags::of(&mut BufReader::new(BlockFile::new(file)), name);
    let stem = Path::new(name).file_stem().unwrap_or_default();
    let track = tags.into_track(&stem.to_string_lossy());
    to_js(&SongNames {
        title: track.title,
        artist: track.artist,
        album: track.album,
    })
}
