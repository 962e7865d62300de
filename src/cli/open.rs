//! Opens models and catalogues, the shipped ones unless others are named.

use std::path::Path;

use anyhow::{Context, bail};
use soundalike_core::catalog::Catalog;
use soundalike_core::pipeline::Predictor;
use soundalike_shipped as shipped;

pub(crate) fn open_predictor(model: Option<&Path>) -> anyhow::Result<Predictor> {
    let (bytes, name) = match model {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (shipped::MODEL.to_vec(), "the shipped model".to_owned()),
    };
    Predictor::on_processor(&bytes).context(name)
}

pub(crate) fn open_catalog(
    catalog: Option<&Path>,
    predictor: &Predictor,
) -> anyhow::Result<Catalog> {
    let (bytes, name) = match catalog {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (
            shipped::CATALOG.to_vec(),
            "the shipped catalogue".to_owned(),
        ),
    };
    let catalog = Catalog::from_bytes(&bytes).with_context(|| name.clone())?;
    catalog
        .check_model(&predictor.model().sha256)
        .context(name)?;
    Ok(catalog)
}

pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.is_dir() {
        bail!("{} is a folder; name a file", path.display());
    }
    std::fs::read(path).with_context(|| path.display().to_string())
}
