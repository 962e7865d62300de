//! Writing the page and the numbers.

use std::path::Path;

use super::contents::Contents;
use super::page::page;
use crate::error::TrainError;
use soundalike_datasets::output::{make_folder, write_whole};

/// Writes `report.html` and `report.json` into a folder, which is made if it is not there.
///
/// # Errors
/// If the folder cannot be written or a figure cannot be drawn.
pub fn write(folder: &Path, contents: &Contents) -> Result<(), TrainError> {
    make_folder(folder)?;
    let failed = |cause: serde_json::Error| TrainError::Figure {
        figure: "report.json".to_owned(),
        cause: cause.to_string(),
    };
    let json = serde_json::to_string_pretty(contents).map_err(failed)?;
    let html = page(contents)?;
    write_whole(&folder.join("report.html"), html.as_bytes())?;
    write_whole(&folder.join("report.json"), format!("{json}\n").as_bytes())?;
    Ok(())
}
