//! Reading models and writing reports.

use std::path::Path;

use anyhow::Context;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::shown;
use soundalike_shipped as shipped;
use soundalike_train::report::{self, Contents};

/// A model file, and its size in bytes.
pub fn read_model(path: &Path) -> anyhow::Result<(Predictor, usize)> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(name)?;
    let predictor = Predictor::on_processor(&bytes).with_context(name)?;
    Ok((predictor, bytes.len()))
}

/// A model file, or the shipped model, and its name.
pub fn open_model(model: Option<&Path>) -> anyhow::Result<(Predictor, String)> {
    if let Some(path) = model {
        return Ok((read_model(path)?.0, path.display().to_string()));
    }
    let name = "the shipped model";
    let predictor = Predictor::on_processor(shipped::MODEL).context(name)?;
    Ok((predictor, name.to_owned()))
}

/// Writes a report's page and says where it is.
pub fn write_report(folder: &Path, contents: &Contents) -> anyhow::Result<()> {
    report::write(folder, contents)?;
    eprintln!("{}", shown(&folder.join("report.html")));
    Ok(())
}
